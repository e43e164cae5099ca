"""The workbench on a PostgreSQL database, by clicks, and how its answers look there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from example_project import copy_example
from server_projects import Place, place_on
from servers import Server as DatabaseServer

from browser.bench_page import CELL, BenchPage
from browser.lab import LabPage, write_notebook
from pwmig.project import Project

OpenPage = Callable[..., LabPage]
Shot = Callable[[Any, str], None]

MANY = "INSERT INTO country (code, name) SELECT 'Z' || n, 'no country ' || n FROM generate_series(1, 1500) AS n"
LONGER = "ALTER TABLE country ALTER COLUMN code TYPE varchar(10)"


@pytest.fixture
def place(postgres_server: DatabaseServer) -> Iterator[Place]:
    with place_on(postgres_server) as found:
        yield found


@pytest.fixture
def players(folder: Path, place: Place) -> Path:
    """A copy of the example project on a PostgreSQL database, all migrations applied, and a notebook of one cell."""
    root = copy_example(folder / "players")
    (root / "db" / "migrations_config.py").write_text(place.config)
    project = Project.open(root)
    project.apply()
    project.database.close()
    write_notebook(root / "workbench.ipynb", [CELL])
    return root


def without_history(place: Place) -> set[str]:
    return {name for name in place.tables() if not name.startswith("pwmig_")}


def test_a_migration_is_made_tried_applied_and_taken_back(
    players: Path, place: Place, lab: OpenPage, shot: Shot
) -> None:
    scratches = place.scratches()
    bench = BenchPage(lab(players / "workbench.ipynb", width=1280, theme="Light"))
    bench.await_pending(0)
    bench.root.get_by_text("models agree with the database").wait_for()
    before = without_history(place)

    bench.click("New migration")
    editor = bench.editor
    editor.await_state("Up to date")
    editor.add("Add a column", Table="player", Column="level", Default="1")
    editor.add("Add an index", Table="olympiad")
    editor.field("Operation").select_option("Add a check")
    editor.field("Condition").fill("level > 0")
    editor.box.get_by_placeholder("By which it can be dropped").locator("visible=true").fill("level_counts")
    editor.add("Add a check", Table="player")
    editor.await_state("Not saved · up to date")
    assert "ALTER TABLE" in editor.tab("SQL").inner_text()
    shot(bench.page, "postgresql-editor")
    editor.click("Save")
    bench.await_pending(1)
    assert "level" not in [column.name for column in place.database.get_columns("player")]

    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    assert "level_counts" in bench.tab("Schema").inner_text()
    assert "level after" in " ".join(bench.tab("Rows").inner_text().split())
    assert "level" not in [column.name for column in place.database.get_columns("player")]
    bench.click("Apply to here")
    bench.await_pending(0)
    assert place.run("SELECT DISTINCT level FROM player") == [(1,)]

    shown = bench.tab("Diff")
    shown.get_by_role("cell", name="column player.level").first.wait_for()
    assert "models differ from the database in" in bench.root.inner_text()
    shown.get_by_label("From", exact=True).select_option("the applied migrations")
    shown.get_by_label("To", exact=True).select_option("the database")
    bench.click("Show differences")
    shown.get_by_text("No drift").wait_for()

    bench.choose("load_olympiads")
    bench.click("Revert to here")
    bench.question.wait_for()
    assert "the values of player.level in" in bench.question.inner_text()
    assert place.run("SELECT DISTINCT level FROM player") == [(1,)], "it only asked"
    bench.click("Revert all the same")
    bench.await_pending(1)
    assert "level" not in [column.name for column in place.database.get_columns("player")]
    assert without_history(place) == before and place.scratches() == scratches


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("width", [900, 1280, 1600])
def test_differences_and_samples_are_not_cut_off(
    players: Path, place: Place, lab: OpenPage, shot: Shot, width: int, theme: str
) -> None:
    place.run(LONGER)
    place.run(MANY)
    place.run("ALTER TABLE player RENAME COLUMN died TO year_of_death")
    place.run("CREATE TABLE opening (id serial PRIMARY KEY, name text NOT NULL, eco char(3) CHECK (eco >= 'A00'))")
    (players / "db" / "migrations" / "20260101_090000_thin_countries.py").write_text(
        "from playhouse.migrate import *\nfrom db.migrations_config import database, migrator\nfrom peewee import *\n\n"
        "def migrate_forward():\n"
        "    database.execute_sql(\"DELETE FROM country WHERE name LIKE 'no country%%'\")\n"
        "    migrate(migrator.add_column('country', 'population', IntegerField(null=True)))\n"
    )
    bench = BenchPage(lab(players / "workbench.ipynb", width=width, theme=theme))
    places = bench.places()

    def look(moment: str) -> None:
        bench.lab.settle()
        shot(bench.page, f"postgresql-{moment}-{width}-{theme.lower()}")
        assert bench.overflow() == [], moment
        assert bench.places() == places, moment

    shown = bench.tab("Diff")
    shown.get_by_text("year_of_death").first.wait_for()
    look("diff")
    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    assert "a sample of the rows of country" in bench.tab("Plan").inner_text()
    look("plan")
    bench.tab("Schema")
    look("schema")
    assert "In a sample of the rows:" in bench.tab("Rows").inner_text()
    look("rows")
    bench.click("Apply to here")
    bench.question.wait_for()
    assert "rows of country, counted in a sample" in bench.question.inner_text()
    bench.lab.settle()
    shot(bench.page, f"postgresql-question-{width}-{theme.lower()}")
    assert bench.overflow() == []
