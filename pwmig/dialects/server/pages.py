"""A page of a table behind a server, sorted, filtered and cut by the database itself, within a time.

The first page in the order of the key, or of a column with an index, costs the same for any number of rows; a later
one steps over those before it (OFFSET). Sorting by a column without an index, or a filter that few rows meet, has to
look at all rows: then the server ends the statement at the deadline.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from pwmig.dialects.cells import COUNT_LIMIT
from pwmig.dialects.server import rows as samples
from pwmig.dialects.server.asking import Execute, ask
from pwmig.dialects.server.conditions import column_named, where
from pwmig.dialects.server.errors import lost
from pwmig.dialects.server.speech import Speech
from pwmig.errors import PwmigError
from pwmig.schema import Column, Page, Query, Rows, Table

__all__ = ["MOST_ROWS", "page", "view"]

MOST_ROWS = 1_000
"""The most rows that a page may have."""

VIEW = "VIEW"
"""The option of what :func:`view` makes of a view."""

_LARGE = 4
"""So many times COUNT_LIMIT rows the catalog has to know of before a table's rows are not counted at all."""

_COUNT_S = 1.0
"""So many seconds are spent on counting the rows that meet a condition."""

_LAST_ROW = 2**63 - 1


def view(execute: Execute, speech: Speech, name: str) -> Table | None:
    """A view's columns as those of a table without key, None where there is no view of that name."""
    found = speech.columns_of_view(execute, name)
    if found is None:
        return None
    name, schema, columns = found
    return Table(name, tuple(Column(*column) for column in columns), options=(VIEW,), schema=schema)


def page(execute: Execute, speech: Speech, table: Table, query: Query, *, deadline_s: float, title: str) -> Page:
    """The rows that the query asks for. Raises PwmigError for what can't be asked, and at the deadline."""
    _check(query)
    looker = _Looker(execute, speech, table, query, time.monotonic() + deadline_s)
    try:
        return looker.page()
    except PwmigError:
        raise
    except Exception as error:
        if speech.timed_out(error):
            raise _too_long(table, query, deadline_s) from error
        if lost(error):
            raise
        raise PwmigError(
            f"{table.name} can't be read in this way",
            why=f"{title} says: {' '.join(str(error).split())}",
            way_out="look at what it is filtered and sorted by, and at the definition of a view",
        ) from error
    finally:
        looker.end_limit()


class _Looker:
    """Asks for one page, each statement with the time that is left."""

    def __init__(self, execute: Execute, speech: Speech, table: Table, query: Query, end: float) -> None:
        self.plain, self.speech, self.table, self.query, self.end = execute, speech, table, query, end
        self.sampler = samples.Sampler(self.execute, speech, table, keyed=VIEW not in table.options)
        self.where, self.values = where(speech, query.where, table.columns)
        self.order = self.order_by()
        self.offset = (query.page - 1) * query.size

    def page(self) -> Page:
        found = self.sampler.select(
            f"{self.where} {self.order} LIMIT {self.query.size + 1} OFFSET {self.offset}", self.values
        )
        count, exact = self.row_count(len(found))
        shown = tuple(found[: self.query.size])
        matching, matching_exact = self.matching(len(found), (count, exact))
        self.require_rows(bool(shown), matching)
        rows = Rows(self.table.name, self.sampler.columns, self.sampler.key, shown, count, exact)
        return Page(self.query, rows, matching, matching_exact, len(found) > self.query.size)

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
        return self.within(self.end - time.monotonic(), sql, params)

    def within(self, seconds: float, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.speech.limit_time(self.plain, max(seconds, 0.001))
        return self.plain(sql, params)

    def end_limit(self) -> None:
        try:
            self.speech.limit_time(self.plain, 0)
        except Exception:  # The connection is gone, as whoever asked has heard.
            return

    def order_by(self) -> str:
        """By the column asked for, then by the key: all turned round where descending."""
        terms = [self.speech.quote(name) for name in self.sampler.key]
        if self.query.order_by is not None:
            column = column_named(self.speech, self.query.order_by, self.table.columns, "sort")
            terms.insert(0, self.speech.sortable(column))
        down = " DESC" if self.query.descending else ""
        return "ORDER BY " + ", ".join(term + down for term in terms) if terms else ""

    # Counting

    def row_count(self, found: int) -> tuple[int, bool]:
        if VIEW in self.table.options:
            count, exact = self.bounded("")
            return max(count, self.offset + found), exact
        estimate = self.speech.estimate(self.execute, self.table)
        if estimate >= _LARGE * COUNT_LIMIT:
            return max(estimate, self.offset + found), False
        return samples.row_count(self.execute, self.speech, self.table)

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
        """Count up to COUNT_LIMIT rows, for no more than _COUNT_S: 0 and inexact where that ends."""
        some = f"SELECT 1 FROM {self.speech.source(self.table)} {clause} LIMIT {COUNT_LIMIT + 1}"
        seconds = min(_COUNT_S, self.end - time.monotonic())

        def execute(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            return self.within(seconds, sql, params)

        try:
            count = int(ask(execute, f"SELECT count(*) FROM ({some}) AS counted", values)[0][0])
        except Exception as error:
            if not self.speech.timed_out(error):
                raise
            return 0, False
        return min(count, COUNT_LIMIT), count <= COUNT_LIMIT


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


def _too_long(table: Table, query: Query, deadline_s: float) -> PwmigError:
    indexed = {index.columns[0].lower() for index in table.indexes if index.columns}
    indexed |= {
        columns[0].lower() for columns in (table.primary_key, *(one.columns for one in table.uniques)) if columns
    }
    asked = [query.order_by] if query.order_by else []
    asked += [condition.column for condition in query.where]
    slow = list(dict.fromkeys(name for name in asked if name.lower() not in indexed))
    why = (
        f"no index leads to {', '.join(slow)}, so every row has to be looked at" if slow else "it has to pass many rows"
    )
    return PwmigError(
        f"this page of {table.name} takes more than {deadline_s:g} s, and was stopped",
        why=why,
        way_out="ask for a column with an index, for the order of the key, or for an earlier page; or add an index",
    )
