"""Apply the migrations of the current folder with one runner; print the time of each, in milliseconds, as JSON.

It runs as a script in a process of its own: ``python steps.py pwmig CLOCK [LAST]`` (or ``pwmigrate`` as the runner),
CLOCK being the function of the module ``time`` to go by, LAST the name of the last migration to apply.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any


def ours(clock: Callable[[], float], last: str | None) -> list[float]:
    """Each migration's time in pwmig, from the end of the one before."""
    from pwmig import Project

    moments: list[float] = []

    def listen(event: Any) -> None:
        if event.kind == "step-done" or not moments:
            moments.append(clock())

    Project.open(".").apply(to=last, listener=listen)
    return _differences(moments)


def peer(clock: Callable[[], float], last: str | None) -> list[float]:
    """Each migration's time in the peer, from the end of the one before."""
    from playhouse.migrations import Runner

    sys.path.insert(0, ".")
    from db.settings import database

    moments: list[float] = []

    class TimedRunner(Runner):
        def _run(self, *args: Any, **kwargs: Any) -> None:
            if not moments:
                moments.append(clock())
            super()._run(*args, **kwargs)
            moments.append(clock())

    TimedRunner(database, "db/migrations").up(last)
    return _differences(moments)


def _differences(moments: list[float]) -> list[float]:
    return [(later - earlier) * 1000 for earlier, later in pairwise(moments)]


if __name__ == "__main__":
    _, runner, clock, *to = sys.argv
    timed = {"pwmig": ours, "pwmigrate": peer}[runner]
    print(json.dumps(timed(getattr(time, clock), to[0] if to else None)))
