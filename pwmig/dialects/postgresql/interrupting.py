"""Ctrl-C heard inside a long statement of psycopg 2, which waits in C where Python hears nothing.

psycopg 3 waits in Python and cancels by itself. For psycopg 2, a thread of its own hears of the signal as soon as it
comes (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd), and has the server cancel the statement:
so the wait ends, and Python raises KeyboardInterrupt as ever.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ["interruptible"]

_ENDS = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}


@contextmanager
def interruptible(connection: Any) -> Iterator[None]:
    """While entered on the main thread, Ctrl-C cancels the statement that runs on a connection of psycopg 2."""
    waits_in_c = type(connection).__module__.partition(".")[0] == "psycopg2"
    if not waits_in_c or os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    listener = threading.Thread(target=_listen, args=(reader, connection), daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.write(writer, b"\0")
        listener.join()
        os.close(reader)
        os.close(writer)


def _listen(reader: int, connection: Any) -> None:
    while (number := os.read(reader, 1)) not in (b"", b"\0"):
        if number[0] in _ENDS:
            with suppress(Exception):  # It is closed by now.
                connection.cancel()
