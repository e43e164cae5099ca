"""The command for what migrations took away: attic list, restore, purge."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from pwmig.cli.showing import FINE, LOOK, open_project, plain, print_json, print_lines, refuse_memory

if TYPE_CHECKING:
    from pwmig.attic.entries import Entry
    from pwmig.project import Project

__all__ = ["attic"]


def attic(options: argparse.Namespace) -> int:
    project = open_project(options)
    verbs = {"list": _list, "restore": _restore, "purge": _purge}
    return verbs[options.verb](project, options)


def _list(project: Project, options: argparse.Namespace) -> int:
    entries = project.attic(options.name)
    if options.json:
        print_json({"database": project.location, "attic": [_told(entry) for entry in entries]})
    else:
        from pwmig.cli.lines import attic_lines
        from pwmig.text import Ink

        print_lines(attic_lines(entries, project.location, Ink()))
    return FINE


def _told(entry: Entry) -> dict[str, Any]:
    known = plain(entry)
    names = ("id", "migration", "direction", "what", "table", "columns", "key", "row_count", "byte_count", "kept_at")
    return {name: known[name] for name in names}


def _restore(project: Project, options: argparse.Namespace) -> int:
    refuse_memory(project)
    restored = project.restore(_required(options), doubtful=options.changed)
    if options.json:
        print_json({"database": project.location, "restored": [plain(done) for done in restored]})
    else:
        from pwmig.text import printable

        print_lines(printable(str(done)) for done in restored)
        if any(done.doubtful for done in restored):
            print(f"pwmig attic restore {options.name} --changed puts what has changed back all the same")
    return LOOK if any(done.unmatched for done in restored) else FINE


def _purge(project: Project, options: argparse.Namespace) -> int:
    refuse_memory(project)
    wanted = None if options.all else _required(options)
    entries = project.attic(wanted)
    if entries and not options.yes and not _agreed(entries, options):
        print("nothing was purged", file=sys.stderr)
        return LOOK
    gone = project.purge(wanted)
    if options.json:
        print_json({"database": project.location, "purged": [_told(entry) for entry in gone]})
    else:
        from pwmig.text import printable

        print_lines([printable(f"purged {entry.id}: {entry}") for entry in gone] or ["the attic is empty"])
    return FINE


def _agreed(entries: tuple[Entry, ...], options: argparse.Namespace) -> bool:
    """Whoever names a thing by its id means it; else a person is asked, and a pipe can't be."""
    if options.name is not None and all(str(entry.id) == options.name for entry in entries):
        return True
    from pwmig.errors import PlanError
    from pwmig.text import printable

    if not sys.stdin.isatty():
        things = f"{len(entries):,} thing{'s' if len(entries) != 1 else ''}"
        raise PlanError(
            f"nothing was purged: {things} would be gone for good",
            why="nobody can be asked here",
            way_out="give --yes, or the id of one thing (pwmig attic lists them)",
        )
    for entry in entries:
        print(printable(f"  {entry.id}: {entry}, of {entry.migration}"))
    return input("let go of this for good? [y/N] ").strip().lower() in ("y", "yes")


def _required(options: argparse.Namespace) -> str:
    if options.name:
        return str(options.name)
    from pwmig.errors import PlanError

    raise PlanError(
        f"pwmig attic {options.verb} needs to know of what",
        way_out="give a migration's name or an id from pwmig attic" + (", or --all" if options.verb == "purge" else ""),
    )
