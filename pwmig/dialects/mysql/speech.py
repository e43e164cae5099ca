"""Rows of MariaDB's and MySQL's tables, as they are asked for and shown."""

from __future__ import annotations

import re
from typing import Any

from pwmig.dialects.cells import BLOB_LIMIT, TEXT_LIMIT, CutBytes, CutText
from pwmig.dialects.mysql.quoting import qualified, quote
from pwmig.dialects.server.asking import MARK, Execute, ask
from pwmig.dialects.server.speech import Reader, Speech
from pwmig.schema import Column, Table

__all__ = ["SPEECH"]

_NUMBERS = frozenset(
    (
        *("tinyint", "smallint", "mediumint", "int", "integer", "bigint", "decimal", "numeric", "float", "double"),
        *("real", "year", "bit", "boolean"),
    )
)
_TEXTS = frozenset(
    ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json", "uuid", "inet4", "inet6")
)
_BYTES = frozenset(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"))
_SHAPES = frozenset(
    (
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        "geometrycollection",
    )
)
_LONG = 1_000
_TIMED_OUT = (1969, 3024)


class _MySQLSpeech(Speech):
    exact_names = False
    same = "<=>"

    def quote(self, name: str) -> str:
        return quote(name)

    def source(self, table: Table) -> str:
        return qualified(table)

    def cell(self, column: Column) -> tuple[str, Reader | None]:
        name, word = quote(column.name), _word(column)
        if word in _SHAPES:
            return f"LEFT(ST_AsText({name}), {TEXT_LIMIT + 1})", _text
        if word in _BYTES:
            return f"LEFT({name}, {BLOB_LIMIT + 1})", _bytes
        if word == "bit":
            return f"{name} + 0", None
        return (f"LEFT({name}, {TEXT_LIMIT + 1})", _text) if word in _TEXTS else (name, None)

    def exact(self, column: Column) -> str:
        name, word = quote(column.name), _word(column)
        if word in _BYTES or word in _SHAPES:
            text, size = f"HEX({name})", f"LENGTH({name})"
        elif word == "bit":
            return f"CAST({name} + 0 AS CHAR)"
        elif word == "float":  # Written as it is, one has six digits; it holds more.
            return f"CAST(CAST({name} AS DOUBLE) AS CHAR)"
        elif word in _TEXTS:
            text, size = name, f"LENGTH({name})"
        else:
            return f"CAST({name} AS CHAR)"
        return f"IF({size} > {_LONG}, CONCAT({size}, ':', MD5({name})), {text})"

    def kind(self, column: Column) -> str:
        word = _word(column)
        if word in _NUMBERS:
            return "numbers"
        return "texts" if word in _TEXTS else "bytes" if word in _BYTES else word

    def sortable(self, column: Column) -> str:
        return quote(column.name)

    def found_in(self, column: Column, *, at_start: bool) -> str:
        word = _word(column)
        if word in _BYTES or word in _SHAPES or word == "bit":
            return "FALSE"
        # By the letters themselves: a collation may take é for e.
        text = f"LOWER(CONVERT({quote(column.name)} USING utf8mb4)) COLLATE utf8mb4_bin"
        found = f"LOCATE(LOWER(CONVERT({MARK} USING utf8mb4)) COLLATE utf8mb4_bin, {text})"
        return found + (" = 1" if at_start else " > 0")

    def estimate(self, execute: Execute, table: Table) -> int:
        sql = (
            "SELECT TABLE_ROWS FROM information_schema.TABLES "
            f"WHERE TABLE_SCHEMA = COALESCE({MARK}, DATABASE()) AND TABLE_NAME = {MARK}"
        )
        rows = ask(execute, sql, (table.schema, table.plain_name))
        return int(rows[0][0] or 0) if rows else 0

    def limit_time(self, execute: Execute, seconds: float) -> None:
        try:
            execute(f"SET SESSION max_statement_time = {seconds:.3f}")
        except Exception as error:
            if not error.args or error.args[0] != 1193:
                raise
            # MySQL has it in milliseconds, under another name.
            execute(f"SET SESSION max_execution_time = {round(seconds * 1000)}")

    def timed_out(self, error: BaseException) -> bool:
        return bool(error.args) and error.args[0] in _TIMED_OUT

    def columns_of_view(self, execute: Execute, name: str) -> tuple[str, str | None, list[tuple[str, str]]] | None:
        sql = (
            "SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, c.TABLE_SCHEMA = DATABASE() "
            "FROM information_schema.COLUMNS AS c JOIN information_schema.VIEWS AS v USING (TABLE_SCHEMA, TABLE_NAME) "
            f"WHERE c.TABLE_SCHEMA = {MARK} AND c.TABLE_NAME = {MARK} ORDER BY c.ORDINAL_POSITION"
        )
        here = execute("SELECT DATABASE()")[0][0]
        other, _, plain = name.partition(".")
        rows = ask(execute, sql, (here, name)) or ask(execute, sql, (other, plain))
        if not rows:
            return None
        schema, plain, _, _, default = rows[0]
        return (plain if default else f"{schema}.{plain}", None if default else schema, [row[2:4] for row in rows])


def _word(column: Column) -> str:
    """The word that a type begins with."""
    found = re.match(r"[a-z0-9]+", column.type.lower())
    return found.group() if found else ""


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    return CutText(value[:TEXT_LIMIT]) if value is not None and len(value) > TEXT_LIMIT else value


def _bytes(value: Any) -> Any:
    return CutBytes(value[:BLOB_LIMIT]) if value is not None and len(value) > BLOB_LIMIT else value


SPEECH = _MySQLSpeech()
