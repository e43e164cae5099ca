"""What a person asks of a column, as SQL with its values bound.

What was typed is compared as a number where the column holds numbers, and then meets no column where it is none; else
it is compared as the database reads it for the column's type, in the column's own collation. NULL meets nothing but
the two tests for it. ``contains`` and ``begins with`` take no wildcards and do not tell letter cases apart; a number
or a date is searched by its digits, and bytes are not searched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.speech import Speech
from pwmig.errors import PwmigError
from pwmig.schema import OPERATORS, Column, Condition

__all__ = ["column_named", "where"]

_NUMBER = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*", re.ASCII)

Test = tuple[str, tuple[Any, ...]]


def where(speech: Speech, conditions: Sequence[Condition], columns: Sequence[Column]) -> Test:
    """The WHERE that all conditions meet (empty where there are none), and the values of its marks.

    Raises PwmigError for a column or an operator that is none.
    """
    tests = [_test(speech, one, column_named(speech, one.column, columns, "filter")) for one in conditions]
    if not tests:
        return "", ()
    return "WHERE " + " AND ".join(f"({sql})" for sql, _ in tests), tuple(value for _, some in tests for value in some)


def column_named(speech: Speech, name: str, columns: Sequence[Column], use: str) -> Column:
    """The column of that name, or else the one that differs in letter case only; PwmigError where there is none."""
    found = [column for column in columns if column.name == name]
    found += [column for column in columns if column.name.lower() == name.lower()]
    if not found:
        raise PwmigError(
            f"there is no column {name!r} to {use} by",
            why="the columns are " + ", ".join(column.name for column in columns),
            way_out="name one of these",
        )
    return found[0]


def _test(speech: Speech, condition: Condition, column: Column) -> Test:
    name, operator, value = speech.quote(column.name), condition.operator, condition.value
    if operator not in OPERATORS:
        raise PwmigError(
            f"{operator!r} is no condition",
            why="a condition is one of " + ", ".join(OPERATORS),
            way_out="give one of these, and the value apart from it",
        )
    if operator.startswith("is"):
        return f"{name} IS {'NOT ' if 'not' in operator else ''}NULL", ()
    value = value.replace("\0", "")
    if operator in ("contains", "begins with"):
        test = speech.found_in(column, at_start=operator == "begins with")
        return test, (value,) * test.count(MARK)
    if speech.kind(column) != "numbers":
        return f"{speech.sortable(column)} {operator} {MARK}", (value,)
    if _NUMBER.fullmatch(value):
        return f"{name} {operator} {MARK}", (_number(value),)
    return (f"{name} IS NOT NULL" if operator == "<>" else "FALSE"), ()


def _number(value: str) -> int | Decimal:
    number = Decimal(value.strip())
    return int(number) if number == number.to_integral_value() and abs(number) < 2**63 else number
