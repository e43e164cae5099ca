"""Run a plan on a database.

There is one function for it. Apply gives it the real database, rehearse a copy; nothing is
simulated. It loads and checks the whole plan first, then gives each migration a transaction in
which its statements and its history row stand together.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from pwmig.apart import Apart
from pwmig.errors import EARLIER, Cancelled, DatabaseUnavailable, MigrationFailed, PlanError, PwmigError, ThreadRefused
from pwmig.exits import staying
from pwmig.journaling import Journaling, Resolving
from pwmig.loading import Loaded, line_in, loaded
from pwmig.plan import Direction, Event, Plan, Run, Step, StepRun
from pwmig.recording import Recorder
from pwmig.records import dataclass
from pwmig.retrying import Retrying
from pwmig.threads import one_thread
from pwmig.waits import USUAL_WAITS, Waits

if TYPE_CHECKING:
    import peewee

    from pwmig.attic.ears import Ears
    from pwmig.attic.settings import AtticSettings
    from pwmig.dialects.backfilling import Progress
    from pwmig.dialects.base import Dialect, Listener, Session, Turn
    from pwmig.dialects.noted import Aside
    from pwmig.history import History
    from pwmig.plan import Kept, Restored, Statement
    from pwmig.states import Half
    from pwmig.watch import Watcher

__all__ = ["run"]

_MOST_SHOWN = 200
"""So many letters of a statement stand in a message."""
_ROLLED_BACK = "It was rolled back: the database holds nothing of it."
_ENDED = (
    "Its transaction was no longer the one that was begun for it: what it did until that ended stays, where it was by "
    "a COMMIT; what came behind was rolled back."
)
_NOT_BEGUN = "The database holds nothing of it."
_ROLLED_BACK_HERE = (
    "What it did on the connection of pwmig was rolled back; what a thread did by one that it made past the project's "
    "`database`, it committed by itself, and that stays."
)


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
    waits: Waits = USUAL_WAITS,
    attic: AtticSettings | None = None,
    resolving: Resolving | None = None,
) -> Run:
    """Run every step of a plan and report what happened.

    ``package`` is the migrations folder as a package, where it is one; ``drafts`` are texts by path that
    stand for those of the files. ``watch`` takes snapshots before and after; ``attic`` says what is kept of what the
    steps take away (None: all, up to the usual limit). A step that gets no lock in time is begun anew where nothing
    stays of it, as often as ``waits`` say. ``resolving``: it ends what is half-applied, which stops it otherwise.
    Raises MigrationFailed (its ``run`` holds the steps until then) when a migration stops, Cancelled on Ctrl-C,
    MigrationFileError and PlanError before anything ran, DatabaseUnavailable where the database can't be written.
    """
    waits.require_possible()
    journal = dialect.journal(database, history.table) if target == "live" else None
    asides = dialect.asides(database, history.table) if target != "blank" else None
    journaling = Journaling(journal, history, resolving, asides)
    parts = (plan, database, dialect, history, package, drafts or {}, target, watch, listener, waits, attic)
    runner = _Runner(*parts, journaling)
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
    waits: Waits
    attic: AtticSettings | None
    journaling: Journaling
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
    turn: Turn | None = None
    stray: ThreadRefused | None = None
    under_way: BaseException | None = field(default_factory=lambda: sys.exc_info()[1])

    def run(self) -> Run:
        from pwmig.dialects.migrator import standing_in

        with ExitStack() as stack:
            stack.enter_context(one_thread(self.database, self._hear_of_thread))
            with Recorder(self.database, "", None, check=_refuse_while_loading).listening():
                steps = () if self.plan.fake else self.plan.steps
                migrations = stack.enter_context(loaded(steps, self.package, self.drafts))
            ready = migrations or tuple(Loaded(step, _nothing, ()) for step in self.plan.steps)
            ready_for = self.dialect.session(self.database, self.waits, self.listener)
            session = stack.enter_context(ready_for)
            stack.enter_context(standing_in(self._note_operation, self._note_progress))
            for migration in ready:
                self._tell("step", migration.step)
                self._run_step(migration, session)
            return self._report()

    def _hear_of_thread(self, error: ThreadRefused) -> None:
        """One that began meanwhile wanted a connection: what has begun, and what would begin, is stopped."""
        self.stray = error
        if self.turn is not None:
            self.turn.refused = error

    def _run_step(self, migration: Loaded, session: Session) -> None:
        retrying = Retrying(self.waits, self.listener)
        for tried in count(1):
            if self._tried(migration, session, tried, retrying):
                return
            retrying.pause(tried)

    def _tried(self, migration: Loaded, session: Session, tried: int, retrying: Retrying) -> bool:
        """Run the step; whether it is over, and not to be begun anew."""
        step = migration.step
        recorder = Recorder(self.database, step.name, self.listener)
        self.operations, self.running, self.keeper, self.apart, self.turn = [], step, None, None, None
        started = time.perf_counter()
        try:
            with session.turn() as turn:
                self.turn = turn
                turn.refused = self.stray
                outcome = self._take_turn(migration, recorder, turn, started)
        except BaseException as error:
            if isinstance(error, (DatabaseUnavailable, PlanError)) and recorder.check is None:
                raise  # The migration itself had not begun.
            if not (isinstance(error, Exception) and self.apart is not None and self.apart.overtaken):
                if retrying.again(tried) and self._begins_anew(recorder, error):
                    return False
                raise self._failure(step, recorder, error, time.perf_counter() - started, tried) from error
            outcome = "skipped"  # Another run took the step to its end, and this one's transaction is rolled back.
        self.has_history = True
        self._keep(step, outcome, recorder, time.perf_counter() - started)
        self._tell("step-done", step, outcome)
        for note in turn.notes if self.target != "blank" else ():
            self._tell("warning", step, f"note: {step.name}: {note}")
        return True

    def _begins_anew(self, recorder: Recorder, error: BaseException) -> bool:
        """Whether a step that stopped may get its locks when it is begun anew, and leaves nothing until then."""
        about_lock = not isinstance(error, PwmigError) and self.dialect.begins_anew(error)
        return about_lock and self._stays(recorder, error) is None

    def _take_turn(self, migration: Loaded, recorder: Recorder, turn: Turn, started: float) -> str:
        """Inside the transaction: look at the history again, run, write the history row."""
        step = migration.step
        forward = step.direction is Direction.FORWARD
        if not self.has_history:
            self.history.create()
        self.journaling.prepare()
        applied, times = self.history.standing(step.name)
        undoes = self.journaling.undoes
        if (applied is forward) is not undoes:
            return self._standing_already(step, turn)
        times += undoes and not forward  # What it takes back has no row of its own.
        if not self.plan.fake:
            self._call(migration, recorder, turn, times)
            turn.require_open()
            turn.finish()
            self.touched |= turn.touched
            self.written |= turn.written
            if self.watcher is not None:
                self.watcher.written |= turn.written
            if turn.refused is not None:
                raise turn.refused  # The migration caught it, or a thread of its own did.
        if undoes:
            if not self.journaling.is_partial:
                self.history.undone(step, time.perf_counter() - started)
        elif forward:
            self.history.record(step, time.perf_counter() - started, self.plan.how)
        else:
            self.history.unrecord(step, time.perf_counter() - started, self.plan.how)
        self.journaling.close(step, turn)
        if not self.plan.fake and self.keeper is not None:
            self.keeper.ended()
        return "faked" if self.plan.fake else step.direction.participle

    def _standing_already(self, step: Step, turn: Turn) -> str:
        """The history has it so; where a person has ended by hand what was half-applied, no more is known of that."""
        if not self.journaling.records:
            return "skipped"
        self.journaling.close(step, turn)
        return "faked"

    def _call(self, migration: Loaded, recorder: Recorder, turn: Turn, times: int) -> None:
        from pwmig.dialects.calling import require_done
        from pwmig.dialects.migrator import speaking, within

        recorder.check, recorder.begins = turn.require_open, turn.begins
        if self.watch:
            turn.watched = True
            watcher = self._watcher()
            recorder.ahead = lambda sql, params: watcher.ahead(turn, sql, params)
        for migrator in migration.migrators:
            migrator.forget_operations()
        keeper = self.keeper = self._keeper(migration, recorder, times)
        self.apart = Apart(
            self.database, migration.step, self.history, recorder, turn, self.journaling.asides, lambda: keeper.ends
        )
        self.journaling.listen(migration.step, recorder, turn, keeper)
        threads = set(threading.enumerate())
        heard = within(keeper, self.apart, self.journaling.units)
        with recorder.listening(), heard, staying(migration.step.path):
            result = migration.function()
            self.apart.finish()
            require_done(f"migrate_{migration.step.direction.value}()", migration.migrators, result)
            if keeper.is_needed:
                turn.require_open()
                self.journaling.end()
                with speaking("operation"):
                    keeper.finish()
        if recorder.savepoints:
            turn.notes.append(
                f"it left savepoints open: {', '.join(recorder.savepoints[:5])}; they ended with its transaction, and "
                "what came behind them stays"
            )
        if left := [thread.name for thread in threading.enumerate() if thread not in threads]:
            began = "a thread that began meanwhile still runs" if len(left) == 1 else f"{len(left)} threads still run"
            turn.notes.append(f"{began}: {', '.join(left[:5])}")

    def _keeper(self, migration: Loaded, recorder: Recorder, times: int) -> Ears:
        from pwmig.attic.ears import Ears

        on = migration.attic and (self.attic is None or self.attic.on) and not self.journaling.keeps_nothing
        facts = (self.dialect, self.database, migration.step, self.attic)
        return Ears(*facts, on=on, times=times, ahead=recorder.ahead, since=self.journaling.since)

    def _watcher(self) -> Watcher:
        if self.watcher is None:
            from pwmig.watch import Watcher

            self.watcher = Watcher(self.database, self.dialect)
        return self.watcher

    def _note_operation(self, operation: Any) -> None:
        """An operation is about to run: keep it in words, and learn renames from it."""
        self.operations.append(operation.describe())
        self.journaling.note(operation, self.keeper)
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
        statements, keeper = tuple(map(self._said, recorder.statements)), self.keeper
        kept: tuple[Kept, ...] = ()
        restored: tuple[Restored, ...] = ()
        with suppress(Exception):  # The database is asked, and the connection may be lost by now: the step is over.
            if keeper is not None:
                kept, restored = keeper.kept, keeper.restored
        self.done.append(StepRun(step, outcome, statements, tuple(self.operations), elapsed_s, kept, restored))

    def _said(self, statement: Statement) -> Statement:
        """As it would be on the database itself, where a copy stands in for it."""
        sql = self.dialect.as_original(statement.sql)
        return statement if sql == statement.sql else replace(statement, sql=sql)

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
        if self.journaling.undoes:
            return False  # What it takes back stands in no row of the history.
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

    def _stays(self, recorder: Recorder, error: BaseException) -> str | None:
        """What committed last in a step that stopped, in words, or None; one that failed left nothing of its own."""
        if self.dialect.transactional_ddl:
            return None
        if self.turn is not None and self.turn.committed_by:
            return f"it committed by: {self.turn.committed_by[:_MOST_SHOWN]}"
        sent, current = [statement.sql for statement in recorder.statements], recorder.current
        failing = None
        if current and self.dialect.commits(current):
            failing = self.dialect.commits_failing(error)
            if failing is None:
                return f"the last such statement was: {current[:_MOST_SHOWN]}"
            if not sent and self.keeper is not None and self.keeper.keeper is not None:
                # What the attic did by itself before is no part of the record.
                return f"the one that failed is no part of it: {current[:_MOST_SHOWN]}"
        if failing and sent and not self.dialect.commits(sent[-1]):
            return f"the one that failed did so too, behind: {sent[-1][:_MOST_SHOWN]}"
        last = next((sql for sql in reversed(sent) if self.dialect.commits(sql)), None)
        if last is None and self.turn is not None and self.turn.changed_by != current:
            last = self.turn.changed_by  # By a cursor of the driver's own.
        return f"the last such statement was: {last[:_MOST_SHOWN]}" if last else None

    def _stopped_ahead(self, step: Step) -> Cancelled:
        return Cancelled(
            f"stopped ahead of {step.name}, which had not begun",
            why="it was interrupted while it waited for its turn",
            way_out=_left(self.done, self.target, False, None, self.dialect.title, None, (), _NOT_BEGUN),
        )

    def _told_by_journal(self, step: Step, stays: str | None) -> tuple[str | None, Half | None]:
        """What stays of a step that stopped, in words and as the journal has it; the words are as they were where that
        can't be read."""
        told = self.journaling.left(step, self.dialect)
        any_stays, half = told if told is not None else (True, None)
        if not any_stays and not (self.turn is not None and self.turn.committed_by):
            return None, None
        where = f"failed at {self.journaling.where}" if self.journaling.where else ""
        if half is not None and half.took_effect:
            where = half.where
        if half is not None and stays is None:
            return f"it {half.words}", half
        return f"it {where}; {stays}" if where and stays is not None else stays, half

    def _waited(self, recorder: Recorder, error: BaseException, tried: int) -> tuple[str, str, str] | None:
        """What, why and the way out, where a statement was given up since it would have taken too long."""
        waits = self.waits
        if isinstance(error, PwmigError):
            return None  # It says so itself.
        if waits.lock_s is not None and self.dialect.lock_lost(error):
            holders: list[str] = []
            with suppress(Exception):  # The connection may be lost.
                holders = self.dialect.holders(self.database, recorder.current or "")
            held = "held by " + "; ".join(holders) if holders else "whoever held it has let go by now, or can't be seen"
            tried = max(tried, self.turn.tries if self.turn is not None else 1)
            tries = f", in {tried} tries" if tried > 1 else ""
            what = f"a lock was not got within {waits.lock_s:g} s{tries}"
            return what, f"{held}; ", "wait for these or end them, or let it wait longer or try more often"
        if waits.statement_s is not None and self.dialect.overran(error):
            way_out = "give it more seconds, or do it in parts, as migrator.backfill(...) does"
            return f"a statement took longer than {waits.statement_s:g} s", "", way_out
        return None

    def _failure(
        self, step: Step, recorder: Recorder, error: BaseException, elapsed_s: float, tried: int
    ) -> BaseException:
        """The error to raise for what stopped a step; by now the database has rolled it back."""
        if isinstance(error, GeneratorExit):
            return error
        is_interrupt = _is_interrupt(error, self.under_way)
        if is_interrupt and self.turn is None:
            return self._stopped_ahead(step)
        self._keep(step, "failed", recorder, elapsed_s)
        took_effect = self._took_effect(step)
        apart = self.apart.committed if self.apart is not None else None
        stays, half = self._stays(recorder, error), None
        if not (took_effect or self.dialect.transactional_ddl) and self.target == "live":
            stays, half = self._told_by_journal(step, stays)
        rolled_back = _ROLLED_BACK_HERE if isinstance(error, ThreadRefused) else _ROLLED_BACK
        if self.turn is not None and self.turn.ended:
            rolled_back = _ENDED
        beside = self.journaling.beside(step, self.dialect) if took_effect is False and self.target == "live" else ()
        left = _left(self.done[:-1], self.target, took_effect, stays, self.dialect.title, apart, beside, rolled_back)
        if is_interrupt:
            ends = f"{_ends(half)}. " if half is not None else ""
            return Cancelled(f"stopped in {step.name}", why="it was interrupted", way_out=f"{ends}{left}")
        what, why, way_out = _explained(step, recorder, error)
        if not isinstance(error, PwmigError) and (mishap := self.dialect.mishap(self.database, error)) is not None:
            what, way_out = f"{what}: {mishap.what}", mishap.way_out
        if (waited := self._waited(recorder, error, tried)) is not None:
            what, why, way_out = f"{what}: {waited[0]}", f"{waited[1]}{why}", waited[2]
        if recorder.current and self.keeper is not None and (told := self.keeper.explain(recorder.current, error)):
            what, why, way_out = f"{what}: {told.what}", f"{told.why}: {why}", told.way_out
        advice = _advised(way_out.rstrip("."), took_effect, half)
        as_original = self.dialect.as_original
        return MigrationFailed(
            as_original(what),
            why=as_original(why),
            way_out=as_original(f"{advice}. {left}"),
            migration=step.name,
            statement=as_original(recorder.current) if recorder.current is not None else None,
            run=Run(self.plan, self.target, tuple(self.done), elapsed_s=time.perf_counter() - self.started),
            line=line_in(step.path, error),
        )


def _is_interrupt(error: BaseException, under_way: BaseException | None) -> bool:
    """Whether it is Ctrl-C, or came in answer to that, as of a rollback that the cancelling of a statement hits.

    ``under_way`` was handled when the run began.
    """
    if str(error) == "interrupted":  # A driver that hears it within a statement gives that up and says no more.
        return True
    seen: BaseException | None = error
    while seen is not None and seen is not under_way:
        if isinstance(seen, KeyboardInterrupt):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _refuse_while_loading() -> None:
    raise RuntimeError("SQL outside of migrate_forward() and migrate_backward() would run in no transaction")


def _nothing() -> None:
    """What a faked step runs."""


def _advised(way_out: str, took_effect: bool | None, half: Half | None) -> str:
    """``half`` is what stays of the step."""
    if half is not None:
        mend = way_out.replace(EARLIER, " by hand") or "mend it"
        return f"{mend}, and {_ends(half)}"
    if way_out:
        return way_out
    if took_effect is not False:
        return "look at what it does after its end" if took_effect else "look at the database, then at pwmig status"
    return "mend it and run again"


def _ends(half: Half) -> str:
    return f"{half.way_out} ends it" + ("; or --undo takes back what stays" if half.undo else "")


def _left(
    done: list[StepRun],
    target: str,
    took_effect: bool | None,
    stays: str | None,
    title: str,
    apart: str | None,
    beside: tuple[Aside, ...],
    rolled_back: str,
) -> str:
    """What the database holds after a step stopped, in words; ``stays`` says what of it has committed, ``apart`` a call
    that commits by itself, ``beside`` what has been done by such calls until now, and ``rolled_back`` what to say where
    there is nothing of that."""
    if target == "blank":
        return "It ran on an empty database: the project's own was not touched."
    if target == "copy":
        return "It ran on a copy: the database itself was not touched."
    words = rolled_back
    if took_effect:
        words = "It had come to its end by then: it took effect."
    elif took_effect is None:
        words = "Whether it took effect can't be told, as the database does not answer: pwmig status will say."
    elif stays is not None:
        words = (
            f"{title} commits at each change of the schema, so what it did until then stays, and the history does not "
            f"know of it; {stays}"
        )
    elif apart is not None or beside:
        told = "; ".join(one.in_words for one in beside)
        if apart is not None:
            words = f"What had been committed of {apart} stays{f' ({told})' * bool(told)}: "
        else:
            words = f"All but this was rolled back: {told}; "
        words += "run it again, and it goes on from there"
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
