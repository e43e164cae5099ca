"""What a person asks of a column, as SQL of SQLite with its values bound.

A number meets numbers and a text meets texts: SQLite lets a column hold both
(https://www.sqlite.org/datatype3.html), and sorts every text behind every number. What was typed is
a number where it looks like one and the column may hold numbers; in a column that may hold either,
it is both. NULL meets nothing but the two tests for it, a blob nothing but ``<>``. ``contains`` and
``begins with`` take no wildcards and do not tell the letter cases of ASCII apart; a number is
searched by its digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pwmig.dialects.sqlite.texts.tokens import quote
from pwmig.errors import PwmigError
from pwmig.schema import OPERATORS, Column, Condition

__all__ = ["where"]

_NUMBER = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
_INTEGERS = range(-(2**63), 2**63)
_NUMBERS = ("REAL", "FLOA", "DOUB", "NUM", "DEC", "BOOL")

Test = tuple[str, tuple[Any, ...]]


def where(conditions: Sequence[Condition], columns: Sequence[Column]) -> Test:
    """The WHERE that all conditions meet (empty where there are none), and the values of its marks.

    Raises PwmigError for a column or an operator that is none.
    """
    tests = [_test(condition, _column(condition, columns)) for condition in conditions]
    if not tests:
        return "", ()
    return "WHERE " + " AND ".join(f"({sql})" for sql, _ in tests), tuple(value for _, some in tests for value in some)


def _column(condition: Condition, columns: Sequence[Column]) -> Column:
    wanted = condition.column.lower()
    found = next((column for column in columns if column.name.lower() == wanted), None)
    if found is None:
        raise PwmigError(
            f"there is no column {condition.column!r} to filter by",
            why="the columns are " + ", ".join(column.name for column in columns),
            way_out="name one of these",
        )
    return found


def _test(condition: Condition, column: Column) -> Test:
    name, operator, value = quote(column.name), condition.operator, condition.value
    if operator not in OPERATORS:
        raise PwmigError(
            f"{operator!r} is no condition",
            why="a condition is one of " + ", ".join(OPERATORS),
            way_out="give one of these, and the value apart from it",
        )
    if operator.startswith("is"):
        return f"{name} IS {'NOT ' if 'not' in operator else ''}NULL", ()
    if operator in ("contains", "begins with"):
        found = "> 0" if operator == "contains" else "= 1"
        # instr() reads on behind a NUL and knows no wildcards, both unlike LIKE.
        return f"typeof({name}) <> 'blob' AND instr(lower({name}), lower(?)) {found}", (value,)
    number = _number(value)
    if number is None or _holds(column) == "texts":
        return _text_test(name, operator, value)
    if _holds(column) == "numbers":
        return _bounded(f"{name} {operator} ?", {">": f" AND {name} < ''"}, operator), (number,)
    return _any_test(name, operator, number, value)


def _text_test(name: str, operator: str, value: str) -> Test:
    return _bounded(f"{name} {operator} ?", {"<": f" AND {name} >= ''", ">": f" AND {name} < x''"}, operator), (value,)


def _bounded(test: str, bounds: dict[str, str], operator: str) -> str:
    """The test within its kind of values: SQLite sorts numbers before texts ('' is the least), and blobs behind."""
    return test if operator == "<>" else test + bounds.get(operator[0], "")


def _any_test(name: str, operator: str, number: int | float, value: str) -> Test:
    """A number among numbers, its text among texts: as one range, so that an index still gives the order."""
    if operator in ("=", "<>"):
        return f"{name} {operator} ? {'OR' if operator == '=' else 'AND'} {name} {operator} ?", (number, value)
    # The plus keeps SQLite from making a number of the text.
    if operator.startswith(">"):
        return f"{name} {operator} ? AND ({name} < '' OR (+{name} {operator} ? AND {name} < x''))", (number, value)
    return f"{name} < x'' AND ({name} {operator} ? OR ({name} >= '' AND +{name} {operator} ?))", (number, value)


def _number(value: str) -> int | float | None:
    if not _NUMBER.fullmatch(value):
        return None
    try:
        whole = int(value)
    except ValueError:  # a fraction, or more digits than Python turns into an int
        return float(value)
    return whole if whole in _INTEGERS else float(value)


def _holds(column: Column) -> str:
    """``texts``, ``numbers`` or ``both``: what is in a column of this declaration, as a rule.

    By https://www.sqlite.org/datatype3.html#determination_of_column_affinity; dates have the affinity NUMERIC,
    and are texts in most databases.
    """
    declared = column.type.upper()
    if "INT" in declared:
        return "numbers"
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT")):
        return "texts"
    return "numbers" if any(word in declared for word in _NUMBERS) else "both"
