"""What a person asks of the attic outside of a run: to put something back, and to let go of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pwmig.attic.entries import Attic, Entry, columns_in_words
from pwmig.attic.restoring import prints_now, put_back_values, put_rows
from pwmig.errors import OperationRefused
from pwmig.plan import Restored

if TYPE_CHECKING:
    from pwmig.project import Project

__all__ = ["purge", "restore"]


def restore(project: Project, wanted: str, *, doubtful: bool, wait_s: float) -> tuple[Restored, ...]:
    """Put back, of all that is meant, what can be; only where nothing stands."""
    with _writing(project, wait_s) as attic:
        return tuple(_one(attic, entry, doubtful) for entry in attic.find(wanted))


def purge(project: Project, wanted: str | None, *, wait_s: float) -> tuple[Entry, ...]:
    """Let go of what is meant, or of everything."""
    if not project.attic(wanted):
        return ()
    with _writing(project, wait_s) as attic:
        entries = attic.find(wanted) if wanted is not None else attic.entries()
        for entry in entries:
            attic.discard(entry)
        return entries


@contextmanager
def _writing(project: Project, wait_s: float) -> Iterator[Attic]:
    """The attic in a transaction, or where there is none, in the turn of a migration."""
    database, opened = project.database, project.database.is_closed()
    try:
        with project.dialect.session(database, wait_s=wait_s) as session, session.turn() as turn:
            yield Attic(project.dialect, database)
            turn.finish()
    finally:
        if opened and not database.is_closed():
            database.close()


def _one(attic: Attic, entry: Entry, doubtful: bool) -> Restored:
    shelf = attic.shelf
    place = shelf.look(entry.table)
    column = place.column(entry.columns[0]) if place is not None and entry.what != "table" else None
    if place is None or (entry.what != "table" and column not in place.columns):
        what = columns_in_words(entry.what, entry.table, entry.columns)
        raise OperationRefused(
            f"{what} can't be put back",
            why=f"there is no table {entry.table!r}" if place is None else "there is no such column now",
            way_out=f"revert {entry.migration}, or make it again, then pwmig attic restore {entry.id}",
            table=entry.table,
        )
    if entry.what == "table":
        return put_rows(attic, entry, place)
    assert column is not None
    cell = f"t.{shelf.quote(column)}"
    fresh = shelf.same(cell, "x.n0") if entry.what == "change" else f"{cell} IS NULL"
    filled = column if entry.what == "change" else None
    prints = prints_now(entry, place)
    return put_back_values(attic, entry, place, column, prints, fresh=fresh, doubtful=doubtful, filled=filled)
