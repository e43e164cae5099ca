"""What applying many small migrations costs, and whether the last ones cost what the first ones did."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.measure import Figure, environment, measured
from benchmarks.projects import Sides

__all__ = ["figures"]

FLOOR = 1.00
"""The most CPU that applying may take, in times of the peer's."""

GROWTH_FLOOR = 1.10
"""The most that pwmig's cost of a migration may grow by, in times of the peer's growth: 1, and room for noise.

The peer's is SQLite's own: CREATE TABLE reads the whole table of contents of the database to find its row.
"""

_REPOSITORY = Path(__file__).resolve().parent.parent


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """Applying ``count`` migrations, and the growth of the cost of one with the number of those before it."""
    sides = Sides(root, count)
    for new, name in ((True, "new files"), (False, "files run before")):
        pair = measured(sides.migrate(new=new), sides.peer_up(new=new), pairs=pairs)
        yield Figure(f"migrate, {count:,} {name}", pair.ours_s * 1000, pair.peer_s * 1000, pair.ratio, FLOOR)
    yield from _growth(sides, pairs, max(1, count // 10))


def _growth(sides: Sides, pairs: int, tenth: int) -> Iterable[Figure]:
    """The last tenth of the migrations against the first, on either side: lines for the cost, lines for the growth."""
    runs = []
    for _ in range(pairs):
        sides.empty()
        runs.append((_ends("pwmig", sides.ours, tenth), _ends("pwmigrate", sides.peer, tenth)))
    ours_first, ours_last, peer_first, peer_last = (
        statistics.median(run[side][end] for run in runs) for side in (0, 1) for end in (0, 1)
    )
    yield Figure(f"  one of the first {tenth}", ours_first, peer_first, ours_first / peer_first, None)
    yield Figure(f"  one of the last {tenth}", ours_last, peer_last, ours_last / peer_last, None)
    ours = statistics.median(ours[1] / ours[0] for ours, _ in runs)
    peer = statistics.median(peer[1] / peer[0] for _, peer in runs)
    yield Figure("  the last in times of the first", ours, peer, ours / peer, GROWTH_FLOOR, "x")


def _ends(runner: str, folder: Path, tenth: int) -> tuple[float, float]:
    """The median CPU time of a migration among the first and among the last, in milliseconds."""
    done = subprocess.run(
        (sys.executable, str(_REPOSITORY / "benchmarks" / "steps.py"), runner, "process_time"),
        cwd=folder,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    steps_ms = json.loads(done.stdout)
    return statistics.median(steps_ms[:tenth]), statistics.median(steps_ms[-tenth:])
