"""The four ways to resolve a migration, each under the lock that runs take turns by."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pwmig.errors import PlanError
from pwmig.files import checksum
from pwmig.journaling import Resolving, require_whole
from pwmig.plan import Direction, Plan, Run, Step, find, forward_step
from pwmig.records import dataclass
from pwmig.resolving.undoing import can_undo, lacking, opened, progress_of, undo_of

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.dialects.noted import Aside
    from pwmig.dialects.units import Progress
    from pwmig.errors import DatabaseUnavailable
    from pwmig.files import MigrationFile
    from pwmig.project import Project
    from pwmig.states import Half
    from pwmig.waits import Waits

__all__ = ["HOWS", "resolve"]

HOWS = ("resume", "undo", "applied", "reverted")


def resolve(project: Project, name: str, how: str, *, listener: Listener | None, waits: Waits) -> Run:
    """What :meth:`pwmig.Project.resolve` does."""
    if how not in HOWS:
        raise PlanError(
            f"a migration can't be resolved by {how!r}", why=f"there are {', '.join(HOWS)}", way_out="give one of these"
        )
    case = _case(project, name, listener, waits)
    if how in ("applied", "reverted"):
        return case.record(how)
    return case.undo() if how == "undo" else case.resume()


def _case(project: Project, name: str, listener: Listener | None, waits: Waits) -> _Case:
    dialect, database = project.dialect, project.database
    # Ahead of all else: what a run leaves that ends meanwhile is seen behind it.
    running = dialect.running(database) if dialect.exists(database) else None
    files, applied, halves, asides = project.files(), project.applied(), project.halves(), _asides(project)
    halves = tuple(half for half in halves if not half.command)  # The others are among the asides.
    names = [file.name for file in files] + [row.name for row in applied] + [half.name for half in halves]
    wanted = find(name, list(dict.fromkeys((*names, *(one.migration for one in asides)))))
    half = next((half for half in halves if half.name == wanted), None)
    file = next((file for file in files if file.name == wanted), None)
    is_applied = any(row.name == wanted for row in applied)
    asides = tuple(one for one in asides if one.migration == wanted)
    return _Case(project, wanted, half, file, is_applied, asides, running, listener, waits)


def _asides(project: Project) -> tuple[Aside, ...]:
    """What runs have done outside of their transactions, or were about to, before they were stopped."""
    asides = project.dialect.asides(project.database, project.config.history_table)
    if asides is None or not project.dialect.exists(project.database):
        return ()
    with opened(project):
        return asides.noted()


@dataclass(frozen=True, slots=True)
class _Case:
    """``asides`` is what its runs have done outside of their transactions, or were about to; ``running`` is what to
    say where another program's run is under way, of which nothing can be told yet."""

    project: Project
    name: str
    half: Half | None
    file: MigrationFile | None
    is_applied: bool
    asides: tuple[Aside, ...]
    running: DatabaseUnavailable | None
    listener: Listener | None
    waits: Waits

    def undo(self) -> Run:
        """Bring back what it has touched to what it was before it."""
        return self._undone(self._known("--undo"))

    def resume(self) -> Run:
        """Take back what took effect, and run it anew: so it does not matter where it stopped.

        Where that can't be taken back as a whole, what took effect is skipped, and only the part that it stopped in is
        taken back first.
        """
        half = self._known("--resume")
        file = self._file(half)
        if half.direction == "forward":
            step = forward_step(file)
        else:
            step = Step(file.name, Direction.BACKWARD, file.path, file.checksum)
        plan = Plan((step,), step.direction)
        progress = progress_of(self.project, half)
        if progress is None:
            return _joined(self._undone(half), self._run(plan))
        undone = self._undone(half, progress) if progress.partial else None
        run = self._run(plan, Resolving(half, progress=progress))
        return _joined(undone, run) if undone is not None else run

    def record(self, how: str) -> Run:
        """Write into the history what a person did by hand, and forget how far the migration had come."""
        forward = how == "applied"
        if self.half is None and self.is_applied is forward and not self.asides:
            self._require_no_run()
            raise PlanError(
                f"{self.name} is {how} already", why="the history says so", way_out="pwmig status shows what is to do"
            )
        self._require_possible(forward)
        self._require_there(how)
        direction = Direction.FORWARD if forward else Direction.BACKWARD
        path, text = (self.file.path, self.file.checksum) if self.file is not None else ("", "")
        plan = Plan((Step(self.name, direction, path, text),), direction, fake=True, resolved=True)
        return self._run(plan, Resolving(self.half, records=True, still=self._require_still_whole))

    def _require_possible(self, forward: bool) -> None:
        """Refuse what the tables contradict: of a migration of which all is there still, nothing was taken back."""
        half = self.half
        if half is None or (half.direction == "forward") is forward:
            self._require_nothing_lacking(forward)
            return
        undo = undo_of(self.project, half, compare_only=True)
        if undo.changes:
            raise PlanError(
                f"{self.name} is not {'applied' if forward else 'reverted'} as far as the tables tell",
                why=f"compared were {', '.join(undo.tables)} with what they were before it began: "
                + "; ".join(undo.changes[:5]),
                way_out="take that back by hand" + (f", or by {half.undo}" if can_undo(self.project, half) else ""),
            )

    def _require_nothing_lacking(self, forward: bool) -> None:
        """Refuse the way to the end, where a table is as it was before a statement at which a run has stopped."""
        if self.running is not None:
            return  # That waits for its turn.
        found = lacking(self.project, self.name, "forward" if forward else "backward")
        if not found:
            return
        names = ", ".join(found)
        statement = " ".join(next(iter(found.values())).split())[:200]
        if self.half is not None:
            ends = f"{self.half.way_out} ends it; or do by hand what is missing, and record it then"
        else:
            command = "pwmig migrate" if forward else "pwmig migrate --backward"
            ends = f"{command} runs it; with --fake it is recorded all the same"
        raise PlanError(
            f"{self.name} is not {'applied' if forward else 'reverted'} as far as the tables tell",
            why=f"{names} is as it was before: {statement}",
            way_out=ends,
        )

    def _require_there(self, how: str) -> None:
        """Refuse the way back to the start, where what a run has done outside of its transaction stays."""
        direction = "backward" if how == "applied" else "forward"
        left = [one for one in self.asides if one.direction == direction and one.stays]
        if left:
            raise PlanError(
                f"{self.name} is not {how} as far as the database tells",
                why="; ".join(one.words for one in left),
                way_out=f"{left[0].undoing}, and run this anew; or {left[0].command} goes on from there",
            )

    def _require_still_whole(self) -> None:
        """A run that was under way when this began may have been stopped since."""
        journal = self.project.dialect.journal(self.project.database, self.project.config.history_table)
        if self.half is None and journal is not None:
            require_whole(tuple(half for half in journal.halves() if half.name == self.name))

    # -- what they have in common

    def _require_no_run(self) -> None:
        if self.running is not None:
            raise self.running

    def _known(self, option: str) -> Half:
        if self.half is None:
            self._require_no_run()
            self._require_nothing_aside(option)
            state = "applied" if self.is_applied else "pending"
            raise PlanError(
                f"there is nothing to {option.lstrip('-')} of {self.name}",
                why=f"it is {state}, and nothing of it is half-done",
                way_out="pwmig migrate runs what is pending"
                if not self.is_applied
                else "pwmig migrate --backward takes back what is applied",
            )
        return self.half

    def _require_nothing_aside(self, option: str) -> None:
        left = [one for one in self.asides if one.stays]
        if left:
            first = left[0]
            raise PlanError(
                f"{option} is not how {self.name} is ended",
                why="; ".join(one.words for one in left),
                way_out=f"{first.command} goes on from there; or {first.undoing}, and record that: "
                f"{first.half.giving_up}",
            )

    def _file(self, half: Half) -> MigrationFile:
        if self.file is None:
            raise PlanError(
                f"{half.name} can't be gone on with",
                why="its file is gone",
                way_out="bring it back (from version control)" + (f"; or {half.undo}" if half.undo else ""),
            )
        return self.file

    def _undone(self, half: Half, progress: Progress | None = None) -> Run:
        unit = progress.upto + 1 if progress is not None else None
        undo = undo_of(self.project, half, unit=unit)
        forward = half.direction == "forward"
        direction = Direction.BACKWARD if forward else Direction.FORWARD
        path = os.path.join(self.project.migrations_folder, f"{self.name}.py")
        text = undo.source(forward).encode()
        plan = Plan((Step(self.name, direction, path, checksum(text)),), direction)
        still = lambda: undo.require_same(self.project)  # noqa: E731
        resolving = Resolving(half, undoes=True, unit=unit, progress=progress, still=still)
        return self._run(plan, resolving, {path: text})

    def _run(self, plan: Plan, resolving: Resolving | None = None, drafts: dict[str, bytes] | None = None) -> Run:
        return self.project.run_resolving(plan, resolving, drafts, self.listener, self.waits)


def _joined(undo: Run, run: Run) -> Run:
    return Run(run.plan, run.target, (*undo.steps, *run.steps), elapsed_s=undo.elapsed_s + run.elapsed_s)
