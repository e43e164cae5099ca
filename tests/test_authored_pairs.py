"""Any pair of model sets, with rows: what is written makes the one of the other, and gives back all that was there."""

from __future__ import annotations

import itertools
import os
import shutil

import pytest
from authored import Place, go_there_and_back, go_there_and_back_in_steps
from authored_strategies import Pair, pairs
from emptied import emptied
from hypothesis import HealthCheck, Phase, event, given, settings

PAIRS = int(os.environ.get("PWMIG_PAIRS") or int(os.environ.get("PWMIG_EXAMPLES", "100")) * 2)
"""How many pairs a database is to see."""
KINDS = ["sqlite", *(pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("postgres", "mariadb"))]

ALWAYS_THE_SAME = "PWMIG_PAIRS" not in os.environ
"""Without more of them a test run sees the same pairs each time, so that what it says is about the change at hand."""

PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
"""Without the explanation of a failure, which takes as long again."""

_numbers = itertools.count()


@pytest.mark.parametrize("in_steps", [False, True], ids=["at once", "in steps"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_models_become_any_others_and_come_back(
    kind: str, in_steps: bool, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pairs")

    @settings(
        max_examples=(PAIRS + 1) // 2,
        suppress_health_check=[*HealthCheck],
        phases=PHASES,
        derandomize=ALWAYS_THE_SAME,
        **({"database": None} if ALWAYS_THE_SAME else {}),
    )
    @given(pairs())
    def property_(pair: Pair) -> None:
        root = folder / f"p{next(_numbers)}"
        root.mkdir()
        try:
            with emptied(kind, request, root) as database:
                place = Place(database, root)
                if in_steps:
                    event(f"{go_there_and_back_in_steps(place, pair.change(kind))} steps")
                else:
                    go_there_and_back(place, pair.change(kind), None)
        finally:
            shutil.rmtree(root, ignore_errors=True)

    property_()
