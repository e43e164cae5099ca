"""The editor's widgets: each button, list and tab by its name. What a click does is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from html import escape
from typing import Any, Protocol

import ipywidgets as w

from pwmig import frames
from pwmig.frames.wording import plural
from pwmig.notebook.draft import Draft
from pwmig.notebook.from_models import FromModels
from pwmig.notebook.outlook_views import rows_html, schema_html, sql_html, stage_html, state_text
from pwmig.notebook.panels import Panel, TablePicker, button, html, show
from pwmig.notebook.preview import Outlook, Stage
from pwmig.operations import Operation, value_text

__all__ = ["EditorClicks", "EditorFace"]

HAND_NOTE = "The code was edited by hand, so the operations rest: what is saved is the code."
NAME_HINT = "add_player_level"
MODELS_NOTE = "The code says more than a list of operations can, so the list rests: what is saved is the code."


class EditorClicks(Protocol):
    """What buttons and lists call; each returns at once, and shows what goes wrong."""

    def click_add(self) -> None: ...
    def click_replace(self) -> None: ...
    def click_move(self, by: int) -> None: ...
    def click_remove(self) -> None: ...
    def click_back(self) -> None: ...
    def click_preview(self) -> None: ...
    def click_save(self) -> None: ...
    def click_close(self) -> None: ...
    def click_discard(self) -> None: ...
    def pick_operation(self, place: int) -> None: ...
    def type_name(self, text: str) -> None: ...
    def type_code(self, text: str) -> None: ...


class EditorFace:
    """All that a person sees of the editor. ``showing`` is held by the thread that changes it."""

    def __init__(
        self, clicks: EditorClicks, form: w.DOMWidget, models: FromModels, showing: AbstractContextManager[Any]
    ) -> None:
        self._models = models
        self._note = HAND_NOTE
        self._quiet = False
        self._outlook = Outlook()
        self._table: str | None = None
        self.title, self.state, self.says = (
            html("pwmig-editor-title"),
            html("pwmig-editor-state"),
            html("pwmig-editor-says"),
        )
        self.error = Panel("pwmig-error", [button("Dismiss", "Close this message", lambda: self.error.hide())])
        keep = button("Go on editing", "Close nothing", lambda: self.question.hide())
        self.discard = button("Close without saving", "Drop what is not saved", clicks.click_discard, "danger")
        self.question = Panel("pwmig-ask", [keep, self.discard])
        self._build_left(clicks, form)
        self._build_right(clicks, showing)
        self.body = _box(w.HBox, "pwmig-editor-body", [self.left, self.right])
        buttons = [models.begin, models.cancel, self.preview, self.save, self.close]
        top = _box(w.HBox, "pwmig-editor-top", [self.title, *buttons])
        children = [top, self.error.box, self.question.box, models.box, self.body]
        self.box = _box(w.VBox, "pwmig-editor", children)

    def _build_left(self, clicks: EditorClicks, form: w.DOMWidget) -> None:
        self.name = w.Text(description="Name", placeholder=NAME_HINT)
        self.name.observe(self._unless_quiet(clicks.type_name), names="value")
        self.list = w.Select(description="Operations", options=(), rows=5)
        self.list.add_class("pwmig-steps")
        self.list.observe(self._unless_quiet(clicks.pick_operation), names="index")
        self.up = button("Up", "Move the chosen operation up", lambda: clicks.click_move(-1))
        self.down = button("Down", "Move the chosen operation down", lambda: clicks.click_move(1))
        self.remove = button("Remove", "Remove the chosen operation", clicks.click_remove)
        self.back = button("Back to the operations", "Drop what was edited by hand in the code", clicks.click_back)
        tools = _box(w.HBox, "pwmig-list-tools", [self.up, self.down, self.remove, self.back])
        self.add = button("Add", "Add this operation at the end", clicks.click_add, "primary")
        self.replace = button("Replace", "Put this operation in the place of the chosen one", clicks.click_replace)
        self.missing = html("pwmig-missing")
        self.missing.tabbable = True  # It scrolls, also by keyboard.
        asked = _box(w.VBox, "pwmig-asked", [form])
        parts = [self.name, self._models.split, self.list, tools, asked, w.HBox([self.add, self.replace]), self.missing]
        self.left = _box(w.VBox, "pwmig-editor-left", parts)

    def _build_right(self, clicks: EditorClicks, showing: AbstractContextManager[Any]) -> None:
        self.preview = button("Preview", "Rehearse this code on a copy now", clicks.click_preview)
        self.save = button("Save", "Write the migration's file", clicks.click_save, "primary")
        self.close = button("Close", "Back to the migrations", clicks.click_close)
        self.code = w.Textarea(description="Code", rows=20)
        self.code.add_class("pwmig-code-edit")
        self.code.observe(self._unless_quiet(clicks.type_code), names="value")
        self.sql = html("pwmig-editor-sql")
        self.changed_only = w.Checkbox(description="Changed rows only", indent=False)
        self.changed_only.observe(self._unless_quiet(lambda _: self._show_tables()), names="value")
        self.schema = TablePicker(self._pick_table, showing, label="Table shown")
        self.rows = TablePicker(self._pick_table, showing, self.changed_only, label="Table shown")
        pages = [
            ("Code", self.code),
            ("SQL", self.sql),
            ("Schema", self.schema.box),
            ("Rows", self.rows.box),
        ]
        self.tabs = w.Tab([page for _, page in pages], titles=[title for title, _ in pages])
        self.tabs.add_class("pwmig-editor-tabs")
        self.right = _box(w.VBox, "pwmig-editor-right", [self.state, self.tabs, self.says])

    def _unless_quiet(self, do: Callable[[Any], None]) -> Callable[[dict[str, Any]], None]:
        def heard(change: dict[str, Any]) -> None:
            if not self._quiet and change["new"] is not None:
                do(change["new"])

        return heard

    # Showing

    @property
    def place(self) -> int | None:
        """The place of the chosen operation, None where none is."""
        chosen: int | None = self.list.index
        return chosen

    def choose(self, place: int | None) -> None:
        """Choose an operation without telling anybody."""
        self._quiet, was = True, self._quiet
        try:
            self.list.index = place if place is not None and place < len(self.list.options) else None
        finally:
            self._quiet = was
        self._enable_list()

    def show_draft(self, draft: Draft) -> None:
        """Show the draft; what was chosen stays so where it is still there."""
        self._quiet, was = True, self._quiet
        try:
            heading = f"Edit {draft.replaces}" if draft.replaces else "New migration"
            _set(self.title, f"<h3>{escape(heading)}</h3>")
            _set(self.name, draft.name)
            self.name.disabled = draft.replaces is not None or bool(draft.parts)
            options = _labels(draft.operations)
            if self.list.options != options:
                kept = self.place
                self.list.options = options
                self.list.index = kept if kept is not None and kept < len(options) else None
            _set(self.code, draft.code)
        finally:
            self._quiet = was
        self._show_models(draft)
        self.back.disabled = not draft.by_hand or draft.as_drafted
        self.list.disabled = draft.by_hand
        self._enable_list()
        self.show_state(draft)

    def _show_models(self, draft: Draft) -> None:
        """What there is to do with the models; while they ask something, nothing else."""
        asks = self._models.asks
        for part in (self.body, self.preview, self.save):
            show(part, not asks)
        show(self._models.begin, draft.replaces is None)
        show(self._models.split, draft.as_drafted)
        count = len(draft.parts)
        self.name.placeholder = "each file has its own" if count else NAME_HINT
        self.save.description = f"Save {plural(count, 'file')}" if count else "Save"
        self._note = MODELS_NOTE if draft.as_drafted else HAND_NOTE

    def _enable_list(self) -> None:
        place, count = self.place, len(self.list.options)
        free = place is not None and not self.list.disabled
        self.remove.disabled = not free
        self.up.disabled = not free or place == 0
        self.down.disabled = not free or place == count - 1

    def show_form(self, said: str, *, complete: bool) -> None:
        """What the form would add, or what it misses; nothing is added to code that was edited by hand."""
        if self.list.disabled:
            said = f"<p>{self._note}</p>"
        self.missing.value = f'<div role="status">{said}</div>'
        self.add.disabled = self.list.disabled or not complete
        self.replace.disabled = self.add.disabled or self.place is None

    def show_outlook(self, outlook: Outlook, draft: Draft) -> None:
        """What the newest preview knows; while another is under way, what the last one knew stays in view."""
        if outlook.stage in (Stage.WAITING, Stage.RUNNING, Stage.TOO_LARGE):
            self._outlook = Outlook(
                outlook.stage, outlook.request, self._outlook.run, self._outlook.error, outlook.size
            )
        else:
            self._outlook = outlook
            self.says.value = stage_html(outlook)
            self.says.tabbable = bool(self.says.value)  # It scrolls, also by keyboard.
            self.sql.value = sql_html(outlook.run)
            self._show_tables()
        self.preview.disabled = outlook.stage is Stage.RUNNING
        self.show_state(draft)

    def show_state(self, draft: Draft) -> None:
        """Whether it is saved, and how far the preview is, in a line."""
        state = state_text(self._outlook)
        failed = self._outlook.stage is Stage.FAILED
        kept = "saved" + (", though its rehearsal fails" if failed else "")
        words = [kept] if draft.replaces and not draft.unsaved else ["not saved"] if draft.unsaved else []
        kind = "bad" if failed else self._outlook.stage.name.lower()
        said = " · ".join([*words, state])
        said = escape(said[:1].upper() + said[1:])
        self.state.value = f'<div role="status" class="pwmig-stage pwmig-stage-{kind}">{said}</div>'

    def _pick_table(self, table: str) -> None:
        self._table = table
        self._show_tables()

    def _show_tables(self) -> None:
        run = self._outlook.run
        names = frames.touched_tables(run) if run is not None and run.before is not None else ()
        if self._table not in names:
            self._table = names[0] if names else None
        for picker in (self.schema, self.rows):
            picker.offer([(name, name) for name in names], self._table)
        self.schema.view.value = schema_html(run, self._table)
        self.rows.view.value = rows_html(run, self._table, changed_only=self.changed_only.value)


def _labels(operations: Sequence[Operation]) -> tuple[tuple[str, int], ...]:
    """Each operation behind its number, what it names first: ``1  Add a column: player, level, IntegerField()``."""
    return tuple((f"{place + 1}  {_label(operation)}", place) for place, operation in enumerate(operations))


def _label(operation: Operation) -> str:
    args, named = operation.call()
    words = [value if isinstance(value, str) else value_text(value) for value in args]
    words += [f"{name}={value_text(value)}" for name, value in named.items()]
    return " ".join(f"{operation.title}: {', '.join(words)}".split())


def _set(widget: Any, value: str) -> None:
    """Another value, where it is another: a text that is set anew takes a person's cursor away."""
    if widget.value != value:
        widget.value = value


def _box(kind: type[w.Box], name: str, children: Sequence[w.Widget]) -> Any:
    made = kind(children)
    made.add_class(name)
    return made
