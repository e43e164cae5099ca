"""What the workbench shows, from what the bench knows and what a person chose to look at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pwmig import frames
from pwmig.diff import Change
from pwmig.errors import PwmigError
from pwmig.frames.wording import run_title
from pwmig.notebook import progress, timeline, views
from pwmig.notebook.bench import NOW, START, Bench
from pwmig.notebook.plan_view import Shown, plan_html
from pwmig.plan import Plan, Run
from pwmig.schema import Schema

if TYPE_CHECKING:
    from pwmig.notebook.diagram import DiagramView
    from pwmig.notebook.explore import Explore
    from pwmig.notebook.face import Face
    from pwmig.notebook.lines import Lines

__all__ = ["Screen", "Style"]

Style = Callable[[Any, str], frames.Styled]
"""Makes a table to be looked at, of a run or of a snapshot."""


class Screen:
    """Fills the widgets. ``selected`` is the migration that is looked at (or ``zero``), ``table`` the table,
    ``stopped`` says what the last thing to be done came to, where that is no run that came to its end.

    ``showing`` is held while something is filled in: a click is heard on the kernel's main thread while
    a run's thread may be showing what it did.
    """

    def __init__(self, bench: Bench, lines: Lines, showing: threading.RLock) -> None:
        self.bench, self.lines, self.showing = bench, lines, showing
        self.selected = START
        self.table: str | None = None
        self.stopped = ""

    def build(self, face: Face, explore: Explore, diagram: DiagramView) -> None:
        """The widgets to fill; they are made after this, since they tell it what was clicked."""
        self.face, self._explore, self._diagram = face, explore, diagram

    # What there is to show

    @property
    def title(self) -> str:
        """The last run in one line, nothing where there was none."""
        run = self.bench.last_run
        return run_title(run, self.bench.compared) if run is not None else ""

    def plans(self) -> tuple[Plan | PwmigError, Plan | PwmigError]:
        """What applying and reverting to the selected migration would do, or why they can't."""
        return self.bench.plans_here(self.selected)

    def table_of(self, name: str, style: Style) -> tuple[str, frames.Styled]:
        """A table under the name of its moment: before and after the last run, or now where that did not see it."""
        run = self.bench.last_run
        if run is not None and run.before is not None:
            with suppress(PwmigError):
                return self.title, style(run, name)
        return "As it is now", style(self.bench.snapshot(name), name)

    def drawn(self) -> tuple[Schema, Sequence[Change]]:
        """The schema as the last run left it, with what it changed; as it is now where none was watched."""
        run = self.bench.last_run
        if run is not None and run.after is not None:
            return run.after.schema, run.changes
        return self.bench.schema, ()

    def select_last(self) -> None:
        """The last pending migration, so that what can be applied is offered whole; or the newest one."""
        names = self.bench.pending or self.bench.names()
        self.selected = names[-1] if names else START

    def choose_touched(self) -> None:
        """After a run: a table that it touched, unless the one that is looked at is among them."""
        run = self.bench.last_run
        touched = frames.touched_tables(run) if run else ()
        if touched and self.table not in touched:
            self.table = touched[0]

    # Showing it

    def show(self) -> None:
        """All as it is now; the header last, so that who waits for it finds the rest in place."""
        with self.showing:
            self._show_timeline()
            self._show_plan()
            self.show_tables()
            self.show_tab(self.face.layout.open_tab)
            self._show_difference()
            self.face.log.value = progress.log_html(self.bench.events, self.bench.last_run, self.title, self.lines.all)
            self.show_tools(busy=bool(self.bench.busy))
            self.show_status()
            self.face.header.value = views.header_html(self.bench)

    def _show_timeline(self) -> None:
        bench, now = self.bench, datetime.now(UTC)
        if self.selected not in (START, *bench.names()):
            self.select_last()
        self.face.timeline.offer(timeline.timeline_options(bench.statuses, START, bench.failures, now), self.selected)
        self.face.offer_points(timeline.points(bench.statuses, START, NOW))

    def _show_plan(self) -> None:
        bench = self.bench
        status = next((status for status in bench.statuses if status.name == self.selected), None)
        name = status.name if status else None
        source = None
        with suppress(PwmigError, OSError):
            source = bench.project.source(name) if name else None
        state = timeline.state_text(status, bench.failures, datetime.now(UTC)) if status else ""
        run = bench.last_run
        steps = {step.name for step in run.plan.steps} if run is not None else set()
        concerned = run is not None and (name is None or bench.compared is not None or name in steps)
        failure = bench.failures.get(name) if name else None
        shown = Shown(name, state, *self.plans(), source, failure, run if concerned else None, self.title)
        self.face.plan.value = plan_html(shown)

    def _show_difference(self) -> None:
        bench = self.bench
        self.face.differing.offer(bench.names())
        error = bench.drift_error
        otherwise = views.error_html(error) if error else '<p class="pwmig-quiet">Nothing is compared yet.</p>'
        self.face.differing.show(bench.difference, bench.location, otherwise)

    def show_tables(self) -> None:
        """Schema and rows of the table that is looked at."""
        tables = views.table_options(self.bench.schema, self.bench.last_run)
        names = [name for _, name in tables]
        if self.table not in names:
            self.table = names[0] if names else None
        styles = (frames.styled_schema, rows_style(self.face.changed_only.value))
        for picker, style in zip((self.face.schema, self.face.rows), styles):
            picker.offer(tables, self.table)
            picker.view.value = self._table_html(style)

    def _table_html(self, style: Style) -> str:
        if self.table is None:
            return '<p class="pwmig-quiet">The database holds no table yet.</p>'
        try:
            return views.table_html(*self.table_of(self.table, style))
        except PwmigError as error:
            return views.error_html(error)

    def show_tab(self, title: str) -> None:
        """What is drawn or asked for only while its tab is open."""
        if title == "Diagram":
            self._diagram.show(*self.drawn(), self.table)
        elif title == "Explore":
            self._explore.offer(self.bench.schema)
            if self.table is not None:
                self._explore.open(self.table)

    def show_tools(self, *, busy: bool) -> None:
        """Only what can be done now can be clicked."""
        forward, backward = self.plans()
        editable = self.selected in self.bench.editable
        self.face.enable(busy=busy, forward=forward, backward=backward, editable=editable)

    def show_status(self) -> None:
        """What happened last, and the call of what was clicked last; while something runs, its progress stays."""
        if not self.bench.busy:
            run = self.bench.last_run
            said = f"{self.title} ({run.elapsed_s:.2f} s)" if run is not None else ""
            self.face.status.value = progress.idle_html(self.stopped or said, self.lines.last)

    def show_progress(self) -> None:
        """What is under way, since when, and the statement it is at."""
        bench = self.bench
        if bench.busy:
            elapsed_s = time.monotonic() - bench.started_at
            self.face.status.value = progress.progress_html(bench.busy, elapsed_s, bench.events)
            self.face.log.value = progress.log_html(bench.events, None, "", self.lines.all)


def rows_style(changed_only: bool) -> Style:
    """Rows before and after of a run, all or those that changed; of a snapshot as they are."""

    def style(source: Any, table: str) -> frames.Styled:
        if isinstance(source, Run):
            return frames.styled_rows(source, table, changed_only=changed_only)
        return frames.styled_rows(source, table)

    return style
