"""Another type for a column, and nothing else: its definition and its values stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import peewee

from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.mysql.operations.server import MySQLServer
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column, Table

__all__ = ["renew", "set_type"]

_PAIRS = "pwmig_values"
"""A temporary table: each value before and after, side by side. To make and drop it commits nothing."""

_TEXTS = ("char", "text", "enum", "set(", "set (", "clob")
_FRACTIONS = ("dec", "numeric", "float", "double", "real")


def set_type(
    server: MySQLServer, work: Work, column: Column, type_: str, collation: str | None, cast: str | None
) -> None:
    """MODIFY with the whole definition, in which nothing but the type is another."""
    made = replace(column, type=type_, charset=None, collation=collation or _collation(column, type_))
    if column.options and any(option.startswith("SRID") for option in column.options):
        made = replace(made, options=tuple(option for option in column.options if not option.startswith("SRID")))
    if cast is not None:
        work.settle(*server.waiting.tables)
        _cast(server, work, made, cast)
        return
    same_letters = column.collation in (None, made.collation)
    if column.generated is None and not (same_letters and _is_wider(column.type.lower(), made.type.lower())):
        _require_same_values(server, work, column, made)
    server.modify(work, made)


def _collation(column: Column, type_: str) -> str | None:
    """The column's own where the new type has letters."""
    has_letters = any(word in type_.lower() for word in _TEXTS)
    return column.collation if has_letters and column.collation != "binary" else None


# -- values

_WHOLE = ("tinyint", "smallint", "mediumint", "int", "bigint")
_DIGITS = 20
"""Letters of the longest whole number, its sign among them."""

_LETTERS = ("varchar", "tinytext", "text", "mediumtext", "longtext")


def _is_wider(old: str, new: str) -> bool:
    """Whether every value of a type has its place in the new one, as it is: then no row needs to be read."""
    before, after = (re.fullmatch(r"([a-z]+)(?:\((\d+)\))?", text.replace("integer", "int")) for text in (old, new))
    if before is None or after is None:
        return False
    if before[1] in _WHOLE and after[1] in _LETTERS:
        return after[1] != "varchar" or int(after[2] or 0) >= _DIGITS
    for kinds in (_WHOLE, _LETTERS):
        if before[1] in kinds and after[1] in kinds:
            if before[1] == after[1] == "varchar":
                return int(before[2] or 0) <= int(after[2] or 0)
            # A text holds bytes where a varchar counts letters: each may take four.
            if before[1] == "varchar" and after[1] in ("tinytext", "text"):
                return int(before[2] or 0) * 4 <= (255 if after[1] == "tinytext" else 65535)
            return kinds.index(before[1]) <= kinds.index(after[1])
    return False


def _require_same_values(server: MySQLServer, work: Work, column: Column, made: Column) -> None:
    """Refuse a type that gives a value another meaning: the server rounds and cuts some without an error.

    Zeros at the end of a fraction may come and go where one of the types is for fractions: 1.50 for 1.5.
    """
    old, new, name = _bare(column), _bare(made), server.quote(column.name)
    with _temporary(server, f"(a {old}, b {new})"):
        _fill(server, work, made, f"INSERT INTO {_PAIRS} SELECT {name}, {name} FROM {work.sql}")
        condition = _differ(column.type, made.type)
        rows = server.ask(f"SELECT a, b FROM {_PAIRS} WHERE {condition} LIMIT 1")
        if rows:
            count = server.ask(f"SELECT count(*) FROM {_PAIRS} WHERE {condition}")[0][0]
            raise work.refused(
                f"the type of {work.name}.{column.name} can't be changed without changing values",
                f"{count:,} value{'s' if count > 1 else ''} would become another, as {rows[0][0]!r:.60} would become "
                f"{rows[0][1]!r:.60}",
                "mend these values first, or say with cast= how they become the new ones",
                column.name,
            )


def _bare(column: Column) -> str:
    """The type with its letters' collation."""
    return column.type + (f" COLLATE {column.collation}" if column.collation else "") + " NULL"


def _fill(server: MySQLServer, work: Work, made: Column, sql: str) -> None:
    try:
        server.ask(sql)
    except Exception as error:  # An error of the driver's: a value that the type does not take.
        raise _refused(server, work, made, error) from error


def _differ(old: str, new: str) -> str:
    """The condition for a pair whose sides do not mean the same. Texts are compared byte by byte."""
    first, second = "CAST(a AS CHAR)", "CAST(b AS CHAR)"
    if "blob" in new.lower() or "binary" in new.lower():
        first, second = "a", "b"
    same = f"BINARY {first} <=> BINARY {second}"
    kinds = old.lower(), new.lower()
    if all(any(word in kind for word in (*_FRACTIONS, "int", "bit", "bool")) for kind in kinds):
        same += " OR a <=> b"
    if any(word in kind for word in _FRACTIONS for kind in kinds):
        short = "CASE WHEN {0} LIKE '%.%' THEN TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM {0})) ELSE {0} END"
        same += f" OR BINARY {short.format(first)} <=> BINARY {short.format(second)}"
    if all(kind.startswith(("date", "time")) for kind in kinds):
        same += " OR a <=> b"
    return f"NOT ({same})"


# -- a cast


def renew(server: MySQLServer, work: Work, column: Column, value: str) -> None:
    """Give every row a value by an expression; the column stays what it is."""
    work.settle(*server.waiting.tables)
    _cast(server, work, column, value)


def _cast(server: MySQLServer, work: Work, made: Column, cast: str) -> None:
    """Every value anew by an expression, without an UPDATE: no trigger fires, no ON UPDATE moves.

    A stored generated column takes the values, gives them to the column, and goes. Until the column has them, what
    fails leaves it as it was. https://mariadb.com/kb/en/generated-columns/
    """
    helper = _free_column(work)
    taking, giving = _steps(server, work, made, cast, helper)
    _require_castable(server, work, made, cast)
    _require_steps(server, work, made, (*taking, *giving))
    work.alter(taking[0])
    try:
        for step in taking[1:]:
            work.alter(step)
    except peewee.DatabaseError:
        work.alter(f"DROP COLUMN {server.quote(helper)}")
        raise
    for step in giving:
        work.alter(step)


def _steps(
    server: MySQLServer, work: Work, made: Column, cast: str, helper: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is done to the table until the column has its new values, and what afterwards."""
    name, other, type_ = server.quote(made.name), server.quote(helper), _bare(made).removesuffix(" NULL")
    taking = (
        f"ADD COLUMN {other} {type_} GENERATED ALWAYS AS ({cast}) STORED INVISIBLE",
        f"MODIFY COLUMN {other} {type_} NULL INVISIBLE",
        f"MODIFY COLUMN {name} {type_} GENERATED ALWAYS AS ({other}) STORED",
    )
    return taking, (f"MODIFY COLUMN {server.definition(work, made)}", f"DROP COLUMN {other}")


def _free_column(work: Work) -> str:
    number = 1
    while work.get_column(f"pwmig_{number}") is not None:
        number += 1
    return f"pwmig_{number}"


def _require_castable(server: MySQLServer, work: Work, made: Column, cast: str) -> None:
    """Try the expression on every row, in a temporary table, before anything is touched."""
    type_ = _bare(made).removesuffix(" NULL")
    with _temporary(server, f"(b {type_} {'NULL' if made.nullable else 'NOT NULL'})"):
        _fill(server, work, made, f"INSERT INTO {_PAIRS} SELECT {cast} FROM {work.sql}")


def _require_steps(server: MySQLServer, work: Work, made: Column, steps: tuple[str, ...]) -> None:
    """Take all steps on an empty temporary table of the same definition: no step is to fail half-way."""
    with _temporary(server, _twin(work.table)):
        try:
            for step in steps:
                server.ask(f"ALTER TABLE {_PAIRS} {step}")
        except Exception as error:  # An error of the driver's.
            raise _refused(server, work, made, error) from error


def _twin(table: Table) -> str:
    """What stands behind CREATE TABLE and the name for a table like this one, of the kinds that may be temporary."""
    from pwmig.dialects.mysql.quoting import quote
    from pwmig.dialects.mysql.writing import create_table

    indexes = tuple(index for index in table.indexes if index.method not in ("FULLTEXT", "SPATIAL"))
    options = tuple(option for option in table.options if "VERSIONING" not in option)
    plain = replace(table, name=_PAIRS, schema=None, indexes=indexes, options=options, partitioning=None)
    return create_table(plain, foreign_keys=()).partition(quote(_PAIRS))[2]


@contextmanager
def _temporary(server: MySQLServer, definition: str) -> Iterator[None]:
    """While entered, there is a temporary table that only this connection sees."""
    server.ask(f"DROP TEMPORARY TABLE IF EXISTS {_PAIRS}")
    server.ask(f"CREATE TEMPORARY TABLE {_PAIRS} {definition}")
    try:
        yield
    finally:
        server.ask(f"DROP TEMPORARY TABLE IF EXISTS {_PAIRS}")


def _refused(server: MySQLServer, work: Work, made: Column, error: Exception) -> OperationRefused:
    return work.refused(
        f"the type of {work.name}.{made.name} can't become {made.type}",
        f"{server.title} says: {error.args[-1] if error.args else error}",
        "mend what is named there first, or say with cast= how values become the new ones",
        made.name,
    )
