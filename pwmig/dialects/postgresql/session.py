"""One migration's transaction on PostgreSQL: its turn, its guard, its end.

A runner's turn is an advisory lock of the database, which dies with its connection. It is asked for again and again:
to wait inside ``pg_advisory_lock`` would hold a snapshot, for which CREATE INDEX CONCURRENTLY of the runner whose
turn it is would wait in its turn.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pwmig.dialects.base import Session, Turn, apart
from pwmig.dialects.postgresql.asides import usable
from pwmig.dialects.postgresql.beyond import reached, written_beyond
from pwmig.dialects.postgresql.glance import Glance
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
from pwmig.errors import DatabaseUnavailable, OperationRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Listener
    from pwmig.waits import Waits

__all__ = ["holder", "session"]

_LOCK = 0x70776D6967
_IDLE, _IN_TRANSACTION, _FAILED = 0, 2, 3
_OF_TRANSACTION = "('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')"
_IS_SET = f"""source = 'session' AND setting IS DISTINCT FROM reset_val AND context <> 'internal'
  AND name NOT LIKE 'pwmig.%' AND name NOT IN {_OF_TRANSACTION}"""
_MORE = """
UNION ALL VALUES ('role', pg_catalog.current_setting('role')), ('session_authorization', session_user::text)"""
_SETTINGS = f"SELECT name, setting FROM pg_catalog.pg_settings WHERE {_IS_SET}{_MORE}"
_ALL = f"""SELECT name, CASE WHEN {_IS_SET} THEN setting END FROM pg_catalog.pg_settings
WHERE context IN ('user', 'superuser') AND name NOT IN {_OF_TRANSACTION}{_MORE}"""
"""A setting that was set to what it was (as a look at the catalog does, until its transaction ends) is no change; those
of one transaction end with it, and can't be set back (PostgreSQL 16 says so itself)."""
_USER = "session_authorization"
_PATIENCE = ("lock_timeout", "statement_timeout")
"""What a migration sets for itself, and is right to."""


@contextmanager
def session(
    database: peewee.Database, place: str, waits: Waits, listener: Listener | None = None
) -> Iterator[_PostgresqlSession]:
    """The database's connection for the migrations of one run; its settings are given back after each."""
    with translated(place, REACH.unavailable):
        is_ours = database.connect(reuse_if_open=True)
        connection = database.connection()
        require_no_transaction(database, _status(database) != _IDLE)
        execute = executor(connection)
        everything = _look(execute, _ALL)
        before = _settings(everything)
        _bound(execute, waits)
        settings = _settings(_look(execute)) if waits.bounds else before
        glance = Glance.first(execute, everything.keys() - {"role", _USER}, before["role"], before[_USER])
    try:
        with interruptible(connection):
            yield _PostgresqlSession(database, place, settings, glance, waits, listener)
    finally:
        if not database.is_closed() and database._state.conn.closed:
            database.dispose()  # The migration closed the connection itself; the next one is fresh.
        elif waits.bounds or not is_ours:
            with suppress(Exception):  # With a connection that is gone, its settings are too.
                _restore(execute, before)


@dataclass(frozen=True, slots=True)
class _PostgresqlSession(Session):
    """A connection that is ready; ``settings`` are those that were set on it."""

    database: Any
    place: str
    settings: Mapping[str, str]
    glance: Glance
    waits: Waits
    listener: Listener | None

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        connection = self.database.connection()
        execute = executor(connection)
        with translated(self.place, REACH.unavailable):
            wait_for(lambda: _locked(execute), lambda: holder(execute), self.place, self.waits.turn_s, self.listener)
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
            with suppress(Exception):
                turn.ended = begun.was_ended()
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
        seen = self.glance.again(begun.execute)
        begun.tell(seen.turn)
        now = seen.home
        if seen.settings != self.glance.was.settings:
            changed = _restore(begun.execute, self.settings)
            if changed:
                begun.turn.notes.append(f"it changed {', '.join(sorted(changed))} of its connection, as before again")
            now = self.glance.again(begun.execute).home
        _require_home(now, home)


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
    commits: bool = False

    def begin(self) -> str | None:
        """Begin it; the schema that is the default one by then is given back."""
        self.database.begin()
        self.token = secrets.token_hex(8)
        at_home = f"coalesce({MARK}::text, current_schema())"
        begun = (
            f"SELECT pg_catalog.set_config('pwmig.turn', {MARK}, true), "
            f"pg_catalog.set_config('pwmig.home', {at_home}, true), "
            f"pg_catalog.pg_try_advisory_xact_lock({MARK}), {usable(at_home)}"
        )
        values = (self.token, self.home, _LOCK, self.home, self.home)
        _, home, is_ours, self.turn.has_asides = ask(self.execute, begun, values)[0]
        if not is_ours:
            self.execute("ROLLBACK")
            raise _shared()
        self.home = home or None
        self.database.push_transaction(self.database.transaction())
        self.beyond = written_beyond(self.execute) if rehearsing() else None
        self.guard = _Guard(self.connection, self.turn)
        return self.home

    def require(self) -> None:
        if not self.turn.apart:
            _require_transaction(self.database)

    def tell(self, token: str | None) -> None:
        """Say what it wrote, as long as that can be asked; ``token`` is what the setting says."""
        if token != self.token:
            raise bad_manners("end its transaction by itself, or to reset all settings, pwmig's too")
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
        self.commits = True
        self.execute("COMMIT")
        self.commits = False

    def was_ended(self) -> bool:
        """Whether something that was not heard may have ended it; asked where the migration stops."""
        if self.commits or self.turn.apart:
            return False
        status = _status(self.database, self.connection)
        return status == _IDLE or (status == _IN_TRANSACTION and _token(self.execute) != self.token)

    @contextmanager
    def outside(self) -> Iterator[None]:
        self.tell(_token(self.execute))
        self.end()
        self.database.pop_transaction()
        with apart(self.turn, self.begin):
            yield


def _shared() -> DatabaseUnavailable:
    """A session has its own locks again; so this transaction is another one's that holds the turn.

    https://www.pgbouncer.org/features.html: with ``pool_mode = transaction`` neither session-level advisory locks nor
    SET reach beyond a transaction.
    """
    return DatabaseUnavailable(
        "this connection is not one connection to the server",
        why="the runner's lock was taken on one and its transaction was begun on another, as a proxy does that gives "
        "them out by the transaction (PgBouncer with pool_mode = transaction): nothing would keep two runners apart",
        way_out="let migrations connect to the server itself, or by a pool with pool_mode = session; nothing was "
        "changed, but the lock may stay until the proxy closes that connection",
    )


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


def _bound(execute: Execute, waits: Waits) -> None:
    """https://www.postgresql.org/docs/current/runtime-config-client.html: both are in milliseconds."""
    for name, seconds in (("lock_timeout", waits.lock_s), ("statement_timeout", waits.statement_s)):
        if seconds is not None:
            execute(f"SET {name} = {max(1, round(seconds * 1000))}")


def _locked(execute: Execute) -> bool:
    return bool(ask(execute, f"SELECT pg_catalog.pg_try_advisory_lock({MARK})", (_LOCK,))[0][0])


def holder(execute: Execute) -> str:
    """Who has the turn: the server tells each role which process that is, but its user and address only to some.

    https://www.postgresql.org/docs/current/view-pg-locks.html: of a lock of one number, ``classid`` holds the upper
    half and ``objid`` the lower one.
    """
    rows = ask(
        execute,
        "SELECT l.pid, a.usename, coalesce(host(a.client_addr), 'this machine'), "
        "to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
        "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
        f"AND l.classid::bigint = {MARK} AND l.objid::bigint = {MARK} "
        "AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())",
        (_LOCK >> 32, _LOCK & 0xFFFFFFFF),
    )
    if not rows:
        return ""
    process, user, address, since = rows[0]
    if since is None:  # The server hides all else of other roles' processes from this one.
        return f"user {user}, server process {process}"
    return f"user {user} at {address}, server process {process}, connected since {since} UTC"


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


def _require_home(now: str | None, home: str | None) -> None:
    """The history is in the first schema of the search path: behind another one it would be out of sight."""
    if now != home:
        raise OperationRefused(
            f"the migration would leave {now!r} the default schema, which was {home!r}",
            why=f"the search path begins with it, and the history of migrations is in {home!r}: nobody would find it",
            way_out=f"create the schema {now!r} by hand before the first migration runs, and write CREATE SCHEMA IF "
            "NOT EXISTS in the migration",
            object=now,
        )


def _token(execute: Execute) -> str | None:
    """By which the transaction that is open says whose turn it is."""
    return execute("SELECT pg_catalog.current_setting('pwmig.turn', true)")[0][0]  # type: ignore[no-any-return]


def _look(execute: Execute, asked: str = _SETTINGS) -> dict[str, str | None]:
    """The settings of the connection; with :data:`_ALL` those too that are not set, as None."""
    return dict(execute(asked))


def _settings(look: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in look.items() if value is not None}


def _restore(execute: Execute, settings: Mapping[str, str]) -> list[str]:
    """Give the connection the settings back that were set on it: no others, and none of them otherwise. Their names."""
    now = _settings(_look(execute))
    changed = [name for name in now.keys() | settings.keys() if now.get(name) != settings.get(name)]
    if _USER in changed:  # Until then others can't be set.
        execute("RESET SESSION AUTHORIZATION")
    for name in changed:
        if name == _USER:
            continue
        if name in settings:
            ask(execute, f"SELECT pg_catalog.set_config({MARK}, {MARK}, false)", (name, settings[name]))
        else:
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
            execute(f"RESET {quoted}")
    return [name for name in changed if name not in _PATIENCE]
