"""A dropped column comes back in its place among the others, and in the letters that it had."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import peewee
import pytest
from projects import HEAD, config_of, open_project, sql_migration
from test_letters import texts

PLACES = {
    "first": ("[a]", "IntegerField(null=True)"),
    "in the middle": ("[b]", "CharField(9)"),
    "last": ("[c]", "TextField(null=True)"),
}
TABLE = """CREATE TABLE [t]
(
  [a] INTEGER,
  [id] INTEGER PRIMARY KEY, -- the key
  [b] VARCHAR(9)  NOT NULL,
  [c] TEXT
)"""


@pytest.mark.parametrize("place", PLACES)
def test_a_dropped_column_comes_back_in_its_place_and_letters(tmp_path: Path, place: str) -> None:
    name, field = PLACES[place]
    change = (
        f"{HEAD}def migrate_forward():\n    migrate(migrator.drop_column('t', {name[1:-1]!r}))\n\n"
        f"def migrate_backward():\n    migrate(migrator.add_column('t', {name[1:-1]!r}, {field}))\n"
    )
    project = open_project(tmp_path, {"make": sql_migration(TABLE, "DROP TABLE t"), "drop": change})
    path = tmp_path / "db" / "app.sqlite"
    project.apply(steps=1)
    with sqlite3.connect(path) as connection:
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(n, n, f"b{n}", None) for n in range(5)])
    connection.close()
    before = texts(path), rows(path)
    project.apply()
    assert texts(path) != before[0]
    project.revert()
    assert (texts(path), rows(path)) == before


@pytest.mark.parametrize("since", [(), (7,)], ids=["none since", "a row since"])
@pytest.mark.parametrize("place", PLACES)
def test_of_a_table_without_rows_the_place_is_kept_and_nothing_else(
    tmp_path: Path, place: str, since: Sequence[int]
) -> None:
    """The attic lists no such thing, and its table goes when the column has come back."""
    name, field = PLACES[place]
    name, field = name[1:-1], field if "null" in field else field.replace("9", "9, default='x'")
    change = (
        f"{HEAD}def migrate_forward():\n    migrate(migrator.drop_column('t', {name!r}))\n\n"
        f"def migrate_backward():\n    migrate(migrator.add_column('t', {name!r}, {field}))\n"
    )
    project = open_project(tmp_path, {"make": sql_migration(TABLE, "DROP TABLE t"), "drop": change})
    path = tmp_path / "db" / "app.sqlite"
    project.apply(steps=1)
    before = texts(path)
    for _ in range(2):
        (run,) = project.apply().steps
        assert (run.kept, project.attic()) == ((), ())
        with sqlite3.connect(path) as connection:
            insert = "INSERT INTO t (id) VALUES (?)" if name == "b" else "INSERT INTO t (id, b) VALUES (?, 'x')"
            connection.executemany(insert, [(one,) for one in since])
        connection.close()
        (run,) = project.revert().steps
        assert run.restored == ()
        assert (texts(path), [row[1] for row in rows(path)]) == (before, list(since))
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM t")
            assert connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'pwmig_attic%'").fetchall() == []
        connection.close()


def test_a_column_of_a_table_without_rows_that_comes_back_by_raw_sql_stands_where_that_puts_it(tmp_path: Path) -> None:
    change = (
        f"{HEAD}def migrate_forward():\n    migrate(migrator.drop_column('t', 'b'))\n"
        "    migrate(migrator.rename_table('t', 'u'))\n\n"
        "def migrate_backward():\n    migrate(migrator.rename_table('u', 't'))\n"
        "    database.execute_sql('ALTER TABLE t ADD COLUMN b VARCHAR(9)')\n"
    )
    project = open_project(tmp_path, {"make": sql_migration(TABLE, "DROP TABLE t"), "drop": change})
    project.apply()
    project.revert()
    assert [column.name for column in project.schema().table("t").columns] == ["a", "id", "c", "b"]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_columns_that_went_together_come_back_in_their_places(tmp_path: Path, order: Sequence[str]) -> None:
    fields = {"a": "IntegerField(null=True)", "b": "CharField(9)"}
    back = ", ".join(f"migrator.add_column('u', {name!r}, {fields[name]})" for name in order)
    change = (
        f"{HEAD}def migrate_forward():\n    migrate(migrator.rename_table('t', 'u'), migrator.drop_column('u', 'a'), "
        "migrator.drop_column('u', 'b'))\n\n"
        f"def migrate_backward():\n    migrate({back}, migrator.rename_table('u', 't'))\n"
    )
    project = open_project(tmp_path, {"make": sql_migration(TABLE, "DROP TABLE t"), "drop": change})
    path = tmp_path / "db" / "app.sqlite"
    project.apply(steps=1)
    with sqlite3.connect(path) as connection:
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(n, n, f"b{n}", None) for n in range(5)])
    connection.close()
    before = texts(path), rows(path)
    project.apply()
    project.revert()
    assert (texts(path), rows(path)) == before


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_on_each_database_that_can_place_a_column_it_stands_where_it_stood(
    any_database: peewee.Database, tmp_path: Path, name: str
) -> None:
    columns = "a INTEGER, id INTEGER NOT NULL PRIMARY KEY, b VARCHAR(9) NOT NULL, c VARCHAR(9) NOT NULL"
    any_database.execute_sql(f"CREATE TABLE t ({columns})")
    any_database.execute_sql("INSERT INTO t VALUES (1, 2, '3', '4')")
    field = "IntegerField(null=True)" if name == "a" else "CharField(9)"
    change = (
        f"{HEAD}def migrate_forward():\n    migrate(migrator.drop_column('t', {name!r}))\n\n"
        f"def migrate_backward():\n    migrate(migrator.add_column('t', {name!r}, {field}))\n"
    )
    project = open_project(tmp_path, {"drop": change}, config=config_of(any_database))
    project.apply()
    project.revert()
    names = [column.name for column in project.schema().table("t").columns]
    if isinstance(any_database, peewee.PostgresqlDatabase):
        names.insert(["a", "id", "b", "c"].index(name), names.pop())
    assert names == ["a", "id", "b", "c"]


RENAMES = {
    "before it": 'migrator.rename_column("t", "b", "x"), migrator.sql("SELECT 1"), migrator.drop_column("t", "c")',
    "behind it": 'migrator.drop_column("t", "c"), migrator.rename_column("t", "b", "x")',
}


@pytest.mark.parametrize("way", RENAMES.values(), ids=RENAMES)
def test_it_stands_behind_a_column_that_its_own_migration_renames(
    any_database: peewee.Database, tmp_path: Path, way: str
) -> None:
    """The one that it stood behind has its old name again when it comes back."""
    any_database.execute_sql("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INT)")
    any_database.execute_sql("INSERT INTO t VALUES (1, 2, 3, 4, 5)")
    change = (
        f"{HEAD}def migrate_forward():\n    migrate({way})\n\n"
        "def migrate_backward():\n    migrate(migrator.rename_column('t', 'x', 'b'), migrator.sql('SELECT 1'), "
        "migrator.add_column('t', 'c', IntegerField(null=True)))\n"
    )
    project = open_project(tmp_path, {"drop": change}, config=config_of(any_database))
    project.apply()
    project.revert()
    names = [column.name for column in project.schema().table("t").columns]
    if isinstance(any_database, peewee.PostgresqlDatabase):
        names.insert(3, names.pop())
    assert names == ["id", "a", "b", "c", "d"]


def rows(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT * FROM t ORDER BY id").fetchall()
    finally:
        connection.close()
