"""The workbench: a thin face of widgets over a :class:`~pwmig.notebook.bench.Bench`.

Buttons start their method on a thread and return at once, so that the kernel stays free and Cancel
is heard; from a cell the same methods wait for their result. Both show what happened.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pwmig import frames
from pwmig.diff import Change
from pwmig.errors import Cancelled, PwmigError
from pwmig.frames.diagram import Diagram, draw
from pwmig.frames.framed import FramedRun
from pwmig.frames.wording import run_title
from pwmig.notebook import progress, static, timeline, views
from pwmig.notebook.bench import START, Bench, ConfirmationNeeded, nearest_project
from pwmig.notebook.diagram import DiagramView
from pwmig.notebook.editor import Editor
from pwmig.notebook.explore import Asked, Explore
from pwmig.notebook.face import Face
from pwmig.notebook.lines import Lines
from pwmig.notebook.panels import Background, repeating
from pwmig.notebook.plan_view import Shown, plan_html
from pwmig.notebook.preview import DRAFT
from pwmig.plan import Direction, Plan, Run, find
from pwmig.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

    from pwmig.operations import Operation

__all__ = ["Workbench"]

_PROGRESS_EVERY_S = 0.2


class Workbench:
    """See, rehearse, apply and take back the migrations of one project.

    ``path`` is the project's folder; without it, that of the environment variable PWMIG_PROJECT,
    or the nearest project upwards from the current folder. Raises ProjectError where there is none.

    ``last_run`` is the last rehearsal, run or comparison, with its rows before and after; ``failure``
    the last error that was shown; ``lines`` the calls that do what was clicked.
    """

    failure: BaseException | None = None

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.bench = Bench(nearest_project(path))
        self._lines = Lines(self)
        self._background = Background(self._show_error)
        self._selected = START
        self._table: str | None = None
        self._asked: Plan | None = None
        # A click is heard on the kernel's main thread while a run's thread may be showing what it did.
        self._showing = threading.RLock()
        self.editor = Editor(self.bench, self._background.start, self._saved, self._editor_closed)
        self.picture = DiagramView()
        self.explorer = Explore(lambda: self.bench.project, self._background.start, self._note)
        self.face = Face(
            self, self._showing, diagram=self.picture.box, explore=self.explorer.box, editor=self.editor.box
        )
        self._guarded(self.bench.refresh)
        self._select_first()
        self._render()

    # The same as the buttons, for cells

    def rehearse(self, to: str | None = None, *, backward: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Run on a copy what is pending, up to ``to`` (or backward), and show what it does."""
        return self._run("rehearsal", lambda: self.bench.rehearse(to, backward=backward, allow=allow))

    def apply(self, to: str | None = None, *, confirm: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Apply what is pending, up to ``to``. Before it loses rows it raises ConfirmationNeeded,
        which counts them; ``confirm=True`` goes on."""
        return self._run("apply", lambda: self.bench.apply(to, confirm=confirm, allow=allow))

    def revert(self, to: str | None = None, *, confirm: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Take back the last applied migration, or all after ``to`` (``"zero"``: all). Asks as :meth:`apply`."""
        return self._run("revert", lambda: self.bench.revert(to, confirm=confirm, allow=allow))

    def compare(self, start: str, end: str = "now", *, allow: Collection[str] = ()) -> FramedRun:
        """Show what changed between two points of the history, on a copy that is taken to both.

        A point is a migration (the moment just after it), ``"zero"``, or ``"now"``.
        """
        return self._run("comparison", lambda: self.bench.compare(start, end, allow=allow))

    def cancel(self) -> bool:
        """Stop the run under way, which is rolled back; False where there is none."""
        return self.bench.cancel()

    def wait(self, timeout_s: float | None = None) -> FramedRun | None:
        """Wait for what a click began, at most so many seconds; the last run."""
        self._background.wait(timeout_s)
        return self.last_run

    def preview(self, *operations: Operation, source: str | None = None, replaces: str | None = None) -> FramedRun:
        """Rehearse a migration that is no file yet, of these operations or with this source, and show what it does.

        It runs after all that is pending, or in the place of the pending migration ``replaces``.
        """
        text = source if source is not None else self.bench.source_of(operations)
        return self._run("preview", lambda: self.bench.preview(text, name=replaces or DRAFT, replaces=replaces))

    def create(self, name: str, *operations: Operation, source: str | None = None) -> Path:
        """Write a new migration of these operations, or with this source (neither: the template), and select it."""
        text = source if source is not None else self.bench.source_of(operations)
        return self._written(lambda: self.bench.create(name, text))

    def edit(self, name: str, source: str | None = None) -> Path | None:
        """Open a pending migration in the editor; with ``source``, write that into its file."""
        if source is not None:
            return self._written(lambda: self.bench.edit(name, source))
        self.editor.open(name)
        self.face.layout.turn_to_editor(True)
        return None

    def new(self) -> None:
        """Open the editor with an empty migration."""
        self.editor.new()
        self.face.layout.turn_to_editor(True)

    def _written(self, write: Callable[[], Path]) -> Path:
        path: Path = self._guarded(write)
        self.select(path.stem)
        return path

    def select(self, name: str) -> None:
        """Select a migration of the timeline by its name, or a part of it that no other has; ``"zero"``: none."""
        self._selected = START if name == START else find(name, self.bench.names())
        self._render()

    def refresh(self) -> None:
        """Read files, history, schema and models again."""
        self._guarded(self.bench.refresh)
        self._render()

    @property
    def last_run(self) -> FramedRun | None:
        return self.bench.last_run

    @property
    def selected(self) -> str:
        """The selected migration's name, or ``"zero"``."""
        return self._selected

    @property
    def lines(self) -> tuple[str, ...]:
        """What was clicked so far, each as the call that does the same in a cell."""
        return self._lines.all

    def explore(
        self,
        table: str,
        *,
        where: Sequence[Asked] = (),
        order_by: str | None = None,
        descending: bool = False,
        page: int = 1,
        size: int = 20,
    ) -> frames.Styled:
        """A page of a table as it is now, filtered and sorted by the database; the tab *Explore* shows it too.

        A condition is ``(column, operator, value)``, such as ``("name", "contains", "a")`` or ``("died", "is NULL")``.
        """
        self.face.layout.turn_to("Explore")
        look = partial(self.explorer.look, where=where, order_by=order_by, descending=descending, page=page, size=size)
        found: frames.Styled = self._guarded(lambda: look(table))
        return found

    def diagram(self, table: str | None = None) -> Diagram:
        """The tables and their references as they are after the last run, drawn by JupyterLab: all, or around one."""
        schema, changes = self._drawn()
        return draw(schema, changes, table, distance=None if table is None else 1)

    # Frames, for cells

    def status(self) -> pd.DataFrame:
        """Each migration and its state, read now."""
        self.bench.read()
        return frames.status(self.bench.statuses)

    def changes(self) -> pd.DataFrame:
        """The changes of the schema that the last run made; empty where nothing ran yet."""
        return frames.changes(self.last_run or ())

    def schema(self, table: str) -> pd.DataFrame:
        """A table's schema before and after the last run; as it is now where that did not see it."""
        return self._of_table(table, frames.styled_schema)[1].frame

    def rows(self, table: str, *, changed_only: bool = False) -> pd.DataFrame:
        """A table's rows before and after the last run; as they are now where that did not touch it."""
        return self._of_table(table, self._rows_style(changed_only))[1].frame

    def _of_table(self, table: str, style: Callable[[Any, str], frames.Styled]) -> tuple[str, frames.Styled]:
        run = self.last_run
        if run is not None and run.before is not None:
            with suppress(PwmigError):
                return self._title(), style(run, table)
        return "As it is now", style(self.bench.snapshot(table), table)

    def _rows_style(self, changed_only: bool) -> Callable[[Any, str], frames.Styled]:
        def style(source: Any, table: str) -> frames.Styled:
            if isinstance(source, Run):
                return frames.styled_rows(source, table, changed_only=changed_only)
            return frames.styled_rows(source, table)

        return style

    def _title(self) -> str:
        return run_title(self.last_run, self.bench.compared) if self.last_run is not None else ""

    # How a notebook shows it

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = self.face.layout.root._repr_mimebundle_() or {}
        return {**bundle, "text/html": static.html(self.bench), "text/plain": repr(self)}

    def __repr__(self) -> str:
        counts = f"{len(self.bench.names())} migrations, {len(self.bench.pending)} pending"
        return f"Workbench({self.bench.project.name}: {counts})"

    # Clicks: each returns at once

    def click_rehearse(self) -> None:
        forward, backward = self._plans()
        plan = forward if forward or not backward else backward
        if isinstance(plan, Plan) and not plan:
            plan = PwmigError(
                "there is nothing to rehearse here",
                why="nothing up to the selected migration is pending, and nothing after it is applied",
                way_out="select another migration, or make a new one",
            )
        back = isinstance(plan, Plan) and plan.direction is Direction.BACKWARD
        line = self._lines.call("rehearse", self._selected, **({"backward": True} if back else {}))
        self._start(plan, line, lambda chosen: self._run("rehearsal", lambda: self.bench.rehearse_plan(chosen)))

    def click_apply(self) -> None:
        self._carry_out("apply", self._plans()[0])

    def click_revert(self) -> None:
        self._carry_out("revert", self._plans()[1])

    def click_yes(self) -> None:
        plan = self._asked
        self._ask(None)
        if plan is not None:
            self._carry_out("apply" if plan.direction is Direction.FORWARD else "revert", plan, confirm=True)

    def click_no(self) -> None:
        self._ask(None)

    def click_compare(self) -> None:
        start, end = self.face.start.value, self.face.end.value
        self._note(self._lines.call("compare", start, end))
        self._in_background(lambda: self.compare(start, end))

    def click_cancel(self) -> None:
        self._note(self._lines.call("cancel"))
        self.cancel()

    def click_refresh(self) -> None:
        self._note(self._lines.call("refresh"))
        self._in_background(self.refresh)

    def click_new(self) -> None:
        self._note(self._lines.call("new"))
        self._shown(self.new)

    def click_edit(self) -> None:
        self._note(self._lines.call("edit", self._selected))
        self._shown(lambda: self.edit(self._selected))

    def pick_migration(self, name: str) -> None:
        self._selected = name
        self._render()

    def pick_schema_of(self, table: str) -> None:
        self._pick_table(table, self._lines.call("schema", table))

    def pick_rows_of(self, table: str) -> None:
        self._pick_table(table, self._rows_line(table))

    def pick_changed_only(self, wanted: bool) -> None:
        if self._table is not None:
            self._pick_table(self._table, self._rows_line(self._table))

    def pick_tab(self, title: str) -> None:
        with self._showing:
            self._render_tab(title)

    def _rows_line(self, table: str) -> str:
        only = {"changed_only": True} if self.face.changed_only.value else {}
        return self._lines.call("rows", table, **only)

    def _pick_table(self, name: str, line: str) -> None:
        self._table = name
        self._note(line)
        self._shown(self._render_tables)

    def _carry_out(self, verb: str, plan: Plan | PwmigError, *, confirm: bool = False) -> None:
        line = self._lines.call(verb, self._selected, **({"confirm": True} if confirm else {}))
        self._start(plan, line, lambda chosen: self._run(verb, lambda: self.bench.carry_out(chosen, confirm=confirm)))

    def _saved(self, path: Path, line: str) -> None:
        """The editor wrote a file: it is the one to look at now."""
        self._note(line)
        self.editor.close()
        self.bench.read()
        self.select(path.stem)

    def _editor_closed(self) -> None:
        self.face.layout.turn_to_editor(False)

    def _note(self, call: str) -> None:
        """Keep what was clicked as the call that does the same."""
        self._lines.add(call)
        self._render_status()

    def _shown(self, action: Callable[[], object]) -> None:
        """Do what a click asks for at once; what it raises is shown, and nobody else waits for it."""
        with suppress(Exception):
            self._guarded(action)

    def _start(self, plan: Plan | PwmigError, line: str, do: Callable[[Plan], FramedRun]) -> None:
        if isinstance(plan, PwmigError):
            self._show_error(plan)
            return
        self._note(line)
        self._in_background(lambda: do(plan))

    def _in_background(self, action: Callable[[], object]) -> None:
        """Start what shows by itself what it raises."""

        def run() -> None:
            with suppress(Exception):
                action()

        self._render_tools(busy=True)
        self._background.start(run)

    # Running and showing

    def _run(self, what: str, action: Callable[[], FramedRun]) -> FramedRun:
        self._ask(None)
        self.face.error.hide()
        changed = False
        self._render_tools(busy=True)
        self.face.status.value = progress.progress_html(what, 0.0, ())
        try:
            with repeating(_PROGRESS_EVERY_S, self._show_progress):
                run = action()
            changed = run.target == "live"
            return run
        except Exception as error:
            changed = what in ("apply", "revert") and not isinstance(error, ConfirmationNeeded)
            self._show_error(error)
            raise
        finally:
            self._after(changed)

    def _after(self, changed: bool) -> None:
        """Show what is there after a run; the models are compared anew only where the database changed."""
        with suppress(PwmigError):
            self.bench.refresh() if changed else self.bench.read()
        self._choose_table()
        self._render()

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """An action of the moment: what it raises is shown, and raised on."""
        try:
            done = action()
        except Exception as error:
            self._show_error(error)
            raise
        self.face.error.hide()
        return done

    def _show_error(self, error: BaseException) -> None:
        """Show what was raised; a question is asked in its place, and what a person stopped is no fault."""
        if isinstance(error, ConfirmationNeeded):
            self._ask(error)
            return
        self.failure = error
        label = "Stopped" if isinstance(error, Cancelled) else "Error"
        self.face.error.say(views.error_html(error), label=label)

    def _ask(self, needed: ConfirmationNeeded | None) -> None:
        """Ask once more, or take the question back."""
        self._asked = needed.plan if needed else None
        if needed is None:
            self.face.question.hide()
            return
        verb = "Apply" if needed.plan.direction is Direction.FORWARD else "Revert"
        self.face.yes.description = f"{verb} all the same"
        self.face.question.say(views.question_html(needed), "alertdialog", "Go on?")

    def _show_progress(self) -> None:
        bench = self.bench
        if bench.busy:
            elapsed_s = time.monotonic() - bench.started_at
            self.face.status.value = progress.progress_html(bench.busy, elapsed_s, bench.events)
            self.face.log.value = progress.log_html(bench.events, None, "", self.lines)

    # Rendering

    def _select_first(self) -> None:
        """The first pending migration, or the newest one."""
        names = self.bench.pending or self.bench.names()[-1:]
        self._selected = names[0] if names else START

    def _plans(self) -> tuple[Plan | PwmigError, Plan | PwmigError]:
        return self.bench.plans_here(self._selected)

    def _render(self) -> None:
        """Show all as it is now; the header last, so that who waits for it finds the rest in place."""
        with self._showing:
            self._render_timeline()
            self._render_plan()
            self._render_tables()
            self._render_tab(self.face.layout.open_tab)
            self.face.log.value = progress.log_html(self.bench.events, self.last_run, self._title(), self.lines)
            self._render_tools(busy=bool(self.bench.busy))
            self._render_status()
            self.face.header.value = views.header_html(self.bench)

    def _render_timeline(self) -> None:
        bench, now = self.bench, datetime.now(UTC)
        if self._selected not in (START, *bench.names()):
            self._select_first()
        options = timeline.timeline_options(bench.statuses, START, bench.failures, now)
        self.face.timeline.offer(options, self._selected)
        self.face.offer_points(timeline.points(bench.statuses, START, "now"))

    def _render_status(self) -> None:
        if not self.bench.busy:
            run = self.last_run
            said = f"{self._title()} ({run.elapsed_s:.2f} s)" if run is not None else ""
            self.face.status.value = progress.idle_html(said, self._lines.last)

    def _render_tools(self, *, busy: bool) -> None:
        forward, backward = self._plans()
        editable = self._selected in self.bench.pending
        self.face.enable(busy=busy, forward=forward, backward=backward, editable=editable)

    def _render_plan(self) -> None:
        bench = self.bench
        status = next((status for status in bench.statuses if status.name == self._selected), None)
        name = status.name if status else None
        source = None
        with suppress(PwmigError, OSError):
            source = bench.project.source(name) if name else None
        state = timeline.state_text(status, bench.failures, datetime.now(UTC)) if status else ""
        run = self.last_run
        concerned = run is not None and (name is None or name in {step.name for step in run.plan.steps})
        forward, backward = self._plans()
        failure = bench.failures.get(name) if name else None
        shown = Shown(name, state, forward, backward, source, failure, run if concerned else None, self._title())
        self.face.plan.value = plan_html(shown)

    def _choose_table(self) -> None:
        """After a run: a table that it touched, unless the chosen one is among them."""
        touched = frames.touched_tables(self.last_run) if self.last_run else ()
        if touched and self._table not in touched:
            self._table = touched[0]

    def _render_tables(self) -> None:
        tables = views.table_options(self.bench.schema, self.last_run)
        names = [name for _, name in tables]
        if self._table not in names:
            self._table = names[0] if names else None
        styles = (frames.styled_schema, self._rows_style(self.face.changed_only.value))
        for picker, style in zip((self.face.schema, self.face.rows), styles):
            picker.offer(tables, self._table)
            picker.view.value = self._table_html(style)

    def _render_tab(self, title: str) -> None:
        """What is drawn or asked for only while its tab is open."""
        if title == "Diagram":
            self.picture.show(*self._drawn(), self._table)
        elif title == "Explore":
            self.explorer.offer(self.bench.schema)

    def _drawn(self) -> tuple[Schema, Sequence[Change]]:
        """The schema as the last run left it, with what it changed; as it is now where none was watched."""
        run = self.last_run
        if run is not None and run.after is not None:
            return run.after.schema, run.changes
        return self.bench.schema, ()

    def _table_html(self, style: Callable[[Any, str], frames.Styled]) -> str:
        if self._table is None:
            return '<p class="pwmig-quiet">The database holds no table yet.</p>'
        try:
            return views.table_html(*self._of_table(self._table, style))
        except PwmigError as error:
            return views.error_html(error)
