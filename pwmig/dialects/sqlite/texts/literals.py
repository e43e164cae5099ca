"""Values as SQL texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee

from pwmig.dialects.asked import require_value
from pwmig.dialects.sqlite.texts.tokens import quote_string, significant
from pwmig.errors import OperationRefused

__all__ = ["default_text", "is_sql"]


def default_text(default: Any, compiled: Callable[[peewee.Node], tuple[str, Any]]) -> str:
    """A default as it stands behind DEFAULT (https://www.sqlite.org/lang_createtable.html#dfltval).

    A text is a text; one that is an SQL string (``'x'``) or a call (``datetime('now')``) is taken
    as SQL, as Peewee takes it, but only where it is that as a whole.
    """
    if callable(default) and not isinstance(default, peewee.Node):
        default = default()
    if isinstance(default, peewee.Value) and not default.multi:
        # A value is one, whatever it looks like.
        default = default.converter(default.value) if default.converter else default.value
        if isinstance(default, str):
            return quote_string(default)
    if default is None:
        raise OperationRefused("a default of None says nothing", way_out="use drop_column_default(...)")
    if isinstance(default, peewee.Node):
        sql, params = compiled(default)
        if params:
            raise OperationRefused(
                "a default can't hold bound values",
                why=f"{sql} has them",
                way_out="write the whole default as SQL('...')",
            )
        return _standing(sql)
    if isinstance(default, str):
        return _standing(default) if _is_sql(default) else quote_string(default)
    if isinstance(default, (bool, int)):
        return str(int(default))
    if isinstance(default, float):
        return repr(default)
    if isinstance(default, (bytes, bytearray, memoryview)):
        return f"x'{bytes(default).hex()}'"
    require_value(default)
    return quote_string(str(default))


def is_sql(default: Any) -> bool:
    """Whether a default is a text that is taken as SQL."""
    return isinstance(default, str) and _is_sql(default)


def _is_sql(text: str) -> bool:
    tokens = significant(text)
    if len(tokens) == 1:
        return tokens[0].kind == "string"
    if not tokens or tokens[-1].text != ")":
        return False
    if tokens[0].text == "(":
        return _closes_last(tokens)
    # A call has its parenthesis right behind the name; "so (it is)" is a text.
    is_call = tokens[0].kind == "word" and tokens[1].text == "(" and tokens[1].start == tokens[0].end
    return is_call and _closes_last(tokens[1:])


def _closes_last(tokens: Any) -> bool:
    """Whether the first parenthesis is closed by the last token."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "operator" else 0
        if depth == 0:
            return bool(place == len(tokens) - 1)
    return False


def _standing(sql: str) -> str:
    """An expression in the parentheses that DEFAULT needs; a literal needs none."""
    tokens = significant(sql)
    signed = tokens[1:] if tokens and tokens[0].text in ("-", "+") else tokens
    if len(signed) == 1 and signed[0].kind in ("string", "number", "blob", "word"):
        return sql
    if tokens and tokens[0].text == "(" and _closes_last(tokens):
        return sql
    return f"({sql})"
