"""What it costs to keep a dropped column in the attic, beside a plain copy of key and column."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee

from benchmarks.databases import KINDS, servers
from benchmarks.measure import Figure
from pwmig import Migrator
from pwmig.attic.keeper import Keeper
from pwmig.attic.settings import AtticSettings
from pwmig.dialects import dialect_of
from pwmig.plan import Direction, Step

__all__ = ["HEADS", "figures"]

HEADS = ("attic", "copy")

FLOOR = 2.0
"""The most that keeping may take, in times of CREATE TABLE AS SELECT of key and column."""

_PLAYER = (
    "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(80), club VARCHAR(80), height INTEGER, "
    "weight DOUBLE PRECISION, birth_place VARCHAR(80), note VARCHAR(80))"
)
_ROWS = {
    "postgres": "INSERT INTO player SELECT i, 'name ' || i, 'club ' || (i %% 100), i %% 50, i * 1.5, 'place ' || i, "
    "NULL FROM generate_series(1, {count}) AS g (i)",
    "mariadb": "INSERT INTO player SELECT seq, concat('name ', seq), concat('club ', seq %% 100), seq %% 50, "
    "seq * 1.5, concat('place ', seq), NULL FROM seq_1_to_{count}",
}


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """A thousand times ``count`` rows on each kind of database."""
    root.mkdir()
    rows = 1000 * count
    for kind, title in KINDS.items():
        with _players(kind, root, rows) as database:
            runs = [(_seconds(_keep, database), _seconds(_copy, database)) for _ in range(pairs + 1)][1:]
        ours, peer = (statistics.median(side) for side in zip(*runs, strict=True))
        ratio = statistics.median(kept / copied for kept, copied in runs)
        yield Figure(f"{title}: keep a dropped column of {rows:,} rows", 1000 * ours, 1000 * peer, ratio, FLOOR)


@contextmanager
def _players(kind: str, root: Path, rows: int) -> Iterator[Any]:
    if kind == "sqlite":
        database = peewee.SqliteDatabase(root / "players.sqlite")
        with database.connection_context():
            database.execute_sql(_PLAYER)
            values = ((n, f"name {n}", f"club {n % 100}", n % 50, n * 1.5, f"place {n}", None) for n in range(rows))
            with database.atomic():
                database.connection().executemany("INSERT INTO player VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            yield database
        return
    with servers.serve(kind).fresh() as database:
        database.execute_sql(_PLAYER)
        database.execute_sql(_ROWS[kind].format(count=rows))
        yield database


def _seconds(work: Callable[[Any], Callable[[], None]], database: Any) -> float:
    """How long the work takes; what it gives back takes it away again, and is not counted."""
    start = time.perf_counter()
    with database.atomic():
        clean = work(database)
    taken = time.perf_counter() - start
    clean()
    return taken


def _keep(database: Any) -> Callable[[], None]:
    step = Step("benchmark", Direction.FORWARD, "", "")
    keeper = Keeper(dialect_of(database), database, step, AtticSettings(limit="100 GB"))
    keeper.before(Migrator.from_database(database).drop_column("player", "birth_place"))
    if keeper.attic.shelf.holds_locks:
        keeper.attic.shelf.release()

    def clean() -> None:
        for entry in keeper.attic.entries():
            keeper.attic.discard(entry)

    return clean


def _copy(database: Any) -> Callable[[], None]:
    database.execute_sql("CREATE TABLE copied AS SELECT id, birth_place FROM player")
    return lambda: database.execute_sql("DROP TABLE copied")
