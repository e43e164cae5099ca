"""A bounded sample of rows whose foreign keys hold, taken from one database into an empty one like it.

Some rows of each table are taken from the start of its key, all where they are few; then the rows that these refer to,
and so on, round in circles and up a table's own references, until nothing is missing or the limit of a table is
reached. What still refers to a row that is not there then, by the database's own comparison, refers to none any more
where it may, or else is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from typing import Any

from pwmig.dialects.server.asking import Execute, ask, marks
from pwmig.dialects.server.errors import lost
from pwmig.dialects.server.moving import Moving
from pwmig.dialects.server.rows import key_of
from pwmig.dialects.server.speech import Speech
from pwmig.records import dataclass
from pwmig.schema import ForeignKey, Schema, Table

__all__ = ["MOST_ROWS", "Filling", "copy_whole", "fill"]

MOST_ROWS = 1_000
"""Rows that are taken from the start of a table, at most."""

_MOST_OF_ALL = 200_000
_LEAST_ROWS = 20
_MOST_WITH_PARENTS = 10
"""So many times that a table may have in the end, with the rows that others refer to."""

_MOST_BYTES = 50_000_000
"""About so many bytes of a table are taken from its start, at most."""

_AT_ONCE = 200
_MOST_VALUES = 30_000

_Row = tuple[Any, ...]
Stream = Callable[[str], Iterable[_Row]]


@dataclass(slots=True)
class _Taken:
    """The rows of one table that were taken, under ``columns``; ``whole``: there are no others."""

    table: Table
    columns: tuple[str, ...]
    rows: list[_Row] = field(default_factory=list)
    keys: set[_Row] = field(default_factory=set)
    asked: dict[tuple[str, ...], set[_Row]] = field(default_factory=dict)
    whole: bool = True

    def values(self, columns: Sequence[str]) -> Iterator[_Row]:
        """The values of some columns in each row that has them all."""
        places = [self.columns.index(name) for name in columns]
        for row in self.rows:
            values = tuple(row[place] for place in places)
            if None not in values:
                yield values


@dataclass(slots=True)
class Filling:
    """What was done: tables that are not there whole, how many rows could not be written, and references be kept."""

    partly: list[str] = field(default_factory=list)
    refused: int = 0
    ended: int = 0


def fill(
    source: Execute,
    stream: Stream,
    target: Execute,
    speech: Speech,
    moving: Moving,
    schema: Schema,
    tell: Callable[[int, int], None],
) -> Filling:
    """Take rows of a schema's tables; ``tell`` hears how many tables of how many are done."""
    tables = [table for table in schema.tables if table.partition_of is None and _taken_columns(table)]
    most = max(_LEAST_ROWS, min(MOST_ROWS, _MOST_OF_ALL // max(1, len(tables))))
    taking = _Taking(source, stream, speech, moving, schema, most)
    for done, table in enumerate(tables):
        tell(done, 2 * len(tables))
        taking.take(table)
    taking.close_over_references()
    filling = Filling()
    for done, taken in enumerate(taking.taken.values()):
        tell(len(tables) + done, 2 * len(tables))
        refused = _insert(target, speech, moving, taken)
        filling.refused += refused
        if refused or not taken.whole:
            filling.partly.append(taken.table.name)
    whole = {key for key, taken in taking.taken.items() if taken.whole and not filling.refused}
    ended = _end_orphans(target, moving, schema, tables, whole)
    filling.ended = sum(ended.values())
    filling.partly += [name for name in ended if name not in filling.partly]
    return filling


def copy_whole(
    stream: Stream, target: Execute, speech: Speech, moving: Moving, table: Table, *, most: int | None = None
) -> None:
    """Take all rows of a table, or ``most`` of them."""
    taken = _Taken(table, table.column_names)
    columns = ", ".join(map(moving.exactly, table.columns))
    limit = f" LIMIT {most}" if most is not None else ""
    taken.rows.extend(stream(f"SELECT {columns} FROM {speech.source(table)}{limit}"))
    _insert(target, speech, moving, taken)


def _taken_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.generated is None)


def _is_history(table: Table) -> bool:
    """Whether a table is a history of migrations: it is taken whole."""
    return {"checksum", "applied_at", "reverted", "pwmig_version"} <= set(table.column_names)


class _Taking:
    """Takes rows from the source; what it has of each table stands in ``taken``, by the key of its name."""

    def __init__(
        self, source: Execute, stream: Stream, speech: Speech, moving: Moving, schema: Schema, most: int
    ) -> None:
        self.source, self.stream, self.speech, self.moving = source, stream, speech, moving
        self.schema, self.most = schema, most
        self.taken: dict[str, _Taken] = {}

    def take(self, table: Table) -> None:
        taken = self.taken[self.schema.key(table.name)] = _Taken(table, _taken_columns(table))
        most = _MOST_OF_ALL if _is_history(table) else self.most
        key = ", ".join(map(self.speech.quote, key_of(table)))
        order = f" ORDER BY {key}" if key else ""
        size = 0
        for row in self.stream(f"{self.select(taken)}{order} LIMIT {most + 1}"):
            size += sum(len(cell) for cell in row if isinstance(cell, (str, bytes)))
            if len(taken.rows) == most or size > _MOST_BYTES:
                taken.whole = False
                break
            self.add(taken, row)

    def select(self, taken: _Taken) -> str:
        columns = (taken.table.column(name) for name in taken.columns)
        # With names of their own: ORDER BY would take an output by a column's name for the column.
        cells = enumerate(self.moving.exactly(column) for column in columns if column is not None)
        wanted = ", ".join(f"{cell} AS {self.speech.quote(f'pwmig {place}')}" for place, cell in cells)
        return f"SELECT {wanted} FROM {self.speech.source(taken.table)}"

    def add(self, taken: _Taken, row: _Row) -> bool:
        key = tuple(row[taken.columns.index(name)] for name in key_of(taken.table) if name in taken.columns)
        if key and key in taken.keys:
            return False
        taken.keys.add(key)
        taken.rows.append(row)
        return True

    def close_over_references(self) -> None:
        """Take the rows that those taken refer to, until none is missing."""
        waiting = list(self.taken)
        while waiting:
            taken = self.taken[waiting.pop()]
            for key in taken.table.foreign_keys:
                parent = self.taken.get(self.schema.key(key.ref_table))
                if parent is not None and not parent.whole and self.take_parents(taken, key, parent):
                    waiting.append(self.schema.key(parent.table.name))

    def take_parents(self, taken: _Taken, key: ForeignKey, parent: _Taken) -> bool:
        """Take the rows of ``parent`` that rows of ``taken`` refer to; whether there were any new ones."""
        if not set(key.ref_columns) <= set(parent.columns) or not set(key.columns) <= set(taken.columns):
            return False
        asked = parent.asked.setdefault(key.ref_columns, set())
        asked.update(parent.values(key.ref_columns))
        missing = [values for values in dict.fromkeys(taken.values(key.columns)) if values not in asked]
        room = _MOST_WITH_PARENTS * self.most - len(parent.rows)
        missing = missing[: max(0, room)]
        asked.update(missing)
        new = False
        names = ", ".join(map(self.speech.quote, key.ref_columns))
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            one = f"({marks(len(key.ref_columns))})"
            sql = f"{self.select(parent)} WHERE ({names}) IN ({', '.join([one] * len(some))})"
            for row in ask(self.source, sql, tuple(value for values in some for value in values)):
                new = self.add(parent, row) or new
        return new


def _insert(target: Execute, speech: Speech, moving: Moving, taken: _Taken) -> int:
    """Write the rows taken of a table; how many the database does not take."""
    insert = moving.insert(taken.table, taken.columns)
    one = f"({marks(len(taken.columns))})"
    at_once = max(1, min(_AT_ONCE, _MOST_VALUES // len(taken.columns)))
    refused = 0
    for start in range(0, len(taken.rows), at_once):
        some = taken.rows[start : start + at_once]
        if not _inserted(target, insert, one, some):
            refused += sum(not _inserted(target, insert, one, [row]) for row in some)
    return refused


def _inserted(target: Execute, insert: str, one: str, rows: Sequence[_Row]) -> bool:
    try:
        ask(target, f"{insert} VALUES {', '.join([one] * len(rows))}", tuple(cell for row in rows for cell in row))
    except Exception as error:
        if lost(error):
            raise
        return False
    return True


def _end_orphans(
    target: Execute, moving: Moving, schema: Schema, tables: Sequence[Table], whole: set[str]
) -> dict[str, int]:
    """Let nothing refer to a row that was not taken; by table how many references had to end, and rows to go.

    A table that is there ``whole`` misses no row, until one of its own has to go.
    """
    references = [
        (table, parent, key, _may_be_emptied(table, key))
        for table in tables
        for key in table.foreign_keys
        if key.validated and key.enforced and (parent := schema.table(key.ref_table)) is not None
    ]
    ended: dict[str, int] = {}
    changed = {schema.key(table.name) for table in tables} - whole
    while changed:
        suspects = [reference for reference in references if schema.key(reference[1].name) in changed]
        found = [(_ended(target, moving, *reference), reference) for reference in suspects]
        for count, (table, _, _, _) in found:
            if count:
                ended[table.name] = ended.get(table.name, 0) + count
        # Where a reference ended, no row went; where rows went, others may have referred to them.
        changed = {schema.key(table.name) for count, (table, _, _, _) in found if count}
    return ended


def _ended(
    target: Execute, moving: Moving, table: Table, parent: Table, key: ForeignKey, emptied: tuple[str, ...]
) -> int:
    try:
        return moving.end_orphans(target, table, parent, key, emptied)
    except Exception as error:
        if lost(error) or not emptied:
            raise
        return moving.end_orphans(target, table, parent, key, ())  # A check forbids NULL there.


def _may_be_emptied(table: Table, key: ForeignKey) -> tuple[str, ...]:
    """The columns of a reference that may be NULL, and tell no row from another."""
    known_by = key_of(table)
    found = (table.column(name) for name in key.columns)
    return tuple(one.name for one in found if one and one.nullable and not one.generated and one.name not in known_by)
