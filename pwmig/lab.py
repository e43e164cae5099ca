"""JupyterLab at the project's workbench notebook, on this machine only."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pwmig.errors import ProjectError, PwmigError

if TYPE_CHECKING:
    from pwmig.project import Project

__all__ = ["NOTEBOOK", "open_lab"]

NOTEBOOK = "notebooks/workbench.ipynb"


def open_lab(project: Project, *, port: int = 8888, browser: bool = True) -> int:
    """Start JupyterLab on loopback with a token of its own, and stay until Ctrl-C; returns an exit code.

    A port in use is passed by. Without a display, or with ``browser=False``, the address is printed only.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise PwmigError(
            "JupyterLab is not installed",
            why="the workbench is an extra, so that pwmig itself needs only peewee",
            way_out="install it: uv add 'pwmig[notebook]', or pip install 'pwmig[notebook]'",
        )
    if not (project.root / NOTEBOOK).is_file():
        raise ProjectError(
            f"there is no {NOTEBOOK} in {project.root}",
            why="pwmig lab opens the project's workbench notebook",
            way_out="pwmig init in an empty folder writes one to copy; or start jupyter lab by hand",
        )
    print(f"JupyterLab opens {NOTEBOOK} of {project.root}; Ctrl-C ends it", flush=True)
    return _stay(_command(project, port, browser and _has_display()))


def _command(project: Project, port: int, browser: bool) -> list[str]:
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": str(port),
        "ServerApp.root_dir": str(project.root),
        "ServerApp.open_browser": str(browser),
        "ServerApp.answer_yes": "True",  # Ctrl-C ends it at once, without asking.
        "ServerApp.log_level": "WARN",  # The address is printed all the same, and stands out.
        "LabApp.default_url": "/lab/tree/" + quote(NOTEBOOK),
        "LabApp.news_url": "None",  # Nothing here needs the net.
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def _environment() -> dict[str, str]:
    """This process's environment, with settings by which JupyterLab does not ask whether to fetch news."""
    places = [str(Path(__file__).with_name("jupyter")), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    return os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, places))}


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _stay(command: list[str]) -> int:
    """Run the server until it ends; Ctrl-C is for it, and an end by Ctrl-C is a good one."""
    interrupted = False
    process: subprocess.Popen[bytes] | None = None

    def on_interrupt(number: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)

    # Heard from now on: the server has a session of its own, and nobody else would end it. A terminal that is
    # closed sends SIGHUP, where there is such a signal.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), on_interrupt)
    process = subprocess.Popen(command, start_new_session=True, env=_environment())
    if interrupted:
        process.send_signal(signal.SIGINT)
    code = process.wait()
    return 0 if interrupted else code
