"""A draft: the migration that makes the database what the models declare, or the questions that are open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from pwmig.authoring import Answers, Authored, Note, author, author_each
from pwmig.declared import compare
from pwmig.drafting.asking import rename_questions, require_casts, value_questions
from pwmig.drafting.letters import letters
from pwmig.drafting.names import suggested_name
from pwmig.drafting.records import Draft, DraftFile, OpenQuestion, Wishes
from pwmig.drafting.refusals import refusals
from pwmig.drafting.sight import Sight, look, reached
from pwmig.drafting.wishes import answers_of
from pwmig.errors import PlanError
from pwmig.files import NAME_LIMIT
from pwmig.operations import AddColumn, AlterColumnType, Backfill, ChangeColumn
from pwmig.schema import Schema

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.project import Project

__all__ = ["draft"]

_NOTHING = Wishes()


def draft(
    project: Project, name: str | None = None, wishes: Wishes = _NOTHING, *, listener: Listener | None = None
) -> Draft:
    """What :meth:`pwmig.Project.draft` gives."""
    sight = look(project, listener)
    answers = answers_of(wishes, sight, project.dialect.migration_terms)
    live, wanted = _sides(sight, answers)
    renames = rename_questions(sight, live, wanted, answers, wishes)
    if renames:
        return Draft(questions=renames, guesses=sight.guesses)
    made = author(live, wanted, project.dialect.migration_terms, answers, sight.texts)
    questions, notes = _evidence(project, made, live, wanted, answers, listener) if made else ((), ())
    if questions:
        return Draft(questions=questions, guesses=sight.guesses)
    _require_used(answers, made)
    if not made:
        pending = {file.name for file in project.files()} - {row.name for row in project.applied()}
        return Draft(guesses=sight.guesses, pending=bool(pending))
    parts = _parts(project, sight, live, wanted, answers) if wishes.split else (made,)
    return Draft(
        tuple(_files(parts, name, project.config.config)),
        made.source(project.config.config),
        notes=notes,
        guesses=sight.guesses,
    )


def _with_fate(notes: Iterable[Note], has_rows: Callable[[str], bool], *, kept: bool) -> Iterator[Note]:
    """The notes with what becomes of the values that go, where a table has any; it is asked of those by their names
    in the models."""
    fate = "the attic keeps them" if kept else "nothing keeps them, as the config says attic = false"
    for note in notes:
        if not note.lost:
            yield note
        elif has_rows(note.table):
            yield replace(note, text=f"{note.text}; {fate}")
        elif note.rowless:
            yield replace(note, text=f"{note.rowless}; no row is there", lost=False)


def _parts(project: Project, sight: Sight, live: Schema, wanted: Schema, answers: Answers) -> tuple[Authored, ...]:
    terms = project.dialect.migration_terms
    with letters(project.dialect, project.database, sight.texts) as carried_out:
        return author_each(live, wanted, terms, answers, sight.texts, carried_out)


def _files(parts: Sequence[Authored], name: str | None, config: str) -> Iterator[DraftFile]:
    """Each is called what it does; where a name was given, that stands in front."""
    for part in parts:
        own = suggested_name(part.forward)
        told = own if name is None else name if len(parts) == 1 else f"{name}_{own}"[:NAME_LIMIT].strip("_")
        yield DraftFile(told, part.source(config))


def _sides(sight: Sight, answers: Answers) -> tuple[Schema, Schema]:
    """Both schemas as they compare; the tables that go are on the left side only."""
    live, wanted = compare(sight.live, sight.declared, renamed_tables=answers.tables, renamed_columns=answers.columns)
    there = {table.name for table in live.tables}
    gone = [table for table in sight.gone if table.name not in there and table.name not in answers.tables]
    if gone:
        live = replace(live, tables=tuple(sorted((*live.tables, *gone), key=lambda table: table.name)))
    return live, wanted


def _evidence(
    project: Project, made: Authored, live: Schema, wanted: Schema, answers: Answers, listener: Listener | None
) -> tuple[tuple[OpenQuestion, ...], tuple[Note, ...]]:
    """What rows make necessary to ask; and once all is answered what they will refuse, and what else is to be told.

    The database is opened for it where there is something to look for, once.
    """
    evidence, terms = project.dialect.evidence, project.dialect.migration_terms
    with ExitStack() as stack:
        database = cache(lambda: stack.enter_context(reached(project, listener)))
        found = tuple(value_questions(made, live, wanted, terms, evidence, database))
        if found:
            return found, ()
        if answers.casts:
            require_casts(live, wanted, terms, answers, evidence, database())
        refused = refusals(made, live, wanted, answers, evidence, database)

        @cache
        def has_rows(name: str) -> bool:
            table, reader = live.table(old_names.get(name, name)), database()
            return table is not None and reader is not None and evidence.row_count(reader, table, most=1) > 0

        old_names = {new: old for old, new in answers.tables.items()}
        return (), (*refused, *_with_fate(made.notes, has_rows, kept=project.config.attic))


def _require_used(answers: Answers, made: Authored) -> None:
    """A value or a conversion that goes nowhere was meant for something else."""
    adds = [one for one in made.forward if isinstance(one, AddColumn) and one.column.default is not None]
    filled = {(one.table, one.column.name) for one in adds}
    filled |= {(one.table, one.column) for one in made.forward if isinstance(one, Backfill)}
    typed = [one for one in made.forward if isinstance(one, (AlterColumnType, ChangeColumn))]
    cast = {(one.table, one.column) for one in typed if one.cast is not None}
    for option, told, used in (("--fill", answers.fills, filled), ("--using", answers.casts, cast)):
        for table, column in told:
            if (table, column) not in used:
                raise PlanError(
                    f"{option} {table}.{column} has nothing to do",
                    why="no column that becomes required is called so" if option == "--fill" else "its type stays",
                    way_out="leave it out",
                )
