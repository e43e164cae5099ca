"""Computed columns that come to hold values, ahead of all else that is to be done with their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig import diff as d
from pwmig.diff.case import Case
from pwmig.schema import Check, Column, ForeignKey, Schema, Table, Unique

if TYPE_CHECKING:
    from pwmig.authoring.answers import Answers

__all__ = ["Constraint", "settled", "taken_away"]

Constraint = tuple[str, ForeignKey | Unique | Check]
"""A table, and a constraint of it."""


def taken_away(changes: Sequence[d.Change], old_names: Mapping[str, str]) -> set[Constraint]:
    """The constraints that changes take away or make others of, each with its table's name of before."""
    found: set[Constraint] = set()
    for change in changes:
        table = old_names.get(change.table, change.table)
        match change:
            case d.DropForeignKey():
                found.add((table, change.foreign_key))
            case d.DropUnique():
                found.add((table, change.unique))
            case d.DropCheck():
                found.add((table, change.check))
            case d.AlterForeignKey() | d.AlterUnique() | d.AlterCheck():
                found.add((table, change.before))
    return found


def settled(live: Schema, declared: Schema, changes: Sequence[d.Change], answers: Answers) -> Schema:
    """``live`` with the columns that come to hold what is computed in them now, where more is done to their tables.

    What they are computed from may be dropped or renamed by that, and they may be filled: all that takes a column that
    holds its values.
    """
    tables = tuple(_table(one, live, declared, changes, answers) for one in live.tables)
    return live if tables == live.tables else replace(live, tables=tables)


def _table(table: Table, live: Schema, declared: Schema, changes: Sequence[d.Change], answers: Answers) -> Table:
    name = answers.tables.get(table.name, table.name)
    wanted = declared.table(name)
    own = [change for change in changes if change.table in (name, table.name)]
    if wanted is None or all(_only_computes(change) for change in own):
        return table
    coming = set(_coming(table, wanted, answers, Case.of(live, declared)))
    columns = (
        replace(one, generated=None, generated_kind=None, nullable=True) if one in coming else one
        for one in table.columns
    )
    return replace(table, columns=tuple(columns))


def _coming(table: Table, wanted: Table, answers: Answers, case: Case) -> Iterator[Column]:
    """The columns of a table that hold values from now on."""
    new = {case.column(one.name): one for one in wanted.columns}
    for column in table.columns:
        called = answers.columns.get((table.name, column.name), column.name)
        comes = new.get(case.column(called))
        if column.generated is not None and comes is not None and comes.generated is None:
            yield column


def _only_computes(change: d.Change) -> bool:
    facts = change.facts if isinstance(change, d.AlterColumn) else ()
    return bool(facts) and all(fact.name.startswith("generated") for fact in facts)
