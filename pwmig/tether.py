"""The command line on a tether: ``python -m pwmig.tether status`` ends when its standard input is closed.

Whoever starts it holds the other end of a pipe: closing it interrupts the command, which rolls back what it
is in, and a parent that dies closes it as well.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

from pwmig.cli import main as run_command
from pwmig.worker import interrupt_main

__all__ = ["GRACE_S", "main"]

GRACE_S = 5.0
"""How long an interrupted command may take to end, in seconds; then its process ends at once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the command line, as long as standard input is open, and return its exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tether = os.dup(0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_hold, args=(tether,), name="pwmig-tether", daemon=True).start()
    return run_command(arguments)


def _hold(tether: int) -> None:
    """On a thread: when the tether is cut, interrupt the main thread; end for certain a while later."""
    while os.read(tether, 1024):
        pass
    interrupt_main()
    threading.Event().wait(GRACE_S)
    os._exit(2)


if __name__ == "__main__":
    sys.exit(main())
