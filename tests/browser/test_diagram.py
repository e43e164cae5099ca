"""The diagram in JupyterLab: drawn as a picture, whatever the names, in light and dark."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_project import copy_example
from strategies import HOSTILE_NAMES, quoted

from browser.bench_page import CELL, BenchPage, expect
from browser.lab import LabPage, write_notebook
from pwmig.project import Project

OpenPage = Callable[..., LabPage]

NAMES = (
    *(name for name in HOSTILE_NAMES if name not in ("player", "order", "it's")),  # no more than are drawn at once
    "pk",
    "direction TB",
    "%%{init}%%",
    "`_*a*_`",
    "#35;",
    "- list",
    "</text><script>alert(1)</script>",
)


def drawn(bench: BenchPage) -> Any:
    """The picture that JupyterLab made, in the tab of the diagram."""
    tab = bench.tab("Diagram")
    picture = tab.locator(".jp-RenderedMermaid img")
    picture.wait_for(timeout=60_000)
    assert tab.locator("details.jp-RenderedMermaid-Details").count() == 0, "it could not be read"
    assert picture.evaluate("(image) => image.decode().then(() => image.clientWidth)") > 100
    return picture


def words_in(picture: Any) -> str:
    """The letters of the picture: an SVG with its labels as HTML inside."""
    return str(
        picture.evaluate(
            """(image) => {
                const text = decodeURIComponent(image.src.slice(image.src.indexOf(',') + 1));
                const svg = new DOMParser().parseFromString(text, 'image/svg+xml');
                if (svg.querySelector('parsererror, script, img')) return 'broken or dangerous';
                return [...svg.querySelectorAll('.label p, .nodeLabel p, .edgeLabel p')]
                    .map((label) => label.textContent).join('\\n');
            }"""
        )
    )


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_example_is_drawn_with_its_changes(
    folder: Path, lab: OpenPage, shot: Callable[[Any, str], None], theme: str
) -> None:
    root = copy_example(folder / "players")
    project = Project.open(root)
    project.apply(to="fill_player_country")
    project.database.close()
    bench = BenchPage(lab(write_notebook(root / "workbench.ipynb", [CELL]), theme=theme))
    bench.choose("load_olympiads")
    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    words = words_in(drawn(bench)).split("\n")
    bench.picture(shot, f"diagram-{theme.lower()}")
    assert {"olympiad (+ added)", "player (~ changed)", "country", "titles", "+ added", "PK", "winner_id"} <= set(words)
    bench.field("Around").fill("olympiad")
    bench.page.keyboard.press("Enter")
    note = bench.root.locator(".pwmig-diagram-note")
    expect(note).to_have_text("2 of 4 tables: those near olympiad.")
    bench.page.wait_for_function(
        "() => !decodeURIComponent(document.querySelector('.pwmig-diagram img').src).includes('title_match')"
    )
    bench.root.get_by_text("The same in words").click()
    assert bench.root.get_by_text("olympiad refers to country (winner_id)").is_visible()


def test_hostile_names_are_drawn_as_they_are(folder: Path, lab: OpenPage, shot: Callable[[Any, str], None]) -> None:
    root = copy_example(folder / "hostile")
    connection = sqlite3.connect(root / "db" / "players.sqlite")
    for name, other in zip(NAMES, (*NAMES[1:], NAMES[0])):
        connection.execute(
            f"CREATE TABLE {quoted(name)} ({quoted(name)} INTEGER PRIMARY KEY, b REFERENCES {quoted(other)})"
        )
    connection.commit()
    connection.close()
    bench = BenchPage(lab(write_notebook(root / "workbench.ipynb", [CELL]), theme="Dark"))
    words = [" ".join(word.split()) for word in words_in(drawn(bench)).split("\n")]
    shot(bench.page, "diagram-hostile")
    shown = [" ".join(name.replace("\n", "\\n").split()) for name in NAMES]
    assert [name for name in shown if name not in words] == []
