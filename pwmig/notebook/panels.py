"""The workbench's widgets, laid out; what they show and do is decided elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import ipywidgets as w

from pwmig.notebook.views import style_html

__all__ = ["Layout", "Panel", "Steady", "TablePicker", "button", "html", "show"]


def button(label: str, tooltip: str, do: Callable[[], object], style: str = "") -> w.Button:
    """A button with a name and a tooltip; ``do`` must return at once."""
    made = w.Button(description=label, tooltip=tooltip, button_style=style)
    made.on_click(lambda _: do())
    return made


def html(name: str) -> w.HTML:
    """An empty piece of HTML with a class of that name."""
    made = w.HTML()
    made.add_class(name)
    return made


def show(widget: w.DOMWidget, visible: bool) -> None:
    """Show a widget, or take it away with its room."""
    wanted = None if visible else "none"
    if widget.layout.display != wanted:
        widget.layout.display = wanted


class Steady:
    """Do something at most every so many seconds, however often it is asked for, and once after the last time."""

    def __init__(self, every_s: float, do: Callable[[], None]) -> None:
        self._every_s = every_s
        self._do = do
        self._lock = threading.Lock()
        self._waiting = False
        self._done_at = float("-inf")

    def ask(self) -> None:
        """Do it now, or as soon as it may be done again; never waits itself."""
        with self._lock:
            if self._waiting:
                return
            left_s = self._done_at + self._every_s - time.monotonic()
            if left_s > 0:
                self._waiting = True
                later = threading.Timer(left_s, self._now)
                later.daemon = True
                later.start()
                return
        self._now()

    def _now(self) -> None:
        with self._lock:
            self._waiting = False
            self._done_at = time.monotonic()
        self._do()


class Panel:
    """A message with buttons below it, which is there only when there is something to say."""

    def __init__(self, name: str, buttons: Sequence[w.Button]) -> None:
        self.text = w.HTML()
        self.box = w.VBox([self.text, w.HBox(buttons)])
        self.box.add_class("pwmig-panel")
        self.box.add_class(name)
        self.hide()

    def say(self, text: str, role: str = "alert") -> None:
        self.text.value = f'<div role="{role}">{text}</div>'
        show(self.box, True)

    def hide(self) -> None:
        show(self.box, False)
        self.text.value = ""

    @property
    def visible(self) -> bool:
        return bool(self.box.layout.display != "none")


class TablePicker:
    """A list of tables above what is shown of the chosen one; ``on_pick`` gets its name.

    ``showing`` is held by the thread that changes what is shown.
    """

    def __init__(self, on_pick: Callable[[str], None], showing: AbstractContextManager[Any]) -> None:
        self.choice = w.Dropdown(description="Table", options=())
        self.choice.add_class("pwmig-choice")
        self.view = w.HTML()
        self.box = w.VBox([self.choice, self.view])
        self._on_pick = on_pick
        self._showing = showing
        self._quiet = False
        self.choice.observe(self._picked, names="value")

    def _picked(self, change: dict[str, object]) -> None:
        with self._showing:
            if not self._quiet and isinstance(change["new"], str):
                self._on_pick(change["new"])

    def offer(self, tables: Sequence[tuple[str, str]], chosen: str | None) -> None:
        """Offer tables as (label, name), with one of them chosen; tells nobody."""
        self._quiet = True
        try:
            if self.choice.options != tuple(tables):
                self.choice.options = tuple(tables)
            self.choice.value = chosen
        finally:
            self._quiet = False
        show(self.choice, bool(tables))


class Layout:
    """The workbench as one widget: a top line, tools, messages, the form, timeline and tabs."""

    def __init__(
        self,
        top: Sequence[w.Widget],
        tools: Sequence[w.Widget],
        messages: Sequence[w.Widget],
        timeline: w.Select,
        tabs: Sequence[tuple[str, w.Widget]],
    ) -> None:
        styles = w.HTML(style_html())
        styles.add_class("pwmig-styles")
        self.tabs = w.Tab([widget for _, widget in tabs], titles=[title for title, _ in tabs])
        self.tabs.add_class("pwmig-tabs")
        timeline.add_class("pwmig-timeline")
        self.root = w.VBox(
            [
                styles,
                _row("pwmig-top", top),
                _row("pwmig-tools", tools),
                *messages,
                _row("pwmig-body", [timeline, self.tabs]),
            ]
        )
        self.root.add_class("pwmig-bench")


def _row(name: str, children: Sequence[w.Widget]) -> w.HBox:
    made = w.HBox(children)
    made.add_class(name)
    return made
