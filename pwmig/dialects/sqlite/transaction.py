"""One migration's transaction on SQLite: its turn, its guard, its end.

``BEGIN IMMEDIATE`` takes the write lock that dies with its holder. Foreign keys are off while it
lasts, because a table can only be rebuilt so without touching the rows that refer to it
(https://www.sqlite.org/lang_altertable.html#otheralter), and are checked before it ends.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.base import Session, Turn, apart
from pwmig.dialects.sqlite.orphans import referring, refuse_orphans
from pwmig.dialects.sqlite.place import busy, file_of, translated, unavailable
from pwmig.errors import DatabaseUnavailable, OperationRefused
from pwmig.plan import Event

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener

__all__ = ["SqliteSession", "session"]

_POLL_S = 0.05
_STEPS_BETWEEN = 100_000
_SESSION_SETTINGS = {"foreign_keys": 0, "busy_timeout": 0, "cache_spill": 65_535}
"""How a connection is set for migrations. So many pages (256 MB of the usual size) may change before SQLite writes any
to the file ahead of COMMIT: from then on it lets nobody read where there is no WAL
(https://www.sqlite.org/pragma.html#pragma_cache_spill). Its low byte must not be 0, which SQLite takes for "off"."""
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


@dataclass(slots=True)
class _Turn(Turn):
    """``grown`` counts at least how often ADD COLUMN was prepared for a table: no row can lose its parent by that.

    ``altering`` is the table of an ALTER TABLE whose kind is not known yet, and whether it was unsettled before.
    """

    grown: Counter[str] = field(default_factory=Counter)
    altering: tuple[str, bool] | None = None

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


@contextmanager
def session(
    database: peewee.SqliteDatabase, *, wait_s: float, listener: Listener | None = None, rehearsing: bool = False
) -> Iterator[SqliteSession]:
    """Foreign keys off, and no waiting inside SQLite, for the migrations of one run; restored at its end."""
    path = file_of(str(database.database))
    with translated(path):
        database.connect(reuse_if_open=True)
        if database.in_transaction() or database.connection().in_transaction:
            raise OperationRefused(
                "migrations can't run inside a transaction that is already open",
                why="each migration has a transaction of its own, and foreign keys can't be switched off inside one",
                way_out="call it outside database.atomic() and outside `with database:`",
            )
        settings = {name: int(_pragma(database, name) or 0) for name in _SESSION_SETTINGS}
        try:
            for name, value in _SESSION_SETTINGS.items():
                _execute(database, f"PRAGMA {name} = {value}")
            yield SqliteSession(database, path, bool(settings["foreign_keys"]), wait_s, listener, rehearsing)
        finally:
            _restore(database, settings)


def _restore(database: peewee.SqliteDatabase, settings: Mapping[str, int]) -> None:
    if database.is_closed():
        return
    try:
        for name, value in settings.items():
            kept = value | 1 if name == "cache_spill" and value else value  # Not even: see the low byte above.
            _execute(database, f"PRAGMA {name} = {kept}")
    except sqlite3.Error as error:
        if unavailable(str(database.database), error) is None:
            database.dispose()  # The migration closed the connection itself; the next one is fresh.


@dataclass(frozen=True, slots=True)
class SqliteSession(Session):
    """A connection that is ready; ``foreign_keys`` says whether they are on outside of the session."""

    database: peewee.SqliteDatabase
    path: str
    foreign_keys: bool
    wait_s: float
    listener: Listener | None
    rehearsing: bool

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Begin when the write lock is free, guard, check foreign keys, commit; roll back on any exception."""
        with translated(self.path):
            yield from self._turn()

    def _turn(self) -> Iterator[Turn]:
        database, turn = self.database, _Turn()
        connection = database.connection()
        turn.require_open = partial(_require_open, database, connection, turn, threading.get_ident())
        turn.outside = partial(self._outside, connection, turn)
        self._begin(connection, turn)
        try:
            yield turn
            self._end(connection, turn)
        except BaseException as error:
            _roll_back(connection)
            database._clear_commit_callbacks()
            if turn.refused and not isinstance(error, OperationRefused):
                raise turn.refused from error
            raise
        finally:
            if database.in_transaction():
                database.pop_transaction()
        if self.rehearsing:
            database._clear_commit_callbacks()  # They speak to the outside, where nothing was committed.
        database._run_commit_callbacks()

    def _begin(self, connection: sqlite3.Connection, turn: _Turn) -> None:
        self._wait_for_lock(connection, turn)
        self.database.push_transaction(self.database.transaction())
        connection.set_authorizer(_authorizer(connection, turn, self.rehearsing))
        # Ctrl-C is heard between two bytecodes of Python: so a long statement has to come back to it now and then.
        connection.set_progress_handler(_keep_going, _STEPS_BETWEEN)

    def _end(self, connection: sqlite3.Connection, turn: _Turn) -> None:
        turn.require_open()
        _unguard(connection)
        if self.foreign_keys:
            _refuse_orphans(self.database, connection, turn)
        _commit(connection, self.wait_s)

    @contextmanager
    def _outside(self, connection: sqlite3.Connection, turn: _Turn) -> Iterator[None]:
        self._end(connection, turn)
        self.database.pop_transaction()
        turn.unsettled.clear()
        turn.grown.clear()
        with apart(turn, partial(self._begin, connection, turn)):
            yield

    def _wait_for_lock(self, connection: sqlite3.Connection, turn: _Turn) -> None:
        """BEGIN IMMEDIATE, in a loop: SQLite's own time-out neither reports nor can be interrupted."""
        started = time.monotonic()
        told = False
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                waited = time.monotonic() - started
                if not busy(error):
                    raise
                if waited >= self.wait_s:
                    raise _waited_in_vain(self.path, waited, error, turn) from error
            if self.listener and not told:
                text = f"another program writes to {self.path}; waiting for at most {self.wait_s:g} s"
                self.listener(Event("wait", text=text))
                told = True
            time.sleep(_POLL_S)


def _waited_in_vain(path: str, waited: float, error: BaseException, turn: Turn) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"the database {path} is locked by another program",
        why=f"waited {waited:.1f} s for its write lock; SQLite says: {error}",
        way_out="wait for that program or end it, then run this again"
        + ("" if turn.apart else "; nothing was changed"),
    )


def _commit(connection: sqlite3.Connection, wait_s: float) -> None:
    """COMMIT; a reader of a database without WAL may hold it up for a moment."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            connection.execute("COMMIT")
            return
        except sqlite3.OperationalError as error:
            if not busy(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_POLL_S)


def _roll_back(connection: sqlite3.Connection) -> None:
    try:
        _unguard(connection)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except sqlite3.Error:
        # A connection that was closed, or lost its file, has rolled back by itself.
        return


def _unguard(connection: sqlite3.Connection) -> None:
    connection.set_authorizer(None)
    connection.set_progress_handler(None, 0)


def _keep_going() -> int:
    return 0


def _require_open(database: peewee.SqliteDatabase, connection: sqlite3.Connection, turn: Turn, thread: int) -> None:
    """The transaction must be the one that was begun; else history and effect would part."""
    if threading.get_ident() != thread:
        # The error is raised in that thread, where nobody may hear it; the turn keeps it for the migration's end.
        turn.refused = OperationRefused(
            "the migration used the database from a thread of its own",
            why="each thread has a connection of its own, outside the migration's transaction",
            way_out="do the work in migrate_forward() or migrate_backward() itself",
        )
        raise turn.refused
    if database.is_closed() or database.connection() is not connection or not _usable(connection):
        raise OperationRefused(
            "the migration closed its database connection",
            why="with the connection went its transaction, so nothing of it took effect",
            way_out="remove close() from the migration: pwmig opens and closes the connection",
        )
    if not connection.in_transaction and not turn.apart:
        raise OperationRefused(
            "a statement of the migration ended its transaction",
            why="a conflict under OR ROLLBACK, or RAISE(ROLLBACK) in a trigger, takes back the whole migration",
            way_out="use OR ABORT, which takes back the statement only, or avoid the conflict",
        )


def _usable(connection: sqlite3.Connection) -> bool:
    try:
        return connection.total_changes >= 0
    except sqlite3.ProgrammingError:
        return False  # It is closed.


def _bad_manners(tried: str) -> OperationRefused:
    return OperationRefused(
        f"the migration tried to {tried}",
        why="a migration and its history row stand in one transaction, which pwmig begins and ends",
        way_out="leave that statement out; `with database.atomic():` makes a savepoint inside the migration",
    )


def _authorizer(connection: sqlite3.Connection, turn: _Turn, rehearsing: bool) -> Callable[..., int]:
    """SQLite asks this while it prepares a statement (https://www.sqlite.org/c3ref/set_authorizer.html)."""

    def authorize(action: int, first: str | None, second: str | None, place: str | None, inner: str | None) -> int:
        if action in _WRITES or action in _OF_SECOND:
            if not connection.in_transaction:
                turn.refused = _bad_manners("write after one of its statements had ended its transaction")
                return sqlite3.SQLITE_DENY
            table = first if action in _WRITES else second
            if table and not table.startswith(_OWN):
                turn.touched.add(table)
                if action in _WRITES_ROWS:
                    turn.written.add(table)
                if action == sqlite3.SQLITE_ALTER_TABLE:
                    turn.alters(table)
                if action not in _ORPHAN_NONE:
                    turn.unsettled.add(table)
        elif action == sqlite3.SQLITE_FUNCTION:
            turn.calls(second)
        elif action == sqlite3.SQLITE_TRANSACTION:
            turn.refused = _bad_manners(f"{first} by itself")
            return sqlite3.SQLITE_DENY
        elif action == sqlite3.SQLITE_ATTACH and rehearsing and first not in ("", ":memory:"):
            turn.refused = OperationRefused(
                f"the migration tried to attach {first or 'a file'} in a rehearsal",
                why="a rehearsal works on copies, and that file is none",
                way_out="attach it in the config, with database.attach(...): then a rehearsal copies it too",
            )
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    return authorize


def _refuse_orphans(database: peewee.SqliteDatabase, connection: sqlite3.Connection, turn: _Turn) -> None:
    """Look whether rows now refer to rows that are not there, in the tables written and those that refer to them."""
    grown = {table for table, count in turn.grown.items() if _has_grown_references(connection, table, count)}
    suspects = (referring(connection, turn.unsettled) if turn.unsettled else set()) | grown
    refuse_orphans(database, connection, suspects, "the migration")


def _has_grown_references(connection: sqlite3.Connection, table: str, count: int) -> bool:
    """Whether rows there refer to others by one of the last ``count`` columns: by its default."""
    sql = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE"
    found = connection.execute(sql, (table,)).fetchone()
    if found is None or "REFERENCES" not in found[0].upper():
        return False
    from pwmig.dialects.sqlite.texts.ddl import DDLError, parse_create_table

    try:
        columns = parse_create_table(found[0]).columns
    except DDLError:
        return True  # A text that only writable_schema can make.
    return any(column.all("references") for column in columns[-count:])


def _execute(database: peewee.SqliteDatabase, sql: str) -> Any:
    # Straight on the connection: what pwmig does for itself is not part of the migration's record.
    return database.connection().execute(sql)


def _pragma(database: peewee.SqliteDatabase, name: str) -> Any:
    row = _execute(database, f"PRAGMA {name}").fetchone()
    return row[0] if row else None
