"""What ``sqlite_master`` says, read in one scan, and the refusals where a name is not in it.

Queries go straight to the connection: what pwmig asks for itself is no part of a migration's record.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pwmig.dialects.asked import close_matches
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, names_in, quote
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    import peewee

__all__ = ["Catalog", "Entry", "ask", "column_of", "errors", "read_catalog"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of ``sqlite_master``; ``sql`` is None for the indexes that SQLite makes by itself."""

    kind: str
    name: str
    table: str
    sql: str | None

    @property
    def is_virtual(self) -> bool:
        """Whether a module keeps the table; SQLite words the beginning of such a text itself."""
        return (self.sql or "").startswith("CREATE VIRTUAL TABLE ")

    @property
    def drop_hint(self) -> str:
        """The operation that does away with it, as code."""
        statement = f"DROP {self.kind.upper()} {quote(self.name)}"
        return f"migrator.sql({statement!r})"

    def names(self, *wanted: str) -> bool:
        """Whether the text has all these names in it, outside of strings and comments."""
        lower = (self.sql or "").lower()
        if not all(name.lower() in lower or '"' in name or "`" in name for name in wanted):
            return False
        return {fold(name) for name in wanted} <= names_in(self.sql or "")


def ask(database: peewee.Database, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query, read to the end so that no cursor holds a lock."""
    return list(database.connection().execute(sql, tuple(params)).fetchall())


def errors(database: peewee.Database) -> type[Exception]:
    """The root of what the connection's own module raises, sqlite3 or another."""
    connection = database.connection()
    found: type[Exception] = getattr(connection, "Error", None) or sys.modules[type(connection).__module__].Error
    return found


def read_catalog(database: peewee.Database) -> Catalog:
    """The catalog as it is now, in the order in which its objects were made."""
    rows = ask(database, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid")
    return Catalog(tuple(Entry(*row) for row in rows))


class Catalog:
    """All objects of a database, as their texts."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        return {fold(entry.name): entry for entry in self.entries}

    def get(self, name: str) -> Entry | None:
        return self._by_name.get(fold(name))

    def of_table(self, name: str, *kinds: str) -> tuple[Entry, ...]:
        """The indexes and triggers of a table that have a text."""
        wanted = fold(name)
        return tuple(
            entry for entry in self.entries if entry.kind in kinds and fold(entry.table) == wanted and entry.sql
        )

    def entry(self, name: str) -> Entry:
        """The entry of a table that migrations may change; OperationRefused where there is none."""
        found = self.get(name)
        if found is None or found.kind not in ("table", "view"):
            names = [entry.name for entry in self.entries if entry.kind == "table"]
            raise OperationRefused(
                f"there is no table {name!r}",
                why=close_matches(name, names, "tables"),
                way_out="write the name as it is in the database, or create the table in an earlier migration",
                table=name,
            )
        if found.kind == "view":
            raise OperationRefused(f"{name!r} is a view, not a table", why="only tables can be changed", table=name)
        return found

    def table(self, name: str) -> TableDef:
        """The table's text in parts; OperationRefused for a name that is none, and for a virtual table."""
        entry = self.entry(name)
        if entry.is_virtual:
            raise OperationRefused(
                f"{name!r} is a virtual table",
                why="its columns belong to its module, and SQLite can't change them",
                way_out="create a new one and copy its rows",
                table=name,
            )
        return parse_create_table(entry.sql or "")

    def referring(self, name: str) -> tuple[Entry, ...]:
        """The tables whose foreign keys refer to this one, itself included."""
        wanted = fold(name)
        found = []
        for entry in self.entries:
            if entry.kind != "table" or entry.is_virtual:
                continue
            if entry.names(name) and "references" in (entry.sql or "").lower():
                keys = parse_create_table(entry.sql or "").all("references", "foreign key")
                if any(fold(key.ref_table or "") == wanted for key in keys):
                    found.append(entry)
        return tuple(found)

    def mentioning(self, *names: str) -> tuple[Entry, ...]:
        """The views and triggers whose text has all these names in it."""
        return tuple(entry for entry in self.entries if entry.kind in ("view", "trigger") and entry.names(*names))


def column_of(table: TableDef, name: str) -> ColumnDef:
    """The column of a table; OperationRefused where it has none of that name."""
    found = table.column(name)
    if found is None:
        raise OperationRefused(
            f"table {table.name!r} has no column {name!r}",
            why=close_matches(name, table.column_names, "columns"),
            way_out="write the name as it is in the database",
            table=table.name,
            column=name,
        )
    return found
