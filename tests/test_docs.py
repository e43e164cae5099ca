"""README, CONTRIBUTING and CHANGELOG tell the truth: their commands and code run here as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from example_project import copy_example
from requirements import ROOT

from pwmig.config import Config, read_config
from pwmig.scaffold import init_project

PAPERS = ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")


@dataclass(frozen=True)
class Block:
    """A fenced block of code: under which heading, in which language."""

    heading: str
    language: str
    text: str


def blocks(paper: str, heading: str | None = None, language: str | None = None) -> list[Block]:
    found, title = [], ""
    text = (ROOT / paper).read_text(encoding="utf-8")
    for part in re.finditer(r"^#+ (?P<title>[^\n]+)$|^```(?P<language>\w*)\n(?P<code>.*?)^```$", text, re.M | re.S):
        if part["title"] is not None:
            title = part["title"]
        else:
            found.append(Block(title, part["language"], part["code"]))
    return [b for b in found if heading in (None, b.heading) and language in (None, b.language)]


def lines_of(block: Block) -> list[str]:
    """The shell lines of a block, comments cut off."""
    return [line for text in block.text.splitlines() if (line := text.split("  #")[0].strip())]


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a paper in ``cwd``, with this Python's programs in place of `uv run`."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    command = line.removeprefix("uv run ").replace("-m scripts", "python -m scripts", 1)
    return subprocess.run(
        command, shell=True, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example project, as a fresh clone has it."""
    copy_example(tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


# README


def test_the_two_commands_are_one_line_each_that_install_uv_first() -> None:
    first, second = (block.text.splitlines() for block in blocks("README.md", "The two commands"))
    install = "PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install uv && python3 -m "
    assert first == [install + "uv run pwmig lab"]
    assert second == [install + "uv run pytest"]


def test_the_tour_runs_as_it_is_told(example: Path) -> None:
    """Each line of it does what its comment says, with the exit code that the README names."""
    before, after = blocks("README.md", "A tour in the terminal", "bash")
    (code,) = blocks("README.md", "A tour in the terminal", "python")
    lines = lines_of(before)
    assert [run_line(line, example)[0] for line in lines] == [1, 0, 0], lines
    (created,) = (example / "db" / "migrations").glob("*_add_player_level.py")
    created.write_text(code.text, encoding="utf-8")
    told = {line.removeprefix("uv run pwmig "): run_line(line, example) for line in lines_of(after)}
    expected = {"rehearse": 0, "sql": 0, "migrate": 0, "diff": 1, "migrate --backward": 0, "check": 1}
    assert {line: code for line, (code, _) in told.items()} == expected, told
    assert all("level" in told[line][1] for line in ("rehearse", "sql", "diff", "check"))
    code_now, status = run_line("uv run pwmig status", example)
    assert code_now == 1
    assert re.search(r"add_player_level.*pending|pending.*add_player_level", status)


def test_the_walk_names_buttons_tables_and_migrations_that_there_are(example: Path) -> None:
    pytest.importorskip("ipywidgets")
    import ipywidgets as w

    from pwmig.notebook import Workbench

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (walk,) = re.findall(r"^## Two minutes in the workbench$(.*?)^## ", text, re.M | re.S)
    workbench = Workbench(example)
    labels = {found.description for found in buttons(workbench.face.layout.root, w.Button)} | {"Revert all the same"}
    assert set(re.findall(r"\*\*(.+?)\*\*", walk)) <= labels
    workbench.apply()
    tables = set(workbench.bench.schema.table_names)
    names = {name[16:] for name in workbench.bench.names()}
    assert set(re.findall(r"\*(\w+)\*(?!\*)", walk)) - {"level", "1", "Rows"} <= tables | names
    workbench.explore("player")
    assert f"the levels of {workbench.explorer.page.matching} players" in walk


def buttons(widget: Any, kind: type) -> list[Any]:
    below = [found for child in getattr(widget, "children", ()) for found in buttons(child, kind)]
    return [widget, *below] if isinstance(widget, kind) else below


def run_line(line: str, cwd: Path) -> tuple[int, str]:
    done = shell(line, cwd)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def test_the_other_door_is_the_same_program(example: Path) -> None:
    door = "uv run -m scripts.manage_migrations"
    assert f"`{door}`" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert run_line(f"{door} status", example) == run_line("uv run pwmig status", example)


def test_the_python_of_the_readme_runs(example: Path) -> None:
    (code,) = blocks("README.md", "In Python", "python")
    done = subprocess.run(
        [sys.executable, "-c", code.text], cwd=example, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "create_player pending" in done.stdout
    assert re.search(r"^\+ .*player", done.stdout, re.M)


def test_the_fixture_of_the_readme_gives_a_migrated_database(example: Path) -> None:
    (code,) = blocks("README.md", "In your tests", "python")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    plugin = re.search(r"`(pytest_plugins = \[[^`]+)`", text)
    assert plugin
    (example / "conftest.py").write_text(plugin[1], encoding="utf-8")
    (example / "test_mine.py").write_text(code.text, encoding="utf-8")
    (example / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n", encoding="utf-8")
    done = shell("uv run pytest -q -p no:cacheprovider test_mine.py", example)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert not (example / "db" / "players.sqlite").exists()


def test_what_the_readme_says_is_supported_is_what_the_package_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.search(r"\| Python \| ([\d., ]+) \|", text)
    assert named
    classified = [line.split(" :: ")[-1] for line in project["classifiers"] if ":: Python :: 3." in line]
    assert named[1].split(", ") == classified
    assert project["dependencies"] == ["peewee>=4.5,<5"]
    assert "| Peewee | 4.5 and later, below 5 |" in text


# CONTRIBUTING


def shell_lines_of_contributing() -> list[str]:
    return [line for block in blocks("CONTRIBUTING.md", language="bash") for line in lines_of(block)]


@pytest.mark.parametrize("line", shell_lines_of_contributing())
def test_a_command_of_contributing_is_there(line: str) -> None:
    """The program answers --help, and a file or module that the line names exists."""
    words = line.removeprefix("uv run ").split()
    assert line.startswith("uv run ")
    for name in (word for word in words if "/" in word):
        assert (ROOT / name).exists(), f"{name} is not there"
    if words[:2] == ["python", "-m"]:
        assert (ROOT / words[2].replace(".", "/")).with_suffix(".py").is_file()
    else:
        assert shell(f"{words[0]} --help", ROOT).returncode == 0


def test_the_pre_commit_hooks_are_the_commands_of_contributing() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = [" ".join(entry.split()[:4]) for entry in re.findall(r"entry: (.+)", text)]
    assert [entry.removesuffix(" --force-exclude").removesuffix(" --fix") for entry in entries] == [
        "uv run ruff check",
        "uv run ruff format",
        "uv run mypy",
    ]
    assert set(re.findall(r"repo: (\S+)", text)) == {"local"}
    lines = shell_lines_of_contributing()
    assert all(any(line.startswith(entry) for line in lines) for entry in ("uv run ruff check", "uv run mypy"))


@pytest.mark.parametrize("part", ["checks", "suite", "older", "settings"])
def test_the_pipeline_has_the_parts_that_it_names(part: str) -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(rf"^#   \.ci/run {part} ", text, re.M)
    assert re.search(rf"^{part}\(\) {{$", text, re.M)


def test_the_pipeline_is_valid_bash() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    done = subprocess.run([bash, "-n", str(ROOT / ".ci" / "run")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# All papers

PATH_SHAPED = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|yml|toml|lock))`")
NOT_OURS = {"uv.lock", ".venv/", "conftest.py", "YYYYMMDD_HHMMSS_name.py"}


@pytest.mark.parametrize("paper", PAPERS)
def test_a_file_that_a_paper_names_exists(paper: str) -> None:
    text = (ROOT / paper).read_text(encoding="utf-8")
    named = {name for name in PATH_SHAPED.findall(text) if name not in NOT_OURS}
    links = {target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target}
    assert links | named, "no file is named, so nothing was tested"
    there = {name for name in links | named if (ROOT / name).exists() or any((ROOT / "pwmig").rglob(name.rstrip("/")))}
    assert sorted((links | named) - there) == []


def test_the_changelog_names_the_version_or_what_comes_next() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.search(rf"^## \[(Unreleased|{re.escape(version)})\]", text, re.M)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.M)) <= kinds


def test_readme_and_the_project_that_init_writes_name_every_key_of_the_config(tmp_path: Path) -> None:
    defaults = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(Config()).items()}
    text = (
        (ROOT / "README.md").read_text(encoding="utf-8").split("### What `pyproject.toml` may say")[1].split("\n## ")[0]
    )
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \| .+ \|$", text, re.MULTILINE)
    assert {name: tomllib.loads(f"value = {value}")["value"] for name, value in rows} == defaults
    init_project(tmp_path)
    written = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pwmig"]
    assert written == defaults and read_config(tmp_path) == Config()
