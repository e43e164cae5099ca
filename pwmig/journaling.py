"""What a run has to do with the journal: it stops ahead of what is half-applied, and writes down what it commits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from typing import TYPE_CHECKING, Any

from pwmig.attic.ears import TAKES
from pwmig.errors import HalfApplied
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.attic.ears import Ears
    from pwmig.dialects.base import Dialect, Turn
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.noted import Aside, Asides, Journal, JournalWriter
    from pwmig.dialects.units import Progress, Result, Units
    from pwmig.history import History
    from pwmig.plan import Step
    from pwmig.recording import Recorder
    from pwmig.states import Half

__all__ = ["Journaling", "Resolving", "require_whole"]


@dataclass(frozen=True, slots=True)
class Resolving:
    """That a run ends what is half-applied. ``undoes``: its step goes the other way, back to the start.

    Where ``unit`` is a number, only that part of it is taken back; ``progress`` says which parts it skips as they took
    effect. ``records``: it only writes down what a person did. ``still`` is called when nobody else may run any more,
    and raises where what was seen before is so no more.
    """

    half: Half | None
    undoes: bool = False
    unit: int | None = None
    progress: Progress | None = None
    records: bool = False
    still: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Journaling:
    """The journal of one run; ``journal`` is None where no statement commits by itself, and then nothing is done.

    ``asides`` tell of what steps do outside of their transactions, where the database can do that.
    """

    journal: Journal | None
    history: History
    resolving: Resolving | None = None
    asides: Asides | None = None
    _ready: bool = False
    _writer: JournalWriter | None = field(default=None)
    units: Units | None = None

    def prepare(self) -> None:
        """Ahead of a step: make the table, once a run, and refuse over what is half-applied."""
        if self.journal is None:
            return
        if not self._ready and not self.journal.create():
            self.journal = None
            return
        self._ready = True
        if self.resolving is not None:
            self.resolving.still()
        else:
            require_whole(self.journal.swept())

    @property
    def undoes(self) -> bool:
        return self.resolving is not None and self.resolving.undoes

    @property
    def records(self) -> bool:
        return self.resolving is not None and self.resolving.records

    @property
    def is_partial(self) -> bool:
        """Whether only a part of the migration is taken back."""
        return self.resolving is not None and self.resolving.unit is not None

    @property
    def since(self) -> int:
        """What the attic held before what is taken back."""
        progress = self.resolving.progress if self.resolving is not None else None
        return progress.since if progress is not None and self.is_partial else 0

    @property
    def keeps_nothing(self) -> bool:
        """Whether what the step takes is what it brought itself: on its way back, out of the attic."""
        half = self.resolving.half if self.resolving is not None else None
        return self.undoes and half is not None and half.direction == "backward"

    def listen(self, step: Step, recorder: Recorder, turn: Turn, keeper: Ears) -> None:
        """The step's function is about to be called."""
        if self.asides is not None:
            self.asides.begin(step, self.history.person)
        if self.journal is None:
            return
        from pwmig.dialects.migrator import speaker, units
        from pwmig.dialects.units import Units

        resolving = self.resolving
        progress = resolving.progress if resolving is not None and not self.undoes else None
        made = self.units = Units(step.name, progress, keeper.last, keeper.skipped, lambda: keeper.ends)
        facts = step, self.history.person, lambda: recorder.current, speaker, made
        unit = resolving.unit if resolving is not None else None
        writer = self._writer = turn.journal = self.journal.writer(*facts, undoes=self.undoes, unit=unit)

        def skip(sql: str) -> Result | None:
            counting = units()
            return counting.statement(sql) if counting is not None else None

        def told(cursor: Any) -> None:
            counting = units()
            if counting is not None:
                writer.result(cursor)
                counting.ended()

        recorder.skip, recorder.told = skip, told

    @property
    def where(self) -> str:
        """At which statement a step stopped, of how many, in words; empty where that is none, or unknown."""
        return self._writer.where if self._writer is not None else ""

    def beside(self, step: Step, dialect: Dialect) -> tuple[Aside, ...]:
        """What stays of a step that has failed, of what it did outside of its transaction; () where nobody can tell.

        Where the migration's connection was lost, another one is asked.
        """
        if self.asides is None:
            return ()
        with suppress(Exception):
            return self.asides.left(step)
        with suppress(Exception), dialect.reading(self.history.database) as reader:
            asides = dialect.asides(reader, self.history.table)
            return asides.left(step) if asides is not None else ()
        return ()

    def left(self, step: Step, dialect: Dialect) -> tuple[bool, Half | None] | None:
        """What :meth:`Journal.left` tells of a step, by another connection where the migration's was lost; None where
        nothing tells."""
        if self.journal is None:
            return None
        with suppress(Exception):
            return self.journal.left(step.name)
        with suppress(Exception), dialect.reading(self.history.database) as reader:
            journal = dialect.journal(reader, self.history.table)
            return journal.left(step.name) if journal is not None else None
        return None

    def end(self) -> None:
        """The migration has returned; what the attic gives back comes last."""
        if self.units is not None:
            self.units.end()

    def note(self, operation: Operation, keeper: Ears | None) -> None:
        """An operation is about to run."""
        keeps = keeper is not None and keeper.on and operation.attic is not False
        if self._writer is not None and not keeps and (operation.name in TAKES or operation.name == "change_column"):
            self._writer.forgets()

    def close(self, step: Step, turn: Turn) -> None:
        """The history has the step, in the same transaction."""
        writer, self._writer = self._writer, None
        if self.asides is not None and turn.has_asides:
            for one in self.asides.clear(step.name):
                turn.notes.append(f"not by this run: {one.words}")
        if self.journal is None:
            return
        if self.is_partial and self.resolving is not None and self.resolving.unit is not None:
            self.journal.forget(step.name, self.resolving.unit)
        elif writer is not None:
            writer.close()
        if self.resolving is not None and not self.is_partial:
            self.journal.clear(step.name)


def require_whole(halves: tuple[Half, ...]) -> None:
    """Refuse to go on over a migration that is half-applied."""
    for half in halves:
        raise HalfApplied(half)
