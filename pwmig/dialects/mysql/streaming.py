"""The rows of a query a few at a time, where the driver would else read them all."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from pwmig.dialects.server.asking import executor

__all__ = ["stream"]

_ROWS_AT_ONCE = 2_000


def stream(connection: Any, sql: str) -> Iterator[tuple[Any, ...]]:
    """The rows as the server sends them; no other statement may be sent meanwhile."""
    try:
        cursors = import_module("pymysql.cursors")
        cursor = connection.cursor(cursors.SSCursor)
    except (ImportError, TypeError):  # Another driver.
        yield from executor(connection)(sql)
        return
    try:
        cursor.execute(sql)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from (tuple(row) for row in rows)
    finally:
        cursor.close()
