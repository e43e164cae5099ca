"""What a PostgreSQL database holds, read in five catalog queries however many tables there are.

All schemas are looked at but the server's own (``pg_*``, ``information_schema``) and pwmig's; what belongs to an
extension is left out, the extension stands for it. PostgreSQL 12 to 18.

Made canonical, so that equality means sameness: texts are those of ``pg_get_expr`` and its kin under settings of
their own (:mod:`pwmig.dialects.postgresql.seeing.queries`), without outer parentheses; an operator class, a collation,
an order of NULLs, a storage is kept where it is not the one that would hold anyway; grants are what was given or
taken beyond the defaults; what a table inherits is told of its parent, except columns. What is not looked at, and why,
stands in :mod:`pwmig.dialects.postgresql.seeing.unseen`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from pwmig.dialects.postgresql.quoting import quote
from pwmig.dialects.postgresql.seeing import queries, rest
from pwmig.dialects.postgresql.seeing.facts import Facts, Relation
from pwmig.dialects.postgresql.seeing.others import extensions, free_sequences, namespaces, routines, types
from pwmig.dialects.postgresql.seeing.tables import table
from pwmig.dialects.postgresql.seeing.views import view
from pwmig.errors import DatabaseUnsupported
from pwmig.schema import Schema, Table

__all__ = ["Execute", "introspect"]

Execute = Callable[..., Sequence[tuple[Any, ...]]]
"""``execute(sql, params=())``: runs one statement and gives its rows, as a list of tuples."""

_LOOKS = 5
"""How often to look, at most, while others alter tables."""


def introspect(
    execute: Execute, tables: Collection[str] | None = None, known: dict[Any, Table] | None = None
) -> Schema:
    """The schema of the database; with ``tables`` only the tables and views of these names.

    Leaves out pwmig's tables (``pwmig_*``). Reads only. With ``tables``, the cost does not grow with the others.
    ``known`` is left as it is: there is no text that says all of a table without being asked for it.
    """
    for _ in range(_LOOKS - 1):
        try:
            return _look(execute, tables)
        except KeyError:
            continue
    return _look(execute, tables)


def _look(execute: Execute, tables: Collection[str] | None) -> Schema:
    """Raises KeyError where answers don't fit, since somebody altered a table between two questions."""
    with _uncollected():
        return _schema(_facts(execute, tables), beside=tables is None)


@contextmanager
def _uncollected() -> Iterator[None]:
    """While entered, nobody looks for cycles: rows and records have none, and are many."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _schema(facts: Facts, beside: bool) -> Schema:
    """The records of the facts; with ``beside``, of what stands beside tables and views too."""
    relations = facts.relations.values()
    made = [table(facts, relation) for relation in relations if relation.kind in "rp"]
    views = [view(facts, relation) for relation in relations if relation.kind in "vm"]
    if not beside:
        _refuse_two_of_a_name(made, views)
        return Schema(_sorted(made), _sorted(views), exact_tables=True, exact_columns=True)
    sequences, kinds = free_sequences(facts), tuple(types(facts))
    _refuse_two_of_a_name(made, views, sequences)
    _refuse_two_of_a_name(kinds)
    return Schema(
        tables=_sorted(made),
        views=_sorted(views),
        sequences=_sorted(sequences),
        types=_sorted(kinds),
        routines=tuple(sorted(routines(facts), key=lambda routine: (routine.name, routine.arguments))),
        extensions=_sorted(extensions(facts)),
        namespaces=_sorted(namespaces(facts)),
        exact_tables=True,
        exact_columns=True,
    )


def _refuse_two_of_a_name(*kinds: Iterable[Any]) -> None:
    """Refuse a name with a dot that reads as another thing's schema and name: one would be taken for the other."""
    places: dict[str, str | None] = {}
    for thing in chain.from_iterable(kinds):
        if places.setdefault(thing.name, thing.schema) != thing.schema:
            first, second = (_in_full(thing.name, schema) for schema in (places[thing.name], thing.schema))
            raise DatabaseUnsupported(
                f"{first} and {second} can't be told apart: both would be called {thing.name}",
                why="what stands in a schema besides the default one is called by the schema and its name, with a dot",
                way_out="rename one of them, so that it has no dot in its name: ALTER ... RENAME TO",
            )


def _in_full(name: str, schema: str | None) -> str:
    return quote(name) if schema is None else f"{quote(schema)}.{quote(name[len(schema) + 1 :])}"


def _facts(execute: Execute, tables: Collection[str] | None) -> Facts:
    """The answers to the questions, sorted by the relation that they are about."""
    sql = queries.relations(names=tables is not None)
    rows = execute(sql, (_plain_names(tables), list(tables))) if tables is not None else execute(sql)
    version = rows[0][0]
    facts = Facts({row[0]: Relation(*row) for row in rows[1:-1]})
    oids = tuple(facts.relations)
    if oids:
        facts.take_columns(execute(queries.columns(version, oids))[1:-1])
        facts.take_indexes(execute(queries.indexes(version, oids))[1:-1])
        facts.take_constraints(execute(queries.constraints(version, oids))[1:-1])
    if tables is None:
        facts.take_rest(execute(rest.everything(version, oids))[1:-1])
    elif oids:
        sql = rest.of_tables(version, oids, facts.index_oids, facts.constraint_oids)
        facts.take_rest(execute(sql)[1:-1])
    return facts


def _plain_names(tables: Collection[str]) -> list[str]:
    """What the tables may be called within their schema: a dot may stand behind a schema, or in a name."""
    return [name[start:] for name in tables for start in (0, *(at + 1 for at, sign in enumerate(name) if sign == "."))]


def _sorted(things: Any) -> tuple[Any, ...]:
    return tuple(sorted(things, key=lambda thing: thing.name))
