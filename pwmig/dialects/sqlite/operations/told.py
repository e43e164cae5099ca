"""What a view or a trigger reads, as SQLite resolves its names: asked in a database in memory, with empty tables.

A text may have a column's name in it and mean something else: an alias, or another table's column. SQLite tells which
columns it has found for the names while it prepares (https://www.sqlite.org/c3ref/set_authorizer.html).
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing

from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry
from pwmig.dialects.sqlite.texts.edit import column_cut_out
from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, names_in, quote, significant
from pwmig.records import dataclass

__all__ = ["Told", "told"]

_ROWIDS = frozenset({"rowid", "oid", "_rowid_"})
"""Names by which a table without such a column has another one."""

_MISSING = re.compile(r"no such (function|collation sequence): (.*)", re.DOTALL)

Reads = Counter[tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Told:
    """``same``: what means the same without the column; ``other``: what would find other columns, or join otherwise.

    What can't be told is in neither: what can't be prepared.
    """

    same: tuple[Entry, ...] = ()
    other: tuple[Entry, ...] = ()


def told(catalog: Catalog, table: TableDef, gone: ColumnDef, entries: Sequence[Entry]) -> Told:
    """What becomes of views and triggers without a column, as far as SQLite says it."""
    if not entries or fold(gone.name) in _ROWIDS:
        return Told()
    needed = _needed(catalog, entries)
    whole = _reads_of(needed, entries, table.name, table.sql)
    less = _reads_of(needed, entries, table.name, column_cut_out(table, gone))
    same, other = [], []
    for entry, was, now in zip(entries, whole, less):
        if was is None or now is None:
            continue
        if now - was or _joins_by(catalog, entry, table.name, gone.name):
            other.append(entry)
        elif was == now and not _fires_for(entry, table.name, gone.name):
            same.append(entry)
    return Told(tuple(same), tuple(other))


def _joins_by(catalog: Catalog, entry: Entry, table: str, column: str) -> bool:
    """Whether a NATURAL JOIN may go by the column: without it, it would go by the others that are alike."""
    if not entry.names("natural"):
        return False
    found = [one for one in catalog.entries if one.kind in ("table", "view") and entry.names(one.name)]
    alike = [one for one in found if one.kind == "view" or one.names(column)]
    return any(fold(one.name) not in (fold(table), fold(entry.name)) for one in alike)


def _needed(catalog: Catalog, entries: Iterable[Entry]) -> list[Entry]:
    """What the entries need to be prepared, in the catalog's order: whatever their texts may name, in turn."""
    found = set(entries)
    left = list(entries)
    while left:
        entry = left.pop()
        names = names_in(entry.sql or "") | {fold(entry.table)}
        for other in catalog.entries:
            meant = fold(other.name) in names if other.kind in ("table", "view") else False
            fired = other.kind == "trigger" and fold(other.table) in names and entry.kind == "trigger"
            if (meant or fired) and other not in found and not other.name.startswith("sqlite_"):
                found.add(other)
                if other.kind != "table":
                    left.append(other)
    return [entry for entry in catalog.entries if entry in found]


def _reads_of(needed: Iterable[Entry], entries: Iterable[Entry], table: str, sql: str) -> list[Reads | None]:
    """What each of the entries reads, with this text for the table; None where that can't be seen."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for entry in needed:
            text = sql if entry.kind == "table" and fold(entry.name) == fold(table) else entry.sql or ""
            _prepare(connection, text)
        return [_read(connection, entry) for entry in entries]


def _read(connection: sqlite3.Connection, entry: Entry) -> Reads | None:
    found: Reads = Counter()

    def hear(action: int, first: str | None, second: str | None, _: str | None, inner: str | None) -> int:
        if action in (sqlite3.SQLITE_READ, sqlite3.SQLITE_UPDATE) and second and fold(inner or "") == fold(entry.name):
            found[first, second] += 1
        return sqlite3.SQLITE_OK

    statement = _statement(connection, entry)
    if statement is None or not _prepare(connection, f"EXPLAIN {statement}"):
        return None
    connection.set_authorizer(hear)
    try:
        return found if _prepare(connection, f"EXPLAIN /**/ {statement}") else None
    finally:
        connection.set_authorizer(None)


def _statement(connection: sqlite3.Connection, entry: Entry) -> str | None:
    """A statement by which the entry is prepared, None where it is not there."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ? AND type = ?", (entry.name, entry.kind))
    if there.fetchone() is None:
        return None
    name = quote(entry.name if entry.kind == "view" else entry.table)
    if entry.kind == "view":
        return f"SELECT * FROM {name}"
    event = next(token.text.upper() for token in significant(entry.sql or "") if token.is_word(*_EVENTS))
    if event != "UPDATE":
        return f"INSERT INTO {name} DEFAULT VALUES" if event == "INSERT" else f"DELETE FROM {name}"
    columns = _fired_by(entry)
    if not columns:
        row = connection.execute("SELECT name FROM pragma_table_info(?) LIMIT 1", [entry.table]).fetchone()
        columns = [row[0]] if row else []
    return f"UPDATE {name} SET {', '.join(f'{quote(column)} = NULL' for column in columns)}" if columns else None


_EVENTS = ("DELETE", "INSERT", "UPDATE")


def _fired_by(entry: Entry) -> list[str]:
    """The columns that a trigger is an UPDATE OF."""
    tokens = significant(entry.sql or "")
    place = next(place for place, token in enumerate(tokens) if token.is_word(*_EVENTS))
    if not tokens[place + 1].is_word("OF"):
        return []
    end = next(at for at in range(place, len(tokens)) if tokens[at].is_word("ON"))
    return [token.name for token in tokens[place + 2 : end] if token.text != ","]


def _fires_for(entry: Entry, table: str, column: str) -> bool:
    """Whether it is a trigger of the table that has the column behind UPDATE OF, where SQLite does not look for it."""
    return (
        entry.kind == "trigger"
        and fold(entry.table) == fold(table)
        and fold(column) in {fold(name) for name in _fired_by(entry)}
    )


def _prepare(connection: sqlite3.Connection, statement: str) -> bool:
    """Run a statement; functions and collations that are not known are made up. Whether SQLite takes it."""
    known: set[tuple[str, str]] = set()
    while True:
        try:
            connection.execute(statement).close()
        except sqlite3.Error as error:
            missing = _MISSING.fullmatch(str(error))
            if missing is None or missing.groups() in known:
                return False
            known.add((missing[1], missing[2]))
            if missing[1] == "function":
                connection.create_function(missing[2], -1, _nothing, deterministic=True)
            else:
                connection.create_collation(missing[2], _same)
        else:
            return True


def _nothing(*_: object) -> None:
    return None


def _same(first: str, second: str) -> int:
    return (first > second) - (first < second)
