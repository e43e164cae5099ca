"""What the commands share: how they open the project, print records, and tell of progress."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwmig.plan import Event, Run
    from pwmig.project import Project

__all__ = [
    "ERROR",
    "FINE",
    "LOOK",
    "Progress",
    "open_project",
    "plain",
    "print_json",
    "print_lines",
    "prints_aside",
    "refuse_memory",
    "run_as_dict",
]

FINE, LOOK, ERROR = 0, 1, 2
"""The exit codes."""


def open_project(options: argparse.Namespace) -> Project:
    """The project that the options name; ProjectError where there is none."""
    from pwmig.project import Project

    with prints_aside():
        project = Project.open(options.project)
    atexit.register(_close, project.database)
    return project


def _close(database: Any) -> None:
    """Close what the project's own code has opened: nobody does it when the command ends."""
    with contextlib.suppress(Exception):
        database.close()


def refuse_memory(project: Project) -> None:
    """DatabaseUnsupported where what a command writes would be gone when it ends."""
    if not project.dialect.shared(project.database):
        from pwmig.errors import DatabaseUnsupported

        raise DatabaseUnsupported(
            "the project's database is in the memory of this process",
            why="what is applied here is gone when the command ends",
            way_out="point DATABASE_URL at a file; an application with such a database calls Project.apply() itself",
        )


def prints_aside() -> contextlib.redirect_stdout[Any]:
    """While entered, what the project's own code prints goes to stderr: stdout is for records."""
    return contextlib.redirect_stdout(sys.stderr)


def print_lines(lines: Iterable[str]) -> None:
    text = "\n".join(lines)
    if text:
        print(text)


def print_json(content: Any) -> None:
    import json

    print(json.dumps(content, indent=2, default=_json_default))


def _json_default(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return str(value)


def plain(record: Any) -> Any:
    """A record as what JSON knows: its fields, in tuples and dictionaries."""
    from dataclasses import fields, is_dataclass
    from enum import Enum

    if isinstance(record, Enum):
        return record.value
    if is_dataclass(record):
        return {field.name: plain(getattr(record, field.name)) for field in fields(record)}
    if isinstance(record, (tuple, list)):
        return [plain(item) for item in record]
    if isinstance(record, float) and record - record != 0:
        return str(record)  # JSON has no infinity.
    return record


def run_as_dict(run: Run) -> dict[str, Any]:
    """A run for ``--json``: steps, changes, losses, and the sample rows by table."""
    tables = {rows.table: None for snapshot in (run.before, run.after) if snapshot for rows in snapshot.rows}
    return {
        "target": run.target,
        "direction": run.plan.direction.value,
        "elapsed_s": run.elapsed_s,
        "steps": plain(run.steps),
        "changes": [change.as_dict() for change in run.changes],
        "losses": plain(run.losses),
        "original_changed": run.original_changed,
        "sampled": list(run.sampled),
        "rows": {name: dict(zip(("before", "after"), plain(run.samples(name)), strict=True)) for name in tables},
    }


class Progress:
    """Prints each step when it is done, and on a terminal the statement that is under way."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._show("")

    def __call__(self, event: Event) -> None:
        if event.kind == "step-done" and not self.quiet:
            self._show("")
            print(f"{event.text} {event.migration}", flush=self.live)
        elif event.kind in ("wait", "warning"):
            from pwmig.text import printable

            print(printable(event.text), file=sys.stderr)
        elif event.kind == "copy" and event.total:
            self._show(f"{event.text}: {100 * event.done // event.total} %")
        elif event.kind == "rows" and self.live:
            from pwmig.text import printable

            self._show(printable(event.text))
        elif event.kind == "check" and event.total:
            self._show(f"{event.text} {event.done + 1} of {event.total}: {event.migration}")
        elif event.kind == "statement" and self.live:
            from pwmig.text import printable

            self._show(f"{event.migration}: {printable(event.text[:200])}")

    def _show(self, text: str) -> None:
        if self.live:
            import shutil

            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r\x1b[K" + text[:width])
            sys.stderr.flush()
