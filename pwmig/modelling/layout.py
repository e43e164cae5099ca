"""Python expressions set as ``ruff format`` sets them (https://docs.astral.sh/ruff/formatter/black/)."""

from __future__ import annotations

import unicodedata
from typing import Any

from pwmig.codegen.writing import WIDTH, literal
from pwmig.records import dataclass

__all__ = ["Call", "Node", "Series", "assigned", "keyword_items", "laid_out", "node", "width"]

_STEP = 4


@dataclass(frozen=True, slots=True)
class Series:
    """A list or a tuple: one item a line where it is too long for its own."""

    items: tuple[Node, ...]
    brackets: str = "[]"


@dataclass(frozen=True, slots=True)
class Call:
    """A call: its arguments on a line of their own where it is too long, one a line where that is too long too."""

    function: str
    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class _Keyed:
    """A keyword argument."""

    key: str
    value: Node


Node = str | Series | Call | _Keyed
"""An expression; a text stands as it is."""


def node(value: Any) -> Node:
    """A value as an expression: tuples of values, expressions as they are, all else as a literal."""
    if isinstance(value, (Series, Call, _Keyed)):
        return value
    if isinstance(value, tuple):
        return Series(tuple(map(node, value)), "()")
    return literal(value)


def keyword_items(**values: Any) -> tuple[Node, ...]:
    return tuple(_Keyed(f"{key}=", node(value)) for key, value in values.items())


def assigned(name: str, value: Node, indent: int) -> str:
    """``name = value`` as a line, or as the lines that it takes."""
    start = " " * indent + f"{name} = "
    text = laid_out(value, indent, width(start))
    inner = " " * (indent + _STEP)
    if isinstance(value, str) and width(start + text) > WIDTH >= width(inner + text):
        return f"{start}(\n{inner}{text}\n{' ' * indent})"
    return start + text


def laid_out(value: Node, indent: int, used: int, after: int = 0) -> str:
    """An expression that begins behind ``used`` letters of a line; ``after`` letters stand behind it."""
    if isinstance(value, _Keyed):
        return value.key + laid_out(value.value, indent, used + width(value.key), after)
    flat = _flat(value)
    if isinstance(value, str) or used + width(flat) + after <= WIDTH or not value.items:
        return flat
    opening, closing = _brackets(value)
    inner = indent + _STEP
    if isinstance(value, Call):
        line = ", ".join(map(_flat, value.items))
        if inner + width(line) <= WIDTH:
            return f"{opening}\n{' ' * inner}{line}\n{' ' * indent}{closing}"
    lines = (f"{' ' * inner}{laid_out(item, inner, inner, 1)},\n" for item in value.items)
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"


def width(text: str) -> int:
    """How many places of a line a text takes: a wide letter takes two, a mark on another one none."""
    return len(text) if text.isascii() else sum(map(_letter_width, text))


def _letter_width(letter: str) -> int:
    if unicodedata.east_asian_width(letter) in "WF":
        return 2
    return 0 if unicodedata.category(letter) in ("Mn", "Me", "Cf") else 1


def _flat(value: Node) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, _Keyed):
        return value.key + _flat(value.value)
    opening, closing = _brackets(value)
    alone = isinstance(value, Series) and value.brackets == "()" and len(value.items) == 1
    return opening + ", ".join(map(_flat, value.items)) + ("," if alone else "") + closing


def _brackets(value: Series | Call) -> tuple[str, str]:
    return (value.function + "(", ")") if isinstance(value, Call) else (value.brackets[0], value.brackets[1])
