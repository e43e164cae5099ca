"""A dropped table that comes back otherwise than it was: what it has no place for stays in the attic, by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import config_of, open_project
from test_attic import migration
from test_attic_newer import project_on, restored, rows

from pwmig.errors import MigrationFailed
from pwmig.plan import Restored

MAKE = "migrator.create_table('t', {'id': IntegerField(primary_key=True), 'a': CharField(20, null=True)})"
ADD = "migrator.add_column('t', 'o', IntegerField(null=True))"
ALL = "SELECT id, a, o FROM t ORDER BY id"
DROP = "migrate(migrator.drop_table('t'))"
TABLE = (
    "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(20), o INTEGER)",
    "INSERT INTO t VALUES (1, 'x', 10), (2, 'y', NULL), (3, NULL, 30)",
)
BACK = [(1, "x", 10), (2, "y", None), (3, None, 30)]


@pytest.mark.parametrize(
    "backward",
    [
        f"migrate({MAKE})\nmigrate({ADD})",
        f"migrate({MAKE}, migrator.add_index('t', ('a',)), {ADD})",
        f"migrate({MAKE}, migrator.rename_column('t', 'a', 'b'), {ADD})\n"
        "migrate(migrator.rename_column('t', 'b', 'a'))",
        f"migrate({MAKE})\nmigrate(migrator.add_column('t', 'oo', IntegerField(null=True)))\n"
        "migrate(migrator.rename_column('t', 'oo', 'o'))",
        f"migrate({MAKE})\ndatabase.execute_sql('ALTER TABLE t ADD o INTEGER')",
    ],
    ids=["another migrate()", "an index between", "the other one renamed", "by another name", "by SQL"],
)
def test_a_column_that_comes_later_gets_its_values(tmp_path: Path, any_database: Any, backward: str) -> None:
    project = project_on(any_database, tmp_path, migration(DROP, backward), *TABLE)
    project.apply()
    assert restored(project)[-1] == Restored("t", "o", 3)
    assert rows(any_database, ALL) == BACK
    assert project.attic() == ()


def test_one_that_is_to_hold_no_null_too(tmp_path: Path, any_database: Any) -> None:
    backward = f"migrate({MAKE})\nmigrate(migrator.add_column('t', 'o', IntegerField()))"
    setup = (*TABLE, "UPDATE t SET o = 20 WHERE id = 2")
    project = project_on(any_database, tmp_path, migration(DROP, backward), *setup)
    project.apply()
    project.revert()
    assert rows(any_database, ALL) == [(1, "x", 10), (2, "y", 20), (3, None, 30)]


@pytest.mark.parametrize("make", [MAKE, None], ids=["by the operation", "by SQL"])
def test_one_that_does_not_come_is_listed_and_put_back_by_hand(tmp_path: Path, any_database: Any, make: str) -> None:
    raw = "database.execute_sql('CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(20))')"
    backward = f"migrate({make})" if make else raw
    project = project_on(any_database, tmp_path, migration(DROP, backward), *TABLE)
    project.apply()
    assert restored(project) == [Restored("t", None, 3)]
    (left,) = project.attic()
    assert (left.what, str(left), left.application) == ("column", "t.o, 3 rows", 1)
    assert rows(any_database, "SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]
    any_database.execute_sql("ALTER TABLE t ADD o INTEGER")
    assert project.restore("change") == (Restored("t", "o", 3),)
    assert rows(any_database, ALL) == BACK and project.attic() == ()


def test_the_next_time_gives_back_what_it_took_itself(tmp_path: Path, any_database: Any) -> None:
    project = project_on(any_database, tmp_path, migration(DROP, f"migrate({MAKE})"), *TABLE)
    project.apply()
    project.revert()
    any_database.execute_sql("UPDATE t SET a = 'later' WHERE id = 1")
    project.apply()
    assert restored(project) == [Restored("t", None, 3)]
    assert rows(any_database, "SELECT a FROM t WHERE id = 1") == [("later",)]
    assert [str(entry) for entry in project.attic()] == ["t.o, 3 rows"]


def test_rows_that_came_meanwhile_keep_theirs(tmp_path: Path, any_database: Any) -> None:
    """The row that is newer stays in the attic whole."""
    backward = """
database.execute_sql("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(20))")
database.execute_sql("INSERT INTO t VALUES (2, 'new')")
"""
    project = project_on(any_database, tmp_path, migration(DROP, backward), *TABLE)
    project.apply()
    assert restored(project) == [Restored("t", None, 2, newer=1)]
    assert sorted(str(entry) for entry in project.attic()) == ["t.o, 2 rows", "table t, 1 row"]
    assert rows(any_database, "SELECT a FROM t ORDER BY id") == [("x",), ("new",), (None,)]
    any_database.execute_sql("ALTER TABLE t ADD o INTEGER")
    project.restore("change")
    assert rows(any_database, ALL) == [(1, "x", 10), (2, "new", None), (3, None, 30)]
    assert [str(entry) for entry in project.attic()] == ["table t, 1 row"]


def test_without_a_key_by_the_other_cells(tmp_path: Path, any_database: Any) -> None:
    setup = (
        "CREATE TABLE t (a VARCHAR(20), b INTEGER, o INTEGER)",
        "INSERT INTO t VALUES ('x', 1, 10), ('x', 1, 11), ('y', NULL, 12)",
    )
    backward = "database.execute_sql('CREATE TABLE t (a VARCHAR(20), b INTEGER)')"
    project = project_on(any_database, tmp_path, migration(DROP, backward), *setup)
    project.apply()
    project.revert()
    assert rows(any_database, "SELECT a, b FROM t ORDER BY a") == [("x", 1), ("x", 1), ("y", None)]
    any_database.execute_sql("ALTER TABLE t ADD o INTEGER")
    assert project.restore("change") == (Restored("t", "o", 3),)
    assert rows(any_database, "SELECT a, b, o FROM t ORDER BY o") == [("x", 1, 10), ("x", 1, 11), ("y", None, 12)]


def test_letters_and_place_of_sqlite(tmp_path: Path) -> None:
    database = peewee.SqliteDatabase(tmp_path / "any.sqlite")
    text = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY,  o INTEGER , a VARCHAR(20))"
    with database.connection_context():
        for sql in (text, "INSERT INTO t VALUES (1, 10, 'x')"):
            database.execute_sql(sql)
        source = migration(DROP, f"migrate({MAKE})\nmigrate({ADD})")
        project = open_project(tmp_path / "p", {"change": source}, config=config_of(database))
        project.apply()
        project.revert()
        assert rows(database, "SELECT * FROM t") == [(1, 10, "x")]


def test_a_type_of_its_own_on_postgresql(tmp_path: Path, postgres: peewee.Database) -> None:
    setup = (
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(20), o mood)",
        "INSERT INTO t VALUES (1, 'x', 'glad')",
    )
    backward = f"migrate({MAKE})\nmigrate(migrator.sql('ALTER TABLE t ADD o mood'))"
    project = project_on(postgres, tmp_path, migration(DROP, backward), *setup)
    project.apply()
    project.revert()
    assert rows(postgres, ALL) == [(1, "x", "glad")]


def test_a_way_back_that_mariadb_has_stopped_begins_again(tmp_path: Path, mariadb: peewee.Database) -> None:
    """What the first one has kept by itself is not there twice."""
    backward = f"""
migrate({MAKE})
if not database.execute_sql("SHOW TABLES LIKE 'go_on'").fetchall(): raise ValueError('stopped')
"""
    project = project_on(mariadb, tmp_path, migration(DROP, backward), *TABLE)
    project.apply()
    with pytest.raises(MigrationFailed, match="stopped"):
        project.revert()
    for sql in ("DROP TABLE t", "CREATE TABLE go_on (id INTEGER)"):
        mariadb.execute_sql(sql)
    assert restored(project) == [Restored("t", None, 3)]
    assert [str(entry) for entry in project.attic()] == ["t.o, 3 rows"]
