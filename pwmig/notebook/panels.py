"""The workbench's widgets, laid out; what they show and do is decided elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.resources import files
from typing import Any

import ipywidgets as w

from pwmig.notebook.views import style_html

__all__ = ["Background", "Choice", "Layout", "Panel", "TablePicker", "button", "html", "repeating", "show"]


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


def shown(widget: w.DOMWidget) -> bool:
    return bool(widget.layout.display != "none")


@contextmanager
def repeating(every_s: float, do: Callable[[], None]) -> Iterator[None]:
    """While entered, do something every so many seconds, on a thread of its own."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(every_s):
            do()

    thread = threading.Thread(target=run, name="pwmig-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Background:
    """Does things on threads of their own, so that a click returns at once; ``failed`` is told what one raises.

    ``at_once`` does them where they are asked for: a database in memory is seen by one thread only.
    """

    def __init__(self, failed: Callable[[Exception], None], *, at_once: bool = False) -> None:
        self._failed = failed
        self._at_once = at_once
        self._threads: list[threading.Thread] = []

    def start(self, do: Callable[[], object]) -> None:
        def run() -> None:
            try:
                do()
            except Exception as error:
                self._failed(error)

        if self._at_once:
            run()
            return
        thread = threading.Thread(target=run, name="pwmig-workbench", daemon=True)
        self._threads = [*(old for old in self._threads if old.is_alive()), thread]
        thread.start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for all that was started, at most so many seconds."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(None if end is None else max(end - time.monotonic(), 0))


class Panel:
    """A message with buttons below it, which is there only when there is something to say."""

    def __init__(self, name: str, buttons: Sequence[w.Button]) -> None:
        self.text = w.HTML()
        self.box = w.VBox([self.text, w.HBox(buttons)])
        self.box.add_class("pwmig-panel")
        self.box.add_class(name)
        self.hide()

    def say(self, text: str, role: str = "alert", label: str = "Message") -> None:
        self.text.value = f'<div role="{role}" aria-label="{label}">{text}</div>'
        show(self.box, True)

    def hide(self) -> None:
        show(self.box, False)
        self.text.value = ""

    @property
    def visible(self) -> bool:
        return shown(self.box)


class Choice:
    """A list to choose from; ``on_pick`` gets what a person chose, and not what a program offered.

    ``showing`` is held by the thread that changes what is shown.
    """

    def __init__(
        self, widget: w.Select | w.Dropdown, on_pick: Callable[[str], None], showing: AbstractContextManager[Any]
    ) -> None:
        self.widget = widget
        self._on_pick = on_pick
        self._showing = showing
        self._quiet = False
        widget.observe(self._picked, names="value")

    def _picked(self, change: dict[str, object]) -> None:
        with self._showing:
            if not self._quiet and isinstance(change["new"], str):
                self._on_pick(change["new"])

    def offer(self, options: Sequence[tuple[str, str]], chosen: str | None) -> None:
        """Offer (label, name) pairs, with one of them chosen; tells nobody."""
        self._quiet = True
        try:
            if self.widget.options != tuple(options):
                self.widget.options = tuple(options)
            self.widget.value = chosen
        finally:
            self._quiet = False


class TablePicker:
    """A list of tables, and what else there is to set, above what is shown of the chosen one."""

    def __init__(
        self,
        on_pick: Callable[[str], None],
        showing: AbstractContextManager[Any],
        *settings: w.Widget,
        label: str = "Table",
    ) -> None:
        self.choice = w.Dropdown(description=label, options=())
        self.choice.add_class("pwmig-choice")
        self.view = w.HTML()
        self.top = w.HBox([self.choice, *settings])
        self.top.add_class("pwmig-pickers")
        self.box = w.VBox([self.top, self.view])
        self._tables = Choice(self.choice, on_pick, showing)

    def offer(self, tables: Sequence[tuple[str, str]], chosen: str | None) -> None:
        self._tables.offer(tables, chosen)
        show(self.top, bool(tables))


class Layout:
    """The workbench as one widget: a top line, tools, the status line, messages, then one of two pages.

    The first page is timeline and tabs, the second the editor; they stand in the same place.
    """

    def __init__(
        self,
        top: Sequence[w.Widget],
        tools: Sequence[w.Widget],
        messages: Sequence[w.Widget],
        timeline: w.Select,
        tabs: Sequence[tuple[str, w.Widget]],
        editor: w.DOMWidget,
    ) -> None:
        styles = w.HBox([w.HTML(style_html()), keys()])
        styles.add_class("pwmig-styles")
        self.tabs = w.Tab([widget for _, widget in tabs], titles=[title for title, _ in tabs])
        self.tabs.add_class("pwmig-tabs")
        timeline.add_class("pwmig-timeline")
        self._pages = [_row("pwmig-tools", tools), _row("pwmig-body", [timeline, self.tabs])]
        self._editor = editor
        self.root = w.VBox([styles, _row("pwmig-top", top), self._pages[0], *messages, self._pages[1], editor])
        self.root.add_class("pwmig-bench")
        self.turn_to_editor(False)

    def turn_to_editor(self, wanted: bool) -> None:
        """Show the editor in place of the tools, timeline and tabs, or these again."""
        show(self._editor, wanted)
        for page in self._pages:
            show(page, not wanted)

    @property
    def editing(self) -> bool:
        return shown(self._editor)

    @property
    def open_tab(self) -> str:
        """The name of the tab that is open."""
        return str(self.tabs.titles[self.tabs.selected_index or 0])

    def turn_to(self, title: str) -> None:
        """Open the tab of that name."""
        self.tabs.selected_index = list(self.tabs.titles).index(title)


def keys() -> w.Output:
    """The script that leaves the keys of a list to the list, as JupyterLab runs it: no part of the notebook's file."""
    script = files("pwmig.notebook").joinpath("keys.js").read_text("utf-8")
    data = {"application/javascript": script, "text/plain": ""}
    return w.Output(outputs=({"output_type": "display_data", "data": data, "metadata": {}},))


def _row(name: str, children: Sequence[w.Widget]) -> w.HBox:
    made = w.HBox(children)
    made.add_class(name)
    return made
