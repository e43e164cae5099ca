"""The document that the project grew from (``seed.md`` beside this file), held to the letter.

``SENTENCES`` lists every statement and every command of it, in its order, with the test that
proves it. Two tests hold the list itself: no sentence is left out, and no test is missing.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from example_project import (
    EXAMPLE_MIGRATIONS,
    ROOT,
    columns,
    contents,
    copy_example,
    database_file,
    manage,
    write_migration,
)

from pwmig import Project
from pwmig.cli import main
from pwmig.errors import MigrationFailed, PwmigError
from pwmig.plan import State

SEED = (Path(__file__).parent / "seed.md").read_text(encoding="utf-8")

SENTENCES: tuple[tuple[str, str], ...] = (
    (
        "This project uses a model-migration separation approach for database migrations.",
        "test_models_and_migrations_are_kept_apart",
    ),
    (
        "**Models reflect current state**: The models in `db/models.py` always reflect the current state of the"
        " database schema after all migrations have been applied.",
        "test_models_equal_the_schema_after_all_migrations",
    ),
    (
        "**Migrations define the path**: Migrations define how to get from one schema version to the next.",
        "test_each_migration_leads_from_one_version_to_the_next",
    ),
    (
        "**Explicit initial schema**: The initial migration creates tables with explicitly defined columns, not based"
        " on the current model definitions.",
        "test_initial_migration_defines_its_columns_without_the_models",
    ),
    (
        "**Incremental changes**: Subsequent migrations use the migrator to make incremental changes to the schema.",
        "test_later_migrations_change_the_schema_through_the_migrator",
    ),
    ("To create a new migration:", "test_create_writes_one_new_file"),
    ("uv run -m scripts.manage_migrations create migration_name", "test_create_writes_one_new_file"),
    (
        "Then edit the generated migration file to define your schema changes.",
        "test_created_file_runs_as_it_is_and_after_editing",
    ),
    ("To apply all pending migrations:", "test_migrate_applies_all_that_is_pending"),
    ("uv run -m scripts.manage_migrations migrate", "test_migrate_applies_all_that_is_pending"),
    ("To revert the last applied migration:", "test_migrate_backward_reverts_the_last_applied_one"),
    (
        "uv run -m scripts.manage_migrations migrate --backward",
        "test_migrate_backward_reverts_the_last_applied_one",
    ),
    (
        "Always create a migration for schema changes, never modify the models without a corresponding migration.",
        "test_models_changed_without_a_migration_are_seen",
    ),
    (
        "Keep migrations small and focused on a single change.",
        "test_migrations_are_small_and_a_created_one_holds_one_change",
    ),
    ("Always implement both forward and backward migrations.", "test_a_migration_without_its_way_back_is_refused"),
    (
        "Test migrations thoroughly before applying them to production.",
        "test_a_migration_is_tried_before_it_touches_the_database",
    ),
    (
        "When you need to add a new column to an existing table, create a migration like this:",
        "test_example_migration_runs_unmodified_in_both_directions",
    ),
    (
        "With this approach, if the database is ever deleted and recreated:",
        "test_deleted_database_is_rebuilt_to_the_same_schema_and_rows",
    ),
    (
        "The initial migration will create tables with only the original columns.",
        "test_initial_migration_makes_only_the_original_columns",
    ),
    (
        "Subsequent migrations will add any additional columns.",
        "test_subsequent_migrations_add_the_additional_columns",
    ),
    (
        "No conflicts will occur because the initial migration doesn't use the current model definitions.",
        "test_models_that_moved_on_do_not_conflict_with_the_initial_migration",
    ),
)

EXAMPLE = re.search(r"```python\n(.*?)```", SEED, re.DOTALL)[1]
FIRST, LAST = EXAMPLE_MIGRATIONS[0], EXAMPLE_MIGRATIONS[-1]
LEVEL = "20300101_120000_add_player_level"


def statements(text: str) -> list[str]:
    """The sentences and commands of a Markdown text in their order, without headings, marks and Python."""
    text = re.sub(r"```python\n.*?```", "", text, flags=re.DOTALL)
    lines = (line.strip() for line in text.splitlines())
    return [re.sub(r"^\d+\. ", "", line) for line in lines if line and not line.startswith(("#", "```"))]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example project, without a database."""
    return copy_example(tmp_path / "project")


@pytest.fixture
def migrated(example: Path) -> Path:
    """A copy of the example project with every migration applied."""
    Project.open(example).apply()
    return example


def run(folder: Path, *words: str) -> int:
    """The exit code of a command on a project, in this process."""
    return main([*words, "--project", str(folder)])


# The list


def test_the_list_holds_every_sentence_and_command_of_the_document() -> None:
    assert [sentence for sentence, _ in SENTENCES] == statements(SEED)


def test_every_sentence_has_a_test_that_is_there() -> None:
    missing = [name for _, name in SENTENCES if not callable(globals().get(name))]
    assert missing == []


# Migration philosophy


def test_models_and_migrations_are_kept_apart(migrated: Path) -> None:
    """ "This project uses a model-migration separation approach": neither file needs the other."""
    (migrated / "db/models.py").unlink()
    database_file(migrated).unlink()
    assert run(migrated, "migrate") == 0
    shutil.copy(ROOT / "db/models.py", migrated / "db/models.py")
    shutil.rmtree(migrated / "db/migrations")
    assert Project.open(migrated).diff() == ()


def test_models_equal_the_schema_after_all_migrations(migrated: Path) -> None:
    """ "The models in `db/models.py` always reflect the current state of the database schema"."""
    assert Project.open(migrated).diff() == ()
    assert run(migrated, "diff") == 0


def test_each_migration_leads_from_one_version_to_the_next(example: Path) -> None:
    """ "Migrations define how to get from one schema version to the next", and the way back is theirs too."""
    project = Project.open(example)
    versions = [(project.schema(), {})]
    for name in EXAMPLE_MIGRATIONS:
        done = project.apply(steps=1)
        assert [step.step.name for step in done.steps] == [name]
        versions.append((project.schema(), contents(example)))
        assert versions[-1] != versions[-2], f"{name} changes neither the schema nor a row"
    for name, (schema, rows) in zip(reversed(EXAMPLE_MIGRATIONS), reversed(versions[:-1]), strict=True):
        done = project.revert()
        assert [step.step.name for step in done.steps] == [name]
        assert project.schema() == schema, f"{name} leaves another schema behind"
        assert contents(example) == rows, f"{name} leaves other rows behind"


def test_initial_migration_defines_its_columns_without_the_models(example: Path) -> None:
    """ "The initial migration creates tables with explicitly defined columns, not based on the current model"."""
    source = (example / f"db/migrations/{FIRST}.py").read_text(encoding="utf-8")
    imported = {name for node in ast.walk(ast.parse(source)) for name in _modules_of(node)}
    assert imported == {"peewee", "playhouse.migrate", "db.migrations_config"}
    (example / "db/models.py").write_text("raise RuntimeError('a migration imported the models')\n", encoding="utf-8")
    assert run(example, "migrate", "--to", FIRST) == 0
    assert columns(example, "player") == ["id", "name", "born"]


def test_later_migrations_change_the_schema_through_the_migrator(example: Path) -> None:
    """ "Subsequent migrations use the migrator to make incremental changes to the schema"."""
    project = Project.open(example)
    project.apply(steps=1)
    for name in EXAMPLE_MIGRATIONS[1:]:
        before = project.schema()
        (step,) = project.apply(steps=1).steps
        assert bool(step.operations) == (project.schema() != before), name


# Creating a new migration


def test_create_writes_one_new_file(example: Path) -> None:
    """ "uv run -m scripts.manage_migrations create migration_name"."""
    before = set((example / "db/migrations").glob("*.py"))
    done = manage(example, "create", "migration_name")
    assert done.returncode == 0, done.stderr
    (made,) = set((example / "db/migrations").glob("*.py")) - before
    assert re.fullmatch(r"\d{8}_\d{6}_migration_name\.py", made.name)
    assert made.name in done.stdout and not database_file(example).exists()


def test_created_file_runs_as_it_is_and_after_editing(migrated: Path) -> None:
    """ "Then edit the generated migration file to define your schema changes": it has the example's shape."""
    assert run(migrated, "create", "add_player_level") == 0
    (made,) = (migrated / "db/migrations").glob("*_add_player_level.py")
    before = Project.open(migrated).schema()
    assert run(migrated, "migrate") == run(migrated, "migrate", "--backward") == 0
    assert Project.open(migrated).schema() == before
    text = made.read_text(encoding="utf-8")
    assert _shape(text) == _shape(EXAMPLE)
    made.write_text(text.replace("# migrator", "migrator"), encoding="utf-8")
    assert run(migrated, "migrate") == 0
    assert "level" in columns(migrated, "player")
    assert run(migrated, "migrate", "--backward") == 0
    assert Project.open(migrated).schema() == before


# Running migrations


def test_migrate_applies_all_that_is_pending(example: Path) -> None:
    """ "To apply all pending migrations": uv run -m scripts.manage_migrations migrate."""
    assert run(example, "migrate", "--steps", "3") == 0
    done = manage(example, "migrate")
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in EXAMPLE_MIGRATIONS[3:])
    assert [row.name for row in Project.open(example).applied()] == list(EXAMPLE_MIGRATIONS)
    rows = contents(example)
    assert manage(example, "migrate").returncode == 0, "with nothing pending it is done at once"
    assert contents(example) == rows


def test_migrate_backward_reverts_the_last_applied_one(migrated: Path) -> None:
    """ "To revert the last applied migration": uv run -m scripts.manage_migrations migrate --backward."""
    for number in (1, 2):
        done = manage(migrated, "migrate", "--backward")
        assert done.returncode == 0, done.stderr
        assert EXAMPLE_MIGRATIONS[-number] in done.stdout
        assert [row.name for row in Project.open(migrated).applied()] == list(EXAMPLE_MIGRATIONS[:-number])
    assert "olympiad" not in contents(migrated)


def test_the_commands_run_as_the_document_writes_them(example: Path) -> None:
    """ "uv run -m scripts.manage_migrations ...", each command of the document in its order, through uv itself."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on the path")
    commands = re.findall(r"```bash\nuv run (.*)\n```", SEED)
    assert [words.split()[2:] for words in commands] == [
        ["create", "migration_name"],
        ["migrate"],
        ["migrate", "--backward"],
    ]
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix}
    for words in commands:
        # The copy is no Python project: it runs in the environment of these tests, and asks no index.
        command = [uv, "run", "--no-project", "--offline", "--python", sys.executable, *words.split()]
        done = subprocess.run(command, cwd=example, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (words, done.stderr)
    states = {status.name[16:]: status.state for status in Project.open(example).status()}
    assert states.pop("migration_name") is State.PENDING, "applied by the second command, reverted by the third"
    assert set(states.values()) == {State.APPLIED}


# Best practices


def test_models_changed_without_a_migration_are_seen(migrated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ "Always create a migration for schema changes, never modify the models without" one."""
    models = migrated / "db/models.py"
    text = models.read_text(encoding="utf-8")
    models.write_text(text.replace("titles = ", "level = IntegerField(default=1)\n    titles = "), encoding="utf-8")
    assert run(migrated, "diff") == 1
    assert "player" in (shown := capsys.readouterr().out) and "level" in shown
    write_migration(migrated, LEVEL, EXAMPLE)
    assert run(migrated, "migrate") == 0
    assert run(migrated, "diff") == 0


def test_migrations_are_small_and_a_created_one_holds_one_change(example: Path) -> None:
    """ "Keep migrations small and focused on a single change"."""
    made = Project.open(example).create("add_something").read_text(encoding="utf-8")
    assert made.count("migrator.") == 2, "one suggestion forward, one backward"
    Project.open(example).create("nothing")
    steps = Project.open(example).apply(to=LAST).steps
    assert max(len(step.operations) for step in steps) == 1


def test_a_migration_without_its_way_back_is_refused(migrated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ "Always implement both forward and backward migrations"."""
    assert "def migrate_forward" in EXAMPLE and "def migrate_backward" in EXAMPLE
    write_migration(migrated, LEVEL, EXAMPLE.partition("def migrate_backward")[0])
    assert run(migrated, "migrate") == 0
    before = contents(migrated)
    capsys.readouterr()
    assert run(migrated, "migrate", "--backward") == 2
    told = capsys.readouterr().err
    assert LEVEL in told and "migrate_backward" in told
    assert contents(migrated) == before
    assert Project.open(migrated).applied()[-1].name == LEVEL


@pytest.mark.parametrize("name", EXAMPLE_MIGRATIONS)
def test_every_example_migration_has_both_directions(name: str) -> None:
    """ "Always implement both forward and backward migrations", in the example project too."""
    tree = ast.parse((ROOT / f"db/migrations/{name}.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"migrate_forward", "migrate_backward"} <= functions


def test_a_migration_is_tried_before_it_touches_the_database(migrated: Path) -> None:
    """ "Test migrations thoroughly before applying them to production": rehearse is apply on a copy."""
    write_migration(migrated, LEVEL, EXAMPLE)
    project = Project.open(migrated)
    before = database_file(migrated).read_bytes()
    rehearsed = project.rehearse()
    assert database_file(migrated).read_bytes() == before
    assert [change.sign for change in rehearsed.changes] == ["+"]
    assert project.apply(watch=True).changes == rehearsed.changes


def test_a_failing_migration_leaves_the_database_as_it_was(migrated: Path) -> None:
    """ "Test migrations thoroughly": where one fails half-way, nothing of it stays."""
    broken = EXAMPLE.replace("    )\n\ndef", "    )\n    raise RuntimeError('half-way')\n\ndef")
    assert broken != EXAMPLE
    write_migration(migrated, LEVEL, broken)
    project = Project.open(migrated)
    before = project.schema(), contents(migrated)
    with pytest.raises(MigrationFailed, match=LEVEL):
        project.apply()
    assert (project.schema(), contents(migrated)) == before
    assert project.status()[-1].state is State.PENDING


def test_an_applied_file_that_changed_is_seen_and_stops_migrate(
    migrated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """ "Always create a migration for schema changes": editing one that is applied is none."""
    changed = migrated / f"db/migrations/{FIRST}.py"
    changed.write_text(changed.read_text(encoding="utf-8").replace("100", "200"), encoding="utf-8")
    write_migration(migrated, LEVEL, EXAMPLE)
    assert run(migrated, "status", "--json") == 1
    states = {row["name"]: row["state"] for row in json.loads(capsys.readouterr().out)["migrations"]}
    assert states[FIRST] == "changed" and states[LEVEL] == "pending"
    before = contents(migrated)
    assert run(migrated, "migrate") == 2
    assert FIRST in capsys.readouterr().err
    assert contents(migrated) == before


# Example: adding a new column


def test_example_migration_runs_unmodified_in_both_directions(migrated: Path) -> None:
    """ "When you need to add a new column to an existing table, create a migration like this"."""
    assert EXAMPLE.splitlines()[1] == "from playhouse.migrate import *"
    before = Project.open(migrated).schema(), contents(migrated)
    write_migration(migrated, LEVEL, EXAMPLE)
    assert manage(migrated, "migrate").returncode == 0
    assert columns(migrated, "player")[-1] == "level"
    assert {dict(row)["level"] for row in contents(migrated)["player"]} == {1}
    column = Project.open(migrated).schema().table("player").column("level")
    assert (column.type, column.nullable, column.default) == ("INTEGER", False, None)
    assert manage(migrated, "migrate", "--backward").returncode == 0
    assert (Project.open(migrated).schema(), contents(migrated)) == before


# Handling database recreation


def test_deleted_database_is_rebuilt_to_the_same_schema_and_rows(migrated: Path) -> None:
    """ "If the database is ever deleted and recreated", it is the same again."""
    before = Project.open(migrated).schema(), contents(migrated)
    database_file(migrated).unlink()
    assert run(migrated, "migrate") == 0
    assert (Project.open(migrated).schema(), contents(migrated)) == before


def test_initial_migration_makes_only_the_original_columns(migrated: Path) -> None:
    """ "The initial migration will create tables with only the original columns"."""
    database_file(migrated).unlink()
    assert run(migrated, "migrate", "--to", FIRST) == 0
    assert list(contents(migrated)) == ["player"]
    assert columns(migrated, "player") == ["id", "name", "born"]


def test_subsequent_migrations_add_the_additional_columns(migrated: Path) -> None:
    """ "Subsequent migrations will add any additional columns"."""
    database_file(migrated).unlink()
    run(migrated, "migrate", "--to", FIRST)
    assert run(migrated, "migrate") == 0
    assert columns(migrated, "player") == ["id", "name", "birth_year", "died", "country_id", "titles"]


def test_models_that_moved_on_do_not_conflict_with_the_initial_migration(migrated: Path) -> None:
    """ "No conflicts will occur because the initial migration doesn't use the current model definitions"."""
    models = migrated / "db/models.py"
    added = "titles = IntegerField(default=0)\n    level = IntegerField(default=1)"
    models.write_text(
        models.read_text(encoding="utf-8").replace("titles = IntegerField(default=0)", added), encoding="utf-8"
    )
    write_migration(migrated, LEVEL, EXAMPLE)
    database_file(migrated).unlink()
    assert run(migrated, "migrate") == 0
    assert Project.open(migrated).diff() == ()


def test_tables_that_are_there_already_are_not_overwritten(example: Path) -> None:
    """ "No conflicts will occur": a database that grew another way is told about, and left as it is."""
    with sqlite3.connect(database_file(example)) as connection:
        connection.execute("CREATE TABLE player (id INTEGER PRIMARY KEY, nickname TEXT)")
        connection.execute("INSERT INTO player (nickname) VALUES ('Patzer')")
    connection.close()
    with pytest.raises(PwmigError, match="player"):
        Project.open(example).apply()
    assert contents(example) == {"player": [[("id", 1), ("nickname", "Patzer")]]}


def _modules_of(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "",)
    return tuple(alias.name for alias in node.names) if isinstance(node, ast.Import) else ()


def _shape(source: str) -> list[object]:
    """What a migration imports and defines, in its order."""
    parts: list[object] = [part for node in ast.parse(source).body for part in _modules_of(node)]
    return parts + [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
