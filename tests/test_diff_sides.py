"""Any two sides of a project can be compared: live, models, history, zero, a migration, another database."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import CONFIG, HEAD, config_of, open_project, run_cli, sql_migration, state, write_project

from pwmig.errors import DatabaseUnavailable, DatabaseUnsupported, MigrationFailed, PlanError, ProjectError
from pwmig.project import Project
from pwmig.schema import Column, Schema, Table, View
from pwmig.sides import Kind, side_of, without_tables

MODELS = """
from peewee import *
from db.migrations_config import database

class Player(Model):
    name = CharField(max_length=80)
    level = IntegerField()
    class Meta:
        database = database
"""
CREATE = (
    HEAD + "def migrate_forward():\n"
    "    migrate(migrator.create_table('player', {'id': AutoField(), 'name': CharField(max_length=80)}))\n\n"
    "def migrate_backward():\n    migrate(migrator.drop_table('player'))\n"
)
LEVEL = (
    HEAD
    + "def migrate_forward():\n    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n\n"
    + "def migrate_backward():\n    migrate(migrator.drop_column('player', 'level'))\n"
)
CLUB = (
    HEAD + "def migrate_forward():\n    migrate(migrator.create_table('club', {'id': AutoField()}))\n\n"
    "def migrate_backward():\n    migrate(migrator.drop_table('club'))\n"
)
ALL = {"create_player": CREATE, "add_level": LEVEL, "create_club": CLUB}


def told(project: Project, *sides: str) -> list[str]:
    return [f"{change.sign} {change.kind} {change.table}" for change in project.diff(*sides)]


@pytest.fixture
def project(tmp_path: Path, any_database: Any) -> Project:
    """A project of three migrations on each kind of database; the first two are applied."""
    made = open_project(tmp_path, ALL, models=MODELS, config=config_of(any_database))
    made.apply(to="add_level")
    made.database.close()
    return made


SIDES: list[tuple[tuple[str, ...], list[str]]] = [
    ((), []),
    (("live", "models"), []),
    (("models", "live"), []),
    (("history", "live"), []),
    (("live", "live"), []),
    (("models", "models"), []),
    (("live", "history"), []),
    (("zero", "live"), ["+ CreateTable player"]),
    (("live", "zero"), ["- DropTable player"]),
    (("zero", "models"), ["+ CreateTable player"]),
    (("create_player", "add_level"), ["+ AddColumn player"]),
    (("add_level", "create_player"), ["- DropColumn player"]),
    (("create_player", "models"), ["+ AddColumn player"]),
    (("models", "create_player"), ["- DropColumn player"]),
    (("live", "create_club"), ["+ CreateTable club"]),
    (("create_club", "models"), []),
    (("20250101_000002_create_club.py", "history"), ["- DropTable club"]),
]


@pytest.mark.parametrize(("sides", "changes"), SIDES, ids=[" ".join(row[0]) or "by default" for row in SIDES])
def test_what_would_change_one_side_into_the_other(
    project: Project, sides: tuple[str, ...], changes: list[str]
) -> None:
    assert told(project, *sides) == changes


def test_drift_is_what_was_changed_outside_of_the_migrations(project: Project, any_database: Any) -> None:
    any_database.execute_sql("CREATE TABLE stray (id INTEGER NOT NULL PRIMARY KEY)")
    assert told(project, "history", "live") == ["+ CreateTable stray"]
    assert told(project) == [], "a table without a model is left alone"


def test_a_comparison_touches_nothing_of_the_live_database(tmp_path: Path) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply(to="create_player")
    project.database.close()
    path = tmp_path / "db" / "app.sqlite"
    before, looks = path.read_bytes(), path.stat()
    for sides, _ in SIDES:
        project.diff(*sides)
    assert path.read_bytes() == before and path.stat().st_mtime_ns == looks.st_mtime_ns
    left = {file.name for file in path.parent.iterdir() if file.suffix != ".py"}
    assert left <= {"__pycache__", "app.sqlite", "migrations"}


def test_a_side_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    assert told(project, "history", "live") == []
    assert told(project, "live", "create_player") == ["+ CreateTable player"]
    assert not (tmp_path / "db" / "app.sqlite").exists()


def test_another_database_is_a_side_by_its_url(tmp_path: Path) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply(to="create_player")
    other = tmp_path / "other db.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE club (id INTEGER NOT NULL PRIMARY KEY)")
    connection.close()
    before = state(other)
    assert told(project, "live", f"sqlite:///{other}") == ["- DropTable player", "+ CreateTable club"]
    assert told(project, f"sqlite:///{other}", "models") == ["+ CreateTable player"]
    assert state(other) == before


def test_another_database_on_the_server_is_a_side(
    server_database: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    kind = request.node.callspec.params["server_database"]
    server = request.getfixturevalue(f"{kind}_server")
    project = open_project(tmp_path, ALL, models=MODELS, config=config_of(server_database))
    with server.fresh() as other:
        other.execute_sql("CREATE TABLE club (id INTEGER NOT NULL PRIMARY KEY)")
        assert told(project, "live", server.url(other.database)) == ["+ CreateTable club"]


REFUSED: list[tuple[str, type[Exception], str]] = [
    ("nothing_such", PlanError, "the other sides are live, models, history, zero"),
    ("create", PlanError, "means more than one migration"),
    ("sqlite:///nowhere.sqlite", DatabaseUnavailable, "there is no database at sqlite:///nowhere.sqlite"),
    ("postgresql://ann:secret@localhost/shop", DatabaseUnsupported, "it is PostgreSQL, and the project's database is"),
    ("mysql://ann:secret@localhost/shop", DatabaseUnsupported, "and the project's database is SQLite"),
    ("oracle://ann:secret@localhost/shop", DatabaseUnsupported, "oracle://ann:***@localhost/shop names no database"),
    ("sqlite://", DatabaseUnavailable, ""),
]


@pytest.mark.parametrize(("side", "kind", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_side_is_refused_without_a_password(
    tmp_path: Path, side: str, kind: type[Exception], words: str
) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    if side == "sqlite://":
        assert project.diff("zero", side) == (), "an empty database in memory"
        return
    with pytest.raises(kind) as caught:
        project.diff("live", side)
    assert words in str(caught.value) and "secret" not in str(caught.value)


def test_a_history_whose_file_is_gone_can_t_be_replayed(tmp_path: Path) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply()
    (tmp_path / "db" / "migrations" / "20250101_000001_add_level.py").unlink()
    with pytest.raises(PlanError, match="add_level is applied, but its file is gone"):
        project.diff("history", "live")


def test_a_migration_that_fails_from_nothing_says_which(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": CREATE, "b": sql_migration("CREATE TABEL x")}, models=MODELS)
    with pytest.raises(
        MigrationFailed, match=r"(?s)b failed.*It ran on an empty database: the project.s own was not touched"
    ):
        project.diff("b", "live")
    assert not (tmp_path / "db" / "app.sqlite").exists()


def test_a_project_of_parts_has_sides_too(tmp_path: Path) -> None:
    database = peewee.SqliteDatabase(tmp_path / "x.sqlite")
    project = Project(database=database, migrations=tmp_path / "none")
    assert project.diff("zero", "live") == ()
    with pytest.raises(ProjectError, match="names no models"):
        project.diff()


def test_likely_renames_are_questions_beside_the_drop_and_the_add(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": CREATE}, models=MODELS.replace("name = ", "full_name = "))
    project.apply()
    found = project.difference()
    assert {change.kind for change in found.changes} == {"DropColumn", "AddColumn"}
    assert ("player", "name", "full_name") in [(one.table, one.old_name, one.new_name) for one in found.renames]
    project.database.close()
    shown = run_cli(tmp_path, "diff").stdout
    assert "? player.name -> full_name (" in shown and "a rename?" in shown


# The config

WRONG: list[tuple[str, str]] = [
    ("ignore = 'a'", "no list of texts: 'ignore'"),
    ("ignore = ['']", "no list of texts: 'ignore'"),
    ("ignore = [1]", "no list of texts: 'ignore'"),
    ("unmodelled = ['ignore']", "no text: 'unmodelled'"),
    ("unmodelled = 'maybe'", "unmodelled = 'maybe'"),
    ("ignored = ['a']", "unknown key 'ignored'"),
]


@pytest.mark.parametrize(("line", "words"), WRONG, ids=[row[0] for row in WRONG])
def test_a_config_that_is_wrong_says_what_and_why(tmp_path: Path, line: str, words: str) -> None:
    write_project(tmp_path, ALL, models=MODELS)
    (tmp_path / "pyproject.toml").write_text(f"[tool.pwmig]\n{line}\n")
    with pytest.raises(ProjectError) as caught:
        Project.open(tmp_path)
    assert words in caught.value.what and caught.value.why and caught.value.way_out


def test_tables_without_a_model_are_reported_where_the_config_says_so(tmp_path: Path) -> None:
    write_project(tmp_path, ALL, models=MODELS)
    (tmp_path / "pyproject.toml").write_text("[tool.pwmig]\nunmodelled = 'report'\n")
    project = Project.open(tmp_path)
    project.apply()
    assert told(project) == ["- DropTable club"]
    assert told(project, "models", "live") == ["+ CreateTable club"]


@pytest.mark.parametrize("pattern", ["club", "CLUB", "cl*", "*", "c*b"])
def test_what_the_config_ignores_is_in_no_comparison(tmp_path: Path, pattern: str) -> None:
    write_project(tmp_path, ALL, models=MODELS)
    (tmp_path / "pyproject.toml").write_text(f"[tool.pwmig]\nunmodelled = 'report'\nignore = ['{pattern}', 'other']\n")
    project = Project.open(tmp_path)
    project.apply()
    assert told(project) == []
    assert told(project, "add_level", "create_club") == []


def test_the_history_s_own_table_is_no_difference_whatever_its_name(tmp_path: Path) -> None:
    write_project(tmp_path, ALL, models=MODELS)
    (tmp_path / "pyproject.toml").write_text("[tool.pwmig]\nunmodelled = 'report'\nhistory_table = 'log*'\n")
    project = Project.open(tmp_path)
    project.apply(to="add_level")
    assert told(project) == told(project, "history", "live") == []


def test_a_pattern_is_letters_and_stars_only() -> None:
    names = ["a.b", "axb", "[a]", "a\nb", "A"]
    schema = Schema(tuple(Table(name, (Column("id", "INTEGER"),)) for name in names), (View("av", ""),))
    left = {pattern: without_tables(schema, (), (pattern,)).table_names for pattern in ("a.b", "[a]", "a*b", "a", "")}
    assert left["a.b"] == ("axb", "[a]", "a\nb", "A")
    assert left["[a]"] == ("a.b", "axb", "a\nb", "A")
    assert left["a*b"] == ("[a]", "A")
    assert left["a"] == ("a.b", "axb", "[a]", "a\nb")
    assert left[""] == tuple(names)
    assert without_tables(schema, (), ("a*",)).views == ()


def test_a_side_s_text_holds_no_password() -> None:
    side = side_of("mysql://ann:secret@localhost/shop", [])
    assert side.kind is Kind.URL and side.text.count("secret") == 1
    assert "secret" not in str(side) + repr(side)


# The command


def test_the_command_s_codes_words_and_json(tmp_path: Path) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply(to="add_level")
    project.database.execute_sql("CREATE TABLE stray (id INTEGER)")
    project.database.close()
    table: list[tuple[list[str], int, str]] = [
        (["live", "models"], 0, "the database is what the models declare\n"),
        (["history"], 0, "what the applied migrations make is what the models declare\n"),
        (["--drift"], 1, "drift: from what the applied migrations make to what SQLite"),
        (["zero", "live"], 1, "to come from an empty database to SQLite"),
        (["create_player", "models"], 1, "to come from what the migrations make up to 20250101_000000_create_player"),
        (["live", "create_club"], 1, "- table stray"),
    ]
    for words, code, said in table:
        done = run_cli(tmp_path, "diff", *words)
        assert (done.returncode, done.stderr) == (code, ""), words
        assert said in done.stdout, words
    found = json.loads(run_cli(tmp_path, "diff", "--drift", "--json").stdout)
    assert (found["before"], found["after"], found["renames"]) == ("history", "live", [])
    assert [(change["kind"], change["table"]) for change in found["changes"]] == [("CreateTable", "stray")]


def test_errors_of_the_command_exit_2_and_hide_passwords(tmp_path: Path) -> None:
    write_project(tmp_path, ALL, models=MODELS)
    for words in (["nothing"], ["--drift", "live"], ["live", "mysql://ann:secret@localhost/shop"]):
        for more in ([], ["--json"]):
            done = run_cli(tmp_path, "diff", *words, *more)
            assert done.returncode == 2 and "secret" not in done.stdout + done.stderr
    assert not (tmp_path / "db" / "app.sqlite").exists()


# What a replay must not reach

OTHER = """
from pathlib import Path
import peewee

def migrate_forward():
    other = peewee.SqliteDatabase(Path(__file__).parents[1] / "other.sqlite")
    other.execute_sql("INSERT INTO note VALUES (1)")
    other.close()

def migrate_backward():
    pass
"""


def test_a_replay_writes_to_no_other_file_of_the_project(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": CREATE, "b": OTHER}, models=MODELS)
    other = tmp_path / "db" / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE note (x)")
    connection.close()
    assert told(project, "zero", "b") == ["+ CreateTable player"]
    assert project.check().check("round trip").outcome.value == "passed"
    assert ("note", 1) not in state(other)


def test_what_the_database_attaches_is_empty_in_a_replay_too(tmp_path: Path) -> None:
    config = CONFIG + "database.attach(str(Path(__file__).parent / 'more.sqlite'), 'more')\n"
    attached = sql_migration("CREATE TABLE more.note (x)", "DROP TABLE more.note")
    project = open_project(tmp_path, {"a": CREATE, "b": attached}, models=MODELS, config=config)
    project.apply()
    project.database.close()
    before = state(tmp_path / "db" / "more.sqlite")
    assert told(project, "history", "live") == [] and project.diff("zero", "b")
    assert state(tmp_path / "db" / "more.sqlite") == before


def test_a_raw_connection_to_the_real_file_stops_a_replay(tmp_path: Path) -> None:
    raw = (
        "import sqlite3\nfrom pathlib import Path\n\ndef migrate_forward():\n"
        "    sqlite3.connect(Path(__file__).parents[1] / 'app.sqlite')\n"
    )
    project = open_project(tmp_path, {"a": CREATE, "b": raw}, models=MODELS)
    project.apply(to="a")
    project.database.close()
    with pytest.raises(MigrationFailed, match="by itself"):
        project.diff("zero", "b")
