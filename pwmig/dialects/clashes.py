"""Rows that a constraint would refuse: what is asked of them, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from pwmig.diff.texts import words_of
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.schema import Column, Table

__all__ = ["Clash", "Coming", "is_constant"]

_CONSTANT = re.compile(r"-?[0-9]+(\.[0-9]+)?|'[^'\\]*'(::[a-z ]+(\([0-9, ]+\))?)?")


@dataclass(frozen=True, slots=True)
class Clash:
    """What stands against a constraint: how many, one of them as (column, value in words), and in how many rows it is.

    Of a unique constraint they are values, of any other rows; the example of a check is a row, by its key and by the
    columns that the check names. A part of an index that is no column has its SQL for a name.
    """

    count: int = 0
    example: tuple[tuple[str, str], ...] = ()
    rows: int = 0

    def __bool__(self) -> bool:
        return bool(self.count)


@dataclass(frozen=True, slots=True)
class Coming:
    """The rows of a table as a migration leaves them: ``table`` is what is there now, ``after`` what it becomes.

    ``names`` are what its columns are called now, by what they are called then. ``values`` are what rows get in a
    column that comes, or where they hold NULL in one that is there. What the rows hold in a column that is ``unknown``
    can't be told ahead. With ``filled``, those rows alone are meant that get a value in this column.
    """

    table: Table
    after: Table
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    filled: str | None = None

    def before(self, column: str) -> Column | None:
        """What a column is now, None for one that comes."""
        return self.table.column(self.names.get(column, column)) if self.is_there(column) else None

    def is_there(self, column: str) -> bool:
        """Whether a column that is called so then is there now; another may have its name now, and go."""
        return column in self.names or (column not in self.names.values() and self.table.column(column) is not None)

    def named_in(self, text: str) -> tuple[str, ...]:
        """The columns that a text of SQL may name."""
        words = words_of(text)
        return tuple(name for name in self.after.column_names if name.lower() in words)

    def only_filled(self, column: str) -> Coming:
        """The rows alone that get a value in a column."""
        return Coming(self.table, self.after, self.names, self.values, self.unknown, column)


def is_constant(default: str) -> bool:
    """Whether a default is one value for all rows, written as a number or a plain text."""
    return _CONSTANT.fullmatch(default) is not None
