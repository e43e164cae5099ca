"""Reading a database by a connection of its own that can't write; for whoever reads often, a kept one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.base import Dialect, Readings
from pwmig.dialects.server.asking import executor
from pwmig.dialects.server.connecting import close_for_good, twin
from pwmig.dialects.server.errors import answered, translated
from pwmig.dialects.server.redirect import redirected_to

if TYPE_CHECKING:
    from pwmig.dialects.server.reach import Reach

__all__ = ["KeptReadings", "reading"]

_IDLE_S = 10
"""After so many seconds without a reading, the server closes a kept connection."""


@contextmanager
def reading(database: peewee.Database, reach: Reach, place: str, title: str) -> Iterator[peewee.Database]:
    """A connection of its own that can't write."""
    with answered(place, title), translated(place, reach.unavailable):
        reader = _opened(database, reach)
        try:
            yield reader
        finally:
            close_for_good(reader)


def _opened(database: Any, reach: Reach) -> Any:
    reader = twin(database, reach)
    reader.connect()
    try:
        reach.only_reading(executor(reader.connection()))
    except BaseException:
        close_for_good(reader)
        raise
    return reader


class KeptReadings(Readings):
    """Readings by one kept connection, by one thread at a time; it holds no transaction between them.

    The server ends it after a few seconds without a reading, so it is not long in the way of whoever wants to drop
    the database; the next reading opens another one. Where the server can't, and while a copy stands in, none is kept.
    """

    def __init__(self, dialect: Dialect, reach: Reach) -> None:
        super().__init__(dialect)
        self._reach = reach
        self._turn = threading.Lock()
        self._kept: tuple[Any, Any, Any, int] | None = None

    @contextmanager
    def reading(self, database: peewee.Database) -> Iterator[peewee.Database]:
        if not self._turn.acquire(blocking=False):
            with self._dialect.reading(database) as reader:
                yield reader
            return
        try:
            if redirected_to() is not None:
                with self._dialect.reading(database) as reader:
                    yield reader
            else:
                with self._kept_reading(database) as reader:
                    yield reader
        finally:
            self._turn.release()

    def close(self) -> None:
        if self._turn.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._turn.release()

    @contextmanager
    def _kept_reading(self, database: Any) -> Iterator[Any]:
        place = self._dialect.describe(database)
        with answered(place, self._dialect.title), translated(place, self._reach.unavailable):
            reader, connection = self._renewed(database)
            # The state is this thread's: a rehearsal on another one doesn't find a connection to put aside.
            reader._state.set_connection(connection)
            try:
                yield reader
            except BaseException:
                self._drop()
                raise
            finally:
                reader._state.reset()

    def _renewed(self, database: Any) -> tuple[Any, Any]:
        """The kept connection, or a new one where it leads elsewhere, was closed, or came over a fork."""
        meaning = (database.database, dict(database.connect_params))
        if self._kept is not None:
            reader, connection, kept_for, process = self._kept
            if kept_for == meaning and process == os.getpid() and _answers(connection):
                return reader, connection
            self._drop()
        reader = _opened(database, self._reach)
        connection = reader.connection()
        if self._reach.brief(executor(connection), _IDLE_S):
            self._kept = (reader, connection, meaning, os.getpid())
        reader._state.reset()
        return reader, connection

    def _drop(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None and kept[3] == os.getpid():
            try:
                kept[1].close()
            except Exception:  # The server has closed it already.
                return


def _answers(connection: Any) -> bool:
    try:
        return bool(executor(connection)("SELECT 1"))
    except Exception:
        return False
