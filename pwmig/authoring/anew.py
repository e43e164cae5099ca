"""Columns that are dropped and added: what comes to be computed, and what is while a type that it reads is another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pwmig import diff as d
from pwmig.diff.compare import is_on
from pwmig.diff.texts import words_of
from pwmig.records import dataclass
from pwmig.schema import Check, Column, ForeignKey, Index, Schema, Table, Unique

if TYPE_CHECKING:
    from pwmig.dialects.migrated import MigrationTerms

__all__ = ["Anew", "Texts", "anew", "is_anew", "with_own_checks"]

Placed = list[tuple[int, d.Change]]
Texts = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Anew:
    """A column that goes ahead of the place ``first`` and comes behind ``last``, with what stands on it and stays.

    ``gone`` are those of the ``indexes`` that do not come again, ``coming`` those of the ``constraints`` that the
    column's definition does not bring.
    """

    table: str
    before: Column
    after: Column
    first: int
    last: int
    indexes: tuple[Index, ...]
    gone: tuple[Index, ...]
    constraints: tuple[Unique | ForeignKey | Check, ...]
    coming: tuple[Unique | ForeignKey | Check, ...]


def with_own_checks(
    changes: tuple[d.Change, ...],
    before: Schema,
    after: Schema,
    terms: MigrationTerms,
    held: Mapping[str, str],
    texts: Mapping[str, str],
) -> tuple[d.Change, ...]:
    """The changes, and that checks which stay go and come, where they are parts of columns that go, or that come.

    ``held`` and ``texts`` are what the database keeps of tables before and after, by their names of then: of a database
    that keeps none, a check tells its column.
    """
    made = list(changes)
    for table in after.tables:
        was = before.table(table.name)
        own = [one for one in made if one.table == table.name and isinstance(one, (d.AddColumn, d.DropColumn))]
        if was is None or not own or not terms.redefines:
            continue
        for check in was.checks:
            ends = ((one.column, held if one.sign == "-" else texts) for one in own)
            along = any(terms.takes_along(column, check, text.get(table.name)) for column, text in ends)
            if along and check in table.checks:
                made.insert(made.index(own[0]), d.DropCheck(table.name, check))
                made.insert(made.index(own[-1]) + 1, d.AddCheck(table.name, check))
    return tuple(made)


def is_anew(change: d.AlterColumn, terms: MigrationTerms, *, back: bool) -> bool:
    """Whether a column is dropped and added, since one of the two is computed.

    A computed one that comes to hold values keeps what it shows; on the way back it gets what it held before.
    """
    old, new = change.before.generated, change.after.generated
    if old is None or new is None:
        return (old is None) != (new is None) and (old is None or back)
    return not terms.alters_generated and any(fact.name.startswith("generated") for fact in change.facts)


def anew(
    changes: Placed, before: Table, after: Table, terms: MigrationTerms, texts: Texts, *, back: bool
) -> Iterator[Anew]:
    """The columns of one table that are made anew; ``before`` is told in the names of ``after``.

    ``texts`` are the table's own before and after, where the database keeps and pwmig knows them.
    """
    altered = {change.after.name: (place, change) for place, change in changes if isinstance(change, d.AlterColumn)}
    made = {name for name, (_, change) in altered.items() if is_anew(change, terms, back=back)}
    typed = {
        name: place
        for name, (place, change) in altered.items()
        if name not in made and any(fact.name == "type" for fact in change.facts)
    }
    names = {change.name: change.old_name for _, change in changes if isinstance(change, d.RenameColumn)}
    for column in after.columns:
        old = before.column(column.name)
        if old is None:
            continue
        places = [altered[column.name][0]] if column.name in made else []
        if terms.generated_hold_types and old.generated is not None and column.generated is not None:
            read = words_of(old.generated) | words_of(column.generated)
            places += [place for name, place in typed.items() if {name.lower(), names.get(name, name).lower()} & read]
            if places and column.name in altered:
                places.append(altered[column.name][0])
        if places:
            yield _made(changes, before, after, old, column, min(places), max(places), terms, texts)


def _made(
    changes: Placed,
    before: Table,
    after: Table,
    old: Column,
    new: Column,
    first: int,
    last: int,
    terms: MigrationTerms,
    texts: Texts,
) -> Anew:
    own = {new.name}
    gone = {change.index.name: place for place, change in changes if isinstance(change, d.DropIndex)}
    indexes = tuple(one for one in before.indexes if is_on(one, own) and gone.get(one.name, first) >= first)
    lost = tuple(one for one in indexes if one.name in gone)
    constraints: list[Unique | ForeignKey | Check] = []
    coming: list[Unique | ForeignKey | Check] = []
    for there, wanted in _constraints(before, after):
        for thing in there:
            goes, comes = terms.takes_along(old, thing, texts[0]), terms.takes_along(new, thing, texts[1])
            if thing not in wanted or not (goes or comes or is_on(thing, own)):
                continue
            if terms.redefines or not goes:  # A text that is replayed may have it beside its column.
                constraints.append(thing)
            if not comes:
                coming.append(thing)
    return Anew(after.name, old, new, first, last, indexes, lost, tuple(constraints), tuple(coming))


def _constraints(
    before: Table, after: Table
) -> Iterable[tuple[tuple[Unique | ForeignKey | Check, ...], tuple[Unique | ForeignKey | Check, ...]]]:
    yield before.uniques, after.uniques
    yield before.foreign_keys, after.foreign_keys
    yield before.checks, after.checks
