"""Faults of Peewee's own migrator, by name: each does its damage there, and none here.

A row is a schema, one operation and one question. Peewee's migrator gives it another answer than was there before,
or an error; pwmig's gives the right one. Where a row says so, pwmig's is a refusal, with everything as it was.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, nullcontext, suppress

import catalog_mariadb
import catalog_postgres
import peewee
import pytest
from peers_faults import MARIADB, MISSED, POSTGRES, SQLITE
from peewee import TextField
from playhouse import migrate as playhouse

from pwmig import Migrator
from pwmig.dialects import dialect_of
from pwmig.diff import diff
from pwmig.errors import OperationRefused


def _run(migrator, fault):
    contexts = {
        "in its context": migrator.migration_context,
        "without": nullcontext,
        "in a transaction": lambda: migrator.database.atomic(),
    }
    with contexts[fault.way](), migrator.migration_context() if fault.way == "in a transaction" else nullcontext():
        migrator.migrate(fault.ask(migrator))


def _answer(ask, fault):
    rows = ask(fault.question)
    rows = [row[0] if len(row) == 1 else tuple(row) for row in rows]
    return rows[0] if len(rows) == 1 else rows


def _answer_of_theirs(database, ask, fault):
    try:
        _run(playhouse.SchemaMigrator.from_database(database), fault)
        return _answer(ask, fault)
    except Exception as error:
        return error


def _assert_theirs_only(database, made, ask, fault):
    """``made()`` makes the schema anew; ``ask`` is a connection of the test's own."""
    made()
    assert _answer_of_theirs(database, ask, fault) != fault.right, "Peewee's own does no damage: the row shows nothing"
    made()
    with pytest.raises(OperationRefused) if fault.refused else nullcontext():
        _run(Migrator.from_database(database), fault)
    assert _answer(ask, fault) == fault.right


def _filled(path, script):
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def _emptied_and_filled(database, connection, script):
    """On a server, with Peewee's connection opened anew."""
    database.close()
    if isinstance(database, peewee.PostgresqlDatabase):
        connection.execute(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {script}")
    else:
        place = f"`{database.database}`"
        _asked(
            connection, f"DROP DATABASE {place}; CREATE DATABASE {place} CHARACTER SET utf8mb4; USE {place}; {script}"
        )
    database.connect()


def _asked(connection, script):
    """What the first statement of a script gives, on MariaDB."""
    with connection.cursor() as cursor:
        cursor.execute(script)
        rows = cursor.fetchall()
        while cursor.nextset():
            pass
        return rows


@pytest.mark.parametrize("name", SQLITE)
def test_sqlite(tmp_path, name):
    path, fault = tmp_path / "data.db", SQLITE[name]
    database = peewee.SqliteDatabase(path, pragmas={"foreign_keys": 1})

    def made():
        database.close()
        _filled(path, fault.script)

    def ask(question):
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(question).fetchall()

    _assert_theirs_only(database, made, ask, fault)
    database.close()


@pytest.fixture(scope="module")
def on_postgres(postgres_server):
    # By psycopg 3, which one of the faults is about, also where the tests run on psycopg 2.
    with postgres_server.fresh(prefer_psycopg3=True) as database, catalog_postgres.connect(database) as connection:
        yield database, connection


@pytest.mark.parametrize("name", POSTGRES)
def test_postgres(on_postgres, name):
    (database, connection), fault = on_postgres, POSTGRES[name]
    _assert_theirs_only(
        database,
        lambda: _emptied_and_filled(database, connection, fault.script),
        lambda question: connection.execute(question).fetchall(),
        fault,
    )


@pytest.fixture(scope="module")
def on_mariadb(mariadb_server):
    with mariadb_server.fresh() as database, closing(catalog_mariadb.connect(database)) as connection:
        yield database, connection


@pytest.mark.parametrize("name", MARIADB)
def test_mariadb(on_mariadb, name):
    (database, connection), fault = on_mariadb, MARIADB[name]
    _assert_theirs_only(
        database,
        lambda: _emptied_and_filled(database, connection, fault.script),
        lambda question: _asked(connection, question),
        fault,
    )


# -- what its introspection misses

MISSES = [
    pytest.param(kind, name, id=f"{name} - {kind}", marks=[getattr(pytest.mark, kind)] if kind != "sqlite" else [])
    for kind, names in MISSED.items()
    for name in names
]


def _as_peewee_sees(database):
    looks = (database.get_columns, database.get_indexes, database.get_foreign_keys)
    return [[table, *(sorted(map(repr, look(table))) for look in looks)] for table in sorted(database.get_tables())]


@pytest.mark.parametrize(("kind", "name"), MISSES)
def test_what_peewees_introspection_misses_is_seen(request, kind, name):
    theirs, ours = [], []
    for script in MISSED[kind][name]:
        database, made = _place(request, kind)
        made(script)
        theirs.append(_as_peewee_sees(database))
        ours.append(dialect_of(database).introspect(database))
        database.close()
    assert theirs[0] == theirs[1], "Peewee sees it: the row shows nothing"
    assert diff(*ours) != ()


def _place(request, kind):
    """(a database, what makes a schema in it)."""
    if kind == "sqlite":
        path = request.getfixturevalue("tmp_path") / "data.db"
        return peewee.SqliteDatabase(path), lambda script: _filled(path, script)
    database, connection = request.getfixturevalue(f"on_{kind}")
    return database, lambda script: _emptied_and_filled(database, connection, script)


# -- a process that is killed in a rebuild, outside of a transaction


def _killed_at_drop(path, migrator_of):
    """A process of its own, which ends once a table was dropped, and is gone with nothing tidied up."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(BaseException):
        database = peewee.SqliteDatabase(path)
        sent = database.execute_sql

        def execute_sql(sql, params=None):
            cursor = sent(sql, params)
            if sql.upper().startswith("DROP TABLE") and "__TMP__" not in sql.upper():
                os._exit(9)
            return cursor

        database.execute_sql = execute_sql
        migrator = migrator_of(database)
        migrator.migrate(migrator.drop_column_default("t", "x"), migrator.alter_column_type("t", "x", TextField()))
    os._exit(0)


KILLED = {"Peewee's": (playhouse.SqliteMigrator, False), "pwmig's": (Migrator.from_database, True)}


@pytest.mark.parametrize("whose", KILLED)
def test_killed_in_a_rebuild_the_table_is_there_with_its_rows(tmp_path, whose):
    migrator_of, there = KILLED[whose]
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT DEFAULT 1); INSERT INTO t VALUES (1, NULL)"
        )
    assert _killed_at_drop(path, migrator_of) == 9
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        assert (tables == [("t",)] and connection.execute("SELECT * FROM t").fetchall() == [(1, None)]) is there
