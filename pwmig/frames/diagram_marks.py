"""What changes say about the tables, columns and references of a picture: a sign and a word each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import field

from pwmig.diff import (
    AddColumn,
    AddForeignKey,
    AlterColumn,
    AlterForeignKey,
    Change,
    CreateTable,
    DropColumn,
    DropForeignKey,
    DropTable,
    RenameColumn,
    RenameTable,
)
from pwmig.diff.case import Case
from pwmig.records import dataclass
from pwmig.schema import Column, ForeignKey, Table

__all__ = ["ADDED", "CHANGED", "DROPPED", "Marks", "marks_of"]

_FOLDED = Case()
ADDED, DROPPED, CHANGED = "+ added", "- dropped", "~ changed"


@dataclass(slots=True)
class Marks:
    """The marks by names, folded as the ``case`` says; nothing is marked with an empty text."""

    case: Case = field(default_factory=Case)
    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    references: dict[tuple[str, ForeignKey], str] = field(default_factory=dict)
    dropped_tables: list[Table] = field(default_factory=list)
    gone_columns: dict[str, list[Column]] = field(default_factory=lambda: defaultdict(list))
    gone_references: dict[str, list[ForeignKey]] = field(default_factory=lambda: defaultdict(list))

    def table(self, table: str) -> str:
        return self.tables.get(self.case.table(table), "")

    def column(self, table: str, column: str) -> str:
        return self.columns.get(self.place(table, column), "")

    def place(self, table: str, column: str) -> tuple[str, str]:
        return self.case.table(table), self.case.column(column)

    def reference(self, table: str, key: ForeignKey) -> str:
        return self.references.get((self.case.table(table), key), "")

    def dropped_columns(self, table: str) -> Sequence[Column]:
        return self.gone_columns.get(self.case.table(table), ())

    def dropped_references(self, table: str) -> Sequence[ForeignKey]:
        return self.gone_references.get(self.case.table(table), ())


def marks_of(changes: Iterable[Change], case: Case = _FOLDED) -> Marks:
    """The marks of a schema as it is after the changes. Only tables are in the picture."""
    marks = Marks(case)
    for change in changes:
        if change.of_table:
            _mark(marks, change)
    return marks


def _mark(marks: Marks, change: Change) -> None:
    table = marks.case.table(change.table)
    match change:
        case CreateTable():
            marks.tables[table] = ADDED
        case DropTable(definition=definition):
            marks.tables[table] = DROPPED
            marks.dropped_tables.append(definition)
        case RenameTable(old_name=old_name):
            marks.tables[table] = f"~ renamed from {old_name}"
        case _:
            marks.tables.setdefault(table, CHANGED)
            _mark_part(marks, table, change)


def _mark_part(marks: Marks, table: str, change: Change) -> None:
    match change:
        case AddColumn(column=column):
            marks.columns[table, marks.case.column(column.name)] = ADDED
        case DropColumn(column=column):
            marks.columns[table, marks.case.column(column.name)] = DROPPED
            marks.gone_columns[table].append(column)
        case RenameColumn(old_name=old_name, name=name):
            marks.columns[table, marks.case.column(name)] = f"~ renamed from {old_name}"
        case AlterColumn(after=after):
            _also(marks, (table, marks.case.column(after.name)), "~ " + ", ".join(map(str, change.facts)))
        case AddForeignKey(foreign_key=key):
            marks.references[table, key] = ADDED
        case AlterForeignKey(after=key):
            marks.references[table, key] = CHANGED
        case DropForeignKey(foreign_key=key):
            marks.references[table, key] = DROPPED
            marks.gone_references[table].append(key)


def _also(marks: Marks, place: tuple[str, str], mark: str) -> None:
    """A column can be renamed and altered at once."""
    was = marks.columns.get(place, "")
    marks.columns[place] = f"{was}, {mark.removeprefix('~ ')}" if was else mark
