"""The ground of the lessons: a copy of the example project, in a temporary folder that goes with the kernel."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from pwmig import Project

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns("*.sqlite*", "__pycache__", "202[6-9]*", "20[3-9]*")
"""A database, and the migrations that a person added to the example, whose own are of 2025."""


def copy_of_the_example(applied_to: str | None = None) -> Path:
    """The folder of a copy with its own database, to which the migrations (up to one) have been applied."""
    os.environ.pop("DATABASE_URL", None)
    scratch = Path(tempfile.mkdtemp(prefix="pwmig-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    folder = scratch / "players"
    for part in ("db", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=LEFT_OUT)
    project = Project.open(folder)
    project.apply(to=applied_to)
    project.database.close()
    return folder
