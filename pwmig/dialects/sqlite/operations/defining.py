"""A table that comes out with another text: for what no operation of its own says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.asked import close_matches
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts.ddl import DDLError, parse_create_table
from pwmig.dialects.sqlite.texts.tokens import fold
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator
    from pwmig.dialects.sqlite.texts.parts import TableDef

__all__ = ["redefine_table"]


def redefine_table(migrator: SqliteMigrator, table: str, sql: str) -> None:
    """The columns stay, in whatever order the text has them, with the values that they hold."""
    work = Work(migrator, table)
    new = _parsed(table, sql)
    there, wanted = set(map(fold, work.table.column_names)), set(map(fold, new.column_names))
    if fold(new.name) != fold(work.table.name) or there != wanted or len(new.columns) != len(wanted):
        raise OperationRefused(
            f"table {work.table.name!r} can't get another text",
            why=_unlike(work.table, new),
            way_out="write CREATE TABLE with the name and the columns that the table has by then; columns are added, "
            "dropped and renamed by operations of their own",
            table=work.table.name,
        )
    if sql != work.table.sql:
        work.change(sql)


def _parsed(table: str, sql: str) -> TableDef:
    try:
        return parse_create_table(sql)
    except DDLError as error:
        raise OperationRefused(
            f"table {table!r} can't get another text",
            why=f"it can't be read: {error}",
            way_out="write a whole CREATE TABLE",
            table=table,
        ) from error


def _unlike(old: TableDef, new: TableDef) -> str:
    """In what the text is not of the table, in words."""
    if fold(new.name) != fold(old.name):
        return f"the text is one of a table {new.name!r}"
    for name in new.column_names:
        if old.column(name) is None:
            return f"the text has a column {name!r}: {close_matches(name, old.column_names, 'columns')}"
    gone = [name for name in old.column_names if new.column(name) is None]
    return f"the text has no column {gone[0]!r}" if gone else "the text has a column twice"
