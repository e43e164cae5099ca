"""What a table and its columns are called by now, of which the attic keeps something, as operations rename them.

A name that an operation has dropped is kept as it was then. While the way there goes on, others may get that name, and
lose it again; the way back takes that back step by step, and what it makes by that name behind all of it is what was
dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.attic.entries import Entry
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.shelf import Shelf
    from pwmig.dialects.shelved import Place

__all__ = [
    *("Event", "Gone", "Way", "after", "as_kept", "by_hand", "comes_back", "dropped_table", "event_of", "is_anothers"),
    *("is_gone", "is_named_again", "is_unsure", "now_called"),
]

_TOLD = frozenset({"rename_table", "rename_column", "drop_table", "drop_column", "create_table", "add_column"})
"""Operations by which a name becomes another, or nothing, or something again."""
_GIVE = frozenset({"rename_table", "add_column"})
"""Of those the ones that say last which name something gets."""


class Gone(str):
    """The name of what is not there, as an operation dropped it. ``since`` says how often others got that name since
    then, or lost it again, by operations of the same way: it is odd while one has it."""

    __slots__ = ("since",)
    since: int

    def __new__(cls, name: str, since: int = 0) -> Gone:
        made = super().__new__(cls, name)
        made.since = since
        return made


class Way(Enum):
    """Which way an operation goes for a thing: ``ON``, as when it was kept; ``BACK``; or ``AGAIN``, the way of then
    from its beginning, since it was killed."""

    ON = 1
    BACK = 2
    AGAIN = 3


@dataclass(frozen=True, slots=True)
class Event:
    """What an operation does to names: ``table`` is called so before it; ``name`` is the column that it is about, or
    what the table is called then; ``new`` what the column is called then."""

    kind: str
    table: str
    name: str = ""
    new: str = ""

    @property
    def is_of_table(self) -> bool:
        return self.kind.endswith("_table")

    @property
    def makes(self) -> bool:
        """Whether something new comes by it."""
        return self.kind in ("create_table", "add_column")

    @property
    def frees(self) -> str:
        """The name that something loses."""
        return "" if self.makes else self.table if self.is_of_table else self.name

    @property
    def takes(self) -> str:
        """The name that something gets."""
        if self.kind == "create_table":
            return self.table
        return self.new if self.kind == "rename_column" else self.name if self.kind in _GIVE else ""


def event_of(wanted: Operation, shelf: Shelf) -> Event | None:
    """What an operation that is about to run does to names; of a new table nothing is known yet but its name."""
    if wanted.name not in _TOLD:
        return None
    first, *others = map(str, wanted.args[:3])
    if wanted.name == "drop_table":
        return Event(wanted.name, shelf.called(dropped_table(wanted), wanted.migrator))
    if wanted.name == "create_table":
        return Event(wanted.name, first)
    table = shelf.called(first, wanted.migrator)
    if wanted.name == "rename_table":
        return Event(wanted.name, table, shelf.called_then(first, others[0], wanted.migrator))
    return Event(wanted.name, table, others[0], others[1] if wanted.name == "rename_column" else "")


def dropped_table(wanted: Operation) -> str:
    """The table that a ``drop_table`` means, with the schema that it may say beside."""
    schema = wanted.kwargs.get("schema") or (wanted.args[3] if len(wanted.args) > 3 else None)
    return f"{schema}.{wanted.args[0]}" if schema else str(wanted.args[0])


def after(entry: Entry, event: Event, shelf: Shelf, way: Way) -> Entry:
    """The thing, by the names that hold behind an operation."""
    if event.is_of_table:
        table = _then(entry.table, event, shelf.same_table, way)
        return entry if table is entry.table else replace(entry, table=table)
    if isinstance(entry.table, Gone) or not shelf.same_table(entry.table, event.table):
        return entry
    behind = entry.definitions.get("behind", ()) if event.kind == "rename_column" else ()
    names = (*entry.columns, *entry.key, *entry.prints)

    def told(name: str) -> str:
        return _then(name, event, shelf.same_column, way)

    def beside(name: str) -> str:
        """Of what stood before it no drop is told: it has gone when another gets its name."""
        then = told(name)
        lost = way is Way.ON and then is name and not isinstance(name, Gone)
        return Gone(name, 1) if lost and shelf.same_column(name, event.takes) else then

    if all(told(name) is name for name in names) and all(beside(name) is name for name in behind):
        return entry
    then = _renamed(entry, told)
    return replace(then, definitions={**then.definitions, "behind": list(map(beside, behind))}) if behind else then


def _then(name: str, event: Event, same: Callable[[str, str], bool], way: Way) -> str:
    """What a name is behind an operation."""
    frees, takes = (bool(told) and same(name, told) for told in (event.frees, event.takes))
    if not isinstance(name, Gone):
        return name if not frees else event.takes or Gone(name)
    if way is Way.AGAIN:
        return str(name) if takes and event.makes else name
    since = _freed(name.since, way) if frees else name.since
    if takes and way is Way.BACK and event.makes and since <= 1:
        return str(name)
    since = _taken(since, way) if takes else since
    return name if since == name.since else Gone(name, since)


def _freed(since: int, way: Way) -> int:
    """Another has lost the name; where it had got it unheard, by raw SQL, that counts too."""
    heard = 1 if since % 2 else 2
    return since + heard if way is Way.ON else max(0, since - heard)


def _taken(since: int, way: Way) -> int:
    """Another has got the name; where the one before had lost it unheard, that counts too."""
    if way is Way.ON:
        return since if since % 2 else since + 1
    return max(0, since - (2 if since % 2 else 1))


def comes_back(name: str) -> bool:
    """Whether what has gone by a name, or another, is what comes when the way back makes something so called."""
    return not isinstance(name, Gone) or name.since <= 1


def is_gone(entry: Entry) -> bool:
    """Whether what a thing was of is not there, as far as operations say."""
    names = (entry.table,) if entry.what == "table" else (entry.table, entry.columns[0])
    return any(isinstance(name, Gone) for name in names)


def is_anothers(name: str) -> bool:
    """Whether another has by now the name of what is gone."""
    return isinstance(name, Gone) and name.since % 2 == 1


def is_unsure(entry: Entry, other: Entry, shelf: Shelf) -> bool:
    """Whether what is called as a thing was may be another: one has got the name, or something else that is kept had
    it at another time."""
    if is_anothers(entry.table) or (entry.what != "table" and is_anothers(entry.columns[0])):
        return True
    if not shelf.same_table(entry.table, other.table):
        return False
    if isinstance(entry.table, Gone) and _time(entry.table) != _time(other.table):
        return True
    if "table" in (entry.what, other.what) or not isinstance(entry.columns[0], Gone):
        return False
    same = shelf.same_column(entry.columns[0], other.columns[0])
    return same and _time(entry.columns[0]) != _time(other.columns[0])


def _time(name: str) -> int | None:
    return name.since if isinstance(name, Gone) else None


def is_named_again(entry: Entry) -> bool:
    """Whether others have had the name of a thing since it went."""
    names = (entry.table,) if entry.what == "table" else (entry.table, entry.columns[0])
    return any(isinstance(name, Gone) and name.since for name in names)


def by_hand(entry: Entry) -> Entry:
    """The thing for somebody who has seen to it that what is called so is what it was of."""
    taken = [str(name) for name in entry.columns if isinstance(name, Gone)] if entry.what != "table" else []

    def told(name: str) -> str:
        return Gone(name) if isinstance(name, Gone) else name

    def beside(name: str) -> str:
        return Gone(name, 1) if name in taken else told(name)

    key, prints = tuple(map(beside, entry.key)), tuple(map(beside, entry.prints))
    return replace(entry, table=told(entry.table), columns=tuple(map(told, entry.columns)), key=key, prints=prints)


def _renamed(entry: Entry, told: Callable[[str], str]) -> Entry:
    columns, key, prints = (tuple(map(told, names)) for names in (entry.columns, entry.key, entry.prints))
    definitions = entry.definitions
    if entry.what == "table" and columns != entry.columns:  # In the attic they are called as they were.
        definitions = {"columns": list(map(str, entry.columns)), **definitions}
    return replace(entry, columns=columns, key=key, prints=prints, definitions=definitions)


def as_kept(entry: Entry, place: Place) -> Place | None:
    """The table, with its rows told apart as they were when the thing was kept; None where that can't be by now."""
    key = now_called(entry, place, entry.key)
    if None in key:
        return None
    told = place.told_by(tuple(map(str, key)))
    types = zip(now_called(entry, place, entry.prints), entry.definitions.get("types", ()))
    then = {name: type_ for name, type_ in types if name is not None and place.types.get(name) != type_}
    return replace(told, then=then) if then else told


def now_called(entry: Entry, place: Place, names: Sequence[str]) -> tuple[str | None, ...]:
    """Columns of a thing as its table spells them, generated or not; None for what is gone.

    What is gone may have come back by raw SQL: it has where nothing else that is known is called so.
    """
    known = (*entry.columns, *entry.key, *entry.prints)
    others = {place.column(name) for name in known if not isinstance(name, Gone)}
    found = [(name, None if is_anothers(name) else place.column(name)) for name in names]
    return tuple(None if isinstance(name, Gone) and there in others else there for name, there in found)
