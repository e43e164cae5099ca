"""What a person records of a migration that stopped half-way on MariaDB is held against what the journal tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from server_projects import Place, place_on
from test_attic import migration
from test_half_applied import journal, ready, seen
from test_half_applied_by_hand import DIES, by_hand, sql

from pwmig.errors import PlanError
from pwmig.project import Project

pytestmark = pytest.mark.mariadb

EXTRA = sql("ALTER TABLE player ADD COLUMN extra INT NULL")
TITLE = sql("ALTER TABLE club ADD COLUMN extra INT NULL")
UNIQUE = "migrate(migrator.add_index('player', ['note'], True))"


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


# What a migration does, what a person did by hand since, and what is not so then; nothing where it may be recorded.
CASES = {
    "nothing by hand": ([EXTRA, UNIQUE], ["UPDATE player SET note = 'x'"], "player is as it was before"),
    "the index too": ([EXTRA, UNIQUE], [
        "UPDATE player SET note = id", "ALTER TABLE player ADD UNIQUE INDEX player_note (note)"], ""),
    "something else": ([EXTRA, UNIQUE], ["ALTER TABLE player ADD COLUMN by_hand INT"], ""),
    "one of them taken back": ([TITLE, EXTRA, "1 / 0"], ["ALTER TABLE club DROP COLUMN extra"], "club is as it was"),
    "all of it taken back": ([TITLE, EXTRA, "1 / 0"], [
        "ALTER TABLE club DROP COLUMN extra", "ALTER TABLE player DROP COLUMN extra"], "as it was before"),
    "behind all its statements": ([TITLE, EXTRA, "1 / 0"], [], ""),
    "killed behind its last one": ([TITLE, EXTRA, *DIES.split("\n")], [], ""),
    "killed behind its last one, that is gone again": ([TITLE, EXTRA, *DIES.split("\n")], [
        "ALTER TABLE player DROP COLUMN extra"], "player is as it was before"),
    "what can't be done": ([TITLE, sql("ALTER TABLE player ADD COLUMN name INT")], [], ""),
    "a table that is there again": ([sql("DROP TABLE club"), "1 / 0"], [
        "CREATE TABLE club (id INT)"], ""),
    "a name that is the old one again": ([sql("RENAME TABLE club TO team"), TITLE.replace("club", "team"), "1 / 0"], [
        "ALTER TABLE team DROP COLUMN extra", "RENAME TABLE team TO club"], "club"),
}  # fmt: skip


def stopped(place: Place, root: Path, lines: list[str], way: str) -> Project:
    text = "\n".join(lines)
    project = ready(place, root, migration(text, "pass") if way == "there" else migration("pass", text))
    by_hand(place, "UPDATE player SET note = 'same'")
    if way == "back":
        project.apply()
    with suppress(Exception):
        project.apply() if way == "there" else project.revert()
    project.database.close()
    return project


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("case", CASES)
def test_what_is_recorded_is_held_against_the_tables(place: Place, tmp_path: Path, case: str, way: str) -> None:
    lines, statements, words = CASES[case]
    project = stopped(place, tmp_path, lines, way)
    for statement in statements:
        by_hand(place, statement)
    how = "applied" if way == "there" else "reverted"
    before, told = seen(place), journal(place)
    assert told
    if words:
        with pytest.raises(PlanError, match=f"is not {how} as far as the tables tell") as caught:
            project.resolve("change", how=how)
        assert words in caught.value.why, str(caught.value)
        assert ("--resume ends it" if project.halves() else "pwmig migrate") in caught.value.way_out
        assert journal(place) == told
        assert bool(project.applied()) is (way == "back")
    else:
        project.resolve("change", how=how)
        assert journal(place) == []
        assert bool(project.applied()) is (way == "there")
    assert seen(place) == before and not place.scratches()
