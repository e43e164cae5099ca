"""A page of a SQLite table, sorted, filtered and cut by the database itself, within a time.

The first page in the order of the key, or of a column with an index, costs the same for any number
of rows. A later page steps over the keys of those before it (OFFSET), the rows themselves are read
for the page alone. Sorting by a column without an index, or a filter that few rows meet, has to look
at all rows: then the deadline ends it, by SQLite's progress handler
(https://www.sqlite.org/c3ref/progress_handler.html).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pwmig.dialects.sqlite.seeing import rows as samples
from pwmig.dialects.sqlite.seeing.conditions import where
from pwmig.dialects.sqlite.seeing.keys import rowid_of
from pwmig.dialects.sqlite.texts.tokens import fold, quote
from pwmig.errors import PwmigError
from pwmig.schema import Column, Page, Query, Rows, Table

__all__ = ["MOST_ROWS", "page", "view"]

MOST_ROWS = 1_000
"""The most rows that a page may have."""

VIEW = "VIEW"
"""The option of what :func:`view` makes of a view."""

_COUNT_STEPS = 20_000_000
"""So many of SQLite's own steps are spent on counting the rows that meet a condition."""

_LARGE = 4
"""So many times COUNT_LIMIT rows a table must have, as it seems, before its number of rows is a mere estimate."""

_PROBES, _AHEAD = 16, 32
"""How often, and over how many rows, the distance of rowids is looked at."""

_STEPS_BETWEEN = 10_000
_LAST_ROW = 2**63 - 1


def view(connection: sqlite3.Connection, name: str) -> Table | None:
    """A view's columns as those of a table without key, None where there is no view of that name.

    Raises PwmigError where the view can't be read.
    """

    def execute(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql, (name,)).fetchall()

    found = execute("SELECT name FROM main.sqlite_master WHERE type = 'view' AND name = ? COLLATE NOCASE")
    if not found:
        return None
    with _read(found[0][0]):
        columns = execute("SELECT name, type FROM pragma_table_xinfo(?, 'main')")
    return Table(found[0][0], tuple(Column(*column) for column in columns), options=(VIEW,))


def page(connection: sqlite3.Connection, table: Table, query: Query, *, deadline_s: float) -> Page:
    """The rows that the query asks for. Raises PwmigError for what can't be asked, and at the deadline."""
    looker = _Looker(connection, table, query, time.monotonic() + deadline_s)
    with _read(table.name):
        try:
            return looker.page()
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            if not looker.late():
                raise KeyboardInterrupt from error  # Ctrl-C reached Python inside the progress handler
            raise _too_long(table, query, deadline_s) from error


@contextmanager
def _read(name: str) -> Iterator[None]:
    """Say in words what SQLite found wrong with the statement: a view of something that is gone, ..."""
    try:
        yield
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise
        raise PwmigError(
            f"{name} can't be read",
            why=f"SQLite says: {error}",
            way_out="look at its definition, and at PRAGMA integrity_check",
        ) from error


def _too_long(table: Table, query: Query, deadline_s: float) -> PwmigError:
    indexed = {fold(index.columns[0]) for index in table.indexes} | {fold(name) for name in table.primary_key[:1]}
    asked = [query.order_by] if query.order_by else []
    asked += [condition.column for condition in query.where]
    slow = list(dict.fromkeys(name for name in asked if fold(name) not in indexed))
    why = (
        f"no index leads to {', '.join(slow)}, so every row has to be looked at" if slow else "it has to pass many rows"
    )
    return PwmigError(
        f"this page of {table.name} takes more than {deadline_s:g} s, and was stopped",
        why=why,
        way_out="ask for a column with an index, for the order of the key, or for an earlier page; or add an index",
    )


class _Looker:
    """The statements that one page takes."""

    def __init__(self, connection: sqlite3.Connection, table: Table, query: Query, end: float) -> None:
        self.connection, self.table, self.query, self.end = connection, table, query, end
        self.sampler = samples.Sampler(self.execute, table, keyed=VIEW not in table.options)
        self.places = {fold(name): name for name in self.sampler.columns}
        hidden = tuple(Column(name, "INTEGER") for name in self.sampler.hidden)
        _check(query)
        self.where, self.values = where(query.where, (*hidden, *table.columns))
        self.order = self.order_by()
        self.offset = (query.page - 1) * query.size

    def page(self) -> Page:
        found = self.rows()
        count, exact = self.row_count(len(found))
        more = len(found) > self.query.size
        shown = tuple(found[: self.query.size])
        matching, matching_exact = self.matching(len(found), (count, exact))
        self.require_rows(bool(shown), matching)
        rows = Rows(self.table.name, self.sampler.columns, self.sampler.key, shown, count, exact)
        return Page(self.query, rows, matching, matching_exact, more)

    def require_rows(self, there: bool, matching: int) -> None:
        if there or self.query.page == 1:
            return
        last = max(1, -(-matching // self.query.size))
        raise PwmigError(
            f"{self.table.name} has no page {self.query.page:,} of {self.query.size} rows",
            why=f"{matching:,} rows are there to be shown",
            way_out=f"ask for page {last:,}" if last < self.query.page else "ask for an earlier page",
        )

    # Asking

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.connection.set_progress_handler(self.late, _STEPS_BETWEEN)
        try:
            return self.connection.execute(sql, tuple(params)).fetchall()
        finally:
            self.connection.set_progress_handler(None, 0)

    def late(self) -> bool:
        return time.monotonic() >= self.end

    def rows(self) -> list[tuple[Any, ...]]:
        """The page's rows, and the one behind them."""
        name, limits = quote(self.table.name), (self.query.size + 1, self.offset)
        some = f"{self.where} {self.order} LIMIT ? OFFSET ?"
        key = self.place()
        if not key:
            return self.sampler.select(some, (*self.values, *limits))
        # Only the keys go through the sorting and the stepping over, and the rows are read for the page alone.
        chosen = f"WHERE ({key}) IN (SELECT {key} FROM main.{name} {some}) {self.order}"
        return self.sampler.select(chosen, (*self.values, *limits))

    def place(self) -> str:
        """What tells a row's place in the table: the rowid or the whole key; nothing where neither does."""
        if VIEW in self.table.options or "VIRTUAL" in self.table.options:
            return ""
        return rowid_of(self.table) or ", ".join(map(quote, self.key_names()))

    def key_names(self) -> tuple[str, ...]:
        return self.table.primary_key if "WITHOUT ROWID" in self.table.options else ()

    def order_by(self) -> str:
        """By the column asked for, then by the key in the order of its index: all turned round where descending."""
        terms = self.sampler.key_order()
        if self.query.order_by is not None:
            name = self.places.get(fold(self.query.order_by))
            if name is None:
                raise PwmigError(
                    f"there is no column {self.query.order_by!r} to sort by",
                    why="the columns are " + ", ".join(self.sampler.columns),
                    way_out="name one of these",
                )
            terms = [(quote(name), False), *terms]
        rowid = rowid_of(self.table) if self.place() else None
        if rowid and rowid not in self.sampler.key:
            terms.append((rowid, False))  # several rows may have NULL in their key
        texts = [term + (" DESC" if down != self.query.descending else "") for term, down in terms]
        return "ORDER BY " + ", ".join(texts) if texts else ""

    # Counting

    def row_count(self, found: int) -> tuple[int, bool]:
        if VIEW in self.table.options:
            count, exact = self.bounded("")
            return max(count, self.offset + found), exact
        return self.estimated() or samples.row_count(self.execute, self.table)

    def estimated(self) -> tuple[int, bool] | None:
        """Of a table that is large by far, how many rows it has, from how close its rowids are here and there.

        None where it may be small, or has no rowid: then its rows are counted, up to a limit. Counting
        that far costs more than all else that a first page takes.
        """
        rowid, name = rowid_of(self.table) if self.place() else None, quote(self.table.name)
        if rowid is None:
            return None
        # Two queries: SQLite finds one end at once, but would scan the table for both.
        ends = [self.execute(f"SELECT {end}({rowid}) FROM main.{name}")[0][0] for end in ("min", "max")]
        if None in ends or ends[1] - ends[0] < _LARGE * samples.COUNT_LIMIT:
            return None
        low, span = ends[0], ends[1] - ends[0] + 1
        ahead = f"SELECT {rowid} FROM main.{name} WHERE {rowid} >= ? ORDER BY {rowid} LIMIT 1 OFFSET {_AHEAD}"
        met = []
        for place in range(_PROBES):
            start = low + span * (2 * place + 1) // (2 * _PROBES)
            found = self.execute(ahead, (start,))
            met.append(_AHEAD / max((found[0][0] if found else ends[1] + 1) - start, _AHEAD))
        count = round(span * sum(met) / _PROBES)
        # Where the ids stand in crowds, a few looks say nothing of the whole.
        even = min(met) * 2 > max(met)
        return (count, False) if even and count >= _LARGE * samples.COUNT_LIMIT else None

    def matching(self, found: int, everything: tuple[int, bool]) -> tuple[int, bool]:
        """How many rows meet the conditions, and whether that is exact."""
        if not self.query.where:
            return everything
        if found <= self.query.size and (found or self.query.page == 1):
            return self.offset + found, True
        at_least = self.offset + found
        count, exact = self.bounded(self.where, self.values)
        return max(count, at_least), exact

    def bounded(self, clause: str, values: Sequence[Any] = ()) -> tuple[int, bool]:
        """Count up to COUNT_LIMIT rows, with no more than _COUNT_STEPS steps: 0 and inexact where these end."""
        left = [_COUNT_STEPS // _STEPS_BETWEEN]

        def enough() -> bool:
            left[0] -= 1
            return left[0] < 0

        some = f"SELECT 1 FROM main.{quote(self.table.name)} {clause} LIMIT {samples.COUNT_LIMIT + 1}"
        self.connection.set_progress_handler(enough, _STEPS_BETWEEN)
        try:
            sql = f"SELECT count(*) FROM ({some})"
            count = int(self.connection.execute(sql, tuple(values)).fetchone()[0])
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error) or left[0] >= 0:
                raise
            return 0, False
        finally:
            self.connection.set_progress_handler(None, 0)
        return min(count, samples.COUNT_LIMIT), count <= samples.COUNT_LIMIT


def _check(query: Query) -> None:
    if not isinstance(query.page, int) or query.page < 1 or query.page * query.size >= _LAST_ROW:
        raise PwmigError(
            f"there is no page {query.page!r}", why="pages count from 1", way_out="ask for 1, or for the page after"
        )
    if not 1 <= query.size <= MOST_ROWS:
        raise PwmigError(
            f"a page can't have {query.size} rows",
            why="it has at least 1, and what a person looks at is no more than " + f"{MOST_ROWS:,}",
            way_out="ask for a smaller page, and for the next one",
        )
