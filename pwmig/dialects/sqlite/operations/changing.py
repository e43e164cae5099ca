"""What SQLite has no words for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.sqlite.operations.catalog import column_of, read_catalog
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["set_comment"]


def set_comment(migrator: SqliteMigrator, table: str, column: str | None) -> None:
    """Always refused (https://www.sqlite.org/lang.html has no COMMENT), by the name that is wrong where one is."""
    found = read_catalog(migrator.database).table(table)
    if column is not None:
        column_of(found, column)
    raise OperationRefused(
        f"{table if column is None else f'{table}.{column}'} can't be given a comment",
        why="SQLite keeps none",
        way_out="say it in the model: in its docstring, or in the field's help_text",
        table=table,
        column=column,
    )
