"""What waits for itself, taken apart: a table without the foreign key that closes a circle, and the key by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from pwmig.diff import changes as c
from pwmig.diff.graph import Graph
from pwmig.diff.needs import Key, mentions
from pwmig.schema import Event, Exclusion, Policy, Routine, Rule, Table, View

__all__ = ["ViewPair", "without_circles"]

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


ViewPair = tuple[View, View]
"""A view before, in its new names, and after."""


def without_circles(changes: Sequence[c.Change], views: Sequence[ViewPair] = ()) -> Graph:
    """The graph of the changes, with those apart that stood in a circle; one that can't be taken apart stays.

    ``views`` are those that stay as they are. Where one that they stand on is dropped and made anew, so are they.
    """
    graph = Graph(changes)
    renewed: set[str] = set()
    while circles := graph.circles():
        apart = {place: found for circle in circles for place in circle if (found := _apart(graph, place, circle))}
        if not apart:
            break
        here = {graph.changes[place].table for place in apart if isinstance(graph.changes[place], c.AlterView)}
        renewed |= here
        made: list[c.Change] = []
        for place, change in enumerate(graph.changes):
            made += apart.get(place, [change])
        graph = Graph(_without_parts(made, here))
    standing = _standing_on(renewed, views)
    if not standing:
        return graph
    names = {after.name for _, after in standing}
    again = [made for before, after in standing for made in _anew(before, after)]
    return Graph([*_without_parts(graph.changes, names), *again])


def _anew(before: View, after: View) -> tuple[c.Change, c.Change]:
    return c.DropView(after.name, before), c.CreateView(after.name, after)


def _without_parts(changes: Iterable[c.Change], views: Collection[str]) -> list[c.Change]:
    """The changes without those of triggers and indexes of views that are made anew with them."""
    return [change for change in changes if not (isinstance(change, _OF_VIEW) and change.table in views)]


def _standing_on(names: Iterable[str], views: Sequence[ViewPair]) -> list[ViewPair]:
    """The views that stand on others of these names, or on one that does."""
    found: dict[str, ViewPair] = {}
    words = {name.rpartition(".")[2].lower() for name in names}
    waiting = list(views) if words else []
    while True:
        more = [pair for pair in waiting if pair[1].name not in found and words & mentions(pair[0], "").words]
        if not more:
            return list(found.values())
        found |= {pair[1].name: pair for pair in more}
        words |= {pair[1].plain_name.lower() for pair in more}


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
