"""The same migrations twice: as a project of pwmig, and as a folder of the peer's."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.measure import Command, environment, script

__all__ = ["DATABASE", "MIGRATOR", "Sides"]

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
_FIRST = datetime(2025, 1, 1, 9)


class Sides:
    """Two folders below ``root`` with ``count`` migrations each that create a table by raw SQL."""

    def __init__(self, root: Path, count: int) -> None:
        self.ours, self.peer = root / "ours", root / "peer"
        for folder, config in ((self.ours, "migrations_config"), (self.peer, "settings")):
            (folder / "db" / "migrations").mkdir(parents=True)
            (folder / "db" / "__init__.py").touch()
            (folder / "db" / f"{config}.py").write_text(DATABASE + (MIGRATOR if folder == self.ours else ""))
        (self.peer / ".pwmigrate").write_text("database=db.settings.database\ndirectory=db/migrations\n")
        for number in range(count):
            self._write(number)
        self.empty()

    def _write(self, number: int) -> None:
        sql = f"CREATE TABLE table_{number:04} (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL)"
        stamp = (_FIRST + timedelta(minutes=number)).strftime("%Y%m%d_%H%M%S")
        (self.ours / f"db/migrations/{stamp}_create_table_{number:04}.py").write_text(
            "from db.migrations_config import database\n\n\n"
            f"def migrate_forward():\n    database.execute_sql({sql!r})\n\n\n"
            f"def migrate_backward():\n    database.execute_sql('DROP TABLE table_{number:04}')\n"
        )
        (self.peer / f"db/migrations/{stamp}_create_table_{number:04}.py").write_text(
            "from db.settings import database\n\n\n"
            f"def up(migrator, db):\n    database.execute_sql({sql!r})\n\n\n"
            f"def down(migrator, db):\n    database.execute_sql('DROP TABLE table_{number:04}')\n"
        )

    def empty(self) -> None:
        """Put an empty database at both places."""
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
