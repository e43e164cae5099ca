"""Cells that were too long to be read whole: so no large value is ever in Python, and each says that it was cut."""

from __future__ import annotations

__all__ = ["BLOB_LIMIT", "COUNT_LIMIT", "TEXT_LIMIT", "CutBytes", "CutText"]

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
