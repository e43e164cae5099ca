"""The commands and their options, as argparse knows them. A new command is a function and a line of ``_COMMANDS``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["parser"]

_Adder = Callable[[argparse.ArgumentParser], None]


def parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for a command line; ``options.run(options)`` of what it parses runs the command."""
    made = argparse.ArgumentParser(
        prog="pwmig", description="See what a migration does before it does it; apply it once; take it back."
    )
    made.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    commands = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # To make them all takes longer than to read the history: where one is named, the others wait.
    wanted = arguments[:1] if arguments and arguments[0] in _COMMANDS else _COMMANDS
    for name in wanted:
        _, help, adders = _COMMANDS[name]
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(run=_run)
        for add in adders:
            add(command)
    return made


def _run(options: argparse.Namespace) -> int:
    from importlib import import_module

    module = import_module("pwmig.cli." + _COMMANDS[options.command][0])
    code: int = getattr(module, options.command)(options)
    return code


def _project(command: argparse.ArgumentParser) -> None:
    command.add_argument("--project", default=".", metavar="DIR", help="the project's folder (default: this one)")


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON for programs")


def _ways(command: argparse.ArgumentParser) -> None:
    command.add_argument("--backward", action="store_true", help="take back instead of apply")
    command.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="WHAT",
        help="go on over what stops a run: changed, missing, out-of-order or baseline (may be given again)",
    )


def _folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", nargs="?", metavar="DIR", help="where to (default: this folder)")


def _new_name(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME")


def _last_name(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", nargs="?", metavar="NAME", help="of this one only (default: of all in the plan)")


def _last(command: argparse.ArgumentParser) -> None:
    command.add_argument("--to", metavar="NAME", help="stop after this one")


def _migrate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--to", metavar="NAME", help="stop after this one (backward: it stays; zero: none stays)")
    command.add_argument("--steps", type=int, metavar="N", help="at most so many")
    command.add_argument("--fake", action="store_true", help="only record them in the history, run nothing")
    command.add_argument("--dry-run", action="store_true", help="only say what would be run")
    command.add_argument(
        "--wait", type=_seconds, default=60.0, metavar="SECONDS", help="for other writers (default: 60)"
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds to wait: give 0 or more")
    return seconds


def _sides(command: argparse.ArgumentParser) -> None:
    command.epilog = (
        "A side is live (the database), models, history (the applied migrations, replayed on an empty database), zero "
        "(an empty one), a migration's NAME or a part of it (all up to it, replayed), or the URL of another database "
        "of the same kind. The live database is only read. Exits 1 where the two differ."
    )
    command.add_argument("before", nargs="?", metavar="BEFORE", help="one side (default: live)")
    command.add_argument("after", nargs="?", metavar="AFTER", help="the other side (default: models)")
    command.add_argument("--drift", action="store_true", help="the same as: history live")


def _check(command: argparse.ArgumentParser) -> None:
    command.epilog = (
        "files: each can be loaded and has its two functions. history: nothing applied has changed or is gone, nothing "
        "pending is older than what is applied. models: run from nothing, the migrations make what the models declare. "
        "round trip: each migration forward, backward and forward again brings schema and rows back, those that the "
        "migrations load and sample rows. drift: the live database is what its history makes. What has to run, runs on "
        "empty databases of the same kind; the live one is only read, and where there is none, what it is needed for "
        "is skipped. Exits 1 where a check fails."
    )
    command.add_argument("--strict", action="store_true", help="warnings fail a check too")


def _baseline(command: argparse.ArgumentParser) -> None:
    command.epilog = (
        "Writes a migration that makes what the database holds now, one literal statement each, and records it as "
        "applied, since here it is; other databases get it by pwmig migrate. Before anything is written it is run on "
        "an empty database, forward and backward, and has to make an equal schema. Refused where there is a migration "
        "or a history already. Nothing of the database changes but its history."
    )
    command.add_argument("--models", action="store_true", help="write the models' module too, if it holds nothing yet")


def _attic(command: argparse.ArgumentParser) -> None:
    command.epilog = (
        "What a migration drops or changes is kept in the database, in tables of pwmig's own, and going the other way "
        "puts it back. restore puts back what is left, where nothing newer stands. purge lets go of it for good: of "
        "what is named, or with --all of everything; it asks first, unless --yes is given. [tool.pwmig] attic = false, "
        "attic = False in a migration or attic=False in an operation keep nothing."
    )
    command.add_argument("verb", nargs="?", choices=("list", "restore", "purge"), default="list", metavar="VERB")
    command.add_argument("name", nargs="?", metavar="NAME", help="of this migration, or the thing with this id")
    command.add_argument("--changed", action="store_true", help="restore: into rows with a changed content too")
    command.add_argument("--all", action="store_true", help="purge: all that there is")
    command.add_argument("--yes", action="store_true", help="purge: without being asked")


def _lab(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=int, default=8888, help="the first port to try (default: 8888)")
    command.add_argument("--no-browser", dest="browser", action="store_false", help="print the address, open nothing")


_COMMANDS: dict[str, tuple[str, str, tuple[_Adder, ...]]] = {
    "init": ("making", "write the files of a new project", (_project, _folder)),
    "status": (
        "looking",
        "each migration and its state; exits 1 unless all are applied as they are",
        (_project, _json),
    ),
    "create": ("making", "write a new migration file, ready to edit", (_project, _new_name)),
    "migrate": (
        "running",
        "apply what is pending, or with --backward revert the last applied one",
        (_project, _ways, _migrate),
    ),
    "sql": ("running", "the statements, seen in a rehearsal on a copy", (_project, _json, _ways, _last_name)),
    "rehearse": (
        "running",
        "run on a copy: changes of schema and rows, timings",
        (_project, _json, _ways, _last),
    ),
    "diff": (
        "looking",
        "what would change one schema into another: by default the live one into what the models declare",
        (_project, _json, _sides),
    ),
    "check": ("looking", "what CI asks: files, history, models, the way back, drift", (_project, _json, _check)),
    "baseline": (
        "making",
        "the first migration, from a database that was there before; recorded as applied",
        (_project, _new_name, _baseline),
    ),
    "attic": ("storing", "what migrations took away: list, restore or purge it", (_project, _json, _attic)),
    "lab": ("making", "JupyterLab at the workbench notebook", (_project, _lab)),
}
"""Each command: the module with the function of its name, what it does in words, and what adds its options."""


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        from pwmig import __version__

        print(f"pwmig {__version__}")
        parser.exit()
