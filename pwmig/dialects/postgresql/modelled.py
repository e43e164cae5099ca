"""How Peewee's models say what a PostgreSQL database holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.dialects.modelled import FieldTerm
from pwmig.dialects.postgresql.quoting import qualified
from pwmig.dialects.postgresql.writing.constraints import (
    check_clause,
    exclusion_clause,
    foreign_key_clause,
    primary_key_clause,
    unique_clause,
)
from pwmig.dialects.postgresql.writing.indexes import index_part, index_statement
from pwmig.dialects.postgresql.writing.words import is_setting, settings
from pwmig.dialects.server.modelled import ServerTerms

if TYPE_CHECKING:
    from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Schema, Sequence, Table, Unique

__all__ = ["PostgresqlTerms"]

_KINDS = {
    "smallint": "SmallIntegerField",
    "integer": "IntegerField",
    "bigint": "BigIntegerField",
    "text": "TextField",
    "boolean": "BooleanField",
    "real": "FloatField",
    "double precision": "DoubleField",
    "date": "DateField",
    "timestamp without time zone": "DateTimeField",
    "time without time zone": "TimeField",
    "uuid": "UUIDField",
    "bytea": "BlobField",
    "jsonb": "JSONField",
}
"""Peewee's fields by the type that they have in PostgreSQL."""

_PLAYHOUSE = {"timestamp with time zone": "DateTimeTZField", "interval": "IntervalField"}

_SIZED = (
    (re.compile(r"character varying\((\d+)\)"), "CharField", ("max_length",)),
    (re.compile(r"character\((\d+)\)"), "FixedCharField", ("max_length",)),
    (re.compile(r"numeric\((\d+),(\d+)\)"), "DecimalField", ("max_digits", "decimal_places")),
)
_NEAREST = (
    (re.compile(r"json"), "JSONField"),
    (re.compile(r"timestamp\(\d+\) with(out)? time zone"), "DateTimeField"),
    (re.compile(r"time\(\d+\) without time zone"), "TimeField"),
)
_SERIAL = {"smallint": "AutoField", "integer": "AutoField", "bigint": "BigAutoField"}


class PostgresqlTerms(ServerTerms):
    def field(self, table: Table, column: Column) -> FieldTerm:
        kind = _SERIAL.get(column.type) if _counts(column) else None
        if kind is None:
            return _field_of(column.type)
        if table.primary_key != (column.name,) or not self.key_fits(table):
            return replace(_field_of(column.type), storage=self._counting_type(column))
        if column.identity is None:
            return FieldTerm(kind, storage="smallserial" if column.type == "smallint" else None)
        if column.type == "integer":
            always = column.identity == "ALWAYS"
            return FieldTerm("IdentityField", (("generate_always", True),) if always else ())
        return FieldTerm(kind, storage=self._counting_type(column))

    def _counting_type(self, column: Column) -> str:
        if column.identity is not None:
            return f"{column.type} GENERATED {column.identity} AS IDENTITY"
        return {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}[column.type]

    def type_text(self, column: Column) -> str:
        return column.type

    def implied_reference(self, target: FieldTerm) -> FieldTerm:
        if target.kind == "BigAutoField":
            return FieldTerm("BigIntegerField")
        return FieldTerm("IntegerField") if target.kind in ("AutoField", "IdentityField") else target

    def column_clauses(self, table: Table, column: Column, term: FieldTerm) -> tuple[str, ...]:
        return tuple(map(self.sql, self._clauses(column)))

    def _clauses(self, column: Column) -> Iterator[str]:
        if column.collation is not None:
            yield f"COLLATE {column.collation}"
        if column.generated is not None:
            yield f"GENERATED ALWAYS AS ({column.generated}) {(column.generated_kind or 'stored').upper()}"
        elif column.default is not None and not _counts(column):
            yield f"DEFAULT {column.default}"

    def null(self, table: Table, column: Column) -> bool:
        return column.nullable

    def key_fits(self, table: Table) -> bool:
        return not (table.primary_key_deferrable or table.primary_key_options)

    def constraints(self, table: Table) -> tuple[str, ...]:
        return tuple(map(self.sql, self._constraints(table)))

    def _constraints(self, table: Table) -> Iterator[str]:
        if table.primary_key and not self.key_fits(table):
            usual = table.primary_key_name == f"{table.plain_name}_pkey"
            yield primary_key_clause(replace(table, primary_key_name=None) if usual else table)
        for unique in table.uniques:
            usual = unique.name == "_".join((table.plain_name, *unique.columns, "key"))
            yield unique_clause(replace(unique, name=None) if usual else unique)
        yield from map(exclusion_clause, table.exclusions)
        yield from (check_clause(self._unnamed(table, check)) for check in table.checks if not _is_plain(check))

    def _unnamed(self, table: Table, check: Check) -> Check:
        return replace(check, name=self.check_name(table, check.name))

    def foreign_key(self, table: Table, key: ForeignKey) -> str:
        return self.sql(foreign_key_clause(replace(key, name=self.foreign_key_name(table, key)), validated=True))

    def foreign_key_fits(self, key: ForeignKey) -> bool:
        return key.match is None and key.enforced

    def foreign_key_name(self, table: Table, key: ForeignKey) -> str | None:
        return None if key.name == "_".join((table.plain_name, *key.columns, "fkey")) else key.name

    def check_name(self, table: Table, name: str | None) -> str | None:
        usual = name is not None and re.fullmatch(rf"{re.escape(table.plain_name)}_(.+_)?check\d*", name, re.DOTALL)
        return None if usual else name

    def checks(self, table: Table) -> tuple[tuple[str, str | None], ...]:
        return tuple(
            (check.expression, self.check_name(table, check.name)) for check in table.checks if _is_plain(check)
        )

    def index_part(self, part: IndexPart) -> str | None:
        words = (part.expression, part.collation, part.operator_class, part.nulls_first)
        plain = part.column is not None and all(word is None for word in words)
        return None if plain else self.sql(index_part(part))

    def index_statement(self, table: Table, index: Index) -> str | None:
        said = index.include or not index.nulls_distinct or any(map(_is_made_with, index.options))
        return self.sql(index_statement(table, index)) if said else None

    def options(self, table: Table, schema: Schema) -> dict[str, Any]:
        words = [f"PARTITION BY {table.partitioning}"] if table.partitioning is not None else []
        words += [word for word in table.options if word.startswith("USING ")]
        if text := settings(table.options):
            words.append(f"WITH ({text})")
        return {"table_settings": tuple(map(self.sql, words))} if words else {}

    def is_sayable(self, table: Table) -> bool:
        return table.partition_of is None and not table.inherits

    def unsaid(self, table: Table) -> tuple[str, ...]:
        return tuple(_unsaid(table)) if self.is_sayable(table) else (_left_out(table),)

    def unsaid_things(self, schema: Schema) -> tuple[str, ...]:
        return tuple(_beside(schema))


def _counts(column: Column) -> bool:
    """Whether the column counts by a sequence of its own."""
    if column.sequence is None or column.type not in _SERIAL:
        return False
    return column.identity is not None or (column.default or "").startswith("nextval(")


def _is_plain(check: Check) -> bool:
    return check.enforced and check.inherited


def _is_made_with(word: str) -> bool:
    """Whether CREATE INDEX says an option of an index."""
    return is_setting(word) or word.startswith("TABLESPACE ")


def _field_of(text: str) -> FieldTerm:
    if text in _KINDS:
        return FieldTerm(_KINDS[text])
    if text in _PLAYHOUSE:
        return FieldTerm(_PLAYHOUSE[text], module="playhouse.postgres_ext")
    if text == "character varying":
        return FieldTerm("CharField", (("max_length", None),))
    for pattern, kind, names in _SIZED:
        if match := pattern.fullmatch(text):
            return FieldTerm(kind, tuple(zip(names, map(int, match.groups()))))
    nearest = next((kind for pattern, kind in _NEAREST if pattern.fullmatch(text)), "Field")
    return FieldTerm(nearest, storage=text)


# -- what no model says


def _left_out(table: Table) -> str:
    if table.partition_of is not None:
        return f"the table {table.name}, a partition of {table.partition_of}, with all that it has"
    return f"the table {table.name}, which inherits from {', '.join(table.inherits)}, with all that it has"


def _unsaid(table: Table) -> Iterator[str]:
    if table.primary_key_name and table.primary_key_name != f"{table.plain_name}_pkey":
        yield f"the name {table.primary_key_name} of its primary key"
    for column in table.columns:
        yield from _unsaid_of_column(table, column)
    for kind, things in (("trigger", table.triggers), ("rule", table.rules), ("policy", table.policies)):
        yield from (f"the {kind} {thing.name}" for thing in things)
    yield from (
        f"its option {word}" for word in table.options if not is_setting(word) and not word.startswith("USING ")
    )
    if table.comment is not None:
        yield f"its comment: {table.comment}"
    yield from (f"the grant {grant}" for grant in table.grants)
    for index in table.indexes:
        yield from _unsaid_of_index(index)
    tested: tuple[ForeignKey | Check, ...] = (*table.foreign_keys, *table.checks)
    yield from (f"that {one.name} is not validated" for one in tested if not one.validated)
    commented: tuple[Unique | ForeignKey | Check, ...] = (*table.uniques, *tested)
    yield from (f"the comment of {one.name}: {one.comment}" for one in commented if one.comment is not None)


def _unsaid_of_column(table: Table, column: Column) -> Iterator[str]:
    if column.comment is not None:
        yield f"the comment of {column.name}: {column.comment}"
    yield from (f"the option {word} of {column.name}" for word in column.options)
    yield from (f"the grant {grant} on {column.name}" for grant in column.grants)
    if column.sequence is not None and not _is_usual(table, column, column.sequence):
        yield f"the sequence {qualified(column.sequence)} of {column.name}"


def _is_usual(table: Table, column: Column, sequence: Sequence) -> bool:
    """Whether a sequence is as SERIAL and IDENTITY make it."""
    plain = type(sequence)(sequence.name, type=column.type, maximum=sequence.maximum, schema=sequence.schema)
    return sequence == plain and sequence.plain_name == f"{table.plain_name}_{column.name}_seq"


def _unsaid_of_index(index: Index) -> Iterator[str]:
    if not index.valid:
        yield f"that the index {index.name} is not valid"
    if index.comment is not None:
        yield f"the comment of {index.name}: {index.comment}"
    yield from (f"the option {word} of {index.name}" for word in index.options if not _is_made_with(word))


def _beside(schema: Schema) -> Iterator[str]:
    for extension in schema.extensions:
        yield f"the extension {extension.name}"
    for kind in schema.types:
        yield f"the {kind.kind} type {kind.name}"
    for sequence in schema.sequences:
        yield f"the sequence {sequence.name}"
    for routine in schema.routines:
        yield f"the {routine.kind} {routine.name}({routine.arguments})"
    for view in schema.views:
        yield f"the {'materialized ' if view.materialized else ''}view {view.name}"
        yield from (f"the trigger {trigger.name} on it" for trigger in view.triggers)
