"""The differences that two schemas can have, as frozen records.

A change has a ``sign`` (``+`` added, ``-`` taken away, ``~`` altered), the ``table`` it is about (or
the view; the new name where it was renamed), its ``kind`` (the name of its class), one line for
people (``describe()``) and one for machines (``as_dict()``). A change with ``before`` and
``after`` knows the ``facts`` that differ; they are the fields of the records of
:mod:`pwmig.schema`, so that a new field there is a new fact here.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from pwmig.diff.words import (
    check_text,
    column_text,
    foreign_key_text,
    index_text,
    names_text,
    shown,
    shown_name,
    unique_text,
)
from pwmig.schema import Check, Column, ForeignKey, Index, Table, Trigger, Unique, View

__all__ = [
    "AddCheck", "AddColumn", "AddForeignKey", "AddIndex", "AddTrigger", "AddUnique",
    "AlterCheck", "AlterColumn", "AlterForeignKey", "AlterIndex", "AlterOptions", "AlterPrimaryKey",
    "AlterTrigger", "AlterUnique", "AlterView", "Altered", "Change", "CreateTable", "CreateView",
    "DropCheck", "DropColumn", "DropForeignKey", "DropIndex", "DropTable", "DropTrigger", "DropUnique",
    "DropView", "Fact", "RenameColumn", "RenameTable",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that differs: a field's name, and its value before and after."""

    name: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.name.replace('_', ' ')} {shown(self.before)} -> {shown(self.after)}"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two schemas."""

    sign: ClassVar[str] = "~"

    table: str

    @property
    def kind(self) -> str:
        return type(self).__name__

    def describe(self) -> str:
        """The change on one line, without its sign."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """The change as JSON can hold it."""
        fields = {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"kind": self.kind, "sign": self.sign, "description": self.describe(), **fields}


@dataclass(frozen=True, slots=True)
class Altered(Change):
    """A change that leaves the thing itself: ``differing`` names the fields that are not the same.

    Without it, those are all fields with unequal values; :func:`pwmig.diff.diff` gives it, since
    it knows which texts and names mean the same.
    """

    before: Any
    after: Any
    differing: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What differs, in the order of the record's fields."""
        pairs = ((field.name, getattr(self.before, field.name), getattr(self.after, field.name))
                 for field in dataclasses.fields(self.after))  # fmt: skip
        return tuple(
            Fact(name, before, after)
            for name, before, after in pairs
            if (name in self.differing if self.differing else before != after)
        )

    def as_dict(self) -> dict[str, Any]:
        # super() does not work in a class that slots=True has made anew.
        made = Change.as_dict(self)
        made["facts"] = [_plain(fact) for fact in self.facts]
        del made["differing"]
        return made

    def _facts_text(self) -> str:
        return ", ".join(str(fact) for fact in self.facts)


# -- tables


@dataclass(frozen=True, slots=True)
class CreateTable(Change):
    """A table with all that it has: columns, keys, indexes, triggers."""

    sign: ClassVar[str] = "+"

    definition: Table

    def describe(self) -> str:
        return f"table {shown_name(self.table)} ({', '.join(map(shown_name, self.definition.column_names))})"


@dataclass(frozen=True, slots=True)
class DropTable(Change):
    sign: ClassVar[str] = "-"

    definition: Table

    def describe(self) -> str:
        return f"table {shown_name(self.table)}"


@dataclass(frozen=True, slots=True)
class RenameTable(Change):
    old_name: str

    def describe(self) -> str:
        return f"table {shown_name(self.old_name)} -> {shown_name(self.table)}"


@dataclass(frozen=True, slots=True)
class AlterOptions(Change):
    """Other words behind the table's closing parenthesis (STRICT, WITHOUT ROWID, ...)."""

    before: tuple[str, ...]
    after: tuple[str, ...]

    def describe(self) -> str:
        return f"{shown_name(self.table)}: options {shown(self.before)} -> {shown(self.after)}"


@dataclass(frozen=True, slots=True)
class AlterPrimaryKey(Change):
    """Another primary key. ``before`` and ``after`` are column names; ``facts`` say what else differs."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    facts: tuple[Fact, ...] = ()

    def describe(self) -> str:
        if self.facts:
            return f"{shown_name(self.table)}: " + ", ".join(str(fact) for fact in self.facts)
        return f"{shown_name(self.table)}: primary key {shown(self.before)} -> {shown(self.after)}"


# -- columns


@dataclass(frozen=True, slots=True)
class AddColumn(Change):
    sign: ClassVar[str] = "+"

    column: Column

    def describe(self) -> str:
        return f"column {shown_name(self.table)}.{column_text(self.column)}"


@dataclass(frozen=True, slots=True)
class DropColumn(Change):
    sign: ClassVar[str] = "-"

    column: Column

    def describe(self) -> str:
        return f"column {shown_name(self.table)}.{column_text(self.column)}"


@dataclass(frozen=True, slots=True)
class RenameColumn(Change):
    old_name: str
    name: str

    def describe(self) -> str:
        return f"column {shown_name(self.table)}.{shown_name(self.old_name)} -> {shown_name(self.name)}"


@dataclass(frozen=True, slots=True)
class AlterColumn(Altered):
    before: Column
    after: Column

    def describe(self) -> str:
        return f"column {shown_name(self.table)}.{shown_name(self.after.name)}: {self._facts_text()}"


# -- indexes and constraints


@dataclass(frozen=True, slots=True)
class AddIndex(Change):
    sign: ClassVar[str] = "+"

    index: Index

    def describe(self) -> str:
        return index_text(self.table, self.index)


@dataclass(frozen=True, slots=True)
class DropIndex(Change):
    sign: ClassVar[str] = "-"

    index: Index

    def describe(self) -> str:
        return index_text(self.table, self.index)


@dataclass(frozen=True, slots=True)
class AlterIndex(Altered):
    """An index with another definition, or another name (the only fact that differs then)."""

    before: Index
    after: Index

    def describe(self) -> str:
        return f"index {shown_name(self.before.name)} on {shown_name(self.table)}: {self._facts_text()}"


@dataclass(frozen=True, slots=True)
class AddUnique(Change):
    sign: ClassVar[str] = "+"

    unique: Unique

    def describe(self) -> str:
        return f"{shown_name(self.table)}: {unique_text(self.unique)}"


@dataclass(frozen=True, slots=True)
class DropUnique(Change):
    sign: ClassVar[str] = "-"

    unique: Unique

    def describe(self) -> str:
        return f"{shown_name(self.table)}: {unique_text(self.unique)}"


@dataclass(frozen=True, slots=True)
class AlterUnique(Altered):
    before: Unique
    after: Unique

    def describe(self) -> str:
        return f"{shown_name(self.table)}: {unique_text(self.before)}: {self._facts_text()}"


@dataclass(frozen=True, slots=True)
class AddForeignKey(Change):
    sign: ClassVar[str] = "+"

    foreign_key: ForeignKey

    def describe(self) -> str:
        return f"{shown_name(self.table)}: {foreign_key_text(self.foreign_key)}"


@dataclass(frozen=True, slots=True)
class DropForeignKey(Change):
    sign: ClassVar[str] = "-"

    foreign_key: ForeignKey

    def describe(self) -> str:
        return f"{shown_name(self.table)}: {foreign_key_text(self.foreign_key)}"


@dataclass(frozen=True, slots=True)
class AlterForeignKey(Altered):
    before: ForeignKey
    after: ForeignKey

    def describe(self) -> str:
        return f"{shown_name(self.table)}: foreign key {names_text(self.after.columns)}: {self._facts_text()}"


@dataclass(frozen=True, slots=True)
class AddCheck(Change):
    sign: ClassVar[str] = "+"

    check: Check

    def describe(self) -> str:
        return f"{shown_name(self.table)}: {check_text(self.check)}"


@dataclass(frozen=True, slots=True)
class DropCheck(Change):
    sign: ClassVar[str] = "-"

    check: Check

    def describe(self) -> str:
        return f"{shown_name(self.table)}: {check_text(self.check)}"


@dataclass(frozen=True, slots=True)
class AlterCheck(Altered):
    before: Check
    after: Check

    def describe(self) -> str:
        return f"{shown_name(self.table)}: {check_text(self.before)}: {self._facts_text()}"


# -- triggers and views


@dataclass(frozen=True, slots=True)
class AddTrigger(Change):
    sign: ClassVar[str] = "+"

    trigger: Trigger

    def describe(self) -> str:
        return f"trigger {shown_name(self.trigger.name)} on {shown_name(self.table)}"


@dataclass(frozen=True, slots=True)
class DropTrigger(Change):
    sign: ClassVar[str] = "-"

    trigger: Trigger

    def describe(self) -> str:
        return f"trigger {shown_name(self.trigger.name)} on {shown_name(self.table)}"


@dataclass(frozen=True, slots=True)
class AlterTrigger(Altered):
    before: Trigger
    after: Trigger

    def describe(self) -> str:
        return f"trigger {shown_name(self.before.name)} on {shown_name(self.table)}: {self._facts_text()}"


@dataclass(frozen=True, slots=True)
class CreateView(Change):
    """A view with its triggers; ``table`` is its name."""

    sign: ClassVar[str] = "+"

    view: View

    def describe(self) -> str:
        return f"view {shown_name(self.table)}"


@dataclass(frozen=True, slots=True)
class DropView(Change):
    sign: ClassVar[str] = "-"

    view: View

    def describe(self) -> str:
        return f"view {shown_name(self.table)}"


@dataclass(frozen=True, slots=True)
class AlterView(Altered):
    before: View
    after: View

    def describe(self) -> str:
        return f"view {shown_name(self.table)}: {self._facts_text()}"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value
