"""The command line: reads what a person wishes, calls a verb of the project, prints its records.

Exit codes: 0 fine; 1 there is something to do or to look at; 2 an error.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.errors import PwmigError, redact

if TYPE_CHECKING:
    from pwmig.plan import Event, Run
    from pwmig.project import Project

__all__ = ["main"]

FINE, LOOK, ERROR = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _prepare_streams()
    if arguments is None:
        arguments = sys.argv[1:]
        # This process is the command's own: importing modules makes many objects, and hardly any garbage to look for.
        gc.set_threshold(100_000)
    options = _parser(arguments).parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except PwmigError as error:
        return _report(error, options)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return ERROR
    except BrokenPipeError:
        # Whoever read the output has enough of it; Python must not complain at its end.
        sys.stdout = None
        return ERROR
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
        _print_json({"error": type(error).__name__, "what": error.what, "why": error.why, "way_out": error.way_out})
    else:
        from pwmig.text import Ink, printable

        sys.stdout.flush()
        what, *rest = str(error).split("\n")
        lines = [f"{Ink(sys.stderr)('error:', 'red')} {printable(what)}", *(f"  {printable(line)}" for line in rest)]
        print("\n".join(lines), file=sys.stderr)
    return ERROR


# The commands


def _init(options: argparse.Namespace) -> int:
    import shlex
    from pathlib import Path

    from pwmig.scaffold import init_project

    folder = options.folder if options.folder is not None else options.project
    for path in init_project(Path(folder)):
        print(f"wrote {path}")
    where = "" if folder == "." else f" --project {shlex.quote(folder)}"
    print(f"a project with two migrations to try: pwmig status{where}, then pwmig migrate{where}")
    return FINE


def _status(options: argparse.Namespace) -> int:
    project = _project(options)
    migrations = project.status()
    to_do = [status for status in migrations if status.state.value != "applied"]
    if options.json:
        _print_json(
            {
                "database": project.location,
                "pending": sum(status.state.value == "pending" for status in migrations),
                "migrations": [_plain(status) for status in migrations],
            }
        )
    else:
        from pwmig.text import Ink, status_lines

        _print(status_lines(migrations, project.location, Ink()))
    return LOOK if to_do else FINE


def _create(options: argparse.Namespace) -> int:
    path = _project(options).create(options.name)
    print(f"wrote {path}")
    print("edit migrate_forward() and migrate_backward() in it; then pwmig rehearse, pwmig migrate")
    return FINE


def _migrate(options: argparse.Namespace) -> int:
    project = _project(options)
    plan = project.plan(
        to=options.to, steps=options.steps, backward=options.backward, fake=options.fake, allow=options.allow
    )
    from pwmig.text import Ink, plan_lines

    if options.dry_run:
        _print(plan_lines(plan, Ink()))
        return FINE
    if not plan:
        print(_nothing_to_do(options))
        return FINE
    if not project.dialect.shared(project.database):
        from pwmig.errors import DatabaseUnsupported

        raise DatabaseUnsupported(
            "the project's database is in the memory of this process",
            why="what is applied here is gone when the command ends",
            way_out="point DATABASE_URL at a file; an application with such a database calls Project.apply() itself",
        )
    verb = project.revert if options.backward else project.apply
    with _Progress() as progress:
        run = verb(plan, listener=progress, wait_s=options.wait)
    skipped = sum(step.outcome == "skipped" for step in run.steps)
    if skipped:
        print(f"{skipped} done by another runner meanwhile")
    for step in run.steps:
        if not step.step.reversible:
            from pwmig.text import printable

            print(
                f"note: {printable(step.step.name)} has no migrate_backward() and can't be taken back", file=sys.stderr
            )
    return FINE


def _nothing_to_do(options: argparse.Namespace) -> str:
    if options.backward:
        return "nothing to do: no migration is applied"
    if options.to:
        return f"nothing to do: all up to {options.to} is applied; migrate --backward --to {options.to} goes back to it"
    return "nothing to do: no migration is pending"


def _sql(options: argparse.Namespace) -> int:
    project = _project(options)
    run = _rehearsed_alone(project, options) if options.name else _rehearsed(project, options, name=None)
    if options.json:
        _print_json({"steps": _plain(run.steps)})
    elif not run.steps:
        print("-- nothing to run: no migration is " + ("applied" if options.backward else "pending"))
    else:
        from pwmig.text import Ink, sql_lines

        _print(sql_lines(run, Ink()))
    return FINE


def _rehearsed_alone(project: Project, options: argparse.Namespace) -> Run:
    """A rehearsal of all that comes before the migration named, of which only this one is kept."""
    from dataclasses import replace

    from pwmig.errors import PlanError
    from pwmig.plan import find

    name = find(options.name, [status.name for status in project.status()])
    applied = [row.name for row in project.applied()]
    if (name in applied) is not options.backward:
        raise PlanError(
            f"{name} has no statements to run " + ("backward" if options.backward else "forward"),
            why="it is not applied" if options.backward else "it is applied already",
            way_out=f"pwmig sql {name}" + ("" if options.backward else " --backward") + " shows the other direction",
        )
    if options.backward:
        plan = project.plan(backward=True, steps=len(applied) - applied.index(name), allow=options.allow)
    else:
        plan = project.plan(to=name, allow=options.allow)
    with _Progress(quiet=True) as progress, _prints_aside():
        run = project.rehearse(plan, listener=progress)
    return replace(run, steps=tuple(step for step in run.steps if step.step.name == name))


def _rehearse(options: argparse.Namespace) -> int:
    project = _project(options)
    run = _rehearsed(project, options, name=options.to)
    if options.json:
        _print_json(run_as_dict(run))
    elif not run.steps:
        print("nothing to rehearse: " + ("no migration is applied" if options.backward else "no migration is pending"))
    else:
        from pwmig.text import Ink, run_lines

        _print(run_lines(run, Ink()))
    return FINE


def _rehearsed(project: Project, options: argparse.Namespace, *, name: str | None) -> Run:
    with _Progress(quiet=True) as progress, _prints_aside():
        return project.rehearse(to=name, backward=options.backward, allow=options.allow, listener=progress)


def _diff(options: argparse.Namespace) -> int:
    project = _project(options)
    with _prints_aside():
        changes = project.diff()
    if options.json:
        _print_json({"database": project.location, "changes": [change.as_dict() for change in changes]})
    elif not changes:
        print("the database is what the models declare")
    else:
        from pwmig.text import Ink, change_lines, printable

        print(f"to make {printable(project.location)} what the models declare:")
        _print(change_lines(changes, Ink()))
    return LOOK if changes else FINE


def _lab(options: argparse.Namespace) -> int:
    from pwmig.lab import open_lab

    return open_lab(_project(options), port=options.port, browser=options.browser)


# What they share


def _project(options: argparse.Namespace) -> Project:
    from pwmig.project import Project

    with _prints_aside():
        return Project.open(options.project)


def _prints_aside() -> contextlib.redirect_stdout[Any]:
    """While entered, what the project's own code prints goes to stderr: stdout is for records."""
    return contextlib.redirect_stdout(sys.stderr)


def _print(lines: Iterable[str]) -> None:
    text = "\n".join(lines)
    if text:
        print(text)


def _print_json(content: Any) -> None:
    import json

    print(json.dumps(content, indent=2, default=_json_default))


def _json_default(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return str(value)


def _plain(record: Any) -> Any:
    """A record as what JSON knows: its fields, in tuples and dictionaries."""
    from dataclasses import fields, is_dataclass
    from enum import Enum

    if isinstance(record, Enum):
        return record.value
    if is_dataclass(record):
        return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}
    if isinstance(record, (tuple, list)):
        return [_plain(item) for item in record]
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
        "steps": _plain(run.steps),
        "changes": [change.as_dict() for change in run.changes],
        "losses": _plain(run.losses),
        "original_changed": run.original_changed,
        "rows": {name: dict(zip(("before", "after"), _plain(run.samples(name)), strict=True)) for name in tables},
    }


class _Progress:
    """Prints each step when it is done, and on a terminal the statement that is under way."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._show("")

    def __call__(self, event: Event) -> None:
        if event.kind == "step-done" and not self.quiet:
            self._show("")
            print(f"{event.text} {event.migration}", flush=self.live)
        elif event.kind == "wait":
            from pwmig.text import printable

            print(printable(event.text), file=sys.stderr)
        elif event.kind == "copy" and event.total:
            self._show(f"{event.text}: {100 * event.done // event.total} %")
        elif event.kind == "statement" and self.live:
            from pwmig.text import printable

            self._show(f"{event.migration}: {printable(event.text[:200])}")

    def _show(self, text: str) -> None:
        if self.live:
            import shutil

            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r\x1b[K" + text[:width])
            sys.stderr.flush()


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pwmig", description="See what a migration does before it does it; apply it once; take it back."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # To make them all takes longer than to read the history: where one is named, the others wait.
    wanted = arguments[:1] if arguments and arguments[0] in _COMMANDS else _COMMANDS
    for name in wanted:
        run, help, adders = _COMMANDS[name]
        made = commands.add_parser(name, help=help, description=help)
        made.set_defaults(run=run)
        for add in adders:
            add(made)
    return parser


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", default=".", metavar="DIR", help="the project's folder (default: this one)")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def _add_ways(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backward", action="store_true", help="take back instead of apply")
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="WHAT",
        help="go on over what stops a run: changed, missing or out-of-order (may be given again)",
    )


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", metavar="DIR", help="where to (default: this folder)")


def _add_new_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")


def _add_last_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="of this one only (default: of all in the plan)")


def _add_last(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="NAME", help="stop after this one")


def _add_migrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="NAME", help="stop after this one (backward: it stays; zero: none stays)")
    parser.add_argument("--steps", type=int, metavar="N", help="at most so many")
    parser.add_argument("--fake", action="store_true", help="only record them in the history, run nothing")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be run")
    parser.add_argument(
        "--wait", type=_seconds, default=60.0, metavar="SECONDS", help="for other writers (default: 60)"
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds to wait: give 0 or more")
    return seconds


def _add_lab(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8888, help="the first port to try (default: 8888)")
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="print the address, open nothing")


_COMMANDS: dict[str, tuple[Any, str, tuple[Any, ...]]] = {
    "init": (_init, "write the files of a new project", (_add_project, _add_folder)),
    "status": (
        _status,
        "each migration and its state; exits 1 unless all are applied as they are",
        (_add_project, _add_json),
    ),
    "create": (_create, "write a new migration file, ready to edit", (_add_project, _add_new_name)),
    "migrate": (
        _migrate,
        "apply what is pending, or with --backward revert the last applied one",
        (_add_project, _add_ways, _add_migrate),
    ),
    "sql": (
        _sql,
        "the statements, seen in a rehearsal on a copy",
        (_add_project, _add_json, _add_ways, _add_last_name),
    ),
    "rehearse": (
        _rehearse,
        "run on a copy: changes of schema and rows, timings",
        (_add_project, _add_json, _add_ways, _add_last),
    ),
    "diff": (_diff, "the models against the live schema; exits 1 when they differ", (_add_project, _add_json)),
    "lab": (_lab, "JupyterLab at the workbench notebook", (_add_project, _add_lab)),
}
"""Each command: what runs it, what it does in words, and what adds its arguments."""


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        from pwmig import __version__

        print(f"pwmig {__version__}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
