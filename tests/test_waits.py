"""How long a run waits for locks and statements, what it tries again, and what it says when it gives up."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import HEAD, open_project, run_cli, states, waited_s
from server_processes import MariaDBProcess, ServerProcess
from server_projects import Place, place
from servers import MariaDB

from pwmig.cli import main
from pwmig.errors import MigrationFailed, PlanError, ProjectError
from pwmig.plan import Event
from pwmig.project import Project
from pwmig.waits import MOST_S, Waits

__all__ = ["place"]

CREATE = f"""{HEAD}
def migrate_forward():
    database.execute_sql("CREATE TABLE player (a INT)")
    database.execute_sql("INSERT INTO player VALUES (1)")
"""
ADD = f"""{HEAD}
def migrate_forward():
    database.execute_sql("CREATE TABLE club (a INT)")
    database.execute_sql("ALTER TABLE player ADD COLUMN b INT")
"""
SLOW = {
    "postgres": "SELECT pg_sleep(30)",
    "mariadb": "SELECT SLEEP(30) FROM player",
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1e9) SELECT sum(x) FROM n",
}
LOCK_S = {"postgres": 0.2, "mariadb": 1}
"""MariaDB waits in whole seconds."""


@contextmanager
def held(place: Place) -> Iterator[Callable[[], None]]:
    """While entered, and until what it gives is called, somebody has read the table and not ended that."""
    other = place.server.database(place.name)
    other.begin()
    other.execute_sql("SELECT * FROM player").fetchall()
    done = threading.Event()

    def release() -> None:
        if not done.is_set():
            done.set()
            other.rollback()

    try:
        yield release
    finally:
        release()
        other.close()


@pytest.fixture
def project(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    project = place.project(tmp_path, {"create": CREATE, "add": ADD})
    project.apply(steps=1)
    return project


def tables(place: Place) -> set[str]:
    return {name for name in place.database.get_tables() if not name.startswith("pwmig_")}


def test_a_lock_that_is_not_got_is_told_with_who_holds_it(place: Place, project: Project) -> None:
    """On PostgreSQL nothing stays; on MariaDB what committed before does, as it says."""
    events: list[Event] = []
    waits = Waits(lock_s=LOCK_S[place.kind], lock_retries=1)
    with held(place), pytest.raises(MigrationFailed) as caught:
        project.apply(waits=waits, listener=events.append)
    error = caught.value
    assert error.what.endswith(f": a lock was not got within {waits.lock_s:g} s, in 2 tries")
    assert error.why.startswith("held by " + ("process " if place.transactional else "perhaps connection "))
    assert "let it wait longer or try more often" in error.way_out
    assert error.statement == "ALTER TABLE player ADD COLUMN b INT"
    (wait,) = [event for event in events if event.kind == "wait"]
    assert wait.text == f"a lock was not got within {waits.lock_s:g} s; trying again in {waits.lock_s:g} s (1 of 1)"
    assert tables(place) == ({"player"} if place.transactional else {"player", "club"})
    assert states(project)["add"] == ("pending" if place.transactional else "failed")


def test_what_got_no_lock_is_tried_again_until_it_gets_it(place: Place, project: Project) -> None:
    """PostgreSQL begins the migration anew; MariaDB, where the first table stays, the statement alone."""
    statements: list[str] = []
    with held(place) as release:

        def listen(event: Event) -> None:
            if event.kind == "statement":
                statements.append(event.text.split()[0])
            if event.kind == "wait":
                release()

        run = project.apply(waits=Waits(lock_s=LOCK_S[place.kind]), listener=listen)
    assert [step.outcome for step in run.steps] == ["applied"]
    assert statements == ["CREATE", "ALTER"] * (2 if place.transactional else 1)
    assert [statement.sql.split()[0] for statement in run.steps[0].statements] == ["CREATE", "ALTER"]
    assert states(project)["add"] == "applied"


PATIENT = f"""{HEAD}
def migrate_forward():
    migrate(
        migrator.lock_timeout({{seconds}}, retries=1, pause=0),
        migrator.add_column("player", "b", TextField(null=True)),
    )
"""


def test_an_operation_s_own_tries_are_all_that_there_are(place: Place, project: Project) -> None:
    """Those of the run don't multiply them, and the connection waits as the run says behind them."""
    (path,) = project.migrations_folder.glob("*_add.py")
    path.write_text(PATIENT.format(seconds=LOCK_S[place.kind]))
    events: list[Event] = []
    with held(place), pytest.raises(MigrationFailed, match="in 2 tries") as caught:
        project.apply(waits=Waits(lock_s=LOCK_S[place.kind], lock_retries=3), listener=events.append)
    assert "give lock_timeout more seconds or retries" in caught.value.way_out
    assert [event.text for event in events if event.kind == "wait"] == []
    assert states(project)["add"] == "pending"


class WholeProcess(MariaDBProcess):
    def _command(self) -> Sequence[str]:
        return [*super()._command(), "--innodb-rollback-on-timeout=ON"]


class WholeMariaDB(MariaDB):
    """A server that takes a whole transaction back when one of its statements gets no lock in time."""

    def _make_process(self, cache: Callable[[str], Path] | None) -> ServerProcess:
        return WholeProcess(cache)


@pytest.mark.mariadb
@pytest.mark.skipif("PWMIG_TEST_MARIADB" in os.environ, reason="a server that was given has settings of its own")
def test_no_statement_is_sent_again_whose_transaction_was_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mariadb_server: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    server = WholeMariaDB()
    assert server.process is not None
    writes = f"""{HEAD}
def migrate_forward():
    database.execute_sql("INSERT INTO player VALUES (2)")
    database.execute_sql("UPDATE player SET a = 3 WHERE a = 1")
"""
    try:
        with server.fresh() as database:
            place = Place(server, database)
            project = place.project(tmp_path, {"create": CREATE, "writes": writes})
            project.apply(steps=1)
            other = server.database(place.name)
            other.begin()
            other.execute_sql("UPDATE player SET a = a")
            with pytest.raises(MigrationFailed, match="a lock was not got"):
                project.apply(
                    waits=Waits(lock_s=1, lock_retries=3),
                    listener=lambda event: other.rollback() if event.kind == "wait" else None,
                )
            other.close()
            assert place.run("SELECT a FROM player") == [(1,)]
            assert states(project)["writes"] == "pending"
            project.database.close()
    finally:
        server.process.stop()


def test_pauses_double_and_end_somewhere() -> None:
    assert [Waits(lock_s=2).pause_s(tried) for tried in range(1, 7)] == [2, 4, 8, 16, 30, 30]


def test_the_connection_waits_as_it_did_when_the_run_is_over(place: Place, project: Project) -> None:
    names = ["lock_timeout", "statement_timeout"] if place.transactional else [
        "@@lock_wait_timeout", "@@innodb_lock_wait_timeout", "@@max_statement_time"
    ]  # fmt: skip
    database: Any = project.database
    database.connect(reuse_if_open=True)

    def seen() -> list[Any]:
        asked = [f"SHOW {name}" if place.transactional else f"SELECT {name}" for name in names]
        return [database.execute_sql(sql).fetchone()[0] for sql in asked]

    before = seen()
    inside: list[Any] = []

    def listen(event: Event) -> None:
        if event.kind == "step":
            inside.extend(seen())

    project.apply(waits=Waits(lock_s=7, statement_s=9), listener=listen)
    assert inside == (["7s", "9s"] if place.transactional else [7, 7, 9])
    assert seen() == before
    database.close()


@pytest.mark.parametrize(
    "kind", ["sqlite", *(pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("postgres", "mariadb"))]
)
def test_a_statement_that_takes_too_long_is_given_up(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slow = f'{HEAD}\ndef migrate_forward():\n    database.execute_sql("UPDATE player SET a = 2")\n' + (
        f"    database.execute_sql({SLOW[kind]!r}).fetchall()\n"
    )
    migrations = {"create": CREATE, "slow": slow}
    if kind == "sqlite":
        project = open_project(tmp_path, migrations)
    else:
        server = request.getfixturevalue(f"{kind}_server")
        place = Place(server, request.getfixturevalue(kind))
        project = place.project(tmp_path, migrations)
    project.apply(steps=1)
    with pytest.raises(MigrationFailed, match=r": a statement took longer than 0\.3 s") as caught:
        project.apply(waits=Waits(statement_s=0.3))
    assert "do it in parts, as migrator.backfill(...) does" in caught.value.way_out
    assert "rolled back" in caught.value.way_out
    assert list(project.database.execute_sql("SELECT a FROM player").fetchall()) in ([(1,)], ((1,),))
    project.database.close()


def test_many_statements_may_take_longer_than_one(tmp_path: Path) -> None:
    """SQLite asks now and then, whichever statement runs: each has its own time, also one that was prepared before."""
    part = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 30000) SELECT sum(x) FROM n"
    many = f"""{HEAD}
import time


def migrate_forward():
    for _ in range(10):
        database.execute_sql({part!r}).fetchall()
        time.sleep(0.1)
"""
    run = open_project(tmp_path, {"many": many}).apply(waits=Waits(statement_s=0.8))
    assert run.steps[0].outcome == "applied" and run.elapsed_s > 0.8


def test_many_statements_of_a_raw_cursor_may_take_longer_than_one(tmp_path: Path) -> None:
    """SQLite prepares such a statement once only, and says nothing when it runs again: the rows changed tell."""
    part = (
        "UPDATE player SET a = (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 30000) "
        "SELECT max(x) FROM n) WHERE a < ?"
    )
    many = f"""{HEAD}
import time


def migrate_forward():
    cursor = database.connection().cursor()
    for _ in range(10):
        cursor.execute({part!r}, (1_000_000,))
        time.sleep(0.1)
"""
    project = open_project(tmp_path, {"create": CREATE, "many": many})
    run = project.apply(waits=Waits(statement_s=0.8))
    assert run.steps[1].outcome == "applied" and run.elapsed_s > 0.8


def test_a_project_s_own_trace_goes_on(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create": CREATE})
    seen: list[str] = []
    project.database.connect()
    project.database.connection().set_trace_callback(seen.append)  # type: ignore[attr-defined]
    project.apply(waits=Waits(statement_s=5))
    assert any(sql.startswith("CREATE TABLE player") for sql in seen)
    project.database.execute_sql("SELECT 'afterwards'")
    assert "SELECT 'afterwards'" in seen
    project.database.close()


def test_the_config_says_how_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pwmig]\nlock_timeout = 2\nlock_retries = 0\nstatement_timeout = 0.5\n"
    )
    assert open_project(tmp_path).waits == Waits(60, 2, 0, 0.5)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lock_timeout = -1", "a number of seconds"),
        ("lock_timeout = true", "a number of seconds"),
        ('statement_timeout = "2 s"', "a number of seconds"),
        ("statement_timeout = inf", "a number of seconds"),
        ("lock_retries = -1", "a number, 0 or more"),
        ("lock_retries = 1.5", "a number, 0 or more"),
        ("lock_timeout = 1e30", "2000000 at most"),
        ("statement_timeout = nan", "a number of seconds"),
        ("statement_timeout = 2000001", "2000000 at most"),
        ("lock_retries = 1e30", "a number, 0 or more"),
    ],
)
def test_a_config_that_means_no_time_is_refused(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.pwmig]\n{line}\n")
    with pytest.raises(ProjectError, match=words):
        open_project(tmp_path)


def test_the_command_line_says_it_instead(place: Place, project: Project, tmp_path: Path) -> None:
    project.database.close()
    with held(place):
        done = run_cli(tmp_path, "migrate", "--lock-timeout", str(LOCK_S[place.kind]), "--lock-retries", "0")
    assert done.returncode == 2
    assert "a lock was not got within" in done.stderr and "tries" not in done.stderr
    for wrong in (["--lock-timeout", "0"], ["--lock-retries", "-1"], ["--statement-timeout", "x"]):
        assert run_cli(tmp_path, "migrate", *wrong).returncode == 2


ABSURD = ("1e30", "2000001", "nan", "inf", "-inf", "-1", "-1e30", "1e400", "0x10", "")
SECONDS = ("--wait", "--lock-timeout", "--statement-timeout")


@pytest.mark.parametrize(
    ("option", "value"),
    [*((option, value) for option in SECONDS for value in ABSURD)]
    + [("--lock-retries", value) for value in ("1e30", "-1", "nan", "inf", "1.5", "", "9" * 5000, "2000001")],
)
def test_a_number_that_is_no_time_is_refused_by_the_command_line(
    capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["migrate", f"{option}={value}"])
    said = capsys.readouterr().err
    assert (ended.value.code, "Traceback" in said) == (2, False)
    assert f"argument {option}: " in said and "is no number of " in said


def test_resolve_refuses_such_a_number_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["resolve", "change", "--resume", "--wait=1e30"])
    assert (ended.value.code, "argument --wait: " in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("name", ["turn_s", "lock_s", "statement_s", "lock_retries"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 1e30])
def test_a_number_that_is_no_time_is_refused_in_python(tmp_path: Path, name: str, value: float) -> None:
    project = open_project(tmp_path, {"create": CREATE})
    with pytest.raises(PlanError, match="can't be kept to"):
        project.apply(waits=Waits(**{name: value}))


def test_the_attic_refuses_such_a_number_too(tmp_path: Path) -> None:
    drop = f"{HEAD}\ndef migrate_forward():\n    migrate(migrator.drop_table('player'))\n"
    project = open_project(tmp_path, {"create": CREATE, "drop": drop})
    project.apply()
    with pytest.raises(PlanError, match="can't be kept to"):
        project.purge(wait_s=1e30)
    assert project.purge(wait_s=1)


@pytest.mark.parametrize("value", [MOST_S, 1e-9])
def test_the_longest_and_the_shortest_time_are_taken(place: Place, project: Project, value: float) -> None:
    project.apply(waits=Waits(turn_s=MOST_S, lock_s=value, statement_s=MOST_S))
    assert states(project)["add"] == "applied"


@pytest.mark.parametrize("value", [MOST_S, 1e-9])
def test_the_same_on_sqlite(tmp_path: Path, value: float) -> None:
    project = open_project(tmp_path, {"create": CREATE})
    project.apply(waits=Waits(turn_s=MOST_S, lock_s=value, statement_s=MOST_S, lock_retries=0))
    assert states(project)["create"] == "applied"


def test_a_pause_that_has_doubled_a_thousand_times_is_no_longer_either() -> None:
    assert Waits(lock_s=0.001, lock_retries=10_000).pause_s(5_000) == 30


@pytest.mark.parametrize("call", ["lock_timeout(1e30)", 'lock_timeout(float("inf"))', "lock_timeout(1, pause=1e30)"])
def test_an_operation_s_own_time_is_refused_too(place: Place, project: Project, call: str) -> None:
    (path,) = project.migrations_folder.glob("*_add.py")
    path.write_text(PATIENT.replace("lock_timeout({seconds}, retries=1, pause=0)", call))
    with pytest.raises(MigrationFailed, match="can't be kept to"):
        project.apply()


def test_on_sqlite_the_one_lock_is_waited_for_as_the_turn_says(tmp_path: Path) -> None:
    """A statement waits for none: so the time for a lock says nothing there, and the help says that."""
    project = open_project(tmp_path, {"create": CREATE})
    other = peewee.SqliteDatabase(project.database.database)
    other.connect()
    other.execute_sql("BEGIN IMMEDIATE")
    done = run_cli(tmp_path, "migrate", "--lock-timeout", "0.01", "--lock-retries", "0", "--wait", "0.5")
    assert done.returncode == 2 and "s for its write lock" in done.stderr, done.stderr
    assert 0.5 <= waited_s(done.stderr) < 9
    other.close()
    assert run_cli(tmp_path, "migrate", "--lock-timeout", "0.01").returncode == 0
    assert "SQLite" in " ".join(run_cli(tmp_path, "migrate", "--help").stdout.split("--lock-timeout")[2].split())[:200]


def test_who_holds_a_lock_is_told_without_what_they_run(place: Place, project: Project) -> None:
    other = place.server.database(place.name)
    other.begin()
    other.execute_sql("SELECT 'secret' FROM player").fetchall()
    with pytest.raises(MigrationFailed) as caught:
        project.apply(waits=Waits(lock_s=LOCK_S[place.kind], lock_retries=0))
    assert "secret" not in str(caught.value)
    other.close()
    assert isinstance(caught.value.__cause__, peewee.OperationalError)
