"""Exploring tables in JupyterLab, by clicks and keys: find one, sort, filter, turn the pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_project import copy_example

from browser.axe import findings
from browser.lab import LabPage, write_notebook
from pwmig.project import Project

OpenPage = Callable[..., LabPage]

CELL = """\
import threading
import ipywidgets as w
from pwmig import Project
from pwmig.notebook.explore import Explore
from pwmig.notebook.views import style_html

project = Project.open({root!r})
told = []
explore = Explore(lambda: project, lambda do: threading.Thread(target=do).start(), told.append)
explore.offer(project.schema())
box = w.VBox([w.HTML(style_html()), explore.box])
box.add_class("pwmig-bench")
box"""


@pytest.fixture
def notebook(folder: Path) -> Path:
    root = copy_example(folder / "players")
    project = Project.open(root)
    project.apply()
    project.database.close()
    return write_notebook(folder / "explore.ipynb", [CELL.format(root=str(root))])


@pytest.mark.parametrize(
    ("theme", "width"),
    [("Light", 900), ("Light", 1280), ("Light", 1600), ("Dark", 900), ("Dark", 1280), ("Dark", 1600)],
)
def test_a_table_is_found_and_its_rows_are_sorted_filtered_and_turned(
    notebook: Path, lab: OpenPage, shot: Callable[[Any, str], None], theme: str, width: int
) -> None:
    page = lab(notebook, width=width)
    page.theme(f"JupyterLab {theme}")
    page.run_all()
    root = page.page.locator(".pwmig-explore")
    find = root.get_by_label("Find table", exact=True)
    find.click()
    page.page.keyboard.type("layer")
    root.get_by_text("1 of 4", exact=True).wait_for()
    page.page.keyboard.press("Enter")
    root.get_by_text("player: rows 1-20 of ").wait_for()
    assert root.get_by_role("cell", name="VARCHAR(100) NOT NULL").is_visible()
    shot(page.page, f"explore-{width}-{theme.lower()}")

    root.get_by_label("Filter", exact=True).select_option("birth_year")
    root.get_by_label("Condition", exact=True).select_option(">=")
    root.get_by_label("Sort by", exact=True).select_option("birth_year")
    root.get_by_label("Descending", exact=True).check()
    root.get_by_label("Value", exact=True).fill("1940")
    page.page.keyboard.press("Enter")
    root.get_by_text(" that match; ").first.wait_for()
    years = [int(cell) for cell in root.locator(".pwmig-page tbody tr td:nth-child(3)").all_inner_texts()]
    assert years == sorted(years, reverse=True) and min(years) >= 1940
    shot(page.page, f"explore-filtered-{width}-{theme.lower()}")

    root.get_by_label("Filter", exact=True).select_option(index=0)
    root.get_by_role("button", name="Show rows", exact=True).click()
    root.get_by_text("player: rows 1-20 of ").wait_for()
    root.get_by_role("button", name="Next page", exact=True).click()
    root.get_by_text("player: rows 21-").wait_for()
    told = page.run_cell("print(told[-1])")
    assert told.strip() == "explore('player', order_by='birth_year', descending=True, page=2)"
    assert cut_off(root) == [] and findings(page.page, root) == []


def cut_off(root: Any) -> list[str]:
    """What stands out of the box sideways, or is too narrow for what it says."""
    return list(
        root.evaluate(
            """(root) => {
                const box = root.getBoundingClientRect();
                return [...root.querySelectorAll('button, input, select, label, summary')].filter((node) => {
                    const place = node.getBoundingClientRect();
                    const cut = ['BUTTON', 'LABEL'].includes(node.tagName) && node.scrollWidth > node.clientWidth + 1;
                    return place.width > 0 && (cut || place.right > box.right + 1 || place.left < box.left - 1);
                }).map((node) => node.outerHTML.slice(0, 120));
            }"""
        )
    )
