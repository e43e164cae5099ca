"""The commands that run migrations, on the database or on a copy: migrate, resolve, sql, rehearse."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.cli.showing import (
    FINE,
    Progress,
    open_project,
    plain,
    print_json,
    print_lines,
    prints_aside,
    refuse_memory,
    run_as_dict,
)

if TYPE_CHECKING:
    from pwmig.plan import Run
    from pwmig.project import Project
    from pwmig.waits import Waits

__all__ = ["migrate", "rehearse", "resolve", "sql"]


def migrate(options: argparse.Namespace) -> int:
    project = open_project(options)
    from pwmig.waits import reads_wait

    with Progress() as progress, reads_wait(options.wait, progress):
        plan = project.plan(
            to=options.to, steps=options.steps, backward=options.backward, fake=options.fake, allow=options.allow
        )
    from pwmig.text import Ink, plan_lines

    if options.dry_run:
        print_lines(plan_lines(plan, Ink()))
        return FINE
    if not plan:
        print(_nothing_to_do(options))
        return FINE
    refuse_memory(project)
    verb = project.revert if options.backward else project.apply
    with Progress() as progress:
        run = verb(plan, listener=progress, waits=_waits(project, options))
    skipped = sum(step.outcome == "skipped" for step in run.steps)
    if skipped:
        print(f"{skipped} done by another runner meanwhile")
    _tell_restored(run)
    for step in run.steps:
        if not step.step.reversible:
            from pwmig.text import printable

            print(
                f"note: {printable(step.step.name)} has no migrate_backward() and can't be taken back", file=sys.stderr
            )
    return FINE


def resolve(options: argparse.Namespace) -> int:
    project = open_project(options)
    refuse_memory(project)
    with Progress() as progress:
        run = project.resolve(options.name, how=options.how, listener=progress, wait_s=options.wait)
    _tell_restored(run)
    return FINE


def _waits(project: Project, options: argparse.Namespace) -> Waits:
    """What the config says of waiting, and what the command line says instead."""
    said = {
        "lock_s": options.lock_timeout,
        "lock_retries": options.lock_retries,
        "statement_s": options.statement_timeout,
    }
    return replace(
        project.waits, turn_s=options.wait, **{name: value for name, value in said.items() if value is not None}
    )


def _tell_restored(run: Run) -> None:
    from pwmig.text import printable

    for step in run.steps:
        for kept in step.kept:
            print(f"the attic keeps {printable(str(kept))}")
        for restored in step.restored:
            print(f"from the attic: {printable(str(restored))}")


def _nothing_to_do(options: argparse.Namespace) -> str:
    if options.backward:
        return "nothing to do: no migration is applied"
    if options.to:
        return f"nothing to do: all up to {options.to} is applied; migrate --backward --to {options.to} goes back to it"
    return "nothing to do: no migration is pending"


def sql(options: argparse.Namespace) -> int:
    project = open_project(options)
    run = _rehearsed_alone(project, options) if options.name else _rehearsed(project, options, name=None)
    if options.json:
        print_json({"steps": plain(run.steps)})
    elif not run.steps:
        print("-- nothing to run: no migration is " + ("applied" if options.backward else "pending"))
    else:
        from pwmig.text import Ink, sql_lines

        print_lines(sql_lines(run, Ink()))
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
    with Progress(quiet=True) as progress, prints_aside():
        run = project.rehearse(plan, listener=progress)
    return replace(run, steps=tuple(step for step in run.steps if step.step.name == name))


def rehearse(options: argparse.Namespace) -> int:
    project = open_project(options)
    run = _rehearsed(project, options, name=options.to)
    if options.json:
        print_json(run_as_dict(run))
    elif not run.steps:
        print("nothing to rehearse: " + ("no migration is applied" if options.backward else "no migration is pending"))
    else:
        from pwmig.text import Ink, run_lines

        print_lines(run_lines(run, Ink()))
    return FINE


def _rehearsed(project: Project, options: argparse.Namespace, *, name: str | None) -> Run:
    with Progress(quiet=True) as progress, prints_aside():
        return project.rehearse(to=name, backward=options.backward, allow=options.allow, listener=progress)
