"""A database in this process's memory, handed over to another process by a file."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from pwmig.dialects.sqlite.copy import back_up, folder_of_copies
from pwmig.dialects.sqlite.place import reading_connection, translated
from pwmig.errors import DatabaseUnavailable

__all__ = ["filled", "written"]


@contextmanager
def written(database: peewee.SqliteDatabase) -> Iterator[str]:
    """While entered, a file that holds what the database holds now, as this thread's connection sees it.

    On the main thread, a database that nobody has opened yet is an empty one; on another thread it may be open
    elsewhere, and DatabaseUnavailable is raised.
    """
    if database.is_closed() and threading.current_thread() is not threading.main_thread():
        raise DatabaseUnavailable(
            "the in-memory database is not open here",
            why="each thread has a connection of its own, and an in-memory database lives in one of them",
            way_out="hand it over on the thread that opened it",
        )
    with folder_of_copies() as folder:
        database.connect(reuse_if_open=True)
        path = os.path.join(folder, "memory.sqlite")
        back_up(database.connection(), path)
        yield path


def filled(database: peewee.SqliteDatabase, path: str) -> None:
    """Fill a database, which stays open, with what a file holds."""
    database.connect(reuse_if_open=True)
    with translated(path), reading_connection(path) as source:
        source.backup(database.connection())
