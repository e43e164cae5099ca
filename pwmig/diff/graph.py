"""Which change has to wait for which, and the circles among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from typing import TypeGuard

from pwmig.diff import changes as c
from pwmig.diff.needs import Key, Mentions, Need, need_of
from pwmig.schema import Policy, Rule, Trigger, View

__all__ = ["Graph", "is_new_name"]

_TYPE = ("type", "collation", "charset")
"""The facts of a column in which another one that refers to it is the same."""


class Graph:
    """Changes by their places in a sequence, and for each those that have to come after it."""

    def __init__(self, changes: Sequence[c.Change]) -> None:
        self.changes = changes
        self.needs: list[Need] = [need_of(change) for change in changes]
        self.later: list[set[int]] = [set() for _ in changes]
        self._bringers = self._by_key(need.brings for need in self.needs)
        self._takers = self._by_key(need.takes for need in self.needs)
        self._movers = self._by_key(need.moves for need in self.needs)
        self._columns = self._columns_by_word()
        self._old_names = self._renamed()
        for place in range(len(changes)):
            self._connect(place)
        self._make_room()
        self._stand_in()
        self._lead_to_types()

    @staticmethod
    def _by_key(keys: Iterable[set[Key]]) -> dict[Key, list[int]]:
        found: dict[Key, list[int]] = defaultdict(list)
        for place, some in enumerate(keys):
            for key in some:
                found[key].append(place)
        return dict(found)

    def _columns_by_word(self) -> dict[str, set[tuple[str, Key]]]:
        """The columns that come or go, by their names: the word for their table, and their key."""
        found: dict[str, set[tuple[str, Key]]] = defaultdict(set)
        for key in (*self._bringers, *self._takers):
            if key[0] in ("column", "seen"):
                found[key[2]].add((key[1].rpartition(".")[2], key))
        return dict(found)

    def _renamed(self) -> dict[str, dict[str, str]]:
        """The new names of columns by the old ones, folded, of each table."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for change in self.changes:
            if isinstance(change, c.RenameColumn):
                found[change.table.lower()][change.old_name.lower()] = change.name.lower()
        return dict(found)

    def _connect(self, place: int) -> None:
        need = self.needs[place]
        change = self.changes[place]
        for key in self._unless_read_still(self.mentioned(need.needs, change), need, change):
            for other in self._bringers.get(key, ()):
                self._add(other, place)
        left = (*self.mentioned(need.leaves, change), *self._seen_before(need, change))
        for key in self._unless_read_still(left, need, change):
            # What a rename brings under a name that is dropped is another thing, and it is that which is meant.
            for other in () if self._is_moved_to(key) else self._takers.get(key, ()):
                self._add(place, other)

    def _unless_read_still(self, keys: Iterable[Key], need: Need, change: c.Change) -> Iterator[Key]:
        """The keys without those of columns that a computed one reads before and after it is another."""
        if not isinstance(change, c.AlterColumn):
            yield from keys
            return
        names = self._old_names.get(change.table.lower(), {})
        both = need.needs.words & {names.get(word, word) for word in need.leaves.words}
        yield from (key for key in keys if key[0] != "seen" or key[2] not in both)

    def _is_moved_to(self, key: Key) -> bool:
        return key[0] == "table" and any(self.needs[place].moves for place in self._bringers.get(key, ()))

    def mentioned(self, what: Mentions, change: c.Change) -> Iterator[Key]:
        """The keys among what comes or goes that something mentions, in keys or in words."""
        yield from what.keys
        table = change.table.rpartition(".")[2].lower()
        sees = _sees(change)
        for word in what.words:
            yield "word", word
            for near, key in self._columns.get(word, ()):
                if (near == table or near in what.words) and (sees or key[0] == "column"):
                    yield key

    def _seen_before(self, need: Need, change: c.Change) -> Iterator[Key]:
        """The columns of its table whose type keeps something that is dropped, by the names that they had in it."""
        if (change.sign == "-" or isinstance(change, c.AlterColumn)) and _sees(change):
            names = self._old_names.get(change.table.lower(), {})
            yield from (("seen", change.table.lower(), names[word]) for word in need.leaves.words if word in names)

    def _make_room(self) -> None:
        """A name is free before something else takes it; of names that change in a circle, one is as long as needed."""
        last = self._last_of_circles()
        for key, bringers in self._bringers.items():
            if key[0] in ("key", "seen"):
                continue
            moving = (place for place in self._movers.get(key, ()) if place not in last)
            for going in (*self._takers.get(key, ()), *moving):
                for coming in bringers:
                    self._add(going, coming)

    def _last_of_circles(self) -> set[int]:
        """Of renames that wait for each other's names in a circle, the one that comes last."""
        names: dict[Key, tuple[int, Key]] = {}
        for place, change in enumerate(self.changes):
            if isinstance(change, c.RenameTable):
                names["", change.old_name.lower()] = place, ("", change.table.lower())
            elif isinstance(change, c.RenameColumn):
                table = change.table.lower()
                names[table, change.old_name.lower()] = place, (table, change.name.lower())
            elif is_new_name(change):
                names["index", "", change.before.name.lower()] = place, ("index", "", change.after.name.lower())
        found: set[int] = set()
        for first in names:
            circle: list[int] = []
            name = first
            while name in names and names[name][0] not in circle:
                circle.append(names[name][0])
                name = names[name][1]
            if name == first and len(circle) > 1:
                found.add(min(circle))
        return found

    def _stand_in(self) -> None:
        """An index is there before the one that it stands in for goes: MariaDB has foreign keys lean on one.

        Where the one that comes has to wait for the other, it can't stand in.
        """
        coming: dict[Key, list[int]] = defaultdict(list)
        for place, change in enumerate(self.changes):
            if isinstance(change, c.AddIndex) and (key := _first_column(change)):
                coming[key].append(place)
        for place, change in enumerate(self.changes):
            if isinstance(change, c.DropIndex) and (key := _first_column(change)) and key not in self._bringers:
                for other in coming.get(key, ()):
                    if not (self.needs[other].brings & self.needs[place].takes or self._leads(place, other)):
                        self._add(other, place)

    def _lead_to_types(self) -> None:
        """A table comes when what its foreign keys lead to has its type: MariaDB takes no key between two, and no other
        type of what a key leads to."""
        typed = {
            (change.table.lower(), change.after.name.lower()): place
            for place, change in enumerate(self.changes)
            if isinstance(change, c.AlterColumn) and any(fact.name in _TYPE for fact in change.facts)
        }
        for place, change in enumerate(self.changes) if typed else ():
            for key in change.definition.foreign_keys if isinstance(change, c.CreateTable) else ():
                for column in key.ref_columns:
                    other = typed.get((key.ref_table.lower(), column.lower()))
                    if other is not None and not self._leads(place, other):
                        self._add(other, place)

    def _leads(self, first: int, then: int) -> bool:
        """Whether one has to come after another, directly or by others in between."""
        seen, left = {first}, [first]
        while left:
            for place in self.later[left.pop()] - seen:
                seen.add(place)
                left.append(place)
        return then in seen

    def _add(self, first: int, then: int) -> None:
        if first != then:
            self.later[first].add(then)

    def circles(self) -> list[list[int]]:
        """The places of changes that wait for each other, each circle by itself (Tarjan's components)."""
        found: list[list[int]] = []
        index: dict[int, int] = {}
        low: dict[int, int] = {}
        stack: list[int] = []
        on_stack: set[int] = set()
        for root in range(len(self.changes)):
            if root in index:
                continue
            work: list[tuple[int, Iterator[int]]] = [(root, iter(sorted(self.later[root])))]
            index[root] = low[root] = len(index)
            stack.append(root)
            on_stack.add(root)
            while work:
                place, others = work[-1]
                for other in others:
                    if other not in index:
                        index[other] = low[other] = len(index)
                        stack.append(other)
                        on_stack.add(other)
                        work.append((other, iter(sorted(self.later[other]))))
                        break
                    if other in on_stack:
                        low[place] = min(low[place], index[other])
                else:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[place])
                    if low[place] == index[place]:
                        circle = _popped(stack, place)
                        on_stack.difference_update(circle)
                        if len(circle) > 1:
                            found.append(sorted(circle))
        return found

    def sorted(self, ranks: Sequence[tuple[float, str, str]]) -> list[c.Change]:
        """The changes so that each comes when what it waits for is done; of those ready the lowest rank first.

        A circle that is left is entered at its lowest rank.
        """
        waits = [0] * len(self.changes)
        for places in self.later:
            for place in places:
                waits[place] += 1
        ready: list[tuple[tuple[float, str, str], int]] = []
        for place, count in enumerate(waits):
            if not count:
                heappush(ready, (ranks[place], place))
        left = set(range(len(self.changes)))
        ordered: list[c.Change] = []
        while left:
            if not ready:
                heappush(ready, min((ranks[place], place) for place in left))
            place = heappop(ready)[1]
            if place not in left:
                continue
            left.remove(place)
            ordered.append(self.changes[place])
            for other in self.later[place]:
                waits[other] -= 1
                if not waits[other]:
                    heappush(ready, (ranks[other], other))
        return ordered


def is_new_name(change: c.Change) -> TypeGuard[c.AlterIndex]:
    """Whether an index gets another name and nothing else."""
    return isinstance(change, c.AlterIndex) and replace(change.before, name=change.after.name) == change.after


def _sees(change: c.Change) -> bool:
    """Whether PostgreSQL keeps a column's type as it is as long as what the change is about is there."""
    if isinstance(change, (c.AddColumn, c.DropColumn)):
        return change.column.generated is not None
    if isinstance(change, c.AlterColumn):
        return change.before.generated != change.after.generated
    if isinstance(change, (c.Added, c.Dropped)):
        return isinstance(change.thing, (Policy, Rule))
    if isinstance(change, c.Altered) and isinstance(change.after, (Policy, Rule, View, Trigger)):
        return True
    return isinstance(change, (c.CreateView, c.DropView, c.AddTrigger, c.DropTrigger))


def _popped(stack: list[int], last: int) -> list[int]:
    """What stands on the stack down to ``last``, which is taken off."""
    place = stack.index(last)
    taken = stack[place:]
    del stack[place:]
    return taken


def _first_column(change: c.AddIndex | c.DropIndex) -> Key | None:
    first = change.index.parts[0].column if change.index.parts else None
    return None if first is None else ("column", change.table.lower(), first.lower())
