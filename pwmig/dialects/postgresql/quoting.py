"""Names and texts as PostgreSQL reads them, whatever letters they hold.

See https://www.postgresql.org/docs/current/sql-syntax-lexical.html.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Placed", "literal", "qualified", "quote"]


class Placed(Protocol):
    """A thing that may stand in a schema: a table, a view, a sequence, a type, a routine."""

    @property
    def schema(self) -> str | None: ...

    @property
    def plain_name(self) -> str: ...


def quote(name: str) -> str:
    """A name in double quotes: it means itself, in its own letter case, keyword or not."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in single quotes, read alike whatever ``standard_conforming_strings`` says."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in quoted else quoted


def qualified(thing: Placed) -> str:
    """The quoted name of a thing, with its schema in front where it stands outside the default one."""
    return quote(thing.plain_name) if thing.schema is None else f"{quote(thing.schema)}.{quote(thing.plain_name)}"
