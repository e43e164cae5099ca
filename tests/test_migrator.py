"""The migrator and the batch: what was asked for and never run, and Peewee's own migrator carried out by pwmig."""

from __future__ import annotations

import gc
import importlib

import peewee
import playhouse.migrate as playhouse_migrate
import pytest
from peewee import CharField, IntegerField

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.dialects.migrator import standing_in
from pwmig.errors import OperationRefused


@pytest.fixture
def database(tmp_path):
    database = peewee.SqliteDatabase(tmp_path / "data.db", pragmas={"foreign_keys": 1})
    database.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT DEFAULT 1)")
    database.execute_sql("CREATE TABLE note (what TEXT)")
    database.execute_sql("CREATE TRIGGER noted AFTER UPDATE ON player BEGIN INSERT INTO note VALUES (old.name); END")
    database.execute_sql("INSERT INTO player (name) VALUES ('Cruijff'), ('Keizer')")
    yield database
    database.close()


@pytest.fixture
def migrator(database):
    return Migrator.from_database(database)


def _names(database):
    return {name for (name,) in database.execute_sql("SELECT name FROM sqlite_master")}


# -- what was never run


def test_a_migrator_that_was_asked_for_nothing_has_nothing_pending(migrator):
    assert migrator.pending_operations() == ()
    migrator.forget_operations()


def test_an_operation_is_pending_until_it_is_run_or_forgotten(migrator):
    first = migrator.add_column("player", "x", IntegerField(null=True))
    migrator.rename_table("player", "person")  # Held by nobody.
    gc.collect()
    assert [made.describe() for made in migrator.pending_operations()] == [
        "add_column('player', 'x', IntegerField(null=True))",
        "rename_table('player', 'person')",
    ]
    migrate(first)
    assert [made.name for made in migrator.pending_operations()] == ["rename_table"]
    migrator.forget_operations()
    assert migrator.pending_operations() == ()


WAYS_TO_RUN = {
    "migrate": lambda made, migrator: migrate(made),
    "the migrator's migrate": lambda made, migrator: migrator.migrate(made),
    "Peewee's migrate": lambda made, migrator: playhouse_migrate.migrate(made),
    "run": lambda made, migrator: made.run(),
    "another migrator": lambda made, migrator: Migrator.from_database(migrator.database).migrate(made),
}


@pytest.mark.parametrize("way", WAYS_TO_RUN)
def test_whichever_way_it_is_run_it_is_pending_no_more(migrator, way):
    """Its parts (an index, a table's text) were never asked for by the migration."""
    WAYS_TO_RUN[way](migrator.add_column("player", "x", IntegerField(default=1, index=True)), migrator)
    assert "player_x" in _names(migrator.database)
    assert migrator.pending_operations() == ()


def test_an_operation_that_was_refused_was_run(migrator):
    with pytest.raises(OperationRefused):
        migrate(migrator.drop_column("player", "nothing"))
    assert migrator.pending_operations() == ()


def test_migrators_hold_their_own_operations(database, migrator):
    other = Migrator.from_database(database)
    other.drop_table("note")
    assert migrator.pending_operations() == ()
    assert [made.name for made in other.pending_operations()] == ["drop_table"]


# -- Peewee's own


PEEWEES_WAYS = {
    "the module's migrate": lambda theirs, *made: playhouse_migrate.migrate(*made),
    "the migrator's migrate": lambda theirs, *made: theirs.migrate(*made),
    "run": lambda theirs, *made: [operation.run() for operation in made],
    "a name taken earlier": lambda theirs, *made: _TAKEN_EARLIER(*made),
}
_TAKEN_EARLIER = playhouse_migrate.migrate


@pytest.mark.parametrize("way", PEEWEES_WAYS)
def test_peewees_own_migrator_keeps_what_it_would_lose(database, way):
    theirs = playhouse_migrate.SqliteMigrator(database)
    with standing_in():
        PEEWEES_WAYS[way](
            theirs,
            theirs.alter_column_type("player", "name", CharField(max_length=200)),
            theirs.add_column("player", "x", IntegerField(default=3, index=True)),
        )
    assert {"noted", "player_x"} <= _names(database)
    (sql,) = database.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'player'").fetchone()
    assert sql.startswith("CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(200), level INT DEFAULT 1, ")
    assert database.execute_sql("SELECT x FROM player").fetchall() == [(3,), (3,)]
    assert database.execute_sql("SELECT count(*) FROM note").fetchone() == (0,)


def test_what_stands_in_is_what_makes_the_difference(database):
    """Peewee's own way loses the trigger: where it no longer does, the test above shows nothing."""
    theirs = playhouse_migrate.SqliteMigrator(database)
    playhouse_migrate.migrate(theirs.alter_column_type("player", "name", CharField(max_length=200)))
    assert "noted" not in _names(database)


@pytest.mark.parametrize("way", ["the module's migrate", "the migrator's migrate"])
def test_a_batch_of_peewees_takes_effect_whole_or_not_at_all(database, way):
    theirs = playhouse_migrate.SqliteMigrator(database)
    before = _names(database)
    with standing_in(), pytest.raises(OperationRefused):
        PEEWEES_WAYS[way](theirs, theirs.drop_table("note"), theirs.drop_column("player", "nothing"))
    assert _names(database) == before


def test_pwmigs_operations_run_as_ever_while_it_stands_in(migrator):
    with standing_in():
        playhouse_migrate.migrate(
            migrator.add_column("player", "x", IntegerField(default=1, index=True)), migrator.sql("DELETE FROM note")
        )
        migrator.add_column("player", "y", IntegerField(null=True, index=True)).run()
        migrator.apply_default("player", "x", IntegerField(default=5)).run()
    assert {"player_x", "player_y", "noted"} <= _names(migrator.database)
    assert migrator.database.execute_sql("SELECT DISTINCT x FROM player").fetchall() == [(5,)]


def _places():
    places = importlib.import_module("playhouse.migrate")
    return places.migrate, places.Operation.run, places.SchemaMigrator.migrate, Migrator.on_operation


def test_peewees_functions_come_back_also_after_an_error_and_from_within():
    before = _places()
    with pytest.raises(ZeroDivisionError), standing_in(print):
        within = _places()
        with standing_in():
            assert _places() != before
        assert _places() == within
        raise ZeroDivisionError
    assert _places() == before


def test_a_listener_hears_operations_of_every_migrator_that_has_none(database, migrator):
    heard, own = [], []
    theirs = playhouse_migrate.SqliteMigrator(database)
    listening = Migrator.from_database(database)
    listening.on_operation = own.append
    with standing_in(lambda operation: heard.append(operation.describe())):
        theirs.rename_table("player", "person").run()
        migrate(migrator.drop_not_null("person", "name"))
        migrate(listening.add_not_null("person", "name"))
    migrate(migrator.drop_not_null("person", "name"))
    assert heard == ["rename_table('player', 'person')", "drop_not_null('person', 'name')"]
    assert [operation.name for operation in own] == ["add_not_null"]
