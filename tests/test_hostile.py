"""Hostile names, cells, code and prints, and passwords in wrong places, on every face of a notebook but the browser's.

What a browser makes of the same project is told by tests/browser/test_hostile.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest
from hostile import ADDED, BODY, BROKEN_CONFIG, NAMES, PASSWORD, QUIETLY_FAILS, Dangers, hostile_project
from projects import write_project

from pwmig import frames
from pwmig.errors import MigrationFailed, PwmigError, redact
from pwmig.frames import cells
from pwmig.notebook import Workbench
from pwmig.project import Project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return hostile_project(tmp_path / "hostile")


@pytest.fixture
def bench(root: Path) -> Workbench:
    return Workbench(root)


def widgets(widget: w.Widget) -> list[w.Widget]:
    return [widget, *(found for child in getattr(widget, "children", ()) for found in widgets(child))]


def assert_harmless(html: str) -> None:
    assert Dangers(html).found == []
    assert PASSWORD not in html


def everything_shown(bench: Workbench) -> list[str]:
    """The HTML of each widget, and the form that a notebook keeps."""
    views = [widget.value for widget in widgets(bench.face.layout.root) if isinstance(widget, w.HTML)]
    return [*views, bench._repr_mimebundle_()["text/html"]]


def others(bench: Workbench) -> str:
    """What all widgets but those of HTML send to the page: descriptions, options, values, tooltips."""
    states = [widget.get_state() for widget in widgets(bench.face.layout.root) if not isinstance(widget, w.HTML)]
    return json.dumps(states, default=str)


def test_what_is_looked_for_would_be_found() -> None:
    for name in NAMES[:4]:
        assert Dangers(name).found, name
    assert Dangers("<a href='JavaScript:x'>").found
    assert Dangers("<p onclick=x>").found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://app:pa@ss@db/x", "postgresql://app:***@db/x"),
        ("password='a b', user='c'", "password=***, user='c'"),
        ("{'password': 'a b'}", "{'password': ***}"),
        (r"say('{\'password\': \'a b\'}')", r"say('{\'password\': ***}')"),
        (r'say("{\"PGPASSWORD\": \"a b\"}")', r'say("{\"PGPASSWORD\": ***}")'),
        ("export PGPASSWORD=ab;", "export PGPASSWORD=***;"),
        ("the password is long", "the password is long"),
    ],
)
def test_passwords_are_left_out_of_texts_and_of_code(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize("text", ["a" * 1_000_000, "a://b:" * 100_000, "password='" * 100_000, "://" * 300_000])
def test_a_megabyte_is_read_for_passwords_in_one_go(text: str) -> None:
    """Where each letter began a search of its own, this would not end."""
    assert len(redact(text)) <= len(text)


def test_before_any_run_names_and_cells_are_text(bench: Workbench) -> None:
    for table in NAMES:
        bench.face.schema.choice.value = table
        bench.face.rows.choice.value = table
        for html in everything_shown(bench):
            assert_harmless(html)
    assert PASSWORD not in others(bench)


def test_a_rehearsal_and_an_apply_show_them_as_text(bench: Workbench) -> None:
    bench.select("change")
    run = bench.rehearse("change")
    assert {change.sign for change in run.changes} == {"+"} and ADDED in str(run.changes)
    for html in everything_shown(bench):
        assert_harmless(html)
    bench.apply("change")
    bench.refresh()
    for html in everything_shown(bench):
        assert_harmless(html)
    assert any(NAMES[0] in Dangers(html).text for html in everything_shown(bench))
    assert PASSWORD not in others(bench)


def test_a_failure_shows_its_words_as_text_without_passwords(bench: Workbench) -> None:
    bench.select("fails")
    with pytest.raises(MigrationFailed) as caught:
        bench.rehearse()
    assert NAMES[1] in str(caught.value) and PASSWORD not in str(caught.value)
    assert bench.failure is caught.value
    for html in everything_shown(bench):
        assert_harmless(html)


def test_a_draft_from_the_models_asks_and_shows_them_as_text(root: Path) -> None:
    for path in (root / "db" / "migrations").glob("*.py"):
        path.unlink()
    (root / "db" / "models.py").write_text(
        "from peewee import *\nfrom db.migrations_config import database\n\n\nclass Body(Model):\n"
        f"    other = TextField(null=True, column_name={ADDED!r})\n"
        f"    last = IntegerField(column_name={NAMES[1]!r})\n\n"
        f"    class Meta:\n        database = database\n        table_name = {BODY!r}\n"
    )
    bench = Workbench(root)
    bench.from_models()
    models, kinds = bench.editor.models, set()
    while models.asks:
        for html in everything_shown(bench):
            assert_harmless(html)
        assert PASSWORD not in others(bench)
        for one in models.form.inputs:
            kinds.add(one.question.kind)
            if one.question.kind == "rename":
                one.choice.value = False
            else:
                one.text.value = "7"
        models.go_on.click()
        bench.wait(60)
    assert kinds == {"rename", "fill"} and bench.editor.draft.as_drafted
    models.split.value = True
    bench.wait(60)
    assert len(bench.editor.draft.parts) > 1
    for html in everything_shown(bench):
        assert_harmless(html)


@pytest.mark.parametrize("style", [frames.styled_schema, frames.styled_rows])
def test_a_table_of_hostile_cells_is_bounded_and_the_same_each_time(bench: Workbench, style: Any) -> None:
    run = bench.rehearse("change")
    made = [style(run, BODY).html for _ in range(2)]
    assert made[0] == made[1]
    assert len(made[0]) < 200_000, "a megabyte stays where it is"
    assert "\0" not in made[0]
    assert_harmless(made[0])


@pytest.mark.parametrize("words", ["status", "diff", "rehearse --to change", "migrate --to change", "sql change"])
def test_what_a_magic_prints_holds_no_password(
    root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: str
) -> None:
    from pwmig.notebook import magic

    monkeypatch.chdir(root)
    magic.pwmig(words)
    said = capfd.readouterr()
    assert PASSWORD not in said.out + said.err


def test_a_magic_that_fails_tells_it_without_passwords(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pwmig.notebook import magic

    monkeypatch.chdir(root)
    with pytest.raises(PwmigError) as caught:
        magic.pwmig("rehearse")
    assert "cannot connect to postgresql://app:***@db.example" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def in_ipython(root: Path, *cells: str) -> str:
    """What IPython shows of cells, tracebacks too."""
    session = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance(colors='nocolor')\n"
        f"for cell in {cells!r}:\n    shell.run_cell(cell)\n"
    )
    done = subprocess.run([sys.executable, "-c", session], cwd=root, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def test_a_config_that_fails_on_a_line_with_a_password_shows_none(tmp_path: Path) -> None:
    root = write_project(tmp_path / "broken", {}, config=BROKEN_CONFIG)
    said = in_ipython(root, "from pwmig.notebook import Workbench", "Workbench('.')")
    assert "migrations_config.py can't be imported" in said.replace("\\", "/")
    assert PASSWORD not in said


def test_a_failing_migration_called_from_a_cell_shows_no_password(root: Path) -> None:
    said = in_ipython(
        root, "from pwmig.notebook import Workbench", "bench = Workbench('.')", "bench.rehearse()", "bench.failure"
    )
    assert "MigrationFailed" in said
    assert PASSWORD not in said


def test_a_project_run_in_the_kernel_shows_no_password(tmp_path: Path) -> None:
    root = write_project(tmp_path / "quiet", {"fails": QUIETLY_FAILS})
    said = in_ipython(root, "from pwmig import Project", "Project.open('.').rehearse()")
    assert "MigrationFailed" in said
    assert PASSWORD not in said


def test_the_project_itself_names_no_password(root: Path) -> None:
    project = Project.open(root)
    assert PASSWORD not in repr(project) + project.location
    assert all(PASSWORD not in cells.cell_html(name) for name in NAMES)
