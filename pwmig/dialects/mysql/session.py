"""One migration's turn on MariaDB and MySQL: its guard, its end, and what no rollback takes back.

A statement that changes the schema commits what came before it
(https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/). With autocommit off, what follows it is a
transaction again: so the rows that a migration writes behind its last such statement go with its history row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pwmig.dialects.base import Session, Turn, apart
from pwmig.dialects.mysql.beyond import Beyond
from pwmig.dialects.mysql.known import known
from pwmig.dialects.mysql.manners import Manners
from pwmig.dialects.mysql.operations.locks import is_timeout
from pwmig.dialects.mysql.quoting import literal, quote
from pwmig.dialects.mysql.reach import REACH
from pwmig.dialects.mysql.turns import holder, lock_name, locked
from pwmig.dialects.server.asking import MARK, Execute, ask, executor, is_own
from pwmig.dialects.server.beyond import refusal
from pwmig.dialects.server.connecting import opened, twin
from pwmig.dialects.server.errors import driver_error, lost, translated
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
from pwmig.errors import OperationRefused, PwmigError
from pwmig.records import dataclass
from pwmig.retrying import Retrying

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Listener
    from pwmig.waits import Waits

__all__ = ["commits", "commits_failing", "session"]

_COMMITTING = frozenset(
    (
        *("ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "LOCK", "ANALYZE", "OPTIMIZE"),
        *("UNLOCK", "REPAIR", "FLUSH", "INSTALL", "UNINSTALL"),
    )
)
_NO_SAVEPOINT = 1305
_NOT_READ = (1064, 1149)
"""A text that is no SQL: the server fails before it commits (https://mariadb.com/kb/en/mariadb-error-code-reference/)."""
_FROM_HERE = range(2000, 3000)
"""Errors of the client: what the server did, it did not hear."""
_ENDED = (1053, 1077, 1927)
"""The server is shut down, or the connection was killed."""
_SETTINGS = (
    *("sql_mode", "foreign_key_checks", "unique_checks", "time_zone", "character_set_client"),
    *("character_set_connection", "character_set_results", "collation_connection", "default_storage_engine"),
    *("group_concat_max_len", "lock_wait_timeout", "innodb_lock_wait_timeout", "sql_safe_updates", "wait_timeout"),
)


def commits(sql: str) -> bool:
    """Whether a statement commits what came before it; those about temporary tables don't."""
    verb = MYSQL.verb(sql)
    if verb == "SET" and (inner := _under_settings(sql)):
        return commits(inner)
    if verb not in _COMMITTING:
        return False
    return not any(token.is_word("TEMPORARY") for token in MYSQL.tokens(sql[:200])[1:4])


def _under_settings(sql: str) -> str:
    """The statement that SET STATEMENT runs under settings (https://mariadb.com/kb/en/set-statement/)."""
    tokens = MYSQL.tokens(sql)
    if len(tokens) < 2 or not tokens[1].is_word("STATEMENT"):
        return ""
    return next((sql[token.end :] for token in tokens if token.is_word("FOR")), "")


def commits_failing(error: BaseException) -> bool | None:
    """Whether a statement that commits did so although it failed; None where the server did not say that it failed."""
    while isinstance(error, PwmigError) and error.__cause__ is not None:
        error = error.__cause__
    told = driver_error(error)
    number = told.args[0] if told.args else None
    if type(number) is not int or lost(told) or number in _FROM_HERE or number in _ENDED:
        return None
    return number not in _NOT_READ


@contextmanager
def session(
    database: peewee.Database, place: str, waits: Waits, listener: Listener | None = None
) -> Iterator[_MySQLSession]:
    """The database's connection for the migrations of one run; its settings are given back after each."""
    with translated(place, REACH.unavailable):
        database.connect(reuse_if_open=True)
        connection = database.connection()
        require_no_transaction(database, _in_transaction(connection))
        execute = executor(connection)
        before = _bound(execute, waits)
        settings = _settings(execute)
    try:
        yield _MySQLSession(database, place, settings, waits, listener)
    finally:
        if not database.is_closed() and not _usable(database._state.conn):
            database.dispose()  # It was closed or lost on the way; the next one is fresh.
        else:
            with suppress(Exception):  # With a connection that is gone, its settings are too.
                for name, value in before.items():
                    execute(f"SET SESSION {name} = {value}")


@dataclass(frozen=True, slots=True)
class _MySQLSession(Session):
    """A connection that is ready; ``settings`` are those it had."""

    database: Any
    place: str
    settings: Mapping[str, Any]
    waits: Waits
    listener: Listener | None

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        connection = self.database.connection()
        execute = executor(connection)
        lock = lock_name(self.settings["DATABASE()"])
        with translated(self.place, REACH.unavailable):
            turn = (lambda: locked(execute, lock), lambda: holder(execute, lock))
            wait_for(*turn, self.place, self.waits.turn_s, self.listener)
        try:
            yield from self._turn(connection, execute, lock)
        finally:
            with suppress(Exception):  # With a connection that is gone, the lock is too.
                ask(execute, f"SELECT RELEASE_LOCK({MARK})", (lock,))

    def _turn(self, connection: Any, execute: Execute, lock: str) -> Iterator[Turn]:
        database, turn = self.database, ServerTurn()
        manners = Manners(connection, turn, execute, lock)
        execute("SET autocommit = 0")
        execute("START TRANSACTION")
        database.push_transaction(database.transaction())
        turn.foresight = Foresight(MYSQL, lambda: known(execute))
        turn.require_open = checker(database, connection, turn, _usable, _nothing)
        turn.finish = lambda: self._finish(turn, execute, manners)
        guard = _Guard(connection, turn, execute, Retrying(self.waits, self.listener), manners)

        @contextmanager
        def outside() -> Iterator[None]:
            turn.require_open()
            if turn.journal is not None:
                turn.journal.forgo()
            execute("COMMIT")
            with apart(turn, lambda: execute("START TRANSACTION")):
                yield

        turn.outside = outside
        is_over = False
        try:
            yield turn
            turn.require_open()
            guard.end()
            execute("COMMIT")
            is_over = True  # And what was left on the connection has been set right ahead of that.
        except BaseException as error:
            guard.end()
            if isinstance(driver_error(error), KeyboardInterrupt):
                self._kill(connection)
            with suppress(Exception):  # A connection that was closed or lost has rolled back by itself.
                execute("ROLLBACK")
                if turn.journal is not None:
                    turn.journal.stopped()
                    execute("COMMIT")
            database._clear_commit_callbacks()
            if turn.refused and not isinstance(error, OperationRefused):
                raise turn.refused from error
            raise
        finally:
            if database.in_transaction():
                database.pop_transaction()
            with suppress(Exception):
                execute("SET autocommit = 1")
            if not is_over:
                with suppress(Exception):
                    manners.set_right()
                with suppress(Exception):
                    _restore(execute, self.settings)
        if redirected_to() is not None:
            database._clear_commit_callbacks()  # They speak to the outside, where nothing was committed.
        database._run_commit_callbacks()

    def _finish(self, turn: ServerTurn, execute: Execute, manners: Manners) -> None:
        turn.catch_up()
        manners.set_right()
        manners.require_lock()
        _restore(execute, self.settings)

    def _kill(self, connection: Any) -> None:
        """End the connection that was interrupted: the driver lets go of it, but the server would go on."""
        number = connection.thread_id()
        with suppress(Exception), opened(twin(self.database, REACH)) as other:
            executor(other.connection())(f"KILL {int(number)}")


class _Guard:
    """Hears each statement of a connection before it is sent, whichever cursor sends it."""

    def __init__(
        self, connection: Any, turn: ServerTurn, execute: Execute, retrying: Retrying, manners: Manners
    ) -> None:
        self.connection, self.turn, self.retrying, self.manners = connection, turn, retrying, manners
        self.sent = connection.query
        self.execute = execute
        self.beyond = Beyond(execute, server=rehearsing()) if redirected_to() is not None else None
        connection.query = self.query
        for name in ("commit", "rollback", "begin", "autocommit"):
            setattr(connection, name, self._refusal(name))

    def end(self) -> None:
        for name in ("query", "commit", "rollback", "begin", "autocommit"):
            vars(self.connection).pop(name, None)

    def send(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        """Send a statement; where it does not get its lock in time, it is taken back alone, and sent again.

        With https://mariadb.com/kb/en/innodb-system-variables/#innodb_rollback_on_timeout all that the transaction did
        before is taken back with it, unless the statement has committed that.
        """

        def may_try(error: BaseException) -> bool:
            if not is_timeout(error):
                return False
            text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace")
            return commits(text) or not int(self.execute("SELECT @@innodb_rollback_on_timeout")[0][0])

        try:
            return self.retrying.tried(lambda: self.sent(sql, *args, **kwargs), may_try)
        except Exception:
            self.turn.tries = self.retrying.tries
            raise

    def query(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace")
        journal = self.turn.journal if not self.turn.apart else None
        if is_own():
            if journal is not None and (commits(text) or text == "COMMIT"):
                journal.ahead(text, commits=True, own=True)
            return self.send(sql, *args, **kwargs)
        tried = ends_transaction(MYSQL, text, several=False)
        if tried is not None:
            self.turn.refused = bad_manners(f"{tried} by itself")
            raise self.turn.refused
        if self.beyond is not None and (beyond := self.beyond.reached(text)):
            self.turn.refused = refusal(beyond)
            raise self.turn.refused
        self.turn.hears(text)
        committing = commits(text)
        self.turn.committed = self.turn.committed or committing
        if journal is not None:
            journal.ahead(text, commits=committing, own=False)
        try:
            sent = self.manners.send(text, lambda: self.send(sql, *args, **kwargs))
            self.turn.changed_by = text if committing else self.turn.changed_by
            if journal is not None:
                journal.done()
            return sent
        except Exception as error:
            if journal is not None and not lost(driver_error(error)):
                journal.failed()
            if self.turn.committed and _of_savepoint(text) and error.args[:1] == (_NO_SAVEPOINT,):
                return self.send("DO 0")  # It went when a statement committed, and nothing is left to be done.
            raise

    def _refusal(self, name: str) -> Callable[[], None]:
        def refuse(*_: Any) -> None:
            if is_own():
                return
            self.turn.refused = bad_manners(f"{name.upper()} by itself")
            raise self.turn.refused

        return refuse


def _of_savepoint(sql: str) -> bool:
    return MYSQL.verb(sql) in ("RELEASE", "ROLLBACK")


def _bound(execute: Execute, waits: Waits) -> dict[str, Any]:
    """Bound what a statement waits and takes, and give the settings that were there.

    Locks in whole seconds. MySQL ends statements that only read, and no others
    (https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_max_execution_time).
    """
    wanted: dict[str, float] = {}
    if waits.lock_s is not None:
        wanted |= dict.fromkeys(("lock_wait_timeout", "innodb_lock_wait_timeout"), max(1, math.ceil(waits.lock_s)))
    if waits.statement_s is not None:
        is_mariadb = "mariadb" in str(execute("SELECT VERSION()")[0][0]).lower()
        time = (
            ("max_statement_time", waits.statement_s)
            if is_mariadb
            else ("max_execution_time", waits.statement_s * 1000)
        )
        wanted[time[0]] = time[1] if is_mariadb else max(1, round(time[1]))
    before = {}
    for name, value in wanted.items():
        before[name] = execute(f"SELECT @@SESSION.{name}")[0][0]
        execute(f"SET SESSION {name} = {value}")
    return before


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
