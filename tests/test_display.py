"""Records that show themselves, and the static form of the workbench: whole, escaped, the same each time."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from markup import Tags, text_of
from projects import CREATE_PLAYER, open_project, sql_migration
from runs import LEVEL, NAME, rows, run_of, table

from pwmig import rich
from pwmig.checking.records import Check, CheckReport, Finding, Outcome, Severity
from pwmig.diff import AddColumn, AlterColumn, Change, RenameTable, diff, rename_candidates
from pwmig.errors import MigrationFailed
from pwmig.frames import display
from pwmig.frames.blocks import Code, Listing, Sentence, Title, blocks_html, blocks_text
from pwmig.frames.wording import run_title
from pwmig.notebook import static
from pwmig.notebook.bench import Bench
from pwmig.notebook.plan_view import Shown, plan_html
from pwmig.plan import Direction, Kept, Loss, MigrationStatus, Plan, Restored, Run, State, Statement, Step, StepRun
from pwmig.project import Project
from pwmig.schema import Column, Schema, Snapshot
from pwmig.sides import Difference, Kind, Side

FILL = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Euwe')", "DELETE FROM player")
LEVEL_COLUMN = sql_migration(
    "ALTER TABLE player ADD COLUMN level INTEGER", "UPDATE player SET name = '<b>' || name WHERE id = 1"
)
MIGRATIONS = {"create_player": CREATE_PLAYER, "fill_player": FILL, "add_level": LEVEL_COLUMN}
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return open_project(tmp_path / "players", MIGRATIONS)


def step_run(name: str, outcome: str = "applied", sql: str = "") -> StepRun:
    statements = (Statement(sql),) if sql else ()
    direction = Direction.BACKWARD if outcome == "reverted" else Direction.FORWARD
    return StepRun(Step(f"20250101_000000_{name}", direction, "/somewhere/x.py", ""), outcome, statements)


# Each record


def test_a_run_shows_steps_changes_and_its_tables_before_and_after(project: Project) -> None:
    project.apply(steps=2)
    run = project.rehearse()
    page = text_of(display.html(run))
    for said in (
        "Rehearsed on a copy, applied: add_level",
        "✓ applied",
        "20250101_000002_add_level",
        "+ added",
        "column player.level INTEGER",
        "player: schema before and after",
        "player: rows before and after",
        "Euwe",
    ):
        assert said in page and said in display.text(run)


def test_a_table_whose_schema_stays_is_not_listed_column_by_column(project: Project) -> None:
    project.apply(steps=1)
    run = project.rehearse(steps=1)
    assert "player: its schema stays as it is." in display.text(run) and "VARCHAR" not in display.text(run)
    assert "The schema stays as it is." in display.text(run)


def test_a_plan_lists_its_steps_and_which_has_no_way_back(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "fill": sql_migration("SELECT 1")})
    assert display.text(project.plan()).splitlines() == [
        "Plan: apply 2 migrations",
        "step   migration                      note",
        "apply  20250101_000000_create_player",
        "apply  20250101_000001_fill           no migrate_backward()",
    ]
    assert display.text(Plan(())) == "Nothing to do."
    assert "record as applied" in display.text(project.plan(fake=True))
    project.apply(steps=1)
    assert "Plan: revert 1 migration" in display.text(project.plan(backward=True))


def test_a_project_shows_where_it_is_and_the_state_of_each_migration(project: Project) -> None:
    project.apply(steps=2)
    assert display.text(project).splitlines() == [
        "players: SQLite db/app.sqlite",
        "",
        "Migrations (2 applied, 1 pending)",
        "state      migration",
        "✓ applied  20250101_000000_create_player",
        "✓ applied  20250101_000001_fill_player",
        "○ pending  20250101_000002_add_level",
    ]


def test_a_project_that_cant_be_read_says_why_instead(project: Project) -> None:
    with closing(sqlite3.connect(project.root / "db" / "app.sqlite")) as connection:
        connection.execute("CREATE TABLE pwmig_history (by_somebody_else TEXT)")
    for shown in (display.text(project), text_of(display.html(project))):
        assert "players" in shown and "way out: " in shown


def test_a_change_is_one_line_of_text_and_one_row_of_a_table() -> None:
    change = AddColumn("player", LEVEL)
    assert display.text(change) == "+ column player.level INTEGER not null"
    assert "+ added" in text_of(display.html(change)) and display.html(change).count("<tr") == 2
    both = (change, AlterColumn("player", NAME, Column("name", "INTEGER")))
    assert display.html(both).count("<tr") == 3 and "~ changed" in display.text(both)


def test_statuses_show_as_a_table_too(project: Project) -> None:
    assert "3 pending" in display.html(project.status())
    assert display.text(project.status()[0]) == "○ pending  20250101_000000_create_player"


@pytest.mark.parametrize("other", [1, "text", None, (1, 2), ({},)])
def test_what_is_no_record_is_refused(other: object) -> None:
    with pytest.raises(TypeError, match="not "):
        display.html(other)


STOPPED = (step_run("a"), step_run("b", "failed"))


@pytest.mark.parametrize(
    ("run", "title"),
    [
        (Run(Plan(()), "live", (step_run("a"),)), "Applied: a"),
        (Run(Plan(()), "copy", (step_run("a"),)), "Rehearsed on a copy, applied: a"),
        (Run(Plan((), Direction.BACKWARD), "live", (step_run("a", "reverted"),)), "Reverted: a"),
        (Run(Plan(()), "live", STOPPED), "Stopped, rolled back: 2 migrations"),
        (Run(Plan(()), "copy", STOPPED), "Stopped, on a copy: 2 migrations"),
        (Run(Plan(()), "live"), "Nothing to do"),
    ],
)
def test_the_title_of_a_run_says_where_it_ran_and_how_it_ended(run: Run, title: str) -> None:
    assert run_title(run) == title and title in display.text(run)


def test_the_title_of_a_comparison_names_its_points() -> None:
    assert run_title(Run(Plan(()), "copy"), ("zero", "20250101_000000_a")) == "Compared on a copy: zero -> a"


def test_losses_and_a_changed_original_are_said() -> None:
    run = Run(Plan(()), "copy", (step_run("a"),), Snapshot(Schema()), Snapshot(Schema()), original_changed=True)
    run = Run(**{**_fields(run), "losses": (Loss("player", "level", 3),)})
    assert "It takes away:\n  - the values of player.level in 3 rows" in display.text(run)
    assert "The database itself changed meanwhile" in display.text(run)


def test_what_came_back_from_the_attic_is_said_whether_or_not_somebody_watched() -> None:
    step = replace(step_run("a", "reverted"), restored=(Restored("player", "level", 3, gone=1),))
    run = Run(Plan((), Direction.BACKWARD), "live", (step,))
    said = "+ the values of player.level in 3 rows put back; 1 left in the attic: its row is gone"
    assert f"From the attic:\n  {said}" in display.text(run)
    page = plan_html(Shown("20250101_000000_a", "", run.plan, run.plan, run=run, title="Reverted"))
    assert "<p>From the attic:</p>" in page and said in page and "keeps" not in page


def test_what_a_step_put_into_the_attic_stands_in_the_plan_tab() -> None:
    step = replace(step_run("a"), kept=(Kept("<b>", "level", 3),))
    page = plan_html(Shown("20250101_000000_a", "", Plan(()), Plan(()), run=Run(Plan(()), "live", (step,))))
    assert "<p>The attic keeps:</p>" in page and "the values of &lt;b&gt;.level in 3 rows" in page


def test_a_run_that_nobody_watched_says_so() -> None:
    assert "give watch=True" in display.text(Run(Plan(()), "live", (step_run("a"),)))


def _fields(run: Run) -> dict[str, object]:
    return {name: getattr(run, name) for name in Run.__slots__}


# What holds for all


def test_the_same_record_gives_the_same_bytes_wherever_it_stands(tmp_path: Path) -> None:
    pages = []
    for folder in ("one", "another"):
        project = open_project(tmp_path / folder / "players", MIGRATIONS)
        project.apply(steps=2)
        records = (project, project.plan(), project.rehearse(), project.status())
        pages.append([shown for record in records for shown in (display.html(record), display.text(record))])
        assert all(str(tmp_path) not in shown for shown in pages[-1])
    assert pages[0] == pages[1]


def test_no_name_and_no_value_is_more_than_text() -> None:
    evil = table(Column(EVIL, EVIL), name=EVIL)
    after = table(Column(EVIL, EVIL), Column("b", EVIL), name=EVIL)
    samples = [rows((1, text), columns=("id", EVIL), name=EVIL) for text in (EVIL, EVIL.upper())]
    run = run_of(evil, after, *samples, diff(Schema((evil,)), Schema((after,))))
    run = Run(**{**_fields(run), "steps": (step_run(EVIL, sql=EVIL),), "losses": (Loss(EVIL, EVIL, 1),)})
    records = (run, run.changes, RenameTable(EVIL, EVIL), MigrationStatus(EVIL, State.MISSING))
    for shown in (*(display.html(record) for record in records), blocks_html(list(display.sql_blocks(run, 9)))):
        page = Tags()
        page.feed(shown)
        page.close()
        assert "img" not in page.tags and "onerror" not in page.attributes and page.open == []
        assert EVIL in page.text


def test_a_run_of_many_tables_and_changes_shows_some_and_names_others() -> None:
    before = Schema(tuple(table(name=f"t{number:04}") for number in range(1_000)))
    after = Schema(tuple(table(LEVEL, name=f"t{number:04}") for number in range(1_000)))
    run = Run(Plan(()), "copy", (), Snapshot(before), Snapshot(after), diff(before, after))
    shown = display.html(run)
    assert shown.count("schema before and after</span>") == display.TABLES
    assert "t0003, t0004" in shown and "and 977 more" in shown and "the first 200 of 1,000" in shown
    assert len(shown) < 100_000


def test_blocks_say_the_same_as_html_and_as_text_and_hide_passwords() -> None:
    secret = "ATTACH 'postgres://ada:s3cret@host/x'"
    blocks = [Title("a < b"), Sentence("one"), Listing("two:", ("+ x", "- y")), Code("SQL", secret)]
    text = blocks_text(blocks)
    assert text.splitlines()[:4] == ["a < b", "", "one", ""] and "  - y" in text
    assert "s3cret" not in text + blocks_html(blocks) and "ada:***@host" in text
    assert [word for word in re.findall(r"\S+", text) if word not in text_of(blocks_html(blocks))] == []


def test_a_check_report_shows_each_check_and_each_way_out() -> None:
    changes = diff(Schema(), Schema((table(),)))
    finding = Finding(Severity.ERROR, "it <differs>", "a hand did it", "write a migration", "a", changes)
    report = CheckReport(
        (Check("files", Outcome.PASSED, "1 migration"), Check("drift", Outcome.FAILED, "", (finding,)))
    )
    said = display.text(report)
    assert said.startswith("1 check failed\n") and "✓ passed  files" in said and "✗ failed" in said
    assert "Error: it <differs> (a)\n  + table player" in said and "way out: write a migration" in said
    assert "&lt;differs&gt;" in display.html(report)
    assert display.text(CheckReport(report.checks[:1])).startswith("All is well\n")


# In IPython


def subclasses(kind: type) -> set[type]:
    return {kind}.union(*(subclasses(one) for one in kind.__subclasses__()))


def test_a_difference_shows_what_differs_and_what_may_be_a_rename() -> None:
    sides = Side(Kind.LIVE, "live"), Side(Kind.MODELS, "models")
    before, after = (Schema((table(Column(name, "TEXT")),)) for name in ("name", "full_name"))
    renames = rename_candidates(before, after)
    found = Difference(sides, before, after, diff(before, after), renames)
    said = display.text(found)
    assert said.startswith("To make the database what the models declare:")
    assert "+ added" in said and "- dropped" in said and "Perhaps renamed" in said
    assert renames[0].evidence[0] in said and f"{renames[0].score:.0%}" in said
    assert "player" in display.html(found)
    assert display.text(Difference(sides, before, before)) == "The database is what the models declare"


def test_every_kind_of_change_and_every_record_is_known_by_name() -> None:
    changes = {(kind.__module__, kind.__name__) for kind in subclasses(Change)}
    others = {
        (kind.__module__, kind.__name__) for kind in (Project, Plan, Run, Difference, CheckReport, MigrationStatus)
    }
    assert set(rich.RECORDS) == {pair for pair in changes if pair[0].startswith("pwmig.")} | others


IN_A_SHELL = """
import json, sys
{before}
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
{register}
heavy = [name for name in ("pandas", "ipywidgets", "pwmig.frames") if name in sys.modules]
from pwmig.project import Project
from pwmig.diff.changes import AddColumn
from pwmig.schema import Column
project = Project.open({root!r})
change = AddColumn("player", Column("level", "INTEGER"))
records = [project, project.plan(), project.rehearse(), change, (change, change), project.status()[0]]
shown = [shell.display_formatter.format(record)[0] for record in records]
print(json.dumps({{"heavy": heavy, "pandas": sys.modules.get("pandas") is not None, "shown": shown}}))
"""


@pytest.mark.parametrize(
    ("before", "register"),
    [
        pytest.param("", "import pwmig", id="import pwmig"),
        pytest.param("import pwmig", "shell.run_line_magic('load_ext', 'pwmig')", id="load_ext"),
        pytest.param("sys.modules['pandas'] = None", "import pwmig", id="without pandas"),
    ],
)
def test_in_ipython_records_show_themselves(project: Project, tmp_path: Path, before: str, register: str) -> None:
    script = IN_A_SHELL.format(before=before, register=register, root=str(project.root))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
        env=os.environ | {"IPYTHONDIR": str(tmp_path / "ipython")},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    if register == "import pwmig":
        assert said["heavy"] == ([] if not before else ["pandas"]), "nothing is loaded before a record is shown"
        assert not said["pandas"], "and pandas not even then"
    a_project, plan, run, change, pair, status = said["shown"]
    assert all("<table" in shown["text/html"] for shown in (a_project, plan, run, change, status))
    assert a_project["text/plain"].startswith("players: SQLite db/app.sqlite")
    assert plan["text/plain"].startswith("Plan: apply 3 migrations")
    assert run["text/plain"].startswith("Rehearsed on a copy, applied: 3 migrations")
    assert change["text/plain"] == "+ column player.level INTEGER"
    assert pair["text/plain"] == "(+ column player.level INTEGER, + column player.level INTEGER)"
    assert status["text/plain"] == "○ pending  20250101_000000_create_player"


# The static form of the workbench


def benched(project: Project) -> Bench:
    bench = Bench(project)
    bench.refresh()
    return bench


def test_the_static_form_says_all_where_nothing_but_text_is_left(project: Project) -> None:
    bench = benched(project)
    bench.apply("add_level")
    bench.rehearse("fill_player", backward=True)
    bench.refresh()
    page = static.html(bench)
    text = text_of(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
    for said in (
        "players: SQLite db/app.sqlite",
        "Nothing is pending.",
        "The models agree with the database.",
        "✓ applied",
        "Rehearsed on a copy, reverted: add_level",
        "~ changed",
        "[-] Tal",
        "[+] <b>Tal",
        "SQL of 20250101_000002_add_level",
        "UPDATE player SET name",
    ):
        assert said in text, said
    assert "<details" not in page and "<script" not in page and str(project.root) not in page


def test_the_static_form_is_the_same_for_the_same_state_in_any_folder(tmp_path: Path) -> None:
    pages = []
    for folder in ("one", "another"):
        bench = benched(open_project(tmp_path / folder / "players", MIGRATIONS))
        bench.apply("fill_player")
        bench.rehearse()
        pages.append(static.html(bench))
    assert pages[0] == pages[1]


def test_the_static_form_tells_what_failed_and_the_way_out(tmp_path: Path) -> None:
    source = f"from pathlib import Path\ndef migrate_forward():\n    raise ValueError({EVIL!r} + str(Path(__file__)))\n"
    bench = benched(open_project(tmp_path / "players", {"fails": source}))
    with pytest.raises(MigrationFailed):
        bench.apply()
    page = static.html(bench)
    text = text_of(page)
    assert "✗ failed" in text and "20250101_000000_fails stopped when it was last tried" in text
    assert "way out: " in text and EVIL in text and "<img" not in page and str(tmp_path) not in page
    assert "Stopped, on a copy: fails" in text


def test_the_static_form_names_the_points_of_a_comparison(project: Project) -> None:
    bench = benched(project)
    bench.compare("zero", "20250101_000001_fill_player")
    assert "Compared on a copy: zero -> fill_player" in text_of(static.html(bench))


def test_the_static_form_says_where_the_models_differ(tmp_path: Path) -> None:
    models = (
        "from peewee import *\nfrom db.migrations_config import database\n\n"
        "class Coach(Model):\n    class Meta:\n        database = database\n"
    )
    bench = benched(open_project(tmp_path / "players", MIGRATIONS, models=models))
    assert "The models differ from the database in 1 place:" in text_of(static.html(bench))
    assert "+ table coach (id)" in text_of(static.html(bench))
