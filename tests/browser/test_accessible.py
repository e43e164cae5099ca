"""The workbench for people who see little, or use no mouse: axe-core finds nothing serious, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_project import copy_example, write_migration

from browser.axe import findings
from browser.bench_page import CELL, BenchPage
from browser.lab import LabPage, write_notebook
from pwmig.project import Project

ADD_LEVEL = (
    "from playhouse.migrate import *\nfrom db.migrations_config import database, migrator\nfrom peewee import *\n\n\n"
    'def migrate_forward():\n    """Every player begins at level 1."""\n'
    '    database.execute_sql("INSERT INTO player (name, birth_year, country_id, titles) "\n'
    "                         \"SELECT 'nobody', 1900, country_id, 0 FROM player LIMIT 1\")\n"
    "    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n"
    "    database.execute_sql(\"UPDATE player SET name = name || ' *' WHERE id % 2 = 0\")\n"
    "\n\n"
    "def migrate_backward():\n    migrate(migrator.drop_column('player', 'level'))\n"
)
FAILS = "def migrate_forward():\n    raise ValueError('it was meant to fail')\n"
WAITS = (
    "import pathlib, time\nfrom db.migrations_config import database\n\n\n"
    "def migrate_forward():\n    database.execute_sql('CREATE TABLE half_way (id INTEGER)')\n"
    "    while not pathlib.Path(__file__).with_name('go').exists():\n        time.sleep(0.05)\n"
)

THEMES = ("JupyterLab Light", "JupyterLab Dark")


@pytest.fixture(params=THEMES, ids=("light", "dark"))
def bench(folder: Path, lab: Callable[..., LabPage], request: pytest.FixtureRequest) -> BenchPage:
    """The example project with three migrations to run: one changes the schema and rows, one waits, one fails."""
    root = folder / "players"
    root.mkdir()
    copy_example(root)
    project = Project.open(root)
    project.apply()
    project.database.close()
    write_migration(root, "20260101_090000_add_player_level", ADD_LEVEL)
    write_migration(root, "20260101_090001_waits", WAITS)
    write_migration(root, "20260101_090002_fails", FAILS)
    page = lab(write_notebook(root / "notebooks" / "workbench.ipynb", [CELL]))
    page.theme(request.param)
    return BenchPage(page)


def assert_accessible(bench: BenchPage, moment: str) -> None:
    bench.lab.settle()
    assert findings(bench.page, bench.root) == [], moment


def assert_every_tab_accessible(bench: BenchPage, moment: str) -> None:
    for name in bench.root.get_by_role("tab").all_inner_texts():
        bench.tab(name.strip())
        assert_accessible(bench, f"{moment}, tab {name}")


def test_every_tab_before_and_after_a_rehearsal(bench: BenchPage) -> None:
    assert_every_tab_accessible(bench, "opened")
    bench.choose("add_player_level")
    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    assert_every_tab_accessible(bench, "rehearsed")


def test_a_question_a_run_under_way_and_a_failure(bench: BenchPage, folder: Path) -> None:
    bench.choose("add_player_level")
    bench.click("Apply to here")
    bench.await_pending(2)
    bench.choose("load_olympiads")
    bench.click("Revert to here")
    bench.root.get_by_role("alertdialog").wait_for()
    assert_accessible(bench, "a question is asked")
    bench.click("Leave it as it is")
    bench.choose("fails")
    bench.click("Rehearse")
    bench.root.locator("progress:visible").wait_for()
    assert_accessible(bench, "under way")
    (folder / "players" / "db" / "migrations" / "go").touch()
    bench.root.get_by_role("alert").wait_for()
    bench.await_idle()
    assert_every_tab_accessible(bench, "failed")


def test_a_new_migration(bench: BenchPage) -> None:
    bench.click("New migration")
    assert_accessible(bench, "the editor is empty")
    operation = bench.root.get_by_label("Operation", exact=True)
    for title in operation.locator("option").all_inner_texts():
        operation.select_option(title)
        assert_accessible(bench, f"the form asks for: {title}")


def test_what_is_wrong_would_be_found(bench: BenchPage) -> None:
    """Text that can hardly be read, a field and a button without a name: axe sees them where the workbench is."""
    bench.root.evaluate(
        """(root) => root.insertAdjacentHTML('beforeend',
            '<p style="color: #999; background: #aaa">pale</p><input type="text"><button></button>')"""
    )
    rules = [finding.split(":")[0] for finding in findings(bench.page, bench.root)]
    assert {"button-name", "color-contrast", "label"} <= set(rules)


NAMELESS = """(root) => [...root.querySelectorAll('button, input, select, textarea, [tabindex], summary, a')]
    .filter((node) => node.getClientRects().length > 0)
    .filter((node) => !(node.innerText?.trim() && node.tagName !== 'SELECT') && !node.labels?.length
        && !node.getAttribute('aria-label') && !node.getAttribute('aria-labelledby') && !node.title)
    .map((node) => node.outerHTML.slice(0, 120))"""


def test_every_control_has_a_name(bench: BenchPage) -> None:
    assert bench.root.evaluate(NAMELESS) == []
    bench.click("New migration")
    bench.lab.settle()
    assert bench.root.evaluate(NAMELESS) == []


def test_all_is_reached_by_keyboard_and_shows_where_it_is(bench: BenchPage) -> None:
    """Tab goes through the controls in the order of the page, and each shows that it has the focus."""
    bench.button("New migration").focus()
    seen: list[Any] = []
    for _ in range(60):
        here = bench.page.evaluate(
            """() => {
                const node = document.activeElement, place = node.getBoundingClientRect();
                const style = getComputedStyle(node);
                const marked = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
                const label = node.getAttribute('aria-label') || node.labels?.[0]?.innerText;
                const name = (label || node.innerText || node.title).trim();
                return node.closest('.pwmig-bench') && {name: name.slice(0, 40), marked};
            }"""
        )
        if here is None:
            break
        seen.append(here)
        bench.page.keyboard.press("Tab")
    names = [one["name"] for one in seen]
    wanted = ["New migration", "Refresh", "Rehearse", "Migrations", "Plan"]
    assert [name for name in names if name in wanted] == wanted
    assert [one["name"] for one in seen if not one["marked"]] == []
