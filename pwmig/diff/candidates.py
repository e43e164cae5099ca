"""Guessing which drop and add are one rename.

Nothing here is ever assumed by :func:`pwmig.diff.diff`: a candidate is a question to a person, and its evidence
says in words what speaks for it and what against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any

from pwmig.diff.case import Case
from pwmig.diff.samples import Samples, values_evidence
from pwmig.diff.texts import same_default, same_type
from pwmig.diff.words import names_text, shown_name
from pwmig.records import dataclass
from pwmig.schema import Column, ForeignKey, Rows, Schema, Table

__all__ = ["RenameCandidate", "rename_candidates"]

_ENOUGH = 0.5

_MOST_BESIDE = 3
"""So many tables that are not compared are offered at most for one that is."""

_Sides = tuple[Iterable[Rows], Iterable[Rows]]
_Beside = tuple[Iterable[Table], Iterable[Table]]


@dataclass(frozen=True, slots=True)
class RenameCandidate:
    """What might be one rename, such as a drop and an add; ``score`` is from 0 to 1, 1 the likeliest.

    ``table`` is the table's name for a column, and None for the rename of a table. ``evidence`` says, a short
    sentence each, what the score is made of.
    """

    table: str | None
    old_name: str
    new_name: str
    score: float
    evidence: tuple[str, ...] = ()


def rename_candidates(
    before: Schema, after: Schema, rows: _Sides = ((), ()), beside: _Beside = ((), ())
) -> tuple[RenameCandidate, ...]:
    """The likely renames of tables and, in tables that stay, of columns; the likeliest first.

    An old and a new name may each stand in several candidates. What counts of a column: its type (a must,
    unless the rows say otherwise: other types are no candidates), its constraints, place, default, and name; of a
    table the columns that both have, the keys, and the name. ``rows`` are sample rows of some tables before and
    after, as two snapshots have them: the same values under the same keys say more than all else, other values
    speak against it. ``beside`` are tables before and after that neither schema holds, as nothing is said of them
    (no model names them), but that may be the other name of one that came or went.
    """
    case, samples = Case.of(before, after), Samples(*rows)
    gone, come = _only_in(before.tables, after.tables, case), _only_in(after.tables, before.tables, case)
    outlines = _Outlines(case)
    found = _table_candidates(gone, come, samples, outlines)
    for one in come:
        found += _table_candidates(beside[0], [one], samples, outlines)[:_MOST_BESIDE]
    for one in gone:
        found += _table_candidates([one], beside[1], samples, outlines)[:_MOST_BESIDE]
    for table in after.tables:
        old_table = before.table(table.name)
        if old_table is not None and old_table != table:
            found.extend(_column_candidates(old_table, table, samples, case))
    return tuple(sorted(found, key=_likeliest))


def _likeliest(one: RenameCandidate) -> tuple[float, str, str, str]:
    return -one.score, one.table or "", one.old_name, one.new_name


def _only_in(tables: Iterable[Table], others: Iterable[Table], case: Case) -> list[Table]:
    names = {case.table(table.name) for table in others}
    return [table for table in tables if case.table(table.name) not in names]


class _Evidence:
    """What speaks for a rename and against it: a share from 0 to 1 of a weight each."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._sum = self._weights = 0.0

    def add(self, weight: float, share: float, words: str = "") -> None:
        self._sum += weight * share
        self._weights += weight
        if words:
            self.words.append(words)

    def score(self, values: tuple[float, float, str] | None) -> float:
        """The score; ``values`` are what the rows say: a share of same values, how sure that is, and words."""
        score = self._sum / self._weights if self._weights else 0.0
        if values is not None:
            share, sure, words = values
            self.words.insert(0, words)
            score = score * (1 - 0.7 * sure) + share * 0.7 * sure
        return round(score, 3)


# -- columns


def _column_candidates(before: Table, after: Table, samples: Samples, case: Case) -> Iterable[RenameCandidate]:
    old_names = {case.column(column.name) for column in before.columns}
    new_names = {case.column(column.name) for column in after.columns}
    come = [column for column in after.columns if case.column(column.name) not in old_names]
    for old in before.columns:
        if not come or case.column(old.name) in new_names:
            continue
        for new in come:
            if _counts_and_refers(before, old, after, new) or _counts_and_refers(after, new, before, old):
                continue
            values = values_evidence(*samples.columns(before.name, old.name, after.name, new.name))
            if not _same_kind(old, new) and (values is None or values[0] < _ENOUGH):
                continue
            found = _column_evidence(before, after, old, new)
            score = found.score(values)
            if score >= _ENOUGH:
                yield RenameCandidate(after.name, old.name, new.name, score, tuple(found.words))


def _counts_and_refers(one: Table, key: Column, other: Table, column: Column) -> bool:
    """Whether the one column is a key that the database counts, and the other refers to something, and is no key."""
    counts = key.autoincrement or key.identity is not None or key.sequence is not None or key.type.upper() == "INTEGER"
    refers = any(column.name in made.columns for made in other.foreign_keys)
    return one.primary_key == (key.name,) and counts and refers and column.name not in other.primary_key


def _column_evidence(before: Table, after: Table, old: Column, new: Column) -> _Evidence:
    found = _Evidence()
    if same_type(old.type, new.type):
        found.add(0.3, 1, f"the same type {new.type}" if new.type else "no type both")
    else:
        found.add(0.3, 0.6 if _same_kind(old, new) else 0, f"another type: {old.type}, now {new.type}")
    place = after.columns.index(new)
    same_place = before.columns.index(old) == place
    found.add(0.12, same_place, f"the same place, column {place + 1}" if same_place else "")
    _default_evidence(found, old, new)
    _constraint_evidence(found, before, after, old, new)
    _name_evidence(found, 0.25, old.name, new.name)
    return found


def _default_evidence(found: _Evidence, old: Column, new: Column) -> None:
    found.add(0.06, old.nullable == new.nullable, "" if old.nullable == new.nullable else "NULL in one of them only")
    same = same_default(old.default, new.default)
    said = old.default is not None or new.default is not None
    found.add(0.08 if said else 0.04, same, ("the same default" if same else "another default") if said else "")


def _constraint_evidence(found: _Evidence, before: Table, after: Table, old: Column, new: Column) -> None:
    """Membership in keys and constraints that would be the same under the new name."""
    held, holds = dict(_memberships(before, old.name, new.name)), dict(_memberships(after, new.name, new.name))
    every = held.keys() | holds.keys()
    if not every:
        return
    same = held.keys() & holds.keys()
    words = [holds[key] for key in holds if key in same]
    missing = [text for key, text in {**held, **holds}.items() if key not in same]
    # A constraint that both have says much; that one of them has none, little: it may have been added or dropped too.
    found.add(
        0.4 if same else 0.15,
        len(same) / len(every),
        "; ".join([*(f"the same {text}" for text in words), *(f"one of them only in {text}" for text in missing)]),
    )


def _memberships(table: Table, column: str, called: str) -> Iterable[tuple[Any, str]]:
    """What a column is part of, told under the name ``called``: what tells it from others, and words."""

    def names(columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(called if name == column else name for name in columns)

    if column in table.primary_key:
        yield ("key", names(table.primary_key)), "primary key"
    for key in table.foreign_keys:
        if column in key.columns:
            yield ("foreign key", names(key.columns), _target(key)), f"foreign key to {shown_name(key.ref_table)}"
    for index in table.indexes:
        if column in index.columns:
            kind = "unique index" if index.unique else "index"
            yield (kind, names(index.columns), index.predicate), f"{kind} {names_text(names(index.columns))}"
    for unique in table.uniques:
        if column in unique.columns:
            yield ("unique", names(unique.columns)), f"unique {names_text(names(unique.columns))}"


def _target(key: ForeignKey) -> tuple[Any, ...]:
    return key.ref_table.lower(), key.ref_columns


def _same_kind(one: Column, other: Column) -> bool:
    """Whether the types are the same but for their lengths: varchar(40) and varchar(80)."""
    return _bare(one.type) == _bare(other.type)


def _bare(type_: str) -> str:
    return " ".join(type_.partition("(")[0].lower().split())


def _name_evidence(found: _Evidence, weight: float, old: str, new: str) -> None:
    likeness = SequenceMatcher(None, old.lower(), new.lower(), autojunk=False).ratio()
    found.add(weight, likeness, f"names that are {likeness:.0%} alike" if likeness >= _ENOUGH else "")


# -- tables


class _Outlines:
    """The columns of tables, as far as they tell one table from another; each table's worked out once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._known: dict[int, tuple[Table, frozenset[tuple[str, str]]]] = {}

    def of(self, table: Table) -> frozenset[tuple[str, str]]:
        if id(table) not in self._known:
            columns = frozenset((self._case.column(column.name), _bare(column.type)) for column in table.columns)
            self._known[id(table)] = table, columns
        return self._known[id(table)][1]


def _table_candidates(
    gone: Iterable[Table], come: Iterable[Table], samples: Samples, outlines: _Outlines
) -> list[RenameCandidate]:
    """The likely pairs of tables, the likeliest first."""
    come = tuple(come)
    pairs = (_table_candidate(old, new, samples, outlines) for old in gone for new in come)
    return sorted((one for one in pairs if one is not None), key=_likeliest)


def _table_candidate(before: Table, after: Table, samples: Samples, outlines: _Outlines) -> RenameCandidate | None:
    old, new = outlines.of(before), outlines.of(after)
    shared, every = len(old & new), max(len(old), len(new), 1)
    values = values_evidence(*samples.tables(before.name, after.name)) if shared else None
    # Many tables are an id and a name: so few columns say little, unless the name says it too.
    told, named = (0.7, 0.25) if shared > 2 else (0.45, 0.45)
    if values is None and told * shared / every + named + 0.1 < _ENOUGH * (told + named):
        return None  # No likeness of names and keys could make it one.
    found = _Evidence()
    found.add(told, shared / every, f"{shared} of {every} columns the same")
    _keys_evidence(found, before, after)
    _name_evidence(found, named, before.name, after.name)
    score = found.score(values)
    if score < _ENOUGH:
        return None
    return RenameCandidate(None, before.name, after.name, score, tuple(found.words))


def _keys_evidence(found: _Evidence, before: Table, after: Table) -> None:
    old = {(key.columns, key.ref_table) for key in before.foreign_keys}
    new = {(key.columns, key.ref_table) for key in after.foreign_keys}
    if old or new:
        same = len(old & new)
        found.add(0.1, same / len(old | new), f"{same} of {len(old | new)} foreign keys the same")
