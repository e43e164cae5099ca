"""All rows of a small table behind a server kept packed, and how many of them are other ones later.

Rows are paired by the table's key (:func:`~pwmig.dialects.server.rows.key_of`). Each cell is kept as the database's
exact text of it, a long one as its length and hash, which the database makes: so no long value is read.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Any

from pwmig.dialects.server.asking import Execute, ask
from pwmig.dialects.server.rows import Sampler
from pwmig.dialects.server.speech import Speech
from pwmig.records import dataclass
from pwmig.schema import Column, Table

__all__ = ["Kept", "Stream", "as_kept", "changes_since", "keep", "keys_as_compared"]

Stream = Callable[[str], Iterable[tuple[Any, ...]]]
"""The rows of a query, a few at a time."""

_ROW_OVERHEAD = 200
_FORMAT = 2  # Later formats of marshal write the same values in several ways.
_Counts = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Kept:
    """The cells of some columns of a table at one moment, by key; ``size`` is about the bytes that they take."""

    table: Table
    columns: tuple[Column, ...]
    rows: Mapping[Any, bytes] = field(repr=False)
    size: int


def keep(
    stream: Stream, speech: Speech, table: Table, columns: Sequence[str], *, most_rows: int, most_bytes: int
) -> Kept | None:
    """These columns of all rows; None where there are more, where they take more, or where no key tells them apart."""
    rows: dict[Any, bytes] = {}
    size = 0
    wanted = tuple(column for column in map(table.column, columns) if column is not None)
    sampler = Sampler(_nothing, speech, table)
    if not sampler.key:
        return None
    for key, packed in _packed(stream, sampler, sampler.key, wanted):
        size += len(packed) + _ROW_OVERHEAD
        if key in rows or len(rows) == most_rows or size > most_bytes:
            return None
        rows[key] = packed
    return Kept(table, wanted, rows, size)


def changes_since(
    stream: Stream, speech: Speech, kept: Kept, table: Table | None, names: Mapping[str, str], *, most_rows: int
) -> _Counts | None:
    """How many rows a table has more, how many less, and in how many a cell is another, than when it was kept.

    ``table`` is what it is now (None: it is gone), ``names`` tells what its columns, in lower case, are called
    now. A cell is another where its kind of type or its value is; a column that only one side has does not count. None
    where it can't be told: too many rows, or the columns of the key are gone.
    """
    if table is None:
        return 0, len(kept.rows), 0
    key = _key_now(speech, kept.table, table, names)
    if key is None:
        return None
    pairs = _Pairs(speech, kept, table, names)
    added = altered = 0
    seen: set[Any] = set()
    for value, packed in _packed(stream, Sampler(_nothing, speech, table), key, pairs.now):
        if value in seen or len(seen) == most_rows:
            return None
        seen.add(value)
        before = kept.rows.get(value)
        if before is None:
            added += 1
        elif not pairs.same(before, packed):
            altered += 1
    return added, len(kept.rows) - (len(seen) - added), altered


def as_kept(
    execute: Execute, speech: Speech, kept: Kept, table: Table, names: Mapping[str, str], keys: Sequence[Sequence[Any]]
) -> dict[tuple[Any, ...], bool]:
    """Of the rows with ``keys`` those that were there when it was kept, and whether their cells are still the same.

    ``names`` are those of :func:`changes_since`.
    """
    found: dict[tuple[Any, ...], bool] = {}
    key = _key_now(speech, kept.table, table, names)
    pairs, sampler = _Pairs(speech, kept, table, names), Sampler(_nothing, speech, table)
    for wanted in map(tuple, keys):
        before = kept.rows.get(_key(wanted))
        if before is None:
            continue
        found[wanted] = False
        if key is not None and len(key) == len(wanted):
            sampler.key = key
            rows = list(_packed(_those_with(execute, sampler, wanted), sampler, key, pairs.now))
            found[wanted] = len(rows) == 1 and pairs.same(before, rows[0][1])
    return found


def _those_with(execute: Execute, sampler: Sampler, key: Sequence[Any]) -> Stream:
    """Of a query the rows that have a key."""
    where = "WHERE " + sampler.test_of(tuple(key))
    values = tuple(value for value in key if value is not None)
    return lambda sql: ask(execute, f"{sql} {where}", values)


def keys_as_compared(execute: Execute, speech: Speech, table: Table, key: Sequence[str]) -> set[Any]:
    """The keys of all rows of a small table, as they are compared."""
    sampler = Sampler(execute, speech, table)
    columns = [column for column in map(table.column, key) if column is not None]
    cells = [sampler.cells[table.column_names.index(column.name)] for column in columns]
    rows = execute(f"SELECT {', '.join(expression for expression, _ in cells)} FROM {speech.source(table)}")
    return {_key([read(cell) if read else cell for cell, (_, read) in zip(row, cells)]) for row in rows}


class _Pairs:
    """The columns that a table had when it was kept and still has, and whether two packed rows agree in them."""

    def __init__(self, speech: Speech, kept: Kept, table: Table, names: Mapping[str, str]) -> None:
        both = [
            (place, before, after)
            for place, before in enumerate(kept.columns)
            if (after := table.column(names.get(before.name.lower(), before.name))) is not None
        ]
        self.now = tuple(after for _, _, after in both)
        self.picked = None if len(both) == len(kept.columns) else [place for place, _, _ in both]
        self.kinds = [(speech.kind(before), speech.kind(after)) for _, before, after in both]
        self.alike = all(one == other for one, other in self.kinds)

    def same(self, before: bytes, after: bytes) -> bool:
        if self.picked is None and self.alike and before == after:
            return True
        old, new = marshal.loads(before), marshal.loads(after)
        if self.picked is not None:
            old = tuple(map(old.__getitem__, self.picked))
        return all(_same_cell(*cells) for cells in zip(old, new, self.kinds, strict=True))


def _same_cell(one: str | None, other: str | None, kinds: tuple[str, str]) -> bool:
    if one is None or other is None:
        return one is other
    if kinds[0] != kinds[1]:
        return False
    return one == other or (kinds[0] == "numbers" and _plain(one) == _plain(other))


def _plain(number: str) -> Any:
    """A number as it is compared: 1, 1.0 and 1.00 are the same."""
    try:
        return Decimal(number).normalize()
    except InvalidOperation:
        return number


def _key_now(speech: Speech, before: Table, after: Table, names: Mapping[str, str]) -> tuple[str, ...] | None:
    """The columns by which rows are found that were kept by the key of ``before``; None where they are gone."""
    key = Sampler(_nothing, speech, before).key
    found = [after.column(names.get(name.lower(), name)) for name in key]
    return tuple(column.name for column in found if column) if all(found) else None


def _packed(
    stream: Stream, sampler: Sampler, key: Sequence[str], columns: Sequence[Column]
) -> Iterator[tuple[Any, bytes]]:
    """Key and packed cells of each row."""
    speech, table = sampler.speech, sampler.table
    keys = [sampler.cells[table.column_names.index(name)] for name in key]
    wanted = [expression for expression, _ in keys] + [speech.exact(column) for column in columns]
    width, readers = len(keys), [read for _, read in keys]
    for row in stream(f"SELECT {', '.join(wanted)} FROM {speech.source(table)}"):
        values = tuple(read(cell) if read else cell for cell, read in zip(row, readers))
        yield _key(values), marshal.dumps(tuple(row[width:]), _FORMAT)


def _key(values: Sequence[Any]) -> Any:
    """A key as it is compared: 1, 1.0 and '1' are the same, as they are when its column gets another type."""
    parts = tuple(_key_part(value) for value in values)
    return parts[0] if len(parts) == 1 else parts


def _key_part(value: Any) -> Any:
    if (isinstance(value, float) and value.is_integer()) or (
        isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
    ):
        value = int(value)
    return value if value is None or isinstance(value, bytes) else str(value)


def _nothing(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    return []
