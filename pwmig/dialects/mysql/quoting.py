"""Names and texts as MariaDB and MySQL read them in SQL, whatever stands in them.

Names: https://mariadb.com/kb/en/identifier-names/. Texts: https://mariadb.com/kb/en/string-literals/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pwmig.schema import ForeignKey, Routine, Sequence, Table, View

__all__ = [
    "literal",
    "qualified",
    "quote",
    "quoted_list",
    "read_plainly",
    "referred",
    "with_escapes",
    "without_escapes",
]


_READ_OTHERWISE = frozenset(
    ("ANSI", "ANSI_QUOTES", "DB2", "MAXDB", "MSSQL", "NO_BACKSLASH_ESCAPES", "ORACLE", "PIPES_AS_CONCAT", "POSTGRESQL")
)
_PLAIN_TEXT = re.compile(r"`(?:[^`]|``)*`|'(?:[^']|'')*'", re.DOTALL)
_TEXT = re.compile(r"`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANS = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "'": "''", "%": "\\%", "_": "\\_"}


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


def read_plainly(mode: str) -> str:
    """An sql_mode without what lets names and texts be read otherwise: names stand between backticks alone, and a
    backslash escapes; the modes that stand for several are gone too (https://mariadb.com/kb/en/sql-mode/)."""
    return ",".join(one for one in mode.split(",") if one.upper() not in _READ_OTHERWISE)


def without_escapes(sql: str) -> str:
    """SQL in which backslashes escape, as NO_BACKSLASH_ESCAPES has it."""
    return _TEXT.sub(lambda found: _unescaped(found[0]), sql) if "\\" in sql else sql


def with_escapes(sql: str) -> str:
    """SQL that is written under NO_BACKSLASH_ESCAPES, with backslashes that escape."""
    return _PLAIN_TEXT.sub(lambda found: found[0].replace("\\", "\\\\") if found[0][0] == "'" else found[0], sql)


def _unescaped(text: str) -> str:
    return text if text[0] == "`" else _ESCAPE.sub(lambda found: _MEANS.get(found[1], found[1]), text)


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
