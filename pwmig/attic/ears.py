"""What a step costs that takes nothing away: one question at most, and no import of what does the work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwmig.attic.keeper import Keeper
    from pwmig.attic.settings import AtticSettings
    from pwmig.dialects.backfilling import Filler, Piece
    from pwmig.dialects.base import Dialect
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.plan import Kept, Restored, Step

__all__ = ["Ears", "new_place"]

_TAKE = frozenset({"drop_column", "drop_table", "alter_column_type", "apply_default", "backfill"})
"""Operations that may take something away."""


class Ears:
    """Hears of the operations of one step of a run, and has a :class:`~pwmig.attic.keeper.Keeper` where one is needed.

    ``settings`` are the project's (None: the usual ones); ``on`` and ``ahead`` are those of the keeper. Of a migration
    that ``is_new``, never applied before, the attic holds nothing.
    """

    def __init__(
        self,
        dialect: Dialect,
        database: Any,
        step: Step,
        settings: AtticSettings | None,
        *,
        on: bool,
        is_new: bool,
        ahead: Callable[[str, Any], None] | None,
    ) -> None:
        self.dialect, self.database, self.step = dialect, database, step
        self.settings, self.on, self.ahead = settings, on, ahead
        self.keeper: Keeper | None = None
        self._there: bool | None = False if is_new else None
        self._new: set[tuple[str, str]] = set()

    @property
    def kept(self) -> tuple[Kept, ...]:
        return tuple(self.keeper.kept) if self.keeper is not None else ()

    @property
    def restored(self) -> tuple[Restored, ...]:
        return tuple(self.keeper.restored) if self.keeper is not None else ()

    def before(self, wanted: Operation) -> Operation:
        if wanted.migrator.database is not self.database:
            return wanted  # Of another database than the project's nothing is kept.
        self._note_new(wanted)
        keeper = self._needed(wanted.name in _TAKE and self.on)
        return wanted if keeper is None else keeper.before(wanted)

    def _note_new(self, wanted: Operation) -> None:
        """Which columns the step has made, by the names that they have."""
        if wanted.name in ("add_column", "create_table"):
            self._new.add(new_place(wanted))
        elif self._new and (wanted.name.startswith(("rename_", "drop_")) or wanted.name in ("sql", "run_python")):
            self._new.clear()  # By now it may be another's name.

    def done(self, wanted: Operation, error: BaseException | None = None) -> None:
        if self.keeper is not None and wanted.migrator.database is self.database:
            self.keeper.done(wanted, error)

    @property
    def keeps_batches(self) -> bool:
        return self.keeper is not None and self.keeper.keeps_batches

    def batch(self, filler: Filler, rows: Piece) -> AbstractContextManager[None]:
        return nullcontext() if self.keeper is None else self.keeper.batch(filler, rows)

    def mark(self, migrator: Migrator) -> Callable[[], None]:
        """What the step has done so far is seen to; what is given back forgets what comes later and is rolled back."""
        self.after(migrator)
        keeper = self.keeper
        known = [] if keeper is None else [keeper, keeper.attic.shelf, keeper.restoring]
        return _memory(self, *known)

    def after(self, migrator: Migrator) -> None:
        if self.keeper is not None and migrator.database is self.database:
            self.keeper.after(migrator)

    @property
    def is_needed(self) -> bool:
        """Whether something was kept or may have to be put back."""
        return self.keeper is not None or self._there is not False

    def finish(self) -> None:
        """The migration has returned."""
        keeper = self._needed(False)
        if keeper is not None:
            keeper.finish()

    def ended(self) -> None:
        """The history has the step, in its transaction."""
        if self.keeper is not None:
            self.keeper.ended()

    def _needed(self, takes: bool) -> Keeper | None:
        if self.keeper is None:
            if self._there is None:
                self._there = self.dialect.table_exists(self.database, "pwmig_attic")
            if takes or self._there:
                from pwmig.attic.keeper import Keeper
                from pwmig.attic.settings import AtticSettings

                settings = self.settings or AtticSettings()
                facts = (self.dialect, self.database, self.step, settings)
                self.keeper = Keeper(*facts, on=self.on, ahead=self.ahead, new=self._new)
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


def new_place(wanted: Operation) -> tuple[str, str]:
    """What an operation makes: a table and a column of it, or all of them (then that is empty)."""
    column = str(wanted.args[1]).lower() if wanted.name == "add_column" else ""
    return str(wanted.args[0]).lower(), column
