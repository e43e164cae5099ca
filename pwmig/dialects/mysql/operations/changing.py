"""Which comments a table or a column can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.server.operations.changing import refused_comment

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column

__all__ = ["require_comment"]

_LONGEST_OF_TABLE, _LONGEST_OF_COLUMN = 2048, 1024
"""Letters of a comment (https://mariadb.com/kb/en/create-table/)."""

_LAST_LETTER = "\uffff"
"""The last one that the server's catalog holds, which is in utf8mb3."""


def require_comment(work: Work, column: Column | None, comment: str | None) -> None:
    """OperationRefused for a comment that would be cut or come out with other letters."""
    name = column.name if column is not None else None
    longest = _LONGEST_OF_TABLE if column is None else _LONGEST_OF_COLUMN
    if comment is None:
        return
    if len(comment) > longest:
        what = "a table" if column is None else "a column"
        raise refused_comment(work, name, f"it has {len(comment):,} letters, and that of {what} at most {longest:,}")
    if max(comment) > _LAST_LETTER:
        raise refused_comment(work, name, f"{work.server.title} keeps no letters beyond U+FFFF in it")
