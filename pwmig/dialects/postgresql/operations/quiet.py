"""Rows written without anybody hearing of it (https://www.postgresql.org/docs/current/sql-altertable.html).

The triggers and rules of a table that an UPDATE would start are disabled meanwhile, each one by its name, and get the
state that they had. The constraints of the database are kept all the while.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.server import Place

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Server
    from pwmig.dialects.server.operations.work import Work

__all__ = ["quietly"]

_UPDATES = 16
"""The bit of pg_trigger.tgtype for UPDATE (https://www.postgresql.org/docs/current/catalog-pg-trigger.html)."""

_LISTENERS = f"""
WITH RECURSIVE kin(oid) AS (
  SELECT {MARK}::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN kin ON i.inhparent = kin.oid)
SELECT n.nspname, c.relname, l.kind, l.name, l.state FROM kin JOIN pg_class c ON c.oid = kin.oid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN (
  SELECT tgrelid AS of, 'TRIGGER' AS kind, tgname AS name, tgenabled::text AS state
  FROM pg_trigger WHERE NOT tgisinternal AND tgtype & {_UPDATES} <> 0
  UNION ALL SELECT ev_class, 'RULE', rulename, ev_enabled::text FROM pg_rewrite WHERE ev_type = '2'
) AS l ON l.of = c.oid
WHERE l.state <> 'D' AND c.relkind IN ('r', 'p') ORDER BY n.nspname, c.relname, l.kind, l.name
"""
_ENABLES = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}


@contextmanager
def quietly(server: Server, work: Work) -> Iterator[None]:
    """While entered, no trigger and no rule of a person's hears of an UPDATE of the table."""
    with server.database.atomic():
        listeners = server.ask(_LISTENERS, [work.place.oid])
        off: dict[str, list[str]] = {}
        on: dict[str, list[str]] = {}
        for schema, plain, kind, name, state in listeners:
            table = server.qualified(Place(schema, plain, plain))
            off.setdefault(table, []).append(f"DISABLE {kind} {server.quote(name)}")
            on.setdefault(table, []).append(f"{_ENABLES[state]} {kind} {server.quote(name)}")
        for table, changes in off.items():
            server.send(f"ALTER TABLE ONLY {table} {', '.join(changes)}")
        yield
        for table, changes in on.items():
            server.send(f"ALTER TABLE ONLY {table} {', '.join(changes)}")
