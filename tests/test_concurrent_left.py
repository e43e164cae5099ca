"""What a stop leaves of indexes that are made and dropped concurrently: `status` tells it, and one command goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kill_grounds import Ground, write_case
from killing import program
from projects import HEAD, config_of, open_project, run_cli

from pwmig.errors import HalfApplied, MigrationFailed, PlanError
from pwmig.notebook.bench import Bench
from pwmig.notebook.timeline import state_text
from pwmig.project import Project
from pwmig.states import MigrationStatus, State
from pwmig.waits import Waits

pytestmark = pytest.mark.postgres

NAME = "20250101_000000_change"
MAKE = 'migrate(migrator.add_index("player", ("level",), concurrently=True, name="by%level"))'
UNIQUE = 'migrate(migrator.add_index("player", ("level",), True, concurrently=True, name="by%level"))'
DROP = 'migrate(migrator.drop_index("player", "by%level", concurrently=True))'
RAISE = "raise ZeroDivisionError('once')"
WRITE = "database.execute_sql(\"UPDATE player SET name = 'z'\")"
THERE, BACK = ("migrate",), ("migrate", "--backward")


def change(*forward: str, backward: tuple[str, ...] = ("pass",)) -> str:
    there, back = ("".join(f"    {line}\n" for line in lines) for lines in (forward, backward))
    return f"{HEAD}def migrate_forward():\n{there}\n\ndef migrate_backward():\n{back}"


@pytest.fixture
def players(postgres: Any) -> Any:
    postgres.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT)")
    postgres.execute_sql("INSERT INTO player SELECT n, 'p' || n, n FROM generate_series(1, 50) n")
    return postgres


def project_of(root: Path, database: Any, *forward: str, backward: tuple[str, ...] = ("pass",)) -> Project:
    texts = {"change": change(*forward, backward=backward)}
    return open_project(root / "project", texts, config=config_of(database))


def indexes(database: Any) -> list[Any]:
    sql = (
        "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid = 'player'::regclass AND NOT i.indisprimary ORDER BY 1"
    )
    return list(database.execute_sql(sql).fetchall())


def is_noting(database: Any) -> bool:
    return bool(database.execute_sql("SELECT to_regclass('pwmig_journal')").fetchone()[0])


@contextmanager
def writing(database: Any) -> Iterator[Callable[[], None]]:
    """While entered, and until what it gives is called, somebody has written the table and not ended that."""
    other = type(database)(database.database, **database.connect_params)
    other.connect()
    other.begin()
    other.execute_sql("INSERT INTO player VALUES (100, 'new', 100)")

    def end() -> None:
        if not other.is_closed():
            other.rollback()
            other.close()

    try:
        yield end
    finally:
        end()


def status(project: Project) -> MigrationStatus:
    (found,) = project.status()
    return found


def assert_failed(project: Project, where: str, command: str) -> None:
    """Project, command line, JSON and workbench tell the same, and the state before it is told no more."""
    found = status(project)
    assert (found.state, found.way_out) == (State.FAILED, command)
    assert found.stopped.startswith(where), found.stopped
    said = run_cli(project.root, "status")
    assert said.returncode == 1
    assert f"failed   {NAME}" in said.stdout and found.stopped in said.stdout
    assert f"{NAME} is half-applied: {command} ends it" in said.stdout
    assert "pending: pwmig" not in said.stdout and "--undo" not in said.stdout
    told = json.loads(run_cli(project.root, "status", "--json").stdout)
    (one,) = told["migrations"]
    assert (one["state"], one["stopped"], one["way_out"]) == ("failed", found.stopped, command)
    assert told["pending"] == 0
    assert "failed" in state_text(found, (), datetime.now(UTC))


def assert_ended(project: Project, command: str, state: State) -> None:
    """The command that was named ends it, and nothing is noted any more."""
    done = run_cli(project.root, *command.split()[1:])
    assert done.returncode == 0, done.stderr
    assert (status(project).state, status(project).stopped) == (state, "")
    project.database.connect(reuse_if_open=True)
    assert project.database.execute_sql("SELECT count(*) FROM pwmig_journal").fetchone() == (0,)


# -- what is left by an error


def mended(project: Project, text: str) -> None:
    Path(project.migrations_folder, f"{NAME}.py").write_text(text)


def test_an_index_that_was_dropped_on_the_way_there(tmp_path: Path, players: Any) -> None:
    players.execute_sql('CREATE INDEX "by%%level" ON player (level)')
    project = project_of(tmp_path, players, DROP, WRITE, RAISE, backward=(MAKE,))
    with pytest.raises(MigrationFailed):
        project.apply()
    assert indexes(players) == []
    assert_failed(
        project,
        'stopped behind statement 1, which took effect: DROP INDEX CONCURRENTLY "public"."by%level"',
        "pwmig migrate",
    )
    mended(project, change(DROP, WRITE, backward=(MAKE,)))
    assert_ended(project, "pwmig migrate", State.APPLIED)


def test_an_index_that_was_dropped_on_the_way_back(tmp_path: Path, players: Any) -> None:
    project = project_of(tmp_path, players, MAKE, backward=(DROP, RAISE))
    project.apply()
    with pytest.raises(MigrationFailed):
        project.revert()
    assert indexes(players) == []
    back = "pwmig migrate --backward"
    assert_failed(
        project, 'stopped behind statement 1, which took effect: DROP INDEX CONCURRENTLY "public"."by%level"', back
    )
    with pytest.raises(
        HalfApplied, match="is half taken back: it stopped behind statement 1, which took effect"
    ) as refused:
        project.plan()
    assert f"{back} ends it" in refused.value.way_out
    mended(project, change(MAKE, backward=(DROP,)))
    again = run_cli(project.root, "migrate", "--backward")
    assert (again.returncode, "--allow changed" in again.stderr) == (2, True), "as of any file that was edited"
    assert_ended(project, f"{back} --allow changed", State.PENDING)


def test_an_index_that_was_made_and_has_not_got_its_name(tmp_path: Path, players: Any) -> None:
    project = project_of(tmp_path, players, MAKE, RAISE)
    with pytest.raises(MigrationFailed):
        project.apply()
    ((working, valid),) = indexes(players)
    assert valid
    words = f'stopped behind statement 1, which took effect: CREATE INDEX CONCURRENTLY "{working}" ON'
    assert_failed(project, words, "pwmig migrate")
    with pytest.raises(HalfApplied):
        project.plan(backward=True)
    mended(project, change(MAKE))
    assert_ended(project, "pwmig migrate", State.APPLIED)
    assert indexes(players) == [("by%level", True)]


def test_check_and_the_workbench_tell_it_and_its_file_can_be_mended(tmp_path: Path, players: Any) -> None:
    project = project_of(tmp_path, players, MAKE, RAISE)
    with pytest.raises(MigrationFailed):
        project.apply()
    said = run_cli(project.root, "check")
    assert said.returncode == 1
    assert f"error: {NAME} stopped behind statement 1, which took effect: CREATE INDEX CONCURRENTLY" in said.stdout
    assert "way out: pwmig migrate ends it" in said.stdout
    bench = Bench(project)
    bench.read()
    assert (bench.names(State.FAILED), bench.pending, bench.editable) == ((NAME,), (), (NAME,))
    mended(project, change(MAKE))
    assert_ended(project, "pwmig migrate", State.APPLIED)
    bench.read()
    assert bench.editable == ()


def test_the_last_of_several_is_told_by_its_place(tmp_path: Path, players: Any) -> None:
    other = 'migrate(migrator.add_index("player", ("name",), concurrently=True, name="by_name"))'
    project = project_of(tmp_path, players, MAKE, other, RAISE)
    for _ in range(2):
        with pytest.raises(MigrationFailed):
            project.apply()
        assert status(project).stopped.startswith(
            "stopped behind statement 2, which took effect: CREATE INDEX CONCURRENTLY"
        )
    mended(project, change(MAKE, other))
    assert_ended(project, "pwmig migrate", State.APPLIED)


def test_of_how_many_is_told_where_that_is_certain(tmp_path: Path, players: Any) -> None:
    """The index is made, then gets its name: two statements. A drop is one."""
    project = project_of(tmp_path, players, MAKE, backward=(DROP,))
    waits = Waits(lock_s=0.2, lock_retries=0)
    with writing(players), pytest.raises(MigrationFailed):
        project.apply(waits=waits)
    assert_failed(project, "failed at statement 1 of 2: CREATE INDEX CONCURRENTLY", "pwmig migrate")
    assert_ended(project, "pwmig migrate", State.APPLIED)
    with writing(players), pytest.raises(MigrationFailed):
        project.revert(waits=waits)
    words = 'failed at statement 1 of 1: DROP INDEX CONCURRENTLY "public"."by%level"'
    assert_failed(project, words, "pwmig migrate --backward")
    assert_ended(project, "pwmig migrate --backward", State.PENDING)


# -- what is said when it fails


STOPS = {
    "lock": Waits(lock_s=0.3, lock_retries=0),
    "statement": Waits(statement_s=0.5),
}


@pytest.mark.parametrize("bound", STOPS)
@pytest.mark.parametrize("way", ["there", "back"])
def test_nothing_is_said_to_be_rolled_back_that_stays(tmp_path: Path, players: Any, bound: str, way: str) -> None:
    project = project_of(tmp_path, players, MAKE, backward=(DROP,))
    if way == "back":
        project.apply()
    run = project.apply if way == "there" else project.revert
    with writing(players), pytest.raises(MigrationFailed) as caught:
        run(waits=STOPS[bound])
    ((left, valid),) = indexes(players)
    assert not valid
    assert "holds nothing of it" not in caught.value.way_out
    assert f'"public"."{left}" is half {"made" if way == "there" else "dropped"}, and not valid' in caught.value.way_out
    assert "INDEX CONCURRENTLY" in (caught.value.statement or "")
    assert caught.value.statement.startswith("CREATE" if way == "there" else "DROP")  # type: ignore[union-attr]
    assert status(project).state is State.FAILED


def test_values_that_are_there_twice_are_told_where_the_index_stays(tmp_path: Path, players: Any) -> None:
    players.execute_sql("UPDATE player SET level = 1 WHERE id = 2")
    project = project_of(tmp_path, players, UNIQUE)
    with pytest.raises(MigrationFailed, match="1 value is there more than once") as caught:
        project.apply()
    assert indexes(players) == [] and "holds nothing of it" in caught.value.way_out
    assert status(project).state is State.PENDING, "nothing stays, and so nothing is half-applied"
    text = change("database.execute_sql = refusing(database.execute_sql)", UNIQUE).replace("def", f"{REFUSING}def", 1)
    mended(project, text)
    with pytest.raises(MigrationFailed, match="1 value is there more than once") as caught:
        project.apply()
    assert [valid for _, valid in indexes(players)] == [False]
    assert "is half made, and not valid" in caught.value.way_out
    assert status(project).state is State.FAILED


REFUSING = """
def refusing(send):
    def execute_sql(sql, *args, **options):
        try:
            return send(sql, *args, **options)
        finally:
            if "CREATE UNIQUE INDEX" in sql:  # What tidies up behind it is refused.
                database.connection().cursor().execute("SET default_transaction_read_only = on")

    return execute_sql


"""


def test_what_an_earlier_run_left_is_told_by_one_that_fails_for_another_reason(tmp_path: Path, players: Any) -> None:
    project = project_of(tmp_path, players, MAKE, RAISE)
    with pytest.raises(MigrationFailed):
        project.apply()
    mended(project, change(RAISE, MAKE))
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    assert "holds nothing of it" not in caught.value.way_out
    assert "is made" in caught.value.way_out


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_person_who_stops_it_is_told_what_stays(tmp_path: Path, players: Any, way: str) -> None:
    project = project_of(tmp_path, players, MAKE, backward=(DROP,))
    if way == "back":
        project.apply()
        project.database.close()
        players.connect(reuse_if_open=True)
    words = THERE if way == "there" else BACK
    with writing(players):
        going = subprocess.Popen(
            [sys.executable, "-m", "pwmig", *words, "--project", str(project.root)],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        until = time.monotonic() + 30
        while all(valid for _, valid in indexes(players)):
            assert time.monotonic() < until and going.poll() is None
            time.sleep(0.01)
        time.sleep(0.3)
        going.send_signal(signal.SIGINT)
        said = going.communicate(timeout=30)[1]
    half = "made" if way == "there" else "dropped"
    assert f"is half {half}, and not valid" in said and "holds nothing of it" not in said, said
    command = " ".join(("pwmig", *words))
    assert status(project).way_out == command
    assert_ended(project, command, State.APPLIED if way == "there" else State.PENDING)


# -- who is waited for


def test_who_keeps_an_old_snapshot_is_named(tmp_path: Path, players: Any) -> None:
    """It has nothing to do with the table, and the index waits for it all the same."""
    project = project_of(tmp_path, players, MAKE, backward=(DROP,))
    waits = Waits(lock_s=0.3, lock_retries=0)
    other = type(players)(players.database, **players.connect_params)
    other.connect()
    other.execute_sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
    (process,) = other.execute_sql("SELECT pg_backend_pid()").fetchone()
    with pytest.raises(MigrationFailed, match="a lock was not got") as caught:
        project.apply(waits=waits)
    assert f"process {process} of " in caught.value.why
    other.execute_sql("COMMIT")
    other.close()
    project.apply(waits=waits)


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("patient", [False, True])
def test_who_has_the_table_is_named(tmp_path: Path, players: Any, way: str, patient: bool) -> None:
    first = "migrate(migrator.lock_timeout(0.3, retries=0), "
    there, back = (text.replace("migrate(", first, 1) if patient else text for text in (MAKE, DROP))
    project = project_of(tmp_path, players, there, backward=(back,))
    if way == "back":
        project.apply()
    run = project.apply if way == "there" else project.revert
    with writing(players), pytest.raises(MigrationFailed) as caught:
        run(waits=Waits() if patient else Waits(lock_s=0.3, lock_retries=0))
    assert "held by process " in caught.value.why
    assert "RowExclusiveLock on player" in caught.value.why


# -- by whom it is told, and by whom not


def test_a_run_that_is_under_way_is_no_failure(tmp_path: Path, players: Any) -> None:
    project = project_of(tmp_path, players, MAKE)
    runner = open_project(tmp_path / "project", {}, config=config_of(players))
    with writing(players) as end:
        going = threading.Thread(target=runner.apply)
        going.start()
        until = time.monotonic() + 20
        while not indexes(players):
            assert time.monotonic() < until
            time.sleep(0.01)
        assert status(project).state is State.PENDING
        end()
        going.join()
    assert status(project).state is State.APPLIED


def test_what_needs_no_notes_makes_none(tmp_path: Path, players: Any) -> None:
    project_of(tmp_path, players, WRITE, 'migrate(migrator.add_index("player", ("level",)))').apply()
    assert not is_noting(players)


def test_one_that_is_given_up_is_recorded_when_the_index_is_gone(tmp_path: Path, players: Any) -> None:
    project = project_of(tmp_path, players, MAKE, RAISE)
    with pytest.raises(MigrationFailed):
        project.apply()
    with pytest.raises(PlanError, match="is not reverted as far as the database tells") as refused:
        project.resolve(NAME, how="reverted")
    ((working, _),) = indexes(players)
    assert f'DROP INDEX CONCURRENTLY "public"."{working}"' in refused.value.way_out
    players.execute_sql(f"DROP INDEX {working}")
    assert status(project).state is State.PENDING
    project.resolve(NAME, how="reverted")
    assert players.execute_sql("SELECT count(*) FROM pwmig_journal").fetchone() == (0,)


def test_an_index_that_the_file_no_longer_asks_for_is_told(tmp_path: Path, players: Any) -> None:
    project = project_of(tmp_path, players, MAKE, RAISE)
    with pytest.raises(MigrationFailed):
        project.apply()
    ((working, _),) = indexes(players)
    mended(project, change(WRITE))
    told = run_cli(project.root, "migrate")
    assert told.returncode == 0
    assert f'DROP INDEX CONCURRENTLY "public"."{working}"' in told.stderr
    assert status(project).state is State.APPLIED


def test_one_whose_file_is_gone_is_told_too(tmp_path: Path, players: Any) -> None:
    project = project_of(tmp_path, players, MAKE, RAISE)
    with pytest.raises(MigrationFailed):
        project.apply()
    Path(project.migrations_folder, f"{NAME}.py").unlink()
    found = status(project)
    command = f"pwmig resolve {NAME} --reverted"
    assert (found.state, found.path, found.way_out) == (State.FAILED, None, command)
    done = run_cli(project.root, *command.split()[1:])
    assert (done.returncode, "drop it by hand (DROP INDEX CONCURRENTLY" in done.stderr) == (2, True)
    ((working, _),) = indexes(players)
    players.execute_sql(f"DROP INDEX CONCURRENTLY {working}")
    assert project.status() == ()
    assert run_cli(project.root, *command.split()[1:]).returncode == 0


# -- killed for real


@pytest.mark.parametrize("made", [False, True])
def test_killed_in_its_midst(indexed_ground: Ground, tmp_path: Path, made: bool) -> None:
    make = MAKE.replace("by%level", "another")
    root = write_case(indexed_ground, tmp_path / "project", {"change": change(make if made else DROP, WRITE)})
    run = lambda *words: program("postgres", root, words, **indexed_ground.environment("base"))  # noqa: E731
    database, writer = indexed_ground.database("base"), indexed_ground.database("base")
    with database.connection_context():
        writer.connect()
        writer.execute_sql("BEGIN; UPDATE player SET name = 'b'")
        going = run("migrate")
        until = time.monotonic() + 30
        while all(valid for _, valid in indexes(database)):
            assert time.monotonic() < until and not going.ended, going.said
            time.sleep(0.01)
        going.kill()
        assert going.wait().killed
        writer.execute_sql("COMMIT")
        writer.close()
        while (told := run("status").wait()).said.count("failed ") == 0:
            assert time.monotonic() < until, told.said
        verb = "CREATE" if made else "DROP"
        whole = all(valid for _, valid in indexes(database))
        place = "stopped behind statement 1, which took effect" if whole else "failed at statement 1"
        assert f"{place}: {verb} INDEX CONCURRENTLY" in told.said
        assert "is half-applied: pwmig migrate ends it" in told.said
        assert run("migrate").wait().code == 0
        assert "failed" not in run("status").wait().said
        expected = [("another", True), ("by%level", True)] if made else []
        assert indexes(database) == expected
