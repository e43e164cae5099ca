"""Databases of many tables, one on each kind that pwmig works on; servers are those that the tests start."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee

__all__ = ["KINDS", "filled"]

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import servers

KINDS = {"sqlite": "SQLite", "postgres": "PostgreSQL", "mariadb": "MariaDB"}
BATCH = 100
"""Tables of one transaction: PostgreSQL keeps a lock on each until its end."""

KEY = {
    "sqlite": "id INTEGER NOT NULL PRIMARY KEY",
    "postgres": "id SERIAL PRIMARY KEY",
    "mariadb": "id INTEGER AUTO_INCREMENT PRIMARY KEY",
}


@contextmanager
def filled(kind: str, folder: Path, tables: int) -> Iterator[peewee.Database]:
    """A connected database with so many tables: of six columns, two indexes and, after the first, a foreign key."""
    if kind == "sqlite":
        database = peewee.SqliteDatabase(folder / f"tables_{tables}.sqlite")
        with database.connection_context():
            _fill(database, KEY[kind], tables)
            yield database
        return
    with servers.serve(kind).fresh() as database:
        _fill(database, KEY[kind], tables)
        # As a database that has been in use: the server knows how large its catalogs are.
        if kind == "postgres":
            database.execute_sql("ANALYZE")
        yield database


def _fill(database: peewee.Database, key: str, tables: int) -> None:
    for first in range(0, tables, BATCH):
        with database.atomic():
            for number in range(first, min(first + BATCH, tables)):
                for statement in _statements(number, key):
                    database.execute_sql(statement)


def _statements(number: int, key: str) -> Iterator[str]:
    name = f"table_{number:04}"
    columns = "name VARCHAR(80) NOT NULL, born DATE, worth DECIMAL(12, 2) DEFAULT 0 NOT NULL, note TEXT"
    parent = f", FOREIGN KEY (parent_id) REFERENCES table_{number - 1:04} (id)" if number else ""
    yield f"CREATE TABLE {name} ({key}, {columns}, parent_id INTEGER{parent})"
    yield f"CREATE UNIQUE INDEX {name}_name ON {name} (name)"
    yield f"CREATE INDEX {name}_parent_id ON {name} (parent_id)"
