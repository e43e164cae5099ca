"""Renames: telling a schema in its new names, and guessing which drop and add are one.

Nothing here is ever assumed by :func:`pwmig.diff.diff`: a candidate is a question to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from pwmig.diff.changes import Change, DropColumn, DropTable, RenameColumn, RenameTable
from pwmig.schema import Column, ForeignKey, Index, IndexPart, Schema, Table, Unique

__all__ = ["RenameCandidate", "Renames", "rename_candidates"]

_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class RenameCandidate:
    """A drop and an add that might be one rename; ``score`` is from 0 to 1, 1 the likeliest.

    ``table`` is the table's name for a column, and None for the rename of a table.
    """

    table: str | None
    old_name: str
    new_name: str
    score: float


class Renames:
    """What was renamed, found without regard to letter case.

    Made of what people say (``tables``: old name to new; ``columns``: (old table, old column) to new
    column), as far as it fits: ``before`` has the old thing and ``after`` the new one.
    """

    def __init__(
        self, before: Schema, after: Schema, tables: Mapping[str, str], columns: Mapping[tuple[str, str], str]
    ) -> None:
        self._tables: dict[str, str] = {}
        self._columns: dict[tuple[str, str], str] = {}
        self._changes: list[Change] = []
        for old, new in tables.items():
            old_table, new_table = before.table(old), after.table(new)
            if old_table and new_table and old_table.name != new_table.name:
                self._tables[old.lower()] = new_table.name
                self._changes.append(RenameTable(new_table.name, old_table.name))
        for (table, old), new in columns.items():
            old_table, new_table = before.table(table), after.table(self.table(table))
            old_column = old_table.column(old) if old_table else None
            new_column = new_table.column(new) if new_table else None
            if new_table and old_column and new_column and old_column.name != new_column.name:
                self._columns[(table.lower(), old.lower())] = new_column.name
                self._changes.append(RenameColumn(new_table.name, old_column.name, new_column.name))

    def __bool__(self) -> bool:
        return bool(self._tables or self._columns)

    def changes(self) -> tuple[Change, ...]:
        """The renames themselves."""
        return tuple(self._changes)

    def reclaimed(self, before: Schema) -> tuple[DropTable | DropColumn, ...]:
        """What must have been dropped, since a rename took its name; tables by their old names."""
        new_tables = {new.lower() for new in self._tables.values()}
        new_columns = {(table, new.lower()) for (table, _), new in self._columns.items()}
        found: list[DropTable | DropColumn] = []
        for table in before.tables:
            key = table.name.lower()
            if key in new_tables and key not in self._tables:
                found.append(DropTable(table.name, table))
                continue
            for column in table.columns:
                place = (key, column.name.lower())
                if place in new_columns and place not in self._columns:
                    found.append(DropColumn(table.name, column))
        return tuple(found)

    def table(self, old: str) -> str:
        """The table's new name."""
        return self._tables.get(old.lower(), old)

    def column(self, old_table: str, old: str) -> str:
        """The column's new name, given its table's old one."""
        return self._columns.get((old_table.lower(), old.lower()), old)

    def words(self, old_table: str | None = None) -> dict[str, str]:
        """Old names in lower case and the new ones: of all tables, and of one table's columns (or all)."""
        columns = {
            old: new for (table, old), new in self._columns.items() if old_table is None or table == old_table.lower()
        }
        return {**columns, **self._tables}

    def translated(self, schema: Schema) -> Schema:
        """The schema in its new names; SQL texts are left as they are."""
        if not self:
            return schema
        return Schema(tuple(self._translated_table(table) for table in schema.tables), schema.views)

    def _translated_table(self, table: Table) -> Table:
        def name(column: str) -> str:
            return self.column(table.name, column)

        return replace(
            table,
            name=self.table(table.name),
            columns=tuple(replace(column, name=name(column.name)) for column in table.columns),
            primary_key=tuple(map(name, table.primary_key)),
            indexes=tuple(_renamed_index(index, name) for index in table.indexes),
            uniques=tuple(_renamed_unique(unique, name) for unique in table.uniques),
            foreign_keys=tuple(self._renamed_key(key, name) for key in table.foreign_keys),
            primary_key_parts=_renamed_parts(table.primary_key_parts, name),
        )

    def _renamed_key(self, key: ForeignKey, name: Callable[[str], str]) -> ForeignKey:
        return replace(
            key,
            columns=tuple(map(name, key.columns)),
            ref_table=self.table(key.ref_table),
            ref_columns=tuple(self.column(key.ref_table, column) for column in key.ref_columns),
        )


def _renamed_index(index: Index, name: Callable[[str], str]) -> Index:
    return replace(index, parts=_renamed_parts(index.parts, name))


def _renamed_unique(unique: Unique, name: Callable[[str], str]) -> Unique:
    return replace(unique, columns=tuple(map(name, unique.columns)), parts=_renamed_parts(unique.parts, name))


def _renamed_parts(parts: tuple[IndexPart, ...], name: Callable[[str], str]) -> tuple[IndexPart, ...]:
    return tuple(replace(part, column=name(part.column)) if part.column is not None else part for part in parts)


# -- candidates


def rename_candidates(before: Schema, after: Schema) -> tuple[RenameCandidate, ...]:
    """The likely renames of tables and, in tables that stay, of columns; the likeliest first.

    An old and a new name may each stand in several candidates. A column's score counts its type
    (a must: other types are no candidates), nullability, default, place and name; a table's the
    columns that both have, and the name.
    """
    gone, come = _only_in(before.tables, after.tables), _only_in(after.tables, before.tables)
    found = [
        RenameCandidate(None, old.name, new.name, score)
        for old in gone
        for new in come
        if (score := _table_score(old, new)) >= _ENOUGH
    ]
    for table in after.tables:
        old_table = before.table(table.name)
        if old_table is not None:
            found.extend(_column_candidates(old_table, table))
    return tuple(sorted(found, key=lambda one: (-one.score, one.table or "", one.old_name, one.new_name)))


def _column_candidates(before: Table, after: Table) -> Iterable[RenameCandidate]:
    for old in before.columns:
        if after.column(old.name) is not None:
            continue
        for new in after.columns:
            if before.column(new.name) is None and _type(old) == _type(new):
                score = _column_score(before, after, old, new)
                if score >= _ENOUGH:
                    yield RenameCandidate(after.name, old.name, new.name, score)


def _column_score(before: Table, after: Table, old: Column, new: Column) -> float:
    same_place = before.columns.index(old) == after.columns.index(new)
    score = 0.4 + 0.1 * (old.nullable == new.nullable) + 0.1 * (old.default == new.default)
    return round(score + 0.15 * same_place + 0.25 * _likeness(old.name, new.name), 3)


def _table_score(before: Table, after: Table) -> float:
    old = {(column.name.lower(), _type(column)) for column in before.columns}
    new = {(column.name.lower(), _type(column)) for column in after.columns}
    shared = len(old & new) / max(len(old), len(new), 1)
    # Many tables are an id and a name: so few columns say little, unless the name says it too.
    weight = 0.75 if len(old & new) > 2 else 0.5
    return round(weight * shared + (1 - weight) * _likeness(before.name, after.name), 3)


def _type(column: Column) -> str:
    return "".join(column.type.upper().split())


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio()


def _only_in(tables: Iterable[Table], others: Iterable[Table]) -> list[Table]:
    names = {table.name.lower() for table in others}
    return [table for table in tables if table.name.lower() not in names]
