"""One migration's transaction on PostgreSQL: its turn, its guard, its end.

A runner's turn is an advisory lock of the database, which dies with its connection. It is asked for again and again:
to wait inside ``pg_advisory_lock`` would hold a snapshot, for which CREATE INDEX CONCURRENTLY of the runner whose
turn it is would wait in its turn.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pwmig.dialects.base import Session, Turn, apart
from pwmig.dialects.postgresql.beyond import reached, written_beyond
from pwmig.dialects.postgresql.interrupting import interruptible
from pwmig.dialects.postgresql.known import known, written
from pwmig.dialects.postgresql.reach import REACH
from pwmig.dialects.server.asking import MARK, Execute, ask, executor, is_own
from pwmig.dialects.server.beyond import refusal
from pwmig.dialects.server.errors import translated
from pwmig.dialects.server.foresight import Foresight
from pwmig.dialects.server.redirect import redirected_to, rehearsing
from pwmig.dialects.server.tokens import POSTGRESQL
from pwmig.dialects.server.turn import (
    ServerTurn,
    bad_manners,
    checker,
    ends_transaction,
    require_no_transaction,
    wait_for,
)
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Listener

__all__ = ["session"]

_LOCK = 0x70776D6967
_IDLE, _IN_TRANSACTION, _FAILED = 0, 2, 3
_SETTINGS = """
SELECT name, setting FROM pg_catalog.pg_settings
WHERE source = 'session' AND context <> 'internal' AND name NOT LIKE 'pwmig.%'
  AND name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')"""
"""Those that are of one transaction end with it, and can't be set back (since PostgreSQL 16 the server says so)."""


@contextmanager
def session(
    database: peewee.Database, place: str, *, wait_s: float, listener: Listener | None = None
) -> Iterator[_PostgresqlSession]:
    """The database's connection for the migrations of one run; its settings are given back after each."""
    with translated(place, REACH.unavailable):
        database.connect(reuse_if_open=True)
        connection = database.connection()
        require_no_transaction(database, _status(database) != _IDLE)
        settings = _settings(executor(connection))
    try:
        with interruptible(connection):
            yield _PostgresqlSession(database, place, settings, wait_s, listener)
    finally:
        if not database.is_closed() and database._state.conn.closed:
            database.dispose()  # The migration closed the connection itself; the next one is fresh.


@dataclass(frozen=True, slots=True)
class _PostgresqlSession(Session):
    """A connection that is ready; ``settings`` are those that were set on it."""

    database: Any
    place: str
    settings: Mapping[str, str]
    wait_s: float
    listener: Listener | None

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        connection = self.database.connection()
        execute = executor(connection)
        with translated(self.place, REACH.unavailable):
            wait_for(lambda: _locked(execute), self.place, self.wait_s, self.listener)
        try:
            yield from self._turn(connection, execute)
        finally:
            with suppress(Exception):  # With a connection that is gone, the lock is too.
                ask(execute, f"SELECT pg_catalog.pg_advisory_unlock({MARK})", (_LOCK,))

    def _turn(self, connection: Any, execute: Execute) -> Iterator[Turn]:
        database, turn = self.database, ServerTurn()
        begun = _Begun(database, connection, turn, execute)
        home = begun.begin()
        turn.foresight = Foresight(POSTGRESQL, lambda: known(execute))
        turn.require_open = checker(database, connection, turn, _usable, begun.require)
        turn.outside = begun.outside
        turn.finish = lambda: self._finish(begun, home)
        try:
            yield turn
            begun.end()
        except BaseException as error:
            begun.guard.end()
            with suppress(Exception):  # A connection that was closed or lost has rolled back by itself.
                if _status(database, connection) != _IDLE:
                    execute("ROLLBACK")
            database._clear_commit_callbacks()
            if turn.refused and not isinstance(error, OperationRefused):
                raise turn.refused from error
            raise
        finally:
            if database.in_transaction():
                database.pop_transaction()
        if redirected_to() is not None:
            database._clear_commit_callbacks()  # They speak to the outside, where nothing was committed.
        database._run_commit_callbacks()

    def _finish(self, begun: _Begun, home: str | None) -> None:
        begun.tell()
        _restore(begun.execute, self.settings)
        _require_home(begun.execute, home)


@dataclass(slots=True)
class _Begun:
    """The transaction of a turn, known by a setting of its own that ends with it; ``home`` is the default schema when
    the turn began, where pwmig's own tables are."""

    database: Any
    connection: Any
    turn: ServerTurn
    execute: Execute
    token: str = ""
    home: str | None = None
    beyond: int | None = None
    guard: Any = None

    def begin(self) -> str | None:
        """Begin it; the schema that is the default one by then is given back."""
        self.database.begin()
        self.token = secrets.token_hex(8)
        begun = (
            f"SELECT pg_catalog.set_config('pwmig.turn', {MARK}, true), "
            f"pg_catalog.set_config('pwmig.home', coalesce({MARK}, current_schema()), true)"
        )
        self.home = ask(self.execute, begun, (self.token, self.home))[0][1] or None
        self.database.push_transaction(self.database.transaction())
        self.beyond = written_beyond(self.execute) if rehearsing() else None
        self.guard = _Guard(self.connection, self.turn)
        return self.home

    def require(self) -> None:
        if not self.turn.apart:
            _require_transaction(self.database)

    def tell(self) -> None:
        """Say what it wrote, as long as that can be asked."""
        if self.execute("SELECT pg_catalog.current_setting('pwmig.turn', true)")[0][0] != self.token:
            raise bad_manners("end its transaction by itself")
        if self.beyond is not None and written_beyond(self.execute) != self.beyond:
            raise refusal("the whole server: roles, databases or their settings and comments")
        self.turn.catch_up()
        if self.turn.watched:
            found = written(self.execute)
            self.turn.touched |= found
            self.turn.written |= found

    def end(self) -> None:
        self.turn.require_open()
        self.guard.end()
        self.execute("COMMIT")

    @contextmanager
    def outside(self) -> Iterator[None]:
        self.tell()
        self.end()
        self.database.pop_transaction()
        with apart(self.turn, self.begin):
            yield


class _Guard:
    """Hears each statement of a connection before it is sent, whichever cursor sends it."""

    def __init__(self, connection: Any, turn: ServerTurn) -> None:
        self.connection, self.turn = connection, turn
        self.factory = connection.cursor_factory
        connection.cursor_factory = _guarded(self.factory or _class_of_cursors(connection), self.hear)
        for name in ("commit", "rollback"):
            with suppress(AttributeError):  # psycopg 2 has them in C: then the transaction is looked at afterwards.
                setattr(connection, name, self._refusal(name))

    def end(self) -> None:
        self.connection.cursor_factory = self.factory
        for name in ("commit", "rollback"):
            vars(self.connection).pop(name, None) if hasattr(self.connection, "__dict__") else None

    def hear(self, query: Any) -> None:
        if is_own():
            return
        sql = _text(query, self.connection)
        tried = ends_transaction(POSTGRESQL, sql, several=True)
        if tried is not None:
            self.turn.refused = bad_manners(f"{tried} by itself")
            raise self.turn.refused
        if rehearsing() and (beyond := reached(sql)):
            self.turn.refused = refusal(beyond)
            raise self.turn.refused
        self.turn.hears(sql)

    def _refusal(self, name: str) -> Callable[[], None]:
        def refuse() -> None:
            self.turn.refused = bad_manners(f"{name.upper()} by itself")
            raise self.turn.refused

        return refuse


def _class_of_cursors(connection: Any) -> type[Any]:
    cursor = connection.cursor()
    cursor.close()
    return type(cursor)


def _guarded(base: type[Any], hear: Callable[[Any], None]) -> type[Any]:
    class Guarded(base):
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            hear(query)
            return super().execute(query, *args, **kwargs)

        def executemany(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            hear(query)
            return super().executemany(query, *args, **kwargs)

    return Guarded


def _text(query: Any, connection: Any) -> str:
    if isinstance(query, bytes):
        return query.decode("utf-8", "replace")
    return str(query.as_string(connection)) if hasattr(query, "as_string") else str(query)


def _locked(execute: Execute) -> bool:
    return bool(ask(execute, f"SELECT pg_catalog.pg_try_advisory_lock({MARK})", (_LOCK,))[0][0])


def _status(database: Any, connection: Any = None) -> int:
    return int(database._adapter.txn_status(connection if connection is not None else database.connection()))


def _usable(connection: Any) -> bool:
    return not connection.closed


def _require_transaction(database: Any) -> None:
    status = _status(database)
    if status == _FAILED:
        raise OperationRefused(
            "a statement of the migration failed, and it went on",
            why="PostgreSQL takes nothing more in a transaction after an error, and would commit nothing of it",
            way_out="put `with database.atomic():` around a statement that may fail, and catch its error outside",
        )
    if status == _IDLE:
        raise bad_manners("end its transaction by itself")


def _require_home(execute: Execute, home: str | None) -> None:
    """The history is in the first schema of the search path: behind another one it would be out of sight."""
    now = execute("SELECT current_schema()")[0][0]
    if now != home:
        raise OperationRefused(
            f"the migration would leave {now!r} the default schema, which was {home!r}",
            why=f"the search path begins with it, and the history of migrations is in {home!r}: nobody would find it",
            way_out=f"create the schema {now!r} by hand before the first migration runs, and write CREATE SCHEMA IF "
            "NOT EXISTS in the migration",
            object=now,
        )


def _settings(execute: Execute) -> dict[str, str]:
    found: dict[str, str] = dict(execute(_SETTINGS))
    found["role"] = execute("SELECT pg_catalog.current_setting('role')")[0][0]
    return found


def _restore(execute: Execute, settings: Mapping[str, str]) -> None:
    """Give the connection the settings back that were set on it: no others, and none of them otherwise."""
    now = _settings(execute)
    for name in now.keys() | settings.keys():
        if now.get(name) == settings.get(name):
            continue
        if name in settings:
            ask(execute, f"SELECT pg_catalog.set_config({MARK}, {MARK}, false)", (name, settings[name]))
        else:
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
            execute(f"RESET {quoted}")
