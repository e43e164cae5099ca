"""One migration's transaction on SQLite: its turn, its guard, its end.

``BEGIN IMMEDIATE`` takes the write lock that dies with its holder. Foreign keys are off while it
lasts, because a table can only be rebuilt so without touching the rows that refer to it
(https://www.sqlite.org/lang_altertable.html#otheralter), and are checked before it ends.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.base import Turn
from pwmig.dialects.sqlite.place import busy, file_of, translated, unavailable
from pwmig.errors import DatabaseUnavailable, OperationRefused
from pwmig.plan import Event

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener

__all__ = ["guarded_transaction"]

_POLL_S = 0.05
_STEPS_BETWEEN = 100_000
_WRITES = {
    sqlite3.SQLITE_INSERT,
    sqlite3.SQLITE_UPDATE,
    sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_DROP_VTABLE,
    sqlite3.SQLITE_CREATE_VTABLE,
}
_OF_SECOND = {
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_CREATE_TRIGGER,
    sqlite3.SQLITE_DROP_TRIGGER,
}


@contextmanager
def guarded_transaction(
    database: peewee.SqliteDatabase, *, wait_s: float, listener: Listener | None = None, rehearsing: bool = False
) -> Iterator[Turn]:
    """Begin when the write lock is free, guard, check foreign keys, commit; roll back on any exception."""
    path = file_of(str(database.database))
    with translated(path):
        database.connect(reuse_if_open=True)
    if database.in_transaction() or database.connection().in_transaction:
        raise OperationRefused(
            "migrations can't run inside a transaction that is already open",
            why="each migration has a transaction of its own, and foreign keys can't be switched off inside one",
            way_out="call it outside database.atomic() and outside `with database:`",
        )
    foreign_keys = bool(_pragma(database, "foreign_keys"))
    turn = Turn()
    with translated(path):
        if foreign_keys:
            _execute(database, "PRAGMA foreign_keys = OFF")
        try:
            _begin(database, path, wait_s, listener)
            yield from _guarded(database, turn, foreign_keys, rehearsing, wait_s)
        finally:
            if foreign_keys and not database.is_closed():
                _restore_foreign_keys(database)


def _guarded(
    database: peewee.SqliteDatabase, turn: Turn, foreign_keys: bool, rehearsing: bool, wait_s: float
) -> Iterator[Turn]:
    connection = database.connection()
    transaction = database.transaction()
    database.push_transaction(transaction)
    connection.set_authorizer(_authorizer(turn, rehearsing))
    # Ctrl-C is heard between two bytecodes of Python: so a long statement has to come back to it now and then.
    connection.set_progress_handler(_keep_going, _STEPS_BETWEEN)
    try:
        yield turn
        _require_open(database, connection)
        _unguard(connection)
        if foreign_keys:
            _refuse_orphans(connection, turn)
        _commit(connection, wait_s)
    except BaseException as error:
        _roll_back(connection)
        database._clear_commit_callbacks()
        if turn.refused and not isinstance(error, OperationRefused):
            raise _manners(turn) from error
        raise
    finally:
        if database.in_transaction():
            database.pop_transaction()
    if rehearsing:
        database._clear_commit_callbacks()  # They speak to the outside, where nothing was committed.
    database._run_commit_callbacks()


def _begin(database: peewee.SqliteDatabase, path: str, wait_s: float, listener: Listener | None) -> None:
    """BEGIN IMMEDIATE, in a loop: SQLite's own time-out neither reports nor can be interrupted."""
    started = time.monotonic()
    told = False
    timeout_ms = _pragma(database, "busy_timeout")
    _execute(database, "PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                _execute(database, "BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                waited = time.monotonic() - started
                if not busy(error):
                    raise
                if waited >= wait_s:
                    raise _waited_in_vain(path, waited, error) from error
            if listener and not told:
                listener(Event("wait", text=f"another program writes to {path}; waiting for at most {wait_s:g} s"))
                told = True
            time.sleep(_POLL_S)
    finally:
        _execute(database, f"PRAGMA busy_timeout = {int(timeout_ms or 0)}")


def _waited_in_vain(path: str, waited: float, error: BaseException) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"the database {path} is locked by another program",
        why=f"waited {waited:.1f} s for its write lock; SQLite says: {error}",
        way_out="wait for that program or end it, then run this again; nothing was changed",
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


def _require_open(database: peewee.SqliteDatabase, connection: sqlite3.Connection) -> None:
    """The transaction must be the one that was begun; else history and effect would part."""
    same = not database.is_closed() and database.connection() is connection
    if not same or not connection.in_transaction:
        raise OperationRefused(
            "the migration closed its database connection",
            why="with the connection went its transaction, so nothing of it took effect",
            way_out="remove close() from the migration: pwmig opens and closes the connection",
        )


def _manners(turn: Turn) -> OperationRefused:
    return OperationRefused(
        f"the migration tried to {turn.refused}",
        why="a migration and its history row stand in one transaction, which pwmig begins and ends",
        way_out="leave that statement out; `with database.atomic():` makes a savepoint inside the migration",
    )


def _authorizer(turn: Turn, rehearsing: bool) -> Callable[..., int]:
    """SQLite asks this while it prepares a statement (https://www.sqlite.org/c3ref/set_authorizer.html)."""

    def authorize(action: int, first: str | None, second: str | None, place: str | None, inner: str | None) -> int:
        if action in _WRITES:
            if first and not first.startswith("sqlite_"):
                turn.touched.add(first)
        elif action in _OF_SECOND:
            if second:
                turn.touched.add(second)
        elif action == sqlite3.SQLITE_TRANSACTION:
            turn.refused = f"{first} by itself"
            return sqlite3.SQLITE_DENY
        elif action == sqlite3.SQLITE_ATTACH and rehearsing and first:
            turn.refused = f"attach the file {first} in a rehearsal, which works on copies only"
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    return authorize


def _refuse_orphans(connection: sqlite3.Connection, turn: Turn) -> None:
    """Look whether rows now refer to rows that are not there, in the tables touched and those that refer to them."""
    orphans = []
    for table in sorted(_referring(connection, turn.touched)):
        quoted = table.replace('"', '""')
        for row in connection.execute(f'PRAGMA foreign_key_check("{quoted}")'):
            orphans.append((row[0], row[1], row[2]))
            if len(orphans) >= 1000:
                break
    if orphans:
        tables = sorted({f"{table} -> {parent}" for table, _, parent in orphans})
        raise OperationRefused(
            f"{len(orphans)} row(s) would refer to rows that are not there: {', '.join(tables)}",
            why="foreign keys are on for this database, and checked at the end of each migration",
            way_out="delete or mend those rows in the migration; ON DELETE actions do not run while one is applied",
            table=orphans[0][0],
        )


def _referring(connection: sqlite3.Connection, touched: set[str]) -> set[str]:
    """The tables touched that have foreign keys, and those that refer to one of them."""
    if not touched:
        return set()
    names = {name.lower() for name in touched}
    sql = (
        'SELECT m.name, f."table" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f '
        "WHERE m.type = 'table'"
    )
    return {table for table, parent in connection.execute(sql) if table.lower() in names or parent.lower() in names}


def _restore_foreign_keys(database: peewee.SqliteDatabase) -> None:
    try:
        _execute(database, "PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        if unavailable(str(database.database), error) is None:
            database.dispose()  # The migration closed the connection itself; the next one is fresh.


def _execute(database: peewee.SqliteDatabase, sql: str) -> Any:
    # Straight on the connection: what pwmig does for itself is not part of the migration's record.
    return database.connection().execute(sql)


def _pragma(database: peewee.SqliteDatabase, name: str) -> Any:
    row = _execute(database, f"PRAGMA {name}").fetchone()
    return row[0] if row else None
