"""Sample rows of a table behind a server, by key, at a cost that does not grow with the table.

A row is known by the primary key, or by the first unique constraint whose columns hold no NULL. Large cells are cut
(:mod:`pwmig.dialects.cells`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pwmig.dialects.cells import COUNT_LIMIT
from pwmig.dialects.server.asking import MARK, Execute, ask
from pwmig.dialects.server.speech import Speech
from pwmig.schema import Column, Rows, Table

__all__ = ["Sampler", "key_of", "keys_after", "last_key", "row_count", "sample"]

_KEYS_AT_ONCE = 50
_Row = tuple[Any, ...]


def key_of(table: Table) -> tuple[str, ...]:
    """The columns that identify a row; empty where nothing does."""
    if table.primary_key:
        return table.primary_key
    filled = {column.name for column in table.columns if not column.nullable}
    unique = [one.columns for one in table.uniques if not one.deferrable]
    unique += [
        index.columns
        for index in table.indexes
        if index.unique
        and index.valid
        and not index.predicate
        and all(part.column is not None and part.length is None for part in index.parts)
    ]
    return next((columns for columns in unique if columns and filled.issuperset(columns)), ())


def sample(execute: Execute, speech: Speech, table: Table, *, limit: int, keys: Sequence[_Row] = ()) -> Rows:
    """At most ``limit`` rows: those with ``keys``, in that order, then from the start, in the order of the key.

    Keys that no row has are passed over. The same rows come whenever the table is the same and has a key.
    """
    return Sampler(execute, speech, table).rows(max(limit, 0), keys)


def row_count(execute: Execute, speech: Speech, table: Table) -> tuple[int, bool]:
    """How many rows a table holds, and whether that is exact: up to COUNT_LIMIT; beyond, what the catalog says.

    Never less than what was counted.
    """
    some = f"SELECT 1 FROM {speech.source(table)} LIMIT {COUNT_LIMIT + 1}"
    counted = int(execute(f"SELECT count(*) FROM ({some}) AS counted")[0][0])
    if counted <= COUNT_LIMIT:
        return counted, True
    return max(counted, speech.estimate(execute, table)), False


def last_key(execute: Execute, speech: Speech, table: Table) -> Any:
    """The largest key of a table that is known by one number, 0 where it is empty; None for another one."""
    column = _counted_by(speech, table)
    if column is None:
        return None
    found = execute(f"SELECT max({speech.quote(column.name)}) FROM {speech.source(table)}")[0][0]
    return found if found is not None else 0


def keys_after(execute: Execute, speech: Speech, table: Table, last: Any, limit: int) -> tuple[_Row, ...]:
    """The keys of at most ``limit`` rows with a larger key, the smallest first: rows inserted since.

    Rows that were given smaller keys are not seen, nor any where the key is no number.
    """
    column = _counted_by(speech, table)
    if last is None or column is None or limit < 1:
        return ()
    name = speech.quote(column.name)
    sql = f"SELECT {name} FROM {speech.source(table)} WHERE {name} > {MARK} ORDER BY {name} LIMIT {int(limit)}"
    return tuple(ask(execute, sql, (last,)))


def _counted_by(speech: Speech, table: Table) -> Column | None:
    key = key_of(table)
    column = table.column(key[0]) if len(key) == 1 else None
    return column if column is not None and speech.kind(column) == "numbers" else None


class Sampler:
    """The questions to one table; ``keyed`` is False for what has no key, as a view."""

    def __init__(self, execute: Execute, speech: Speech, table: Table, *, keyed: bool = True) -> None:
        self.execute, self.speech, self.table = execute, speech, table
        self.columns = table.column_names
        self.key = key_of(table) if keyed else ()
        self.places = [self.columns.index(name) for name in self.key]
        self.cells = [speech.cell(column) for column in table.columns]

    def rows(self, limit: int, keys: Sequence[_Row]) -> Rows:
        count, exact = row_count(self.execute, self.speech, self.table)
        found = self.rows_with(tuple(dict.fromkeys(keys))[:limit])[:limit]
        if len(found) < min(limit, count):
            seen = {self.key_in(row) for row in found}
            first = self.select(f"{self.order_by()} LIMIT {int(limit)}")
            found += [row for row in first if not seen or self.key_in(row) not in seen][: limit - len(found)]
        return Rows(self.table.name, self.columns, self.key, tuple(found), count, exact)

    def rows_with(self, keys: Sequence[_Row]) -> list[_Row]:
        """The rows with these keys, in the order of the keys."""
        usable = [key for key in keys if self.key and len(key) == len(self.key)]
        found: dict[_Row, _Row] = {}
        for start in range(0, len(usable), _KEYS_AT_ONCE):
            some = usable[start : start + _KEYS_AT_ONCE]
            values = tuple(value for key in some for value in key if value is not None)
            for row in self.select("WHERE " + " OR ".join(map(self.test_of, some)), values):
                found.setdefault(self.key_in(row), row)
        ordered = [found.pop(key) for key in usable if key in found]
        # What is left was found by a key spelled otherwise: in another letter case, or with a space behind it.
        return ordered + list(found.values())

    def test_of(self, key: _Row) -> str:
        tests = (
            f"{self.speech.quote(name)} " + ("IS NULL" if value is None else f"= {MARK}")
            for name, value in zip(self.key, key)
        )
        return "(" + " AND ".join(tests) + ")"

    def key_in(self, row: _Row) -> _Row:
        return tuple(row[place] for place in self.places)

    def order_by(self) -> str:
        return "ORDER BY " + ", ".join(map(self.speech.quote, self.key)) if self.key else ""

    def select(self, clauses: str, values: Sequence[Any] = ()) -> list[_Row]:
        # With names of their own: ORDER BY would take an output by a column's name for the column.
        cells = enumerate(expression for expression, _ in self.cells)
        wanted = ", ".join(f"{cell} AS {self.speech.quote(f'pwmig {place}')}" for place, cell in cells) or "NULL"
        rows = ask(self.execute, f"SELECT {wanted} FROM {self.speech.source(self.table)} {clauses}", values)
        if not self.cells:
            return [() for _ in rows]
        readers = [(place, read) for place, (_, read) in enumerate(self.cells) if read is not None]
        return [self.read(row, readers) for row in rows] if readers else rows

    def read(self, row: _Row, readers: Sequence[tuple[int, Any]]) -> _Row:
        cells = list(row)
        for place, read in readers:
            cells[place] = read(cells[place])
        return tuple(cells)
