"""Two schemas held side by side: which things are the same, and in which facts they differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

from pwmig.diff import changes as c
from pwmig.diff.alike import Alike, Same, by_name, fields_of, paired
from pwmig.diff.case import Case
from pwmig.diff.renames import Renames
from pwmig.diff.texts import words_of
from pwmig.schema import Check, Column, ForeignKey, Index, Routine, Schema, Sequence, Table, Trigger, Unique, View

__all__ = ["Comparison", "TableComparison"]

_BESIDE = tuple(
    name
    for name in fields_of(Schema)
    if name not in ("tables", "views") and isinstance(Schema.__dataclass_fields__[name].default, tuple)
)
"""The fields of a schema that hold what stands beside tables and views."""

_BY_NAME = ("exclusions", "triggers", "rules", "policies")
"""The fields of a table that hold things with a name each."""

_ON_COLUMNS = ("indexes", "uniques", "foreign_keys", "checks")
"""The fields of a table that hold what is about columns."""

_KEY = tuple(name for name in fields_of(Table) if name.startswith("primary_key"))

_OF_TABLE = tuple(
    name
    for name in fields_of(Table)
    if name not in ("name", "schema", "options", "columns", "indexes", "uniques", "foreign_keys", "checks")
    and name not in _BY_NAME
    and name not in _KEY
)
"""The fields of a table that are facts of the table itself, whichever there are."""

_OF_VIEW = tuple(name for name in fields_of(View) if name not in ("name", "triggers", "indexes"))
"""The fields of a view that are facts of the view itself."""

_CLASSES: dict[type, tuple[type[Any], type[Any], type[Any]]] = {
    Table: (c.CreateTable, c.DropTable, c.AlterTable),
    View: (c.CreateView, c.DropView, c.AlterView),
    Column: (c.AddColumn, c.DropColumn, c.AlterColumn),
    Index: (c.AddIndex, c.DropIndex, c.AlterIndex),
    Unique: (c.AddUnique, c.DropUnique, c.AlterUnique),
    ForeignKey: (c.AddForeignKey, c.DropForeignKey, c.AlterForeignKey),
    Check: (c.AddCheck, c.DropCheck, c.AlterCheck),
    Trigger: (c.AddTrigger, c.DropTrigger, c.AlterTrigger),
}
_OTHERS = (c.Added, c.Dropped, c.Altered)

_Paired = tuple[list[tuple[Any, Any]], list[Any], list[Any]]


def _changes(table: str, found: _Paired, alike: Alike, names: tuple[str, ...] | None = None) -> Iterator[c.Change]:
    """The changes of one kind of thing: pairs that differ, what is gone, what has come."""
    pairs, gone, come = found
    for thing in gone:
        yield _CLASSES.get(type(thing), _OTHERS)[1](table or thing.name, thing)
    for before, after in pairs:
        if facts := alike.differing(before, after, names):
            yield _CLASSES.get(type(after), _OTHERS)[2](table or after.name, before, after, facts)
    for thing in come:
        yield _CLASSES.get(type(thing), _OTHERS)[0](table or thing.name, thing)


def _place(thing: Any) -> tuple[object, ...]:
    """What tells a thing from the others of its kind: a name with a dot in it is not that of a thing in a schema."""
    if isinstance(thing, Routine):
        return thing.name, thing.schema, thing.kind, thing.arguments
    return thing.name, getattr(thing, "schema", None) if hasattr(thing, "plain_name") else None


def _places(case: Case) -> tuple[Callable[[Any], object], ...]:
    """What things are paired by, the exact names first."""
    if case.exact_tables:
        return (_place,)
    return _place, lambda thing: tuple(one.lower() if isinstance(one, str) else one for one in _place(thing))


class Comparison:
    """``before`` told in the names of ``after``, and the changes between the two, in no certain order."""

    def __init__(self, before: Schema, after: Schema, renames: Renames) -> None:
        self._renames = renames
        self._case = renames.case
        self._reclaimed = renames.reclaimed(before)
        self._first: list[c.Change] = []
        self._going: list[tuple[str, Any]] = []
        self._old = self._without_reclaimed(before)
        self._before = renames.translated(self._old)
        self._after = after
        self._alike = Alike(self._case, renames.words())
        self._places = _places(self._case)

    def _without_reclaimed(self, before: Schema) -> Schema:
        if not self._reclaimed:
            return before
        tables = {change.table for change in self._reclaimed if isinstance(change, c.DropTable)}
        columns = {(change.table, change.column.name) for change in self._reclaimed if isinstance(change, c.DropColumn)}
        kept = (self._unleading(table, tables) for table in before.tables if table.name not in tables)
        return replace(before, tables=tuple(self._without(table, columns) for table in kept))

    def _unleading(self, table: Table, gone: set[str]) -> Table:
        """A table without foreign keys to tables whose names others take: they go before anything has a new name."""
        left = tuple(key for key in table.foreign_keys if key.ref_table not in gone)
        if len(left) == len(table.foreign_keys):
            return table
        self._first += [c.DropForeignKey(table.name, key) for key in table.foreign_keys if key not in left]
        return replace(table, foreign_keys=left)

    def _without(self, table: Table, gone: set[tuple[str, str]]) -> Table:
        """A table without columns whose names others take, and without all that is on them.

        The check that stands in the definition of such a column goes with it, unsaid.
        """
        names = {name for of, name in gone if of == table.name}
        if not names:
            return table
        left = without_columns(table, names)
        for field in _ON_COLUMNS:
            there = getattr(left, field)
            going = (thing for thing in getattr(table, field) if thing not in there)
            self._going += [(table.name, thing) for thing in going if getattr(thing, "column", None) not in names]
        return left

    def changes(self) -> Iterator[c.Change]:
        yield from self._first
        for name, thing in self._going:
            yield _CLASSES[type(thing)][1](self._renames.table(name), thing)
        for change in self._reclaimed:
            yield (
                replace(change, table=self._renames.table(change.table)) if isinstance(change, c.DropColumn) else change
            )
        yield from self._renames.changes()
        yield from self._tables()
        yield from self._views()
        for name in _BESIDE:
            yield from self._beside(name)

    def _tables(self) -> Iterator[c.Change]:
        old_names = {self._renames.table(table.name): table.name for table in self._old.tables} if self._renames else {}
        pairs, gone, come = by_name(self._before.tables, self._after.tables, *self._places)
        for before, after in pairs:
            old = old_names.get(before.name, before.name)
            again = self._renames.again(old, after)
            if before != after or again:  # By names that others have had, equal texts say something else.
                alike = Alike(self._case, self._renames.words(old), again)
                yield from TableComparison(before, after, alike, self._alike).changes()
        yield from (c.DropTable(table.name, table) for table in gone)
        yield from (c.CreateTable(table.name, table) for table in come)

    def same_views(self) -> list[tuple[View, View]]:
        """The views that stay, as they are before and after; their triggers and indexes may be others."""
        pairs, _, _ = by_name(self._before.views, self._after.views, *self._places)
        return [pair for pair in pairs if not self._alike.differing(*pair, _OF_VIEW)]

    def _views(self) -> Iterator[c.Change]:
        found = by_name(self._before.views, self._after.views, *self._places)
        yield from _changes("", found, self._alike, _OF_VIEW)
        for before, after in found[0]:
            name = after.name
            triggers = by_name(before.triggers, after.triggers, *self._places)
            yield from _changes(name, triggers, self._alike)
            yield from _changes(name, _indexes(before.indexes, after.indexes, self._alike), self._alike)

    def _beside(self, name: str) -> Iterator[c.Change]:
        """What stands beside tables; a sequence that a column took or gave up has not come or gone, but is compared."""
        before, after = getattr(self._before, name), getattr(self._after, name)
        if before == after:
            return
        pairs, gone, come = by_name(before, after, *self._places)
        if name == "sequences":
            given, taken = _owned(self._before), _owned(self._after)
            pairs += [(one, taken[_place(one)]) for one in gone if _place(one) in taken]
            pairs += [(given[_place(one)], one) for one in come if _place(one) in given]
            gone = [one for one in gone if _place(one) not in taken]
            come = [one for one in come if _place(one) not in given]
        yield from _changes("", (pairs, gone, come), self._alike)


class TableComparison:
    """One table before, in its new names, and after. ``alike`` knows its own columns' renames, ``of_all`` all."""

    def __init__(self, before: Table, after: Table, alike: Alike, of_all: Alike) -> None:
        self.before = before
        self.after = after
        self.alike = alike
        self.of_all = of_all
        self.name = after.name

    def changes(self) -> Iterator[c.Change]:
        yield from self._columns()
        yield from self._primary_key()
        yield from self._itself()
        yield from self._constraints()
        for name in _BY_NAME:
            pairs = by_name(getattr(self.before, name), getattr(self.after, name), *_places(self.alike.case))
            yield from _changes(self.name, pairs, self.of_all)

    def _columns(self) -> Iterator[c.Change]:
        fold = self.alike.case.column
        pairs = by_name(self.before.columns, self.after.columns, lambda one: one.name, lambda one: fold(one.name))
        yield from _changes(self.name, pairs, self.alike)

    def _primary_key(self) -> Iterator[c.Change]:
        facts = tuple(
            c.Fact(name, getattr(self.before, name), getattr(self.after, name))
            for name in self.alike.differing(self.before, self.after, _KEY)
        )
        if facts:
            yield c.AlterPrimaryKey(self.name, self.before.primary_key, self.after.primary_key, facts)

    def _itself(self) -> Iterator[c.Change]:
        if self.alike.differing(self.before, self.after, ("options",)):
            yield c.AlterOptions(self.name, self.before.options, self.after.options)
        if facts := self.alike.differing(self.before, self.after, _OF_TABLE):
            yield c.AlterTable(self.name, self.before, self.after, facts)

    def _constraints(self) -> Iterator[c.Change]:
        yield from _changes(self.name, _indexes(self.before.indexes, self.after.indexes, self.alike), self.alike)
        yield from self._kind(Unique, "uniques", "columns")
        yield from self._kind(ForeignKey, "foreign_keys", "columns", "ref_table", "ref_columns")
        yield from self._kind(Check, "checks", "expression")

    def _kind(self, kind: type, field: str, *meant: str) -> Iterator[c.Change]:
        """The constraints of one kind, which need no name: ``meant`` are the fields that say which one it is."""
        alike = self.alike
        tests: list[Same] = [alike.same_but(kind), alike.same_but(kind, "name"), alike.same(*meant), alike.both_named]
        if kind is ForeignKey:
            tests.append(alike.same("columns"))
        yield from _changes(self.name, paired(getattr(self.before, field), getattr(self.after, field), *tests), alike)


def _indexes(before: tuple[Index, ...], after: tuple[Index, ...], alike: Alike) -> _Paired:
    """One whose name another takes is the same under its new one, not the one that takes it."""
    return paired(before, after, alike.same_but(Index), alike.same_but(Index, "name"), alike.same("name"))


def _owned(schema: Schema) -> dict[tuple[object, ...], Sequence]:
    """The sequences that columns of the schema count by."""
    found = (column.sequence for table in schema.tables for column in table.columns)
    return {_place(sequence): sequence for sequence in found if sequence is not None}


def without_columns(table: Table, names: Collection[str]) -> Table:
    """A table without columns, and without the indexes and the constraints that are about one of them."""
    left: dict[str, Any] = {"columns": tuple(column for column in table.columns if column.name not in names)}
    for field in _ON_COLUMNS:
        left[field] = tuple(thing for thing in getattr(table, field) if not is_on(thing, names))
    return replace(table, **left)


def is_on(thing: Index | Unique | ForeignKey | Check, columns: Collection[str]) -> bool:
    """Whether an index or a constraint is about one of the columns, in a text or by name."""
    words = {name.lower() for name in columns}
    if isinstance(thing, Check):
        return thing.column in columns or not words.isdisjoint(words_of(thing.expression))
    if isinstance(thing, ForeignKey):
        return not set(columns).isdisjoint(thing.columns)
    parts = thing.parts
    texts = [part.expression for part in parts if part.expression is not None]
    if isinstance(thing, Index) and thing.predicate is not None:
        texts.append(thing.predicate)
    named = {*thing.columns, *thing.include, *(part.column for part in parts)}
    return not set(columns).isdisjoint(named) or any(not words.isdisjoint(words_of(text)) for text in texts)
