"""Eight runners at once: each migration takes effect once, all of them end well, and nobody waits for the dead.

``PWMIG_KILLS=all`` has them meet twenty times, in place of twice.
"""

from __future__ import annotations

import os
import select
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kill_grounds import Ground, ground_of, write_case
from killing import HEAR, Ended, Program, Sent, dying, warm
from projects import HEAD
from requirements import server_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that start at once")

ROUNDS = 20 if os.environ.get("PWMIG_KILLS") == "all" else 2
RUNNERS = 8
KINDS = ["sqlite", *(pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("postgres", "mariadb"))]
BASE = "CREATE TABLE ledger (what VARCHAR(40) NOT NULL); CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY);"


def migration(name: str, there: str, back: str, pause: str = "time.sleep(0.02)") -> str:
    """A migration that leaves a row in the ledger, each time that it is run, in either direction."""
    rows = {way: f"database.execute_sql(\"INSERT INTO ledger (what) VALUES ('{name} {way}')\")" for way in WAYS}
    return (
        f"{HEAD}import time\n\n"
        f"def migrate_forward():\n    {there}\n    {pause}\n    {rows['there']}\n\n\n"
        f"def migrate_backward():\n    {back}\n    {pause}\n    {rows['back']}\n"
    )


WAYS = ("there", "back")
MIGRATIONS = {
    "table": migration(
        "table", "migrate(migrator.create_table('made', {'id': IntegerField(primary_key=True)}))",
        "migrate(migrator.drop_table('made'))",
    ),
    "rows": migration(
        "rows", "database.execute_sql('INSERT INTO player (id) VALUES (1)')",
        "database.execute_sql('DELETE FROM player WHERE id = 1')",
    ),
    "column": migration(
        "column", "migrate(migrator.add_column('player', 'level', IntegerField(default=1)))",
        "migrate(migrator.drop_column('player', 'level'))",
    ),
}  # fmt: skip


@pytest.fixture
def ground(request: pytest.FixtureRequest, pytestconfig: pytest.Config, tmp_path: Path) -> Ground:
    kind: str = request.param
    made = ground_of(kind, None if kind == "sqlite" else server_of(kind, pytestconfig), tmp_path)
    made.make("race", BASE)
    return made


def at_once(ground: Ground, root: Path, *arguments: str, runners: int = RUNNERS) -> list[Ended]:
    """Command lines that all start at the same moment, each in a process of its own."""
    gate, open_gate = os.pipe()
    try:
        work = running(root, *arguments, gate=gate)
        programs = [Program(work, ground.environment("race")) for _ in range(runners)]
        time.sleep(0.05)
        os.write(open_gate, b"x")
        return [one.wait() for one in programs]
    finally:
        os.close(gate)
        os.close(open_gate)


def running(root: Path, *arguments: str, gate: int | None = None) -> Callable[[], int]:
    from pwmig.cli import main

    warm()

    def work() -> int:
        os.chdir(root)
        if gate is not None:
            select.select([gate], [], [])  # Nobody reads it: so it stays open for all.
        return main(list(arguments))

    return work


def ledger(ground: Ground) -> Counter[str]:
    database = ground.database("race")
    with database.connection_context():
        return Counter(row[0] for row in database.execute_sql("SELECT what FROM ledger").fetchall())


@pytest.mark.parametrize("ground", KINDS, indirect=True)
def test_each_migration_takes_effect_once_however_many_start_at_once(ground: Ground, tmp_path: Path) -> None:
    root = write_case(ground, tmp_path / "project", MIGRATIONS)
    steps = (("migrate",), "applied", 1), (("migrate", "--backward", "--to", "zero"), "reverted", 0)
    for number in range(1, ROUNDS + 1):
        for command, done, there in steps:
            ended = at_once(ground, root, *command)
            assert [one.code for one in ended] == [0] * RUNNERS, [one.said for one in ended]
            told = [line for one in ended for line in one.said.splitlines() if line.startswith(f"{done} ")]
            assert sorted(line.split("_", 2)[2] for line in told) == sorted(MIGRATIONS), told
            counts = {"there": number, "back": number - there}
            assert ledger(ground) == +Counter({f"{name} {way}": counts[way] for name in MIGRATIONS for way in WAYS})
            state = ground.state("race", root)
            assert [name for name, _ in state.applied] == list(MIGRATIONS) * there
            assert state.recorded == number * len(MIGRATIONS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ground", KINDS, indirect=True)
def test_nobody_waits_for_a_runner_that_was_killed(ground: Ground, tmp_path: Path, way: str) -> None:
    """Killed in the midst of its transaction, while seven wait for their turn."""
    held = tmp_path / "held"
    row = "database.execute_sql(\"INSERT INTO ledger (what) VALUES ('first')\")"
    source = migration("rows", row, row, pause=f"open({str(held)!r}, 'a').close()")
    root = write_case(ground, tmp_path / "project", {"rows": source})
    command = ("migrate",)
    if way == "back":
        assert Program(running(root, *command), ground.environment("race")).wait().code == 0
        held.unlink()
        command = ("migrate", "--backward", "--to", "zero")
    before = ledger(ground)

    def hold() -> int:
        HEAR[ground.kind](Holding(held))
        return running(root, *command)()

    holder = Program(hold, ground.environment("race"))
    until = time.monotonic() + 30
    while not held.exists() and not holder.ended and time.monotonic() < until:
        time.sleep(0.005)
    waiting = [Program(running(root, *command), ground.environment("race")) for _ in range(RUNNERS - 1)]
    while not all("waiting for at most" in one.said for one in waiting):
        assert time.monotonic() < until, [one.said for one in waiting]
        time.sleep(0.01)
    holder.kill()
    assert holder.wait().killed
    ended = [one.wait(30) for one in waiting]
    assert [one.code for one in ended] == [0] * len(waiting), [one.said for one in ended]
    assert ledger(ground) - before == Counter({"first": 1, f"rows {way}": 1})
    assert dict(ground.state("race", root).applied).keys() == ({"rows"} if way == "there" else set())


class Holding(Sent):
    """Hears what a runner sends, and has it stand still for good once a file is there."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def begins(self, text: str) -> None:
        if self.file.exists():
            time.sleep(600)
            dying()
