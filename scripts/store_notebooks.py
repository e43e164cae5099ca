"""Run the notebooks and store their outputs as they are compared later: ``uv run python -m scripts.store_notebooks``.

Give the names of some (``workbench``), or none for all. They run on a copy of the example project, as in the
tests; what belongs to a live kernel (the state of widgets, times of cells) is left out.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WIDGET = "application/vnd.jupyter.widget-view+json"


@contextmanager
def example_copy() -> Iterator[None]:
    """The example project without its database, in a folder called ``pwmig``, for the workbench to find."""
    with tempfile.TemporaryDirectory(prefix="pwmig-") as scratch:
        copy = Path(scratch, "pwmig")
        for folder in ("db", "scripts"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("*.sqlite*", "__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        os.environ["PWMIG_PROJECT"] = str(copy)
        os.environ.pop("DATABASE_URL", None)
        yield


def stored(path: Path) -> str:
    """The notebook's text after a run from top to bottom."""
    import nbformat
    from nbclient import NotebookClient

    notebook: Any = nbformat.read(path, as_version=4)
    with example_copy():
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)
    text: str = nbformat.writes(notebook)
    return text + "\n"


def main(names: Sequence[str]) -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not names or path.stem in names:
            path.write_text(stored(path), encoding="utf-8")
            print(f"stored {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
