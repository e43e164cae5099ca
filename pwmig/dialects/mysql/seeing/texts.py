"""Texts of the catalog made the same in every database: without the database's own name, and with their sql_mode."""

from __future__ import annotations

import re

from pwmig.dialects.mysql.quoting import literal, quote

__all__ = ["under_mode", "without_database"]

_TOKEN = re.compile(
    r"""
      (?P<string> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" )
    | (?P<name>   `(?:[^`]|``)*` )
    | (?P<word>   [\w$]+ )
    | (?P<space>  \s+ )
    | (?P<mark>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BEFORE_TABLE = ("from", "join", "straight_join", "table")
_SEQUENCE_CALLS = ("nextval", "lastval", "setval")

# What these change is how the text itself is read: https://mariadb.com/kb/en/sql-mode/
_READING_MODES = frozenset(
    {"ANSI_QUOTES", "HIGH_NOT_PRECEDENCE", "IGNORE_SPACE", "NO_BACKSLASH_ESCAPES", "ORACLE", "PIPES_AS_CONCAT"}
)


def without_database(sql: str, database: str) -> str:
    """A text of the catalog without ``database`` in front of the names of its tables, sequences and functions.

    The catalog writes every name of a view whole, between backticks: `db`.`t`.`c`, and an alias without a database:
    `a`.`c`. So of three names the first is the database. Of two it is where a table or a function is named; elsewhere
    it is an alias that is called as the database is, and stays.
    """
    own = quote(database)
    if f"{own}." not in sql:
        return sql
    tokens = [match.group() for match in _TOKEN.finditer(sql)]
    kept = [token for place, token in enumerate(tokens) if not _is_qualifier(tokens, place, own)]
    return "".join(kept)


def _is_qualifier(tokens: list[str], place: int, own: str) -> bool:
    """Whether the token is the database in front of a name, or the dot behind it."""
    if tokens[place] == ".":
        return place > 0 and tokens[place - 1] == own and _is_qualifier(tokens, place - 1, own)
    if tokens[place] != own or tokens[place + 1 : place + 2] != ["."] or tokens[place - 1 : place] == ["."]:
        return False
    behind = tokens[place + 3 : place + 4]
    return behind in (["."], ["("]) or _names_table(tokens, place)


def _names_table(tokens: list[str], place: int) -> bool:
    """Whether a table stands here: behind FROM or JOIN, whatever parentheses are between, or in NEXTVAL(...)."""
    opened = False
    for token in reversed(tokens[:place]):
        if token == "(":
            opened = True
        elif not token.isspace():
            word = token.lower()
            return word in _BEFORE_TABLE or (opened and word in _SEQUENCE_CALLS)
    return False


def under_mode(sql: str, mode: str) -> str:
    """The statement as one that is read in the sql_mode that it was written in, where that changes its reading.

    SET STATEMENT sets the mode after it is read itself, and so hands the text to EXECUTE IMMEDIATE, which takes
    every statement since MariaDB 10.6.2 (https://mariadb.com/kb/en/prepare-statement/).
    """
    modes = mode.split(",") if mode else []
    if not _READING_MODES.intersection(modes):
        return sql
    return f"SET STATEMENT sql_mode = {literal(mode)} FOR EXECUTE IMMEDIATE {literal(sql)}"
