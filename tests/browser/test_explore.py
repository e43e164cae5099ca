"""Exploring tables in JupyterLab, by clicks and keys: find one, sort, filter, turn the pages; and keep it as code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from browser.bench_page import BenchPage
from browser.lab import LabPage


@pytest.mark.parametrize(("theme", "width"), [("Light", 900), ("Dark", 1600)])
def test_a_table_is_found_and_its_rows_are_sorted_filtered_and_turned(
    example: Path, lab: Callable[..., LabPage], shot: Callable[[Any, str], None], theme: str, width: int
) -> None:
    bench = BenchPage(lab(example / "workbench.ipynb", width=width, theme=theme))
    page, root = bench.page, bench.tab("Explore")
    find = root.get_by_label("Find table", exact=True)
    find.click()
    page.keyboard.type("layer")
    root.get_by_text("1 of 4", exact=True).wait_for()
    page.keyboard.press("Enter")
    root.get_by_text("player: rows 1-20 of ").wait_for()
    root.get_by_text("What it is made of").click()
    assert root.get_by_role("cell", name="VARCHAR(100) NOT NULL").is_visible()
    shot(page, f"explore-{width}-{theme.lower()}")

    root.get_by_label("Filter", exact=True).select_option("birth_year")
    root.get_by_label("Condition", exact=True).select_option(">=")
    root.get_by_label("Sort by", exact=True).select_option("birth_year")
    root.get_by_label("Descending", exact=True).check()
    root.get_by_label("Value", exact=True).fill("1940")
    page.keyboard.press("Enter")
    root.get_by_text(" that match; ").first.wait_for()
    years = [int(cell) for cell in root.locator(".pwmig-page tbody tr td:nth-child(3)").all_inner_texts()]
    assert years == sorted(years, reverse=True) and min(years) >= 1940
    bench.await_in_code(
        "workbench.explore('player', where=[('birth_year', '>=', '1940')], order_by='birth_year', descending=True)"
    )
    assert bench.overflow() == []
    shot(page, f"explore-filtered-{width}-{theme.lower()}")

    root.get_by_label("Filter", exact=True).select_option(index=0)
    root.get_by_role("button", name="Show rows", exact=True).click()
    root.get_by_text("player: rows 1-20 of ").wait_for()
    root.get_by_role("button", name="Next page", exact=True).click()
    root.get_by_text("player: rows 21-").wait_for()
    line = "workbench.explore('player', order_by='birth_year', descending=True, page=2)"
    bench.await_in_code(line)
    shown = root.locator(".pwmig-page tbody tr").first.inner_text().split("\t")
    assert bench.lab.run_cell(f"print({line}.frame['name'].iloc[0])").strip() == shown[1]
