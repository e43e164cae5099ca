"""The workbench: a thin face of widgets over a :class:`~pwmig.notebook.bench.Bench`.

Buttons start their method on a thread and return at once, so that the kernel stays free and Cancel
is heard; from a cell the same methods wait for their result. Both show what happened.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from pwmig import frames
from pwmig.errors import PwmigError
from pwmig.notebook import static, views
from pwmig.notebook.bench import START, Bench, ConfirmationNeeded, nearest_project
from pwmig.notebook.form import Form
from pwmig.notebook.panels import Layout, Panel, Steady, TablePicker, button, html, show
from pwmig.plan import Direction, Event, Plan, Run, find

if TYPE_CHECKING:
    import pandas as pd

    from pwmig.operations import Operation

__all__ = ["Workbench"]

_PROGRESS_EVERY_S = 0.1


class Workbench:
    """See, rehearse, apply and take back the migrations of one project.

    ``path`` is the project's folder; without it, that of the environment variable PWMIG_PROJECT,
    or the nearest project upwards from the current folder. Raises ProjectError where there is none.

    ``last_run`` is the last rehearsal or run, with its rows before and after; ``failure`` the last
    error that was shown.
    """

    failure: BaseException | None = None

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._progress = Steady(_PROGRESS_EVERY_S, self._show_progress)
        self.bench = Bench(nearest_project(path), self._hear)
        self._selected = START
        self._table: str | None = None
        self._asked: Plan | None = None
        self._thread: threading.Thread | None = None
        # A click is heard on the kernel's main thread while a run's thread may be showing what it did.
        self._showing = threading.RLock()
        self._build()
        self._guarded(self.bench.refresh)
        self._select_first()
        self._render()

    # The same as the buttons, for cells

    def rehearse(self, to: str | None = None, *, backward: bool = False, allow: Collection[str] = ()) -> Run:
        """Run on a copy what is pending, up to ``to`` (or backward), and show what it does."""
        return self._run("rehearsal", lambda: self.bench.rehearse(to, backward=backward, allow=allow))

    def apply(self, to: str | None = None, *, confirm: bool = False, allow: Collection[str] = ()) -> Run:
        """Apply what is pending, up to ``to``. Before it loses rows it raises ConfirmationNeeded,
        which counts them; ``confirm=True`` goes on."""
        return self._run("apply", lambda: self.bench.apply(to, confirm=confirm, allow=allow))

    def revert(self, to: str | None = None, *, confirm: bool = False, allow: Collection[str] = ()) -> Run:
        """Take back the last applied migration, or all after ``to`` (``"zero"``: all). Asks as :meth:`apply`."""
        return self._run("revert", lambda: self.bench.revert(to, confirm=confirm, allow=allow))

    def cancel(self) -> bool:
        """Stop the run under way, which is rolled back; False where there is none."""
        return self.bench.cancel()

    def wait(self, timeout_s: float | None = None) -> Run | None:
        """Wait for what a click began, at most so many seconds; the last run."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self.last_run

    def create(self, name: str, *operations: Operation) -> Path:
        """Write a new migration of these operations (none: the empty template), and select it."""
        source = self.form.source_of(operations) if operations else None
        path: Path = self._guarded(lambda: self.bench.create(name, source))
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
    def last_run(self) -> Run | None:
        return self.bench.last_run

    @property
    def selected(self) -> str:
        """The selected migration's name, or ``"zero"``."""
        return self._selected

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

    def rows(self, table: str) -> pd.DataFrame:
        """A table's rows before and after the last run; as they are now where that did not touch it."""
        return self._of_table(table, frames.styled_rows)[1].frame

    def _of_table(self, table: str, style: Callable[[Any, str], frames.Styled]) -> tuple[str, frames.Styled]:
        run = self.last_run
        if run is not None and run.before is not None:
            with suppress(PwmigError):
                return views.run_title(run), style(run, table)
        return "As it is now", style(self.bench.snapshot(table), table)

    # How a notebook shows it

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = self.view._repr_mimebundle_() or {}
        return {**bundle, "text/html": static.html(self.bench), "text/plain": repr(self)}

    def __repr__(self) -> str:
        counts = f"{len(self.bench.names())} migrations, {len(self.bench.pending)} pending"
        return f"Workbench({self.bench.project.name}: {counts})"

    # Building

    def _build(self) -> None:
        self.header, self.progress = html("pwmig-says"), html("pwmig-says")
        self.rehearse_button = button("Rehearse", "Run it on a copy of the database", self._click_rehearse, "primary")
        self.apply_button = button("Apply to here", "Apply up to the selected migration", self._click_apply)
        self.revert_button = button("Revert to here", "Take back all after the selected one", self._click_revert)
        self.cancel_button = button("Cancel", "Stop the run under way", self.cancel)
        self.new_button = button("New migration", "Write a new migration by a form", self._click_new)
        self.refresh_button = button("Refresh", "Read files, database and models again", self._click_refresh)
        self.error = Panel("pwmig-error", [button("Dismiss", "Close this message", lambda: self.error.hide())])
        self.yes_button = button("Go on all the same", "Run it and lose these rows", self._click_yes, "danger")
        self.no_button = button("Leave it as it is", "Do nothing", lambda: self._ask(None))
        self.question = Panel("pwmig-ask", [self.no_button, self.yes_button])
        self.form = Form(self.bench, self._click_create)
        self.timeline = w.Select(description="Migrations", options=())
        self.timeline.observe(self._picked, names="value")
        self._quiet = False
        self.plan_view, self.log_view = html("pwmig-plan"), html("pwmig-logged")
        self.schema_picker, self.rows_picker = (TablePicker(self._pick_table, self._showing) for _ in range(2))
        layout = Layout(
            [self.header, self.new_button, self.refresh_button],
            [self.rehearse_button, self.apply_button, self.revert_button, self.cancel_button],
            [self.progress, self.error.box, self.question.box, self.form.box],
            self.timeline,
            [
                ("Plan", self.plan_view),
                ("Schema", self.schema_picker.box),
                ("Rows", self.rows_picker.box),
                ("Log", self.log_view),
            ],
        )
        self.tabs, self.view = layout.tabs, layout.root
        show(self.progress, False)

    # Clicks: each returns at once

    def _click_rehearse(self) -> None:
        forward, backward = self._plans()
        plan = forward if forward or not backward else backward
        if isinstance(plan, Plan) and not plan:
            plan = PwmigError(
                "there is nothing to rehearse here",
                why="nothing up to the selected migration is pending, and nothing after it is applied",
                way_out="select another migration, or make a new one",
            )
        self._start(plan, lambda chosen: self._run("rehearsal", lambda: self.bench.rehearse_plan(chosen)))

    def _click_apply(self) -> None:
        self._start(
            self._plans()[0], lambda plan: self._run("apply", lambda: self.bench.carry_out(plan, confirm=False))
        )

    def _click_revert(self) -> None:
        self._start(
            self._plans()[1], lambda plan: self._run("revert", lambda: self.bench.carry_out(plan, confirm=False))
        )

    def _click_yes(self) -> None:
        plan = self._asked
        self._ask(None)
        if plan is not None:
            self._start(plan, lambda chosen: self._run("run", lambda: self.bench.carry_out(chosen, confirm=True)))

    def _click_refresh(self) -> None:
        self._in_background(self.refresh)

    def _click_new(self) -> None:
        self.form.toggle()

    def _click_create(self, name: str, source: str) -> None:
        path = self._guarded(lambda: self.bench.create(name, source))
        self.form.hide()
        self.select(path.stem)

    def _start(self, plan: Plan | PwmigError, do: Callable[[Plan], Run]) -> None:
        if isinstance(plan, PwmigError):
            self._show_error(plan)
        else:
            self._in_background(lambda: do(plan))

    def _in_background(self, action: Callable[[], object]) -> None:
        """What an action raises was shown by it; a thread has nobody else to tell."""

        def run() -> None:
            with suppress(Exception):
                action()

        self._render_tools(busy=True)
        self._thread = threading.Thread(target=run, name="pwmig-workbench", daemon=True)
        self._thread.start()

    # Running and showing

    def _run(self, what: str, action: Callable[[], Run]) -> Run:
        self._ask(None)
        self.error.hide()
        self.progress.value = views.progress_html(what, None)
        self._render_tools(busy=True)
        changed = False
        try:
            run = action()
            changed = run.target == "live"
            return run
        except ConfirmationNeeded as needed:
            self._ask(needed)
            raise
        except Exception as error:
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
        self.error.hide()
        return done

    def _show_error(self, error: BaseException) -> None:
        self.failure = error
        self.error.say(views.error_html(error))

    def _ask(self, needed: ConfirmationNeeded | None) -> None:
        """Ask once more, or take the question back."""
        self._asked = needed.plan if needed else None
        if needed is None:
            self.question.hide()
            return
        verb = "Apply" if needed.plan.direction is Direction.FORWARD else "Revert"
        self.yes_button.description = f"{verb} all the same"
        self.question.say(views.question_html(needed), "alertdialog")

    def _hear(self, _: Event) -> None:
        """On the worker's reader thread: an event came."""
        self._progress.ask()

    def _show_progress(self) -> None:
        events = self.bench.events
        if self.bench.busy and events:
            self.progress.value = views.progress_html(self.bench.busy, events[-1])
            self.log_view.value = views.log_html(events, None)

    # Rendering

    def _select_first(self) -> None:
        """The first pending migration, or the newest one."""
        names = self.bench.pending or self.bench.names()[-1:]
        self._selected = names[0] if names else START

    def _picked(self, change: dict[str, Any]) -> None:
        with self._showing:
            if not self._quiet and change["new"] is not None:
                self._selected = change["new"]
                self._render()

    def _pick_table(self, name: str) -> None:
        self._table = name
        self._guarded(self._render_tables)

    def _plans(self) -> tuple[Plan | PwmigError, Plan | PwmigError]:
        return self.bench.plans_here(self._selected)

    def _render(self) -> None:
        """Show all as it is now; the header last, so that who waits for it finds the rest in place."""
        with self._showing:
            self._render_timeline()
            self._render_plan()
            self._render_tables()
            self.log_view.value = views.log_html(self.bench.events, self.last_run)
            self._render_tools(busy=bool(self.bench.busy))
            self.header.value = views.header_html(self.bench)

    def _render_timeline(self) -> None:
        self._quiet = True
        try:
            options = views.timeline_options(self.bench.statuses, START)
            if self.timeline.options != options:
                self.timeline.options = options
            if self._selected not in (START, *self.bench.names()):
                self._select_first()
            self.timeline.value = self._selected
        finally:
            self._quiet = False

    def _render_tools(self, *, busy: bool) -> None:
        forward, backward = self._plans()
        for tool, plan in (
            (self.rehearse_button, forward or backward),
            (self.apply_button, forward),
            (self.revert_button, backward),
        ):
            tool.disabled = busy or not plan
        self.cancel_button.disabled = not busy
        show(self.progress, busy)

    def _render_plan(self) -> None:
        name = None if self._selected == START else self._selected
        source = None
        with suppress(PwmigError, OSError):
            source = self.bench.project.source(name) if name else None
        run = self.last_run
        concerned = (
            run if run is not None and (name in {step.name for step in run.plan.steps} or name is None) else None
        )
        self.plan_view.value = views.plan_html(name, *self._plans(), concerned, source)

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
        for picker, style in ((self.schema_picker, frames.styled_schema), (self.rows_picker, frames.styled_rows)):
            picker.offer(tables, self._table)
            picker.view.value = self._table_html(style)

    def _table_html(self, style: Callable[[Any, str], frames.Styled]) -> str:
        if self._table is None:
            return '<p class="pwmig-quiet">The database holds no table yet.</p>'
        try:
            return views.table_html(*self._of_table(self._table, style))
        except PwmigError as error:
            return views.error_html(error)
