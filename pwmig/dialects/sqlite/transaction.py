"""One migration's transaction on SQLite: its turn, its guard, its end.

``BEGIN IMMEDIATE`` takes the write lock that dies with its holder. Foreign keys are off while it
lasts, because a table can only be rebuilt so without touching the rows that refer to it
(https://www.sqlite.org/lang_altertable.html#otheralter), and are checked before it ends.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.base import Session, Turn, apart
from pwmig.dialects.sqlite.orphans import CHECKED, referring, refuse_orphans
from pwmig.dialects.sqlite.place import busy, file_of, is_memory, translated, unavailable
from pwmig.dialects.sqlite.pragmas import Pragmas
from pwmig.dialects.sqlite.turn import SqliteTurn, authorizer
from pwmig.dialects.sqlite.waiting import await_readable
from pwmig.errors import DatabaseUnavailable, OperationRefused
from pwmig.plan import Event
from pwmig.records import dataclass
from pwmig.threads import thread_refused

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.waits import Waits

__all__ = ["SqliteSession", "being_written", "session"]

_POLL_S = 0.05
_STEPS_BETWEEN = 100_000
_SESSION_SETTINGS = {"foreign_keys": 0, "busy_timeout": 0, "cache_spill": 65_535}
"""How a connection is set for migrations. So many pages (256 MB of the usual size) may change before SQLite writes any
to the file ahead of COMMIT: from then on it lets nobody read where there is no WAL
(https://www.sqlite.org/pragma.html#pragma_cache_spill). Its low byte must not be 0, which SQLite takes for "off"."""


@contextmanager
def session(
    database: peewee.SqliteDatabase, waits: Waits, listener: Listener | None = None, *, rehearsing: bool = False
) -> Iterator[SqliteSession]:
    """Foreign keys off, and no waiting inside SQLite, for the migrations of one run; restored at its end."""
    path = file_of(str(database.database))
    with translated(path):
        if not is_memory(database) and not rehearsing:
            await_readable(path, waits.turn_s, listener)
        was_open = not database.is_closed()
        _connect(database, path)
        if database.in_transaction() or database.connection().in_transaction:
            raise OperationRefused(
                "migrations can't run inside a transaction that is already open",
                why="each migration has a transaction of its own, and foreign keys can't be switched off inside one",
                way_out="call it outside database.atomic() and outside `with database:`",
            )
        if listener and not rehearsing and not is_memory(database):
            _warn_of_network(database, path, listener)
        settings = {name: int(_pragma(database, name) or 0) for name in _SESSION_SETTINGS}
        checked = CHECKED.get()
        CHECKED.set(bool(settings["foreign_keys"]))
        try:
            for name, value in _SESSION_SETTINGS.items():
                _execute(database, f"PRAGMA {name} = {value}")
            pragmas = Pragmas(database, was_open=was_open, meanwhile=_SESSION_SETTINGS)
            yield SqliteSession(database, path, bool(settings["foreign_keys"]), waits, listener, rehearsing, pragmas)
        finally:
            CHECKED.set(checked)
            _restore(database, settings)


def _connect(database: peewee.SqliteDatabase, path: str) -> None:
    try:
        database.connect(reuse_if_open=True)
    except TypeError as error:
        raise DatabaseUnavailable(
            f"the database {path} can't be opened",
            why=f"its options are those of sqlite3.connect(), which says: {error}",
            way_out="leave that option out of the URL, or out of the config; to look and change nothing takes none "
            "(pwmig status, diff and check only read)",
        ) from error


def _warn_of_network(database: peewee.SqliteDatabase, path: str, listener: Listener) -> None:
    from pwmig.dialects.sqlite.network import network_kind, network_warning

    if (kind := network_kind(path)) is None:
        return
    wal = False
    with suppress(sqlite3.Error):  # Who has locked it leaves the mode untold, and is waited for behind this.
        wal = _pragma(database, "journal_mode") == "wal"
    listener(Event("warning", text=network_warning(path, kind, wal=wal)))


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
    waits: Waits
    listener: Listener | None
    rehearsing: bool
    pragmas: Pragmas

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Begin when the write lock is free, guard, check foreign keys, commit; roll back on any exception."""
        with translated(self.path):
            yield from self._turn()

    def _turn(self) -> Iterator[Turn]:
        database, turn = self.database, SqliteTurn()
        connection = database.connection()
        turn.require_open = partial(_require_open, database, connection, turn, threading.get_ident())
        turn.outside = partial(self._outside, connection, turn)
        turn.finish = self.pragmas.let_write
        self._begin(connection, turn)
        try:
            yield turn
            self._end(connection, turn)
        except BaseException as error:
            _roll_back(connection)
            database._clear_commit_callbacks()
            if turn.overran and "interrupted" in str(error):
                raise _took_too_long(self.waits.statement_s) from error
            if turn.refused and not isinstance(error, OperationRefused):
                raise turn.refused from error
            raise
        finally:
            if database.in_transaction():
                database.pop_transaction()
            self._give_back(connection, turn)
        if self.rehearsing:
            database._clear_commit_callbacks()  # They speak to the outside, where nothing was committed.
        database._run_commit_callbacks()

    def _give_back(self, connection: sqlite3.Connection, turn: SqliteTurn) -> None:
        if self.database.is_closed() or self.database.connection() is not connection or not _usable(connection):
            return  # The migration closed it: the next one is set anew.
        changed: list[str] = []
        with suppress(sqlite3.Error):  # What can't be asked behind a migration is none of its failures.
            changed = self.pragmas.give_back()
        if changed:
            turn.notes.append(f"it changed {', '.join(changed)} of its connection, as before again")

    def _begin(self, connection: sqlite3.Connection, turn: SqliteTurn) -> None:
        self._wait_for_lock(connection, turn)
        self.database.push_transaction(self.database.transaction())
        connection.set_authorizer(authorizer(connection, turn, self.pragmas, self.rehearsing))
        # Ctrl-C is heard between two bytecodes of Python: so a long statement has to come back to it now and then.
        connection.set_progress_handler(partial(turn.overruns, connection, self.waits.statement_s), _STEPS_BETWEEN)

    def _end(self, connection: sqlite3.Connection, turn: SqliteTurn) -> None:
        turn.require_open()
        _unguard(connection)
        if self.foreign_keys:
            _refuse_orphans(self.database, connection, turn)
        _commit(connection, self.waits.turn_s)

    @contextmanager
    def _outside(self, connection: sqlite3.Connection, turn: SqliteTurn) -> Iterator[None]:
        self._end(connection, turn)
        self.database.pop_transaction()
        turn.unsettled.clear()
        turn.grown.clear()
        with apart(turn, partial(self._begin, connection, turn)):
            yield

    def _wait_for_lock(self, connection: sqlite3.Connection, turn: SqliteTurn) -> None:
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
                if waited >= self.waits.turn_s:
                    raise _waited_in_vain(self.path, waited, error, turn) from error
            if self.listener and not told:
                text = f"another program writes to {self.path}; waiting for at most {self.waits.turn_s:g} s"
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


def being_written(database: peewee.SqliteDatabase) -> DatabaseUnavailable | None:
    """What to say where another connection holds the write lock at this moment; None where none does, or it can't be
    told.

    SQLite does not tell who that is, nor whether it runs migrations.
    """
    path = file_of(str(database.database))
    if is_memory(database) or not os.path.exists(path):
        return None
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        if busy(error):
            return DatabaseUnavailable(
                f"another program writes to {path} at this moment",
                why="it may run migrations: what it does is not half-applied, and where it leads is known when it ends",
                way_out="wait for that program or end it, then look at pwmig status; nothing was changed",
            )
    return None


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


def _took_too_long(seconds: float | None) -> OperationRefused:
    return OperationRefused(
        f"a statement took longer than {seconds:g} s",
        why="it was given up, as the statement time-out says",
        way_out="give it more seconds, or do it in parts, as migrator.backfill(...) does",
    )


def _require_open(database: peewee.SqliteDatabase, connection: sqlite3.Connection, turn: Turn, thread: int) -> None:
    """The transaction must be the one that was begun; else history and effect would part."""
    if threading.get_ident() != thread:
        # The error is raised in that thread, where nobody may hear it; the turn keeps it for the migration's end.
        turn.refused = thread_refused()
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


def _refuse_orphans(database: peewee.SqliteDatabase, connection: sqlite3.Connection, turn: SqliteTurn) -> None:
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
