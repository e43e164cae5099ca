"""All statements of a schema, in an order in which each finds what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from pwmig.dialects.mysql.quoting import literal, qualified, quote
from pwmig.dialects.mysql.seeing.hidden import require_texts
from pwmig.dialects.mysql.seeing.objects import BROKEN
from pwmig.dialects.mysql.seeing.texts import mentioned
from pwmig.dialects.mysql.writing.clauses import foreign_key_clause
from pwmig.dialects.mysql.writing.objects import (
    event_statement,
    grant_statements,
    routine_statements,
    sequence_statement,
    triggers_in_order,
)
from pwmig.dialects.mysql.writing.tables import create_table
from pwmig.schema import ForeignKey, Namespace, Schema, Sequence, Table, View

__all__ = ["write"]


def write(schema: Schema, *, for_copy: bool = False) -> tuple[str, ...]:
    """The statements that make exactly this schema in an empty database, each to be executed alone, without parameters.

    Sequences come first, then routines (whose bodies are not looked into before they run), tables behind those that
    they refer to, foreign keys that close a circle, views, triggers, events and grants. A view that is broken is left
    out: no server makes one. Raises FactsHidden for what the account could not see.

    ``for_copy`` leaves out what a copy must not have: grants, which outlive their database
    (https://mariadb.com/kb/en/drop-database/), and events that are enabled, which would run.
    """
    require_texts(schema)
    statements = [_namespace(namespace) for namespace in schema.namespaces]
    statements += [sequence_statement(sequence) for sequence in schema.sequences]
    statements += [text for routine in schema.routines for text in routine_statements(routine)]
    statements += _tables(schema)
    statements += [view.sql for view in _whole(_views_in_order(schema))]
    statements += [trigger.sql for table in schema.tables for trigger in triggers_in_order(table.triggers)]
    events = [replace(event, enabled=event.enabled or "DISABLED") for event in schema.events]
    statements += [event_statement(event) for event in (events if for_copy else schema.events)]
    if not for_copy:
        things: list[Sequence | Table | View] = [*schema.sequences, *schema.tables, *_whole(schema.views)]
        statements += [text for thing in things for text in grant_statements(thing)]
    return tuple(statements)


def _whole(views: Iterable[View]) -> list[View]:
    return [view for view in views if BROKEN not in view.options]


def _namespace(namespace: Namespace) -> str:
    comment = f" COMMENT {literal(namespace.comment)}" if namespace.comment is not None else ""
    return f"CREATE DATABASE {quote(namespace.name)}{comment}"


def _tables(schema: Schema) -> list[str]:
    """CREATE TABLE for each table, then the foreign keys to tables that come later."""
    made: set[str] = set()
    names = {schema.key(table.name) for table in schema.tables}
    statements: list[str] = []
    late: list[str] = []
    for table in _tables_in_order(schema):
        made.add(schema.key(table.name))
        now = [key for key in table.foreign_keys if schema.key(key.ref_table) in made or not _here(key, schema, names)]
        dangling = any(_dangles(key, schema, names) for key in now)
        statements.append(_unchecked(create_table(table, now), dangling))
        late += [
            f"ALTER TABLE {qualified(table)} ADD {foreign_key_clause(key)}"
            for key in table.foreign_keys
            if key not in now
        ]
        statements += _without_added_indexes(table)
    return statements + late


def _here(key: ForeignKey, schema: Schema, names: set[str]) -> bool:
    return schema.key(key.ref_table) in names


def _dangles(key: ForeignKey, schema: Schema, names: set[str]) -> bool:
    """Whether a foreign key points at a table that is not there, as one can where checks are off."""
    return key.ref_schema is None and not _here(key, schema, names)


def _unchecked(sql: str, unchecked: bool) -> str:
    return f"SET STATEMENT foreign_key_checks = 0 FOR {sql}" if unchecked else sql


def _without_added_indexes(table: Table) -> list[str]:
    """Drop the index that a foreign key makes for itself where the table has none that serves it.

    The server keeps such an index while checks are on, so this is rare.
    """
    leading = [tuple(index.columns) for index in table.indexes] + [table.primary_key]
    found = []
    for key in table.foreign_keys:
        if key.name and not any(columns[: len(key.columns)] == key.columns for columns in leading):
            found.append(_unchecked(f"ALTER TABLE {qualified(table)} DROP KEY {quote(key.name)}", True))
    return found


def _tables_in_order(schema: Schema) -> Iterable[Table]:
    """Each table behind the tables that it refers to, as far as no circle forbids."""
    by_key = {schema.key(table.name): table for table in schema.tables}
    seen: set[str] = set()
    ordered: list[Table] = []
    for start in schema.tables:
        # A stack of its own: a chain of references can be longer than Python's calls may be deep.
        stack = [(start, iter(start.foreign_keys))] if schema.key(start.name) not in seen else []
        seen.add(schema.key(start.name))
        while stack:
            table, keys = stack[-1]
            target = next((found for key in keys if (found := by_key.get(schema.key(key.ref_table)))), None)
            if target is None:
                stack.pop()
                ordered.append(table)
            elif schema.key(target.name) not in seen:
                seen.add(schema.key(target.name))
                stack.append((target, iter(target.foreign_keys)))
    return ordered


def _views_in_order(schema: Schema) -> list[View]:
    """Each view behind those that it reads, itself or by a routine that it calls."""
    views = {view.plain_name.lower(): view for view in schema.views}
    routines = {routine.name.lower(): _words(routine.sql) for routine in (schema.routines if views else ())}
    ordered: dict[str, View] = {}

    def make(view: View, above: frozenset[str]) -> None:
        key = view.plain_name.lower()
        if key in ordered or key in above:
            return
        named = mentioned(view.sql)
        for name in sorted(named.tables | _reached(named.calls, routines)):
            if name in views:
                make(views[name], above | {key})
        ordered[key] = view

    for view in schema.views:
        make(view, frozenset())
    return list(ordered.values())


def _words(sql: str) -> frozenset[str]:
    """Every word of a routine's text: what it calls and reads is among them."""
    quoted = {name.replace("``", "`") for name in re.findall(r"`((?:[^`]|``)*)`", sql)}
    return frozenset(word.lower() for word in quoted.union(re.findall(r"[\w$]+", sql)))


def _reached(calls: frozenset[str], routines: dict[str, frozenset[str]]) -> set[str]:
    """All that the routines called may name, and those that they call."""
    reached: set[str] = set()
    waiting = set(calls)
    while waiting:
        words = routines.get(waiting.pop(), frozenset())
        waiting |= words - reached
        reached |= words
    return reached
