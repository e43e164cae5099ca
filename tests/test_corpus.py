"""An operation changes what it names and nothing else, or is refused before anything is touched: a corpus.

Schemas times operations, on SQLite, PostgreSQL and MariaDB. A connection of the test's own reads the whole catalog and
all rows before and after (``catalog_sqlite`` and its kin); what differs must be what was asked for, all of it and
nothing else. Which combinations are refused, and why, stands in tables: all others take effect.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import catalog_mariadb
import catalog_postgres
import catalog_sqlite
import corpus_mariadb
import corpus_postgres
import corpus_sqlite
import peewee
import pytest
from catalogs import assert_only, differing, renamed
from corpus_operations import OPERATIONS
from corpus_refusals import MARIADB, POSTGRES, SQLITE
from servers import back_quoted

from pwmig import Migrator
from pwmig.errors import OperationRefused


def _combinations(places, refused):
    """Each schema with each operation that there is something for, and why it is refused, if it is."""
    for (place, made), (operation, asked) in product(places.items(), OPERATIONS.items()):
        if not asked.needs & made.lacks:
            why = next((why for words, why in refused.get(operation, {}).items() if _is_among(place, words)), None)
            yield pytest.param(place, operation, why, id=f"{operation} - {place}")


def _is_among(place, words):
    return words == "*" or place in words.split("; ")


EVERYWHERE = ("a batch", "alter_column_type of much", "rename_column of much", "rename_table")


ONE_IN = {"all": 1, "few": 10}
"""What ``PWMIG_CORPUS`` may say: all combinations, or one in ten, for a version that was not the first to see them."""


def _chosen(combinations, places, usual=1):
    """Of each database what changes most, and of the rest one in so many, the same for each place and operation."""
    places, operations = list(places), list(OPERATIONS)
    share = ONE_IN.get(os.environ.get("PWMIG_CORPUS", ""), usual)
    for one in combinations:
        place, operation, refused = one.values
        is_told = operation in EVERYWHERE or (refused and share <= usual)
        if is_told or (places.index(place) + operations.index(operation)) % share == 0:
            yield one


ON_SQLITE = list(_chosen(_combinations(corpus_sqlite.PLACES, SQLITE), corpus_sqlite.PLACES))
ON_POSTGRES = list(_chosen(_combinations(corpus_postgres.PLACES, POSTGRES), corpus_postgres.PLACES, 2))  # The slowest.
ON_MARIADB = list(_chosen(_combinations(corpus_mariadb.PLACES, MARIADB), corpus_mariadb.PLACES))


@pytest.mark.skipif(os.environ.get("PWMIG_CORPUS") == "few", reason="PWMIG_CORPUS=few asks for fewer")
@pytest.mark.parametrize("combinations", [ON_SQLITE, ON_POSTGRES, ON_MARIADB], ids=["sqlite", "postgres", "mariadb"])
def test_500_combinations_or_more_take_effect(combinations):
    """Each is held to it by the tests below."""
    assert sum(one.values[2] is None for one in combinations) >= 500


# -- where they are made


@dataclass
class Stage:
    """A database, how a schema is made in it, and how it is looked at."""

    database: Any
    make: Any
    facts: Any
    settings: Any
    quoted: Any
    before: dict[str, Any] = field(default_factory=dict)
    """What was there of each schema once it was made: its script makes the same each time."""


@cache
def _file(place):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(corpus_sqlite.PLACES[place].script)
        return connection.serialize()


@pytest.fixture
def on_sqlite(tmp_path):
    path = tmp_path / "data.db"
    database = peewee.SqliteDatabase(path, pragmas={"foreign_keys": 1, "synchronous": 0})
    pragmas = (
        "foreign_keys",
        "legacy_alter_table",
        "defer_foreign_keys",
        "writable_schema",
        "ignore_check_constraints",
    )
    yield Stage(
        database,
        lambda place: path.write_bytes(_file(place)),
        lambda: catalog_sqlite.facts(path),
        lambda: [database.execute_sql(f"PRAGMA {pragma}").fetchone() for pragma in pragmas],
        catalog_sqlite.quoted,
    )
    database.close()


@pytest.fixture(scope="module")
def on_postgres(postgres_server):
    with postgres_server.fresh() as database, catalog_postgres.connect(database) as connection:

        def make(place):
            """In one round, which is one transaction."""
            connection.execute(
                "SET client_min_messages = error; DROP PUBLICATION IF EXISTS news; DROP SCHEMA IF EXISTS side CASCADE; "
                "DROP SCHEMA public CASCADE; CREATE SCHEMA public;" + corpus_postgres.PLACES[place].script
            )

        yield Stage(
            database,
            make,
            lambda: catalog_postgres.facts(connection),
            lambda: catalog_postgres.settings(database),
            catalog_postgres.quoted,
        )


@pytest.fixture(scope="module")
def on_mariadb(mariadb_server):
    with mariadb_server.fresh() as database, closing(catalog_mariadb.connect(database)) as connection:
        name, reader = back_quoted(database.database), corpus_mariadb.READER

        def run(script):
            with connection.cursor() as cursor:
                cursor.execute(script)
                while cursor.nextset():
                    pass

        def make(place):
            run(
                f"DROP USER IF EXISTS {reader}; CREATE USER {reader}; DROP DATABASE {name}; CREATE DATABASE {name}; "
                f"USE {name}; {corpus_mariadb.PLACES[place].script}"
            )
            database.connection().select_db(database.database)

        yield Stage(
            database,
            make,
            lambda: catalog_mariadb.facts(connection),
            lambda: catalog_mariadb.settings(database),
            catalog_mariadb.quoted,
        )
        run(f"DROP USER IF EXISTS {reader}")


# -- what holds there


@pytest.mark.parametrize(("place", "operation", "refused"), ON_SQLITE)
def test_sqlite_changes_what_is_named_and_nothing_else(on_sqlite, place, operation, refused):
    _check(on_sqlite, place, corpus_sqlite.PLACES[place], OPERATIONS[operation], refused)


KEYED = ("plain", "composite keys", "children under each action", "triggers", "counted")


@pytest.mark.parametrize(
    ("place", "operation", "refused"), [one for one in ON_SQLITE if one.values[0] in KEYED and one.values[2] is None]
)
def test_sqlite_without_foreign_keys_does_the_same(on_sqlite, place, operation, refused):
    on_sqlite.database.pragma("foreign_keys", 0, permanent=True)
    _check(on_sqlite, place, corpus_sqlite.PLACES[place], OPERATIONS[operation], refused)


@pytest.mark.parametrize(("place", "operation", "refused"), ON_POSTGRES)
def test_postgres_changes_what_is_named_and_nothing_else(on_postgres, place, operation, refused):
    _check(on_postgres, place, corpus_postgres.PLACES[place], OPERATIONS[operation], refused)


@pytest.mark.parametrize(("place", "operation", "refused"), ON_MARIADB)
def test_mariadb_changes_what_is_named_and_nothing_else(on_mariadb, place, operation, refused):
    _check(on_mariadb, place, corpus_mariadb.PLACES[place], OPERATIONS[operation], refused)


def _check(stage, name, place, asked, refused):
    stage.make(name)
    if name not in stage.before:
        stage.before[name] = stage.facts()
    before, settings = stage.before[name], stage.settings()
    migrator = Migrator.from_database(stage.database)
    made = asked.ask(migrator, place)
    run = made if isinstance(made, list) else [made]
    if refused is not None:
        with pytest.raises((OperationRefused, peewee.DatabaseError), match=refused):
            migrator.migrate(*run)
        assert differing(before, stage.facts()) == {}
    else:
        migrator.migrate(*run)
        after = stage.facts()
        for new, role in asked.renames.items():
            after = _told_as_before(stage, after, new, place.names[role])
        assert_only(before, after, place, asked)
    assert stage.settings() == settings


def _told_as_before(stage, facts, new, old):
    """The facts as they were if the new name were the old one; a table outside the default schema stays in its own."""
    place = "side." if old.startswith("side.") else ""
    assert any(place + new in key for key in facts)
    facts = renamed(facts, place + new, old, stage.quoted(new), stage.quoted(old))
    # A table's own sequence is renamed with it.
    numbers, old_numbers = f"{new}_id_seq", f"{old}_id_seq"
    return renamed(facts, numbers, old_numbers, stage.quoted(numbers), stage.quoted(old_numbers))
