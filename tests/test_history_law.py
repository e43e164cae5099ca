"""Whatever happens to a project, its history says "applied" of a migration if and only if it took full effect, once.

Sequences of migrate, backward, edits, ``--fake`` and ``resolve`` by chance, of which any run may be killed at any
statement. ``PWMIG_KILLS=all`` tries many more.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from kill_grounds import Ground, ground_of, write_case
from killing import Ended, Stop, run
from requirements import server_of
from test_race import migration

from pwmig.project import Project
from pwmig.states import State

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process to kill")

WHOLE = os.environ.get("PWMIG_KILLS") == "all"
EXAMPLES = {"sqlite": 5, "postgres": 3, "mariadb": 3}
KINDS = ["sqlite", *(pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("postgres", "mariadb"))]
NAMES = ("a", "b", "c")
BASE = "CREATE TABLE ledger (what VARCHAR(40) NOT NULL); CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY);"
SOURCES = {
    name: migration(
        name,
        f"migrate(migrator.create_table('t_{name}', {{'id': IntegerField(primary_key=True)}}), "
        f"migrator.add_column('player', 'c_{name}', IntegerField(default=1)))",
        f"migrate(migrator.drop_column('player', 'c_{name}'), migrator.drop_table('t_{name}'))",
        pause="pass",
    )
    for name in NAMES
}

_kills = st.one_of(st.none(), st.integers(0, 110))
_allowed = st.sampled_from([(), ("--allow", "changed")])
_steps = st.one_of(
    st.tuples(st.just("migrate"), _kills, _allowed),
    st.tuples(st.just("migrate"), _kills, st.just(("--steps", "1"))),
    st.tuples(st.just("migrate --backward"), _kills, _allowed),
    st.tuples(st.just("migrate --backward --to zero"), _kills, _allowed),
    st.tuples(st.just("migrate --fake --steps 1"), st.none(), _allowed),
    st.tuples(st.just("migrate --backward --fake"), st.none(), _allowed),
    st.tuples(st.just("edit"), st.none(), st.sampled_from([(name,) for name in NAMES])),
    st.tuples(st.just("resolve"), _kills, st.just(())),
)

_numbers = itertools.count()


@pytest.mark.parametrize("kind", KINDS)
def test_the_history_says_applied_if_and_only_if_the_effect_is_there_once(
    kind: str, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("law")
    ground = ground_of(kind, None if kind == "sqlite" else server_of(kind, pytestconfig), folder)
    ground.make("base", BASE)

    @settings(
        max_examples=EXAMPLES[kind] * (40 if WHOLE else 1),
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink] if WHOLE else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=not WHOLE,
    )
    @given(st.lists(_steps, min_size=5, max_size=10))
    def holds(steps: list[tuple[str, int | None, tuple[str, ...]]]) -> None:
        ground.copy("law", "base")
        life = Life(ground, folder / str(next(_numbers)))
        for step in steps:
            life.live(*step)

    holds()


class Life:
    """A project that things happen to; ``said`` are migrations of which a person has recorded what is not so."""

    def __init__(self, ground: Ground, root: Path) -> None:
        self.ground = ground
        self.root = write_case(ground, root, SOURCES)
        self.said: set[str] = set()
        self.before: set[str] = set()
        self.told: list[str] = []

    def live(self, verb: str, kill: int | None, more: tuple[str, ...]) -> None:
        if verb == "edit":
            (path,) = (self.root / "db" / "migrations").glob(f"*_{more[0]}.py")
            path.write_text(path.read_text() + f"# {len(self.told)}\n")
            ended = None
        elif verb == "resolve":
            half = [one for one in self.statuses() if one.state is State.FAILED]
            if not half:
                return
            ended = self.run("resolve", half[0].name, "--resume", kill=kill)
        else:
            ended = self.run(*verb.split(), *more, kill=kill)
        how = "" if ended is None else f" -> {ended.code}: {ended.said}"
        self.told.append(f"{verb} {' '.join(more)}{'' if kill is None else f', killed at {kill}'}{how}")
        self.look("--fake" in verb)

    def run(self, *arguments: str, kill: int | None) -> Ended:
        stop = None if kill is None else Stop(kill)
        ended = run(self.ground.kind, self.root, *arguments, stop=stop, **self.ground.environment("law"))
        assert ended.killed or (ended.code in (0, 2) and "Traceback" not in ended.said), ended.said
        return ended

    def statuses(self) -> tuple:
        database = self.ground.database("law")
        return Project(database=database, migrations=self.root / "db" / "migrations", root=self.root).status()

    def look(self, faked: bool) -> None:
        state = self.ground.state("law", self.root)
        applied = dict(state.applied)
        if faked:
            self.said ^= self.before ^ set(applied)
        self.before = set(applied)
        half = {one.name[16:] for one in self.statuses() if one.state is State.FAILED}
        tables = dict(state.rows)
        ledger = Counter(tables["ledger"])
        columns = {column.name for table in state.schema.tables if table.name == "player" for column in table.columns}
        for name in set(NAMES) - half:
            effect = name in applied if name not in self.said else name not in applied
            times = ledger[repr((f"{name} there",))] - ledger[repr((f"{name} back",))]
            found = (f"t_{name}" in tables, f"c_{name}" in columns, times)
            assert found == (effect, effect, int(effect)), "\n".join([name, repr(found), repr(applied), *self.told])
        assert all(applied[name] == "fake" for name in self.said & set(applied)), (self.said, applied)
