"""The drafts of one batch: what its operations see of the catalog, and when the tables are settled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry
from pwmig.dialects.sqlite.operations.draft import Draft, NewIndex, begun
from pwmig.dialects.sqlite.operations.renaming import renamed
from pwmig.dialects.sqlite.texts.parts import TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, names_in

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["Drafts"]

_DRAFTED = frozenset(
    {
        *("add_column", "drop_column", "rename_column", "add_not_null", "drop_not_null", "alter_column_type"),
        *("add_column_default", "drop_column_default", "add_constraint", "drop_constraint", "add_unique"),
        *("add_foreign_key_constraint", "drop_foreign_key_constraint", "add_index", "drop_index", "create_table"),
        "redefine_table",
    }
)
"""Operations that know of drafts. Any other finds all tables settled."""


class Drafts:
    """What a batch has asked of tables and not yet done, by their folded names and in that order."""

    def __init__(self, migrator: SqliteMigrator) -> None:
        self.migrator = migrator
        self._drafts: dict[str, Draft] = {}

    def __bool__(self) -> bool:
        return bool(self._drafts)

    def get(self, table: str) -> Draft | None:
        return self._drafts.get(fold(table))

    def of(self, table: TableDef) -> Draft:
        return self.get(table.name) or begun(table)

    def put(self, draft: Draft) -> None:
        self._drafts[fold(draft.table.name)] = draft

    def overlaid(self, catalog: Catalog) -> Catalog:
        """The catalog as it will be when all is settled."""
        if not self._drafts:
            return catalog
        entries = [self._overlaid(entry) for entry in catalog.entries]
        for draft in self._drafts.values():
            entries += [Entry("index", index.name, draft.table.name, index.sql) for index in draft.indexes]
        return Catalog(tuple(entries))

    def _overlaid(self, entry: Entry) -> Entry:
        draft = self.get(entry.name) if entry.kind == "table" else None
        return replace(entry, sql=draft.new.sql) if draft else entry

    def add_index(self, table: TableDef, index: NewIndex) -> None:
        draft = self.of(table)
        self.put(replace(draft, indexes=(*draft.indexes, index)))

    def forget_index(self, table: str, name: str) -> bool:
        """Whether the index was only asked for in this batch, and is no more."""
        draft = self.get(table)
        if draft is None or all(fold(index.name) != fold(name) for index in draft.indexes):
            return False
        self.put(replace(draft, indexes=tuple(index for index in draft.indexes if fold(index.name) != fold(name))))
        return True

    # -- settling

    def settle(self, table: str | None = None) -> None:
        """Carry out what was asked of a table, or of all."""
        from pwmig.dialects.sqlite.operations.settling import settle

        for key in list(self._drafts) if table is None else [fold(table)]:
            draft = self._drafts.pop(key, None)
            if draft is None:
                continue
            try:
                settle(self.migrator, draft)
            except peewee.DatabaseError as error:
                refusal = self.migrator.refusal_of(error, self.migrator.asked_of(draft.table.name))
                if refusal is None:
                    raise
                raise refusal from error

    def make_way(self, name: str, args: tuple[Any, ...]) -> None:
        """Settle what the operation that comes next has to find settled."""
        if not self._drafts:
            return
        if name not in _DRAFTED:
            self.settle()
        elif name == "rename_column" and len(args) > 2:
            self._make_way_for_name(*args[:3])

    def _make_way_for_name(self, table: str, old: str, new: str) -> None:
        """SQLite changes the column's name in the texts of other tables too, as the database has them."""
        for key, draft in list(self._drafts.items()):
            if key != fold(table) and {fold(table), fold(old)} & names_in(draft.new.sql):
                self.settle(key)
        own = self.get(table)
        if own is not None and renamed(own, old, new) is None:
            self.settle(table)
