"""How the workbench looks, from 900 to 1600 px, in light and dark: nothing is cut off, and nothing jumps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from browser.bench_page import EDITOR_TABS, TABS, BenchPage
from browser.lab import LabPage


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("width", [900, 1280, 1600])
def test_nothing_is_cut_off_and_nothing_jumps(
    example: Path, lab: Callable[..., LabPage], shot: Callable[[Any, str], None], width: int, theme: str
) -> None:
    bench = BenchPage(lab(example / "workbench.ipynb", width=width, theme=theme))
    places = bench.places()

    def look(moment: str) -> None:
        bench.lab.settle()
        assert bench.overflow() == [], moment
        shot(bench.page, f"{moment}-{width}-{theme.lower()}")

    bench.click("New migration")
    editor = bench.editor
    editor.await_state("Up to date")
    heights = {editor.box.bounding_box()["height"]}
    editor.add("Add a column", Table="player", Column="level", Default="1")
    editor.await_state("Not saved · up to date")
    for name in EDITOR_TABS:
        editor.tab(name)
        look(f"editor-{name.lower()}")
        heights.add(editor.box.bounding_box()["height"])
    editor.field("Operation").select_option("Create a table")
    look("editor-create-a-table")
    heights.add(editor.box.bounding_box()["height"])
    assert len(heights) == 1, "what is below the editor moves"
    editor.click("Save")
    bench.await_pending(1)
    assert bench.places() == places, "saved"

    bench.click("Rehearse")
    assert bench.places() == places, "a run begins"
    bench.await_run("Rehearsed on a copy")
    for name in TABS:
        bench.tab(name)
        if name == "Diagram":
            bench.root.locator(".jp-RenderedMermaid img").wait_for()
        if name == "Explore":
            bench.root.get_by_text(": rows 1-").first.wait_for()
        look(name.lower())
        assert bench.places() == places, name
    bench.click("Apply to here")
    bench.await_pending(0)
    assert bench.places() == places, "applied"
    bench.click("Compare...")
    look("compare")


def test_what_is_cut_off_or_stands_out_would_be_found(example: Path, lab: Callable[..., LabPage]) -> None:
    bench = BenchPage(lab(example / "workbench.ipynb"))
    bench.root.evaluate(
        """(root) => root.insertAdjacentHTML('beforeend',
            '<button style="width: 20px; overflow: hidden">much too narrow</button>'
            + '<label style="display: block; width: 20px; white-space: nowrap">much too narrow</label>'
            + '<h3 style="height: 4px; overflow: hidden">much too low</h3>'
            + '<input style="position: relative; left: 3000px">')"""
    )
    found = [one.split("<")[0] + one.split("<")[1].split()[0] for one in bench.overflow()]
    assert found == ["cut off: button", "spills: label", "cut off: h3", "stands out: input"]
