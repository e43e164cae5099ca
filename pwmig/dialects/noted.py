"""What is noted of migrations while they run: ahead of what commits, and outside of their transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.started import Start
    from pwmig.dialects.units import Progress, Units
    from pwmig.plan import Step
    from pwmig.states import Half

__all__ = ["Aside", "Asides", "Journal", "JournalWriter"]


class JournalWriter(Protocol):
    """Writes down what a step is about to commit, where a change of the schema commits."""

    def ahead(self, sql: str, *, commits: bool, own: bool) -> None:
        """A statement is about to be sent; ``own``: by pwmig itself, as no part of the migration."""

    @property
    def where(self) -> str:
        """At which statement the step has stopped, in words; empty where that is none."""

    def forgo(self) -> None:
        """What was written until now is about to be committed apart: run again, the step finds it."""

    def result(self, cursor: Any) -> None:
        """A statement of the migration's own gave this."""

    def forgets(self) -> None:
        """From now on operations may take values that nothing keeps."""

    def done(self) -> None:
        """It came to its end."""

    def failed(self) -> None:
        """It failed."""

    def stopped(self) -> None:
        """The step has failed, and what could be taken back was."""

    def close(self) -> None:
        """The history's row is written, and nothing of the step needs to be known any more."""


class Journal(Protocol):
    """What migrations have committed so far that did not come to their end."""

    database: peewee.Database

    def create(self) -> bool:
        """Make its table where it is not there yet; whether it is there by then."""

    def halves(self) -> tuple[Half, ...]:
        """The migrations of which a part took effect and stays."""

    def left(self, migration: str) -> tuple[bool, Half | None]:
        """Whether anything was committed by a migration whose run has just stopped; and what stays, if it has to be
        ended: values that the attic gave back have not."""

    def swept(self) -> tuple[Half, ...]:
        """The same, and what is told of others goes."""

    def writer(
        self,
        step: Step,
        by: str,
        text: Callable[[], str | None],
        speaker: Callable[[], str],
        units: Units,
        *,
        undoes: bool = False,
        unit: int | None = None,
    ) -> JournalWriter:
        """What is to hear of the statements of a step; ``undoes``: it takes a half-applied migration back, or one
        ``unit`` of it."""

    def forget(self, migration: str, unit: int) -> None:
        """Let go of what is known of a migration from one part on."""

    def progress(self, migration: str) -> Progress:
        """How far a half-applied migration has come."""

    def clear(self, migration: str) -> None:
        """Let go of what is known of a migration."""

    def start(self, migration: str, unit: int | None = None) -> Start:
        """What a half-applied migration began with, or one part of it, as far as it has touched it."""

    def rebuild(self, scratch: peewee.Database, start: Start) -> None:
        """Make in an empty database what a half-applied migration began with."""

    def tidy(self, start: Start) -> None:
        """End what the attic and a cast were doing when the run was killed, so that what is kept is all in one place,
        and no column half-way."""

    def strays(self, migration: str, scratch: Callable[[], AbstractContextManager[peewee.Database]]) -> tuple[str, ...]:
        """The tables that are neither as they were before a statement of the migration nor as behind it: somebody has
        changed them since. What a statement has made, of which nobody knows, is seen in a ``scratch`` database."""

    def lacking(
        self, migration: str, direction: str, scratch: Callable[[], AbstractContextManager[peewee.Database]]
    ) -> Mapping[str, str]:
        """The tables that are as they were before a statement of a run in a direction, each with that statement: so the
        run has not been brought to its end by hand either."""


@dataclass(frozen=True, slots=True)
class Aside:
    """An index that a run has made or dropped outside of its transaction, or was about to, before it was stopped.

    ``migration`` is that of the run, ``direction`` which way it went (``forward`` or ``backward``), ``name`` the index
    as SQL has it. ``makes``: it is made, under a name that is pwmig's own; else it is dropped. ``statement`` makes it,
    in both cases. ``position`` and ``total`` are as those of a :class:`~pwmig.states.Half`. ``valid`` is None where the
    index is not there, and False where it is half made, or half dropped.
    """

    migration: str
    direction: str
    makes: bool
    name: str
    statement: str
    position: int
    total: int | None
    at: str
    by: str
    valid: bool | None

    @property
    def is_gone(self) -> bool:
        """Whether it was dropped."""
        return not self.makes and self.valid is None

    @property
    def stays(self) -> bool:
        """Whether something of it has been done that is there."""
        return self.valid is not None if self.makes else not self.valid

    @property
    def in_words(self) -> str:
        """What of it stays."""
        verb = "made" if self.makes else "dropped"
        if self.valid is False:
            return f"index {self.name} is half {verb}, and not valid"
        return f"index {self.name} is {verb}" + (", and has not got its name" if self.makes else "")

    @property
    def words(self) -> str:
        """The same, with what undoes it."""
        by = "by a run that was stopped"
        if self.makes:
            half = "half " if self.valid is False else ""
            return f"{self.name} was {half}made {by}; it is dropped by {self.dropping}"
        return f"{self.name} was {'half ' if self.valid is False else ''}dropped {by}; it was made by {self.statement}"

    @property
    def dropping(self) -> str:
        return f"DROP INDEX CONCURRENTLY {self.name}"

    @property
    def undoing(self) -> str:
        """How a person takes it back, in words."""
        return f"drop it by hand ({self.dropping})" if self.makes else "make it again by hand"

    @property
    def command(self) -> str:
        """Goes on from there."""
        return "pwmig migrate" if self.direction == "forward" else "pwmig migrate --backward"

    @property
    def half(self) -> Half:
        """The migration, as it is told where something stays."""
        from pwmig.states import Half

        statement = self.statement if self.makes else self.dropping
        facts = (self.migration, self.direction, self.position, statement, self.at, self.by, self.total)
        return Half(*facts, command=self.command, took_effect=self.valid is not False)


class Asides(Protocol):
    """What migrations do outside of their transactions: noted ahead of that, until the history has the step."""

    def begin(self, step: Step, by: str) -> None:
        """A step is about to run; ``by`` says who runs it."""

    def find_home(self) -> None:
        """Learn where the history is, in the transaction of a turn."""

    def note(self, index: str, place: tuple[int, int | None], statement: str = "") -> None:
        """Outside of a transaction: commit that an index, as SQL has it, is about to be dropped; or to be made, by a
        statement.

        ``place``: how many statements the step has sent, and how many come behind this one, where that is known.
        """

    def settle(self, index: str) -> None:
        """Let go of what is noted of an index of which nothing stays."""

    def took(self, index: str) -> bool:
        """Whether a run of the step that was stopped has dropped an index; from now on it counts as dropped."""

    def uses(self, index: str) -> None:
        """The step takes what a run of it that was stopped has done."""

    def noted(self) -> tuple[Aside, ...]:
        """What is noted of all migrations, in both directions."""

    def standing(self) -> tuple[Aside, ...]:
        """Of each migration and direction the last thing that stays, as long as no run is under way."""

    def left(self, step: Step) -> tuple[Aside, ...]:
        """What stays of a step that has failed, done by this run or by one before."""

    def clear(self, migration: str) -> tuple[Aside, ...]:
        """Let go of what is noted of a migration, in the transaction of its history row.

        Gives what stays though the step has run and has not done it, nor taken it as done; of one that has not run,
        what pwmig has made for itself.
        """
