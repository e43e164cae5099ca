"""What ``pwmig init`` writes: a project that runs at once.

The texts are files under ``pwmig/templates``, laid out as the project is and named ``*.template``,
so that no tool takes them for modules of pwmig. ``{{ name }}`` in them stands for the project's name.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pwmig.errors import ProjectError

__all__ = ["init_project"]

_OWN = (
    "db/.gitignore",
    "db/__init__.py",
    "db/migrations_config.py",
    "db/models.py",
    "scripts/__init__.py",
    "scripts/manage_migrations.py",
    "notebooks/workbench.ipynb",
)
_SHARED = ("pyproject.toml", ".gitignore", "README.md")
"""Files that a folder may have without being a project of pwmig: an existing one stays as it is."""

_MIGRATIONS = ("create_player", "add_player_level")
_MIGRATIONS_FOLDER = "db/migrations"


def init_project(folder: Path, *, name: str | None = None, now: datetime | None = None) -> tuple[Path, ...]:
    """Write the files of a new project into a folder and return their paths, in the order written.

    ``name`` is the project's name in pyproject.toml, the folder's by default; ``now`` (UTC) is the
    time in the first migration's file name. The folder is made if it is not there.

    Nothing is overwritten: an existing pyproject.toml, .gitignore or README.md is kept and left
    out. Anything else in the way raises ProjectError before the first file is written.
    """
    folder = Path(os.path.abspath(folder))
    project_name = _project_name(folder.name if name is None else name)
    _refuse_existing(folder)
    texts = {place: _template(place) for place in _OWN} | _migrations(now or datetime.now(UTC))
    for place in _SHARED:
        if not os.path.lexists(folder / place):
            texts[place] = _template(place).replace("{{ name }}", project_name)
    if "pyproject.toml" in texts:
        texts["pyproject.toml"] += _source_of_pwmig()
    return tuple(_write(folder / place, text) for place, text in texts.items())


def _project_name(wanted: str) -> str:
    """A valid name of a Python project: letters, digits, ``-``, ``_`` and ``.`` between them.

    https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[^a-z0-9]+", "-", wanted.lower(), flags=re.ASCII).strip("-") or "players"


def _source_of_pwmig() -> str:
    """Where uv gets pwmig for the new project, if this one did not come from a package index; else nothing.

    Whoever installed pwmig has noted it in ``direct_url.json``:
    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        noted = json.loads(distribution("pwmig").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    source = _uv_source(noted)
    if not source:
        return ""
    parts = ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in source.items())
    return f"\n# This is where the pwmig that made this project came from.\n[tool.uv.sources]\npwmig = {{ {parts} }}\n"


def _uv_source(noted: Mapping[str, Any]) -> dict[str, str | bool]:
    """An entry of uv's table of sources for a direct URL; {} where it can't be one, or holds a password.

    https://docs.astral.sh/uv/concepts/projects/dependencies/#dependency-sources
    """
    url = str(noted.get("url", ""))
    address = urlsplit(url)
    if not url or address.username or address.password:
        return {}
    if "vcs_info" in noted:
        vcs = noted["vcs_info"]
        return {"git": url, "rev": str(vcs["commit_id"])} if vcs.get("vcs") == "git" else {}
    if address.scheme != "file":
        return {"url": url}
    path = url2pathname(address.path)
    return {"path": path, "editable": True} if noted.get("dir_info", {}).get("editable") else {"path": path}


def _migrations(now: datetime) -> dict[str, str]:
    """The migrations' places and texts, a second apart, the first one at ``now``."""
    times = (now + timedelta(seconds=number) for number in range(len(_MIGRATIONS)))
    return {
        f"{_MIGRATIONS_FOLDER}/{time:%Y%m%d_%H%M%S}_{name}.py": _template(f"{_MIGRATIONS_FOLDER}/{name}.py")
        for time, name in zip(times, _MIGRATIONS)
    }


def _template(place: str) -> str:
    source = files("pwmig").joinpath("templates", *place.split("/")[:-1])
    return source.joinpath(place.rpartition("/")[2].lstrip(".") + ".template").read_text(encoding="utf-8")


def _refuse_existing(folder: Path) -> None:
    files_in_the_way = [place for place in _OWN if os.path.lexists(folder / place)]
    if _is_in_the_way(folder / _MIGRATIONS_FOLDER):
        files_in_the_way.append(_MIGRATIONS_FOLDER)
    folders = [".", *sorted({place.partition("/")[0] for place in _OWN})]
    files_in_the_way += [
        place for place in folders if os.path.lexists(folder / place) and not (folder / place).is_dir()
    ]
    if files_in_the_way:
        shown = ", ".join(files_in_the_way[:3]) + (", ..." if len(files_in_the_way) > 3 else "")
        raise ProjectError(
            f"no project was made in {folder}",
            why=f"pwmig init overwrites nothing, and this is there already: {shown}",
            way_out="choose another folder, or move what is there away; no file was written",
        )


def _is_in_the_way(migrations: Path) -> bool:
    """Whether something is at the place of the migrations' folder other than an empty folder."""
    if not os.path.lexists(migrations):
        return False
    return not migrations.is_dir() or any(migrations.iterdir())


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise ProjectError(
            f"{path} can't be written",
            why=error.strerror or str(error),
            way_out="look at the folder's permissions, then remove what was written and run pwmig init again",
        ) from error
    return path
