"""The package as others get it: the wheel, the pins, the conda environment; and no address of a machine in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from requirements import ROOT, require_or_skip

from scripts.renew_pins import pins_of, replace_pins

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
UV_SETTINGS = PROJECT["tool"]["uv"]
PINS = [*UV_SETTINGS["constraint-dependencies"], *UV_SETTINGS["build-constraint-dependencies"]]

CONDA_ONLY = {"python", "pip"}


def tracked_files() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout, so nothing says which files belong to it")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


# The pins


@pytest.mark.parametrize("pin", PINS)
def test_a_pin_is_one_exact_version_without_an_address(pin: str) -> None:
    requirement = Requirement(pin)
    assert requirement.url is None
    assert re.fullmatch(r"==[0-9][^*,]*", str(requirement.specifier))


def test_every_direct_dependency_is_pinned_within_its_bounds() -> None:
    pinned = [Requirement(pin) for pin in PINS]
    for wanted in direct_requirements() + [Requirement(text) for text in PROJECT["build-system"]["requires"]]:
        pins = [pin for pin in pinned if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
        assert pins, f"{wanted.name} has no pin: uv run python -m scripts.renew_pins"
        for pin in pins:
            version = str(pin.specifier).removeprefix("==")
            assert wanted.specifier.contains(version), f"{wanted} does not allow {pin}"


def test_what_uv_resolved_is_what_the_pins_say() -> None:
    lock = ROOT / "uv.lock"
    if not lock.is_file():
        pytest.skip("uv has not resolved this checkout: there is no uv.lock")
    pinned = {(canonicalize_name(pin.name), str(pin.specifier)) for pin in map(Requirement, PINS)}
    resolved = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    packages = {(canonicalize_name(package["name"]), "==" + package["version"]) for package in resolved}
    assert {name for name, _ in packages} > {"peewee", "pytest", "jupyterlab"}
    assert sorted(packages - pinned - {("pwmig", "==" + PROJECT["project"]["version"])}) == []


TABLE = '[tool.uv]\nconstraint-dependencies = [\n  "old==1",\n]\nafter = 1\n'


def test_renewing_replaces_the_pins_and_nothing_else() -> None:
    made = replace_pins(TABLE, "constraint-dependencies", ["new==2 ; python_version < '3.12'"])
    assert tomllib.loads(made) == {
        "tool": {"uv": {"constraint-dependencies": ["new==2 ; python_version < '3.12'"], "after": 1}}
    }
    assert replace_pins(made, "constraint-dependencies", ["old==1"]) == TABLE


def test_renewing_refuses_a_file_without_the_list() -> None:
    with pytest.raises(ValueError, match="0 lists"):
        replace_pins("[tool.uv]\n", "constraint-dependencies", [])


def test_pins_are_read_from_what_uv_exports() -> None:
    exported = '# by uv\n-e .\nb==2 ; python_version < "3.12"\n    # via c\na==1\n'
    assert pins_of(exported) == ("a==1", "b==2 ; python_version < '3.12'")


# environment.yml


def direct_requirements() -> list[Requirement]:
    """All that pyproject.toml asks for: to run, for each extra, to develop; without the project itself."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    texts = [*project["dependencies"], *chain(*extras), *PROJECT["dependency-groups"]["dev"]]
    return [Requirement(text) for text in texts if Requirement(text).name != project["name"]]


def environment_entries() -> list[str]:
    """The packages that environment.yml lists, conda's and pip's, in its own spelling."""
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    listed = lines[lines.index("dependencies:") + 1 :]
    entries = [found[1] for line in listed if (found := re.fullmatch(r" +- ([^#]*[^#:\s])", line))]
    return [entry for entry in entries if not entry.startswith("-")]


def test_conda_gets_the_names_and_bounds_of_pyproject() -> None:
    listed = {req.name: req.specifier for req in map(Requirement, environment_entries())}
    wanted = {req.name: req.specifier for req in direct_requirements()}
    assert {name: bounds for name, bounds in listed.items() if name not in CONDA_ONLY} == wanted
    assert str(listed["python"]) == PROJECT["project"]["requires-python"]


def test_conda_environment_holds_the_project_itself() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert text.rstrip().endswith("- --editable .")
    assert "\t" not in text


# No address of a machine


# Written in pieces, so that this file does not hold what it looks for.
ADDRESSES = {
    "a package index": re.compile("|".join([r"pypi" + r"\.org", "python" + "hosted", "/sim" + r"ple[/\"'\s]"])),
    "a home folder": re.compile(r"/(?:root|home/[a-z][\w-]*|Users/[A-Za-z][\w-]*)" + r"/(?=[\w.])"),
    "a checkout of somebody's": re.compile("/work" + r"/(?:main|shared)"),
}


@pytest.mark.parametrize("kind", ADDRESSES)
def test_no_file_names_an_address_of_a_machine(kind: str) -> None:
    found = []
    for path in tracked_files():
        if path.suffix in (".png", ".sqlite"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {hit[0]}" for hit in ADDRESSES[kind].finditer(text)]
    assert found == []


def test_a_lock_file_is_not_part_of_the_project() -> None:
    assert [path.name for path in tracked_files() if path.name == "uv.lock"] == []
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"uv.lock", ".venv/", "db/*.sqlite"} <= set(ignored)


# The wheel


def uv_command() -> list[str]:
    """How uv is started here: as a program, or as a module of this Python or the one it was started by."""
    if program := shutil.which("uv") or os.environ.get("UV"):
        return [program]
    has_module = subprocess.run([sys.executable, "-m", "uv", "--version"], capture_output=True, check=False)
    if has_module.returncode == 0:
        return [sys.executable, "-m", "uv"]
    return require_or_skip("network", "there is no uv to build a wheel with")


def uv(*arguments: str, cwd: Path) -> None:
    done = subprocess.run([*uv_command(), *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        offline = re.search(r"error sending request|dns error|[Cc]onnect|offline|timed out", done.stderr)
        if offline:
            require_or_skip("network", f"uv {arguments[0]} needs a package index, and none answers")
        pytest.fail(f"uv {' '.join(arguments)}:\n{done.stderr}", pytrace=False)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.network
def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"pwmig", f"pwmig-{PROJECT['project']['version']}.dist-info"}
    files = {str(path.relative_to(ROOT)) for path in tracked_files() if path.is_relative_to(ROOT / "pwmig")}
    assert files - names == set()
    assert "pwmig/py.typed" in names


@pytest.mark.network
def test_the_wheel_works_with_peewee_alone(wheel: Path, tmp_path: Path) -> None:
    """In an empty environment: `pwmig init`, and `pwmig status` says that there is something to do (1)."""
    venv, project = tmp_path / "venv", tmp_path / "project"
    uv("venv", "--quiet", "--python", sys.executable, str(venv), cwd=tmp_path)
    pins = tmp_path / "pins.txt"
    pins.write_text("\n".join(UV_SETTINGS["constraint-dependencies"]), encoding="utf-8")
    python = venv / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", str(python), "-c", str(pins), str(wheel), cwd=tmp_path)
    packages = "from importlib.metadata import distributions as d; print(sorted(x.name for x in d()))"
    assert say(python, "-c", packages, cwd=tmp_path) == (0, "['peewee', 'pwmig']")
    project.mkdir()
    program = venv / "bin" / "pwmig"
    assert say(program, "init", cwd=project)[0] == 0
    code, output = say(program, "status", cwd=project)
    assert code == 1
    assert "pending" in output


def say(program: Path, *arguments: str, cwd: Path) -> tuple[int, str]:
    """The exit code of a program and what it printed, errors too."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(program), *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.strip()
