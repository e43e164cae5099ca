"""A table made anew from an edited text, its rows and everything that hangs on it kept.

These are the steps of https://www.sqlite.org/lang_altertable.html#otheralter, run inside the
transaction or savepoint of the batch: the new table under a free name, the rows copied, the old
table dropped, the new one renamed, and indexes, triggers, statistics and the AUTOINCREMENT mark
put back. Names and texts come out letter for letter.
"""

from __future__ import annotations

from typing import Any

import peewee

from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry, ask
from pwmig.dialects.sqlite.operations.draft import Draft
from pwmig.dialects.sqlite.operations.schema_text import free_name, write_text
from pwmig.dialects.sqlite.operations.statistics import statistics_kept
from pwmig.dialects.sqlite.texts.edit import name_replaced
from pwmig.dialects.sqlite.texts.kinds import is_generated, shown_key
from pwmig.dialects.sqlite.texts.parts import TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote
from pwmig.errors import OperationRefused
from pwmig.records import dataclass

__all__ = ["rebuild", "shown_key"]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What hangs on a table and goes with DROP TABLE."""

    objects: tuple[Entry, ...]
    temporary: tuple[str, ...]
    mark: int | None


def rebuild(database: peewee.Database, catalog: Catalog, draft: Draft) -> None:
    """Make the table what the draft says, with all its rows.

    Raises OperationRefused where a row would be lost or would not fit; the caller rolls back.
    """
    old, new = draft.table, draft.new
    _require_no_cascade(database, catalog, old)
    kept = _keep(database, catalog, old)
    passing = free_name(catalog)
    database.execute_sql(name_replaced(new, passing))
    _copy_rows(database, draft, passing)
    with statistics_kept(database, catalog, old.name):
        database.execute_sql(f"DROP TABLE {quote(old.name)}")
        _take_name(database, passing, new)
        _put_back(database, new.name, kept)


def _require_no_cascade(database: peewee.Database, catalog: Catalog, old: TableDef) -> None:
    """DROP TABLE deletes the rows first, and with foreign keys on that reaches the rows that refer to them."""
    if not ask(database, "PRAGMA foreign_keys")[0][0]:
        return
    referring = catalog.referring(old.name)
    if referring:
        names = ", ".join(entry.name for entry in referring)
        raise OperationRefused(
            f"table {old.name!r} can't be rebuilt here",
            why=f"foreign keys are on, and {names} refers to it: its rows could be deleted or changed on the way",
            way_out="run it with pwmig migrate, or within migrator.migration_context() outside of a transaction",
            table=old.name,
        )


def _keep(database: peewee.Database, catalog: Catalog, old: TableDef) -> _Kept:
    temporary = ask(
        database, "SELECT sql FROM sqlite_temp_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)", [old.name]
    )
    mark = None
    if catalog.get("sqlite_sequence") is not None:
        rows = ask(database, "SELECT seq FROM sqlite_sequence WHERE name = ?", [old.name])
        mark = rows[0][0] if rows else None
    return _Kept(catalog.of_table(old.name, "index", "trigger"), tuple(row[0] for row in temporary), mark)


def _copy_rows(database: peewee.Database, draft: Draft, passing: str) -> None:
    old, new = draft.table, draft.new
    targets: list[str] = []
    sources: list[str] = []
    params: list[Any] = []
    hidden = _hidden_key(old, new)
    if hidden:
        targets.append(hidden)
        sources.append(hidden)
    for column in new.columns:
        fill = draft.sources.get(fold(column.name))
        if fill is not None and not is_generated(column):
            targets.append(quote(column.name))
            sources.append(fill.sql)
            params.extend(fill.params)
    # OR ABORT overrides an ON CONFLICT clause of the table, which could drop rows without a word. Read without an
    # index that holds all the columns, the rows come in the order in which they are stored.
    sql = (
        f"INSERT OR ABORT INTO {quote(passing)} ({', '.join(targets)}) "
        f"SELECT {', '.join(sources)} FROM {quote(old.name)} NOT INDEXED"
    )
    try:
        cursor = database.execute_sql(sql, tuple(params))
    except peewee.IntegrityError as error:
        raise OperationRefused(
            f"a row of {old.name!r} does not fit the table as it would be",
            why="SQLite says: " + str(error).replace(passing, old.name),
            way_out="mend the rows in a migration before this one; nothing was changed",
            table=old.name,
        ) from error
    _require_all(database, old, cursor.rowcount)


def _require_all(database: peewee.Database, old: TableDef, copied: int) -> None:
    there = ask(database, f"SELECT count(*) FROM {quote(old.name)}")[0][0]
    if copied != there:
        raise OperationRefused(
            f"table {old.name!r} was not rebuilt", why=f"of {there} rows {copied} were copied", table=old.name
        )


def _hidden_key(old: TableDef, new: TableDef) -> str | None:
    """The name by which the hidden rowid of both tables can be read, None where there is none to keep."""
    if "WITHOUT ROWID" in old.options or "WITHOUT ROWID" in new.options or shown_key(new):
        return None
    taken = {fold(name) for name in (*old.column_names, *new.column_names)}
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), None)


def _take_name(database: peewee.Database, passing: str, new: TableDef) -> None:
    """Give the new table its name, and its text the letters that it was given.

    In the legacy mode RENAME leaves the texts of views, triggers and foreign keys alone: they name
    the table that the new one becomes.
    """
    legacy = ask(database, "PRAGMA legacy_alter_table")[0][0]
    database.execute_sql("PRAGMA legacy_alter_table = ON")
    try:
        database.execute_sql(f"ALTER TABLE {quote(passing)} RENAME TO {quote(new.name)}")
    finally:
        database.execute_sql(f"PRAGMA legacy_alter_table = {'ON' if legacy else 'OFF'}")
    write_text(database, new.name, new.sql)


def _put_back(database: peewee.Database, name: str, kept: _Kept) -> None:
    for entry in kept.objects:
        database.execute_sql(entry.sql or "")
    for sql in kept.temporary:
        database.execute_sql("CREATE TEMP" + sql.removeprefix("CREATE"))
    connection = database.connection()
    if kept.mark is not None:
        cursor = connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (kept.mark, name))
        if cursor.rowcount == 0:
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, kept.mark))
