"""What the other direction of a migration took away is put back, once what it stood in is there again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from pwmig.attic.giving import at_once, put_back_values, put_rows, refuse_null, told
from pwmig.attic.loading import adds_to, back_already
from pwmig.attic.names import Way, after, as_kept, comes_back, event_of, is_anothers, is_gone, is_unsure, now_called
from pwmig.attic.promises import Promise, Tightening
from pwmig.attic.refused import saying_why
from pwmig.dialects.migrator import migrate
from pwmig.dialects.shelved import Reference
from pwmig.plan import Direction, Restored
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.attic.entries import Attic, Entry
    from pwmig.attic.names import Event
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.dialects.shelved import Place
    from pwmig.errors import OperationRefused
    from pwmig.plan import Step

__all__ = ["Restoring"]


_LEAVE_ROWS = frozenset(
    (
        *("add_column", "drop_column", "add_not_null", "drop_not_null", "alter_column_type"),
        *("add_column_default", "drop_column_default"),
    )
)
"""Operations that leave the keys of rows as they are, by the names that they have."""


@dataclass(slots=True)
class _Waiting:
    """A thing whose place a batch has made again; ``required``: a column that is to hold no NULL then. ``sure``: the
    batch has ended well."""

    number: int
    migrator: Migrator
    required: bool = False
    sure: bool = False


class Restoring:
    """What one step gets back. ``waiting`` are things whose places the step has made again: until the batch asks, and
    where nothing but other columns tells the rows apart, until those are as they were.

    Only what the last application of the migration took, or what taking that back took, is given back by itself: what
    is left of an earlier one may be older than what stands there now.

    What is to be given back, and by which names, the attic itself says each time, so that whatever is rolled back is
    rolled back of that too. Where the database takes nothing back, what is given back stays in the attic until the step
    has ended, by the names that it had: whoever takes it back by hand, to run it again, takes the values along.
    """

    def __init__(self, attic: Attic, step: Step, times: int, since: int = 0) -> None:
        self.since = since
        self.attic = attic
        self.step = step
        self._times = times
        self.waiting: list[_Waiting] = []
        self._swept = False
        self.is_empty = False
        self._renamed: dict[int, Entry] = {}
        self._done: set[int] = set()
        self._marked: set[int] = set()
        self._computed: set[int] = set()
        self._told: dict[int, Restored] = {}
        self._tables: list[tuple[Entry, str]] = []
        self._texts: list[tuple[str, str]] = []
        self._given_back: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self._last: list[tuple[int, Callable[[], None]]] = []
        self.promised: list[Promise] = []
        self._judged: set[tuple[str, Reference]] = set()
        self._back: list[Entry] = []
        self._required: list[tuple[Migrator, str, str]] = []
        self._ended: set[int] = set()

    @property
    def entries(self) -> list[Entry]:
        """What the other direction took, the latest first, without what is back already."""
        other = Direction.BACKWARD if self.step.direction is Direction.FORWARD else Direction.FORWARD
        if not self._swept:
            self.attic.sweep(self.step.name, other.value)
            self._swept = True
        found = self.attic.entries(self.step.name, other.value, self._times, bare=True)
        waits = [
            self._renamed.get(entry.id, entry)
            for entry in found
            if entry.id not in self._done and entry.id > self.since
        ]
        self.is_empty = not waits
        return waits

    @property
    def told(self) -> list[Restored]:
        """What was put back, and was not rolled back since."""
        waits = {entry.id for entry in self.entries} if self._told else set()
        return [done for number, done in self._told.items() if number not in waits]

    # -- what operations say

    def expect_column(self, table: str, column: str, migrator: Migrator) -> Entry | None:
        """A column is about to be added; what the attic has of its values."""
        found = [entry for entry in self.entries if entry.what == "column"]
        if not found:
            return None
        place = self.attic.shelf.look(table, migrator)
        if place is None or self._is_there(place, column, migrator):
            return None
        same = self.attic.shelf.same_column
        named = (one for one in found if comes_back(one.columns[0]) and same(one.columns[0], column))
        entry = next((one for one in named if self._is_of(one, place.name)), None)
        if entry is not None and entry.is_bare:
            self._placed(entry, place)
        elif entry is not None:
            self._wait(_Waiting(entry.id, migrator))
        return entry

    def _placed(self, entry: Entry, place: Place) -> None:
        """A column that had no values comes back where it stood, and nothing of it waits."""
        if "sql" in entry.definitions:
            self._texts.append((str(entry.definitions["sql"]), place.name))
        self.attic.discard(entry)

    def _is_there(self, place: Place, column: str, migrator: Migrator) -> bool:
        """Whether a table has a column of that name, once what the batch has left to be done is done."""
        shelf, there = self.attic.shelf, place.column(column) is not None
        for wanted in migrator.unsettled:
            event = event_of(wanted, shelf)
            if event is None or event.is_of_table or not shelf.same_table(event.table, place.name):
                continue
            if event.takes and shelf.same_column(event.takes, column):
                there = True
            elif event.frees and shelf.same_column(event.frees, column):
                there = False
        return there

    def require_value(self, entry: Entry, column: str, migrator: Migrator, field: Any) -> None:
        """The column that was expected last is to hold no NULL, once its values are back.

        Where what is done stays, rows that will have none are looked for before it is added.
        """
        shelf = self.attic.shelf
        self.waiting[-1].required = True
        if not shelf.transactional and any(wanted.name not in _LEAVE_ROWS for wanted in migrator.unsettled):
            migrator.settle()
        place = None if shelf.transactional else shelf.look(entry.table, migrator)
        kept = as_kept(entry, place) if place is not None else None
        if kept is not None:
            meta = getattr(getattr(field, "rel_model", None), "_meta", None)
            parent = shelf.look(meta.table_name, migrator) if meta is not None else None
            promises = (one.found(shelf) for one in self.promised)
            keys = [found[1] for found in promises if found is not None and found[0].sql == kept.sql]
            keys = [key for key in keys if shelf.same_column(key.columns[0], column)]
            if meta is not None and parent is not None:
                keys += [Reference((column,), parent.sql, ((field.rel_field or meta.primary_key).column_name,))]
            # Rows that come back before these are not there yet, and will be.
            tables = (one for one in self.entries if one.what == "table" and not is_anothers(one.table))
            coming = [shelf.look(one.table, migrator) for one in tables]
            keys = [key for key in keys if key.table not in {one.sql for one in coming if one is not None}]
            unique = bool(getattr(field, "unique", False))
            refuse_null(kept, column, shelf.lacking(entry.id, kept, keys), shelf.count(entry.id), unique=unique)

    def expect_table(self, table: str, migrator: Migrator) -> bool:
        """A table was made: going backward, its rows are put in as soon as somebody may ask; if there are any."""
        if self.step.direction is not Direction.BACKWARD:
            return False
        same, found = self.attic.shelf.same_table, (one for one in self.entries if one.what == "table")
        entry = next((one for one in found if comes_back(one.table) and same(one.table, table)), None)
        if entry is not None:
            self._wait(_Waiting(entry.id, migrator))
        return entry is not None

    def is_apart(self, table: str, column: str, migrator: Migrator) -> bool:
        """Whether all that waits is columns of that table, in rows that are told by a key and by other columns."""
        shelf, entries = self.attic.shelf, {entry.id: entry for entry in self.entries} if self.waiting else {}
        place = shelf.look(table, migrator) if self.waiting else None
        for one in self.waiting:
            entry = entries.get(one.number)
            if place is None or entry is None or entry.what != "column" or not entry.key:
                return False
            names = (*entry.columns, *entry.key, *entry.prints)
            if not shelf.same_table(entry.table, place.name) or any(shelf.same_column(name, column) for name in names):
                return False
        return True

    def _wait(self, one: _Waiting) -> None:
        self.waiting = [other for other in self.waiting if other.number != one.number] + [one]

    def follow(self, event: Event) -> None:
        """An operation has changed what things are called."""
        back = False
        # What this way has dropped itself comes back only where nothing does that went before.
        for entry in sorted(self.entries, key=self._has_ended):
            way = Way.ON if self._has_ended(entry) and (back or not event.makes) else Way.BACK
            then = after(entry, event, self.attic.shelf, way)
            if then is not entry:
                self._rename(then)
            back = back or is_gone(entry) > is_gone(then)
            if is_gone(then) > is_gone(entry):
                self._ended.add(entry.id)
        self._back = [after(entry, event, self.attic.shelf, Way.BACK) for entry in self._back]
        if event.kind == "rename_table":
            is_same = self.attic.shelf.same_table
            self._tables = [(one, event.name if is_same(name, event.table) else name) for one, name in self._tables]
            self._texts = [(sql, event.name if is_same(name, event.table) else name) for sql, name in self._texts]

    def _has_ended(self, entry: Entry) -> bool:
        """Whether this way itself has dropped what a thing was of, and not made it again."""
        return entry.id in self._ended and is_gone(entry)

    def _rename(self, entry: Entry) -> None:
        if self.attic.shelf.transactional:
            self.attic.rename(entry)
        else:
            self._renamed[entry.id] = entry

    def undo(self) -> None:
        """The batch has failed: nothing of it is there to be put back into."""
        self.waiting, self._required = [one for one in self.waiting if one.sure], []

    def settle(self) -> None:
        """The batch has ended well."""
        for one in self.waiting:
            one.sure = True

    def before_change(self, table: str, migrator: Migrator, written: Sequence[str] = ()) -> None:
        """What a column of the table holds is about to be changed: see first which values are as they were left.

        ``written`` are columns whose values the operation gives by itself.
        """
        if not any(entry.what == "change" for entry in self.entries):
            return
        migrator.settle()
        place = self.attic.shelf.look(table, migrator)
        if place is None:
            return
        columns = {place.column(name) for name in written} - {None}
        for entry in self.entries if columns else ():
            if entry.what == "change" and self._is_of(entry, place.name):
                self._computed |= {entry.id} if columns & {*now_called(entry, place, entry.columns)} else set()
        self._mark_all(place)

    def before_tightening(self, wanted: Operation) -> None:
        """Columns are about to be held to what they were held to before, which only what they held then may fit: they
        get that now. It is given again at the end, as the way back may write them until then."""
        found = Tightening.of(wanted)
        if found is None or not any(entry.what == "change" for entry in self.entries):
            return
        wanted.migrator.settle()
        place, shelf = self.attic.shelf.look(found.table, wanted.migrator), self.attic.shelf
        columns = {now_called(one, place, one.columns)[0] for one in self._changes(place)} if place is not None else ()
        for column in columns:
            changes = self._changes(place, column) if place is not None and column in place.columns else []
            if place is None or column is None or not changes or not found.is_about(place, column):
                continue
            fitting = self._fitting(found, place, column, changes)
            if any(self._as_told(one, place) is None for one in changes) or not fitting:
                continue  # Another operation has to run before, and the end is early enough.
            self._mark_all(place)
            shelf.uniques_to_be = found.uniques(place)
            try:
                for entry in fitting:
                    if not found.retypes:  # What will refer to something has another type by then.
                        self._await(entry)
                    self._give_ahead(entry, place, column)
            finally:
                shelf.uniques_to_be = {}

    def _fitting(self, found: Tightening, place: Place, column: str, changes: list[Entry]) -> list[Entry]:
        """The changes, the latest first, whose values the column takes as it is: all of them, or none.

        Before it gets another type, those behind the last that it does not take are enough. A number or a time can
        stand in a text, which turns into it again; any text turns into another one by itself.
        """

        def types(entry: Entry) -> tuple[str, str] | None:
            return self.attic.shelf.retyped(entry.id, place, {column: "v0"}).get(column)

        if not found.retypes:
            return changes if not any(map(types, changes)) else []
        if not self.attic.shelf.is_strict:
            return []
        return list(takewhile(lambda entry: (differ := types(entry)) is None or _is_written(*differ), changes))

    def _give_ahead(self, entry: Entry, place: Place, column: str) -> None:
        kept = self._as_told(entry, place)
        assert kept is not None
        older = [one.id for one in self._changes(place, column, entry) if one.id < entry.id]
        with saying_why(self.attic, entry, kept, column, by_hand=False):
            self.attic.shelf.put(entry.id, kept, [column], older=older)
        self.attic.shelf.given = {*self.attic.shelf.given, entry.id}
        if not self.attic.shelf.transactional:
            self.attic.define(entry.defined({"ahead": True}))

    def _mark_all(self, place: Place) -> None:
        """Of a column that was changed more than once, the latest change first: by what it leaves out the one before
        goes."""
        for entry in self._changes(place):
            column, kept = now_called(entry, place, entry.columns)[0], self._as_told(entry, place)
            if column in place.columns and column is not None and kept is not None and not self._is_marked(entry):
                later = [one.id for one in self._changes(place, column, entry) if one.id > entry.id]
                self._mark(entry, kept, column, later[::-1])

    def _changes(self, place: Place, column: str | None = None, like: Entry | None = None) -> list[Entry]:
        """What the columns of a table, or one of them, held before they were changed, of rows that a key tells apart
        (the same one as those of ``like``); the latest change first. Without one, they are found by what they hold."""
        return [
            entry
            for entry in self.entries
            if entry.what == "change" and entry.key and self._is_of(entry, place.name)
            if column is None or now_called(entry, place, entry.columns) == (column,)
            if like is None or entry.key == like.key
        ]

    def _as_told(self, entry: Entry, place: Place) -> Place | None:
        """The table, as its rows are told apart by what is kept; None as long as that is not as it was."""
        kept = as_kept(entry, place)
        if kept is None or not self._changed_since(entry, place).isdisjoint(kept.key):
            return None
        return kept if kept.key or all(self._prints_now(entry, kept)) else None

    def _is_marked(self, entry: Entry) -> bool:
        shelf = self.attic.shelf
        return shelf.has_state(entry.id) if shelf.transactional else entry.id in self._marked

    def _mark(self, entry: Entry, place: Place, column: str, later: Sequence[int] = ()) -> None:
        """Values that were written since stay."""
        shelf = self.attic.shelf
        shelf.computed = entry.id in self._computed
        shelf.sort(entry.id, place, self._prints_now(entry, place), column)
        if entry.definitions.get("open"):  # A run that was killed has not noted what it became.
            shelf.doubt(entry.id)
        elif place.key:
            still = shelf.is_still(entry.id, place, column)
            if entry.definitions.get("ahead"):  # A run that stopped had given it by then.
                still, later = shelf.or_back(still, column), ()
            shelf.leave_newer(entry.id, place, column, still, later)
        self._marked.add(entry.id)

    def _is_of(self, entry: Entry, table: str) -> bool:
        return not is_anothers(entry.table) and self.attic.shelf.same_table(entry.table, table)

    # -- putting back

    def put_back(self, migrator: Migrator | None = None) -> None:
        """Put back what waits, as far as its rows can be told by now."""
        # What went last comes first: what is recognised by it went before it.
        waiting, self.waiting = sorted(self.waiting, key=lambda one: -one.number), []
        entries = {entry.id: entry for entry in self.entries} if waiting else {}
        self._look_ahead()
        self.put_back_targets(one.number for one in waiting)
        for one in self._parents_first(waiting, entries):
            entry = entries.get(one.number)
            place = self.attic.shelf.look(entry.table, one.migrator) if entry is not None else None
            if entry is None or place is None:
                continue
            if entry.what == "table" or self._as_told(entry, place) is not None:
                self._one(one, entry, place)
            else:
                self.waiting.append(one)
        self._hold_to_values()
        self._letters(migrator)

    def put_back_targets(self, waiting: Iterable[int]) -> None:
        """Put back into what the batch's foreign keys will lead to, where no operation has made that: by its values it
        is judged what refers to it. What is ``waiting`` has its own turn."""
        others = {*waiting, *(one.number for one in self.waiting)}
        for one in self.promised:
            place = self.attic.shelf.look(one.rel, one.migrator)
            entry = self._column_of(place, one.rel_column) if place is not None else None
            if place is not None and entry is not None and not {entry.id} & (others | self._unsure()):
                self._back.append(entry)
                self._unannounced(entry, place)

    def _column_of(self, place: Place, column: str) -> Entry | None:
        """What is to be given back into a column."""
        found = (one for one in self.entries if one.what == "column" and not one.is_bare)
        own = (one for one in found if self._is_of(one, place.name))
        return next((one for one in own if now_called(one, place, one.columns) == (place.column(column),)), None)

    def _parents_first(self, waiting: Sequence[_Waiting], entries: Mapping[int, Entry]) -> list[_Waiting]:
        """In their order, but rows that others refer to before those, and so what keys of the batch will lead to."""
        shelf, places, made, seen = self.attic.shelf, {}, [], set()
        for one in waiting if len(waiting) > 1 else ():
            entry = entries.get(one.number)
            place = shelf.look(entry.table, one.migrator) if entry is not None else None
            if entry is not None and place is not None:
                places[one.number] = place
        tables = {places[one.number].sql: one for one in waiting if _is_table(entries, one) and one.number in places}
        columns = {
            (places[one.number].sql, column): one
            for one in waiting
            if one.number in places and not _is_table(entries, one)
            for column in now_called(entries[one.number], places[one.number], entries[one.number].columns)
        }

        def add(one: _Waiting) -> None:
            if one.number in seen:
                return
            seen.add(one.number)
            for key in shelf.keys_of(places[one.number]) if one.number in places else ():
                if key.table in tables:
                    add(tables[key.table])
            for key in shelf.promised.get(places[one.number].sql, ()) if one.number in places else ():
                target = columns.get((key.table, key.to[0]))
                if target is not None and key.table != places[one.number].sql:
                    add(target)
            made.append(one)

        for one in waiting:
            add(one)
        return made

    def _one(self, one: _Waiting, entry: Entry, place: Place) -> None:
        self._back.append(entry)
        if "sql" in entry.definitions:
            self._texts.append((str(entry.definitions["sql"]), place.name))
        if entry.what == "table":
            self._rows(entry, place)
            return
        (column,) = now_called(entry, place, entry.columns)
        if column is None or column not in place.columns:
            return  # By now it is computed, and needs no value.
        done = self._values(entry, place, column)
        if one.required:
            self._require_no_null(place, column, done)
            self._required.append((one.migrator, place.name, column))

    def _hold_to_values(self) -> None:
        """Let columns that are filled hold no NULL again, those of one table by one statement."""
        required, self._required = self._required, []
        if required:
            migrate(*(migrator.add_not_null(table, column) for migrator, table, column in required))

    def _values(self, entry: Entry, place: Place, column: str, fresh: str = "") -> Restored:
        self._await(entry)
        kept = self._as_told(entry, place)
        if kept is not None:
            prints = self._prints_now(entry, kept)
            if not fresh and place.key == (column,):
                self.attic.shelf.renumber(entry.id, place, column)
            done = put_back_values(self.attic, entry, kept, column, prints, self._let_go, fresh=fresh)
            self.attic.shelf.after_values(place, column)
        else:
            done = self._none(entry, place, column)
        self._told[entry.id] = done
        return done

    def _none(self, entry: Entry, place: Place, column: str) -> Restored:
        """Nothing can be put back: of what tells the rows apart something is gone for good."""
        kept = self.attic.shelf.count(entry.id)
        self._let_go(entry, kept, _nothing, _nothing)
        return Restored(place.name, column, 0, gone=kept)

    def require_nothing_lost(self) -> None:
        """Refuse a foreign key that what an earlier batch of the step got back is against."""
        told = {(done.table, name) for done in self._told.values() for name in (done.column, None)}
        for one in self.promised:
            found = one.found(self.attic.shelf) if told else None
            if found is None or (found[0].sql, found[1]) in self._judged:
                continue
            place, key = found
            if (place.name, key.columns[0]) in told:
                one.require_kept(self.attic.shelf, place, key, "add_column(...)")
            elif any(done.table == place.name and done.column is None for done in self._told.values()):
                one.require_kept(self.attic.shelf, place, key, "create_table(...)")

    def _look_ahead(self) -> None:
        """Say which foreign keys the batch makes yet."""
        shelf = self.attic.shelf
        shelf.promised = {}
        for one in self.promised:
            found = one.found(shelf)
            if found is not None:
                shelf.promised.setdefault(found[0].sql, []).append(found[1])

    def _await(self, entry: Entry) -> None:
        """Say which tables get rows back behind this one, and which foreign keys are to be kept to."""
        self._look_ahead()
        self._judged |= {(sql, key) for sql, keys in self.attic.shelf.promised.items() for key in keys}
        tables = (one for one in self.entries if one.what == "table" and not is_anothers(one.table))
        others = [one for one in tables if one.id != entry.id]
        places = [self.attic.shelf.look(one.table) for one in others]
        self.attic.shelf.awaited = {place.sql for place in places if place is not None}

    def _rows(self, entry: Entry, place: Place) -> None:
        self._tables.append((entry, place.name))
        self._await(entry)
        let_go = self._let_go if place.key else self._let_go_last
        self._told[entry.id] = put_rows(self.attic, entry, place, let_go)

    def explain(self, statement: str, error: BaseException) -> OperationRefused | None:
        """What it means that a statement failed, where it adds rows that were put back to their table."""
        if not self._told or not self.attic.shelf.is_there_already(error):
            return None
        back = ((number, done.table) for number, done in self._told.items() if done.column is None and done.restored)
        stays = not self.attic.shelf.transactional
        return next((back_already(*one, stays) for one in back if adds_to(statement, one[1])), None)

    def _require_no_null(self, place: Place, column: str, done: Restored) -> None:
        shelf = self.attic.shelf
        count = int(shelf.ask(f"SELECT count(*) FROM {place.sql} WHERE {shelf.quote(column)} IS NULL")[0][0])
        unique = any(one.columns == (column,) for one in shelf.uniques(place)) if count else False
        refuse_null(place, column, count, done.restored, unique=unique)

    def finish(self) -> None:
        """Put back what can be, of what no operation announced; then make again what hung on the tables."""
        self.put_back()
        waiting, self.waiting = {one.number: one for one in self.waiting}, []
        entries, unsure = self.entries, self._unsure()
        for entry in entries:
            place = self.attic.shelf.look(entry.table)
            if entry.is_bare:
                continue  # By raw SQL it has come wherever that has put it, or not at all.
            if place is not None and entry.id in waiting:
                self._one(waiting[entry.id], entry, place)
            elif place is not None and entry.id in unsure:
                self._leave(entry, place)
            elif place is not None:
                self._unannounced(entry, place)
        self._hold_to_values()
        self._letters()
        self._require_once()
        for entry, table in self._tables:
            place = self.attic.shelf.look(table)
            if place is not None and self.step.direction is Direction.BACKWARD:
                for statement in self.attic.shelf.again(place, entry.definitions):
                    self.attic.shelf.send(statement)
        self._tables = []

    def _unsure(self) -> set[int]:
        """The things of which nothing tells whether what is called as they were is what they were of: others had the
        name, or the way back itself has dropped that and not made it again."""
        left = [entry for entry in self.entries if not entry.is_bare]
        known = {entry.id: entry for entry in (*self._back, *left)}.values()
        ended = {entry.id for entry in left if self._has_ended(entry)}
        return ended | {entry.id for entry in left if any(is_unsure(entry, one, self.attic.shelf) for one in known)}

    def _leave(self, entry: Entry, place: Place) -> None:
        column = None if entry.what == "table" else place.column(entry.columns[0])
        if column is None and entry.what != "table":
            return
        kept = self.attic.shelf.count(entry.id)
        self._let_go(entry, kept, _nothing, _nothing)
        self._told[entry.id] = Restored(place.name, column, 0, unsure=kept)

    def ended(self) -> None:
        """The history has the step: let go of what it got back. What changes the schema commits both together."""
        for note, _ in self._given_back:
            note()
        for _, let_go in self._given_back:
            let_go()
        self._given_back = []

    def _let_go(self, entry: Entry, left: int, note: Callable[[], None], let_go: Callable[[], None]) -> None:
        """What is left is for somebody to put back by hand, by the names that hold by now."""

        def noted() -> None:
            note()
            if left:
                self.attic.leave(entry)

        if self.attic.shelf.transactional:
            at_once(entry, left, noted, let_go)
        else:
            self._done.add(entry.id)
            self._given_back.append((noted, let_go))

    def _let_go_last(self, entry: Entry, left: int, note: Callable[[], None], let_go: Callable[[], None]) -> None:
        """Rows without key are kept until the end of the migration tells whether it has added them itself."""
        self._let_go(entry, left, note, _nothing if self.attic.shelf.transactional else let_go)
        if not left and self.attic.shelf.transactional:
            self._last.append((entry.id, let_go))

    def _require_once(self) -> None:
        """Refuse that rows without key are there twice, since the migration has added again what was put back."""
        shelf = self.attic.shelf
        given = {entry.id for entry in self.attic.given()} if shelf.transactional else self._done
        for entry, table in self._tables:
            done, place = self._told.get(entry.id), shelf.look(table)
            if done is None or place is None or place.key or not done.restored or entry.id not in given:
                continue
            if int(shelf.ask(f"SELECT count(*) FROM {place.sql}")[0][0]) > done.restored:
                kept = entry.definitions.get("columns", entry.columns)
                columns = {there: str(name) for name in kept if (there := place.column(str(name))) in place.columns}
                if columns and shelf.doubled(entry.id, place, columns):
                    raise back_already(entry.id, place.name, not shelf.transactional)
        for number, let_go in self._last:
            if number in given:
                let_go()
        self._last = []

    def _letters(self, migrator: Migrator | None = None) -> None:
        """Tables that say the same again as before are written as they were."""
        if migrator is not None and self._texts:
            migrator.settle()
        for table in {table for _, table in self._texts}:
            place = self.attic.shelf.look(table)
            if place is not None:
                self.attic.shelf.letters(place, [sql for sql, name in self._texts if name == table])

    def _unannounced(self, entry: Entry, place: Place) -> None:
        shelf = self.attic.shelf
        if entry.what == "table":
            self._rows(entry, place)
            return
        (column,) = now_called(entry, place, entry.columns)
        if column is None or column not in place.columns:
            return
        if entry.what == "change":
            kept = self._as_told(entry, place)
            if kept is None:
                self._told[entry.id] = self._none(entry, place, column)
                return
            older = [one.id for one in self._changes(place, column, entry) if one.id < entry.id] if kept.key else []
            self._mark_all(place) if kept.key else self._mark(entry, kept, column)
            self._await(entry)
            with saying_why(self.attic, entry, kept, column, by_hand=False):
                counts = shelf.put(entry.id, kept, [column], older=older)
            self._told[entry.id] = told(self.attic, entry, kept, column, counts, self._let_go)
            return
        fresh = shelf.is_default(place, column)
        if not shelf.transactional:  # A run that stopped after it had put some back.
            fresh += f" OR {shelf.unchanged(f't.{shelf.quote(column)}', 'x.v0')}"
        self._values(entry, place, column, fresh)

    def _prints_now(self, entry: Entry, place: Place) -> tuple[str | None, ...]:
        """Without the columns that the same way there changed after it: they are not as they were yet."""
        changed = self._changed_since(entry, place)
        return tuple(None if name in changed else name for name in now_called(entry, place, entry.prints))

    def _changed_since(self, entry: Entry, place: Place) -> set[str | None]:
        """The columns of a table that were changed after a thing of it was kept, and are not as they were yet."""
        return {
            name
            for other in self.entries
            if other.what == "change" and other.id > entry.id and self._is_of(other, place.name)
            for name in now_called(other, place, other.columns)
        }


def _is_written(then: str, now: str) -> bool:
    """Whether a column holds values of another type as texts, which are no longer than it takes."""
    length = _TEXT.match(now)
    return length is not None and int(length[1] or _LONGEST) >= _LONGEST and _SHORT.match(then) is not None


_LONGEST = 64
_TEXT = re.compile(r"(?:tiny|medium|long)?text|(?:var)?char(?:acter varying)?(?:\((\d+)\))?(?=\s|$)", re.IGNORECASE)
_SHORT = re.compile(
    r"(?:tiny|small|medium|big)?int|numeric|decimal|real|double|float|date|time|bool|uuid", re.IGNORECASE
)
"""Types whose values are written in no more letters than that."""


def _is_table(entries: Mapping[int, Entry], one: _Waiting) -> bool:
    return one.number in entries and entries[one.number].what == "table"


def _nothing() -> None:
    """Of what nothing was put back nothing is let go of."""
