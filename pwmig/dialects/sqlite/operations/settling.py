"""A draft carried out by the least that does: SQLite's own statement, the text alone, or one rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peewee

from pwmig.dialects.sqlite.operations.broken import breaks_another, named_if_broken
from pwmig.dialects.sqlite.operations.catalog import Catalog, ask, duplicated, read_catalog
from pwmig.dialects.sqlite.operations.draft import Draft, NewIndex
from pwmig.dialects.sqlite.operations.guard import Guard, same_text
from pwmig.dialects.sqlite.operations.rebuild import rebuild
from pwmig.dialects.sqlite.operations.retelling import retell
from pwmig.dialects.sqlite.operations.schema_text import keep_letters, write_text
from pwmig.dialects.sqlite.texts.tokens import quote
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["native", "settle"]


def settle(migrator: SqliteMigrator, draft: Draft) -> None:
    """Make the table what the draft says; raises OperationRefused where a row would be lost or would not fit."""
    database = migrator.database
    catalog = read_catalog(database)
    guard = migrator.guard(catalog)
    name = draft.table.name
    if catalog.table(name).sql != draft.table.sql:
        raise OperationRefused(
            f"table {name!r} was changed while a batch was at it",
            why="its definition is another one than the batch's operations began with",
            way_out="change a table within migrate(...) only by operations of the same batch",
            table=name,
        )
    if not draft.is_idle:
        _carry_out(database, catalog, guard, draft)
    for index in draft.indexes:
        _create(database, guard, name, index)


def _carry_out(database: peewee.Database, catalog: Catalog, guard: Guard, draft: Draft) -> None:
    name, new_sql = draft.table.name, draft.new.sql
    dropped = draft.lone_drop()
    if dropped is not None and _dropped(database, catalog, guard, draft, dropped.name):
        return
    if not retell(database, catalog, draft):
        rebuild(database, catalog, draft)
    guard.expect(name, new_sql)


def _dropped(database: peewee.Database, catalog: Catalog, guard: Guard, draft: Draft, column: str) -> bool:
    """Drop a column by SQLite's own statement.

    Where that says that it would break something, nothing is done: a rebuild does not stop there, so that the batch's
    end shows all that is broken, if it is so still.
    """
    name = draft.table.name
    try:
        native(database, catalog, guard, name, f"ALTER TABLE {quote(name)} DROP COLUMN {quote(column)}", draft.new.sql)
    except OperationRefused as refused:
        if not breaks_another(catalog, str(refused.__cause__)):
            raise
        return False
    keep_letters(database, catalog)
    return True


def native(
    database: peewee.Database, catalog: Catalog, guard: Guard, table: str, statement: str, expected: str
) -> None:
    """Run one ALTER TABLE of SQLite's own; ``expected`` is the table's text afterwards."""
    what = f"table {table!r} can't be changed"
    named_if_broken(database, catalog, what, table, lambda execute: execute(statement))
    made = ask(database, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table])
    if made and made[0][0] != expected and same_text(made[0][0], expected):
        write_text(database, table, expected)
    guard.expect(table, expected)


def _create(database: peewee.Database, guard: Guard, table: str, index: NewIndex) -> None:
    try:
        database.execute_sql(index.sql, index.params)
    except peewee.IntegrityError as error:
        raise _duplicates(database, table, index.columns) from error
    guard.expect(index.name, None, table)


def _duplicates(database: peewee.Database, table: str, columns: tuple[str, ...]) -> OperationRefused:
    return OperationRefused(
        f"{', '.join(columns)} of {table!r} can't become unique",
        why=duplicated(database, table, columns),
        way_out="mend these rows in a migration before this one",
        table=table,
        column=columns[0],
    )
