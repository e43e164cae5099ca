"""Where a SQLite database is, how it is read without a trace, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote

import peewee

from pwmig.errors import DatabaseUnavailable, PwmigError

__all__ = ["attached_files", "file_of", "is_memory", "read_only", "readable_form", "real_path", "translated"]


def is_memory(database: peewee.SqliteDatabase) -> bool:
    """Whether the database lives in its connection (or a shared cache) instead of a file."""
    name = str(database.database)
    return name in ("", ":memory:") or "mode=memory" in name or name.startswith("file::memory:")


def file_of(name: str) -> str:
    """The file that a SQLite database name or ``file:`` URI means."""
    if not name.startswith("file:"):
        return name
    path = name[5:].partition("?")[0].partition("#")[0]
    if path.startswith("//"):
        path = "/" + path[2:].partition("/")[2]
    return unquote(path)


def real_path(name: str) -> str:
    return os.path.realpath(file_of(name))


def attached_files(database: peewee.SqliteDatabase) -> dict[str, str]:
    """The files that Peewee attaches to each connection, by the name they are attached as."""
    attached: dict[str, str] = getattr(database, "_attached", {})
    return {name: str(file) for name, file in attached.items() if str(file) not in ("", ":memory:")}


def readable_form(path: str) -> str:
    """The ``file:`` URI that opens a file to read only (https://www.sqlite.org/uri.html)."""
    return f"file:{quote(os.path.abspath(path))}?mode=ro"


@contextmanager
def read_only(database: peewee.SqliteDatabase) -> Iterator[peewee.SqliteDatabase]:
    """A connection of its own that can't write; an in-memory database is read where it is.

    The project's pragmas are not set on it (``journal_mode`` would write); its own functions and
    collations are, since an index or a view may need them.
    """
    if is_memory(database):
        with _open_memory(database):
            yield database
        return
    path = file_of(str(database.database))
    if not os.path.exists(path):
        raise DatabaseUnavailable(
            f"there is no database at {path}",
            why="the file does not exist, and reading must not make it",
            way_out="pwmig migrate makes it; or look at DATABASE_URL",
        )
    reader = peewee.SqliteDatabase(readable_form(path), uri=True, timeout=5)
    for registry in ("_functions", "_collations", "_aggregates", "_window_functions", "_extensions"):
        setattr(reader, registry, getattr(database, registry))
    with translated(path):
        reader.connect()
        try:
            yield reader
        finally:
            reader.close()


@contextmanager
def _open_memory(database: peewee.SqliteDatabase) -> Iterator[None]:
    # Closing the connection of an in-memory database would empty it, so it stays open.
    database.connect(reuse_if_open=True)
    yield


# How SQLite's messages about a whole database begin (https://www.sqlite.org/rescode.html). One about a statement
# may hold the same words: `no such table: full_names`.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    ("unable to open database", "can't be opened", "look whether its folder exists and may be entered and written"),
    (
        "attempt to write a readonly database",
        "can't be written",
        "look at the permissions of the file and its folder, and for mode=ro in the URL",
    ),
    (
        "file is not a database",
        "is no SQLite database",
        "look at DATABASE_URL: another file is meant, or this one is damaged",
    ),
    ("database disk image is malformed", "is damaged", "PRAGMA integrity_check tells where; bring back a copy"),
    ("malformed database schema", "is damaged", "PRAGMA integrity_check tells where; bring back a copy"),
    (
        "database is locked",
        "is locked by another program",
        "wait for it or end it, then try again; nothing was changed",
    ),
    (
        "database table is locked",
        "is locked by another program",
        "wait for it or end it, then try again; nothing was changed",
    ),
    ("database or disk is full", "has no room left on its disk", "make room, then try again; nothing was changed"),
    ("disk i/o", "can't be read or written", "look at the disk and at the permissions of the file's folder"),
)


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn the driver's errors about the database as a whole into DatabaseUnavailable."""
    try:
        yield
    except PwmigError:
        raise
    except (peewee.DatabaseError, sqlite3.Error) as error:
        meaning = unavailable(path, error)
        if meaning is None:
            raise
        raise meaning from error


def unavailable(path: str, error: BaseException) -> DatabaseUnavailable | None:
    """What an error says of the database as a whole; None where it speaks of a statement."""
    text = str(error)
    if not isinstance(error, (peewee.OperationalError, peewee.DatabaseError, sqlite3.Error)):
        return None
    for beginning, what, way_out in _MEANINGS:
        if text.lower().startswith(beginning):
            return DatabaseUnavailable(f"the database {path} {what}", why=f"SQLite says: {text}", way_out=way_out)
    return None


def busy(error: BaseException) -> bool:
    """Whether an error says that another connection holds the lock, so that waiting may help."""
    text = str(error).lower()
    return "database is locked" in text or "database table is locked" in text


def rows_of(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    return list(connection.execute(sql).fetchall())
