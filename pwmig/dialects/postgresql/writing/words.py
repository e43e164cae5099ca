"""The words of ``options``: storage parameters among them, and names put together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pwmig.dialects.postgresql.quoting import literal, quote

__all__ = ["is_setting", "names", "settings"]

_SETTING = re.compile(r"[A-Za-z_][\w.]*=", re.ASCII)


def is_setting(word: str) -> bool:
    """Whether a word is a storage parameter, such as ``fillfactor=70``, and stands in ``WITH (...)``."""
    return _SETTING.match(word) is not None


def settings(words: Iterable[str]) -> str:
    """The storage parameters among the words, as they stand between the parentheses of WITH or SET; may be empty."""
    pairs = (word.partition("=") for word in words if is_setting(word))
    return ", ".join(f"{name} = {literal(value)}" for name, _, value in pairs)


def names(columns: Iterable[str]) -> str:
    """Column names, quoted, between commas."""
    return ", ".join(map(quote, columns))
