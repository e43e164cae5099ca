"""Rows of one table that refer to each other come back, in whatever order they stand."""

from __future__ import annotations

from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.dialects import dialect_of
from pwmig.plan import Restored
from pwmig.project import Project

MODEL = """
class P(Model):
    name = CharField(max_length=9)
    up = ForeignKeyField('self', null=True)

    class Meta:
        database = database
        table_name = 'p'

"""
ROWS = [
    "INSERT INTO p (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    "UPDATE p SET up_id = 3 WHERE id = 1",
    "UPDATE p SET up_id = 1 WHERE id = 3",
]


def project_on(database: Any, root: Any, made: str, *setup: str, model: str = MODEL) -> Project:
    source = migration("migrate(migrator.drop_table('p'))", made, model)
    sources = {"made": migration(made, "pass", model), "change": source}
    config = config_of(database)
    if dialect_of(database).name == "sqlite":
        config = config.replace("**OPTIONS)", "**OPTIONS, pragmas={'foreign_keys': 1})")
        database.execute_sql("PRAGMA foreign_keys = 1")
    project = open_project(root / "p", sources, config=config)
    project.apply(steps=1)
    for sql in setup:
        database.execute_sql(sql)
    project.apply()
    return project


def rows(database: Any, sql: str = "SELECT id, up_id FROM p ORDER BY id") -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql(sql).fetchall()))


def test_a_ring_comes_back(tmp_path: Any, any_database: Any) -> None:
    project = project_on(any_database, tmp_path, "database.create_tables([P])", *ROWS)
    (told,) = project.revert().steps[0].restored
    assert told == Restored("p", None, 3)
    assert rows(any_database) == [(1, 3), (2, None), (3, 1)]
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        any_database.execute_sql("INSERT INTO p (id, name, up_id) VALUES (9, 'x', 77)")


def test_so_it_does_by_hand(tmp_path: Any, any_database: Any) -> None:
    project = project_on(any_database, tmp_path, "database.create_tables([P])", *ROWS)
    made = "CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(9), up_id INTEGER NOT NULL, "
    made += "FOREIGN KEY (up_id) REFERENCES p (id))"
    any_database.execute_sql(made.replace("INTEGER NOT NULL, FOREIGN", "INTEGER, FOREIGN"))
    assert project.restore("change") == (Restored("p", None, 3),)
    assert rows(any_database) == [(1, 3), (2, None), (3, 1)]


def test_keys_that_may_not_be_null_too(tmp_path: Any, any_database: Any) -> None:
    made = "CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY, up_id INTEGER NOT NULL, team INTEGER, "
    made += "FOREIGN KEY (up_id) REFERENCES p (id), FOREIGN KEY (team) REFERENCES team (id))"
    any_database.execute_sql("CREATE TABLE team (id INTEGER NOT NULL PRIMARY KEY)")
    any_database.execute_sql("INSERT INTO team VALUES (1), (2)")
    insert = [f"INSERT INTO p VALUES ({row})" for row in ("3, 3, NULL", "1, 3, 1", "2, 1, 1", "4, 4, 2", "5, 4, 1")]
    project = project_on(
        any_database, tmp_path, f"database.execute_sql({made!r})", *insert, "UPDATE p SET up_id = 1 WHERE id = 3"
    )
    any_database.execute_sql("DELETE FROM team WHERE id = 2")
    (told,) = project.revert().steps[0].restored
    assert told == Restored("p", None, 3, lost=2)
    assert rows(any_database) == [(1, 3), (2, 1), (3, 1)]


def test_one_that_refers_to_a_row_whose_value_is_taken_is_left_with_it(tmp_path: Any, any_database: Any) -> None:
    made = "CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY, up_id INTEGER, name VARCHAR(9) UNIQUE, "
    made += "FOREIGN KEY (up_id) REFERENCES p (id))"
    project = project_on(
        *(any_database, tmp_path, f"database.execute_sql({made!r})"),
        *("INSERT INTO p VALUES (1, NULL, 'a'), (2, NULL, 'b')", "INSERT INTO p VALUES (3, 1, 'c'), (4, 3, 'd')"),
    )
    any_database.execute_sql(made)
    any_database.execute_sql("INSERT INTO p VALUES (9, NULL, 'a')")
    (told,) = project.restore("change")
    assert (told.restored, told.newer, told.lost) == (1, 1, 2)
    assert rows(any_database) == [(2, None), (9, None)]
    any_database.execute_sql("DELETE FROM p WHERE id = 9")
    (told,) = project.restore("change")
    assert (told.restored, told.unmatched) == (3, 0)
