"""Checks in the models' own words, where the database writes them in words of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.schema import Check, Schema, Table

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Dialect

__all__ = ["Worded", "as_worded", "repeated", "with_words"]

Twins = Mapping[str, str]
"""The words of a model's checks by the names of checks that were made of them."""


class Worded(str):
    """The condition of a check as the database writes it; ``own`` are the model's words for it."""

    own: str

    def __new__(cls, text: str, own: str = "") -> Worded:
        made = super().__new__(cls, text)
        made.own = own
        return made


def as_worded(check: Check) -> Check:
    """A check in the words of its model, or as it is where it has no other."""
    return replace(check, expression=check.expression.own) if isinstance(check.expression, Worded) else check


def repeated(dialect: Dialect, database: peewee.Database, texts: Mapping[Sequence[str], str]) -> dict[str, Twins]:
    """Make the checks of tables, which these ``texts`` have made, once more under known names.

    The tables go by schema and name, or by their names alone. What is given has them by their names in a schema seen
    afterwards, for :func:`with_words`: what the database makes of the same words, it calls by two names then.
    """
    made = {".".join(address): dialect.repeat_checks(database, address, text) for address, text in texts.items()}
    return {name: twins for name, twins in made.items() if twins}


def with_words(schema: Schema, made: Mapping[str, Twins]) -> Schema:
    """The schema without what was :func:`repeated`, and with the words of its checks."""
    if not made:
        return schema
    tables = (_worded(table, made.get(table.name, {})) for table in schema.tables)
    return replace(schema, tables=tuple(tables))


def _worded(table: Table, twins: Twins) -> Table:
    if not twins:
        return table
    words = {check.expression: twins[str(check.name)] for check in table.checks if check.name in twins}
    checks = (check for check in table.checks if check.name not in twins)
    return replace(
        table,
        checks=tuple(
            replace(check, expression=Worded(check.expression, words[check.expression]))
            if check.expression in words
            else check
            for check in checks
        ),
    )
