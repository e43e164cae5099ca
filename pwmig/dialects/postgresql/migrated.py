"""How a migration says what a PostgreSQL database holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pwmig.codegen.kinds import POSTGRESQL
from pwmig.dialects.migrated import MigrationTerms
from pwmig.dialects.postgresql.modelled import PostgresqlTerms
from pwmig.dialects.postgresql.quoting import literal, qualified, quote
from pwmig.dialects.postgresql.writing import (
    check_clause,
    column_definition,
    column_settings,
    foreign_key_clause,
    index_statement,
    primary_key_clause,
    sequence_options,
    sequence_statement,
    type_statement,
    unique_clause,
    write,
)
from pwmig.dialects.postgresql.writing.words import is_setting, settings
from pwmig.diff.texts import renamed_text
from pwmig.schema import Check, Column, ForeignKey, Index, Namespace, Schema, Table, Type, Unique
from pwmig.schema import Sequence as Counter

__all__ = ["PostgresqlMigrationTerms"]

_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}


_FAMILIES = (
    frozenset({"smallint", "integer", "bigint"}),
    frozenset({"text", "character varying"}),
)
"""Types that a foreign key may tie to each other (https://www.postgresql.org/docs/current/btree.html)."""


class PostgresqlMigrationTerms(MigrationTerms):
    generated_hold_types = True

    def __init__(self) -> None:
        super().__init__(PostgresqlTerms(POSTGRESQL.written), POSTGRESQL)

    def key_holds(self, before: str, after: str) -> bool:
        """A key is made again for each of the two types that change: they have to be comparable at every moment."""
        old, new = (re.sub(r"\(.*?\)", "", text) for text in (before, after))
        return old != new and not any({old, new} <= family for family in _FAMILIES)

    def renamed(self, sql: str, names: Mapping[str, str]) -> str:
        return renamed_text(sql, names, quote)

    def constraint(self, table: Table, thing: ForeignKey | Unique | Check) -> str:
        if isinstance(thing, ForeignKey):
            return foreign_key_clause(replace(thing, name=None))
        if isinstance(thing, Unique):
            return unique_clause(replace(thing, name=None))
        return check_clause(replace(thing, name=None))

    def plain_options(self, table: Table, schema: Schema) -> dict[str, bool] | None:
        return None if self.model.options(table, schema) or self.model.unsaid(table) else {}

    def create(self, schema: Schema) -> tuple[str, ...]:
        return write(replace(schema, exact_tables=True, exact_columns=True))

    def beside(self, table: Table) -> tuple[str, ...]:
        return ()

    def move(self, before: Table, after: Table) -> tuple[str, ...]:
        schema = quote(after.schema) if after.schema is not None else "public"
        return (f"ALTER TABLE {qualified(before)} SET SCHEMA {schema}",)

    def create_index(self, table: Table, index: Index) -> str:
        return index_statement(table, index)

    # -- what no operation says

    def alter_column(self, table: Table, before: Column, after: Column) -> tuple[str, ...]:
        return tuple(_altered(table, before, after))

    def follow_type(self, table: Table, before: Column, after: Column) -> tuple[str, ...]:
        """The sequence that the column counts by, which would end where the old type does; not that of an identity,
        which goes along with it."""
        sequence, is_identity = after.sequence, before.identity is not None or after.identity is not None
        if before.sequence is None or sequence is None or is_identity or after.type not in _SERIAL:
            return ()
        return (f"ALTER SEQUENCE {qualified(sequence)} AS {after.type}",)

    def alter_key(self, before: Table, after: Table, coming: Mapping[Column, str]) -> tuple[str, ...]:
        parts = []
        if before.primary_key:
            parts.append(f"DROP CONSTRAINT {quote(before.primary_key_name or f'{before.plain_name}_pkey')}")
        for column in coming:
            serial = replace(column, type=_SERIAL[column.type], default=None, sequence=None)
            parts.append(f"ADD COLUMN {column_definition(column if column.identity else serial)}")
        for name in before.primary_key:
            left = after.column(name)
            if left is not None and left.nullable and name not in after.primary_key:
                parts.append(f"ALTER COLUMN {quote(name)} DROP NOT NULL")
        if after.primary_key:
            usual = after.primary_key_name == f"{after.plain_name}_pkey"
            parts.append(f"ADD {primary_key_clause(replace(after, primary_key_name=None) if usual else after)}")
        return (f"ALTER TABLE {qualified(after)} {', '.join(parts)}",)

    def alter_table(self, before: Table, after: Table) -> tuple[str, ...]:
        place = f"ALTER TABLE {qualified(after)}"
        found = []
        gone = [word.partition("=")[0] for word in before.options if is_setting(word) and word not in after.options]
        if gone:
            found.append(f"{place} RESET ({', '.join(gone)})")
        if text := settings(word for word in after.options if word not in before.options):
            found.append(f"{place} SET ({text})")
        if ("UNLOGGED" in before.options) != ("UNLOGGED" in after.options):
            found.append(f"{place} SET {'UNLOGGED' if 'UNLOGGED' in after.options else 'LOGGED'}")
        return tuple(found)

    def alter(self, before: Any, after: Any) -> tuple[str, ...]:
        return tuple(_beside(before, after))


def _altered(table: Table, before: Column, after: Column) -> Iterator[str]:
    alter = f"ALTER TABLE {qualified(table)} ALTER COLUMN {quote(after.name)}"
    if before.generated is not None and after.generated is None:
        yield f"{alter} DROP EXPRESSION"
    if before.collation != after.collation and before.type == after.type:
        yield f"{alter} TYPE {after.type} COLLATE " + (after.collation or '"default"')
    if before.identity != after.identity:
        if before.identity is not None and after.identity is not None:
            yield f"{alter} SET GENERATED {after.identity}"
        elif before.identity is not None:
            yield f"{alter} DROP IDENTITY"
            yield from _serial(table, replace(before, sequence=None), after)
        else:
            yield from _serial(table, before, replace(after, sequence=None))
            yield f"{alter} ADD GENERATED {after.identity} AS IDENTITY"
            name = f"pg_get_serial_sequence({literal(qualified(table))}, {literal(after.name)})"
            yield _counted_on(table, after.name, name)
    elif before.identity is None and (before.sequence is None) != (after.sequence is None):
        yield from _serial(table, before, after)
    for word in before.options:
        if word not in after.options and is_setting(word):
            yield f"{alter} RESET ({word.partition('=')[0]})"
    yield from column_settings(qualified(table), replace(after, options=_new(before.options, after.options)))


def _new(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in after if word not in before)


def _serial(table: Table, before: Column, after: Column) -> Iterator[str]:
    """A column that comes to count by a sequence as SERIAL has it, or does so no more."""
    alter = f"ALTER TABLE {qualified(table)} ALTER COLUMN {quote(after.name)}"
    if after.sequence is None:
        if before.sequence is not None:
            yield f"{alter} DROP DEFAULT"
            yield f"DROP SEQUENCE {qualified(before.sequence)}"
        return
    name = qualified(after.sequence)
    yield sequence_statement(after.sequence)
    yield f"ALTER SEQUENCE {name} OWNED BY {qualified(table)}.{quote(after.name)}"
    yield f"{alter} SET DEFAULT nextval({literal(name)}::regclass)"
    yield _counted_on(table, after.name, literal(name))


def _counted_on(table: Table, column: str, sequence: str) -> str:
    highest = f"SELECT max({quote(column)}) FROM {qualified(table)}"
    return f"SELECT setval({sequence}, coalesce(({highest}), 0) + 1, false)"


def _beside(before: Any, after: Any) -> Iterator[str]:
    match before, after:
        case None, Counter():
            yield sequence_statement(after)
        case Counter(), None:
            yield f"DROP SEQUENCE {qualified(before)}"
        case Counter(), Counter():
            yield f"ALTER SEQUENCE {qualified(after)}{sequence_options(after)}"
        case None, Namespace():
            yield f"CREATE SCHEMA {quote(after.name)}"
        case Namespace(), None:
            yield f"DROP SCHEMA {quote(before.name)}"
        case None, Type():
            yield type_statement(after, after.checks)
        case Type(), None:
            yield f"DROP {'DOMAIN' if before.kind == 'domain' else 'TYPE'} {qualified(before)}"
