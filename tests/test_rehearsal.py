"""A rehearsal runs on a copy, and the real database stays as it was, byte for byte."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import peewee
import pytest
from projects import CREATE_PLAYER, HEAD, open_project, sql_migration, state, write_project

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
    "attaching by raw SQL with a bound name": (
        "    database.execute_sql('ATTACH ? AS live', ('db/app.sqlite',))\n"
        "    database.execute_sql('DELETE FROM live.player')\n"
    ),
    "attaching through Peewee": "    database.attach('db/app.sqlite', 'live')\n",
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
    assert "attach" in str(caught.value) or "app.sqlite" in str(caught.value)
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


LOSSES = {
    "a column": ("    migrate(migrator.drop_column('player', 'name'))", ["the values of player.name in 2 rows"]),
    "a table": ("    migrate(migrator.drop_table('player'))", ["2 rows of player"]),
    "a deleted row": ("    database.execute_sql(\"DELETE FROM player WHERE name = 'Tal'\")", ["1 row of player"]),
    "after a comment": ("    database.execute_sql('/* all */ DELETE FROM player')", ["2 rows of player"]),
    "under WITH": (
        "    database.execute_sql('WITH one AS (SELECT 1) DELETE FROM player WHERE id IN one')",
        ["1 row of player"],
    ),
    "by the driver": ("    database.connection().execute('DELETE FROM player')", ["2 rows of player"]),
    "rows replaced": (
        "    database.execute_sql('DELETE FROM player')\n"
        "    database.execute_sql(\"INSERT INTO player (id, name) VALUES (7, 'x'), (8, 'y')\")",
        ["2 rows of player"],
    ),
    "dropped and made again": (
        "    from db.models import Player\n    database.drop_tables([Player])\n    database.create_tables([Player])",
        ["2 rows of player"],
    ),
    "rebuilt by hand with fewer rows": (
        "    database.execute_sql('CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL)')\n"
        "    database.execute_sql('INSERT INTO other SELECT * FROM player LIMIT 1')\n"
        "    database.execute_sql('DROP TABLE player')\n"
        "    database.execute_sql('ALTER TABLE other RENAME TO player')",
        ["1 row of player"],
    ),
    "nothing, renamed": ("    migrate(migrator.rename_table('player', 'master'))", []),
    "nothing, rebuilt": ("    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))", []),
}


@pytest.mark.parametrize("case", LOSSES)
def test_what_would_be_lost_is_counted_on_the_real_rows(tmp_path: Path, case: str) -> None:
    source, expected = LOSSES[case]
    project = two_players(tmp_path, {"lose": HEAD + f"def migrate_forward():\n{source}\n"}, PLAIN)
    assert [str(loss) for loss in project.rehearse().losses] == expected


def test_a_second_database_of_the_project_is_copied_when_it_is_opened(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "audit.sqlite") as made:
        made.execute("CREATE TABLE entry (text)")
    made.close()
    audit = config("database = SqliteDatabase(PLACE / 'app.sqlite')\naudit = SqliteDatabase(PLACE / 'audit.sqlite')")
    source = HEAD + (
        "from db.migrations_config import audit\n\ndef migrate_forward():\n"
        "    audit.execute_sql(\"INSERT INTO entry VALUES ('x')\")\n"
        "    SqliteDatabase('db/new.sqlite').execute_sql('CREATE TABLE made (id)')\n"
    )
    (tmp_path / "db").mkdir()
    os.rename(tmp_path / "audit.sqlite", tmp_path / "db" / "audit.sqlite")
    project = two_players(tmp_path, {"touch": source}, audit)
    before = fingerprint(tmp_path)
    project.rehearse()
    assert fingerprint(tmp_path) == before


def test_a_connection_kept_from_before_is_seen_to_have_changed_the_original(tmp_path: Path) -> None:
    kept = PLAIN + "handle = database.connection()\n"
    write = HEAD + (
        "from db.migrations_config import handle\n\ndef migrate_forward():\n"
        "    handle.execute(\"INSERT INTO player (name) VALUES ('x')\")\n"
    )
    project = two_players(tmp_path, {"touch": write}, kept)
    assert project.rehearse().original_changed
    project.apply(fake=True)
    (project.migrations_folder / "20260101_000000_more.py").write_text(
        sql_migration("INSERT INTO player (name) VALUES (1)")
    )
    assert not project.rehearse().original_changed


@pytest.mark.parametrize("verb", ["status", "schema", "snapshot", "rehearse", "diff"])
def test_reading_a_database_in_wal_mode_leaves_no_file_beside_it(tmp_path: Path, verb: str) -> None:
    project = two_players(tmp_path, {"touch": HEAD + "def migrate_forward():\n" + WAYS["migrator"]}, WAL)
    project.database.close()
    before = fingerprint(tmp_path)
    assert list(before) == ["app.sqlite"]
    getattr(project, verb)()
    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize("lost", ["migrator.drop_table('player')", "migrator.drop_column('player', 'name')"])
def test_what_is_lost_of_a_database_in_wal_mode_that_nobody_has_open_is_counted(tmp_path: Path, lost: str) -> None:
    project = two_players(tmp_path, {"takes": HEAD + f"def migrate_forward():\n    migrate({lost})\n"}, WAL)
    project.database.close()
    before = fingerprint(tmp_path)
    assert [loss.row_count for loss in project.rehearse().losses] == [2]
    assert fingerprint(tmp_path) == before


def test_what_a_killed_writer_left_is_rolled_back_by_the_next_command(tmp_path: Path) -> None:
    import subprocess
    import sys

    project = two_players(tmp_path, {"touch": HEAD + "def migrate_forward():\n" + WAYS["migrator"]}, PLAIN)
    file = tmp_path / "db" / "app.sqlite"
    before = state(file)
    killed = (
        "import os, signal, sqlite3\n"
        f"connection = sqlite3.connect({str(file)!r}, isolation_level=None)\n"
        "connection.execute('PRAGMA cache_size = 10')\nconnection.execute('BEGIN')\n"
        "connection.execute(\"UPDATE player SET name = 'lost'\")\n"
        "connection.execute('CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 3000) SELECT i, randomblob(500) AS junk FROM n')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", killed], check=False)
    assert (tmp_path / "db" / "app.sqlite-journal").stat().st_size > 0
    assert [status.state.value for status in project.status()] == ["applied", "pending"]
    assert state(file) == before
    project.apply()


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
