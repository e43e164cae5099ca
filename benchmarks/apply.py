"""What applying one migration costs on each kind of database, lock and journal included, late as early in a history."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import peewee
from playhouse import db_url

from benchmarks.databases import KINDS, servers
from benchmarks.measure import Command, Figure, environment, script
from benchmarks.projects import PASSING, Sides, table_in_passing

__all__ = ["COUNT", "figures"]

COUNT = 5000
"""How many migrations a project has."""

EARLY = 100
"""The place in the history that the last one is compared with."""

FLOORS = {"sqlite": 1.00, "postgres": 1.00, "mariadb": 1.50}
"""The most time that one migration may take, in times of the peer's. On MariaDB there is a journal to keep."""

GROWTH_FLOOR = 1.10
"""The most that the time of a migration may grow by from the early place to the late: 1, and room for noise."""

STEPS = 50
"""Migrations that are timed in one run: the last ones up to a place in the history. Even, as their table passes."""

_STEPS = Path(__file__).resolve().parent / "steps.py"
_HISTORIES = ("pwmig_history", "schema_migration")
_WHOLE = "whole_history"
_RUNNERS = ("pwmig", "pwmigrate")

Runs = list[tuple[float, float]]
"""Interleaved times of pwmig and of the peer, in seconds."""


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """By the clock: steps within a run at two places of the history, and the whole command for one migration there."""
    for kind, title in KINDS.items():
        with _url(kind, root / f"ours.{kind}") as ours, _url(kind, root / f"peer.{kind}") as peer:
            courses = _Courses(Sides(root / kind, count, table_in_passing, (ours, peer)), (ours, peer))
            early, late = courses.runs(courses.step_s, (EARLY, count), pairs)
            yield _figure(f"{title}: migration {EARLY} in a run", early, FLOORS[kind])
            yield _figure(f"{title}: migration {count:,} in a run", late, FLOORS[kind])
            yield _growth(early, late)
            early, late = courses.runs(courses.command_s, (EARLY, count), pairs)
            yield _figure(f"{title}: the command for migration {EARLY}", early, FLOORS[kind])
            yield _figure(f"{title}: the command for migration {count:,}", late, FLOORS[kind])


class _Courses:
    """Both sides on databases of their own, whose histories are put to any place."""

    def __init__(self, sides: Sides, urls: tuple[str, str]) -> None:
        self._folders = (sides.ours, sides.peer)
        self._databases: list[peewee.Database] = [db_url.connect(url, unquote_password=True) for url in urls]
        Command((script("pwmig"), "migrate", "--fake"), sides.ours).cpu_s()
        Command((script("pwmigrate"), "fake"), sides.peer).cpu_s()
        for database, history in zip(self._databases, _HISTORIES, strict=True):
            with database.connection_context():
                database.execute_sql(f"CREATE TABLE {_WHOLE} AS SELECT * FROM {history}")

    def runs(self, seconds: Callable[[int, int], float], places: Sequence[int], pairs: int) -> list[Runs]:
        """What ``seconds(side, place)`` gives at each place, all in turns, after a first turn that is not counted."""
        turns = [[(seconds(0, place), seconds(1, place)) for place in places] for _ in range(pairs + 1)][1:]
        return [list(runs) for runs in zip(*turns, strict=True)]

    def step_s(self, side: int, place: int) -> float:
        """The median time of a migration among those that end at a place, in one run."""
        self._put(side, place - STEPS)
        done = subprocess.run(
            (sys.executable, str(_STEPS), _RUNNERS[side], "perf_counter", Sides.name(place - 1)),
            cwd=self._folders[side],
            env=environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return statistics.median(json.loads(done.stdout)) / 1000

    def command_s(self, side: int, place: int) -> float:
        """The time of the whole command that applies the migration at a place."""
        self._put(side, place - 2)
        name = Sides.name(place - 2)
        words = ("migrate", "--to", name) if side == 0 else ("up", name)
        command = Command((script(_RUNNERS[side]), *words), self._folders[side])
        start = time.perf_counter()
        command.cpu_s()
        return time.perf_counter() - start

    def _put(self, side: int, done: int) -> None:
        """As if so many were applied, an even number, behind which there is no table."""
        database, history = self._databases[side], _HISTORIES[side]
        with database.connection_context():
            database.execute_sql(f"DROP TABLE IF EXISTS {PASSING}")
            with database.atomic():
                database.execute_sql(f"DELETE FROM {history}")
                first = f"SELECT * FROM {_WHOLE} WHERE name < '{Sides.name(done)}' ORDER BY id"
                database.execute_sql(f"INSERT INTO {history} {first}")


@contextmanager
def _url(kind: str, path: Path) -> Iterator[str]:
    if kind == "sqlite":
        path.parent.mkdir(parents=True, exist_ok=True)
        yield f"sqlite:///{path}"
        return
    server = servers.serve(kind)
    with server.fresh() as database:
        yield server.url(str(database.database))


def _growth(early: Runs, late: Runs) -> Figure:
    ours, peer = (
        statistics.median(last[side] / first[side] for first, last in zip(early, late, strict=True)) for side in (0, 1)
    )
    return Figure("  in times of the early one", ours, peer, ours, GROWTH_FLOOR, "x")


def _figure(name: str, runs: Runs, floor: float) -> Figure:
    ours, peer = (statistics.median(side) for side in zip(*runs, strict=True))
    return Figure(name, ours * 1000, peer * 1000, statistics.median(our / their for our, their in runs), floor)
