"""A process that outlives its parent, to clean up after it: ``python watchdog.py``.

It reads folders from its standard input, one a line. When the other end of that pipe is closed (the parent closed it,
or died of whatever it was), it kills every process that names one of the folders on its command line, with all that
these started, and removes the folders. Programs that run there must therefore name their folder.
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Collection
from pathlib import Path

import psutil

PATIENCE = 10.0
"""Seconds that processes get to be gone after they were killed."""

COURTESY = 2.0
"""Seconds that a server gets to leave by itself."""


def end(process: psutil.Process) -> None:
    """Kill a process and all that it started, without a chance to tidy up: it is stopped before its children die."""
    try:
        process.suspend()
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, PATIENCE)


def residents(folders: Collection[Path]) -> list[psutil.Process]:
    """The processes of this machine that name one of ``folders`` on their command line."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or () for folder in folders)
    ]


def ask_to_leave(processes: Collection[psutil.Process]) -> None:
    """Have PostgreSQL end at once but give back its shared memory, which the system keeps for a killed one."""
    for process in processes:
        try:
            process.send_signal(signal.SIGQUIT)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, COURTESY)


def clean(folders: Collection[Path]) -> None:
    """End what runs in ``folders``, and remove them."""
    ask_to_leave(residents(folders))
    until = time.monotonic() + PATIENCE
    while (found := residents(folders)) and time.monotonic() < until:
        for process in found:
            end(process)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    folders = [Path(line.rstrip("\n")) for line in sys.stdin]
    if folders:
        clean(folders)


if __name__ == "__main__":
    main()
