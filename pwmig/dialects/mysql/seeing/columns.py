"""A column's record from its row of information_schema.COLUMNS.

Made canonical: a column that may hold NULL and has no other default has none (MariaDB says ``NULL``); a character
column always has its collation, which names its charset too, whether or not the table has the same: a table's
default can be altered without its columns, and that is then one change and not one of each column.

https://mariadb.com/kb/en/information-schema-columns-table/,
https://dev.mysql.com/doc/refman/8.0/en/information-schema-columns-table.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pwmig.dialects.mysql.quoting import literal
from pwmig.dialects.mysql.seeing.texts import canonical
from pwmig.schema import Column

__all__ = ["is_geometry", "mariadb_column", "mysql_column"]

Row = tuple[Any, ...]

_COMPRESSED = re.compile(r" ?/\*M?!\d+ (COMPRESSED[^*]*?) ?\*/")
_ON_UPDATE = re.compile(r"on update ([^\s,]+)", re.IGNORECASE)
_NUMBERS = re.compile(r"(tinyint|smallint|mediumint|int|bigint|decimal|float|double|year|bit)\b", re.IGNORECASE)
_NOW = re.compile(r"CURRENT_TIMESTAMP(\(\d*\))?$", re.IGNORECASE)
_GEOMETRIES = frozenset(
    (
        *("geometry", "point", "linestring", "polygon"),
        *("multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"),
    )
)


def is_geometry(type_: str) -> bool:
    """Whether a column's type is one of places on a map, which have an SRID."""
    return type_ in _GEOMETRIES


# Tables have many columns that are alike, and a record is not altered: one is enough for all of them.
@lru_cache(maxsize=8192)
def mariadb_column(row: Row, database: str) -> Column:
    """The record of a row; the default is an SQL text, and the text ``NULL`` where the column has none.

    The row begins with the column's name.
    """
    name, default, nullable, type_, collation, extra, comment, expression = row
    if default == "NULL":
        default = None
    if not extra and expression is None and "/" not in type_:  # most columns, and quickly
        plain = None if default is None else canonical(default, database)
        return Column(name, type_, nullable == "YES", plain, collation, comment=comment or None)
    options: tuple[str, ...] = ()
    if squeezed := _COMPRESSED.search(type_):
        type_, options = _COMPRESSED.sub("", type_), (squeezed[1],)
    if "WITHOUT SYSTEM VERSIONING" in extra:
        options += ("WITHOUT SYSTEM VERSIONING",)
    return _column(name, default, nullable, type_, collation, extra, comment, expression, database, options)


@lru_cache(maxsize=8192)
def mysql_column(row: Row, database: str) -> Column:
    """The record of a row of MySQL, which gives a default bare: ``abc`` may be a text or, by EXTRA, an expression."""
    name, default, nullable, type_, collation, extra, comment, expression, srid = row
    if default is not None:
        default = _mysql_default(default, type_, "DEFAULT_GENERATED" in extra)
    expression = unescaped(expression) if expression else None
    options = () if srid is None else (f"SRID {srid}",)
    return _column(name, default, nullable, type_, collation, extra, comment, expression, database, options)


def _column(
    name: str,
    default: str | None,
    nullable: str,
    type_: str,
    collation: str | None,
    extra: str,
    comment: str,
    expression: str | None,
    database: str,
    options: tuple[str, ...],
) -> Column:
    on_update = _ON_UPDATE.search(extra)
    kind = "virtual" if "VIRTUAL" in extra else "stored"
    return Column(
        name,
        type_,
        nullable == "YES",
        None if default is None else canonical(default, database),
        collation,
        generated=canonical(expression, database) if expression else None,
        generated_kind=kind if expression else None,
        autoincrement="auto_increment" in extra,
        on_update=on_update[1] if on_update else None,
        invisible="INVISIBLE" in extra,
        options=options,
        comment=comment or None,
    )


def _mysql_default(default: str, type_: str, computed: bool) -> str:
    if _NOW.match(default) and computed:
        return default
    if computed:
        return f"({unescaped(default)})"
    bare = _NUMBERS.match(type_) or default.startswith(("b'", "0x"))
    return default if bare else literal(default)


def unescaped(expression: str) -> str:
    """An expression as it was written: MySQL's catalog puts a backslash in front of each quote and backslash of it."""
    return re.sub(r"\\(['\\])", r"\1", expression)
