"""Jobs of the workbench from end to end: by keys alone; two points compared; clicks kept as cells; records in cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from example_project import columns, database_file
from projects import state

from browser.bench_page import BenchPage, expect
from browser.lab import LabPage

OpenPage = Callable[..., LabPage]
Shot = Callable[[Any, str], None]

FOCUSED = """() => {
    const node = document.activeElement;
    return (node.getAttribute('aria-label') || node.labels?.[0]?.innerText || node.innerText || '').trim();
}"""


class Keys:
    """A person without a mouse: Tab and Shift+Tab to what is named, then its own keys."""

    def __init__(self, bench: BenchPage) -> None:
        self.bench, self.page = bench, bench.page

    def to(self, name: str, *, back: bool = False, most: int = 60) -> None:
        """Go on with Tab, or back with Shift+Tab, until what has the focus is called so."""
        seen: list[str] = []
        for _ in range(most):
            if (here := self.page.evaluate(FOCUSED)) == name:
                return
            seen.append(here)
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"{name!r} is not reached; the way was {seen}")

    def press(self, name: str, *, back: bool = False, key: str = "Enter") -> None:
        """Go to a button and press it."""
        self.to(name, back=back)
        self.page.keyboard.press(key)

    def type(self, name: str, text: str) -> None:
        """Go to a field and fill it."""
        self.to(name)
        self.page.keyboard.type(text)

    def choose(self, name: str, *, down: int) -> None:
        """Open a list that drops down, and choose so many below; its popup hears the arrows, JupyterLab does not."""
        self.to(name)
        for key in ("Space", *["ArrowDown"] * down, "Enter"):
            self.page.keyboard.press(key)

    def tab(self, name: str) -> None:
        """Go to the row of tabs and along it by arrows."""
        tabs = self.bench.root.locator(".pwmig-tabs .lm-TabBar-tab")
        names = [title.strip() for title in tabs.all_inner_texts()]
        for _ in range(60):
            if self.page.evaluate(FOCUSED) in names:
                break
            self.page.keyboard.press("Tab")
        for _ in names:
            if self.page.evaluate(FOCUSED) == name:
                self.page.keyboard.press("Enter")
                return
            self.page.keyboard.press("ArrowRight")
        raise AssertionError(f"the arrows do not reach the tab {name!r}")


def test_a_migration_is_created_rehearsed_applied_and_taken_back_by_keyboard_alone(
    example: Path, lab: OpenPage, shot: Shot
) -> None:
    start = state(database_file(example))
    bench = BenchPage(lab(example / "workbench.ipynb", width=1280, theme="Dark"))
    keys = Keys(bench)
    bench.page.locator(".jp-OutputArea-output").first.focus()

    keys.press("New migration")
    bench.editor.await_state("Up to date")
    keys.to("Operation")
    keys.choose("Table", down=2)
    expect(bench.editor.field("Table").locator("option:checked")).to_have_text("player")
    keys.type("Column", "level")
    keys.type("Default", "1")
    bench.editor.box.locator(".pwmig-missing", has_text="add_column('player', 'level'").wait_for()
    keys.press("Add", key="Space")
    bench.editor.await_state("Not saved · up to date")
    keys.press("Save", back=True)
    bench.await_pending(1)

    keys.press("Rehearse")
    bench.root.get_by_text("Rehearsed on a copy").first.wait_for()
    bench.await_idle()
    keys.tab("Rows")
    bench.root.get_by_role("columnheader", name="+ level after").wait_for()
    assert state(database_file(example)) == start

    keys.press("Apply to here", back=True, key="Space")
    bench.await_pending(0)
    assert "level" in columns(example, "player")

    keys.to("Migrations")
    bench.page.keyboard.press("Home")
    expect(bench.button("Revert to here")).to_be_enabled()
    keys.press("Revert to here", back=True)
    bench.question.wait_for()
    shot(bench.page, "keyboard-question")
    keys.press("Revert all the same")
    bench.await_pending(18)
    assert state(database_file(example)) == []


def test_two_points_are_compared_and_each_click_is_a_line_that_runs_in_a_cell(
    example: Path, lab: OpenPage, shot: Shot
) -> None:
    start = state(database_file(example))
    bench = BenchPage(lab(example / "workbench.ipynb", width=1280))
    bench.choose("create_olympiad")
    bench.click("Compare...")
    bench.field("From").select_option("after add_player_titles")
    bench.field("To").select_option("after create_olympiad")
    bench.click("Compare")
    line = "workbench.compare('20250310_090000_add_player_titles', '20250317_090000_create_olympiad')"
    bench.await_in_code(line)
    bench.await_run("Compared")
    assert "+ table olympiad" in bench.tab("Plan").inner_text()
    rows = bench.tab("Rows")
    rows.get_by_label("Table", exact=True).select_option("~ player")
    rows.get_by_role("columnheader", name="~ titles after").wait_for()
    every = rows.locator("tbody tr").count()
    rows.get_by_label("Changed rows only", exact=True).check()
    bench.await_in_code("workbench.rows('player', changed_only=True)")
    bench.lab.settle()
    changed = rows.locator("tbody tr")
    assert 0 < changed.count() <= every
    assert {row.split("\t")[0] for row in changed.all_inner_texts()} == {"~ changed"}
    shot(bench.page, "compared")
    assert bench.lab.run_cell(f"print({line}.target)").strip() == "copy"
    assert "titles" in bench.lab.run_cell(bench.in_code())
    bench.tab("Log")
    clicked = bench.root.get_by_role("region", name="What was clicked, as code").inner_text().split("\n")
    assert line in clicked
    assert bench.lab.run_cell("print(*workbench.lines, sep='\\n')").split("\n")[: len(clicked)] == clicked
    assert state(database_file(example)) == start


CELLS = {
    "workbench.bench.project": ("load_olympiads", "applied"),
    "workbench.bench.project.plan(backward=True)": ("load_olympiads", "revert"),
    "workbench.rehearse(backward=True)": ("load_olympiads", "olympiad"),
    "workbench.last_run.rows('olympiad')": ("winner_id",),
    "workbench.compare('create_title_match', 'zero').changes[0]": ("dropped",),
    "%pwmig status": ("load_olympiads", "applied"),
    "workbench.diff('create_country', 'live')": ("Differences", "table olympiad"),
    "%pwmig diff create_country live": ("+ table olympiad",),
    "workbench.bench.project.check()": ("All is well", "round trip"),
    "%pwmig check": ("passed", "all is well"),
}
"""What the last line of a cell shows, by words in it."""


def test_records_as_the_last_line_of_a_cell_are_shown_as_tables_and_words(
    example: Path, lab: OpenPage, shot: Shot
) -> None:
    bench = BenchPage(lab(example / "workbench.ipynb", width=1600))
    bench.lab.run_cell("%load_ext pwmig")
    for cell, words in CELLS.items():
        bench.lab.run_cell(cell)
        output = bench.page.locator(".jp-Notebook-cell").last.locator(".jp-OutputArea-output")
        output.first.wait_for()
        said = " ".join(output.all_inner_texts())
        assert [word for word in words if word not in said] == [], cell
        assert "Traceback" not in said and "<div" not in said
    shot(bench.page, "records")
