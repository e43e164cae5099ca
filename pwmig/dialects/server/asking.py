"""Questions straight on a driver's connection: what pwmig asks for itself is not part of a migration's record."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import peewee

__all__ = ["MARK", "Execute", "ask", "executor", "is_own", "marks", "on", "own_statements"]

Execute = Callable[..., list[tuple[Any, ...]]]
"""``execute(sql, params=())`` runs one statement and gives its rows."""

MARK = "\0"
"""Where a value stands in a statement for :func:`ask`: no name and no text of a server holds this letter."""

_mine = threading.local()


def executor(connection: Any) -> Execute:
    """Statements on a connection of psycopg or pymysql; a ``%`` is an ordinary letter where there are no params."""

    def execute(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with own_statements():
            cursor = connection.cursor()
            try:
                cursor.execute(sql, tuple(params) or None)
                return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            finally:
                cursor.close()

    return execute


@contextmanager
def own_statements() -> Iterator[None]:
    """While entered, the statements that this thread sends are pwmig's own."""
    before, _mine.own = is_own(), True
    try:
        yield
    finally:
        _mine.own = before


def is_own() -> bool:
    """Whether the statement that this thread sends at the moment is pwmig's own: its guards let that pass."""
    return bool(getattr(_mine, "own", False))


def on(database: peewee.Database) -> Execute:
    """Statements on the connection that this thread has of a database."""
    return executor(database.connection())


def ask(execute: Execute, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a statement whose values stand at its marks; names in it are as they are, percent signs too."""
    if not values:
        return execute(sql)
    return execute(sql.replace("%", "%%").replace(MARK, "%s"), tuple(values))


def marks(count: int) -> str:
    """So many marks, as a list of values."""
    return ", ".join([MARK] * count)
