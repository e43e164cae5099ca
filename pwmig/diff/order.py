"""The order in which changes can be carried out, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from pwmig.diff import changes as c
from pwmig.schema import Table, View

__all__ = ["in_order"]

# What stands in the way goes first; then the new names, which all later changes use; what names a
# table or column is dropped before it and made after it.
_PHASES: tuple[tuple[type[c.Change], ...], ...] = (
    (c.DropView, c.Dropped),
    (c.RenameTable,),
    (c.RenameColumn,),
    (c.DropTrigger,),
    (c.DropForeignKey,),
    (c.DropIndex, c.DropUnique, c.DropCheck),
    (c.DropTable,),
    (c.Added, c.Altered),
    (c.CreateTable,),
    (c.AddColumn,),
    (c.AlterColumn,),
    (c.AlterPrimaryKey,),
    (c.DropColumn,),
    (c.AlterOptions, c.AlterTable),
    (c.AlterUnique, c.AlterCheck, c.AlterIndex, c.AlterForeignKey),
    (c.AddUnique, c.AddCheck),
    (c.AddIndex,),
    (c.AddForeignKey,),
    (c.AlterTrigger, c.AddTrigger),
    (c.AlterView, c.CreateView),
)
_PHASE = {kind: number for number, kinds in enumerate(_PHASES) for kind in kinds}
_Thing = TypeVar("_Thing")


def in_order(changes: Iterable[c.Change]) -> tuple[c.Change, ...]:
    """The changes so that each can be done when those before it are done."""
    found = list(changes)
    taken = {place for change in found if (place := _place_taken(change)) is not None}
    by_phase: dict[float, list[c.Change]] = {}
    for change in sorted(found, key=lambda one: (one.table.lower(), one.table)):
        by_phase.setdefault(_phase(change, taken), []).append(change)
    return tuple(change for phase in sorted(by_phase) for change in _within(by_phase[phase]))


def _phase(change: c.Change, taken: set[tuple[str, ...]]) -> float:
    """The number of the change's phase; a drop that makes room for a rename goes right before it."""
    if isinstance(change, c.DropTable) and (change.table.lower(),) in taken:
        return _PHASE[c.RenameTable] - 0.5
    if isinstance(change, c.DropColumn) and (change.table.lower(), change.column.name.lower()) in taken:
        return _PHASE[c.RenameColumn] - 0.5
    return _PHASE[type(change)]


def _place_taken(change: c.Change) -> tuple[str, ...] | None:
    if isinstance(change, c.RenameTable):
        return (change.table.lower(),)
    if isinstance(change, c.RenameColumn):
        return (change.table.lower(), change.name.lower())
    return None


def _within(changes: Sequence[c.Change]) -> Sequence[c.Change]:
    """One phase's changes in order: what a change waits for comes before it."""
    first: Any = changes[0]
    many: Sequence[Any] = changes
    if isinstance(first, c.RenameTable):
        return sorted_by_need(many, lambda one: one.old_name.lower(), lambda one: [one.table.lower()])
    if isinstance(first, c.RenameColumn):
        return sorted_by_need(
            many,
            lambda one: (one.table.lower(), one.old_name.lower()),
            lambda one: [(one.table.lower(), one.name.lower())],
        )
    if isinstance(first, (c.CreateTable, c.DropTable)):
        ordered = sorted_by_need(many, _name, lambda one: _targets(one.definition))
        return ordered if isinstance(first, c.CreateTable) else ordered[::-1]
    if isinstance(first, (c.CreateView, c.AlterView, c.DropView)):
        ordered = sorted_by_need(many, _name, lambda one: _words(one.after if one.sign == "~" else one.view))
        return ordered[::-1] if isinstance(first, c.DropView) else ordered
    return changes


def _name(change: c.Change) -> str:
    return change.table.lower()


def _targets(table: Table) -> list[str]:
    return [key.ref_table.lower() for key in table.foreign_keys]


def _words(view: View) -> list[str]:
    return [word.lower() for word in re.findall(r'"(?:[^"]|"")*"|\w+', view.sql) for word in (word, word[1:-1])]


def sorted_by_need(
    things: Sequence[_Thing], name: Callable[[_Thing], Hashable], needs: Callable[[_Thing], Iterable[Hashable]]
) -> list[_Thing]:
    """The things so that each stands behind those it needs, by name; a circle is cut where it closes."""
    by_name = {name(thing): thing for thing in things}
    ordered: list[_Thing] = []
    begun: set[Hashable] = set()
    for root in things:
        stack: list[tuple[_Thing, bool]] = [(root, False)]
        while stack:
            thing, ready = stack.pop()
            if ready:
                ordered.append(thing)
            elif name(thing) not in begun:
                begun.add(name(thing))
                stack.append((thing, True))
                stack.extend((by_name[need], False) for need in needs(thing) if need in by_name)
    return ordered
