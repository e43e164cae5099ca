"""What changes say about the tables, columns and references of a picture: a sign and a word each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pwmig.diff import (
    AddColumn,
    AddForeignKey,
    AlterColumn,
    AlterForeignKey,
    AlterView,
    Change,
    CreateTable,
    CreateView,
    DropColumn,
    DropForeignKey,
    DropTable,
    DropView,
    RenameColumn,
    RenameTable,
)
from pwmig.schema import Column, ForeignKey, Table

__all__ = ["ADDED", "CHANGED", "DROPPED", "Marks", "marks_of"]

ADDED, DROPPED, CHANGED = "+ added", "- dropped", "~ changed"


@dataclass(slots=True)
class Marks:
    """The marks by folded names; nothing is marked with an empty text."""

    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    references: dict[tuple[str, ForeignKey], str] = field(default_factory=dict)
    dropped_tables: list[Table] = field(default_factory=list)
    gone_columns: dict[str, list[Column]] = field(default_factory=lambda: defaultdict(list))
    gone_references: dict[str, list[ForeignKey]] = field(default_factory=lambda: defaultdict(list))

    def table(self, table: str) -> str:
        return self.tables.get(table.lower(), "")

    def column(self, table: str, column: str) -> str:
        return self.columns.get((table.lower(), column.lower()), "")

    def reference(self, table: str, key: ForeignKey) -> str:
        return self.references.get((table.lower(), key), "")

    def dropped_columns(self, table: str) -> Sequence[Column]:
        return self.gone_columns.get(table.lower(), ())

    def dropped_references(self, table: str) -> Sequence[ForeignKey]:
        return self.gone_references.get(table.lower(), ())


def marks_of(changes: Iterable[Change]) -> Marks:
    """The marks of a schema as it is after the changes. Views are in no picture, so theirs are left out."""
    marks = Marks()
    for change in changes:
        if not isinstance(change, (CreateView, DropView, AlterView)):
            _mark(marks, change)
    return marks


def _mark(marks: Marks, change: Change) -> None:
    table = change.table.lower()
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
            marks.columns[table, column.name.lower()] = ADDED
        case DropColumn(column=column):
            marks.columns[table, column.name.lower()] = DROPPED
            marks.gone_columns[table].append(column)
        case RenameColumn(old_name=old_name, name=name):
            marks.columns[table, name.lower()] = f"~ renamed from {old_name}"
        case AlterColumn(after=after):
            _also(marks, (table, after.name.lower()), "~ " + ", ".join(map(str, change.facts)))
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
