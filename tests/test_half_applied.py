"""A migration that stops half-way on MariaDB: what status says, and the command that it names brings all to its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from server_projects import Place, place_on
from test_attic import migration
from test_attic_stopped import killing

from pwmig.errors import HalfApplied, PlanError
from pwmig.project import Project
from pwmig.states import State

__all__ = ["killing"]

pytestmark = pytest.mark.mariadb

SETUP = (
    "CREATE TABLE club (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR(40))",
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80), level INTEGER NULL, club_id INTEGER, "
    "note VARCHAR(20) NOT NULL DEFAULT 'n', KEY player_level (level))",
    "CREATE TRIGGER player_note BEFORE INSERT ON player FOR EACH ROW SET NEW.level = coalesce(NEW.level, 1)",
    "INSERT INTO club VALUES (1, 'one'), (2, 'two')",
    "INSERT INTO player VALUES (1, 'a', 1, 1, 'x'), (2, 'b', NULL, 2, 'y'), (3, NULL, 3, NULL, 'z')",
)

CASES = {
    "tables": migration(
        "team = {'id': AutoField(), 'name': CharField(20)}"
        "\nmigrate(migrator.create_table('team', team, indexes=[(('name',), True)]))"
        "\nmigrate(migrator.add_column('player', 'team', IntegerField(default=3)))"
        "\nmigrate(migrator.add_index('player', ['team']))",
        "migrate(migrator.drop_index('player', 'player_team'))\nmigrate(migrator.drop_column('player', 'team'))"
        "\nmigrate(migrator.drop_table('team'))",
    ),
    "drops": migration(
        "migrate(migrator.drop_column('player', 'name'), migrator.drop_column('player', 'note'))"
        "\nmigrate(migrator.drop_table('club'))",
        "club = {'id': IntegerField(primary_key=True), 'title': CharField(40, null=True)}"
        "\nmigrate(migrator.create_table('club', club))"
        "\nmigrate(migrator.add_column('player', 'name', CharField(80, null=True)))"
        "\nmigrate(migrator.add_column('player', 'note', CharField(20, constraints=[SQL(\"DEFAULT 'n'\")])))",
    ),
    "renames": migration(
        "migrate(migrator.drop_index('player', 'player_level'))"
        "\nmigrate(migrator.rename_column('club', 'title', 'name'), migrator.rename_table('club', 'team'))"
        "\nmigrate(migrator.add_column('team', 'title', IntegerField(null=True)))",
        "migrate(migrator.drop_column('team', 'title'))"
        "\nmigrate(migrator.rename_table('team', 'club'))\nmigrate(migrator.rename_column('club', 'name', 'title'))"
        "\nmigrate(migrator.add_index('player', ['level']))",
    ),
    "types": migration(
        "migrate(migrator.alter_column_type('player', 'name', CharField(1, null=True), cast='left(name, 1)'))"
        "\nmigrate(migrator.backfill('player', {'level': 7}), migrator.add_not_null('player', 'level'))"
        "\nmigrate(migrator.add_constraint('player', 'ck', Check('level > 0')))",
        "migrate(migrator.drop_constraint('player', 'ck'))\nmigrate(migrator.drop_not_null('player', 'level'))"
        "\nmigrate(migrator.alter_column_type('player', 'name', CharField(80, null=True)))",
    ),
    "keys": migration(
        "migrate(migrator.add_foreign_key_constraint('player', 'club_id', 'club', 'id'))"
        "\nmigrate(migrator.add_unique('club', 'title'), migrator.add_column_default('player', 'level', 5))"
        "\nmigrate(migrator.rename_index('player', 'player_level', 'by_level'))",
        "migrate(migrator.rename_index('player', 'by_level', 'player_level'))"
        "\nmigrate(migrator.drop_column_default('player', 'level'), migrator.drop_constraint('club', 'uniq_title'))"
        "\nmigrate(migrator.drop_foreign_key_constraint('player', 'club_id'))",
    ),
    "raw": migration(
        "database.execute_sql('CREATE TABLE extra (id INT PRIMARY KEY)')"
        "\ndatabase.execute_sql('INSERT INTO extra VALUES (1), (2)')"
        "\ndatabase.execute_sql('ALTER TABLE player ADD COLUMN extra INT NULL, RENAME COLUMN note TO remark')"
        "\ndatabase.execute_sql('RENAME TABLE club TO clubs')"
        "\ndatabase.execute_sql('CREATE VIEW seen AS SELECT id FROM extra')",
        "database.execute_sql('DROP VIEW seen')"
        "\ndatabase.execute_sql('RENAME TABLE clubs TO club')"
        "\ndatabase.execute_sql('ALTER TABLE player DROP COLUMN extra, RENAME COLUMN remark TO note')"
        "\nmigrate(migrator.drop_table('extra'))",
    ),
    "rows between": migration(
        "database.execute_sql('ALTER TABLE player ADD COLUMN shown VARCHAR(90)')"
        "\ndatabase.execute_sql('UPDATE player SET level = coalesce(level, 0) + 10')"
        "\ndatabase.execute_sql(\"UPDATE player SET shown = concat('*', name)\")"
        "\nmigrate(migrator.add_index('player', ['shown']))"
        "\nmigrate(migrator.add_column('player', 'extra', IntegerField(default=1)))",
        "migrate(migrator.drop_column('player', 'extra'))\nmigrate(migrator.drop_index('player', 'player_shown'))"
        "\ndatabase.execute_sql('UPDATE player SET level = if(level = 10, NULL, level - 10)')"
        "\ndatabase.execute_sql('ALTER TABLE player DROP COLUMN shown')",
    ),
}


LOSING = {("rows between", "there"), ("rows between", "back"), ("raw", "back")}
"""Of these, rows or values that were committed can't be taken back."""


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


def ready(place: Place, root: Path, source: str) -> Project:
    """A project with one migration, and its tables as at the start."""
    place.run("SET foreign_key_checks = 0")
    for (name,) in place.run("SHOW FULL TABLES WHERE Table_type = 'VIEW'") and place.run(
        "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"
    ):
        place.run(f"DROP VIEW {name}")
    for name in place.database.get_tables():
        place.run(f"DROP TABLE IF EXISTS {name}")
    for sql in SETUP:
        place.run(sql)
    place.run("SET foreign_key_checks = 1")
    place.database.commit()
    return place.project(root, {"change": source})


def seen(place: Place) -> dict[str, Any]:
    """Each table of the project's: its text with its triggers, and its rows."""
    found = {}
    for name in sorted(place.tables()):
        if not name.startswith("pwmig_"):
            text = str(place.run(f"SHOW CREATE TABLE {name}")[0][1]).partition("AUTO_INCREMENT=")[0]
            rows = [] if " VIEW " in text[:200] else sorted(map(repr, place.run(f"SELECT * FROM {name}")))
            found[name] = [text, [row[0] for row in place.run(f"SHOW TRIGGERS WHERE `Table` = '{name}'")], rows]
    place.database.commit()
    return found


def journal(place: Place) -> list[tuple[Any, ...]]:
    if "pwmig_journal" not in place.database.get_tables():
        return []
    found = place.run("SELECT way, kind, state, statement FROM pwmig_journal ORDER BY id")
    place.database.commit()
    return found


EVERY = bool(os.environ.get("PWMIG_KILLS"))
"""Kill at each statement, for each way out; else at some of them, for one way out after the other."""


def killed(project: Project, way: str, killing: list[int], count: int) -> tuple[Project, bool]:
    """The project, killed at the ``count``-th statement on its way; and whether it came to its end before that."""
    if way == "back":
        project.apply()
    killing[0] = count
    with suppress(Exception):
        project.apply() if way == "there" else project.revert()
    ended, killing[0] = killing[0] < 10**8, 10**9
    project.database.close()
    return project, ended


HOWS = ("resume", "undo")


@pytest.mark.parametrize("how", HOWS if EVERY else ["either"])
@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("case", CASES)
def test_wherever_it_is_killed_what_status_names_ends_it(
    place: Place, tmp_path: Path, killing: list[int], case: str, way: str, how: str
) -> None:
    source = CASES[case]
    project = ready(place, tmp_path, source)
    start = seen(place)
    project.apply()
    end = seen(place)
    project.revert()
    back = seen(place)
    first, last = (start, end) if way == "there" else (end, back)
    halves, refused, told, chosen = 0, 0, [], how
    for count in range(1, 200) if EVERY else range(2 + list(CASES).index(case) % 3, 200, 3):
        project, ended = killed(ready(place, tmp_path, source), way, killing, count)
        if ended:
            break
        (status,) = project.status()
        rows = journal(place)
        try:
            wanted = last
            if status.state is not State.FAILED:
                project.apply() if way == "there" else project.revert()
            else:
                how = HOWS[halves % 2] if chosen == "either" else chosen
                halves += 1
                told.append(status.stopped)
                with pytest.raises(HalfApplied, match="is half "):
                    project.plan()
                if how == "undo" and (case, way) in LOSING:
                    try:
                        project.resolve("change", how="undo")
                        wanted = first
                    except PlanError as error:
                        refused += 1
                        assert "--resume finishes it" in error.way_out
                        project.resolve("change", how="resume")
                else:
                    project.resolve("change", how=how)
                    wanted = last if how == "resume" else first
            assert seen(place) == wanted
            assert bool(project.applied()) is ((way == "there") is (wanted is last))
            assert journal(place) == []
            if how == "resume" or wanted is last:
                again = project.revert if way == "there" else project.apply
                again()
                assert seen(place) == (back if way == "there" else end)
        except BaseException as error:
            error.add_note(f"killed at statement {count}: {status.stopped} {rows}")
            raise
    assert ended and halves > 1, told
    assert not EVERY or bool(refused) is (how == "undo" and (case, way) in LOSING), told
