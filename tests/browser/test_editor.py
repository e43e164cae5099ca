"""The editor in JupyterLab by clicks and keys alone: form, code, preview, problems at their line, save."""

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

CELLS = [
    """\
import threading
import ipywidgets as w
from pwmig.notebook.bench import Bench, nearest_project
from pwmig.notebook.editor import Editor
from pwmig.notebook.views import style_html

bench = Bench(nearest_project({root!r}))
bench.read()
said = []
editor = Editor(
    bench,
    lambda do: threading.Thread(target=do, daemon=True).start(),
    lambda path, line: said.append(line),
    lambda: said.append("closed"),
)
editor.new()
""",
    """\
root = w.VBox([w.HTML(style_html()), editor.box])
root.add_class("pwmig-bench")
root
""",
]
WAIT_MS = 20_000


class EditorPage:
    """The editor on a page, by the names that a person reads."""

    def __init__(self, page: LabPage) -> None:
        self.lab = page
        self.page = page.page
        self.box = self.page.locator(".pwmig-editor")

    def field(self, label: str) -> Any:
        return self.box.get_by_label(label, exact=True).locator("visible=true")

    def button(self, name: str) -> Any:
        return self.box.get_by_role("button", name=name, exact=True)

    def tab(self, name: str) -> None:
        self.box.get_by_role("tab", name=name, exact=True).click()

    def await_state(self, text: str) -> None:
        self.box.locator(".pwmig-editor-state", has_text=text).wait_for(timeout=WAIT_MS)


@pytest.fixture
def root(folder: Path) -> Path:
    root = copy_example(folder / "players")
    project = Project.open(root)
    project.apply()
    project.database.close()
    return root


def open_editor(lab: OpenPage, folder: Path, root: Path, width: int = 1280) -> EditorPage:
    page = lab(write_notebook(folder / "editor.ipynb", [cell.format(root=str(root)) for cell in CELLS]), width=width)
    page.run_all()
    found = EditorPage(page)
    found.box.wait_for(timeout=WAIT_MS)
    return found


def test_a_migration_is_written_by_a_form_seen_changed_in_its_code_and_saved(
    folder: Path, root: Path, lab: OpenPage, shot: Callable[[Any, str], None]
) -> None:
    editor = open_editor(lab, folder, root)
    editor.await_state("Up to date")
    editor.field("Table").select_option("player")
    editor.field("Column").fill("level")
    editor.field("Default").fill("1")
    editor.button("Add").click()
    editor.await_state("Not saved · up to date")
    assert editor.field("Name").input_value() == "add_player_level"
    editor.tab("Rows")
    editor.box.get_by_role("columnheader", name="level").first.wait_for(timeout=WAIT_MS)
    shot(editor.page, "editor-rows")
    editor.tab("Code")
    code = editor.field("Code")
    code.fill(code.input_value().replace("default=1", "default=7"))
    editor.box.locator("option", has_text="default=7").wait_for(state="attached", timeout=WAIT_MS)
    editor.await_state("Not saved · up to date")
    editor.button("Save").click()
    editor.await_state("Saved")
    (made,) = [file for file in Project.open(root).files() if file.name.endswith("_add_player_level")]
    assert "default=7" in Path(made.path).read_text()


def test_a_problem_is_shown_at_its_line_and_keys_alone_lead_out_of_the_code(
    folder: Path, root: Path, lab: OpenPage, shot: Callable[[Any, str], None]
) -> None:
    editor = open_editor(lab, folder, root, width=900)
    code = editor.field("Code")
    code.click()
    code.press("Control+End")
    editor.page.keyboard.type("def (:")
    editor.await_state("invalid syntax")
    assert "def (:" in editor.box.locator("mark").inner_text()
    shot(editor.page, "editor-problem")
    code.press("Tab")
    assert editor.page.evaluate("() => document.activeElement.tagName") != "TEXTAREA", "Tab leaves the code"
    editor.button("Back to the operations").click()
    editor.await_state("Up to date")
    editor.button("Close").click()
    assert "closed" in editor.lab.run_cell("said")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("width", [900, 1280, 1600])
def test_nothing_is_cut_off_nothing_jumps_and_axe_finds_nothing(
    folder: Path, root: Path, lab: OpenPage, shot: Callable[[Any, str], None], theme: str, width: int
) -> None:
    editor = open_editor(lab, folder, root, width)
    editor.lab.theme(f"JupyterLab {theme}")
    editor.field("Operation").select_option("Create a table")
    height = editor.box.bounding_box()["height"]
    editor.box.get_by_role("textbox", name="Table", exact=True).fill("club")
    editor.box.locator(".pwmig-editor-left > .widget-hbox").get_by_role("button", name="Add").click()
    editor.await_state("Not saved · up to date")
    for tab in ("SQL", "Schema", "Rows", "Code"):
        editor.tab(tab)
        assert findings(editor.page, editor.box) == []
        assert editor.box.bounding_box()["height"] == height, f"{tab} moves what is below"
        assert cut_off(editor.box) == [], tab
    shot(editor.page, f"editor-{width}-{theme.lower()}")


def cut_off(box: Any) -> list[str]:
    """The texts of buttons, labels and headings that stand out of the editor or are wider than their place."""
    return list(
        box.evaluate(
            """(box) => {
                const right = box.getBoundingClientRect().right + 1;
                const wrong = [];
                for (const node of box.querySelectorAll('button, label, h3, select, input, textarea')) {
                    const place = node.getBoundingClientRect();
                    if (!place.width) continue;
                    if (place.right > right) wrong.push('out: ' + (node.textContent || node.tagName).slice(0, 40));
                    if (node.matches('button, label') && node.scrollWidth > node.clientWidth + 1)
                        wrong.push('cut: ' + node.textContent.slice(0, 40));
                }
                return wrong;
            }"""
        )
    )
