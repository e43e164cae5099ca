"""The order in which changes can be carried out, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pwmig.diff import changes as c
from pwmig.diff.apart import ViewPair, without_circles

__all__ = ["in_order"]

# What changes come to where nothing keeps them from it, so that a list of them reads well: what others stand
# on is made first, what stands in the way is dropped, then the new names, which all later changes use.
_PHASES: tuple[tuple[str, ...], ...] = (
    ("CreateNamespace", "AlterNamespace"),
    ("CreateExtension", "AlterExtension"),
    ("DropEvent", "DropPolicy", "DropRule"),
    ("DropView",),
    ("RenameTable",),
    ("RenameColumn",),
    ("DropTrigger",),
    ("DropForeignKey",),
    ("DropIndex", "DropUnique", "DropCheck", "DropExclusion"),
    ("DropTable",),
    ("CreateType", "AlterType"),
    ("CreateSequence", "AlterSequence"),
    ("CreateRoutine", "AlterRoutine"),
    ("CreateTable",),
    ("AddColumn",),
    ("AlterColumn",),
    ("AlterPrimaryKey",),
    ("DropColumn",),
    ("AlterOptions", "AlterTable"),
    ("AlterUnique", "AlterCheck", "AlterExclusion", "AlterIndex"),
    ("AddUnique", "AddCheck", "AddExclusion"),
    ("AddIndex",),
    ("AddForeignKey", "AlterForeignKey"),
    ("AlterTrigger", "AddTrigger"),
    ("AlterView", "CreateView"),
    ("AddRule", "AlterRule", "AddPolicy", "AlterPolicy"),
    ("CreateEvent", "AlterEvent"),
    ("DropRoutine",),
    ("DropSequence",),
    ("DropType",),
    ("DropExtension",),
    ("DropNamespace",),
)
_PHASE = {kind: number for number, kinds in enumerate(_PHASES) for kind in kinds}


def in_order(changes: Iterable[c.Change], views: Sequence[ViewPair] = ()) -> tuple[c.Change, ...]:
    """The changes so that each can be done when those before it are done.

    Two things that wait for each other are taken apart: two new tables that refer to each other are made without
    the foreign keys between them, which are added then. A view, an index, a constraint whose new definition
    waits for what its old one keeps from going is dropped and made anew, with the ``views`` that stand on it and
    would have stayed as they are.
    """
    found = tuple(changes)
    if len(found) < 2:
        return found
    graph = without_circles(found, views)
    return tuple(graph.sorted([_rank(change) for change in graph.changes]))


def _rank(change: c.Change) -> tuple[float, str, str]:
    """A change's place among those that are ready."""
    other = _PHASE["CreateType"] if change.sign != "-" else _PHASE["DropType"]
    return _PHASE.get(change.kind, other), change.table.lower(), change.table
