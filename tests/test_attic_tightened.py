"""A way back that first lets a column be what it was before its values are back: it gets them ahead of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.dialects import dialect_of
from pwmig.errors import MigrationFailed
from pwmig.plan import Restored
from pwmig.project import Project


def project_on(database: Any, root: Path, source: str, *setup: str) -> Project:
    for sql in setup:
        database.execute_sql(sql)
    project = open_project(root / "p", {"change": source}, config=config_of(database))
    project.apply()
    return project


def restored(project: Project) -> list[Restored]:
    return [done for step in project.revert().steps for done in step.restored]


def rows(database: Any, sql: str = "SELECT id, a FROM t ORDER BY id") -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql(sql).fetchall()))


ROWS = "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)"
NOT_NULL = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER NOT NULL)"
FREE = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER)"
INDEXED = [FREE, "CREATE UNIQUE INDEX ti ON t (a)"]
CASES = {
    "not null": (
        "migrator.drop_not_null('t', 'a'), migrator.backfill('t', {'a': None}, 'a > 1')",
        "migrator.add_not_null('t', 'a')",
        [NOT_NULL],
    ),
    "not null, filled on the way": (
        "migrator.drop_not_null('t', 'a'), migrator.backfill('t', {'a': None}, 'a > 1')",
        "migrator.backfill('t', {'a': 0}), migrator.add_not_null('t', 'a')",
        [NOT_NULL],
    ),
    "not null, filled behind it": (
        "migrator.drop_not_null('t', 'a'), migrator.backfill('t', {'a': None}, 'a > 1')",
        "migrator.add_not_null('t', 'a'), migrator.backfill('t', {'a': 7}, True)",
        [NOT_NULL],
    ),
    "a check": (
        "migrator.drop_constraint('t', 'ck'), migrator.backfill('t', {'a': -1}, 'a = 2')",
        "migrator.add_constraint('t', 'ck', Check('a > 0'))",
        ["CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER NOT NULL, CONSTRAINT ck CHECK (a > 0))"],
    ),
    "a unique index": (
        "migrator.drop_index('t', 'ti'), migrator.backfill('t', {'a': 9}, True), "
        "migrator.backfill('t', {'a': 8}, 'id < 3')",
        "migrator.add_index('t', ('a',), True, name='ti')",
        INDEXED,
    ),
    "what is unique": (
        "migrator.drop_index('t', 'ti'), migrator.backfill('t', {'a': 9}, True)",
        "migrator.add_unique('t', 'a')",
        INDEXED,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_comes_back(tmp_path: Path, any_database: Any, case: str) -> None:
    forward, back, setup = CASES[case]
    project = project_on(any_database, tmp_path, migration(f"migrate({forward})", f"migrate({back})"), *setup, ROWS)
    assert rows(any_database) != [(1, 1), (2, 2), (3, 3)]
    assert all(told.unmatched == 0 for told in restored(project))
    if "behind it" in case:
        assert rows(any_database) == [(1, 7), (2, 2), (3, 3)]
    else:
        assert rows(any_database) == [(1, 1), (2, 2), (3, 3)]
    assert [left for left in project.attic() if left.direction == "forward"] == []
    with pytest.raises(Exception, match=r"(?i)null|ck|unique|duplicate"):
        any_database.execute_sql(f"INSERT INTO t VALUES (4, {'NULL' if 'null' in case else -1 if 'ck' in back else 1})")


RETYPED = {
    "a type that no value fits by now": (
        "migrator.alter_column_type('t', 'a', TextField(), cast=\"replace('n', 'n', 'x')\")",
        "migrator.alter_column_type('t', 'a', IntegerField())",
        [FREE],
    ),
    "a type that no filled value fits": (
        "migrator.alter_column_type('t', 'a', TextField()), migrator.backfill('t', {'a': 'x'}, \"a > '1'\")",
        "migrator.alter_column_type('t', 'a', IntegerField())",
        [FREE],
    ),
    "a type that a value fits which was cast twice": (
        "migrator.alter_column_type('t', 'a', TextField(), cast=\"replace('n', 'n', 'x')\"), "
        "migrator.alter_column_type('t', 'a', CharField(99), cast=\"replace('n', 'n', 'y')\")",
        "migrator.alter_column_type('t', 'a', TextField()), migrator.alter_column_type('t', 'a', IntegerField())",
        [FREE],
    ),
}


@pytest.mark.parametrize("case", RETYPED)
def test_a_type_comes_back_that_what_is_there_does_not_fit(tmp_path: Path, any_database: Any, case: str) -> None:
    forward, back, setup = RETYPED[case]
    project = project_on(any_database, tmp_path, migration(f"migrate({forward})", f"migrate({back})"), *setup, ROWS)
    assert rows(any_database)[1] != (2, 2) and rows(any_database)[1] != (2, "2")
    assert all(told.unmatched == 0 for told in restored(project))
    assert rows(any_database) == [(1, 1), (2, 2), (3, 3)]
    assert [left for left in project.attic() if left.direction == "forward"] == []


def test_a_newer_row_s_value_has_to_fit_the_type_by_itself(tmp_path: Path, server_database: Any) -> None:
    forward, back, setup = RETYPED["a type that no value fits by now"]
    project = project_on(server_database, tmp_path, migration(f"migrate({forward})", f"migrate({back})"), *setup, ROWS)
    server_database.execute_sql("INSERT INTO t VALUES (4, 'zz'), (5, '55')")
    with pytest.raises(MigrationFailed, match="can't become INT"):
        project.revert()
    server_database.execute_sql("UPDATE t SET a = '44' WHERE id = 4")
    assert restored(project) == [Restored("t", "a", 3)]
    assert rows(server_database) == [(1, 1), (2, 2), (3, 3), (4, 44), (5, 55)]


def test_a_foreign_key(tmp_path: Path, server_database: Any) -> None:
    setup = (
        "CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY)",
        "INSERT INTO p VALUES (1), (2), (3)",
        "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER, CONSTRAINT tf FOREIGN KEY (a) REFERENCES p (id))",
    )
    source = migration(
        "migrate(migrator.drop_constraint('t', 'tf'), migrator.backfill('t', {'a': 99}, 'a > 1'))",
        "migrate(migrator.add_foreign_key_constraint('t', 'a', 'p', 'id', constraint_name='tf'))",
    )
    project = project_on(server_database, tmp_path, source, *setup, ROWS)
    assert restored(project) == [Restored("t", "a", 2)]
    assert rows(server_database) == [(1, 1), (2, 2), (3, 3)]


def test_what_a_newer_row_has_by_now_is_left(tmp_path: Path, any_database: Any) -> None:
    forward = "migrator.drop_index('t', 'ti'), migrator.backfill('t', {'a': 9}, 'id = 2')"
    back = "migrator.add_index('t', ('a',), True, name='ti')"
    project = project_on(any_database, tmp_path, migration(f"migrate({forward})", f"migrate({back})"), *INDEXED, ROWS)
    any_database.execute_sql("INSERT INTO t VALUES (4, 2)")
    assert restored(project) == [Restored("t", "a", 0, newer=1, taken=1)]
    assert rows(any_database) == [(1, 1), (2, 9), (3, 3), (4, 2)]


def test_what_was_written_since_is_newer(tmp_path: Path, any_database: Any) -> None:
    forward, back, setup = CASES["not null"]
    project = project_on(any_database, tmp_path, migration(f"migrate({forward})", f"migrate({back})"), *setup, ROWS)
    any_database.execute_sql("UPDATE t SET a = 5 WHERE id = 2")
    assert restored(project) == [Restored("t", "a", 1, newer=1)]
    assert rows(any_database) == [(1, 1), (2, 5), (3, 3)]


def test_a_cast_behind_it_gets_its_values_at_the_end(tmp_path: Path, any_database: Any) -> None:
    """What the column holds is of another type then."""
    number = "SIGNED" if dialect_of(any_database).name == "mysql" else "INTEGER"
    forward = """
migrate(migrator.drop_not_null('t', 'a'))
migrate(migrator.alter_column_type('t', 'a', CharField(max_length=9, null=True), cast="'0'"))
"""
    back = f"""
migrate(migrator.add_not_null('t', 'a'))
migrate(migrator.alter_column_type('t', 'a', IntegerField(), cast='CAST(a AS {number})'))
"""
    project = project_on(any_database, tmp_path, migration(forward, back), NOT_NULL, ROWS)
    assert restored(project) == [Restored("t", "a", 3)]
    assert rows(any_database) == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize("taken_back", [True, False])
def test_where_it_stops_behind_it_it_is_run_again(tmp_path: Path, mariadb: Any, taken_back: bool) -> None:
    forward, back, setup = CASES["not null"]
    last = "\n    database.execute_sql('SELECT nothing FROM nowhere')"
    source = migration(f"migrate({forward})", f"migrate({back})").rstrip("\n") + last
    project = project_on(mariadb, tmp_path, source, *setup, ROWS)
    with pytest.raises(MigrationFailed):
        project.revert()
    assert rows(mariadb) == [(1, 1), (2, 2), (3, 3)]
    assert [left.row_count for left in project.attic()] == [2]
    if taken_back:
        mariadb.execute_sql("ALTER TABLE t MODIFY a INTEGER NULL")
    path = next((tmp_path / "p" / "db" / "migrations").glob("*_change.py"))
    path.write_text(source.removesuffix(last) + "\n")
    run = project.revert(allow=("changed",)) if taken_back else project.resolve("change")
    assert run.steps[-1].restored == (Restored("t", "a", 2),)
    assert rows(mariadb) == [(1, 1), (2, 2), (3, 3)]
    assert project.attic() == ()


def test_a_table_without_key_gets_it_by_the_way_that_is_told(tmp_path: Path, any_database: Any) -> None:
    """The fill in a migration of its own."""
    table = NOT_NULL.replace(" PRIMARY KEY", "")
    for sql in (table, ROWS):
        any_database.execute_sql(sql)
    loosened = migration("migrate(migrator.drop_not_null('t', 'a'))", "migrate(migrator.add_not_null('t', 'a'))")
    filled = migration("migrate(migrator.backfill('t', {'a': None}, 'a > 1'))", "pass")
    sources = {"loosened": loosened, "filled": filled}
    project = open_project(tmp_path / "p", sources, config=config_of(any_database))
    project.apply()
    project.revert(steps=2)
    assert rows(any_database) == [(1, 1), (2, 2), (3, 3)]
