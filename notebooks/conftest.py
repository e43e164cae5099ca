"""As tests, the notebooks work on a copy of the example project: running them leaves the tree as it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "PWMIG_PROJECT"
SCRATCH = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Point the kernels at the copy: a fresh one, without a database, in a folder that is always called ``pwmig``."""
    config.stash[SCRATCH] = scratch = tempfile.TemporaryDirectory(prefix="pwmig-")
    copy = Path(scratch.name, "pwmig")
    kept_out = shutil.ignore_patterns("*.sqlite*", "__pycache__", "202[6-9]*", "20[3-9]*")
    for folder in ("db", "scripts"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=kept_out)
    shutil.copy(ROOT / "pyproject.toml", copy)
    os.environ[VARIABLE] = str(copy)
    os.environ.pop("DATABASE_URL", None)


def pytest_unconfigure(config: pytest.Config) -> None:
    os.environ.pop(VARIABLE, None)
    config.stash[SCRATCH].cleanup()


def pytest_collectstart(collector: pytest.Collector) -> None:
    """JupyterLab adds a picture of a diagram when it saves; a kernel alone does not."""
    if collector.path.suffix == ".ipynb" and hasattr(collector, "skip_compare"):
        collector.skip_compare += ("image/svg+xml",)
