"""The table ``pwmig_attic``: what is kept, a row a thing. It is made with the first thing, and goes with the last."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from pwmig.attic.names import Gone
from pwmig.dialects.shelved import ATTIC, data_table
from pwmig.errors import PlanError
from pwmig.records import Record, dataclass

if TYPE_CHECKING:
    from pwmig.dialects.base import Dialect
    from pwmig.dialects.shelf import Shelf
    from pwmig.dialects.shelved import Place

__all__ = ["TABLE", "Attic", "Entry", "columns_in_words"]

TABLE = ATTIC
_FORMAT = 1
_GIVEN = -1
"""In place of the application of a thing that is given back, and is about to go."""
_COLUMNS = (
    *("id", "migration", "direction", "application", "what", "table_name", "column_names", "key_columns"),
    *("print_columns", "row_count", "byte_count", "kept_at", "definitions", "format"),
)


@dataclass(frozen=True, slots=True)
class Entry(Record):
    """A thing in the attic: ``what`` is ``column`` (values of dropped ``columns``), ``table`` (a dropped table) or
    ``change`` (what a column held before it was filled or changed).

    ``direction`` is that of the step that took it away, ``application`` says which application of the migration that
    belonged to, counted from 1, or 0 for what going the other way has left of it. ``prints`` are the other columns by
    which rows are recognised. Names are those that hold by now, or that held when an operation dropped what they name.
    ``definitions`` say of a change that is ``open`` that nobody has noted yet what the column became, of rows
    without key which ``types`` the ``prints`` had, and of a ``bare`` column that nothing but its place is kept.
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
    application: int = 0

    def defined(self, definitions: Mapping[str, Any]) -> Entry:
        """It, with some definitions more."""
        return replace(self, definitions={**self.definitions, **definitions})

    def __str__(self) -> str:
        if self.is_bare and not self.row_count:
            return f"{self.in_words}, of which only its place was kept"
        rows = f"{self.row_count:,} row" + ("" if self.row_count == 1 else "s")
        return f"{self.in_words}, {rows}"

    @property
    def is_bare(self) -> bool:
        """Whether nothing is kept but where a column stood, in a table that had no row."""
        return bool(self.definitions.get("bare"))

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

    def entries(
        self,
        migration: str | None = None,
        direction: str | None = None,
        application: int | None = None,
        *,
        bare: bool = False,
    ) -> tuple[Entry, ...]:
        """What is kept, the latest first; of one migration, of its steps in one direction, and of one application of
        it, where they are named. ``bare``: also what has no values, but a place to come back to."""
        found = self._read({"migration": migration, "direction": direction, "application": application})
        return tuple(
            entry
            for entry in found
            if entry.application != _GIVEN and (entry.row_count or (bare and entry.is_bare) or self.holds(entry))
        )

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
        """Let go of the things of a step of which there is nothing, and of those that are given back."""
        for entry in self.given():
            self.discard(entry)
        for entry in self._read({"migration": migration, "direction": direction, "row_count": 0}):
            if not entry.is_bare and not self.holds(entry):
                self.discard(entry)

    def given(self) -> tuple[Entry, ...]:
        """What is given back, and has not gone yet."""
        return self._read({"application": _GIVEN})

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

    def last(self) -> int:
        """The number of the last thing; 0 where there is none."""
        if not self.exists():
            return 0
        return int(self.shelf.ask(f"SELECT coalesce(max(id), 0) FROM {self._own}")[0][0])

    def next_number(self) -> int:
        """The number for a new thing; the table for it is made where it is not there yet."""
        if not self.exists():
            self.shelf.ask(self._definition())
            self.shelf.protect(TABLE)
        number = int(self.shelf.ask(f"SELECT coalesce(max(id), 0) + 1 FROM {self._own}")[0][0])
        while not self.shelf.is_free(number):
            number += 1
        return number

    def _definition(self) -> str:
        return (
            f"CREATE TABLE {self._own} (id INTEGER NOT NULL PRIMARY KEY, migration VARCHAR(255) NOT NULL, "
            "direction VARCHAR(16) NOT NULL, application INTEGER NOT NULL, what VARCHAR(16) NOT NULL, "
            "table_name VARCHAR(255) NOT NULL, column_names TEXT NOT NULL, key_columns TEXT NOT NULL, "
            "print_columns TEXT NOT NULL, "
            "row_count BIGINT NOT NULL, byte_count BIGINT NOT NULL, kept_at VARCHAR(32) NOT NULL, "
            f"definitions {self.shelf.long_text} NOT NULL, format INTEGER NOT NULL){self._dialect.table_options}"
        )

    def add(self, entry: Entry) -> None:
        table, columns, key, prints, definitions = _told(entry)
        values = (
            *(entry.id, entry.migration, entry.direction, entry.application, entry.what, table, columns, key, prints),
            *(entry.row_count, entry.byte_count, entry.kept_at, definitions, _FORMAT),
        )
        marks = ", ".join("?" * len(values))
        self.shelf.ask(f"INSERT INTO {self._own} ({', '.join(_COLUMNS)}) VALUES ({marks})", values)

    def rename(self, entry: Entry) -> None:
        """Write down what a thing, its table and its columns are called now."""
        self.shelf.ask(
            f"UPDATE {self._own} SET table_name = ?, column_names = ?, key_columns = ?, print_columns = ?, "
            "definitions = ? WHERE id = ?",
            (*_told(entry), entry.id),
        )

    def define(self, entry: Entry) -> None:
        """Write down what else is known of a thing, and leave the names that it has there."""
        self.shelf.ask(f"UPDATE {self._own} SET definitions = ? WHERE id = ?", (_told(entry)[-1], entry.id))

    def leave(self, entry: Entry) -> None:
        """Leave what is left of a thing to be put back by hand."""
        self.rename(entry)
        self.shelf.ask(f"UPDATE {self._own} SET application = 0 WHERE id = ?", (entry.id,))

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

    def give_back(self, entry: Entry) -> None:
        """Write down that a thing is where it was: from now on only :meth:`discard` is wanted."""
        self.shelf.ask(f"UPDATE {self._own} SET application = ? WHERE id = ?", (_GIVEN, entry.id))

    def grow(self, entry: Entry, rows: int) -> None:
        """Write down that a thing has so many rows more."""
        self.shelf.ask(f"UPDATE {self._own} SET row_count = row_count + ? WHERE id = ?", (rows, entry.id))

    def close(self, entry: Entry) -> int:
        """Nothing is added to a thing any more; how many rows it has."""
        types = {name: told for name, told in entry.definitions.items() if name == "types"}
        self.shelf.ask(f"UPDATE {self._own} SET definitions = ? WHERE id = ?", (json.dumps(types), entry.id))
        return self.resize(entry)

    def discard(self, entry: Entry) -> None:
        """Let go of a thing for good, and of the table of all things with the last one."""
        if not self.shelf.transactional:  # Whoever is killed in between leaves a thing of which there is nothing.
            self.shelf.ask(f"UPDATE {self._own} SET row_count = 0 WHERE id = ?", (entry.id,))
        self.shelf.discard(entry.id)
        self.shelf.ask(f"DELETE FROM {self._own} WHERE id = ?", (entry.id,))
        if not self.shelf.ask(f"SELECT 1 FROM {self._own} LIMIT 1"):
            self.shelf.ask(f"DROP TABLE {self._own}")


def types_of(place: Place, columns: Sequence[str]) -> dict[str, list[str]]:
    """The definition of the types by which columns are read that tell rows without key apart."""
    return {"types": [place.types.get(name, "") for name in columns]}


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _told(entry: Entry) -> tuple[str, ...]:
    """The names of a thing and its definitions as they are written: what is gone stands in brackets of its own."""
    lists = map(_listed, (entry.columns, entry.key, entry.prints))
    table, definitions = entry.table, dict(entry.definitions)
    if "behind" in definitions:
        definitions["behind"] = _listed(definitions["behind"])
    if isinstance(table, Gone):
        definitions["gone"] = table.since
    return str(entry.table), *map(json.dumps, lists), json.dumps(definitions)


def _listed(names: Sequence[str]) -> list[Any]:
    return [[name, name.since] if isinstance(name, Gone) else name for name in names]


def _unlisted(names: Sequence[Any]) -> tuple[str, ...]:
    return tuple(Gone(*name) if isinstance(name, list) else name for name in names)


def _entry(row: Sequence[Any]) -> Entry:
    number, migration, direction, application, what, table, columns, key, prints, rows, size, at, told, _ = row
    columns, key, prints = (_unlisted(json.loads(text)) for text in (columns, key, prints))
    definitions = json.loads(told)
    if "behind" in definitions:
        definitions["behind"] = list(_unlisted(definitions["behind"]))
    since = definitions.pop("gone", None)
    table = table if since is None else Gone(table, since)
    facts = (int(number), migration, direction, what, table, columns, key, prints, int(rows), int(size), at)
    return Entry(*facts, definitions, int(application))
