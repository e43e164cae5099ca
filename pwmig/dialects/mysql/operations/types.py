"""Another type for a column, and nothing else: its definition and its values stay."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.dialects.mysql.modelled import json_check
from pwmig.dialects.mysql.operations.trying import PAIRS, bare, fill, temporary

if TYPE_CHECKING:
    from pwmig.dialects.mysql.operations.server import MySQLServer
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column

__all__ = ["differ", "is_wider", "retyped", "set_type"]

_TEXTS = ("char", "text", "enum", "set(", "set (", "clob")
_FRACTIONS = ("dec", "numeric", "float", "double", "real")


def set_type(
    server: MySQLServer, work: Work, column: Column, type_: str, collation: str | None, cast: str | None
) -> None:
    """MODIFY with the whole definition, in which nothing but the type is another."""
    made = retyped(column, type_, collation)
    if collation is None and json_check(work.table, column) is not None:
        made = replace(made, collation=None)  # It is that of JSON, as the check is.
    if column.options and any(option.startswith("SRID") for option in column.options):
        made = replace(made, options=tuple(option for option in column.options if not option.startswith("SRID")))
    if cast is not None:
        work.settle(*server.waiting.tables)
        from pwmig.dialects.mysql.operations.casting import cast as cast_all

        cast_all(server, work, made, cast)
        return
    if column.generated is None and not is_wider(column, made):
        _require_same_values(server, work, column, made)
    server.modify(work, made)


def retyped(column: Column, type_: str, collation: str | None = None) -> Column:
    """The column with another type; with its own collation, unless another one is given."""
    return replace(column, type=type_, charset=None, collation=collation or _collation(column, type_))


def _collation(column: Column, type_: str) -> str | None:
    """The column's own where the new type has letters."""
    has_letters = any(word in type_.lower() for word in _TEXTS)
    return column.collation if has_letters and column.collation != "binary" else None


# -- values

_WHOLE = ("tinyint", "smallint", "mediumint", "int", "bigint")
_DIGITS = 20
"""Letters of the longest whole number, its sign among them."""

_LETTERS = ("varchar", "tinytext", "text", "mediumtext", "longtext")


def is_wider(column: Column, made: Column) -> bool:
    """Whether every value of a column has its place in the new one, as it is: then no row needs to be read."""
    same_letters = column.collation in (None, made.collation)
    return same_letters and _has_place(column.type.lower(), made.type.lower())


def _has_place(old: str, new: str) -> bool:
    numbers = [re.fullmatch(r"(?:decimal|numeric)\((\d+),(\d+)\)", text.replace(" ", "")) for text in (old, new)]
    if numbers[0] is not None and numbers[1] is not None:
        places, scale, more, other = (int(digits) for found in numbers if found for digits in found.groups())
        return scale <= other and places - scale <= more - other
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
    old, new, name = bare(column), bare(made), server.quote(column.name)
    with temporary(server, f"(a {old}, b {new})"):
        fill(server, work, made, f"INSERT INTO {PAIRS} SELECT {name}, {name} FROM {work.sql}", name, cast=False)
        condition = differ(column.type, made.type)
        rows = server.ask(f"SELECT a, b FROM {PAIRS} WHERE {condition} LIMIT 1")
        if rows:
            count = server.ask(f"SELECT count(*) FROM {PAIRS} WHERE {condition}")[0][0]
            raise work.refused(
                f"the type of {work.name}.{column.name} can't be changed without changing values",
                f"{count:,} value{'s' if count > 1 else ''} would become another, as {rows[0][0]!r:.60} would become "
                f"{rows[0][1]!r:.60}",
                "mend these values first, or say with cast= how they become the new ones",
                column.name,
            )


def differ(old: str, new: str) -> str:
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
