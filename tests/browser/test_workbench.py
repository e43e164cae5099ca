"""The main job in JupyterLab: create, rehearse, look, apply, look, take back; cancel; and the pictures of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_project import columns, copy_example, database_file, write_migration
from projects import state, states, write_project

from browser.bench_page import CELL, BenchPage, expect
from browser.lab import LabPage, write_notebook
from pwmig.project import Project

SLOW = """from db.migrations_config import database


def migrate_forward():
    database.execute_sql("CREATE TABLE half_way (id INTEGER)")
    database.execute_sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) "
        "INSERT INTO half_way SELECT max(i) FROM n"
    )
"""

OpenPage = Callable[..., LabPage]
Shot = Callable[[Any, str], None]


def test_a_migration_is_created_rehearsed_applied_and_taken_back(example: Path, lab: OpenPage, shot: Shot) -> None:
    file = database_file(example)
    start = state(file)
    bench = BenchPage(lab(example / "workbench.ipynb"))
    bench.await_pending(0)

    bench.click("New migration")
    bench.editor.add("Add a column", Table="player", Column="level", Default="1")
    bench.editor.await_state("Not saved · up to date")
    assert bench.editor.field("Name").input_value() == "add_player_level"
    bench.editor.click("Save")
    bench.await_pending(1)
    assert bench.timeline()[-1] == ("pending", "add_player_level")

    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    assert state(file) == start
    assert "INTEGER NOT NULL" in bench.tab("Schema").get_by_role("row").filter(has_text="+ added").inner_text()
    assert bench.tab("Rows").get_by_role("columnheader", name="+ level after").is_visible()
    assert state(file) == start

    bench.click("Apply to here")
    bench.await_pending(0)
    assert "level" in columns(example, "player")
    assert bench.timeline()[-1] == ("applied", "add_player_level")
    assert "+ added" in bench.tab("Schema").get_by_role("row").filter(has_text="level").inner_text()
    shown = bench.tab("Rows")
    assert shown.get_by_role("columnheader", name="+ level after").is_visible()
    assert shown.get_by_text("Applied: ").is_visible()
    shot(bench.page, "applied")

    bench.choose("load_olympiads")
    bench.click("Revert to here")
    bench.question.wait_for()
    asked = bench.question.inner_text()
    assert "the values of player.level in" in asked and "rows" in asked
    assert "level" in columns(example, "player"), "it only asked"
    shot(bench.page, "question")
    bench.click("Revert all the same")
    bench.await_pending(1)
    assert state(file) == start


def test_a_long_run_tells_its_statement_and_time_and_is_cancelled_while_cells_see_the_real_database(
    example: Path, lab: OpenPage, shot: Shot
) -> None:
    write_migration(example, "20260101_090000_never_ends", SLOW)
    file = database_file(example)
    start = state(file)
    bench = BenchPage(lab(example / "workbench.ipynb", width=900, theme="Dark"))
    bench.lab.run_cell("import sys; sys.path.insert(0, '.')\nfrom db.migrations_config import database")
    bench.choose("never_ends")
    places = bench.places()
    for verb in ("Rehearse", "Apply to here"):
        bench.click(verb)
        bench.root.locator(".pwmig-progress", has_text="WITH RECURSIVE").wait_for()
        elapsed = bench.root.locator(".pwmig-elapsed")
        first = elapsed.inner_text()
        assert bench.overflow() == [] and bench.places() == places, "nothing jumps"
        shot(bench.page, f"running-{verb.split()[0].lower()}")
        said = bench.lab.run_cell(
            "print(database.execute_sql('SELECT count(*) FROM player').fetchone()[0],\n"
            "      'half_way' in database.get_tables(), database.database)\n"
            "closed = database.close()"
        )
        connection = sqlite3.connect(file)
        players = connection.execute("SELECT count(*) FROM player").fetchone()[0]
        connection.close()
        assert said.split() == [str(players), "False", str(file)]
        expect(elapsed, "the time goes on").not_to_have_text(first)
        assert bench.button("Cancel").is_enabled(), "it is still under way"

        bench.click("Cancel")
        bench.alert.wait_for()
        bench.await_idle()
        assert bench.root.locator("progress:visible").count() == 0
        assert state(file) == start, "it leaves nothing half done"
        assert bench.in_code() == "workbench.cancel()"
        bench.click("Dismiss")
    assert states(Project.open(example))["never_ends"] == "pending"


def test_an_edited_migration_is_rehearsed_as_it_is_now(example: Path, lab: OpenPage) -> None:
    source = (
        "from playhouse.migrate import *\nfrom db.migrations_config import migrator\nfrom peewee import *\n\n\n"
        "def migrate_forward():\n    migrate(migrator.add_column('player', 'nick', TextField(null=True)))\n"
    )
    migration = write_migration(example, "20260101_090000_add_nick", source)
    bench = BenchPage(lab(example / "workbench.ipynb"))
    bench.await_pending(1)
    bench.click("Rehearse")
    bench.await_run("+ column player.nick")
    migration.write_text(source.replace("'nick'", "'alias'"))
    bench.click("Rehearse")
    bench.await_run("+ column player.alias")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_data_step_shows_each_changed_cell_before_and_after(
    folder: Path, lab: OpenPage, shot: Shot, theme: str
) -> None:
    """The pictures of docs/ are made here: the workbench in both themes, its other parts in light."""
    root = copy_example(folder / "players")
    project = Project.open(root)
    project.apply(to="add_player_titles")
    project.database.close()
    bench = BenchPage(lab(write_notebook(root / "workbench.ipynb", [CELL]), width=1500, height=1200, theme=theme))
    bench.choose("count_player_titles")
    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    rows = bench.tab("Rows")
    assert rows.get_by_role("columnheader", name="~ titles before").is_visible()
    assert rows.get_by_role("columnheader", name="~ titles after").is_visible()
    assert rows.locator("tr", has_text="Garry Kasparov").locator("del, ins").all_inner_texts() == ["0", "6"]
    bench.picture(shot, f"workbench-{theme.lower()}")
    if theme == "Dark":
        return
    bench.choose("load_olympiads")
    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    bench.tab("Diagram")
    bench.root.locator(".jp-RenderedMermaid img").wait_for()
    bench.field("Around").fill("country")
    bench.page.keyboard.press("Enter")
    bench.root.get_by_text("tables: those near country").first.wait_for()
    bench.root.locator("figcaption", has_text="those near country").wait_for(state="attached")
    bench.picture(shot, "docs-diagram")
    bench.tab("Explore")
    bench.field("Tables").select_option("player")
    bench.root.get_by_text("player: rows 1-20").wait_for()
    bench.field("Filter").select_option("birth_year")
    bench.field("Condition").select_option(">=")
    bench.field("Value").fill("1960")
    bench.field("Sort by").select_option("birth_year")
    bench.click("Show rows")
    bench.root.get_by_text(" that match").first.wait_for()
    bench.picture(shot, "docs-explore")
    bench.click("New migration")
    bench.editor.add("Add a column", Table="player", Column="level", Default="1")
    bench.editor.choose(0)
    bench.editor.tab("Rows")
    bench.editor.await_state("Not saved · up to date")
    bench.picture(shot, "docs-editor")


FOOTBALLERS = ("add_player_level", "add_index_player_birth_date", "rename_player_position_role")


def test_the_footballers_there_and_back(
    folder: Path, lab: OpenPage, shot: Shot, real_data: Callable[[str], Path]
) -> None:
    root = write_project(folder / "footballers")
    file = root / "db" / "app.sqlite"
    shutil.copyfile(real_data("footballers_cc0.sqlite"), file)
    start = state(file)
    bench = BenchPage(lab(write_notebook(root / "workbench.ipynb", [CELL]), width=1600))
    operations = (
        ("Add a column", {"Table": "player", "Column": "level", "Default": "1"}),
        ("Add an index", {"Table": "player", "Column": "birth_date"}),
        ("Rename a column", {"Table": "player", "Column": "position", "New_name": "role"}),
    )
    for made, (operation, fields) in enumerate(operations, start=1):
        bench.click("New migration")
        bench.editor.add(operation, **fields)
        bench.editor.await_state("Not saved · up to date")
        bench.editor.click("Save")
        bench.await_pending(made)
    assert [name for _, name in bench.timeline()] == list(FOOTBALLERS)

    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy, applied: 3 migrations")
    assert state(file) == start
    look(bench, shot, "rehearsed")

    bench.click("Apply to here")
    bench.await_pending(0)
    look(bench, shot, "applied")

    bench.choose("no migration")
    bench.click("Revert to here")
    bench.question.wait_for()
    assert "the values of player.level in 31,689 rows" in bench.question.inner_text()
    bench.click("Revert all the same")
    bench.await_pending(3)
    assert state(file) == start


def look(bench: BenchPage, shot: Shot, moment: str) -> None:
    """The three changes, in schema and rows."""
    schema = bench.tab("Schema").inner_text()
    shot(bench.page, f"footballers-{moment}-schema")
    assert "role (was position)" in schema and "player_birth_date" in schema and schema.count("+ added") == 2
    rows = bench.tab("Rows")
    assert rows.get_by_role("columnheader", name="+ level after").is_visible()
    assert rows.get_by_role("columnheader", name="~ role (was position)").is_visible()
    assert "31,689 rows" in rows.inner_text()
    shot(bench.page, f"footballers-{moment}-rows")
