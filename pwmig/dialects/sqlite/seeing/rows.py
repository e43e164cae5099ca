"""Sample rows of a SQLite table, by key, at a cost that does not grow with the table.

Everything here takes ``execute(sql, params=())``, which runs one statement and gives its rows,
and only reads. Rows are identified by the primary key, or by the rowid where a table has none
(https://www.sqlite.org/rowidtable.html): it comes first among the columns then. Large cells are cut
(:mod:`pwmig.dialects.sqlite.seeing.cells`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pwmig.dialects.cells import COUNT_LIMIT, CutBytes, CutText
from pwmig.dialects.sqlite.seeing.cells import cell, cell_sql, escaped_cell, escaped_cell_sql
from pwmig.dialects.sqlite.seeing.introspect import Execute
from pwmig.dialects.sqlite.seeing.keys import key_of, keys_after, max_rowid, rowid_of, touched_keys
from pwmig.dialects.sqlite.texts.tokens import fold, quote
from pwmig.schema import Rows, Table

__all__ = [
    "COUNT_LIMIT",
    "CutBytes",
    "CutText",
    "Sampler",
    "key_of",
    "keys_after",
    "max_rowid",
    "row_count",
    "sample",
    "touched_keys",
]

_KEYS_AT_ONCE = 50
_Row = tuple[Any, ...]


def sample(execute: Execute, table: Table, *, limit: int, keys: Sequence[_Row] = ()) -> Rows:
    """At most ``limit`` rows: those with ``keys``, in that order, then from the start, in the order of the key.

    Keys that no row has are passed over. The same rows come whenever the table is the same.
    """
    return Sampler(execute, table).rows(max(limit, 0), keys)


def row_count(execute: Execute, table: Table) -> tuple[int, bool]:
    """How many rows a table holds, and whether that is exact.

    Exact up to COUNT_LIMIT. Beyond, the number that ANALYZE left in ``sqlite_stat1``, or else the
    span of the rowids; never less than what was counted.
    """
    some = f"SELECT 1 FROM main.{quote(table.name)} LIMIT {COUNT_LIMIT + 1}"
    counted = int(execute(f"SELECT count(*) FROM ({some})", ())[0][0])
    if counted <= COUNT_LIMIT:
        return counted, True
    return max(counted, _analysed(execute, table) or _span(execute, table)), False


def _analysed(execute: Execute, table: Table) -> int:
    """The number of rows when ANALYZE last ran (https://www.sqlite.org/fileformat2.html#stat1tab), or 0."""
    try:
        rows = execute("SELECT stat FROM main.sqlite_stat1 WHERE tbl = ? COLLATE NOCASE", (table.name,))
        return max((int(str(row[0]).split()[0]) for row in rows), default=0)
    except Exception:  # never analysed: there is no such table; or a text of someone's own making
        return 0


def _span(execute: Execute, table: Table) -> int:
    rowid = rowid_of(table)
    if rowid is None:
        return 0
    # Two queries: SQLite finds one end at once, but would scan the table for both.
    low, high = (execute(f"SELECT {end}({rowid}) FROM main.{quote(table.name)}", ())[0][0] for end in ("min", "max"))
    return int(high) - int(low) + 1


class Sampler:
    """The questions to one table. A rowid stands as a column of its own before those of the table.

    ``keyed`` is False for what has no key and no rowid either, as a view.
    """

    def __init__(self, execute: Execute, table: Table, *, keyed: bool = True) -> None:
        self.execute = execute
        self.table = table
        key = key_of(table) if keyed else ()
        self.hidden = () if table.primary_key else key
        self.columns = (*self.hidden, *table.column_names)
        folded = [fold(name) for name in self.columns]
        self.places = [folded.index(fold(name)) for name in key]
        self.key = tuple(self.columns[place] for place in self.places)

    def rows(self, limit: int, keys: Sequence[_Row]) -> Rows:
        count, exact = row_count(self.execute, self.table)
        found = self.rows_with(tuple(dict.fromkeys(keys))[:limit])[:limit]
        if len(found) < min(limit, count):
            seen = {self.key_in(row) for row in found}
            first = self.select(f"{self.order_by()} LIMIT ?", (limit,))
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
        # What is left was found by a key spelled otherwise: 1 and '1', or in another letter case.
        return ordered + list(found.values())

    def test_of(self, key: _Row) -> str:
        tests = (f"{quote(name)} " + ("IS NULL" if value is None else "= ?") for name, value in zip(self.key, key))
        return "(" + " AND ".join(tests) + ")"

    def key_in(self, row: _Row) -> _Row:
        return tuple(row[place] for place in self.places)

    def order_by(self) -> str:
        terms = [term + (" DESC" if descending else "") for term, descending in self.key_order()]
        return "ORDER BY " + ", ".join(terms) if terms else ""

    def key_order(self) -> list[tuple[str, bool]]:
        """The key's columns, each with whether it descends, in the order of the key's own index: nothing is sorted."""
        parts = {fold(part.column or ""): part for part in self.table.primary_key_parts}
        terms = []
        for name in self.key:
            part = parts.get(fold(name))
            collation = f" COLLATE {quote(part.collation)}" if part and part.collation else ""
            terms.append((quote(name) + collation, bool(part and part.descending)))
        return terms

    def select(self, clauses: str, params: _Row) -> list[_Row]:
        """Rows of all columns; where a text can't be decoded, all are read again with its bytes escaped."""
        try:
            rows = self.execute(self.sql(cell_sql, clauses), params)
            read: Callable[[Any, str], Any] = cell
        except Exception as error:  # sqlite3 has no class of its own for this
            if "decode" not in str(error).lower():
                raise
            rows = self.execute(self.sql(escaped_cell_sql, clauses), params)
            read = escaped_cell
        encoding = self.encoding()
        return [tuple(read(value, encoding) for value in row) for row in rows]

    def sql(self, cells: Callable[[str], str], clauses: str) -> str:
        wanted = ", ".join([*map(quote, self.hidden), *map(cells, self.table.column_names)])
        return f"SELECT {wanted} FROM main.{quote(self.table.name)} {clauses}"

    def encoding(self) -> str:
        return str(self.execute("PRAGMA main.encoding", ())[0][0])
