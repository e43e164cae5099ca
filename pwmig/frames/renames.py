"""What was renamed between two moments, as far as the changes of a run say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pwmig.schema import ForeignKey, Index, IndexPart, Table, Unique

if TYPE_CHECKING:
    from pwmig.diff import Change

__all__ = ["Renames", "renames_of"]


@dataclass(frozen=True, slots=True)
class Renames:
    """Old names to new ones, letter case aside; a column is looked up by the old name of its table."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def table(self, old: str) -> str:
        return self.tables.get(old.lower(), old)

    def old_table(self, new: str) -> str:
        """The name that a table had before; its own where it was not renamed."""
        return next((old for old, now in self.tables.items() if now.lower() == new.lower()), new)

    def column(self, old_table: str, old: str) -> str:
        return self.columns.get((old_table.lower(), old.lower()), old)

    def renamed(self, table: Table) -> Table:
        """The table with its new names: in columns, keys and indexes, not in texts of SQL."""
        new = {name: self.column(table.name, name) for name in table.column_names}
        return replace(
            table,
            name=self.table(table.name),
            columns=tuple(replace(column, name=new[column.name]) for column in table.columns),
            primary_key=_named(table.primary_key, new),
            primary_key_parts=_parts(table.primary_key_parts, new),
            indexes=tuple(_index(index, new) for index in table.indexes),
            uniques=tuple(_unique(unique, new) for unique in table.uniques),
            foreign_keys=tuple(self._foreign_key(key, new) for key in table.foreign_keys),
        )

    def _foreign_key(self, key: ForeignKey, new: Mapping[str, str]) -> ForeignKey:
        target = tuple(self.column(key.ref_table, name) for name in key.ref_columns)
        return replace(key, columns=_named(key.columns, new), ref_table=self.table(key.ref_table), ref_columns=target)


def _named(names: Iterable[str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(new.get(name, name) for name in names)


def _index(index: Index, new: Mapping[str, str]) -> Index:
    return replace(index, parts=_parts(index.parts, new))


def _unique(unique: Unique, new: Mapping[str, str]) -> Unique:
    return replace(unique, columns=_named(unique.columns, new), parts=_parts(unique.parts, new))


def _parts(parts: Iterable[IndexPart], new: Mapping[str, str]) -> tuple[IndexPart, ...]:
    return tuple(replace(part, column=new.get(part.column, part.column)) if part.column else part for part in parts)


def renames_of(changes: Iterable[Change]) -> Renames:
    """The renames among the changes of a run."""
    changes = tuple(changes)
    tables = {change.before.lower(): change.after for change in changes if change.kind == "RenameTable"}
    old = {new.lower(): before for before, new in tables.items()}
    columns = {
        (old.get(change.table.lower(), change.table.lower()), change.before.lower()): change.after
        for change in changes
        if change.kind == "RenameColumn"
    }
    return Renames(tables, columns)
