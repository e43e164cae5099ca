"""One more value of an enum (https://mariadb.com/kb/en/enum/): behind the others it costs nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.dialects.mysql.quoting import literal
from pwmig.dialects.server.operations.enums import require_place

if TYPE_CHECKING:
    from pwmig.dialects.mysql.operations.server import MySQLServer
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column

__all__ = ["add_enum_value"]

_TYPE = re.compile(r"enum\((.*)\)", re.DOTALL | re.IGNORECASE)
_VALUE = re.compile(r"'((?:[^']|'')*)'")


def add_enum_value(
    server: MySQLServer, work: Work, column: Column, value: str, before: str | None, after: str | None
) -> None:
    """By the column's definition, in which the type has one value more; rows keep the values that they show."""
    match = _TYPE.fullmatch(column.type)
    texts = _VALUE.findall(match[1]) if match else []
    values = [text.replace("''", "'").replace("\\\\", "\\") for text in texts]
    require_place(work, column, values if match else None, value, before, after)
    place = len(values)
    if before is not None or after is not None:
        place = values.index(before) if before is not None else values.index(after or "") + 1
    made = [f"'{text}'" for text in texts]
    made.insert(place, literal(value))
    server.modify(work, replace(column, type=f"enum({','.join(made)})"))
