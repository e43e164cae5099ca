"""Every Peewee object of this process that points at a database, pointed at another one of the same server.

Two objects point at one database where the server says so, however each spells its address. A connection that leads
to the original is closed again before anything but that question was sent, and made to the stand-in instead.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any

from pwmig.dialects.server.asking import executor
from pwmig.dialects.server.connecting import close_for_good, empty_pool, opened, twin
from pwmig.errors import RehearsalRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.server.reach import Reach

__all__ = ["as_original", "direct", "pointed_at", "redirected_to", "rehearsing"]


@dataclass(slots=True)
class _Redirection:
    """``name`` stands in for the database that is ``original``; ``strict``: no other one may be opened meanwhile.

    ``led_there`` are the Peewee databases that were connected to the stand-in.
    """

    reach: Reach
    original: tuple[Any, ...]
    name: str
    strict: bool
    thread: int = field(default_factory=threading.get_ident)
    led_there: list[Any] = field(default_factory=list)


_active: _Redirection | None = None
_mine = threading.local()


def redirected_to() -> str | None:
    """The database that stands in at the moment, None where none does."""
    return _active.name if _active is not None else None


def rehearsing() -> bool:
    """Whether one stands in for which nothing else may be reached."""
    return _active is not None and _active.strict


def as_original(text: str) -> str:
    """What is said of the database that stands in, said of the one that it stands in for: tables without its name."""
    if _active is None or _active.name not in text:
        return text
    for qualifier in (f"`{_active.name}`.", f"{_active.name}."):
        text = text.replace(qualifier, "")
    return text.replace(_active.name, str(_active.original[-1]))


@contextmanager
def direct() -> Iterator[None]:
    """While entered, this thread's connections lead where they say: for pwmig's own."""
    before = getattr(_mine, "direct", False)
    _mine.direct = True
    try:
        yield
    finally:
        _mine.direct = before


@contextmanager
def pointed_at(database: Any, name: str, reach: Reach, *, strict: bool = True) -> Iterator[None]:
    """While entered, what points at ``database`` points at the database ``name``; ``database`` is connected to it."""
    redirection = _Redirection(reach, _who_is(database, reach), name, strict)
    with _redirected(redirection), _set_aside(redirection):
        database.connect()
        try:
            yield
        finally:
            for other in (database, *redirection.led_there):
                close_for_good(other)


def _who_is(database: Any, reach: Reach) -> tuple[Any, ...]:
    with direct(), opened(twin(database, reach)) as asked:
        return reach.who(executor(asked.connection()))


@contextmanager
def _redirected(redirection: _Redirection) -> Iterator[None]:
    """Let Peewee connect to the stand-in."""
    global _active
    if _active is not None:
        raise RehearsalRefused(
            "another database stands in for the project's in this process already",
            why="a rehearsal, or a test with a migrated database, is under way",
            way_out="wait for its end, or rehearse in a process of its own",
        )
    base = redirection.reach.base
    theirs = base._connect

    def original(database: Any) -> Any:
        with _by_peewee():
            return theirs(database)

    def connect(self: Any) -> Any:
        connection = original(self)
        if getattr(_mine, "direct", False):
            return connection
        who = redirection.reach.who(executor(connection))
        if who == redirection.original:
            connection.close()
            return _stand_in(self, redirection, original)
        if who[-1] != redirection.name and redirection.strict and threading.get_ident() == redirection.thread:
            connection.close()
            raise _reached_past(who)
        return connection

    _active = redirection
    base._connect = connect
    try:
        with _guarded_doors(redirection):
            yield
    finally:
        base._connect = theirs
        _active = None


@contextmanager
def _by_peewee() -> Iterator[None]:
    """While entered, this thread's connections are those that Peewee makes."""
    before = getattr(_mine, "by_peewee", False)
    _mine.by_peewee = True
    try:
        yield
    finally:
        _mine.by_peewee = before


@contextmanager
def _guarded_doors(redirection: _Redirection) -> Iterator[None]:
    """Refuse the connections that a migration makes past Peewee: they would lead to what is really there."""
    with ExitStack() as stack:
        for place, name in redirection.reach.doors if redirection.strict else ():
            module, _, inner = place.partition(":")
            holder = sys.modules.get(module)
            holder = getattr(holder, inner, None) if inner else holder
            if holder is not None and hasattr(holder, name):
                stack.enter_context(_guarded_door(holder, name, redirection))
        yield


@contextmanager
def _guarded_door(holder: Any, name: str, redirection: _Redirection) -> Iterator[None]:
    kept, open_door = vars(holder)[name], getattr(holder, name)

    def guarded(*args: Any, **kwargs: Any) -> Any:
        by_peewee = getattr(_mine, "by_peewee", False) or getattr(_mine, "direct", False)
        if not by_peewee and threading.get_ident() == redirection.thread:
            raise RehearsalRefused(
                "the migration opened a connection by itself",
                why="a rehearsal must not reach the real database, and this way passes by Peewee",
                way_out="use the project's `database` (also for raw SQL): then a rehearsal works on the copy",
            )
        return open_door(*args, **kwargs)

    setattr(holder, name, guarded)
    try:
        yield
    finally:
        setattr(holder, name, kept)


def _stand_in(database: Any, redirection: _Redirection, connect: Any) -> Any:
    """A connection to the stand-in; before the first statement it is asked where it leads."""
    name, params = database.database, database.connect_params
    database.database, more = redirection.reach.named(database, redirection.name)
    database.connect_params = {**params, **more}
    try:
        connection = connect(database)
    finally:
        database.database, database.connect_params = name, params
    who = redirection.reach.who(executor(connection))
    if who[-1] != redirection.name:
        connection.close()
        raise _reached_past(who)
    redirection.led_there.append(database)
    return connection


def _reached_past(who: tuple[Any, ...]) -> RehearsalRefused:
    return RehearsalRefused(
        f"the rehearsal would have reached the database {who[-1]}",
        why="a rehearsal works on a copy of the project's database, and there is none of that one",
        way_out="leave it out of the migration, or apply without a rehearsal",
    )


@contextmanager
def _set_aside(redirection: _Redirection) -> Iterator[None]:
    """Put this thread's open connections and idle pools aside, and give them back afterwards."""
    with ExitStack() as stack:
        for database in _peewee_databases(redirection.reach.base):
            if _leads_to(database, redirection):
                stack.enter_context(_connection_aside(database))
        yield


def _peewee_databases(base: type[Any]) -> list[Any]:
    return [thing for thing in gc.get_objects() if issubclass(type(thing), base)]


def _leads_to(database: Any, redirection: _Redirection) -> bool:
    """Whether a connection that a Peewee object holds, in use or idle, leads to the original."""
    held = [entry[2] for entry in getattr(database, "_connections", [])]
    if not database.is_closed():
        held.insert(0, database._state.conn)
    for connection in held:
        try:
            if redirection.reach.who(executor(connection)) == redirection.original:
                return True
        except Exception:  # It is closed, or in a transaction that has failed; then its name has to do.
            if str(database.database) == str(redirection.original[-1]):
                return True
    return False


@contextmanager
def _connection_aside(database: Any) -> Iterator[None]:
    state = database._state
    kept = {name: getattr(state, name) for name in ("closed", "conn", "ctx", "transactions", "commit_callbacks")}
    pool = {name: getattr(database, name) for name in ("_connections", "_in_use") if hasattr(database, name)}
    state.reset()
    empty_pool(database)
    try:
        yield
    finally:
        close_for_good(database)
        for name, value in kept.items():
            setattr(state, name, value)
        for name, held in pool.items():
            setattr(database, name, held)
