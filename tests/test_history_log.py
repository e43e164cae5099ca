"""What the history says of each application and of each way back, on each database, by a plain SELECT."""

from __future__ import annotations

import getpass
import os
import re
from pathlib import Path
from typing import Any

import pytest
from anywhere import Anywhere, anywhere, forward, send
from projects import open_project, run_cli, states

from pwmig import __version__
from pwmig.errors import PlanError, ProjectError
from pwmig.files import find_files
from pwmig.history import COLUMNS
from pwmig.project import Project

__all__ = ["anywhere"]

UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def log(place: Anywhere) -> list[dict[str, Any]]:
    rows = place.run(f"SELECT {', '.join(COLUMNS)} FROM pwmig_history ORDER BY id")
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_each_application_and_each_way_back_is_told_in_full(
    anywhere: Anywhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "anna")
    slow = "    import time; time.sleep({})\n"
    source = anywhere.create("player")
    for way, seconds in (("forward", 0.03), ("backward", 0.06)):
        source = source.replace(f"def migrate_{way}():\n", f"def migrate_{way}():\n{slow.format(seconds)}")
    project = anywhere.project(tmp_path, {"player": source})
    project.apply()
    project.revert()
    monkeypatch.setenv("USER", "bert")
    project.apply(fake=True)
    project.revert(fake=True)
    project.apply()
    first, faked, last = log(anywhere)
    person = f"@{os.uname().nodename}"
    (file,) = find_files(project.migrations_folder)
    for row in (first, faked, last):
        assert row["name"] == "20250101_000000_player" and row["checksum"] == file.checksum
        assert row["pwmig_version"] == __version__ and row["format"] == 1
        assert re.fullmatch(UTC, row["applied_at"])
    assert (first["applied_by"], first["how"]) == ("anna" + person, "run")
    assert first["elapsed_s"] >= 0.03 and first["reverted_elapsed_s"] >= 0.06, "each way has a time of its own"
    assert (first["reverted_by"], first["reverted_how"]) == ("anna" + person, "run")
    assert re.fullmatch(UTC, first["reverted_at"]) and first["reverted_version"] == __version__
    assert (faked["applied_by"], faked["how"], faked["reverted_how"]) == ("bert" + person, "fake", "fake")
    assert faked["elapsed_s"] >= 0 and faked["reverted_elapsed_s"] >= 0
    assert (first["reverted"], faked["reverted"], last["reverted"]) == (first["id"], faked["id"], 0)
    assert {last[name] for name in COLUMNS if name.startswith("reverted_")} == {None}


def test_the_selects_of_the_docs_tell_it_in_order(anywhere: Anywhere, tmp_path: Path) -> None:
    made = {"player": anywhere.create("player"), "club": anywhere.create("club")}
    project = anywhere.project(tmp_path, made)
    project.apply()
    for _ in range(2):  # As fast as it goes: many of it within one second.
        project.revert(to="zero")
        project.apply(steps=1)
        project.revert()
        project.apply()
        project.revert()
    text = (Path(__file__).parent.parent / "docs" / "faults.md").read_text(encoding="utf-8")
    applied, everything = text.split("```sql\n")[1].split("```")[0].split(";\n\n")
    assert [row[0] for row in anywhere.run(applied)] == ["20250101_000000_player"]
    told = [(row[2], row[3][16:]) for row in anywhere.run(everything)]
    both, one = [("forward", "player"), ("forward", "club")], [("forward", "player"), ("backward", "player")]
    turn = [("backward", "player"), *one, *both, ("backward", "club")]
    assert told == [*both, ("backward", "club"), *turn, *turn]


def test_a_history_of_an_earlier_pwmig_is_written_on(anywhere: Anywhere, tmp_path: Path) -> None:
    project = anywhere.project(tmp_path, {"player": anywhere.create("player")})
    project.apply()
    for column in COLUMNS[-3:]:
        anywhere.run(f"ALTER TABLE pwmig_history DROP COLUMN {column}")
    assert [step.outcome for step in project.rehearse(backward=True).steps] == ["reverted"]
    assert [step.outcome for step in project.revert().steps] == ["reverted"]
    rows = anywhere.run("SELECT reverted = id, reverted_by FROM pwmig_history")
    assert [(bool(reverted), "@" in by) for reverted, by in rows] == [(True, True)]


def test_who_ran_it_is_known_without_the_environment(
    anywhere: Anywhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    anywhere.project(tmp_path, {"player": anywhere.create("player")}).apply()
    assert log(anywhere)[0]["applied_by"] == f"{getpass.getuser()}@{os.uname().nodename}"


CASES = {"changed": "player", "missing": "club", "out-of-order": "late"}
"""What is not as it was, and the migration that it is about."""


@pytest.fixture
def disturbed(request: pytest.FixtureRequest, anywhere: Anywhere, tmp_path: Path) -> Project:
    """Two applied migrations and a pending one that would say when it ran; then one of the cases."""
    mark = forward("from pathlib import Path", "Path('ran').touch()", send("CREATE TABLE ran (x INT)"))
    made = {"player": anywhere.create("player"), "club": anywhere.create("club")}
    project = anywhere.project(tmp_path, made)
    project.apply()
    folder = project.migrations_folder
    (folder / "20250202_000000_next.py").write_text(mark)
    if request.param == "changed":
        path = folder / "20250101_000000_player.py"
        path.write_text(path.read_text() + "\n# edited\n")
    elif request.param == "missing":
        (folder / "20250101_000001_club.py").unlink()
    else:
        (folder / "20240101_000000_late.py").write_text(anywhere.create("late"))
    return project


@pytest.mark.parametrize(("disturbed", "case"), [(case, case) for case in CASES], indirect=["disturbed"])
def test_what_is_not_as_it_was_is_seen_first_explained_and_allowed_by_name(
    anywhere: Anywhere, disturbed: Project, case: str, tmp_path: Path
) -> None:
    before = anywhere.tables()
    for verb in (disturbed.plan, disturbed.apply, disturbed.rehearse):
        with pytest.raises(PlanError) as caught:
            verb()
        assert CASES[case] in caught.value.what and caught.value.why
        assert f"--allow {case}" in caught.value.way_out
    assert not (tmp_path / "ran").exists() and anywhere.tables() == before, "nothing ran"
    assert any(status.state.value == case for status in disturbed.status()) or case == "out-of-order"
    others = tuple(set(CASES) - {case})
    with pytest.raises(PlanError):
        disturbed.apply(allow=others)
    (tmp_path / "pyproject.toml").write_text(f'[tool.pwmig]\nallow = ["{case}"]\n')
    project = Project.open(tmp_path)
    assert project.apply().ok and (tmp_path / "ran").exists()
    assert "pending" not in states(project).values()


@pytest.mark.parametrize("disturbed", ["out-of-order"], indirect=True)
def test_what_need_not_run_any_more_is_only_recorded(anywhere: Anywhere, disturbed: Project) -> None:
    disturbed.apply(to="late", fake=True, allow=["out-of-order"])
    assert "late" not in anywhere.tables() and states(disturbed)["late"] == "applied"
    disturbed.apply()


def test_a_check_warns_of_what_the_config_allows(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": forward("pass")})
    project.apply()
    (project.migrations_folder / "20240101_000000_late.py").write_text(forward("pass"))
    assert [finding.severity.value for finding in project.check().check("history").findings] == ["error"]
    (tmp_path / "pyproject.toml").write_text('[tool.pwmig]\nallow = ["out-of-order"]\n')
    check = Project.open(tmp_path).check().check("history")
    assert [finding.severity.value for finding in check.findings] == ["warning"]


@pytest.mark.parametrize("value", ['["baseline"]', '["everything"]', '"changed"', "[1]"])
def test_a_config_that_allows_what_can_t_be_allowed_is_refused(tmp_path: Path, value: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.pwmig]\nallow = {value}\n")
    with pytest.raises(ProjectError, match="allow"):
        open_project(tmp_path)


def test_the_command_line_tells_the_way_out(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": forward("pass"), "b": forward("pass")})
    project.apply()
    (project.migrations_folder / "20250101_000000_a.py").unlink()
    (project.migrations_folder / "20250303_000000_c.py").write_text(forward("pass"))
    done = run_cli(tmp_path, "migrate")
    assert done.returncode == 2 and "file is gone" in done.stderr and "--allow missing" in done.stderr
    assert run_cli(tmp_path, "migrate", "--allow", "missing").returncode == 0
