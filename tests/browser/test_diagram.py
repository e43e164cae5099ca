"""The diagram in JupyterLab: drawn as a picture, whatever the names, in light and dark."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_project import copy_example
from strategies import HOSTILE_NAMES, quoted

from browser.axe import findings
from browser.lab import LabPage, write_notebook
from pwmig.project import Project

OpenPage = Callable[..., LabPage]

DRAWING = """\
from pwmig import Project
from pwmig.notebook.diagram import DiagramView

view = DiagramView()
before = Project.open({before!r}).schema()
after = Project.open({after!r}).schema()
"""
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


def show(page: LabPage) -> Any:
    """Run all cells; the picture that JupyterLab made."""
    page.run_all()
    picture = page.page.locator(".pwmig-diagram .jp-RenderedMermaid img")
    picture.wait_for(timeout=60_000)
    assert page.page.locator("details.jp-RenderedMermaid-Details").count() == 0, "it could not be read"
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
    roots = [copy_example(folder / name) for name in ("before", "after")]
    for root, last in zip(roots, ("fill_player_country", None)):
        project = Project.open(root)
        project.apply(to=last)
        project.database.close()
    cells = [
        DRAWING.format(before=str(roots[0]), after=str(roots[1])) + "from pwmig.diff import diff\n",
        "view.show(after, diff(before, after))\nview.box",
    ]
    page = lab(write_notebook(folder / "diagram.ipynb", cells), width=1280)
    page.theme(f"JupyterLab {theme}")
    words = words_in(show(page)).split("\n")
    shot(page.page, f"diagram-{theme.lower()}")
    assert {"olympiad (+ added)", "player (~ changed)", "country", "titles", "+ added", "PK", "winner_id"} <= set(words)
    page.page.get_by_label("Around", exact=True).fill("olympiad")
    page.page.keyboard.press("Enter")
    page.page.get_by_text("2 of 4 tables: those near olympiad.").wait_for()
    page.page.wait_for_function(
        "() => !decodeURIComponent(document.querySelector('.pwmig-diagram img').src).includes('title_match')"
    )
    page.page.get_by_text("The same in words").click()
    assert page.page.get_by_text("olympiad refers to country (winner_id)").is_visible()
    assert findings(page.page, page.page.locator(".pwmig-diagram")) == []


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_hostile_names_are_drawn_as_they_are(
    folder: Path, lab: OpenPage, shot: Callable[[Any, str], None], theme: str
) -> None:
    root = copy_example(folder / "hostile")
    connection = sqlite3.connect(root / "db" / "players.sqlite")
    for name, other in zip(NAMES, (*NAMES[1:], NAMES[0])):
        connection.execute(
            f"CREATE TABLE {quoted(name)} ({quoted(name)} INTEGER PRIMARY KEY, b REFERENCES {quoted(other)})"
        )
    connection.commit()
    connection.close()
    cells = [DRAWING.format(before=str(root), after=str(root)), "view.show(after)\nview.box"]
    page = lab(write_notebook(folder / "hostile.ipynb", cells), width=1280)
    page.theme(f"JupyterLab {theme}")
    words = [" ".join(word.split()) for word in words_in(show(page)).split("\n")]
    shot(page.page, f"diagram-hostile-{theme.lower()}")
    shown = [" ".join(name.replace("\n", "\\n").split()) for name in NAMES]
    assert [name for name in shown if name not in words] == []
