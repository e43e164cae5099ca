"""What the workbench knows and does, without a widget.

A :class:`Bench` reads the project here (each reading opens a connection of its own that can only
read) and runs rehearse, apply and revert in a :class:`~pwmig.worker.Worker`: the kernel's own
``database`` is never pointed elsewhere, closed or locked, and an edited migration or model needs
no restart. Its verbs wait for their result; a face that must not wait calls them on a thread. A database
in memory is another matter: the worker gets a copy of it, and apply and revert run here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pwmig.codegen import source
from pwmig.diff import Change
from pwmig.drafting import Draft, Wishes
from pwmig.errors import MigrationFailed, OperationRefused, ProjectError, PwmigError
from pwmig.files import slug, template
from pwmig.frames.framed import FramedRun
from pwmig.operations import Operation
from pwmig.plan import Direction, Event, Loss, MigrationStatus, Plan, Run, State, find
from pwmig.project import Project
from pwmig.schema import Schema, Snapshot
from pwmig.sides import Difference
from pwmig.worker import Worker

__all__ = ["NOW", "PROJECT_VARIABLE", "START", "Bench", "ConfirmationNeeded", "nearest_project"]

PROJECT_VARIABLE = "PWMIG_PROJECT"
"""The environment variable that names the project where no path is given."""

START = "zero"
"""The name of the moment before the first migration, as ``--to zero`` takes it."""

NOW = "now"
"""The name of the moment after what is applied."""

SAMPLE_LIMIT = 20
"""Rows of a table that are shown as they are now."""


class ConfirmationNeeded(OperationRefused):
    """A run would take rows or values away; ``losses`` counts them, ``plan`` is what was to be run."""

    def __init__(self, plan: Plan, losses: Sequence[Loss]) -> None:
        self.plan = plan
        self.losses = tuple(losses)
        verb = "apply" if plan.direction is Direction.FORWARD else "revert"
        super().__init__(
            f"to {verb} {_names(plan)} takes away " + "; ".join(map(str, losses)),
            why="a rehearsal on a copy counted them; nothing was done to the database"
            + ("; where the copy held a sample, the whole table may lose more" if _sampled(losses) else "")
            + _kept(losses, "reverting" if plan.direction is Direction.FORWARD else "applying"),
            way_out=f"click again to {verb} all the same, or give confirm=True",
            table=losses[0].table,
            column=losses[0].column,
        )


def _sampled(losses: Sequence[Loss]) -> bool:
    return any(loss.sampled for loss in losses)


def _kept(losses: Sequence[Loss], way_back: str) -> str:
    if not any(loss.kept for loss in losses):
        return ""
    what = "it" if all(loss.kept for loss in losses) else "what is marked so"
    return f"; the attic keeps {what}, and {way_back} puts it back"


def _names(plan: Plan) -> str:
    names = [step.name for step in plan.steps]
    return names[0] if len(names) == 1 else f"{len(names)} migrations"


def _tried(error: MigrationFailed) -> str | None:
    """The checksum of the file that failed."""
    steps = error.run.plan.steps if error.run else ()
    return next((step.checksum for step in steps if step.name == error.migration), None)


def nearest_project(path: str | os.PathLike[str] | None = None) -> Project:
    """The project at ``path``; without one, that of PWMIG_PROJECT, or the nearest upwards from here.

    Raises ProjectError where there is none, or where its config can't be imported.
    """
    wanted = path or os.environ.get(PROJECT_VARIABLE)
    if wanted:
        return Project.open(wanted)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "db" / "migrations_config.py").is_file() or _is_configured(folder):
            return Project.open(folder)
    raise ProjectError(
        f"there is no pwmig project at {here} or above it",
        why="no folder there has db/migrations_config.py, or [tool.pwmig] in its pyproject.toml",
        way_out="give the project's path: Workbench('path/to/project'), or make one with pwmig init",
    )


def _is_configured(folder: Path) -> bool:
    try:
        return b"[tool.pwmig]" in (folder / "pyproject.toml").read_bytes()
    except OSError:
        return False


class Bench:
    """A project on the bench: its state as last read, the last run, and the verbs.

    ``drift`` is how the models differ from the database, ``difference`` what was compared last: that, or other sides.
    ``compared`` are the two points of the last run where that was a comparison. ``failures`` holds, by
    migration, what stopped it when it was last tried here, until it runs or its file changes. ``busy`` says
    what is under way since ``started_at`` (of ``time.monotonic()``, in seconds). ``on_event`` is called
    on another thread with each event of a run.
    """

    def __init__(self, project: Project, on_event: Callable[[Event], None] | None = None) -> None:
        self.project = project
        project.keep_reading()
        self.statuses: tuple[MigrationStatus, ...] = ()
        self.schema = Schema()
        self.drift: tuple[Change, ...] | None = None
        self.drift_error: PwmigError | None = None
        self.difference: Difference | None = None
        self.last_run: FramedRun | None = None
        self.compared: tuple[str, str] | None = None
        self.failures: dict[str, MigrationFailed] = {}
        self.events: list[Event] = []
        self.busy = ""
        self.started_at = 0.0
        self._rehearsal: FramedRun | None = None
        self._worker: Worker | None = None
        self._lock = threading.Lock()
        self._on_event = on_event

    # Reading

    @property
    def location(self) -> str:
        """The database for people, a file inside the project by its place there; never a password."""
        return self.project.location.replace(str(self.project.root) + os.sep, "")

    @property
    def shared(self) -> bool:
        """Whether another process sees the same database; one in memory is seen by the thread that has it open."""
        return self.project.dialect.shared(self.project.database)

    def refresh(self) -> None:
        """Read files, history and schema again, and compare the models with the database."""
        self.read()
        try:
            with self.project.handed_over() as memory:
                found: Difference = Worker(self.project.root, "difference", memory=memory).start().wait()
        except PwmigError as error:
            self.drift, self.drift_error, self.difference = None, error, None
        else:
            self.drift, self.drift_error, self.difference = found.changes, None, found

    def read(self) -> None:
        """Read files, history and schema again; raises PwmigError where they can't be read."""
        self.statuses = self.project.status()
        self.schema = self.project.schema()
        self._forget_mended()

    def _forget_mended(self) -> None:
        """A failure speaks of the file as it was then."""
        if self.failures:
            now = {file.name: file.checksum for file in self.project.files()}
            self.failures = {name: error for name, error in self.failures.items() if _tried(error) == now.get(name)}

    def names(self, *states: State) -> tuple[str, ...]:
        """The names of the migrations in one of these states (or in any), the oldest first."""
        return tuple(status.name for status in self.statuses if not states or status.state in states)

    @property
    def pending(self) -> tuple[str, ...]:
        return self.names(State.PENDING)

    @property
    def editable(self) -> tuple[str, ...]:
        """The migrations whose files tell nothing of the database yet: what failed has to be mended."""
        return tuple(status.name for status in self.statuses if status.path and status.applied_at is None)

    def plan_to(self, name: str | None, *, backward: bool, allow: Collection[str] = ()) -> Plan:
        """The steps to a migration and no further, () where there is nothing to do; raises PlanError."""
        return self.project.plan(to=name, backward=backward, allow=allow)

    def end_of(self, plan: Plan) -> str:
        """Where a plan ends: the migration that is the last applied one then, or ``zero``."""
        names = [step.name for step in plan.steps]
        if plan.direction is Direction.FORWARD:
            return names[-1]
        stays = [row.name for row in self.project.applied() if row.name not in names]
        return stays[-1] if stays else START

    def plans_here(self, name: str) -> tuple[Plan | PwmigError, Plan | PwmigError]:
        """What applying up to a migration, and reverting all after it, would do now, or why it can't be."""
        applied = any(status.name == name and status.state is not State.PENDING for status in self.statuses)
        forward = Plan(()) if name == START else self._plan_or_error(name, backward=False)
        if name != START and not applied:
            return forward, Plan((), Direction.BACKWARD)
        return forward, self._plan_or_error(name, backward=True)

    def _plan_or_error(self, name: str, *, backward: bool) -> Plan | PwmigError:
        try:
            return self.plan_to(name, backward=backward)
        except PwmigError as error:
            return error

    def snapshot(self, table: str) -> Snapshot:
        """A table as it is now in the real database, with some of its rows."""
        return self.project.snapshot([table], limit=SAMPLE_LIMIT)

    # Running

    def rehearse(self, to: str | None = None, *, backward: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Run on a copy; the run is kept, so that applying the same plan needs no other rehearsal."""
        return self.rehearse_plan(self.plan_to(to, backward=backward, allow=allow))

    def rehearse_plan(self, plan: Plan) -> FramedRun:
        with self._at_work("rehearsal"):
            return self._rehearse(plan)

    def _rehearse(self, plan: Plan) -> FramedRun:
        run = self._work("rehearse", {"plan": plan})
        self._rehearsal = run
        return run

    def apply(self, to: str | None = None, *, confirm: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Apply what is pending, up to ``to``; raises ConfirmationNeeded before anything that loses rows."""
        return self.carry_out(self.plan_to(to, backward=False, allow=allow), confirm=confirm)

    def revert(self, to: str | None = None, *, confirm: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Take back the last migration, or all after ``to`` (``zero``: all); else as :meth:`apply`."""
        return self.carry_out(self.plan_to(to, backward=True, allow=allow), confirm=confirm)

    def carry_out(self, plan: Plan, *, confirm: bool) -> FramedRun:
        """Run a plan on the real database; unless confirmed, ConfirmationNeeded where it loses rows."""
        verb = "apply" if plan.direction is Direction.FORWARD else "revert"
        with self._at_work(verb):
            losses = self._losses(plan) if plan and not confirm else ()
            if losses:
                raise ConfirmationNeeded(plan, losses)
            work = self._work if self.shared else self._work_here
            run = work(verb, {"plan": plan, "watch": True})
            self._rehearsal = None
            return run

    def _losses(self, plan: Plan) -> tuple[Loss, ...]:
        """What the plan would take away, from the rehearsal of this same plan: the last one, or a new one."""
        at_hand = self._rehearsal
        run = at_hand if at_hand is not None and at_hand.plan == plan else self._rehearse(plan)
        return run.losses

    def compare(self, start: str, end: str, *, allow: Collection[str] = ()) -> FramedRun:
        """Any two points of the history, on a copy: ``zero``, ``now`` or a migration, just after it."""
        with self._at_work("comparison"):
            points = self._point(start), self._point(end)
            run = self._work("compare", {"start": points[0], "end": points[1], "allow": tuple(allow)})
            self.compared = points
            return run

    def diff(self, before: str = "live", after: str = "models") -> Difference:
        """Any two sides, their schemas alone; see :meth:`pwmig.Project.diff`."""
        with self._at_work("diff"):
            found: Difference = self._ask("difference", {"before": before, "after": after})
            self.difference = found
            return found

    def draft(self, name: str | None = None, wishes: Wishes | None = None) -> Draft:
        """The migration that makes the database what the models declare, or what is open; nothing is written."""
        if name is not None:
            slug(name)  # What can't be a file's name is said before anything runs.
        with self._at_work("draft"):
            found: Draft = self._ask("draft", {"name": name, "wishes": wishes})
            return found

    def _ask(self, verb: str, options: dict[str, Any]) -> Any:
        """What a verb that only looks comes to, in a process of its own."""
        with self.project.handed_over() as memory:
            self.events = []
            return self._wait_for(Worker(self.project.root, verb, options, self._hear, memory=memory))

    def _point(self, name: str) -> str:
        return name if name in (START, NOW) else find(name, self.names())

    def preview(self, source: str, *, name: str, replaces: str | None = None) -> FramedRun:
        """Rehearse code that is not saved, after all that is pending, or in the place of a pending migration."""
        with self._at_work("preview"):
            return self._work("preview", {"source": source, "name": name, "replaces": replaces})

    def source_of(self, operations: Sequence[Operation]) -> str:
        """The code of a migration of these operations, with its way back where that is known; none: the template."""
        if not operations:
            return template(self.project.config.config)
        for operation in operations:
            if not isinstance(operation, Operation):
                raise OperationRefused(
                    f"{operation!r} is no operation",
                    why="a migration is made of values such as AddColumn('player', ColumnSpec('level'))",
                    way_out="take one of pwmig.operations, or give the code as source=...",
                )
        config, kinds = self.project.config.config, self.project.dialect.kinds
        return source(operations, config_module=config, schema=self.schema, kinds=kinds)

    def cancel(self) -> bool:
        """Stop the run under way; False where there is none."""
        worker = self._worker
        if worker is None or not worker.running:
            return False
        worker.cancel()
        return True

    def create(self, name: str, text: str) -> Path:
        """Write a new migration file and return its path."""
        path = self.project.create(name, text)
        self.read()
        return path

    def edit(self, name: str, text: str) -> Path:
        """Write another text into the file of a pending migration, and return its path."""
        path = self.project.rewrite(find(name, self.names()), text)
        self.read()
        return path

    @contextmanager
    def _at_work(self, what: str) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise PwmigError(
                f"a {self.busy or 'run'} is under way already",
                why="one at a time, so that what is shown is what was run",
                way_out="wait for its end, or cancel it",
            )
        try:
            self.busy, self.started_at = what, time.monotonic()
            yield
        finally:
            self.busy = ""
            self._lock.release()

    def _work(self, verb: str, options: dict[str, Any]) -> FramedRun:
        """A verb in a process of its own; Ctrl-C here stops it there."""
        with self.project.handed_over() as memory:
            worker = Worker(self.project.root, verb, options, self._hear, memory=memory)
            return self._done(lambda: self._wait_for(worker))

    def _wait_for(self, worker: Worker) -> Any:
        """What a worker comes to: a run, a difference."""
        self._worker = worker.start()
        try:
            return worker.wait()
        except KeyboardInterrupt:
            worker.cancel()
            raise
        finally:
            self._worker = None

    def _work_here(self, verb: str, options: dict[str, Any]) -> FramedRun:
        """A verb on a database that no other process sees, on the thread that has it open."""
        return self._done(lambda: getattr(self.project, verb)(**options, listener=self._hear))

    def _done(self, work: Callable[[], Run]) -> FramedRun:
        """The run, or the failure, as it is kept on view."""
        self.events = []
        try:
            run = FramedRun.of(work())
        except MigrationFailed as error:
            self.failures[error.migration] = error
            if error.run is not None:
                self._keep(FramedRun.of(error.run))
            raise
        self._keep(run)
        for step in run.steps:
            self.failures.pop(step.step.name, None)
        return run

    def _keep(self, run: FramedRun) -> None:
        self.last_run, self.compared = run, None

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        if self._on_event:
            self._on_event(event)
