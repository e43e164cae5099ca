"""``pwmig lab``: JupyterLab on this machine only, ended by Ctrl-C without a trace."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from projects import CREATE_PLAYER, open_project, run_cli, write_project
from requirements import require_or_skip

from pwmig import lab
from pwmig.project import Project

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_project(tmp_path, {"create_player": CREATE_PLAYER})
    (tmp_path / "notebooks").mkdir()
    (tmp_path / lab.NOTEBOOK).write_text(NOTEBOOK)
    return tmp_path


@pytest.fixture
def jupyterlab() -> None:
    if importlib.util.find_spec("jupyterlab") is None:
        require_or_skip("browser", "JupyterLab is not installed")


def options(command: list[str]) -> dict[str, str]:
    return dict(word[2:].split("=", 1) for word in command if "=" in word)


def test_it_listens_on_this_machine_only_with_a_token(root: Path) -> None:
    command = lab._command(Project.open(root), 8888, False)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    found = options(command)
    assert found["ServerApp.ip"] == "127.0.0.1" and found["ServerApp.port"] == "8888"
    assert found["ServerApp.root_dir"] == str(root)
    assert found["LabApp.default_url"] == "/lab/tree/notebooks/workbench.ipynb"
    assert not [name for name in found if "token" in name.lower() or "password" in name.lower()]


def test_root_is_allowed_where_it_is_root_and_only_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.open(root)
    for user, allowed in ((0, True), (1000, False)):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert ("--allow-root" in lab._command(project, 8888, False)) is allowed


DISPLAYS = [({}, False), ({"DISPLAY": ":0"}, True), ({"WAYLAND_DISPLAY": "wayland-0"}, True), ({"DISPLAY": ""}, False)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
@pytest.mark.parametrize(("environment", "there"), DISPLAYS)
def test_a_browser_needs_a_display(environment: dict[str, str], there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert lab._has_display() is there


def test_a_project_without_the_notebook_is_told(tmp_path: Path, jupyterlab: None) -> None:
    open_project(tmp_path)
    done = run_cli(tmp_path, "lab")
    assert done.returncode == 2 and "there is no notebooks/workbench.ipynb" in done.stderr
    assert "way out:" in done.stderr


def session(process_id: int) -> set[int]:
    """The processes that came from one: itself, its children and theirs, from /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found = {process_id}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found & set(parents)


def status_of(address: str) -> int:
    """The HTTP status of a page; a server prints its address some moments before it listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as page:
                return int(page.status)
        except urllib.error.URLError:
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.1)


def alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "a closed terminal"])
def test_it_passes_by_a_port_in_use_and_ends_without_a_trace(
    root: Path, jupyterlab: None, tmp_path_factory: pytest.TempPathFactory, ending: signal.Signals
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        home = tmp_path_factory.mktemp("home")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "DISPLAY"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "pwmig", "lab", "--no-browser", "--port", str(port)],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment | {"PYTHONPATH": str(ROOT), "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        timer = threading.Timer(120, process.terminate)  # and not kill: it has a server to end
        timer.start()
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/\S*token=\S+", line):
                address = found[0]
                break
        assert address, "it printed no address"
        assert f":{port}/" not in address and "/lab/tree/notebooks/workbench.ipynb?token=" in address
        assert status_of(address) == 200
        family = session(process.pid)
        assert len(family) >= 2
        process.send_signal(ending)
        process.stdout.read()
        assert process.wait(timeout=30) == 0
        timer.cancel()
    deadline = time.monotonic() + 10
    while [one for one in family if alive(one)]:
        assert time.monotonic() < deadline, "a process is left"
        time.sleep(0.05)


def test_jupyterlab_does_not_ask_for_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own code finds the setting, and a person's own places stay."""
    config = pytest.importorskip("jupyterlab_server.config")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/somebody/has/settings")
    places = lab._environment()["JUPYTER_CONFIG_PATH"]
    assert places.endswith(os.pathsep + "/somebody/has/settings")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", places)
    folders = [str(Path(place) / "labconfig") for place in places.split(os.pathsep)]
    found = config.get_page_config(folders)
    assert "@jupyterlab/apputils-extension:announcements" in found["disabledExtensions"]
