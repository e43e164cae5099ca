"""How Peewee's models say what a MariaDB or MySQL database holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.dialects.modelled import FieldTerm
from pwmig.dialects.mysql.quoting import literal, qualified, quote
from pwmig.dialects.mysql.seeing.periods import PERIOD
from pwmig.dialects.mysql.writing.clauses import (
    check_clause,
    column_check,
    foreign_key_clause,
    index_clause,
    primary_key_clause,
)
from pwmig.dialects.mysql.writing.tables import engine_of, partitioning_text, period_clauses
from pwmig.dialects.server.modelled import ServerTerms
from pwmig.schema import Schema

if TYPE_CHECKING:
    from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Table

__all__ = ["MySQLTerms", "json_check"]

_KINDS = {
    "int": "IntegerField",
    "int(11)": "IntegerField",
    "bigint": "BigIntegerField",
    "bigint(20)": "BigIntegerField",
    "smallint": "SmallIntegerField",
    "smallint(6)": "SmallIntegerField",
    "tinyint(1)": "BooleanField",
    "text": "TextField",
    "float": "FloatField",
    "double": "DoubleField",
    "date": "DateField",
    "datetime": "DateTimeField",
    "time": "TimeField",
    "blob": "BlobField",
}
"""Peewee's fields by the type that they have: MariaDB tells the width of integers, MySQL 8 doesn't."""

_SIZED = (
    (re.compile(r"varchar\(([1-9]\d*)\)"), "CharField", ("max_length",)),
    (re.compile(r"char\(([1-9]\d*)\)"), "FixedCharField", ("max_length",)),
    (re.compile(r"decimal\((\d+),(\d+)\)"), "DecimalField", ("max_digits", "decimal_places")),
)
_NEAREST = (
    ("bigint", "BigIntegerField"),
    (("int", "tinyint", "smallint", "mediumint", "year"), "IntegerField"),
    (("enum", "tinytext", "mediumtext", "longtext"), "TextField"),
    (("float", "double"), "DoubleField"),
    (("datetime", "timestamp"), "DateTimeField"),
    ("time", "TimeField"),
    (("binary", "varbinary", "tinyblob", "mediumblob", "longblob"), "BlobField"),
)
_COUNTING = {"IntegerField": "AutoField", "BigIntegerField": "BigAutoField"}
_USUAL_NAME = re.compile(r"CONSTRAINT_\d+")


class MySQLTerms(ServerTerms):
    usual_action = "RESTRICT"

    def field(self, table: Table, column: Column) -> FieldTerm:
        term = FieldTerm("JSONField") if json_check(table, column) else _field_of(column.type)
        if not column.autoincrement:
            return term
        is_key = table.primary_key == (column.name,) and self.key_fits(table)
        if is_key and term.kind in _COUNTING and term.storage is None:
            return FieldTerm(_COUNTING[term.kind])
        kind = _COUNTING.get(term.kind, "AutoField") if is_key else term.kind
        return FieldTerm(kind, storage=f"{column.type} AUTO_INCREMENT")

    def type_text(self, column: Column) -> str:
        return column.type

    def implied_reference(self, target: FieldTerm) -> FieldTerm:
        if target.storage is not None and target.storage.endswith(" AUTO_INCREMENT"):
            kind = next((kind for kind, counting in _COUNTING.items() if counting == target.kind), target.kind)
            return FieldTerm(kind)
        return (
            FieldTerm({"AutoField": "IntegerField", "BigAutoField": "BigIntegerField"}[target.kind])
            if (target.kind in ("AutoField", "BigAutoField"))
            else target
        )

    def column_clauses(self, table: Table, column: Column, term: FieldTerm) -> tuple[str, ...]:
        return tuple(map(self.sql, self._clauses(table, column)))

    def _clauses(self, table: Table, column: Column) -> Iterator[str]:
        is_json = json_check(table, column) is not None
        if column.collation is not None and column.collation != _collation(table) and not is_json:
            yield f"COLLATE {column.collation}"
        if column.generated is not None:
            yield from _generated(column)
        elif column.nullable and column.type.lower().startswith("timestamp"):
            yield "NULL"
        if column.default is not None:
            yield f"DEFAULT {column.default}"
        if column.on_update is not None:
            yield f"ON UPDATE {column.on_update}"
        if column.invisible:
            yield "INVISIBLE"
        yield from column.options
        if column.comment is not None:
            yield f"COMMENT {literal(column.comment)}"
        check = column_check(table, column.name)
        if check is not None and not is_json:
            yield check_clause(check)

    def null(self, table: Table, column: Column) -> bool:
        return column.nullable or column.generated is not None

    def key_fits(self, table: Table) -> bool:
        return not (table.primary_key_parts or table.primary_key_options or table.primary_key_comment)

    def constraints(self, table: Table) -> tuple[str, ...]:
        return tuple(map(self.sql, self._constraints(table)))

    def _constraints(self, table: Table) -> Iterator[str]:
        if table.primary_key and not self.key_fits(table):
            yield primary_key_clause(table, engine_of(table))
        yield from (index_clause(index, engine_of(table)) for index in table.indexes if _counts_by(table, index))
        yield from (check_clause(check) for check in table.checks if check.column is None and not check.enforced)
        yield from period_clauses(table)

    def foreign_key(self, table: Table, key: ForeignKey) -> str:
        return self.sql(foreign_key_clause(key))

    def foreign_key_fits(self, key: ForeignKey) -> bool:
        return True

    def foreign_key_name(self, table: Table, key: ForeignKey) -> str | None:
        usual = re.fullmatch(rf"{re.escape(table.plain_name)}_ibfk_\d+", key.name or "")
        return None if usual else key.name

    def check_name(self, table: Table, name: str | None) -> str | None:
        return None if name is None or _USUAL_NAME.fullmatch(name) else name

    def checks(self, table: Table) -> tuple[tuple[str, str | None], ...]:
        return tuple(
            (check.expression, self.check_name(table, check.name))
            for check in table.checks
            if check.column is None and check.enforced
        )

    def index_part(self, part: IndexPart) -> str | None:
        if part.column is not None and part.length is None:
            return None
        name = quote(part.column) if part.column is not None else f"({part.expression})"
        length = f"({part.length})" if part.length else ""
        return self.sql(f"{name}{length}{' DESC' if part.descending else ''}")

    def index_statement(self, table: Table, index: Index) -> str | None:
        engine = engine_of(table)
        clause = index_clause(index, engine)
        plain = replace(index, method=None, comment=None, invisible=False, options=())
        if clause == index_clause(plain):
            return None
        return self.sql(f"ALTER TABLE {qualified(table)} ADD {clause}")

    def indexes(self, table: Table) -> tuple[Index, ...]:
        return tuple(index for index in table.indexes if not _counts_by(table, index))

    def options(self, table: Table, schema: Schema) -> dict[str, Any]:
        unsaid = ("ENGINE=InnoDB", _usual_collation(schema))
        words = [word for word in table.options if word not in unsaid and not word.startswith(PERIOD)]
        if table.comment is not None:
            words.append(f"COMMENT={literal(table.comment)}")
        if table.partitioning is not None:
            words.append(f"PARTITION BY {partitioning_text(table.partitioning)}")
        return {"table_settings": tuple(map(self.sql, words))} if words else {}

    def is_sayable(self, table: Table) -> bool:
        return True

    def unsaid(self, table: Table) -> tuple[str, ...]:
        grants = (f"the grant {grant}" for grant in table.grants)
        of_columns = (f"the grant {grant} on {column.name}" for column in table.columns for grant in column.grants)
        return (*(f"the trigger {trigger.name}" for trigger in table.triggers), *grants, *of_columns)

    def unsaid_things(self, schema: Schema) -> tuple[str, ...]:
        return tuple(_beside(schema))


def _field_of(text: str) -> FieldTerm:
    if text in _KINDS:
        return FieldTerm(_KINDS[text])
    for pattern, kind, names in _SIZED:
        if match := pattern.fullmatch(text):
            return FieldTerm(kind, tuple(zip(names, map(int, match.groups()))))
    word = re.split(r"\W", text, maxsplit=1)[0].lower()
    nearest = next((kind for words, kind in _NEAREST if word == words or word in words), "Field")
    return FieldTerm(nearest, storage=text)


def json_check(table: Table, column: Column) -> Check | None:
    """The check by which MariaDB keeps a JSON column (https://mariadb.com/kb/en/json-data-type/)."""
    if column.type != "longtext" or column.collation != "utf8mb4_bin":
        return None
    check = column_check(table, column.name)
    return check if check is not None and check.expression == f"json_valid({quote(column.name)})" else None


def _generated(column: Column) -> Iterator[str]:
    if column.generated in ("ROW START", "ROW END"):
        yield f"GENERATED ALWAYS AS {column.generated}"
        return
    yield f"GENERATED ALWAYS AS ({column.generated}) {(column.generated_kind or 'virtual').upper()}"
    if not column.nullable:
        yield "NOT NULL"


def _counts_by(table: Table, index: Index) -> bool:
    """Whether a column counts by this index, which has to be made with the table then."""
    counting = {column.name for column in table.columns if column.autoincrement}
    return index.parts[0].column in counting and table.primary_key[:1] != (index.parts[0].column,)


def _collation(table: Table) -> str | None:
    return next((word.partition("=")[2] for word in table.options if word.startswith("COLLATE=")), None)


def _usual_collation(schema: Schema) -> str:
    """What most tables have, as an option; they have it of their database."""
    found = Counter(word for table in schema.tables for word in table.options if word.startswith("COLLATE="))
    return max(found, key=lambda word: (found[word], word), default="")


def _beside(schema: Schema) -> Iterator[str]:
    if collation := _usual_collation(schema).partition("=")[2]:
        yield f"the collation {collation}, which tables have of their database"
    for sequence in schema.sequences:
        yield f"the sequence {sequence.name}"
    for routine in schema.routines:
        yield f"the {routine.kind} {routine.name}"
    for view in schema.views:
        yield f"the view {view.name}"
    for event in schema.events:
        yield f"the event {event.name}"
