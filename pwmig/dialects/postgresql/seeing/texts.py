"""SQL texts as PostgreSQL gives them back (the same with the same meaning, whoever wrote them)."""

from __future__ import annotations

import re

__all__ = ["bare", "statement"]

_QUOTED = re.compile(r"""E?'(?:[^']|'')*'|"(?:[^"]|"")*\"""", re.DOTALL)


def bare(text: str | None) -> str | None:
    """An expression without the parentheses around all of it."""
    while text and text[0] == "(" and text[-1] == ")" and _enclosed(text):
        text = text[1:-1]
    return text


def _enclosed(text: str) -> bool:
    """Whether the first parenthesis is closed by the last one."""
    inner = text[1:-1]
    if "(" not in inner and ")" not in inner:
        return True
    depth = 0
    # PostgreSQL doubles quotes and backslashes in what it writes, so a quoted text ends at its first lone quote.
    for sign in re.findall(r"[()]", _QUOTED.sub("", inner)):
        depth += 1 if sign == "(" else -1
        if depth < 0:
            return False
    return True


def statement(text: str) -> str:
    """A statement without the semicolon and the white space behind it."""
    return text.strip().removesuffix(";").rstrip()
