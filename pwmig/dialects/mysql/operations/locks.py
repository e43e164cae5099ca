"""Locks that are not got: https://mariadb.com/kb/en/metadata-locking/"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pwmig.dialects.server.errors import driver_error
from pwmig.retrying import tried_by_others

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Server

__all__ = ["has_overrun", "holders", "is_about_lock", "is_deadlock", "is_timeout", "waiting_for"]

_TIMED_OUT, _DEADLOCK = 1205, 1213
_OVERRUN = (1969, 3024)
"""MariaDB's ``max_statement_time``, MySQL's ``max_execution_time``."""
_SETTINGS = ("lock_wait_timeout", "innodb_lock_wait_timeout")


def is_about_lock(error: BaseException) -> bool:
    cause = driver_error(error)
    return bool(cause.args) and cause.args[0] in (_TIMED_OUT, _DEADLOCK)


def is_timeout(error: BaseException) -> bool:
    """Whether a statement alone was given up; a deadlock takes the whole transaction back, what was kept in it too."""
    return bool(driver_error(error).args) and driver_error(error).args[0] == _TIMED_OUT


def has_overrun(error: BaseException) -> bool:
    """Whether a statement was given up since it took longer than it may."""
    return bool(driver_error(error).args) and driver_error(error).args[0] in _OVERRUN


def is_deadlock(error: BaseException) -> bool:
    """Whether the server took the whole transaction back, since it and another one waited for each other."""
    return bool(driver_error(error).args) and driver_error(error).args[0] == _DEADLOCK


@contextmanager
def waiting_for(server: Server, seconds: float) -> Iterator[None]:
    """While entered, statements of the connection wait so long for a lock, rounded up to whole seconds."""
    before = server.ask("SELECT " + ", ".join(f"@@SESSION.{name}" for name in _SETTINGS))[0]
    for name in _SETTINGS:
        server.ask(f"SET SESSION {name} = {max(1, math.ceil(seconds))}")
    try:
        with tried_by_others():
            yield
    finally:
        for name, value in zip(_SETTINGS, before, strict=True):
            server.ask(f"SET SESSION {name} = {int(value)}")


def holders(server: Server) -> list[str]:
    """Who has a transaction open, in words, without what they run; without the right to see it, nobody.

    Which of them has the lock, the server tells by a plugin alone, which few have.
    """
    try:
        rows = server.ask(
            "SELECT p.ID, p.USER, p.DB, TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) "
            "FROM information_schema.INNODB_TRX t "
            "JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id "
            "WHERE p.ID <> CONNECTION_ID() ORDER BY t.trx_started"
        )
    except Exception:  # Of the driver's: it takes the right PROCESS.
        return []
    return [f"perhaps connection {number} of {user} in {db} (a transaction open for {age} s)"
            for number, user, db, age in rows]  # fmt: skip
