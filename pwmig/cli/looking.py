"""The commands that look and change nothing: status, diff, check."""

from __future__ import annotations

import argparse

from pwmig.cli.showing import FINE, LOOK, Progress, open_project, plain, print_json, print_lines, prints_aside

__all__ = ["check", "diff", "status"]


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
    before, after = _sides(options)
    project = open_project(options)
    with Progress(quiet=True) as progress, prints_aside():
        difference = project.difference(before, after, listener=progress)
    if options.json:
        print_json(
            {
                "database": project.location,
                "before": str(difference.sides[0]),
                "after": str(difference.sides[1]),
                "changes": [change.as_dict() for change in difference.changes],
                "renames": [plain(candidate) for candidate in difference.renames],
                "notes": list(difference.notes),
            }
        )
    else:
        from pwmig.cli.lines import difference_lines
        from pwmig.text import Ink

        print_lines(difference_lines(difference, project.location, Ink()))
    return LOOK if difference else FINE


def _sides(options: argparse.Namespace) -> tuple[str, str]:
    if not options.drift:
        return options.before or "live", options.after or "models"
    if options.before is None:
        return "history", "live"
    from pwmig.errors import PlanError

    raise PlanError(
        "--drift takes no sides",
        why="it compares what the applied migrations make with the live database",
        way_out="leave one of the two out",
    )


def check(options: argparse.Namespace) -> int:
    project = open_project(options)
    with Progress(quiet=True) as progress, prints_aside():
        report = project.check(strict=options.strict, listener=progress)
    if options.json:
        print_json({"database": project.location, **report.as_dict()})
    else:
        from pwmig.cli.lines import check_lines
        from pwmig.text import Ink

        print_lines(check_lines(report, project.location, Ink()))
    return FINE if report.ok else LOOK
