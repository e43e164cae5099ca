"""What a person has to say before a migration is written, and what is to be said to a person: records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Any

from pwmig.operations import Operation
from pwmig.records import dataclass

__all__ = ["Answers", "Asked", "Authored", "Note", "Place", "Question"]

Place = tuple[str, str]
"""A table and one of its columns, as the models call them."""

_NONE: Mapping[Any, Any] = {}


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said. ``tables`` and ``columns`` are renames, as :func:`pwmig.diff.diff` takes them: old names to new.

    ``fills`` are what the rows there are get in a column: a value of Python, or an Expression. ``casts`` are SQL that
    makes a column's new values of the old ones. ``defaults`` are what the models' fields give in Python: a value, or
    a function.
    """

    tables: Mapping[str, str] = field(default_factory=lambda: _NONE)
    columns: Mapping[Place, str] = field(default_factory=lambda: _NONE)
    fills: Mapping[Place, Any] = field(default_factory=lambda: _NONE)
    casts: Mapping[Place, str] = field(default_factory=lambda: _NONE)
    defaults: Mapping[Place, Any] = field(default_factory=lambda: _NONE)


class Asked(str, Enum):
    """What a question is about, and when it needs an answer: then the migration as it is written stops.

    ``ADDED``: a column that comes is required, and nothing says what the rows there are hold in it; needed where the
    table has rows. ``REQUIRED``: a column can't be NULL any more; needed where a row holds NULL in it. ``CONVERTED``:
    a column gets another type; needed where a value does not come out as it was.
    """

    ADDED = "added"
    REQUIRED = "required"
    CONVERTED = "converted"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that was not said; ``about`` says in words what differs. ``before`` is what the database calls the
    column now, as "table", "column"."""

    table: str
    column: str
    asked: Asked
    about: str
    before: Place


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to be told: ``lost`` says that values go, ``refused`` that rows are against it. ``column`` is None for
    a table, and for several columns. ``rowless`` is what is told in place of ``text`` where no row is there to lose
    anything: nothing, where it is empty."""

    table: str
    column: str | None
    text: str
    lost: bool = False
    refused: bool = False
    rowless: str = ""


@dataclass(frozen=True, slots=True)
class Authored:
    """A migration: what it does, what takes that back, what is open and what is to be told."""

    forward: tuple[Operation, ...]
    backward: tuple[Operation, ...]
    questions: tuple[Question, ...] = ()
    notes: tuple[Note, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.forward)

    def source(self, config_module: str = "db.migrations_config") -> str:
        """The text of its file."""
        from pwmig.codegen import text_of

        return text_of(self.forward, self.backward, config_module)
