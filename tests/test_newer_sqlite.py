"""The migrator's operations on the newest SQLite: what holds on the standard library's holds there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import test_preservation as preservation
import test_sqlite_readers as readers
from newer_sqlite import NewerSqlite, apsw
from test_sqlite_batches import COUNTED, rebuilds, recorded
from test_sqlite_batches import SCHEMA as PLAYERS
from test_sqlite_text_changes import BY_ROWS, BY_TEXT
from test_sqlite_text_changes import SCHEMA as AGED

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.dialects.sqlite.texts.tokens import unquote
from pwmig.errors import OperationRefused


@contextmanager
def opened(path: Path) -> Iterator[Migrator]:
    database = NewerSqlite(path, pragmas={"foreign_keys": 1, "synchronous": 0})
    database.connect()
    try:
        yield Migrator.from_database(database)
    finally:
        database.close()


@contextmanager
def made(path: Path, script: str) -> Iterator[Migrator]:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA synchronous = OFF;" + script)
    with opened(path) as migrator:
        yield migrator


def read(path: Path) -> Any:
    """All rows and texts, by a connection of the standard library's."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(connection.iterdump())


def test_it_is_newer() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) > sqlite3.sqlite_version_info


@pytest.mark.parametrize("table", preservation.TABLES)
def test_an_operation_changes_what_it_names_and_nothing_else(tmp_path: Path, table: str) -> None:
    written, body = preservation.TABLES[table]
    script = preservation.SURROUNDINGS.format(n=written, body=body.format(n=written).removeprefix(written))
    for number, case in enumerate(preservation.OPERATIONS.values()):
        path, name = tmp_path / f"{number}.db", unquote(written)
        with made(path, script) as migrator:
            before = preservation._picture(path)
            migrate(case.ask(migrator, name))
        after = preservation._picture(path)
        preservation.assert_preserved(before[0], after[0], name, case)
        preservation.assert_rows_preserved(before[1], after[1], name, case)


def both(tmp_path: Path, script: str, *asks: Any) -> list[str]:
    """Run a batch on either SQLite; the statements of the newer one, which leaves what the older one leaves."""
    from test_sqlite_batches import opened as opened_older

    with made(tmp_path / "newer.db", script) as migrator, recorded(migrator.database) as statements:
        migrate(*[ask(migrator) for ask in asks])
    with closing(sqlite3.connect(tmp_path / "older.db")) as connection:
        connection.executescript("PRAGMA synchronous = OFF;" + script)
    with opened_older(tmp_path / "older.db") as migrator:
        migrate(*[ask(migrator) for ask in asks])
    assert read(tmp_path / "newer.db") == read(tmp_path / "older.db")
    return statements


@pytest.mark.parametrize("case", COUNTED)
def test_a_batch_rebuilds_a_table_once_at_most(tmp_path: Path, case: str) -> None:
    wanted, asks = COUNTED[case]
    assert rebuilds(both(tmp_path, PLAYERS, *asks)) == wanted


@pytest.mark.parametrize("change", BY_TEXT | BY_ROWS)
def test_what_is_only_said_is_changed_with_no_row_copied(tmp_path: Path, change: str) -> None:
    assert rebuilds(both(tmp_path, AGED, (BY_TEXT | BY_ROWS)[change])) == (change in BY_ROWS)


@pytest.mark.parametrize("change", BY_TEXT)
def test_a_connection_that_will_not_have_its_schema_written_is_served_by_a_rebuild(tmp_path: Path, change: str) -> None:
    path = tmp_path / "data.db"
    with made(path, AGED) as migrator:
        migrator.database.connection().config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        before = migrator.database.execute_sql("SELECT * FROM t").fetchall()
        with recorded(migrator.database) as statements:
            migrate(BY_TEXT[change](migrator))
        assert migrator.database.execute_sql("SELECT * FROM t").fetchall() == before
    assert rebuilds(statements) == 1
    read(path)


@pytest.mark.parametrize("case", readers.BREAKING)
def test_what_a_batch_would_break_is_refused_there_too(tmp_path: Path, case: str) -> None:
    ask, statements, culprit = readers.BREAKING[case]
    with made(tmp_path / "data.db", readers.SCHEMA) as migrator:
        readers.make(migrator, *statements)
        with pytest.raises(OperationRefused) as caught:
            migrate(*ask(migrator))
        assert caught.value.object == culprit
        migrate(*readers.shown(migrator, caught.value.way_out), *ask(migrator))
