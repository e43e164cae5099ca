"""Whether two SQL texts say the same.

Where a database writes its texts itself (``exact``), they are compared to the letter, else token by token. White
space, comments, the case of keywords and bare names, the quotes around a name and parentheses around the whole
don't count then; literals do, to the letter. This floor knows no database, so the tokens are those that all of
them share, and the comparison is modest:

- A bare name equals a quoted one if they differ in case only; two quoted ones must be the same.
- A text in which it depends on the database where a literal ends (``\\'``, ``$$``) is compared to the letter.
- With renames, an old name in the first text may stand for the new one in the second, wherever it
  stands: it is not found out which table a name belongs to. A text changed by hand from exactly
  the old name to exactly the new one, at the same time, is taken for the rename.
- PostgreSQL keeps the name of a view's column when what it shows is renamed: ``name`` becomes ``title AS name``.
- Equal meaning in other words (``a > 1`` and ``1 < a``, other parentheses inside) is a difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

__all__ = ["renamed_text", "same_default", "same_text", "same_type", "words_of"]

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


def same_text(
    before: str | None, after: str | None, renames: Mapping[str, str] = NO_RENAMES, *, exact: bool = False
) -> bool:
    """Whether two texts say the same; ``renames`` maps old names, folded, to new ones."""
    if before is None or after is None or before == after:
        return before == after
    if (exact and not renames) or _ambiguous(before) or _ambiguous(after):
        return False
    old, new = _tokens(before), _tokens(after)
    return _same_tokens(old, new, _Exact(renames) if exact else _Modest(renames))


def same_default(before: str | None, after: str | None, *, exact: bool = False) -> bool:
    """Whether two defaults are the same; quotes count: SQLite takes ``"x"`` in a default for a string."""
    if before is None or after is None or before == after:
        return before == after
    if exact or _ambiguous(before) or _ambiguous(after):
        return False
    return [_folded(token) for token in _tokens(before)] == [_folded(token) for token in _tokens(after)]


def same_type(before: str, after: str, *, exact: bool = False) -> bool:
    """Whether two types are the same: ``varchar( 40 )`` is ``VARCHAR(40)``, ``enum('a')`` is not ``enum('A')``."""
    return same_default(before, after, exact=exact)


def words_of(text: str) -> frozenset[str]:
    """All words of a text that may be names, in lower case, also those inside literals: ``nextval('a_seq')``."""
    found = {word.lower() for word in _WORD.findall(text)}
    for match in _QUOTED.finditer(text):
        quote = match.group()[-1]
        found.add(match.group()[1:-1].replace(quote * 2, quote).lower())
    return frozenset(found)


def renamed_text(text: str, renames: Mapping[str, str], quote: Callable[[str], str]) -> str:
    """The text with new names, quoted, in place of old ones, which ``renames`` maps; a function is no name of these."""
    folded = {old.lower(): new for old, new in renames.items()}

    def told(match: re.Match[str]) -> str:
        part = match.group()
        name = part[1:-1].replace(part[-1] * 2, part[-1]) if match.lastgroup == "quoted" else part
        called = match.lastgroup == "word" and text[match.end() :].lstrip().startswith("(")
        is_name = match.lastgroup in ("quoted", "word") and not called
        return quote(folded[name.lower()]) if is_name and name.lower() in folded else part

    return _TOKEN.sub(told, text)


_WORD = re.compile(r"[^\W0-9][\w$]*")
_QUOTED = re.compile(r""""[^"]*(?:""[^"]*)*"|`[^`]*(?:``[^`]*)*`|\[[^\]]*\]""")


def _ambiguous(text: str) -> bool:
    return "\\'" in text or "$$" in text


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


def _same_tokens(before: tuple[_Token, ...], after: tuple[_Token, ...], rule: _Modest) -> bool:
    place = 0
    for token in before:
        if place >= len(after) or not rule.same(token, after[place]):
            return False
        kept = after[place] != token and after[place + 1 : place + 3]
        place += 3 if kept and len(kept) == 2 and _is_as(kept[0]) and kept[1] == token else 1
    return place == len(after)


def _is_as(token: _Token) -> bool:
    return token[0] == "word" and token[1].lower() == "as"


class _Modest:
    """When two tokens are the same, whichever database wrote them."""

    def __init__(self, renames: Mapping[str, str]) -> None:
        self.renames = renames

    def same(self, before: _Token, after: _Token) -> bool:
        names = ("quoted", "word")
        if before[0] not in names or after[0] not in names:
            return _folded(before) == _folded(after)
        old, new = _name(before), _name(after)
        if old == new or (old.lower() == new.lower() and not before[0] == after[0] == "quoted"):
            return True
        wanted = self.renames.get(old) or self.renames.get(old.lower())
        return wanted is not None and wanted.lower() == new.lower()


class _Exact(_Modest):
    """When two tokens are the same, to the letter but for what was renamed."""

    def same(self, before: _Token, after: _Token) -> bool:
        if before == after:
            return True
        names = ("quoted", "word")
        if before[0] not in names or after[0] not in names:
            return False
        old, new = _name(before), _name(after)
        return (self.renames.get(old) or self.renames.get(old.lower())) == new


def _folded(token: _Token) -> _Token:
    return (token[0], token[1].lower()) if token[0] == "word" else token


def _name(token: _Token) -> str:
    kind, text = token
    if kind == "word":
        return text
    quote = "]" if text[0] == "[" else text[0]
    return text[1:-1].replace(quote * 2, quote) if quote != "]" else text[1:-1]
