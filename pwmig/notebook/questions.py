"""What the models don't tell, as a form: each question with its evidence and the input for its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import ipywidgets as w

from pwmig.drafting import OpenQuestion, Wishes
from pwmig.errors import PlanError, redact
from pwmig.frames.wording import plural
from pwmig.notebook.panels import html, show
from pwmig.text import printable

__all__ = ["QuestionForm"]

LONGEST = 300
"""So many letters of a question, or of a line of its evidence, are shown."""

_TEXTUAL = re.compile("char|text|clob", re.IGNORECASE)
"""Types of columns whose rows can get the empty text."""


class QuestionForm:
    """The open questions of one draft, none of which is answered ahead."""

    def __init__(self) -> None:
        self.box = w.VBox()
        self.box.add_class("pwmig-questions")
        self.inputs: tuple[_Input, ...] = ()

    def ask(self, questions: Sequence[OpenQuestion]) -> None:
        """Show these questions in place of those that are there."""
        self.inputs = tuple(_input(question, number) for number, question in enumerate(questions, start=1))
        for one in self.inputs:
            if isinstance(one, _Rename):
                one.choice.observe(lambda _: self._rest(), names="value")
        self.box.children = [one.box for one in self.inputs]

    def answered(self, wishes: Wishes) -> Wishes:
        """The wishes with all answers; raises PlanError that names what has none."""
        asked = [one for one in self.inputs if not one.rests]
        missing = [one for one in asked if one.answer is None]
        if missing:
            raise PlanError(
                f"{plural(len(missing), 'question')} {'has' if len(missing) == 1 else 'have'} no answer yet",
                why="\n".join(one.about for one in missing),
                way_out="answer each, or go back and change the models",
            )
        for one in asked:
            if one.answer is not None:
                wishes = wishes.with_answer(one.question, one.answer)
        return wishes

    def _rest(self) -> None:
        """What got a new name, or has had an old one, by one answer can't be a rename by another."""
        agreed = [one for one in self.inputs if isinstance(one, _Rename) and not one.rests and one.answer]
        for one in self.inputs:
            if isinstance(one, _Rename) and one not in agreed:
                one.let_rest(any(one.meets(other) for other in agreed))


class _Input:
    """One question; ``answer`` is None until there is one, and it ``rests`` where another answer has settled it."""

    rests = False

    def __init__(self, question: OpenQuestion, number: int) -> None:
        self.question = question
        self.about = _shown(question.about[:1].upper() + question.about[1:])
        lines = "".join(f"<li>{escape(_shown(line))}</li>" for line in question.evidence)
        said = html("pwmig-asked-about")
        said.value = f"<h4>{number}. {escape(self.about)}</h4><ul>{lines}</ul>"
        self.box = w.VBox([said, *self._widgets()])
        self.box.add_class("pwmig-question")

    @property
    def answer(self) -> str | bool | None:
        raise NotImplementedError

    def _widgets(self) -> Sequence[w.Widget]:
        raise NotImplementedError


class _Rename(_Input):
    """Yes or no, each with what comes of it, so that either can be understood by itself."""

    def _widgets(self) -> Sequence[w.Widget]:
        old, new = _shown(self.question.old), _shown(self.question.new)
        if self.question.table is None:
            yes, no = f"Yes: its rows stay, in {new}", f"No: {old} is dropped, {new} is another table"
        else:
            yes, no = f"Yes: its values stay, in {new}", f"No: {old} is dropped, {new} is another column"
        self.choice = w.RadioButtons(options=((yes, True), (no, False)), value=None)
        self.settled = html("pwmig-settled")
        self.settled.value = '<p role="status">Settled by another answer.</p>'
        show(self.settled, False)
        return [self.choice, self.settled]

    @property
    def answer(self) -> bool | None:
        answer: bool | None = self.choice.value
        return answer

    def meets(self, other: _Rename) -> bool:
        """Whether both are about one and the same thing, old or new."""
        mine, its = self.question, other.question
        return mine.table == its.table and (mine.old == its.old or mine.new == its.new)

    def let_rest(self, rests: bool) -> None:
        self.rests = self.choice.disabled = rests
        show(self.settled, rests)


class _Text(_Input):
    """What is typed, without the spaces around it."""

    @property
    def answer(self) -> str | None:
        return str(self.text.value).strip() or None

    def _label(self) -> str:
        raise NotImplementedError

    def _widgets(self) -> Sequence[w.Widget]:
        self.text = w.Text(description=self._label())
        return [self.text]

    @property
    def _place(self) -> str:
        return _shown(f"{self.question.table}.{self.question.column}")


class _Fill(_Text):
    """A value; that rows get the empty text has to be said, as nothing typed is no answer."""

    def _label(self) -> str:
        return f"Value for {self._place} ({_shown(self.question.type)})"

    def _widgets(self) -> Sequence[w.Widget]:
        self.empty = w.Checkbox(description=f"The empty text for {self._place}", indent=False)
        self.empty.observe(lambda change: setattr(self.text, "disabled", bool(change["new"])), names="value")
        textual = bool(_TEXTUAL.search(self.question.type))
        return [*super()._widgets(), *([self.empty] if textual else [])]

    @property
    def answer(self) -> str | None:
        return "" if self.empty.value else super().answer


class _Cast(_Text):
    def _label(self) -> str:
        return f"SQL for the new value of {self._place} ({_shown(self.question.type)})"

    def _widgets(self) -> Sequence[w.Widget]:
        made = super()._widgets()
        self.text.add_class("pwmig-sql-edit")
        return made


def _input(question: OpenQuestion, number: int) -> _Input:
    kinds: dict[str, type[_Input]] = {"rename": _Rename, "fill": _Fill, "cast": _Cast}
    return kinds[question.kind](question, number)


def _shown(text: str) -> str:
    """A text as a person may read it, without passwords and letters that can't be seen."""
    said = printable(redact(text))
    return said if len(said) <= LONGEST else said[:LONGEST] + "..."
