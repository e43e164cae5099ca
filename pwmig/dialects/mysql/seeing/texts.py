"""Texts of the catalog made the same in every database: without the database's own name, and with their sql_mode."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from pwmig.dialects.mysql.quoting import literal, quote

__all__ = ["Mentioned", "canonical", "mentioned", "readable", "under_mode"]

_TOKEN = re.compile(
    r"""
      '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*"  # texts
    | `(?:[^`]|``)*`                               # names
    | [\w$]+                                       # words and numbers
    | \s+
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_BODY = re.compile(
    r"""
      --(?=\s|\Z)[^\n]* | \#[^\n]* | /\*(?!M?!).*?(?:\*/|\Z)  # comments
    | `(?:[^`]|``)*`
    | '(?:[^']|'')*' | "(?:[^"]|"")*"
    """,
    re.VERBOSE | re.DOTALL,
)
_JOINS = ("join", "straight_join")
_ENDING = (
    "select",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "union",
    "except",
    "intersect",
    "window",
    "procedure",
)
_SEQUENCE_CALLS = ("nextval", "lastval", "setval")

# What these change is how the text itself is read: https://mariadb.com/kb/en/sql-mode/
_READING_MODES = frozenset(
    {"ANSI_QUOTES", "HIGH_NOT_PRECEDENCE", "IGNORE_SPACE", "NO_BACKSLASH_ESCAPES", "ORACLE", "PIPES_AS_CONCAT"}
)


class Mentioned(NamedTuple):
    """What a view's text names, in lower case: the tables behind FROM and JOIN, and what is called."""

    tables: frozenset[str]
    calls: frozenset[str]


class _Places(NamedTuple):
    """Places in a list of tokens: where a table is named, and where JOIN stands between tables without parentheses."""

    tables: frozenset[int]
    bare_joins: frozenset[int]


def canonical(sql: str, database: str) -> str:
    """A text of the catalog without ``database`` in front of the names of its tables, sequences and functions.

    The catalog writes every name of a view whole, between backticks: `db`.`t`.`c`, and an alias without a database:
    `a`.`c`. So of three names the first is the database. Of two it is where a table or a function is named; elsewhere
    it is an alias that is called as the database is, and stays.

    It writes ``FROM a, b`` as ``from a join b``, and where it reads that, as ``from (a join b)``. The comma is put
    back, and the text stays the same when it is read and written again.
    """
    own = quote(database)
    if f"{own}." not in sql and " join " not in sql:
        return sql
    tokens = _TOKEN.findall(sql)
    places = _places(tokens)
    kept: list[str] = []
    for at, token in enumerate(tokens):
        if at in places.bare_joins:
            kept[-1:] = [","] if kept[-1:] == [" "] else [*kept[-1:], ","]
        elif not _is_qualifier(tokens, at, own, places.tables):
            kept.append(token)
    return "".join(kept)


def _is_qualifier(tokens: list[str], at: int, own: str, tables: frozenset[int]) -> bool:
    """Whether the token is the database in front of a name, or the dot behind it."""
    if tokens[at] == ".":
        return at > 0 and tokens[at - 1] == own and _is_qualifier(tokens, at - 1, own, tables)
    if tokens[at] != own or tokens[at + 1 : at + 2] != ["."] or tokens[at - 1 : at] == ["."]:
        return False
    if tokens[at + 3 : at + 4] in (["."], ["("]) or at in tables:
        return True
    return tokens[at - 1 : at] == ["("] and tokens[at - 2].lower() in _SEQUENCE_CALLS


def _places(tokens: list[str]) -> _Places:
    """Read the lists of tables in a text, in which joins stand in parentheses and commas between tables don't."""
    tables: set[int] = set()
    bare_joins: set[int] = set()
    lists = [""]  # of each parenthesis that is open: "from" in a list of tables, "join" in a join, else ""
    expecting = False  # whether a table may come next
    for at, token in enumerate(tokens):
        word = token.lower()
        if token == "(":
            lists.append("join" if expecting else "")
        elif token == ")":
            lists[-2:] = lists[-2:-1] or [""]
            expecting = False
        elif token == ",":
            expecting = lists[-1] == "from"
        elif word == "from":
            lists[-1], expecting = "from", True
        elif word in _JOINS:
            expecting = True
            if word == "join" and lists[-1] == "from":
                bare_joins.add(at)
        elif word in _ENDING:
            lists[-1], expecting = "", False
        elif not token.isspace():
            if expecting and token[0] == "`":
                tables.add(at)
            expecting = False
    return _Places(frozenset(tables), frozenset(bare_joins))


def mentioned(sql: str) -> Mentioned:
    """What the text of a view names."""
    tokens = _TOKEN.findall(sql)
    tables = {_plain(tokens, at) for at in _places(tokens).tables}
    calls = {_unquoted(token) for token, behind in pairwise(tokens) if behind == "(" and token[0] == "`"}
    return Mentioned(frozenset(tables), frozenset(calls))


def _plain(tokens: list[str], at: int) -> str:
    """The last name of those joined by dots."""
    while tokens[at + 1 : at + 2] == ["."] and tokens[at + 2 : at + 3]:
        at += 2
    return _unquoted(tokens[at])


def _unquoted(name: str) -> str:
    return name[1:-1].replace("``", "`").lower() if name[:1] == "`" else name.lower()


def readable(body: str, mode: str) -> str:
    """The body of a trigger, routine or event as it can be read again.

    The catalog shows the texts in it by what they say, with their quotes doubled and their backslashes bare, as if no
    backslash would escape anything (``body_utf8`` in the server's ``sql_lex.cc``). Where the sql_mode has them escape,
    they are doubled here.
    """
    modes = mode.split(",")
    if "\\" not in body or "NO_BACKSLASH_ESCAPES" in modes:
        return body
    quotes = "'" if "ANSI_QUOTES" in modes else "'\""
    return _BODY.sub(lambda found: found[0].replace("\\", "\\\\") if found[0][0] in quotes else found[0], body)


def under_mode(sql: str, mode: str, mariadb: bool = True) -> str:
    """The statement as one that is read in the sql_mode that it was written in, where that changes its reading.

    SET STATEMENT sets the mode after it is read itself, and so hands the text to EXECUTE IMMEDIATE, which takes
    every statement since MariaDB 10.6.2 (https://mariadb.com/kb/en/prepare-statement/). MySQL has neither.
    """
    modes = mode.split(",") if mode else []
    if not mariadb or not _READING_MODES.intersection(modes):
        return sql
    return f"SET STATEMENT sql_mode = {literal(mode)} FOR EXECUTE IMMEDIATE {literal(sql)}"
