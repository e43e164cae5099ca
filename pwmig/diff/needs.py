"""What a change brings and takes away, and what has to be there for it: the reasons of the order of changes.

Things are told by keys, folded to lower case: one name too many in a key makes a change wait for nothing, one too
few lets it fail. Texts are taken for the words in them, which may name tables, views, types, sequences and
routines; and a column, where its table is named too.

A view is another one when its text is: another view on it is dropped before that and made anew behind it. So is
what PostgreSQL won't have on a column that gets another type (views, generated columns, policies, rules, triggers):
such a column has a key of its own for that, ``seen``. A column that comes to be computed, or is so no more, is
another one too, for those that are computed from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any

from pwmig.diff import changes as c
from pwmig.diff.texts import words_of
from pwmig.records import dataclass
from pwmig.schema import (
    Check,
    Column,
    Event,
    Exclusion,
    Extension,
    ForeignKey,
    Index,
    IndexPart,
    Namespace,
    Policy,
    Routine,
    Rule,
    Sequence,
    Table,
    Trigger,
    Type,
    Unique,
    View,
)

__all__ = ["Key", "Mentions", "Need", "mentions", "need_of"]

Key = tuple[str, ...]


@dataclass(slots=True)
class Mentions:
    """What a thing can't be without: keys of things, and words of its texts beside the table that it belongs to."""

    keys: set[Key] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    def text(self, *texts: str | None) -> None:
        for text in texts:
            if text:
                self.words |= words_of(text)

    def columns(self, table: str, names: Iterable[str]) -> None:
        self.keys.update(_column(table, name) for name in names)

    def also(self, other: Mentions) -> None:
        self.keys |= other.keys
        self.words |= other.words


@dataclass(slots=True)
class Need:
    """Of one change: what it ``brings`` and ``takes``, what it ``needs`` to be there, what it ``leaves`` alone then.

    ``moves`` are the names that it frees, while who mentions them follows by itself.
    """

    brings: set[Key] = field(default_factory=set)
    takes: set[Key] = field(default_factory=set)
    moves: set[Key] = field(default_factory=set)
    needs: Mentions = field(default_factory=Mentions)
    leaves: Mentions = field(default_factory=Mentions)


def need_of(change: c.Change) -> Need:
    """What a change brings, takes, needs and leaves."""
    need = Need()
    if change.of_table and not isinstance(change, (c.CreateTable, c.DropTable)):
        need.needs.keys.add(_table(change.table))
        need.needs.keys.add(("word", _plain(change.table)))  # No column that is called so is meant.
        if change.sign == "-":
            need.leaves.keys.add(_table(change.table))
    match change:
        case c.RenameTable():
            need.needs = Mentions()
            need.brings, need.moves = set(_names_of_table(change.table)), set(_names_of_table(change.old_name))
        case c.RenameColumn():
            need.brings.add(_column(change.table, change.name))
            need.moves.add(_column(change.table, change.old_name))
        case c.AlterPrimaryKey():
            need.needs.columns(change.table, change.after)
            need.leaves.columns(change.table, change.before)
            need.brings.add(_key(change.table, change.after))
            need.takes.add(_key(change.table, change.before))
        case c.Altered():
            _altered(need, change)
        case c.DropCheck(check=check) if is_of_renamed(check):
            _whole(need, change)
            need.leaves.keys.discard(_column(change.table, check.column or ""))
            need.needs.keys.add(_column(change.table, check.column or ""))
        case _:
            _whole(need, change)
    return need


def is_of_renamed(check: Check) -> bool:
    """Whether a check stands in the definition of a column (MariaDB) that has another name in its text, an old one."""
    return check.column is not None and check.column.lower() not in words_of(check.expression)


def _altered(need: Need, change: c.Altered) -> None:
    need.needs.also(mentions(change.after, change.table))
    need.leaves.also(mentions(change.before, change.table))
    if not isinstance(change, c.AlterColumn):
        # The columns that it is about before and after stay; what goes under the name of one is another one.
        need.leaves.keys -= {key for key in need.needs.keys if key[0] == "column"}
    if isinstance(change, c.AlterColumn):
        # What goes under its name is another column, whose name it takes before.
        need.leaves.keys.discard(_column(change.table, change.before.name))
        need.needs.keys.add(_column(change.table, change.after.name))
        if "type" in change.differing or (change.before.generated is None) != (change.after.generated is None):
            key = ("seen", *_column(change.table, change.after.name)[1:])
            need.brings.add(key)
            need.takes.add(key)
    elif isinstance(change, c.AlterView):
        if not {"sql", "materialized"}.isdisjoint(change.differing):
            need.brings |= set(_names_of_table(change.table))
            need.takes |= set(_names_of_table(change.table))
    elif not isinstance(change, c.AlterTable):
        old, new = set(_names(change.before, change.table)), set(_names(change.after, change.table))
        need.brings |= new - old
        need.moves |= old - new


def _whole(need: Need, change: c.Change) -> None:
    """What comes or goes whole is its last field."""
    thing = getattr(change, list(change.__dataclass_fields__)[-1])
    if change.sign == "+":
        need.brings |= set(_names(thing, change.table))
        need.needs.also(mentions(thing, change.table))
    elif change.sign == "-":
        need.takes |= set(_names(thing, change.table))
        need.leaves.also(mentions(thing, change.table))


# -- the names of a thing


def _plain(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _table(name: str) -> Key:
    return "table", name.lower()


def _column(table: str, name: str) -> Key:
    return "column", table.lower(), name.lower()


def _key(table: str, columns: Iterable[str]) -> Key:
    return "key", table.lower(), *(name.lower() for name in columns)


def _names_of_table(name: str) -> Iterator[Key]:
    yield _table(name)
    yield "word", _plain(name)
    yield "word", name.lower()


def _names(thing: Any, table: str) -> Iterator[Key]:
    """The keys that are there when the thing is."""
    match thing:
        case Table():
            yield from _names_of_table(thing.name)
            for column in thing.columns:
                yield from _sequence_of(column)
            for one in (*thing.indexes, *thing.uniques, *thing.foreign_keys, *thing.checks, *thing.triggers):
                yield from _names(one, thing.name)
        case View():
            yield from _names_of_table(thing.name)
            for one in (*thing.indexes, *thing.triggers):
                yield from _names(one, thing.name)
        case Sequence() | Type() | Routine():
            yield "word", thing.plain_name.lower()
        case Namespace():
            yield "namespace", thing.name.lower()
        case Column():
            yield _column(table, thing.name)
            yield from _sequence_of(thing)
        case Index() | Unique():
            if thing.name:
                yield "index", thing.name.lower()
            yield _key(table, thing.columns)
        case ForeignKey() | Check() | Exclusion():
            if thing.name:
                yield "constraint", thing.name.lower()
        case Trigger():
            yield "trigger", thing.name.lower()
        case Policy() | Rule():
            yield type(thing).__name__, table.lower(), thing.name.lower()
        case Event() | Extension():
            yield type(thing).__name__, thing.name.lower()


def _sequence_of(column: Column) -> Iterator[Key]:
    if column.sequence is not None:
        yield "word", column.sequence.plain_name.lower()


# -- what a thing mentions


def mentions(thing: Any, table: str) -> Mentions:
    """What has to be there for a thing; ``table`` is the one it belongs to."""
    found = Mentions()
    schema = getattr(thing, "schema", None)
    if schema is not None:
        found.keys.add(("namespace", schema.lower()))
    match thing:
        case Table():
            _table_mentions(found, thing)
        case View():
            found.text(thing.sql)
            for one in (*thing.indexes, *thing.triggers):
                found.also(mentions(one, thing.name))
        case Type():
            found.text(thing.base, thing.default, thing.definition, thing.collation)
            for part in (*thing.checks, *thing.attributes):
                found.also(mentions(part, thing.name))
        case Routine():
            found.text(thing.sql, thing.arguments)
        case Event():
            found.text(thing.sql)
        case Sequence() | Namespace() | Extension():
            pass
        case _:
            _part_mentions(found, thing, table)
    return found


def _table_mentions(found: Mentions, thing: Table) -> None:
    if thing.partition_of is not None:
        found.keys.add(_table(thing.partition_of))
    found.keys.update(map(_table, thing.inherits))
    found.text(thing.partitioning, thing.partition_bound)
    parts = (*thing.columns, *thing.indexes, *thing.uniques, *thing.foreign_keys, *thing.checks, *thing.triggers)
    for part in (*parts, *thing.exclusions, *thing.rules, *thing.policies):
        found.also(mentions(part, thing.name))


def _part_mentions(found: Mentions, thing: Any, table: str) -> None:
    match thing:
        case Column():
            found.text(thing.type, thing.default, thing.generated, thing.on_update)
        case Index():
            _parts_mentions(found, thing.parts, table)
            found.columns(table, thing.include)
            found.text(thing.predicate)
        case Unique():
            found.columns(table, (*thing.columns, *thing.include))
            _parts_mentions(found, thing.parts, table)
        case ForeignKey():
            found.columns(table, thing.columns)
            found.keys |= {_table(thing.ref_table), _key(thing.ref_table, thing.ref_columns)}
            found.columns(thing.ref_table, thing.ref_columns)
        case Check():
            found.text(thing.expression)
        case Exclusion():
            found.text(thing.definition)
        case Trigger() | Rule():
            found.text(thing.sql)
        case Policy():
            found.text(thing.using, thing.check)


def _parts_mentions(found: Mentions, parts: Iterable[IndexPart], table: str) -> None:
    for part in parts:
        found.columns(table, [part.column] if part.column is not None else [])
        found.text(part.expression, part.operator_class)
