"""Rows that refer to rows which are not there: found before a transaction ends in which foreign keys were off."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextvars import ContextVar
from itertools import islice
from typing import Any

import peewee

from pwmig.dialects.sqlite.place import is_memory, read_only
from pwmig.errors import DatabaseUnavailable, OperationRefused

__all__ = ["CHECKED", "referring", "refuse_orphans"]

_MOST_ORPHANS = 10_000

CHECKED: ContextVar[bool] = ContextVar("CHECKED", default=False)
"""Whether the session that stands checks foreign keys before a transaction ends, though they are off."""

_Orphan = tuple[str, int | None, str, int | str]
"""Table, rowid, the table that it refers to, and which of its foreign keys; a key that can't be checked has no row."""


def refuse_orphans(database: peewee.SqliteDatabase, connection: Any, suspects: Collection[str], whole: str) -> None:
    """OperationRefused where rows of these tables refer to what is not there, and did not before ``whole`` began."""
    found = {table: orphans for table in sorted(suspects) if (orphans := _orphans(connection, table))}
    if not found:
        return
    known = _orphans_before(database, list(found))
    orphans = [orphan for table in found for orphan in found[table] if orphan not in known]
    if orphans:
        tables = sorted({f"{table} -> {parent}" for table, _, parent, _ in orphans})
        raise OperationRefused(
            f"{len(orphans)} row(s) would refer to rows that are not there: {', '.join(tables)}",
            why=f"foreign keys are on for this database, and checked at the end of {whole}",
            way_out=f"delete or mend those rows in {whole}; ON DELETE actions do not run while one is applied",
            table=orphans[0][0],
        )


def referring(connection: Any, written: Collection[str] | None) -> set[str]:
    """The tables written that have foreign keys, and those that refer to one of them; None: any may be written."""
    names = {name.lower() for name in written or ()}
    # To ask for each table's foreign keys costs a hundred times what it costs to look at its text.
    sql = (
        'SELECT m.name, f."table" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f '
        "WHERE m.type = 'table' AND instr(upper(m.sql), 'REFERENCES') > 0"
    )
    found = list(connection.execute(sql))
    return {table for table, parent in found if written is None or {table.lower(), parent.lower()} & names}


def _orphans(connection: Any, table: str) -> list[_Orphan]:
    quoted = table.replace('"', '""')
    try:
        return list(islice(connection.execute(f'PRAGMA foreign_key_check("{quoted}")'), _MOST_ORPHANS))
    except Exception as error:  # Of whichever module the connection is.
        if "foreign key mismatch" not in str(error):
            raise
        return [(table, None, "columns that are no key", str(error))]


def _orphans_before(database: peewee.SqliteDatabase, tables: list[str]) -> set[_Orphan]:
    """Those that were there before, as another connection still sees them.

    Nobody can see them where the database is in memory, or locked against readers by now.
    """
    if is_memory(database):
        return set()
    try:
        with read_only(database) as reader:
            return {orphan for table in tables for orphan in _orphans(reader.connection(), table)}
    except (DatabaseUnavailable, sqlite3.Error, peewee.DatabaseError):
        return set()
