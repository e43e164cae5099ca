"""Tables, columns and indexes of PostgreSQL by their names, and which names are free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.server import Place, Server
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Schema

__all__ = ["PostgresqlNames"]

_LONGEST = 63
"""Bytes of a name (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS)."""

_VIEWS = ("v", "m")


class PostgresqlNames(Server):
    """What names mean."""

    def default_schema(self) -> str:
        if self._default is None:
            self._default = self.ask("SELECT coalesce(current_schema(), 'public')")[0][0]
        return self._default

    _default: str | None = None

    def schemas(self) -> list[str]:
        return [name for (name,) in self.ask("SELECT nspname FROM pg_namespace ORDER BY nspname")]

    def places(self, name: str, splits: Sequence[tuple[str, str]]) -> list[Place]:
        """Where the migrator has no schema, a bare name means what the search path shows first."""
        wanted = [(self.migrator.schema, name)] if self.migrator.schema else []
        wanted += splits
        clipped = [(schema, self.clipped(plain)) for schema, plain in wanted]
        conditions = [f"(n.nspname = {MARK} AND c.relname = {MARK})"] * len(clipped)
        values = [part for pair in clipped for part in pair]
        if not self.migrator.schema:
            conditions.insert(0, f"(c.relname = {MARK} AND pg_table_is_visible(c.oid))")
            values.insert(0, self.clipped(name))
        rows = self.ask(
            "SELECT n.nspname, c.relname, c.relkind::text, c.oid::bigint FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') "
            f"AND c.relpersistence <> 't' AND ({' OR '.join(conditions)})",
            values,
        )
        found = [
            Place(schema, plain, self.called(schema, plain), kind in _VIEWS, oid) for schema, plain, kind, oid in rows
        ]
        return sorted(found, key=lambda place: _rank(place, clipped))

    def all_names(self) -> list[str]:
        rows = self.ask(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
            "ORDER BY c.relname"
        )
        return [self.called(schema, plain) for schema, plain in rows if not plain.startswith("pwmig_")]

    def look(self, place: Place) -> Schema:
        from pwmig.dialects.postgresql.seeing.introspect import introspect

        return introspect(self.execute, tables=[place.name])

    def clipped(self, name: str) -> str:
        raw = name.encode()
        return name if len(raw) <= _LONGEST else raw[:_LONGEST].decode(errors="ignore")

    def require_length(self, name: str, what: str) -> None:
        if len(name.encode()) > _LONGEST:
            shown = name if len(name) <= 40 else name[:37] + "..."
            raise OperationRefused(
                f"{shown!r} is too long to name {'an' if what == 'index' else 'a'} {what}",
                why=f"PostgreSQL keeps {_LONGEST} bytes of a name, and this one has {len(name.encode())}",
                way_out="choose a shorter name",
            )

    def require_free(self, schema: str, plain: str) -> None:
        """Tables, views, sequences and indexes share their names in a schema."""
        if tables := self.waiting.naming(plain):
            self.settle(*tables)
        rows = self.ask(
            "SELECT CASE c.relkind WHEN 'i' THEN 'an index' WHEN 'I' THEN 'an index' WHEN 'S' THEN 'a sequence' "
            "WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view' WHEN 'c' THEN 'a type' ELSE 'a table' END "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE n.nspname = {MARK} AND c.relname = {MARK}",
            [schema, self.clipped(plain)],
        )
        if rows:
            raise OperationRefused(
                f"the name {plain!r} is taken",
                why=f"the schema {schema!r} has {rows[0][0]} of that name",
                way_out="choose another name, or drop or rename that one first",
                table=plain,
            )

    def is_free(self, schema: str, plain: str) -> bool:
        try:
            self.require_free(schema, plain)
        except OperationRefused:
            return False
        return True

    def require_free_index(self, work: Work, name: str) -> None:
        self.require_free(work.place.schema, name)

    def comparable(self, work: Work, column: str, target: Place, key: str) -> bool:
        """Whether there is an equality of the two types; the server refuses a key without."""
        own, there = (self.type_of(place.oid, name) for place, name in ((work.place, column), (target, key)))
        sql = f"SELECT NULL::{own} = NULL::{there}"
        try:
            with self.database.atomic():
                self.ask(sql)
        except Exception:  # Whatever the driver calls it: no such operator.
            return False
        return True

    def type_of(self, oid: int, column: str) -> str:
        """A column's type as the server writes it."""
        rows = self.ask(
            f"SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = {MARK} AND attname = {MARK}",
            [oid, column],
        )
        return str(rows[0][0])


def _rank(place: Place, wanted: Sequence[tuple[str, str]]) -> int:
    """A name as it stands comes before one that is parted at a dot."""
    pair = (place.schema, place.plain)
    return wanted.index(pair) + 1 if pair in wanted else 0
