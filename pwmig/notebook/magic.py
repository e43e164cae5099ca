"""``%load_ext pwmig`` gives the line magic ``%pwmig``: the commands, in a cell."""

from __future__ import annotations

import os
import queue
import shlex
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from pwmig.errors import Cancelled, PwmigError, redact
from pwmig.tether import GRACE_S

__all__ = ["COMMANDS", "pwmig", "register"]

COMMANDS = {
    "status": "each migration and its state",
    "diff": "what would change one schema into another: the live one into the models', or diff BEFORE AFTER",
    "check": "what CI asks: files, history, models, the way back, drift",
    "rehearse": "run what is pending on a copy",
    "sql": "the statements, seen in a rehearsal",
    "migrate": "apply what is pending; --backward reverts the last one",
    "create": "write a new migration file: create NAME, or create --from-models",
}
"""The commands that make sense in a cell; all take the options that they have on the command line."""

_HELP = ("help", "-h", "--help")
_ERROR_BEGINS = ("error: ", "usage: ", "Traceback (most recent call last):")


def pwmig(line: str) -> None:
    """``%pwmig status``, ``%pwmig create NAME``, ``%pwmig rehearse``, ``%pwmig migrate [--backward]``, ...

    Runs the command in a process of its own, on the nearest project, so that the kernel's own
    ``database`` stays as it is, and prints what it prints as it comes. Raises PwmigError where it fails, and
    Cancelled where the kernel is interrupted: then the command was stopped too.
    """
    words = _words(line)
    if words[0] in _HELP:
        print("\n".join(f"%pwmig {name:9} {what}" for name, what in COMMANDS.items()))
        print("%pwmig COMMAND --help lists a command's options")
        return
    if words[0] not in COMMANDS:
        raise PwmigError(
            f"%pwmig has no command {words[0]!r}", why="it has " + ", ".join(COMMANDS), way_out="write one of these"
        )
    _run(words[0], [*words, *_project_option(words)])


def _words(line: str) -> list[str]:
    """The words of the line as a shell would take them; ``status`` where there are none."""
    try:
        return shlex.split(line) or ["status"]
    except ValueError as error:
        raise PwmigError(
            f"the line can't be read: {line.strip()}",
            why=str(error).lower(),
            way_out="close the quote, or write a backslash before it where it is part of a name",
        ) from None


def _project_option(words: Sequence[str]) -> list[str]:
    given = any(word == "--project" or word.startswith("--project=") for word in words)
    if given or not set(words).isdisjoint(_HELP):
        return []
    from pwmig.notebook.bench import nearest_project

    return ["--project", str(nearest_project().root)]


def _run(command: str, words: Sequence[str]) -> None:
    """Run a command to its end, or until the kernel is interrupted, and print what it says meanwhile."""
    running = _Running(words)
    interrupted = False
    try:
        running.follow()
    except KeyboardInterrupt:
        interrupted = True
        running.stop()
    if interrupted:
        raise _cancelled(command, running.complaint)
    if running.code >= 2:
        raise _failed(command, running.code, running.complaint)
    sys.stderr.write("".join(running.complaint))


class _Running:
    """A command under way. ``complaint`` collects the lines of its error, which is raised and not printed."""

    def __init__(self, words: Sequence[str]) -> None:
        self.complaint: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pwmig.tether", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,  # An interrupt is the kernel's; the command is told by its tether.
        )
        self._lines: queue.Queue[tuple[IO[str], str] | None] = queue.Queue()
        assert self._process.stdout is not None and self._process.stderr is not None
        readers = [
            threading.Thread(target=self._read, args=pair, name="pwmig-magic", daemon=True)
            for pair in ((self._process.stdout, sys.stdout), (self._process.stderr, sys.stderr))
        ]
        for reader in readers:
            reader.start()
        threading.Thread(target=self._await_end, args=(readers,), name="pwmig-magic-end", daemon=True).start()

    @property
    def code(self) -> int:
        """The exit code; 2 where something ended it from outside."""
        code = self._process.wait()
        return code if code >= 0 else 2

    def _read(self, stream: IO[str], to: IO[str]) -> None:
        with suppress(ValueError):  # closed, since the command has ended
            for line in stream:
                self._lines.put((to, line))

    def _await_end(self, readers: Sequence[threading.Thread]) -> None:
        self._process.wait()
        for reader in readers:
            # What the command itself has started may hold the pipe open, and is not waited for.
            reader.join(timeout=1)
        self._lines.put(None)

    def follow(self) -> None:
        """Print the lines as they come, until the command has ended."""
        while (said := self._lines.get()) is not None:
            to, line = said
            if to is sys.stderr and (self.complaint or line.startswith(_ERROR_BEGINS)):
                self.complaint.append(redact(line))
            else:
                to.write(redact(line))
                to.flush()

    def stop(self) -> None:
        """Interrupt the command and wait for its end; where it does not come, or at a second interrupt, kill it."""
        late = threading.Timer(GRACE_S + 1, self._process.kill)
        late.daemon = True
        late.start()
        try:
            self._cut()
            self.follow()
        except KeyboardInterrupt:
            self._process.kill()
        finally:
            late.cancel()
            self._process.wait()

    def _cut(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()


def _failed(command: str, code: int, complaint: Sequence[str]) -> PwmigError:
    """The command's own error, told by its lines: what, why, way out."""
    lines = "".join(complaint).strip().splitlines()
    if lines and lines[0].startswith("usage: "):
        what = next((text for line in lines for mark, _, text in [line.partition(": error: ")] if text), lines[0])
        return PwmigError(what, why=lines[0], way_out=f"%pwmig {command} --help lists the options")
    if lines and lines[0].startswith("error: "):
        return PwmigError(**_parts(lines))
    return PwmigError(
        f"%pwmig {command} ended with code {code}",
        why=lines[-1] if lines else "something ended its process",
        way_out="%pwmig status shows what took effect",
    )


def _cancelled(command: str, complaint: Sequence[str]) -> Cancelled:
    lines = "".join(complaint).strip().splitlines()
    if lines and lines[0].startswith("error: "):
        return Cancelled(**_parts(lines))
    return Cancelled(
        f"%pwmig {command} was stopped",
        why="the kernel was interrupted",
        way_out="%pwmig status shows what took effect",
    )


def _parts(lines: Sequence[str]) -> dict[str, Any]:
    """The lines of an error by what they say; a line without a label goes on with the one before."""
    labels = {"error": "what", "why": "why", "way out": "way_out"}
    parts = {"what": "", "why": "", "way_out": ""}
    at = "what"
    for line in lines:
        label, _, text = line.strip().partition(": ")
        at, said = (labels[label], text) if label in labels else (at, line.strip())
        parts[at] = f"{parts[at]}\n{said}".strip()
    return parts


def register(shell: Any) -> None:
    """Make ``%pwmig`` known to an IPython shell."""
    shell.register_magic_function(pwmig, magic_kind="line", magic_name="pwmig")
