"""What ``pwmig init`` writes: a project that runs at once, and never over what is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pwmig.errors import ProjectError
from pwmig.scaffold import init_project

NOON = datetime(2026, 3, 1, 12, 0, 59, tzinfo=UTC)

WRITTEN = {
    ".gitignore",
    "README.md",
    "db/.gitignore",
    "db/__init__.py",
    "db/migrations/20260301_120059_create_player.py",
    "db/migrations/20260301_120100_add_player_level.py",
    "db/migrations_config.py",
    "db/models.py",
    "notebooks/workbench.ipynb",
    "pyproject.toml",
    "scripts/__init__.py",
    "scripts/manage_migrations.py",
}


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its place, but for what Python caches."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def manage(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the project, as its README says to run it, in a process of its own."""
    command = [sys.executable, "-m", "scripts.manage_migrations", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_the_paths_returned_are_the_files_written(tmp_path: Path) -> None:
    paths = init_project(tmp_path / "club", now=NOON)
    assert (
        {path.relative_to(tmp_path / "club").as_posix() for path in paths}
        == WRITTEN
        == set(files_in(tmp_path / "club"))
    )


def test_a_new_project_migrates_at_once_and_equals_its_models(tmp_path: Path) -> None:
    init_project(tmp_path / "club")
    for words in (["migrate"], ["diff"], ["migrate", "--backward"], ["migrate"], ["diff"]):
        done = manage(tmp_path / "club", *words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert (tmp_path / "club/db/players.sqlite").exists()


def test_a_new_project_shows_its_migrations_as_pending(tmp_path: Path) -> None:
    init_project(tmp_path / "club", now=NOON)
    done = manage(tmp_path / "club", "status", "--json")
    assert done.returncode == 1, done.stderr
    assert "20260301_120100_add_player_level" in done.stdout
    assert not (tmp_path / "club/db/players.sqlite").exists(), "looking makes no database"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (None, "the-club-of-linkoping"),
        ("Chess Club", "chess-club"),
        ('"; import os', "import-os"),
        ("...", "players"),
    ],
)
def test_the_project_is_named_as_python_projects_are(tmp_path: Path, name: str | None, written: str) -> None:
    folder = tmp_path / "The Club of Linkoping"
    init_project(folder, name=name)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["name"] == written
    assert project["project"]["dependencies"] == ["pwmig[notebook]"]
    assert "{{" not in "".join(text.decode() for text in files_in(folder).values())


@pytest.mark.parametrize(
    ("noted", "source"),
    [
        ({}, {}),
        (
            {"url": "file:///src/my%20pwmig", "dir_info": {"editable": True}},
            {"path": "/src/my pwmig", "editable": True},
        ),
        ({"url": "file:///src/pwmig", "dir_info": {}}, {"path": "/src/pwmig"}),
        (
            {"url": "file:///dist/pwmig-1-py3-none-any.whl", "archive_info": {}},
            {"path": "/dist/pwmig-1-py3-none-any.whl"},
        ),
        (
            {"url": "https://host.invalid/pwmig.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            {"git": "https://host.invalid/pwmig.git", "rev": "c0ffee"},
        ),
        ({"url": "https://host.invalid/pwmig", "vcs_info": {"vcs": "hg", "commit_id": "c0ffee"}}, {}),
        (
            {"url": "https://host.invalid/pwmig-1.tar.gz", "archive_info": {}},
            {"url": "https://host.invalid/pwmig-1.tar.gz"},
        ),
        ({"url": "https://me:secret@host.invalid/pwmig-1.tar.gz", "archive_info": {}}, {}),
        ({"url": "https://token@host.invalid/pwmig.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}, {}),
    ],
)
def test_uv_finds_the_same_pwmig_and_learns_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noted: dict[str, object], source: dict[str, object]
) -> None:
    """An installed pwmig is stood in for by a folder of metadata, as an installer writes it."""
    metadata = tmp_path / "site" / "pwmig-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pwmig\nVersion: 1\n", encoding="utf-8")
    if noted:
        (metadata / "direct_url.json").write_text(json.dumps(noted), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    init_project(tmp_path / "club")
    text = (tmp_path / "club/pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text).get("tool", {}).get("uv", {}).get("sources", {}).get("pwmig", {}) == source
    assert "secret" not in text and "token" not in text


@pytest.mark.parametrize("place", ["pyproject.toml", ".gitignore", "README.md"])
def test_a_file_that_other_projects_have_too_stays_as_it_is(tmp_path: Path, place: str) -> None:
    (tmp_path / place).write_text("mine", encoding="utf-8")
    paths = init_project(tmp_path, now=NOON)
    assert (tmp_path / place).read_text(encoding="utf-8") == "mine"
    assert tmp_path / place not in paths and len(paths) == len(WRITTEN) - 1


@pytest.mark.parametrize(
    "place",
    [
        "db/__init__.py",
        "db/models.py",
        "db/migrations_config.py",
        "db/migrations/20250101_000000_older.py",
        "scripts/manage_migrations.py",
        "notebooks/workbench.ipynb",
        "db",
        "notebooks",
        "db/migrations",
    ],
)
def test_a_file_in_the_way_stops_it_before_anything_is_written(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text("mine", encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        init_project(tmp_path)
    assert place.removesuffix("/20250101_000000_older.py") in caught.value.why
    assert files_in(tmp_path) == {place: b"mine"}


def test_a_link_to_nowhere_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    os.symlink(tmp_path / "nowhere", tmp_path / "db/models.py")
    with pytest.raises(ProjectError):
        init_project(tmp_path)
    assert not (tmp_path / "nowhere").exists() and files_in(tmp_path) == {}


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "club").write_text("mine", encoding="utf-8")
    with pytest.raises(ProjectError):
        init_project(tmp_path / "club")
    assert files_in(tmp_path) == {"club": b"mine"}


def test_the_command_refuses_with_exit_code_2(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; from pwmig.cli import main; sys.exit(main())", "init", str(tmp_path)]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    before = files_in(tmp_path)
    again = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert again.returncode == 2 and "overwrites nothing" in again.stderr
    assert files_in(tmp_path) == before


def test_git_ignores_the_database_and_the_lock_file(tmp_path: Path) -> None:
    init_project(tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    asked = ["db/players.sqlite", "db/players.sqlite-wal", "uv.lock", "db/models.py"]
    told = subprocess.run(["git", "check-ignore", *asked], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert told.stdout.split() == asked[:3]


def test_the_notebook_is_a_notebook_without_outputs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    init_project(tmp_path)
    path = tmp_path / "notebooks/workbench.ipynb"
    nbformat.validate(nbformat.read(path, as_version=4))
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert any("Workbench(" in "".join(cell["source"]) for cell in cells)
    assert not any(cell.get("outputs") for cell in cells)
