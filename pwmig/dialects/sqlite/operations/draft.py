"""What a batch has asked of one table and not yet done: its text, and where its columns get their values from.

Pure: how a draft is carried out is the matter of :mod:`pwmig.dialects.sqlite.operations.settling`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.edit import parts_removed
from pwmig.dialects.sqlite.texts.kinds import is_generated, same_kind
from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote, tokenize
from pwmig.records import dataclass

__all__ = ["Draft", "Fill", "NewIndex", "begun", "droppable"]

_NOTHING: Mapping[str, Fill | None] = {}


@dataclass(frozen=True, slots=True)
class Fill:
    """What a column of the new table is filled with: an SQL expression over the old one, and its values.

    ``kept`` says that it is the column of the same name in the old one, as it is.
    """

    sql: str
    params: tuple[Any, ...] = ()
    kept: bool = False


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index that is created once the table is settled."""

    name: str
    sql: str
    columns: tuple[str, ...]
    params: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """``table`` is what the database holds, ``new`` what it shall hold.

    ``sources`` says, by folded name, what fills each column of ``new``; one that it has nothing for gets its default.
    ``held`` are the claims of ``new`` (kind and text) that the rows were found to hold to.
    """

    table: TableDef
    new: TableDef
    sources: Mapping[str, Fill]
    indexes: tuple[NewIndex, ...] = ()
    held: frozenset[tuple[str, str]] = frozenset()

    def changed(
        self, new_sql: str, fills: Mapping[str, Fill | None] = _NOTHING, held: tuple[tuple[str, str], ...] = ()
    ) -> Draft:
        """The draft after one more operation; a fill of None is no source: the column's default."""
        new = parse_create_table(new_sql)
        sources: dict[str, Fill | None] = {**self.sources, **{fold(name): fill for name, fill in fills.items()}}
        names = map(fold, new.column_names)
        left = {name: found for name in names if (found := sources.get(name)) is not None}
        return replace(self, new=new, sources=left, held=self.held.union(held))

    def grown(self, table_sql: str, new_sql: str) -> Draft:
        """The draft of a table that has got a column more by a statement of SQLite's own."""
        table = parse_create_table(table_sql)
        added = {fold(name): _kept(name) for name in table.column_names[len(self.table.columns) :]}
        return replace(self, table=table, new=parse_create_table(new_sql), sources={**self.sources, **added})

    @property
    def keeps_values(self) -> bool:
        """Whether each column is there still, with the values that are stored."""
        return self.table.column_names == self.new.column_names and all(
            (source := self.sources.get(fold(name))) is not None and source.kept for name in self.new.column_names
        )

    @property
    def is_idle(self) -> bool:
        return self.keeps_values and self.table.sql == self.new.sql

    def reads_otherwise(self) -> frozenset[str]:
        """The names by which a query finds something else now than once the draft is carried out."""
        strict = "STRICT" in self.new.options
        found: set[str] = set()
        for column in self.table.columns:
            new = self.new.column(column.name)
            source = self.sources.get(fold(column.name))
            if new is None or source is None or not source.kept or not same_kind(column, new, strict):
                found.add(fold(column.name))
        found.update(fold(column.name) for column in self.new.columns if self.table.column(column.name) is None)
        if found:
            found.update(
                fold(column.name) for column in (*self.table.columns, *self.new.columns) if is_generated(column)
            )
        return frozenset(found)

    def gets_default(self, name: str) -> bool:
        """Whether the rows there are get what the text will then say."""
        return fold(name) not in self.sources

    def lone_drop(self) -> ColumnDef | None:
        """The column that is dropped, where that is all there is to do and SQLite's own DROP COLUMN does it."""
        gone = [column for column in self.table.columns if self.new.column(column.name) is None]
        if len(gone) != 1 or not all(source.kept for source in self.sources.values()):
            return None
        if len(self.sources) != len(self.new.columns) or parts_removed(self.table, [gone[0].span]) != self.new.sql:
            return None
        return gone[0] if droppable(self.table, gone[0]) else None


def droppable(table: TableDef, column: ColumnDef) -> bool:
    """Whether SQLite drops the column: it refuses some, and stumbles over comments."""
    commented = any(token.kind == "comment" for token in tokenize(table.sql))
    return not (commented or column.all("references", "unique", "generated", "check"))


def begun(table: TableDef) -> Draft:
    """The draft of a table of which nothing has been asked."""
    return Draft(table, table, {fold(name): _kept(name) for name in table.column_names})


def _kept(name: str) -> Fill:
    return Fill(quote(name), kept=True)
