"""Indexes from the catalog's rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pwmig.dialects.postgresql.quoting import literal
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
    own = facts.parts.get(oid)
    plain = [
        _plain(facts, names[number] if number else None, order) for number, order in _places(facts, keys, width, orders)
    ]
    invalid, alike, *_ = more or _NO_FACTS
    return Index(
        name,
        tuple(plain) if own is None else tuple(_with_own(plain, own)),
        unique,
        bare(predicate) if predicate else None,
        method,
        include(row, names),
        nulls_distinct=alike is None,
        valid=invalid is None,
        options=(*storage(row), *_attached(more), *_statistics(own)) if more or own else (),
        comment=facts.comments.get((oid, 0)),
    )


def _places(facts: Facts, keys: str, width: int, orders: str) -> list[tuple[int, str]]:
    """The numbers of the columns that count in an index, and the order of each."""
    key = keys, width, orders
    made: list[tuple[int, str]] | None = facts.plain.get(key)
    if made is None:
        made = facts.plain[key] = list(zip(map(int, keys.split()[:width]), orders.split()))
    return made


def _plain(facts: Facts, column: str | None, order: str) -> IndexPart:
    """A part that has nothing of its own."""
    key = column, order
    made: IndexPart | None = facts.plain.get(key)
    if made is None:
        descending, nulls_first = _ORDERS[order]
        made = facts.plain[key] = IndexPart(column, None, descending, nulls_first=nulls_first)
    return made


def _with_own(parts: list[IndexPart], own: dict[int, list[Any]]) -> Iterator[IndexPart]:
    for place, part in enumerate(parts, 1):
        if place in own:
            text, operator_class, collation, _, *options = own[place]
            if options and operator_class is not None:
                operator_class += f"({', '.join(map(_option, options))})"
            part = replace(part, expression=bare(text), collation=collation, operator_class=operator_class)
        yield part


def _option(text: str) -> str:
    """An option of an operator class, as SQL has it: ``siglen='32'``."""
    name, _, value = text.partition("=")
    return f"{name}={literal(value)}"


def include(row: tuple[Any, ...], names: dict[int, str]) -> tuple[str, ...]:
    """The columns that an index only carries."""
    carried = row[3].count(" ") >= row[4]
    return tuple([names[int(key)] for key in row[3].split()[row[4] :]]) if carried else ()


def storage(row: tuple[Any, ...]) -> tuple[str, ...]:
    """The words on how an index is stored: ``fillfactor=70``, ``TABLESPACE fast``."""
    more = row[9]
    return (*more[6:], *([more[4]] if more[4] else [])) if more else ()


def _attached(more: list[Any] | None) -> tuple[str, ...]:
    return (more[5],) if more and more[5] else ()


def _statistics(own: dict[int, list[Any]] | None) -> list[str]:
    return [
        f"ALTER COLUMN {place} SET STATISTICS {target}"
        for place, (_, _, _, target, *_) in sorted((own or {}).items())
        if target is not None
    ]


def table_words(row: tuple[Any, ...]) -> tuple[str, ...]:
    """What a table is told by one of its indexes: that rows were put in its order, or are identified by it."""
    more = row[9]
    return tuple(filter(None, more[2:4])) if more else ()
