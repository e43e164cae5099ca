"""Names that change in a circle: one of them goes through a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from pwmig.diff import AlterIndex, Change, RenameColumn, RenameTable
from pwmig.diff.case import Case
from pwmig.diff.graph import is_new_name
from pwmig.schema import Schema

__all__ = ["passing_names", "through_free_names"]

_LONGEST = 63
_SUFFIX = "_before"


def through_free_names(changes: Sequence[Change], before: Schema, after: Schema) -> tuple[Change, ...]:
    """The changes, with a rename more wherever one would take a name that another only gives up behind it."""
    case = Case.of(before, after)
    taken: set[str] = set()
    made: list[Change] = []
    waiting = list(changes)
    while waiting:
        change = waiting.pop(0)
        if isinstance(change, (RenameColumn, RenameTable)) or is_new_name(change):
            later = next((place for place, other in enumerate(waiting) if _holds(case, other, change)), None)
            if later is not None:
                taken = taken or set(_names(before, after))
                first, waiting[later] = _in_two(waiting[later], before, taken)
                made.append(first)
        made.append(change)
    return tuple(made)


def _in_two(change: Change, before: Schema, taken: set[str]) -> tuple[Change, Change]:
    """A rename by way of a name that nothing has, which is ``taken`` then."""
    if isinstance(change, RenameColumn):
        free = _free(change.old_name, taken)
        return replace(change, name=free), replace(change, old_name=free)
    if isinstance(change, AlterIndex):
        passing = replace(change.before, name=_free(change.before.name, taken))
        return replace(change, after=passing), replace(change, before=passing)
    assert isinstance(change, RenameTable)
    table = before.table(change.old_name)
    plain = change.old_name if table is None else table.plain_name
    free = change.old_name[: len(change.old_name) - len(plain)] + _free(plain, taken)
    return replace(change, table=free), replace(change, old_name=free)


def passing_names(changes: Sequence[Change], after: Schema) -> dict[str, str]:
    """The names that tables have for a while, and those that they had before."""
    renames = (change for change in changes if isinstance(change, RenameTable))
    return {one.table: one.old_name for one in renames if after.table(one.table) is None}


def _holds(case: Case, other: Change, change: Change) -> bool:
    """Whether a rename that comes later gives up the name that the change takes."""
    if isinstance(change, RenameColumn) and isinstance(other, RenameColumn):
        same = case.table(change.table) == case.table(other.table)
        return same and case.column(other.old_name) == case.column(change.name)
    if isinstance(change, RenameTable) and isinstance(other, RenameTable):
        return case.table(other.old_name) == case.table(change.table)
    if is_new_name(change) and is_new_name(other):
        return other.before.name.lower() == change.after.name.lower()
    return False


def _names(*schemas: Schema) -> Iterator[str]:
    """What nothing may be called, folded. PostgreSQL's indexes and sequences have their names among the tables'."""
    for schema in schemas:
        yield from (one.plain_name.lower() for one in (*schema.tables, *schema.views, *schema.sequences))
        for table in schema.tables:
            yield from (name.lower() for name in table.column_names)
            yield from (index.name.lower() for index in table.indexes)
            yield from (unique.name.lower() for unique in table.uniques if unique.name)


def _free(name: str, taken: set[str]) -> str:
    """A name that nothing has, short enough for any database."""
    suffixes = (_SUFFIX if number == 1 else f"{_SUFFIX}_{number}" for number in count(1))
    names = (name.encode()[: _LONGEST - len(end)].decode(errors="ignore") + end for end in suffixes)
    made = next(one for one in names if one.lower() not in taken)
    taken.add(made.lower())
    return made
