"""A way back that loads the rows of a table itself, after the attic has put them back."""

from __future__ import annotations

import re

from pwmig.errors import OperationRefused

__all__ = ["adds_to", "back_already"]

_ADD = re.compile(r"\s*(INSERT|REPLACE|WITH|MERGE|COPY|LOAD)\b", re.IGNORECASE)


def adds_to(statement: str, table: str) -> bool:
    """Whether a statement may add rows to a table: it is of that kind, and names it."""
    plain = re.escape(table.rpartition(".")[2])
    return bool(_ADD.match(statement) and re.search(rf"(?<!\w){plain}(?!\w)", statement, re.IGNORECASE))


def back_already(number: int, table: str, stays: bool) -> OperationRefused:
    """The refusal of rows that were put back, and that a migration adds once more; ``stays``: what it did until then
    is not rolled back."""
    return OperationRefused(
        f"{table} has its rows back already",
        why="the attic puts them back as soon as the table is there, and the migration adds them once more",
        way_out=("take back by hand what stays, and " if stays else "")
        + "take what adds them out of migrate_backward(); or let go of what is kept, so that it can: "
        f"pwmig attic purge {number} (attic=False in the drop_table keeps nothing from then on)",
        table=table,
    )
