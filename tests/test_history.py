"""The history table: what it says, who can read it, and that nobody makes it but a run."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import peewee
import pytest
from projects import CREATE_PLAYER, open_project, run_cli, sql_migration, states, write_project

from pwmig.dialects import dialect_of
from pwmig.errors import HistoryError
from pwmig.history import History
from pwmig.plan import Direction, Step
from pwmig.project import Project

STEP = Step("20250101_000000_a", Direction.FORWARD, "/a.py", "sum")
TWO = {"create_player": CREATE_PLAYER, "create_club": sql_migration("CREATE TABLE club (x)", "DROP TABLE club")}


@pytest.fixture
def history(tmp_path: Path) -> History:
    database = peewee.SqliteDatabase(tmp_path / "app.sqlite")
    return History(dialect_of(database), database)


def query(root: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"file:{root}/db/app.sqlite?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def files_of(root: Path) -> dict[str, str]:
    """Every file of a project, compiled Python aside, with its bytes hashed."""
    found = [path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_a_person_reads_it_with_a_plain_select(tmp_path: Path) -> None:
    open_project(tmp_path, TWO).apply()
    sql = "SELECT name, applied_at, applied_by, how, elapsed_s FROM pwmig_history WHERE reverted = 0 ORDER BY id"
    rows = query(tmp_path, sql)
    assert [row[0] for row in rows] == ["20250101_000000_create_player", "20250101_000001_create_club"]
    for _, at, by, how, elapsed in rows:
        assert str(at).endswith("Z") and len(str(at)) == 27
        assert "@" in str(by) and how == "run" and isinstance(elapsed, float)


def test_every_application_that_was_taken_back_is_kept(tmp_path: Path) -> None:
    project = open_project(tmp_path, TWO)
    for _ in range(3):
        project.apply()
        project.revert()
    assert states(project) == {"create_player": "applied", "create_club": "pending"}
    sql = "SELECT reverted = id, reverted_at IS NOT NULL, reverted_by FROM pwmig_history WHERE name LIKE '%club'"
    rows = query(tmp_path, sql)
    assert [row[:2] for row in rows] == [(1, 1)] * 3 and all("@" in str(row[2]) for row in rows)


def test_the_database_itself_refuses_a_migration_applied_twice(history: History) -> None:
    history.create()
    history.record(STEP, 0.1, "run")
    with pytest.raises(peewee.IntegrityError):
        history.record(STEP, 0.1, "run")
    history.unrecord(STEP)
    history.record(STEP, 0.1, "run")
    assert [row.name for row in history.applied()] == [STEP.name]


def test_it_can_be_made_again_and_again(history: History) -> None:
    history.create()
    history.record(STEP, 0.1, "fake")
    history.create()
    assert [(row.name, row.checksum, row.how) for row in history.applied()] == [(STEP.name, "sum", "fake")]
    assert history.is_applied(STEP.name) and not history.is_applied("other")


@pytest.mark.parametrize("table", ["pwmig_history", 'odd "name"', "it's", "select", "größe", "a.b"])
def test_any_name_of_the_table_is_quoted(tmp_path: Path, table: str) -> None:
    database = peewee.SqliteDatabase(tmp_path / "app.sqlite")
    history = History(dialect_of(database), database, table)
    assert not history.exists()
    history.create()
    history.record(STEP, 0.0, "run")
    assert history.exists() and history.is_applied(STEP.name)


def test_what_is_recorded_only_is_marked_so(tmp_path: Path) -> None:
    project = open_project(tmp_path, TWO)
    project.apply(fake=True)
    assert [status.how for status in project.status()] == ["fake", "fake"]
    assert query(tmp_path, "SELECT name FROM sqlite_master WHERE name IN ('player', 'club')") == []


FOREIGN = {
    "a newer form": "UPDATE pwmig_history SET format = 2",
    "a newer form of rows that were taken back": "UPDATE pwmig_history SET format = 2, reverted = id",
    "a form that is no number": "UPDATE pwmig_history SET format = 'two'",
    "a column is gone": "ALTER TABLE pwmig_history RENAME COLUMN checksum TO digest",
    "the mark of reverting is gone": "ALTER TABLE pwmig_history RENAME COLUMN reverted TO undone",
    "another program's table": "DROP TABLE pwmig_history; CREATE TABLE pwmig_history (version TEXT)",
}


@pytest.fixture
def with_history(tmp_path: Path) -> Path:
    project = open_project(tmp_path, TWO)
    project.apply(steps=1)
    project.database.close()
    return tmp_path


def spoil(root: Path, sql: str) -> None:
    connection = sqlite3.connect(root / "db" / "app.sqlite")
    connection.executescript(sql)
    connection.close()


@pytest.mark.parametrize("sql", FOREIGN.values(), ids=FOREIGN)
def test_a_history_that_is_not_understood_stops_everything(with_history: Path, sql: str) -> None:
    spoil(with_history, sql)
    before = files_of(with_history)
    project = Project.open(with_history)
    for verb in (project.status, project.plan, project.apply, project.revert, project.rehearse):
        with pytest.raises(HistoryError) as caught:
            verb()
        assert "pwmig_history" in caught.value.what and caught.value.why and caught.value.way_out
    assert files_of(with_history) == before


@pytest.mark.parametrize("command", [["status"], ["migrate"], ["migrate", "--backward"], ["rehearse"], ["sql"]])
def test_the_command_line_stops_at_a_newer_history(with_history: Path, command: list[str]) -> None:
    spoil(with_history, FOREIGN["a newer form"])
    before = files_of(with_history)
    done = run_cli(with_history, *command)
    assert done.returncode == 2
    assert "newer pwmig" in done.stderr and "why:" in done.stderr and "way out:" in done.stderr
    assert "Traceback" not in done.stderr
    assert files_of(with_history) == before


READING = [
    ["status"],
    ["status", "--json"],
    ["migrate", "--dry-run"],
    ["migrate", "--dry-run", "--backward"],
    ["sql"],
    ["rehearse"],
    ["rehearse", "--backward"],
    ["diff"],
    ["lab", "--help"],
]


@pytest.mark.parametrize("command", READING, ids=" ".join)
@pytest.mark.parametrize("database", ["none", "empty file", "without history", "with history"])
def test_reading_writes_nothing(tmp_path: Path, database: str, command: list[str]) -> None:
    write_project(tmp_path, TWO)
    place = tmp_path / "db" / "app.sqlite"
    if database == "empty file":
        place.touch()
    elif database == "without history":
        connection = sqlite3.connect(place)
        connection.executescript("CREATE TABLE club (x); INSERT INTO club VALUES (1)")
        connection.close()
        (tmp_path / "db" / "migrations" / "20250101_000001_create_club.py").unlink()
    elif database == "with history":
        project = Project.open(tmp_path)
        project.apply(steps=1)
        project.database.close()
    before = files_of(tmp_path)
    done = run_cli(tmp_path, *command)
    assert done.returncode in (0, 1), done.stderr
    assert files_of(tmp_path) == before
