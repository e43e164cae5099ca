"""Another type for a column, and nothing else: its collation, storage, default and values stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.postgresql.operations.dependants import readers_of_column
from pwmig.dialects.server.asking import MARK, ask, on
from pwmig.dialects.server.operations.waiting import DEFAULT, REQUIRED, mentions
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.postgresql.operations.server import PostgresqlServer
    from pwmig.dialects.server.operations.work import Work
    from pwmig.errors import OperationRefused
    from pwmig.schema import Column

__all__ = ["assignable", "differing", "is_wider", "set_type", "tried"]

_STORAGES = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSIONS = {"p": "pglz", "l": "lz4"}


@dataclass(frozen=True, slots=True)
class _Facts:
    """What ALTER TYPE would set back: texts of SQL, None where the column has the type's own."""

    type: str
    collation: str | None
    storage: str | None
    compression: str | None


def set_type(
    server: PostgresqlServer, work: Work, column: Column, type_: str, collation: str | None, cast: str | None
) -> None:
    """One ALTER TABLE. The default is cast along; where it can't be, the error says so and nothing is changed."""
    name = server.quote(column.name)
    what = f"the type of column {column.name!r} of {work.name!r} can't be changed"
    work.require_no_needs(what, readers_of_column(work, column.name), column.name)
    facts = _facts(server, work, column)
    if cast is None and _keeps_values(server, work, column, facts.type, type_):
        # What comes out the same both ways may be cast, also where the server would not do it by itself.
        cast = None if assignable(server.database, f"NULL::{facts.type}", type_) else f"{name}::{type_}"
    _require_default_fits(server, work, column, type_)
    collates, is_toasted = _abilities(server, type_)
    sql = f"ALTER COLUMN {name} TYPE {type_}"
    collation = collation or facts.collation
    if collates and collation:
        sql += f" COLLATE {collation}"
    if cast is not None:
        sql += f" USING {cast}"
    changes = [*_default_around(server, work, column, type_, sql)]
    if is_toasted and facts.storage:
        changes.append(f"ALTER COLUMN {name} SET STORAGE {facts.storage}")
    if is_toasted and facts.compression:
        changes.append(f"ALTER COLUMN {name} SET COMPRESSION {facts.compression}")
    _alter(server, work, column, type_, changes, cast, _targets(server, work, column))


def _targets(server: PostgresqlServer, work: Work, column: Column) -> list[str]:
    """Statements that set the targets of statistics which the server forgets with what it makes anew.

    Those of expressions in indexes (https://www.postgresql.org/docs/current/sql-alterindex.html) and of statistics
    objects, of the table and of all that have the column from it.
    """
    rows = server.ask(
        f"WITH RECURSIVE kin (oid) AS (SELECT {MARK}::oid UNION SELECT inhrelid FROM pg_inherits, kin "
        f"WHERE inhparent = kin.oid), own AS (SELECT attrelid, attnum FROM pg_attribute, kin WHERE attrelid = kin.oid "
        f"AND attname = {MARK}) SELECT 'ALTER INDEX ' || i.indexrelid::regclass || ' ALTER COLUMN ' || a.attnum || "
        "' SET STATISTICS ' || a.attstattarget FROM own JOIN pg_index i ON i.indrelid = own.attrelid "
        "JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attstattarget >= 0 WHERE EXISTS (SELECT 1 "
        "FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = i.indexrelid AND refobjid = own.attrelid "
        "AND refobjsubid = own.attnum) UNION ALL SELECT 'ALTER STATISTICS ' || quote_ident(n.nspname) || '.' || "
        "quote_ident(s.stxname) || ' SET STATISTICS ' || s.stxstattarget FROM own JOIN pg_statistic_ext s "
        "ON s.stxrelid = own.attrelid AND s.stxstattarget >= 0 JOIN pg_namespace n ON n.oid = s.stxnamespace "
        "WHERE own.attnum = ANY (s.stxkeys) OR s.stxexprs IS NOT NULL",
        [work.place.oid, column.name],
    )
    return [statement for (statement,) in rows]


def _facts(server: PostgresqlServer, work: Work, column: Column) -> _Facts:
    compression = "a.attcompression::text" if server.database.server_version >= 140000 else "''"
    rows = server.ask(
        "SELECT format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> t.typcollation THEN "
        "(SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) FROM pg_collation c "
        "JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = a.attcollation) END, "
        f"CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END, {compression} "
        "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        f"WHERE a.attrelid = {MARK} AND a.attname = {MARK}",
        [work.place.oid, column.name],
    )
    type_, collation, storage, packed = rows[0]
    return _Facts(type_, collation, _STORAGES.get(storage or ""), _COMPRESSIONS.get(packed or ""))


def _abilities(server: PostgresqlServer, type_: str) -> tuple[bool, bool]:
    """Whether the type has a collation, and whether its values may be stored elsewhere."""
    rows = server.ask(
        f"SELECT typcollation <> 0, typstorage <> 'p' FROM pg_type WHERE oid = to_regtype({MARK})", [_bare(type_)]
    )
    return rows[0] if rows else (False, False)


def _bare(type_: str) -> str:
    """A type without its modifiers, which no old server's ``to_regtype`` reads: ``varchar`` of ``varchar(9)``."""
    begin, end = type_.find("("), type_.find(")")
    return type_ if begin < 0 else type_[:begin] + type_[end + 1 :]


def _default_around(server: PostgresqlServer, work: Work, column: Column, type_: str, sql: str) -> list[str]:
    """The change, with the default taken away before and set after it where it does not become the new type itself."""
    if column.default is None or column.generated is not None or assignable(server.database, column.default, type_):
        return [sql]
    name = server.quote(column.name)
    return [
        f"ALTER COLUMN {name} DROP DEFAULT",
        sql,
        f"ALTER COLUMN {name} SET DEFAULT CAST({column.default} AS {type_})",
    ]


def _require_default_fits(server: PostgresqlServer, work: Work, column: Column, type_: str) -> None:
    """Refuse a type that a constant default can't become: the server would say so at the next INSERT only."""
    if column.default is None or column.generated is not None or "(" in column.default:
        return
    try:
        with server.database.atomic():
            server.ask(f"SELECT CAST({column.default} AS {type_})")
    except Exception as error:  # Of whichever driver is in use.
        raise work.refused(
            f"the default of column {column.name!r} of {work.name!r} can't become {type_}",
            f"it is {column.default}, and {server.title} says: {str(error).splitlines()[0]}",
            f"before it, migrator.drop_column_default({work.name!r}, {column.name!r})",
            column.name,
        ) from error


def assignable(database: peewee.Database, expression: str, type_: str, rows: str = "") -> bool:
    """Whether the server casts an expression to the type by itself, as it casts a value that is assigned.

    ``rows`` stands behind FROM, where the expression names columns.
    https://www.postgresql.org/docs/current/sql-createcast.html
    """
    source = _type_of(database, expression, rows)
    found = ask(
        on(database),
        f"SELECT 1 FROM pg_type t WHERE t.oid = to_regtype({MARK}) AND (t.oid = {MARK} OR t.typcategory = 'S' "
        f"OR EXISTS (SELECT 1 FROM pg_cast WHERE castsource = {MARK} AND casttarget = t.oid "
        "AND castcontext IN ('a', 'i')))",
        [_bare(type_), source, source],
    )
    return bool(found)


def _type_of(database: peewee.Database, expression: str, rows: str) -> int:
    """The type of an expression, which is not evaluated: it may count a sequence up."""
    cursor = database.connection().cursor()
    try:
        cursor.execute(f"SELECT {expression}{' FROM ' + rows if rows else ''} WHERE false", None)
        return int(cursor.description[0][1])
    finally:
        cursor.close()


# -- values


def _keeps_values(server: PostgresqlServer, work: Work, column: Column, old: str, new: str) -> bool:
    """Whether it is known that all values stay; False where types can't be cast or compared.

    Refuses a type that would round, cut or otherwise alter a value on its way, as ``numeric`` to ``integer`` does.
    """
    if is_wider(old, new) or column.generated is not None:
        return False
    name = f"t.{server.quote(column.name)}"
    there = f"{name}::{new}"
    condition = differing(server.database, f"{work.sql} AS t", name, old, new)
    if condition is None:
        return False
    rows = tried(
        server.database, f"SELECT {name}::text, ({there})::text FROM {work.sql} AS t WHERE {condition} LIMIT 1"
    )
    if rows:
        before, after = rows[0]
        raise work.refused(
            f"the type of {work.name}.{column.name} can't be changed without changing values",
            f"{work.count(condition)} would hold another value, as {before!r:.60} would become {after!r:.60}",
            "mend these values first, or say with cast= how they become the new ones",
            column.name,
        )
    return rows is not None


def differing(database: peewee.Database, rows: str, name: str, old: str, new: str) -> str | None:
    """The condition for a value, read by ``name``, that does not come back from another type as it was.

    None where there is no way to the type. Where there is none back, or no ``=`` for what comes back, texts are
    compared, and of ``json`` what they say. ``rows`` stands behind FROM.
    """
    there = f"{name}::{new}"
    back = "numeric" if old.startswith("numeric(") and not old.endswith("]") else old  # A rounded one may be too long.
    ways = (
        f"{there}::{back} IS DISTINCT FROM {name}",
        f"{there}::{old}::jsonb IS DISTINCT FROM {name}::jsonb",
        f"{there}::text IS DISTINCT FROM {name}::text",
    )
    tries = ways if old == "json" else (ways[0], ways[2])
    return next(
        (way for way in tries if tried(database, f"SELECT 1 FROM {rows} WHERE false AND {way}") is not None), None
    )


_TEXTS = ("text", "varchar", "character varying")
_WIDER = {
    "smallint": ("integer", "int", "bigint", "numeric", "decimal", *_TEXTS),
    "integer": ("bigint", "numeric", "decimal", "double precision", *_TEXTS),
    "bigint": ("numeric", "decimal", *_TEXTS),
    "real": ("double precision",),
    "date": ("timestamp", "timestamp without time zone"),
    "text": _TEXTS,
}
"""Types whose every value has its place in others, and is the same when it comes back."""


_SIZED = re.compile(r"(character varying|varchar|numeric|decimal)(?: ?\((\d+)(?:, ?(-?\d+))?\))?")


def is_wider(old: str, new: str) -> bool:
    """Whether every value of a type has its place in the new one: then nothing needs to be read."""
    new = new.lower()
    if old == new or new in _WIDER.get(old, ()):
        return True
    before, after = _SIZED.fullmatch(old), _SIZED.fullmatch(new)
    if before is None or before[1] == "numeric":
        return before is not None and after is not None and _has_digits(before, after)
    if new in _TEXTS:
        return True
    if after is None or after[1] not in _TEXTS or before[2] is None:
        return False
    return int(before[2]) <= int(after[2])


def _has_digits(before: re.Match[str], after: re.Match[str]) -> bool:
    """Whether a number has its place, in front of the point and behind it; a precision may stand alone."""
    if after[1] not in ("numeric", "decimal") or before[2] is None:
        return False
    if after[2] is None:
        return True
    scale, other = int(before[3] or 0), int(after[3] or 0)
    return scale <= other and int(before[2]) - scale <= int(after[2]) - other


def tried(database: peewee.Database, sql: str) -> list[tuple[Any, ...]] | None:
    """The rows of a question, None where types can't be cast or compared: then the ALTER TABLE itself says so."""
    try:
        with database.atomic():
            return on(database)(sql)
    except Exception:  # An error of whichever driver is in use.
        return None


def _alter(
    server: PostgresqlServer,
    work: Work,
    column: Column,
    type_: str,
    changes: list[str],
    cast: str | None,
    after: list[str],
) -> None:
    def explain(error: Exception, alone: bool) -> OperationRefused | None:
        if not isinstance(error, (peewee.ProgrammingError, peewee.DataError)):
            return None
        if isinstance(error, peewee.ProgrammingError) and "cast" not in str(error):
            return None
        made = f"({cast})::{type_}" if cast else f"{server.quote(column.name)}::{type_}"
        asked = f"SELECT count(({made})) FROM {work.sql}"
        if not alone and not mentions(str(error), column.name) and tried(server.database, asked) is not None:
            return None
        return work.refused(
            f"the type of {work.name}.{column.name} can't become {type_}",
            f"{server.title} says: {str(error).strip()}",
            f"say with cast= how the values become the new ones, as cast={made!r}",
            column.name,
        )

    # Behind the type the server sets NOT NULL and a default; it takes both away before it, whatever the order.
    names, lets = (column.name, *_beside(work, column.name)), (REQUIRED, DEFAULT)
    work.wait(*changes, names=names, after=after, explain=explain, lets=lets)


def _beside(work: Work, column: str) -> set[str]:
    """What is made anew with the column: constraints and indexes that name it, and the columns in their expressions."""
    table, found = work.table, set(work.things_of(column))
    texts = [check.expression for check in table.checks if mentions(check.expression, column)]
    for index in table.indexes:
        text = f"{index.predicate or ''} {' '.join(part.expression or '' for part in index.parts)}"
        if index.name in found and text.strip():
            texts.append(text)
    return found | {name for name in table.column_names if any(mentions(text, name) for text in texts)}
