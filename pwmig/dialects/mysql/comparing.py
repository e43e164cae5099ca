"""What MariaDB's and MySQL's attic takes for the same of two types: a number, a time, a text."""

from __future__ import annotations

import re

__all__ = ["are_floats", "as_then", "told"]

_WHOLE = ("tinyint", "smallint", "mediumint", "int", "bigint")
_FLOATS = ("float", "double")
_NUMBERS = (*_WHOLE, "decimal", *_FLOATS)
_TIMES = ("date", "timestamp")
_MOST = "9e18"
"""A number below that which is whole is one of the greatest whole type."""


def are_floats(types: tuple[str, str]) -> bool:
    """Whether two types are numbers with a floating point, which differ in how precise they are."""
    return all(type_.startswith(_FLOATS) for type_ in types)


def told(cell: str, type_: str, other: str) -> str:
    """A cell of a type as what has the same bytes as a cell of the ``other`` type that says the same."""
    types = (type_, other)
    if all(one.startswith(_NUMBERS) for one in types):
        return digits(f"({cell} + 0e0)" if are_floats(types) else cell, type_)
    if all(one.startswith(_TIMES) for one in types):
        return f"COALESCE(CAST(CAST({cell} AS DATETIME(6)) AS CHAR), CAST({cell} AS CHAR))"
    if any(" CHARACTER SET " in one for one in types) and not any("blob" in one or "binary" in one for one in types):
        return f"CONVERT(CAST({cell} AS CHAR) USING utf8mb4)"
    return cell


def as_then(cell: str, now: str, then: str) -> str:
    """A cell with the bytes that it would have in a column of the type ``then``, where that holds the same."""
    cast = _cast(now, then)
    if cast is not None:
        return f"IF(CAST({cell} AS {cast}) = {cell}, CAST(CAST({cell} AS {cast}) AS CHAR), CAST({cell} AS CHAR))"
    if now.startswith(_NUMBERS) and then.startswith(_WHOLE):
        return digits(cell, now)
    letters = re.search(r" CHARACTER SET (\w+)", then)
    if letters is not None and " CHARACTER SET " in now:
        return f"CONVERT({cell} USING {letters[1]})"
    return cell


def _cast(now: str, then: str) -> str | None:
    """The type of a cast to a number with digits behind its point, or to a time."""
    sized = re.match(r"decimal\((\d+),(\d+)\)", then)
    if now.startswith(_NUMBERS):
        if sized is not None:
            return f"DECIMAL(65,{sized[2]})"
        return "DOUBLE" if then.startswith("double") and not now.startswith("float") else None
    if not (now.startswith(_TIMES) and then.startswith(_TIMES)):
        return None
    parts = re.search(r"\(\d\)", then)
    return "DATE" if then == "date" else f"DATETIME{parts[0] if parts else ''}"


def digits(cell: str, type_: str) -> str:
    """A number without what stands for nothing."""
    if type_.startswith(_WHOLE):
        return f"CAST(({cell} + 0) AS CHAR)"
    plain = f"IF(CAST({cell} AS CHAR) LIKE '%.%' AND CAST({cell} AS CHAR) NOT LIKE '%e%', TRIM(TRAILING '.' FROM "
    plain += f"TRIM(TRAILING '0' FROM CAST({cell} AS CHAR))), CAST({cell} AS CHAR))"
    if not type_.startswith(_FLOATS):
        return plain
    whole = f"{cell} = TRUNCATE({cell}, 0) AND ABS({cell}) < {_MOST}"
    return f"IF({whole}, CAST(CAST({cell} AS SIGNED) AS CHAR), {plain})"
