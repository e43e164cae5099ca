"""One thing of the attic is put back, as far as it can be, and what is put back is let go of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.attic.entries import types_of
from pwmig.attic.names import Gone, now_called
from pwmig.attic.refused import saying_why
from pwmig.dialects.shelved import Reference, told_apart
from pwmig.errors import OperationRefused
from pwmig.plan import Restored

if TYPE_CHECKING:
    from pwmig.attic.entries import Attic, Entry
    from pwmig.dialects.shelved import Counts, Place

__all__ = ["LetGo", "at_once", "put_back_values", "put_rows", "refuse_null", "told"]

LetGo = Callable[["Entry", int, Callable[[], None], Callable[[], None]], None]
"""Runs what writes down that a thing was put back, so many rows of which are left, and what lets go of it then: at
once, or later."""


def at_once(entry: Entry, left: int, note: Callable[[], None], let_go: Callable[[], None]) -> None:
    note()
    let_go()


def put_rows(attic: Attic, entry: Entry, place: Place, let_go: LetGo = at_once, *, by_hand: bool = False) -> Restored:
    """Put the rows of a table back, and let go of them: those whose keys are there already are newer."""
    shelf = attic.shelf
    kept = entry.definitions.get("columns", entry.columns)
    called = list(zip(kept, now_called(entry, place, entry.columns)))
    names = {there: str(name) for name, there in called if there in place.columns}
    by_now = {name: there for there, name in names.items()}
    made_again = [
        Reference(tuple(by_now[name] for name in columns), table, tuple(to))
        for columns, table, to in entry.definitions.get("references", ())
        if all(name in by_now for name in columns) and shelf.is_table(table)
    ]
    _take_apart(attic, entry, place, names, [n for n, (_, there) in enumerate(called) if there is None])
    with saying_why(attic, entry, place, None, by_hand=by_hand):
        counts = shelf.put_rows(entry.id, place, names, made_again)
    shelf.after_rows(entry.id, place, entry.definitions)

    def note() -> None:
        if not counts.left:
            attic.give_back(entry)
            return
        if counts.left < shelf.count(entry.id):
            shelf.let_go_rows(entry.id, place, names)
        attic.resize(entry)

    def gone() -> None:
        if not counts.left:
            attic.discard(entry)

    let_go(entry, counts.left, note, gone)
    newer, lost, rounded = counts.newer, counts.lost, counts.rounded
    return Restored(place.name, None, counts.restored, newer=newer, lost=lost, rounded=rounded)


def _take_apart(attic: Attic, entry: Entry, place: Place, names: Mapping[str, str], left: Sequence[int]) -> None:
    """Columns of a dropped table that the new one lacks are kept by themselves: for an operation that adds one yet, or
    for somebody who does it by hand.

    Where that was begun before, and nothing took it back, it begins again.
    """
    for other in attic.entries(entry.migration, entry.direction):
        if other.definitions.get("of") == entry.id:
            attic.discard(other)
    kept = entry.definitions.get("columns", entry.columns)
    key, others = told_apart(place, list(names))
    for n in left:
        number = attic.next_number()
        definitions = {name: entry.definitions[name] for name in ("sql",) if name in entry.definitions}
        definitions |= {"of": entry.id, "behind": list(map(str, entry.columns[:n][::-1]))}
        whole = replace(entry, id=number, row_count=0, byte_count=0, definitions=definitions)
        name = entry.columns[n]
        columns = (name if isinstance(name, Gone) else Gone(name),)
        one = replace(whole, what="column", table=place.name, columns=columns, key=key, prints=others)
        one = one if key else one.defined(types_of(place, others))
        attic.add(one)
        rows = attic.shelf.take_apart(entry.id, number, place, names, str(kept[n]))
        if rows:
            attic.shelf.protect_data(number)
            attic.resize(one, rows)
        else:
            attic.discard(one)


def put_back_values(
    attic: Attic,
    entry: Entry,
    place: Place,
    column: str,
    prints: Sequence[str | None],
    let_go: LetGo = at_once,
    *,
    fresh: str = "",
    doubtful: bool = False,
    filled: str | None = None,
    by_hand: bool = False,
) -> Restored:
    """Put the values of a column back, only where ``fresh`` holds; ``doubtful``: into rows that may be others too.

    ``filled`` is the column where it was changed, and not dropped.
    """
    shelf = attic.shelf
    shelf.sort(entry.id, place, prints, filled)
    if filled is not None and entry.definitions.get("open"):
        shelf.doubt(entry.id)
    elif fresh and (place.key or filled is None):
        shelf.leave_newer(entry.id, place, column, fresh)
    rows = int(shelf.ask(f"SELECT count(*) FROM {place.sql}")[0][0])
    kept = shelf.count(entry.id)
    with saying_why(attic, entry, place, column, by_hand=by_hand):
        counts = shelf.put(entry.id, place, [column], doubtful=doubtful)
    lacking = max(0, rows - (kept - counts.gone))
    return told(attic, entry, place, column, counts, let_go, lacking=lacking, doubtful=doubtful)


def told(
    attic: Attic,
    entry: Entry,
    place: Place,
    column: str,
    counts: Counts,
    let_go: LetGo,
    *,
    lacking: int = 0,
    doubtful: bool = False,
) -> Restored:
    """Let go of the values that were put back, and say what became of them all."""
    left = counts.left

    def note() -> None:
        if not left:
            attic.give_back(entry)
            return
        attic.shelf.let_go(entry.id, doubtful=doubtful)
        attic.resize(entry)

    def gone() -> None:
        if left:
            attic.shelf.drop_state(entry.id)
        else:
            attic.discard(entry)

    let_go(entry, left, note, gone)
    return Restored(
        *(place.name, column, counts.restored, counts.changed, counts.gone, counts.doubtful, counts.newer),
        *(lacking, counts.lost, counts.rounded),
        retyped=", ".join(place.then) if counts.gone else "",
        taken=counts.taken,
    )


def refuse_null(place: Place, column: str, count: int, kept: int, *, unique: bool = False) -> None:
    """Refuse a column that is to hold no NULL where so many rows have no value; ``unique``: nor the same value."""
    if not count:
        return
    rows = f"{count:,} row" + ("s have" if count != 1 else " has")
    add = f"add_column({place.name!r}, {column!r}, ...)"
    where = f"in the field of {add}" if unique else "there"
    default = f"a default in the field of {add}, which leaves the values of the attic as they are; or "
    raise OperationRefused(
        f"column {column!r} of {place.name!r} can't be NOT NULL again: {rows} no value for it",
        why=f"the attic had values for {kept:,} rows; these came since, may be other rows by now, or refer to "
        "what is not there",
        way_out=f"say what they get: {'' if unique else default}null=True {where}, then UPDATE, then add_not_null",
        table=place.name,
        column=column,
    )
