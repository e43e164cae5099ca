"""Which rows an UPDATE or DELETE is about to hit: its WHERE, asked as a SELECT of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pwmig.dialects.server.asking import Execute
from pwmig.dialects.server.rows import Sampler
from pwmig.dialects.server.speech import Speech
from pwmig.dialects.server.tokens import Lexer, Token
from pwmig.schema import Table

__all__ = ["touched_keys"]

_BEFORE_WHERE = ("FROM", "USING", "JOIN")


def touched_keys(
    execute: Execute, speech: Speech, lexer: Lexer, table: Table, sql: str, params: Sequence[Any], limit: int
) -> tuple[tuple[Any, ...], ...]:
    """The keys of at most ``limit`` rows that an UPDATE or DELETE of ``table`` is about to hit.

    Ask before the statement runs, where an error harms nothing. Empty where that can't be told from the text: other
    statements, a WITH in front, more than one table, parameters by name, or functions that may write.
    """
    question = _question(speech, lexer, table, sql, params)
    if question is None or limit < 1:
        return ()
    sampler = Sampler(execute, speech, table)
    asked, values = question
    keyed = [sampler.cells[place] for place in sampler.places]
    wanted = ", ".join(expression for expression, _ in keyed).replace("%", "%%")
    rows = execute(asked.replace("\0", wanted) + f" LIMIT {int(limit)}", values or ())
    return tuple(tuple(read(cell) if read else cell for cell, (_, read) in zip(row, keyed)) for row in rows)


def _question(
    speech: Speech, lexer: Lexer, table: Table, sql: str, params: Sequence[Any]
) -> tuple[str, tuple[Any, ...]] | None:
    """The SELECT of what the statement's WHERE hits, with a mark for the keys, and the values of its parameters.

    Peewee gives each statement to its driver with params, so a percent sign is a doubled one in it already; without
    values it is a single one here.
    """
    tokens = [token for token in lexer.tokens(sql) if token.text != ";"]
    target = _target(tokens, table)
    if target is None or not Sampler(lambda *_: [], speech, table).key:
        return None
    place, alias = target
    variables = [token for token in tokens if token.kind == "variable" and token.text.startswith("%")]
    if any(token.text != "%s" for token in variables) or len(variables) != len(params):
        return None
    clauses = _clauses(tokens[place:], sql)
    if clauses is None:
        return None
    start, end = clauses
    values = tuple(value for token, value in zip(variables, params) if start <= token.start < end)
    where = sql[start:end]
    called = f" AS {speech.quote(alias)}" if alias else ""
    source = speech.source(table).replace("%", "%%") + called.replace("%", "%%")
    text = f"SELECT \0 FROM {source} {where}"
    return (text if values else text.replace("%%", "%")), values


def _target(tokens: Sequence[Token], table: Table) -> tuple[int, str | None] | None:
    """The place behind the table that an UPDATE or DELETE names, if that is ``table`` alone, and its alias."""
    place = 0
    if len(tokens) > 2 and tokens[0].is_word("DELETE") and tokens[1].is_word("FROM"):
        place = 2
    elif len(tokens) > 1 and tokens[0].is_word("UPDATE"):
        place = 1
    if not place or place >= len(tokens):
        return None
    if tokens[place].is_word("ONLY") and place + 1 < len(tokens) and tokens[place + 1].is_name:
        place += 1
    if not tokens[place].is_name:
        return None
    if place + 2 < len(tokens) and tokens[place + 1].text == ".":
        place += 2
    # A percent sign stands doubled in what Peewee gives to its driver.
    if table.plain_name not in (tokens[place].name, tokens[place].name.replace("%%", "%")):
        return None
    place += 1
    if place + 1 < len(tokens) and tokens[place].is_word("AS"):
        return place + 2, tokens[place + 1].name.replace("%%", "%")
    if (
        place < len(tokens)
        and tokens[place].is_name
        and not tokens[place].is_word("SET", "WHERE", "ORDER", "LIMIT", "RETURNING", "USING")
    ):
        return place + 1, tokens[place].name.replace("%%", "%")
    return place, None


def _clauses(tokens: Sequence[Token], sql: str) -> tuple[int, int] | None:
    """From where to where WHERE and ORDER BY stand; None: can't be told. A LIMIT of its own can't be told either."""
    depth, start, end = 0, -1, len(sql)
    for place, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "operator" else 0
        if depth or token.kind != "word":
            if depth == 0 and start < 0 and token.text == "," and not _behind_set(tokens[:place]):
                return None  # UPDATE of several tables
            continue
        if token.is_word("RETURNING", "LIMIT"):
            end = token.start
            break
        if start < 0 and token.is_word(*_BEFORE_WHERE) and not tokens[place - 1].is_word("DISTINCT"):
            return None
        if start < 0 and token.is_word("WHERE", "ORDER"):
            start = token.start
    # A semicolon at the end is no part of the clause.
    last = max((token.end for token in tokens if token.end <= end), default=0)
    return (last, last) if start < 0 else (start, last)


def _behind_set(tokens: Sequence[Token]) -> bool:
    return any(token.is_word("SET") for token in tokens)
