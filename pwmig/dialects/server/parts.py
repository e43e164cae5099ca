"""A schema in two parts: what has to be there before its rows, and what must not be there yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pwmig.schema import Schema, Table, View

__all__ = ["parts"]

Write = Callable[[Schema], tuple[str, ...]]


def parts(schema: Schema, write: Write, *, keys_inline: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The statements to be run before a database is filled, and those behind that.

    Behind come triggers and rules, which would meddle with the filling, row security, checks that not all rows meet,
    materialised views, which read the rows, and foreign keys unless they are part of CREATE TABLE (``keys_inline``:
    then they have to be switched off meanwhile). Together they are the statements of the schema.
    """
    first = write(_without_guards(schema, keys_inline))
    known = set(first)
    return first, tuple(sql for sql in write(schema) if sql not in known)


def _without_guards(schema: Schema, keys_inline: bool) -> Schema:
    tables = tuple(_bare(table, keys_inline) for table in schema.tables)
    return replace(schema, tables=tables, views=tuple(map(_empty, schema.views)))


def _bare(table: Table, keys_inline: bool) -> Table:
    return replace(
        table,
        foreign_keys=table.foreign_keys if keys_inline else (),
        checks=tuple(check for check in table.checks if check.validated),
        options=tuple(option for option in table.options if "ROW LEVEL SECURITY" not in option),
        triggers=(),
        rules=(),
        policies=(),
    )


def _empty(view: View) -> View:
    options = (*view.options, "WITH NO DATA") if view.materialized else view.options
    return replace(view, triggers=(), options=options)
