"""How long a run waits: for its turn, for a lock, for a statement to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pwmig.records import dataclass

__all__ = ["MOST_RETRIES", "MOST_S", "USUAL_WAITS", "Waits", "reads_wait", "to_read"]

MOST_S = 2_000_000
"""The longest time that a wait can be given in seconds, some 23 days: databases take milliseconds, in 31 bits."""
MOST_RETRIES = 1_000_000
_LONGEST_PAUSE_S = 30.0
_MOST_DOUBLED = 60


@dataclass(frozen=True, slots=True)
class Waits:
    """In seconds; None: as long as the database lets it.

    ``turn_s``: for another runner to be done, on SQLite for whoever writes. ``lock_s``: of a statement, for a lock that
    somebody else has; where it is not got in time, what the migration did is rolled back, and it is begun again, up to
    ``lock_retries`` times, after pauses that double. ``statement_s``: for a statement to end, which is given up then.
    On SQLite no statement waits for a lock of its own: there is one, for which ``turn_s`` is waited.
    """

    turn_s: float = 60.0
    lock_s: float | None = None
    lock_retries: int = 5
    statement_s: float | None = None

    def require_possible(self) -> None:
        """Raises PlanError for what is no such number, or more than ``MOST_S`` and ``MOST_RETRIES``."""
        seconds = (self.turn_s, *(one for one in (self.lock_s, self.statement_s) if one is not None))
        if all(0 <= one <= MOST_S for one in seconds) and 0 <= self.lock_retries <= MOST_RETRIES:
            return
        from pwmig.errors import PlanError

        raise PlanError(
            f"{self!r} can't be kept to",
            why=f"it takes seconds from 0 to {MOST_S}, and retries from 0 to {MOST_RETRIES}",
            way_out="leave out what is to wait as long as the database lets it",
        )

    @property
    def bounds(self) -> bool:
        """Whether anything but the turn is bounded."""
        return self.lock_s is not None or self.statement_s is not None

    def pause_s(self, tried: int) -> float:
        """How long to leave the lock to others when it was not got for the ``tried``-th time, beginning with 1."""
        return min((self.lock_s or 1.0) * 2.0 ** min(tried - 1, _MOST_DOUBLED), _LONGEST_PAUSE_S)


USUAL_WAITS = Waits()

_READ_S = 5.0
"""So long who only looks waits where another one keeps it even from reading."""
_to_read: ContextVar[tuple[float, Callable[[Any], None] | None]] = ContextVar("to_read", default=(_READ_S, None))


def to_read() -> tuple[float, Callable[[Any], None] | None]:
    """How many seconds a reading waits at most where others keep it from that, and who is to hear that it does."""
    return _to_read.get()


@contextmanager
def reads_wait(seconds: float, listener: Callable[[Any], None] | None = None) -> Iterator[None]:
    """While entered, readings wait so long, and tell the listener."""
    token = _to_read.set((seconds, listener))
    try:
        yield
    finally:
        _to_read.reset(token)
