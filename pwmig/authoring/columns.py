"""A column of a schema as a migration asks for it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.columns import COLUMN_TYPES, FIELDS, ColumnSpec, Expression
from pwmig.declared.said import Usual

if TYPE_CHECKING:
    from pwmig.dialects.migrated import MigrationTerms
    from pwmig.dialects.modelled import FieldTerm
    from pwmig.schema import Column, Table

__all__ = ["column_spec", "default_value", "expression", "type_spec"]

_USUAL = {"max_length": 255, "max_digits": 10, "decimal_places": 5}
"""What Peewee's fields have where nothing is said."""

_CHECK = re.compile(r"CHECK \((.*)\)", re.DOTALL)
_COLLATE = re.compile(r'COLLATE ([\w"]+)')
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_PLAIN_TEXT = re.compile(r"'([^'\\%()]*)'")


def expression(sql: str) -> Expression:
    """A clause as Peewee makes it: a check by ``Check``, all else by ``SQL``."""
    check = _CHECK.fullmatch(sql)
    return Expression(check[1], "Check") if check else Expression(sql)


def column_spec(
    terms: MigrationTerms, table: Table, column: Column, text: str | None = None, **facts: Any
) -> ColumnSpec:
    """The column as ``create_table`` and ``add_column`` take it; ``facts`` are a default and indexes.

    ``table`` has what belongs to the column's definition, ``text`` is the table's own, where one is to be met.
    """
    term = terms.term(table, column)
    clauses = list(terms.clauses(table, column, term, text))
    collation = _COLLATE.fullmatch(clauses[-1]) if clauses else None
    if collation is not None:
        clauses.pop()
    if collation is not None and not isinstance(column.collation, Usual):
        facts["options"] = (("collation", collation[1]),)
    is_key = terms.model.key_fits(table) and table.primary_key == (column.name,)
    made = _typed(terms, column, term, facts.pop("options", ()))
    return replace(
        made,
        null=terms.model.null(table, column) and not is_key,
        primary_key=is_key,
        constraints=tuple(map(expression, clauses)),
        **facts,
    )


def type_spec(terms: MigrationTerms, table: Table, column: Column) -> ColumnSpec:
    """The column's type and nothing else: a type that counts by itself is the plain one."""
    plain = replace(column, sequence=None, identity=None, autoincrement=False, default=None, generated=None)
    bare = replace(table, primary_key=(), columns=tuple(plain if one == column else one for one in table.columns))
    options = (("collation", column.collation),) if _is_own(terms, table, column) else ()
    return _typed(terms, plain, terms.term(bare, plain), options)


def _is_own(terms: MigrationTerms, table: Table, column: Column) -> bool:
    """Whether a collation is one that the column has not anyway."""
    own = column.collation not in (None, terms.kinds.collation(table)) and not terms.redefines
    return own and not terms.is_of_type(table, column)


def _typed(terms: MigrationTerms, column: Column, term: FieldTerm, options: tuple[tuple[str, Any], ...]) -> ColumnSpec:
    if term.storage is not None or term.kind not in {**COLUMN_TYPES, **FIELDS}:
        storage = term.storage if term.storage is not None and not term.sized else terms.model.type_text(column)
        return ColumnSpec(column.name, "StoredField", storage=terms.written(storage), options=options)
    said = dict(term.arguments)
    if all(_USUAL.get(name) == value for name, value in said.items()):
        said = {}
    length = said.pop("max_length") if term.kind == "CharField" and said.get("max_length") else None
    return ColumnSpec(column.name, term.kind, max_length=length, options=(*said.items(), *options))


def default_value(terms: MigrationTerms, default: str) -> Any:
    """A default of the database as ``add_column_default`` takes it: a number, a plain text, or SQL."""
    if _WHOLE.fullmatch(default):
        return int(default)
    text = _PLAIN_TEXT.fullmatch(default)
    return text[1] if text else Expression(terms.written(default))
