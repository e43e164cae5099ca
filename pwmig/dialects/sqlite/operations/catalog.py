"""What ``sqlite_master`` says, read in one scan, and the refusals where a name is not in it.

Queries go straight to the connection: what pwmig asks for itself is no part of a migration's record.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pwmig.dialects.asked import as_that_with, close_matches, several
from pwmig.dialects.sqlite.texts.claims import key_columns
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, names_in, quote
from pwmig.errors import OperationRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

__all__ = [
    "Catalog",
    "Entry",
    "ask",
    "column_of",
    "duplicated",
    "errors",
    "example",
    "read_catalog",
    "refusal_of",
    "require_not_hidden",
]

_asked = itertools.count()


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
        if not all(_stands_in(lower, name.lower()) or '"' in name or "`" in name for name in wanted):
            return False
        return {fold(name) for name in wanted} <= names_in(self.sql or "")


def _stands_in(text: str, name: str) -> bool:
    """Whether the name stands in the text as more than a part of a word, which is cheaper than to read the text."""
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def ask(database: peewee.Database, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query, read to the end so that no cursor holds a lock."""
    return list(database.connection().execute(sql, tuple(params)).fetchall())


def duplicated(database: peewee.Database, table: str, columns: Sequence[str]) -> str:
    """How many values are in several rows, and which; NULL is none. In words."""
    names = list(map(quote, columns))
    known = " AND ".join(f"{name} IS NOT NULL" for name in names)
    twice = (
        f"SELECT {', '.join(names)}, count(*) FROM {quote(table)} WHERE {known} "
        f"GROUP BY {', '.join(names)} HAVING count(*) > 1"
    )
    rows = ask(database, f"{twice} ORDER BY {', '.join(names)} LIMIT 1")
    return several(ask(database, f"SELECT count(*) FROM ({twice})")[0][0], rows[0] if rows else ())


def example(database: peewee.Database, table: TableDef, condition: str) -> str:
    """Which row a condition holds for, the first by the key; nothing where no key tells rows apart."""
    key = [column.name for column in table.columns if fold(column.name) in key_columns(table)]
    if not key:
        return ""
    names = ", ".join(map(quote, key))
    rows = ask(database, f"SELECT {names} FROM {quote(table.name)} WHERE {condition} ORDER BY {names} LIMIT 1")
    return as_that_with(key, rows[0] if rows else None)


def errors(database: peewee.Database) -> type[Exception]:
    """The root of what the connection's own module raises, sqlite3 or another."""
    connection = database.connection()
    found: type[Exception] = getattr(connection, "Error", None) or sys.modules[type(connection).__module__].Error
    return found


def refusal_of(database: peewee.Database, statement: str) -> str | None:
    """What SQLite says against a statement, which is prepared and not run; None where it takes it.

    No row of what EXPLAIN says is read: not all of that is text. Each has a text of its own, since connections keep
    what they prepared, and SQLite looks whether that is still right only where it runs it.
    """
    try:
        database.connection().execute(f"EXPLAIN /* {next(_asked)} */ {statement}").close()
    except errors(database) as error:
        return str(error)
    return None


def read_catalog(database: peewee.Database) -> Catalog:
    """The catalog as it is now, in the order in which its objects were made."""
    rows = ask(database, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid")
    return Catalog(tuple(Entry(*row) for row in rows))


def require_not_hidden(database: peewee.Database, table: str) -> None:
    """Refuse a table whose name finds a temporary one: https://www.sqlite.org/lang_naming.html."""
    for kind, name in ask(database, "SELECT type, name FROM sqlite_temp_master WHERE type IN ('table', 'view')"):
        if fold(name) == fold(table):
            statement = f"DROP {kind.upper()} temp.{quote(name)}"
            raise OperationRefused(
                f"table {table!r} is hidden by a temporary {kind} of that name",
                why="SQLite finds that one first, so the operation would be about it",
                way_out=f"before it, in the same migration: migrator.sql({statement!r})",
                table=table,
            )


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
            own = ("pwmig_", "sqlite_")
            names = [
                entry.name for entry in self.entries if entry.kind == "table" and not fold(entry.name).startswith(own)
            ]
            raise OperationRefused(
                f"there is no table {name!r}",
                why=close_matches(name, names, "tables"),
                way_out="write the name as it is in the database, or create the table in an earlier migration",
                table=name,
            )
        if found.kind == "view":
            raise OperationRefused(
                f"{name!r} is a view, not a table",
                why="only tables can be changed",
                way_out="drop the view, and create it as it is to be: migrator.sql('DROP VIEW ...')",
                table=name,
            )
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
