"""What every operation on a table begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from pwmig.dialects.sqlite.operations.broken import broken_named
from pwmig.dialects.sqlite.operations.catalog import Catalog, ask, column_of, read_catalog
from pwmig.dialects.sqlite.operations.guard import same_text
from pwmig.dialects.sqlite.operations.rebuild import Fill, rebuild, write_text
from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import quote

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.guard import Guard
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["Work"]


class Work:
    """One operation's view: the catalog as it is now, the table named, the batch's guard."""

    def __init__(self, migrator: SqliteMigrator, table: str) -> None:
        self.migrator = migrator
        self.database: peewee.Database = migrator.database
        self.catalog: Catalog = read_catalog(self.database)
        self.guard: Guard = migrator.guard(self.catalog)
        self.table: TableDef = self.catalog.table(table)

    def column(self, name: str) -> ColumnDef:
        return column_of(self.table, name)

    def is_empty(self) -> bool:
        return not ask(self.database, f"SELECT 1 FROM {quote(self.table.name)} LIMIT 1")

    def rebuild(self, new_sql: str, fills: dict[str, Fill] | None = None) -> None:
        rebuild(self.database, self.catalog, self.table, new_sql, fills)
        self.guard.expect(self.table.name, new_sql)

    def native(self, sql: str, expected: str) -> None:
        """Run one ALTER TABLE of SQLite's own; ``expected`` is the table's text afterwards."""
        with broken_named(self.catalog, f"table {self.table.name!r} can't be changed", self.table.name):
            self.database.execute_sql(sql)
        made = ask(self.database, "SELECT sql FROM sqlite_master WHERE name = ?", [self.table.name])
        if made and made[0][0] != expected and same_text(made[0][0], expected):
            write_text(self.database, self.table.name, expected)
        self.guard.expect(self.table.name, expected)
