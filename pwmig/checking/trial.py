"""One migration tried forward, backward and forward again, and what is looked at in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pwmig.checking.records import Finding, RowDifference, Severity, finding_of
from pwmig.checking.relevant import relevant_tables
from pwmig.checking.rows import row_differences
from pwmig.checking.samples import Samples
from pwmig.errors import MigrationFailed, MigrationFileError, OperationRefused, PlanError
from pwmig.plan import Direction, Run, Step, forward_step
from pwmig.schema import Rows, Schema, Snapshot, Table

if TYPE_CHECKING:
    from pwmig.diff import Change
    from pwmig.files import MigrationFile

__all__ = ["STOPS", "Looking", "Trial", "source_of"]

STOPS = (MigrationFailed, MigrationFileError, PlanError, OperationRefused)
"""What a migration that stops raises."""

_BY_HAND = re.compile(r"execute|\.sql\(|\.(?:save|create|insert|update|delete|replace|bulk_\w+|insert_\w+)\(")
"""What stands in a migration that writes rows, or sends SQL, by itself and not by an operation of the migrator."""


class Looking:
    """Looks at the schema, and at the rows of the tables that a migration may have to do with: at one, at all looks."""

    def __init__(self, see: Callable[[], Schema], texts: Sequence[str], sample: Callable[[Table], Rows]) -> None:
        self._see = see
        self._texts = texts
        self._sample = sample
        self._names: set[str] = set()

    def tables(self, schema: Schema) -> set[str]:
        self._names |= relevant_tables(schema, self._texts)
        return self._names

    def look(self) -> Snapshot:
        schema = self._see()
        names = self.tables(schema)
        return Snapshot(schema, tuple(self._sample(table) for table in schema.tables if table.name in names))


def source_of(file: MigrationFile) -> str:
    return Path(file.path).read_text(errors="replace")


class Trial:
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
        except STOPS as error:
            self.findings.append(finding_of(error, migration=self.file.name))
            return
        self._compare_back(after)
        try:
            self.forward()
        except STOPS as error:
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
                "going forward drops their table or column, and the attic kept nothing of them, as of what goes by raw "
                "SQL or with attic=False",
                "drop them by an operation of the migrator, which lets the attic keep them, or keep a copy of your own",
                rows=lost,
            )
        rest = tuple(one for one in rows if one not in lost)
        sampled = {table.name for table in self.samples.tables}
        kind = "sample rows" if sampled.issuperset(one.table for one in rest) else "rows"
        self._add_rows(rest, f"migrate_backward() does not bring the {kind} back")

    def _taken_away(self, rows: RowDifference, after: Schema) -> bool:
        """Whether what differs went with a table or with columns that going forward drops."""
        if rows.added:
            return False
        table, old = after.table(rows.table), self.before.schema.table(rows.table)
        if table is None or old is None:
            return table is None
        gone = {column.name for column in old.columns if table.column(column.name) is None}
        return not rows.removed and set(rows.columns) <= gone

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
            self._by_hand = _BY_HAND.search(source_of(self.file)) is not None
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
