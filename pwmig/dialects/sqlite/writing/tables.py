"""CREATE TABLE and CREATE INDEX, from the facts of a table.

See https://www.sqlite.org/lang_createtable.html and https://www.sqlite.org/lang_createindex.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pwmig.dialects.sqlite.texts.tokens import quote
from pwmig.dialects.sqlite.writing.columns import column_definition, conflict_clause, enclosed
from pwmig.schema import Check, ForeignKey, Index, IndexPart, Table, Unique

__all__ = [
    "foreign_key_text",
    "index_statement",
    "part_text",
    "primary_key_text",
    "table_statement",
    "unique_text",
]


def table_statement(table: Table, *, one_line: bool = False) -> str:
    """The table with its constraints, one a line unless all are on one; without its indexes and triggers."""
    if table.options[:1] == ("VIRTUAL",):
        return f"CREATE VIRTUAL TABLE {quote(table.name)} USING {table.options[1]}"
    options = " " + ", ".join(table.options) if table.options else ""
    if one_line:
        return f"CREATE TABLE {quote(table.name)} ({', '.join(_lines(table))}){options}"
    lines = ",\n    ".join(_lines(table))
    return f"CREATE TABLE {quote(table.name)} (\n    {lines}\n){options}"


def index_statement(table: str, index: Index) -> str:
    unique = "UNIQUE " if index.unique else ""
    where = f" WHERE {index.predicate}" if index.predicate is not None else ""
    return f"CREATE {unique}INDEX {quote(index.name)} ON {quote(table)} ({_parts(index.parts)}){where}"


def _lines(table: Table) -> Iterator[str]:
    inline = _inline_key(table)
    for column in table.columns:
        yield column_definition(column, inline if column.name in table.primary_key else "")
    if table.primary_key and not inline:
        yield primary_key_text(table)
    yield from map(unique_text, table.uniques)
    yield from map(foreign_key_text, table.foreign_keys)
    yield from map(_check, table.checks)


def _inline_key(table: Table) -> str:
    """The words of a primary key behind its only column, empty where it has to stand by itself.

    AUTOINCREMENT stands with a column; and an INTEGER behind whose PRIMARY KEY stands DESC is no name of the row's id,
    while it is one with PRIMARY KEY (id DESC): https://www.sqlite.org/lang_createtable.html#rowid.
    """
    if len(table.primary_key) != 1 or any(part.collation for part in table.primary_key_parts):
        return ""
    descending = " DESC" if any(part.descending for part in table.primary_key_parts) else ""
    counted = " AUTOINCREMENT" if any(column.autoincrement for column in table.columns) else ""
    return _named(table.primary_key_name) + "PRIMARY KEY" + descending + _conflict_of_key(table) + counted


def primary_key_text(table: Table) -> str:
    """The primary key as a constraint of the table."""
    parts = table.primary_key_parts or _plain(table.primary_key)
    return _named(table.primary_key_name) + f"PRIMARY KEY ({_parts(parts)})" + _conflict_of_key(table)


def _conflict_of_key(table: Table) -> str:
    return conflict_clause(table.primary_key_conflict)


def unique_text(unique: Unique) -> str:
    parts = unique.parts or _plain(unique.columns)
    return _named(unique.name) + f"UNIQUE ({_parts(parts)})" + conflict_clause(unique.on_conflict)


def foreign_key_text(key: ForeignKey) -> str:
    words = [
        f"{_named(key.name)}FOREIGN KEY ({_names(key.columns)})",
        f"REFERENCES {quote(key.ref_table)} ({_names(key.ref_columns)})",
    ]
    words += [
        f"ON {event} {action}"
        for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        if action != "NO ACTION"
    ]
    return " ".join([*words, key.deferrable] if key.deferrable else words)


def _check(check: Check) -> str:
    return f"{_named(check.name)}CHECK {enclosed(check.expression)}"


def _named(name: str | None) -> str:
    return f"CONSTRAINT {quote(name)} " if name is not None else ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(quote, names))


def _plain(names: Iterable[str]) -> tuple[IndexPart, ...]:
    return tuple(map(IndexPart, names))


def _parts(parts: Iterable[IndexPart]) -> str:
    return ", ".join(map(part_text, parts))


def part_text(part: IndexPart) -> str:
    text = quote(part.column) if part.column is not None else part.expression or ""
    collation = f" COLLATE {quote(part.collation)}" if part.collation else ""
    return text + collation + (" DESC" if part.descending else "")
