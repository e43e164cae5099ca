"""What every operation on a table begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import peewee

from pwmig.dialects.sqlite.operations.catalog import Catalog, ask, column_of, read_catalog
from pwmig.dialects.sqlite.operations.draft import Draft, Fill
from pwmig.dialects.sqlite.operations.renaming import is_stored
from pwmig.dialects.sqlite.operations.schema_text import text_of
from pwmig.dialects.sqlite.operations.settling import native
from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.guard import Guard
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["Work"]


class Work:
    """One operation's view: the catalog as the batch leaves it, the table named, the batch's guard.

    ``reads`` are names that the operation uses in queries of the table's rows: where these would find something
    else in the table as it is, the table is settled first.
    """

    def __init__(self, migrator: SqliteMigrator, table: str, reads: Iterable[str] = ()) -> None:
        self.migrator = migrator
        self.drafts = migrator.drafts
        self.database: peewee.Database = migrator.database
        draft = self.drafts.get(table)
        if draft is not None and not draft.reads_otherwise().isdisjoint(map(fold, reads)):
            self.drafts.settle(table)
        real = read_catalog(self.database)
        self.guard: Guard = migrator.guard(real)
        self.catalog: Catalog = self.drafts.overlaid(real)
        self.table: TableDef = self.catalog.table(table)

    @property
    def draft(self) -> Draft | None:
        """What the batch has asked of the table until now, None where that is nothing."""
        return self.drafts.get(self.table.name)

    @property
    def keeps_values(self) -> bool:
        """Whether the table has the columns and the values still that the batch leaves it."""
        draft = self.draft
        return draft is None or draft.keeps_values

    @property
    def can_rebuild(self) -> bool:
        return not ask(self.database, "PRAGMA foreign_keys")[0][0] or not self.catalog.referring(self.table.name)

    def is_stored(self, column: ColumnDef) -> bool:
        """Whether the column's values are in the table as it is, NULL where they will be NULL."""
        draft = self.draft
        return draft is None or is_stored(draft, column.name)

    def text(self) -> str:
        """The table's text as it is by now."""
        return text_of(self.database, self.table.name)

    def column(self, name: str) -> ColumnDef:
        return column_of(self.table, name)

    def is_empty(self) -> bool:
        return not ask(self.database, f"SELECT 1 FROM {quote(self.table.name)} LIMIT 1")

    def count(self, condition: str) -> str:
        """How many rows meet a condition, in words."""
        count = ask(self.database, f"SELECT count(*) FROM {quote(self.table.name)} WHERE {condition}")[0][0]
        return f"{count:,} row" + ("" if count == 1 else "s")

    def change(
        self, new_sql: str, fills: Mapping[str, Fill | None] | None = None, held: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Have the table come out with this text; see :meth:`Draft.changed`. It is done when the batch ends."""
        self.drafts.put(self.drafts.of(self.table).changed(new_sql, fills or {}, held))
        if not self.can_rebuild:
            self.drafts.settle(self.table.name)  # By what needs no rebuild, one after the other.

    def drop_index(self, name: str) -> None:
        if not self.drafts.forget_index(self.table.name, name):
            self.database.execute_sql(f"DROP INDEX {quote(name)}")
            self.guard.expect_gone(name)

    def native(self, statement: str, expected: str) -> None:
        """Run one ALTER TABLE of SQLite's own at once; ``expected`` is the table's text afterwards."""
        native(self.database, self.catalog, self.guard, self.table.name, statement, expected)
