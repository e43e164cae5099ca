"""A table's record from the catalog's rows about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from functools import lru_cache
from json import loads
from typing import Any

from pwmig.dialects.mysql.quoting import literal, qualified, quote
from pwmig.dialects.mysql.seeing.columns import is_geometry, mariadb_column, mysql_column, unescaped
from pwmig.dialects.mysql.seeing.partitions import partitioning
from pwmig.dialects.mysql.seeing.periods import with_overlaps
from pwmig.dialects.mysql.seeing.texts import readable, under_mode
from pwmig.records import dataclass
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Table, Trigger

__all__ = ["HIDDEN", "Raw", "grants", "plain_name", "sorted_by_name", "table"]

Row = tuple[Any, ...]

_OPTION = re.compile(r"`(?:[^`]|``)*`='(?:[^']|'')*'|[^\s=]+=\"[^\"]*\"|\S+")
_PRIMARY = "PRIMARY"

HIDDEN = "?"
"""The action of a foreign key that the account may not see: of such a key, the catalog tells the columns only."""


@dataclass(slots=True)
class Raw:
    """The catalog's rows about one table, as they came; ``schema`` is its database if it isn't the default one.

    ``period`` is the clause of its application-time period, and ``apart`` are the keys that let none overlap.
    """

    name: str
    about: Row
    schema: str | None = None
    columns: list[Row] = field(default_factory=list)
    indexes: list[Row] = field(default_factory=list)
    checks: list[Row] = field(default_factory=list)
    keys: list[Row] = field(default_factory=list)
    rules: list[Row] = field(default_factory=list)
    triggers: list[Row] = field(default_factory=list)
    partitions: list[Row] = field(default_factory=list)
    grants: list[Row] = field(default_factory=list)
    column_grants: list[Row] = field(default_factory=list)
    srids: list[int] = field(default_factory=list)
    period: str = ""
    apart: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[Any, ...]:
        """All that the catalog says of the table: where it is the same, the record is."""
        few = (self.checks, self.keys, self.rules, self.triggers, self.partitions, self.grants, self.column_grants)
        said = (self.name, self.about, tuple(self.columns), tuple(self.indexes), tuple(self.srids))
        return (*said, self.period, self.apart, *map(tuple, few))


def plain_name(raw: Raw) -> str:
    """The table's name within its database."""
    return raw.name if raw.schema is None else raw.name[len(raw.schema) + 1 :]


def table(raw: Raw, database: str, mariadb: bool) -> Table:
    """The record; ``database`` is the one connected to."""
    primary, indexes = _indexes(raw.indexes)
    names = tuple([part.column or "" for part in primary.parts]) if primary else ()
    if raw.apart:
        indexes = tuple(replace(index, options=with_overlaps(raw, index.name)) for index in indexes)
    special = primary is not None and any(part.descending or part.length for part in primary.parts)
    return Table(
        name=raw.name,
        columns=_columns(raw, database, mariadb),
        primary_key=names,
        indexes=indexes,
        foreign_keys=_foreign_keys(raw, database) if raw.keys else (),
        checks=_checks(raw, mariadb) if raw.checks else (),
        triggers=_triggers(raw, mariadb) if raw.triggers else (),
        options=(*_options(*raw.about[:4]), raw.period) if raw.period else _options(*raw.about[:4]),
        primary_key_parts=primary.parts if primary and special else (),
        primary_key_options=(
            *((f"USING {primary.method}",) if primary and primary.method else ()),
            *with_overlaps(raw, _PRIMARY),
        ),
        primary_key_comment=primary.comment if primary else None,
        partitioning=partitioning(raw.partitions) if raw.partitions else None,
        comment=raw.about[4] or None,
        grants=grants(raw.grants) if raw.grants else (),
        schema=raw.schema,
    )


def sorted_by_name(things: Iterable[Any]) -> tuple[Any, ...]:
    """The things in the order of their names, letter case last."""
    found = tuple(things)
    return found if len(found) < 2 else tuple(sorted(found, key=lambda thing: (thing.name.lower(), thing.name)))


def _columns(raw: Raw, database: str, mariadb: bool) -> tuple[Column, ...]:
    make = mariadb_column if mariadb else mysql_column
    columns = [make(row[1:], database) for row in raw.columns]
    if raw.srids:
        columns = _placed(columns, raw.srids)
    if raw.column_grants:
        columns = [_granted(column, raw.column_grants) for column in columns]
    return tuple(columns)


def _placed(columns: list[Column], srids: list[int]) -> list[Column]:
    """The columns on a map with the system that their places are in; MariaDB tells these without names, in order."""
    places = [at for at, column in enumerate(columns) if is_geometry(column.type)]
    for at, srid in zip(places, srids):
        if srid:
            column = columns[at]
            columns[at] = replace(column, options=(*column.options, f"REF_SYSTEM_ID={srid}"))
    return columns


def _granted(column: Column, rows: list[Row]) -> Column:
    own = [row for row in rows if row[5] == column.name]
    return replace(column, grants=grants(own)) if own else column


def grants(rows: Iterable[Row]) -> tuple[str, ...]:
    """Rows of kind, name, grantee, privilege and grantable as one text a grantee: ``INSERT, SELECT TO 'reader'@'%'``.

    A role stands alone, as GRANT wants it (the catalog gives it an empty host).
    """
    held: dict[tuple[str, bool], set[str]] = {}
    for _, _, grantee, privilege, grantable, *_ in rows:
        held.setdefault((grantee, grantable == "YES"), set()).add(privilege)
    found = []
    for (grantee, grantable), privileges in held.items():
        name = _grantee(grantee)
        ending = " WITH GRANT OPTION" if grantable else ""
        found.append(f"{', '.join(sorted(privileges))} TO {name}{ending}")
    return tuple(sorted(found))


def _grantee(text: str) -> str:
    """The account as GRANT reads it: the catalog puts names between quotes and leaves those in them as they are."""
    user, _, host = text[1:-1].rpartition("'@'")
    return f"{literal(user)}@{literal(host)}" if host else literal(user)


@lru_cache(maxsize=8192)
def _part(column: str | None, order: str | None, length: str | None, expression: str | None = None) -> IndexPart:
    return IndexPart(column, expression, descending=order == "D", length=int(length) if length else None)


def _indexes(rows: Sequence[Row]) -> tuple[Index | None, tuple[Index, ...]]:
    """The primary key, and the other indexes by name."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        if row[2] in parts:
            parts[row[2]].append(row)
        else:
            parts[row[2]] = [row]
    primary = parts.pop(_PRIMARY, None)
    return _index(primary) if primary else None, sorted_by_name([_index(found) for found in parts.values()])


def _index(rows: list[Row]) -> Index:
    if len(rows) == 1:
        return _index_of(rows[0][2:])
    ordered = sorted(rows, key=lambda row: int(row[6].split(" ", 4)[3]))
    return _index_of(*[row[2:] for row in ordered])


@lru_cache(maxsize=8192)
def _index_of(*parts: Row) -> Index:
    """Of the parts in their order: name, column, order, length, words, comment.

    The words are its method, 1 where it is not unique, YES where it is ignored, the part's place, and an expression.
    """
    name, comment = parts[0][0], parts[0][5]
    method, non_unique, ignored = parts[0][4].split(" ", 4)[:3]
    # The catalog gives a length of 32 bytes for a SPATIAL index, which can't be written.
    cut = method not in ("SPATIAL", "RTREE")
    return Index(
        name,
        tuple(
            [
                _part(column, order, length if cut else None, _expression(words))
                for _, column, order, length, words, _ in parts
            ]
        ),
        non_unique == "0",
        method=None if method == "BTREE" else method,
        invisible=ignored == "YES",
        comment=comment or None,
    )


def _expression(words: str) -> str | None:
    _, _, _, _, *expression = words.split(" ", 4)
    return unescaped(expression[0]) if expression else None


def _foreign_keys(raw: Raw, database: str) -> tuple[ForeignKey, ...]:
    actions = {row[2]: row for row in raw.rules}
    parts: dict[str, list[Row]] = {}
    for row in raw.keys:
        parts.setdefault(row[2], []).append(row)
    return sorted_by_name([_foreign_key(name, rows, actions.get(name), database) for name, rows in parts.items()])


def _foreign_key(name: str, rows: list[Row], actions: Row | None, database: str) -> ForeignKey:
    if len(rows) > 1:
        rows.sort(key=lambda row: int(row[7]))
    place, table = rows[0][4:6]
    away = place != database
    return ForeignKey(
        tuple([row[3] for row in rows]),
        f"{place}.{table}" if away else table,
        tuple([row[6] for row in rows]),
        actions[3] if actions else HIDDEN,
        actions[4] if actions else HIDDEN,
        name=name,
        ref_schema=place if away else None,
    )


def _checks(raw: Raw, mariadb: bool) -> tuple[Check, ...]:
    found = []
    for _, _, name, level, clause, enforced, *_ in raw.checks:
        text = clause.strip() if mariadb else _bare(unescaped(clause))
        found.append(Check(text, name, name if level == "Column" else None, enforced=enforced != "NO"))
    return tuple(sorted(found, key=lambda check: ((check.name or "").lower(), check.name or "", check.expression)))


def _bare(clause: str) -> str:
    """MySQL gives the clause in parentheses of its own."""
    clause = clause.strip()
    return clause[1:-1].strip() if clause.startswith("(") and clause.endswith(")") else clause


def _place(row: Row) -> int:
    return int(loads(row[5])[0])


def _triggers(raw: Raw, mariadb: bool) -> tuple[Trigger, ...]:
    """The triggers; each names the one that it FOLLOWS, for their order counts.

    Their text is empty where the account may not see it.
    """
    found = []
    before: dict[tuple[str, str], str] = {}
    for _, _, name, timing, event, packed, body, *_ in sorted(raw.triggers, key=_place):
        mode = loads(packed)[1]
        follows = before.get((timing, event))
        before[timing, event] = name
        after = f"FOLLOWS {quote(follows)} " if follows is not None else ""
        sql = (
            f"CREATE TRIGGER {qualified(name, raw.schema)} {timing} {event.replace(',', ' OR ')} "
            f"ON {qualified(plain_name(raw), raw.schema)} FOR EACH ROW {after}{readable(body or '', mode)}"
        )
        found.append(Trigger(name, under_mode(sql, mode, mariadb) if body is not None else ""))
    return sorted_by_name(found)


@lru_cache(maxsize=1024)
def _options(kind: str, engine: str | None, collation: str | None, options: str | None) -> tuple[str, ...]:
    """Engine, collation, system versioning and what CREATE_OPTIONS says was written, each a clause of CREATE TABLE."""
    found = [] if engine is None else [f"ENGINE={engine}"]
    if collation:
        found.append(f"COLLATE={collation}")
    written = []
    for option in _OPTION.findall(options or ""):
        name, _, value = option.partition("=")
        if name.lower() != "partitioned":
            written.append(option if name.startswith("`") else f"{name.upper()}={value}")
    if kind == "SYSTEM VERSIONED":
        written.append("WITH SYSTEM VERSIONING")
    return (*found, *sorted(written))
