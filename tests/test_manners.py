"""Bad manners on each database: what a migration leaves behind on its connection is set right, and told.

Those that stop a migration are in ``test_faults.py``, ``test_engine.py`` and ``test_server_engine.py``.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from anywhere import Anywhere, SqlitePlace, anywhere, forward, send
from peewee import OperationalError
from projects import HEAD, states, write_project
from server_projects import place_on

from pwmig.dialects.mysql.session import commits
from pwmig.dialects.mysql.turns import lock_name, locked
from pwmig.dialects.postgresql import session
from pwmig.dialects.server.asking import executor
from pwmig.errors import Cancelled, DatabaseUnavailable, MigrationFailed
from pwmig.plan import Event
from pwmig.project import Project

__all__ = ["anywhere"]

INSERT = send("INSERT INTO player (name) VALUES ('x')")

LEFT: dict[str, dict[str, str]] = {
    "sqlite": {
        "PRAGMA query_only = ON": "query_only",
        "PRAGMA locking_mode = EXCLUSIVE": "locking_mode",
        "PRAGMA recursive_triggers = ON": "recursive_triggers",
        "PRAGMA ignore_check_constraints = ON": "ignore_check_constraints",
        "PRAGMA writable_schema = ON": "writable_schema",
        "PRAGMA busy_timeout = 5": "busy_timeout",
        "PRAGMA max_page_count = 50": "max_page_count",
        "PRAGMA case_sensitive_like = 1": "case_sensitive_like",
        "PRAGMA main.cache_size = 7": "cache_size",
        "PRAGMA foreign_keys = OFF": "",
        "ATTACH ':memory:' AS \"an other\"": "the attached an other",
        "PRAGMA cache_size": "",
    },
    "postgres": {
        "SET search_path TO pg_catalog": "search_path",
        "SELECT set_config('search_path', 'pg_catalog', false)": "search_path",
        "SET ROLE pg_read_all_data": "role",
        "SET SESSION AUTHORIZATION pg_monitor": "session_authorization",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY": "default_transaction_read_only",
        "SET session_replication_role = replica": "session_replication_role",
        "SET TIME ZONE 'Asia/Tokyo'": "TimeZone",
        "SET my.own = 'x'": "",
        "SET statement_timeout = '1h'": "",
        "SET LOCAL lock_timeout = '1h'": "",
        "SELECT pg_advisory_unlock_all()": "",
    },
    "mariadb": {
        "SET SESSION sql_mode = 'ANSI_QUOTES'": "sql_mode",
        "SET foreign_key_checks = 0": "",
        "SET NAMES latin1": "character_set_client",
        "SET SESSION tx_isolation = 'SERIALIZABLE'": "tx_isolation",
        "SET SESSION TRANSACTION READ ONLY": "tx_read_only",
        "SET completion_type = 'CHAIN'": "completion_type",
        "SET sql_select_limit = 1": "sql_select_limit",
        "SET check_constraint_checks = 0": "check_constraint_checks",
        "SET timestamp = 1": "",
        "USE information_schema": "",
        "LOCK TABLES player WRITE": "it left tables locked",
        "FLUSH TABLES WITH READ LOCK": "it left tables locked",
        "SELECT RELEASE_ALL_LOCKS()": "",
    },
}
"""Each statement, and what is told of it: nothing where it is a migration's right, or set right without a look."""

SEEN = {
    "postgres": (
        "SELECT name, setting FROM pg_settings WHERE context NOT IN ('internal', 'postmaster', 'sighup')",
        "SELECT session_user, current_user",
    ),
    "mariadb": (
        "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.SESSION_VARIABLES WHERE VARIABLE_NAME NOT IN "
        "('TIMESTAMP', 'RAND_SEED1', 'RAND_SEED2', 'LAST_GTID', 'INSERT_ID', 'LAST_INSERT_ID', 'IDENTITY', "
        "'ERROR_COUNT', 'WARNING_COUNT')",
        "SELECT DATABASE(), YEAR(NOW()) > 2000",
    ),
    "sqlite": (
        *("PRAGMA query_only", "PRAGMA locking_mode", "PRAGMA recursive_triggers", "PRAGMA ignore_check_constraints"),
        *("PRAGMA writable_schema", "PRAGMA busy_timeout", "PRAGMA max_page_count", "PRAGMA cache_size"),
        *("PRAGMA foreign_keys", "PRAGMA synchronous", "PRAGMA cache_spill", "SELECT 'a' LIKE 'A'"),
        "SELECT name FROM pragma_database_list WHERE name <> 'temp'",
    ),
}


def seen(project: Project, kind: str) -> list[Any]:
    """All that the connection is set to."""
    rows = [project.database.execute_sql(sql).fetchall() for sql in SEEN[kind]]
    return [sorted(map(tuple, found), key=repr) for found in rows]


def test_what_a_migration_leaves_on_its_connection_is_set_right(anywhere: Anywhere, tmp_path: Path) -> None:
    """Of a connection that is open before, as an application's is; the history has each."""
    cases = list(LEFT[anywhere.kind].items())
    made = {f"m{number}": forward(INSERT, send(sql)) for number, (sql, _) in enumerate(cases)}
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), **made})
    project.apply(steps=1)
    project.database.connect()
    before = seen(project, anywhere.kind)
    for number, (sql, words) in enumerate(cases):
        events: list[Event] = []
        project.apply(steps=1, listener=events.append)
        assert seen(project, anywhere.kind) == before, sql
        notes = [event.text for event in events if event.kind == "warning"]
        assert len(notes) == bool(words), (sql, notes)
        assert not words or (words in notes[0] and f"_m{number}: it " in notes[0])
    project.database.close()
    assert set(states(project).values()) == {"applied"}
    assert anywhere.run("SELECT count(*) FROM player") == [(len(cases),)]


def test_what_pwmig_asks_within_a_migration_is_not_told_of_the_migration(anywhere: Anywhere, tmp_path: Path) -> None:
    """Each operation looks at the catalog, under settings that make its texts the same everywhere."""
    there = "migrate(migrator.add_index('player', ('name',)), migrator.rename_column('player', 'name', 'called'))"
    back = "migrate(migrator.rename_column('player', 'called', 'name'), migrator.drop_index('player', 'player_name'))"
    renames = f"{HEAD}def migrate_forward():\n    {there}\n\ndef migrate_backward():\n    {back}\n"
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "renames": renames})
    events: list[Event] = []
    project.apply(listener=events.append)
    project.revert(steps=1, listener=events.append)
    assert [event.text for event in events if event.kind == "warning"] == []
    assert states(project)["renames"] == "pending"


def test_it_is_set_right_within_a_run_that_opens_its_connection(tmp_path: Path) -> None:
    """The next migration of the run finds it as it would be alone."""
    place = SqlitePlace(tmp_path / "app.sqlite")
    asks = "seen = database.execute_sql('PRAGMA recursive_triggers').fetchone()"
    made = {"sets": forward(send("PRAGMA recursive_triggers = ON")), "asks": forward(asks, "assert seen == (0,), seen")}
    assert place.project(tmp_path, made).apply().ok


def test_it_is_set_right_where_the_migration_stops(anywhere: Anywhere, tmp_path: Path) -> None:
    sql = next(iter(LEFT[anywhere.kind]))
    project = anywhere.project(tmp_path, {"stops": forward(send(sql), "1 / 0")})
    project.database.connect()
    before = seen(project, anywhere.kind)
    with pytest.raises(MigrationFailed):
        project.apply()
    assert seen(project, anywhere.kind) == before
    project.database.close()


def test_a_pool_keeps_its_connections(tmp_path: Path) -> None:
    place = SqlitePlace(tmp_path / "app.sqlite")
    pooled = place.config.replace("SqliteDatabase(", "PooledSqliteDatabase(").replace(
        "from peewee import *", "from peewee import *\nfrom playhouse.pool import PooledSqliteDatabase"
    )
    root = write_project(tmp_path, {"sets": forward(send("PRAGMA recursive_triggers = ON"))}, config=pooled)
    project = Project.open(root)
    events: list[Event] = []
    project.apply(listener=events.append)
    database: Any = project.database
    assert "recursive_triggers" in events[-1].text
    assert (len(database._in_use), len(database._connections)) == (0, 1)


REFUSED = {
    "postgres": {"RESET ALL": "reset all settings", "SET TRANSACTION READ ONLY": "read-only transaction"},
    "mariadb": {
        "CALL commits()": "COMMIT by itself, in CALL",
        "EXECUTE IMMEDIATE 'COMMIT'": "COMMIT by itself, in EXECUTE",
        "SET @@session.autocommit = 1": "SET autocommit by itself",
    },
    "sqlite": {"PRAGMA synchronous = OFF": "inside a transaction"},
}


def test_what_can_t_be_set_right_stops_it(anywhere: Anywhere, tmp_path: Path) -> None:
    """A routine's COMMIT is told as what it is: on MariaDB what came before it stays."""
    if anywhere.kind == "mariadb":
        anywhere.run("CREATE PROCEDURE commits() COMMIT")
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "b": forward("pass")})
    project.apply(steps=1)
    (path,) = project.migrations_folder.glob("*_b.py")
    for sql, words in REFUSED[anywhere.kind].items():
        anywhere.run("DELETE FROM player")
        path.write_text(forward(INSERT, send(sql)))
        with pytest.raises(MigrationFailed) as caught:
            project.apply()
        error = caught.value
        assert re.search(words, f"{error.what} {error.why}"), error
        stays = "COMMIT by itself" in error.what
        assert ("it committed by: " + sql in error.way_out) is stays
        assert anywhere.run("SELECT count(*) FROM player") == [(int(stays),)]
        assert states(project)["b"] == "pending"


@pytest.mark.mariadb
def test_a_change_of_the_schema_under_settings_commits_like_any_other(mariadb_server: Any, tmp_path: Path) -> None:
    alter = "SET STATEMENT max_statement_time = 60 FOR ALTER TABLE player ADD COLUMN b INT"
    assert commits(alter) and not commits("SET STATEMENT max_statement_time = 60 FOR UPDATE player SET name = 'for'")
    with place_on(mariadb_server) as place:
        project = place.project(tmp_path, {"player": place.create("player"), "b": forward(send(alter), "1 / 0")})
        with pytest.raises(MigrationFailed) as caught:
            project.apply()
        assert f"the last such statement was: {alter}" in caught.value.way_out


@pytest.mark.mariadb
def test_a_lock_of_the_run_that_is_let_go_of_and_taken_by_another(mariadb_server: Any, tmp_path: Path) -> None:
    """Two runs would go on at once."""
    with place_on(mariadb_server) as place:
        lets_go = forward(send("SELECT RELEASE_ALL_LOCKS()"), INSERT)
        project = place.project(tmp_path, {"player": place.create("player"), "lets_go": lets_go})
        project.apply(steps=1)

        def listen(event: Event) -> None:
            if event.kind == "statement":
                place.database.execute_sql("SELECT GET_LOCK(%s, 0)", (lock_name(place.name),)).fetchall()

        with pytest.raises(MigrationFailed, match="let go of the lock by which runs take turns"):
            project.apply(listener=listen)
        assert place.run("SELECT count(*) FROM player") == [(0,)]
        assert states(project)["lets_go"] == "pending"


@pytest.mark.postgres
def test_a_proxy_that_gives_a_transaction_another_connection(
    postgres_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PgBouncer does with pool_mode = transaction: the lock of the run is on one, its transaction on another."""
    with place_on(postgres_server) as place:
        project = place.project(tmp_path, {"player": place.create("player")})
        elsewhere = place.server.database(place.name)
        with elsewhere.connection_context(), monkeypatch.context() as patched:
            execute, locked = executor(elsewhere.connection()), session._locked
            patched.setattr(session, "_locked", lambda _: locked(execute))
            with pytest.raises(DatabaseUnavailable, match="is not one connection to the server") as caught:
                project.apply()
        assert "pool_mode = session" in caught.value.way_out
        assert place.tables() == set() and project.database.is_closed()
        assert [step.outcome for step in project.apply().steps] == ["applied"]


def test_a_thread_that_outlives_the_migration_is_told(anywhere: Anywhere, tmp_path: Path) -> None:
    lines = (
        "import threading",
        "import time",
        "threading.Thread(target=time.sleep, args=(0.5,), name='left', daemon=True).start()",
    )
    events: list[Event] = []
    anywhere.project(tmp_path, {"leaves": forward(*lines)}).apply(listener=events.append)
    (note,) = [event.text for event in events if event.kind == "warning"]
    assert "20250101_000000_leaves: a thread that began meanwhile still runs: left" in note


INTO_PLAYER = "INSERT INTO player (name) VALUES ('theirs')"
THREADS = {
    "reads": "database.execute_sql('SELECT count(*) FROM player').fetchall()",
    "writes": f"database.execute_sql({INTO_PLAYER!r})",
    "has a cursor": f"database.cursor().execute({INTO_PLAYER!r})",
    "has a connection": f"database.connection().cursor().execute({INTO_PLAYER!r})",
    "connects": "database.connect()",
    "begins": "database.atomic().__enter__()",
}
"""What a thread of the migration's does with the project's database."""


@pytest.mark.parametrize("raises", [True, False], ids=["raises", "catches"])
def test_a_thread_of_the_migration_gets_no_connection(anywhere: Anywhere, tmp_path: Path, raises: bool) -> None:
    """A connection of its own would commit by itself: the thread is refused it, and the migration is stopped."""
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "b": forward("pass")})
    project.apply(steps=1)
    (path,) = project.migrations_folder.glob("*_b.py")
    runs = "thread.submit(work)" + (".result()" if raises else "")
    for what, work in THREADS.items():
        lines = (
            *("from concurrent.futures import ThreadPoolExecutor", INSERT, f"work = lambda: {work}"),
            *("with ThreadPoolExecutor() as thread:", f"    {runs}"),
        )
        path.write_text(forward(*lines))
        with pytest.raises(MigrationFailed, match="used the database from a thread of its own") as caught:
            project.apply()
        assert "on the connection of pwmig was rolled back" in caught.value.way_out, what
        assert anywhere.run("SELECT count(*) FROM player") == [(0,)], what
        assert states(project)["b"] == "pending"
        with pytest.raises(MigrationFailed, match="used the database from a thread of its own"):
            project.rehearse()
    path.write_text(forward(INSERT))
    assert project.apply().ok


def test_a_thread_that_a_file_begins_as_it_is_loaded(anywhere: Anywhere, tmp_path: Path) -> None:
    lines = (
        *("import threading", "from db.migrations_config import database", ""),
        *("def work():", "    try:", f"        database.cursor().execute({INTO_PLAYER!r})"),
        *("    except Exception:", "        pass", ""),
        *("thread = threading.Thread(target=work)", "thread.start()", "thread.join()", ""),
    )
    begins = "\n".join(lines) + "\ndef migrate_forward():\n    pass\n"
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "begins": begins})
    project.apply(steps=1)
    with pytest.raises(MigrationFailed, match="used the database from a thread of its own"):
        project.apply()
    assert anywhere.run("SELECT count(*) FROM player") == [(0,)]


def test_threads_of_the_application_go_on(anywhere: Anywhere, tmp_path: Path) -> None:
    """Those that were there before the run have their connections; and to look at the project takes none of it."""
    looks = (
        "from app import ask, look",
        "assert ask() == 0, 'a thread that was there before'",
        "assert look() == {'player': 'applied', 'looks': 'pending'}, 'one that began meanwhile'",
    )
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "looks": forward(*looks)})
    project.apply(steps=1)
    app: Any = ModuleType("app")
    with ThreadPoolExecutor(1) as before, ThreadPoolExecutor(1) as meanwhile:
        before.submit(int).result()

        def count() -> int:
            with project.database.connection_context():
                return int(project.database.execute_sql("SELECT count(*) FROM player").fetchone()[0])

        app.ask = lambda: before.submit(count).result()
        app.look = lambda: meanwhile.submit(states, project).result()
        sys.modules["app"] = app
        try:
            assert [step.outcome for step in project.apply().steps] == ["applied"]
        finally:
            del sys.modules["app"]


@contextmanager
def anothers_turn(place: Anywhere) -> Iterator[None]:
    """While entered, another program's turn lasts."""
    if isinstance(place, SqlitePlace):
        holder = sqlite3.connect(place.file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with closing(holder):
            yield
        return
    database = place.server.database(place.name)
    with database.connection_context():
        execute = executor(database.connection())
        assert session._locked(execute) if place.kind == "postgres" else locked(execute, lock_name(place.name))
        yield


def test_ctrl_c_while_another_runner_has_its_turn(anywhere: Anywhere, tmp_path: Path) -> None:
    """Nothing had begun, and that is what is told."""
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "b": forward("pass")})
    project.apply(steps=1)
    project.database.close()

    def stop(event: Event) -> None:
        if event.kind == "wait":
            raise KeyboardInterrupt

    with anothers_turn(anywhere), pytest.raises(Cancelled) as caught:
        project.apply(listener=stop)
    error = caught.value
    assert error.what == "stopped ahead of 20250101_000001_b, which had not begun"
    assert "waited for its turn" in error.why and "rolled back" not in error.way_out
    assert error.way_out == "The database holds nothing of it."
    assert states(project)["b"] == "pending" and project.apply().ok


def test_a_savepoint_that_is_left_open_is_told(anywhere: Anywhere, tmp_path: Path) -> None:
    """It ends with the migration's transaction, and what came behind it is committed with the rest."""
    made = {
        "left": forward(send("SAVEPOINT one"), INSERT, send("SAVEPOINT two"), INSERT),
        "ended": forward(send("SAVEPOINT one"), send("SAVEPOINT two"), INSERT, send("RELEASE SAVEPOINT one")),
        "back": forward(send("SAVEPOINT one"), INSERT, send("ROLLBACK TO SAVEPOINT one"), INSERT),
        "atomic": forward("with database.atomic():", "    " + INSERT),
    }
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), **made})
    events: list[Event] = []
    project.apply(listener=events.append)
    notes = [event.text for event in events if event.kind == "warning"]
    assert notes == [
        "note: 20250101_000001_left: it left savepoints open: one, two; they ended with its transaction, and what "
        "came behind them stays"
    ]
    assert anywhere.run("SELECT count(*) FROM player") == [(5,)]


def test_ctrl_c_inside_of_a_savepoint_is_no_failure(anywhere: Anywhere, tmp_path: Path) -> None:
    """Peewee answers it by a rollback to the savepoint, which the cancelling of the statement may hit: that error comes
    last."""
    lines = ("with database.atomic():", "    " + INSERT)
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "b": forward(*lines)})
    project.apply(steps=1)
    database: Any = project.database
    send_on = type(database).execute_sql

    def interrupted(sql: str, params: Any = None) -> Any:
        if sql.startswith("INSERT INTO player"):
            raise KeyboardInterrupt
        if sql.startswith("ROLLBACK TO"):
            raise OperationalError("canceling statement due to user request")
        return send_on(database, sql, params)

    database.execute_sql = interrupted
    try:
        with pytest.raises(Cancelled, match="stopped in 20250101_000001_b"):
            project.apply()
    finally:
        del database.execute_sql
    assert anywhere.run("SELECT count(*) FROM player") == [(0,)] and project.apply().ok


def test_a_failure_behind_an_interrupt_of_the_application_s_is_a_failure(tmp_path: Path) -> None:
    project = SqlitePlace(tmp_path / "app.sqlite").project(tmp_path, {"fails": forward("1 / 0")})
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        with pytest.raises(MigrationFailed, match="failed at line"):
            project.apply()


PAST_HEARING = {
    "psycopg": (
        ("type(database.connection()).commit(database.connection())",),
        ("import psycopg", "psycopg.ClientCursor(database.connection()).execute('COMMIT')"),
        ("import psycopg", "psycopg.ClientCursor(database.connection()).execute('COMMIT; BEGIN')"),
    ),
    "psycopg2": (
        ("with database.connection():", "    database.cursor().execute('SELECT 1')"),
        ("from psycopg2.extensions import cursor", "cursor(database.connection()).execute('COMMIT')"),
    ),
}
"""Ways to a driver's COMMIT that no guard of its connection and of its usual cursors hears."""


@pytest.mark.postgres
@pytest.mark.parametrize("driver", PAST_HEARING)
@pytest.mark.parametrize("ends", ["pass", "1 / 0", INSERT])
def test_a_commit_that_is_not_heard_is_found_and_told(
    postgres_server: Any, tmp_path: Path, driver: str, ends: str
) -> None:
    """What was committed by it stays: nothing says that it was rolled back."""
    with place_on(postgres_server) as place:
        project = place.project(tmp_path, {"player": place.create("player"), "b": forward("pass")})
        config = tmp_path / "db" / "migrations_config.py"
        options = "unquote_password=True" + (", prefer_psycopg3=True" if driver == "psycopg" else "")
        text = config.read_text().replace("&prefer_psycopg3=true", "")
        config.write_text(text.replace("unquote_password=True", options))
        project = Project.open(tmp_path)
        project.apply(steps=1)
        with project.database.connection_context():
            assert type(project.database.connection()).__module__.partition(".")[0] == driver
        (path,) = project.migrations_folder.glob("*_b.py")
        for lines in PAST_HEARING[driver]:
            place.run("DELETE FROM player")
            path.write_text(forward(INSERT, *lines, ends))
            with pytest.raises(MigrationFailed) as caught:
                project.apply()
            assert place.run("SELECT count(*) FROM player") == [(1,)], lines
            assert "no longer the one that was begun for it" in caught.value.way_out, lines
            assert states(project)["b"] == "pending"


@pytest.mark.mariadb
def test_a_change_of_the_schema_by_a_cursor_of_the_driver_s_stays(mariadb_server: Any, tmp_path: Path) -> None:
    with place_on(mariadb_server) as place:
        sent = "database.cursor().execute('CREATE TABLE club (a INT)')"
        project = place.project(tmp_path, {"player": place.create("player"), "b": forward(INSERT, sent, "1 / 0")})
        with pytest.raises(MigrationFailed) as caught:
            project.apply()
        assert "the last such statement was: CREATE TABLE club" in caught.value.way_out
        assert states(project)["b"] == "failed"


@pytest.mark.mariadb
def test_autocommit_of_the_driver_s_is_refused(mariadb_server: Any, tmp_path: Path) -> None:
    with place_on(mariadb_server) as place:
        sets = forward(INSERT, "database.connection().autocommit(True)")
        project = place.project(tmp_path, {"player": place.create("player"), "b": sets})
        with pytest.raises(MigrationFailed, match="AUTOCOMMIT by itself"):
            project.apply()
        assert place.run("SELECT count(*) FROM player") == [(0,)]
