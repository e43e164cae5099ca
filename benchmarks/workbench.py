"""What the workbench costs on a large project, in times of what it costs on a small one.

Large is 1,000 tables, 1,000 migrations and a table of 10,000,000 rows; small is 10, 10 and 10,000. The two sides of a
line are the same pwmig. The copy of the database, whose cost grows with it, is taken off.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.measure import FLOOR_PAIRS, Figure, environment

__all__ = ["HEADS", "LARGE", "SMALL", "figures", "write"]

FLOOR = 2.00
"""The most that a step may take on the large project, in times of the small one."""

LARGE = (1_000, 1_000, 10_000_000)
SMALL = (10, 10, 10_000)
"""Tables, migrations, and rows of the largest table."""

HEADS = ("large", "small")

STEPS = ("open the workbench", "choose a table to explore", "show before and after of an added column")

_REPOSITORY = Path(__file__).resolve().parent.parent

_CONFIG = """from pathlib import Path

from peewee import SqliteDatabase
from pwmig import Migrator

database = SqliteDatabase(Path(__file__).with_name("players.sqlite"), pragmas={"foreign_keys": 1})
migrator = Migrator.from_database(database)
"""
_MODELS = """from peewee import CharField, IntegerField, Model
from db.migrations_config import database


class Player(Model):
    name = CharField(null=True)
    born = IntegerField(null=True)

    class Meta:
        database = database
        table_name = "player"
"""
_ADD = """from playhouse.migrate import *
from db.migrations_config import migrator
from peewee import *


def migrate_forward():
    migrate(migrator.add_column("player", "level", IntegerField(null=True)))


def migrate_backward():
    migrate(migrator.drop_column("player", "level"))
"""


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """One line a step; ``count`` has no meaning here, since the sizes are those of the law."""
    if pairs < FLOOR_PAIRS:
        raise SystemExit(f"a median of {pairs} pairs says little on a busy machine: take {FLOOR_PAIRS} or more")
    folders = [write(root / name, *sizes) for name, sizes in (("large", LARGE), ("small", SMALL))]
    runs = [[_steps_ms(folder) for folder in folders] for _ in range(pairs + 1)][1:]
    for step in STEPS:
        large, small = (statistics.median(run[side][step] for run in runs) for side in (0, 1))
        ratio = statistics.median(run[0][step] / run[1][step] for run in runs)
        yield Figure(step, large, small, ratio, FLOOR)


def _steps_ms(folder: Path) -> dict[str, float]:
    """Each step's CPU time in a process of its own, in milliseconds."""
    done = subprocess.run(
        (sys.executable, str(_REPOSITORY / "benchmarks" / "workbench_steps.py"), str(folder)),
        cwd=_REPOSITORY,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def write(root: Path, tables: int, migrations: int, rows: int) -> Path:
    """A project of that size, all its migrations applied but the last, which adds a column to the largest table."""
    (root / "db" / "migrations").mkdir(parents=True)
    (root / "db" / "__init__.py").touch()
    (root / "db" / "migrations_config.py").write_text(_CONFIG)
    (root / "db" / "models.py").write_text(_MODELS)
    _fill(root / "db" / "players.sqlite", tables, rows)
    for number in range(migrations - 1):
        (root / f"db/migrations/20250101_{number:06}_touch.py").write_text("def migrate_forward():\n    pass\n")
    (root / "db/migrations/20260101_000000_add_player_level.py").write_text(_ADD)
    command = (sys.executable, "-m", "pwmig", "migrate", "--to", f"20250101_{migrations - 2:06}_touch")
    subprocess.run(command, cwd=root, env=environment(), check=True, capture_output=True)
    return root


def _fill(file: Path, tables: int, rows: int) -> None:
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255), born INTEGER)")
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    connection.execute(f"INSERT INTO player {numbers} SELECT i, 'player ' || i, 1900 + i % 100 FROM n", (rows,))
    for number in range(tables - 1):
        name = f"other_{number:04}"
        columns = "id INTEGER PRIMARY KEY, name TEXT, player_id INTEGER REFERENCES player (id)"
        connection.execute(f"CREATE TABLE {name} ({columns})")
        connection.execute(f"CREATE INDEX {name}_player_id ON {name} (player_id)")
    connection.commit()
    connection.close()
