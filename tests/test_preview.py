"""Code that is not saved, rehearsed: after all that is pending, or in a pending migration's place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import HEAD, open_project, sql_migration

from pwmig.errors import MigrationFailed, MigrationFileError, PlanError
from pwmig.project import Project
from pwmig.worker import Worker

PLAYER = sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name TEXT)", "DROP TABLE player")
LEVEL = HEAD + "def migrate_forward():\n    migrate(migrator.add_column('player', 'level', IntegerField(null=True)))\n"
RANK = LEVEL.replace("level", "rank")
FAILS = HEAD + "def migrate_forward():\n    number = 1\n    database.execute_sql('DELETE FROM nowhere')\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one migration applied and two pending ones."""
    made = open_project(tmp_path, {"player": PLAYER, "level": LEVEL, "game": PLAYER.replace("player", "game")})
    made.apply(to="player")
    return made


def everything(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def columns(snapshot: Any, table: str) -> tuple[str, ...]:
    return snapshot.schema.table(table).column_names


def test_a_new_draft_runs_after_all_that_is_pending(project: Project) -> None:
    run = project.preview(RANK)
    assert [(step.step.name, step.outcome) for step in run.steps] == [("draft", "applied")]
    assert columns(run.before, "player") == ("id", "name", "level")
    assert columns(run.after, "player") == ("id", "name", "level", "rank")
    assert run.after.schema.table("game") is not None and [change.kind for change in run.changes] == ["AddColumn"]


def test_a_draft_in_a_pending_migrations_place_runs_after_those_before_it(project: Project) -> None:
    run = project.preview(RANK, replaces="level")
    assert [step.step.name[16:] for step in run.steps] == ["level"]
    assert columns(run.before, "player") == ("id", "name")
    assert columns(run.after, "player") == ("id", "name", "rank")
    assert run.after.schema.table("game") is None


def test_no_file_is_touched(project: Project) -> None:
    (project.root / "db" / "migrations" / "__pycache__").mkdir(exist_ok=True)
    project.rehearse()  # So that Python's own caches are there.
    before = everything(project.root)
    project.preview(RANK)
    project.preview(RANK, replaces="level")
    assert everything(project.root) == before


def test_a_draft_finds_what_lies_beside_the_migrations(project: Project) -> None:
    folder = project.root / "db" / "migrations"
    (folder / "__init__.py").touch()
    (folder / "helpers.py").write_text("NAME = 'rank'\n")
    (folder / "names.txt").write_text("player")
    run = project.preview(
        HEAD + "from pathlib import Path\nfrom .helpers import NAME\n\ndef migrate_forward():\n"
        "    table = (Path(__file__).parent / 'names.txt').read_text()\n"
        "    migrate(migrator.add_column(table, NAME, IntegerField(null=True)))\n"
    )
    assert columns(run.after, "player")[-1] == "rank"


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = 1\ndef migrate_forward(:\n    pass\n", MigrationFileError, 2),
        ("x = 1\n\nx.y\n", MigrationFileError, 3),
        ("x = 'half of a letter \ud800'\n", MigrationFileError, 1),
        ("x = 'nothing\0'\n", MigrationFileError, None),
        ("x = 1\n", MigrationFileError, None),
        (FAILS, MigrationFailed, 7),
        (HEAD + "def migrate_forward():\n\n    raise ValueError('no')\n", MigrationFailed, 7),
    ],
    ids=["syntax", "loading", "surrogate", "NUL", "no migrate_forward", "SQL", "Python"],
)
@pytest.mark.parametrize("replaces", [None, "level"])
def test_what_is_wrong_with_it_is_told_with_its_line(
    project: Project, source: str, kind: type[Exception], line: int | None, replaces: str | None
) -> None:
    with pytest.raises(kind) as caught:
        project.preview(source, replaces=replaces)
    assert caught.value.line == line
    assert caught.value.what.startswith("draft" if replaces is None else "20250101_000001_level")


def test_an_error_of_a_pending_one_is_not_the_drafts(project: Project) -> None:
    path = project.root / "db" / "migrations" / "20250101_000001_level.py"
    path.write_text(FAILS)
    with pytest.raises(MigrationFailed, match="what has to run first did not: 20250101_000001_level") as caught:
        project.preview(RANK)
    assert caught.value.line is None


def test_a_changed_or_missing_file_does_not_stop_a_look(project: Project) -> None:
    (project.root / "db" / "migrations" / "20250101_000000_player.py").unlink()
    assert columns(project.preview(RANK).after, "player")[-1] == "rank"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replaces": "player"}, "there is no migration 'player'"),
        ({"replaces": "nothing"}, "there is no migration 'nothing'"),
        ({"name": "20250101_000001_level"}, "a draft can't be called 20250101_000001_level"),
    ],
)
def test_only_a_pending_migration_has_a_place_to_give(project: Project, options: dict[str, str], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        project.preview(RANK, **options)
    assert caught.value.what == message


def test_a_worker_previews_and_compares(project: Project) -> None:
    heard = []
    run = Worker(project.root, "preview", {"source": RANK, "name": "rank"}, heard.append).start().wait(60)
    assert run.changes == project.preview(RANK).changes
    assert [event.migration for event in heard if event.kind == "step-done"][-1] == "rank"
    compared = Worker(project.root, "compare", {"start": "zero", "end": "now"}).start().wait(60)
    assert [change.kind for change in compared.changes] == ["CreateTable"]
    with pytest.raises(MigrationFailed) as caught:
        Worker(project.root, "preview", {"source": FAILS}).start().wait(60)
    assert caught.value.line == 7 and caught.value.statement == "DELETE FROM nowhere"
