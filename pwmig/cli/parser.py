"""The commands and their options, as argparse knows them. A new command is a function and a line of ``_COMMANDS``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from pwmig.waits import MOST_RETRIES, MOST_S

__all__ = ["parser"]

_MOST_SHOWN = 40
"""So many letters of what was given stand in a message."""

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


def _create(command: argparse.ArgumentParser) -> None:
    command.epilog = (
        "With --from-models the file holds what makes the database, as it is behind all that is pending, what the "
        "models declare, and the way back. What nothing tells is asked in a terminal: whether a drop and an add are "
        "one rename, what rows get in a column that becomes required, how values convert to another type. Elsewhere "
        "these options answer it, and without an answer nothing is written (exit 2). Where nothing differs nothing "
        "is written either (exit 0)."
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="with --from-models one is suggested if not given")
    given = command.add_argument_group("from the models")
    given.add_argument("--from-models", action="store_true", help="write what the models' changes ask for")
    for option, form, help in (
        ("--rename", "TABLE.OLD:NEW", "a column that has another name now (may be given again, as the next three)"),
        ("--rename-table", "OLD:NEW", "a table that has another name now"),
        ("--fill", "TABLE.COLUMN=VALUE", "what rows get in a column that becomes required"),
        ("--using", "TABLE.COLUMN=SQL", "how the values of a column convert to its new type"),
    ):
        given.add_argument(option, action="append", default=[], metavar=form, help=help)
    given.add_argument("--no-renames", action="store_true", help="what is not told to be a rename is none")
    given.add_argument("--split", action="store_true", help="a file for each change")
    given.add_argument("--preview", action="store_true", help="print code, SQL, and a rehearsal of it; write nothing")


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
    command.add_argument(
        "--lock-timeout", type=_seconds_above_0, metavar="SECONDS",
        help="a statement waits no longer for a lock; then it is tried again, after a pause that doubles (SQLite has "
        "one lock for all, for which --wait waits)",
    )  # fmt: skip
    command.add_argument("--lock-retries", type=_count, metavar="N", help="how often at most (default: 5)")
    command.add_argument(
        "--statement-timeout", type=_seconds_above_0, metavar="SECONDS", help="a statement takes no longer"
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MOST_S:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds to wait: give 0 or more, {MOST_S} at most")
    return seconds


def _seconds_above_0(text: str) -> float:
    seconds = _seconds(text)
    if not seconds:
        raise argparse.ArgumentTypeError("0 is no time to wait: give more, or leave it out")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(MOST_RETRIES)) or int(text) > MOST_RETRIES:
        raise argparse.ArgumentTypeError(
            f"{text[:_MOST_SHOWN]} is no number of tries: give 0 or more, {MOST_RETRIES} at most"
        )
    return int(text)


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


def _resolve(command: argparse.ArgumentParser) -> None:
    command.epilog = (
        "For a migration that stopped half-way where each change of the schema commits (MariaDB, MySQL); pwmig status "
        "says which one that is. Before anything is done, its tables are compared with what the journal tells of them."
    )
    hows = command.add_mutually_exclusive_group(required=True)
    for how, help in (
        ("resume", "finish it"),
        ("undo", "take back what took effect of it"),
        ("applied", "record that it took effect, as it was finished by hand"),
        ("reverted", "record that nothing of it is there, as it was taken back by hand"),
    ):
        hows.add_argument(f"--{how}", dest="how", action="store_const", const=how, help=help)
    command.add_argument(
        "--wait", type=_seconds, default=60.0, metavar="SECONDS", help="for other writers (default: 60)"
    )


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
    "create": (
        "creating",
        "write a new migration file: ready to edit, or with --from-models what these ask for",
        (_project, _create),
    ),
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
    "resolve": (
        "running",
        "end a migration that stopped half-way: finish it, take it back, or record what was done by hand",
        (_project, _new_name, _resolve),
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
