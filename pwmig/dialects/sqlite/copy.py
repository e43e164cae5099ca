"""A copy of a SQLite database for a rehearsal, and every Peewee object pointed at it.

The copy is made by SQLite's online backup (https://www.sqlite.org/backup.html) from a connection
that can only read. While the rehearsal lasts, a Peewee database of this process that would open
the real file opens the copy instead. Another connection of the ``sqlite3`` module to it is refused; one that was open
before can't be, so the original is looked at again afterwards.
"""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.base import Copy
from pwmig.dialects.sqlite.place import (
    attached_files,
    file_of,
    is_memory,
    reading_connection,
    reading_form,
    real_path,
    translated,
)
from pwmig.dialects.sqlite.seeing.keys import key_of
from pwmig.dialects.sqlite.texts.tokens import quote
from pwmig.errors import RehearsalRefused
from pwmig.plan import Event
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.schema import Table

__all__ = ["SqliteCopy", "back_up", "copied", "folder_of_copies", "rehearsing", "standing_in"]

_PREFIX = "pwmig-rehearsal-"
_PAGES_A_STEP = 2048
_NO_SYNC = "PRAGMA main.synchronous = OFF"
"""A copy that is lost with the machine harms nobody: so nothing of it has to reach the disk before going on."""


@dataclass(slots=True)
class _Redirection:
    """Which copy stands for which real database: by file, or by object for one in memory.

    Where there is a ``folder``, any other file that a Peewee database opens on the thread of the
    rehearsal is copied into it as well, when it is opened.
    """

    files: dict[str, str] = field(default_factory=dict)
    objects: dict[int, str] = field(default_factory=dict)
    folder: str = ""
    thread: int = field(default_factory=threading.get_ident)

    def copy_of(self, database: peewee.SqliteDatabase) -> str | None:
        """The copy that a Peewee database is to open, or None for one that is to open what it names."""
        if id(database) in self.objects:
            return self.objects[id(database)]
        return None if is_memory(database) else self.copy_of_file(real_path(str(database.database)))

    def copy_of_file(self, real: str) -> str | None:
        if real not in self.files and self.folder and threading.get_ident() == self.thread:
            if os.path.dirname(real) == os.path.realpath(self.folder):
                return None
            self.add(real, f"other-{len(self.files)}.sqlite", None)
        return self.files.get(real)

    def add(self, real: str, name: str, listener: Listener | None) -> None:
        copy = os.path.join(self.folder, name)
        _copy_file(real, copy, listener)
        self.files[real] = copy


class SqliteCopy(Copy):
    """The copy at ``path`` beside the original that it was made of.

    Losses are counted against ``_before``: the original (in ``_memory``, or a file), or what the copy held when it
    settled.
    """

    def __init__(self, original: peewee.SqliteDatabase, path: str) -> None:
        self._memory = original.connection() if is_memory(original) else None
        self._original = "" if is_memory(original) else real_path(str(original.database))
        self._path = path
        self._before: str | sqlite3.Connection = self._original if self._memory is None else self._memory
        self._print = self._fingerprint()

    def settle(self) -> None:
        self._before = os.path.join(os.path.dirname(self._path), "before.sqlite")
        _copy_file(self._path, self._before, None)

    def rows_lost(self, before: Table, after: Table | None) -> int:
        if not self._exists():
            return 0
        key = key_of(before)
        if after is None or not isinstance(self._before, str) or not key or not _has_columns(after, key):
            return max(0, self._count(before.name) - (self._count_after(after.name) if after else 0))
        pairs = " AND ".join(f"b.{quote(name)} IS a.{quote(name)}" for name in key)
        sql = (
            f"SELECT count(*) FROM original.{quote(before.name)} AS b "
            f"WHERE NOT EXISTS (SELECT 1 FROM main.{quote(after.name)} AS a WHERE {pairs})"
        )
        with self._beside(self._before) as connection:
            return int(connection.execute(sql).fetchone()[0])

    def values_lost(self, table: str, column: str) -> int:
        return self._count(table, quote(column)) if self._exists() else 0

    def original_changed(self) -> bool:
        return self._fingerprint() != self._print

    def _exists(self) -> bool:
        return not isinstance(self._before, str) or os.path.exists(self._before)

    def _count(self, table: str, what: str = "*") -> int:
        if not isinstance(self._before, str):
            return int(self._before.execute(f"SELECT count({what}) FROM {quote(table)}").fetchone()[0])
        with self._beside(self._before) as connection:
            return int(connection.execute(f"SELECT count({what}) FROM original.{quote(table)}").fetchone()[0])

    @contextmanager
    def _beside(self, before: str) -> Iterator[sqlite3.Connection]:
        """The copy, with what was before attached to it: who opens that by itself meanwhile is a migration."""
        with reading_connection(self._path) as connection:
            connection.execute("ATTACH ? AS original", (reading_form(before),))
            yield connection

    def _count_after(self, table: str) -> int:
        with reading_connection(self._path) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {quote(table)}").fetchone()[0])

    def _fingerprint(self) -> tuple[object, ...]:
        """What tells a database from itself at another time, without reading it."""
        if self._memory is not None:
            return (self._memory.total_changes,)
        looks = []
        for file in (self._original, self._original + "-wal"):
            try:
                found = os.stat(file)
                looks.append((found.st_size, found.st_mtime_ns, found.st_ino))
            except FileNotFoundError:
                looks.append((0, 0, 0))
        return tuple(looks)


def _has_columns(table: Table, key: tuple[str, ...]) -> bool:
    """Whether the rows of a table can be found by a key that another had: its columns, or the rowid of both."""
    return all(table.column(name) for name in key) or key == key_of(table)


_active: _Redirection | None = None
_hooked = False


def rehearsing() -> bool:
    """Whether this process works on a copy at the moment."""
    return _active is not None


@contextmanager
def copied(database: peewee.SqliteDatabase, listener: Listener | None = None) -> Iterator[SqliteCopy]:
    """While entered, this process's Peewee databases that point at ``database`` point at a copy."""
    with folder_of_copies() as folder:
        copy = SqliteCopy(database, os.path.join(folder, "main.sqlite"))
        with _pointed_at(database, _copy_all(database, folder, listener), folder):
            yield copy


@contextmanager
def folder_of_copies() -> Iterator[str]:
    """A temporary folder; those that killed processes have left are removed first."""
    _remove_leftovers()
    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def standing_in(database: peewee.SqliteDatabase, path: str | os.PathLike[str]) -> Iterator[None]:
    """While entered, the file at ``path`` (made where it is not there) stands in for ``database``."""
    stand_in = os.path.abspath(path)
    redirection = _Redirection()
    if is_memory(database):
        redirection.objects[id(database)] = stand_in
    else:
        redirection.files[real_path(str(database.database))] = stand_in
    with _pointed_at(database, redirection, os.path.dirname(stand_in)):
        yield


@contextmanager
def blanked(database: peewee.SqliteDatabase) -> Iterator[None]:
    """While entered, this process's Peewee databases that point at ``database`` point at an empty file.

    What it attaches is empty too; any other file is copied when it is opened, as in a rehearsal.
    """
    with folder_of_copies() as folder:
        redirection = _Redirection(folder=folder)
        if is_memory(database):
            redirection.objects[id(database)] = os.path.join(folder, "main.sqlite")
        else:
            redirection.files[real_path(str(database.database))] = os.path.join(folder, "main.sqlite")
        for number, file in enumerate(attached_files(database).values()):
            redirection.files[real_path(file)] = os.path.join(folder, f"attached-{number}.sqlite")
        with _pointed_at(database, redirection, folder):
            yield


@contextmanager
def _pointed_at(database: peewee.SqliteDatabase, redirection: _Redirection, folder: str) -> Iterator[None]:
    with _redirected(redirection), _set_aside(redirection):
        _ask_who_it_is(database, folder)
        try:
            yield
        finally:
            _close(database)


def _copy_all(database: peewee.SqliteDatabase, folder: str, listener: Listener | None) -> _Redirection:
    redirection = _Redirection(folder=folder)
    if is_memory(database):
        database.connect(reuse_if_open=True)
        redirection.objects[id(database)] = os.path.join(folder, "main.sqlite")
        back_up(database.connection(), redirection.objects[id(database)], listener)
    else:
        redirection.add(real_path(str(database.database)), "main.sqlite", listener)
    for number, file in enumerate(attached_files(database).values()):
        redirection.add(real_path(file), f"attached-{number}.sqlite", listener)
    return redirection


def _copy_file(real: str, copy: str, listener: Listener | None) -> None:
    if not os.path.exists(real):
        return  # The first migration makes the real one; the rehearsal makes the copy.
    with translated(real), reading_connection(real) as source:
        back_up(source, copy, listener)


def back_up(source: sqlite3.Connection, copy: str, listener: Listener | None = None) -> None:
    """Write what a connection's database holds to a file that is not there yet; the listener hears of the pages."""

    def progress(status: int, remaining: int, total: int) -> None:
        if listener:
            listener(Event("copy", text="copying the database", done=total - remaining, total=total))

    target = sqlite3.connect(copy)
    try:
        target.execute(_NO_SYNC)
        source.backup(target, pages=_PAGES_A_STEP, progress=progress, sleep=0.01)
    finally:
        target.close()


@contextmanager
def _redirected(redirection: _Redirection) -> Iterator[None]:
    """Let Peewee connect to the copies, and refuse every other way to the real files."""
    global _active
    if _active is not None:
        raise RehearsalRefused(
            "another database stands in for the project's in this process already",
            why="a rehearsal, or a test with a migrated database, is under way",
            way_out="wait for its end, or rehearse in a process of its own",
        )
    _hook()
    original = peewee.SqliteDatabase._connect

    def connect(self: peewee.SqliteDatabase) -> Any:
        with _pointing(self, redirection) as copy:
            connection = original(self)
        if copy and redirection.folder:
            connection.execute(_NO_SYNC)
        return connection

    _active = redirection
    peewee.SqliteDatabase._connect = connect
    try:
        yield
    finally:
        peewee.SqliteDatabase._connect = original
        _active = None


@contextmanager
def _pointing(database: peewee.SqliteDatabase, redirection: _Redirection) -> Iterator[str | None]:
    """For the moment of connecting, the database's names are those of the copies."""
    name, attached = database.database, getattr(database, "_attached", {})
    copy = redirection.copy_of(database)
    if copy is not None:
        database.database = copy
    database._attached = {key: _attached_copy(redirection, str(file)) for key, file in attached.items()}
    try:
        yield copy
    finally:
        database.database, database._attached = name, attached


def _attached_copy(redirection: _Redirection, file: str) -> str:
    return file if file in ("", ":memory:") else redirection.copy_of_file(real_path(file)) or file


@contextmanager
def _set_aside(redirection: _Redirection) -> Iterator[None]:
    """Put this thread's open connections and idle pools aside, and give them back afterwards."""
    with ExitStack() as stack:
        for database in _peewee_databases():
            if redirection.copy_of(database) is not None:
                stack.enter_context(_connection_aside(database))
        yield


def _peewee_databases() -> list[peewee.SqliteDatabase]:
    return [thing for thing in gc.get_objects() if issubclass(type(thing), peewee.SqliteDatabase)]


@contextmanager
def _connection_aside(database: peewee.SqliteDatabase) -> Iterator[None]:
    state = database._state
    kept = {name: getattr(state, name) for name in ("closed", "conn", "ctx", "transactions", "commit_callbacks")}
    pool = {name: getattr(database, name) for name in ("_connections", "_in_use") if hasattr(database, name)}
    state.reset()
    for name, held in pool.items():
        setattr(database, name, type(held)())
    try:
        yield
    finally:
        _close(database)
        for name, value in kept.items():
            setattr(state, name, value)
        for name, held in pool.items():
            setattr(database, name, held)


def _close(database: peewee.SqliteDatabase) -> None:
    """Close a connection to the copy for good, out of a pool too."""
    idle = [entry[2] for entry in getattr(database, "_connections", [])]
    in_use = [entry.connection for entry in getattr(database, "_in_use", {}).values()]
    connections = [*idle, *in_use] if hasattr(database, "_connections") else []
    if not database.is_closed():
        connections.append(database._state.conn)
    for connection in connections:
        try:
            connection.close()
        except sqlite3.Error:
            continue
    if hasattr(database, "_connections"):
        database._connections, database._in_use = [], {}
    database._state.reset()


def _ask_who_it_is(database: peewee.SqliteDatabase, folder: str) -> None:
    """Before the first statement: the connection must be to a file of the rehearsal's folder."""
    database.connect()
    place = os.path.realpath(folder)
    for _, name, file in database.connection().execute("PRAGMA database_list"):
        if file and os.path.dirname(os.path.realpath(file)) != place:
            raise RehearsalRefused(
                f"the rehearsal would have reached {file}",
                why=f"the database attaches it as {name}, and it is no copy",
                way_out="attach it with database.attach(), so that pwmig can copy it too",
            )


def _hook() -> None:
    global _hooked
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True


def _audit(event: str, args: tuple[Any, ...]) -> None:
    """Refuse a connection of the sqlite3 module to a real file while its copy is in use."""
    if _active is None or event != "sqlite3.connect":
        return
    name = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes, os.PathLike)) else ""
    if name and name != ":memory:" and "mode=ro" not in name and os.path.realpath(file_of(name)) in _active.files:
        raise RehearsalRefused(
            f"the migration opened {file_of(name)} by itself",
            why="a rehearsal must not reach the real database, and this way passes by Peewee",
            way_out="use the project's `database` (also for raw SQL): then a rehearsal works on the copy",
        )


def _remove_leftovers() -> None:
    """Remove the folders of rehearsals that were killed: their process is gone."""
    place = tempfile.gettempdir()
    for name in os.listdir(place):
        if name.startswith(_PREFIX):
            owner = name[len(_PREFIX) :].partition("-")[0]
            if owner.isdigit() and not _alive(int(owner)):
                shutil.rmtree(os.path.join(place, name), ignore_errors=True)


def _alive(process_id: int) -> bool:
    if os.name != "posix":
        return True  # Signal 0 would end a process on Windows; its temporary folder is cleaned by the system.
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
