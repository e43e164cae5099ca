"""A database in this process's memory, seen by a worker that is given what it holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import CREATE_PLAYER, HEAD, open_project, sql_migration

from pwmig.errors import DatabaseUnavailable, DatabaseUnsupported
from pwmig.project import Project
from pwmig.worker import Worker

CONFIG = (
    "from peewee import *\nfrom pwmig import Migrator\n"
    "database = SqliteDatabase({name!r}, {more}pragmas={{'foreign_keys': 1}})\n"
    "migrator = Migrator.from_database(database)\n"
)
PLAIN = CONFIG.format(name=":memory:", more="")
SHARED = CONFIG.format(name="file:players?mode=memory&cache=shared", more="uri=True, ")
LEVEL = HEAD + "def migrate_forward():\n    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n"
SOURCES = {
    "player": CREATE_PLAYER,
    "level": LEVEL + "\ndef migrate_backward():\n    migrate(migrator.drop_column('player', 'level'))\n",
    "clear": sql_migration("DELETE FROM player WHERE id = 1"),
}


@pytest.fixture(params=[PLAIN, SHARED], ids=["plain", "shared cache"])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A project whose database is in memory, with one migration applied and two players."""
    made = open_project(tmp_path, SOURCES, config=request.param)
    made.database.connect()
    made.apply(to="player")
    made.database.execute_sql("INSERT INTO player (name) VALUES ('Tal'), ('Hou')")
    yield made
    made.database.close()


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("rehearse", {}),
        ("rehearse", {"backward": True}),
        ("compare", {"start": "zero", "end": "clear"}),
        ("preview", {"source": LEVEL.replace("level", "rank")}),
        ("snapshot", {}),
        ("schema", {}),
        ("status", {}),
    ],
)
def test_a_worker_brings_back_what_the_project_itself_would_say(
    project: Project, verb: str, options: dict[str, object]
) -> None:
    with project.handed_over() as memory:
        found = Worker(project.root, verb, options, memory=memory).start().wait(60)
    here = getattr(project, verb)(**options)
    if verb in ("snapshot", "schema", "status"):
        assert found == here
    else:
        for fact in ("plan", "before", "after", "changes", "losses", "row_changes", "original_changed"):
            assert getattr(found, fact) == getattr(here, fact)
        assert [step.outcome for step in found.steps] == [step.outcome for step in here.steps]


def test_the_database_here_stays_open_and_as_it_was(project: Project) -> None:
    connection = project.database.connection()
    with project.handed_over() as memory:
        run = Worker(project.root, "rehearse", memory=memory).start().wait(60)
    assert project.database.connection() is connection
    assert project.database.execute_sql("SELECT count(*) FROM player").fetchone() == (2,)
    assert [str(loss) for loss in run.losses] == ["1 row of player"] and len(project.applied()) == 1


def test_what_was_handed_over_is_gone_afterwards(project: Project) -> None:
    with project.handed_over() as memory:
        assert Path(memory).is_file()
    assert not Path(memory).parent.exists()


def test_it_is_applied_and_reverted_in_place_watched(project: Project) -> None:
    run = project.apply(to="level", watch=True)
    assert [change.kind for change in run.changes] == ["AddColumn"]
    assert [(found.table, found.altered) for found in run.row_changes] == [("player", 0)]
    assert [change.kind for change in project.revert(watch=True).changes] == ["DropColumn"]


def test_another_thread_has_no_memory_to_hand_over(tmp_path: Path) -> None:
    project = open_project(tmp_path, SOURCES, config=PLAIN)
    project.database.connect()
    caught: list[BaseException] = []

    def hand_over() -> None:
        try:
            with project.handed_over():
                pass
        except DatabaseUnavailable as error:
            caught.append(error)

    thread = threading.Thread(target=hand_over)
    thread.start()
    thread.join()
    assert [str(error).split("\n")[0] for error in caught] == ["the in-memory database is not open here"]


def test_a_file_needs_no_handing_over(tmp_path: Path) -> None:
    project = open_project(tmp_path, SOURCES)
    with project.handed_over() as memory:
        assert memory == ""
    with pytest.raises(DatabaseUnsupported, match="can't be filled"):
        project.dialect.take_over(project.database, "x")
