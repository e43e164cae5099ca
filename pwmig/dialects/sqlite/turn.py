"""What SQLite says of the migration whose turn it is, while it prepares and runs its statements."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from typing import Any

from pwmig.dialects.base import Turn
from pwmig.dialects.sqlite.pragmas import Pragmas
from pwmig.errors import OperationRefused
from pwmig.records import dataclass

__all__ = ["SqliteTurn", "authorizer", "unheard"]

_WRITES = {
    sqlite3.SQLITE_INSERT,
    sqlite3.SQLITE_UPDATE,
    sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_DROP_VTABLE,
    sqlite3.SQLITE_CREATE_VTABLE,
}
_WRITES_ROWS = {
    sqlite3.SQLITE_INSERT,
    sqlite3.SQLITE_UPDATE,
    sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_DROP_VTABLE,
}
_OF_SECOND = {
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_CREATE_TRIGGER,
    sqlite3.SQLITE_DROP_TRIGGER,
}
_OWN = ("sqlite_", "pwmig_")
"""How the names of SQLite's and of pwmig's own tables begin: no row of a project refers to theirs."""

_ORPHAN_NONE = {
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_CREATE_VTABLE,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_CREATE_TRIGGER,
    sqlite3.SQLITE_DROP_TRIGGER,
}
"""Actions after which no row refers to a row that is not there, unless it did before: foreign keys need no look."""


_unheard: set[int] = set()
"""The connections, by their ids, on which pwmig prepares what it does not run."""


@contextmanager
def unheard(connection: Any) -> Iterator[None]:
    """While entered, what is prepared on the connection writes nothing that stays: no table counts as written by it."""
    mark = id(connection)
    if mark in _unheard:
        yield
        return
    _unheard.add(mark)
    try:
        yield
    finally:
        _unheard.discard(mark)


@dataclass(slots=True)
class SqliteTurn(Turn):
    """``grown`` counts at least how often ADD COLUMN was prepared for a table: no row can lose its parent by that.

    ``altering`` is the table of an ALTER TABLE whose kind is not known yet, and whether it was unsettled before.
    ``began`` is when the statement under way did, ``changes`` how many rows had been changed by then, ``overran``
    whether it took longer than it may.
    """

    grown: Counter[str] = field(default_factory=Counter)
    altering: tuple[str, bool] | None = None
    began: float = field(default_factory=time.monotonic)
    changes: int = 0
    overran: bool = False

    def begins(self) -> None:
        self.began = time.monotonic()

    def overruns(self, connection: sqlite3.Connection, most_s: float | None) -> bool:
        """Whether the statement is to be given up; SQLite asks now and then.

        When one began is known of each that Peewee sends and of each that is prepared. One that a raw cursor sends
        again is neither; where the one before it has changed rows, these were counted at its end
        (https://www.sqlite.org/c3ref/total_changes.html). SQLite's trace would tell too, but it may be the project's.
        """
        if most_s is None:
            return False
        if (changes := connection.total_changes) != self.changes:
            self.changes, self.began = changes, time.monotonic()
        self.overran = time.monotonic() - self.began > most_s
        return self.overran

    def alters(self, table: str) -> None:
        self.altering = table, table in self.unsettled

    def calls(self, function: str | None) -> None:
        """A function is called, as SQLite does to edit the text of a table: by ``printf`` first to add a column."""
        if self.altering is None:
            return
        (table, unsettled), self.altering = self.altering, None
        if function == "printf":
            self.grown[table] += 1
            if not unsettled:
                self.unsettled.discard(table)


def _bad_manners(tried: str) -> OperationRefused:
    return OperationRefused(
        f"the migration tried to {tried}",
        why="a migration and its history row stand in one transaction, which pwmig begins and ends",
        way_out="leave that statement out; `with database.atomic():` makes a savepoint inside the migration",
    )


def authorizer(
    connection: sqlite3.Connection, turn: SqliteTurn, pragmas: Pragmas, rehearsing: bool
) -> Callable[..., int]:
    """SQLite asks this while it prepares a statement (https://www.sqlite.org/c3ref/set_authorizer.html)."""

    def authorize(action: int, first: str | None, second: str | None, place: str | None, inner: str | None) -> int:
        turn.began = time.monotonic()
        if action in _WRITES or action in _OF_SECOND:
            if not connection.in_transaction:
                turn.refused = _bad_manners("write after one of its statements had ended its transaction")
                return sqlite3.SQLITE_DENY
            table = first if action in _WRITES else second
            if table and not table.startswith(_OWN) and id(connection) not in _unheard:
                turn.touched.add(table)
                if action in _WRITES_ROWS:
                    turn.written.add(table)
                if action == sqlite3.SQLITE_ALTER_TABLE:
                    turn.alters(table)
                if action not in _ORPHAN_NONE:
                    turn.unsettled.add(table)
        elif action == sqlite3.SQLITE_FUNCTION:
            turn.calls(second)
        elif action == sqlite3.SQLITE_PRAGMA:
            pragmas.hears(first, second)
        elif action == sqlite3.SQLITE_TRANSACTION:
            turn.refused = _bad_manners(f"{first} by itself")
            return sqlite3.SQLITE_DENY
        elif action == sqlite3.SQLITE_ATTACH and not rehearsing:
            pragmas.attaches = True
        elif action == sqlite3.SQLITE_ATTACH and rehearsing and first not in ("", ":memory:"):
            turn.refused = OperationRefused(
                f"the migration tried to attach {first or 'a file'} in a rehearsal",
                why="a rehearsal works on copies, and that file is none",
                way_out="attach it in the config, with database.attach(...): then a rehearsal copies it too",
            )
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    return authorize
