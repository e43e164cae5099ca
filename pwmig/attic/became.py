"""What a change made of the values that are kept: noted when it has its new ones, or where a run was killed by then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pwmig.attic.entries import Attic, Entry
    from pwmig.dialects.shelved import Place

__all__ = ["note_new", "note_stopped"]


def note_new(attic: Attic, entry: Entry, table: str) -> tuple[Place, str, int] | None:
    """Add to what was kept of a column what it is by now, and keep no more than what is another value: the table, the
    column, and of how many rows that is. None where the column is not there."""
    place = attic.shelf.look(table)
    column = place.column(entry.columns[0]) if place is not None else None
    if place is None or column is None:
        return None
    if entry.key != place.key:  # A row may have another number by now, where it has one.
        place = replace(place.told_by(entry.key), row_id="")
    return place, column, attic.shelf.note_new(entry.id, place, column, entry.prints)


def note_stopped(attic: Attic, migration: str, direction: str) -> None:
    """The same for what a step was changing when it was killed, which is about to be taken back.

    Where the database computes the column still, nobody has written it since, and it is noted for good. Otherwise it
    has no new value yet, and rows that hold another one by now got that from somebody else: those stay in doubt.
    """
    for entry in attic.entries(migration, direction):
        if not entry.definitions.get("open"):
            continue
        found = note_new(attic, entry, str(entry.table))
        if found is None:
            continue
        place, column, rows = found
        if column in place.generated:
            attic.close(entry)
        elif not rows:
            attic.discard(entry)
