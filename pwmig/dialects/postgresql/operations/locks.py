"""Locks that are not got: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.errors import driver_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pwmig.dialects.server.operations.server import Server

__all__ = ["holders", "is_about_lock"]

_NOT_AVAILABLE, _DEADLOCK = "55P03", "40P01"

_HOLDERS = f"""
SELECT a.pid, a.usename, a.application_name, a.state, string_agg(DISTINCT l.mode, ', ' ORDER BY l.mode),
  c.relname, extract(epoch FROM now() - a.xact_start)::int
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid() AND c.oid = {MARK}
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY a.pid, a.usename, a.application_name, a.state, c.relname, a.xact_start ORDER BY a.xact_start
"""


def is_about_lock(error: BaseException) -> bool:
    cause = driver_error(error)
    return (getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)) in (_NOT_AVAILABLE, _DEADLOCK)


def holders(server: Server, tables: Iterable[str]) -> list[str]:
    """Who has a lock on a table, in words, without what they run: it may hold values."""
    found = []
    for name in tables:
        place = server.get(name)
        for pid, user, program, state, modes, table, since in server.ask(_HOLDERS, [place.oid]) if place else ():
            by = f" by {program}" if program else ""
            age = f" for {since} s" if since is not None else ""
            found.append(f"process {pid} of {user}{by} ({state or 'no state'}{age}), {modes} on {table}")
    return found
