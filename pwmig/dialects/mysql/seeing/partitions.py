"""The text behind PARTITION BY, from the rows of information_schema.PARTITIONS.

https://mariadb.com/kb/en/information-schema-partitions-table/
"""

from __future__ import annotations

from collections.abc import Sequence
from json import loads
from typing import Any

from pwmig.dialects.mysql.quoting import literal, quote

__all__ = ["partitioning"]


def partitioning(rows: Sequence[tuple[Any, ...]]) -> str:
    """One text for all rows of a table; the engine, and what holds anyway, are left out."""
    rows = sorted([row[2:] for row in rows], key=lambda row: int(row[5]))
    _, method, expression, _, packed, _ = rows[0]
    _, sub_method, sub_expression, _ = loads(packed)
    text = _by(method, expression)
    if sub_method:
        text += f" SUBPARTITION BY {_by(sub_method, sub_expression)}"
    parts: dict[str, list[str]] = {}
    heads: dict[str, str] = {}
    for name, _, _, values, more, _ in rows:
        sub, _, _, comment = loads(more)
        heads.setdefault(name, f"PARTITION {quote(name)}{_values(method, values)}{_comment(comment)}")
        parts.setdefault(name, []).extend([f"SUBPARTITION {quote(sub)}"] if sub else [])
    written = [head + (f" ({', '.join(parts[name])})" if parts[name] else "") for name, head in heads.items()]
    return f"{text} ({', '.join(written)})"


def _by(method: str, expression: str | None) -> str:
    # How long a SYSTEM_TIME partition lasts is not in the catalog, and its expression can't be written.
    return method if method == "SYSTEM_TIME" else f"{method} ({expression or ''})"


def _values(method: str, values: str | None) -> str:
    if method == "SYSTEM_TIME":
        return " CURRENT" if values == "CURRENT" else " HISTORY"
    if method.startswith("RANGE"):
        return f" VALUES LESS THAN ({values})"
    if method.startswith("LIST"):
        return " DEFAULT" if _is_default(method, values or "") else f" VALUES IN ({values})"
    return ""


def _is_default(method: str, values: str) -> bool:
    """Whether the rest of all values goes here; the catalog says so with MAXVALUE for each column of LIST COLUMNS."""
    return method.endswith("COLUMNS") and not values.strip("(),MAXVLUE") and "MAXVALUE" in values


def _comment(comment: str | None) -> str:
    return f" COMMENT = {literal(comment)}" if comment else ""
