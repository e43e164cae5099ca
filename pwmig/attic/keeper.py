"""What a step takes away is kept, before the operation that takes it runs; and what the way there took is put back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pwmig.attic.ears import new_place
from pwmig.attic.entries import Attic, Entry, columns_in_words, now
from pwmig.attic.restoring import Restoring
from pwmig.attic.settings import AtticSettings, size_text
from pwmig.errors import OperationRefused
from pwmig.plan import Kept, Restored

if TYPE_CHECKING:
    from pwmig.dialects.backfilling import Filler, Piece
    from pwmig.dialects.base import Dialect
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.dialects.shelved import Place
    from pwmig.plan import Step

__all__ = ["Keeper"]

_LETS_WAIT = frozenset({"add_column", "create_table", "set_search_path", "set_comment"})
"""Operations that read and write nothing of what waits to be put back."""


@dataclass(frozen=True, slots=True)
class _Filling:
    """A column that is filled batch by batch, each committed with what is kept of it."""

    entry: Entry
    place: Place
    column: str
    others: tuple[str, ...]


class Keeper:
    """The attic's ears in one step of a run.

    ``on`` says whether this migration keeps anything; what was kept before is put back either way. ``ahead`` is told a
    statement before rows are moved away, for whoever watches. ``new`` are columns that the step has made so far.
    """

    def __init__(
        self,
        dialect: Dialect,
        database: Any,
        step: Step,
        settings: AtticSettings,
        *,
        on: bool = True,
        ahead: Callable[[str, Any], None] | None = None,
        new: set[tuple[str, str]] | None = None,
    ) -> None:
        self.attic = Attic(dialect, database)
        self.step = step
        self.settings = settings
        self.on = on and settings.on
        self.ahead = ahead
        self._told: list[tuple[int, Kept]] = []
        self._sure = 0
        self.restored: list[Restored] = []
        self._changing: list[tuple[Entry, Place]] = []
        self._restoring: Restoring | None = None
        self._quiet = False
        self._new = new if new is not None else set()
        self._taking: Entry | None = None
        self._filling: list[_Filling] = []

    # -- what the migrator asks

    def before(self, wanted: Operation) -> Operation:
        """Keep what the operation would take away; put back what it may read or write. The one to run is given back."""
        if self._quiet:
            return wanted
        name = wanted.name
        self._note_changes(wanted.migrator)
        if name not in _LETS_WAIT:
            self._put_back(wanted.migrator)
        if name == "add_column":
            return self._adding(wanted)
        if name == "create_table":
            if self.restoring.expect_table(str(wanted.args[0])):
                self._new.discard(new_place(wanted))
            return wanted
        self._follow(wanted)
        if name == "drop_column":
            self._keep_column(wanted)
        elif name == "drop_table":
            self._keep_table(wanted)
        elif name == "backfill":
            self._open(wanted)
        elif name in ("alter_column_type", "apply_default"):
            self._keep_changes(wanted)
        return wanted

    def done(self, wanted: Operation, error: BaseException | None = None) -> None:
        """The operation has run, or was put off, or has failed: then nothing was taken of what it kept."""
        wanted.migrator.behind = None
        taking, self._taking = self._taking, None
        shelf = self.attic.shelf
        self._close(wanted, error)
        if shelf.holds_locks:
            if error is None:
                wanted.migrator.settle()
            shelf.release()
        if error is not None and shelf.transactional and not wanted.kwargs.get("commit"):
            self._changing, self._told = [], self._told[: self._sure]  # The whole batch is taken back.
        elif error is not None and taking is not None:
            self._changing = [one for one in self._changing if one[0] is not taking]
            place = shelf.look(taking.table, wanted.migrator)
            if place is not None and place.column(taking.columns[0]) is not None:
                self.attic.discard(taking)
                self._told = [one for one in self._told if one[0] != taking.id]

    def after(self, migrator: Migrator) -> None:
        """A batch has ended: put back into what it made again."""
        if not self._quiet:
            self._note_changes(migrator)
            self._put_back(migrator)
            self._sure = len(self._told)

    def finish(self) -> None:
        """The migration has returned: put back what it made again by other ways than operations."""
        self._note_changes()
        self.restored += self.restoring.finish()
        if not self._told:
            return
        there = {entry.id for entry in self.attic.entries(self.step.name, self.step.direction.value)}
        self._told = [one for one in self._told if one[0] in there]

    @property
    def kept(self) -> list[Kept]:
        """What the step took away that can come back."""
        return [kept for _, kept in self._told]

    def ended(self) -> None:
        """The history has the step."""
        if self._restoring is not None:
            self._restoring.ended()

    # -- putting back

    @property
    def restoring(self) -> Restoring:
        if self._restoring is None:
            self._restoring = Restoring(self.attic, self.step)
        return self._restoring

    def _put_back(self, migrator: Migrator) -> None:
        if self._restoring is None or not self._restoring.waiting:
            return
        migrator.settle()
        self._quiet = True
        try:
            self.restored += self._restoring.put_back(migrator)
        finally:
            self._quiet = False

    def _adding(self, wanted: Operation) -> Operation:
        """A column that rows can't be without is added so that they can, until its values are back."""
        table, name, field = wanted.args[:3]
        if not self.restoring.expect_column(str(table), str(name), wanted.migrator):
            return wanted
        self._new.discard(new_place(wanted))
        wanted.migrator.behind = self.restoring.waiting[-1].entry.definitions.get("behind")
        constraints = [str(getattr(made, "sql", made)).upper() for made in field.constraints or ()]
        gives = any(text.startswith(("DEFAULT", "GENERATED", "AS")) for text in constraints)
        if field.null or field.primary_key or gives or field.default is not None:
            return wanted
        self.restoring.require_value(str(name), wanted.migrator)
        nullable = copy.copy(field)
        nullable.null = True
        return type(wanted)(wanted.migrator, wanted.fn, table, name, nullable, *wanted.args[3:], **wanted.kwargs)

    def _follow(self, wanted: Operation) -> None:
        if wanted.name == "rename_table":
            self.restoring.rename_table(*map(str, wanted.args[:2]))
        elif wanted.name in ("alter_column_type", "drop_not_null", "drop_column", "apply_default", "backfill"):
            self.restoring.before_change(str(wanted.args[0]), wanted.migrator)

    # -- keeping

    def _keeps(self, wanted: Operation) -> bool:
        return self.on and wanted.attic is not False

    def _keep_column(self, wanted: Operation) -> None:
        table, name = map(str, wanted.args[:2])
        place = self._place(wanted, table)
        column = place.column(name) if place else None
        if place is None or column not in place.columns or column in place.key:
            return  # What isn't there is refused by the operation, and what is computed is computed again.
        if not self._has_rows(place):
            return
        self._require_room(place, [column])
        others = [other for other in place.columns if other != column and other not in place.key]
        entry = self._entry("column", place, (column,), others)
        entry = replace(entry, definitions=self.attic.shelf.former(place, column))
        self.attic.add(entry)
        self._taking = entry
        rows = self.attic.shelf.keep(entry.id, place, [column], others)
        self._weighed(entry, place, column, rows)

    def _keep_table(self, wanted: Operation) -> None:
        schema = wanted.kwargs.get("schema") or (wanted.args[3] if len(wanted.args) > 3 else None)
        table = f"{schema}.{wanted.args[0]}" if schema else str(wanted.args[0])
        place = self._place(wanted, table)
        shelf = self.attic.shelf
        if place is None or not self._has_rows(place) or not shelf.droppable(wanted, place):
            return
        if not shelf.moves_at_once(place):
            self._require_room(place, place.columns)
        if self.ahead is not None:
            self.ahead(f"DROP TABLE {place.sql}", ())
        entry = self._entry("table", place, place.columns, ())
        entry = replace(entry, definitions=shelf.definitions(place))
        self.attic.add(entry)
        shelf.move(entry.id, place, entry.definitions)
        self._weighed(entry, place, None, shelf.count(entry.id))

    def _keep_changes(self, wanted: Operation) -> None:
        changed = _changed_by(wanted)
        place = self._place(wanted, str(wanted.args[0])) if changed else None
        if place is None:
            return
        for name in changed:
            if self._is_new(str(wanted.args[0]), name):
                continue
            column = place.column(name)
            if column in place.columns and column not in place.key and self._has_rows(place):
                self._require_room(place, [column])
                others = _left_alone(place, changed)
                entry = self._entry("change", place, (column,), others)
                self.attic.add(entry)
                self._taking = entry
                self.attic.shelf.keep(entry.id, place, [column], others)
                self.attic.shelf.protect_data(entry.id)
                if wanted.name != "alter_column_type" and self.attic.shelf.holds_locks:
                    self.attic.shelf.release()  # Whatever writes the rows may need other tables.
                self._changing.append((entry, place))

    def _is_new(self, table: str, column: str) -> bool:
        """Whether the column came with this step, without values of before: going back takes all of it away."""
        return not self._new.isdisjoint({(table.lower(), ""), (table.lower(), column.lower())})

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
            column = place.column(name)
            if column not in place.columns or column in place.key or not self._has_rows(place):
                continue
            if self._is_new(str(wanted.args[0]), name):
                continue
            self._require_room(place, [column])
            others = tuple(_left_alone(place, changed))
            entry = self._stopped(call, place, column)
            if entry is None:
                entry = replace(self._entry("change", place, (column,), others), definitions={"call": call})
                self.attic.add(entry)
                self.attic.shelf.open(entry.id, place, column, others)
                self.attic.shelf.protect_data(entry.id)
            self._filling.append(_Filling(entry, place, column, others))

    def _stopped(self, call: str, place: Place, column: str) -> Entry | None:
        entries = self.attic.entries(self.step.name, self.step.direction.value)
        alike = (one for one in entries if one.table == place.name and one.columns == (column,))
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
            yield
            for number, one in enumerate(self._filling):
                count = shelf.add_batch(number, one.entry.id, one.place, one.column, one.others)
                self.attic.grow(one.entry, count)
        except Exception:
            for number in range(0 if shelf.transactional else len(self._filling)):
                with suppress(Exception):  # The connection may be lost, and with it this is too.
                    shelf.drop_batch(number)
            raise

    def _close(self, wanted: Operation, error: BaseException | None) -> None:
        filling, self._filling = self._filling, []
        stays = not self.attic.shelf.transactional or bool(wanted.kwargs.get("commit"))
        for one in filling:
            if error is None:
                if rows := self.attic.close(one.entry):
                    self._told.append((one.entry.id, Kept(one.place.name, one.column, rows, changed=True)))
            elif stays and isinstance(error, Exception):
                with suppress(Exception):  # Where the connection is lost there is no more to be done.
                    self.attic.resize(one.entry)

    def _note_changes(self, migrator: Migrator | None = None) -> None:
        """Of what an operation wrote, keep only what is another value by now."""
        if self._changing and migrator is not None:
            migrator.settle()
        changing, self._changing = self._changing, []
        for entry, place in changing:
            now_there = self.attic.shelf.look(place.name)
            column = now_there.column(entry.columns[0]) if now_there else None
            if now_there is None or column is None:
                continue
            rows = self.attic.shelf.note_new(entry.id, now_there, column, entry.prints)
            self.attic.resize(entry)
            if rows:
                self._told.append((entry.id, Kept(now_there.name, column, rows, changed=True)))

    def _place(self, wanted: Operation, table: str) -> Place | None:
        if not self._keeps(wanted):
            return None
        wanted.migrator.settle()
        return self.attic.shelf.hold(table, wanted)

    def _has_rows(self, place: Place) -> bool:
        return bool(self.attic.shelf.ask(f"SELECT 1 FROM {place.sql} LIMIT 1"))

    def _entry(self, what: str, place: Place, columns: tuple[str, ...], prints: Any) -> Entry:
        number = self.attic.next_number()
        facts = (self.step.name, self.step.direction.value, what, place.name, columns, place.key, tuple(prints))
        return Entry(number, *facts, 0, 0, now())

    def _weighed(self, entry: Entry, place: Place, column: str | None, rows: int) -> None:
        self.attic.shelf.protect_data(entry.id)
        self.attic.resize(entry, rows)
        if rows:
            self._told.append((entry.id, Kept(place.name, column, rows)))

    def _require_room(self, place: Place, columns: Any) -> None:
        """Refuse before anything is taken where it would be more than the project lets the attic hold of one thing."""
        shelf, settings = self.attic.shelf, self.settings
        size, most = 0, settings.most_bytes
        if most is not None and shelf.weigh(place) > most:
            size = shelf.measure(place, columns)
        rows = 0
        if settings.most_rows is not None:
            rows = int(shelf.ask(f"SELECT count(*) FROM {place.sql}")[0][0])
        if (most is None or size <= most) and rows <= (settings.most_rows or rows):
            return
        much = f"{rows:,} rows" if rows else f"about {size_text(size)}"
        what = columns_in_words("column", place.name, columns) if len(columns) == 1 else f"table {place.name}"
        raise OperationRefused(
            f"the attic would have to keep {much} of {what}",
            why=f"attic_limit is {settings.limit}: beyond it pwmig asks before it keeps what a migration takes away",
            way_out='raise attic_limit in [tool.pwmig], as attic_limit = "20 GB", or let it be lost: '
            "attic=False in the operation, or attic = False in the migration's module",
            table=place.name,
        )


def _left_alone(place: Place, changed: list[str]) -> list[str]:
    """The columns by which a row is recognised that an operation changes."""
    written = {place.column(name) for name in changed} | set(place.key)
    return [name for name in place.columns if name not in written]


def _changed_by(wanted: Operation) -> list[str]:
    """The columns whose values an operation replaces."""
    if wanted.name == "backfill":
        given = wanted.args[1] if len(wanted.args) > 1 else wanted.kwargs.get("set", {})
        return [str(getattr(name, "column_name", name)) for name in given]
    if wanted.name == "alter_column_type":
        cast = wanted.args[3] if len(wanted.args) > 3 else wanted.kwargs.get("cast")
        return [str(wanted.args[1])] if cast is not None else []
    return [str(wanted.args[1])]
