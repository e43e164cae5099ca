"""Programs that are killed where a test wants it: at a statement that they send, behind its sending, or in its midst.

A program is a fork of this process in which everything is imported already, so that hundreds of them cost little; what
it runs is the command line, and what kills it is SIGKILL. What it sends is heard at the driver, whoever sends it.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import re
import select
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["Ended", "Program", "Stop", "dying", "halting", "program", "recording", "run"]

PATIENCE = 120.0
"""Seconds that a program gets to end."""

Act = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Stop:
    """A place in what a program sends: ahead of the statement with a number, or (``sent``) as it is under way.

    ``after_s``: so many seconds into it.
    """

    number: int
    sent: bool = False
    after_s: float | None = None

    def __str__(self) -> str:
        if self.after_s is not None:
            return f"{self.after_s * 1000:.1f} ms into statement {self.number}"
        return f"{'as' if self.sent else 'before'} statement {self.number}{' is sent' if self.sent else ''}"


class Sent:
    """Counts the statements of a program; does something at one of them."""

    def __init__(self, stop: Stop | None = None, act: Act | None = None, note: Callable[[str], None] | None = None):
        self.stop, self.act, self.note = stop, act, note
        self.count = -1

    def begins(self, text: str) -> None:
        self.count += 1
        if self.note is not None:
            self.note(text)
        if self.stop is None or self.act is None or self.count != self.stop.number or self.stop.sent:
            return
        if self.stop.after_s is None:
            self.act()
        else:
            threading.Thread(target=_later, args=(self.stop.after_s, self.act), daemon=True).start()

    @property
    def acts_now(self) -> bool:
        """Whether the statement that has just been sent is the one to stop at."""
        return self.stop is not None and self.stop.sent and self.count == self.stop.number


def _later(seconds: float, act: Act) -> None:
    time.sleep(seconds)
    act()


def dying() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# What each driver sends


def hear_sqlite(sent: Sent) -> None:
    connect = sqlite3.connect

    def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        connection.execute("PRAGMA synchronous = OFF")  # Nobody cuts the power.
        connection.set_trace_callback(sent.begins)
        return connection

    sqlite3.connect = connected  # type: ignore[assignment]


def hear_postgres(sent: Sent) -> None:
    import psycopg

    wait = psycopg.Connection.wait

    def waiting(self: Any, gen: Any, *args: Any, **kwargs: Any) -> Any:
        sent.begins(_query_of(gen))
        if sent.acts_now:
            try:
                state = next(gen)  # By then it is on its way, and nothing has been heard of it.
            except StopIteration as ended:
                return ended.value
            assert sent.act is not None
            sent.act()
            gen = _resumed(gen, state)
        return wait(self, gen, *args, **kwargs)

    psycopg.Connection.wait = waiting  # type: ignore[method-assign,assignment]


def _query_of(gen: Any) -> str:
    frame = getattr(gen, "gi_frame", None)
    query = frame.f_locals.get("query", "") if frame is not None else ""
    text = query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query)
    return text or getattr(gen, "__name__", "")


def _resumed(gen: Any, state: Any) -> Iterator[Any]:
    while True:
        ready = yield state
        try:
            state = gen.send(ready)
        except StopIteration as ended:
            return ended.value


def hear_mariadb(sent: Sent) -> None:
    from pymysql.connections import Connection

    execute = Connection._execute_command

    def executing(self: Any, command: int, sql: Any) -> None:
        sent.begins(sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace"))
        execute(self, command, sql)
        if sent.acts_now:
            assert sent.act is not None
            sent.act()

    Connection._execute_command = executing


HEAR = {"sqlite": hear_sqlite, "postgres": hear_postgres, "mariadb": hear_mariadb}


# Programs


@cache
def warm() -> None:
    """Import what a program would have to import, so that its forks need not."""
    import playhouse.db_url

    import pwmig

    assert playhouse.db_url
    for found in pkgutil.walk_packages(pwmig.__path__, "pwmig.", onerror=lambda _: None):
        if not re.search(r"\b(notebook|frames|lab|rich|pytest_plugin|templates|__main__)\b", found.name):
            importlib.import_module(found.name)
    gc.collect()
    gc.freeze()  # What is there now is no garbage to look for, in no fork.


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: ``code`` is -9 where it was killed; ``said`` is all that it printed."""

    code: int
    said: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Program:
    """A fork that does something, and is waited for."""

    def __init__(self, work: Callable[[], int], environment: Mapping[str, str]) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is read once the program has ended
        sys.stdout.flush(), sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._be(work, environment)

    def _be(self, work: Callable[[], int], environment: Mapping[str, str]) -> NoReturn:
        code = 70
        try:
            os.dup2(self._said.fileno(), 1)
            os.dup2(self._said.fileno(), 2)
            sys.stdout, sys.stderr = (os.fdopen(end, "w", buffering=1, closefd=False) for end in (1, 2))
            os.environ.update(environment)
            code = work()
            sys.stdout.flush(), sys.stderr.flush()
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)

    @property
    def ended(self) -> bool:
        """Whether it is over, without waiting; it can still be waited for."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    @property
    def said(self) -> str:
        """What it has printed until now."""
        return os.pread(self._said.fileno(), 1_000_000, 0).decode("utf-8", "replace")

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, patience_s: float = PATIENCE) -> Ended:
        """Raises TimeoutError, and ends it, where it takes longer."""
        until = time.monotonic() + patience_s
        pause = 0.001
        while not self.ended:
            if time.monotonic() > until:
                self.kill()
                raise TimeoutError(f"it did not end within {patience_s:g} s: {self._close().said}")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        return self._close()

    def _close(self) -> Ended:
        status = os.waitpid(self.pid, 0)[1]
        said = self.said
        self._said.close()
        return Ended(os.waitstatus_to_exitcode(status), said)


def program(kind: str, root: Path, arguments: Sequence[str], sent: Sent | None = None, **environment: str) -> Program:
    """The command line in a fork, in a project's folder, its statements heard."""
    from pwmig.cli import main

    warm()

    def work() -> int:
        os.chdir(root)
        if sent is not None:
            HEAR[kind](sent)
        return main(list(arguments))

    return Program(work, environment)


def run(kind: str, root: Path, *arguments: str, stop: Stop | None = None, **environment: str) -> Ended:
    """Run a command to its end, or until it is killed at ``stop``."""
    return program(kind, root, arguments, Sent(stop, dying) if stop else None, **environment).wait()


def recording(kind: str, root: Path, *arguments: str, **environment: str) -> tuple[Ended, list[tuple[str, float]]]:
    """Run a command to its end; each statement that it sent, and the seconds until the next one."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"

        def note(text: str) -> None:
            with notes.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{time.perf_counter()} {' '.join(text.split())[:300]}\n")

        ended = program(kind, root, arguments, Sent(note=note), **environment).wait()
        found = [line.partition(" ") for line in notes.read_text(encoding="utf-8").splitlines()]
    times = [float(when) for when, _, _ in found]
    return ended, [(text, after - when) for (_, _, text), when, after in zip(found, times, [*times[1:], times[-1]])]


@contextmanager
def halting(stop: Stop) -> Iterator[tuple[Sent, Callable[[Program], None], Act]]:
    """What to hand to a program that is to stop and wait there: with it, what waits until it has, or has come to its
    end, and what lets it go on.

    Where it is to stop some time into a statement, it goes on meanwhile: what waits then returns at that time.
    """
    told, tell = os.pipe()
    go, let = os.pipe()

    def act() -> None:
        os.write(tell, b"x")
        if stop.after_s is None:
            select.select([go], [], [], PATIENCE)

    try:
        yield Sent(stop, act), partial(_hear, told), lambda: _let_go(let)
    finally:
        for end in (told, tell, go, let):
            with suppress(OSError):
                os.close(end)


def _hear(told: int, program: Program) -> None:
    until = time.monotonic() + PATIENCE
    while not select.select([told], [], [], 0.005)[0]:
        if program.ended:
            return
        if time.monotonic() > until:
            program.kill()
            raise TimeoutError("it did not come to where it was to stop")


def _let_go(let: int) -> None:
    os.write(let, b"x")
