"""What a person wishes of a migration from the models, what is still open, and what came of it: records.

All are frozen and picklable, and every face shows the same ones.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.errors import PlanError
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.authoring import Note

__all__ = ["Declined", "Draft", "DraftFile", "OpenQuestion", "Wishes"]

Declined = tuple[str | None, str, str]
"""A rename that is none: the table (None for a rename of one), the old name and the new one."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was said ahead, as the command line takes it.

    ``renames`` are ``TABLE.OLD:NEW``, ``table_renames`` are ``OLD:NEW``, ``fills`` are ``TABLE.COLUMN=VALUE`` and
    ``casts`` are ``TABLE.COLUMN=SQL``. ``declined`` are renames that are none; with ``no_renames``, all that are not
    told. ``split``: a file for each change.
    """

    renames: tuple[str, ...] = ()
    table_renames: tuple[str, ...] = ()
    no_renames: bool = False
    fills: tuple[str, ...] = ()
    casts: tuple[str, ...] = ()
    declined: frozenset[Declined] = frozenset()
    split: bool = False

    def with_answer(self, question: OpenQuestion, answer: str | bool) -> Wishes:
        """The same with one more answer: yes or no to a rename, a value to a fill, SQL to a cast."""
        if question.kind == "rename":
            if not answer:
                return replace(self, declined=self.declined | {question.pair})
            said = f"{question.old}:{question.new}"
            if question.table is None:
                return replace(self, table_renames=(*self.table_renames, said))
            return replace(self, renames=(*self.renames, f"{question.table}.{said}"))
        text = f"{question.table}.{question.column}={answer}"
        if question.kind == "fill":
            return replace(self, fills=(*self.fills, text))
        return replace(self, casts=(*self.casts, text))


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One thing that nothing tells: ``kind`` is ``rename``, ``fill`` (what rows get) or ``cast`` (how values convert).

    ``about`` says in words what differs, ``evidence`` what was seen, a line each. ``options`` are the ways to answer on
    the command line, as they are to be given, with ``VALUE`` or ``SQL`` where something is to be put in. ``field`` is
    the kind of column that a value is for, ``type`` the database's word for it.
    """

    kind: str
    about: str
    options: tuple[str, ...]
    table: str | None = None
    column: str | None = None
    old: str = ""
    new: str = ""
    type: str = ""
    field: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def pair(self) -> Declined:
        """What might be a rename."""
        return self.table, self.old, self.new


@dataclass(frozen=True, slots=True)
class DraftFile:
    """One file to be written: its name without the time, and its text."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be written. Where ``questions`` are open there are no files, and where nothing differs there are
    neither; ``notes`` are to be told as they are: what goes is ``lost`` among them, with what becomes of it, and what
    the rows that are there will refuse is ``refused``. ``whole`` is the text of one migration that does what all files
    do."""

    files: tuple[DraftFile, ...] = ()
    whole: str = ""
    questions: tuple[OpenQuestion, ...] = ()
    notes: tuple[Note, ...] = ()
    guesses: tuple[str, ...] = ()
    pending: bool = False

    @property
    def nothing(self) -> str:
        """What is to be told where nothing differs; the database may have to get there yet."""
        return "nothing to do: the database is what the models declare" + (
            ", once what is pending is applied" if self.pending else ""
        )

    def __bool__(self) -> bool:
        return bool(self.files)

    def require_answers(self) -> None:
        """PlanError with the exact options, where questions are open."""
        if not self.questions:
            return
        count, renames = len(self.questions), any(question.kind == "rename" for question in self.questions)
        lines = [line for question in self.questions for line in _told(question)]
        raise PlanError(
            f"nothing was written: {count} question{'s are' if count > 1 else ' is'} open",
            why="\n".join(lines),
            way_out="give these options, or run it in a terminal, which asks"
            + (" (what rows need is asked once it is known what was renamed)" if renames else "")
            + ":\n"
            + "\n".join(_options(self.questions)),
        )


def _told(question: OpenQuestion) -> Sequence[str]:
    return [question.about, *(f"  {line}" for line in question.evidence)]


def _options(questions: Collection[OpenQuestion]) -> Sequence[str]:
    """A line a question; that no rename is one, is said once for all."""
    lines = ["  " + question.options[0] for question in questions]
    if any(question.kind == "rename" for question in questions):
        lines.append("  --no-renames   (in place of --rename and --rename-table, where it is none)")
    return lines
