"""Helpers of the tests that work on a copy of the example project, never on the tree itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE_MIGRATIONS = tuple(sorted(path.stem for path in (ROOT / "db/migrations").glob("2025*.py")))
"""The example's own migrations are of 2025; whoever tries the tour or the workbench adds later ones."""

LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.sqlite*", "202[6-9]*", "20[3-9]*")

OTHERS = ("pwmig_", "sqlite_")
"""How the names of tables begin that are no table of the project."""


def copy_example(folder: Path) -> Path:
    """The example project without its database and what a person added to it, copied into a folder that is returned."""
    for part in ("db", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=LEFT_OUT)
    return folder


def manage(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``python -m scripts.manage_migrations WORDS`` in a project's folder, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "scripts.manage_migrations", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def write_migration(folder: Path, name: str, source: str) -> Path:
    """A migration file with the given text in a project's folder."""
    path = folder / "db/migrations" / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    return path


def database_file(folder: Path) -> Path:
    return folder / "db/players.sqlite"


def contents(folder: Path) -> dict[str, list[Any]]:
    """The rows of every table but pwmig's and SQLite's own, as a set of columns by name, read by sqlite3 alone.

    A row is a sorted list of (column, value), so that the order of the columns does not count.
    """
    with sqlite3.connect(f"file:{database_file(folder)}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        listed = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        tables = [row["name"] for row in connection.execute(listed) if not row["name"].startswith(OTHERS)]
        rows = {table: connection.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall() for table in tables}
    connection.close()
    return {
        table: [sorted((key, row[key]) for key in tuple(row.keys())) for row in found] for table, found in rows.items()
    }


def columns(folder: Path, table: str) -> list[str]:
    """The names of a table's columns, in order, read by sqlite3 alone; empty where there is no table."""
    connection = sqlite3.connect(f"file:{database_file(folder)}?mode=ro", uri=True)
    found = [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    connection.close()
    return found
