"""What is said of a table or a column, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.server.operations.work import Work
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Server

__all__ = ["refused_comment", "set_comment"]


def set_comment(server: Server, table: str, comment: str | None, name: str | None) -> None:
    """Nothing is run where the comment is there already. An empty one is none, as it is to both servers."""
    work = Work(server, table)
    column = work.column(name) if name is not None else None
    if comment is not None and (not isinstance(comment, str) or "\0" in comment):
        raise work.refused(
            f"{comment!r:.40} can't be a comment",
            "a comment is a text without a NUL letter",
            "give a text, or None to take the comment away",
            name,
        )
    there = work.table.comment if column is None else column.comment
    if (comment or None) != there:
        server.set_comment(work, column, comment or None)


def refused_comment(work: Work, column: str | None, why: str) -> OperationRefused:
    """OperationRefused for a comment that the server would not keep as it is."""
    where = work.name if column is None else f"{work.name}.{column}"
    return work.refused(f"{where} can't have this comment", why, "write another one", column)
