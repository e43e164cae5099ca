"""Indexes from the catalog's rows."""

from __future__ import annotations

from typing import Any

from pwmig.dialects.postgresql.seeing.facts import Facts
from pwmig.dialects.postgresql.seeing.texts import bare
from pwmig.schema import Index, IndexPart

__all__ = ["include", "index", "storage", "table_words"]

_NO_FACTS: list[Any] = [None] * 6
_ORDERS = {"0": (False, None), "1": (True, False), "2": (False, True), "3": (True, None)}
"""An index's order of a part (pg_index.indoption): whether descending, and where NULLs come if not as usual."""


def index(facts: Facts, row: tuple[Any, ...], names: dict[int, str]) -> Index:
    """``row`` is that of the index, ``names`` those of the relation's columns by number."""
    _, name, oid, keys, width, orders, unique, method, predicate, more = row
    numbers = [int(key) for key in keys.split()]
    invalid, alike, *_ = more or _NO_FACTS
    return Index(
        name=name,
        parts=tuple(
            _part(facts, oid, place, names.get(number), order)
            for place, (number, order) in enumerate(zip(numbers[:width], orders.split()), 1)
        ),
        unique=unique,
        predicate=bare(predicate),
        method=method,
        include=tuple(names[number] for number in numbers[width:]),
        nulls_distinct=alike is None,
        valid=invalid is None,
        options=(*storage(row), *_attached(more), *_statistics(facts, oid, width)),
        comment=facts.comments.get((oid, 0)),
    )


def _part(facts: Facts, oid: int, place: int, column: str | None, order: str) -> IndexPart:
    descending, nulls_first = _ORDERS[order]
    more = facts.parts.get((oid, place))
    if more is None:
        return IndexPart(column, None, descending, nulls_first=nulls_first)
    operator_class, collation, _ = more[9]
    return IndexPart(column, bare(more[8]), descending, collation, operator_class, nulls_first=nulls_first)


def include(row: tuple[Any, ...], names: dict[int, str]) -> tuple[str, ...]:
    """The columns that an index only carries."""
    return tuple(names[int(key)] for key in row[3].split()[row[4] :])


def storage(row: tuple[Any, ...]) -> tuple[str, ...]:
    """The words on how an index is stored: ``fillfactor=70``, ``TABLESPACE fast``."""
    more = row[9]
    return (*more[6:], *([more[4]] if more[4] else [])) if more else ()


def _attached(more: list[Any] | None) -> tuple[str, ...]:
    return (more[5],) if more and more[5] else ()


def _statistics(facts: Facts, oid: int, width: int) -> tuple[str, ...]:
    found = [(place, facts.parts[oid, place][9][2]) for place in range(1, width + 1) if (oid, place) in facts.parts]
    return tuple(f"ALTER COLUMN {place} SET STATISTICS {target}" for place, target in found if target is not None)


def table_words(row: tuple[Any, ...]) -> tuple[str, ...]:
    """What a table is told by one of its indexes: that rows were put in its order, or are identified by it."""
    more = row[9]
    return tuple(filter(None, more[2:4])) if more else ()
