"""Whether two SQL texts say the same.

Texts are compared token by token. White space, comments, the case of keywords and bare names, the
quotes around a name and parentheses around the whole don't count; literals do, to the letter. This
floor knows no database, so the tokens are those that all of them share, and the comparison is modest:

- A bare name equals a quoted one if they differ in case only; two quoted ones must be the same.
- With renames, an old name in the first text may stand for the new one in the second, wherever it
  stands: it is not found out which table a name belongs to. A text changed by hand from exactly
  the old name to exactly the new one, at the same time, is taken for the rename.
- Equal meaning in other words (``a > 1`` and ``1 < a``, other parentheses inside) is a difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

__all__ = ["same_default", "same_text"]

_TOKEN = re.compile(
    r"""
      (?P<silent>   \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<literal>  [xXbBeE]?'[^']*(?:''[^']*)*' | [0-9][\w.]* | \.[0-9]\w* )
    | (?P<quoted>   "[^"]*(?:""[^"]*)*" | `[^`]*(?:``[^`]*)*` | \[[^\]]*\] )
    | (?P<word>     [^\W0-9][\w$]* )
    | (?P<mark>     . )
    """,
    re.VERBOSE | re.DOTALL,
)
_Token = tuple[str, str]
NO_RENAMES: Mapping[str, str] = {}


def same_text(before: str | None, after: str | None, renames: Mapping[str, str] = NO_RENAMES) -> bool:
    """Whether two texts say the same; ``renames`` maps old names, in lower case, to new ones."""
    if before is None or after is None or before == after:
        return before == after
    old, new = _tokens(before), _tokens(after)
    return len(old) == len(new) and all(_same_token(one, other, renames) for one, other in zip(old, new))


def same_default(before: str | None, after: str | None) -> bool:
    """Whether two defaults are the same; quotes count: SQLite takes ``"x"`` in a default for a string."""
    if before is None or after is None or before == after:
        return before == after
    return [_folded(token) for token in _tokens(before)] == [_folded(token) for token in _tokens(after)]


@lru_cache(maxsize=2048)
def _tokens(text: str) -> tuple[_Token, ...]:
    matches = ((match.lastgroup or "", match.group()) for match in _TOKEN.finditer(text))
    found = tuple((kind, part) for kind, part in matches if kind != "silent")
    while _is_enclosed(found):
        found = found[1:-1]
    return found


def _is_enclosed(tokens: tuple[_Token, ...]) -> bool:
    """Whether one pair of parentheses stands around all."""
    if len(tokens) < 2 or tokens[0] != ("mark", "(") or tokens[-1] != ("mark", ")"):
        return False
    depth = 0
    for place, token in enumerate(tokens):
        depth += {("mark", "("): 1, ("mark", ")"): -1}.get(token, 0)
        if depth == 0:
            return place == len(tokens) - 1
    return False


def _same_token(before: _Token, after: _Token, renames: Mapping[str, str]) -> bool:
    names = ("quoted", "word")
    if before[0] not in names or after[0] not in names:
        return _folded(before) == _folded(after)
    old, new = _name(before), _name(after)
    if old == new or (old.lower() == new.lower() and not before[0] == after[0] == "quoted"):
        return True
    wanted = renames.get(old.lower())
    return wanted is not None and wanted.lower() == new.lower()


def _folded(token: _Token) -> _Token:
    return (token[0], token[1].lower()) if token[0] == "word" else token


def _name(token: _Token) -> str:
    kind, text = token
    if kind == "word":
        return text
    quote = "]" if text[0] == "[" else text[0]
    return text[1:-1].replace(quote * 2, quote) if quote != "]" else text[1:-1]
