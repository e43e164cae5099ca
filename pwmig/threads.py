"""Threads beside a migration's own: Peewee would give each a connection of its own, which commits by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pwmig.errors import ThreadRefused

if TYPE_CHECKING:
    import peewee

__all__ = ["one_thread", "thread_refused"]


def thread_refused() -> ThreadRefused:
    return ThreadRefused(
        "the migration used the database from a thread of its own",
        why="each thread has a connection of its own, outside the migration's transaction",
        way_out="do the work in migrate_forward() or migrate_backward() itself",
    )


@contextmanager
def one_thread(database: peewee.Database, hear: Callable[[ThreadRefused], None]) -> Iterator[None]:
    """While entered, a thread that begins meanwhile gets no connection of this database: it is refused.

    The error is raised in that thread, where nobody may hear of it, so ``hear`` is called with it too. Threads that
    were there before are the application's, and go on.
    """
    known = {threading.current_thread(), *threading.enumerate()}
    held = vars(database)
    connect, before = database._connect, held.get("_connect")

    def guarded() -> Any:
        if threading.current_thread() in known:
            return connect()
        error = thread_refused()
        hear(error)
        raise error

    held["_connect"] = guarded
    try:
        yield
    finally:
        held.pop("_connect", None)
        if before is not None:
            held["_connect"] = before
