"""What a step costs that takes nothing away: one question at most, and no import of what does the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwmig.attic.keeper import Keeper
    from pwmig.attic.settings import AtticSettings
    from pwmig.dialects.backfilling import Filler, Piece
    from pwmig.dialects.base import Dialect
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.errors import OperationRefused
    from pwmig.plan import Kept, Restored, Step

__all__ = ["TAKES", "Ears", "new_place"]

TAKES = frozenset({"drop_column", "drop_table", "alter_column_type", "apply_default", "backfill"})
"""Operations that may take something away."""

_MOVE_NAMES = frozenset({"sql", "run_python", "set_search_path"})
"""Operations after which a name may be that of another thing, beside those that rename and drop."""


class Ears:
    """Hears of the operations of one step of a run, and has a :class:`~pwmig.attic.keeper.Keeper` where one is needed.

    ``settings`` are the project's (None: the usual ones); ``on``, ``times``, ``ahead`` and ``since`` are those of the
    keeper. Of a migration that was never applied the attic holds nothing.
    """

    def __init__(
        self,
        dialect: Dialect,
        database: Any,
        step: Step,
        settings: AtticSettings | None,
        *,
        on: bool,
        times: int,
        ahead: Callable[[str, Any], None] | None,
        since: int = 0,
    ) -> None:
        self.since = since
        self.dialect, self.database, self.step = dialect, database, step
        self.settings, self.on, self.times, self.ahead = settings, on, times, ahead
        self.keeper: Keeper | None = None
        self._there: bool | None = None if times else False
        self._new: set[tuple[str | None, str, str]] = set()
        """Which columns the step has made, by the names that they have."""
        self._added: set[tuple[str | None, str, str]] = set()
        """The same, whatever may have become of what else has their names."""

    @property
    def kept(self) -> tuple[Kept, ...]:
        return tuple(self.keeper.kept) if self.keeper is not None else ()

    @property
    def restored(self) -> tuple[Restored, ...]:
        return tuple(self.keeper.restored) if self.keeper is not None else ()

    def gather(self, operations: Sequence[Operation]) -> None:
        """Where a column is dropped behind other operations of its batch, see whether it can be kept before them; and
        which foreign keys it makes behind others."""
        ours = operations[0].migrator.database is self.database
        if ours and any(wanted.name == "add_foreign_key_constraint" for wanted in operations[1:]):
            keeper = self._needed(False)
            if keeper is not None:
                keeper.expect_keys(operations)
        if self.on and any(wanted.name == "drop_column" for wanted in operations[1:]):
            keeper = self._needed(ours)
            if keeper is not None:
                keeper.gather(operations)

    def before(self, wanted: Operation) -> Operation:
        if wanted.migrator.database is not self.database:
            return wanted  # Of another database than the project's nothing is kept.
        if self._new and (wanted.name.startswith(("rename_", "drop_")) or wanted.name in _MOVE_NAMES):
            self._new.clear()  # By now it may be another's name.
        keeper = self._needed(wanted.name in TAKES and self.on)
        return wanted if keeper is None else keeper.before(wanted)

    def done(self, wanted: Operation, error: BaseException | None = None) -> None:
        if wanted.migrator.database is not self.database:
            return
        if error is not None:
            self._new.clear()  # What an operation could not make may have been there, and the batch is taken back.
            self._added.clear()
        elif wanted.name in ("add_column", "create_table"):
            self._new.add(new_place(wanted))
        follow_added(self._added, wanted, error)
        if self.keeper is not None:
            self.keeper.done(wanted, error)

    def became(self) -> None:
        if self.keeper is not None:
            self.keeper.became()

    @property
    def keeps_batches(self) -> bool:
        return self.keeper is not None and self.keeper.keeps_batches

    def batch(self, filler: Filler, rows: Piece) -> AbstractContextManager[None]:
        return nullcontext() if self.keeper is None else self.keeper.batch(filler, rows)

    def last(self) -> int:
        """The number of the last thing in the attic; 0 where it has none of the step."""
        return 0 if self._there is False and self.keeper is None else self._last()

    def _last(self) -> int:
        from pwmig.attic.entries import Attic

        return Attic(self.dialect, self.database).last()

    def skipped(self, operations: Sequence[Operation]) -> None:
        """Operations that took effect before the run was killed: names are followed, and nothing is done."""
        self._there = None if self._there is False else self._there
        keeper = self._needed(False)
        for wanted in operations:
            if wanted.migrator.database is not self.database:
                continue
            if wanted.name in ("add_column", "create_table"):
                self._new.add(new_place(wanted))
            follow_added(self._added, wanted, None)
            if keeper is not None:
                keeper.skipped(wanted)

    def mark(self, migrator: Migrator) -> Callable[[], None]:
        """What the step has done so far is seen to; what is given back forgets what comes later and is rolled back."""
        self.after(migrator)
        keeper = self.keeper
        known = [] if keeper is None else [keeper, keeper.attic.shelf, keeper.restoring]
        return _memory(self, *known)

    def after(self, migrator: Migrator) -> None:
        if self.keeper is not None and migrator.database is self.database:
            self.keeper.after(migrator)

    def left(self, migrator: Migrator, error: BaseException, *, undone: bool) -> None:
        if migrator.database is not self.database:
            return
        self._new.clear()
        self._added.clear()
        if self.keeper is not None:
            self.keeper.left(error, undone=undone)

    @property
    def is_needed(self) -> bool:
        """Whether something was kept or may have to be put back."""
        return self.keeper is not None or self._there is not False

    @property
    def ends(self) -> bool:
        """Whether the end of the migration gives nothing back, as far as that is known by now."""
        return self._there is False if self.keeper is None else self.keeper.ends

    def finish(self) -> None:
        """The migration has returned."""
        keeper = self._needed(False)
        if keeper is not None:
            keeper.finish()

    def ended(self) -> None:
        """The history has the step, in its transaction."""
        if self.keeper is not None:
            self.keeper.ended()

    def explain(self, statement: str, error: BaseException) -> OperationRefused | None:
        """What a statement of the step that failed means, where it is about rows that were put back."""
        return None if self.keeper is None else self.keeper.restoring.explain(statement, error)

    def _needed(self, takes: bool) -> Keeper | None:
        if self.keeper is None:
            if self._there is None:
                self._there = self.dialect.table_exists(self.database, "pwmig_attic")
            if takes or self._there:
                from pwmig.attic.keeper import Keeper
                from pwmig.attic.settings import AtticSettings

                settings = self.settings or AtticSettings()
                facts = (self.dialect, self.database, self.step, settings)
                self.keeper = Keeper(*facts, on=self.on, times=self.times, ahead=self.ahead, new=self._new)
                self.keeper.added = self._added
                self.keeper.since = self.since
        return self.keeper


def _memory(*things: object) -> Callable[[], None]:
    """Gives things what they hold now, as often as it is called: lists, sets and dictionaries with what is in them."""
    held = [(thing, dict(vars(thing))) for thing in things]
    filled = [(value, copy(value)) for _, facts in held for value in facts.values() if type(value) in (list, set, dict)]

    def remember() -> None:
        for thing, facts in held:
            vars(thing).clear()
            vars(thing).update(facts)
        for value, content in filled:
            value.clear()
            value.extend(content) if isinstance(value, list) else value.update(content)

    return remember


def follow_added(added: set[tuple[str | None, str, str]], wanted: Operation, error: BaseException | None) -> None:
    """What an operation does to columns that its step has added; raw SQL that renames is not heard."""
    if wanted.name == "set_search_path":
        added.clear()
    if error is not None or wanted.name not in ("add_column", "drop_column", "rename_column", "rename_table"):
        return
    schema, table, column, *others = wanted.migrator.schema, *map(str, wanted.args[:3])
    if wanted.name == "rename_table":
        moved = {one for one in added if one[:2] == (schema, table)}
        added -= moved
        added |= {(schema, column, name) for _, _, name in moved}
    elif wanted.name == "add_column":
        added.add((schema, table, column))
    elif (schema, table, column) in added:
        added.remove((schema, table, column))
        if wanted.name == "rename_column":
            added.add((schema, table, others[0]))


def new_place(wanted: Operation) -> tuple[str | None, str, str]:
    """What an operation makes: a schema, a table and a column of it, or all of them (then that is empty), as it calls
    them: names that differ in their letters may be two."""
    column = str(wanted.args[1]) if wanted.name == "add_column" else ""
    return wanted.migrator.schema, str(wanted.args[0]), column
