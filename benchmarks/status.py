"""What ``pwmig status`` costs: a command that a shell prompt or a deploy calls often."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.measure import Figure, measured
from benchmarks.projects import Sides

__all__ = ["figures"]

FLOOR = 1.10
"""The most CPU that a status may take, in times of the peer's."""


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """Status of an empty project, with ``count`` migrations pending, and with as many applied."""
    yield _figure("status, no migrations", Sides(root / "none", 0), pairs)
    sides = Sides(root / "many", count)
    yield _figure(f"status, {count:,} pending", sides, pairs)
    sides.apply()
    yield _figure(f"status, {count:,} applied", sides, pairs)


def _figure(name: str, sides: Sides, pairs: int) -> Figure:
    pair = measured(sides.status(), sides.peer_status(), pairs=pairs)
    return Figure(name, pair.ours_s * 1000, pair.peer_s * 1000, pair.ratio, FLOOR)
