"""Projects on a database of a server, for tests: what differs between the servers stands here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from projects import sql_migration, write_project
from servers import Server

from pwmig.project import Project

SERVERS = [pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("postgres", "mariadb")]

CONFIG = """
from playhouse.db_url import connect
from pwmig import Migrator

database = connect({url!r}, unquote_password=True, **{{"database": {name!r}}})
migrator = Migrator.from_database(database)
"""

COUNTED = {"postgres": "SERIAL PRIMARY KEY", "mariadb": "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY"}


@dataclass(frozen=True)
class Place:
    """A new empty database on a server, with a connection of the test's own."""

    server: Server
    database: Any

    @property
    def name(self) -> str:
        return str(self.database.database)

    @property
    def kind(self) -> str:
        return self.server.kind

    @property
    def transactional(self) -> bool:
        return self.kind == "postgres"

    @property
    def config(self) -> str:
        return CONFIG.format(url=self.server.url("x"), name=self.name)

    def quote(self, name: str) -> str:
        left, right = self.database.quote
        return str(left + name.replace(right, right * 2) + right)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """A statement as it stands, by the test's own connection."""
        cursor = self.database.connection().cursor()
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def create(self, table: str, *more: str) -> str:
        """A migration that makes a table with a key that counts, a name, and more."""
        columns = ", ".join([f"id {COUNTED[self.kind]}", "name VARCHAR(80)", *more])
        return sql_migration(f"CREATE TABLE {table} ({columns})", f"DROP TABLE {table}")

    def project(self, root: Path, migrations: Mapping[str, str], *, models: str = "") -> Project:
        return Project.open(write_project(root, migrations, config=self.config, models=models))

    def tables(self) -> set[str]:
        """All tables but the journal, which is there on MariaDB from the first migration on."""
        return set(self.database.get_tables()) - {"pwmig_journal"}

    def forget(self) -> None:
        """Let nothing tell of a migration that stopped half-way, as before there was a journal."""
        if "pwmig_journal" in self.database.get_tables():
            self.run("DELETE FROM pwmig_journal")
            self.database.commit()

    def state(self) -> str:
        """All that the database holds, rows and definitions, as its own catalog has it."""
        found: dict[str, Any] = {}
        for table in sorted(self.tables()):
            rows = self.run(f"SELECT * FROM {self.quote(table)}")
            found[table] = [sorted(map(repr, rows)), [repr(one) for one in self.database.get_columns(table)]]
            found[table] += [sorted(map(repr, getattr(self.database, "get_" + what)(table))) for what in _FACTS]
        return json.dumps(found, sort_keys=True)

    def scratches(self) -> set[str]:
        """The scratch databases on the server."""
        sql = {
            "postgres": "SELECT datname FROM pg_database WHERE datname LIKE 'pwmig%'",
            "mariadb": "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'pwmig%'",
        }
        return {row[0] for row in self.server.execute(sql[self.kind])}


_FACTS = ("indexes", "foreign_keys")


@contextmanager
def place_on(server: Server) -> Iterator[Place]:
    with server.fresh() as database:
        yield Place(server, database)


@pytest.fixture(params=SERVERS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place_on(request.getfixturevalue(f"{request.param}_server")) as found:
        yield found


@contextmanager
def account(place: Place, *rights: str) -> Iterator[Any]:
    """The database by an account that has only these rights."""
    user = f"poor_{os.getpid()}"
    create = {"postgres": f"CREATE ROLE {user} LOGIN", "mariadb": f"CREATE USER '{user}'@'localhost'"}[place.kind]
    place.server.execute(create)
    try:
        for right in rights:
            place.run(right.replace("$user", user if place.transactional else f"'{user}'@'localhost'"))
        database = place.server.database(place.name, user=user)
        try:
            yield database
        finally:
            database.close()
    finally:
        if place.transactional:
            place.run(f"DROP OWNED BY {user} CASCADE")
        place.server.execute(f"DROP {'ROLE' if place.transactional else 'USER'} {create.split()[2]}")
