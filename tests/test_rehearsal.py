"""A rehearsal runs on a copy, and the real database stays as it was, byte for byte."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import peewee
import pytest
from projects import CREATE_PLAYER, HEAD, open_project, state, write_project

from pwmig.errors import MigrationFailed
from pwmig.plan import Event
from pwmig.project import Project

MODELS = """
from peewee import *
from db.migrations_config import database

class Player(Model):
    name = CharField(max_length=80)
    class Meta:
        database = database
"""

ADD_PLAYER = CREATE_PLAYER + "    # again\n"


def config(database: str) -> str:
    return (
        "from pathlib import Path\nfrom peewee import *\nfrom playhouse.pool import PooledSqliteDatabase\n"
        "from pwmig import Migrator\nPLACE = Path(__file__).parent\n"
        f"{database}\nmigrator = Migrator.from_database(database)\n"
    )


PLAIN = config("database = SqliteDatabase(PLACE / 'app.sqlite')")
WAL = config("database = SqliteDatabase(PLACE / 'app.sqlite', pragmas={'journal_mode': 'wal', 'foreign_keys': 1})")
PROXY = config("database = DatabaseProxy()\ndatabase.initialize(SqliteDatabase(PLACE / 'app.sqlite'))")
POOLED = config("database = PooledSqliteDatabase(str(PLACE / 'app.sqlite'), max_connections=4, stale_timeout=300)")
URI = config("database = SqliteDatabase(f'file:{PLACE}/app.sqlite', uri=True)")
RELATIVE = config("database = SqliteDatabase('db/app.sqlite')")

WAYS = {
    "module-level database": "    database.execute_sql(\"INSERT INTO player (name) VALUES ('new')\")\n",
    "migrator": "    migrate(migrator.add_column('player', 'level', IntegerField(null=True)))\n",
    "bound model": "    from db.models import Player\n    Player.create(name='new')\n",
    "raw cursor": '    database.connection().execute("DELETE FROM player")\n',
    "a database object of its own": (
        "    other = SqliteDatabase(str(database.database))\n"
        "    database.execute_sql(\"UPDATE player SET name = 'x'\")\n"
        "    assert other.execute_sql('SELECT count(*) FROM player').fetchone()[0] == 2\n    other.close()\n"
    ),
    "a nested transaction": (
        "    with database.atomic():\n        database.execute_sql(\"UPDATE player SET name = 'x'\")\n"
    ),
}


def fingerprint(root: Path) -> dict[str, str]:
    """Every file of the database's folder, its bytes hashed."""
    files = [path for path in sorted((root / "db").iterdir()) if ".sqlite" in path.name]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def two_players(root: Path, migrations: dict[str, str], config: str) -> Project:
    """A project whose first migration is applied, with two players, and the rest pending."""
    project = open_project(root, {"create_player": CREATE_PLAYER} | migrations, config=config, models=MODELS)
    project.apply(to="create_player")
    with sqlite3.connect(root / "db" / "app.sqlite") as connection:
        connection.execute("INSERT INTO player (name) VALUES ('Tal'), ('Polgár')")
    connection.close()
    return project


@pytest.fixture(autouse=True)
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["PLAIN", "WAL", "PROXY", "POOLED", "URI", "RELATIVE"])
def test_whatever_a_migration_reaches_through_peewee_is_the_copy(tmp_path: Path, kind: str, way: str) -> None:
    source = HEAD + "def migrate_forward():\n" + WAYS[way]
    project = two_players(tmp_path, {"touch": source}, globals()[kind])
    before, bytes_before = state(tmp_path / "db" / "app.sqlite"), fingerprint(tmp_path)
    rehearsal = project.rehearse()
    assert [step.outcome for step in rehearsal.steps] == ["applied"]
    assert fingerprint(tmp_path) == bytes_before
    assert state(tmp_path / "db" / "app.sqlite") == before
    applied = project.apply(watch=True)
    assert applied.changes == rehearsal.changes
    assert [rows.rows for rows in applied.after.rows] == [rows.rows for rows in rehearsal.after.rows]


@pytest.mark.parametrize("kind", ["PLAIN", "WAL", "PROXY", "POOLED"])
def test_connections_that_were_open_are_given_back(tmp_path: Path, kind: str) -> None:
    project = two_players(tmp_path, {"touch": HEAD + "def migrate_forward():\n" + WAYS["migrator"]}, globals()[kind])
    project.database.connect(reuse_if_open=True)
    connection = project.database.connection()
    project.rehearse()
    assert project.database.connection() is connection
    assert [c.name for c in project.database.get_columns("player")] == ["id", "name"]
    project.database.close()


def test_an_uncommitted_wal_of_another_program_is_copied_and_left(tmp_path: Path) -> None:
    project = two_players(tmp_path, {"touch": HEAD + "def migrate_forward():\n" + WAYS["migrator"]}, WAL)
    other = sqlite3.connect(tmp_path / "db" / "app.sqlite")
    other.execute("PRAGMA wal_autocheckpoint = 0")
    with other:
        other.execute("INSERT INTO player (name) VALUES ('Hou')")
    held = fingerprint(tmp_path)
    run = project.rehearse()
    after = fingerprint(tmp_path)
    assert {name: after[name] for name in held if not name.endswith("-shm")} == {
        name: held[name] for name in held if not name.endswith("-shm")
    }
    assert run.after.table_rows("player").row_count == 3
    other.close()


def test_an_attached_file_is_copied_too(tmp_path: Path) -> None:
    attach = "database = SqliteDatabase(PLACE / 'app.sqlite')\ndatabase.attach(str(PLACE / 'log.sqlite'), 'log')"
    with sqlite3.connect(tmp_path / "log.sqlite") as made:
        made.execute("CREATE TABLE entry (text)")
    made.close()
    (tmp_path / "db").mkdir()
    os.rename(tmp_path / "log.sqlite", tmp_path / "db" / "log.sqlite")
    source = HEAD + "def migrate_forward():\n    database.execute_sql(\"INSERT INTO log.entry VALUES ('x')\")\n"
    project = two_players(tmp_path, {"touch": source}, config(attach))
    before = fingerprint(tmp_path)
    project.rehearse()
    assert fingerprint(tmp_path) == before
    project.apply()
    assert ("entry", "x") in state(tmp_path / "db" / "log.sqlite")


REFUSED = {
    "attaching by raw SQL": "    database.execute_sql(\"ATTACH 'db/app.sqlite' AS live\")\n",
    "opening the file by itself": (
        "    import sqlite3\n    sqlite3.connect('db/app.sqlite').execute('DELETE FROM player')\n"
    ),
}


@pytest.mark.parametrize("way", REFUSED)
def test_a_way_past_peewee_is_refused(tmp_path: Path, way: str) -> None:
    project = two_players(tmp_path, {"touch": HEAD + "def migrate_forward():\n" + REFUSED[way]}, PLAIN)
    before = fingerprint(tmp_path)
    with pytest.raises(MigrationFailed) as caught:
        project.rehearse()
    assert "app.sqlite" in str(caught.value)
    assert caught.value.way_out
    assert fingerprint(tmp_path) == before


def test_an_in_memory_database_is_rehearsed_on_a_file_and_kept(tmp_path: Path) -> None:
    source = HEAD + "def migrate_forward():\n" + WAYS["module-level database"]
    write_project(tmp_path, {"create_player": CREATE_PLAYER, "touch": source})
    database = peewee.SqliteDatabase(":memory:")
    (tmp_path / "db" / "migrations_config.py").write_text(
        "from peewee import SqliteDatabase\nfrom pwmig import Migrator\n"
        "database = SqliteDatabase(':memory:')\nmigrator = Migrator.from_database(database)\n"
    )
    project = Project.open(tmp_path)
    database = project.database
    database.connect()
    project.apply(to="create_player")
    run = project.rehearse()
    assert run.after.table_rows("player").row_count == 1
    assert database.execute_sql("SELECT count(*) FROM player").fetchone() == (0,)
    project.apply()
    assert database.execute_sql("SELECT count(*) FROM player").fetchone() == (1,)


def test_a_rehearsal_of_nothing_makes_no_file(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER}, config=PLAIN)
    run = project.rehearse()
    assert [change.kind for change in run.changes] == ["CreateTable"]
    assert fingerprint(tmp_path) == {}


def test_what_would_be_lost_is_counted_on_the_real_rows(tmp_path: Path) -> None:
    drop = HEAD + "def migrate_forward():\n    migrate(migrator.drop_column('player', 'name'))\n"
    project = two_players(tmp_path, {"drop_name": drop}, PLAIN)
    assert [str(loss) for loss in project.rehearse().losses] == ["the values of player.name in 2 rows"]


def test_deleted_rows_are_counted(tmp_path: Path) -> None:
    delete = HEAD + "def migrate_forward():\n    database.execute_sql(\"DELETE FROM player WHERE name = 'Tal'\")\n"
    project = two_players(tmp_path, {"forget": delete}, PLAIN)
    assert [str(loss) for loss in project.rehearse().losses] == ["1 row of player"]


def test_copying_is_told_as_it_goes(tmp_path: Path) -> None:
    project = two_players(tmp_path, {"touch": HEAD + "def migrate_forward():\n" + WAYS["migrator"]}, PLAIN)
    events: list[Event] = []
    project.rehearse(listener=events.append)
    kinds = [event.kind for event in events]
    assert kinds[0] == "copy" and kinds[-1] == "step-done" and "statement" in kinds
    assert events[0].total > 0


def test_nothing_of_the_copy_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    place = tmp_path / "temporary"
    place.mkdir()
    (place / "pwmig-rehearsal-999999999-killed").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    project = two_players(tmp_path, {"fail": HEAD + "def migrate_forward():\n    raise ValueError\n"}, PLAIN)
    with pytest.raises(MigrationFailed):
        project.rehearse()
    assert list(place.iterdir()) == []
