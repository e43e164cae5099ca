"""CREATE TABLE for a table, whole or without some of its foreign keys."""

from __future__ import annotations

from collections.abc import Iterable

from pwmig.dialects.mysql.quoting import literal, qualified, quote
from pwmig.dialects.mysql.seeing.periods import PERIOD
from pwmig.dialects.mysql.writing.clauses import (
    check_clause,
    column_check,
    column_definition,
    foreign_key_clause,
    index_clause,
    primary_key_clause,
)
from pwmig.schema import ForeignKey, Table

__all__ = ["create_table", "engine_of", "partitioning_text", "period_clauses", "table_options"]

_MOST_ROWS = 2**64 - 1


def create_table(table: Table, foreign_keys: Iterable[ForeignKey] | None = None) -> str:
    """The statement that makes a table without its triggers and grants; with all foreign keys, or those given."""
    engine = engine_of(table)
    collation = _option(table, "COLLATE")
    lines = [
        column_definition(column, column_check(table, column.name), collation=collation) for column in table.columns
    ]
    if table.primary_key:
        lines.append(primary_key_clause(table, engine))
    lines += [index_clause(index, engine) for index in table.indexes]
    lines += [check_clause(check) for check in table.checks if check.column is None]
    lines += [foreign_key_clause(key) for key in (table.foreign_keys if foreign_keys is None else foreign_keys)]
    lines += period_clauses(table)
    body = ",\n  ".join(lines)
    text = f"CREATE TABLE {qualified(table)} (\n  {body}\n)"
    options = table_options(table)
    text += f" {options}" if options else ""
    return text + (f"\nPARTITION BY {partitioning_text(table.partitioning)}" if table.partitioning is not None else "")


def partitioning_text(text: str) -> str:
    """The partitions, with a bound to rows where there are several for the past.

    The server wants a rule when to begin the next one, and the catalog doesn't tell it: so none begins by itself.
    """
    if text.startswith("SYSTEM_TIME (") and text.count(" HISTORY") > 1:
        return text.replace("SYSTEM_TIME (", f"SYSTEM_TIME LIMIT {_MOST_ROWS} (", 1)
    return text


def table_options(table: Table) -> str:
    """What stands behind the columns: engine, collation, comment and all else that the table was made with."""
    words = [option for option in table.options if not option.startswith(PERIOD)]
    if table.comment is not None:
        words.append(f"COMMENT={literal(table.comment)}")
    return " ".join(words)


def engine_of(table: Table) -> str:
    """The table's engine, as ``InnoDB``; empty where it isn't known."""
    return _option(table, "ENGINE") or ""


def _option(table: Table, name: str) -> str | None:
    start = f"{name}="
    return next((option[len(start) :] for option in table.options if option.startswith(start)), None)


def period_clauses(table: Table) -> list[str]:
    """The period of the application, and that of the system where its bounds are columns.

    https://mariadb.com/kb/en/temporal-tables/
    """
    found = [option for option in table.options if option.startswith(PERIOD)]
    bounds = {column.generated: quote(column.name) for column in table.columns if column.generated}
    if "ROW START" in bounds and "ROW END" in bounds:
        found.append(f"PERIOD FOR SYSTEM_TIME ({bounds['ROW START']}, {bounds['ROW END']})")
    return found
