"""The table ``pwmig_attic``: what is kept, a row a thing. It is made with the first thing, and goes with the last."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pwmig.dialects.shelved import ATTIC, data_table
from pwmig.errors import PlanError
from pwmig.records import Record

if TYPE_CHECKING:
    from pwmig.dialects.base import Dialect
    from pwmig.dialects.shelf import Shelf

__all__ = ["TABLE", "Attic", "Entry", "columns_in_words"]

TABLE = ATTIC
_FORMAT = 1
_COLUMNS = (
    *("id", "migration", "direction", "what", "table_name", "column_names", "key_columns", "print_columns"),
    *("row_count", "byte_count", "kept_at", "definitions", "format"),
)


@dataclass(frozen=True, slots=True)
class Entry(Record):
    """A thing in the attic: ``what`` is ``column`` (values of dropped ``columns``), ``table`` (a dropped table) or
    ``change`` (what a column held before it was filled or changed).

    ``direction`` is that of the step that took it away, ``prints`` are the other columns by which rows are recognised.
    """

    id: int
    migration: str
    direction: str
    what: str
    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    prints: tuple[str, ...]
    row_count: int
    byte_count: int
    kept_at: str
    definitions: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        rows = f"{self.row_count:,} row" + ("" if self.row_count == 1 else "s")
        return f"{self.in_words}, {rows}"

    @property
    def in_words(self) -> str:
        """What it is, without how much."""
        return columns_in_words(self.what, self.table, self.columns)


def columns_in_words(what: str, table: str, columns: Sequence[str]) -> str:
    """What a thing is, in words."""
    if what == "table":
        return f"table {table}"
    names = ", ".join(f"{table}.{name}" for name in columns)
    return f"what {names} was" if what == "change" else names


class Attic:
    """Reads and writes what is kept in one database; creates nothing until something is kept."""

    def __init__(self, dialect: Dialect, database: Any) -> None:
        self.shelf: Shelf = dialect.shelf(database)
        self._dialect = dialect
        self._own = self.shelf.own_name(TABLE)

    def exists(self) -> bool:
        return self.shelf.has(TABLE)

    def entries(self, migration: str | None = None, direction: str | None = None) -> tuple[Entry, ...]:
        """What is kept, the latest first; of one migration, and of its steps in one direction, where they are named."""
        found = self._read({"migration": migration, "direction": direction})
        return tuple(entry for entry in found if entry.row_count or self.holds(entry))

    def _read(self, conditions: Mapping[str, Any]) -> tuple[Entry, ...]:
        if not self.exists():
            return ()
        given = {name: value for name, value in conditions.items() if value is not None}
        where = " WHERE " + " AND ".join(f"{name} = ?" for name in given) if given else ""
        rows = self.shelf.ask(
            f"SELECT {', '.join(_COLUMNS)} FROM {self._own}{where} ORDER BY id DESC", list(given.values())
        )
        return tuple(_entry(row) for row in rows)

    def holds(self, entry: Entry) -> bool:
        """Whether there is anything of it: a run that was killed may have kept nothing yet, or not have counted it."""
        own = self.shelf.own(entry.id)
        return self.shelf.has(data_table(entry.id)) and bool(self.shelf.ask(f"SELECT 1 FROM {own} LIMIT 1"))

    def sweep(self, migration: str, direction: str) -> None:
        """Let go of the things of a step of which there is nothing."""
        for entry in self._read({"migration": migration, "direction": direction, "row_count": 0}):
            if not self.holds(entry):
                self.discard(entry)

    def find(self, wanted: str) -> tuple[Entry, ...]:
        """The things with this id, or of the migrations that a name or a part of it means. PlanError for none."""
        entries = self.entries()
        found = [entry for entry in entries if str(entry.id) == wanted]
        if not found:
            from pwmig.plan import find

            name = find(wanted, sorted({entry.migration for entry in entries})) if entries else None
            found = [entry for entry in entries if entry.migration == name]
        if not found:
            raise PlanError(
                f"the attic holds nothing of {wanted!r}",
                why="it is empty" if not entries else "",
                way_out="pwmig attic lists what it holds",
            )
        return tuple(found)

    def next_number(self) -> int:
        """The number for a new thing; the table for it is made where it is not there yet."""
        if not self.exists():
            self.shelf.ask(self._definition())
            self.shelf.protect(TABLE)
        return int(self.shelf.ask(f"SELECT coalesce(max(id), 0) + 1 FROM {self._own}")[0][0])

    def _definition(self) -> str:
        return (
            f"CREATE TABLE {self._own} (id INTEGER NOT NULL PRIMARY KEY, migration VARCHAR(255) NOT NULL, "
            "direction VARCHAR(16) NOT NULL, what VARCHAR(16) NOT NULL, table_name VARCHAR(255) NOT NULL, "
            "column_names TEXT NOT NULL, key_columns TEXT NOT NULL, print_columns TEXT NOT NULL, "
            "row_count BIGINT NOT NULL, byte_count BIGINT NOT NULL, kept_at VARCHAR(32) NOT NULL, "
            f"definitions {self.shelf.long_text} NOT NULL, format INTEGER NOT NULL){self._dialect.table_options}"
        )

    def add(self, entry: Entry) -> None:
        values = (
            *(entry.id, entry.migration, entry.direction, entry.what, entry.table),
            *(json.dumps(list(part)) for part in (entry.columns, entry.key, entry.prints)),
            *(entry.row_count, entry.byte_count, entry.kept_at, json.dumps(entry.definitions), _FORMAT),
        )
        marks = ", ".join("?" * len(values))
        self.shelf.ask(f"INSERT INTO {self._own} ({', '.join(_COLUMNS)}) VALUES ({marks})", values)

    def resize(self, entry: Entry, rows: int | None = None) -> int:
        """Write down how many rows are left of a thing, counted where that is not known; it goes where none is."""
        left = self.shelf.count(entry.id) if rows is None else rows
        if not left:
            self.discard(entry)
            return 0
        self.shelf.ask(
            f"UPDATE {self._own} SET row_count = ?, byte_count = ? WHERE id = ?",
            (left, self.shelf.bytes_of(entry.id, left), entry.id),
        )
        return left

    def grow(self, entry: Entry, rows: int) -> None:
        """Write down that a thing has so many rows more."""
        self.shelf.ask(f"UPDATE {self._own} SET row_count = row_count + ? WHERE id = ?", (rows, entry.id))

    def close(self, entry: Entry) -> int:
        """Nothing is added to a thing any more; how many rows it has."""
        self.shelf.ask(f"UPDATE {self._own} SET definitions = ? WHERE id = ?", ("{}", entry.id))
        return self.resize(entry)

    def discard(self, entry: Entry) -> None:
        """Let go of a thing for good, and of the table of all things with the last one."""
        if not self.shelf.transactional:  # Whoever is killed in between leaves a thing of which there is nothing.
            self.shelf.ask(f"UPDATE {self._own} SET row_count = 0 WHERE id = ?", (entry.id,))
        self.shelf.discard(entry.id)
        self.shelf.ask(f"DELETE FROM {self._own} WHERE id = ?", (entry.id,))
        if not self.shelf.ask(f"SELECT 1 FROM {self._own} LIMIT 1"):
            self.shelf.ask(f"DROP TABLE {self._own}")


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _entry(row: Sequence[Any]) -> Entry:
    number, migration, direction, what, table, columns, key, prints, rows, size, at, definitions, _ = row
    columns, key, prints = (tuple(json.loads(text)) for text in (columns, key, prints))
    facts = (int(number), migration, direction, what, table, columns, key, prints, int(rows), int(size), at)
    return Entry(*facts, json.loads(definitions))
