"""The example project: its facts hold together, and its migrations show the range of what there is."""

from __future__ import annotations

import ast
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_project import EXAMPLE_MIGRATIONS, ROOT, contents, copy_example, database_file, manage

from pwmig import Project


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example project with every migration applied; the tests only read it."""
    made = copy_example(tmp_path_factory.mktemp("example"))
    Project.open(made).apply()
    return made


@pytest.fixture
def facts(folder: Path) -> Iterator[sqlite3.Connection]:
    """The migrated database, read only, by sqlite3 alone."""
    connection = sqlite3.connect(f"file:{database_file(folder)}?mode=ro", uri=True)
    yield connection
    connection.close()


# No row may come back.
NEVER = (
    ("a match against oneself", "SELECT * FROM title_match WHERE champion_id = opponent_id"),
    ("a champion with fewer points", "SELECT * FROM title_match WHERE champion_points < opponent_points"),
    (
        "a reason that does not fit the points",
        "SELECT * FROM title_match WHERE (champion_points = opponent_points) = (decided_by = 'points')",
    ),
    (
        "points in other than halves",
        "SELECT * FROM title_match WHERE champion_points * 2 <> CAST(champion_points * 2 AS INTEGER)",
    ),
    ("an unknown reason", "SELECT * FROM title_match WHERE decided_by NOT IN ('points', 'title kept', 'rapid games')"),
    ("an unknown title", "SELECT * FROM title_match WHERE title NOT IN ('world', 'FIDE', 'women')"),
    (
        "a match of somebody not yet twelve, or no longer alive",
        "SELECT * FROM title_match JOIN player ON player.id IN (champion_id, opponent_id)"
        " WHERE year < birth_year + 12 OR year > died",
    ),
    ("a life that ends before it begins", "SELECT * FROM player WHERE died <= birth_year"),
    ("a life of more than a hundred years", "SELECT * FROM player WHERE died - birth_year > 100"),
    (
        "a player born in a state that is gone",
        "SELECT * FROM player JOIN country ON country_id = country.id AND code IN ('URS', 'YUG')",
    ),
    (
        "titles that are not those counted",
        "SELECT * FROM player WHERE titles <> (SELECT COUNT(*) FROM title_match WHERE champion_id = player.id)",
    ),
    (
        "a country that nothing speaks of",
        "SELECT * FROM country WHERE id NOT IN (SELECT country_id FROM player UNION SELECT winner_id FROM olympiad)",
    ),
    (
        "a Soviet medal outside of 1952 to 1990",
        "SELECT * FROM olympiad JOIN country ON country.id = winner_id AND code = 'URS'"
        " WHERE year NOT BETWEEN 1952 AND 1990",
    ),
    ("a code that is not three capital letters", "SELECT * FROM country WHERE code NOT GLOB '[A-Z][A-Z][A-Z]'"),
    ("a broken reference", "PRAGMA foreign_key_check"),
)


@pytest.mark.parametrize(("what", "sql"), NEVER, ids=[what for what, _ in NEVER])
def test_the_facts_hold_together(facts: sqlite3.Connection, what: str, sql: str) -> None:
    assert facts.execute(sql).fetchall() == []


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("SELECT COUNT(*) FROM player", 102),
        ("SELECT COUNT(*) FROM country", 32),
        ("SELECT COUNT(*) FROM title_match", 89),
        ("SELECT COUNT(*) FROM olympiad", 75),
        ("SELECT name FROM player WHERE birth_year = (SELECT MIN(birth_year) FROM player)", "Adolf Anderssen"),
        ("SELECT titles FROM player WHERE name = 'Magnus Carlsen'", 5),
        ("SELECT titles FROM player WHERE name = 'Paul Morphy'", 0),
        (
            "SELECT champion.name FROM title_match JOIN player AS champion ON champion.id = champion_id"
            " WHERE title = 'world' AND year = 1972",
            "Bobby Fischer",
        ),
        (
            "SELECT COUNT(*) FROM olympiad JOIN country ON country.id = winner_id"
            " WHERE code = 'URS' AND section = 'open'",
            18,
        ),
    ],
)
def test_the_facts_are_all_there(facts: sqlite3.Connection, question: str, answer: object) -> None:
    assert facts.execute(question).fetchone() == (answer,)


@pytest.mark.parametrize(
    "operation",
    [
        "create_table",
        "add_column",
        "add_not_null",
        "add_foreign_key_constraint",
        "rename_column",
        "add_index",
    ],
)
def test_the_migrations_show_the_range(operation: str) -> None:
    texts = [(ROOT / f"db/migrations/{name}.py").read_text(encoding="utf-8") for name in EXAMPLE_MIGRATIONS]
    assert any(f"migrator.{operation}(" in text for text in texts)


@pytest.mark.parametrize("name", EXAMPLE_MIGRATIONS)
def test_a_migration_never_imports_the_models(name: str) -> None:
    tree = ast.parse((ROOT / f"db/migrations/{name}.py").read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= {"peewee", "playhouse.migrate", "db.migrations_config"}


def test_down_to_nothing_and_up_again_gives_the_same_rows(tmp_path: Path, folder: Path) -> None:
    made = copy_example(tmp_path / "again")
    project = Project.open(made)
    project.apply()
    project.revert(to="zero")
    assert project.schema().tables == () and contents(made) == {}
    project.apply()
    assert project.schema() == Project.open(folder).schema()
    assert contents(made) == contents(folder)


def test_the_database_stays_beside_its_config_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = copy_example(tmp_path / "here")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    Project.open(made).apply(steps=1)
    assert database_file(made).exists() and list((tmp_path / "elsewhere").iterdir()) == []


def test_database_url_names_another_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = copy_example(tmp_path / "project")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    Project.open(made).apply(steps=1)
    assert (tmp_path / "other.db").exists() and not database_file(made).exists()


def test_edited_models_are_seen_by_a_project_that_is_open(tmp_path: Path) -> None:
    made = copy_example(tmp_path / "project")
    project = Project.open(made)
    project.apply()
    models = made / "db/models.py"
    text = models.read_text(encoding="utf-8")
    for column in ("level", "elo_rating", None):
        added = f"    {column} = IntegerField(default=1)\n" if column else ""
        models.write_text(text.replace("    titles = ", added + "    titles = "), encoding="utf-8")
        assert [change.column.name for change in project.diff()] == ([column] if column else [])


def test_foreign_keys_are_enforced_for_the_application(folder: Path) -> None:
    database = Project.open(folder).database
    with database.connection_context():
        assert database.execute_sql("PRAGMA foreign_keys").fetchone() == (1,)


def test_git_ignores_the_database_of_the_example() -> None:
    asked = ["db/players.sqlite", "db/players.sqlite-wal", "db/models.py"]
    told = subprocess.run(["git", "check-ignore", *asked], cwd=ROOT, capture_output=True, text=True, timeout=60)
    if told.returncode == 128:
        pytest.skip("this is no git checkout, so nothing is ignored")
    assert told.stdout.split() == asked[:2]


def test_status_of_a_fresh_copy_writes_nothing(tmp_path: Path) -> None:
    made = copy_example(tmp_path / "project")
    before = sorted(os.listdir(made / "db"))
    done = manage(made, "status")
    assert done.returncode == 1 and all(name in done.stdout for name in EXAMPLE_MIGRATIONS), done.stderr
    assert [name for name in sorted(os.listdir(made / "db")) if name != "__pycache__"] == before
