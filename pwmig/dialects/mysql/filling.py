"""A database filled with all rows of another one on the same server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.moving import MOVING
from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.mysql.reach import REACH
from pwmig.dialects.server.asking import on
from pwmig.dialects.server.connecting import opened, twin
from pwmig.dialects.server.parts import parts
from pwmig.dialects.server.redirect import direct

if TYPE_CHECKING:
    from pwmig.dialects.mysql.dialect import MySQLDialect

__all__ = ["filled_from"]


def filled_from(dialect: MySQLDialect, database: Any, template: str) -> None:
    """Make the schema of the database ``template``, then its rows, and only then its triggers; events stay disabled."""
    with direct(), opened(twin(database, REACH, template)) as source:
        ask = on(source)
        schema = dialect.introspect(source)
        own = MOVING.own_tables(ask)
        target = on(database)
        first, then = parts(schema, MOVING.written_to_be_filled, keys_inline=MOVING.keys_inline)
        MOVING.begin_filling(target)
        try:
            for sql in (*first, *(f"CREATE TABLE {quote(name)} LIKE {quote(template)}.{quote(name)}" for name in own)):
                target(sql)
            columns = dict.fromkeys(own, "*")
            for table in schema.tables:
                columns[table.name] = ", ".join(quote(one.name) for one in table.columns if one.generated is None)
            for name, wanted in columns.items():
                into = quote(name) if wanted == "*" else f"{quote(name)} ({wanted})"
                target(f"INSERT INTO {into} SELECT {wanted} FROM {quote(template)}.{quote(name)}")
            MOVING.set_counters(ask, target, schema)
            for sql in then:
                target(sql)
        finally:
            MOVING.end_filling(target)
