"""The command create: an empty migration, or one from what the models ask for, with questions to whoever is there."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.cli.showing import FINE, Progress, open_project, print_lines, prints_aside
from pwmig.errors import OperationRefused, PlanError, PwmigError

if TYPE_CHECKING:
    from pwmig.drafting import Draft, OpenQuestion, Wishes
    from pwmig.project import Project
    from pwmig.text import Ink

__all__ = ["create"]

_ANSWERS = ("rename", "rename_table", "fill", "using", "no_renames", "split", "preview")
"""Options that mean something with --from-models only."""


def create(options: argparse.Namespace) -> int:
    project = open_project(options)
    if options.from_models:
        return _from_models(project, options)
    given = [f"--{name.replace('_', '-')}" for name in _ANSWERS if getattr(options, name)]
    if given:
        raise PlanError(
            f"{given[0]} answers nothing here",
            why="an empty migration asks no questions",
            way_out="give --from-models too, or leave it out",
        )
    if options.name is None:
        raise PlanError(
            "a migration needs a name",
            why="none was given, and only with --from-models one can be suggested",
            way_out="pwmig create NAME, or pwmig create --from-models",
        )
    print(f"wrote {project.create(options.name)}")
    print("edit migrate_forward() and migrate_backward() in it; then pwmig rehearse, pwmig migrate")
    return FINE


def _from_models(project: Project, options: argparse.Namespace) -> int:
    from pwmig.drafting import Wishes
    from pwmig.files import slug

    if options.name is not None:
        slug(options.name)  # What can't be written is said before anybody is asked anything.
    wishes = Wishes(
        renames=tuple(options.rename),
        table_renames=tuple(options.rename_table),
        no_renames=options.no_renames,
        fills=tuple(options.fill),
        casts=tuple(options.using),
        split=options.split,
    )
    draft = _answered(project, options.name, wishes)
    for guess in draft.guesses:
        print(f"note: {guess}", file=sys.stderr)
    if not draft:
        print(draft.nothing)
        return FINE
    if options.preview:
        try:
            _preview(project, draft)
        finally:
            _tell(draft)  # Where the rehearsal is refused, a note may say why.
        return FINE
    for file in draft.files:
        print(f"wrote {project.create(file.name, file.source)}")
    _tell(draft)
    print("look at it; then pwmig rehearse, pwmig migrate")
    return FINE


def _answered(project: Project, name: str | None, wishes: Wishes) -> Draft:
    """The draft once all is answered: each round of answers may lead to other questions.

    A conversion that rows don't go through is told, and asked again.
    """
    draft = _drafted(project, name, wishes)
    while draft.questions:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            draft.require_answers()
        said = _ask(draft.questions, wishes)
        try:
            draft = _drafted(project, name, said)
        except (PlanError, OperationRefused) as error:
            casts = tuple(question for question in draft.questions if question.kind == "cast")
            if not casts:
                raise
            _print_again(error)
            draft, wishes = replace(draft, questions=casts), replace(said, casts=wishes.casts)
        else:
            wishes = said
    return draft


def _drafted(project: Project, name: str | None, wishes: Wishes) -> Draft:
    with Progress(quiet=True) as progress, prints_aside():
        return project.draft(name, wishes, listener=progress)


def _print_again(error: PwmigError) -> None:
    from pwmig.text import Ink, printable

    what, *rest = str(error).split("\n")
    print("\n".join([Ink()(printable(what), "yellow"), *(f"  {printable(line)}" for line in rest), "once more:"]))


def _ask(questions: Iterable[OpenQuestion], wishes: Wishes) -> Wishes:
    """Ask each, but for renames of what has got a new name, or has had an old one, by an answer before."""
    from pwmig.text import Ink, printable

    ink, taken = Ink(), set[tuple[str | None, str]]()
    for question in questions:
        if {(question.table, question.old), (question.table, question.new)} & taken and question.kind == "rename":
            continue
        print(f"{ink('?', 'blue')} {ink(printable(question.about), 'bold')}")
        for line in question.evidence:
            print(f"  {printable(line)}")
        if question.kind == "rename":
            agreed = _yes_or_no(ink)
            if agreed:
                taken |= {(question.table, question.old), (question.table, question.new)}
            wishes = wishes.with_answer(question, agreed)
        else:
            wishes = wishes.with_answer(question, _typed(question))
    return wishes


def _yes_or_no(ink: Ink) -> bool:
    while True:
        answer = _input("  [y/n] ").lower()
        if answer in ("y", "yes", "n", "no"):
            return answer in ("y", "yes")
        print(f"  {ink('y or n', 'yellow')}")


def _typed(question: OpenQuestion) -> str:
    if question.kind == "cast":
        return _input("  SQL for the new value: ")
    from pwmig.drafting.wishes import require_value

    while True:
        value = _input(f"  value ({question.type}): ")
        try:
            require_value(question, value)
        except PlanError as error:
            _print_again(error)
        else:
            return value


def _input(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        print()
        raise PlanError(
            "nothing was written: the questions have no answers", way_out="run it again and answer, or give the options"
        ) from None


def _preview(project: Project, draft: Draft) -> None:
    """Each file's code, then what all of them do to a copy."""
    from pwmig.text import Ink, printable, run_lines, sql_lines

    ink = Ink()
    for file in draft.files:
        print(ink(f"# {printable(file.name)}.py", "dim"))
        print("\n".join(map(printable, file.source.splitlines())))
    with Progress(quiet=True) as progress, prints_aside():
        run = project.preview(draft.whole, name=draft.files[0].name, listener=progress)
    print_lines(sql_lines(run, ink))
    print()
    print_lines(run_lines(run, ink))


def _tell(draft: Draft) -> None:
    from pwmig.text import Ink, printable

    ink = Ink()
    for note in draft.notes:
        print(f"{ink('note', 'yellow' if note.lost or note.refused else 'blue')}: {printable(note.text)}")
