"""Cells read so that no large value is ever in Python: the database cuts it, and it says that it was cut.

A text of more than :data:`TEXT_LIMIT` bytes arrives as a :class:`CutText`, a blob of more than
:data:`BLOB_LIMIT` bytes as a :class:`CutBytes`. (SQLite itself has no way to read a part of a text:
it holds one cell at a time whole, for a moment.)
"""

from __future__ import annotations

from typing import Any

from pwmig.dialects.cells import BLOB_LIMIT, TEXT_LIMIT, CutBytes, CutText
from pwmig.dialects.sqlite.texts.tokens import quote

__all__ = ["BLOB_LIMIT", "TEXT_LIMIT", "CutBytes", "CutText", "cell", "cell_sql", "escaped_cell", "escaped_cell_sql"]

# A blob of TEXT_LIMIT bytes can only be a cut text, one of BLOB_LIMIT + 1 only a cut blob.
assert TEXT_LIMIT > BLOB_LIMIT + 1
# What is not too long is read as it is: substr() would make NULL of an empty blob.
_BLOB = f"""WHEN 'blob' THEN
CASE WHEN length(@) > {BLOB_LIMIT} THEN substr(@, 1, {BLOB_LIMIT + 1}) ELSE @ END ELSE @ END"""
_CELL = f"""CASE typeof(@) WHEN 'text' THEN
CASE WHEN length(CAST(@ AS BLOB)) > {TEXT_LIMIT} THEN substr(CAST(@ AS BLOB), 1, {TEXT_LIMIT}) ELSE @ END {_BLOB}"""
_ESCAPED = f"CASE typeof(@) WHEN 'text' THEN hex(substr(CAST(@ AS BLOB), 1, {TEXT_LIMIT + 1})) {_BLOB}"


def cell_sql(column: str) -> str:
    """The expression that reads a column; :func:`cell` understands its values."""
    return _CELL.replace("@", quote(column))


def cell(value: Any, encoding: str) -> Any:
    """The value of :func:`cell_sql`; ``encoding`` is the database's (``PRAGMA encoding``)."""
    if not isinstance(value, bytes):
        return value
    if len(value) == TEXT_LIMIT:
        # The last letter may have been cut in the middle.
        return CutText(value.decode(encoding, "ignore"))
    return CutBytes(value[:BLOB_LIMIT]) if len(value) > BLOB_LIMIT else value


def escaped_cell_sql(column: str) -> str:
    """As :func:`cell_sql`, for texts that are not valid in the database's encoding; read by :func:`escaped_cell`."""
    return _ESCAPED.replace("@", quote(column))


def escaped_cell(value: Any, encoding: str) -> Any:
    """The value of :func:`escaped_cell_sql`, with a backslash and the number of each byte that is no letter."""
    if isinstance(value, str):
        whole = bytes.fromhex(value)
        text = whole[:TEXT_LIMIT].decode(encoding, "backslashreplace")
        return CutText(text) if len(whole) > TEXT_LIMIT else text
    return cell(value, encoding)
