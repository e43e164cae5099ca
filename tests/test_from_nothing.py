"""What migrations make, they make of nothing: the live database neither helps them nor stands in their way."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import sql_migration
from requirements import require_extension
from server_projects import Place, place, place_on
from servers import Server

from pwmig.errors import MigrationFailed
from pwmig.project import Project

__all__ = ["place"]

CITEXT = sql_migration("CREATE EXTENSION citext", "DROP EXTENSION citext")
CITEXT_TABLE = sql_migration("CREATE TABLE t (id serial PRIMARY KEY, e citext)", "DROP TABLE t")
MOOD = sql_migration("CREATE TYPE mood AS ENUM ('fine', 'ill')", "DROP TYPE mood")
MOOD_TABLE = sql_migration("CREATE TABLE u (id serial PRIMARY KEY, state mood)", "DROP TABLE u")

MODELS = """
from peewee import *
from db.migrations_config import database

class Named(Field):
    field_type = {type!r}

class Row(Model):
    {name} = Named(null=True)

    class Meta:
        database = database
        table_name = {table!r}
"""


@pytest.fixture
def postgres_place(postgres_server: Server) -> object:
    with place_on(postgres_server) as found:
        yield found


def outcomes(project: Project) -> dict[str, str]:
    return {check.name: check.outcome.value for check in project.check().checks}


ALL_WELL = dict.fromkeys(("files", "history", "models", "round trip", "drift"), "passed")


def test_an_extension_of_a_migration_is_made_again_in_each_replay(postgres_place: Place, tmp_path: Path) -> None:
    require_extension(postgres_place.database, "citext")
    models = MODELS.format(type="citext", name="e", table="t")
    project = postgres_place.project(tmp_path, {"a": CITEXT, "b": CITEXT_TABLE}, models=models)
    assert outcomes(project) == ALL_WELL
    project.apply()
    assert outcomes(project) == ALL_WELL
    assert project.diff("live", "history") == ()


def test_an_extension_made_by_hand_is_drift(postgres_place: Place, tmp_path: Path) -> None:
    require_extension(postgres_place.database, "citext")
    project = postgres_place.project(tmp_path, {"a": postgres_place.create("t")})
    project.apply()
    postgres_place.run("CREATE SCHEMA apart")
    postgres_place.run("CREATE EXTENSION citext SCHEMA apart")
    found = {(change.kind, change.table) for change in project.diff("history", "live")}
    assert found == {("CreateNamespace", "apart"), ("CreateExtension", "citext")}


def test_a_migration_that_needs_an_extension_made_by_hand_fails_its_check(
    postgres_place: Place, tmp_path: Path
) -> None:
    require_extension(postgres_place.database, "citext")
    postgres_place.run("CREATE EXTENSION citext")
    project = postgres_place.project(tmp_path, {"b": CITEXT_TABLE})
    project.apply()
    assert outcomes(project)["models"] == "failed"


def test_a_baseline_of_an_extension_in_a_schema_of_its_own(postgres_place: Place, tmp_path: Path) -> None:
    require_extension(postgres_place.database, "uuid-ossp")
    postgres_place.run("CREATE SCHEMA extensions")
    postgres_place.run('CREATE EXTENSION "uuid-ossp" SCHEMA extensions')
    postgres_place.run("CREATE TABLE t (id uuid PRIMARY KEY DEFAULT extensions.uuid_generate_v4())")
    project = postgres_place.project(tmp_path, {})
    project.baseline("first", models=True)
    assert outcomes(project) == ALL_WELL
    assert project.diff() == ()


# Types that the migrations make and the database has not yet


def test_models_may_have_a_type_that_a_pending_migration_makes(postgres_place: Place, tmp_path: Path) -> None:
    models = MODELS.format(type="mood", name="state", table="u")
    project = postgres_place.project(tmp_path, {"a": MOOD, "b": MOOD_TABLE}, models=models)
    assert outcomes(project) | {"drift": "passed"} == ALL_WELL
    assert [(change.kind, change.table) for change in project.diff()] == [("CreateTable", "u")]
    assert project.diff("history", "models") != ()
    project.apply()
    assert outcomes(project) == ALL_WELL and project.diff() == ()


def test_models_with_a_type_that_nobody_makes_are_refused(postgres_place: Place, tmp_path: Path) -> None:
    models = MODELS.format(type="mood", name="state", table="u")
    project = postgres_place.project(tmp_path, {"a": postgres_place.create("t")}, models=models)
    with pytest.raises(Exception, match="mood"):
        project.diff()


@pytest.mark.mariadb
def test_models_may_have_a_sequence_that_a_pending_migration_makes(mariadb_server: Server, tmp_path: Path) -> None:
    with place_on(mariadb_server) as place:
        made = sql_migration("CREATE SEQUENCE counting", "DROP SEQUENCE counting")
        table = sql_migration(
            "CREATE TABLE t (id integer NOT NULL AUTO_INCREMENT PRIMARY KEY, n bigint DEFAULT (nextval(counting)))",
            "DROP TABLE t",
        )
        models = (
            "from peewee import *\nfrom db.migrations_config import database\n\n\nclass T(Model):\n"
            "    n = BigIntegerField(null=True, constraints=[SQL('DEFAULT (nextval(counting))')])\n\n"
            "    class Meta:\n        database = database\n"
        )
        project = place.project(tmp_path, {"a": made, "b": table}, models=models)
        assert outcomes(project)["models"] == "passed"


def test_a_default_may_call_a_routine_that_reads_another_model_s_table(postgres_place: Place, tmp_path: Path) -> None:
    for sql in (
        "CREATE TABLE zoo (id serial PRIMARY KEY, n integer)",
        "CREATE FUNCTION total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(n) FROM zoo; END",
        "CREATE TABLE account (id serial PRIMARY KEY, n bigint DEFAULT total())",
    ):
        postgres_place.run(sql)
    project = postgres_place.project(tmp_path, {})
    project.baseline("first", models=True)
    assert project.diff() == ()


# Settings of the database


def test_a_backslash_is_a_letter_whatever_the_database_makes_of_it(postgres_server: Server, tmp_path: Path) -> None:
    with place_on(postgres_server) as odd, place_on(postgres_server) as usual:
        odd.run(f'ALTER DATABASE "{odd.name}" SET standard_conforming_strings = off')
        odd.database.close()
        odd.database.connect()
        definition = r"CREATE TABLE t (id integer PRIMARY KEY, b bytea DEFAULT E'\\x0102', s text DEFAULT E'a\\b')"
        odd.run(definition)
        usual.run(definition)
        project = odd.project(tmp_path / "odd", {})
        other = usual.project(tmp_path / "usual", {})
        assert project.schema() == other.schema()
        project.baseline("first")
        path = next((tmp_path / "odd" / "db" / "migrations").glob("2*.py"))
        with place_on(postgres_server) as new:
            elsewhere = new.project(tmp_path / "new", {})
            elsewhere.create("first", path.read_text())
            elsewhere.apply()
            assert elsewhere.schema() == other.schema()
        assert outcomes(project) | {"models": "passed"} == ALL_WELL


def test_a_migration_that_would_hide_the_history_is_refused(postgres_place: Place, tmp_path: Path) -> None:
    postgres_place.run(f'ALTER DATABASE "{postgres_place.name}" SET search_path TO app, public')
    postgres_place.database.close()
    postgres_place.database.connect()
    makes = sql_migration("CREATE SCHEMA IF NOT EXISTS app", "SELECT 1")
    project = postgres_place.project(tmp_path, {"a": makes})
    with pytest.raises(MigrationFailed, match="default schema"):
        project.apply()
    assert postgres_place.run("SELECT 1 FROM pg_namespace WHERE nspname = 'app'") == []
    postgres_place.run("CREATE SCHEMA app")
    assert [one.outcome for one in project.apply().steps] == ["applied"]
    assert not project.plan()
