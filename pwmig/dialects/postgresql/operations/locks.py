"""Locks that are not got: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.errors import driver_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pwmig.dialects.server.operations.server import Server

__all__ = ["holders", "is_about_lock", "is_canceled", "sqlstate", "waiting_for"]

_NOT_AVAILABLE, _DEADLOCK, _CANCELED = "55P03", "40P01", "57014"
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_HOLDERS = f"""
SELECT a.pid, a.usename, a.application_name, a.state, string_agg(DISTINCT l.mode, ', ' ORDER BY l.mode),
  c.relname, extract(epoch FROM now() - a.xact_start)::int
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid() AND c.oid = {MARK}
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY a.pid, a.usename, a.application_name, a.state, c.relname, a.xact_start ORDER BY a.xact_start
"""


_OLD = """
SELECT a.pid, a.usename, a.application_name, a.state, extract(epoch FROM now() - a.xact_start)::int
FROM pg_stat_activity a
WHERE a.backend_xmin IS NOT NULL AND a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND a.backend_type = 'client backend' ORDER BY a.xact_start
"""
"""Who reads the database as it was, for which an index that is made concurrently waits, whatever they read:
https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"""


def is_about_lock(error: BaseException) -> bool:
    return sqlstate(error) in (_NOT_AVAILABLE, _DEADLOCK)


def is_canceled(error: BaseException) -> bool:
    """Whether a statement was given up: by ``statement_timeout``, or by somebody."""
    return sqlstate(error) == _CANCELED


def sqlstate(error: BaseException) -> str | None:
    """What kind of error the server says it is, whichever driver tells."""
    cause = driver_error(error)
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)


@contextmanager
def waiting_for(server: Server, seconds: float) -> Iterator[None]:
    """While entered, statements of the session wait so long for a lock, whatever transactions end meanwhile."""
    before = server.ask("SELECT current_setting('lock_timeout')")[0][0]
    server.ask(f"SET lock_timeout = {max(1, round(seconds * 1000))}")
    try:
        yield
    finally:
        server.ask(f"SET lock_timeout = '{before}'")


def holders(server: Server, tables: Iterable[str], *, also_old: bool = False) -> list[str]:
    """Who has a lock on a table, in words, without what they run: it may hold values.

    ``also_old``: and who else reads the database as it was some time ago.
    """
    found: dict[int, str] = {}
    for name in tables:
        place = server.get(name)
        for pid, user, program, state, modes, table, since in server.ask(_HOLDERS, [place.oid]) if place else ():
            words = f"{_who(pid, user, program, state, since)}, {modes} on {table}"
            found[pid] = f"{found[pid]}; {words}" if pid in found else words
    for pid, user, program, state, since in server.ask(_OLD) if also_old else ():
        found.setdefault(pid, f"{_who(pid, user, program, state, since)}, which reads the database as it was before")
    return list(found.values())


def _who(pid: int, user: str, program: str, state: str | None, since: int | None) -> str:
    by = f" by {program}" if program else ""
    age = f" for {since} s" if since is not None else ""
    return f"process {pid} of {user}{by} ({state or 'no state'}{age})"
