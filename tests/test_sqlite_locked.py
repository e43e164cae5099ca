"""A SQLite file that another connection keeps all others from reading: waited for as ``--wait`` says, then told."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from anywhere import SqlitePlace, forward, interrupted, start_cli
from projects import run_cli, states, waited_s

from pwmig.errors import DatabaseUnavailable
from pwmig.plan import Event
from pwmig.project import Project

MODES = ("DELETE", "WAL")


@contextmanager
def locked(place: SqlitePlace, mode: str, for_s: float | None = None) -> Iterator[None]:
    """While entered, or for some seconds of it, nobody else may even read."""
    holder = sqlite3.connect(place.file, isolation_level=None, check_same_thread=False)
    holder.execute(f"PRAGMA journal_mode = {mode}")
    if mode == "WAL":
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")  # There BEGIN EXCLUSIVE lets others read.
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("CREATE TABLE theirs (a)")
    timer = threading.Timer(for_s, holder.close) if for_s is not None else None
    if timer is not None:
        timer.start()
    try:
        yield
    finally:
        if timer is not None:
            timer.join()
        holder.close()


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqlitePlace:
    monkeypatch.chdir(tmp_path)
    return SqlitePlace(tmp_path / "app.sqlite")


@pytest.fixture
def project(place: SqlitePlace, tmp_path: Path) -> Project:
    project = place.project(tmp_path, {"player": place.create("player"), "b": forward("pass")})
    project.apply(steps=1)
    project.database.close()
    return project


@pytest.mark.parametrize("arguments", [["migrate"], ["migrate", "--dry-run"], ["migrate", "--backward"]], ids=str)
def test_it_gives_up_after_the_time_given(
    place: SqlitePlace, project: Project, tmp_path: Path, mode: str, arguments: list[str]
) -> None:
    with locked(place, mode):
        started = time.monotonic()
        done = run_cli(tmp_path, *arguments, "--wait", "0.3")
        elapsed = time.monotonic() - started
    assert done.returncode == 2 and 0.3 < elapsed < 4, (elapsed, done)
    assert "app.sqlite is locked by another connection" in done.stderr and 0.3 <= waited_s(done.stderr) < 4
    assert "waiting for at most 0.3 s" in done.stderr and "Traceback" not in done.stderr
    assert "wait for that program or end it" in done.stderr and "the migration itself" not in done.stderr
    assert states(project) == {"player": "applied", "b": "pending"}


def test_it_waits_longer_than_sqlite_itself_would(place: SqlitePlace, project: Project, tmp_path: Path) -> None:
    with locked(place, "DELETE", for_s=6):
        done = run_cli(tmp_path, "migrate", "--wait", "30")
    assert done.returncode == 0 and done.stderr.count("waiting for at most 30 s") == 1, done
    assert states(project)["b"] == "applied"


def test_who_only_looks_is_told(place: SqlitePlace, project: Project, tmp_path: Path, mode: str) -> None:
    with locked(place, mode):
        started = time.monotonic()
        done = run_cli(tmp_path, "status")
    assert done.returncode == 2 and time.monotonic() - started < 9
    assert "app.sqlite is locked by another connection" in done.stderr and "Traceback" not in done.stderr
    assert "s to read it" in done.stderr and 5.0 <= waited_s(done.stderr) < 9, done.stderr
    assert "the migration itself" not in done.stderr


def test_an_application_waits_as_it_says(place: SqlitePlace, project: Project, mode: str) -> None:
    plan = project.plan()
    for chosen in (plan, None):
        with locked(place, mode), pytest.raises(DatabaseUnavailable, match="is locked by another connection") as caught:
            project.apply(chosen, wait_s=0.3)
        assert 0.3 <= waited_s(caught.value.why) < 4
    events: list[Event] = []
    with locked(place, mode, for_s=0.5):
        project.apply(wait_s=30, listener=events.append)
    assert [event.kind for event in events].count("wait") == 1


def test_ctrl_c_is_heard_at_once(place: SqlitePlace, project: Project, tmp_path: Path, mode: str) -> None:
    with locked(place, mode):
        process = start_cli(tmp_path, "migrate", "--wait", "60")
        started = time.monotonic()
        _, err = interrupted(process, lambda: time.monotonic() - started > 1.5)
        assert time.monotonic() - started < 4
    assert process.returncode == 2 and "stopped" in err and "Traceback" not in err
