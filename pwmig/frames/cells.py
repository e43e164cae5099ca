"""One value of a table, as a person reads it: as plain text and as escaped HTML.

NULL is told from the text ``NULL``, an empty text is visible, binary values show their size and
first bytes, JSON is set in lines, long texts are folded. Nothing here trusts a value: every text is escaped.

A database may hand over just the beginning of a large value, as an instance of a subclass of
``str`` or ``bytes``: then there is more of it than its length says.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from html import escape
from itertools import groupby
from typing import Any

from pwmig.diff.parting import common_start
from pwmig.frames.jsons import Json, read_json

__all__ = ["FOLD_AT", "UNFOLD_AT", "cell_html", "cell_text", "first_difference", "is_number", "same_value", "type_word"]

FOLD_AT = 60
"""Longer texts (in characters) are folded."""

UNFOLD_AT = 2_000
"""No more characters than this are put behind the fold."""

BRIEF_AT = 18
"""What is shown of a folded text where there is little room."""

_HEX_BYTES = 8
_UNITS = ("bytes", "kB", "MB", "GB")
_WORDS = frozenset({"null", "nan", "infinity", "-infinity", "true", "false"})
"""How values that are no texts read: a text that reads the same is quoted."""

_KINDS = {str: "text", int: "integer", float: "real", bytes: "binary", bytearray: "binary", memoryview: "binary"}
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"SQLite format 3\x00", "SQLite"),
)
_JOINERS = "\u200c\u200d"


def same_value(before: Any, after: Any) -> bool:
    """Whether two cells hold the same value of the same type; 1, 1.0 and '1' are three values."""
    if type(before) is not type(after):
        return False
    return bool(before == after) or (before != before and after != after)


def type_word(value: Any) -> str:
    """The kind of a value in a word: ``text``, ``integer``, ``real``, ``binary``, ``NULL``, ..."""
    if value is None:
        return "NULL"
    return next((word for kind, word in _KINDS.items() if isinstance(value, kind)), type(value).__name__.lower())


def first_difference(before: Any, after: Any) -> int:
    """Where to begin the folded lines of two long texts, so that both show where they differ; 0 for the beginning."""
    if not (isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > FOLD_AT):
        return 0
    place = common_start(before, after)
    return place - FOLD_AT // 3 if place > FOLD_AT * 2 // 3 else 0


def is_number(value: Any) -> bool:
    """Whether a cell is set to the right, as numbers are."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def cell_text(value: Any, start: int = 0, *, brief: bool = False) -> str:
    """The value on one line: at most FOLD_AT characters from ``start`` on, and a note of how many there are.

    ``brief``: of a longer text only BRIEF_AT characters.
    """
    shown, note = _line(value, start, BRIEF_AT if brief else FOLD_AT)
    return f"{_printable(shown)} ({note})" if note else _printable(shown)


def cell_html(value: Any, start: int = 0, *, brief: bool = False, unfolds: bool = True) -> str:
    """The value as escaped HTML; a long text can be unfolded by the reader, unless that is not wanted."""
    shown, note = _line(value, start, BRIEF_AT if brief else FOLD_AT)
    if value is None or _is_binary(value) or _is_no_number(value):
        return f'<span class="pwmig-null">{escape(shown)}</span>'
    summary = _markup(shown)
    if note:
        summary += f' <span class="pwmig-kind">({note})</span>'
    if len(_text(value)) <= FOLD_AT and not start:
        return summary + (' <span class="pwmig-kind">json</span>' if isinstance(value, str) and _json(value) else "")
    if not unfolds:
        return summary
    return f"<details><summary>{summary}</summary>{_unfolded(_text(value), start)}</details>"


def _line(value: Any, start: int, length: int) -> tuple[str, str]:
    """One line of the value, of so many characters where it has to be folded, and a note of what is not in it."""
    if value is None:
        return "NULL", ""
    if _is_binary(value):
        return _binary(bytes(value), _is_cut(value)), ""
    text = _text(value)
    if len(text) <= FOLD_AT and not _is_cut(value) and not start:
        return (_visible(text) if isinstance(value, str) else text), ""
    end = start + length
    more = "..." if end < len(text) or _is_cut(value) else ""
    noun, many = ("digits", len(text.lstrip("-"))) if isinstance(value, int) else ("characters", len(text))
    count = f"{'more than ' if _is_cut(value) else ''}{many:,} {noun}"
    read = _json(value) if isinstance(value, str) else None
    return f"{'...' if start else ''}{text[start:end]}{more}", f"{read.words}, {count}" if read else count


def _json(text: str) -> Json | None:
    return None if _is_cut(text) else read_json(text)


def _unfolded(text: str, start: int) -> str:
    """What stands behind the fold: JSON in lines, any other text as it is; a part of what is very long."""
    read = _json(text) if not start or len(text) <= UNFOLD_AT else None
    if read:
        return _markup(read.indented(UNFOLD_AT), keep_lines=True)
    first = 0 if start + FOLD_AT <= UNFOLD_AT else start
    some = text[first : first + UNFOLD_AT]
    dots = ("... " if first else "", " ..." if first + UNFOLD_AT < len(text) else "")
    return dots[0] + _markup(some, keep_lines=True) + dots[1]


def _text(value: Any) -> str:
    """A value that is not binary as a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # str() refuses a number of more than some 4,000 digits; a Decimal does not.
        return str(value) if abs(value) < 10**100 else f"{Decimal(value):f}"
    if _is_no_number(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _is_binary(value: Any) -> bool:
    return isinstance(value, (bytes, bytearray, memoryview))


def _is_no_number(value: Any) -> bool:
    """Whether this is one of the values that a number's type holds beside numbers."""
    return isinstance(value, float) and not math.isfinite(value)


def _visible(text: str) -> str:
    """A short text that can't be mistaken for another value, or for nothing: those are quoted."""
    return f"'{text}'" if text.lower() in _WORDS or text != text.strip() or not text else text


def _printable(text: str, *, keep_lines: bool = False) -> str:
    """Control characters as escapes, so that a NUL or a newline is seen instead of obeyed."""
    return "".join(part if plain else _escaped(part) for plain, part in _parts(text, keep_lines))


def _markup(text: str, *, keep_lines: bool = False) -> str:
    """The same as escaped HTML, the escapes marked, so that a backslash of the text is told from one of ours."""
    return "".join(
        escape(part) if plain else f'<span class="pwmig-control">{_escaped(part)}</span>'
        for plain, part in _parts(text, keep_lines)
    )


def _parts(text: str, keep_lines: bool) -> list[tuple[bool, str]]:
    """The text in parts: (True, letters that can be shown) and (False, those that can't)."""
    if text.isprintable():
        return [(True, text)]
    kept = "\n\t" if keep_lines else ""

    def shows(pair: tuple[str, str]) -> bool:
        before, char = pair
        # Within a script or a picture a joiner belongs to the letters; anywhere else it only hides.
        return char.isprintable() or char in kept or (char in _JOINERS and not before.isascii())

    pairs = zip(" " + text[:-1], text)
    return [(plain, "".join(char for _, char in some)) for plain, some in groupby(pairs, key=shows)]


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _is_cut(value: Any) -> bool:
    return isinstance(value, (str, bytes)) and type(value) not in (str, bytes)


def _binary(value: bytes, cut: bool) -> str:
    kind = next((f"{name}, " for start, name in _SIGNATURES if value.startswith(start)), "")
    head = value[:_HEX_BYTES].hex(" ")
    dots = " ..." if len(value) > _HEX_BYTES else ""
    more = "more than " if cut else ""
    return f"binary, {kind}{more}{_size(len(value))}" + (f": {head}{dots}" if value else "")


def _size(length: int) -> str:
    size, unit = float(length), 0
    while size >= 1_000 and unit < len(_UNITS) - 1:
        size, unit = size / 1_000, unit + 1
    if unit == 0:
        return "1 byte" if length == 1 else f"{length} bytes"
    return f"{size:.1f} {_UNITS[unit]}"
