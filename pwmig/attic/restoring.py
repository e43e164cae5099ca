"""What the other direction of a migration took away is put back, once what it stood in is there again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pwmig.errors import OperationRefused
from pwmig.plan import Direction, Restored

if TYPE_CHECKING:
    from pwmig.attic.entries import Attic, Entry
    from pwmig.dialects.migrator import Migrator
    from pwmig.dialects.shelved import Counts, Place
    from pwmig.plan import Step

_LetGo = Callable[[Callable[[], None]], None]
"""Runs what lets go of what was put back: at once, or later."""

__all__ = ["Restoring", "prints_now", "put_back_values", "put_rows"]


@dataclass(slots=True)
class _Waiting:
    """A thing whose place was made again; ``table`` is called so by now."""

    entry: Entry
    table: str
    required: bool = False


class Restoring:
    """What one step gets back. ``waiting`` are things whose places the batch makes again."""

    def __init__(self, attic: Attic, step: Step) -> None:
        self.attic = attic
        self.step = step
        self.waiting: list[_Waiting] = []
        self._there: list[Entry] | None = None
        self._names: dict[str, str] = {}
        self._rows_back: list[tuple[Entry, str]] = []
        self._back: list[tuple[Entry, str]] = []
        self._marked: set[int] = set()
        self._given_back: list[Callable[[], None]] = []

    @property
    def entries(self) -> list[Entry]:
        """What the other direction took, the latest first, without what is back already."""
        if self._there is None:
            other = Direction.BACKWARD if self.step.direction is Direction.FORWARD else Direction.FORWARD
            self.attic.sweep(self.step.name, other.value)
            self._there = list(self.attic.entries(self.step.name, other.value))
        return self._there

    # -- what operations say

    def expect_column(self, table: str, column: str, migrator: Migrator) -> bool:
        """A column is about to be added; whether the attic has values for it."""
        if not any(entry.what == "column" for entry in self.entries):
            return False
        migrator.settle()
        place = self.attic.shelf.look(table, migrator)
        found = self._find("column", place.name, column) if place is not None else None
        if found is None or place is None:
            return False
        self.entries.remove(found)
        self.waiting.append(_Waiting(found, place.name))
        return True

    def require_value(self, column: str, migrator: Migrator) -> None:
        """The column that was expected last is to hold no NULL, once its values are back.

        Where what is done stays, rows that will have none are looked for before it is added.
        """
        one, shelf = self.waiting[-1], self.attic.shelf
        one.required = True
        place = None if shelf.transactional else shelf.look(one.table, migrator)
        if place is not None:
            count = shelf.lacking(one.entry.id, place)
            _refuse_null(place, column, count, shelf.count(one.entry.id))

    def expect_table(self, table: str) -> bool:
        """A table is about to be made: going backward, its rows are put in as soon as it is there; if there are any."""
        found = self._find("table", table)
        if found is None or self.step.direction is not Direction.BACKWARD:
            return False
        self.entries.remove(found)
        self.waiting.append(_Waiting(found, table))
        return True

    def rename_table(self, old: str, new: str) -> None:
        for first, last in list(self._names.items()):
            if last.lower() == old.lower():
                self._names[first] = new
        self._names.setdefault(old.lower(), new)

    def before_change(self, table: str, migrator: Migrator) -> None:
        """What a column of the table holds is about to be changed: see first which values are as they were left."""
        if not any(entry.what == "change" for entry in self.entries):
            return
        migrator.settle()
        place = self.attic.shelf.look(table, migrator)
        for entry in self.entries:
            new = entry.what == "change" and entry.id not in self._marked
            if place is None or not place.key:
                continue  # Without a key rows are found by what they hold, when their values are put back.
            if new and self._is_of(entry, place.name) and place.column(entry.columns[0]):
                self._mark(entry, place)

    def _mark(self, entry: Entry, place: Place) -> None:
        """Values that were written since stay."""
        shelf, column = self.attic.shelf, place.column(entry.columns[0]) or entry.columns[0]
        shelf.sort(entry.id, place, self._prints_now(entry, place), column)
        if place.key:
            shelf.leave_newer(entry.id, place, column, shelf.same(f"t.{shelf.quote(column)}", "x.n0"))
        self._marked.add(entry.id)

    def _find(self, what: str, table: str, column: str | None = None) -> Entry | None:
        for entry in self.entries:
            named = column is None or entry.columns[0].lower() == column.lower()
            if entry.what == what and named and self._is_of(entry, table):
                return entry
        return None

    def _is_of(self, entry: Entry, table: str) -> bool:
        return self._called(entry.table).lower() == table.lower()

    def _called(self, table: str) -> str:
        return self._names.get(table.lower(), table)

    # -- putting back

    def put_back(self, migrator: Migrator | None = None) -> list[Restored]:
        """Put back what waits."""
        # What went last comes first: what is recognised by it went before it.
        waiting, self.waiting = sorted(self.waiting, key=lambda one: -one.entry.id), []
        done = [found for one in waiting if (found := self._one(one, migrator)) is not None]
        self._letters(migrator)
        return done

    def _one(self, one: _Waiting, migrator: Migrator | None) -> Restored | None:
        place = self.attic.shelf.look(one.table, migrator)
        if place is None:
            self.entries.append(one.entry)
            return None
        if "sql" in one.entry.definitions:
            self._back.append((one.entry, place.name))
        if one.entry.what == "table":
            return self._rows(one.entry, place)
        column = place.column(one.entry.columns[0])
        if column not in place.columns:
            self.entries.append(one.entry)
            return None  # By now it is computed, and needs no value.
        done = put_back_values(self.attic, one.entry, place, column, self._prints_now(one.entry, place), self._let_go)
        if one.required and migrator is not None:
            self._require_no_null(place, column, done)
            migrator.migrate(migrator.add_not_null(one.table, column))
        return done

    def _rows(self, entry: Entry, place: Place) -> Restored:
        self._rows_back.append((entry, place.name))
        return put_rows(self.attic, entry, place, self._let_go)

    def _require_no_null(self, place: Place, column: str, done: Restored) -> None:
        shelf = self.attic.shelf
        count = int(shelf.ask(f"SELECT count(*) FROM {place.sql} WHERE {shelf.quote(column)} IS NULL")[0][0])
        _refuse_null(place, column, count, done.restored)

    def finish(self) -> list[Restored]:
        """Put back what can be, of what no operation announced; then make again what hung on the tables."""
        done = self.put_back()
        for entry in list(self.entries):
            place = self.attic.shelf.look(self._called(entry.table))
            if place is None:
                continue
            self.entries.remove(entry)
            found = self._unannounced(entry, place)
            if found is not None:
                done.append(found)
        self._letters()
        for entry, table in self._rows_back:
            place = self.attic.shelf.look(table)
            if place is not None and self.step.direction is Direction.BACKWARD:
                for statement in self.attic.shelf.again(place, entry.definitions):
                    self.attic.shelf.send(statement)
        self._rows_back = []
        return done

    def ended(self) -> None:
        """The history has the step: let go of what it got back."""
        for given_back in self._given_back:
            given_back()
        self._given_back = []

    def _let_go(self, given_back: Callable[[], None]) -> None:
        """What is put back stays in the attic too until the step has ended, where what it does is not taken back:
        whoever takes it back by hand, to run it again, takes the values along."""
        if self.attic.shelf.transactional:
            given_back()
        else:
            self._given_back.append(given_back)

    def _letters(self, migrator: Migrator | None = None) -> None:
        """Tables that say the same again as before are written as they were."""
        if migrator is not None and self._back:
            migrator.settle()
        for table in {table for _, table in self._back}:
            texts = [str(entry.definitions["sql"]) for entry, name in self._back if name == table]
            place = self.attic.shelf.look(self._called(table))
            if place is not None:
                self.attic.shelf.letters(place, texts)

    def _unannounced(self, entry: Entry, place: Place) -> Restored | None:
        shelf = self.attic.shelf
        if entry.what == "table":
            return self._rows(entry, place)
        column = place.column(entry.columns[0])
        if column not in place.columns or any(name not in place.columns for name in entry.key):
            return None
        if entry.what == "change":
            if entry.id not in self._marked:
                self._mark(entry, place)
            counts = shelf.put(entry.id, place, [column])
            return _told(self.attic, entry, place, column, counts, self._let_go, lacking=0)
        cell = f"t.{shelf.quote(column)}"
        fresh = f"{cell} IS NULL"
        if column in place.defaults:
            fresh += f" OR {shelf.same(cell, f'({place.defaults[column]})')}"
        if not shelf.transactional:  # A run that stopped after it had put some back.
            fresh += f" OR {shelf.unchanged(cell, 'x.v0')}"
        prints = self._prints_now(entry, place)
        return put_back_values(self.attic, entry, place, column, prints, self._let_go, fresh=fresh)

    def _prints_now(self, entry: Entry, place: Place) -> tuple[str | None, ...]:
        """Without the columns that the same way there changed after it: they are not as they were yet."""
        changed = {
            other.columns[0].lower()
            for other in self.entries
            if other.what == "change" and other.id > entry.id and self._is_of(other, place.name)
        }
        now_called = zip(entry.prints, prints_now(entry, place))
        return tuple(None if name.lower() in changed else found for name, found in now_called)


def prints_now(entry: Entry, place: Place) -> tuple[str | None, ...]:
    """The columns of the rows' prints as they are called now; None for each that is gone."""
    return tuple(place.column(name) for name in entry.prints)


def _at_once(given_back: Callable[[], None]) -> None:
    given_back()


def put_rows(attic: Attic, entry: Entry, place: Place, let_go: _LetGo = _at_once) -> Restored:
    """Put the rows of a table back, and let go of them: those whose keys are there already are newer."""
    shelf = attic.shelf
    names = [name for kept in entry.columns if (name := place.column(kept)) in place.columns and name]
    counts = shelf.put_rows(entry.id, place, names)
    shelf.after_rows(entry.id, place, entry.definitions)

    def given_back() -> None:
        if not counts.newer:
            attic.discard(entry)
            return
        if counts.newer < shelf.count(entry.id):
            shelf.let_go_rows(entry.id, place, names)
        attic.resize(entry)

    let_go(given_back)
    return Restored(place.name, None, counts.restored, newer=counts.newer)


def put_back_values(
    attic: Attic,
    entry: Entry,
    place: Place,
    column: str,
    prints: Sequence[str | None],
    let_go: _LetGo = _at_once,
    *,
    fresh: str = "",
    doubtful: bool = False,
    filled: str | None = None,
) -> Restored:
    """Put the values of a column back, only where ``fresh`` holds; ``doubtful``: into rows that may be others too.

    ``filled`` is the column where it was changed, and not dropped.
    """
    shelf = attic.shelf
    shelf.sort(entry.id, place, prints, filled)
    if fresh and (place.key or filled is None):
        shelf.leave_newer(entry.id, place, column, fresh)
    rows = int(shelf.ask(f"SELECT count(*) FROM {place.sql}")[0][0])
    kept = shelf.count(entry.id)
    counts = shelf.put(entry.id, place, [column], doubtful=doubtful)
    lacking = max(0, rows - (kept - counts.gone))
    return _told(attic, entry, place, column, counts, let_go, lacking=lacking, doubtful=doubtful)


def _told(
    attic: Attic,
    entry: Entry,
    place: Place,
    column: str,
    counts: Counts,
    let_go: _LetGo,
    *,
    lacking: int,
    doubtful: bool = False,
) -> Restored:
    def given_back() -> None:
        attic.shelf.let_go(entry.id, doubtful=doubtful)
        if attic.resize(entry):
            attic.shelf.drop_state(entry.id)

    let_go(given_back)
    return Restored(
        *(place.name, column, counts.restored, counts.changed, counts.gone, counts.doubtful, counts.newer),
        lacking,
    )


def _refuse_null(place: Place, column: str, count: int, kept: int) -> None:
    """Refuse a column that is to hold no NULL where so many rows have no value."""
    if not count:
        return
    rows = f"{count:,} row" + ("s have" if count != 1 else " has")
    raise OperationRefused(
        f"column {column!r} of {place.name!r} can't be NOT NULL again: {rows} no value for it",
        why=f"the attic had values for {kept:,} rows; these came since, or may be other rows by now",
        way_out=f"say what they get: a default in the field of add_column({place.name!r}, {column!r}, ...), which "
        f"leaves the values of the attic as they are; or null=True there, then UPDATE, then add_not_null",
        table=place.name,
        column=column,
    )
