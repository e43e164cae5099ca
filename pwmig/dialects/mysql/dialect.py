"""MariaDB's and MySQL's answers to the engine's questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.reach import REACH
from pwmig.dialects.server.asking import on
from pwmig.dialects.server.dialect import ServerDialect

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.migrator import Migrator
    from pwmig.schema import Schema, Table

__all__ = ["MySQLDialect"]


class MySQLDialect(ServerDialect):
    """MariaDB and MySQL: each DDL statement commits."""

    name = "mysql"
    title = "MariaDB/MySQL"
    transactional_ddl = False
    reach = REACH

    def migrator(self, database: peewee.Database, schema: str | None = None) -> Migrator:
        from pwmig.dialects.mysql.operations.migrator import MySQLMigrator

        return MySQLMigrator(database, schema)

    def write(self, schema: Schema) -> tuple[str, ...]:
        from pwmig.dialects.mysql.writing import write

        return write(schema)

    @property
    def unseen(self) -> Mapping[str, str]:
        from pwmig.dialects.mysql.seeing.unseen import UNSEEN

        return UNSEEN

    def introspect(
        self,
        database: peewee.Database,
        tables: Collection[str] | None = None,
        known: dict[Any, Table] | None = None,
    ) -> Schema:
        from pwmig.dialects.mysql.seeing.introspect import introspect

        return introspect(on(database), tables, known)
