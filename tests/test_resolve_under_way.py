"""Who resolves a migration while another runner is just applying it is told so, and nothing is written."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kill_grounds import Ground, ground_of, write_case
from killing import Program, program, run
from projects import HEAD, waited_s
from requirements import server_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a runner beside this process")

KINDS = ["sqlite", *(pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("postgres", "mariadb"))]
NAME = "20250101_000000_change"
SLOW = """
import time
from pathlib import Path

HERE = Path(__file__).parent


def migrate_forward():
    migrate(migrator.create_table("made", {"id": IntegerField(primary_key=True)}))
    (HERE / "begun").touch()
    while not (HERE / "go").exists():
        time.sleep(0.01)
    migrate(migrator.add_column("made", "level", IntegerField(null=True)))


def migrate_backward():
    migrate(migrator.drop_table("made"))
"""
TOLD = {
    "sqlite": "another program writes to",
    "postgres": "another program runs migrations on",
    "mariadb": "another program runs migrations on",
}
HOLDER = {"postgres": "server process", "mariadb": "connection "}
"""How the one who has the turn is called, where the database tells."""


@pytest.fixture
def ground(request: pytest.FixtureRequest, pytestconfig: pytest.Config, tmp_path: Path) -> Ground:
    kind: str = request.param
    made = ground_of(kind, None if kind == "sqlite" else server_of(kind, pytestconfig), tmp_path)
    made.make("base", "CREATE TABLE ledger (what VARCHAR(40) NOT NULL)")
    return made


@contextmanager
def under_way(ground: Ground, root: Path) -> Iterator[Program]:
    """A runner in the midst of its migration."""
    write_case(ground, root, {"change": HEAD + SLOW})
    going = program(ground.kind, root, ("migrate",), **ground.environment("base"))
    until = time.monotonic() + 30
    while not (root / "db" / "migrations" / "begun").exists():
        assert time.monotonic() < until and not going.ended, going.said
        time.sleep(0.01)
    yield going


@pytest.mark.parametrize("ground", KINDS, indirect=True)
def test_who_resolves_what_is_just_applied_is_told_so(ground: Ground, tmp_path: Path) -> None:
    root = tmp_path / "project"
    with under_way(ground, root) as going:
        for how in ("resume", "undo", "reverted"):
            ended = run(ground.kind, root, "resolve", NAME, f"--{how}", **ground.environment("base"))
            assert (ended.code, TOLD[ground.kind] in ended.said) == (2, True), ended.said
            assert "at this moment" in ended.said and "wait for that program" in ended.said
            assert HOLDER.get(ground.kind, "") in ended.said
        # What could be recorded waits for its turn, as every run does.
        ended = run(ground.kind, root, "resolve", NAME, "--applied", "--wait", "0.2", **ground.environment("base"))
        assert (ended.code, 0.2 <= waited_s(ended.said) < 9) == (2, True), ended.said
        (root / "db" / "migrations" / "go").touch()
        ended = going.wait()
        assert ended.code == 0, ended.said
    state = ground.state("base", root)
    assert (state.applied, state.recorded) == ((("change", "run"),), 1)
    ended = run(ground.kind, root, "resolve", NAME, "--resume", **ground.environment("base"))
    assert (ended.code, "nothing of it is half-done" in ended.said) == (2, True), ended.said


@pytest.mark.mariadb
@pytest.mark.parametrize("ground", KINDS[2:], indirect=True)
def test_what_was_to_be_recorded_is_not_where_the_run_ahead_of_it_stopped(ground: Ground, tmp_path: Path) -> None:
    root = tmp_path / "project"
    with under_way(ground, root) as going:
        arguments = ("resolve", NAME, "--applied", "--wait", "30")
        waiting = program(ground.kind, root, arguments, **ground.environment("base"))
        until = time.monotonic() + 30
        while "another program runs migrations" not in waiting.said:
            assert time.monotonic() < until and not waiting.ended, waiting.said
            time.sleep(0.01)
        going.kill()
        assert going.wait().killed
        ended = waiting.wait()
        assert (ended.code, "is half applied" in ended.said) == (2, True), ended.said
        (root / "db" / "migrations" / "go").touch()
    ended = run(ground.kind, root, "resolve", NAME, "--resume", **ground.environment("base"))
    assert ended.code == 0, ended.said
    assert [name for name, _ in ground.state("base", root).applied] == ["change"]
