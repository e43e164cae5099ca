"""Constraints as an operation calls them: by their names, and those without one by what they say.

A UNIQUE that stands with its column is called ``UNIQUE (column)``, like one of the table.
"""

from __future__ import annotations

from collections.abc import Iterator

from pwmig.dialects.sqlite.texts.letters import says_the_same
from pwmig.dialects.sqlite.texts.parts import ConstraintDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote_if_needed

__all__ = ["called", "every_constraint", "said"]

_KINDS = ("check", "unique", "foreign key")


def every_constraint(table: TableDef) -> tuple[ConstraintDef, ...]:
    """Those of the columns first, then those of the table."""
    inner = [made for column in table.columns for made in column.constraints]
    return (*inner, *table.constraints)


def said(table: TableDef) -> Iterator[tuple[ConstraintDef, str]]:
    """Each constraint that can be dropped by what it calls itself, and that: its name, or what it says."""
    for column in table.columns:
        for made in column.all("check", "unique"):
            text = f"UNIQUE ({quote_if_needed(column.name)})" if made.kind == "unique" else _text(table, made)
            yield made, made.name or text
    for made in table.constraints:
        if made.kind in _KINDS:
            yield made, made.name or _text(table, made)


def _text(table: TableDef, made: ConstraintDef) -> str:
    return table.sql[slice(*made.span)]


def called(table: TableDef, name: str) -> list[ConstraintDef]:
    """The constraints of this name, else those without a name that say this, letter case of words and blanks aside."""
    named = [made for made in every_constraint(table) if made.name is not None and fold(made.name) == fold(name)]
    return named or [made for made, text in said(table) if made.name is None and says_the_same(text, name)]
