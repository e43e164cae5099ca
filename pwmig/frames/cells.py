"""One value of a table, as a person reads it: as plain text and as escaped HTML.

NULL is told from the text ``NULL``, an empty text is visible, binary values show their size and
first bytes, long texts are folded. Nothing here trusts a value: every text is escaped.

A database may hand over just the beginning of a large value, as an instance of a subclass of
``str`` or ``bytes``: then there is more of it than its length says.
"""

from __future__ import annotations

from html import escape
from typing import Any

__all__ = ["FOLD_AT", "UNFOLD_AT", "cell_html", "cell_text", "same_value"]

FOLD_AT = 60
"""Longer texts (in characters) are folded."""

UNFOLD_AT = 2_000
"""No more characters than this are put behind the fold."""

_HEX_BYTES = 8
_UNITS = ("bytes", "kB", "MB", "GB")


def same_value(before: Any, after: Any) -> bool:
    """Whether two cells hold the same value of the same type; 1, 1.0 and '1' are three values."""
    if type(before) is not type(after):
        return False
    return bool(before == after) or (before != before and after != after)


def cell_text(value: Any) -> str:
    """The value on one line, at most FOLD_AT characters and a note of how many there are."""
    if value is None:
        return "NULL"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _binary(bytes(value), _is_cut(value))
    if isinstance(value, str):
        return _folded(_visible(value), len(value), _is_cut(value))
    return _folded(str(value), len(str(value)))


def cell_html(value: Any) -> str:
    """The value as escaped HTML; a long text can be unfolded by the reader."""
    if value is None:
        return '<span class="pwmig-null">NULL</span>'
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f'<span class="pwmig-null">{escape(cell_text(value))}</span>'
    shown = cell_text(value)
    text = value if isinstance(value, str) else str(value)
    if len(text) <= FOLD_AT:
        return escape(shown)
    rest = text[:UNFOLD_AT] + ("..." if len(text) > UNFOLD_AT else "")
    return f"<details><summary>{escape(shown)}</summary>{escape(_printable(rest, keep_lines=True))}</details>"


def is_number(value: Any) -> bool:
    """Whether a cell is set to the right, as numbers are."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _visible(text: str) -> str:
    """A text that can't be mistaken for NULL or for nothing: those are quoted."""
    shown = _printable(text)
    if not text.strip() or text.strip().upper() == "NULL" or text != text.strip():
        return f"'{shown}'"
    return shown


def _printable(text: str, *, keep_lines: bool = False) -> str:
    """Control characters as escapes, so that a NUL or a newline is seen instead of obeyed."""
    kept = "\n\t" if keep_lines else ""
    return "".join(char if char in kept or char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _is_cut(value: Any) -> bool:
    return isinstance(value, (str, bytes)) and type(value) not in (str, bytes)


def _folded(shown: str, length: int, cut: bool = False) -> str:
    if length <= FOLD_AT and not cut:
        return shown
    return f"{shown[:FOLD_AT]}... ({'more than ' if cut else ''}{length:,} characters)"


def _binary(value: bytes, cut: bool = False) -> str:
    head = value[:_HEX_BYTES].hex(" ")
    dots = " ..." if len(value) > _HEX_BYTES else ""
    more = "more than " if cut else ""
    return f"binary, {more}{_size(len(value))}" + (f": {head}{dots}" if value else "")


def _size(length: int) -> str:
    size, unit = float(length), 0
    while size >= 1_000 and unit < len(_UNITS) - 1:
        size, unit = size / 1_000, unit + 1
    if unit == 0:
        return "1 byte" if length == 1 else f"{length} bytes"
    return f"{size:.1f} {_UNITS[unit]}"
