"""What nobody has said yet: renames, values, conversions; each with what was seen, and only where it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.authoring import Answers, Asked, Authored, Question
from pwmig.diff import rename_candidates
from pwmig.diff.renames import Renames
from pwmig.drafting.records import OpenQuestion, Wishes
from pwmig.drafting.sight import Sight
from pwmig.errors import PlanError
from pwmig.schema import Column, Schema, Table

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.evidence import Evidence, Example, Misfits
    from pwmig.dialects.migrated import MigrationTerms

__all__ = ["rename_questions", "value_questions"]


def rename_questions(
    sight: Sight, live: Schema, wanted: Schema, answers: Answers, wishes: Wishes
) -> tuple[OpenQuestion, ...]:
    """What may be a rename and was not answered, the likeliest first; ``live`` and ``wanted`` are as they compare."""
    if wishes.no_renames:
        return ()
    told = Renames(live, wanted, answers.tables, answers.columns).translated(live)
    known = {live.key(table.name) for table in live.tables}
    beside = [table for table in sight.unmodelled if live.key(table.name) not in known]
    found = rename_candidates(told, wanted, beside=(beside, ()))
    return tuple(
        _rename_question(one.table, one.old_name, one.new_name, one.score, one.evidence)
        for one in sorted(found, key=lambda one: one.table is not None)
        if (one.table, one.old_name, one.new_name) not in wishes.declined
    )


def _rename_question(table: str | None, old: str, new: str, score: float, evidence: Iterable[str]) -> OpenQuestion:
    said = f"{old}:{new}" if table is None else f"{table}.{old}:{new}"
    about = f"is table {old} now called {new}?" if table is None else f"is column {table}.{old} now called {new}?"
    words = ", ".join(evidence)
    return OpenQuestion(
        "rename",
        about,
        (_option("--rename-table" if table is None else "--rename", said),),
        table=table,
        old=old,
        new=new,
        evidence=(f"{score:.0%} likely" + (f": {words}" if words else ""),),
    )


def value_questions(
    made: Authored,
    live: Schema,
    wanted: Schema,
    terms: MigrationTerms,
    evidence: Evidence,
    reached: Callable[[], peewee.Database | None],
) -> Iterator[OpenQuestion]:
    """The questions of a migration that rows make necessary. ``reached`` gives the database with these rows.

    Raises PlanError for a conversion that was told and that rows don't go through.
    """
    for question in made.questions:
        database, (old_table, old_column) = reached(), question.before
        table, after = live.table(old_table), wanted.table(question.table)
        column = after.column(question.column) if after is not None else None
        if database is None or table is None or after is None or column is None:
            continue
        match question.asked:
            case Asked.ADDED:
                if count := evidence.row_count(database, table):
                    seen = f"{_rows(count)} {'is' if count == 1 else 'are'} there, and nothing says what they get in it"
                    yield _fill_question(question, column, terms.term(after, column).kind, seen, *_told(made, question))
            case Asked.REQUIRED:
                if count := evidence.null_count(database, table, old_column):
                    seen = f"{_rows(count)} {'holds' if count == 1 else 'hold'} NULL in it"
                    yield _fill_question(question, column, terms.term(after, column).kind, seen, *_told(made, question))
            case Asked.CONVERTED:
                before = table.column(old_column)
                told = terms.told_type(after, column)
                misfits = before and evidence.misfits(database, table, before, told, typed=True)
                if misfits:
                    yield _cast_question(question, table, replace(column, type=told), misfits)


def require_casts(
    live: Schema,
    wanted: Schema,
    terms: MigrationTerms,
    answers: Answers,
    evidence: Evidence,
    database: peewee.Database | None,
) -> None:
    """Raise PlanError with count and examples where rows don't go through a conversion that was told."""
    reverse = {new: old for old, new in answers.tables.items()}
    columns = {(table, new): old for (table, old), new in answers.columns.items()}
    for (name, column_name), cast in answers.casts.items() if database is not None else ():
        table, after = live.table(reverse.get(name, name)), wanted.table(name)
        column = table.column(columns.get((table.name, column_name), column_name)) if table is not None else None
        made = after.column(column_name) if after is not None else None
        if database is None or table is None or column is None or after is None or made is None:
            continue
        type_ = terms.told_type(after, made)
        there = terms.renamed(cast, {new: old for (of, new), old in columns.items() if of == table.name})
        misfits = evidence.misfits(database, table, column, type_, there, required=not made.nullable, typed=True)
        if misfits:
            raise PlanError(
                f"{cast} does not convert {name}.{column_name} to {type_}",
                why="\n".join(_seen(table, misfits, type_)),
                way_out="mend these values first, or give another SQL that makes a value of each",
            )


def _told(made: Authored, question: Question) -> Iterator[str]:
    """Why a default of the model's does not answer it."""
    place = question.table, question.column
    return (note.text for note in made.notes if (note.table, note.column) == place)


def _fill_question(question: Question, column: Column, field: str, *seen: str) -> OpenQuestion:
    return OpenQuestion(
        "fill",
        f"{question.about}: what do the rows there get?",
        (_option("--fill", f"{question.table}.{question.column}=VALUE"),),
        table=question.table,
        column=question.column,
        type=column.type,
        field=field,
        evidence=seen,
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _cast_question(question: Question, table: Table, column: Column, misfits: Misfits) -> OpenQuestion:
    return OpenQuestion(
        "cast",
        f"{question.about}: how do the values convert?",
        (_option("--using", f"{question.table}.{question.column}=SQL"),),
        table=question.table,
        column=question.column,
        type=column.type,
        evidence=tuple(_seen(table, misfits, column.type)),
    )


def _seen(table: Table, misfits: Misfits, type_: str) -> Iterator[str]:
    if misfits.impossible:
        yield misfits.impossible
    if misfits.count:
        yield f"{_rows(misfits.count)} of {table.name} would not come out as they are"
    yield from (_example(example, type_) for example in misfits.examples)


def _example(example: Example, type_: str) -> str:
    where = f" (key {', '.join(map(str, example.key))})" if example.key else ""
    if example.after is None:
        reason = f": {example.reason}" if example.reason else ""
        return f"{example.before}{where} is no {type_}{reason}"
    return f"{example.before}{where} would become {example.after}"


def _option(name: str, value: str) -> str:
    """An option as a shell takes it."""
    import shlex

    return f"{name} {shlex.quote(value)}"
