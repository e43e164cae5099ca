"""Guessing which drop and add are one rename.

Nothing here is ever assumed by :func:`pwmig.diff.diff`: a candidate is a question to a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from pwmig.schema import Column, Schema, Table

__all__ = ["RenameCandidate", "rename_candidates"]

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
