"""What a person asks of the attic outside of a run: to put something back, and to let go of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.attic.entries import Attic, Entry, columns_in_words
from pwmig.attic.giving import put_back_values, put_rows
from pwmig.attic.names import as_kept, by_hand, is_named_again, now_called
from pwmig.errors import OperationRefused, PwmigError
from pwmig.plan import Restored

if TYPE_CHECKING:
    from pwmig.dialects.shelved import Place
    from pwmig.project import Project

__all__ = ["purge", "restore"]


def restore(project: Project, wanted: str, *, doubtful: bool, wait_s: float) -> tuple[Restored, ...]:
    """Put back, of all that is meant, what can be; only where nothing stands."""
    with _writing(project, wait_s) as attic:
        return tuple(_tried(attic, entry, doubtful) for entry in attic.find(wanted))


def purge(project: Project, wanted: str | None, *, wait_s: float) -> tuple[Entry, ...]:
    """Let go of what is meant, or of everything, also of places to which nothing but an empty column would come."""
    if not project.attic(wanted) and not _has_places(project):
        return ()
    with _writing(project, wait_s) as attic:
        entries = attic.find(wanted) if wanted is not None else attic.entries(bare=True)
        for entry in entries:
            attic.discard(entry)
        return entries


def _has_places(project: Project) -> bool:
    if not project.dialect.exists(project.database):
        return False
    with project.dialect.reading(project.database) as reader:
        return bool(Attic(project.dialect, reader).entries(bare=True))


@contextmanager
def _writing(project: Project, wait_s: float) -> Iterator[Attic]:
    """The attic in a transaction, or where there is none, in the turn of a migration."""
    database, opened = project.database, project.database.is_closed()
    waits = replace(project.waits, turn_s=wait_s)
    waits.require_possible()
    try:
        with (
            project.dialect.session(database, waits) as session,
            session.turn() as turn,
        ):
            yield Attic(project.dialect, database)
            turn.finish()
    finally:
        if opened and not database.is_closed():
            database.close()


def _tried(attic: Attic, entry: Entry, doubtful: bool) -> Restored:
    """Whatever the database says against it is said in words."""
    try:
        return _one(attic, entry, doubtful)
    except PwmigError:
        raise
    except Exception as error:
        if not attic.shelf.is_databases(error):
            raise
        raise OperationRefused(
            f"{columns_in_words(entry.what, entry.table, entry.columns)} can't be put back",
            why=f"the database says: {attic.shelf.words_of(error)}",
            way_out=f"mend what it names, then pwmig attic restore {entry.id}: what is not back stays in the attic",
            table=entry.table,
        ) from error


def _one(attic: Attic, entry: Entry, doubtful: bool) -> Restored:
    shelf, again = attic.shelf, is_named_again(entry)
    entry = by_hand(entry)
    place = shelf.look(entry.table)
    column = now_called(entry, place, entry.columns[:1])[0] if place is not None and entry.what != "table" else None
    kept = as_kept(entry, place) if place is not None else None
    if place is None or (entry.what != "table" and (column not in place.columns or kept is None)):
        what = columns_in_words(entry.what, entry.table, entry.columns)
        raise OperationRefused(
            f"{what} can't be put back",
            why=_missing(entry, place, column),
            way_out=f"revert {entry.migration}, or make it again, then pwmig attic restore {entry.id}",
            table=entry.table,
        )
    if again and not doubtful:
        return Restored(place.name, column, 0, unsure=shelf.count(entry.id))
    if entry.what == "table":
        return put_rows(attic, entry, place, by_hand=True)
    assert column is not None and kept is not None
    still = shelf.is_still(entry.id, kept, column) if entry.what == "change" else None
    if still is not None and entry.definitions.get("ahead"):
        still = shelf.or_back(still, column)
    fresh = still or f"t.{shelf.quote(column)} IS NULL"
    filled = column if entry.what == "change" else None
    prints = now_called(entry, place, entry.prints)
    done = put_back_values(
        *(attic, entry, kept, column, prints), fresh=fresh, doubtful=doubtful, filled=filled, by_hand=True
    )
    return replace(done, lacking=0)  # Rows that have a value by now are not newer for that.


def _missing(entry: Entry, place: Place | None, column: str | None) -> str:
    """Why a thing finds nowhere to be put back."""
    if place is None:
        return f"there is no table {entry.table!r}"
    if column not in place.columns:
        return "there is no such column now"
    return f"its rows are told apart by {', '.join(entry.key)}, which is not there now"
