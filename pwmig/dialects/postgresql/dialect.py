"""PostgreSQL's answers to the engine's questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from pwmig.dialects.postgresql.reach import REACH
from pwmig.dialects.server.asking import on
from pwmig.dialects.server.dialect import ServerDialect

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.migrator import Migrator
    from pwmig.schema import Schema, Table

__all__ = ["PostgresqlDialect"]


class PostgresqlDialect(ServerDialect):
    """PostgreSQL: DDL is transactional."""

    name = "postgresql"
    title = "PostgreSQL"
    transactional_ddl = True
    reach = REACH

    def migrator(self, database: peewee.Database, schema: str | None = None) -> Migrator:
        from pwmig.dialects.postgresql.operations.migrator import PostgresqlMigrator

        return PostgresqlMigrator(database, schema)

    def write(self, schema: Schema) -> tuple[str, ...]:
        from pwmig.dialects.postgresql.writing import write

        return write(schema)

    @property
    def unseen(self) -> Mapping[str, str]:
        from pwmig.dialects.postgresql.seeing.unseen import UNSEEN

        return UNSEEN

    def introspect(
        self,
        database: peewee.Database,
        tables: Collection[str] | None = None,
        known: dict[Any, Table] | None = None,
    ) -> Schema:
        from pwmig.dialects.postgresql.seeing.introspect import introspect

        return introspect(on(database), tables, known)
