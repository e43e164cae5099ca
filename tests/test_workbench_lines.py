"""What a click leaves: the call that does the same; and what the workbench keeps on view of a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from projects import CREATE_PLAYER, sql_migration, state, states, write_project
from test_workbench import ADD_LEVEL, FILL, LEVEL, MIGRATIONS, click, database_file, html_views

from pwmig.errors import MigrationFailed, PwmigError
from pwmig.notebook import Workbench
from pwmig.notebook.bench import ConfirmationNeeded
from pwmig.notebook.lines import Lines, call
from pwmig.notebook.timeline import age_text, state_text, timeline_options
from pwmig.operations import AddColumn, ColumnSpec
from pwmig.plan import MigrationStatus, State
from pwmig.project import Project

FAILS = "from db.migrations_config import database\n\n\ndef migrate_forward():\n    raise ValueError('no')\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "players", MIGRATIONS)


@pytest.fixture
def bench(root: Path) -> Workbench:
    return Workbench(root)


def run_line(bench: Workbench, line: str) -> object:
    """A line as it stands in a cell of its own."""
    return eval(line, {"workbench": bench, "AddColumn": AddColumn, "ColumnSpec": ColumnSpec})


# Lines


def test_each_click_is_kept_as_the_call_that_does_the_same(bench: Workbench, root: Path) -> None:
    start = state(database_file(root))
    bench.select("add_player_level")
    click(bench.face.rehearse, bench)
    click(bench.face.apply, bench)
    bench.select("zero")
    click(bench.face.revert, bench)
    click(bench.face.yes, bench)
    assert bench.lines == (
        f"workbench.rehearse('{LEVEL}')",
        f"workbench.apply('{LEVEL}')",
        "workbench.revert('zero')",
        "workbench.revert('zero', confirm=True)",
    )
    assert bench.lines[-1] in bench.face.log.value.replace("&#x27;", "'")
    assert bench.lines[-1] in bench.face.status.value.replace("&#x27;", "'")
    run_line(bench, bench.lines[1])
    assert set(states(Project.open(root)).values()) == {"applied"}
    with pytest.raises(ConfirmationNeeded):
        run_line(bench, bench.lines[2])
    run_line(bench, bench.lines[3])
    assert state(database_file(root)) == start


def test_looking_is_kept_as_well(bench: Workbench) -> None:
    bench.apply()
    bench.face.rows.choice.value = "player"
    bench.face.changed_only.value = True
    bench.face.start.value, bench.face.end.value = "zero", "now"
    click(bench.face.run_comparison, bench)
    bench.face.differing.before.value, bench.face.differing.after.value = "history", "live"
    click(bench.face.differing.run, bench)
    click(bench.face.refresh, bench)
    bench.face.new.click()
    lines = [line.removeprefix("workbench.") for line in bench.lines]
    looked = ["rows('player', changed_only=True)", "compare('zero', 'now')", "diff('history', 'live')"]
    assert lines == [*looked, "refresh()", "new()"]
    for line in bench.lines:
        run_line(bench, line)


def test_what_the_editor_writes_is_a_line_that_writes_it_again(bench: Workbench, root: Path) -> None:
    bench.apply()
    bench.new()
    bench.editor.add(AddColumn("player", ColumnSpec("elo", "IntegerField", default=1500)))
    written = bench.editor.save().read_text()
    assert not bench.face.layout.editing and bench.selected.endswith("add_player_elo")
    (root / "db" / "migrations" / f"{bench.selected}.py").unlink()
    again = run_line(bench, bench.lines[-1])
    assert isinstance(again, Path) and again.read_text() == written


@pytest.mark.parametrize(
    ("args", "named", "text"),
    [
        ((), {}, "f()"),
        (("a'b\n",), {}, 'f("a\'b\\n")'),
        (("x",), {"confirm": True, "where": [("a", "=", "1")]}, "f('x', confirm=True, where=[('a', '=', '1')])"),
    ],
)
def test_a_call_holds_its_values_as_literals(args: tuple[object, ...], named: dict[str, object], text: str) -> None:
    assert call("f", *args, **named) == text


def test_the_same_line_twice_in_a_row_is_kept_once_and_old_ones_go() -> None:
    lines = Lines(object())
    for number in range(500):
        lines.add(call("select", str(number // 2)))
    assert len(lines.all) == 200 and lines.last == "workbench.select('249')"


def test_the_second_click_is_kept_as_what_was_asked_about_whatever_is_selected_since(bench: Workbench) -> None:
    bench.apply()
    bench.select("fill_player")
    click(bench.face.revert, bench)
    bench.select("create_player")
    click(bench.face.yes, bench)
    assert bench.lines[-1] == "workbench.revert('20250101_000001_fill_player', confirm=True)"
    assert list(bench.status()["state"]) == ["applied", "applied", "pending"]
    with pytest.raises(ConfirmationNeeded):
        bench.revert("zero")
    click(bench.face.yes, bench)
    assert bench.lines[-1] == "workbench.revert('zero', confirm=True)"


def test_looking_around_leaves_a_message_where_it_is(root: Path) -> None:
    bench = Workbench(write_project(root, {**MIGRATIONS, "fails": FAILS}))
    click(bench.face.apply, bench)
    assert "no" in bench.face.error.text.value
    bench.face.timeline.widget.value = LEVEL
    bench.face.layout.turn_to("Log")
    assert bench.face.error.visible and bench.selected == LEVEL


def test_an_explored_table_that_a_run_took_away_is_no_error(bench: Workbench) -> None:
    bench.apply()
    bench.explore("player")
    bench.revert("zero", confirm=True)
    bench.wait(30)
    assert not bench.face.error.visible and "not there any more" in bench.explorer.state.value


def test_a_file_that_is_gone_leaves_the_timeline_when_it_is_clicked(bench: Workbench, root: Path) -> None:
    bench.apply("fill_player")
    (root / "db" / "migrations" / f"{LEVEL}.py").unlink()
    bench.face.apply.click()
    assert bench.face.error.visible and LEVEL not in dict(map(reversed, bench.face.timeline.widget.options))


@pytest.mark.parametrize("what", ["x", 1, AddColumn])
def test_what_is_no_operation_is_refused(bench: Workbench, what: object) -> None:
    with pytest.raises(PwmigError, match="is no operation"):
        bench.preview(what)  # type: ignore[arg-type]


# What stays on view


def test_the_tables_of_the_last_run_are_at_hand(bench: Workbench) -> None:
    bench.apply("fill_player")
    bench.apply()
    assert bench.last_run is not None
    rows = bench.last_run.rows("player")
    assert isinstance(rows, pd.DataFrame) and ("level", "after") in rows.columns
    pd.testing.assert_frame_equal(rows, bench.rows("player"))
    pd.testing.assert_frame_equal(bench.last_run.schema("player"), bench.schema("player"))


def test_only_changed_rows_where_that_is_wanted(root: Path) -> None:
    update = sql_migration("UPDATE player SET name = 'Mikhail Tal' WHERE id = 1")
    bench = Workbench(write_project(root, {**MIGRATIONS, "update": update}))
    bench.apply(LEVEL)
    bench.rehearse()
    assert list(bench.rows("player").index) == [1, 2, 3]
    assert list(bench.rows("player", changed_only=True).index) == [1]
    assert "Euwe" in bench.face.rows.view.value
    bench.face.changed_only.value = True
    assert "Euwe" not in bench.face.rows.view.value and "Mikhail Tal" in bench.face.rows.view.value


def test_any_two_points_are_compared_on_a_copy(bench: Workbench, root: Path) -> None:
    bench.apply("fill_player")
    before = state(database_file(root))
    run = bench.compare("create_player", LEVEL)
    assert state(database_file(root)) == before
    assert [change.kind for change in run.changes] == ["AddColumn"]
    assert "Compared on a copy: create_player -&gt; add_player_level" in bench.face.status.value
    back = bench.compare("now", "zero")
    assert [change.kind for change in back.changes] == ["DropTable"]
    assert bench.compare("now", "now").changes == ()


def test_any_two_sides_are_compared_in_a_tab_of_their_own(bench: Workbench, root: Path) -> None:
    bench.apply("fill_player")
    before = state(database_file(root))
    found = bench.diff("live", LEVEL)
    assert [change.kind for change in found.changes] == ["AddColumn"]
    face = bench.face.differing
    assert bench.face.layout.open_tab == "Diff"
    assert (face.before.value, face.after.value) == ("live", found.sides[1].text)
    assert "column player.level" in face.view.value and "Diff: 1 difference" in bench.face.status.value
    assert bench.diff("history", "live").changes == () and "no drift" in face.view.value.lower()
    with pytest.raises(PwmigError, match="nobody"):
        bench.diff("nobody", "live")
    assert "nobody" in bench.face.error.text.value
    assert state(database_file(root)) == before
    bench.refresh()
    assert bench.bench.difference is not None and bench.bench.difference.changes == bench.bench.drift


def test_code_that_is_no_file_is_rehearsed_and_leaves_none(bench: Workbench, root: Path) -> None:
    bench.apply("fill_player")
    files, before = sorted((root / "db" / "migrations").iterdir()), state(database_file(root))
    run = bench.preview(AddColumn("player", ColumnSpec("elo", "IntegerField", null=True)))
    assert [change.describe() for change in run.changes] == [run.changes[0].describe()] and bench.last_run is run
    assert run.before is not None and run.before.schema.table("player").column("level"), "after all that is pending"
    assert bench.preview(source=ADD_LEVEL.replace("level", "grade"), replaces=LEVEL).changes[0].table == "player"
    assert sorted((root / "db" / "migrations").iterdir()) == files and state(database_file(root)) == before


def test_an_edited_file_is_written_and_an_applied_one_is_not(bench: Workbench, root: Path) -> None:
    bench.apply("fill_player")
    text = ADD_LEVEL.replace("default=1", "default=7")
    assert bench.edit("add_player_level", text).read_text() == text  # type: ignore[union-attr]
    with pytest.raises(PwmigError, match="applied"):
        bench.edit("fill_player", text)
    assert "default=7" in bench.bench.project.source(LEVEL)
    bench.edit("add_player_level")
    assert bench.face.layout.editing and bench.editor.draft.code == text
    bench.editor.close()
    assert not bench.face.layout.editing


# Failures


def test_a_failed_migration_is_marked_with_its_line_until_it_is_mended(root: Path) -> None:
    bench = Workbench(write_project(root, {**MIGRATIONS, "fails": FAILS}))
    with pytest.raises(MigrationFailed):
        bench.apply()
    bench.select("fails")
    label = {name: label for label, name in bench.face.timeline.widget.options}[bench.selected]
    assert label.startswith("✗ failed")
    assert "at line 5" in bench.face.plan.value and "Way out" in bench.face.plan.value
    assert '<mark class="pwmig-marked">' in bench.face.plan.value
    assert set(bench.status()["state"]) == {"pending"}, "its rehearsal stopped it before anything was touched"
    bench.edit("fails", FAILS.replace("raise ValueError('no')", "pass"))
    assert "✗ failed" not in str(bench.face.timeline.widget.options) and "pwmig-marked" not in bench.face.plan.value
    bench.apply()
    assert set(bench.status()["state"]) == {"applied"}


# Tabs


def test_a_table_is_explored_page_by_page(bench: Workbench) -> None:
    bench.apply()
    page = bench.explore("player", where=[("name", "contains", "u")], order_by="name")
    assert list(page.frame["name"]) == ["Euwe"]
    assert bench.face.layout.open_tab == "Explore" and "Euwe" in bench.explorer.rows.value
    with pytest.raises(PwmigError, match="'nick'"):
        bench.explore("player", order_by="nick")
    assert bench.face.error.visible


def test_a_diagram_marks_what_the_last_run_changed(bench: Workbench) -> None:
    bench.apply("fill_player")
    bench.compare("now")
    assert bench.diagram().sentences == ()
    bench.rehearse()
    drawn = bench.diagram("player")
    assert "player.level: + added" in drawn.sentences and drawn.text.startswith("erDiagram")
    assert set(drawn._repr_mimebundle_()) == {"text/vnd.mermaid", "text/plain"}
    bench.face.layout.turn_to("Diagram")
    assert bench.screen._diagram.diagram is not None


# The timeline

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(hours=23), "23 h"),
        (timedelta(days=29), "29 d"),
        (timedelta(days=40), "1 mo"),
        (timedelta(days=800), "2 y"),
        (timedelta(seconds=-5), ""),
    ],
)
def test_an_age_is_said_in_one_unit(ago: timedelta, said: str) -> None:
    assert age_text(NOW - ago, NOW) == said


def test_a_state_says_when_by_whom_and_how_long() -> None:
    applied = MigrationStatus(
        "20260430_120000_a", State.APPLIED, None, "2026-05-01T11:57:00+00:00", "ada@host", 0.25, "run"
    )
    assert state_text(applied, (), NOW) == "✓ applied 3 min ago by ada@host, in 0.250 s"
    pending = MigrationStatus("20260430_120000_a", State.PENDING)
    assert state_text(pending, (), NOW) == "○ pending, written 1 d ago"
    assert state_text(pending, {pending.name}, NOW) == "✗ failed, written 1 d ago"
    odd = MigrationStatus("20269999_120000_a", State.PENDING)
    assert state_text(odd, (), NOW) == "○ pending"
    assert timeline_options([odd], "zero", (), NOW) == (("  (no migration)", "zero"), ("○ pending         a", odd.name))


def test_a_thousand_migrations_are_one_list(tmp_path: Path) -> None:
    many = {f"m{number:04d}": CREATE_PLAYER if number == 0 else FILL for number in range(1000)}
    bench = Workbench(write_project(tmp_path, many))
    assert len(bench.face.timeline.widget.options) == 1001
    bench.select("m0500")
    assert "m0500" in bench.face.plan.value


def test_no_widget_holds_more_rows_than_it_shows(root: Path) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
    grow = sql_migration(f"INSERT INTO player (name, level) {many} SELECT 'player ' || i, 1 FROM n")
    bench = Workbench(write_project(root, {**MIGRATIONS, "grow": grow}))
    bench.apply(LEVEL)
    bench.apply()
    bench.explore("player", page=9)
    held = {view: view.value.count("<tr") for view in html_views(bench.face.layout.root)}
    assert max(held.values()) == 21, "a head and twenty rows"
    assert "5,000 added" in bench.face.rows.view.value
    assert len(bench._repr_mimebundle_()["text/html"]) < 40_000


# Where widgets don't run


def test_a_converted_notebook_shows_the_plain_tables(bench: Workbench) -> None:
    """As JupyterLab saves it: with the view of a widget, and without its state."""
    nbformat = pytest.importorskip("nbformat")
    exporters = pytest.importorskip("nbconvert.exporters")
    bench.apply()
    output = nbformat.v4.new_output("display_data", data=bench._repr_mimebundle_())
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("workbench", outputs=[output])])
    page, _ = exporters.HTMLExporter().from_notebook_node(notebook)
    assert "pwmig-static" in page and "Spassky" in page and "+ added" in page
    assert "application/vnd.jupyter.widget-view+json" not in page
    text, _ = exporters.MarkdownExporter().from_notebook_node(notebook)
    assert "Spassky" in text


# Errors behind a click


def test_whatever_goes_wrong_behind_a_click_is_shown(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of all things")

    clicks = {"rehearse": "rehearse_plan", "apply": "carry_out", "refresh": "refresh", "run_comparison": "compare"}
    for button, verb in clicks.items():
        monkeypatch.setattr(bench.bench, verb, broken)
        bench.face.error.hide()
        click(getattr(bench.face, button), bench)
        assert "ZeroDivisionError: of all things" in bench.face.error.text.value, button
        assert not bench.face.refresh.disabled and bench.face.cancel.disabled
    monkeypatch.setattr(bench.screen, "show_tables", broken)
    bench.face.error.hide()
    bench.face.changed_only.value = True
    bench.screen.table = "player"
    bench.face.changed_only.value = False
    assert "ZeroDivisionError" in bench.face.error.text.value
    monkeypatch.setattr(bench.editor, "new", broken)
    bench.face.error.hide()
    bench.face.new.click()
    assert "ZeroDivisionError" in bench.face.error.text.value
