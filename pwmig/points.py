"""Points of the history, and the ways between them: plans that no apply would take, for looks at a copy.

Pure, as :mod:`pwmig.plan` is.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from pwmig.errors import MigrationFileError, PlanError
from pwmig.files import MigrationFile, checksum
from pwmig.plan import (
    ALLOWANCES,
    Direction,
    Plan,
    Step,
    check_allowances,
    check_applied,
    check_order,
    find,
    forward_step,
    plan_backward,
    plan_forward,
)
from pwmig.states import Applied

__all__ = ["plan_between", "plan_draft"]


def plan_between(
    files: Sequence[MigrationFile],
    applied: Sequence[Applied],
    start: str,
    end: str,
    *,
    allow: Collection[str] = (),
) -> tuple[Plan, Plan]:
    """The way from what is applied now to the point ``start``, and from there to ``end``.

    A point is ``zero`` (nothing is applied), ``now``, or a migration: the moment just after it. The points
    lie in the order in which the applied ones were applied, then in that of the pending ones' names; what
    was taken back on the way is applied again in the order of the history. Raises PlanError.
    """
    check_allowances(allow)
    way = _Way(files, applied, allow)
    first, last = way.place(start), way.place(end)
    return way.plan(len(applied), first), way.plan(first, last)


def plan_draft(
    files: Sequence[MigrationFile],
    applied: Sequence[Applied],
    source: str,
    *,
    name: str,
    replaces: str | None = None,
    folder: str | os.PathLike[str],
) -> tuple[Plan, Plan, bytes]:
    """What runs before a migration that is not saved, the plan of it alone, and its text in bytes.

    A new one stands after all that is pending, in ``folder``; one that ``replaces`` a pending migration stands in
    its place and bears its name. Raises PlanError for one that is not pending.
    """
    if replaces is None:
        if name in {*(file.name for file in files), *(row.name for row in applied)}:
            raise PlanError(
                f"a draft can't be called {name}", why="a migration has that name", way_out="give it another name"
            )
        first = plan_forward(files, applied, allow=ALLOWANCES)
        path = os.path.join(folder, f"{name}.py")
    else:
        done = {row.name for row in applied}
        name = find(replaces, [file.name for file in files if file.name not in done])
        first = plan_forward([file for file in files if file.name < name], applied, allow=ALLOWANCES)
        path = next(file.path for file in files if file.name == name)
    text = _encoded(source, name)
    step = Step(name, Direction.FORWARD, path, checksum(text), b"migrate_backward" in text)
    return first, Plan((step,)), text


def _encoded(source: str, name: str) -> bytes:
    try:
        return source.encode()
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise MigrationFileError(
            f"{name} is not valid Python",
            why=f"line {line}: it holds half of a letter, which no file can",
            way_out="take that letter out",
            line=line,
        ) from error


class _Way:
    """All migrations in the order in which they were, or would be, applied; a place counts those before it."""

    def __init__(self, files: Sequence[MigrationFile], applied: Sequence[Applied], allow: Collection[str]) -> None:
        self.files = files
        self.by_name = {file.name: file for file in files}
        self.applied = tuple(applied)
        self.pending = sorted(self.by_name.keys() - {row.name for row in applied})
        self.allow = allow

    def place(self, point: str) -> int:
        if point in ("zero", "now"):
            return len(self.applied) if point == "now" else 0
        names = [*(row.name for row in self.applied), *self.pending]
        return names.index(find(point, names)) + 1

    def plan(self, start: int, end: int) -> Plan:
        if start > end:
            # On a copy, a baseline may go.
            return plan_backward(self.files, self._rows(start), steps=start - end, allow={*self.allow, "baseline"})
        now = len(self.applied)
        again = [self.by_name[row.name] for row in self.applied[start:end]]  # Gone files have no way back to start.
        fresh = [self.by_name[name] for name in self.pending[max(start - now, 0) : max(end - now, 0)]]
        if fresh:
            check_applied(self.files, self.applied, self.allow)
            check_order(fresh, {row.name for row in self.applied}, self.allow)
        return Plan(tuple(map(forward_step, (*again, *fresh))))

    def _rows(self, place: int) -> tuple[Applied, ...]:
        """The history as it is at a place; rows that are yet to be written have no time."""
        fresh = (self.by_name[name] for name in self.pending)
        return (*self.applied, *(Applied(file.name, file.checksum, "") for file in fresh))[:place]
