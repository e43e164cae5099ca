"""From edited models to an applied migration in JupyterLab: the questions answered by clicks, and by keys alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_project import columns, contents
from projects import states

from browser.axe import findings
from browser.bench_page import BenchPage, expect
from browser.lab import LabPage
from pwmig.project import Project

OpenPage = Callable[..., LabPage]
Shot = Callable[[Any, str], None]

WAIT_MS = 60_000
RENAME = "1. Is column player.birth_year now called born?"
FILL = "1. Column player.died can't be NULL any more: what do the rows there get?"
YES = "Yes: its values stay, in born"
VALUE = "Value for player.died (INTEGER)"


def edit_models(root: Path) -> None:
    """A column gets another name, another one becomes required, a third goes and a table comes."""
    models = root / "db" / "models.py"
    text = models.read_text()
    for old, new in (
        ("    birth_year = IntegerField(index=True)\n", "    born = IntegerField(index=True)\n"),
        ("    died = IntegerField(null=True)\n", "    died = IntegerField()\n"),
        ("    titles = IntegerField(default=0)\n", ""),
        ("    city = CharField(max_length=40)\n", "    city = CharField(max_length=60)\n"),
    ):
        assert old in text
        text = text.replace(old, new)
    models.write_text(text + "\n\nclass Club(BaseModel):\n    name = CharField(max_length=60, unique=True)\n")


def dead(root: Path) -> list[Any]:
    return [dict(row).get("died") for row in contents(root)["player"]]


def test_models_are_edited_questions_answered_and_the_migration_saved_and_applied(
    example: Path, lab: OpenPage, shot: Shot
) -> None:
    living = dead(example).count(None)
    edit_models(example)
    bench = BenchPage(lab(example / "workbench.ipynb"))
    editor = bench.editor
    bench.click("New migration")
    editor.await_state("Up to date")
    editor.click("From the models")
    bench.root.get_by_text(RENAME).wait_for(timeout=WAIT_MS)
    asked = bench.root.get_by_role("group", name=RENAME)
    expect(asked.get_by_role("radio")).to_have_count(2)
    expect(asked).to_have_accessible_description(re.compile("% likely: "))
    editor.click("Go on")
    bench.root.get_by_role("alert").get_by_text("1 question has no answer yet").wait_for()
    editor.field(YES).check()
    editor.click("Go on")
    bench.root.get_by_text(FILL).wait_for(timeout=WAIT_MS)
    bench.root.get_by_text(f"{living} rows hold NULL in it").wait_for()
    expect(bench.root.get_by_role("group", name=FILL).get_by_role("textbox")).to_have_accessible_description(
        re.compile(f"{living} rows hold NULL in it")
    )
    editor.field(VALUE).fill("never")
    editor.click("Go on")
    bench.alert.get_by_text("'never' can't be filled into player.died").wait_for(timeout=WAIT_MS)
    editor.field(VALUE).fill("9999")
    editor.click("Go on")
    bench.root.get_by_text("column player.titles goes with its values; the attic keeps them").wait_for(timeout=WAIT_MS)
    editor.await_state("Not saved · up to date")
    assert 'rename_column("player", "birth_year", "born")' in editor.code.input_value()
    bench.await_in_code("workbench.from_models(renames=('player.birth_year:born',), fills=('player.died=9999',))")
    editor.field("Name").fill("bring_in_line")
    editor.click("Save")
    bench.await_pending(1)
    bench.click("Apply to here")
    bench.question.get_by_text("player.titles").wait_for(timeout=WAIT_MS)
    bench.click("Apply all the same")
    bench.await_pending(0)
    assert states(Project.open(example))["bring_in_line"] == "applied"
    assert dead(example).count(9999) == living and "born" in columns(example, "player")

    bench.click("New migration")
    editor.click("From the models")
    bench.root.get_by_text("Nothing to do: the database is what the models declare.").wait_for(timeout=WAIT_MS)


def test_questions_are_answered_by_keys_alone(example: Path, lab: OpenPage) -> None:
    edit_models(example)
    bench = BenchPage(lab(example / "workbench.ipynb"))
    editor, press = bench.editor, bench.page.keyboard.press
    bench.click("New migration")
    editor.await_state("Up to date")
    editor.button("From the models").focus()
    press("Space")
    bench.root.get_by_text(RENAME).wait_for(timeout=WAIT_MS)

    def tab_to(name: str) -> None:
        place = editor.button(name) if name in ("Go on", "Back") else editor.field(name)
        for _ in range(12):
            if place.evaluate("(node) => node === document.activeElement"):
                return
            press("Tab")
        raise AssertionError(f"Tab does not come to {name}")

    tab_to(YES)
    press("Space")
    expect(editor.field(YES)).to_be_checked()
    tab_to("Go on")
    press("Space")
    bench.root.get_by_text(FILL).wait_for(timeout=WAIT_MS)
    tab_to(VALUE)
    bench.page.keyboard.type("9999")
    tab_to("Go on")
    press("Space")
    editor.await_state("Not saved · up to date")


@pytest.mark.parametrize(("width", "theme"), [(900, "Light"), (1280, "Dark"), (1600, "Light")])
def test_questions_and_files_are_seen_whole_and_read_by_all(
    example: Path, lab: OpenPage, shot: Shot, width: int, theme: str
) -> None:
    edit_models(example)
    bench = BenchPage(lab(example / "workbench.ipynb", width=width, theme=theme))
    editor = bench.editor

    def look(moment: str) -> None:
        bench.lab.settle()
        shot(bench.page, f"models-{moment}-{width}-{theme.lower()}")
        assert bench.overflow() == [], moment
        assert findings(bench.page, bench.root) == [], moment

    bench.click("New migration")
    editor.await_state("Up to date")
    look("before")
    editor.click("From the models")
    bench.root.get_by_text(RENAME).wait_for(timeout=WAIT_MS)
    look("rename")
    editor.field(YES).check()
    editor.click("Go on")
    bench.root.get_by_text(FILL).wait_for(timeout=WAIT_MS)
    look("fill")
    editor.field(VALUE).fill("9999")
    editor.click("Go on")
    editor.await_state("Not saved · up to date")
    look("drafted")
    editor.field("A file for each change").check()
    bench.root.get_by_text("files, in this order:").wait_for(timeout=WAIT_MS)
    editor.await_state("Not saved · up to date")
    look("files")
