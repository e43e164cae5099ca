"""What a step takes away is kept, before the operation that takes it runs; and what the way there took is put back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.attic.became import note_new
from pwmig.attic.ears import new_place
from pwmig.attic.entries import Attic, Entry, columns_in_words, now, types_of
from pwmig.attic.names import Event, Gone, Way, after, dropped_table, event_of, is_anothers
from pwmig.attic.promises import Promise
from pwmig.attic.restoring import Restoring
from pwmig.attic.settings import AtticSettings, size_text
from pwmig.errors import OperationRefused
from pwmig.plan import Direction, Kept, Restored
from pwmig.records import dataclass
from pwmig.taken import rows_text

if TYPE_CHECKING:
    from pwmig.dialects.backfilling import Filler, Piece
    from pwmig.dialects.base import Dialect
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.dialects.shelved import Place
    from pwmig.plan import Step

__all__ = ["Keeper"]

_LETS_WAIT = frozenset({"add_column", "create_table", "set_search_path", "set_comment"})
"""Operations that read and write nothing of what waits to be put back."""

_TIGHTENS = frozenset(
    {"alter_column_type", "add_not_null", "add_constraint", "add_unique", "add_index", "add_foreign_key_constraint"}
)
"""Operations that may hold a column to what only its former values fit."""


@dataclass(frozen=True, slots=True)
class _Filling:
    """A column that is filled batch by batch, each committed with what is kept of it."""

    entry: Entry
    place: Place
    column: str
    others: tuple[str, ...]


class Keeper:
    """What the attic keeps in one step of a run, and gets put back.

    ``on`` says whether this migration keeps anything; what was kept before is put back either way. ``times``: how often
    it was applied until now. ``ahead`` is told a statement before rows are moved away, for whoever watches. ``new`` are
    columns that the step has made so far, and so are ``added``, behind raw SQL too. Only things with a number above
    ``since`` are put back.
    """

    def __init__(
        self,
        dialect: Dialect,
        database: Any,
        step: Step,
        settings: AtticSettings,
        *,
        on: bool = True,
        times: int = 0,
        ahead: Callable[[str, Any], None] | None = None,
        new: set[tuple[str | None, str, str]] | None = None,
    ) -> None:
        self.attic = Attic(dialect, database)
        self.step = step
        self._times = times
        self.settings = settings
        self.on = on and settings.on
        self.ahead = ahead
        self._told: list[tuple[int, Kept]] = []
        self._sure = 0
        self._changing: list[tuple[Entry, Place]] = []
        self._restoring: Restoring | None = None
        self._quiet = False
        self._comes_back = False
        self._new = new if new is not None else set()
        self.added: set[tuple[str | None, str, str]] = set()
        self.since = 0
        self._taking: list[Entry] = []
        self._event: Event | None = None
        self._together: list[Operation] = []
        """Drops that one statement does, from before the first of them until the last one is done."""
        self._events: list[tuple[Operation, Event | None]] = []
        self._filling: list[_Filling] = []
        self._batch: list[Operation] = []
        self._gathered: list[Operation] = []
        self._mine: dict[int, Operation] = {}
        """What this run keeps, each thing with the operation that it is kept of."""

    # -- what the migrator asks

    def before(self, wanted: Operation) -> Operation:
        """Keep what the operation would take away; put back what it may read or write. The one to run is given back."""
        if self._quiet:
            return wanted
        name = wanted.name
        if wanted in self._together:  # What it takes is kept, and locked.
            self._event = event_of(wanted, self.attic.shelf)
            return wanted
        self._note_changes(wanted.migrator)
        if name == "add_foreign_key_constraint":
            self.expect_keys([wanted])
            self._put_back_targets(wanted.migrator)
        if name not in _LETS_WAIT and not self._tells_nothing(wanted):
            self._put_back(wanted.migrator)
        if name == "add_foreign_key_constraint" and self._restoring is not None:
            self._restoring.require_nothing_lost()
        self._event = event_of(wanted, self.attic.shelf) if self._is_there(wanted) else None
        if name == "add_column":
            return self._adding(wanted)
        self._foresee(wanted)
        if name == "drop_column":
            self._keep_in_turn(wanted)
        elif name == "drop_table":
            self._keep_table(wanted)
        elif name == "backfill":
            self._open(wanted)
        elif name in ("alter_column_type", "apply_default"):
            self._keep_changes(wanted)
        return wanted

    def became(self) -> None:
        """What the operation changes has its new values, and nobody else can write them yet: a run that is killed from
        now on leaves them noted."""
        self._note_changes()

    def done(self, wanted: Operation, error: BaseException | None = None) -> None:
        """The operation has run, or was put off, or has failed: then nothing was taken of what it kept."""
        wanted.migrator.behind = None
        self._events.append((wanted, self._event))
        self._event = None
        if error is None and wanted in self._together[:-1]:
            return
        self._together, taking, self._taking = [], self._taking, []
        shelf = self.attic.shelf
        self._close(wanted, error)
        events, self._events = self._events, []
        if not shelf.transactional:
            self._done_for_good(wanted, taking, error)
        for one, event in events:
            self._follow(one, event, error)
        if error is not None and shelf.transactional and not wanted.kwargs.get("commit"):
            self._forget_batch()

    def skipped(self, wanted: Operation) -> None:
        """The operation has run before: what waits to be put back is called as it is behind it."""
        event = event_of(wanted, self.attic.shelf)
        if event is not None:
            self.restoring.follow(event)

    def left(self, error: BaseException, *, undone: bool) -> None:
        """A batch has ended badly: where that was between drops that one statement was to do, nothing was taken."""
        if self._together:
            self.done(self._together[-1], error)
        if undone and self.attic.shelf.transactional:
            self._forget_batch()

    def _forget_batch(self) -> None:
        """The whole batch is taken back."""
        self._changing, self._batch, self._gathered, self._told = [], [], [], self._told[: self._sure]
        self.restoring.undo()
        self.restoring.promised = []

    def _done_for_good(self, wanted: Operation, taking: Sequence[Entry], error: BaseException | None) -> None:
        """What was changed is noted, while nobody else may change it again; locks may go then."""
        shelf = self.attic.shelf
        try:
            if error is None:
                if shelf.holds_locks:
                    wanted.migrator.settle()
                self._note_changes()
        except BaseException as late:
            error = late
            raise
        finally:
            if error is None:
                shelf.release()
            else:
                with suppress(Exception):  # Where the connection is lost there is no more to be done.
                    self._take_back(wanted, taking)
                with suppress(Exception):
                    shelf.release()

    def _take_back(self, wanted: Operation, taking: Sequence[Entry]) -> None:
        """Let go of what was kept of an operation that has failed, as far as it took nothing."""
        self._note_changes()
        for entry in taking:
            place = self.attic.shelf.look(entry.table, wanted.migrator)
            if place is not None and place.column(entry.columns[0]) is not None:
                self.attic.discard(entry)
                self._told = [one for one in self._told if one[0] != entry.id]

    def after(self, migrator: Migrator) -> None:
        """A batch has ended: put back into what it made again."""
        if not self._quiet:
            self._batch, self._gathered = [], []
            self._note_changes(migrator)
            self._put_back(migrator)
            self.restoring.promised = []
            self._sure = len(self._told)
            if self._restoring is not None:
                self._restoring.settle()

    def finish(self) -> None:
        """The migration has returned: put back what it made again by other ways than operations."""
        self._note_changes()
        self._quiet = True
        try:
            self.restoring.finish()
        finally:
            self._quiet = False
        if not self._told:
            return
        there = {entry.id for entry in self._own_entries()}
        self._told = [one for one in dict(self._told).items() if one[0] in there]

    @property
    def ends(self) -> bool:
        """Whether nothing is left to be put back, as was seen when that was last looked for."""
        return self._restoring is not None and self._restoring.is_empty

    @property
    def kept(self) -> list[Kept]:
        """What the step took away that can come back."""
        return [kept for _, kept in self._told]

    @property
    def restored(self) -> list[Restored]:
        """What the step got back."""
        return self._restoring.told if self._restoring is not None else []

    def ended(self) -> None:
        """The history has the step."""
        if self._restoring is not None:
            self._restoring.ended()

    # -- putting back

    def expect_keys(self, operations: Sequence[Operation]) -> None:
        """The foreign keys that a batch makes: what it gets back by then must not be against them."""
        made = [Promise.of(wanted) for wanted in operations if wanted.name == "add_foreign_key_constraint"]
        self.restoring.promised += [one for one in made if one is not None and one not in self.restoring.promised]

    @property
    def restoring(self) -> Restoring:
        if self._restoring is None:
            self._restoring = Restoring(self.attic, self.step, self._times, self.since)
        return self._restoring

    def _put_back(self, migrator: Migrator) -> None:
        if self._restoring is None or not self._restoring.waiting:
            return
        migrator.settle()
        self._quiet = True
        try:
            self._restoring.put_back(migrator)
        finally:
            self._quiet = False

    def _put_back_targets(self, migrator: Migrator) -> None:
        """Give what a foreign key will lead to its values, where it was made by other ways than operations."""
        if not self.restoring.entries:
            return
        migrator.settle()
        self._quiet = True
        try:
            self.restoring.put_back_targets(())
        finally:
            self._quiet = False

    def _tells_nothing(self, wanted: Operation) -> bool:
        """Whether it drops a column by which nothing is told that waits to be put back, and which is not to be kept any
        more: rows that are kept now would be told by columns that have no value yet."""
        if wanted.name != "drop_column" or self._restoring is None or not self.attic.shelf.transactional:
            return False
        if wanted not in self._gathered and self._keeps(wanted):
            return False
        return self._restoring.is_apart(str(wanted.args[0]), str(wanted.args[1]), wanted.migrator)

    def _adding(self, wanted: Operation) -> Operation:
        """A column that rows can't be without is added so that they can, until its values are back."""
        table, name, field = wanted.args[:3]
        entry = self.restoring.expect_column(str(table), str(name), wanted.migrator)
        if entry is None:
            return wanted
        self._comes_back = not entry.is_bare
        behind = entry.definitions.get("behind")
        wanted.migrator.behind = behind and [name for name in behind if not is_anothers(name)]
        constraints = [str(getattr(made, "sql", made)).upper() for made in field.constraints or ()]
        gives = any(text.startswith(("DEFAULT", "GENERATED", "AS")) for text in constraints)
        if entry.is_bare or field.null or field.primary_key or gives or field.default is not None:
            return wanted
        self.restoring.require_value(entry, str(name), wanted.migrator, field)
        nullable = copy.copy(field)
        nullable.null = True
        return type(wanted)(wanted.migrator, wanted.fn, table, name, nullable, *wanted.args[3:], **wanted.kwargs)

    def _foresee(self, wanted: Operation) -> None:
        if wanted.name in ("alter_column_type", "drop_not_null", "drop_column", "apply_default", "backfill"):
            written = _changed_by(wanted) if wanted.name in ("alter_column_type", "backfill") else ()
            self.restoring.before_change(str(wanted.args[0]), wanted.migrator, written)
        if wanted.name in _TIGHTENS and self.step.direction is Direction.BACKWARD:
            self.restoring.before_tightening(wanted)

    def _follow(self, wanted: Operation, event: Event | None, error: BaseException | None) -> None:
        """What is kept, by this step or the one that it takes back, is found by the names that hold now."""
        comes_back, self._comes_back = self._comes_back, False
        if comes_back:
            self._new.discard(new_place(wanted))
            self.added.discard(new_place(wanted))
        if event is None or error is not None:
            return
        if event.kind == "create_table":
            event = replace(event, table=self.attic.shelf.called(event.table, wanted.migrator))
            if self.restoring.expect_table(event.table, wanted.migrator):
                self._new.discard(new_place(wanted))
        self.restoring.follow(event)
        for entry in self._own_entries():
            mine = self._mine.get(entry.id)
            if mine is wanted:
                continue  # It has the names that hold behind it.
            then = after(entry, event, self.attic.shelf, Way.AGAIN if mine is None else Way.ON)
            if then is not entry:
                self.attic.rename(then)

    def _is_there(self, wanted: Operation) -> bool:
        """Whether what an operation drops is there: a table may be dropped that isn't, and that says nothing of what
        was called so."""
        if wanted.name != "drop_table" or not (self._mine or self.restoring.entries):
            return True
        wanted.migrator.settle()
        return self.attic.shelf.look(dropped_table(wanted), wanted.migrator) is not None

    def _own_entries(self) -> tuple[Entry, ...]:
        """What this step has kept."""
        return self.attic.entries(self.step.name, self.step.direction.value, self._application, bare=True)

    # -- keeping

    def _keeps(self, wanted: Operation) -> bool:
        return self.on and wanted.attic is not False

    def gather(self, operations: Sequence[Operation]) -> None:
        """Keep what a batch drops before any of it runs, so that nothing of it has to run just for that.

        Columns that the batch changes before a drop tell no row of it. On MariaDB, where each statement is for good,
        and behind ``lock_timeout``, under whose patience locks are got, it is left for its turn.
        """
        self._batch = list(operations)
        self._gather(self._batch)

    def _gather(self, operations: Sequence[Operation]) -> None:
        shelf = self.attic.shelf
        if self._quiet or not shelf.transactional or any(wanted.name == "lock_timeout" for wanted in self._batch):
            return
        from pwmig.attic.gathering import early

        for wanted, changed in early(operations, lambda one: shelf.look(str(one.args[0]), one.migrator)):
            self._keep_column(wanted, changed)
            self._gathered.append(wanted)

    def _keep_in_turn(self, wanted: Operation) -> None:
        """Keep a column that is about to go, where it was not gathered; and gather again, from it on."""
        if not self._keeps(wanted):
            return
        if not self.attic.shelf.transactional:
            self._keep_together(wanted)
            return
        if wanted not in self._gathered and wanted in self._batch:
            wanted.migrator.settle()
            self._gather(self._batch[self._batch.index(wanted) :])
        if wanted not in self._gathered:
            self._keep_column(wanted)

    def _keep_column(self, wanted: Operation, changed: Collection[str] = ()) -> None:
        place = self._place(wanted, str(wanted.args[0]))
        if place is not None:
            self._keep_columns([wanted], place, changed)

    def _keep_together(self, wanted: Operation) -> None:
        """Where each statement is for good, the table stays locked from before it is read until the column is gone: so
        the columns are kept together whose drops stand one behind the other, and go by one statement."""
        from pwmig.attic.gathering import together, untold

        shelf, migrator, table = self.attic.shelf, wanted.migrator, str(wanted.args[0])
        drops = together(wanted, self._batch, lambda one: shelf.called(str(one.args[0]), migrator))
        waits = migrator.settle_others(table)
        place = shelf.hold(table, wanted)
        changed = untold(waits, place, [str(one.args[1]) for one in drops]) if place is not None else None
        if changed is None:
            migrator.settle()
            place = shelf.hold(table, wanted)
        if place is not None:
            self._together = drops
            self._keep_columns(drops, place, changed or ())

    def _keep_columns(self, drops: Sequence[Operation], place: Place, changed: Collection[str]) -> None:
        """Keep what drops of columns of a table take; ``changed`` are columns that tell no row of it."""
        shelf, gone = self.attic.shelf, set(changed)
        kept: list[tuple[Operation, Place, str, list[str]]] = []
        for wanted in drops:
            column = place.column(str(wanted.args[1]))
            if column in place.columns and self._keeps(wanted):
                # Where a column of the key goes, none is left by which the rows would be found.
                told = place.told_by(()) if column in place.key else place
                others = [name for name in self._telling(wanted, told) if name not in {column, *told.key, *gone}]
                kept.append((wanted, told, column, others))
            gone |= {column} if column is not None else set()
        # What isn't there is refused by the operation, and what is computed is computed again.
        if not kept:
            return
        if not shelf.has_rows(place, kept[0][0]):
            self._add_places(kept)
            return
        for _, told, column, _ in kept:
            self._require_room(told, [column])
        self._add_columns(kept)

    def _add_columns(self, kept: Sequence[tuple[Operation, Place, str, list[str]]]) -> None:
        shelf, entries, things = self.attic.shelf, [], []
        for wanted, place, column, others in kept:
            entry = self._entry("column", place, (column,), others, wanted)
            entry = entry.defined(shelf.former(place, column))
            self.attic.add(entry)
            self._taking.append(entry)
            entries.append(entry)
            things.append((entry.id, place, column, others))
        for entry, (_, place, column, _), rows in zip(entries, things, shelf.keep_all(things), strict=True):
            self._weighed(entry, place, column, rows)

    def _add_places(self, kept: Sequence[tuple[Operation, Place, str, list[str]]]) -> None:
        """Of a table without rows, keep where its columns stood, if the database says that and takes it back."""
        for wanted, place, column, _ in kept if self.attic.shelf.keeps_places else ():
            entry = self._entry("column", place, (column,), (), wanted)
            self.attic.add(entry.defined({**self.attic.shelf.former(place, column), "bare": True}))

    def _keep_table(self, wanted: Operation) -> None:
        place = self._place(wanted, dropped_table(wanted))
        shelf = self.attic.shelf
        if place is None or not shelf.has_rows(place, wanted) or not shelf.droppable(wanted, place):
            return
        if not shelf.moves_at_once(place):
            self._require_room(place, place.columns)
        if self.ahead is not None:
            self.ahead(f"DROP TABLE {place.sql}", ())
        entry = self._entry("table", place, place.columns, (), wanted)
        entry = entry.defined(shelf.definitions(place))
        self.attic.add(entry)
        shelf.move(entry.id, place, entry.definitions)
        self._weighed(entry, place, None, shelf.count(entry.id))

    def _keep_changes(self, wanted: Operation) -> None:
        changed = _changed_by(wanted)
        place = self._place(wanted, str(wanted.args[0])) if changed else None
        if place is None:
            return
        if not {place.column(name) for name in changed}.isdisjoint(place.key):
            place = place.told_by(())
        found = [column for name in changed if (column := self._changeable(wanted, place, name)) is not None]
        others, entries = self._left_alone(wanted, place, changed), []
        for column in found:
            self._require_room(place, [column])
        self._take_up(place, found)
        self._go_on(place, changed, wanted)
        for column in found:
            entry = self._entry("change", place, (column,), others, wanted)
            entries.append(entry.defined({"open": True}))
            self.attic.add(entries[-1])
        shelf = self.attic.shelf
        shelf.keep_changes([(entry.id, entry.columns[0]) for entry in entries], place, others, wanted)
        for entry in entries:
            shelf.protect_data(entry.id)
            self._changing.append((entry, place))

    def _take_up(self, place: Place, columns: list[str]) -> None:
        """A run that was killed may have kept columns, and have changed them or not: they became what is there."""
        for entry in self._own_entries():
            if entry.definitions.get("open") and entry.table == place.name and entry.columns[0] in columns:
                self._changing.append((entry, place.told_by(entry.key)))
        self._note_changes()

    def _go_on(self, place: Place, changed: list[str], wanted: Operation) -> None:
        """A run that was killed may have left a column half-way, whose values are kept: the operation ends it."""
        for entry in self._own_entries() if not place.generated.isdisjoint(map(place.column, changed)) else ():
            left = entry.definitions.get("open") and entry.table == place.name
            if left and entry.columns[0] in place.generated.intersection(map(place.column, changed)):
                self.attic.shelf.hold_again(entry.id, place)
                self._changing.append((entry, place.told_by(entry.key)))

    def _changeable(self, wanted: Operation, place: Place, name: str) -> str | None:
        """The column, where it has values of its own, which an operation may change."""
        column = place.column(name)
        if column not in place.columns or self._is_new(wanted, name):
            return None
        return column if self.attic.shelf.has_rows(place, wanted) else None

    def _is_new(self, wanted: Operation, column: str) -> bool:
        """Whether the column came with this step, without values of before: going back takes all of it away."""
        schema, table = wanted.migrator.schema, str(wanted.args[0])
        return not self._new.isdisjoint({(schema, table, ""), (schema, table, column)})

    def _left_alone(self, wanted: Operation, place: Place, changed: list[str]) -> list[str]:
        """The columns by which a row is recognised that an operation changes."""
        written = {place.column(name) for name in changed} | set(place.key)
        return [name for name in self._telling(wanted, place) if name not in written]

    def _telling(self, wanted: Operation, place: Place) -> list[str]:
        """The columns that may tell a row: without a key, none that this step has added, since on the way back it goes
        before what waits for the end."""
        if place.key:
            return list(place.columns)
        schema, table = wanted.migrator.schema, str(wanted.args[0])
        added = {place.column(name) for of, on, name in self.added if (of, on) == (schema, table)}
        return [name for name in place.columns if name not in added]

    # -- keeping, batch by batch

    def _open(self, wanted: Operation) -> None:
        """Get ready for a back-fill; what one that commits had kept until it was stopped is gone on with."""
        place = self._place(wanted, str(wanted.args[0]))
        if place is None:
            return
        if not self.attic.shelf.tells_rows(place):
            self._keep_changes(wanted)
            return
        call, changed = wanted.describe(), _changed_by(wanted)
        for name in changed:
            column = self._changeable(wanted, place, name)
            if column is None:
                continue
            self._require_room(place, [column])
            others = tuple(self._left_alone(wanted, place, changed))
            entry = self._stopped(call, place, column)
            if entry is None:
                entry = self._entry("change", place, (column,), others, wanted).defined({"call": call})
                self.attic.add(entry)
                self.attic.shelf.open(entry.id, place, column, others)
                self.attic.shelf.protect_data(entry.id)
            self._filling.append(_Filling(entry, place, column, others))
        if self._filling:
            self.attic.shelf.steady()

    def _stopped(self, call: str, place: Place, column: str) -> Entry | None:
        alike = (one for one in self._own_entries() if one.table == place.name and one.columns == (column,))
        return next((one for one in alike if one.definitions.get("call") == call), None)

    @property
    def keeps_batches(self) -> bool:
        return bool(self._filling)

    @contextmanager
    def batch(self, filler: Filler, rows: Piece) -> Iterator[None]:
        """Keep what the rows of a batch hold that it fills."""
        shelf, (condition, params) = self.attic.shelf, rows
        try:
            for number, one in enumerate(self._filling):
                filler.ask(shelf.batch_text(number, one.place, one.column, one.others, condition), params)
            filler.only = shelf.put_aside(0, self._filling[0].place)
            yield
            for number, one in enumerate(self._filling):
                count = shelf.add_batch(number, one.entry.id, one.place, one.column, one.others)
                self.attic.grow(one.entry, count)
        except Exception:
            for number in range(0 if shelf.transactional else len(self._filling)):
                with suppress(Exception):  # The connection may be lost, and with it this is too.
                    shelf.drop_batch(number)
            raise
        finally:
            filler.only = ""

    def _close(self, wanted: Operation, error: BaseException | None) -> None:
        filling, self._filling = self._filling, []
        stays = not self.attic.shelf.transactional or bool(wanted.kwargs.get("commit"))
        for one in filling:
            if error is None:
                if rows := self.attic.close(one.entry):
                    self._tell(one.entry, Kept(one.place.name, one.column, rows, changed=True))
            elif stays and isinstance(error, Exception):
                with suppress(Exception):  # Where the connection is lost there is no more to be done.
                    self.attic.resize(one.entry)

    def _note_changes(self, migrator: Migrator | None = None) -> None:
        """Of what an operation wrote, keep only what is another value by now."""
        if self._changing and migrator is not None:
            migrator.settle()
        changing, self._changing = self._changing, []
        for entry, place in changing:
            noted = note_new(self.attic, entry, place.name)
            if noted is not None and self.attic.close(entry):
                now_there, column, rows = noted
                self._tell(entry, Kept(now_there.name, column, rows, changed=True))

    def _place(self, wanted: Operation, table: str) -> Place | None:
        if not self._keeps(wanted):
            return None
        wanted.migrator.settle()
        return self.attic.shelf.hold(table, wanted)

    def _entry(self, what: str, place: Place, columns: tuple[str, ...], prints: Any, wanted: Operation) -> Entry:
        number = self.attic.next_number()
        self._mine[number] = wanted
        table = Gone(place.name) if what == "table" else place.name
        columns = tuple(map(Gone, columns)) if what == "column" else columns
        facts = (self.step.name, self.step.direction.value, what, table, columns, place.key, tuple(prints))
        made = Entry(number, *facts, 0, 0, now(), application=self._application)
        return made if place.key else made.defined(types_of(place, prints))

    @property
    def _application(self) -> int:
        """Which application of its migration the step makes, or takes back."""
        return self._times + (self.step.direction is Direction.FORWARD)

    def _weighed(self, entry: Entry, place: Place, column: str | None, rows: int) -> None:
        self.attic.shelf.protect_data(entry.id)
        self.attic.resize(entry, rows)
        if rows:
            self._tell(entry, Kept(place.name, column, rows))

    def _tell(self, entry: Entry, kept: Kept) -> None:
        """What had the number before was taken back."""
        self._told = [*(one for one in self._told if one[0] != entry.id), (entry.id, kept)]

    def _require_room(self, place: Place, columns: Any) -> None:
        """Refuse before anything is taken where it would be more than the project lets the attic hold of one thing."""
        shelf, settings = self.attic.shelf, self.settings
        size, most, most_rows = 0, settings.most_bytes, settings.most_rows
        if most is not None and shelf.weigh(place) > most:
            size = shelf.measure(place, columns)
        rows = 0
        if most_rows is not None:
            rows = int(shelf.ask(f"SELECT count(*) FROM {place.sql}")[0][0])
        if (most is None or size <= most) and (most_rows is None or rows <= most_rows):
            return
        much = rows_text(rows) if rows else f"about {size_text(size)}"
        what = columns_in_words("column", place.name, columns) if len(columns) == 1 else f"table {place.name}"
        raise OperationRefused(
            f"the attic would have to keep {much} of {what}",
            why=f"attic_limit is {settings.limit}: of what is more than that nothing is taken until somebody says how",
            way_out='raise attic_limit in [tool.pwmig], as attic_limit = "20 GB", or let it be lost: '
            "attic=False in the operation, or attic = False in the migration's module",
            table=place.name,
        )


def _changed_by(wanted: Operation) -> list[str]:
    """The columns whose values an operation replaces."""
    if wanted.name == "backfill":
        given = wanted.args[1] if len(wanted.args) > 1 else wanted.kwargs.get("set", {})
        return [str(getattr(name, "column_name", name)) for name in given]
    if wanted.name == "alter_column_type":
        cast = wanted.args[3] if len(wanted.args) > 3 else wanted.kwargs.get("cast")
        return [str(wanted.args[1])] if cast is not None else []
    return [str(wanted.args[1])]
