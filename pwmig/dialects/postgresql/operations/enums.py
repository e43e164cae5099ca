"""One more value of an enum: https://www.postgresql.org/docs/current/sql-altertype.html"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.postgresql.quoting import literal
from pwmig.dialects.server.asking import MARK

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Server
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column

__all__ = ["add_enum_value"]

_ENUM = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(e.typname),
  (SELECT array_agg(v.enumlabel::text ORDER BY v.enumsortorder) FROM pg_enum v WHERE v.enumtypid = e.oid)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type e ON e.typtype = 'e' AND e.oid IN (t.oid, t.typelem, t.typbasetype)
JOIN pg_namespace n ON n.oid = e.typnamespace
WHERE a.attrelid = {MARK} AND a.attname = {MARK}
"""


def add_enum_value(
    server: Server, work: Work, column: Column, value: str, before: str | None, after: str | None
) -> None:
    """To the type of the column, an array's and a domain's too: so every column of the type has it."""
    from pwmig.dialects.server.operations.enums import require_place

    rows = server.ask(_ENUM, [work.place.oid, column.name])
    type_, values = rows[0] if rows else (None, ())
    require_place(work, column, values if type_ else None, value, before, after)
    beside = "" if before is None else f" BEFORE {literal(before)}"
    beside += "" if after is None else f" AFTER {literal(after)}"
    server.run(f"ALTER TYPE {type_} ADD VALUE {literal(value)}{beside}")
