"""The models' file of a baseline: where it is, whether it may be written, and its writing at once or not at all."""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from pwmig.errors import PlanError, ProjectError

if TYPE_CHECKING:
    from pwmig.project import Project
    from pwmig.schema import Schema

__all__ = ["models_file", "models_source", "models_written"]


def models_file(project: Project) -> Path:
    """The file that the models are to be written to; PlanError where it holds something already, or there is none."""
    if project.models_module is None:
        raise PlanError(
            "there is no module to write the models to",
            why="Project(...) was made of its parts, and names none",
            way_out="leave the models out, or open the project by its folder",
        )
    place = project.root.joinpath(*project.models_module.split("."))
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    shown = os.path.relpath(path, project.root)
    if place.is_dir() and [file for file in place.glob("**/*.py") if file != path]:
        raise _in_the_way(os.path.relpath(place, project.root), "it is a package with modules of its own")
    if path.exists() and not _may_be_replaced(path):
        raise _in_the_way(shown, "it holds code already, and nothing is overwritten")
    return path


def _in_the_way(shown: str, why: str) -> PlanError:
    return PlanError(
        f"no models were written: {shown} is in the way",
        why=why,
        way_out="name another module by models = ... in [tool.pwmig], or move the file away; without --models the "
        "baseline is made alone",
    )


def _may_be_replaced(path: Path) -> bool:
    """Whether a file holds no more than imports and its docstring, or what pwmig init wrote."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError):
        return False
    template = files("pwmig").joinpath("templates", "db", "models.py.template").read_text(encoding="utf-8")
    return text.split() == template.split() or all(
        isinstance(node, (ast.Import, ast.ImportFrom))
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in tree.body
    )


def models_source(project: Project, schema: Schema) -> str:
    """The source of models for a schema; DatabaseUnsupported where they can't be written for its kind of database."""
    from pwmig.modelling import write_models

    return write_models(schema, project.dialect, config=project.config.config)


@contextmanager
def models_written(path: Path, source: str) -> Iterator[None]:
    """Write the file, and put back what was there where something fails while entered."""
    before = path.read_bytes() if path.exists() else None
    _write(path, source)
    try:
        yield
    except BaseException as error:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before)
        if isinstance(error, ProjectError):
            error.way_out += "; nothing was written, and without --models the baseline is made alone"
        raise


def _write(path: Path, source: str) -> None:
    """Write the file, the whole of it or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(source)
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(name, path)
    except OSError as error:
        raise ProjectError(
            f"{path} can't be written",
            why=error.strerror or str(error),
            way_out="look at its folder's permissions; no baseline was made, and without --models it is made alone",
        ) from error
