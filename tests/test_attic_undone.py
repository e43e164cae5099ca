"""A batch that fails within a migration and is caught: what it had kept or put back is forgotten as it was undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project

from pwmig.plan import Restored
from pwmig.project import Project

HEAD = """from playhouse.migrate import *
from peewee import *
from db.migrations_config import migrator, database


def tried(*operations):
    try:
        migrate(*operations)
    except Exception as error:
        assert "nothing" in str(error), error


def undone(*operations):
    try:
        with database.atomic():
            migrate(*operations)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass


READ = "SELECT id FROM player"  # SQLite remembers what a table was until somebody reads it.
BY_SQL = "ALTER TABLE player ADD COLUMN name VARCHAR(80)"

"""
NAME = "migrator.add_column('player', 'name', CharField(80, null=True))"
REQUIRED = "migrator.add_column('player', 'name', CharField(80))"
DROP = "migrate(migrator.drop_column('player', 'name'))"
FAILS = "migrator.drop_table('nothing')"
MAKE = "migrator.create_table('player', {'id': IntegerField(primary_key=True), 'name': CharField(80)})"


TAKES_BACK = pytest.mark.parametrize(
    "any_database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
LEAVES = pytest.mark.parametrize("any_database", [pytest.param("mariadb", marks=pytest.mark.mariadb)], indirect=True)


@pytest.fixture
def database(any_database: Any) -> Any:
    any_database.execute_sql("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80))")
    any_database.execute_sql("INSERT INTO player VALUES (1, 'one'), (2, 'two')")
    return any_database


def project_on(database: Any, root: Path, forward: str, backward: str) -> Project:
    source = f"{HEAD}\ndef migrate_forward():\n    {forward}\n\n\ndef migrate_backward():\n    {backward}\n"
    return open_project(root / "p", {"change": source}, config=config_of(database))


def rows(database: Any) -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql("SELECT id, name FROM player ORDER BY id").fetchall()))


WAYS_BACK = {
    "failed": (DROP, f"tried({NAME}, {FAILS}); migrate({NAME})"),
    "failed, required": (DROP, f"tried({REQUIRED}, {FAILS}); migrate({REQUIRED})"),
    "failed twice": (DROP, f"tried({NAME}, {FAILS}); tried({NAME}, {FAILS}); migrate({NAME})"),
    "failed, then by SQL": (
        DROP, f"tried({NAME}, {FAILS}); [database.execute_sql(sql) for sql in (READ, BY_SQL)]"
    ),
    "undone": (DROP, f"undone({NAME}); migrate({NAME})"),
    "a table": ("migrate(migrator.drop_table('player'))", f"tried({MAKE}, {FAILS}); migrate({MAKE})"),
    "a table, undone": ("migrate(migrator.drop_table('player'))", f"undone({MAKE}); migrate({MAKE})"),
    "what was filled": (
        "migrate(migrator.backfill('player', {'name': 'x'}, where=True))",
        "undone(migrator.alter_column_type('player', 'name', TextField(null=True))); "
        "tried(migrator.drop_not_null('player', 'name'), migrator.drop_column('player', 'nothing'))",
    ),
    "a table, in its middle": (
        DROP, f"migrate(migrator.run_python(lambda database: tried({NAME}, {FAILS})), {NAME})"
    ),
}  # fmt: skip


@TAKES_BACK
@pytest.mark.parametrize("case", WAYS_BACK)
def test_what_a_batch_had_put_back_that_was_undone_is_put_back_again(tmp_path: Path, database: Any, case: str) -> None:
    project = project_on(database, tmp_path, *WAYS_BACK[case])
    before = rows(database)
    project.apply()
    told = project.revert().steps[0].restored
    assert rows(database) == before
    assert [done.restored for done in told] == [2] and project.attic() == ()


@LEAVES
def test_where_the_database_takes_nothing_back_it_is_put_back_once(tmp_path: Path, database: Any) -> None:
    project = project_on(database, tmp_path, DROP, f"tried({NAME}, {FAILS})")
    before = rows(database)
    project.apply()
    assert project.revert().steps[0].restored == (Restored("player", "name", 2),)
    assert rows(database) == before and project.attic() == ()


@TAKES_BACK
@pytest.mark.parametrize("undo", ["tried({0}, " + FAILS + ")", "undone({0})"], ids=["failed", "undone"])
def test_what_a_batch_had_kept_that_was_undone_is_kept_anew(tmp_path: Path, database: Any, undo: str) -> None:
    forward = undo.format('migrator.drop_table("player")')
    project = project_on(database, tmp_path, f"{forward}; {DROP}", f"migrate({NAME})")
    before = rows(database)
    assert [str(kept) for kept in project.apply().steps[0].kept] == ["the values of player.name in 2 rows"]
    assert project.revert().steps[0].restored == (Restored("player", "name", 2),)
    assert rows(database) == before and project.attic() == ()
