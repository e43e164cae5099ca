"""Rows of PostgreSQL's tables, as they are asked for and shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from pwmig.dialects.cells import BLOB_LIMIT, TEXT_LIMIT, CutBytes, CutText
from pwmig.dialects.postgresql.quoting import qualified, quote
from pwmig.dialects.postgresql.reach import code_of
from pwmig.dialects.server.asking import MARK, Execute, ask
from pwmig.dialects.server.speech import Reader, Speech
from pwmig.schema import Column, Table

__all__ = ["SPEECH"]

_PLAIN = ("boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric", "uuid", "oid")
_NUMBERS = ("smallint", "integer", "bigint", "real", "double precision", "numeric", "oid")
_UNSORTED = ("json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "txid_snapshot")
_TEXTS = ("text", "character varying", "character", "name", "citext", '"char"')
_LONG = 1_000

_ESTIMATE = f"""
SELECT coalesce(sum(CASE WHEN c.reltuples > 0 AND c.relpages > 0
  THEN c.reltuples / c.relpages * (pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int)
  ELSE greatest(c.reltuples, 0) END), 0)::bigint
FROM pg_catalog.pg_class AS c WHERE c.relkind <> 'p' AND (c.oid = {MARK}::regclass
  OR c.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree({MARK}::regclass)))"""

_VIEW = f"""
SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), n.nspname = current_schema()
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('v', 'm', 'f')
  AND ({MARK} = CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname)
ORDER BY a.attnum"""


class _PostgresqlSpeech(Speech):
    exact_names = True
    same = "IS NOT DISTINCT FROM"

    def quote(self, name: str) -> str:
        return quote(name)

    def source(self, table: Table) -> str:
        whole = table.partitioning is not None or "VIEW" in table.options
        return ("" if whole else "ONLY ") + qualified(table)

    def cell(self, column: Column) -> tuple[str, Reader | None]:
        name, plain = quote(column.name), _plain(column.type)
        if plain in _PLAIN:
            return name, None
        if plain == "bytea":
            return f"substring({name} FROM 1 FOR {BLOB_LIMIT + 1})", _bytes
        if plain in _MOMENTS:
            return f"{name}::text", _MOMENTS[plain]
        return f"left({name}::text, {TEXT_LIMIT + 1})", _text

    def exact(self, column: Column) -> str:
        text = f"{quote(column.name)}::text"
        return (
            f"CASE WHEN octet_length({text}) > {_LONG} THEN octet_length({text}) || ':' || md5({text}) ELSE {text} END"
        )

    def kind(self, column: Column) -> str:
        plain = _plain(column.type)
        if plain in _NUMBERS:
            return "numbers"
        return "texts" if plain in _TEXTS else "bytes" if plain == "bytea" else plain

    def sortable(self, column: Column) -> str:
        name, plain = quote(column.name), _plain(column.type)
        return f"{name}::text" if plain in _UNSORTED else name

    def found_in(self, column: Column, *, at_start: bool) -> str:
        if _plain(column.type) == "bytea":
            return "FALSE"
        # By the letters themselves: a collation that is not deterministic has no way to search in a text.
        found = f'strpos(lower({quote(column.name)}::text) COLLATE "C", lower({MARK}::text) COLLATE "C")'
        return found + (" = 1" if at_start else " > 0")

    def estimate(self, execute: Execute, table: Table) -> int:
        if "VIEW" in table.options:
            return 0
        return int(ask(execute, _ESTIMATE, (qualified(table),) * 2)[0][0])

    def limit_time(self, execute: Execute, seconds: float) -> None:
        limit = f"{max(1, round(seconds * 1000))}ms" if seconds else "0"
        execute(f"SET statement_timeout = '{limit}'")

    def timed_out(self, error: BaseException) -> bool:
        return code_of(error) == "57014"

    def columns_of_view(self, execute: Execute, name: str) -> tuple[str, str | None, list[tuple[str, str]]] | None:
        rows = ask(execute, _VIEW, (name,))
        if not rows:
            return None
        schema, plain, _, _, default = rows[0]
        return (plain if default else f"{schema}.{plain}", None if default else schema, [row[2:4] for row in rows])


def _plain(type: str) -> str:
    """A type without what stands in its parentheses: ``numeric`` of ``numeric(10,2)``."""
    if "(" not in type or type.endswith("]"):
        return type
    head, _, rest = type.partition("(")
    return (head.rstrip() + rest.partition(")")[2]).strip()


def _text(value: Any) -> Any:
    return CutText(value[:TEXT_LIMIT]) if value is not None and len(value) > TEXT_LIMIT else value


def _bytes(value: Any) -> Any:
    if value is None:
        return None
    whole = bytes(value)
    return CutBytes(whole[:BLOB_LIMIT]) if len(whole) > BLOB_LIMIT else whole


def _moment(parse: Callable[[str], Any]) -> Reader:
    """A date or a time where Python has it; PostgreSQL's own text for infinity, years before 1 and behind 9999."""

    def read(value: Any) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError:
            return value

    return read


_MOMENTS = {
    "date": _moment(date.fromisoformat),
    "timestamp without time zone": _moment(datetime.fromisoformat),
    "timestamp with time zone": _moment(datetime.fromisoformat),
    "time without time zone": _moment(time.fromisoformat),
}

SPEECH = _PostgresqlSpeech()
