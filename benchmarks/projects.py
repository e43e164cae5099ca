"""The same migrations twice: as a project of pwmig, and as a folder of the peer's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.measure import Command, environment, script

__all__ = ["DATABASE", "MIGRATOR", "PASSING", "Sides", "table_each", "table_in_passing"]

# What `pwmig init` writes, without the migrator: the peer makes its own.
DATABASE = """import os
from pathlib import Path

from peewee import SqliteDatabase
from playhouse.db_url import connect

PRAGMAS = {"foreign_keys": 1}


def _database():
    url = os.environ.get("DATABASE_URL")
    if not url:
        return SqliteDatabase(Path(__file__).with_name("players.sqlite"), pragmas=PRAGMAS)
    if url.startswith("sqlite"):
        return connect(url, pragmas=PRAGMAS)
    return connect(url)


database = _database()
"""
MIGRATOR = "from pwmig import Migrator\n\nmigrator = Migrator.from_database(database)\n"
PASSING = "passing"
"""The table that comes and goes."""

_CONNECT = "from playhouse.db_url import connect\n\n"
_FIRST = datetime(2025, 1, 1, 9)


Statements = Callable[[int], tuple[str, str]]
"""The statement of a migration by its number, and the one that takes it back."""


def table_each(number: int) -> tuple[str, str]:
    """Each migration makes a table of its own."""
    return _create(f"table_{number:04}"), f"DROP TABLE table_{number:04}"


def table_in_passing(number: int) -> tuple[str, str]:
    """Every second migration drops the table of the one before, so that the last one finds what the first one found."""
    made = _create(PASSING), f"DROP TABLE {PASSING}"
    return made if number % 2 == 0 else (made[1], made[0])


def _create(table: str) -> str:
    return f"CREATE TABLE {table} (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL)"


class Sides:
    """Two folders below ``root`` with ``count`` migrations each by raw SQL, on an SQLite file each or on ``urls``."""

    def __init__(
        self,
        root: Path,
        count: int,
        statements: Statements = table_each,
        urls: tuple[str, str] | None = None,
    ) -> None:
        self.ours, self.peer = root / "ours", root / "peer"
        for folder, config, url in zip(
            (self.ours, self.peer), ("migrations_config", "settings"), urls or (None, None), strict=True
        ):
            (folder / "db" / "migrations").mkdir(parents=True)
            (folder / "db" / "__init__.py").touch()
            database = DATABASE if url is None else f"{_CONNECT}database = connect({url!r}, unquote_password=True)\n"
            (folder / "db" / f"{config}.py").write_text(database + (MIGRATOR if folder == self.ours else ""))
        (self.peer / ".pwmigrate").write_text("database=db.settings.database\ndirectory=db/migrations\n")
        for number in range(count):
            self._write(number, *statements(number))
        if urls is None:
            self.empty()

    @staticmethod
    def name(number: int) -> str:
        """The name of a migration, counted from 0."""
        return f"{_FIRST + timedelta(minutes=number):%Y%m%d_%H%M%S}_table_{number:04}"

    def _write(self, number: int, forward: str, backward: str) -> None:
        (self.ours / f"db/migrations/{self.name(number)}.py").write_text(
            "from db.migrations_config import database\n\n\n"
            f"def migrate_forward():\n    database.execute_sql({forward!r})\n\n\n"
            f"def migrate_backward():\n    database.execute_sql({backward!r})\n"
        )
        (self.peer / f"db/migrations/{self.name(number)}.py").write_text(
            "from db.settings import database\n\n\n"
            f"def up(migrator, db):\n    database.execute_sql({forward!r})\n\n\n"
            f"def down(migrator, db):\n    database.execute_sql({backward!r})\n"
        )

    def empty(self) -> None:
        """Put an empty database of SQLite at both places."""
        for folder in (self.ours, self.peer):
            (folder / "db/players.sqlite").write_bytes(b"")

    def check_out(self) -> None:
        """Put an empty database beside files that Python has not read yet: what a machine meets that gets them."""
        self.empty()
        for folder in (self.ours, self.peer):
            shutil.rmtree(folder / "db/migrations/__pycache__", ignore_errors=True)

    def apply(self) -> None:
        """Apply all migrations on both sides."""
        for command in (self.migrate(), self.peer_up()):
            subprocess.run(command.arguments, cwd=command.folder, env=environment(), check=True, capture_output=True)

    def status(self) -> Command:
        return Command((script("pwmig"), "status"), self.ours, allowed=(0, 1))

    def peer_status(self) -> Command:
        return Command((script("pwmigrate"), "status"), self.peer, allowed=(0, 1))

    def migrate(self, *, new: bool = False) -> Command:
        """``new``: the files were never run before on this machine."""
        return Command((script("pwmig"), "migrate"), self.ours, fresh=self.check_out if new else self.empty)

    def peer_up(self, *, new: bool = False) -> Command:
        """``new``: the files were never run before on this machine, so that none is compiled yet."""
        return Command((script("pwmigrate"), "up"), self.peer, fresh=self.check_out if new else self.empty)
