"""What waits for itself, taken apart: a table without the foreign key that closes a circle, and the key by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pwmig.diff import changes as c
from pwmig.diff.graph import Graph
from pwmig.diff.needs import Key, mentions
from pwmig.schema import Event, Exclusion, Policy, Routine, Rule, Table

__all__ = ["without_circles"]

_PARTS: dict[str, tuple[Callable[[str, Any], c.Change], Callable[[str, Any], c.Change]]] = {
    "foreign_keys": (c.AddForeignKey, c.DropForeignKey),
    "triggers": (c.AddTrigger, c.DropTrigger),
    "checks": (c.AddCheck, c.DropCheck),
    "indexes": (c.AddIndex, c.DropIndex),
    "exclusions": (c.Added, c.Dropped),
    "rules": (c.Added, c.Dropped),
    "policies": (c.Added, c.Dropped),
}
"""What of a table can be made behind it, and taken away ahead of it."""

_TWO: dict[type[c.Altered], tuple[Callable[[str, Any], c.Change], Callable[[str, Any], c.Change]]] = {
    c.AlterView: (c.DropView, c.CreateView),
    c.AlterIndex: (c.DropIndex, c.AddIndex),
    c.AlterUnique: (c.DropUnique, c.AddUnique),
    c.AlterForeignKey: (c.DropForeignKey, c.AddForeignKey),
    c.AlterCheck: (c.DropCheck, c.AddCheck),
    c.AlterTrigger: (c.DropTrigger, c.AddTrigger),
}
"""What holds no rows, so that it can be dropped and made anew."""

_OF_VIEW = (c.AddTrigger, c.DropTrigger, c.AlterTrigger, c.AddIndex, c.DropIndex, c.AlterIndex)


def without_circles(changes: Sequence[c.Change]) -> tuple[Graph, bool]:
    """The graph of the changes, with those apart that stood in a circle; and whether a circle is left."""
    graph = Graph(changes)
    while circles := graph.circles():
        apart = {place: found for circle in circles for place in circle if (found := _apart(graph, place, circle))}
        if not apart:
            return graph, True
        renewed = {graph.changes[place].table for place in apart if isinstance(graph.changes[place], c.AlterView)}
        made: list[c.Change] = []
        for place, change in enumerate(graph.changes):
            if place in apart:
                made += apart[place]
            elif not (isinstance(change, _OF_VIEW) and change.table in renewed):
                made.append(change)  # else: the view is made anew with it
        graph = Graph(made)
    return graph, False


def _apart(graph: Graph, place: int, circle: Sequence[int]) -> list[c.Change]:
    """The changes that are together what one is; none where it can't be taken apart."""
    change = graph.changes[place]
    if isinstance(change, (c.CreateTable, c.DropTable)):
        return _table_apart(graph, change, {key for other in circle if other != place for key in _keys(graph, other)})
    if isinstance(change, c.Altered):
        if type(change) in _TWO:
            drop, add = _TWO[type(change)]
        elif isinstance(change.after, (Exclusion, Policy, Rule, Routine, Event)):
            drop, add = c.Dropped, c.Added
        else:
            return []
        return [drop(change.table, change.before), add(change.table, change.after)]
    return []


def _keys(graph: Graph, place: int) -> set[Key]:
    need = graph.needs[place]
    return need.brings | need.takes


def _table_apart(graph: Graph, change: c.CreateTable | c.DropTable, others: set[Key]) -> list[c.Change]:
    coming = isinstance(change, c.CreateTable)
    made: list[c.Change] = []
    bare: Table = change.definition
    for name, (add, drop) in _PARTS.items():
        parts = getattr(bare, name)
        loose = [part for part in parts if not others.isdisjoint(graph.mentioned(mentions(part, bare.name), change))]
        if loose:
            kept: dict[str, Any] = {name: tuple(part for part in parts if part not in loose)}
            bare = replace(bare, **kept)
            made += [(add if coming else drop)(bare.name, part) for part in loose]
    return [replace(change, definition=bare), *made] if made else []
