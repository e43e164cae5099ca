"""Which changes one operation says together, and which tables of SQLite get another text as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pwmig import diff as d
from pwmig.authoring.anew import Anew, Texts, anew, is_anew
from pwmig.authoring.tables import is_usual
from pwmig.columns import NAME_LIMIT
from pwmig.diff.texts import words_of
from pwmig.records import dataclass
from pwmig.schema import Check, Column, ForeignKey, Index, Schema, Table, Unique

if TYPE_CHECKING:
    from pwmig.dialects.migrated import MigrationTerms, OwnText

__all__ = ["Plan", "plan"]

_ADDS = (d.AddForeignKey, d.AddUnique, d.AddCheck)
_DROPS = (d.DropForeignKey, d.DropUnique, d.DropCheck)
_ALTERS = (d.AlterForeignKey, d.AlterUnique, d.AlterCheck)
_BY_TEXT = (*_ADDS, *_DROPS, *_ALTERS, d.AlterPrimaryKey, d.AlterOptions)
"""What the text of a table says as a whole."""

_SAID = frozenset({"type", "nullable", "default", "comment"})
"""The facts of a column that operations say on every database."""


Held = tuple[str, ForeignKey]
"""A table and a foreign key of it."""


@dataclass(slots=True)
class Plan:
    """Of changes in an order that works, by their places in it. ``after`` are the tables by their names.

    ``silent`` are said by others; ``indexes`` are those that an ``add_column`` makes, by its place; ``coming`` are the
    columns that come with a primary key. ``redefined`` are tables that get another text, ahead of which place, and
    with which columns that are dropped later; ``restored`` are constraints as the text of their table has them, by the
    place at which all of the table's are made. ``opened`` are foreign keys that are dropped ahead of a place and made
    again behind another one, where they are ``closed``. Columns that are dropped and added go ahead of a place
    (``leaving``), and come behind one (``returning``); or both behind another text of their table, ahead of a place
    (``renewed``).
    """

    after: Mapping[str, Table]
    silent: set[int] = field(default_factory=set)
    indexes: dict[int, Index] = field(default_factory=dict)
    coming: dict[int, list[Column]] = field(default_factory=dict)
    redefined: dict[int, list[tuple[Table, tuple[Column, ...]]]] = field(default_factory=dict)
    restored: dict[int, tuple[OwnText, ...]] = field(default_factory=dict)
    opened: dict[int, list[Held]] = field(default_factory=dict)
    closed: dict[int, list[Held]] = field(default_factory=dict)
    leaving: dict[int, list[Anew]] = field(default_factory=dict)
    returning: dict[int, list[Anew]] = field(default_factory=dict)
    renewed: dict[int, list[Anew]] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    """The names of the tables that are redefined."""
    worded: set[str] = field(default_factory=set)
    """The names of the tables whose constraints are ``restored``."""


def plan(
    changes: Sequence[d.Change],
    before: Schema,
    after: Schema,
    terms: MigrationTerms,
    texts: Mapping[str, str],
    *,
    unnamed: bool,
    nameless: Collection[str] = (),
    held: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """``unnamed``: a constraint of ``before`` without a name has none in the database either; so it is in the tables
    that are ``nameless``, whatever holds for others. ``held`` are the texts of ``before``, as ``texts`` are those of
    ``after``."""
    made = Plan({table.name: table for table in after.tables})
    by_table: dict[str, list[int]] = defaultdict(list)
    for place, change in enumerate(changes):
        by_table[change.table].append(place)
    touched = {change.table for change in changes}
    for name, places in by_table.items():
        table = made.after.get(name)
        if table is None:
            continue
        one = _Table(made, [(place, changes[place]) for place in places], table, terms, texts.get(name))
        if any(isinstance(change, d.CreateTable) for _, change in one.changes):
            one.close_circle()
            continue
        one.before = before.table(name)
        one.touched = touched
        one.columns()
        one.anew((held.get(name), one.text), back=not unnamed)
        one.brought(unnamed)
        one.key(back=not unnamed)
        if terms.redefines:
            one.text_as_a_whole(unnamed, unnamed or name in nameless)
    _open_keys(made, changes, before, after, terms)
    return made


def _open_keys(made: Plan, changes: Sequence[d.Change], before: Schema, after: Schema, terms: MigrationTerms) -> None:
    """Foreign keys that stay, or do otherwise, and that hold a column to its type are dropped ahead of that."""
    typed = {
        (change.table, change.after.name): place
        for place, change in enumerate(changes)
        if isinstance(change, d.AlterColumn)
        and any(fact.name == "type" for fact in change.facts)
        and terms.key_holds(change.before.type, change.after.type)
    }
    if not typed:
        return
    going = {(one.table, one.foreign_key.columns) for one in changes if isinstance(one, d.DropForeignKey)}
    others = {(one.table, one.before.columns) for one in changes if isinstance(one, d.AlterForeignKey)}
    first, last = min(typed.values()), max(typed.values())
    for table in before.tables:
        there = after.table(table.name)
        for key in table.foreign_keys if there is not None else ():
            ends = {(table.name, name) for name in key.columns} | {(key.ref_table, name) for name in key.ref_columns}
            if ends & typed.keys() and (table.name, key.columns) not in going:
                made.opened.setdefault(first, []).append((table.name, key))
                if (table.name, key.columns) not in others:  # Those are made by what changes them.
                    made.closed.setdefault(last, []).append((table.name, key))


@dataclass(slots=True)
class _Table:
    plan: Plan
    changes: list[tuple[int, d.Change]]
    table: Table
    terms: MigrationTerms
    text: str | None
    before: Table | None = None
    touched: set[str] = field(default_factory=set)

    def all(self, *kinds: type[Any]) -> Iterator[tuple[int, Any]]:
        yield from ((place, change) for place, change in self.changes if isinstance(change, kinds))

    def close_circle(self) -> None:
        """Where a key may lead to a table that comes later, a table is made with all its keys."""
        if not self.terms.model.keys_need_targets:
            self.plan.silent.update(place for place, _ in self.all(*_ADDS, d.AddIndex))

    # -- columns and what is their own

    def columns(self) -> None:
        for place, change in self.all(d.AddColumn):
            self._come_along(place, change.column)
        for _, change in self.all(d.DropColumn):
            self._go_along(change.column)
        for _, change in self.all(d.AlterColumn):
            if any(fact.name == "type" for fact in change.facts):
                self._follow_type(change.before, change.after)

    def _come_along(self, place: int, column: Column) -> None:
        for other, change in self.all(*_ADDS):
            if self.terms.takes_along(column, _thing(change), self.text):
                self.plan.silent.add(other)
        for other, change in self.all(d.AddIndex):
            index: Index = change.index
            own = index.columns == (column.name,) and is_usual(self.table, index) and self._is_free(index.name, place)
            if own and place not in self.plan.indexes and (not index.unique or column.nullable):
                self.plan.indexes[place] = index
                self.plan.silent.add(other)

    def _follow_type(self, old: Column, new: Column) -> None:
        """The checks that are a part of a type come and go with it."""
        for table, column, kind in ((self.before, old, d.DropCheck), (self.table, new, d.AddCheck)):
            self.plan.silent.update(
                place
                for place, change in self.all(kind)
                if table is not None and self.terms.is_of_type(table, column, change.check)
            )

    def _is_free(self, name: str, place: int) -> bool:
        """Whether no index has this name at a place, which one gives up behind it."""
        left = (change.before.name for other, change in self.all(d.AlterIndex) if other > place)
        return name.lower() not in map(str.lower, left)

    def _go_along(self, column: Column) -> None:
        own = (column.name,)
        for other, change in self.all(d.DropIndex):
            if change.index.columns == own and is_usual(self.table, change.index):
                self.plan.silent.add(other)
        led = any(
            column.name in change.index.columns
            for place, change in self.all(d.DropIndex)
            if place not in self.plan.silent
        )  # An index that a key leans on goes behind it.
        for other, change in self.all(d.DropForeignKey):
            key: ForeignKey = change.foreign_key
            if key.columns == own and key.ref_table not in self.touched and not led:
                self.plan.silent.add(other)
        taken = any(change.name == column.name for _, change in self.all(d.RenameColumn))
        for other, change in self.all(d.DropCheck):
            if change.check.column == column.name and not taken:  # Else it is that of the column called so then.
                self.plan.silent.add(other)

    def anew(self, texts: Texts, *, back: bool) -> None:
        if self.before is None:
            return
        for made in anew(self.changes, self.before, self.table, self.terms, texts, back=back):
            self.plan.leaving.setdefault(made.first, []).append(made)
            self.plan.returning.setdefault(made.last, []).append(made)
            self.plan.silent.update(
                place for place, change in self.all(d.AlterColumn) if change.after.name == made.after.name
            )
            self.plan.silent.update(
                place for place, change in self.all(d.DropIndex) if change.index in made.gone and place >= made.first
            )
            if self.terms.keys_hold_types:
                self._open_leaning(made)

    def _open_leaning(self, made: Anew) -> None:
        """Foreign keys that lean on an index of a column that is made anew, and on no other, are made anew with it."""
        assert self.before is not None
        dropped = {change.index for _, change in self.all(d.DropIndex)}
        staying = [one for one in self.before.indexes if one not in made.indexes and one not in dropped]
        leading = {one.columns[:1] for one in staying} | {self.before.primary_key[:1]}
        going = [change.foreign_key for _, change in self.all(d.DropForeignKey)]
        others = {change.before for _, change in self.all(d.AlterForeignKey)}
        opened = {one for held in self.plan.opened.values() for one in held}
        for key in self.before.foreign_keys:
            first = key.columns[:1]
            leans = first not in leading and any(index.columns[:1] == first for index in made.indexes)
            if leans and key not in going and (self.table.name, key) not in opened:
                self.plan.opened.setdefault(made.first, []).append((self.table.name, key))
                if key not in others:
                    self.plan.closed.setdefault(made.last, []).append((self.table.name, key))

    # -- the primary key

    def brought(self, there: bool) -> None:
        """The indexes that MariaDB makes by itself for a foreign key come and go with it.

        What is ``there`` under another name than the key's stays when the key goes, and is wanted under that name on
        the way back.
        """
        for _, change in self.all(d.AddForeignKey):
            for other, add in self.all(d.AddIndex):
                key = change.foreign_key
                if self.terms.brings(key, add.index) and (there or add.index.name == key.name):
                    self.plan.silent.add(other)
        for _, change in self.all(d.DropForeignKey):
            key = change.foreign_key
            for other, drop in self.all(d.DropIndex):
                if self.terms.brings(key, drop.index) and (not there or drop.index.name == key.name):
                    self.plan.silent.add(other)

    def key(self, *, back: bool) -> None:
        """What an ALTER TABLE of another key does along."""
        for place, _ in self.all(d.AlterPrimaryKey):
            if self.terms.redefines:
                continue
            coming = []
            for other, change in self.all(d.AddColumn):
                if change.column.name in self.table.primary_key and self._counts(change.column):
                    coming.append(change.column)
                    if not (back and self.terms.numbers_later):
                        self.plan.silent.add(other)
            self.plan.coming[place] = coming
            old = self.before.primary_key if self.before is not None else ()
            self._renew_around_key(place, old)
            for other, change in self.all(d.AlterColumn):
                facts = {fact.name for fact in change.facts}
                if change.after.name in (*old, *self.table.primary_key) and facts <= {"nullable", "autoincrement"}:
                    self.plan.silent.add(other)

    def _renew_around_key(self, place: int, old: tuple[str, ...]) -> None:
        """A column is made anew while it is not of the key: behind the other key, or ahead of it."""
        for names, at in ((old, place + 1), (self.table.primary_key, place)):
            if found := self._taken_out({name.lower() for name in names}):
                self.plan.renewed.setdefault(at, []).extend(found)

    def _taken_out(self, folded: Collection[str]) -> list[Anew]:
        """The columns of this table of these names that are made anew: they are no more where they were."""
        found: list[Anew] = []
        for placed in (self.plan.leaving, self.plan.returning):
            for place, made in placed.items():
                found += [one for one in made if one.table == self.table.name and one.after.name.lower() in folded]
                placed[place] = [one for one in made if one not in found]
        return list(dict.fromkeys(found))

    def _counts(self, column: Column) -> bool:
        return column.autoincrement or column.identity is not None or column.sequence is not None

    # -- another text

    def text_as_a_whole(self, there: bool, unnamed: bool) -> None:
        adds = [(place, change) for place, change in self.all(*_ADDS, *_ALTERS) if place not in self.plan.silent]
        own = self._restored(adds)
        if not self._needs_text(there, unnamed, bool(adds) and own is None):
            if own is not None:
                self.plan.silent.update(place for place, change in adds if isinstance(change, _ADDS))
                self.plan.restored[max(place for place, _ in adds)] = own
                self.plan.worded.add(self.table.name)
            return
        self.plan.tables.add(self.table.name)
        self._redefine(back=not there)

    def _restored(self, adds: Sequence[tuple[int, Any]]) -> tuple[OwnText, ...] | None:
        if not adds or self.text is None:
            return None
        return self.terms.comes_last([_thing(change) for _, change in adds], self.table, self.text)

    def _needs_text(self, there: bool, unnamed: bool, unplaced: bool) -> bool:
        if self.text is not None and unplaced:
            return True
        if unnamed and not there:  # The way there has told it as a whole, in other letters.
            return True
        if self.text is not None and self._computes_within():
            return True
        if any(True for _ in self.all(d.AlterPrimaryKey, d.AlterOptions)):
            return True
        if any(self._is_odd(change, there) for _, change in self.all(d.AlterColumn)):
            return True
        renames = [change for _, change in self.all(d.RenameColumn)]
        passing = {one.name: one.old_name for one in renames if self.table.column(one.name) is None}
        if self.text is not None and any(
            not self.terms.says_rename(passing.get(one.old_name, one.old_name), one.name, self.text) for one in renames
        ):
            return True
        dropped = (change for place, change in self.all(*_DROPS) if place not in self.plan.silent)
        altered = (change.before for _, change in self.all(*_ALTERS))
        return any(unnamed and self._is_unsayable(thing) for thing in (*map(_thing, dropped), *altered))

    def _computes_within(self) -> bool:
        """Whether a column that is computed, or was, comes back ahead of another one: the attic, which holds no values
        of the one and an earlier place of the other, does not give it its place."""
        coming = {change.column.name for _, change in self.all(d.AddColumn) if change.column.generated is not None}
        made_anew = (made for placed in self.plan.returning.values() for made in placed)
        coming |= {made.after.name for made in made_anew if made.table == self.table.name}
        behind = [column.name in coming for column in self.table.columns]
        return coming != set() and not all(behind[behind.index(True) :])

    def _is_unsayable(self, thing: ForeignKey | Unique | Check) -> bool:
        """Whether a constraint without a name can't be dropped by what it says."""
        if thing.name is not None or (isinstance(thing, ForeignKey) and len(thing.columns) == 1):
            return False
        odd = isinstance(thing, Unique) and bool(thing.parts or thing.on_conflict)
        return odd or isinstance(thing, ForeignKey) or len(self.terms.constraint(self.table, thing)) > NAME_LIMIT

    def _is_odd(self, change: d.AlterColumn, there: bool) -> bool:
        facts = {fact.name for fact in change.facts}
        if is_anew(change, self.terms, back=not there):
            return False
        if not facts <= _SAID:
            return True
        return self.text is not None and not self.terms.says_facts(change.after.name, self.text)

    def _redefine(self, *, back: bool) -> None:
        """Where the table has all its columns; those that are dropped later are still there."""
        silent = [place for place, _ in self.all(*_BY_TEXT)]
        building = [place for place, _ in self.all(d.AddColumn, d.AlterColumn, d.RenameColumn)]
        drops = [(place, change.column) for place, change in self.all(d.DropColumn)]
        at = min((place for place, _ in drops), default=-1)
        if any(place >= at for place in building) or at < 0:
            at = max(*silent, *building, -1) + 1
        self.plan.silent.update(silent)
        leaving = tuple(column for place, column in drops if place >= at)
        renewed = self._read_until_then()
        if renewed and not back:
            self.plan.renewed.setdefault(at, []).extend(renewed)
        old = {} if back else {made.after.name: made.before for made in renewed}
        columns = tuple(old.get(column.name, column) for column in self.table.columns)
        self.plan.redefined.setdefault(at, []).append((replace(self.table, columns=columns), leaving))

    def _read_until_then(self) -> list[Anew]:
        """The columns that can't be made anew while others are computed from them, or while they are of the key, which
        only the other text changes.

        The way back, where that text is known letter for letter, has them as they were by it.
        """
        names = {change.old_name.lower(): change.name.lower() for _, change in self.all(d.RenameColumn)}
        of_key = self.before.primary_key if self.before is not None and any(self.all(d.AlterPrimaryKey)) else ()
        read: set[str] = set(map(str.lower, of_key))
        for _, change in self.all(d.AlterColumn):
            before = {names.get(word, word) for word in words_of(change.before.generated or "")}
            read |= before - words_of(change.after.generated or "")
        return self._taken_out(read)


def _thing(change: Any) -> ForeignKey | Unique | Check:
    """The constraint that a change is about: the new one."""
    if isinstance(change, d.Altered):
        return change.after  # type: ignore[no-any-return]
    return getattr(change, list(change.__dataclass_fields__)[-1])  # type: ignore[no-any-return]
