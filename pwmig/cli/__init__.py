"""The command line: reads what a person wishes, calls a verb of the project, prints its records.

Exit codes: 0 fine; 1 there is something to do or to look at; 2 an error. What is imported here, every command pays
for: ``parser`` knows the commands by name, and loads the one that is run.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from pwmig.cli.parser import parser
from pwmig.cli.showing import ERROR, print_json
from pwmig.errors import PwmigError, redact

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; without ``arguments`` it is this process's own, and ends it."""
    _prepare_streams()
    if arguments is not None:
        return _main(arguments)
    gc.set_threshold(100_000)  # Importing modules makes many objects, and hardly any garbage to look for.
    _end_as_by_ctrl_c()
    code = _main(sys.argv[1:])
    _end(code)
    return code


def _main(arguments: Sequence[str]) -> int:
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has enough of it; Python must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR


def _end(code: int) -> None:
    """End this process with all that others see of its end: exit handlers run, streams are written out.

    To free what it holds, object by object, takes longer than most commands, and the system frees it at once. Where a
    thread is still at work, or in PyPy, this returns, and the end is left to Python.
    """
    if threading.active_count() > 1 or sys.implementation.name != "cpython":
        return
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):  # Whoever read the output has enough of it.
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _end_as_by_ctrl_c() -> None:
    """Who is asked to end, ends as by Ctrl-C: what was begun is rolled back, what was made for a while is gone."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A terminal that is closed sends SIGHUP, where there is such a signal; under nohup nobody hears it.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hang_up)


def _hang_up(number: int, frame: object) -> None:
    """End as by Ctrl-C, once: a shell and its terminal each send one, and the second must not stop the tidying up."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(arguments: Sequence[str]) -> int:
    options = parser(arguments).parse_args(arguments)
    try:
        code: int = options.run(options)
        return code
    except PwmigError as error:
        return _report(error, options)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return ERROR
    except BrokenPipeError:
        raise
    except Exception:
        # Left to Python this would exit with 1, which says that there is something to do.
        import traceback

        print(redact(traceback.format_exc()), file=sys.stderr, end="")
        return ERROR


def _prepare_streams() -> None:
    """Let output that nobody takes go nowhere, and letters that the terminal does not know go as escapes."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - it is open as long as the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _report(error: PwmigError, options: argparse.Namespace) -> int:
    if getattr(options, "json", False):
        print_json({"error": type(error).__name__, "what": error.what, "why": error.why, "way_out": error.way_out})
    else:
        from pwmig.text import Ink, printable

        sys.stdout.flush()
        what, *rest = str(error).split("\n")
        lines = [f"{Ink(sys.stderr)('error:', 'red')} {printable(what)}", *(f"  {printable(line)}" for line in rest)]
        print("\n".join(lines), file=sys.stderr)
    return ERROR
