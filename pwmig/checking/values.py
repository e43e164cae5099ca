"""Sample values for a column, by what its type is called. Pure and deterministic: the same number, the same value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pwmig.schema import Check, Column, Schema, Table

__all__ = ["NoValue", "value_of"]


class NoValue(Exception):
    """No sample value is known for a column; the message says why."""


def value_of(schema: Schema, table: Table, column: Column, number: int) -> Any:
    """The ``number``-th sample value of a column, from 1; another one for another number, as far as its type has them.

    Where a check names the values that a column may have, it is one of these. Raises NoValue for a type that is not
    known here.
    """
    listed = _listed_values(table.checks, column) or _enum_values(schema, column)
    if listed:
        return listed[(number - 1) % len(listed)]
    kind = _base_type(schema, column.type)
    if kind.endswith("[]"):
        return "{}"
    for pattern, make in _MAKERS:
        if re.search(pattern, kind):
            return make(number, kind)
    raise NoValue(f"no sample value is known for the type {column.type} of {column.name}")


def _base_type(schema: Schema, text: str) -> str:
    """The type in small letters, a domain's as the type below it."""
    for kind in schema.types:
        if kind.kind == "domain" and kind.base and text in (kind.name, kind.plain_name):
            return _base_type(schema, kind.base)
    return text.lower()


def _enum_values(schema: Schema, column: Column) -> tuple[str, ...]:
    for kind in schema.types:
        if kind.values and column.type in (kind.name, kind.plain_name):
            return kind.values
    written = re.match(r"(?i)\s*(?:enum|set)\s*\((.*)\)", column.type, re.DOTALL)
    return _literals(written[1]) if written else ()


def _listed_values(checks: tuple[Check, ...], column: Column) -> tuple[str, ...]:
    """The texts of ``column IN ('a', 'b')``, as PostgreSQL writes it too: ``column = ANY (ARRAY['a'::text, 'b'])``."""
    name = re.escape(column.name)
    for check in checks:
        found = re.search(
            rf"(?is)(?<![\w]){name}\b[^,()']*\)?(?:::[\w ]+)?\s*(?:in\s*\(|=\s*any\s*\()(.*)", check.expression
        )
        if found and _literals(found[1]):
            return _literals(found[1])
    return ()


def _literals(text: str) -> tuple[str, ...]:
    return tuple(found.replace("''", "'") for found in re.findall(r"'((?:[^']|'')*)'", text))


def _letters(number: int, kind: str) -> str:
    length = re.search(r"\((\d+)", kind)
    most = int(length[1]) if length else 80
    text = f"sample {number}"
    return text if len(text) <= most else str(number)[-most:] if most else ""


def _whole(number: int, kind: str) -> int:
    return number


def _broken(number: int, kind: str) -> Any:
    digits = re.search(r"\((\d+)(?:\s*,\s*(-?\d+))?", kind)
    scale = int(digits[2] or 0) if digits else 1
    if digits and int(digits[1]) - scale < 1:
        return number / 10**scale if scale else number
    return number + 0.5 if scale > 0 else number


def _bits(number: int, kind: str) -> str:
    length = re.search(r"\((\d+)", kind)
    return bin(number)[2:].zfill(int(length[1]) if length else 1)[-(int(length[1]) if length else 1) :]


_MAKERS: tuple[tuple[str, Callable[[int, str], Any]], ...] = (
    (r"^bool|^tinyint\(1\)", lambda number, kind: bool(number % 2)),
    (r"^interval", lambda number, kind: f"{number} days"),
    (r"^point$", lambda number, kind: f"({number},{number})"),
    (r"int4range|int8range|numrange", lambda number, kind: f"[{number},{number + 1})"),
    (r"daterange|tsrange|tstzrange", lambda number, kind: f"[2001-01-{number % 27 + 1:02},2001-02-01)"),
    (r"^(?:var)?bit\b|^bit varying", _bits),
    (r"int|serial|^year", lambda number, kind: 2000 + number if kind.startswith("year") else number),
    (r"datetime|timestamp", lambda number, kind: f"2001-02-{(number - 1) % 28 + 1:02} 03:04:05"),
    (r"^date", lambda number, kind: f"2001-02-{(number - 1) % 28 + 1:02}"),
    (r"^time", lambda number, kind: f"03:04:{number % 60:02}"),
    (r"uuid", lambda number, kind: f"00000000-0000-4000-8000-{number:012}"),
    (r"json", lambda number, kind: f'{{"sample": {number}}}'),
    (r"inet6", lambda number, kind: f"2001:db8::{number:x}"),
    (r"inet|cidr", lambda number, kind: f"192.0.2.{number % 250}"),
    (r"macaddr", lambda number, kind: f"02:00:00:00:00:{number % 256:02x}"),
    (r"^xml", lambda number, kind: f"<sample>{number}</sample>"),
    (r"tsvector|ltree|citext|hstore", lambda number, kind: "" if kind == "hstore" else f"sample{number}"),
    (r"char|text|clob|^name$", _letters),
    (r"blob|bytea|binary", lambda number, kind: f"sample{number}".encode()[: _most_bytes(kind)]),
    (r"real|floa|doub", lambda number, kind: number + 0.5),
    (r"numeric|decimal|money|number", _broken),
    (r"^$|^any$", _whole),
)


def _most_bytes(kind: str) -> int:
    length = re.search(r"\((\d+)", kind)
    return int(length[1]) if length else 80
