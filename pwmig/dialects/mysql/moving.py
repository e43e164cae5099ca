"""Rows taken from one MariaDB or MySQL database into another: values as the texts and bytes that the server sends."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from pwmig.dialects.mysql.quoting import qualified, quote
from pwmig.dialects.mysql.writing import write
from pwmig.dialects.server.asking import Execute
from pwmig.dialects.server.moving import Moving
from pwmig.schema import Column, ForeignKey, Schema, Table

__all__ = ["MOVING"]

_OWN = (
    "SELECT TABLE_NAME FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND LEFT(TABLE_NAME, 6) = 'pwmig_' AND TABLE_NAME <> 'pwmig_journal' "
    "AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1"
)
_COUNTED = (
    "SELECT TABLE_NAME, AUTO_INCREMENT FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND AUTO_INCREMENT IS NOT NULL"
)
_FINGERPRINT = (
    "SELECT TABLE_NAME, CREATE_TIME, UPDATE_TIME, AUTO_INCREMENT FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1"
)


class _MySQLMoving(Moving):
    keys_inline = True

    @property
    def reader_options(self) -> dict[str, Any]:  # type: ignore[override]
        """Without the driver's own reading of numbers, dates and times: a date of zeros has no other form."""
        try:
            return {"conv": dict(import_module("pymysql.converters").encoders)}
        except ImportError:  # Another driver.
            return {}

    def begin_reading(self, execute: Execute) -> None:
        execute("SET SESSION time_zone = '+00:00'")
        execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def begin_filling(self, execute: Execute) -> None:
        execute("SET SESSION time_zone = '+00:00', foreign_key_checks = 0")
        execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION'")

    def end_filling(self, execute: Execute) -> None:
        execute("SET SESSION sql_mode = DEFAULT, foreign_key_checks = DEFAULT")
        execute("SET SESSION time_zone = DEFAULT")

    def exactly(self, column: Column) -> str:
        name = quote(column.name)
        if column.type.lower().startswith("float"):  # Written as it is, one has six digits; it holds more.
            return f"CAST({name} AS DOUBLE)"
        return name

    def insert(self, table: Table, columns: Sequence[str]) -> str:
        return f"INSERT INTO {qualified(table)} ({', '.join(map(quote, columns))})"

    def end_orphans(
        self, execute: Execute, table: Table, parent: Table, key: ForeignKey, emptied: Sequence[str]
    ) -> int:
        filled = " AND ".join(f"c.{quote(name)} IS NOT NULL" for name in key.columns)
        same = " AND ".join(f"p.{quote(to)} = c.{quote(name)}" for name, to in zip(key.columns, key.ref_columns))
        # A table can't be read by the statement that writes it, but for a copy of it.
        others = f"(SELECT {', '.join(dict.fromkeys(map(quote, key.ref_columns)))} FROM {qualified(parent)})"
        nowhere = f"NOT EXISTS (SELECT 1 FROM {others} AS p WHERE {same})"
        if emptied:
            # What is set to itself is not set by ON UPDATE.
            kept = [column.name for column in table.columns if column.on_update and column.name not in emptied]
            sets = [f"c.{quote(name)} = NULL" for name in emptied] + [f"c.{quote(n)} = c.{quote(n)}" for n in kept]
            execute(f"UPDATE {qualified(table)} AS c SET {', '.join(sets)} WHERE {filled} AND {nowhere}")
        else:
            execute(f"DELETE c FROM {qualified(table)} AS c WHERE {filled} AND {nowhere}")
        return int(execute("SELECT ROW_COUNT()")[0][0])

    def set_counters(self, source: Execute, target: Execute, schema: Schema) -> None:
        counted: dict[str, Any] = dict(source(_COUNTED))
        for table in schema.tables:
            if table.schema is None and (value := counted.get(table.name)) is not None:
                with suppress(Exception):  # The table of a view's name, or of an engine without.
                    target(f"ALTER TABLE {qualified(table)} AUTO_INCREMENT = {int(value)}")
        for counter in schema.sequences:
            with suppress(Exception):  # One that this account may not read.
                value = source(f"SELECT next_not_cached_value FROM {qualified(counter)}")[0][0]
                target(f"SELECT SETVAL({qualified(counter)}, {int(value)}, 0)")

    def count_on(self, execute: Execute, table: Table, column: str) -> None:
        """An AUTO_INCREMENT column does so by itself."""

    def own_tables(self, execute: Execute) -> list[str]:
        return [row[0] for row in execute(_OWN)]

    def hidden(self, execute: Execute) -> list[str]:
        return []

    def fingerprint(self, execute: Execute) -> tuple[Any, ...]:
        return tuple(execute(_FINGERPRINT))

    def written_to_be_filled(self, schema: Schema) -> tuple[str, ...]:
        return write(schema, for_copy=True)


MOVING = _MySQLMoving()
