"""Words and signs that every face uses for a run, a state and a place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pwmig.plan import Direction, Run, State

if TYPE_CHECKING:
    from pwmig.project import Project

__all__ = ["SIGNS", "listed", "location_text", "plural", "run_title", "sampled_text", "short_name"]

SIGNS = {
    State.APPLIED: "✓",
    State.PENDING: "○",
    State.FAILED: "✗",
    State.CHANGED: "≠",
    State.MISSING: "?",
}
"""The sign of each state; the word stands beside it."""


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "es" if noun.endswith("x") else "s")


def listed(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def sampled_text(run: Run) -> str:
    """Of which tables a copy held a sample of the rows only, and what follows for the counts; nothing where of none."""
    if not run.sampled:
        return ""
    counts = "what is counted of them, and of what was made of them, is of the sample"
    return f"The copy holds a sample of the rows of {listed(run.sampled, 8)}: {counts}."


def short_name(name: str) -> str:
    """A migration's name without the time in front of it."""
    return name.split("_", 2)[-1]


def run_title(run: Run, compared: tuple[str, str] | None = None) -> str:
    """A run in one line: ``Rehearsed on a copy: add_player_level``; ``compared`` are the points of a comparison."""
    if compared is not None:
        return f"Compared on a copy: {short_name(compared[0])} -> {short_name(compared[1])}"
    names = [step.step.name for step in run.steps] or [step.name for step in run.plan.steps]
    what = short_name(names[0]) if len(names) == 1 else plural(len(names), "migration")
    verb = "applied" if run.plan.direction is Direction.FORWARD else "reverted"
    if not run.ok:
        place = {"copy": "on a copy", "blank": "on an empty database"}.get(run.target, "rolled back")
        return f"Stopped, {place}: {what}"
    if not names:
        return "Nothing to do"
    if run.target == "copy":
        return f"Rehearsed on a copy, {verb}: {what}"
    return f"{verb.capitalize()}: {what}"


def location_text(project: Project) -> str:
    """A project's database for people, a file inside the project by its place there; never a password."""
    return project.location.replace(str(project.root) + os.sep, "")
