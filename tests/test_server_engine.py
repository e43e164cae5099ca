"""Running a plan on a server: each migration whole or told what of it stays, exactly once, nothing else touched."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import peewee
import pytest
from projects import HEAD, run_cli, sql_migration, states, write_project
from server_projects import Place, account, place

from pwmig.attic.ears import Ears
from pwmig.errors import DatabaseUnavailable, MigrationFailed, OperationRefused
from pwmig.plan import Event
from pwmig.project import Project
from pwmig.scaffold import init_project
from pwmig.waits import Waits

__all__ = ["place"]

ROOT = Path(__file__).resolve().parent.parent
FORWARD = HEAD + "def migrate_forward():\n"


@pytest.fixture(autouse=True)
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def steps(*lines: str) -> str:
    """A migration of the lines given, without a way back."""
    return FORWARD + "".join(f"    {line}\n" for line in lines)


def send(sql: str) -> str:
    return f"database.execute_sql({sql!r})"


def history(place: Place) -> list[tuple[str, int]]:
    return place.run("SELECT name, reverted FROM pwmig_history ORDER BY id")


def test_what_was_applied_is_taken_back_and_applied_again(place: Place, tmp_path: Path) -> None:
    rows = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Polgár 100%%')", "DELETE FROM player")
    project = place.project(tmp_path, {"create": place.create("player"), "rows": rows})
    assert states(project) == {"create": "pending", "rows": "pending"}
    assert [step.outcome for step in project.apply().steps] == ["applied", "applied"]
    assert [row[1] for row in place.run("SELECT * FROM player ORDER BY id")] == ["Tal", "Polgár 100%"]
    assert [step.outcome for step in project.revert(to="zero").steps] == ["reverted", "reverted"]
    assert place.tables() == {"pwmig_history"}
    project.apply()
    assert len(history(place)) == 4
    assert [name for name, reverted in history(place) if reverted == 0] == [one.name for one in project.applied()]
    assert project.database.is_closed()


def test_reading_writes_nothing(place: Place, tmp_path: Path) -> None:
    project = place.project(tmp_path, {"create": place.create("player")})
    place.run("CREATE TABLE t (a INTEGER)")
    project.status(), project.plan(), project.schema(), project.snapshot(), project.page("t"), project.size()
    project.keep_reading()
    project.status(), project.schema()
    assert place.tables() == {"t"}
    with project.dialect.reading(project.database) as reader, pytest.raises(peewee.PeeweeException, match=r"(?i)read"):
        reader.execute_sql("INSERT INTO t VALUES (1)")
    assert project.database.is_closed()


def test_a_migration_that_stops_leaves_what_the_message_says(place: Place, tmp_path: Path) -> None:
    stops = steps(
        send("INSERT INTO a (name) VALUES ('kept or not')"),
        send("CREATE TABLE b (x INTEGER)"),
        send("INSERT INTO b VALUES (1)"),
        "1 / 0",
    )
    project = place.project(tmp_path, {"a": place.create("a"), "b": stops})
    project.apply(to="a")
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    error = caught.value
    assert (error.migration, error.line) == ("20250101_000001_b", 9)
    assert states(project) == {"a": "applied", "b": "pending" if place.transactional else "failed"}
    if place.transactional:
        assert "rolled back: the database holds nothing of it" in error.way_out
        assert place.tables() == {"a", "pwmig_history"}
        assert place.run("SELECT count(*) FROM a") == [(0,)]
    else:
        assert "commits at each change of the schema" in error.way_out and "CREATE TABLE b" in error.way_out
        assert "rolled back" not in error.way_out
        assert place.run("SELECT count(*) FROM a") == [(1,)], "what came before the change of the schema stays"
        assert place.run("SELECT count(*) FROM b") == [(0,)], "what came behind it is taken back"


def test_rows_alone_are_rolled_back_everywhere(place: Place, tmp_path: Path) -> None:
    stops = steps(send("INSERT INTO a (name) VALUES ('x')"), "raise ValueError('no')")
    project = place.project(tmp_path, {"a": place.create("a"), "b": stops})
    with pytest.raises(MigrationFailed, match="no") as caught:
        project.apply()
    assert "It was rolled back: the database holds nothing of it. What ran before it stays" in caught.value.way_out
    assert place.run("SELECT count(*) FROM a") == [(0,)]


def test_a_runner_waits_says_so_and_gives_up(place: Place, tmp_path: Path) -> None:
    project = place.project(tmp_path, {"create": place.create("player")})
    other = place.server.database(place.name)
    ready, done = threading.Event(), threading.Event()
    asks = "SELECT pg_backend_pid()" if place.kind == "postgres" else "SELECT CONNECTION_ID()"
    number: list[int] = []

    def hold() -> None:
        with project.dialect.session(other, Waits(5)) as session, session.turn():
            number.append(other.execute_sql(asks).fetchone()[0])
            ready.set()
            done.wait(30)
        other.close()

    holder = threading.Thread(target=hold)
    holder.start()
    ready.wait(30)
    events: list[Event] = []
    with pytest.raises(DatabaseUnavailable, match="another program runs migrations on") as caught:
        project.apply(wait_s=0.3, listener=events.append)
    (wait,) = [event for event in events if event.kind == "wait"]
    who = rf": user \S+ at [^,]+, (server process|connection) {number[0]}\b"
    assert re.search(rf"{who}.*; waiting for at most 0.3 s$", wait.text)
    assert re.search(rf"for its lock{who}", caught.value.why)
    done.set()
    holder.join()
    assert [step.outcome for step in project.apply().steps] == ["applied"]


MANNERS = {
    "COMMIT": send("COMMIT"),
    "commit with words around": send("/* now */ commit work"),
    "ROLLBACK": send("ROLLBACK"),
    "BEGIN": send("BEGIN"),
    "START TRANSACTION": send("START TRANSACTION"),
    "Database.commit()": "database.commit()",
    "the connection's commit()": "database.connection().commit()",
    "the connection's rollback()": "database.connection().rollback()",
    "COMMIT by a cursor": "database.connection().cursor().execute('COMMIT')",
    "closing": "database.close()",
    "closing the connection": "database.connection().close()",
    "an own thread": (
        "import threading; thread = threading.Thread(target=lambda: database.execute_sql("
        "\"INSERT INTO a (name) VALUES ('thread')\")); thread.start(); thread.join()"
    ),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("manners", MANNERS)
def test_a_migration_that_would_end_its_transaction_is_refused_and_takes_no_effect(
    place: Place, tmp_path: Path, manners: str
) -> None:
    if manners.startswith("the connection's") and type(place.database.connection()).__module__.startswith("psycopg2"):
        pytest.skip("psycopg 2 does nothing there while a connection commits by itself")
    source = steps(send("INSERT INTO a (name) VALUES ('x')"), MANNERS[manners])
    project = place.project(tmp_path, {"a": place.create("a"), "b": source})
    project.apply(to="a")
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    assert place.run("SELECT count(*) FROM a") == [(0,)], caught.value
    assert states(project) == {"a": "applied", "b": "pending"}


def test_a_commit_that_is_caught_is_heard_all_the_same(place: Place, tmp_path: Path) -> None:
    source = steps("try:", "    database.execute_sql('COMMIT')", "except Exception:", "    pass")
    project = place.project(tmp_path, {"b": source})
    with pytest.raises(MigrationFailed, match="COMMIT by itself"):
        project.apply()


def test_savepoints_work_and_an_error_inside_one_may_be_caught(place: Place, tmp_path: Path) -> None:
    lines = (
        "try:",
        "    with database.atomic():",
        "        database.execute_sql(\"INSERT INTO a (name) VALUES ('lost')\")",
        "        database.execute_sql('INSERT INTO nowhere VALUES (1)')",
        "except DatabaseError:",
        "    pass",
        "with database.atomic():",
        "    database.execute_sql(\"INSERT INTO a (name) VALUES ('kept')\")",
    )
    project = place.project(tmp_path, {"a": place.create("a"), "b": steps(*lines)})
    project.apply()
    assert place.run("SELECT name FROM a") == [("kept",)]


def test_a_change_of_the_schema_inside_atomic_works(place: Place, tmp_path: Path) -> None:
    lines = ("with database.atomic():", "    database.execute_sql('CREATE TABLE b (x INTEGER)')")
    project = place.project(tmp_path, {"b": steps(*lines)})
    project.apply()
    assert "b" in place.tables()


@pytest.mark.postgres
def test_a_migration_that_goes_on_after_an_error_is_told_why_nothing_more_works(
    postgres_server: object, tmp_path: Path
) -> None:
    from server_projects import place_on

    lines = ("try:", "    database.execute_sql('SELECT 1/0')", "except Exception:", "    pass")
    with place_on(postgres_server) as place:  # type: ignore[arg-type]
        project = place.project(tmp_path, {"b": steps(*lines)})
        with pytest.raises(MigrationFailed, match="a statement of the migration failed, and it went on"):
            project.apply()


SETTINGS = {
    "postgres": (
        ("SET search_path TO pg_catalog", "SHOW search_path"),
        ("SET statement_timeout = '1h'", "SHOW statement_timeout"),
        ("SET TIME ZONE 'Asia/Tokyo'", "SHOW TimeZone"),
    ),
    "mariadb": (
        ("SET SESSION sql_mode = 'ANSI_QUOTES'", "SELECT @@sql_mode"),
        ("SET foreign_key_checks = 0", "SELECT @@foreign_key_checks"),
        ("USE information_schema", "SELECT DATABASE()"),
        ("SET NAMES latin1", "SELECT @@character_set_client"),
    ),
}


def test_the_settings_of_the_connection_are_given_back(place: Place, tmp_path: Path) -> None:
    for number, (change, ask) in enumerate(SETTINGS[place.kind]):
        root = tmp_path / str(number)
        project = place.project(root, {f"m{number}": steps(send(change))})
        os.chdir(root)
        with project.database.connection_context():
            before = project.database.execute_sql(ask).fetchall()
            (root / "db" / "migrations" / f"20250101_000000_m{number}.py").rename(
                root / "db" / "migrations" / f"2025010{number + 1}_000000_m{number}.py"
            )
            project.apply(allow=("missing",))
            assert project.database.execute_sql(ask).fetchall() == before, change
    assert "pwmig_history" in place.tables()


def test_an_open_transaction_is_refused(place: Place, tmp_path: Path) -> None:
    project = place.project(tmp_path, {"a": place.create("a")})
    refused = pytest.raises(OperationRefused, match="inside a transaction that is already open")
    with project.database.connection_context(), project.database.atomic(), refused:
        project.apply()


@pytest.mark.skipif(os.name != "posix", reason="SIGINT to a process is POSIX's")
def test_ctrl_c_is_heard_inside_a_long_statement_and_the_server_lets_go(place: Place, tmp_path: Path) -> None:
    sql = {
        "postgres": "INSERT INTO a (name) SELECT 'x' FROM pg_sleep(600)",
        "mariadb": "INSERT INTO a (name) SELECT SLEEP(600)",
    }[place.kind]
    source = steps("from pathlib import Path", "Path('running').touch()", send(sql))
    project = place.project(tmp_path, {"a": place.create("a"), "b": source})
    runner = _start(tmp_path, "migrate")
    _wait_until(lambda: (tmp_path / "running").exists(), runner)
    time.sleep(0.5)
    runner.send_signal(signal.SIGINT)
    out, err = runner.communicate(timeout=30)
    assert runner.returncode != 0
    assert "stopped in 20250101_000001_b" in out + err, out + err
    assert "It was rolled back" in out + err
    assert place.run("SELECT count(*) FROM a") == [(0,)]
    assert states(project) == {"a": "applied", "b": "pending"}


def test_a_lost_connection_is_told_and_leaves_nothing(place: Place, tmp_path: Path) -> None:
    kill = {
        "postgres": "SELECT pg_terminate_backend(pg_backend_pid())",
        "mariadb": "KILL CONNECTION_ID()",
    }[place.kind]
    source = steps(send("INSERT INTO a (name) VALUES ('x')"), send(kill))
    project = place.project(tmp_path, {"a": place.create("a"), "b": source})
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    assert "It was rolled back" in caught.value.way_out
    assert place.run("SELECT count(*) FROM a") == [(0,)]
    assert [step.outcome for step in project.apply(to="a").steps] == []


def test_a_database_that_is_not_there_and_a_server_that_is_not_there_are_said(place: Place, tmp_path: Path) -> None:
    nowhere = {"postgres": {"host": "/nowhere/at/all"}, "mariadb": {"unix_socket": "/nowhere/at/all"}}[place.kind]
    for name, options, words in (("not_there_at_all", {}, "does not exist"), (place.name, nowhere, "can't be reached")):
        project = Project(database=place.server.database(name, **options), migrations=tmp_path)
        for ask in (project.applied, project.schema, project.size, project.status):
            with pytest.raises(DatabaseUnavailable, match=words) as caught:
                ask()
            assert caught.value.way_out
        write = project.dialect.session(project.database, Waits(1))
        with pytest.raises(DatabaseUnavailable, match=words), write:
            pass


@pytest.mark.postgres
def test_a_role_that_is_not_there_is_no_database_that_is_not_there(postgres_server: Any, tmp_path: Path) -> None:
    with postgres_server.fresh() as database:
        stranger = postgres_server.database(database.database, user='a role "of" nobody')
        with pytest.raises(DatabaseUnavailable, match="can't be entered") as caught:
            Project(database=stranger, migrations=tmp_path).applied()
    assert "createuser" in caught.value.way_out and "createdb" not in caught.value.way_out


def test_no_password_is_ever_told(place: Place, tmp_path: Path) -> None:
    secret = "hunter2 of @nobody'%"
    for options in ({"host": "127.0.0.1", "port": 1}, {"host": "no.such.host.example"}):
        database = type(place.database)("app", user="somebody", password=secret, **options)
        project = Project(database=database, migrations=tmp_path)
        assert secret not in project.location
        with pytest.raises(DatabaseUnavailable) as caught:
            project.applied()
        assert secret not in str(caught.value) and "somebody" not in project.location


def test_what_is_wrong_with_a_url_that_was_given_is_looked_for_in_it(place: Place, tmp_path: Path) -> None:
    project = place.project(tmp_path, {})
    with pytest.raises(DatabaseUnavailable, match="does not exist") as caught:
        project.diff("live", place.server.url("no_such_database"))
    assert "DATABASE_URL" not in caught.value.way_out and "no_such_database" in caught.value.way_out


def test_a_new_project_reads_user_and_password_of_database_url_as_a_url_has_them(place: Place, tmp_path: Path) -> None:
    user, secret = f"mend @ {os.getpid()}", "Secr@t%1"
    name, where = {"postgres": (f'"{user}"', ""), "mariadb": (f"'{user}'@'localhost'", ".*")}[place.kind]
    made = f"LOGIN PASSWORD '{secret}'" if place.transactional else f"IDENTIFIED BY '{secret}'"
    place.run(f"CREATE USER {name} {made}")
    try:
        place.run(f"GRANT ALL ON {'DATABASE ' * place.transactional}{place.quote(place.name)}{where} TO {name}")
        parts = urlsplit(place.server.url(place.name))
        address = parts.netloc.rpartition("@")[2]
        url = urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(secret)}@{address}"))
        init_project(tmp_path)
        done = run_cli(tmp_path, "status", DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (1, ""), done.stderr
        assert secret not in done.stdout
    finally:
        if place.transactional:
            place.run(f"DROP OWNED BY {name}")
        place.run(f"DROP USER {name}")


def _start(root: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pwmig", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def _wait_until(there: object, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not there():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not get there"
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_without_the_right_to_make_the_history_the_refusal_says_so(place: Place, tmp_path: Path) -> None:
    rights = {
        "postgres": ("REVOKE CREATE ON SCHEMA public FROM PUBLIC",),
        "mariadb": (f"GRANT SELECT, INSERT ON {place.quote(place.name)}.* TO $user",),
    }[place.kind]
    with account(place, *rights) as poor:
        write_project(tmp_path, {"a": place.create("a")}, config=place.config)
        project = Project(database=poor, migrations=tmp_path / "db" / "migrations", root=tmp_path)
        with pytest.raises(DatabaseUnavailable, match="the history table pwmig_history can't be made"):
            project.apply()
    assert place.tables() == set()


def test_rows_that_the_account_may_not_read_are_said_and_schemas_are_compared_without_them(
    place: Place, tmp_path: Path
) -> None:
    seeing = {
        "postgres": ("GRANT USAGE ON SCHEMA public TO $user",),
        "mariadb": (
            f"GRANT INSERT, ALTER, CREATE, EVENT, TRIGGER, SHOW VIEW ON {place.quote(place.name)}.* TO $user",
            "GRANT SELECT ON mysql.proc TO $user",
        ),
    }[place.kind]
    write_project(tmp_path, {"a": place.create("a")}, config=place.config)
    Project.open(tmp_path).apply()
    place.run("CREATE TABLE hidden (id INTEGER PRIMARY KEY, old INTEGER)")
    place.run("INSERT INTO hidden VALUES (1, 1)")
    with place.server.fresh() as other, account(place, *seeing) as poor:
        cursor = other.connection().cursor()
        cursor.execute("CREATE TABLE hidden (id INTEGER PRIMARY KEY, new INTEGER)")
        cursor.execute("INSERT INTO hidden VALUES (1, 1)")
        project = Project(database=poor, migrations=tmp_path / "db" / "migrations", root=tmp_path)
        for look in (project.status, project.apply, lambda: project.diff("history", "live")):
            with pytest.raises(DatabaseUnavailable, match=r"(?s)the history table pwmig_history can't be .*GRANT"):
                look()
        with pytest.raises(DatabaseUnavailable, match=r"(?s)can't be read by this account.*hidden.*GRANT"):
            project.snapshot(["hidden"])
        assert project.diff("live", place.server.url(other.database))


def test_a_check_without_the_right_to_make_databases_checks_what_needs_none(place: Place, tmp_path: Path) -> None:
    write_project(tmp_path, {"a": place.create("a")}, config=place.config)
    Project.open(tmp_path).apply()
    rights = {
        "postgres": ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO $user",),
        "mariadb": (f"GRANT SELECT ON {place.quote(place.name)}.* TO $user",),
    }[place.kind]
    with account(place, *rights) as poor:
        project = Project(database=poor, migrations=tmp_path / "db" / "migrations", root=tmp_path)
        report = project.check()
    assert not report.ok
    assert {check.name: check.outcome.value for check in report.checks} == {
        "files": "skipped",
        "history": "passed",
        "models": "failed",
        "round trip": "skipped",
        "drift": "skipped",
    }
    (finding,) = report.check("models").findings
    assert {"postgres": "CREATEDB", "mariadb": "GRANT ALL PRIVILEGES"}[place.kind] in finding.way_out


def test_a_kept_reading_is_one_connection_that_comes_back_when_it_was_ended(place: Place, tmp_path: Path) -> None:
    project = place.project(tmp_path, {"a": place.create("a")})
    who = {"postgres": "SELECT pg_backend_pid()", "mariadb": "SELECT CONNECTION_ID()"}[place.kind]
    end = {"postgres": "SELECT pg_terminate_backend({})", "mariadb": "KILL {}"}[place.kind]

    def reader() -> int:
        with project._reading() as database:
            number: int = database.execute_sql(who).fetchone()[0]
            return number

    assert reader() != reader()
    project.keep_reading()
    first = reader()
    assert reader() == first
    place.server.execute(end.format(first))
    second = reader()
    assert second != first and reader() == second
    place.run("CREATE TABLE later (id INTEGER)")
    assert "later" in project.schema().table_names
    readings = project._readings
    assert readings is not None
    readings.close()
    assert reader() != second
    readings.close()


@pytest.mark.parametrize("last", ["INSERT", "COMMIT"])
def test_a_connection_that_is_lost_while_values_come_back_is_told(
    place: Place, tmp_path: Path, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was put back would be asked of the database, which does not answer any more."""
    kill = {"postgres": "SELECT pg_terminate_backend(pg_backend_pid())", "mariadb": "KILL CONNECTION_ID()"}[place.kind]
    lines = {"INSERT": send(kill), "COMMIT": "pass"}
    back = f"migrate(migrator.add_column('a', 'name', CharField(80, null=True)))\n    {lines[last]}"
    source = steps("migrate(migrator.drop_column('a', 'name'))") + f"\n\ndef migrate_backward():\n    {back}\n"
    project = place.project(tmp_path, {"a": place.create("a"), "b": source})
    project.apply(to="a")
    place.run("INSERT INTO a (name) VALUES ('kept')")
    place.database.commit()
    project.apply()
    if last == "COMMIT":
        told = Ears.ended

        def lose(self: Ears) -> None:
            told(self)
            with suppress(Exception):
                self.database.execute_sql(kill)

        monkeypatch.setattr(Ears, "ended", lose)
    with pytest.raises(MigrationFailed) as caught:
        project.revert()
    assert ("had come to its end" in caught.value.way_out) is (states(project)["b"] == "pending"), caught.value
