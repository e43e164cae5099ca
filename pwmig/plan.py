"""Pure planning, and the records of a run.

Nothing here touches a database or a file. A :class:`Plan` is made from what the files and the
history say; a :class:`Run` is what the engine reports of it. All records are frozen and picklable.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from pwmig.errors import PlanError
from pwmig.files import MigrationFile
from pwmig.records import dataclass
from pwmig.states import Applied, MigrationStatus, State, status_of
from pwmig.taken import Kept, Restored, rows_text

if TYPE_CHECKING:
    from pwmig.diff import Change
    from pwmig.schema import Rows, Snapshot

__all__ = [
    "ALLOWANCES",
    "Applied",
    "Direction",
    "Event",
    "Kept",
    "Loss",
    "MigrationStatus",
    "Plan",
    "Restored",
    "RowChanges",
    "Run",
    "State",
    "Statement",
    "Step",
    "StepRun",
    "plan_backward",
    "plan_forward",
    "status_of",
]

ALLOWANCES = ("changed", "missing", "out-of-order", "baseline")
"""What a person may allow by name, so that a plan goes on over it."""


class Direction(str, Enum):
    """Which of a migration's two functions a step calls."""

    FORWARD = "forward"
    BACKWARD = "backward"

    @property
    def participle(self) -> str:
        return "applied" if self is Direction.FORWARD else "reverted"


@dataclass(frozen=True, slots=True)
class Step:
    """One migration in one direction."""

    name: str
    direction: Direction
    path: str
    checksum: str
    reversible: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered steps that a run would take; one that is ``fake`` records them only.

    ``how`` is what the history says of its steps: ``fake``, ``baseline`` or ``resolved`` of what was recorded and not
    run.
    """

    steps: tuple[Step, ...]
    direction: Direction = Direction.FORWARD
    fake: bool = False
    baseline: bool = False
    resolved: bool = False

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def how(self) -> str:
        if not self.fake:
            return "run"
        return "baseline" if self.baseline else "resolved" if self.resolved else "fake"


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement that a step sent. ``row_count`` is what the driver reports, None if it does not."""

    sql: str
    params: tuple[Any, ...] = ()
    elapsed_s: float = 0.0
    row_count: int | None = None


@dataclass(frozen=True, slots=True)
class StepRun:
    """What one step did. ``outcome``: applied, reverted, faked, failed or skipped (done by another runner).

    ``kept`` is what the attic took, ``restored`` what it gave back.
    """

    step: Step
    outcome: str
    statements: tuple[Statement, ...] = ()
    operations: tuple[str, ...] = ()
    elapsed_s: float = 0.0
    kept: tuple[Kept, ...] = ()
    restored: tuple[Restored, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows that a run takes away: of a dropped ``table``, the values of a dropped ``column``, or deleted rows.

    ``sampled`` says that they were counted in a sample of the table's rows: the whole table may lose more. ``kept``
    says that the attic keeps them, so that going back puts them back.
    """

    table: str
    column: str | None
    row_count: int
    sampled: bool = False
    kept: bool = False

    def __str__(self) -> str:
        rows = rows_text(self.row_count)
        if self.column is None:
            lost = f"{rows} of {self.table}"
        else:
            lost = f"the values of {self.table}.{self.column} in {rows}"
        return f"{lost}, counted in a sample" if self.sampled else lost

    @property
    def words(self) -> str:
        """What is taken away, and whether it is gone for good."""
        return f"{self} (the attic keeps it)" if self.kept else str(self)


@dataclass(frozen=True, slots=True)
class RowChanges:
    """How many rows of a table a run added, removed and altered, counted by key over the whole table.

    ``table`` is its name afterwards (of a dropped one: before). A row is altered when a cell of a
    column that both sides have is another value.
    """

    table: str
    added: int
    removed: int
    altered: int


@dataclass(frozen=True, slots=True)
class Run:
    """What happened: each step with statements and timings; where asked for, before and after.

    ``target`` is ``live`` (the real database), ``copy`` (a rehearsal) or ``blank`` (a replay). ``before``, ``after``
    are None when nobody watched. ``changes`` are the differences of the two schemas, ``touched`` the
    tables that the steps wrote to or altered, by the names they had then, ``written`` those of them whose
    rows may have been inserted, updated or deleted. ``losses``
    are what a rehearsal took away, counted row by row against the original; ``original_changed``
    says that this was another one at the end than at the beginning. ``row_changes`` counts the tables
    whose rows could be counted: not those too large for it. ``sampled`` names the tables of which the copy held some
    rows only, as they were called then: what is counted of them, and of what a step made of them, is of that sample.
    """

    plan: Plan
    target: str
    steps: tuple[StepRun, ...] = ()
    before: Snapshot | None = None
    after: Snapshot | None = None
    changes: tuple[Change, ...] = ()
    touched: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    row_changes: tuple[RowChanges, ...] = ()
    written: tuple[str, ...] = ()
    elapsed_s: float = 0.0
    original_changed: bool = False
    sampled: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return all(step.outcome != "failed" for step in self.steps)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What the attic took of its steps."""
        return tuple(kept for step in self.steps for kept in step.kept)

    @property
    def restored(self) -> tuple[Restored, ...]:
        """What its steps got back from the attic."""
        return tuple(restored for step in self.steps for restored in step.restored)

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(statement for step in self.steps for statement in step.statements)

    def samples(self, table: str) -> tuple[Rows | None, Rows | None]:
        """The sample rows of a table before and after; None where there was no such table."""
        before = self.before.table_rows(table) if self.before else None
        after = self.after.table_rows(table) if self.after else None
        return before, after


@dataclass(frozen=True, slots=True)
class Event:
    """Progress, as it happens. ``kind``: copy, step, statement, rows, step-done, wait, warning, check.

    ``done`` of ``total`` counts pages (copy), rows (rows), migrations (check) or steps (the others); ``text`` is the
    statement or a sentence for people.
    """

    kind: str
    migration: str = ""
    text: str = ""
    done: int = 0
    total: int = 0
    elapsed_s: float = 0.0


def plan_forward(
    files: Sequence[MigrationFile],
    applied: Sequence[Applied],
    *,
    to: str | None = None,
    steps: int | None = None,
    fake: bool = False,
    allow: Collection[str] = (),
) -> Plan:
    """The pending migrations in the order of their names, up to ``to`` or at most ``steps``.

    Raises PlanError for an unknown ``to`` and for what is not allowed: an applied file that
    changed or is gone, a pending one that is older than one already applied.
    """
    check_allowances(allow)
    check_applied(files, applied, allow)
    done = {row.name for row in applied}
    ordered = sorted(files, key=lambda file: file.name)
    if to is not None:
        last = find(to, [file.name for file in ordered])
        ordered = [file for file in ordered if file.name <= last]
    pending = [file for file in ordered if file.name not in done][: _limit(steps)]
    check_order(pending, done, allow)
    return Plan(tuple(forward_step(file) for file in pending), Direction.FORWARD, fake)


def forward_step(file: MigrationFile) -> Step:
    return Step(file.name, Direction.FORWARD, file.path, file.checksum, file.reversible)


def plan_backward(
    files: Sequence[MigrationFile],
    applied: Sequence[Applied],
    *,
    to: str | None = None,
    steps: int | None = None,
    fake: bool = False,
    allow: Collection[str] = (),
) -> Plan:
    """The applied migrations to take back, the last applied one first.

    Without ``to`` and ``steps`` just the last applied one. ``to`` names the migration that stays
    as the last applied one; ``zero`` takes back all.
    """
    check_allowances(allow)
    ordered = list(reversed(applied))
    if to is not None and to != "zero":
        stays = find(to, [row.name for row in applied])
        ordered = ordered[: [row.name for row in ordered].index(stays)]
    elif to is None and steps is None:
        steps = 1
    chosen = ordered[: _limit(steps)]
    by_name = {file.name: file for file in files}
    made = []
    for row in chosen:
        file = by_name.get(row.name)
        if file is None and fake and "missing" in allow:
            made.append(Step(row.name, Direction.BACKWARD, "", row.checksum))
            continue
        if file is None:
            raise PlanError(
                f"{row.name} can't be taken back",
                why="it is applied, but its file is gone, and with it the way back",
                way_out="bring the file back (from version control) and run this again; or take its effect back by "
                "hand and record that with --backward --fake --allow missing",
            )
        if row.checksum and row.checksum != file.checksum and not fake and "changed" not in allow:
            raise PlanError(
                f"{row.name} can't be taken back as it is",
                why="its file has changed since it was applied, so its way back may not fit what was done",
                way_out="bring back the file as it was applied, or go on with --allow changed",
            )
        if row.how == "baseline" and not fake and "baseline" not in allow:
            raise PlanError(
                f"{row.name} is not taken back without being asked twice",
                why="it is the baseline: all that the database held before its first migration would be dropped",
                way_out="stop before it with --to, or go on with --allow baseline",
            )
        made.append(Step(file.name, Direction.BACKWARD, file.path, file.checksum))
    return Plan(tuple(made), Direction.BACKWARD, fake)


def find(wanted: str, names: Sequence[str]) -> str:
    """The one name that ``wanted`` means: the whole name, or a part of it that no other holds.

    The path of the file means it too, since that is what a shell completes.
    """
    wanted = os.path.basename(wanted).removesuffix(".py")
    if wanted in names:
        return wanted
    matches = [name for name in names if wanted and wanted in name]
    exact = [name for name in matches if name.split("_", 2)[2:] == [wanted]]
    if len(exact) == 1:
        return exact[0]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise PlanError(
            f"{wanted!r} means more than one migration",
            why="it is found in " + ", ".join(matches[:5]) + (" and others" if len(matches) > 5 else ""),
            way_out="give the whole name",
        )
    raise PlanError(
        f"there is no migration {wanted!r}",
        why="no migration that this is about has that in its name",
        way_out="pwmig status lists the names",
    )


def _limit(steps: int | None) -> int | None:
    if steps is not None and steps < 1:
        raise PlanError(f"--steps {steps} makes no plan", why="it counts migrations", way_out="give 1 or more")
    return steps


def check_allowances(allow: Collection[str]) -> None:
    unknown = set(allow) - set(ALLOWANCES)
    if unknown:
        raise PlanError(
            f"nothing called {', '.join(sorted(unknown))} can be allowed",
            why="only " + ", ".join(ALLOWANCES) + " can",
            way_out="give one of these to --allow",
        )


def check_applied(files: Sequence[MigrationFile], applied: Sequence[Applied], allow: Collection[str]) -> None:
    by_name = {file.name: file for file in files}
    changed = [
        row.name for row in applied if row.name in by_name and row.checksum not in ("", by_name[row.name].checksum)
    ]
    missing = [row.name for row in applied if row.name not in by_name]
    if changed and "changed" not in allow:
        raise PlanError(
            "nothing was run: " + _listed(changed) + " changed after being applied",
            why="the database holds what the file said then, not what it says now",
            way_out="bring the file back and write a new migration for the change, or go on with --allow changed",
        )
    if missing and "missing" not in allow:
        raise PlanError(
            "nothing was run: " + _listed(missing) + " is applied, but the file is gone",
            why="the files no longer tell how this database came about",
            way_out="bring the file back (from version control), or go on with --allow missing",
        )


def check_order(pending: Sequence[MigrationFile], done: set[str], allow: Collection[str]) -> None:
    newest = max(done, default="")
    late = [file.name for file in pending if file.name < newest]
    if late and "out-of-order" not in allow:
        raise PlanError(
            "nothing was run: " + _listed(late) + f" is older than {newest}, which is applied already",
            why="on other databases it runs before, here it would run after",
            way_out="give the file a later time in its name, or go on with --allow out-of-order",
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
