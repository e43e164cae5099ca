"""One test on each database: a project on an SQLite file, or on a new database of a server, with the same verbs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from projects import CONFIG, HEAD, sql_migration, write_project
from server_projects import SERVERS, Place, place_on

from pwmig.project import Project

__all__ = ["Anywhere", "SqlitePlace", "anywhere", "forward", "send", "start_cli", "wait_until"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class SqlitePlace:
    """A new SQLite file, looked at by connections of the test's own."""

    file: Path
    kind: str = "sqlite"
    transactional: bool = True

    @property
    def config(self) -> str:
        return CONFIG.replace('Path(__file__).parent / "app.sqlite"', repr(str(self.file)))

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.file, isolation_level=None)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def create(self, table: str, *more: str) -> str:
        columns = ", ".join(["id INTEGER NOT NULL PRIMARY KEY", "name VARCHAR(80)", *more])
        return sql_migration(f"CREATE TABLE {table} ({columns})", f"DROP TABLE {table}")

    def project(self, root: Path, migrations: Mapping[str, str], *, models: str = "") -> Project:
        return Project.open(write_project(root, migrations, config=self.config, models=models))

    def tables(self) -> set[str]:
        return {row[0] for row in self.run("SELECT name FROM sqlite_master WHERE type = 'table'")} - {"sqlite_sequence"}


Anywhere = Place | SqlitePlace


@pytest.fixture(params=["sqlite", *SERVERS])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Anywhere]:
    monkeypatch.chdir(tmp_path)
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path / "app.sqlite")
        return
    with place_on(request.getfixturevalue(f"{request.param}_server")) as place:
        yield place


def forward(*lines: str) -> str:
    """A migration of the lines given, without a way back."""
    return HEAD + "def migrate_forward():\n" + "".join(f"    {line}\n" for line in lines)


def send(sql: str) -> str:
    return f"database.execute_sql({sql!r})"


def start_cli(root: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pwmig", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )


def wait_until(there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not there():
        assert time.monotonic() < deadline, "it did not get there"
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def interrupted(process: subprocess.Popen[str], after: Callable[[], bool]) -> tuple[str, str]:
    """What a command says that hears Ctrl-C once it is so far."""
    wait_until(after, process)
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=60)
