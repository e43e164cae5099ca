"""Trying again what got no lock in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any

from pwmig.plan import Event
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.waits import Waits

__all__ = ["Retrying", "tried_by_others"]

_BY_OTHERS: ContextVar[bool] = ContextVar("tried_by_others", default=False)


@contextmanager
def tried_by_others() -> Iterator[None]:
    """While entered, somebody else has a number of tries for what gets no lock: two would multiply."""
    token = _BY_OTHERS.set(True)
    try:
        yield
    finally:
        _BY_OTHERS.reset(token)


@dataclass(slots=True)
class Retrying:
    """How often, and with which pauses; the listener hears of each. ``tries``: how often the last thing was tried."""

    waits: Waits
    listener: Listener | None
    tries: int = 1

    def tried(self, attempt: Callable[[], Any], got_no_lock: Callable[[BaseException], bool]) -> Any:
        for tried in count(1):
            self.tries = tried
            try:
                return attempt()
            except Exception as error:
                if _BY_OTHERS.get() or not self.again(tried) or not got_no_lock(error):
                    raise
            self.pause(tried)
        raise AssertionError("there is always another number")

    def again(self, tried: int) -> bool:
        return self.waits.lock_s is not None and tried <= self.waits.lock_retries

    def pause(self, tried: int) -> None:
        pause_s = self.waits.pause_s(tried)
        if self.listener:
            text = (
                f"a lock was not got within {self.waits.lock_s:g} s; trying again in {pause_s:g} s "
                f"({tried} of {self.waits.lock_retries})"
            )
            self.listener(Event("wait", text=text))
        time.sleep(pause_s)
