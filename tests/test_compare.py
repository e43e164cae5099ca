"""Two points of the history compared on a copy, and a plan that runs where another has led to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import HEAD, open_project, sql_migration, state, states

from pwmig.errors import MigrationFailed, MigrationFileError, PlanError
from pwmig.files import MigrationFile
from pwmig.plan import Applied, Plan
from pwmig.points import plan_between
from pwmig.project import Project

SOURCES = {
    "player": sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name TEXT)", "DROP TABLE player"),
    "fill": HEAD + "def migrate_forward():\n"
    "    database.execute_sql(\"INSERT INTO player (name) VALUES ('Tal'), ('Hou')\")\n\n"
    "def migrate_backward():\n    database.execute_sql('DELETE FROM player')\n",
    "level": HEAD + "def migrate_forward():\n"
    "    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n\n"
    "def migrate_backward():\n    migrate(migrator.drop_column('player', 'level'))\n",
    "game": sql_migration("CREATE TABLE game (id INTEGER NOT NULL PRIMARY KEY)", "DROP TABLE game"),
}


def files(*names: str) -> tuple[MigrationFile, ...]:
    return tuple(MigrationFile(name, f"/db/{name}.py", "sum of " + name) for name in names)


def applied(*names: str) -> tuple[Applied, ...]:
    return tuple(Applied(name, "sum of " + name, "2026-01-01T00:00:00Z") for name in names)


def words(plan: Plan) -> str:
    return " ".join(("+" if step.direction.value == "forward" else "-") + step.name for step in plan.steps)


@pytest.mark.parametrize(
    ("start", "end", "first", "then", "why"),
    [
        ("now", "now", "", "", "a point and itself"),
        ("zero", "zero", "-b -a", "", "nothing is applied at zero"),
        ("now", "d", "", "+c +d", "what is pending"),
        ("now", "b", "", "", "the last applied one is now"),
        ("now", "zero", "", "-b -a", "all the way back"),
        ("zero", "now", "-b -a", "+a +b", "and again"),
        ("a", "d", "-b", "+b +c +d", "over now"),
        ("d", "a", "+c +d", "-d -c -b", "over now, backward"),
        ("c", "d", "+c", "+d", "between two pending ones"),
        ("d", "c", "+c +d", "-d", "between two pending ones, backward"),
    ],
)
def test_the_way_between_two_points(start: str, end: str, first: str, then: str, why: str) -> None:
    plans = plan_between(files("a", "b", "c", "d"), applied("a", "b"), start, end)
    assert tuple(map(words, plans)) == (first, then), why


def test_what_is_applied_again_follows_the_history_not_the_names() -> None:
    first, then = plan_between(files("a", "b", "c"), applied("b", "a"), "zero", "now")
    assert (words(first), words(then)) == ("-a -b", "+b +a")


@pytest.mark.parametrize(
    ("known", "done", "points", "allow", "message"),
    [
        (("a",), ("a",), ("now", "x"), (), "there is no migration 'x'"),
        (("b",), ("a", "b"), ("zero", "now"), (), "a can't be taken back"),
        (("a", "b", "c"), ("c",), ("now", "b"), (), "a, b is older than c"),
        (("a",), ("a",), ("now", "zero"), ("magic",), "nothing called magic can be allowed"),
    ],
)
def test_a_way_that_can_not_be_planned(
    known: tuple[str, ...], done: tuple[str, ...], points: tuple[str, str], allow: tuple[str, ...], message: str
) -> None:
    with pytest.raises(PlanError) as caught:
        plan_between(files(*known), applied(*done), *points, allow=allow)
    assert message in caught.value.what


def test_a_changed_file_is_passed_only_where_it_is_allowed() -> None:
    changed = (MigrationFile("a", "/db/a.py", "another sum"),)
    with pytest.raises(PlanError, match="can't be taken back as it is"):
        plan_between(changed, applied("a"), "now", "zero")
    assert words(plan_between(changed, applied("a"), "now", "zero", allow=("changed",))[1]) == "-a"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of four migrations, of which two are applied."""
    made = open_project(tmp_path, SOURCES)
    made.apply(steps=2)
    return made


def tables(snapshot: Any) -> dict[str, tuple[str, ...]]:
    return {table.name: table.column_names for table in snapshot.schema.tables}


AT = {
    "zero": {},
    "player": {"player": ("id", "name")},
    "fill": {"player": ("id", "name")},
    "now": {"player": ("id", "name")},
    "level": {"player": ("id", "name", "level")},
    "game": {"game": ("id",), "player": ("id", "name", "level")},
}


@pytest.mark.parametrize("end", AT)
@pytest.mark.parametrize("start", AT)
def test_any_two_points_are_compared_and_the_database_stays(project: Project, start: str, end: str) -> None:
    path = project.root / "db" / "app.sqlite"
    held = path.read_bytes()
    run = project.compare(start, end)
    assert (tables(run.before), tables(run.after)) == (AT[start], AT[end])
    assert (run.before == run.after) == (not run.steps)
    assert path.read_bytes() == held


def test_losses_are_counted_from_where_the_comparison_begins(project: Project) -> None:
    run = project.compare("game", "player")
    assert sorted(map(str, run.losses)) == ["2 rows of player", "the values of player.level in 2 rows"]
    assert project.compare("zero", "game").losses == ()


def test_the_first_plan_runs_unwatched(project: Project) -> None:
    level, game = (Plan((step,)) for step in project.plan().steps)
    run = project.rehearse(game, first=level)
    assert [run_step.step.name[16:] for run_step in run.steps] == ["game"]
    assert [change.kind for change in run.changes] == ["CreateTable"]
    assert "level" in run.before.schema.table("player").column_names
    assert states(project) == {"player": "applied", "fill": "applied", "level": "pending", "game": "pending"}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (HEAD + "def migrate_forward():\n    database.execute_sql('DELETE FROM nowhere')\n", MigrationFailed),
        ("def migrate_forward(:\n", MigrationFileError),
    ],
    ids=["stops", "is no Python"],
)
def test_an_error_of_what_runs_first_is_told_as_one(tmp_path: Path, source: str, kind: type[Exception]) -> None:
    project = open_project(tmp_path, SOURCES | {"bad": source, "last": SOURCES["game"].replace("game", "last")})
    project.apply(to="game")
    before = state(tmp_path / "db" / "app.sqlite")
    with pytest.raises(kind) as caught:
        project.compare("bad", "last")
    assert caught.value.what.startswith("what has to run first did not: 20250101_000004_bad")
    assert caught.value.line is None
    if isinstance(caught.value, MigrationFailed):
        assert caught.value.migration == "20250101_000004_bad" and "nowhere" in caught.value.statement
    assert state(tmp_path / "db" / "app.sqlite") == before


def test_the_size_is_that_of_a_copy(project: Project) -> None:
    assert project.size() == (project.root / "db" / "app.sqlite").stat().st_size


def test_nothing_has_no_size(tmp_path: Path) -> None:
    assert open_project(tmp_path, SOURCES).size() == 0
    assert not (tmp_path / "db" / "app.sqlite").exists()
