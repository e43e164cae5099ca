"""A table of many rows on each kind of database, as new for every run, and the disk that is in use meanwhile."""

from __future__ import annotations

import os
import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import peewee

from benchmarks.databases import servers

__all__ = ["COLUMNS", "SERVERS", "Players", "SqlitePlayers", "players"]

import server_processes  # Found where databases put the tests on the path.

COLUMNS = {
    "id": "INTEGER NOT NULL PRIMARY KEY",
    "name": "VARCHAR(20) NOT NULL",
    "level": "INTEGER NOT NULL",
    "born": "DATE",
    "worth": "DECIMAL(12, 2) DEFAULT 0",
    "note": "TEXT",
    "code": "VARCHAR(10)",
    "club_id": "INTEGER",
    "other_id": "INTEGER",
}
CONSTRAINTS = (
    "CONSTRAINT level_counts CHECK (level >= 0)",
    "CONSTRAINT plays_for FOREIGN KEY (club_id) REFERENCES club (id)",
    "CONSTRAINT by_code UNIQUE (code)",
)
_BARE = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
TABLE = f"CREATE TABLE player ({_BARE}, {', '.join(CONSTRAINTS)})"
INDEXES = ("CREATE INDEX player_name ON player (name)",)
CLUBS = 100
CLUB = ("CREATE TABLE club (id INTEGER NOT NULL PRIMARY KEY)",)
NUMBERS = {
    "sqlite": "(WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {}) SELECT n FROM n)",
    "postgres": "generate_series(1, {}) AS n (n)",
    "mariadb": "(SELECT seq AS n FROM seq_1_to_{}) AS n",
}
"""The numbers from 1 on, as a table."""

_JOINED = {"mariadb": "CONCAT('{}', n)"}
_ROW_SIZE = 2_000
"""Bytes of disk for a row, with what is written on the way."""

_SAMPLE_S = 0.01


def _values(kind: str) -> str:
    joined = _JOINED.get(kind, "'{}' || n")
    note = joined.format("what there is to say about player ")
    club = f"n % {CLUBS} + 1"
    return (
        f"n, {joined.format('player ')}, n % 50, '1990-07-01', n % 1000, {note}, {joined.format('c')}, {club}, {club}"
    )


class Players(ABC):
    """One database with the table ``player``; ``fresh`` makes it what it was."""

    kind: str

    def __init__(self, database: peewee.Database, count: int) -> None:
        self.database, self.count = database, count

    def run(self, *statements: str) -> None:
        for statement in statements:
            self.database.execute_sql(statement.replace("%", "%%") if self.database.param == "%s" else statement)

    def fill(self, table: str) -> None:
        numbers, values = NUMBERS[self.kind].format(self.count), _values(self.kind)
        if self.kind == "postgres":
            values = values.replace("'1990-07-01'", "DATE '1990-07-01'")
        self.run(f"INSERT INTO {table} SELECT {values} FROM {numbers}")

    @abstractmethod
    def fresh(self) -> None:
        """The table as it was filled."""

    @abstractmethod
    def disk(self) -> int:
        """Bytes that are in use now, with what is written beside the tables."""

    @contextmanager
    def watched(self) -> Iterator[list[int]]:
        """While entered, the disk is looked at again and again; the list holds how much more was in use at most."""
        found, before, ended = [0], self.disk(), threading.Event()

        def look() -> None:
            while not ended.wait(_SAMPLE_S):
                with suppress(peewee.PeeweeException, OSError):
                    found[0] = max(found[0], self.disk() - before)
            self.database.close()  # The connection of this thread.

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield found
        finally:
            ended.set()
            thread.join()
            found[0] = max(found[0], self.disk() - before)


class SqlitePlayers(Players):
    kind = "sqlite"

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.kept = folder / f"players_{count}", folder / f"kept_{count}.sqlite"
        self.folder.mkdir()
        super().__init__(peewee.SqliteDatabase(self.kept), count)
        with self.database.atomic():
            self.run(*CLUB, f"INSERT INTO club SELECT n FROM {NUMBERS['sqlite'].format(CLUBS)}", TABLE)
            self.fill("player")
            self.run(*INDEXES)
        self.database.close()
        self.database.init(self.folder / "players.sqlite")

    def fresh(self) -> None:
        self.database.close()
        for path in self.folder.iterdir():
            path.unlink()
        shutil.copyfile(self.kept, self.folder / "players.sqlite")
        with open(self.folder / "players.sqlite", "rb+") as file:
            os.fsync(file.fileno())  # Or the first COMMIT would have to wait until the copy is on the disk.
        self.database.connect()

    def disk(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir())


class _Server(Players):
    disk_sql: str

    def __init__(self, database: peewee.Database, count: int) -> None:
        super().__init__(database, count)
        self.run(*CLUB, f"INSERT INTO club SELECT n FROM {NUMBERS[self.kind].format(CLUBS)}")
        self.run(f"CREATE TABLE kept ({_BARE})")
        self.fill("kept")

    def fresh(self) -> None:
        """What is looked up by is made when the rows are there, which takes a fraction."""
        check, *others = CONSTRAINTS
        self.run(
            "DROP TABLE IF EXISTS player", "DROP TABLE IF EXISTS person", f"CREATE TABLE player ({_BARE}, {check})"
        )
        self.run("INSERT INTO player SELECT * FROM kept ORDER BY id")
        self.run(f"ALTER TABLE player {', '.join(f'ADD {made}' for made in others)}", *INDEXES)

    def disk(self) -> int:
        return int(self.database.execute_sql(self.disk_sql).fetchone()[0])


class _Postgres(_Server):
    kind = "postgres"
    disk_sql = "SELECT pg_database_size(current_database()) + (pg_current_wal_lsn() - '0/0')::bigint"
    """With all that was ever written to the log: what is done in one run is what is added."""


class _MariaDB(_Server):
    kind = "mariadb"
    disk_sql = "SELECT SUM(file_size) FROM information_schema.innodb_sys_tablespaces"

    def fresh(self) -> None:
        """Without a look at the key's rows, which would have the server write the whole table anew."""
        self.run("SET foreign_key_checks = 0")
        super().fresh()
        self.run("SET foreign_key_checks = 1")


SERVERS: dict[str, type[_Server]] = {"postgres": _Postgres, "mariadb": _MariaDB}


@contextmanager
def players(kind: str, folder: Path, count: int) -> Iterator[Players]:
    """The table on a database of that kind; a server keeps its data in memory only where it all has room there."""
    if kind == "sqlite":
        made = SqlitePlayers(folder, count)
        try:
            yield made
        finally:
            made.database.close()
        return
    server_processes.ROOM = max(server_processes.ROOM, 4 * _ROW_SIZE * count)
    with servers.serve(kind).fresh() as database:
        yield SERVERS[kind](database, count)


def hand_rebuild(columns: Sequence[str], values: Sequence[str], more: str = "") -> tuple[str, ...]:
    """A rebuild on SQLite as a person would write it: the new table, its rows, its name, its index."""
    return (
        f"CREATE TABLE made ({', '.join(columns)}{more})",
        f"INSERT INTO made SELECT {', '.join(values)} FROM player",
        "DROP TABLE player",
        "ALTER TABLE made RENAME TO player",
        *INDEXES,
    )
