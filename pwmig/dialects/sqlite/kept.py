"""One connection kept from one reading to the next, for whoever reads a database again and again.

SQLite reads the whole catalog anew for each connection: at a thousand tables that is half of what it costs to look at
one. Between two readings nothing is read and no lock is held, so others write, change the journal mode or put another
file in the place as if nobody had the file open; the next reading looks whether they did.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import peewee

from pwmig.dialects.base import Dialect, Readings
from pwmig.dialects.sqlite.copy import rehearsing
from pwmig.dialects.sqlite.place import (
    REGISTRIES,
    file_of,
    in_wal_mode,
    is_memory,
    read_only,
    reader_of,
    real_path,
    translated,
)
from pwmig.records import dataclass

__all__ = ["MOST_KEPT", "KeptReadings"]

MOST_KEPT = 4
"""Connections that a process keeps at most; those that were used last."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A connection, the Peewee database that lends it, what it was opened for and by which process."""

    reader: peewee.SqliteDatabase
    connection: sqlite3.Connection
    meaning: tuple[Any, ...]
    process: int


_in_use_last: dict[KeptReadings, None] = {}
_of_parents: list[_Kept] = []
"""Connections that a fork has brought along: not even to be closed in the child
(https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_)."""


class KeptReadings(Readings):
    """Readings by one kept connection, by one thread at a time.

    A reading has a connection of its own where another thread has the kept one, and of a database that can't be
    read without a trace unless the connection is closed: one in WAL mode, or with a journal beside it.
    """

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        self._kept: _Kept | None = None
        self._turn = threading.Lock()

    @contextmanager
    def reading(self, database: peewee.Database) -> Iterator[peewee.Database]:
        if not self._turn.acquire(blocking=False):
            with read_only(database) as reader:
                yield reader
            return
        try:
            with self._kept_reading(database) if _can_be_kept(database) else self._other_reading(database) as reader:
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
    def _other_reading(self, database: peewee.SqliteDatabase) -> Iterator[peewee.SqliteDatabase]:
        self._drop()
        with read_only(database) as reader:
            yield reader

    @contextmanager
    def _kept_reading(self, database: peewee.SqliteDatabase) -> Iterator[peewee.SqliteDatabase]:
        with translated(file_of(str(database.database))):
            kept = self._renewed(database)
            # The state is this thread's: a rehearsal on another one doesn't find a connection to put aside.
            kept.reader._state.set_connection(kept.connection)
            try:
                yield kept.reader
            except BaseException:
                self._drop()
                raise
            finally:
                kept.reader._state.reset()

    def _renewed(self, database: peewee.SqliteDatabase) -> _Kept:
        """The kept connection, or a new one where it leads to something else by now."""
        meaning = _meaning(database)
        if self._kept is None or self._kept.meaning != meaning or self._kept.process != os.getpid():
            self._drop()
            self._kept = _opened(database, meaning)
        _in_use_last.pop(self, None)
        _in_use_last[self] = None
        for other in list(_in_use_last)[:-MOST_KEPT]:
            other.close()
        return self._kept

    def _drop(self) -> None:
        kept, self._kept = self._kept, None
        _in_use_last.pop(self, None)
        if kept is None:
            return
        if kept.process == os.getpid():
            kept.connection.close()
        else:
            _of_parents.append(kept)


def _can_be_kept(database: peewee.SqliteDatabase) -> bool:
    """Whether nobody notices a connection that stays open between two readings; where a copy stands in, it does."""
    if os.name != "posix" or is_memory(database) or rehearsing():
        return False
    path = real_path(str(database.database))
    beside = (path + "-journal", path + "-wal")
    return os.path.isfile(path) and not any(map(os.path.exists, beside)) and not in_wal_mode(path)


def _meaning(database: peewee.SqliteDatabase) -> tuple[Any, ...]:
    """What a connection is made for: the file, as it was written last, and what the project registers on it.

    SQLite itself sees what other connections commit, but not that a backup was copied over the file.
    """
    path = real_path(str(database.database))
    found = os.stat(path)
    file = (path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    return file, tuple(copy(getattr(database, name)) for name in REGISTRIES)


def _opened(database: peewee.SqliteDatabase, meaning: tuple[Any, ...]) -> _Kept:
    reader = reader_of(database, check_same_thread=False)
    reader.connect()
    connection = reader.connection()
    reader._state.reset()
    return _Kept(reader, connection, meaning, os.getpid())
