"""``python -m benchmarks [status|migrate ...]``: measure, print a table, exit with 1 where a floor is missed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import apply, attic, authoring, diff, introspect, migrate, operations, status, workbench
from benchmarks.measure import FLOOR_PAIRS, Figure, table

_SUITES = {
    "status": status,
    "migrate": migrate,
    "apply": apply,
    "diff": diff,
    "authoring": authoring,
    "introspect": introspect,
    "workbench": workbench,
    "operations": operations,
    "attic": attic,
}
COUNT = 1000
"""Migrations or tables, where neither a suite nor its caller says how many."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suites that are named, or all; return the exit code."""
    options = _parser().parse_args(arguments)
    figures: list[Figure] = []
    print(
        f"CPU time, user and system; beside a server, time by the clock: medians of {options.pairs} interleaved pairs"
    )
    with tempfile.TemporaryDirectory(prefix="pwmig-benchmark-") as folder:
        for name in options.suites or _SUITES:
            suite = _SUITES[name]
            count = options.count or getattr(suite, "COUNT", COUNT)
            if hasattr(suite, "note"):
                print(suite.note(options.pairs, count), flush=True)
            found = list(suite.figures(Path(folder) / name, pairs=options.pairs, count=count))
            heads = getattr(suite, "HEADS", ("pwmig", "pwmigrate"))
            print("\n".join(table(found, heads)), flush=True)
            figures += found
    return 0 if all(figure.holds for figure in figures) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(_SUITES)} (default: all)")
    parser.add_argument(
        "--pairs", type=int, default=9, help=f"how often to run each (at least {FLOOR_PAIRS}, default: 9)"
    )
    parser.add_argument(
        "--count",
        type=int,
        help=f"how many migrations, tables or rows (default: {COUNT}, and {operations.COUNT:,} rows)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
