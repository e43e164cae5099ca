"""What SQLite's migrator says of a table's definition: another text as a whole, and constraints without a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from peewee import SQL, Check, IntegerField

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.errors import OperationRefused

TEXT = (
    """CREATE TABLE "player" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "level" INT CHECK (level > 0))"""
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Any]:
    database = peewee.SqliteDatabase(tmp_path / "app.sqlite")
    with database.connection_context():
        database.execute_sql(TEXT)
        database.execute_sql("CREATE INDEX by_level ON player (level)")
        database.execute_sql("INSERT INTO player (name, level) VALUES ('Ann', 5), ('Bob', 6)")
        yield database


@pytest.fixture
def migrator(database: Any) -> Any:
    return Migrator.from_database(database)


def text(database: Any) -> str:
    return str(database.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'player'").fetchone()[0])


def rows(database: Any, sql: str = "SELECT id, name, level FROM player ORDER BY id") -> list[Any]:
    return list(database.execute_sql(sql).fetchall())


# -- another text


@pytest.mark.parametrize(
    "wanted",
    [
        'CREATE TABLE "player" ("id" INTEGER PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL, "level" INT)',
        'CREATE TABLE "player" ("id" INTEGER NOT NULL, "name" TEXT COLLATE NOCASE, "level" INT, PRIMARY KEY ("name"))',
        "CREATE TABLE player (level INT DEFAULT 3, name TEXT, id INTEGER NOT NULL PRIMARY KEY) STRICT",
        "CREATE TABLE player (id INTEGER PRIMARY KEY, name TEXT, level INT) WITHOUT ROWID",
        'CREATE TABLE "player" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "level" INT /* of a game */)',
        TEXT,
    ],
)
def test_a_table_comes_out_with_another_text_and_its_rows(database: Any, migrator: Any, wanted: str) -> None:
    migrate(migrator.redefine_table("player", wanted))
    assert text(database) == wanted
    assert rows(database) == [(1, "Ann", 5), (2, "Bob", 6)]
    assert rows(database, "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL") == [
        ("CREATE INDEX by_level ON player (level)",)
    ]


def test_it_is_a_part_of_a_batch(database: Any, migrator: Any) -> None:
    passing = (
        'CREATE TABLE "player" ("id" INTEGER, "name" TEXT, "born" INTEGER, "level" INT, PRIMARY KEY ("id", "name"))'
    )
    migrate(
        migrator.drop_index("player", "by_level"),
        migrator.add_column("player", "born", IntegerField(null=True)),
        migrator.redefine_table("player", passing),
        migrator.drop_column("player", "level"),
    )
    assert text(database) == passing.replace(', "level" INT', "")
    assert rows(database, "SELECT id, name, born FROM player") == [(1, "Ann", None), (2, "Bob", None)]


def test_rows_that_are_older_than_a_column_keep_what_they_read(database: Any, migrator: Any) -> None:
    database.execute_sql("ALTER TABLE player ADD COLUMN born INTEGER NOT NULL DEFAULT 7")
    database.execute_sql("INSERT INTO player (name, level, born) VALUES ('Cid', 7, 8)")
    migrate(migrator.redefine_table("player", text(database).replace("DEFAULT 7", "DEFAULT 9")))
    assert rows(database, "SELECT born FROM player ORDER BY id") == [(7,), (7,), (8,)]


def test_what_becomes_the_rows_id_is_counted(database: Any, migrator: Any) -> None:
    database.execute_sql("CREATE TABLE log (line TEXT)")
    database.execute_sql("INSERT INTO log VALUES ('x'), ('y')")
    migrate(
        migrator.add_column("log", "id", IntegerField(null=True)),
        migrator.redefine_table("log", 'CREATE TABLE "log" ("id" INTEGER NOT NULL PRIMARY KEY, line TEXT)'),
    )
    assert rows(database, "SELECT id, line FROM log ORDER BY id") == [(1, "x"), (2, "y")]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ('CREATE TABLE "player" ("id" INTEGER, "name" TEXT)', "no column 'level'"),
        ("CREATE TABLE player (id INTEGER, name TEXT, level INT, leven INT)", "names like it: level"),
        ('CREATE TABLE "players" ("id" INTEGER, "name" TEXT, "level" INT)', "a table 'players'"),
        ("CREATE TABLE player (id INTEGER, name TEXT, level INT", "it can't be read"),
        ("SELECT 1", "it can't be read"),
    ],
)
def test_a_text_that_is_not_of_the_table_is_refused(database: Any, migrator: Any, wanted: str, why: str) -> None:
    with pytest.raises(OperationRefused) as raised:
        migrate(migrator.redefine_table("player", wanted))
    assert why in raised.value.why and raised.value.table == "player"
    assert text(database) == TEXT


def test_rows_that_do_not_fit_are_refused(database: Any, migrator: Any) -> None:
    wanted = 'CREATE TABLE "player" ("id" INTEGER, "name" TEXT, "level" INT CHECK (level > 5))'
    with pytest.raises(OperationRefused):
        migrate(migrator.redefine_table("player", wanted))
    assert text(database) == TEXT


# -- constraints without a name


def test_a_constraint_may_come_without_a_name(database: Any, migrator: Any) -> None:
    migrate(
        migrator.add_constraint("player", None, Check("level < 99")),
        migrator.add_constraint("player", None, SQL("UNIQUE (name, level)")),
    )
    assert text(database) == TEXT[:-1] + ", CHECK (level < 99), UNIQUE (name, level))"
    migrate(
        migrator.drop_constraint("player", "CHECK (level < 99)"),
        migrator.drop_constraint("player", "UNIQUE (name, level)"),
    )
    assert text(database) == TEXT


def test_one_that_rows_do_not_hold_to_is_refused(database: Any, migrator: Any) -> None:
    with pytest.raises(OperationRefused, match="does not fit"):
        migrate(migrator.add_constraint("player", None, Check("level > 5")))
    assert text(database) == TEXT
