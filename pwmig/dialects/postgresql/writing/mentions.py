"""Which things an SQL text of PostgreSQL's own writing needs, by the names in it.

PostgreSQL writes a name of the default schema alone and any other with its schema, quoted where it has to be. A word
may be the name of a relation where a query reads from one, that of a routine in front of a parenthesis, and that of a
type anywhere. Texts in dollar quotes (a routine's body) are not looked into: they are read when the routine runs.
See https://www.postgresql.org/docs/current/sql-syntax-lexical.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Mention", "mentions"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    |(?P<body>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<word>[^\W\d][\w$]*)
    |(?P<number>\d[\w.]*)
    |(?P<sign>::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_FROM = frozenset({"from", "join", "into", "update", "only", "lateral"})
_ELSEWHERE = frozenset({
    "select", "where", "group", "having", "order", "window", "limit", "offset", "fetch", "for", "returning",
    "union", "intersect", "except", "values", "set",
})  # fmt: skip


class Mention(NamedTuple):
    """A name in a text: ``schema`` is None where none stands in front of it.

    ``is_type``: it stands where a type stands, not where a parameter or a column is named.
    """

    schema: str | None
    name: str
    is_relation: bool = False
    is_routine: bool = False
    is_type: bool = False


_BEFORE_TYPE = frozenset({"::", "setof", "returns"})
_BEHIND_TYPE = frozenset({",", ")", "[", "=", "default", ""})


class _Level(NamedTuple):
    """What is read between two parentheses: in a list behind FROM or not, and whether a relation comes next."""

    listing: bool = False
    expecting: bool = False


def mentions(text: str) -> Iterator[Mention]:
    """Every name in the text; a column's or an alias may be among them."""
    tokens = [*_tokens(text), ("sign", "")]
    levels = [_Level()]
    at = 0
    while at < len(tokens) - 1:
        kind, value = tokens[at]
        level = levels[-1]
        after = tokens[at + 1][1]
        if kind == "text":
            if after == "::" and tokens[min(at + 2, len(tokens) - 1)][1].startswith("reg"):
                yield from (Mention(one.schema, one.name, True, True) for one in mentions(value))
        elif kind == "sign":
            levels = _signed(levels, value)
        elif kind == "word" and value in _FROM and not (value == "from" and tokens[at - 1][1] == "distinct"):
            levels[-1] = _Level(True, True)
        elif kind == "word" and value in _ELSEWHERE:
            levels[-1] = _Level()
        elif kind == "word" and value == "on":
            levels[-1] = _Level(level.listing, False)
        else:
            name, schema = value, None
            before = tokens[at - 1][1] if at else ""
            if after == "." and at + 2 < len(tokens) and tokens[at + 2][0] in ("word", "quoted"):
                schema, name = value, tokens[at + 2][1]
                at += 2
            routine = tokens[at + 1][1] == "("
            typed = before in _BEFORE_TYPE or tokens[at + 1][1] in _BEHIND_TYPE
            yield Mention(schema, name, level.expecting or before == "::", routine, typed)
            levels[-1] = _Level(level.listing, False)
        at += 1


def _signed(levels: list[_Level], sign: str) -> list[_Level]:
    level = levels[-1]
    if sign == "(":
        return [*levels[:-1], _Level(level.listing, False), _Level(level.expecting, level.expecting)]
    if sign == ")":
        return levels[:-1] if len(levels) > 1 else levels
    if sign == ",":
        return [*levels[:-1], _Level(level.listing, level.listing)]
    return levels


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """The words, names and signs of the text; a name without its quotes, a keyword in lower case."""
    for found in _TOKEN.finditer(text):
        kind, value = found.lastgroup or "", found.group()
        if kind == "quoted":
            yield kind, value[1:-1].replace('""', '"')
        elif kind == "word":
            yield kind, value.lower()
        elif kind == "text":
            yield kind, value[1:-1].replace("''", "'")
        elif kind == "sign":
            yield kind, value
