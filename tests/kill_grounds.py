"""Databases for tests that kill: copied from prepared ones at little cost, and looked at as a whole."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import peewee
from projects import write_project
from servers import Server

from pwmig.project import Project

__all__ = ["GROUNDS", "Ground", "MariaDBGround", "PostgresGround", "SqliteGround", "State", "ground_of", "write_case"]

VARIABLE = "PWMIG_KILLED_DATABASE"
"""By which the config of a project learns which database a program works on."""

_numbers = count()

_SETTLED_S = 60.0
_MOST_KEPT = 1000
"""Rows of a table that are kept as they are; of more, a digest."""


@dataclass(frozen=True, slots=True)
class State:
    """All that a database holds: its schema, the rows of each table, and what the history says.

    ``applied`` are the migrations whose effect should be there, by the names that their authors gave them, and how they
    came there; ``recorded`` counts all rows of the history.
    """

    schema: Any
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    applied: tuple[tuple[str, str], ...]
    recorded: int

    @property
    def effect(self) -> tuple[Any, ...]:
        """What users see of it."""
        return self.schema, self.rows

    def differs(self, other: State) -> str:
        """What differs, for a person."""
        told = [f"{name}: {getattr(self, name)} not {getattr(other, name)}" for name in ("applied", "recorded")
                if getattr(self, name) != getattr(other, name)]  # fmt: skip
        told += [f"rows of {name}: {rows}, not {dict(other.rows).get(name)}" for name, rows in self.rows
                 if rows != dict(other.rows).get(name)]  # fmt: skip
        if self.schema != other.schema:
            from pwmig.diff import diff

            told.append(f"schema: {diff(other.schema, self.schema) or 'in facts that diff does not name'}")
        return "; ".join(told) or f"tables {[n for n, _ in self.rows]}, not {[n for n, _ in other.rows]}"


class Ground:
    """Where databases of one kind are made for cells; ``config`` is that of every project on them."""

    kind: str
    config: str

    def make(self, name: str, base: str) -> None:
        """A new database that holds what the statements of ``base`` make."""
        raise NotImplementedError

    def copy(self, name: str, of: str) -> None:
        """Make a database, in place of the one that had its name, which holds what another one does."""
        raise NotImplementedError

    def drop(self, name: str) -> None:
        raise NotImplementedError

    def database(self, name: str) -> peewee.Database:
        raise NotImplementedError

    def environment(self, name: str) -> dict[str, str]:
        """What a program has to be told to work on a database."""
        return {VARIABLE: name}

    def kill(self) -> None:
        """Kill the server."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the server that was killed."""
        raise NotImplementedError

    def settle(self, name: str) -> None:
        """Wait until what a killed program was about has come to its end: until then, its turn is under way."""

    def state(self, name: str, root: Path) -> State:
        """What a database holds now."""
        database = self.database(name)
        try:
            project = Project(database=database, migrations=root / "db" / "migrations", root=root)
            schema, statuses = project.schema(), project.applied()
            applied = tuple((one.name[16:], one.how) for one in statuses)
            with database.connection_context():
                rows = tuple((table.name, _rows(database, table.name)) for table in schema.tables)
                recorded = 0
                if database.table_exists("pwmig_history"):
                    recorded = int(database.execute_sql("SELECT count(*) FROM pwmig_history").fetchone()[0])
            return State(schema, rows, applied, recorded)
        finally:
            if not database.is_closed():
                database.close()


def _rows(database: Any, table: str) -> tuple[str, ...]:
    left, right = database.quote
    name = ".".join(left + part + right for part in table.split("."))
    found = sorted(map(repr, database.execute_sql(f"SELECT * FROM {name}").fetchall()))
    if len(found) > _MOST_KEPT:
        return str(len(found)), hashlib.sha256("\n".join(found).encode()).hexdigest()
    return tuple(found)


def statements(base: str) -> list[str]:
    found = [one.strip().replace("\\;", ";") for one in re.split(r"(?<!\\);", base)]
    return [one for one in found if one]


class SqliteGround(Ground):
    kind = "sqlite"

    def __init__(self, folder: Path, mode: str = "delete") -> None:
        self.folder, self.mode = folder, mode
        self.config = _CONFIG.format(
            database=f"SqliteDatabase(os.path.join({str(folder)!r}, os.environ[{VARIABLE!r}]), "
            "pragmas={'foreign_keys': 1})"
        )

    def make(self, name: str, base: str) -> None:
        self.drop(name)
        with closing(sqlite3.connect(self.folder / name)) as connection:
            connection.execute(f"PRAGMA journal_mode = {self.mode}")
            connection.execute("PRAGMA synchronous = OFF")
            for statement in statements(base):
                connection.execute(statement)
            connection.commit()

    def copy(self, name: str, of: str) -> None:
        self.drop(name)
        for ending in ("", "-wal"):  # Whoever closed it last has emptied the log into the file, or left it.
            if (self.folder / f"{of}{ending}").exists():
                shutil.copyfile(self.folder / f"{of}{ending}", self.folder / f"{name}{ending}")

    def drop(self, name: str) -> None:
        for ending in ("", "-journal", "-wal", "-shm"):
            (self.folder / f"{name}{ending}").unlink(missing_ok=True)

    def database(self, name: str) -> peewee.Database:
        return peewee.SqliteDatabase(self.folder / name)

    def state(self, name: str, root: Path) -> State:
        with closing(sqlite3.connect(self.folder / name)) as connection:
            # Whoever comes next takes back what a killed program left, and that must be a whole file.
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA journal_mode").fetchall() == [(self.mode,)]
        return super().state(name, root)


class ServerGround(Ground):
    def settle(self, name: str) -> None:
        """A server hears only behind a statement that nobody waits for it any more."""
        until = time.monotonic() + _SETTLED_S
        sql = self.connected.format(self._prefix + name)
        while self.server.execute(sql)[0][0]:
            if time.monotonic() > until:
                raise TimeoutError("the connection of a program that was killed did not end")
            time.sleep(0.01)

    def __init__(self, server: Server) -> None:
        self.server, self.kind = server, server.kind
        options = {"prefer_psycopg3": True} if self.kind == "postgres" else {}
        self.config = "from playhouse.db_url import connect\n" + _CONFIG.format(
            database=f"connect({server.url('x')!r}, unquote_password=True, **{options!r}, "
            f"database=os.environ[{VARIABLE!r}])"
        )
        self._prefix = f"killed_{os.getpid()}_{next(_numbers)}_"

    def environment(self, name: str) -> dict[str, str]:
        return {VARIABLE: self._prefix + name}

    def database(self, name: str) -> peewee.Database:
        return self.server.database(self._prefix + name)

    def drop(self, name: str) -> None:
        self.server.drop(self._prefix + name)

    def make(self, name: str, base: str) -> None:
        self.drop(name)
        self.server.create(self._prefix + name)
        with self.database(name) as database:
            for statement in statements(base):
                database.execute_sql(statement.replace("%", "%%"))
        database.close()

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server.restart()


class PostgresGround(ServerGround):
    connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'"

    def copy(self, name: str, of: str) -> None:
        self.drop(name)
        self.server.execute(f'CREATE DATABASE "{self._prefix + name}" TEMPLATE "{self._prefix + of}"')


class MariaDBGround(ServerGround):
    """A copy is made table by table, as the server itself shows them."""

    connected = "SELECT count(*) FROM information_schema.processlist WHERE db = '{}'"

    def copy(self, name: str, of: str) -> None:
        self.drop(name)
        self.server.create(self._prefix + name)
        new, old = self._prefix + name, self._prefix + of
        run = self.server.execute
        run("SET foreign_key_checks = 0")
        kinds = run(f"SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = '{old}'")
        run(f"USE `{new}`")
        for table, kind in sorted(kinds, key=lambda one: one[1] != "BASE TABLE"):
            shown = run(f"SHOW CREATE {'TABLE' if kind == 'BASE TABLE' else 'VIEW'} `{old}`.`{table}`")[0][1]
            run(shown.replace(f"`{old}`", f"`{new}`"))
            if kind == "BASE TABLE":
                run(f"INSERT INTO `{new}`.`{table}` SELECT * FROM `{old}`.`{table}`")
        run("USE mysql")


GROUNDS: dict[str, type[ServerGround]] = {"postgres": PostgresGround, "mariadb": MariaDBGround}

_CONFIG = """
import os
from peewee import *
from pwmig import Migrator

database = {database}
migrator = Migrator.from_database(database)
"""


def ground_of(kind: str, server: Server | None, folder: Path) -> Ground:
    """``wal`` is SQLite with a write-ahead log in place of a rollback journal."""
    if kind in ("sqlite", "wal"):
        return SqliteGround(folder, "wal" if kind == "wal" else "delete")
    assert server is not None
    return GROUNDS[kind](server)


def write_case(ground: Ground, root: Path, migrations: dict[str, str]) -> Path:
    return write_project(root, migrations, config=ground.config)
