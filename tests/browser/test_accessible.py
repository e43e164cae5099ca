"""The workbench for people who see little, or use no mouse: axe-core finds nothing serious, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_project import write_migration

from browser.axe import findings
from browser.bench_page import EDITOR_TABS, TABS, BenchPage, expect
from browser.lab import LabPage

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

NAMELESS = """(root) => [...root.querySelectorAll('button, input, select, textarea, [tabindex], summary, a')]
    .filter((node) => node.checkVisibility())
    .filter((node) => !(node.innerText?.trim() && node.tagName !== 'SELECT') && !node.labels?.length
        && !node.getAttribute('aria-label') && !node.getAttribute('aria-labelledby') && !node.title)
    .map((node) => node.outerHTML.slice(0, 120))"""


def assert_accessible(bench: BenchPage, moment: str) -> None:
    """Nothing serious for axe, and every control has a name."""
    bench.lab.settle()
    assert findings(bench.page, bench.root) == [], moment
    assert bench.root.evaluate(NAMELESS) == [], moment


def assert_every_tab_accessible(bench: BenchPage, moment: str) -> None:
    for name in TABS:
        bench.tab(name)
        if name == "Diagram":
            bench.root.locator(".jp-RenderedMermaid img").wait_for()
        if name == "Explore":
            bench.root.get_by_text(": rows 1-").first.wait_for()
        assert_accessible(bench, f"{moment}, tab {name}")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_in_any_tab_question_message_or_form(
    example: Path, lab: Callable[..., LabPage], theme: str
) -> None:
    """Three migrations are there to run: one changes the schema and rows, one waits, one fails."""
    write_migration(example, "20260101_090000_add_player_level", ADD_LEVEL)
    write_migration(example, "20260101_090001_waits", WAITS)
    write_migration(example, "20260101_090002_fails", FAILS)
    bench = BenchPage(lab(example / "workbench.ipynb", theme=theme))
    assert_accessible(bench, "opened")
    bench.choose("add_player_level")
    bench.click("Apply to here")
    bench.await_pending(2)
    assert_every_tab_accessible(bench, "applied")
    bench.choose("load_olympiads")
    bench.click("Revert to here")
    bench.question.wait_for()
    bench.click("Compare...")
    assert_accessible(bench, "a question is asked, and points are chosen")
    bench.click("Leave it as it is")
    bench.choose("fails")
    bench.click("Rehearse")
    bench.root.locator("progress:visible").wait_for()
    assert_accessible(bench, "under way")
    (example / "db" / "migrations" / "go").touch()
    bench.alert.first.wait_for()
    bench.await_idle()
    bench.tab("Plan")
    assert_accessible(bench, "failed")

    bench.click("Edit")
    editor = bench.editor
    editor.await_state("line 2")
    assert_accessible(bench, "the editor shows a problem at its line")
    editor.click("Close")
    for left in ("20260101_090001_waits", "20260101_090002_fails"):
        (example / "db" / "migrations" / f"{left}.py").unlink()
    bench.click("Refresh")
    bench.await_pending(0)
    bench.click("New migration")
    editor.await_state("Up to date")
    editor.add("Drop a column", Table="player", Column="titles")
    editor.await_state("Not saved · up to date")
    for name in EDITOR_TABS:
        editor.tab(name)
        assert_accessible(bench, f"the editor, tab {name}")
    titles = editor.field("Operation").locator("option").all_inner_texts()
    for title in titles if theme == "Dark" else titles[:1]:
        editor.field("Operation").select_option(title)
        bench.lab.settle()
        assert findings(bench.page, editor.box.locator(".pwmig-editor-left")) == [], title
    editor.click("Close")
    bench.question.wait_for()
    assert_accessible(bench, "what is not saved")


def test_what_is_wrong_would_be_found(example: Path, lab: Callable[..., LabPage]) -> None:
    """Text that can hardly be read, a field and a button without a name: axe sees them where the workbench is."""
    bench = BenchPage(lab(example / "workbench.ipynb"))
    bench.root.evaluate(
        """(root) => root.insertAdjacentHTML('beforeend',
            '<p style="color: #999; background: #aaa">pale</p><input type="text"><button></button>')"""
    )
    rules = [finding.split(":")[0] for finding in findings(bench.page, bench.root)]
    assert {"button-name", "color-contrast", "label"} <= set(rules)
    assert len(bench.root.evaluate(NAMELESS)) == 2


HERE = """() => {
    const node = document.activeElement;
    const style = getComputedStyle(node);
    const marked = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
    const label = node.getAttribute('aria-label') || node.labels?.[0]?.innerText;
    const name = (label || node.innerText || node.title).trim();
    return node.closest('.pwmig-bench') && {name: name.slice(0, 40), marked};
}"""


def walk(bench: BenchPage) -> list[dict[str, Any]]:
    """All that Tab comes to, from what has the focus to the end of the workbench."""
    seen: list[dict[str, Any]] = []
    while len(seen) < 80 and (here := bench.page.evaluate(HERE)) is not None:
        seen.append(here)
        bench.page.keyboard.press("Tab")
    return seen


def test_all_is_reached_by_keyboard_in_the_order_of_the_page_and_shows_where_it_is(
    example: Path, lab: Callable[..., LabPage]
) -> None:
    bench = BenchPage(lab(example / "workbench.ipynb"))
    bench.choose("create_olympiad")
    expect(bench.button("Rehearse")).to_be_enabled()
    bench.button("New migration").focus()
    seen = walk(bench)
    wanted = ["New migration", "Refresh", "Rehearse", "Migrations", "Plan"]
    assert [one["name"] for one in seen if one["name"] in wanted] == wanted
    assert [one["name"] for one in seen if not one["marked"]] == []

    bench.click("New migration")
    bench.editor.await_state("Up to date")
    bench.button("New migration").focus()
    seen = walk(bench)
    wanted = ["Preview", "Save", "Close", "Name", "Operation", "Table", "Column", "Kind", "Default", "Code"]
    names = [one["name"] for one in seen]
    assert [name for name in names if name in wanted][:9] == wanted[:9] and "Code" in names
    assert [one["name"] for one in seen if not one["marked"]] == []
