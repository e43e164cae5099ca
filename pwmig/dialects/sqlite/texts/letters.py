"""A text after a rename, in the letters that it had: each name quoted the way it was before.

SQLite's RENAME writes ``"new"`` for ``[old]``, and so would ``"old"`` stand there once it is renamed back. RENAME and
DROP COLUMN also make ``'text'`` of each ``"text"`` that is no name
(https://www.sqlite.org/quirks.html#double_quoted_string_literals_are_accepted), in every object of the schema.
"""

from __future__ import annotations

from pwmig.dialects.sqlite.texts.edit import spliced
from pwmig.dialects.sqlite.texts.tokens import (
    Token,
    fold,
    is_name,
    quote,
    quote_if_needed,
    quote_string,
    significant,
    unquote,
)

__all__ = ["lettered", "quoted_like", "says_the_same"]


def lettered(before: str, after: str, new: str | None = None) -> str:
    """What ``after`` says in the letters of ``before``; ``after`` as it is, where more than names tells them apart.

    ``new`` is the name that was given, None for none.
    """
    first, second = significant(before), significant(after)
    if len(first) != len(second):
        return after
    edits = []
    for was, now in zip(first, second):
        if was.text != now.text:
            if not (is_name(was) and is_name(now)):
                return after
            edits.append(((was.start, was.end), _written(was, now, new)))
    text = spliced(before, edits)
    return text if _names(text) == _names(after) else after


def _written(was: Token, now: Token, new: str | None) -> str:
    if now.kind == "string" and was.kind == "identifier" and new is not None and fold(now.name) == fold(new):
        return now.text  # In double quotes it would be the column that is called so by now.
    return quoted_like(was.text, now.name)


def quoted_like(text: str, name: str) -> str:
    """The name in the quotes of another, or in none; in double quotes where it can't stand in those."""
    match text[:1]:
        case "[":
            return quote(name) if "]" in name else f"[{name}]"
        case "`":
            return "`" + name.replace("`", "``") + "`"
        case "'":
            return quote_string(name)
        case '"':
            return quote(name)
    return quote_if_needed(name)


def _names(text: str) -> list[str]:
    return [unquote(token.text) for token in significant(text)]


def says_the_same(one: str, other: str) -> bool:
    """Whether two texts differ at most in blanks, comments, the quotes of names, and letter case outside of quotes."""
    first, second = significant(one), significant(other)
    return len(first) == len(second) and all(map(_alike, first, second))


def _alike(one: Token, other: Token) -> bool:
    if (one.kind, one.text) == (other.kind, other.text):
        return True
    bare = [token for token in (one, other) if token.kind == "word"]
    if len(bare) == 2:
        return fold(one.text) == fold(other.text)
    quoted = all(token.kind in ("word", "identifier") for token in (one, other))
    # A keyword in quotes is none.
    return quoted and one.name == other.name and all(quote_if_needed(token.text) == token.text for token in bare)
