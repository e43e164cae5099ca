"""Names and texts as MariaDB and MySQL read them in SQL, whatever stands in them.

Names: https://mariadb.com/kb/en/identifier-names/. Texts: https://mariadb.com/kb/en/string-literals/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pwmig.schema import ForeignKey, Routine, Sequence, Table, View

__all__ = ["literal", "qualified", "quote", "quoted_list", "referred"]


def quote(name: str) -> str:
    """A name between backticks, which name things under ANSI_QUOTES too."""
    return "`" + name.replace("`", "``") + "`"


def quoted_list(names: Iterable[str]) -> str:
    """Names between backticks, with commas."""
    return ", ".join(quote(name) for name in names)


def literal(text: str, *, backslashes: bool = True) -> str:
    """A text as a string literal.

    ``backslashes`` says that a backslash escapes what follows it, as it does unless the connection's sql_mode
    has NO_BACKSLASH_ESCAPES (https://mariadb.com/kb/en/sql-mode/). A text without a backslash reads the same in both.
    """
    if backslashes:
        text = text.replace("\\", "\\\\").replace("\0", "\\0")
    return "'" + text.replace("'", "''") + "'"


def qualified(thing: Table | View | Sequence | Routine | str, schema: str | None = None) -> str:
    """The quoted name of a table, view, sequence or routine, with its database in front where it has one of its own.

    A text is a plain name, ``schema`` then the database that it is in, None for the one connected to.
    """
    if isinstance(thing, str):
        plain, place = thing, schema
    else:
        plain, place = thing.plain_name, thing.schema
    return quote(plain) if place is None else f"{quote(place)}.{quote(plain)}"


def referred(key: ForeignKey) -> str:
    """The quoted name of the table that a foreign key points at, with its database where that is another one."""
    if key.ref_schema is None:
        return quote(key.ref_table)
    return f"{quote(key.ref_schema)}.{quote(key.ref_table[len(key.ref_schema) + 1 :])}"
