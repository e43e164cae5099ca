"""A table's text in ``sqlite_master``, written as https://www.sqlite.org/lang_altertable.html#otheralter says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from pwmig.dialects.sqlite.operations.catalog import Catalog, ask, errors, read_catalog
from pwmig.dialects.sqlite.texts.letters import lettered
from pwmig.dialects.sqlite.texts.tokens import quote_string, significant, unquote

__all__ = [
    "free_name",
    "keep_letters",
    "refuses",
    "table_written",
    "text_of",
    "writable",
    "write_statement",
    "write_text",
]

_WRITE, _TO = "UPDATE sqlite_master SET sql = ", " WHERE type = 'table' AND name = "


def write_statement(table: str, sql: str) -> str:
    """The statement that changes nothing but a table's text."""
    return f"{_WRITE}{quote_string(sql)}{_TO}{quote_string(table)}"


def table_written(statement: str) -> str | None:
    """The table whose text a statement of :func:`write_statement` writes, None for any other."""
    if not statement.startswith(_WRITE) or _TO not in statement:
        return None
    return unquote(significant(statement)[-1].text)


def free_name(catalog: Catalog) -> str:
    """A name for a table in passing that nothing has."""
    number = 1
    while catalog.get(f"pwmig_new_{number}") is not None:
        number += 1
    return f"pwmig_new_{number}"


def text_of(database: peewee.Database, table: str) -> str:
    return str(ask(database, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table])[0][0])


@contextmanager
def writable(database: peewee.Database) -> Iterator[None]:
    """Let the schema be written, and have SQLite read it anew afterwards: it keeps places in the text in mind."""
    before = ask(database, "PRAGMA writable_schema")[0][0]
    ask(database, "PRAGMA writable_schema = ON")
    try:
        yield
    finally:
        ask(database, "PRAGMA writable_schema = RESET")
        if before:
            ask(database, "PRAGMA writable_schema = ON")


def refuses(error: Exception) -> bool:
    """Whether this is the word of a build that won't have its schema written, as with SQLITE_DBCONFIG_DEFENSIVE."""
    return "may not be modified" in str(error)


def write_text(database: peewee.Database, table: str, sql: str) -> None:
    """Write a table's text, which means what SQLite wrote, in the letters that it should have.

    Where a build won't have its schema written, SQLite's letters stay, and mean the same.
    """
    with writable(database):
        try:
            ask(database, write_statement(table, sql))
        except errors(database) as error:
            if not refuses(error):
                raise


def keep_letters(database: peewee.Database, before: Catalog, new: str | None = None) -> None:
    """Give what a statement of SQLite's own has changed since ``before`` the quotes that its names had then.

    ``new`` is the name that the statement gave to something. Where a build won't have its schema written, SQLite's
    letters stay, and mean the same.
    """
    written = []
    for was, now in zip(before.entries, read_catalog(database).entries):
        if was.sql and now.sql and was.sql != now.sql and (was.kind, was.is_virtual) == (now.kind, False):
            text = lettered(was.sql, now.sql, new)
            if text != now.sql:
                written.append((text, now.kind, now.name))
    if not written:
        return
    with writable(database):
        for values in written:
            try:
                ask(database, "UPDATE sqlite_master SET sql = ? WHERE type = ? AND name = ?", values)
            except errors(database) as error:
                if not refuses(error):
                    raise
                return
