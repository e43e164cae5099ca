"""SQLite's answers to the engine's questions."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.base import Copy, Dialect, Foreseen, Session, Template, Turn
from pwmig.dialects.sqlite import place
from pwmig.errors import TableUnreadable
from pwmig.waits import USUAL_WAITS, Waits

if TYPE_CHECKING:
    from pathlib import Path

    from pwmig.dialects.base import Kept, Listener, Readings
    from pwmig.dialects.evidence import Evidence
    from pwmig.dialects.migrated import MigrationTerms
    from pwmig.dialects.migrator import Migrator
    from pwmig.dialects.modelled import ModelTerms
    from pwmig.dialects.shelf import Shelf
    from pwmig.errors import DatabaseUnavailable
    from pwmig.schema import Page, Query, Rows, Schema, Table

    Execute = Callable[..., list[tuple[Any, ...]]]

__all__ = ["SqliteDialect"]


class SqliteDialect(Dialect):
    """SQLite: one file, one writer, DDL inside transactions."""

    name = "sqlite"
    title = "SQLite"
    transactional_ddl = True
    counted = "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"
    scratch_tables = 50

    def describe(self, database: peewee.Database) -> str:
        if place.is_memory(database):
            return "SQLite, in memory"
        path = place.file_of(str(database.database))
        near = os.path.relpath(path)
        return "SQLite " + (path if near.startswith("..") else near)

    def anchor(self, database: peewee.Database, root: Path) -> None:
        name = str(database.database)
        if not place.is_memory(database) and database.is_closed():
            anchored = place.anchored(name, root)
            if anchored != name:
                database.database = anchored

    def exists(self, database: peewee.Database) -> bool:
        return place.is_memory(database) or place.is_there(place.file_of(str(database.database)))

    def size(self, database: peewee.Database) -> int:
        return place.size_of(database)

    def shared(self, database: peewee.Database) -> bool:
        return not place.is_memory(database)

    def table_exists(self, database: peewee.Database, table: str, schema: str | None = None) -> bool:
        sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return bool(_executor(database)(sql, (table,)))

    def reading(self, database: peewee.Database) -> AbstractContextManager[peewee.Database]:
        return place.read_only(database)

    def readings(self) -> Readings:
        from pwmig.dialects.sqlite.kept import KeptReadings

        return KeptReadings(self)

    def migrator(self, database: peewee.Database, schema: str | None = None) -> Migrator:
        from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

        return SqliteMigrator(database, schema)

    def shelf(self, database: peewee.Database) -> Shelf:
        from pwmig.dialects.sqlite.attic import SqliteShelf

        return SqliteShelf(database)

    def session(
        self, database: peewee.Database, waits: Waits = USUAL_WAITS, listener: Listener | None = None
    ) -> AbstractContextManager[Session]:
        from pwmig.dialects.sqlite.transaction import session

        rehearsing = "pwmig.dialects.sqlite.copy" in sys.modules and _rehearsing()
        return session(database, waits, listener, rehearsing=rehearsing)

    def running(self, database: peewee.Database) -> DatabaseUnavailable | None:
        from pwmig.dialects.sqlite.transaction import being_written

        return being_written(database)

    def copy(self, database: peewee.Database, listener: Listener | None = None) -> AbstractContextManager[Copy]:
        from pwmig.dialects.sqlite.copy import copied

        return copied(database, listener)

    def template(self, database: peewee.Database) -> AbstractContextManager[Template]:
        from pwmig.dialects.sqlite.template import template

        return template(database)

    def handed_over(self, database: peewee.Database) -> AbstractContextManager[str]:
        if not place.is_memory(database):
            return super().handed_over(database)
        from pwmig.dialects.sqlite.memory import written

        return written(database)

    def take_over(self, database: peewee.Database, path: str) -> None:
        if not place.is_memory(database):
            super().take_over(database, path)
        from pwmig.dialects.sqlite.memory import filled

        filled(database, path)

    def blank(self, database: peewee.Database) -> AbstractContextManager[None]:
        from pwmig.dialects.sqlite.copy import blanked

        return blanked(database)

    @contextmanager
    def scratch(self, like: peewee.Database) -> Iterator[peewee.Database]:
        database = peewee.SqliteDatabase(":memory:")
        database.connect()
        try:
            yield database
        finally:
            database.close()

    def write(self, schema: Schema) -> tuple[str, ...]:
        from pwmig.dialects.sqlite.writing import write

        return write(schema)

    @property
    def model_terms(self) -> ModelTerms:
        from pwmig.dialects.sqlite.modelled import SqliteTerms

        return SqliteTerms()

    @property
    def evidence(self) -> Evidence:
        from pwmig.dialects.sqlite.evidence import SqliteEvidence

        return SqliteEvidence()

    @property
    def migration_terms(self) -> MigrationTerms:
        from pwmig.dialects.sqlite.migrated import SqliteMigrationTerms

        return SqliteMigrationTerms()

    def texts(self, database: peewee.Database) -> Mapping[str, str]:
        sql = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
        return {str(name): str(text) for name, text in _executor(database)(sql)}

    @property
    def unseen(self) -> Mapping[str, str]:
        from pwmig.dialects.sqlite.seeing.unseen import UNSEEN

        return UNSEEN

    def introspect(
        self,
        database: peewee.Database,
        tables: Collection[str] | None = None,
        known: dict[Any, Table] | None = None,
    ) -> Schema:
        from pwmig.dialects.sqlite.seeing.introspect import introspect

        return introspect(_executor(database), tables, known)

    def sample(
        self, database: peewee.Database, table: Table, *, limit: int, keys: Sequence[tuple[Any, ...]] = ()
    ) -> Rows:
        from pwmig.dialects.sqlite.seeing.rows import sample

        file = place.file_of(str(database.database))
        try:
            with place.translated(file):
                return sample(_executor(database), table, limit=limit, keys=keys)
        except (peewee.DatabaseError, sqlite3.Error) as error:
            raise TableUnreadable(
                f"the rows of {table.name} can't be read",
                why=f"SQLite says: {error}",
                way_out="mend what its definition names, such as the table that holds its content, or drop it",
            ) from error

    def page(self, database: peewee.Database, table: Table, query: Query, *, deadline_s: float) -> Page:
        from pwmig.dialects.sqlite.seeing.pages import page

        with place.translated(place.file_of(str(database.database))):
            return page(database.connection(), table, query, deadline_s=deadline_s)

    def view(self, database: peewee.Database, name: str) -> Table | None:
        from pwmig.dialects.sqlite.seeing.pages import view

        return view(database.connection(), name)

    def foresee(self, database: peewee.Database, turn: Turn, sql: str, params: Sequence[Any]) -> Foreseen:
        """EXPLAIN prepares the statement, and the authorizer hears what it would touch; a text names its table."""
        from pwmig.dialects.sqlite.operations.schema_text import table_written

        touched, written = turn.touched, turn.written
        turn.touched, turn.written = set(), set()
        try:
            database.connection().execute("EXPLAIN " + sql, tuple(params)).fetchall()
        except (sqlite3.Error, ValueError, TypeError):
            pass  # The statement itself will say what is wrong with it.
        finally:
            turn.touched |= {table for table in (table_written(sql),) if table}
            found = Foreseen(frozenset(turn.touched), frozenset(turn.written))
            turn.touched, turn.written = touched | turn.touched, written | turn.written
        return found

    def touched_keys(
        self, database: peewee.Database, table: Table, sql: str, params: Sequence[Any], limit: int
    ) -> tuple[tuple[Any, ...], ...]:
        from pwmig.dialects.sqlite.seeing.rows import touched_keys

        return touched_keys(_executor(database), table, sql, params, limit)

    def mark(self, database: peewee.Database, table: Table) -> Any:
        from pwmig.dialects.sqlite.seeing.rows import max_rowid

        return max_rowid(_executor(database), table)

    def newest_keys(
        self, database: peewee.Database, table: Table, after: Any, limit: int
    ) -> tuple[tuple[Any, ...], ...]:
        from pwmig.dialects.sqlite.seeing.rows import keys_after

        return keys_after(_executor(database), table, after, limit)

    def keep_rows(
        self, database: peewee.Database, table: Table, columns: Sequence[str], most_rows: int, most_bytes: int
    ) -> Kept | None:
        from pwmig.dialects.sqlite.seeing.counting import keep

        return keep(database.connection(), table, columns, most_rows=most_rows, most_bytes=most_bytes)

    def count_changes(
        self, database: peewee.Database, kept: Any, table: Table | None, names: Mapping[str, str], most_rows: int
    ) -> tuple[int, int, int] | None:
        from pwmig.dialects.sqlite.seeing.counting import changes_since

        return changes_since(database.connection(), kept, table, names, most_rows=most_rows)

    def as_kept(
        self,
        database: peewee.Database,
        kept: Any,
        table: Table,
        names: Mapping[str, str],
        keys: Sequence[tuple[Any, ...]],
    ) -> dict[tuple[Any, ...], bool]:
        from pwmig.dialects.sqlite.seeing.counting import as_kept

        return as_kept(database.connection(), kept, table, names, keys)


def _executor(database: peewee.Database) -> Execute:
    """Straight on the connection: what pwmig asks for itself is not part of a migration's record."""

    def execute(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(database.connection().execute(sql, tuple(params)).fetchall())

    return execute


def _rehearsing() -> bool:
    from pwmig.dialects.sqlite.copy import rehearsing

    return rehearsing()
