"""Each migration forward, backward and forward again, on an empty database that holds what those before it made.

Tables that are empty then get sample rows, which are taken out again afterwards: what a migration does to rows is seen
on the rows that the migrations load, and on these. The engine runs the migrations, as it does everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pwmig.checking.records import Finding, RowDifference, Severity, finding_of
from pwmig.checking.rows import row_differences
from pwmig.checking.samples import Samples, fill, take_out
from pwmig.errors import MigrationFailed, MigrationFileError, OperationRefused, PlanError
from pwmig.plan import Direction, Event, Plan, Run, Step, forward_step
from pwmig.schema import Schema, Snapshot, Table
from pwmig.sides import plan_files

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.diff import Change
    from pwmig.files import MigrationFile
    from pwmig.project import Project

__all__ = ["RoundTrip", "round_trip"]

_MOST_ROWS = 1000
"""How many rows of a table are compared: the first by its key."""

_STOPS = (MigrationFailed, MigrationFileError, PlanError, OperationRefused)
_BY_HAND = re.compile(r"execute|\.sql\(|\.(?:save|create|insert|update|delete|replace|bulk_\w+|insert_\w+)\(")
"""What stands in a migration that writes rows, or sends SQL, by itself and not by an operation of the migrator."""


_SAMPLES: tuple[str, ...] = ("with NULLs", "without NULLs", "none")
"""What a migration is tried with, until it does not stop."""


@dataclass(slots=True)
class RoundTrip:
    """What was found; ``sampled`` are the tables that got sample rows, ``refused`` those that could not, with why."""

    findings: list[Finding] = field(default_factory=list)
    sampled: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    tried: int = 0


def round_trip(project: Project, files: Sequence[MigrationFile], listener: Listener | None = None) -> RoundTrip:
    """Try each of the migrations, which are known to run forward one after the other on an empty database."""
    return _Walk(project, files, listener).walk()


class _Walk:
    """The way through the migrations. Whatever leaves a doubt about what the database holds makes a new one begin."""

    def __init__(self, project: Project, files: Sequence[MigrationFile], listener: Listener | None) -> None:
        self.project = project
        self.files = sorted(files, key=lambda file: file.name)
        self.listener = listener
        self.found = RoundTrip()
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
        kind = self.samples_of[file.name][0]
        samples, before = self._filled(kind)
        trial = _Trial(file, samples, before, lambda step: run(Plan((step,), step.direction)), self._look)
        try:
            trial.forward()
        except _STOPS as error:
            self._try_otherwise(file, error)
            return False
        trial.way_back()
        self.found.findings += trial.findings
        self.found.tried += 1
        self.place += 1
        return not trial.findings and self._cleared(trial)

    def _filled(self, kind: str) -> tuple[Samples, Snapshot]:
        before = self._look()
        empty = [rows.table for rows in before.rows if not rows.row_count]
        if kind == "none" or not empty:
            return Samples(), before
        database = self.project.database
        samples = fill(database, self.project.dialect, before.schema, empty, nulls=kind == "with NULLs")
        self.found.sampled |= {table.name for table in samples.tables}
        self.found.refused.update(samples.refused)
        return samples, self._look() if samples.tables else before

    def _try_otherwise(self, file: MigrationFile, error: Exception) -> None:
        """The migration stopped where it does not without sample rows: so it is tried with fewer of them, or none."""
        self.samples_of[file.name] = self.samples_of[file.name][1:]
        if not self.samples_of[file.name]:
            raise error  # It ran before on the same rows: what it does hangs on something else.
        if self.samples_of[file.name] == ("none",):
            self.found.findings.append(
                Finding(
                    Severity.NOTE,
                    f"{file.name} stops where tables hold sample rows, so it was tried without them",
                    getattr(error, "what", str(error)) + ": " + getattr(error, "why", ""),
                    "make it fit for rows that it doesn't know, if there may be any",
                    file.name,
                )
            )

    def _cleared(self, trial: _Trial) -> bool:
        """Take the sample rows out again; False where it can't be said what that leaves."""
        if not trial.samples.tables:
            return True
        if any(table.triggers or table.rules for table in trial.before.schema.tables):
            return False
        try:
            trial.backward()
            take_out(self.project.database, trial.samples)
            trial.forward()
        except Exception:  # Whatever it is: the next one begins on a new database.
            return False
        return True

    def _look(self) -> Snapshot:
        database, dialect = self.project.database, self.project.dialect
        schema = self._without_history(dialect.introspect(database, None, self.known))
        return Snapshot(schema, tuple(dialect.sample(database, table, limit=_MOST_ROWS) for table in schema.tables))

    def _without_history(self, schema: Schema) -> Schema:
        from pwmig.sides import without_tables

        return without_tables(schema, (self.project.config.history_table,))


class _Trial:
    """One migration, forward, backward and forward, and what is looked at in between."""

    def __init__(
        self,
        file: MigrationFile,
        samples: Samples,
        before: Snapshot,
        run: Callable[[Step], Run],
        look: Callable[[], Snapshot],
    ) -> None:
        self.file = file
        self.samples = samples
        self.before = before
        self.findings: list[Finding] = []
        self._run = run
        self._look = look
        self._by_hand: bool | None = None

    def forward(self) -> None:
        self._run(forward_step(self.file))

    def backward(self) -> None:
        self._run(Step(self.file.name, Direction.BACKWARD, self.file.path, self.file.checksum))

    def way_back(self) -> None:
        """After the first way forward: go back, compare, go forward, compare."""
        after = self._look()
        try:
            self.backward()
        except _STOPS as error:
            self.findings.append(finding_of(error, migration=self.file.name))
            return
        self._compare_back(after)
        try:
            self.forward()
        except _STOPS as error:
            if not self.findings:  # Otherwise it is what was to be expected.
                self.findings.append(self._not_again(finding_of(error, migration=self.file.name)))
            return
        if not self.findings:
            self._compare_again(after)

    def _not_again(self, found: Finding) -> Finding:
        what = f"{self.file.name} does not run again after it was taken back: {found.what}"
        return Finding(Severity.ERROR, what, found.why, found.way_out, self.file.name)

    def _compare_back(self, after: Snapshot) -> None:
        from pwmig.diff import diff

        back = self._look()
        changes = diff(self.before.schema, back.schema)
        if changes:
            self._add(
                Severity.ERROR,
                "migrate_backward() does not bring the schema back",
                "forward and backward, it leaves another schema than there was",
                "let migrate_backward() undo what is listed",
                changes=changes,
            )
        rows = row_differences(self.before, back)
        lost = tuple(one for one in rows if self._taken_away(one, after.schema))
        if lost:
            self._add(
                Severity.NOTE,
                "rows or values that it takes away are not there again after migrate_backward()",
                "going forward drops their table or column, and no migrate_backward() can make values again",
                "keep a copy of what you may need, or stop using the column before it is dropped",
                rows=lost,
            )
        rest = tuple(one for one in rows if one not in lost)
        sampled = {table.name for table in self.samples.tables}
        kind = "sample rows" if sampled.issuperset(one.table for one in rest) else "rows"
        self._add_rows(rest, f"migrate_backward() does not bring the {kind} back")

    def _taken_away(self, rows: RowDifference, after: Schema) -> bool:
        """Whether what differs went with a table or with columns that going forward drops."""
        table, old = after.table(rows.table), self.before.schema.table(rows.table)
        if table is None or old is None:
            return table is None
        gone = {column.name for column in old.columns if table.column(column.name) is None}
        return not rows.added and not rows.removed and set(rows.columns) <= gone

    def _compare_again(self, after: Snapshot) -> None:
        from pwmig.diff import diff

        again = self._look()
        changes = diff(after.schema, again.schema)
        if changes:
            self._add(
                Severity.ERROR,
                "applied again after it was taken back, it makes another schema than the first time",
                "where it is reverted and applied again, the database is not what the migrations say",
                "let migrate_forward() and migrate_backward() be each other's inverse",
                changes=changes,
            )
        self._add_rows(row_differences(after, again), "applied again after it was taken back, it makes other rows")

    def _add_rows(self, rows: tuple[RowDifference, ...], what: str) -> None:
        if not rows:
            return
        by_hand = self._writes_by_hand()
        self._add(
            Severity.WARNING if by_hand else Severity.ERROR,
            what,
            "it writes rows or sends SQL by itself: what that does is measured, and nobody else can take it back"
            if by_hand
            else "forward and backward, rows are to be what they were",
            "let migrate_backward() touch only the rows that migrate_forward() wrote, and give each its old values",
            rows=rows,
        )

    def _writes_by_hand(self) -> bool:
        if self._by_hand is None:
            self._by_hand = _BY_HAND.search(Path(self.file.path).read_text(errors="replace")) is not None
        return self._by_hand

    def _add(
        self,
        severity: Severity,
        what: str,
        why: str,
        way_out: str,
        *,
        changes: tuple[Change, ...] = (),
        rows: tuple[RowDifference, ...] = (),
    ) -> None:
        said = f"{self.file.name}: {what}"
        self.findings.append(Finding(severity, said, why, way_out, self.file.name, changes, rows))
