"""What a step sends to the database, statement by statement, as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from pwmig.plan import Event, Statement

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Listener

__all__ = ["Recorder"]

_MARKS = frozenset({"SAVEPOINT", "RELEASE", "ROLLBACK"})
_QUIET = _MARKS | {"SELECT", "PRAGMA", "EXPLAIN", "VALUES", "SHOW", "DESCRIBE", ""}
"""Statements that only look, or only mark a place: they are run and timed, but not part of what a step did."""


class Recorder:
    """Listens to a database's ``execute_sql`` while entered; keeps the statements that change something.

    ``ahead`` is called with each such statement before it is sent, ``check`` before that: it raises where no
    statement may follow. ``begins`` is called before every statement, one that only looks too. ``current`` is the
    statement under way, or the last one that failed; ``savepoints`` are those that were begun and not ended.
    ``skip``, where set, may give the result of a statement, which is not sent then; ``told`` hears the result of one
    that was.
    """

    def __init__(
        self,
        database: peewee.Database,
        migration: str,
        listener: Listener | None,
        ahead: Callable[[str, Sequence[Any]], None] | None = None,
        check: Callable[[], None] | None = None,
        begins: Callable[[], None] | None = None,
    ) -> None:
        self.database = database
        self.migration = migration
        self.listener = listener
        self.ahead = ahead
        self.check = check
        self.begins = begins
        self.statements: list[Statement] = []
        self.current: str | None = None
        self.savepoints: list[str] = []
        self.skip: Callable[[str], Any] | None = None
        self.told: Callable[[Any], None] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        send, before = self.database.execute_sql, vars(self.database).get("execute_sql")

        def execute_sql(sql: str, params: Any = None, **options: Any) -> Any:
            """As Peewee's; ``options`` are those that a class of playhouse's takes beside it."""
            sender = partial(send, **options) if options else send
            if self.begins:
                self.begins()
            verb = _verb(sql)
            if verb in _MARKS:
                self._mark(verb, sql)
            return sender(sql, params) if verb in _QUIET else self._record(sender, sql, params)

        self.database.execute_sql = execute_sql
        try:
            yield
        finally:
            del self.database.execute_sql
            if before is not None:
                self.database.execute_sql = before

    def _mark(self, verb: str, sql: str) -> None:
        name = sql.split()[-1].rstrip(";")
        if verb == "SAVEPOINT":
            self.savepoints.append(name)
        elif name in self.savepoints:  # Those that were begun in it end with it.
            del self.savepoints[self.savepoints.index(name) :]

    def _record(self, send: Callable[[str, Any], Any], sql: str, params: Any) -> Any:
        values = tuple(params) if params else ()
        if self.check:
            self.check()
        if self.skip is not None and (known := self.skip(sql)) is not None:
            return known
        if self.ahead:
            self.ahead(sql, values)
        if self.listener:
            self.listener(Event("statement", self.migration, sql, done=len(self.statements)))
        self.current = sql
        started = time.perf_counter()
        cursor = send(sql, params)
        elapsed = time.perf_counter() - started
        self.current = None
        if self.told is not None:
            self.told(cursor)
        count = getattr(cursor, "rowcount", -1)
        self.statements.append(Statement(sql, values, elapsed, count if count is not None and count >= 0 else None))
        return cursor


def _verb(sql: str) -> str:
    words = sql.lstrip().split(None, 1)
    return words[0].rstrip("(;").upper() if words else ""
