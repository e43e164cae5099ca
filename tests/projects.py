"""Projects for tests: a folder with a config, models and migrations, written as a user would."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pwmig.project import Project

CONFIG = """
import os
from pathlib import Path
from peewee import *
from pwmig import Migrator

database = SqliteDatabase(Path(__file__).parent / "app.sqlite", pragmas={"foreign_keys": 1})
migrator = Migrator.from_database(database)
"""


def config_of(database: Any) -> str:
    """The config of a project whose database is the one that a Peewee database object of a test names."""
    options = dict(database.connect_params)
    if "3" in type(getattr(database, "_adapter", None)).__name__:
        options["prefer_psycopg3"] = True
    names = f"NAME, OPTIONS = {str(database.database)!r}, {options!r}\n"
    made = f"database = {type(database).__name__}(NAME, **OPTIONS)\nmigrator = Migrator.from_database(database)\n"
    return "from peewee import *\nfrom pwmig import Migrator\n" + names + made


HEAD = "from playhouse.migrate import *\nfrom db.migrations_config import database, migrator\nfrom peewee import *\n\n"


def sql_migration(forward: str, backward: str = "") -> str:
    """A migration that sends one SQL statement in each direction."""
    return (
        "from db.migrations_config import database\n\n"
        f"def migrate_forward():\n    database.execute_sql({forward!r})\n\n"
        + (f"def migrate_backward():\n    database.execute_sql({backward!r})\n" if backward else "")
    )


CREATE_PLAYER = sql_migration(
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL)", "DROP TABLE player"
)


def write_project(
    root: Path, migrations: Mapping[str, str] | None = None, *, config: str = CONFIG, models: str = ""
) -> Path:
    """Write a project's files; ``migrations`` are sources by name, in the order of their times."""
    folder = root / "db" / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "db" / "__init__.py").touch()
    (root / "db" / "migrations_config.py").write_text(config)
    (root / "db" / "models.py").write_text(models)
    for number, (name, source) in enumerate((migrations or {}).items()):
        (folder / f"20250101_{number:06d}_{name}.py").write_text(source)
    return root


def open_project(root: Path, migrations: Mapping[str, str] | None = None, **parts: str) -> Project:
    return Project.open(write_project(root, migrations, **parts))


def state(path: Path) -> list[tuple[object, ...]]:
    """All that a SQLite file holds, by a connection of its own: catalog and rows, the history aside."""
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        catalog = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
        found: list[tuple[object, ...]] = [row for row in catalog if not _own(row[2])]
        for _, name, _, _ in [row for row in found if row[0] == "table"]:
            quoted = '"' + name.replace('"', '""') + '"'
            found += [(name, *row) for row in connection.execute(f"SELECT * FROM {quoted} ORDER BY 1")]
        return found
    finally:
        connection.close()


def _own(table: str) -> bool:
    return table.startswith("pwmig_") or table == "sqlite_sequence"


def states(project: Project) -> dict[str, str]:
    """Each migration's state by the name that its author gave it."""
    return {status.name[16:]: status.state.value for status in project.status()}


def waited_s(said: str) -> float:
    """How many seconds a message says were waited; a busy machine waits a little longer than was asked."""
    (seconds,) = re.findall(r"waited (\d+\.\d) s", said)
    return float(seconds)


def run_cli(root: Path, *arguments: str, module: str = "pwmig", **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as a user runs it, in the project's folder."""
    import os

    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)} | environment,
    )
