"""The commands that look and change nothing: status, diff."""

from __future__ import annotations

import argparse

from pwmig.cli.showing import FINE, LOOK, open_project, plain, print_json, print_lines, prints_aside

__all__ = ["diff", "status"]


def status(options: argparse.Namespace) -> int:
    project = open_project(options)
    migrations = project.status()
    to_do = [status for status in migrations if status.state.value != "applied"]
    if options.json:
        print_json(
            {
                "database": project.location,
                "pending": sum(status.state.value == "pending" for status in migrations),
                "migrations": [plain(status) for status in migrations],
            }
        )
    else:
        from pwmig.text import Ink, status_lines

        print_lines(status_lines(migrations, project.location, Ink()))
    return LOOK if to_do else FINE


def diff(options: argparse.Namespace) -> int:
    project = open_project(options)
    with prints_aside():
        changes = project.diff()
    if options.json:
        print_json({"database": project.location, "changes": [change.as_dict() for change in changes]})
    elif not changes:
        print("the database is what the models declare")
    else:
        from pwmig.text import Ink, change_lines, printable

        print(f"to make {printable(project.location)} what the models declare:")
        print_lines(change_lines(changes, Ink()))
    return LOOK if changes else FINE
