"""A whole schema, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pwmig.dialects.postgresql.quoting import literal, qualified, quote
from pwmig.dialects.postgresql.writing.columns import column_settings, sequence_statement
from pwmig.dialects.postgresql.writing.constraints import check_clause, foreign_key_clause
from pwmig.dialects.postgresql.writing.indexes import attach_statement, index_name, index_settings, index_statement
from pwmig.dialects.postgresql.writing.objects import (
    comment_statement,
    grant_statements,
    policy_statement,
    rule_statements,
    trigger_statements,
)
from pwmig.dialects.postgresql.writing.order import Names, Thing, ordered
from pwmig.dialects.postgresql.writing.tables import Shape, settled, shape, table_settings, table_statement
from pwmig.dialects.postgresql.writing.types import domain_checks, type_settings, type_statement
from pwmig.dialects.postgresql.writing.views import (
    refresh_statement,
    view_indexes,
    view_settings,
    view_statement,
)
from pwmig.schema import Check, Extension, Routine, Schema, Sequence, Table, Type, View

__all__ = ["write"]


def write(schema: Schema) -> tuple[str, ...]:
    """The statements that make ``schema`` in an empty database, each by itself, in an order that can be run.

    Each stands alone and takes no parameters. Types, tables, routines and views come in the order of what they need;
    what may go round in circles (foreign keys, checks and defaults that call routines) is added when all are there.
    The bodies of routines are not looked at meanwhile, for which one setting is set and taken back.
    """
    statements = tuple(_Writing(schema).statements())
    if not any("\\" in statement for statement in statements):
        return statements
    # A backslash is a letter like any other in what the catalog says, and in what is written here.
    return ("SET standard_conforming_strings = on", *statements, "RESET standard_conforming_strings")


class _Writing:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.names = Names(schema)
        self.things: list[Thing] = ordered(schema, self.names)
        self.tables = [thing for thing in self.things if isinstance(thing, Table)]
        self.views = [thing for thing in self.things if isinstance(thing, View)]
        self.by_name = {table.name: table for table in self.tables}
        family = {name for table in self.tables for name in (*table.inherits, table.partition_of) if name is not None}
        self.shapes = {table.name: self._shape(table, family) for table in self.tables}

    def _shape(self, table: Table, family: set[str]) -> Shape:
        later = [column.name for column in table.columns if self.names.calls(column.default)]
        alone = not table.inherits and table.partition_of is None and table.name not in family
        calling = any(self.names.calls(check.expression) for check in table.checks)
        return shape(table, self.by_name.get, later, alone and not calling)

    def statements(self) -> Iterator[str]:
        yield from self._ground()
        if self.schema.routines:
            yield "SET check_function_bodies = off"
        for thing in self.things:
            yield from self._made(thing)
        if self.schema.routines:
            yield "RESET check_function_bodies"
        for one in self.schema.types:
            yield from self._domain_rest(one)
        yield from self._columns()
        yield from self._joined()
        yield from self._constraints()
        for view in self.views:
            yield from view_indexes(view)
        yield from self._objects()
        yield from filter(None, map(refresh_statement, self.views))
        yield from self._told()

    # -- what needs nothing

    def _ground(self) -> Iterator[str]:
        for namespace in self.schema.namespaces:
            yield f"CREATE SCHEMA {quote(namespace.name)}"
        yield from map(_extension, self.schema.extensions)
        yield from map(sequence_statement, self._sequences())

    def _sequences(self) -> Iterator[Sequence]:
        """The sequences that no identity column makes."""
        yield from self.schema.sequences
        for table in self.tables:
            for column in table.columns:
                if column.sequence is not None and column.identity is None:
                    yield column.sequence

    # -- what needs others

    def _made(self, thing: Thing) -> Iterator[str]:
        if isinstance(thing, Table):
            yield table_statement(self.shapes[thing.name])
            yield from settled(self.shapes[thing.name])
        elif isinstance(thing, View):
            yield view_statement(thing)
        elif isinstance(thing, Routine):
            yield thing.sql
        else:
            yield type_statement(thing, self._plain_checks(thing), default=not self.names.calls(thing.default))

    def _plain_checks(self, made: Type) -> list[Check]:
        """The checks of a domain that call no routine, and hold for all values."""
        return [check for check in made.checks if check.validated and not self.names.calls(check.expression)]

    def _domain_rest(self, made: Type) -> Iterator[str]:
        plain = self._plain_checks(made)
        if self.names.calls(made.default):
            yield f"ALTER DOMAIN {qualified(made)} SET DEFAULT {made.default}"
        yield from domain_checks(made, [check for check in made.checks if check not in plain])

    def _columns(self) -> Iterator[str]:
        for table in self.tables:
            name = qualified(table)
            for column in table.columns:
                if column.name in self.shapes[table.name].later:
                    yield f"ALTER TABLE ONLY {name} ALTER COLUMN {quote(column.name)} SET DEFAULT {column.default}"
                yield from column_settings(name, column)

    def _joined(self) -> Iterator[str]:
        """Children to their parents, partitions to the table that they are parts of; indexes, and these likewise."""
        for table in self.tables:
            if table.inherits and not self.shapes[table.name].as_child:
                for parent in table.inherits:
                    yield f"ALTER TABLE {qualified(table)} INHERIT {self._named(parent)}"
            if table.partition_of is not None:
                part = f"{qualified(table)} {table.partition_bound}"
                yield f"ALTER TABLE {self._named(table.partition_of)} ATTACH PARTITION {part}"
        for table in self.tables:
            for index in table.indexes:
                above = table.partitioning is not None  # valid as soon as it has a part of each partition
                yield index_statement(table, index, only=above)
                yield from index_settings(table, replace(index, valid=True) if above else index)
        for table in self.tables:
            yield from filter(None, (attach_statement(table, index) for index in table.indexes))

    def _named(self, table: str) -> str:
        found = self.by_name.get(table)
        return qualified(found) if found is not None else quote(table)

    def _constraints(self) -> Iterator[str]:
        for table in self.tables:
            inline = self.shapes[table.name].with_checks
            for check in table.checks:
                if not inline or not check.validated:
                    yield f"ALTER TABLE {qualified(table)} ADD {check_clause(check)}"
        for table in self.tables:
            for key in table.foreign_keys:
                yield f"ALTER TABLE {qualified(table)} ADD {foreign_key_clause(key)}"

    def _objects(self) -> Iterator[str]:
        for table in self.tables:
            name = qualified(table)
            yield from table_settings(table)
            for policy in table.policies:
                yield policy_statement(name, policy)
            for rule in table.rules:
                yield from rule_statements(name, rule)
            for trigger in table.triggers:
                yield from trigger_statements(name, trigger)
        for sequence in self.schema.sequences:
            yield from (f"ALTER SEQUENCE {qualified(sequence)} {w}" for w in sequence.options if w[:8] == "OWNED BY")

    # -- what is told of them

    def _told(self) -> Iterator[str]:
        for namespace in self.schema.namespaces:
            thing = f"SCHEMA {quote(namespace.name)}"
            yield from comment_statement(thing, namespace.comment)
            yield from grant_statements(thing, namespace.grants)
        for one in self.schema.types:
            yield from type_settings(one)
        for sequence in self.schema.sequences:
            yield from _told_of_sequence(sequence)
        for routine in self.schema.routines:
            arguments = routine.arguments or ("*" if routine.kind == "aggregate" else "")
            thing = f"{routine.kind.upper()} {qualified(routine)}({arguments})"
            rights = "FUNCTION" + thing[9:] if routine.kind == "aggregate" else thing
            yield from comment_statement(thing, routine.comment)
            yield from grant_statements(rights, routine.grants)
        for table in self.tables:
            yield from _told_of_table(table)
        for view in self.views:
            yield from view_settings(view)


def _extension(extension: Extension) -> str:
    place = f" SCHEMA {quote(extension.schema)}" if extension.schema is not None else ""
    version = f" VERSION {literal(extension.version)}" if extension.version else ""
    return f"CREATE EXTENSION IF NOT EXISTS {quote(extension.name)}{place}{version} CASCADE"


def _told_of_sequence(sequence: Sequence) -> Iterator[str]:
    thing = f"SEQUENCE {qualified(sequence)}"
    yield from comment_statement(thing, sequence.comment)
    yield from grant_statements(thing, sequence.grants)


def _told_of_table(table: Table) -> Iterator[str]:
    name = qualified(table)
    yield from comment_statement(f"TABLE {name}", table.comment)
    yield from grant_statements(f"TABLE {name}", table.grants)
    for column in table.columns:
        place = f"{name}.{quote(column.name)}"
        if column.sequence is not None:
            if column.identity is None:
                yield f"ALTER SEQUENCE {qualified(column.sequence)} OWNED BY {place}"
            elif "UNLOGGED" in column.sequence.options and "UNLOGGED" not in table.options:
                yield f"ALTER SEQUENCE {qualified(column.sequence)} SET UNLOGGED"
            yield from _told_of_sequence(column.sequence)
        yield from comment_statement(f"COLUMN {place}", column.comment)
        yield from grant_statements(f"TABLE {name}", column.grants, quote(column.name))
    for constraint in _constraints_of(table):
        thing = f"CONSTRAINT {quote(constraint[0])} ON {name}"
        yield from comment_statement(thing, constraint[1])
    for index in table.indexes:
        yield from comment_statement(f"INDEX {index_name(table, index.name)}", index.comment)
    for policy in table.policies:
        yield from comment_statement(f"POLICY {quote(policy.name)} ON {name}", policy.comment)


def _constraints_of(table: Table) -> Iterator[tuple[str, str | None]]:
    """The names and comments of a table's constraints."""
    yield table.primary_key_name or "", table.primary_key_comment
    constraints: tuple[Any, ...] = (*table.uniques, *table.foreign_keys, *table.checks, *table.exclusions)
    yield from ((one.name or "", one.comment) for one in constraints)
