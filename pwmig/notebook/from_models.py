"""From the models into the editor: the button, the questions that are open, and what is told of the draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from html import escape
from typing import Any

import ipywidgets as w

from pwmig.drafting import Draft, DraftFile, Wishes
from pwmig.errors import redact
from pwmig.frames.wording import plural
from pwmig.notebook.panels import button, html, show, shown
from pwmig.notebook.questions import QuestionForm
from pwmig.notebook.views import code_html
from pwmig.text import printable

__all__ = ["FromModels", "came_to", "told"]

_SEEN_AT_ONCE = 6
"""So many lines are seen without scrolling."""


def told(wishes: Wishes) -> dict[str, Any]:
    """What was wished, as the arguments of a call: only what was said, in the same order each time."""
    usual = Wishes()
    said = {field.name: getattr(wishes, field.name) for field in fields(wishes)}
    said = {name: value for name, value in said.items() if value != getattr(usual, name)}
    if wishes.declined:
        said["declined"] = sorted(wishes.declined, key=lambda one: (one[0] or "", *one[1:]))
    return said


class FromModels:
    """What a person sees of a draft from the models.

    ``ask`` begins a draft for wishes, ``cancel`` stops it; both return at once. ``left`` is told when the questions are
    left. ``heard`` does what a person asked for, and shows what it raises.
    """

    def __init__(
        self,
        ask: Callable[[Wishes], object],
        cancel: Callable[[], object],
        left: Callable[[], object],
        heard: Callable[[Callable[[], object]], None],
    ) -> None:
        self._ask, self._left, self._heard = ask, left, heard
        self._wishes, self._busy, self._quiet = Wishes(), False, False
        self.begin = button(
            "From the models", "Write what makes the database what the models declare", lambda: heard(self.start)
        )
        self.cancel = button("Cancel", "Stop reading the models", lambda: heard(cancel))
        self.split = w.Checkbox(description="A file for each change", indent=False)
        self.split.observe(self._picked, names="value")
        self.says = html("pwmig-models-say")
        self.form = QuestionForm()
        self.go_on = button("Go on", "Write the migration with these answers", lambda: heard(self.answer), "primary")
        self.back = button("Back", "Leave the questions: nothing is written", lambda: heard(self.leave))
        self.asking = w.VBox([self.form.box, w.HBox([self.go_on, self.back])])
        self.box = w.VBox([self.says, self.asking])
        self.box.add_class("pwmig-models")
        self.clear()
        self.show_busy(False)

    @property
    def asks(self) -> bool:
        """Whether questions wait for their answers."""
        return shown(self.asking)

    def start(self) -> None:
        """Begin a draft, with nothing said ahead."""
        self._begin(Wishes())

    def answer(self) -> None:
        """Ask again, with the answers of the form; raises PlanError where one is missing."""
        self._begin(self.form.answered(self._wishes))

    def cut(self, wanted: bool) -> None:
        """Ask again, for a file for each change, or for one file."""
        try:
            self._begin(replace(self._wishes, split=wanted))
        except Exception:
            self._tick()
            raise

    def _picked(self, change: dict[str, Any]) -> None:
        if not self._quiet:
            self._heard(lambda: self.cut(bool(change["new"])))

    def leave(self) -> None:
        """Leave the questions without an answer."""
        self.clear()
        self._left()

    def _begin(self, wishes: Wishes) -> None:
        if not self._busy:  # A click on a disabled button is heard all the same.
            self._ask(wishes)

    # Showing

    def take(self, draft: Draft, wishes: Wishes) -> None:
        """Show what a draft came to: its questions, what is to be told of it, or that there is nothing to do."""
        self._wishes = wishes
        self._tick()
        self.form.ask(draft.questions)
        show(self.asking, bool(draft.questions))
        self._say(_told(draft, split=wishes.split))

    def clear(self) -> None:
        """As it is where nothing came from the models."""
        self._wishes = Wishes()
        self._tick()
        self.form.ask(())
        show(self.asking, False)
        self._say("")

    def show_busy(self, busy: bool) -> None:
        """While the models are read, that can be stopped, and nothing else be asked of them."""
        self._busy = busy
        for control in (self.begin, self.split, self.go_on):
            control.disabled = busy
        show(self.cancel, busy)
        self._tick()

    def _say(self, said: str) -> None:
        self.says.value = said
        self.says.tabbable = said.count("<li>") > _SEEN_AT_ONCE  # It scrolls, also by keyboard.
        show(self.box, bool(said))

    def _tick(self) -> None:
        """The tick says what is there; while something is under way it says what was picked."""
        if self._busy:
            return
        self._quiet = True
        try:
            self.split.value = self._wishes.split
        finally:
            self._quiet = False


def came_to(draft: Draft) -> str:
    """What a draft came to, in a few words."""
    if draft.questions:
        return f"{plural(len(draft.questions), 'question')} open"
    return f"{plural(len(draft.files), 'file')} to save" if draft else f"{draft.nothing[:1].upper()}{draft.nothing[1:]}"


def _told(draft: Draft, *, split: bool) -> str:
    """What is to be said of a draft, as escaped HTML."""
    guesses = [f"note: {guess}" for guess in draft.guesses]
    if draft.questions:
        count = len(draft.questions)
        what = f"The models leave {plural(count, 'question')} open. Nothing is written before {_all(count)} answered."
        return _said(what, guesses)
    if not draft:
        return _said(f"{came_to(draft)}.", guesses)
    notes = [f"{'-' if note.lost else 'note:'} {note.text}" for note in draft.notes]
    files = _files_html(draft.files) if split else ""
    return _said("Written from the models, and not saved yet.", [*notes, *guesses]) + files


def _all(count: int) -> str:
    return "it is" if count == 1 else "all are"


def _said(what: str, lines: Sequence[str]) -> str:
    listed = "".join(f"<li>{escape(printable(redact(line)))}</li>" for line in lines)
    return f'<div role="status"><p class="pwmig-what">{escape(what)}</p>{f"<ul>{listed}</ul>" if listed else ""}</div>'


def _files_html(files: Sequence[DraftFile]) -> str:
    """Each file's name, with its code behind it."""
    items = ((escape(printable(file.name)), code_html(file.source, "python")) for file in files)
    shown = "".join(f"<li><details><summary>{name}</summary>{code}</details></li>" for name, code in items)
    return f"<p>{plural(len(files), 'file')}, in this order:</p><ol>{shown}</ol>"
