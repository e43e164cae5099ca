"""Rows taken from one PostgreSQL database into another: every value as its text, which is exact for each type."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pwmig.dialects.postgresql.quoting import literal, qualified, quote
from pwmig.dialects.postgresql.writing import write
from pwmig.dialects.server.asking import Execute
from pwmig.dialects.server.moving import Moving
from pwmig.schema import Column, ForeignKey, Schema, Table
from pwmig.schema import Sequence as Counter

__all__ = ["MOVING"]

_SAME_TEXTS = (
    "SELECT set_config('DateStyle', 'ISO, YMD', false), set_config('IntervalStyle', 'postgres', false), "
    "set_config('extra_float_digits', '3', false), set_config('bytea_output', 'hex', false), "
    "set_config('TimeZone', 'UTC', false), set_config('lc_monetary', 'C', false), "
    "set_config('synchronize_seqscans', 'off', false)"
)
_OWN = (
    "SELECT c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname ~ '^pwmig_' "
    "AND c.relname <> 'pwmig_journal' ORDER BY 1"
)
_HIDDEN = (
    "SELECT relname FROM pg_catalog.pg_class WHERE relrowsecurity AND pg_catalog.row_security_active(oid) ORDER BY 1"
)
_COUNTED = "SELECT schemaname, sequencename, last_value FROM pg_catalog.pg_sequences WHERE last_value IS NOT NULL"

# What was written to the tables since the server counts (which it may tell a second late), and by which transaction
# each was last defined.
_LOOK_S = 5
_NEXT = "SELECT (pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) % 4294967296)::text"
_FINGERPRINT = """
SELECT c.oid::bigint, c.xmin::text,
  pg_catalog.pg_stat_get_tuples_inserted(c.oid), pg_catalog.pg_stat_get_tuples_updated(c.oid),
  pg_catalog.pg_stat_get_tuples_deleted(c.oid)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1"""


class _PostgresqlMoving(Moving):
    keys_inline = False
    reader_options: dict[str, Any] = {}

    def begin_reading(self, execute: Execute) -> None:
        execute(_SAME_TEXTS)
        execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_filling(self, execute: Execute) -> None:
        execute(_SAME_TEXTS)
        execute("SET synchronous_commit = off")

    def end_filling(self, execute: Execute) -> None:
        execute("RESET ALL")

    def exactly(self, column: Column) -> str:
        return f"{quote(column.name)}::text"

    def insert(self, table: Table, columns: Sequence[str]) -> str:
        counted = any(column.identity == "ALWAYS" for column in table.columns)
        names = ", ".join(map(quote, columns))
        return f"INSERT INTO {qualified(table)} ({names})" + (" OVERRIDING SYSTEM VALUE" if counted else "")

    def end_orphans(
        self, execute: Execute, table: Table, parent: Table, key: ForeignKey, emptied: Sequence[str]
    ) -> int:
        filled = " AND ".join(f"c.{quote(name)} IS NOT NULL" for name in key.columns)
        same = " AND ".join(f"p.{quote(to)} = c.{quote(name)}" for name, to in zip(key.columns, key.ref_columns))
        nulls = ", ".join(f"{quote(name)} = NULL" for name in emptied)
        what = f"UPDATE {qualified(table)} AS c SET {nulls}" if nulls else f"DELETE FROM {qualified(table)} AS c"
        sql = (
            f"WITH ended AS ({what} WHERE {filled} "
            f"AND NOT EXISTS (SELECT 1 FROM {qualified(parent)} AS p WHERE {same}) RETURNING 1) "
            "SELECT count(*) FROM ended"
        )
        return int(execute(sql)[0][0])

    def set_counters(self, source: Execute, target: Execute, schema: Schema) -> None:
        here = source("SELECT current_schema()")[0][0]
        counted = {(place, name): value for place, name, value in source(_COUNTED)}
        for counter in _counters(schema):
            value = counted.get((counter.schema or here, counter.plain_name))
            if value is not None:
                with suppress(Exception):  # A sequence with another range than its value.
                    target(f"SELECT pg_catalog.setval({literal(qualified(counter))}::regclass, {int(value)})")

    def count_on(self, execute: Execute, table: Table, column: str) -> None:
        counter = f"pg_catalog.pg_get_serial_sequence({literal(qualified(table))}, {literal(column)})"
        last = f"(SELECT max({quote(column)}) FROM {qualified(table)})"
        execute(f"SELECT pg_catalog.setval({counter}, {last}) WHERE {last} IS NOT NULL")

    def own_tables(self, execute: Execute) -> list[str]:
        return [row[0] for row in execute(_OWN)]

    def copy_notes(self, source: Execute, target: Execute) -> None:
        from pwmig.dialects.postgresql.asides import copy_notes

        copy_notes(source, target)

    def hidden(self, execute: Execute) -> list[str]:
        return [row[0] for row in execute(_HIDDEN)]

    def fingerprint(self, execute: Execute) -> tuple[Any, ...]:
        return (execute(_NEXT)[0][0], tuple(execute(_FINGERPRINT)))

    def changed(self, execute: Execute, before: tuple[Any, ...]) -> bool:
        first, tables = before
        now, then = {row[0]: row[1:] for row in execute(_FINGERPRINT)}, {row[0]: row[1:] for row in tables}
        if {oid: row[0] for oid, row in now.items()} != {oid: row[0] for oid, row in then.items()}:
            return True
        # The server counts a write a moment late, so one from before may be counted only now: look for a newer row.
        counted = [oid for oid, row in now.items() if row[1:] != then[oid][1:]]
        return any(now[oid][3] != then[oid][3] or _newer(execute, oid, first) for oid in counted)

    def written_to_be_filled(self, schema: Schema) -> tuple[str, ...]:
        return write(schema)


def _newer(execute: Execute, oid: int, first: str) -> bool:
    """Whether a table holds a row of the transaction ``first`` or a later one; where it takes too long to look, yes."""
    name = execute(f"SELECT {int(oid)}::regclass::text")[0][0]
    try:
        execute(f"SET statement_timeout = '{_LOOK_S}s'")
        return bool(execute(f"SELECT 1 FROM {name} WHERE age(xmin) <= age('{int(first)}'::xid) LIMIT 1"))
    except Exception:
        return True
    finally:
        execute("SET statement_timeout = 0")


def _counters(schema: Schema) -> list[Counter]:
    of_columns = [column.sequence for table in schema.tables for column in table.columns]
    return [*schema.sequences, *(counter for counter in of_columns if counter is not None)]


MOVING = _PostgresqlMoving()
