"""Run a plan on a database.

There is one function for it. Apply gives it the real database, rehearse a copy; nothing is
simulated. It loads and checks the whole plan first, then gives each migration a transaction in
which its statements and its history row stand together.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pwmig.apart import Apart
from pwmig.errors import Cancelled, DatabaseUnavailable, MigrationFailed, PwmigError
from pwmig.loading import Loaded, line_in, loaded
from pwmig.plan import Direction, Event, Plan, Run, Step, StepRun
from pwmig.recording import Recorder

if TYPE_CHECKING:
    import peewee

    from pwmig.attic.ears import Ears
    from pwmig.attic.settings import AtticSettings
    from pwmig.dialects.backfilling import Progress
    from pwmig.dialects.base import Dialect, Listener, Session, Turn
    from pwmig.history import History
    from pwmig.watch import Watcher

__all__ = ["run"]

_MOST_SHOWN = 200
"""So many letters of a statement stand in a message."""


def run(
    plan: Plan,
    database: peewee.Database,
    dialect: Dialect,
    history: History,
    *,
    package: str | None = None,
    drafts: Mapping[str, bytes] | None = None,
    target: str = "live",
    watch: bool = False,
    listener: Listener | None = None,
    wait_s: float = 60.0,
    attic: AtticSettings | None = None,
) -> Run:
    """Run every step of a plan and report what happened.

    ``package`` is the migrations folder as a package, where it is one; ``drafts`` are texts by path that
    stand for those of the files. ``watch`` takes snapshots before and after; ``attic`` says what is kept of what the
    steps take away (None: all, up to the usual limit). Raises MigrationFailed (its
    ``run`` holds the steps until then) when a migration stops, Cancelled on Ctrl-C, MigrationFileError
    and PlanError before anything ran, DatabaseUnavailable where the database can't be written.
    """
    runner = _Runner(plan, database, dialect, history, package, drafts or {}, target, watch, listener, wait_s, attic)
    with ExitStack() as stack:
        if database.is_closed():
            stack.callback(_close, database)
        return runner.run()


def _close(database: peewee.Database) -> None:
    if not database.is_closed() and not database.in_transaction():
        database.close()


@dataclass(slots=True)
class _Runner:
    plan: Plan
    database: peewee.Database
    dialect: Dialect
    history: History
    package: str | None
    drafts: Mapping[str, bytes]
    target: str
    watch: bool
    listener: Listener | None
    wait_s: float
    attic: AtticSettings | None
    keeper: Ears | None = None
    apart: Apart | None = None
    done: list[StepRun] = field(default_factory=list)
    watcher: Watcher | None = None
    operations: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)
    has_history: bool = False
    touched: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    running: Step | None = None

    def run(self) -> Run:
        from pwmig.dialects.migrator import standing_in

        with ExitStack() as stack:
            with Recorder(self.database, "", None, check=_refuse_while_loading).listening():
                steps = () if self.plan.fake else self.plan.steps
                migrations = stack.enter_context(loaded(steps, self.package, self.drafts))
            ready = migrations or tuple(Loaded(step, _nothing, ()) for step in self.plan.steps)
            ready_for = self.dialect.session(self.database, wait_s=self.wait_s, listener=self.listener)
            session = stack.enter_context(ready_for)
            stack.enter_context(standing_in(self._note_operation, self._note_progress))
            for migration in ready:
                self._tell("step", migration.step)
                self._run_step(migration, session)
            return self._report()

    def _run_step(self, migration: Loaded, session: Session) -> None:
        step = migration.step
        recorder = Recorder(self.database, step.name, self.listener)
        self.operations, self.running, self.keeper, self.apart = [], step, None, None
        started = time.perf_counter()
        try:
            with session.turn() as turn:
                outcome = self._take_turn(migration, recorder, turn, started)
        except BaseException as error:
            if isinstance(error, DatabaseUnavailable) and recorder.check is None:
                raise  # The migration itself had not begun.
            raise self._failure(step, recorder, error, time.perf_counter() - started) from error
        self.has_history = True
        self._keep(step, outcome, recorder, time.perf_counter() - started)
        self._tell("step-done", step, outcome)

    def _take_turn(self, migration: Loaded, recorder: Recorder, turn: Turn, started: float) -> str:
        """Inside the transaction: look at the history again, run, write the history row."""
        step = migration.step
        forward = step.direction is Direction.FORWARD
        if not self.has_history:
            self.history.create()
        applied, was_applied = self.history.standing(step.name)
        if applied is forward:
            return "skipped"
        if not self.plan.fake:
            self._call(migration, recorder, turn, is_new=not was_applied)
            turn.require_open()
            turn.finish()
            self.touched |= turn.touched
            self.written |= turn.written
            if self.watcher is not None:
                self.watcher.written |= turn.written
            if turn.refused is not None:
                raise turn.refused  # The migration caught it, or a thread of its own did.
        if forward:
            self.history.record(step, time.perf_counter() - started, self.plan.how)
        else:
            self.history.unrecord(step)
        if not self.plan.fake and self.keeper is not None:
            self.keeper.ended()
        return "faked" if self.plan.fake else step.direction.participle

    def _call(self, migration: Loaded, recorder: Recorder, turn: Turn, *, is_new: bool) -> None:
        from pwmig.dialects.calling import require_done
        from pwmig.dialects.migrator import within

        recorder.check = turn.require_open
        if self.watch:
            turn.watched = True
            watcher = self._watcher()
            recorder.ahead = lambda sql, params: watcher.ahead(turn, sql, params)
        for migrator in migration.migrators:
            migrator.forget_operations()
        keeper = self.keeper = self._keeper(migration, recorder, is_new)
        self.apart = Apart(self.database, migration.step, self.history, recorder, turn)
        with recorder.listening(), within(keeper, self.apart):
            result = migration.function()
            self.apart.finish()
            require_done(f"migrate_{migration.step.direction.value}()", migration.migrators, result)
            if keeper.is_needed:
                turn.require_open()
                keeper.finish()

    def _keeper(self, migration: Loaded, recorder: Recorder, is_new: bool) -> Ears:
        from pwmig.attic.ears import Ears

        on = migration.attic and (self.attic is None or self.attic.on)
        facts = (self.dialect, self.database, migration.step, self.attic)
        return Ears(*facts, on=on, is_new=is_new, ahead=recorder.ahead)

    def _watcher(self) -> Watcher:
        if self.watcher is None:
            from pwmig.watch import Watcher

            self.watcher = Watcher(self.database, self.dialect)
        return self.watcher

    def _note_operation(self, operation: Any) -> None:
        """An operation is about to run: keep it in words, and learn renames from it."""
        self.operations.append(operation.describe())
        if self.watcher is None:
            return
        if operation.name == "rename_table":
            self.watcher.renames.table(*operation.args[:2])
        elif operation.name == "rename_column":
            self.watcher.renames.column(*operation.args[:3])
        elif operation.name == "change_column" and operation.kwargs.get("name"):
            table, column = operation.args[:2]
            self.watcher.renames.column(table, column, operation.kwargs["name"])

    def _note_progress(self, progress: Progress) -> None:
        """An operation that takes long has done a part of it."""
        if self.listener and self.running:
            elapsed = time.perf_counter() - self.started
            name, done, total = self.running.name, progress.done, progress.total
            self.listener(Event("rows", name, str(progress), done, total, elapsed))

    def _tell(self, kind: str, step: Step, text: str = "") -> None:
        if self.listener:
            elapsed = time.perf_counter() - self.started
            self.listener(Event(kind, step.name, text or step.direction.value, len(self.done), len(self.plan), elapsed))

    def _keep(self, step: Step, outcome: str, recorder: Recorder, elapsed_s: float) -> None:
        statements, keeper = tuple(recorder.statements), self.keeper
        kept, restored = (keeper.kept, keeper.restored) if keeper is not None else ((), ())
        self.done.append(StepRun(step, outcome, statements, tuple(self.operations), elapsed_s, kept, restored))

    def _report(self) -> Run:
        elapsed = time.perf_counter() - self.started
        report = Run(self.plan, self.target, tuple(self.done), elapsed_s=elapsed)
        if self.watcher is None:
            return report
        seen = self.watcher.finish()
        return replace(
            report,
            before=seen.before,
            after=seen.after,
            changes=seen.changes,
            touched=tuple(sorted(self.touched)),
            written=tuple(sorted(self.written)),
            row_changes=seen.row_changes,
        )

    def _took_effect(self, step: Step) -> bool | None:
        """Ask the database itself: an interrupt may come just after the commit. None where it can't be told.

        Where the migration's connection was lost, another one is asked.
        """
        forward = step.direction is Direction.FORWARD
        try:
            return self.history.exists() and self.history.is_applied(step.name) is forward
        except Exception:  # Whatever is wrong with the database now, the step's own error is the one to tell.
            pass
        try:
            with self.dialect.reading(self.database) as reader:
                history = type(self.history)(self.dialect, reader, self.history.table)
                return history.exists() and history.is_applied(step.name) is forward
        except Exception:
            return None

    def _stays(self, recorder: Recorder) -> str | None:
        """The last statement of a step that stopped which has committed what came until then, or None."""
        if self.dialect.transactional_ddl:
            return None
        sent = [statement.sql for statement in recorder.statements]
        sent += [recorder.current] if recorder.current else []
        return next((sql for sql in reversed(sent) if self.dialect.commits(sql)), None)

    def _failure(self, step: Step, recorder: Recorder, error: BaseException, elapsed_s: float) -> BaseException:
        """The error to raise for what stopped a step; by now the database has rolled it back."""
        if isinstance(error, GeneratorExit):
            return error
        self._keep(step, "failed", recorder, elapsed_s)
        took_effect = self._took_effect(step)
        apart = self.apart.committed if self.apart is not None else None
        left = _left(self.done[:-1], self.target, took_effect, self._stays(recorder), self.dialect.title, apart)
        # A driver that hears Ctrl-C within a statement gives that up and says no more than this.
        if isinstance(error, KeyboardInterrupt) or str(error) == "interrupted":
            return Cancelled(f"stopped in {step.name}", why="it was interrupted", way_out=left)
        what, why, way_out = _explained(step, recorder, error)
        advice = way_out.rstrip(".") or _advice(took_effect, self._stays(recorder) if self.target == "live" else None)
        return MigrationFailed(
            what,
            why=why,
            way_out=f"{advice}. {left}",
            migration=step.name,
            statement=recorder.current,
            run=Run(self.plan, self.target, tuple(self.done), elapsed_s=time.perf_counter() - self.started),
            line=line_in(step.path, error),
        )


def _refuse_while_loading() -> None:
    raise RuntimeError("SQL outside of migrate_forward() and migrate_backward() would run in no transaction")


def _nothing() -> None:
    """What a faked step runs."""


def _advice(took_effect: bool | None, stays: str | None) -> str:
    if took_effect is not False:
        return "look at what it does after its end" if took_effect else "look at the database, then at pwmig status"
    return "take back by hand what stays, mend it and run again" if stays else "mend it and run again"


def _left(
    done: list[StepRun], target: str, took_effect: bool | None, stays: str | None, title: str, apart: str | None
) -> str:
    """What the database holds after a step stopped, in words; ``stays`` is a statement of it that has committed, and
    ``apart`` a call that commits by itself."""
    if target == "blank":
        return "It ran on an empty database: the project's own was not touched."
    if target == "copy":
        return "It ran on a copy: the database itself was not touched."
    words = "It was rolled back: the database holds nothing of it."
    if took_effect:
        words = "It had come to its end by then: it took effect."
    elif took_effect is None:
        words = "Whether it took effect can't be told, as the database does not answer: pwmig status will say."
    elif stays is not None:
        words = (
            f"{title} commits at each change of the schema, so what it did until then stays, and the history does not "
            f"know of it; the last such statement was: {stays[:_MOST_SHOWN]}"
        )
    elif apart is not None:
        words = f"What had been committed of {apart} stays: run it again, and it goes on from there"
    kept = [run.step.name for run in done if run.outcome in ("applied", "reverted", "faked")]
    if kept:
        words += f"{'' if words.endswith('.') else '.'} What ran before it stays: {', '.join(kept)}."
    return words


def _explained(step: Step, recorder: Recorder, error: BaseException) -> tuple[str, str, str]:
    line = line_in(step.path, error)
    what = f"{step.name} failed" + (f" at line {line}" if line else "")
    if isinstance(error, SystemExit):
        return what + ": it called sys.exit()", "a migration must return, so that its history row can be written", ""
    if isinstance(error, PwmigError):
        return f"{what}: {error.what}", error.why, error.way_out
    if "close database while transaction is open" in str(error):
        return (
            f"{what}: it closes the database, or ends a `with database:` block",
            "a migration has one connection and one transaction, from its beginning to its end",
            "leave close() out, and write `with database.atomic():` in place of `with database:`",
        )
    why = f"{type(error).__name__}: {error}"
    if recorder.current:
        why += f" in the statement: {recorder.current}"
    return what, why, ""
