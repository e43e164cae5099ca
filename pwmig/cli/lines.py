"""Differences and checks as lines for a terminal; the words of one record each are :mod:`pwmig.text`'s."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pwmig.sides import difference_title
from pwmig.text import Ink, change_lines, printable

if TYPE_CHECKING:
    from pwmig.diff import RenameCandidate
    from pwmig.sides import Difference

__all__ = ["difference_lines"]


def difference_lines(difference: Difference, location: str, ink: Ink) -> Iterable[str]:
    """A title, a line a change, and what might be a rename as a question."""
    yield printable(difference_title(difference, location))
    yield from change_lines(difference.changes, ink)
    if difference.renames:
        yield ""
        yield ink("a rename?", "bold") + " A drop and an add are taken for one only where a migration says so:"
        yield from (f"{ink('?', 'blue')} {printable(_question(candidate))}" for candidate in difference.renames)


def _question(candidate: RenameCandidate) -> str:
    place = f"{candidate.table}." if candidate.table is not None else "table "
    evidence = ", ".join(getattr(candidate, "evidence", ()))
    return (
        f"{place}{candidate.old_name} -> {candidate.new_name} ({candidate.score:.0%}{': ' * bool(evidence)}{evidence})"
    )
