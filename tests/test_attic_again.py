"""A migration that is applied again: what the attic still has of an earlier time is not taken for what it took now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.plan import Restored
from pwmig.project import Project

ADD = "migrate(migrator.add_column('player', '{0}', CharField(80, null=True)))"
DROP = "migrate(migrator.drop_column('player', '{0}'))"


@pytest.fixture
def database(any_database: Any) -> Any:
    any_database.execute_sql("CREATE TABLE player (id VARCHAR(9) NOT NULL PRIMARY KEY, name VARCHAR(80))")
    any_database.execute_sql("INSERT INTO player VALUES ('a', 'one'), ('b', 'two')")
    return any_database


def project_on(database: Any, root: Path, source: str) -> Project:
    return open_project(root / "p", {"change": source}, config=config_of(database))


def rows(database: Any, columns: str = "id, name") -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql(f"SELECT {columns} FROM player ORDER BY id").fetchall()))


def test_what_is_left_of_an_earlier_time_is_not_written_over_what_stands_now(tmp_path: Path, database: Any) -> None:
    project = project_on(database, tmp_path, migration(DROP.format("name"), ADD.format("name")))
    project.apply()
    database.execute_sql("DELETE FROM player WHERE id = 'b'")
    assert project.revert().steps[0].restored == (Restored("player", "name", 1, gone=1),)
    database.execute_sql("INSERT INTO player (id, name) VALUES ('b', NULL)")
    project.apply()
    assert project.revert().steps[0].restored == (Restored("player", "name", 2),)
    assert rows(database) == [("a", "one"), ("b", None)]
    assert [(entry.application, str(entry)) for entry in project.attic()] == [(0, "player.name, 1 row")]
    assert project.restore("change") == (Restored("player", "name", 1),)
    assert rows(database) == [("a", "one"), ("b", "two")] and project.attic() == ()


def test_nor_is_what_is_left_of_an_earlier_way_back(tmp_path: Path, database: Any) -> None:
    project = project_on(database, tmp_path, migration(ADD.format("note"), DROP.format("note")))
    project.apply()
    database.execute_sql("UPDATE player SET note = 'x'")
    project.revert()
    database.execute_sql("DELETE FROM player WHERE id = 'b'")
    assert project.apply().steps[0].restored == (Restored("player", "note", 1, gone=1),)
    database.execute_sql("INSERT INTO player (id, note) VALUES ('b', NULL)")
    project.revert()
    assert project.apply().steps[0].restored == (Restored("player", "note", 2),)
    assert rows(database, "id, note") == [("a", "x"), ("b", None)]
    assert [(entry.application, entry.row_count) for entry in project.attic()] == [(0, 1)]
