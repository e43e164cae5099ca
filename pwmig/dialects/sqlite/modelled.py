"""How Peewee's models say what a SQLite database holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pwmig.dialects.modelled import FieldTerm, ModelTerms
from pwmig.dialects.sqlite.texts.tokens import quote_if_needed
from pwmig.dialects.sqlite.writing.columns import (
    collation_clause,
    conflict_clause,
    default_clause,
    enclosed,
    generated_clause,
    type_text,
)
from pwmig.dialects.sqlite.writing.tables import foreign_key_text, part_text, primary_key_text, unique_text

if TYPE_CHECKING:
    from pwmig.schema import Column, ForeignKey, Index, IndexPart, Schema, Table, Unique

__all__ = ["SqliteTerms"]

_KINDS = {
    "INTEGER": "IntegerField",
    "TEXT": "TextField",
    "REAL": "FloatField",
    "BLOB": "BlobField",
    "DATE": "DateField",
    "DATETIME": "DateTimeField",
    "TIME": "TimeField",
    "VARCHAR": "CharField",
    "CHAR": "FixedCharField",
    "DECIMAL": "DecimalField",
}
"""Peewee's fields by the type that they have in SQLite."""

_SIZES = {
    "CharField": ("max_length",),
    "FixedCharField": ("max_length",),
    "DecimalField": ("max_digits", "decimal_places"),
}
_TYPE = re.compile(r"([^()]*?)\s*(?:\(\s*([0-9]+)\s*(?:,\s*([0-9]+)\s*)?\))?", re.ASCII)

# What a type is nearest to, by the words in it: https://www.sqlite.org/datatype3.html#determination_of_column_affinity
_NEAREST = (
    ("BOOL", "BooleanField"),
    ("BIGINT", "BigIntegerField"),
    ("INT", "IntegerField"),
    ("CHAR", "CharField"),
    ("CLOB", "TextField"),
    ("TEXT", "TextField"),
    ("UUID", "UUIDField"),
    ("BLOB", "BlobField"),
    ("BINARY", "BlobField"),
    ("DOUB", "DoubleField"),
    ("REAL", "FloatField"),
    ("FLOA", "FloatField"),
    ("TIMESTAMP", "DateTimeField"),
    ("DATETIME", "DateTimeField"),
    ("DATE", "DateField"),
    ("TIME", "TimeField"),
    ("NUMERIC", "DecimalField"),
    ("DEC", "DecimalField"),
)


class SqliteTerms(ModelTerms):
    keys_need_targets = False

    def field(self, table: Table, column: Column) -> FieldTerm:
        if self._counts(table, column):
            if column.autoincrement and not self.column_clauses(table, column, FieldTerm("AutoIncrementField")):
                return FieldTerm("AutoIncrementField", module="playhouse.sqlite_ext")
            return FieldTerm("AutoField")
        return _field_of(column.type)

    def _counts(self, table: Table, column: Column) -> bool:
        """Whether the column is another name of the row's id."""
        return (
            table.primary_key == (column.name,)
            and column.type.upper() == "INTEGER"
            and not table.primary_key_parts
            and "WITHOUT ROWID" not in table.options
        )

    def type_text(self, column: Column) -> str:
        return type_text(column.type)

    def implied_reference(self, target: FieldTerm) -> FieldTerm:
        return FieldTerm("IntegerField") if target.kind in ("AutoField", "AutoIncrementField") else target

    def column_clauses(self, table: Table, column: Column, term: FieldTerm) -> tuple[str, ...]:
        return tuple(self._clauses(table, column, term))

    def _clauses(self, table: Table, column: Column, term: FieldTerm) -> Iterator[str]:
        if self._is_key(table, column):
            yield from self._key_clauses(table, column, term)
        elif column.on_conflict:
            yield conflict_clause(column.on_conflict).strip()
        if column.default is not None:
            yield default_clause(column.default)
        if column.collation is not None:
            yield collation_clause(column.collation)
        if column.generated is not None:
            yield generated_clause(column)
        yield from ("UNIQUE" + conflict_clause(one.on_conflict) for one in table.uniques if _inline(one, column))

    def _key_clauses(self, table: Table, column: Column, term: FieldTerm) -> Iterator[str]:
        descending = "DESC" if any(part.descending for part in table.primary_key_parts) else ""
        counted = "AUTOINCREMENT" if column.autoincrement and term.kind != "AutoIncrementField" else ""
        words = (descending, conflict_clause(table.primary_key_conflict).strip(), counted)
        if any(words):
            yield " ".join(filter(None, words))
        if column.on_conflict:
            yield "NOT NULL" + conflict_clause(column.on_conflict)

    def _is_key(self, table: Table, column: Column) -> bool:
        return table.primary_key == (column.name,) and self.key_fits(table)

    def null(self, table: Table, column: Column) -> bool:
        return column.nullable or (column.on_conflict is not None and self._is_key(table, column))

    def key_fits(self, table: Table) -> bool:
        if len(table.primary_key) == 1:
            return not any(part.collation for part in table.primary_key_parts)
        return not (table.primary_key_parts or table.primary_key_conflict)

    def constraints(self, table: Table) -> tuple[str, ...]:
        key = () if self.key_fits(table) or not table.primary_key else (primary_key_text(table),)
        own = (one for one in table.uniques if not any(_inline(one, column) for column in table.columns))
        return (*key, *map(unique_text, own))

    def foreign_key(self, table: Table, key: ForeignKey) -> str:
        return foreign_key_text(key)

    def foreign_key_fits(self, key: ForeignKey) -> bool:
        return True

    def foreign_key_name(self, table: Table, key: ForeignKey) -> str | None:
        return key.name

    def check_name(self, table: Table, name: str | None) -> str | None:
        return name

    def checks(self, table: Table) -> tuple[tuple[str, str | None], ...]:
        return tuple((enclosed(check.expression)[1:-1], check.name) for check in table.checks)

    def index_part(self, part: IndexPart) -> str | None:
        plain = part.column is not None and part.collation is None
        return None if plain else part_text(part)

    def index_statement(self, table: Table, index: Index) -> str | None:
        return None

    def options(self, table: Table, schema: Schema) -> dict[str, Any]:
        known = {"STRICT": "strict_tables", "WITHOUT ROWID": "without_rowid"}
        return {known[option]: True for option in table.options if option in known}

    def is_sayable(self, table: Table) -> bool:
        return table.options[:1] != ("VIRTUAL",)

    def unsaid(self, table: Table) -> tuple[str, ...]:
        if not self.is_sayable(table):
            return (f"the virtual table {quote_if_needed(table.name)} USING {table.options[1]}", *_triggers(table))
        key = f"the name {quote_if_needed(table.primary_key_name)} of its primary key" if table.primary_key_name else ""
        return (*filter(None, [key]), *_triggers(table))

    def unsaid_things(self, schema: Schema) -> tuple[str, ...]:
        return tuple(
            said
            for view in schema.views
            for said in (
                f"the view {quote_if_needed(view.name)}",
                *(f"the trigger {quote_if_needed(trigger.name)} on it" for trigger in view.triggers),
            )
        )


def _triggers(table: Table) -> tuple[str, ...]:
    return tuple(f"the trigger {quote_if_needed(trigger.name)}" for trigger in table.triggers)


def _inline(unique: Unique, column: Column) -> bool:
    """Whether a UNIQUE can stand behind a column."""
    return unique.columns == (column.name,) and unique.name is None and not unique.parts


def _field_of(declared: str) -> FieldTerm:
    if not declared:
        return FieldTerm("BareField")
    match = _TYPE.fullmatch(declared)
    word, *numbers = match.groups() if match else (declared,)
    sizes = tuple(int(number) for number in numbers if number is not None)
    word = str(word)
    kind = _KINDS.get(word.upper())
    if kind is None or len(sizes) != len(_SIZES.get(kind, ())):
        if kind == "CharField" and not sizes:
            return FieldTerm(kind, (("max_length", None),))
        return _own(declared, word, sizes)
    return FieldTerm(kind, tuple(zip(_SIZES.get(kind, ()), sizes)))


def _own(declared: str, word: str, sizes: tuple[int, ...]) -> FieldTerm:
    """A type that no field of Peewee's has in SQLite, said by a field that is nearest to it."""
    nearest = next((kind for part, kind in _NEAREST if part in declared.upper()), "Field")
    names = _SIZES.get(nearest, ())
    if names and len(names) == len(sizes) and type_text(word) == word:
        return FieldTerm(nearest, tuple(zip(names, sizes)), storage=word, sized=True)
    if names:
        nearest = "TextField" if nearest == "CharField" else "Field"
    return FieldTerm(nearest, storage=type_text(declared))
