"""A project whose connections read SQL otherwise: names between double quotes, a backslash that is a letter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from projects import run_cli
from server_projects import CONFIG, Place, place_on
from test_attic import migration
from test_attic_stopped import killing, mend
from test_half_applied import CASES, journal, killed, ready, seen

from pwmig.states import State

__all__ = ["killing"]

pytestmark = pytest.mark.mariadb

MODES = {
    "names between double quotes": "ANSI_QUOTES,STRICT_TRANS_TABLES",
    "a backslash is a letter": "NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES",
    "both": "ANSI,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES",
}


class Moded(Place):
    """A place whose project's connections have a mode of their own."""

    mode = ""

    @property
    def config(self) -> str:
        return CONFIG.replace('{{"database": {name!r}}}', '{{"database": {name!r}, "sql_mode": {mode!r}}}').format(
            url=self.server.url("x"), name=self.name, mode=self.mode
        )


@pytest.fixture(params=MODES)
def place(request: pytest.FixtureRequest, mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        place = Moded(found.server, found.database)
        object.__setattr__(place, "mode", MODES[request.param])
        yield place


DOUBLE = migration(
    'database.execute_sql(\'ALTER TABLE "player" ADD COLUMN "extra" INT NULL, RENAME COLUMN "note" TO "remark"\')'
    '\ndatabase.execute_sql(\'RENAME TABLE "club" TO "clubs"\')'
    '\ndatabase.execute_sql(\'CREATE TABLE "more" ("id" INT)\')',
    'database.execute_sql(\'DROP TABLE "more"\')\ndatabase.execute_sql(\'RENAME TABLE "clubs" TO "club"\')'
    '\ndatabase.execute_sql(\'ALTER TABLE "player" RENAME COLUMN "remark" TO "note"\')'
    "\nmigrate(migrator.drop_column('player', 'extra'))",
)
TEXTS = migration(
    "migrate(migrator.drop_column('player', 'note'))"
    "\nmigrate(migrator.add_column('player', 'path', CharField(30, default='a\\\\b\\'c\"d')))"
    "\nmigrate(migrator.set_comment('player', 'c:\\\\new', 'path'))"
    "\nmigrate(migrator.add_column_default('player', 'path', 'x\\\\'))",
    "migrate(migrator.drop_column('player', 'path'))"
    "\nmigrate(migrator.add_column('player', 'note', CharField(20, constraints=[SQL(\"DEFAULT 'n'\")])))",
)


SOURCES = {name: CASES[name] for name in ("drops", "types", "keys")} | {"double quotes": DOUBLE, "texts": TEXTS}
EVERY = bool(os.environ.get("PWMIG_KILLS"))


def _tells(mode: str, case: str) -> bool:
    """Whether a mode makes a difference to a case; what is written for one of ours differs little between them."""
    if case in CASES:
        return EVERY or mode == "both"
    return case != "double quotes" or "ANSI" in MODES[mode]


@pytest.mark.parametrize(
    ("place", "case"), [(mode, case) for mode in MODES for case in SOURCES if _tells(mode, case)], indirect=["place"]
)
def test_killed_and_ended_all_is_as_without_the_kill(
    place: Place, tmp_path: Path, killing: list[int], case: str
) -> None:
    source = SOURCES[case]
    for way in ("there", "back"):
        project = ready(place, tmp_path, source)
        start = seen(place)
        project.apply()
        end = seen(place)
        project.revert()
        back = seen(place)
        first, last = (start, end) if way == "there" else (end, back)
        halves = 0
        for count in range(1 if EVERY else 3, 200, 1 if EVERY else 11):
            project, ended = killed(ready(place, tmp_path, source), way, killing, count)
            if ended:
                break
            (status,) = project.status()
            wanted = last
            if status.state is not State.FAILED:
                project.apply() if way == "there" else project.revert()
            else:
                how, halves = ("resume", "undo")[halves % 2], halves + 1
                project.resolve("change", how=how)
                wanted = last if how == "resume" else first
            assert seen(place) == wanted, f"{way}, killed at statement {count}: {status.stopped}"
            assert journal(place) == []
        assert ended and (halves or not EVERY)


def test_a_mode_that_the_migration_sets_itself_is_heard_too(place: Place, tmp_path: Path) -> None:
    set_mode = "database.execute_sql(\"SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'\")"
    alter = 'database.execute_sql(\'ALTER TABLE "player" ADD COLUMN "extra" INT NULL\')'
    project = ready(place, tmp_path, migration(f"{set_mode}\n{alter}\n1 / 0", "pass"))
    start = seen(place)
    with suppress(Exception):
        project.apply()
    assert project.status()[0].state is State.FAILED
    assert run_cli(tmp_path, "resolve", "change", "--undo").returncode == 0
    assert seen(place) == start


@pytest.mark.parametrize("how", ["resume", "undo"])
@pytest.mark.parametrize("place", [mode for mode, words in MODES.items() if "BACKSLASH" in words], indirect=True)
def test_what_stands_behind_a_backslash_that_is_a_letter_is_heard(place: Place, tmp_path: Path, how: str) -> None:
    alter = "ALTER TABLE player ADD COLUMN p VARCHAR(9) DEFAULT 'x\\\\', RENAME COLUMN note TO remark"
    source = migration(f'database.execute_sql("{alter}")\ndatabase.execute_sql("DROP TABLE missing")', "pass")
    project = ready(place, tmp_path, source)
    start = seen(place)
    with suppress(Exception):
        project.apply()
    assert place.run("SELECT remark FROM player ORDER BY id") == [("x",), ("y",), ("z",)]
    place.database.commit()
    assert project.status()[0].state is State.FAILED
    mend(tmp_path, source.replace("DROP TABLE missing", "DROP TABLE IF EXISTS missing"))
    project.resolve("change", how=how)
    column = "note" if how == "undo" else "remark"
    assert place.run(f"SELECT {column} FROM player ORDER BY id") == [("x",), ("y",), ("z",)]
    place.database.commit()
    assert (seen(place) == start) is (how == "undo")


def test_a_dropped_table_comes_back_with_all_that_hung_on_it(place: Place, tmp_path: Path) -> None:
    fields = (
        "{'id': IntegerField(primary_key=True), 'name': CharField(80, null=True), 'level': IntegerField(null=True), "
        "'club_id': IntegerField(null=True), 'note': CharField(20, constraints=[SQL(\"DEFAULT 'n'\")])}"
    )
    source = migration("migrate(migrator.drop_table('player'))", f"migrate(migrator.create_table('player', {fields}))")
    project = ready(place, tmp_path, source)
    place.run("ALTER TABLE player ADD CONSTRAINT `of club` FOREIGN KEY (club_id) REFERENCES club (id)")
    place.database.commit()
    start = seen(place)
    project.apply()
    project.revert()
    assert seen(place) == start


def test_what_writes_a_whole_definition_keeps_its_backslashes(place: Place, tmp_path: Path) -> None:
    above = "from peewee import DateTimeField\n\n\n"
    lines = (
        "migrate(migrator.set_comment('player', 'c:\\\\new', 'note'))",
        "migrate(migrator.add_column_default('player', 'note', 'x\\\\'))",
        "migrate(migrator.alter_column_type('player', 'note', CharField(30)))",
        "migrate(migrator.alter_column_type('player', 'note', CharField(9), cast='left(note, 9)'))",
    )
    project = ready(place, tmp_path, migration("\n".join(lines), "pass", above=above))
    project.apply()
    assert r"varchar(9) NOT NULL DEFAULT 'x\\' COMMENT 'c:\\new'" in seen(place)["player"][0]
