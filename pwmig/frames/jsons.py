"""JSON in a text, read without losing a letter of it: numbers as they are written, keys that come twice, the order.

Nothing here changes a value: it is only set in lines, so that a person can read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from pwmig.records import dataclass

__all__ = ["JSON_LIMIT", "Json", "read_json"]

JSON_LIMIT = 20_000
"""Longer texts (in characters) are not looked into."""

_INDENT = "  "


class _Number(str):
    """A number as it is written: 1.0, 1e3 and 1000 are three texts."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object's keys and values in their order."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Json:
    """An object or an array that was read from a text."""

    value: Any

    @property
    def words(self) -> str:
        """What it is: ``json, 3 keys`` or ``json, 12 items``."""
        noun = "key" if isinstance(self.value, _Pairs) else "item"
        count = len(self.value)
        return f"json, {count:,} {noun}" + ("" if count == 1 else "s")

    def indented(self, limit: int) -> str:
        """The value in lines of one thing each; after ``limit`` characters it is cut, and dots say so."""
        lines, length = [], 0
        for line in _lines(self.value, "", ""):
            lines.append(line)
            length += len(line) + 1
            if length > limit:
                return "\n".join(lines)[:limit] + "\n..."
        return "\n".join(lines)


def read_json(text: str) -> Json | None:
    """The JSON object or array that a text is; None for any other text, and for one too long to look into."""
    if len(text) > JSON_LIMIT:
        return None
    ends = text.strip()
    if ends[:1] + ends[-1:] not in ("{}", "[]"):
        return None
    try:
        value = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        return None
    return Json(value) if isinstance(value, list) and _depth_is_shown(value) else None


_DEEPEST = 50
"""What is nested deeper is no text for people, and not looked into."""


def _depth_is_shown(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [one for many in level if isinstance(many, list) for one in _members(many)]
        if not level:
            return True
    return False


def _members(value: list[Any]) -> list[Any]:
    return [one for _, one in value] if isinstance(value, _Pairs) else value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _lines(value: Any, head: str, tail: str) -> Iterator[str]:
    """The lines of a value; ``head`` stands before the first one, ``tail`` behind the last one."""
    if not isinstance(value, list) or not value:
        yield head + _plain(value) + tail
        return
    opening, closing = "{}" if isinstance(value, _Pairs) else "[]"
    margin = head[: len(head) - len(head.lstrip(" "))]
    yield head + opening
    last = len(value) - 1
    for place, member in enumerate(value):
        key, inner = (f"{_quoted(member[0])}: ", member[1]) if isinstance(value, _Pairs) else ("", member)
        yield from _lines(inner, margin + _INDENT + key, "" if place == last else ",")
    yield margin + closing + tail


def _plain(value: Any) -> str:
    if isinstance(value, _Number):
        return value
    if isinstance(value, _Pairs):
        return "{}"
    return _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
