"""``%load_ext pwmig`` gives the line magic ``%pwmig``: the commands, in a cell."""

from __future__ import annotations

import shlex
import sys
from typing import Any

from pwmig.errors import PwmigError

__all__ = ["COMMANDS", "pwmig", "register"]

COMMANDS = ("create", "diff", "migrate", "rehearse", "sql", "status")
"""The commands that make sense in a cell; all take the options that they have on the command line."""


def pwmig(line: str) -> None:
    """``%pwmig status``, ``%pwmig create NAME``, ``%pwmig rehearse``, ``%pwmig migrate [--backward]``, ...

    Runs the command in a process of its own, on the nearest project, so that the kernel's own
    ``database`` stays as it is, and prints what it prints. Raises PwmigError where it fails.
    """
    import subprocess

    from pwmig.notebook.bench import nearest_project

    words = shlex.split(line) or ["status"]
    if words[0] not in COMMANDS:
        raise PwmigError(
            f"%pwmig has no command {words[0]!r}", why="it has " + ", ".join(COMMANDS), way_out="write one of these"
        )
    if "--project" not in words:
        words += ["--project", str(nearest_project().root)]
    done = subprocess.run([sys.executable, "-m", "pwmig", *words], capture_output=True, text=True)
    sys.stdout.write(done.stdout)
    if done.returncode >= 2:
        raise _failed(words[0], done.stderr)
    sys.stderr.write(done.stderr)


def _failed(command: str, said: str) -> PwmigError:
    """The command's own error, told by its lines: what, why, way out."""
    lines = [line.removeprefix("error: ") for line in said.strip().splitlines()] or [f"{command} failed"]
    parts = {"why": "", "way out": ""}
    for line in lines[1:]:
        label, _, text = line.strip().partition(": ")
        if label in parts:
            parts[label] = text
    return PwmigError(lines[0], why=parts["why"], way_out=parts["way out"])


def register(shell: Any) -> None:
    """Make ``%pwmig`` known to an IPython shell."""
    shell.register_magic_function(pwmig, magic_kind="line", magic_name="pwmig")
