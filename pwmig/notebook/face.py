"""The workbench's widgets: each button, list and tab by its name. What a click does is decided elsewhere."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

import ipywidgets as w

from pwmig.notebook.differing import Differing
from pwmig.notebook.panels import Choice, Layout, Panel, TablePicker, button, html, show

__all__ = ["Clicks", "Face"]


class Clicks(Protocol):
    """What the buttons call; each returns at once."""

    def click_rehearse(self) -> None: ...
    def click_apply(self) -> None: ...
    def click_revert(self) -> None: ...
    def click_edit(self) -> None: ...
    def click_new(self) -> None: ...
    def click_compare(self) -> None: ...
    def click_cancel(self) -> None: ...
    def click_refresh(self) -> None: ...
    def click_yes(self) -> None: ...
    def click_no(self) -> None: ...
    def pick_migration(self, name: str) -> None: ...
    def pick_schema_of(self, table: str) -> None: ...
    def pick_rows_of(self, table: str) -> None: ...
    def pick_changed_only(self, wanted: bool) -> None: ...
    def pick_tab(self, title: str) -> None: ...


class Face:
    """All that a person sees of the workbench. ``showing`` is held by the thread that changes it."""

    def __init__(
        self,
        clicks: Clicks,
        showing: AbstractContextManager[Any],
        *,
        diagram: w.DOMWidget,
        explore: w.DOMWidget,
        differing: Differing,
        editor: w.DOMWidget,
    ) -> None:
        self.differing = differing
        self.header, self.status = html("pwmig-says"), html("pwmig-status")
        self.plan, self.log = html("pwmig-plan"), html("pwmig-logged")
        self._build_buttons(clicks)
        self._build_messages(clicks)
        self._build_comparison(clicks)
        timeline = w.Select(description="Migrations", options=())
        self.timeline = Choice(timeline, clicks.pick_migration, showing)
        self.changed_only = w.Checkbox(description="Changed rows only", indent=False)
        self.changed_only.observe(lambda change: clicks.pick_changed_only(bool(change["new"])), names="value")
        self.schema = TablePicker(clicks.pick_schema_of, showing)
        self.rows = TablePicker(clicks.pick_rows_of, showing, self.changed_only)
        self.layout = Layout(
            top=[self.header, self.new, self.refresh],
            tools=[self.rehearse, self.apply, self.revert, self.edit, self.compare, self.cancel],
            messages=[self.comparison, self.status, self.error.box, self.question.box],
            timeline=timeline,
            tabs=[
                ("Plan", self.plan),
                ("Schema", self.schema.box),
                ("Rows", self.rows.box),
                ("Diagram", diagram),
                ("Explore", explore),
                ("Diff", differing.box),
                ("Log", self.log),
            ],
            editor=editor,
        )
        tabs = self.layout.tabs
        tabs.observe(lambda change: clicks.pick_tab(tabs.titles[change["new"] or 0]), names="selected_index")

    def _build_buttons(self, clicks: Clicks) -> None:
        self.new = button("New migration", "Write a new migration, by a form or by hand", clicks.click_new)
        self.refresh = button("Refresh", "Read files, database and models again", clicks.click_refresh)
        self.rehearse = button("Rehearse", "Run it on a copy of the database", clicks.click_rehearse, "primary")
        self.apply = button("Apply to here", "Apply up to the selected migration", clicks.click_apply)
        self.revert = button("Revert to here", "Take back all after the selected one", clicks.click_revert)
        self.edit = button("Edit", "Open the selected pending migration in the editor", clicks.click_edit)
        self.compare = button("Compare...", "Compare any two points of the history", self._toggle_comparison)
        self.cancel = button("Cancel", "Stop the run under way", clicks.click_cancel)

    def _build_messages(self, clicks: Clicks) -> None:
        self.error = Panel("pwmig-error", [button("Dismiss", "Close this message", lambda: self.error.hide())])
        self.yes = button("Go on all the same", "Run it and lose these rows", clicks.click_yes, "danger")
        self.no = button("Leave it as it is", "Do nothing", clicks.click_no)
        self.question = Panel("pwmig-ask", [self.no, self.yes])

    def _build_comparison(self, clicks: Clicks) -> None:
        self.start, self.end = w.Dropdown(description="From", options=()), w.Dropdown(description="To", options=())
        self.run_comparison = button("Compare", "Show what changed between them, on a copy", clicks.click_compare)
        close = button("Close", "Close the comparison", self._toggle_comparison)
        self.comparison = w.HBox([self.start, self.end, self.run_comparison, close])
        self.comparison.add_class("pwmig-comparison")
        show(self.comparison, False)

    def _toggle_comparison(self) -> None:
        show(self.comparison, self.comparison.layout.display == "none")

    def turn_to_editor(self, wanted: bool) -> None:
        """Show the editor in place of all that works on migrations that are there, or these again."""
        show(self.comparison, False)
        self.layout.turn_to_editor(wanted)

    def offer_points(self, points: tuple[tuple[str, str], ...]) -> None:
        """Offer points of the history to compare; what was chosen stays, the whole way is the first offer."""
        values = [value for _, value in points]
        for choice, usual in ((self.start, values[0]), (self.end, values[-1])):
            if choice.options != points:
                chosen = choice.value if choice.value in values else usual
                choice.options = points
                choice.value = chosen

    def enable(self, *, busy: bool, forward: object, backward: object, editable: bool) -> None:
        """Only what can be done now can be clicked."""
        for tool, wanted in (
            (self.rehearse, forward or backward),
            (self.apply, forward),
            (self.revert, backward),
            (self.run_comparison, True),
            (self.differing.run, True),
        ):
            tool.disabled = busy or not wanted
        self.edit.disabled = not editable
        self.cancel.disabled = not busy
