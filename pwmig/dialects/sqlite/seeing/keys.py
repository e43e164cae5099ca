"""Which columns identify a row of a SQLite table, and which keys are new or about to be touched.

Every function takes ``execute(sql, params=())``, which runs one statement and gives its rows, and
only reads. Keys are tuples in the order of :func:`key_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pwmig.dialects.sqlite.seeing.introspect import Execute
from pwmig.dialects.sqlite.texts.tokens import Token, fold, is_name, quote, significant
from pwmig.schema import Table

__all__ = ["key_of", "keys_after", "max_rowid", "rowid_of", "touched_keys"]

_ROWIDS = ("rowid", "_rowid_", "oid")


def rowid_of(table: Table) -> str | None:
    """A name of the rowid that no column has taken, or None where there is none (left).

    See https://www.sqlite.org/rowidtable.html.
    """
    if "WITHOUT ROWID" in table.options:
        return None
    taken = {fold(column.name) for column in table.columns}
    return next((name for name in _ROWIDS if name not in taken), None)


def key_of(table: Table) -> tuple[str, ...]:
    """The columns that identify a row: the primary key, or else the rowid; empty where neither is there."""
    if table.primary_key:
        return table.primary_key
    rowid = rowid_of(table)
    return (rowid,) if rowid is not None else ()


def max_rowid(execute: Execute, table: Table) -> int | None:
    """The largest rowid; 0 where the table is empty, None where it has no rowid to ask for."""
    rowid = rowid_of(table)
    if rowid is None:
        return None
    try:
        found = execute(f"SELECT max({rowid}) FROM main.{quote(table.name)}", ())[0][0]
    except Exception:  # a virtual table without rowid
        return None
    return int(found) if found is not None else 0


def keys_after(execute: Execute, table: Table, rowid: int | None, limit: int) -> tuple[tuple[Any, ...], ...]:
    """The keys of at most ``limit`` rows with a larger rowid, the smallest first: rows inserted since.

    Empty where ``rowid`` is None or the table has none. Rows that were given smaller ids are not seen.
    """
    column = rowid_of(table)
    if rowid is None or column is None or limit < 1:
        return ()
    sql = f"SELECT {_wanted(table)} FROM main.{quote(table.name)} WHERE {column} > ? ORDER BY {column} LIMIT ?"
    try:
        return tuple(tuple(row) for row in execute(sql, (rowid, limit)))
    except Exception:  # a virtual table without rowid
        return ()


def touched_keys(
    execute: Execute, table: Table, sql: str, params: Sequence[Any], limit: int
) -> tuple[tuple[Any, ...], ...]:
    """The keys of at most ``limit`` rows that an UPDATE or DELETE of ``table`` is about to hit.

    Ask before the statement runs. Empty where that can't be told from the text: other statements, a
    WITH in front, UPDATE ... FROM, named or numbered parameters. Never raises.
    """
    try:
        question = _question(table, sql, params)
        if question is None or limit < 1:
            return ()
        asked, values = question
        return tuple(tuple(row) for row in execute(f"SELECT * FROM ({asked}) LIMIT ?", (*values, limit)))
    except Exception:  # the statement itself will tell the user what is wrong with it
        return ()


def _wanted(table: Table) -> str:
    # The plus hides the declared type, or a converter of sqlite3 would give something else than is stored.
    return ", ".join(f"+{quote(name)} AS k{place}" for place, name in enumerate(key_of(table)))


def _question(table: Table, sql: str, params: Sequence[Any]) -> tuple[str, tuple[Any, ...]] | None:
    """The SELECT of the keys that the statement's WHERE hits, and the values of its parameters."""
    tokens = [token for token in significant(sql) if token.text != ";"]
    names = _target(tokens)
    if names is None or not key_of(table) or fold(names[0].name) != fold(table.name):
        return None
    name, alias, rest = names
    clauses = _clauses(tokens[rest:])
    variables = [token for token in tokens if token.kind == "variable"]
    if clauses is None or any(token.text != "?" for token in variables) or len(variables) != len(params):
        return None
    start, end = clauses
    where = sql[start:end] if start is not None else ""
    values = tuple(value for token, value in zip(variables, params) if start is not None and start <= token.start < end)
    called = f" AS {quote(alias.name)}" if alias is not None else ""
    return f"SELECT {_wanted(table)} FROM main.{quote(name.name)}{called} {where}", values


def _target(tokens: Sequence[Token]) -> tuple[Token, Token | None, int] | None:
    """The table an UPDATE or DELETE names, its alias, and the place of the token behind them."""
    place = _behind_verb(tokens)
    if place is None or place >= len(tokens) or not is_name(tokens[place]):
        return None
    if place + 2 < len(tokens) and tokens[place + 1].text == ".":
        if fold(tokens[place].name) != "main":
            return None
        place += 2
    name, alias = tokens[place], None
    place += 1
    if place + 1 < len(tokens) and tokens[place].is_word("AS"):
        alias = tokens[place + 1]
        place += 2
    return name, alias, place


def _behind_verb(tokens: Sequence[Token]) -> int | None:
    if len(tokens) > 1 and tokens[0].is_word("DELETE") and tokens[1].is_word("FROM"):
        return 2
    if len(tokens) > 1 and tokens[0].is_word("UPDATE"):
        return 3 if tokens[1].is_word("OR") else 1
    return None


def _clauses(tokens: Sequence[Token]) -> tuple[int | None, int] | None:
    """From where to where WHERE (and what may follow it, RETURNING aside) stands; None: can't be told."""
    depth, start = 0, None
    for place, token in enumerate(tokens):
        if token.kind == "operator":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth or token.kind != "word":
            continue
        if token.is_word("RETURNING"):
            return start, token.start
        if start is None and token.is_word("FROM") and not tokens[place - 1].is_word("DISTINCT"):
            return None  # UPDATE ... FROM joins other tables
        if start is None and token.is_word("WHERE", "ORDER", "LIMIT"):
            start = token.start
    return start, tokens[-1].end if tokens else 0
