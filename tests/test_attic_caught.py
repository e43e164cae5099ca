"""A migration may catch what an operation of it raises, and go on: what it takes away then is kept all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from server_projects import place_on
from test_attic import migration, project_of, restored, run_on
from test_attic_servers import player_project, read, reverted

from pwmig.plan import Restored

FAILS = {
    "a column that is there": "migrator.add_column('player', 'born', IntegerField(null=True))",
    "a table that is there": "migrator.create_table('player', {'id': AutoField()})",
}


def caught(operations: str, *then: str) -> str:
    """Operations that fail, and what comes after."""
    lines = ["try:", f"    migrate({operations})", "except Exception:", "    pass", *then]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "fill",
    [
        "migrator.backfill('player', {'born': 5})",
        "migrator.apply_default('player', 'born', IntegerField(default=5))",
    ],
    ids=["backfill", "apply_default"],
)
@pytest.mark.parametrize("fails", FAILS)
def test_what_was_there_when_it_could_not_be_made_is_kept(tmp_path: Path, fails: str, fill: str) -> None:
    project = project_of(tmp_path, migration(caught(FAILS[fails], f"migrate({fill})"), "pass"))
    before = run_on(tmp_path, "SELECT * FROM player")
    project.apply()
    assert run_on(tmp_path, "SELECT born FROM player WHERE id = 2") == [(5,)]
    assert [done.column for done in restored(project)] == ["born"]
    assert run_on(tmp_path, "SELECT * FROM player") == before


MADE = {
    "in another schema": "other.create_table('player', {'id': AutoField(), 'note': TextField(null=True)})",
    "in other letters": "migrator.create_table('Player', {'id': AutoField(), 'note': TextField(null=True)})",
    "in a schema that was the first one": "migrator.set_search_path('audit'), migrator.create_table('player', "
    "{'id': AutoField(), 'note': TextField(null=True)}), migrator.set_search_path('public')",
}


@pytest.mark.postgres
@pytest.mark.parametrize("made", MADE)
def test_what_a_step_made_is_not_what_is_called_alike(postgres_server: Any, tmp_path: Path, made: str) -> None:
    above = "from pwmig import Migrator\n\nother = Migrator.from_database(database, 'audit')\n"
    fill = "migrate(migrator.backfill('player', {'note': 'filled'}))"
    with place_on(postgres_server) as place:
        place.run("CREATE SCHEMA audit")
        project = player_project(place, tmp_path, migration(f"migrate({MADE[made]})\n{fill}", "pass", above))
        project.apply()
        assert reverted(project) == [Restored("player", "note", 1)]
        assert read(place, "SELECT id FROM player WHERE note IS NULL") == [(2,)]


BACK = {
    "a batch that fails": caught("migrator.drop_table('gone'), migrator.drop_column('player', 'x')"),
    "a block that is left": "try:\n    with database.atomic():\n        migrate(migrator.drop_table('gone'))\n"
    "        raise ValueError\nexcept ValueError:\n    pass",
}


@pytest.mark.parametrize("back", BACK)
@pytest.mark.parametrize("kind", [pytest.param("postgres", marks=pytest.mark.postgres), "sqlite"])
def test_a_table_whose_drop_is_taken_back_leaves_its_number_to_another_thing(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, back: str
) -> None:
    source = migration(
        f"{BACK[back]}\nmigrate(migrator.drop_column('player', 'note'))",
        "migrate(migrator.add_column('player', 'note', TextField(null=True)))",
    )
    gone = ("CREATE TABLE gone (id INTEGER PRIMARY KEY)", "INSERT INTO gone VALUES (7)")
    if kind == "sqlite":
        project = project_of(tmp_path, source)
        run_on(tmp_path, *gone)
        run = project.apply()
        told = restored(project)
    else:
        with place_on(request.getfixturevalue("postgres_server")) as place:
            for sql in gone:
                place.run(sql)
            project = player_project(place, tmp_path, source)
            run = project.apply()
            told = reverted(project)
    assert [(kept.table, kept.column) for kept in run.steps[0].kept] == [("player", "note")]
    assert told == [Restored("player", "note", 3)]


@pytest.mark.mariadb
def test_what_a_fill_left_as_it_was_leaves_its_number_to_another_thing(mariadb_server: Any, tmp_path: Path) -> None:
    fills = (
        "backfill('player', {'note': 'a'}, \"note = 'a'\")",
        "apply_default('player', 'name', CharField(default='x'))",
    )
    with place_on(mariadb_server) as place:
        source = migration("\n".join(f"migrate(migrator.{fill})" for fill in (fills[0], *fills)), "pass")
        project = player_project(place, tmp_path, source)
        before = read(place, "SELECT id, name, note FROM player")
        project.apply()
        assert reverted(project) == [Restored("player", "name", 3)]
        assert read(place, "SELECT id, name, note FROM player") == before
