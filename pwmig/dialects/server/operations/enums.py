"""One more value of an enum, as far as servers share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pwmig.dialects.asked import close_matches
from pwmig.dialects.server.operations.work import Work
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Server
    from pwmig.schema import Column

__all__ = ["add_enum_value", "require_place"]


def add_enum_value(server: Server, table: str, column: str, value: str, before: str | None, after: str | None) -> None:
    work = Work(server, table)
    if before is not None and after is not None:
        raise OperationRefused(
            f"the place of {value!r} is told twice",
            why="before= says where it is to stand, and after= too",
            way_out="leave one of them out",
            table=work.name,
            column=column,
        )
    server.add_enum_value(work, work.column(column), value, before, after)


def require_place(
    work: Work, column: Column, values: Sequence[str] | None, value: str, before: str | None, after: str | None
) -> None:
    """Refuse a column that has no such values, a value that is there, and a place beside one that is not."""
    where = f"{work.name}.{column.name}"
    if values is None:
        raise work.refused(
            f"{where} is no enum",
            f"its type is {column.type}",
            f"write migrator.add_constraint({work.name!r}, ..., Check(...)) for the values that it may have",
            column.name,
        )
    if value in values:
        raise work.refused(
            f"{where} has a value {value!r} already", "each value is there once", "leave this out", column.name
        )
    beside = before if before is not None else after
    if beside is not None and beside not in values:
        raise work.refused(
            f"{where} has no value {beside!r} to stand beside",
            close_matches(beside, values, "values"),
            "write the value as it is in the database",
            column.name,
        )
