"""Rows of PostgreSQL filled in batches, with no trigger and no rule of a user's taking part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from pwmig.dialects.postgresql.quoting import literal
from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.backfilling import ServerFiller
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.backfilling import Key
    from pwmig.dialects.postgresql.operations.server import PostgresqlServer

__all__ = ["PostgresqlFiller"]

_TREE = f"""
WITH RECURSIVE tree (oid) AS (
  SELECT {MARK}::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON tree.oid = i.inhparent)"""
"""The table with its partitions and the tables that inherit from it: an UPDATE reaches their rows too."""

_HEARING = f"""{_TREE}
SELECT n.nspname, c.relname, f.kind, f.name, f.enabled::text, pg_has_role(c.relowner, 'USAGE') FROM tree
JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN (SELECT tgrelid AS rel, 'TRIGGER' AS kind, tgname AS name, tgenabled AS enabled FROM pg_trigger
        WHERE NOT tgisinternal
      UNION ALL SELECT ev_class, 'RULE', rulename, ev_enabled FROM pg_rewrite WHERE ev_type = '2') f ON f.rel = c.oid
WHERE f.enabled <> 'D' ORDER BY 1, 2, 3, 4"""
"""All triggers, not those of UPDATE alone: a row that moves to another partition is deleted and inserted."""

_DEFERRED = f"""{_TREE}
SELECT DISTINCT n.nspname, k.conname FROM tree JOIN pg_constraint k ON k.conrelid = tree.oid OR k.confrelid = tree.oid
JOIN pg_namespace n ON n.oid = k.connamespace WHERE k.condeferred ORDER BY 1, 2"""

_ENABLE = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}
"""https://www.postgresql.org/docs/current/catalog-pg-trigger.html"""


class PostgresqlFiller(ServerFiller):
    """A key goes as the text of each value and comes back as a literal of its type, so that none is rounded."""

    server: PostgresqlServer

    def shown_key(self) -> str:
        return ", ".join(f"{name}::text AS pwmig_{number}" for number, name in enumerate(self.key))

    @cached_property
    def types(self) -> list[str]:
        return [self.server.type_of(self.work.place.oid, name) for name in self.work.table.primary_key]

    def literals(self, key: Key) -> list[str]:
        return [f"{literal(str(value))}::{type_}" for value, type_ in zip(key, self.types, strict=True)]

    def last_of(self, after: Key | None, size: int) -> Key | None:
        """From the second batch on, the condition stands behind a fence, OFFSET 0.

        Of a column that was just added the server knows nothing, and takes few rows to hold NULL in it: it would read
        the whole table for each batch, in place of going on in the key's index.
        """
        if after is None or not self.key:
            return super().last_of(after, size)
        behind, _ = self.compared(">", after)
        meant, _ = self.rows()
        inner = f"SELECT {self.shown_key()}, {meant} AS pwmig_meant FROM {self.source} WHERE {behind}"
        names = ", ".join(f"pwmig_{number}" for number in range(len(self.key)))
        found = self.ask(
            f"SELECT {names} FROM ({inner} ORDER BY {', '.join(self.key)} OFFSET 0) AS pwmig_rows "
            f"WHERE pwmig_meant LIMIT 1 OFFSET {size - 1}"
        )
        return tuple(found[0]) if found else None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Disable what hears of an UPDATE, and enable the same again; the lock on the table lasts to the commit.

        https://www.postgresql.org/docs/current/sql-altertable.html
        """
        oid = self.work.place.oid
        if self.server.ask(f"SELECT row_security_active({MARK}::oid)", [oid])[0][0]:
            raise self._refused(
                "row security hides rows from this role",
                "fill it as the owner of the table, or as a role with BYPASSRLS",
            )
        hearing = [] if self.wish.triggers else self.server.ask(_HEARING, [oid])
        foreign = next((row for row in hearing if not row[5]), None)
        if foreign is not None:
            raise self._refused(
                f"the {foreign[2].lower()} {foreign[3]} of {foreign[1]} would fire, and only the table's owner may "
                "disable it",
                "fill it as the owner, or say that they may fire: triggers=True",
            )
        if not hearing:
            yield
            return
        self._settle()
        for schema, table, kind, name, _, _ in hearing:
            self.server.run(f"ALTER TABLE ONLY {self._at(schema, table)} DISABLE {kind} {self.quote(name)}")
        yield
        self._settle()
        for schema, table, kind, name, enabled, _ in hearing:
            self.server.run(f"ALTER TABLE ONLY {self._at(schema, table)} {_ENABLE[enabled]} {kind} {self.quote(name)}")

    def _settle(self) -> None:
        """Have what is deferred checked now: a table that a check is pending for can't be altered."""
        deferred = [self._at(*row) for row in self.server.ask(_DEFERRED, [self.work.place.oid])]
        for when in ("IMMEDIATE", "DEFERRED") if deferred else ():
            self.server.run(f"SET CONSTRAINTS {', '.join(deferred)} {when}")

    def _at(self, schema: str, name: str) -> str:
        return f"{self.quote(schema)}.{self.quote(name)}"

    def _refused(self, why: str, way_out: str) -> OperationRefused:
        return self.work.refused(f"rows of {self.name!r} can't be filled", why, way_out)
