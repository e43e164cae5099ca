"""Waiting for whoever keeps all others from a SQLite file: one that commits without WAL, or that locks it exclusively.

SQLite's own time-out neither tells of that nor can be interrupted, so each attempt is one without it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import peewee

from pwmig.dialects.sqlite.place import busy
from pwmig.errors import DatabaseUnavailable
from pwmig.plan import Event

__all__ = ["READS", "await_readable", "patiently"]

READS = "PRAGMA user_version"
"""The least that is a reading: of the file's head alone (https://www.sqlite.org/pragma.html#pragma_user_version)."""
_POLL_S = 0.05

_T = TypeVar("_T")


def patiently(
    attempt: Callable[[], _T], path: str, wait_s: float, listener: Callable[[Event], None] | None = None
) -> _T:
    """What the attempt gives, made again and again while another connection holds the file.

    Raises DatabaseUnavailable after ``wait_s`` seconds.
    """
    started, told = time.monotonic(), False
    while True:
        try:
            return attempt()
        except (peewee.OperationalError, sqlite3.OperationalError) as error:
            waited = time.monotonic() - started
            if not busy(error):
                raise
            if waited >= wait_s:
                raise DatabaseUnavailable(
                    f"the database {path} is locked by another connection",
                    why=f"waited {waited:.1f} s to read it; SQLite says: {error}",
                    way_out="wait for that program or end it, then run this again; nothing was changed",
                ) from error
        if listener and not told:
            text = f"another program lets nobody read {path}; waiting for at most {wait_s:g} s"
            listener(Event("wait", text=text))
            told = True
        time.sleep(_POLL_S)


def await_readable(path: str, wait_s: float, listener: Callable[[Event], None] | None = None) -> None:
    """Wait until the file can be read, where there is one: by who is about to write to it."""

    def attempt() -> Any:
        with closing(sqlite3.connect(path, timeout=0)) as connection:
            return connection.execute(READS).fetchone()

    if os.path.exists(path):
        patiently(attempt, path, wait_s, listener)
