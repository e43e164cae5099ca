"""MariaDB's and MySQL's migrator: Peewee's methods, carried out so that nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playhouse import migrate as playhouse

from pwmig.dialects.server.operations.migrator import ServerMigrator

if TYPE_CHECKING:
    from pwmig.dialects.backfilling import Filler, Wish
    from pwmig.dialects.server.operations.server import Server

__all__ = ["MySQLMigrator"]


class MySQLMigrator(ServerMigrator, playhouse.MySQLMigrator):
    """Operations on one MariaDB or MySQL database, each done for good when its statement is.

    DDL commits (https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/), so what an operation can
    refuse it refuses before its first statement, and a savepoint around a batch would be gone when it ends.
    """

    def _server(self) -> Server:
        from pwmig.dialects.mysql.operations.server import MySQLServer

        return MySQLServer(self)

    def _filler(self, wish: Wish) -> Filler:
        from pwmig.dialects.mysql.operations.backfilling import MySQLFiller

        return MySQLFiller(self._server(), wish)

    @contextmanager
    def _batch(self) -> Iterator[None]:
        yield
