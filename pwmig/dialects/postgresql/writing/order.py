"""The order in which types, tables, routines and views can be made, read from their texts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from pwmig.dialects.postgresql.writing.mentions import Mention, mentions
from pwmig.schema import Routine, Schema, Table, Type, View

__all__ = ["Names", "ordered"]

Thing = Type | Table | Routine | View

_BODY = re.compile(r"^(?:AS |BEGIN ATOMIC|RETURN )", re.MULTILINE)
"""Where the head of a routine ends, as ``pg_get_functiondef`` writes it."""


class Names:
    """All things of a schema that a text may name."""

    def __init__(self, schema: Schema) -> None:
        self._namespaces = {thing.schema for thing in (*schema.types, *schema.tables, *schema.routines, *schema.views)}
        self._types = _by_name(schema.types)
        self._relations = _by_name((*schema.tables, *schema.views))
        self._row_types = _by_name(schema.tables)
        self._views = _by_name(schema.views)
        self._routines = _by_name(schema.routines)

    def needed(self, text: str | None, *, query: bool = False) -> Iterator[Thing]:
        """What the text names; in a ``query``, a relation only where it reads from one."""
        for mention in mentions(text or ""):
            yield from self._meant(mention, query)

    def rows_of(self, text: str | None) -> Iterator[Thing]:
        """The views whose rows are a type in the text: of a column, of a parameter, of what a routine gives back."""
        for mention in mentions(text or "") if self._views else ():
            if mention.is_type:
                yield from self._views.get(self._key(mention), ())

    def calls(self, text: str | None) -> bool:
        """Whether a routine of the schema may be called in the text, or an operator in its place."""
        return bool(self._routines) and any(isinstance(thing, Routine) for thing in self.needed(text))

    def _meant(self, mention: Mention, query: bool) -> Iterator[Thing]:
        key = self._key(mention)
        yield from self._types.get(key, ())
        if mention.is_relation:
            yield from self._relations.get(key, ())
        elif not query:
            yield from self._row_types.get(key, ())
        if mention.is_routine:
            yield from self._routines.get(key, ())

    def _key(self, mention: Mention) -> tuple[str | None, str]:
        """(schema, name) of what is meant: what stands in front of a dot may be a relation."""
        if mention.schema is not None and mention.schema not in self._namespaces:
            return None, mention.schema
        return mention.schema, mention.name


def _by_name(things: Iterable[Any]) -> dict[tuple[str | None, str], list[Any]]:
    found: dict[tuple[str | None, str], list[Any]] = defaultdict(list)
    for thing in things:
        found[thing.schema, thing.plain_name].append(thing)
    return found


def ordered(schema: Schema, names: Names) -> list[Thing]:
    """Each thing behind those that it needs; where things need each other, as they come."""
    things: list[Thing] = [*schema.types, *schema.tables, *schema.routines, *schema.views]
    by_name = {table.name: table for table in schema.tables}
    done: dict[int, Thing] = {}
    entered: set[int] = set()
    for first in things:
        waiting: list[tuple[Thing, bool]] = [(first, False)]
        while waiting:
            thing, ready = waiting.pop()
            if ready:
                done[id(thing)] = thing
            elif id(thing) not in entered:
                entered.add(id(thing))
                waiting.append((thing, True))
                waiting += [(other, False) for other in reversed([*_needs(thing, names, by_name)])]
    return list(done.values())


def _needs(thing: Thing, names: Names, tables: dict[str, Table]) -> Iterator[Thing]:
    """What has to be there before a thing can be made."""
    if isinstance(thing, Routine) and thing.kind == "aggregate":
        # An aggregate names its routines without parentheses.
        yield from names.needed(re.sub(r" = ([^,()]+)(?=[,)])", r" = \1()", thing.sql))
    elif isinstance(thing, View | Routine):
        yield from names.needed(thing.sql, query=isinstance(thing, View))
        if isinstance(thing, Routine):
            yield from names.rows_of(_BODY.split(thing.sql, 1)[0])
    elif isinstance(thing, Type):
        for text in (thing.base, thing.definition, *(column.type for column in thing.attributes)):
            yield from names.needed(text)
            yield from names.rows_of(text)
        if thing.kind == "range":
            yield from _range_routines(thing, names)
    else:
        yield from (tables[parent] for parent in thing.inherits if parent in tables)
        for column in thing.columns:
            yield from names.needed(column.type)
            yield from names.rows_of(column.type)
            yield from names.needed(column.collation)
            yield from names.needed(column.generated)
        yield from names.needed(thing.partitioning)
        for word in thing.options:
            if word.startswith("OF "):
                yield from names.needed(word.removeprefix("OF "))


def _range_routines(thing: Type, names: Names) -> Iterator[Thing]:
    """The routine that measures the difference of two values: it is named without parentheses."""
    for part in (thing.definition or "").strip("()").split(", "):
        option, _, value = part.partition(" = ")
        if option == "subtype_diff":
            yield from names.needed(f"{value}()")
