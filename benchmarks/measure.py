"""The CPU time of whole processes, or the time of calls, in interleaved pairs, and the table that shows it."""

from __future__ import annotations

import gc
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Command", "Figure", "Pair", "environment", "measured", "script", "table", "timed"]

FLOOR_PAIRS = 7
"""The fewest pairs that a figure is the median of."""


@dataclass(frozen=True, slots=True)
class Command:
    """A process to run in a folder; ``fresh`` puts the folder back to where the process begins."""

    arguments: tuple[str, ...]
    folder: Path
    allowed: tuple[int, ...] = (0,)
    fresh: Callable[[], None] | None = None

    def cpu_s(self) -> float:
        """Run it once and return its CPU time, user and system, in seconds.

        Raises RuntimeError with what it wrote to stderr where it ends with another exit code.
        """
        if self.fresh:
            self.fresh()
        process = subprocess.Popen(
            self.arguments, cwd=self.folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in self.allowed:
            raise RuntimeError(f"{' '.join(self.arguments)} in {self.folder} ended with {process.returncode}")
        return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True, slots=True)
class Pair:
    """The medians of interleaved runs of pwmig and of the peer, in seconds, and of the ratios of neighbours."""

    ours_s: float
    peer_s: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: pwmig's value and the peer's, in ``unit``.

    ``floor`` is the most that ``ratio`` may be; None where there is no such limit.
    """

    name: str
    ours: float
    peer: float
    ratio: float
    floor: float | None
    unit: str = "ms"

    @property
    def holds(self) -> bool:
        return self.floor is None or self.ratio <= self.floor


def environment() -> dict[str, str]:
    """This process's environment without what changes how Python starts: a user has compiled modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def measured(ours: Command, peer: Command, *, pairs: int) -> Pair:
    """Run both in turns, ``pairs`` times each after a first pair that is not counted."""
    return _pair(ours.cpu_s, peer.cpu_s, pairs)


def timed(ours: Callable[[], object], peer: Callable[[], object], *, pairs: int, clock: Callable[[], float]) -> Pair:
    """As :func:`measured`, of two calls in this process, by a clock of the module ``time``."""

    def seconds(call: Callable[[], object]) -> float:
        gc.collect()
        start = clock()
        call()
        return clock() - start

    return _pair(lambda: seconds(ours), lambda: seconds(peer), pairs)


def _pair(ours_s: Callable[[], float], peer_s: Callable[[], float], pairs: int) -> Pair:
    if pairs < FLOOR_PAIRS:
        raise SystemExit(f"a median of {pairs} pairs says little on a busy machine: take {FLOOR_PAIRS} or more")
    runs = [(ours_s(), peer_s()) for _ in range(pairs + 1)][1:]
    return Pair(
        statistics.median(our for our, _ in runs),
        statistics.median(their for _, their in runs),
        statistics.median(our / their for our, their in runs),
    )


def script(name: str) -> str:
    """The path of a console script that is installed beside this Python."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise RuntimeError(f"there is no {path}: run `uv sync` first")
    return str(path)


def table(figures: Sequence[Figure], heads: tuple[str, str] = ("pwmig", "pwmigrate")) -> Iterable[str]:
    """The figures as aligned lines; ``heads`` say what the two sides are."""
    width = max(len(figure.name) for figure in figures)
    yield f"{'':{width}}  {heads[0]:>9}  {heads[1]:>9}  {'ratio':>6}  {'floor':>6}"
    for figure in figures:
        floor = "" if figure.floor is None else _ratio(figure.floor)
        verdict = "" if figure.floor is None else ("holds" if figure.holds else "does not hold")
        yield (
            f"{figure.name:{width}}  {_amount(figure.ours, figure.unit)}  {_amount(figure.peer, figure.unit)}  "
            f"{_ratio(figure.ratio):>6}  {floor:>6}  {verdict}"
        ).rstrip()


def _ratio(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _amount(value: float, unit: str) -> str:
    if math.isnan(value):
        return f"{'-':>6} {unit:2}"
    digits = 2 if value < 10 else 1 if value < 1000 else 0
    return f"{value:6.{digits}f} {unit:2}"
