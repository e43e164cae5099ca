"""A value that has to be unique, and is another row's by now, is left in the attic, and said."""

from __future__ import annotations

from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.dialects import dialect_of
from pwmig.errors import MigrationFailed
from pwmig.plan import Restored
from pwmig.project import Project

FILL = migration("migrate(migrator.backfill('t', {'a': 'y'}, \"a = 'x'\"))", "pass")
ROWS = "INSERT INTO t (id, a, b) VALUES (1, 'x', 1), (2, 'q', 1)"


def project_on(database: Any, root: Any, source: str, *setup: str) -> Project:
    for sql in setup:
        database.execute_sql(sql)
    project = open_project(root / "p", {"change": source}, config=config_of(database))
    project.apply()
    return project


def restored(project: Project) -> list[Restored]:
    return [done for step in project.revert().steps for done in step.restored]


def rows(database: Any, sql: str = "SELECT id, a, b FROM t ORDER BY id") -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql(sql).fetchall()))


UNIQUES = {
    "a column": ["CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(9) UNIQUE, b INTEGER)"],
    "an index": [
        "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(9), b INTEGER)",
        "CREATE UNIQUE INDEX ti ON t (a)",
    ],
    "two columns": ["CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(9), b INTEGER, UNIQUE (b, a))"],
    "a key of two": [
        "CREATE TABLE t (id INTEGER NOT NULL, c INTEGER DEFAULT 0 NOT NULL, a VARCHAR(9) UNIQUE, b INTEGER, "
        "PRIMARY KEY (id, c))"
    ],
}


@pytest.mark.parametrize("unique", UNIQUES)
def test_what_a_newer_row_holds_stays_its_own(tmp_path: Any, any_database: Any, unique: str) -> None:
    project = project_on(any_database, tmp_path, FILL, *UNIQUES[unique], ROWS)
    any_database.execute_sql("INSERT INTO t (id, a, b) VALUES (3, 'x', 1)")
    assert restored(project) == [Restored("t", "a", 0, newer=1, taken=1)]
    assert rows(any_database) == [(1, "y", 1), (2, "q", 1), (3, "x", 1)]
    (told,) = project.restore("change")
    assert told == Restored("t", "a", 0, newer=1, taken=1)
    assert str(told).endswith("1 left in the attic: its value is another row's by now")
    any_database.execute_sql("DELETE FROM t WHERE id = 3")
    assert project.restore("change") == (Restored("t", "a", 1),)
    assert rows(any_database) == [(1, "x", 1), (2, "q", 1)]
    assert project.attic() == ()


def test_another_value_of_two_columns_is_no_other_rows(tmp_path: Any, any_database: Any) -> None:
    project = project_on(any_database, tmp_path, FILL, *UNIQUES["two columns"], ROWS)
    any_database.execute_sql("INSERT INTO t (id, a, b) VALUES (3, 'x', 2)")
    assert restored(project) == [Restored("t", "a", 1)]


def test_nor_is_what_a_row_holds_that_is_left_for_it(tmp_path: Any, any_database: Any) -> None:
    """Row 1 keeps 'b', so that row 2 can't have it back."""
    source = migration(
        """
migrate(migrator.backfill('t', {'a': 'c'}, "a = 'b'"))
migrate(migrator.backfill('t', {'a': 'b'}, "a = 'x'"))
""",
        "pass",
    )
    made = (*UNIQUES["a column"], "INSERT INTO t (id, a, b) VALUES (1, 'x', 1), (2, 'b', 1)")
    project = project_on(any_database, tmp_path, source, *made)
    assert rows(any_database) == [(1, "b", 1), (2, "c", 1)]
    any_database.execute_sql("INSERT INTO t (id, a, b) VALUES (3, 'x', 1)")
    assert restored(project) == [
        Restored("t", "a", 0, newer=1, taken=1),
        Restored("t", "a", 0, newer=1, taken=1),
    ]
    assert rows(any_database) == [(1, "b", 1), (2, "c", 1), (3, "x", 1)]


def test_letters_are_the_same_where_the_index_says_so(tmp_path: Any, any_database: Any) -> None:
    """PostgreSQL's texts are other ones in other letters."""
    text = "VARCHAR(9)" + (" COLLATE NOCASE" if dialect_of(any_database).name == "sqlite" else "")
    table = f"CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a {text} UNIQUE, b INTEGER)"
    project = project_on(any_database, tmp_path, FILL, table, ROWS)
    any_database.execute_sql("INSERT INTO t (id, a, b) VALUES (3, 'X', 1)")
    taken = dialect_of(any_database).name != "postgresql"
    assert restored(project) == [Restored("t", "a", 0, newer=1, taken=1) if taken else Restored("t", "a", 1)]


def test_a_column_that_comes_back_gives_way_to_what_newer_rows_got(tmp_path: Any, any_database: Any) -> None:
    add = "ALTER TABLE t ADD a VARCHAR(9)"
    source = migration(
        "migrate(migrator.drop_column('t', 'a'))",
        f"""
database.execute_sql("{add}")
database.execute_sql("CREATE UNIQUE INDEX ti ON t (a)")
database.execute_sql("UPDATE t SET a = 'x' WHERE id = 3")
""",
    )
    table = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(9), b INTEGER)"
    project = project_on(any_database, tmp_path, source, table, ROWS)
    any_database.execute_sql("INSERT INTO t (id, b) VALUES (3, 1)")
    (told,) = restored(project)
    assert (told.restored, told.newer, told.taken) == (1, 1, 1)
    assert rows(any_database) == [(1, None, 1), (2, "q", 1), (3, "x", 1)]


def test_rows_of_a_table_give_way_too(tmp_path: Any, any_database: Any) -> None:
    table = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(9) UNIQUE, b INTEGER)"
    source = migration("migrate(migrator.drop_table('t'))", f"database.execute_sql({table!r})")
    project = project_on(any_database, tmp_path, source, table, ROWS)
    back = "INSERT INTO t (id, a, b) VALUES (3, 'x', 1)"
    path = next((tmp_path / "p" / "db" / "migrations").glob("*_change.py"))
    path.write_text(path.read_text() + f"    database.execute_sql({back!r})\n")
    told = [done for step in project.revert(allow=("changed",)).steps for done in step.restored]
    assert told == [Restored("t", None, 1, newer=1)]
    assert rows(any_database) == [(2, "q", 1), (3, "x", 1)]
    assert [left.row_count for left in project.attic()] == [1]


def test_values_that_only_change_places_come_back(tmp_path: Any, any_database: Any) -> None:
    """What a row holds that gets another value itself is in nobody's way."""
    source = migration(
        """
migrate(migrator.backfill('t', {'a': 'z'}, "a = 'x'"))
migrate(migrator.backfill('t', {'a': 'x'}, "a = 'q'"))
migrate(migrator.backfill('t', {'a': 'q'}, "a = 'z'"))
""",
        "pass",
    )
    project = project_on(any_database, tmp_path, source, *UNIQUES["a column"], ROWS)
    assert rows(any_database) == [(1, "q", 1), (2, "x", 1)]
    assert all(told.unmatched == 0 for told in restored(project))
    assert rows(any_database) == [(1, "x", 1), (2, "q", 1)]


REQUIRED = "migrate(migrator.add_column('t', 'a', CharField(max_length=9, unique=True)))"
IN_STEPS = """migrate(migrator.add_column('t', 'a', CharField(max_length=9, unique=True, null=True)))
    database.execute_sql("UPDATE t SET a = 'new' WHERE a IS NULL")
    migrate(migrator.add_not_null('t', 'a'))"""


def test_a_newer_row_of_a_unique_column_needs_a_value_of_its_own(tmp_path: Any, any_database: Any) -> None:
    """No default is that; the message names a way that works."""
    table = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(9) NOT NULL UNIQUE, b INTEGER)"
    source = migration("migrate(migrator.drop_column('t', 'a'))", REQUIRED)
    project = project_on(any_database, tmp_path, source, table, ROWS)
    any_database.execute_sql("INSERT INTO t (id, b) VALUES (3, 1)")
    with pytest.raises(MigrationFailed, match="1 row has no value") as caught:
        project.revert()
    assert "default" not in caught.value.way_out
    assert "null=True in the field of add_column('t', 'a', ...), then UPDATE, then add_not_null" in caught.value.way_out
    path = next((tmp_path / "p" / "db" / "migrations").glob("*_change.py"))
    path.write_text(path.read_text().replace(REQUIRED, IN_STEPS))
    (told,) = project.revert(allow=("changed",)).steps[0].restored
    assert (told.restored, told.unmatched) == (2, 0)
    assert rows(any_database) == [(1, "x", 1), (2, "q", 1), (3, "new", 1)]
