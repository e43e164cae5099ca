"""A run on SQLite that is killed at any statement: rows, attic and history are those of before, or of its end."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from projects import state, states
from test_attic import migration, project_of, run_on

from pwmig.project import Project

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process to kill")

SOURCES = {
    "a column": migration(
        "migrate(migrator.drop_column('player', 'name'))",
        "migrate(migrator.add_column('player', 'name', CharField(80)))",
    ),
    "a table": migration(
        "migrate(migrator.drop_table('player'))",
        "migrate(migrator.create_table('player', {'id': IntegerField(primary_key=True), 'name': CharField(80), "
        "'note': TextField(null=True), 'born': IntegerField(null=True)}))",
    ),
    "what was changed": migration(
        "migrate(migrator.alter_column_type('player', 'name', CharField(1), cast='substr(name, 1, 1)'), "
        "migrator.backfill('player', {'note': 'n'}), migrator.add_not_null('player', 'note'))",
        "migrate(migrator.drop_not_null('player', 'note'), "
        "migrator.alter_column_type('player', 'name', CharField(80)))",
    ),
}


def seen(project: Project) -> tuple[Any, ...]:
    """The tables and rows of the project, what the attic holds, and what is applied."""
    file = project.root / "db" / "app.sqlite"
    run_on(project.root, "SELECT 1")  # Whoever comes next takes back what a killed program left.
    names = run_on(project.root, "SELECT name FROM sqlite_master WHERE name GLOB 'pwmig_attic_[0-9]*' ORDER BY 1")
    kept = [(name, run_on(project.root, f"SELECT * FROM {name}")) for (name,) in names]
    return state(file), kept, states(project)


def killed_at(project: Project, number: int, *, back: bool) -> bool:
    """Apply or revert in a process that is killed at a statement; whether it came so far."""
    child = os.fork()
    if child == 0:
        try:
            left = iter(range(number))
            project.database.connect()
            project.database.connection().execute("PRAGMA synchronous = OFF")
            project.database.connection().set_trace_callback(
                lambda _: os.kill(os.getpid(), signal.SIGKILL) if next(left, None) is None else None
            )
            (project.revert if back else project.apply)()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("direction", ["there", "back"])
@pytest.mark.parametrize("source", SOURCES)
def test_killed_at_any_statement_all_is_as_before_or_as_at_the_end(tmp_path: Path, source: str, direction: str) -> None:
    project = project_of(tmp_path, SOURCES[source])
    if direction == "back":
        project.apply()
    file, start = tmp_path / "db" / "app.sqlite", tmp_path / "start.sqlite"
    shutil.copyfile(file, start)
    before, found = seen(project), []
    for number in range(0, 1_000, 2):  # A rebuild itself is killed at each of its statements in test_sqlite_batches.
        for left in file.parent.glob("app.sqlite*"):
            left.unlink()
        shutil.copyfile(start, file)
        killed = killed_at(project, number, back=direction == "back")
        after = seen(project)
        if not killed:
            assert number > 20, "it was killed at too few statements"
            assert after != before
            assert all(one in (before, after) for one in found)
            return
        found.append(after)
    raise AssertionError("it never came to its end")
