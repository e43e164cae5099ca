"""All rows of a small table kept packed, and how many of them are other ones later.

Rows are paired by the table's key (:func:`~pwmig.dialects.sqlite.seeing.keys.key_of`) and kept exactly, only what is
long in a long row as a hash: two million short cells take about 40 MB. Only reads, straight on the connection.
"""

from __future__ import annotations

import marshal
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from functools import partial
from itertools import islice
from typing import Any

from pwmig.dialects.sqlite.seeing.keys import key_of, rowid_of
from pwmig.dialects.sqlite.texts.tokens import quote
from pwmig.records import dataclass
from pwmig.schema import Table

__all__ = ["Kept", "as_kept", "changes_since", "keep"]

_LONGEST_CELL = 10_000_000
"""Bytes: a table with a longer cell is not kept, since each would have to be read whole."""

_MOST_READ = 300_000_000
"""Bytes: a table that holds more is not kept, however few rows it has, since all of it would have to be read."""

_LONG_ROW = 1_000
_LONG_CELL = 64
_ROW_OVERHEAD = 200
_FORMAT = 2  # Later formats of marshal write the same values in several ways.
_Counts = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Kept:
    """The cells of some columns of a table at one moment, by key; ``size`` is about the bytes that they take."""

    table: Table
    columns: tuple[str, ...]
    rows: Mapping[Any, bytes] = field(repr=False)
    size: int


class _CanNotBeKept(Exception):
    """There are too many rows, they are too long, or two have the same key."""


def keep(
    connection: sqlite3.Connection, table: Table, columns: Sequence[str], *, most_rows: int, most_bytes: int
) -> Kept | None:
    """These columns of all rows; None where there are more, where they take more, or where no key tells them apart."""
    rows: dict[Any, bytes] = {}
    size = 0
    try:
        for key, packed in _rows(connection, table, key_of(table), columns):
            size += len(packed) + _ROW_OVERHEAD
            if key in rows or len(rows) == most_rows or size > most_bytes:
                return None
            rows[key] = packed
    except _CanNotBeKept:
        return None
    return Kept(table, tuple(columns), rows, size)


def changes_since(
    connection: sqlite3.Connection, kept: Kept, table: Table | None, names: Mapping[str, str], *, most_rows: int
) -> _Counts | None:
    """How many rows a table has more, how many less, and in how many a cell is another, than when it was kept.

    ``table`` is what it is now (None: it is gone), ``names`` tells what its columns, in lower case, are called
    now. A cell is another where its type or its value is; a column that only one side has does not count. None where
    it can't be told: too many rows, or the columns of the key are gone.
    """
    if table is None:
        return 0, len(kept.rows), 0
    key = _key_now(kept.table, table, names)
    if key is None:
        return None
    columns, picked = _columns_now(kept, table, names)
    added = altered = 0
    seen: set[Any] = set()
    try:
        for value, packed in _rows(connection, table, key, columns):
            if value in seen or len(seen) == most_rows:
                return None
            seen.add(value)
            before = kept.rows.get(value)
            if before is None:
                added += 1
            elif not _same(before, packed, picked):
                altered += 1
    except _CanNotBeKept:
        return None
    return added, len(kept.rows) - (len(seen) - added), altered


def as_kept(
    connection: sqlite3.Connection, kept: Kept, table: Table, names: Mapping[str, str], keys: Sequence[Sequence[Any]]
) -> dict[tuple[Any, ...], bool]:
    """Of the rows with ``keys`` those that were there when it was kept, and whether their cells are still the same.

    ``names`` are those of :func:`changes_since`. A row that can't be read is another one by now.
    """
    found: dict[tuple[Any, ...], bool] = {}
    key = _key_now(kept.table, table, names)
    columns, picked = _columns_now(kept, table, names)
    for wanted in map(tuple, keys):
        before = kept.rows.get(_key(wanted))
        if before is None:
            continue
        found[wanted] = False
        if key is not None and len(key) == len(wanted):
            with suppress(_CanNotBeKept):
                rows = list(_rows(connection, table, key, columns, wanted))
                found[wanted] = len(rows) == 1 and _same(before, rows[0][1], picked)
    return found


def _columns_now(kept: Kept, table: Table, names: Mapping[str, str]) -> tuple[list[str], list[int] | None]:
    """What the columns that were kept are called now, and their places among those kept (None: all are there)."""
    places = [(at, found) for at, name in enumerate(kept.columns) if (found := _now(table, name, names))]
    picked = None if len(places) == len(kept.columns) else [at for at, _ in places]
    return [name for _, name in places], picked


def _now(table: Table, name: str, names: Mapping[str, str]) -> str | None:
    found = table.column(names.get(name.lower(), name))
    return found.name if found else None


def _key_now(before: Table, after: Table, names: Mapping[str, str]) -> tuple[str, ...] | None:
    """The columns by which rows are found that were kept by the key of ``before``; None where they are gone."""
    if not before.primary_key:
        rowid = rowid_of(after)
        return (rowid,) if rowid is not None else None
    found = [_now(after, name, names) for name in before.primary_key]
    return tuple(name for name in found if name) if all(found) else None


def _rows(
    connection: sqlite3.Connection,
    table: Table,
    key: Sequence[str],
    columns: Sequence[str],
    of: tuple[Any, ...] | None = None,
) -> Iterator[tuple[Any, bytes]]:
    """Key and packed cells of each row, or of the rows with the key ``of``."""
    if not key:
        raise _CanNotBeKept
    # The plus hides the declared type, or a converter of sqlite3 would give something else than is stored.
    wanted = ", ".join(f"+{quote(name)}" for name in (*key, *columns))
    width, left = len(key), _MOST_READ
    tests = " AND ".join(
        f"{quote(name)} " + ("IS NULL" if value is None else "= ?") for name, value in zip(key, of or ())
    )
    where = f"WHERE {tests}" if tests else ""
    values = tuple(value for value in of or () if value is not None)
    try:
        with _reading_exactly(connection):
            for row in _read(connection, f"SELECT {wanted} FROM main.{quote(table.name)} {where}", values):
                whole = marshal.dumps(tuple(row[width:]), _FORMAT)
                left -= len(whole)
                if left < 0:
                    raise _CanNotBeKept
                yield _key(row[:width]), whole if len(whole) <= _LONG_ROW else _shortened(row[width:])
    except (sqlite3.Error, ValueError) as error:
        if "interrupted" in str(error):
            raise
        raise _CanNotBeKept from error  # A cell is too long; a module of a virtual table is not there.


@contextmanager
def _reading_exactly(connection: sqlite3.Connection) -> Iterator[None]:
    """Cells are read as they are, and those that are too long are an error."""
    factory = connection.text_factory
    longest = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_CELL)
    connection.text_factory = str
    try:
        yield
    finally:
        connection.text_factory = factory
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)


def _read(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query; from the first text on that is none in its encoding, by a way that costs more."""
    read = 0
    try:
        for row in connection.execute(sql, values):
            yield row
            read += 1
    except sqlite3.OperationalError as error:  # sqlite3 has no class of its own for this
        if "decode" not in str(error).lower():
            raise
        connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        yield from islice(connection.execute(sql, values), read, None)


def _key(values: Sequence[Any]) -> Any:
    """A key as it is compared: 1, 1.0 and '1' are the same, as they are when its column gets another type."""
    parts = tuple(_key_part(value) for value in values)
    return parts[0] if len(parts) == 1 else parts


def _key_part(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if value is None or isinstance(value, bytes) else str(value)


def _shortened(row: Sequence[Any]) -> bytes:
    return marshal.dumps(tuple(map(_short, row)), _FORMAT)


def _short(value: Any) -> Any:
    """A long cell as its type, length and hash, in a tuple: so no cell can look like one."""
    if not isinstance(value, (str, bytes)) or len(value) <= _LONG_CELL:
        return value
    return isinstance(value, str), len(value), hash(value)


def _same(before: bytes, after: bytes, picked: Sequence[int] | None) -> bool:
    """Whether the cells of both sides are the same; ``picked`` are the places of those before that are there after."""
    if picked is None and before == after:
        return True
    old, new = marshal.loads(before), marshal.loads(after)
    old = old if picked is None else tuple(map(old.__getitem__, picked))
    if old == new and [*map(type, old)] == [*map(type, new)]:
        return True
    return all(_same_cell(_short(one), _short(other)) for one, other in zip(old, new, strict=True))


def _same_cell(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
