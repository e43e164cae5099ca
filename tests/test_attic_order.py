"""A table without a key: what went comes back in whichever order its columns are made again, and fills among them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.errors import MigrationFailed
from pwmig.project import Project

ROWS = [(1, "a", None), (1, "a", 7), (2, "a", None), (2, "b", None), (3, "c", 5)]


def add(name: str, null: bool = True) -> str:
    kind = "CharField(80" if name == "name" else "IntegerField("
    return f"migrator.add_column('player', '{name}', {kind}{', ' if name == 'name' and null else ''}" + (
        "null=True))" if null else "))"
    )


def drop(name: str) -> str:
    return f"migrator.drop_column('player', '{name}')"


FILL = "migrator.backfill('player', {'level': 5})"
WAYS = {
    "dropped, then another filled": (f"{drop('name')}, {FILL}", f"migrate({add('name')})"),
    "required": (f"{drop('name')}, {FILL}", f"migrate({add('name', null=False)})"),
    "in the order they went": (f"{drop('name')}, {drop('level')}", f"migrate({add('name')}); migrate({add('level')})"),
    "required, in the order they went": (
        f"{drop('name')}, {drop('level')}", f"migrate({add('name', null=False)}); migrate({add('level')})"
    ),
    "three, the middle one first": (
        f"migrator.add_column('player', 'x', IntegerField(null=True)), {drop('name')}, {drop('level')}, {drop('id')}",
        f"migrate({add('level')}); migrate({add('id')}); migrate({add('name')}); migrate({drop('x')})",
    ),
    "filled, dropped, another filled": (
        f"{FILL}, {drop('level')}, migrator.backfill('player', {{'name': 'x'}}, where=True)", f"migrate({add('level')})"
    ),
    "then renamed": (
        f"{drop('name')}, {FILL}, migrator.rename_column('player', 'level', 'rank')",
        f"migrate({add('name', null=False)}, migrator.rename_column('player', 'rank', 'level')); "
        "migrate(migrator.rename_column('player', 'name', 'x')); "
        "migrate(migrator.rename_column('player', 'x', 'name'))",
    ),
    "with a default": (
        f"{drop('name')}, {FILL}",
        f"migrate({add('name').replace('null=True', 'default=chr(63)')})",
    ),
}  # fmt: skip


def rows(database: Any) -> Counter[tuple[Any, ...]]:
    return Counter(map(tuple, database.execute_sql("SELECT id, name, level FROM player").fetchall()))


def project_on(database: Any, root: Path, forward: str, backward: str) -> Project:
    database.execute_sql("CREATE TABLE player (id INTEGER, name VARCHAR(80), level INTEGER)")
    marks = ", ".join([database.param] * 3)
    for row in ROWS:
        database.execute_sql(f"INSERT INTO player VALUES ({marks})", row)
    source = migration(f"migrate({forward})", backward)
    return open_project(root / "p", {"change": source}, config=config_of(database))


@pytest.mark.parametrize(("forward", "backward"), WAYS.values(), ids=WAYS)
def test_each_row_is_as_it_was(tmp_path: Path, any_database: Any, forward: str, backward: str) -> None:
    project = project_on(any_database, tmp_path, forward, backward)
    kept = project.apply().steps[0].kept
    told = project.revert().steps[0].restored
    assert rows(any_database) == Counter(ROWS)
    assert sum(done.restored for done in told) == sum(one.row_count for one in kept) > 5
    assert "forward" not in {entry.direction for entry in project.attic()}
    columns = {column.name: column.null for column in any_database.get_columns("player")}
    assert columns["name"] is (
        "null=False" not in backward and "CharField(80)" not in backward and "chr" not in backward
    )


def test_a_row_without_a_value_stops_it_at_the_end(tmp_path: Path, any_database: Any) -> None:
    project = project_on(any_database, tmp_path, *WAYS["required"])
    project.apply()
    any_database.execute_sql("UPDATE player SET id = 9 WHERE id = 3")
    with pytest.raises(MigrationFailed, match="1 row has no value"):
        project.revert()
    assert len(project.attic()) == 2


def test_what_can_not_be_told_apart_any_more_is_left_and_told(tmp_path: Path, any_database: Any) -> None:
    """Another column of the same went for good."""
    project = project_on(any_database, tmp_path, f"{drop('name')}, {drop('level')}", f"migrate({add('name')})")
    project.apply()
    told = project.revert().steps[0].restored
    assert [(done.column, done.restored, done.gone) for done in told] == [("name", 0, 5)]
    assert sorted(entry.in_words for entry in project.attic()) == ["player.level", "player.name"]
