"""Apply the migrations of the current folder with one runner; print the CPU time of each, in milliseconds, as JSON.

It runs as a script in a process of its own: ``python steps.py pwmig`` or ``python steps.py pwmigrate``.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from typing import Any


def ours() -> list[float]:
    """Each migration's CPU time in pwmig, from the end of the one before."""
    from pwmig import Project

    moments: list[float] = []

    def listen(event: Any) -> None:
        if event.kind == "step-done" or not moments:
            moments.append(time.process_time())

    Project.open(".").apply(listener=listen)
    return _differences(moments)


def peer() -> list[float]:
    """Each migration's CPU time in the peer, from the end of the one before."""
    from playhouse.migrations import Runner

    sys.path.insert(0, ".")
    from db.settings import database

    moments: list[float] = []

    class TimedRunner(Runner):
        def _run(self, *args: Any, **kwargs: Any) -> None:
            if not moments:
                moments.append(time.process_time())
            super()._run(*args, **kwargs)
            moments.append(time.process_time())

    TimedRunner(database, "db/migrations").up()
    return _differences(moments)


def _differences(moments: list[float]) -> list[float]:
    return [(later - earlier) * 1000 for earlier, later in pairwise(moments)]


if __name__ == "__main__":
    print(json.dumps({"pwmig": ours, "pwmigrate": peer}[sys.argv[1]]()))
