"""Cells that were too long to be read whole: so no large value is ever in Python, and each says that it was cut.

And cells in messages, which are shorter still.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

__all__ = ["BLOB_LIMIT", "COUNT_LIMIT", "MOST_LETTERS", "TEXT_LIMIT", "CutBytes", "CutText", "example_text", "shown"]

MOST_LETTERS = 60
"""So many letters of a value stand in a message: those of a UUID or a moment are fewer."""

TEXT_LIMIT = 20_000
"""The most of a text that is read: bytes in the encoding of the database (SQLite), or letters."""

BLOB_LIMIT = 10_000
"""The most bytes of a blob that are read."""

COUNT_LIMIT = 100_000
"""Up to this many rows are counted; beyond, their number is estimated."""


class CutText(str):
    """The beginning of a text that was too long to read whole."""

    __slots__ = ()


class CutBytes(bytes):
    """The beginning of a blob that was too long to read whole."""

    __slots__ = ()


def shown(value: Any) -> str:
    """A value as a text of a few letters."""
    if value is None:
        return "NULL"
    text = f"x'{bytes(value).hex()}'" if isinstance(value, (bytes, bytearray, memoryview)) else str(value)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def example_text(value: Any) -> str:
    """A value in a message: texts in quotes, and what is written as a text, as a moment; numbers as they are."""
    bare = value is None or isinstance(value, (bool, int, float, Decimal, bytes, bytearray, memoryview))
    return shown(value) if bare else repr(shown(value))
