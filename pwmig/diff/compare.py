"""Two schemas held side by side: which things are the same, and in which facts they differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pwmig.diff import changes as c
from pwmig.diff.renames import Renames
from pwmig.diff.texts import same_default, same_text
from pwmig.schema import Check, ForeignKey, Index, IndexPart, Schema, Table, Trigger, Unique

__all__ = ["Comparison"]

_Thing = TypeVar("_Thing")
_Same = Callable[[Any, Any], bool]


class Comparison:
    """``before`` told in the names of ``after``, and the changes between the two, in no certain order."""

    def __init__(self, before: Schema, after: Schema, renames: Renames) -> None:
        self._renames = renames
        self._reclaimed = renames.reclaimed(before)
        gone = {(change.table.lower(), change.column.name.lower()) for change in self._reclaimed_columns()}
        tables = {change.table.lower() for change in self._reclaimed if isinstance(change, c.DropTable)}
        self._old = Schema(
            tuple(_without(table, gone) for table in before.tables if table.name.lower() not in tables), before.views
        )
        self._before = renames.translated(self._old)
        self._after = after

    def _reclaimed_columns(self) -> Iterator[c.DropColumn]:
        return (change for change in self._reclaimed if isinstance(change, c.DropColumn))

    def changes(self) -> Iterator[c.Change]:
        for change in self._reclaimed:
            yield (
                replace(change, table=self._renames.table(change.table)) if isinstance(change, c.DropColumn) else change
            )
        yield from self._renames.changes()
        old_names = {self._renames.table(table.name).lower(): table.name for table in self._old.tables}
        pairs, gone, come = by_name(self._before.tables, self._after.tables)
        for before, after in pairs:
            if before != after:
                yield from TableComparison(before, after, self._renames, old_names[before.name.lower()]).changes()
        yield from (c.DropTable(table.name, table) for table in gone)
        yield from (c.CreateTable(table.name, table) for table in come)
        yield from self._views()

    def _views(self) -> Iterator[c.Change]:
        words = self._renames.words()
        pairs, gone, come = by_name(self._before.views, self._after.views)
        for before, after in pairs:
            if not same_text(before.sql, after.sql, words):
                yield c.AlterView(after.name, before, after, ("sql",))
            yield from _triggers(after.name, before.triggers, after.triggers, words)
        yield from (c.DropView(view.name, view) for view in gone)
        yield from (c.CreateView(view.name, view) for view in come)


class TableComparison:
    """One table before, in its new names, and after."""

    def __init__(self, before: Table, after: Table, renames: Renames, old_name: str) -> None:
        self.before = before
        self.after = after
        self.all_words = renames.words()
        self.words = renames.words(old_name)

    def changes(self) -> Iterator[c.Change]:
        yield from self._columns()
        yield from self._primary_key()
        yield from self._options()
        yield from self._indexes()
        yield from self._uniques()
        yield from self._foreign_keys()
        yield from self._checks()
        yield from _triggers(self.after.name, self.before.triggers, self.after.triggers, self.all_words)

    def _columns(self) -> Iterator[c.Change]:
        name = self.after.name
        pairs, gone, come = by_name(self.before.columns, self.after.columns)
        for before, after in pairs:
            if before != after and (facts := differing(before, after, self._column_facts())):
                yield c.AlterColumn(name, before, after, facts)
        yield from (c.AddColumn(name, column) for column in come)
        yield from (c.DropColumn(name, column) for column in gone)

    def _column_facts(self) -> dict[str, _Same]:
        return {
            "name": same_name,
            "type": lambda one, other: "".join(one.upper().split()) == "".join(other.upper().split()),
            "default": same_default,
            "collation": same_name,
            "generated": self._same_text,
        }

    def _same_text(self, before: str | None, after: str | None) -> bool:
        return same_text(before, after, self.words)

    def _primary_key(self) -> Iterator[c.Change]:
        tests: dict[str, _Same] = {
            "primary_key": same_names,
            "primary_key_name": same_name,
            "primary_key_conflict": same_name,
            "primary_key_parts": self._same_parts,
        }
        pairs = ((name, getattr(self.before, name), getattr(self.after, name)) for name in tests)
        facts = tuple(c.Fact(name, before, after) for name, before, after in pairs if not tests[name](before, after))
        if facts:
            yield c.AlterPrimaryKey(self.after.name, self.before.primary_key, self.after.primary_key, facts)

    def _options(self) -> Iterator[c.Change]:
        before, after = (sorted(table.options, key=str.lower) for table in (self.before, self.after))
        if len(before) != len(after) or not all(map(same_text, before, after)):
            yield c.AlterOptions(self.after.name, self.before.options, self.after.options)

    def _same_parts(self, before: Sequence[IndexPart], after: Sequence[IndexPart]) -> bool:
        tests = {"column": same_name, "expression": self._same_text, "collation": same_name}
        return len(before) == len(after) and not any(differing(one, other, tests) for one, other in zip(before, after))

    def _indexes(self) -> Iterator[c.Change]:
        name = self.after.name
        facts = _Facts(Index, {"name": same_name, "parts": self._same_parts, "predicate": self._same_text})
        tests = (facts.same("name"), facts.same_but("name"))
        pairs, gone, come = paired(self.before.indexes, self.after.indexes, *tests)
        yield from (c.DropIndex(name, index) for index in gone)
        yield from (c.AlterIndex(name, *pair, found) for pair in pairs if (found := facts.differing(*pair)))
        yield from (c.AddIndex(name, index) for index in come)

    def _uniques(self) -> Iterator[c.Change]:
        name = self.after.name
        facts = _Facts(Unique, {"columns": same_names, "name": same_name, "parts": self._same_parts})
        tests = (facts.same_but(), facts.same_but("name"), facts.same("columns"), _both_named)
        pairs, gone, come = paired(self.before.uniques, self.after.uniques, *tests)
        yield from (c.DropUnique(name, unique) for unique in gone)
        yield from (c.AlterUnique(name, *pair, found) for pair in pairs if (found := facts.differing(*pair)))
        yield from (c.AddUnique(name, unique) for unique in come)

    def _foreign_keys(self) -> Iterator[c.Change]:
        name = self.after.name
        facts = _Facts(
            ForeignKey, {"columns": same_names, "ref_table": same_name, "ref_columns": same_names, "name": same_name}
        )
        target = facts.same("columns", "ref_table", "ref_columns")
        tests = (facts.same_but(), facts.same_but("name"), target, _both_named, facts.same("columns"))
        pairs, gone, come = paired(self.before.foreign_keys, self.after.foreign_keys, *tests)
        yield from (c.DropForeignKey(name, key) for key in gone)
        yield from (c.AlterForeignKey(name, *pair, found) for pair in pairs if (found := facts.differing(*pair)))
        yield from (c.AddForeignKey(name, key) for key in come)

    def _checks(self) -> Iterator[c.Change]:
        name = self.after.name
        facts = _Facts(Check, {"expression": self._same_text, "name": same_name})
        tests = (facts.same_but(), facts.same("expression"), _both_named)
        pairs, gone, come = paired(self.before.checks, self.after.checks, *tests)
        yield from (c.DropCheck(name, check) for check in gone)
        yield from (c.AlterCheck(name, *pair, found) for pair in pairs if (found := facts.differing(*pair)))
        yield from (c.AddCheck(name, check) for check in come)


def _triggers(
    table: str, before: Sequence[Trigger], after: Sequence[Trigger], words: Mapping[str, str]
) -> Iterator[c.Change]:
    pairs, gone, come = by_name(before, after)
    yield from (c.DropTrigger(table, trigger) for trigger in gone)
    for old, new in pairs:
        if not same_text(old.sql, new.sql, words):
            yield c.AlterTrigger(table, old, new, ("sql",))
    yield from (c.AddTrigger(table, trigger) for trigger in come)


def _without(table: Table, gone: set[tuple[str, str]]) -> Table:
    kept = tuple(column for column in table.columns if (table.name.lower(), column.name.lower()) not in gone)
    return table if len(kept) == len(table.columns) else replace(table, columns=kept)


# -- facts


class _Facts:
    """How the fields of one kind of record are compared; a field without a test must be equal."""

    def __init__(self, kind: type, tests: Mapping[str, _Same]) -> None:
        self._tests = tests
        self._names = tuple(field.name for field in dataclasses.fields(kind))

    def differing(self, before: Any, after: Any) -> tuple[str, ...]:
        return differing(before, after, self._tests)

    def same(self, *names: str) -> _Same:
        """A test whether these fields are the same."""
        return lambda before, after: not differing(before, after, self._tests, names)

    def same_but(self, *names: str) -> _Same:
        """A test whether all fields but these are the same."""
        return self.same(*(name for name in self._names if name not in names))


def differing(
    before: Any, after: Any, tests: Mapping[str, _Same], names: Iterable[str] | None = None
) -> tuple[str, ...]:
    """The names of the fields (all, or those named) in which two records of a kind differ."""
    names = names if names is not None else (field.name for field in dataclasses.fields(after))
    return tuple(name for name in names if not tests.get(name, _equal)(getattr(before, name), getattr(after, name)))


def same_name(before: str | None, after: str | None) -> bool:
    """Whether two names are the same but for letter case."""
    return before == after or (before is not None and after is not None and before.lower() == after.lower())


def same_names(before: Sequence[str], after: Sequence[str]) -> bool:
    return len(before) == len(after) and all(map(same_name, before, after))


def _both_named(before: Any, after: Any) -> bool:
    return before.name is not None and same_name(before.name, after.name)


def _equal(before: Any, after: Any) -> bool:
    return bool(before == after)


# -- pairs


def paired(
    before: Sequence[_Thing], after: Sequence[_Thing], *tests: _Same
) -> tuple[list[tuple[_Thing, _Thing]], list[_Thing], list[_Thing]]:
    """Which things belong together, by the first test that says so, and what is left of each side."""
    gone, come = list(before), list(after)
    pairs: list[tuple[_Thing, _Thing]] = []
    for test in tests:
        for old in tuple(gone):
            new = next((one for one in come if test(old, one)), None)
            if new is not None:
                pairs.append((old, new))
                gone.remove(old)
                come.remove(new)
    return pairs, gone, come


def by_name(before: Sequence[Any], after: Sequence[Any]) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
    """Things paired by their exact names, then by their names in lower case; and what is left."""
    pairs: list[tuple[Any, Any]] = []
    gone, come = list(before), list(after)
    for key in (str, str.lower):
        wanted = {key(new.name): new for new in come}
        found = [(old, wanted.pop(key(old.name))) for old in gone if key(old.name) in wanted]
        pairs += found
        olds, news = {id(old) for old, _ in found}, {id(new) for _, new in found}
        gone = [old for old in gone if id(old) not in olds]
        come = [new for new in come if id(new) not in news]
    return pairs, gone, come
