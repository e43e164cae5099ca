"""SQL texts as PostgreSQL gives them back (the same with the same meaning, whoever wrote them)."""

from __future__ import annotations

import re

__all__ = ["bare", "statement"]

_QUOTED = re.compile(r"""E?'(?:[^']|'')*'|"(?:[^"]|"")*\"""", re.DOTALL)


_ELEMENT = r"E?'(?:[^']|'')*'::[a-z ]+(?:\(\d+\))?"
_LIST = re.compile(rf"\(ARRAY\[((?:{_ELEMENT}(?:, )?)+)\]\)::([a-z ]+)\[\]")


def _settled(text: str) -> str:
    """An expression whose lists of texts are cast one by one.

    PostgreSQL reads ``(ARRAY['a'::character varying])::text[]``, which is what it makes of ``IN``, as that, and writes
    it so from then on.
    """
    if "(ARRAY['" not in text and "(ARRAY[E'" not in text:
        return text
    quoted = [found.span() for found in _QUOTED.finditer(text)]

    def apart(found: re.Match[str]) -> str:
        if any(begin < found.start() < end for begin, end in quoted):
            return found[0]
        return f"ARRAY[{', '.join(f'({one})::{found[2]}' for one in re.findall(_ELEMENT, found[1]))}]"

    return _LIST.sub(apart, text)


def bare(text: str | None) -> str | None:
    """An expression without the parentheses around all of it, and as PostgreSQL writes it again when it reads it."""
    text = text and _settled(text)
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
