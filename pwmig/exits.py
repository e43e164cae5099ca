"""A migration that would end the process: nothing would be left to say that it did not come to its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pwmig.errors import OperationRefused

__all__ = ["staying"]


@contextmanager
def staying(path: str) -> Iterator[None]:
    """While entered, the code of a file can't end this process by ``os._exit()``; whoever else calls it does.

    So do the processes that it forks: there it is how one ends.
    """
    leave, process = os._exit, os.getpid()

    def guarded(status: int) -> None:
        caller = sys._getframe(1).f_code.co_filename
        if os.getpid() != process or os.path.abspath(caller) != os.path.abspath(path):
            leave(status)
        raise OperationRefused(
            f"it called os._exit({status!r})",
            why="a migration must return, so that its history row can be written; and whoever started the command "
            "would take its exit code for that of the whole run",
            way_out="leave that out, and raise an error where the migration is to stop",
        )

    os._exit = guarded  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = leave
