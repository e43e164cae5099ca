"""The settings of a connection that a migration may change: heard when it does, and given back behind it.

Those of the file itself, as ``user_version``, are what a migration is for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import peewee

__all__ = ["Pragmas"]

_LIKE = "case_sensitive_like"
_NAMES = frozenset(
    (
        *("query_only", "locking_mode", "recursive_triggers", "ignore_check_constraints", "writable_schema"),
        *("legacy_alter_table", "synchronous", "temp_store", "cache_size", "cache_spill", "max_page_count"),
        *("reverse_unordered_selects", "read_uncommitted", "secure_delete", "busy_timeout", _LIKE),
    )
)


class Pragmas:
    """What a connection was set to before the migrations of a run, and how it is set ``meanwhile``.

    Where it was open before, it is asked at once. One that is opened for the run is set as a new one is: that is asked
    only where a migration changes something.
    """

    def __init__(self, database: peewee.SqliteDatabase, *, was_open: bool, meanwhile: Mapping[str, int]) -> None:
        self.database = database
        self.meanwhile = meanwhile
        self.heard: set[str] = set()
        self._before = _read(database.connection()) if was_open else None
        self._attached = _attached(database.connection()) if was_open else set(database._attached)
        self.attaches = False
        self._mended: list[str] = []

    def hears(self, name: str | None, value: str | None) -> None:
        """A statement that sets one is prepared."""
        if name and value is not None and name.lower() in _NAMES:
            self.heard.add(name.lower())

    def let_write(self) -> None:
        """Inside of a migration's transaction: the history has to be written in it."""
        connection = self.database.connection()
        if "query_only" in self.heard and connection.execute("PRAGMA query_only").fetchone()[0]:
            connection.execute("PRAGMA query_only = OFF")
            self._mended.append("query_only")

    def give_back(self) -> list[str]:
        """Set those back that are not as they were, and let go of files that were attached; in words."""
        connection = self.database.connection()
        mended, self._mended = self._mended, []
        return [*mended, *self._set_back(connection), *self._detached(connection)]

    def _detached(self, connection: sqlite3.Connection) -> list[str]:
        left = sorted(_attached(connection) - self._attached) if self.attaches else []
        self.attaches = False
        for name in left:
            quoted = '"' + name.replace('"', '""') + '"'
            connection.execute(f"DETACH DATABASE {quoted}")
        return [f"the attached {name}" for name in left]

    def _set_back(self, connection: sqlite3.Connection) -> list[str]:
        if not self.heard:
            return []
        wished = {**self._as_before(), **self.meanwhile}
        now = _read(connection)
        changed = sorted(name for name in self.heard if now[name] != wished[name])
        for name in changed:
            with suppress(sqlite3.Error):  # It is no reason to fail behind a commit.
                connection.execute(f"PRAGMA {name} = {wished[name]}")
        if "locking_mode" in changed:
            connection.execute(
                "SELECT 1 FROM sqlite_master LIMIT 1"
            ).fetchall()  # Only then does it let go of its lock.
        self.heard.clear()
        return changed

    def _as_before(self) -> dict[str, Any]:
        if self._before is None:
            fresh = peewee.SqliteDatabase._connect(self.database)  # Of a pool it would be one that is in use.
            try:
                self._before = _read(fresh)
            finally:
                fresh.close()
        return self._before


def _attached(connection: sqlite3.Connection) -> set[str]:
    return {name for _, name, _ in connection.execute("PRAGMA database_list")} - {"main", "temp"}


def _read(connection: sqlite3.Connection) -> dict[str, Any]:
    found = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _NAMES - {_LIKE}}
    return found | {_LIKE: connection.execute("SELECT 'a' NOT LIKE 'A'").fetchone()[0]}
