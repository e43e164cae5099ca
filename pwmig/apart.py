"""What a step does outside of its one transaction: operations that have transactions of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from pwmig.errors import OperationRefused
from pwmig.plan import Direction

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Turn
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.noted import Asides
    from pwmig.history import History
    from pwmig.plan import Step
    from pwmig.recording import Recorder

__all__ = ["Apart"]


class Apart:
    """Lets operations that commit by themselves come before all others of a step, so that it can be run again.

    Where the step stops behind them, the history does not know of it, and what they did stays: run again, they find
    that and go on; ``asides`` tell of that, where the database can. ``ends``: nothing is sent when the migration has
    returned, but for what was to be done later. ``committed`` is the last of
    them that has committed something, in words; ``overtaken``: another run did the step meanwhile, and nothing is left
    to be done.
    """

    def __init__(
        self,
        database: peewee.Database,
        step: Step,
        history: History,
        recorder: Recorder,
        turn: Turn,
        asides: Asides | None = None,
        ends: Callable[[], bool] = lambda: False,
    ) -> None:
        self.database, self.step, self.history = database, step, history
        self.recorder, self.turn, self.asides = recorder, turn, asides
        self.ends = ends
        self.committed: str | None = None
        self.overtaken = False
        self._upto = 0
        self._later: list[Callable[[], None]] = []

    @property
    def is_free(self) -> bool:
        return not self.recorder.savepoints and not self.turn.apart

    @property
    def place(self) -> tuple[int, int | None]:
        """How many statements the step has sent, and how many come behind the one that is about to be sent, where that
        is known."""
        from pwmig.dialects.lasting import is_last_call
        from pwmig.dialects.migrator import migrate

        is_last = is_last_call(of=migrate.__code__) and self.ends()
        return len(self.recorder.statements), len(self._later) if is_last else None

    @contextmanager
    def alone(self, wanted: Operation) -> Iterator[Callable[[], AbstractContextManager[None]]]:
        """While entered, what is given back ends the step's transaction while *it* is entered.

        OperationRefused where other statements of the step would be committed with that.
        """
        call = wanted.describe()
        if len(self.recorder.statements) > self._upto:
            raise OperationRefused(
                f"{call} can't come behind other statements of its migration",
                why="it commits, and so would they: where the rest fails, they would stay, and the history knows "
                "nothing of them",
                way_out="make it the first thing of its migration, or give it one of its own",
                table=wanted.table,
            )

        @contextmanager
        def outside() -> Iterator[None]:
            before, self.committed = self.committed, call
            with self.turn.outside():
                try:
                    yield
                except BaseException:
                    self.committed = before if wanted.name != "backfill" else call
                    raise
            self.overtaken = self.history.is_applied(self.step.name) is (self.step.direction is Direction.FORWARD)
            self._require_still_wanted()

        yield outside
        self._upto = len(self.recorder.statements)

    def later(self, work: Callable[[], None]) -> None:
        """Do this in the transaction that the history row stands in, before anything else is done there."""
        self._later.append(work)

    def finish(self) -> None:
        """No more operations that commit by themselves will come."""
        self._require_still_wanted()
        later, self._later = self._later, []
        for work in later:
            work()

    def _require_still_wanted(self) -> None:
        """While there was no transaction, another run may have come first: then this one ends here."""
        if self.overtaken:
            raise OperationRefused(
                f"{self.step.name} was {self.step.direction.participle} meanwhile by another run",
                why="between its transactions others have their turn",
                way_out="nothing is left to be done: pwmig status shows it",
            )
