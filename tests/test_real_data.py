"""The main job on real databases: look, apply, look, take back, and everything is as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import HEAD, open_project, state

from pwmig.plan import Run
from pwmig.project import Project


def migration(forward: str, backward: str) -> str:
    return (
        HEAD
        + f"def migrate_forward():\n    migrate(\n        {forward},\n    )\n\n"
        + f"def migrate_backward():\n    migrate(\n        {backward},\n    )\n"
    )


FOOTBALLERS = {
    "add_player_level": migration(
        "migrator.add_column('player', 'level', IntegerField(default=1))", "migrator.drop_column('player', 'level')"
    ),
    "index_birth_date": migration(
        "migrator.add_index('player', ('birth_date',))", "migrator.drop_index('player', 'player_birth_date')"
    ),
    "rename_position": migration(
        "migrator.rename_column('player', 'position', 'role')", "migrator.rename_column('player', 'role', 'position')"
    ),
}

CHINOOK = {
    "add_track_level": migration(
        "migrator.add_column('Track', 'Level', IntegerField(default=1))", "migrator.drop_column('Track', 'Level')"
    ),
    "index_birth_date": migration(
        "migrator.add_index('Employee', ('BirthDate',))", "migrator.drop_index('Employee', 'Employee_BirthDate')"
    ),
    "rename_composer": migration(
        "migrator.rename_column('Track', 'Composer', 'Writer')", "migrator.rename_column('Track', 'Writer', 'Composer')"
    ),
    "add_employee_level": migration(
        "migrator.add_column('Employee', 'Level', IntegerField(default=1))", "migrator.drop_column('Employee', 'Level')"
    ),
}


@pytest.fixture
def adopted(tmp_path: Path, real_data: Callable[[str], Path]) -> Callable[[str, dict[str, str]], Project]:
    """A copy of a real database as a project's own."""

    def adopt(name: str, migrations: dict[str, str]) -> Project:
        (tmp_path / "db").mkdir()
        shutil.copyfile(real_data(name), tmp_path / "db" / "app.sqlite")
        return open_project(tmp_path, migrations)

    return adopt


def lines(run: Run) -> list[str]:
    return [f"{change.sign} {change.describe()}" for change in run.changes]


def column(run: Run, table: str, name: str) -> set[object]:
    rows = run.samples(table)[1]
    return {row[rows.columns.index(name)] for row in rows.rows}


def test_the_footballers_there_and_back(adopted: Callable[..., Project]) -> None:
    project = adopted("footballers_cc0.sqlite", FOOTBALLERS)
    file = project.root / "db" / "app.sqlite"
    start, schema = state(file), project.schema()
    rehearsal = project.rehearse()
    assert state(file) == start
    run = project.apply(watch=True)
    assert run.changes == rehearsal.changes
    assert {change.kind for change in run.changes} == {"AddColumn", "AddIndex", "RenameColumn"}
    assert column(run, "player", "level") == {1}
    assert run.after.table_rows("player").row_count == run.before.table_rows("player").row_count == 31_689
    assert project.database.execute_sql("SELECT count(*), sum(level) FROM player").fetchone() == (31_689, 31_689)
    project.database.close()
    lost = project.rehearse(to="zero", backward=True).losses
    assert [str(loss) for loss in lost] == ["the values of player.level in 31,689 rows"]
    project.revert(to="zero")
    assert project.schema() == schema
    assert state(file) == start


def test_chinook_with_its_brackets_there_and_back(adopted: Callable[..., Project]) -> None:
    project = adopted("chinook.sqlite", CHINOOK)
    file = project.root / "db" / "app.sqlite"
    start, schema = state(file), project.schema()
    rehearsal = project.rehearse()
    assert state(file) == start
    run = project.apply(watch=True)
    assert run.changes == rehearsal.changes
    assert sorted(change.kind for change in run.changes) == ["AddColumn", "AddColumn", "AddIndex", "RenameColumn"]
    assert column(run, "Employee", "Level") == {1} == column(run, "Track", "Level")
    project.revert(steps=4)
    assert project.schema() == schema
    assert rows_of(file) == [row for row in start if row[0] not in ("table", "index")]


def rows_of(file: Path) -> list[tuple[object, ...]]:
    return [row for row in state(file) if row[0] not in ("table", "index")]


def test_each_step_back_is_the_step_before(adopted: Callable[..., Project]) -> None:
    project = adopted("footballers_cc0.sqlite", FOOTBALLERS)
    file = project.root / "db" / "app.sqlite"
    stations = [state(file)]
    for name in FOOTBALLERS:
        project.apply(to=name)
        stations.append(state(file))
    for station in reversed(stations[:-1]):
        project.revert()
        assert state(file) == station
