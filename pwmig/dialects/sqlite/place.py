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
from pwmig.waits import to_read

__all__ = [
    "REGISTRIES",
    "anchored",
    "attached_files",
    "busy",
    "file_of",
    "in_wal_mode",
    "is_memory",
    "is_there",
    "read_only",
    "reader_of",
    "reading_connection",
    "reading_form",
    "real_path",
    "size_of",
    "translated",
    "unavailable",
]

REGISTRIES = ("_functions", "_collations", "_aggregates", "_window_functions", "_extensions")
"""Where Peewee holds what the project has registered for each connection."""

_BUSY_S = 5
"""How long one statement of a reading waits for whoever commits meanwhile."""


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


def is_there(path: str) -> bool:
    """Whether there is a file; DatabaseUnavailable where there is no folder that could hold one."""
    if os.path.exists(path):
        return True
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise DatabaseUnavailable(
            f"the database {path} can't be opened",
            why=f"there is no folder {folder}",
            way_out="make the folder, or look at DATABASE_URL",
        )
    return False


def size_of(database: peewee.SqliteDatabase) -> int:
    """The bytes of a database and of what Peewee attaches to it: pages that are still in a write-ahead log too."""
    files = [real_path(file) for file in attached_files(database).values()]
    if is_memory(database):
        with _open_memory(database):
            held = _pages(database.connection())
    else:
        held, files = 0, [real_path(str(database.database)), *files]
    for file in filter(os.path.exists, files):
        with translated(file), reading_connection(file) as connection:
            held += _pages(connection)
    return held


def _pages(connection: sqlite3.Connection) -> int:
    count, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    return count * size


def anchored(name: str, root: str | os.PathLike[str]) -> str:
    """The database name with a relative path in it made absolute, from ``root``."""
    path = file_of(name)
    if os.path.isabs(path):
        return name
    absolute = os.path.join(os.path.abspath(root), path)
    return name.replace(name[5:].partition("?")[0], quote(absolute), 1) if name.startswith("file:") else absolute


@contextmanager
def reading_connection(path: str) -> Iterator[sqlite3.Connection]:
    """A connection to a file that can't change what it holds, and leaves no file beside it."""
    connection = sqlite3.connect(reading_form(path), uri=True, timeout=_BUSY_S)
    try:
        connection.execute("PRAGMA query_only = ON")
        yield connection
    finally:
        connection.close()


def reading_form(path: str) -> str:
    """The ``file:`` URI that opens a file to read only (https://www.sqlite.org/uri.html).

    ``mode=ro``, but where that can't do: a journal that a killed program left has to be rolled back before
    anybody can read (https://www.sqlite.org/lockingv3.html#hot_journals), and on a database in WAL mode that nobody has
    open a connection that can't write would leave its two files behind
    (https://www.sqlite.org/wal.html#read_only_databases).
    """
    path = os.path.realpath(path)  # A journal stands beside the file itself, not beside a link to it.
    mode = "rw" if _left_by_a_killed_writer(path) or _would_leave_wal_files(path) else "ro"
    return f"file:{quote(path)}?mode={mode}"


def _left_by_a_killed_writer(path: str) -> bool:
    if not os.path.exists(path + "-journal"):
        return False
    # Who has it locked is alive: that is told at once.
    connection = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro", uri=True, timeout=0)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        return "readonly" in str(error)
    finally:
        connection.close()
    return False


def _would_leave_wal_files(path: str) -> bool:
    if os.path.exists(path + "-wal") or not in_wal_mode(path):
        return False
    return os.access(path, os.W_OK) and os.access(os.path.dirname(path) or ".", os.W_OK)


def in_wal_mode(path: str) -> bool:
    """Whether a file is a database in WAL mode; leaves no file beside it.

    SQLite itself is asked, which opens no database in that mode without locks, because to open and close the file
    here would end the locks that other connections of this process hold on it
    (https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
    """
    try:
        connection = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro&nolock=1", uri=True)
    except sqlite3.Error:
        return False  # It can't be opened at all, as whoever reads it will hear.
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        return str(error).startswith("unable to open")
    finally:
        connection.close()
    return False


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
    from pwmig.dialects.sqlite.waiting import READS, patiently

    def attempt() -> peewee.SqliteDatabase:
        reader = reader_of(database, timeout=0)
        try:
            reader.connection().execute(READS).fetchone()
            reader.connection().execute(f"PRAGMA busy_timeout = {_BUSY_S * 1000}")
        except BaseException:
            reader.close()
            raise
        return reader

    with translated(path):
        reader = patiently(attempt, path, *to_read())
        try:
            yield reader
        finally:
            reader.close()


def reader_of(database: peewee.SqliteDatabase, **options: Any) -> peewee.SqliteDatabase:
    """A database of the same file to read only, not connected yet; ``options`` are those of ``sqlite3.connect``."""
    form = reading_form(file_of(str(database.database)))
    reader = peewee.SqliteDatabase(form, pragmas={"query_only": 1}, uri=True, **{"timeout": _BUSY_S, **options})
    for registry in REGISTRIES:
        setattr(reader, registry, getattr(database, registry))
    return reader


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
        "is locked by another connection",
        "wait for that program or end it; or close the second connection that the migration itself opened",
    ),
    (
        "database table is locked",
        "is locked by another connection",
        "wait for that program or end it; or close the second connection that the migration itself opened",
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
