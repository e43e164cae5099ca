"""PostgreSQL's migrator: Peewee's methods, carried out so that nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee
from playhouse import migrate as playhouse

from pwmig.dialects.migrator import operation
from pwmig.dialects.server.operations.migrator import ServerMigrator

if TYPE_CHECKING:
    from pwmig.dialects.backfilling import Filler, Wish
    from pwmig.dialects.server.operations.server import Server

__all__ = ["PostgresqlMigrator"]


class PostgresqlMigrator(ServerMigrator, playhouse.PostgresqlMigrator):
    """Operations on one PostgreSQL database. A batch is a savepoint: all of it takes effect, or none."""

    def _server(self) -> Server:
        from pwmig.dialects.postgresql.operations.server import PostgresqlServer

        return PostgresqlServer(self)

    def _filler(self, wish: Wish) -> Filler:
        from pwmig.dialects.postgresql.operations.backfilling import PostgresqlFiller

        return PostgresqlFiller(self._server(), wish)

    @operation
    def set_search_path(self, schema_name: str) -> None:
        """Let names without a schema mean those of this one, until the connection ends or sets another."""
        self.database.execute(peewee.NodeList([peewee.SQL("SET search_path TO"), peewee.Entity(schema_name)]))
