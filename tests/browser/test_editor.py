"""The editor in JupyterLab by clicks and keys alone: form, code, preview, problems at their line, save, open again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from example_project import write_migration
from projects import state

from browser.bench_page import BenchPage, expect
from browser.lab import LabPage
from pwmig.project import Project

OpenPage = Callable[..., LabPage]
Shot = Callable[[Any, str], None]

LEVEL = "Add a column: player, level, IntegerField(default=1)"
NICK = "Add a column: player, nick, TextField(null=True)"


def source_of(root: Path, name: str) -> str:
    """The text of the one migration whose name ends so."""
    (made,) = [file for file in Project.open(root).files() if file.name.endswith(name)]
    return Path(made.path).read_text()


def test_two_operations_are_put_in_order_seen_live_saved_and_opened_again(
    example: Path, lab: OpenPage, shot: Shot
) -> None:
    before = state(example / "db" / "players.sqlite")
    bench = BenchPage(lab(example / "workbench.ipynb", width=1600, theme="Dark"))
    bench.click("New migration")
    editor = bench.editor
    editor.await_state("Up to date")
    assert "def migrate_forward():" in editor.code.input_value(), "the template"
    editor.add("Add a column", Table="player", Column="level", Default="1")
    editor.field("Kind").select_option("Text")
    editor.field("May be NULL").check()
    editor.add("Add a column", Column="nick")
    editor.add("Drop a column", Table="player", Column="titles")
    expect(editor.box.get_by_label("Operations", exact=True).locator("option")).to_have_count(3)
    assert editor.operations() == [LEVEL, NICK, "Drop a column: player, titles"]
    editor.await_state("Not saved · up to date")
    assert "102 rows" in editor.box.locator(".pwmig-editor-says").inner_text(), "what would be lost is said"

    editor.choose(2)
    editor.click("Remove")
    expect(editor.box.get_by_label("Operations", exact=True).locator("option")).to_have_count(2)
    editor.choose(1)
    editor.click("Up")
    expect(editor.box.get_by_label("Operations", exact=True).locator("option").first).to_contain_text("nick")
    assert editor.operations() == [NICK, LEVEL]
    editor.await_state("Not saved · up to date")
    assert "titles" not in editor.code.input_value()
    sql = editor.tab("SQL").inner_text()
    assert 0 < sql.index('"nick"') < sql.index('"level"')
    assert "level" in editor.tab("Schema").get_by_role("row").filter(has_text="+ added").last.inner_text()
    rows = editor.tab("Rows")
    assert rows.get_by_role("columnheader", name="+ level after").is_visible()
    assert rows.locator("tr", has_text="Wilhelm Steinitz").locator("td", has_text="NULL").count() == 1
    shot(bench.page, "editor-two-operations")
    assert state(example / "db" / "players.sqlite") == before

    name = editor.field("Name")
    name.fill("two_columns")
    name.press("Tab")
    editor.click("Save")
    bench.await_pending(1)
    assert bench.timeline()[-1] == ("pending", "two_columns")
    text = source_of(example, "_two_columns")
    assert text.index("nick") < text.index("level")

    bench.click("Edit")
    editor.await_state("Saved · up to date")
    editor.tab("Code")
    assert editor.code.input_value() == text and editor.operations() == [NICK, LEVEL]
    assert editor.tab("Rows").get_by_role("columnheader", name="+ level after").is_visible()
    editor.choose(1)
    expect(editor.field("Default")).to_have_value("1")
    editor.field("Default").fill("7")
    editor.click("Replace")
    editor.await_state("Not saved · up to date")
    editor.click("Close")
    bench.question.wait_for()
    assert "is not saved" in bench.question.inner_text()
    editor.click("Go on editing")
    editor.click("Save")
    bench.button("Rehearse").wait_for()
    assert "default=7" in source_of(example, "_two_columns")


def test_code_is_edited_in_place_with_a_problem_at_its_line_mended_and_saved(
    example: Path, lab: OpenPage, shot: Shot
) -> None:
    bench = BenchPage(lab(example / "workbench.ipynb", width=900))
    bench.click("New migration")
    editor = bench.editor
    editor.add("Add a column", Table="player", Column="level", Default="1")
    editor.await_state("Not saved · up to date")
    code = editor.code
    code.click()
    code.press("Control+End")
    bench.page.keyboard.type("\n\ndef (:")
    editor.await_state("invalid syntax")
    line = code.input_value().split("\n").index("def (:") + 1
    assert f"line {line}: " in editor.box.locator(".pwmig-editor-state").inner_text()
    assert f"{line}  def (:" in editor.box.locator("mark").inner_text()
    shot(bench.page, "editor-problem")
    editor.click("Save")
    editor.box.locator(".pwmig-error").get_by_role("alert").wait_for()
    assert not any("level" in file.name for file in Project.open(example).files()), "it can't be read"
    code.press("Tab")
    assert bench.page.evaluate("() => document.activeElement.tagName") != "TEXTAREA", "Tab leaves the code"

    code.fill(code.input_value().replace("\n\ndef (:", "").replace("default=1", "default=9"))
    editor.box.locator("option", has_text="default=9").wait_for(state="attached")
    editor.await_state("Not saved · up to date")
    code.fill(code.input_value().replace("def migrate_backward", "LEVEL = 1\n\n\ndef migrate_backward"))
    expect(editor.button("Back to the operations")).to_be_enabled()
    assert editor.button("Add").is_disabled(), "what was edited by hand is not overwritten by the form"
    editor.await_state("Not saved · up to date")
    editor.click("Save")
    bench.await_pending(1)
    text = source_of(example, "_add_player_level")
    assert "default=9" in text and "LEVEL = 1" in text


FAILS = (
    "from db.migrations_config import database\n\n\n"
    'def migrate_forward():\n    database.execute_sql("CREATE TABLE club (id INTEGER PRIMARY KEY)")\n'
    '    database.execute_sql("UPDATE player SET nickname = name")\n\n\n'
    'def migrate_backward():\n    database.execute_sql("DROP TABLE club")\n'
)


def test_a_migration_that_fails_says_where_and_what_to_do_and_is_mended(
    example: Path, lab: OpenPage, shot: Shot
) -> None:
    write_migration(example, "20260101_090000_club", FAILS)
    start = state(example / "db" / "players.sqlite")
    bench = BenchPage(lab(example / "workbench.ipynb"))
    bench.await_pending(1)
    bench.click("Apply to here")
    bench.alert.first.wait_for()
    bench.await_idle()
    said = bench.alert.first.inner_text()
    assert "no such column: nickname" in said and "Way out" in said
    assert bench.timeline()[-1] == ("failed", "club")
    plan = bench.tab("Plan")
    assert "It stopped when it was last tried, at line 6" in plan.inner_text()
    assert '6      database.execute_sql("UPDATE' in plan.locator("mark").inner_text()
    assert state(example / "db" / "players.sqlite") == start
    shot(bench.page, "failed")

    bench.click("Edit")
    bench.editor.await_state("line 6: OperationalError: no such column: nickname")
    code = bench.editor.code
    code.fill(code.input_value().replace("SET nickname = name", "SET name = name"))
    bench.editor.await_state("Not saved · up to date")
    bench.editor.click("Save")
    bench.button("Apply to here").wait_for()
    bench.click("Apply to here")
    bench.await_pending(0)
    assert bench.timeline()[-1] == ("applied", "club")
