"""Scratch databases: like the original, gone at the end however it ends, refused with the right that is missing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import HEAD
from server_projects import Place, account, place, place_on

from pwmig.declared import models_schema
from pwmig.dialects import dialect_of
from pwmig.errors import DatabaseUnavailable, ProjectError, RehearsalRefused

__all__ = ["place"]

ROOT = Path(__file__).resolve().parent.parent


def test_a_scratch_database_is_empty_connected_and_gone_afterwards(place: Place) -> None:
    place.run("CREATE TABLE t (a INTEGER)")
    dialect = dialect_of(place.database)
    with dialect.scratch(place.database) as scratch:
        assert not scratch.is_closed() and scratch.get_tables() == []
        assert scratch.database != place.name
        scratch.execute_sql("CREATE TABLE u (a INTEGER)")
        assert place.tables() == {"t"}
        assert len(place.scratches()) == 1
    assert scratch.is_closed() and place.scratches() == set()
    with pytest.raises(ZeroDivisionError), dialect.scratch(place.database):
        raise ZeroDivisionError
    assert place.scratches() == set()


def test_while_it_is_blank_every_object_that_points_there_sees_an_empty_database(place: Place) -> None:
    place.run("CREATE TABLE t (a INTEGER)")
    other = place.server.database(place.name)
    dialect, connection = dialect_of(place.database), place.database.connection()
    with dialect.blank(place.database):
        assert place.tables() == set() == set(other.get_tables())
        other.execute_sql("CREATE TABLE u (a INTEGER)")
        assert place.tables() == {"u"}
        assert dialect.introspect(place.database).table_names == ("u",)
        with dialect.reading(place.database) as reader:
            assert reader.get_tables() == ["u"]
        with pytest.raises(RehearsalRefused, match="stands in for the project's"), dialect.blank(place.database):
            pass
    assert place.database.connection() is connection
    assert place.tables() == {"t"} == set(other.get_tables())
    other.close()
    assert place.scratches() == set()


def test_another_spelling_of_the_same_server_is_the_same_database(place: Place) -> None:
    if place.server.process is not None and place.kind == "mariadb":
        host: dict[str, Any] = {"unix_socket": os.path.realpath(place.database.connect_params["unix_socket"])}
    else:
        host = {"host": os.path.join(place.database.connect_params["host"], ".")}
    other = type(place.database)(place.name, **{**place.database.connect_params, **host})
    with dialect_of(place.database).blank(place.database):
        other.execute_sql("CREATE TABLE only_in_the_scratch (a INTEGER)")
        other.close()
    assert place.tables() == set()


KILLED = """
import sys, os
sys.path.insert(0, {tests!r})
import peewee
from playhouse.db_url import connect
from pwmig.dialects import dialect_of
database = connect({url!r}, unquote_password=True, **{{"database": {name!r}}})
with dialect_of(database).scratch(database) as scratch:
    scratch.execute_sql("CREATE TABLE t (a INTEGER)")
    print("there", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _holder(place: Place) -> Iterator[subprocess.Popen[str]]:
    program = KILLED.format(tests=str(ROOT / "tests"), url=place.server.url("x"), name=place.name)
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None and child.stdout.readline() == "there\n"
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


@pytest.mark.skipif(os.name != "posix", reason="a process is killed by a signal")
def test_what_a_killed_run_has_left_the_next_one_drops_and_only_that(place: Place) -> None:
    with _holder(place) as alive, _holder(place) as killed:
        both = place.scratches()
        assert len(both) == 2
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        with place_on(place.server) as elsewhere:  # Of another database, too.
            deadline = time.monotonic() + 10
            while len(both & place.scratches()) == 2 and time.monotonic() < deadline:
                with dialect_of(elsewhere.database).scratch(elsewhere.database):
                    pass
        assert len(place.scratches()) == 1, "the one whose owner lives is left alone"
        assert alive.poll() is None
    deadline = time.monotonic() + 10
    while place.scratches() and time.monotonic() < deadline:
        with dialect_of(place.database).scratch(place.database):
            pass
    assert place.scratches() == set()


@pytest.mark.postgres
def test_a_scratch_of_postgresql_has_encoding_locale_settings_default_schema_and_extensions(
    postgres_server: Any,
) -> None:
    name = f"like_{os.getpid()}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        postgres_server.execute(f"ALTER DATABASE {name} SET search_path = app, public")
        postgres_server.execute(f"ALTER DATABASE {name} SET TimeZone = 'Asia/Tokyo'")
        database = postgres_server.database(name)
        with database.connection_context():
            database.execute_sql("CREATE SCHEMA app")
            facts = (
                "SELECT pg_encoding_to_char(encoding), datcollate, datctype, current_schema(), "
                "current_setting('TimeZone'), current_setting('search_path') "
                "FROM pg_database WHERE datname = current_database()"
            )
            wanted = database.execute_sql(facts).fetchall()
            assert wanted[0][:4] == ("LATIN1", "C", "C", "app")
            with dialect_of(database).scratch(database) as scratch:
                assert scratch.execute_sql(facts).fetchall() == wanted
    finally:
        postgres_server.drop(name)


@pytest.mark.mariadb
def test_a_scratch_of_mariadb_has_charset_and_collation(mariadb_server: Any) -> None:
    with place_on(mariadb_server) as place:
        place.run(f"ALTER DATABASE {place.quote(place.name)} CHARACTER SET latin1 COLLATE latin1_german1_ci")
        place.run(f"USE {place.quote(place.name)}")
        with dialect_of(place.database).scratch(place.database) as scratch:
            facts = "SELECT @@character_set_database, @@collation_database"
            assert scratch.execute_sql(facts).fetchall()[0] == ("latin1", "latin1_german1_ci")


# An account without the right


class Country(peewee.Model):
    name = peewee.CharField(unique=True)

    class Meta:
        table_name = "country"


class Player(peewee.Model):
    name = peewee.CharField(index=True)
    country = peewee.ForeignKeyField(Country)

    class Meta:
        table_name = "player"
        schema = "audit"


@pytest.mark.postgres
def test_without_createdb_the_models_are_seen_in_a_schema_that_is_rolled_back(postgres_server: Any) -> None:
    with place_on(postgres_server) as place:
        place.run("CREATE SCHEMA audit")
        place.run("CREATE TABLE country (other INTEGER)")
        with dialect_of(place.database).scratch(place.database):
            wanted = models_schema([Country, Player], dialect_of(place.database), place.database)
        before = place.state()
        with account(place, f"GRANT CREATE ON DATABASE {place.quote(place.name)} TO $user") as poor:
            assert models_schema([Country, Player], dialect_of(poor), poor).tables == wanted.tables
            assert poor.is_closed()
        assert place.state() == before
        assert place.run("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pwmig%'") == []


class Article(peewee.Model):
    class Meta:
        table_name = "T t"
        schema = "Sales Dept"


class Sold(peewee.Model):
    it = peewee.IntegerField(constraints=[peewee.SQL('REFERENCES "Sales Dept"."T t"')])

    class Meta:
        schema = "hr"


@pytest.mark.postgres
def test_what_such_a_schema_can_not_show_is_told_with_the_right_that_lacks(postgres_server: Any) -> None:
    with place_on(postgres_server) as place:
        dialect, right = dialect_of(place.database), f"GRANT CREATE ON DATABASE {place.quote(place.name)} TO $user"
        assert len(models_schema([Article, Sold], dialect, place.database).tables) == 2
        with account(place, right) as poor, pytest.raises(ProjectError, match="Sold") as caught:
            models_schema([Article, Sold], dialect, poor)
        assert re.search(r'REFERENCES.*ALTER ROLE "poor_\d+" CREATEDB', caught.value.way_out)


@pytest.mark.postgres
def test_what_goes_wrong_in_such_a_schema_is_taken_back_and_nothing_made_elsewhere(postgres_server: Any) -> None:
    with place_on(postgres_server) as place:
        before = place.state()
        right = f"GRANT CREATE ON DATABASE {place.quote(place.name)} TO $user"
        poor_one = account(place, right, "GRANT CREATE ON SCHEMA public TO $user")
        with poor_one as poor, dialect_of(poor).scratch(poor) as scratch:
            for sql in ("CREATE TABLE t (a nonsense)", "COMMIT", "ROLLBACK", "SELECT 1/0"):
                with pytest.raises(Exception, match=r"nonsense|would end|division"):
                    scratch.execute_sql(sql)
            scratch.execute_sql("CREATE TABLE t (a INTEGER)")
            with scratch.atomic():
                scratch.execute_sql("CREATE TABLE u (a INTEGER)")
            assert scratch.get_tables() == ["t", "u"]
        assert place.state() == before


def test_without_any_right_the_refusal_gives_the_statement_that_helps(place: Place, tmp_path: Path) -> None:
    rights = {
        "postgres": ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO $user",),
        "mariadb": (f"GRANT SELECT ON {place.quote(place.name)}.* TO $user",),
    }[place.kind]
    helps = {"postgres": 'ALTER ROLE "poor_', "mariadb": "GRANT ALL PRIVILEGES ON `pwmig\\_scratch\\_%`.* TO 'poor_"}
    project = place.project(tmp_path, {"a": place.create("a"), "b": HEAD + "def migrate_forward():\n    pass\n"})
    project.apply(to="a")
    with account(place, *rights) as poor:
        dialect = dialect_of(poor)
        for enter in (lambda: dialect.scratch(poor), lambda: dialect.blank(poor), lambda: dialect.copy(poor)):
            with pytest.raises(DatabaseUnavailable) as caught, enter():
                pass
            assert helps[place.kind] in caught.value.way_out, caught.value
            assert "way out:" in str(caught.value)
    assert place.scratches() == set()
