"""The main job in JupyterLab: create, rehearse, look, apply, look, take back; cancel; and how it looks."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_project import copy_example, database_file
from projects import state, states, write_project

from browser.bench_page import CELL, BenchPage
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


@pytest.fixture
def example(folder: Path) -> Path:
    """A copy of the example project with all its migrations applied, and a notebook of one cell."""
    root = folder / "players"
    root.mkdir()
    copy_example(root)
    project = Project.open(root)
    project.apply()
    project.database.close()
    write_notebook(root / "notebooks" / "workbench.ipynb", [CELL])
    return root


def columns(file: Path, table: str) -> list[str]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    finally:
        connection.close()


def add_level(bench: BenchPage) -> None:
    """Create ``add_player_level`` by the form, as the seed shows it."""
    bench.click("New migration")
    bench.field("Operation").select_option("Add a column")
    bench.field("Table").select_option("player")
    bench.field("Column").fill("level")
    bench.field("Default").fill("1")
    call = 'migrator.add_column("player", "level", IntegerField(default=1))'
    bench.root.locator(".pwmig-form pre", has_text=call).wait_for()
    assert bench.field("Name").input_value() == "add_player_level"
    bench.click("Create")
    bench.await_pending(1)


def test_a_migration_is_created_rehearsed_applied_and_taken_back(
    example: Path, lab: OpenPage, shot: Callable[[Any, str], None]
) -> None:
    file = database_file(example)
    start = state(file)
    bench = BenchPage(lab(example / "notebooks" / "workbench.ipynb"))
    bench.await_pending(0)

    add_level(bench)
    assert bench.timeline()[-1] == ("pending", "add_player_level")

    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    assert state(file) == start
    assert "INTEGER NOT NULL" in bench.tab("Schema").get_by_role("row").filter(has_text="+ added").inner_text()
    assert bench.tab("Rows").get_by_role("columnheader", name="+ level after").is_visible()
    assert state(file) == start

    bench.click("Apply to here")
    bench.await_pending(0)
    assert "level" in columns(file, "player")
    assert bench.timeline()[-1] == ("applied", "add_player_level")
    assert "+ added" in bench.tab("Schema").get_by_role("row").filter(has_text="level").inner_text()
    shown = bench.tab("Rows")
    assert shown.get_by_role("columnheader", name="+ level after").is_visible()
    assert shown.get_by_text("Applied: ").is_visible()
    shot(bench.page, "applied")

    bench.choose("load_olympiads")
    bench.click("Revert to here")
    question = bench.root.get_by_role("alertdialog")
    question.wait_for()
    assert "the values of player.level in" in question.inner_text() and "rows" in question.inner_text()
    assert "level" in columns(file, "player"), "it only asked"
    shot(bench.page, "question")
    bench.click("Revert all the same")
    bench.await_pending(1)
    assert state(file) == start


def test_a_long_rehearsal_is_cancelled_while_another_cell_sees_the_real_database(
    example: Path, lab: OpenPage, shot: Callable[[Any, str], None]
) -> None:
    (example / "db" / "migrations" / "20260101_090000_never_ends.py").write_text(SLOW)
    file = database_file(example)
    start = state(file)
    bench = BenchPage(lab(example / "notebooks" / "workbench.ipynb"))
    bench.lab.run_cell("import sys; sys.path.insert(0, '..')\nfrom db.migrations_config import database")
    bench.choose("never_ends")
    bench.click("Rehearse")
    bench.root.locator(".pwmig-progress", has_text="WITH RECURSIVE").wait_for()
    shot(bench.page, "running")

    said = bench.lab.run_cell(
        "print(database.execute_sql('SELECT count(*) FROM player').fetchone()[0],\n"
        "      'half_way' in database.get_tables(), database.database)\n"
        "closed = database.close()"
    )
    connection = sqlite3.connect(file)
    players = connection.execute("SELECT count(*) FROM player").fetchone()[0]
    connection.close()
    assert said.split() == [str(players), "False", str(file)]
    assert bench.button("Cancel").is_enabled(), "the rehearsal is still under way"

    bench.click("Cancel")
    bench.root.get_by_role("alert").wait_for()
    bench.await_idle()
    assert bench.root.locator("progress").count() == 0 or not bench.root.locator("progress").is_visible()
    assert state(file) == start
    assert states(Project.open(example))["never_ends"] == "pending"


def test_an_edited_migration_is_rehearsed_as_it_is_now(example: Path, lab: OpenPage) -> None:
    migration = example / "db" / "migrations" / "20260101_090000_add_nick.py"
    source = (
        "from playhouse.migrate import *\nfrom db.migrations_config import migrator\nfrom peewee import *\n\n\n"
        "def migrate_forward():\n    migrate(migrator.add_column('player', 'nick', TextField(null=True)))\n"
    )
    migration.write_text(source)
    bench = BenchPage(lab(example / "notebooks" / "workbench.ipynb"))
    bench.await_pending(1)
    bench.click("Rehearse")
    bench.await_run("+ column player.nick")
    migration.write_text(source.replace("'nick'", "'alias'"))
    bench.click("Rehearse")
    bench.await_run("+ column player.alias")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("width", [900, 1280, 1600])
def test_nothing_is_cut_off(
    example: Path, lab: OpenPage, shot: Callable[[Any, str], None], width: int, theme: str
) -> None:
    page = lab(example / "notebooks" / "workbench.ipynb", width=width)
    page.theme(f"JupyterLab {theme}")
    bench = BenchPage(page)
    bench.click("New migration")
    bench.field("Column").fill("level")
    bench.field("Default").fill("1")
    bench.root.locator(".pwmig-form pre").wait_for()
    assert bench.overflow() == []
    shot(bench.page, f"form-{width}-{theme.lower()}")
    bench.click("Create")
    bench.await_pending(1)
    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    for tab in ("Plan", "Schema", "Rows", "Log"):
        bench.tab(tab)
        assert bench.overflow() == []
        shot(bench.page, f"{tab.lower()}-{width}-{theme.lower()}")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_data_step_shows_each_changed_cell_before_and_after(
    folder: Path, lab: OpenPage, shot: Callable[[Any, str], None], theme: str
) -> None:
    """The pictures of docs/ are these two."""
    root = folder / "players"
    root.mkdir()
    copy_example(root)
    Project.open(root).apply(to="add_player_titles")
    write_notebook(root / "notebooks" / "workbench.ipynb", [CELL])
    page = lab(root / "notebooks" / "workbench.ipynb", width=1500, height=1200)
    page.theme(f"JupyterLab {theme}")
    bench = BenchPage(page)
    bench.choose("count_player_titles")
    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    rows = bench.tab("Rows")
    assert rows.get_by_role("columnheader", name="~ titles before").is_visible()
    assert rows.get_by_role("columnheader", name="~ titles after").is_visible()
    assert rows.locator("tr", has_text="Garry Kasparov").locator("del, ins").all_inner_texts() == ["0", "6"]
    shot(bench.root, f"workbench-{theme.lower()}")


def test_a_keyboard_reaches_all_in_the_order_of_the_page(example: Path, lab: OpenPage) -> None:
    bench = BenchPage(lab(example / "notebooks" / "workbench.ipynb"))
    bench.click("New migration")
    bench.field("Operation").wait_for()
    bench.field("Operation").focus()
    names = []
    for _ in range(5):
        names.append(bench.page.evaluate("() => document.activeElement.labels?.[0]?.innerText"))
        bench.page.keyboard.press("Tab")
    assert names == ["Operation", "Table", "Column", "Kind", "Default"]


FOOTBALLERS = ("add_player_level", "add_index_player_birth_date", "rename_player_position_role")


def test_the_footballers_there_and_back(
    folder: Path, lab: OpenPage, shot: Callable[[Any, str], None], real_data: Callable[[str], Path]
) -> None:
    root = write_project(folder / "footballers")
    file = root / "db" / "app.sqlite"
    shutil.copyfile(real_data("footballers_cc0.sqlite"), file)
    start = state(file)
    write_notebook(root / "workbench.ipynb", [CELL])
    bench = BenchPage(lab(root / "workbench.ipynb"))

    add_level(bench)
    bench.click("New migration")
    bench.field("Operation").select_option("Add an index")
    bench.field("Columns").wait_for()
    bench.field("Table").select_option("player")
    bench.field("Columns").select_option("birth_date")
    bench.root.locator(".pwmig-form pre").get_by_text("birth_date").first.wait_for()
    bench.click("Create")
    bench.await_pending(2)
    bench.click("New migration")
    bench.field("Operation").select_option("Rename a column")
    bench.field("New name").wait_for()
    bench.field("Table").select_option("player")
    bench.field("Column").select_option("position")
    bench.field("New name").fill("role")
    bench.root.locator(".pwmig-form pre").get_by_text("rename_column").first.wait_for()
    bench.click("Create")
    bench.await_pending(3)
    assert [name for _, name in bench.timeline()] == list(FOOTBALLERS)

    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy, applied: 3 migrations")
    assert state(file) == start
    look(bench, shot, "rehearsed")

    bench.click("Apply to here")
    bench.await_pending(0)
    assert {"level", "role"} <= set(columns(file, "player"))
    look(bench, shot, "applied")

    bench.choose("no migration")
    bench.click("Revert to here")
    question = bench.root.get_by_role("alertdialog")
    question.wait_for()
    assert "the values of player.level in 31,689 rows" in question.inner_text()
    bench.click("Revert all the same")
    bench.await_pending(3)
    assert state(file) == start


def look(bench: BenchPage, shot: Callable[[Any, str], None], moment: str) -> None:
    """The three changes, in schema and rows."""
    schema = bench.tab("Schema").inner_text()
    shot(bench.page, f"footballers-{moment}-schema")
    assert "role (was position)" in schema and "player_birth_date" in schema and schema.count("+ added") == 2
    rows = bench.tab("Rows")
    assert rows.get_by_role("columnheader", name="+ level after").is_visible()
    assert rows.get_by_role("columnheader", name="~ role (was position)").is_visible()
    assert "31,689 rows" in rows.inner_text()
    shot(bench.page, f"footballers-{moment}-rows")
