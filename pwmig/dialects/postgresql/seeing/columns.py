"""Columns from the catalog's rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from pwmig.dialects.postgresql.quoting import literal, qualified, quote
from pwmig.dialects.postgresql.seeing.facts import Facts, Relation
from pwmig.dialects.postgresql.seeing.texts import bare
from pwmig.schema import Column, Sequence

__all__ = ["came_late", "columns_of", "further_sequences"]

_NOTHING: list[Any] = [None] * 7


def columns_of(facts: Facts, relation: Relation) -> tuple[Column, ...]:
    """The columns in their order. Those of a child come with whether it has them of its own (LOCAL) besides."""
    oid, rare, plain = relation.oid, facts.rare, facts.plain
    rows = facts.columns[oid]
    told = relation.bound is None and not came_late(rows)
    columns = []
    for row in rows:
        if row[6] is not None or (oid, row[2]) in rare:
            columns.append(_column(facts, row, told))
            continue
        key = row[1:6]
        column = plain.get(key)
        if column is None:
            column = plain[key] = Column(row[1], row[3], not row[4], row[5])
        columns.append(column)
    return tuple(columns)


def came_late(rows: list[tuple[Any, ...]]) -> bool:
    """Whether a column that is inherited stands behind one that is not: no CREATE TABLE makes that."""
    if not any(row[6] for row in rows):
        return False
    inherited = [bool(row[6] and row[6][6]) for row in rows]
    return any(later and not earlier for earlier, later in pairwise(inherited))


def _column(facts: Facts, row: tuple[Any, ...], told: bool) -> Column:
    oid, name, number, kind, not_null, text, more = row
    generated, identity, collation, *_ = more or _NOTHING
    return Column(
        name,
        kind,
        not not_null,
        None if generated else text,
        collation,
        bare(text) if generated else None,
        generated,
        identity=identity,
        sequence=_sequence(facts, oid, number, text),
        options=(*_not_null_words(facts, oid, number), *(_words(more, told) if more else ())),
        comment=facts.comments.get((oid, number)),
        grants=facts.grants.get((oid, number), ()),
    )


def _words(more: list[Any], told: bool) -> list[str]:
    """What is told by words: storage, compression, statistics, LOCAL if so, and options as ``n_distinct=5``.

    Other options are none of ALTER TABLE: there are servers that keep some there for themselves.
    """
    _, _, _, storage, compression, statistics, inherited, *options = more
    words = [
        f"{word} {value}"
        for word, value in (("STORAGE", storage), ("COMPRESSION", compression), ("STATISTICS", statistics))
        if value is not None
    ]
    if told and inherited == "LOCAL":
        words.append(inherited)
    return words + [option for option in options if option.startswith("n_distinct")]


def _not_null_words(facts: Facts, oid: int, number: int) -> list[str]:
    """What PostgreSQL 18 knows of a NOT NULL beyond that it is there; names that it made itself are left out."""
    words = []
    for _, name, _, _, _, _, _, _, _, valid, inherited, _ in facts.not_nulls.get((oid, number), ()):
        made = name.rstrip("0123456789").endswith("_not_null")
        words += [] if made else [f"CONSTRAINT {quote(name)} NOT NULL"]
        words += [] if valid else ["NOT NULL NOT VALID"]
        words += [] if inherited else ["NOT NULL NO INHERIT"]
    return words


def _sequence(facts: Facts, oid: int, number: int, default: str | None) -> Sequence | None:
    owned = facts.sequences.get((oid, number))
    return _told(owned, default) if owned else None


def _told(owned: list[tuple[str, Sequence]], default: str | None) -> Sequence:
    """Of the sequences that a column owns, the one that its default counts by, else the first by name."""
    if len(owned) == 1:
        return owned[0][1]
    counted = [one for called, one in owned if default == f"nextval({literal(called)}::regclass)"]
    return min(counted or [one for _, one in owned], key=lambda one: one.name)


def further_sequences(facts: Facts) -> list[Sequence]:
    """The sequences that no column is told with: those of no column, and the second one that a column owns."""
    found = [one for _, one in facts.sequences.get((0, 0), ())]
    for (oid, number), owned in facts.sequences.items():
        if not oid or len(owned) < 2:
            continue
        row = next(row for row in facts.columns[oid] if row[2] == number)
        told = _told(owned, row[5])
        found += [_with_owner(facts, one, oid, row[1]) for _, one in owned if one is not told]
    return found


def _with_owner(facts: Facts, sequence: Sequence, oid: int, column: str) -> Sequence:
    word = f"OWNED BY {qualified(facts.relations[oid])}.{quote(column)}"
    return replace(sequence, options=(*sequence.options, word))
