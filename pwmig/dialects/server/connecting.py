"""Another database of the same server, reached as the project's own is: same host, same user, same options."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwmig.dialects.server.reach import Reach

__all__ = ["close_for_good", "empty_pool", "opened", "twin"]


def twin(database: Any, reach: Reach, name: str | None = None, **options: Any) -> Any:
    """A Peewee database of the same kind and server, not connected: of the database ``name``, else of the same one."""
    made = copy(database)
    for heard in ("execute_sql", "_connect"):
        made.__dict__.pop(heard, None)  # Who listens to the other one does not listen to this.
    made._state = type(database._state)()
    made._lock = threading.Lock() if database.thread_safe else database._lock
    made.query_hooks = []
    made.connect_params = {**database.connect_params, **options}
    empty_pool(made)
    if name is not None:
        made.database, params = reach.named(made, name)
        made.connect_params.update(params)
    return made


def empty_pool(database: Any) -> None:
    """Let a pooled database forget its connections, without closing them."""
    if hasattr(database, "_connections"):
        database._connections, database._in_use = [], {}


@contextmanager
def opened(database: Any) -> Iterator[Any]:
    """While entered, a twin is connected; its connection is closed at the end, and goes to no pool."""
    database.connect()
    try:
        yield database
    finally:
        close_for_good(database)


def close_for_good(database: Any) -> None:
    """Close this thread's connection and those of a pool: what went on in them is over, errors of closing too."""
    connections = [entry[2] for entry in getattr(database, "_connections", [])]
    connections += [entry.connection for entry in getattr(database, "_in_use", {}).values()]
    if not database.is_closed() and not any(one is database._state.conn for one in connections):
        connections.append(database._state.conn)
    empty_pool(database)
    database._state.reset()
    for connection in connections:
        try:
            connection.close()
        except Exception:  # It is closed already, or its server is gone.
            continue
