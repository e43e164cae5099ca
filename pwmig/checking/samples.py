"""Sample rows put into tables that have none, and taken out again.

Three rows a table: two with a value in each column, and one with NULL where that may be. Tables that others refer to
come first. Where the database refuses them, other numbers are tried; where it refuses those too, it is said why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pwmig.checking.values import NoValue, value_of
from pwmig.records import dataclass
from pwmig.schema import Column, Schema, Table

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Dialect

__all__ = ["Samples", "fill", "take_out"]

_TRIES = (0, 10, 90, 1990)
"""What is added to a row's number, one after the other, until the database takes the row: for checks on numbers."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The ``tables`` that got sample rows, in the order in which they got them; ``refused``: the others, with why."""

    tables: tuple[Table, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def fill(
    database: peewee.Database, dialect: Dialect, schema: Schema, empty: Collection[str], *, nulls: bool = True
) -> Samples:
    """Put sample rows into the tables named, which are empty; with ``nulls``, one has NULL where that may be."""
    filled, refused = [], []
    wanted = [table for table in schema.tables if table.name in empty]
    with database.atomic():
        for table in parents_first(schema, wanted):
            why = _reason_to_leave_out(table) or _fill(database, dialect, schema, table, nulls)
            if why:
                refused.append((table.name, why))
            else:
                filled.append(table)
    return Samples(tuple(filled), tuple(refused))


def take_out(database: peewee.Database, samples: Samples) -> bool:
    """Empty the tables that got sample rows; False where the database refuses."""
    import peewee

    try:
        with database.atomic():
            for table in reversed(samples.tables):
                database.execute_sql(f"DELETE FROM {_named(database, table)}")
    except peewee.PeeweeException:
        return False
    return True


def parents_first(schema: Schema, tables: Iterable[Table]) -> Iterator[Table]:
    """The tables in an order in which each comes behind those that it refers to, as far as there is one."""
    waiting = {schema.key(table.name): table for table in tables}
    while waiting:
        ready = [key for key, table in waiting.items() if not _refers_to(schema, table, waiting.keys() - {key})]
        for key in ready or list(waiting)[:1]:
            yield waiting.pop(key)


def _refers_to(schema: Schema, table: Table, keys: Collection[str]) -> bool:
    return any(schema.key(key.ref_table) in keys for key in table.foreign_keys)


def _reason_to_leave_out(table: Table) -> str:
    if table.options[:1] == ("VIRTUAL",):
        return "it is a virtual table"
    if table.partition_of is not None:
        return f"it is a part of {table.partition_of}"
    return ""


def _fill(database: peewee.Database, dialect: Dialect, schema: Schema, table: Table, nulls: bool) -> str:
    """Put rows into one table; why it could get none, or an empty text."""
    why, count = "", 0
    try:
        parents = _parents(database, dialect, schema, table)
        for number in (1, 2, 3):
            for more in _TRIES:
                row = _row(schema, table, parents, number, number + more, nulls=nulls and number == 3)
                refusal = _insert(database, table, row)
                why = why or refusal
                if not refusal:
                    count += 1
                    break
    except NoValue as error:
        return str(error)
    return "" if count else why


def _parents(
    database: peewee.Database, dialect: Dialect, schema: Schema, table: Table
) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    """For the columns of each reference the values that rows to refer to have, at most three."""
    found = {}
    for key in table.foreign_keys:
        parent = schema.table(key.ref_table)
        if parent is not None:
            rows = dialect.sample(database, parent, limit=3)
            places = [rows.columns.index(column.name) for name in key.ref_columns if (column := parent.column(name))]
            found[key.columns] = [tuple(row[place] for place in places) for row in rows.rows]
    return found


def _row(
    schema: Schema,
    table: Table,
    parents: dict[tuple[str, ...], list[tuple[Any, ...]]],
    number: int,
    count: int,
    *,
    nulls: bool,
) -> dict[str, Any]:
    """The values of one row by column; columns that the database fills by itself are left out."""
    row: dict[str, Any] = {}
    for columns, rows in parents.items():
        if rows:
            row.update(zip(columns, rows[(number - 1) % len(rows)], strict=True))
        elif all(_may_be_null(table, name) for name in columns):
            row.update(dict.fromkeys(columns))
        else:
            raise NoValue(f"there is no row that its {', '.join(columns)} could refer to")
    for column in table.columns:
        if column.name in row or column.generated or column.identity or column.sequence or column.autoincrement:
            continue
        if nulls and column.nullable:
            row[column.name] = None
        else:
            _add_value(row, schema, table, column, count)
    return row


def _add_value(row: dict[str, Any], schema: Schema, table: Table, column: Column, count: int) -> None:
    try:
        row[column.name] = value_of(schema, table, column, count)
    except NoValue:
        if column.default is None and not column.nullable:
            raise


def _may_be_null(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and column.nullable


def _insert(database: peewee.Database, table: Table, row: dict[str, Any]) -> str:
    """Insert a row; why the database refused it, or an empty text."""
    import peewee

    names = ", ".join(_quoted(database, name) for name in row)
    marks = ", ".join([database.param] * len(row))
    values = f"({names}) VALUES ({marks})" if row else "DEFAULT VALUES"
    try:
        with database.atomic():
            database.execute_sql(f"INSERT INTO {_named(database, table)} {values}", tuple(row.values()))
    except (peewee.PeeweeException, ValueError, TypeError) as error:
        return next(iter(str(error).strip().splitlines()), type(error).__name__)
    return ""


def _named(database: peewee.Database, table: Table) -> str:
    parts = (table.plain_name,) if table.schema is None else (table.schema, table.plain_name)
    return ".".join(_quoted(database, part) for part in parts)


def _quoted(database: peewee.Database, name: str) -> str:
    left, right = database.quote
    text: str = left + name.replace(right, right * 2) + right
    # Peewee hands parameters to the driver even where there are none: then a percent sign has to be doubled.
    return text.replace("%", "%%") if database.param == "%s" else text
