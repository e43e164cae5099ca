"""Open the workbench of a project, choose a table, rehearse; print what each takes, in milliseconds, as JSON.

It runs as a script in a process of its own: ``python workbench_steps.py FOLDER``. Times are those of the CPU, worker
processes included; a rehearsal's is less what a copy alone costs.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def main(folder: str) -> dict[str, float]:
    sys.path.insert(0, str(REPOSITORY))
    from pwmig.notebook import Workbench
    from pwmig.notebook.explore import Explore

    workbench = Workbench(folder)  # What is imported for the first time has no part in the figures.
    bench = workbench.bench
    explore = Explore(lambda: bench.project, lambda do: do(), lambda call: None)
    explore.offer(bench.schema)
    explore.look("player")
    project = bench.project

    def copy() -> None:
        with project.dialect.copy(project.database):
            pass

    return {
        "open the workbench": _cpu_ms(lambda: Workbench(folder)),
        "choose a table to explore": _cpu_ms(lambda: explore.look("player")),
        "show before and after of an added column": _cpu_ms(workbench.rehearse) - _cpu_ms(copy),
    }


def _cpu_ms(do: Callable[[], object]) -> float:
    """The CPU time of doing it, in this process and those that it waited for."""
    start = _spent_s()
    do()
    return (_spent_s() - start) * 1000


def _spent_s() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
