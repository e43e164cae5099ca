"""The notebooks as they are stored: run to the end, readable without widgets, with nothing of a machine in them.

That their outputs are what running them gives is tested by nbval, which collects the files themselves.
"""

from __future__ import annotations

import configparser
import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from example_project import ROOT

NOTEBOOKS = tuple(sorted((ROOT / "notebooks").glob("*.ipynb")))
TEACHING = tuple(path for path in NOTEBOOKS if path.stem != "workbench")
SANITIZE = configparser.RawConfigParser()
SANITIZE.read(ROOT / "tests/nbval_sanitize.cfg", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def sanitized(text: str) -> str:
    """The text as nbval compares it: each rule of the file in its order."""
    for section in SANITIZE.sections():
        text = re.sub(SANITIZE[section]["regex"], SANITIZE[section]["replace"], text)
    return text


def tree() -> dict[str, str]:
    """What is in the example project and beside the notebooks, but for what Python and Jupyter cache."""
    found = (path for part in ("db", "scripts", "notebooks") for path in (ROOT / part).rglob("*") if path.is_file())
    kept = (path for path in found if not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts))
    return {str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


LESSONS = (
    "create_a_migration",
    "apply_and_revert",
    "explore_on_a_copy",
    "a_data_step",
    "compare_and_adopt",
    "when_something_fails",
)
"""In the order in which a newcomer reads them."""


def text_cells(path: Path) -> str:
    return "\n".join("".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "markdown")


def test_each_job_has_its_lesson_and_each_leads_to_the_next() -> None:
    assert {path.stem for path in TEACHING} == set(LESSONS)
    start = text_cells(ROOT / "notebooks/workbench.ipynb")
    assert re.findall(r"\((\w+)\.ipynb\)", start) == list(LESSONS)
    for lesson, following in itertools.pairwise([*LESSONS, "workbench"]):
        assert re.findall(r"\((\w+)\.ipynb\)", text_cells(ROOT / f"notebooks/{lesson}.ipynb")) == [following]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_was_run_from_top_to_bottom(path: Path) -> None:
    counts = [cell["execution_count"] for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_holds_no_widget_state_error_or_warning(path: Path) -> None:
    assert "widgets" not in read(path)["metadata"]
    outputs = [output for cell in code_cells(path) for output in cell["outputs"]]
    assert [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_names_no_place_of_a_machine(path: Path) -> None:
    outputs = json.dumps([cell["outputs"] for cell in code_cells(path)])
    assert re.findall(r"(?<![\w.])/(?:root|home|work|tmp|var|Users|private)/[^\s\"']*", outputs) == []


@pytest.mark.parametrize("path", TEACHING, ids=lambda path: path.stem)
def test_a_teaching_notebook_reads_without_widgets(path: Path) -> None:
    data = [output["data"] for cell in code_cells(path) for output in cell["outputs"] if "data" in output]
    assert data and all("text/plain" in item for item in data)
    assert not any("widget" in kind for item in data for kind in item)


@pytest.mark.parametrize("path", TEACHING, ids=lambda path: path.stem)
def test_a_teaching_notebook_leaves_the_tree_clean(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It works on a copy, even for a person who has a DATABASE_URL, and takes the copy away at its end."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/precious.sqlite")
    before = tree()
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(path.parent)}}).execute()
    assert tree() == before
    assert not (tmp_path / "precious.sqlite").exists()
    assert [left.name for left in (tmp_path / "scratch").iterdir() if (left / "players").exists()] == []


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("20261122_154145_add_player_level", "YYYYMMDD_HHMMSS_add_player_level"),
        ("20250106_090000_create_player", "20250106_090000_create_player"),
        ("applied_at 2026-11-22T15:41:45.123456+00:00", "applied_at MOMENT"),
        ("applied_at 2026-11-22 15:41:45", "applied_at MOMENT"),
        ("born on 1951-05-23", "born on 1951-05-23"),
        ("took 12.5 ms", "took DURATION"),
        ("took 3 s and 12 steps", "took DURATION and 12 steps"),
        ("12.5 - 7.5", "12.5 - 7.5"),
        ("/tmp/tmpab12_x9z/players", "TEMPORARY/players"),
        ("/tmp/players", "/tmp/players"),
        ("1886 Wilhelm Steinitz", "1886 Wilhelm Steinitz"),
    ],
)
def test_only_what_may_differ_is_left_out_of_the_comparison(text: str, compared: str) -> None:
    assert sanitized(text) == compared
