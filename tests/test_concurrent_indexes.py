"""Indexes that are made and dropped while others write: in a run they are there if and only if it took effect."""

from __future__ import annotations

import pytest
from projects import HEAD, config_of, open_project

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.dialects.server.operations import patience
from pwmig.errors import MigrationFailed, OperationRefused

pytestmark = pytest.mark.postgres

INDEX = """
def migrate_forward():
    migrate(migrator.add_index("player", ("level",), concurrently=True, name="by%level"))
    migrate(migrator.add_index("player", ("name",), True, concurrently=True))
[more]

def migrate_backward():
    migrate(migrator.drop_index("player", "by%level", concurrently=True))
    migrate(migrator.drop_index("player", "player_name", concurrently=True))
"""
LATE = """
def migrate_forward():
    migrate(migrator.add_column("player", "rank", IntegerField(null=True)))
    migrate(migrator.add_index("player", ("rank",), concurrently=True))


def migrate_backward():
    pass
"""
RAISE = "    raise ZeroDivisionError('once')\n"


def _indexes(database):
    sql = (
        "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid = 'player'::regclass AND NOT i.indisprimary ORDER BY 1"
    )
    return database.execute_sql(sql).fetchall()


def _project(tmp_path, database, **migrations):
    texts = {name: HEAD + text for name, text in migrations.items()}
    return open_project(tmp_path / "project", texts, config=config_of(database))


@pytest.fixture
def players(postgres):
    postgres.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT)")
    postgres.execute_sql("INSERT INTO player SELECT n, 'p' || n, n FROM generate_series(1, 50) n")
    return postgres


def test_a_migration_makes_and_drops_indexes_concurrently(tmp_path, players):
    project = _project(tmp_path, players, index=INDEX.replace("[more]", ""))
    project.rehearse()
    assert _indexes(players) == []
    run = project.apply()
    assert _indexes(players) == [("by%level", True), ("player_name", True)]
    assert sum("CONCURRENTLY" in statement.sql for statement in run.steps[0].statements) == 2
    project.revert()
    assert _indexes(players) == []


def test_an_index_is_there_if_and_only_if_its_migration_took_effect_and_no_work_is_lost(tmp_path, players):
    project = _project(tmp_path, players, index=INDEX.replace("[more]", RAISE))
    with pytest.raises(MigrationFailed) as failed:
        project.apply()
    assert "goes on from there" in failed.value.way_out
    left = _indexes(players)
    assert [valid for _, valid in left] == [True, True]
    assert not {"by%level", "player_name"} & {name for name, _ in left}
    project = _project(tmp_path, players, index=INDEX.replace("[more]", ""))
    run = project.apply()
    assert _indexes(players) == [("by%level", True), ("player_name", True)]
    assert not any("CONCURRENTLY" in statement.sql for statement in run.steps[0].statements), "it was made already"


def test_one_that_was_left_half_made_is_made_anew(tmp_path, players):
    project = _project(tmp_path, players, index=INDEX.replace("[more]", RAISE))
    with pytest.raises(MigrationFailed):
        project.apply()
    (name, _), *_ = _indexes(players)
    players.execute_sql(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")
    project = _project(tmp_path, players, index=INDEX.replace("[more]", ""))
    project.apply()
    assert _indexes(players) == [("by%level", True), ("player_name", True)]


def test_rows_that_are_there_twice_leave_no_index_and_are_told(tmp_path, players):
    players.execute_sql("UPDATE player SET name = 'p1' WHERE id = 2")
    project = _project(tmp_path, players, index=INDEX.replace("[more]", ""))
    with pytest.raises(MigrationFailed, match="1 value is there more than once"):
        project.apply()
    assert [valid for _, valid in _indexes(players)] == [True], "the first one, under a name of its own"
    players.execute_sql("UPDATE player SET name = 'p2' WHERE id = 2")
    project.apply()
    assert _indexes(players) == [("by%level", True), ("player_name", True)]


def test_concurrent_work_stands_first_in_its_migration(tmp_path, players):
    late = LATE
    project = _project(tmp_path, players, late=late)
    with pytest.raises(MigrationFailed, match="can't come behind other statements"):
        project.apply()
    assert _indexes(players) == []
    migrator = Migrator.from_database(players)
    with players.atomic(), pytest.raises(Exception, match="concurrently in a transaction"):
        migrate(migrator.add_index("player", ("level",), concurrently=True))


def test_a_drop_whose_run_was_killed_behind_it_says_how_to_go_on(tmp_path, players):
    project = _project(tmp_path, players, index=INDEX.replace("[more]", ""))
    project.apply()
    players.execute_sql('DROP INDEX "by%level"'.replace("%", "%%"))
    with pytest.raises(MigrationFailed, match="has no index 'by%level'") as failed:
        project.revert()
    assert "--fake" in failed.value.way_out


def test_what_follows_an_index_that_failed_and_was_caught_stands_in_a_transaction(tmp_path, players):
    text = """
def migrate_forward():
    try:
        migrate(migrator.add_index("player", ("level",), unique=True, concurrently=True))
    except Exception:
        pass
    database.execute_sql("DELETE FROM player")
    raise ZeroDivisionError("later")
"""
    players.execute_sql("UPDATE player SET level = 1")
    project = _project(tmp_path, players, caught=text)
    with pytest.raises(MigrationFailed) as failed:
        project.apply()
    assert "rolled back" in failed.value.way_out
    assert players.execute_sql("SELECT count(*) FROM player").fetchone() == (50,)
    assert _indexes(players) == []


# -- patience


class _Writer:
    """Another connection that has written the table, and so has to end before an index of it is valid."""

    def __init__(self, players):
        self.database = type(players)(players.database, **players.connect_params)
        self.database.connect()
        self.database.begin()
        self.database.execute_sql("INSERT INTO player VALUES (100, 'new', 1)")

    def end(self):
        if not self.database.is_closed():
            self.database.commit()
            self.database.close()


PATIENT = INDEX.replace("migrate(", "migrate(migrator.lock_timeout(0.2, retries=2), ").replace("[more]", "")


def _limit(database):
    return database.execute_sql("SELECT current_setting('lock_timeout')").fetchone()


def _as_migration(tmp_path, players):
    project = _project(tmp_path, players, index=PATIENT)
    return project.apply


def _by_itself(tmp_path, players):
    migrator = Migrator.from_database(players)

    def work():
        for columns, unique, name in ((("level",), False, "by%level"), (("name",), True, None)):
            made = migrator.add_index("player", columns, unique, concurrently=True, name=name)
            migrate(migrator.lock_timeout(0.2, retries=2), made)

    return work


@pytest.mark.parametrize("way", [_as_migration, _by_itself])
def test_an_index_that_waits_for_a_writer_is_tried_again(tmp_path, players, monkeypatch, way):
    writer, limit, seen = _Writer(players), _limit(players), []

    def pause(seconds):
        seen.append([valid for _, valid in _indexes(players)])
        if len(seen) == 2:
            writer.end()

    monkeypatch.setattr(patience.time, "sleep", pause)
    try:
        way(tmp_path, players)()
    finally:
        writer.end()
    assert seen == [[False], [False]], "what was begun stands in nobody's way, and is found"
    assert (_indexes(players), _limit(players)) == ([("by%level", True), ("player_name", True)], limit)


@pytest.mark.parametrize(("way", "error"), [(_as_migration, MigrationFailed), (_by_itself, OperationRefused)])
def test_one_that_waits_in_vain_says_for_whom_and_is_made_by_the_next_try(tmp_path, players, monkeypatch, way, error):
    monkeypatch.setattr(patience.time, "sleep", lambda seconds: None)
    writer, work = _Writer(players), way(tmp_path, players)
    try:
        with pytest.raises(error, match=r"not got within 0\.2 s, in 3 tries") as caught:
            work()
    finally:
        writer.end()
    assert "process" in caught.value.why
    assert not any(valid for _, valid in _indexes(players))
    work()
    assert _indexes(players) == [("by%level", True), ("player_name", True)]


def test_a_drop_is_tried_again_too(tmp_path, players, monkeypatch):
    project = _project(tmp_path, players, index=PATIENT)
    project.apply()
    writer = _Writer(players)
    monkeypatch.setattr(patience.time, "sleep", lambda seconds: writer.end())
    try:
        project.revert()
    finally:
        writer.end()
    assert _indexes(players) == []


# -- partitions


@pytest.mark.parametrize("ask", [
    lambda migrator: migrator.add_index("parted", ("level",), concurrently=True),
    lambda migrator: migrator.drop_index("parted", "there", concurrently=True),
])  # fmt: skip
def test_a_partitioned_table_takes_none_and_the_way_out_works(postgres, ask):
    postgres.execute_sql("CREATE TABLE parted (id INT, level INT) PARTITION BY RANGE (id)")
    postgres.execute_sql("CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10)")
    postgres.execute_sql("CREATE INDEX there ON parted (id)")
    migrator = Migrator.from_database(postgres)
    with pytest.raises(OperationRefused, match="concurrently") as refused:
        migrate(ask(migrator))
    assert (refused.value.table, "partition" in refused.value.way_out) == ("parted", True)
    migrate(migrator.add_index("part", ("level",), concurrently=True))
    migrate(migrator.add_index("parted", ("level",)))
    sql = "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relname = 'part_level'"
    assert postgres.execute_sql(sql).fetchone() == (1,)
