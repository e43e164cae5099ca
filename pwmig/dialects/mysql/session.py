"""One migration's turn on MariaDB and MySQL: its guard, its end, and what no rollback takes back.

A statement that changes the schema commits what came before it
(https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/). With autocommit off, what follows it is a
transaction again: so the rows that a migration writes behind its last such statement go with its history row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pwmig.dialects.base import Session, Turn, apart
from pwmig.dialects.mysql.beyond import Beyond
from pwmig.dialects.mysql.known import known
from pwmig.dialects.mysql.quoting import literal, quote
from pwmig.dialects.mysql.reach import REACH
from pwmig.dialects.server.asking import MARK, Execute, ask, executor, is_own
from pwmig.dialects.server.beyond import refusal
from pwmig.dialects.server.connecting import opened, twin
from pwmig.dialects.server.errors import driver_error, translated
from pwmig.dialects.server.foresight import Foresight
from pwmig.dialects.server.redirect import redirected_to, rehearsing
from pwmig.dialects.server.tokens import MYSQL
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

__all__ = ["commits", "session"]

_COMMITTING = frozenset(
    (
        *("ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "LOCK", "ANALYZE", "OPTIMIZE"),
        *("REPAIR", "FLUSH", "INSTALL", "UNINSTALL"),
    )
)
_NO_SAVEPOINT = 1305
_SETTINGS = (
    *("sql_mode", "foreign_key_checks", "unique_checks", "time_zone", "character_set_client"),
    *("character_set_connection", "character_set_results", "collation_connection", "default_storage_engine"),
    *("group_concat_max_len", "lock_wait_timeout", "innodb_lock_wait_timeout", "sql_safe_updates", "wait_timeout"),
)


def commits(sql: str) -> bool:
    """Whether a statement commits what came before it; those about temporary tables don't."""
    verb = MYSQL.verb(sql)
    if verb not in _COMMITTING:
        return False
    return not any(token.is_word("TEMPORARY") for token in MYSQL.tokens(sql[:200])[1:4])


@contextmanager
def session(
    database: peewee.Database, place: str, *, wait_s: float, listener: Listener | None = None
) -> Iterator[_MySQLSession]:
    """The database's connection for the migrations of one run; its settings are given back after each."""
    with translated(place, REACH.unavailable):
        database.connect(reuse_if_open=True)
        connection = database.connection()
        require_no_transaction(database, _in_transaction(connection))
        settings = _settings(executor(connection))
    try:
        yield _MySQLSession(database, place, settings, wait_s, listener)
    finally:
        if not database.is_closed() and not _usable(database._state.conn):
            database.dispose()  # It was closed or lost on the way; the next one is fresh.


@dataclass(frozen=True, slots=True)
class _MySQLSession(Session):
    """A connection that is ready; ``settings`` are those it had."""

    database: Any
    place: str
    settings: Mapping[str, Any]
    wait_s: float
    listener: Listener | None

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        connection = self.database.connection()
        execute = executor(connection)
        lock = _lock_name(self.settings["DATABASE()"])
        with translated(self.place, REACH.unavailable):
            wait_for(lambda: _locked(execute, lock), self.place, self.wait_s, self.listener)
        try:
            yield from self._turn(connection, execute)
        finally:
            with suppress(Exception):  # With a connection that is gone, the lock is too.
                ask(execute, f"SELECT RELEASE_LOCK({MARK})", (lock,))

    def _turn(self, connection: Any, execute: Execute) -> Iterator[Turn]:
        database, turn = self.database, ServerTurn()
        execute("SET autocommit = 0")
        execute("START TRANSACTION")
        database.push_transaction(database.transaction())
        turn.foresight = Foresight(MYSQL, lambda: known(execute))
        turn.require_open = checker(database, connection, turn, _usable, _nothing)
        turn.finish = lambda: self._finish(turn, execute)
        guard = _Guard(connection, turn, execute)

        @contextmanager
        def outside() -> Iterator[None]:
            turn.require_open()
            execute("COMMIT")
            with apart(turn, lambda: execute("START TRANSACTION")):
                yield

        turn.outside = outside
        try:
            yield turn
            turn.require_open()
            guard.end()
            execute("COMMIT")
        except BaseException as error:
            guard.end()
            if isinstance(driver_error(error), KeyboardInterrupt):
                self._kill(connection)
            with suppress(Exception):  # A connection that was closed or lost has rolled back by itself.
                execute("ROLLBACK")
            database._clear_commit_callbacks()
            if turn.refused and not isinstance(error, OperationRefused):
                raise turn.refused from error
            raise
        finally:
            if database.in_transaction():
                database.pop_transaction()
            with suppress(Exception):
                execute("SET autocommit = 1")
                _restore(execute, self.settings)
        if redirected_to() is not None:
            database._clear_commit_callbacks()  # They speak to the outside, where nothing was committed.
        database._run_commit_callbacks()

    def _finish(self, turn: ServerTurn, execute: Execute) -> None:
        turn.catch_up()
        _restore(execute, self.settings)

    def _kill(self, connection: Any) -> None:
        """End the connection that was interrupted: the driver lets go of it, but the server would go on."""
        number = connection.thread_id()
        with suppress(Exception), opened(twin(self.database, REACH)) as other:
            executor(other.connection())(f"KILL {int(number)}")


class _Guard:
    """Hears each statement of a connection before it is sent, whichever cursor sends it."""

    def __init__(self, connection: Any, turn: ServerTurn, execute: Execute) -> None:
        self.connection, self.turn = connection, turn
        self.send = connection.query
        self.beyond = Beyond(execute, server=rehearsing()) if redirected_to() is not None else None
        connection.query = self.query
        for name in ("commit", "rollback", "begin"):
            setattr(connection, name, self._refusal(name))

    def end(self) -> None:
        for name in ("query", "commit", "rollback", "begin"):
            vars(self.connection).pop(name, None)

    def query(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        if is_own():
            return self.send(sql, *args, **kwargs)
        text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace")
        tried = ends_transaction(MYSQL, text, several=False)
        if tried is not None:
            self.turn.refused = bad_manners(f"{tried} by itself")
            raise self.turn.refused
        if self.beyond is not None and (beyond := self.beyond.reached(text)):
            self.turn.refused = refusal(beyond)
            raise self.turn.refused
        self.turn.hears(text)
        self.turn.committed = self.turn.committed or commits(text)
        try:
            return self.send(sql, *args, **kwargs)
        except Exception as error:
            if self.turn.committed and _of_savepoint(text) and error.args[:1] == (_NO_SAVEPOINT,):
                return self.send("DO 0")  # It went when a statement committed, and nothing is left to be done.
            raise

    def _refusal(self, name: str) -> Callable[[], None]:
        def refuse() -> None:
            if is_own():
                return
            self.turn.refused = bad_manners(f"{name.upper()} by itself")
            raise self.turn.refused

        return refuse


def _of_savepoint(sql: str) -> bool:
    return MYSQL.verb(sql) in ("RELEASE", "ROLLBACK")


def _lock_name(database: str) -> str:
    """Of the database alone, and short: MySQL takes at most 64 letters."""
    return "pwmig:" + hashlib.sha256(database.encode()).hexdigest()[:40]


def _locked(execute: Execute, name: str) -> bool:
    return bool(ask(execute, f"SELECT GET_LOCK({MARK}, 0)", (name,))[0][0])


def _in_transaction(connection: Any) -> bool:
    return bool(connection.server_status & 1) if hasattr(connection, "server_status") else False


def _usable(connection: Any) -> bool:
    return bool(getattr(connection, "open", True))


def _settings(execute: Execute) -> dict[str, Any]:
    names = ", ".join(f"@@{name}" for name in _SETTINGS)
    row = execute(f"SELECT DATABASE(), {names}")[0]
    return dict(zip(("DATABASE()", *_SETTINGS), row, strict=True))


def _restore(execute: Execute, settings: Mapping[str, Any]) -> None:
    """Give the connection back what it was set to, the database that it stands in first."""
    now = _settings(execute)
    for name, value in settings.items():
        if now[name] == value:
            continue
        if name == "DATABASE()":
            execute(f"USE {quote(value)}")
        else:
            execute(f"SET SESSION {name} = {literal(value, backslashes=False) if isinstance(value, str) else value}")


def _nothing() -> None:
    """What has to be so besides the connection: where a statement may commit, no transaction tells of anything."""
