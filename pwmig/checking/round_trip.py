"""Each migration forward, backward and forward again, on an empty database that holds what those before it made.

Tables that are empty then get sample rows, which are taken out again afterwards: what a migration does to rows is seen
on the rows that the migrations load, and on these. The engine runs the migrations, as it does everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from pwmig.checking.records import Finding, Severity, finding_of
from pwmig.checking.relevant import with_parents
from pwmig.checking.samples import Samples, fill, take_out
from pwmig.checking.trial import STOPS, Looking, Trial, source_of
from pwmig.plan import Event, Plan, Run, forward_step
from pwmig.records import dataclass
from pwmig.schema import Schema, Table
from pwmig.sides import plan_files, without_tables

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.errors import PwmigError
    from pwmig.files import MigrationFile
    from pwmig.project import Project

__all__ = ["RoundTrip", "round_trip"]

_MOST_ROWS = 1000
"""How many rows of a table are compared: the first by its key."""

_SAMPLES: tuple[str, ...] = ("with NULLs", "without NULLs", "none")
"""What a migration is tried with, until it does not stop."""


@dataclass(slots=True)
class RoundTrip:
    """What was found; ``sampled`` are the tables that got sample rows, ``refused`` those that could not, with why."""

    findings: list[Finding] = field(default_factory=list)
    sampled: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    tried: int = 0


def round_trip(project: Project, files: Sequence[MigrationFile], ran: Run, listener: Listener | None) -> RoundTrip:
    """Try each of the migrations; ``ran`` is the run in which they ran one after the other on an empty database."""
    return _Walk(project, files, ran, listener).walk()


class _Walk:
    """The way through the migrations. Whatever leaves a doubt about what the database holds makes a new one begin."""

    def __init__(self, project: Project, files: Sequence[MigrationFile], ran: Run, listener: Listener | None) -> None:
        self.project = project
        self.files = sorted(files, key=lambda file: file.name)
        self.listener = listener
        self.found = RoundTrip()
        self.texts = {step.step.name: [statement.sql for statement in step.statements] for step in ran.steps}
        self.samples_of = dict.fromkeys((file.name for file in self.files), _SAMPLES)
        self.known: dict[object, Table] = {}
        self.place = 0

    def walk(self) -> RoundTrip:
        while self.place < len(self.files):
            with self.project.blank(self.listener) as run:
                run(plan_files(self.files[: self.place]))
                while self.place < len(self.files) and self._try(self.files[self.place], run):
                    pass
        return self.found

    def _try(self, file: MigrationFile, run: Callable[..., Run]) -> bool:
        """Try one migration, and go on to the next; whether the database is fit for that one."""
        if self.listener:
            self.listener(Event("check", file.name, "round trip", self.place, len(self.files)))
        if not file.reversible:
            run(Plan((forward_step(file),)))
            self.place += 1
            return True
        kind, looking = self.samples_of[file.name][0], self._looking_at(file)
        samples = self._filled(kind, looking.tables(self._see()))
        trial = Trial(file, samples, looking.look(), lambda step: run(Plan((step,), step.direction)), looking.look)
        try:
            trial.forward()
        except STOPS as error:
            self._try_otherwise(file, error)
            return False
        trial.way_back()
        self.found.findings += trial.findings
        self.found.tried += 1
        self.place += 1
        return not trial.findings and self._cleared(trial)

    def _looking_at(self, file: MigrationFile) -> Looking:
        texts = [*self.texts.get(file.name, ()), source_of(file)]
        return Looking(
            self._see, texts, lambda table: self.project.dialect.sample(self.project.database, table, limit=_MOST_ROWS)
        )

    def _filled(self, kind: str, names: set[str]) -> Samples:
        """Fill those of the tables named that are empty, and what their rows have to refer to."""
        if kind == "none":
            return Samples()
        schema = self._see()
        empty = self._empty(schema, with_parents(schema, self._empty(schema, names)))
        samples = fill(self.project.database, self.project.dialect, schema, empty, nulls=kind == "with NULLs")
        self.found.sampled |= {table.name for table in samples.tables}
        self.found.refused.update(samples.refused)
        return samples

    def _empty(self, schema: Schema, names: set[str]) -> set[str]:
        database, dialect = self.project.database, self.project.dialect
        tables = [table for table in schema.tables if table.name in names]
        return {table.name for table in tables if not dialect.sample(database, table, limit=1).row_count}

    def _try_otherwise(self, file: MigrationFile, error: PwmigError) -> None:
        """The migration stopped where it does not without sample rows: so it is tried with fewer of them, or none."""
        self.samples_of[file.name] = self.samples_of[file.name][1:]
        if not self.samples_of[file.name]:
            # It ran before on the same rows: what it does hangs on something else, and none after it can be tried.
            self.found.findings.append(finding_of(error, migration=file.name))
            self.files = self.files[: self.place]
            return
        if self.samples_of[file.name] == ("none",):
            self.found.findings.append(
                Finding(
                    Severity.NOTE,
                    f"{file.name} stops where tables hold sample rows, so it was tried without them",
                    f"{error.what}: {error.why}",
                    "make it fit for rows that it doesn't know, if there may be any",
                    file.name,
                )
            )

    def _cleared(self, trial: Trial) -> bool:
        """Take the sample rows out again; False where it can't be said what that leaves."""
        if not trial.samples.tables:
            return True
        if any(table.triggers or table.rules for table in trial.before.schema.tables):
            return False
        try:
            trial.backward()
            cleared = take_out(self.project.database, trial.samples)
            trial.forward()
        except STOPS:
            return False
        return cleared

    def _see(self) -> Schema:
        schema = self.project.dialect.introspect(self.project.database, None, self.known)
        return without_tables(schema, (self.project.config.history_table,))
