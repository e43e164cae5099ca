"""A CREATE TABLE text without the parts that nobody asks for, so that the rest is read in a fraction of the time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pwmig.dialects.sqlite.texts.parts import Span

__all__ = ["excerpt"]

# The next parenthesis or comma, quoted names, texts and comments stepped over. Nothing is tried twice (*+, ++).
_MARK = re.compile(
    r"""(?:[^'"`\[(),/-]++|'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?(?:\*/|\Z)|[-/])*+([(),])""", re.DOTALL
)


def excerpt(sql: str, words: Iterable[str]) -> str:
    """The text with those columns and constraints only that hold one of ``words``, behind a column without a name.

    The table's options stay; spans in the excerpt are of no use for the text itself.
    """
    *items, (_, end) = _items(sql)
    upper = sql.upper() if sql.isascii() else "".join(map(_upper, sql))
    kept = [sql[start:stop] for start, stop in items if any(upper.find(word, start, stop) >= 0 for word in words)]
    return ",".join(['CREATE TABLE t (""', *kept]) + ")" + sql[end:]


def _upper(letter: str) -> str:
    """A letter in upper case where it is one letter then too, so that places stay."""
    return letter.upper() if letter.isascii() else letter


def _items(sql: str) -> Iterator[Span]:
    """What stands between the commas of the outer parentheses, and at last the closing one."""
    depth = start = 0
    for match in _MARK.finditer(sql):
        mark, at = match[1], match.end()
        if mark == "(":
            depth += 1
            start = start or at
        elif depth == 1:
            yield start, at - 1
            start = at
        if mark == ")":
            depth -= 1
            if depth == 0:
                break
    yield start, start
