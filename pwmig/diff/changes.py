"""The differences that two schemas can have, as frozen records.

A change has a ``sign`` (``+`` added, ``-`` taken away, ``~`` altered), the ``table`` it is about (the new
name where it was renamed; of what stands beside tables, a view or a sequence, its own), its ``kind``
(``AddColumn``), one line for people (``describe()``) and one for machines (``as_dict()``). A change with
``before`` and ``after`` knows the ``facts`` that differ; they are the fields of the records of
:mod:`pwmig.schema`, so that a new field there is a new fact here.

What has no class of its own is :class:`Added`, :class:`Dropped` or :class:`Altered`, and its ``kind`` says of
what: ``CreateSequence``, ``DropType``, ``AlterPolicy``. So a new kind of record there is a new kind of change here.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pwmig.diff.bases import Added, Altered, Change, Dropped, Fact
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
from pwmig.records import dataclass
from pwmig.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    Table,
    Trigger,
    Unique,
    View,
)

__all__ = [
    "AddCheck", "AddColumn", "AddForeignKey", "AddIndex", "AddTrigger", "AddUnique", "Added",
    "AlterCheck", "AlterColumn", "AlterForeignKey", "AlterIndex", "AlterOptions", "AlterPrimaryKey",
    "AlterTable", "AlterTrigger", "AlterUnique", "AlterView", "Altered", "Change", "CreateTable", "CreateView",
    "DropCheck", "DropColumn", "DropForeignKey", "DropIndex", "DropTable", "DropTrigger", "DropUnique",
    "DropView", "Dropped", "Fact", "RenameColumn", "RenameTable",
]  # fmt: skip


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
class AlterTable(Altered):
    """Other facts of the table itself: its comment, grants, partitions, whom it inherits from.

    Its options, its primary key and all its parts have changes of their own.
    """

    before: Table
    after: Table

    def describe(self) -> str:
        return f"table {shown_name(self.table)}: {self._facts_text()}"

    def as_dict(self) -> dict[str, Any]:
        made = Altered.as_dict(self)
        del made["before"], made["after"]  # whole tables, of which the facts are all that matters
        return made


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
    """A view with its triggers and indexes; ``table`` is its name."""

    sign: ClassVar[str] = "+"

    view: View

    @property
    def of_table(self) -> bool:
        return False

    def describe(self) -> str:
        return f"view {shown_name(self.table)}"


@dataclass(frozen=True, slots=True)
class DropView(Change):
    sign: ClassVar[str] = "-"

    view: View

    @property
    def of_table(self) -> bool:
        return False

    def describe(self) -> str:
        return f"view {shown_name(self.table)}"


@dataclass(frozen=True, slots=True)
class AlterView(Altered):
    """Another text, or another fact, of a view; what happens to its triggers and indexes are changes of their own."""

    before: View
    after: View

    @property
    def of_table(self) -> bool:
        return False

    def describe(self) -> str:
        return f"view {shown_name(self.table)}: {self._facts_text()}"
