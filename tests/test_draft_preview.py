"""The preview of a draft: real rehearsals, the newest text alone, and never a caller that waits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from projects import CONFIG, CREATE_PLAYER, HEAD, open_project, sql_migration, state

from pwmig.errors import DatabaseUnsupported, MigrationFailed, MigrationFileError
from pwmig.notebook.preview import Outlook, Preview, Stage
from pwmig.project import Project

ADD_LEVEL = (
    HEAD + "def migrate_forward():\n    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n"
)
FAILS = HEAD + "def migrate_forward():\n    migrate(\n        migrator.drop_column('player', 'nobody'),\n    )\n"
ENDLESS = (
    "from db.migrations_config import database\n\n"
    "def migrate_forward():\n"
    "    database.execute_sql('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) '\n"
    "                         'SELECT max(i) FROM n').fetchall()\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return open_project(tmp_path / "players", {"create_player": CREATE_PLAYER})


@pytest.fixture
def seen() -> list[Stage]:
    """The stages that were told, one after the other."""
    return []


@pytest.fixture
def preview(project: Project, seen: list[Stage]) -> Iterator[Preview]:
    made = Preview(project, lambda: seen.append(made.outlook.stage), delay_s=0.05)
    yield made
    made.stop()


def wait_until(holds: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_draft_is_rehearsed_after_all_that_is_pending(preview: Preview, project: Project, seen: list[Stage]) -> None:
    preview.ask(ADD_LEVEL)
    outlook = preview.wait(60)
    assert outlook.stage is Stage.DONE and outlook.run is not None
    assert [change.describe() for change in outlook.run.changes] and outlook.run.touched == ("player",)
    assert outlook.run.before is not None and outlook.run.before.schema.table("player") is not None
    assert seen == [Stage.WAITING, Stage.RUNNING, Stage.DONE]
    assert not (project.root / "db" / "app.sqlite").exists()


def test_a_listener_that_fails_does_not_end_the_previews(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    def listen() -> None:
        if preview.outlook.stage is Stage.RUNNING:
            raise ValueError("a widget is gone")

    preview = Preview(project, listen, delay_s=0.05)
    for number in range(2):
        preview.ask(ADD_LEVEL.replace("default=1", f"default={number}"))
        assert preview.wait(60).stage is Stage.DONE
    assert "a widget is gone" in capsys.readouterr().err


def test_only_the_newest_text_is_answered(preview: Preview, seen: list[Stage]) -> None:
    for number in range(5):
        preview.ask(ADD_LEVEL.replace("default=1", f"default={number}"))
    outlook = preview.wait(60)
    assert "default=4" in (outlook.request.source if outlook.request else "")
    assert seen.count(Stage.RUNNING) == 1 and seen.count(Stage.DONE) == 1


def test_an_outdated_rehearsal_is_cancelled_and_its_answer_dropped(preview: Preview, seen: list[Stage]) -> None:
    preview.ask(ENDLESS)
    wait_until(lambda: preview._worker is not None)
    worker = preview._worker
    assert worker is not None
    preview.ask(ADD_LEVEL)
    outlook = preview.wait(60)
    assert worker.done.is_set(), "one at a time"
    assert outlook.stage is Stage.DONE and Stage.FAILED not in seen


def test_to_stop_ends_what_runs(preview: Preview) -> None:
    preview.ask(ENDLESS)
    wait_until(lambda: preview._worker is not None)
    worker = preview._worker
    assert worker is not None
    preview.stop()
    assert preview.outlook == Outlook()
    assert worker.done.wait(30)
    wait_until(lambda: preview._thread is None)
    assert preview.outlook == Outlook()


def test_a_text_that_is_no_python_is_told_without_a_rehearsal(preview: Preview, seen: list[Stage]) -> None:
    preview.ask(ADD_LEVEL + "def (\n")
    outlook = preview.wait(60)
    assert isinstance(outlook.error, MigrationFileError) and outlook.line == ADD_LEVEL.count("\n") + 1
    assert Stage.RUNNING not in seen


def test_a_failure_is_told_at_the_line_of_the_draft(preview: Preview) -> None:
    preview.ask(FAILS)
    outlook = preview.wait(60)
    assert isinstance(outlook.error, MigrationFailed) and "nobody" in str(outlook.error)
    assert outlook.line is not None and "migrate(" in FAILS.splitlines()[outlook.line - 1]


def test_a_failure_of_another_migration_is_not_laid_at_the_drafts_door(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "fails": sql_migration("SELECT nothing")})
    preview = Preview(project, lambda: None, delay_s=0)
    preview.ask(ADD_LEVEL)
    outlook = preview.wait(60)
    assert outlook.error is not None and "fails" in outlook.error.what and outlook.line is None


def test_a_pending_migration_is_rehearsed_in_its_place(tmp_path: Path) -> None:
    later = sql_migration("ALTER TABLE player ADD COLUMN born", "")
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "change": ADD_LEVEL, "later": later})
    preview = Preview(project, lambda: None, delay_s=0)
    preview.ask(ADD_LEVEL.replace("level", "rank"), replaces="20250101_000001_change")
    run = preview.wait(60).run
    assert (
        run is not None and run.after is not None and run.after.schema.tables[0].column_names == ("id", "name", "rank")
    )
    assert project.source("change") == ADD_LEVEL


def test_a_large_database_waits_for_a_person(project: Project, seen: list[Stage]) -> None:
    project.apply()
    preview = Preview(project, lambda: seen.append(preview.outlook.stage), delay_s=0, most_bytes=100)
    preview.ask(ADD_LEVEL)
    outlook = preview.wait(60)
    assert outlook.stage is Stage.TOO_LARGE and outlook.size == project.size() > 100
    assert Stage.RUNNING not in seen
    preview.start(ADD_LEVEL)
    assert preview.wait(60).stage is Stage.DONE


def test_a_database_in_memory_is_refused_in_words(tmp_path: Path) -> None:
    config = CONFIG.replace('Path(__file__).parent / "app.sqlite"', '":memory:"')
    preview = Preview(open_project(tmp_path, {}, config=config), lambda: None, delay_s=0)
    preview.ask(ADD_LEVEL)
    assert isinstance(preview.wait(60).error, DatabaseUnsupported)


def test_the_database_stays_as_it_is(project: Project, preview: Preview) -> None:
    project.apply()
    path = project.root / "db" / "app.sqlite"
    before = state(path)
    with sqlite3.connect(path) as connection:
        connection.execute("SELECT 1 FROM player")
        preview.ask(ADD_LEVEL)
        assert preview.wait(60).stage is Stage.DONE
    connection.close()
    assert state(path) == before


def test_nothing_asked_is_answered_at_once(preview: Preview) -> None:
    assert preview.wait(0) == Outlook()
    preview.ask(ENDLESS)
    with pytest.raises(TimeoutError):
        preview.wait(0)
