"""Real database servers for tests and benchmarks: ``serve("postgres")``, ``serve("mariadb")``.

A server of this test run's own is started at its first use and gone when the process ends, however it ends. Where
``PWMIG_TEST_POSTGRES`` or ``PWMIG_TEST_MARIADB`` holds the URL of a server (with a database that is there, and an
account that may create and drop databases), that one is used: never stopped, only new databases touched.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import peewee
from playhouse import db_url
from server_processes import WATCH, MariaDBProcess, Missing, PostgresProcess, ServerProcess

__all__ = ["KINDS", "MariaDB", "Missing", "Postgres", "Server", "end_servers", "serve"]


def quoted(text: str, quote: str = "'") -> str:
    return quote + text.replace(quote, quote * 2) + quote


def double_quoted(name: str) -> str:
    return quoted(name, '"')


def back_quoted(name: str) -> str:
    return quoted(name, "`")


class Server:
    """One server, whose databases a test makes and drops.

    ``process`` is the server of this test run's own; None where a URL was given.
    """

    kind: str
    variable: str
    """The environment variable that may hold the URL of a server."""

    def __init__(self, cache: Callable[[str], Path] | None = None) -> None:
        self._numbers = count()
        self.process: ServerProcess | None = None
        self._admin: peewee.Database | None = None
        self._admin_of = 0
        given = os.environ.get(self.variable)
        if given:
            self._given = given
        else:
            self.process = self._make_process(cache)
            self.process.start()
            self._given = self._private_url()

    # What tests ask for

    def url(self, database: str) -> str:
        """The URL of a database of this server, with everything that Peewee needs to connect."""
        self._running()
        parts = urlsplit(self._given)
        query = urlencode({**dict(parse_qsl(parts.query)), **self._options()}, safe="/")
        return urlunsplit(parts._replace(path="/" + quote(database), query=query))

    def database(self, name: str, **options: Any) -> peewee.Database:
        """A Peewee database of this server, not connected; ``options`` are its class's."""
        # The name goes as an option, since playhouse.db_url takes that of a URL as it stands there.
        return db_url.connect(self.url("x"), unquote_password=True, **{"database": name, **options})

    @contextmanager
    def fresh(self, **options: Any) -> Iterator[peewee.Database]:
        """A connected Peewee database on a new empty database, which is dropped afterwards whoever is still in it."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.create(name)
        database = self.database(name, **options)
        try:
            database.connect()
            yield database
        finally:
            with suppress(peewee.PeeweeException):
                database.close()
            self.drop(name)

    @cached_property
    def version(self) -> tuple[int, ...]:
        """The server's version, such as (15, 10) or (10, 11, 19)."""
        raise NotImplementedError

    def restart(self) -> None:
        """Stop the server in good order, unless it was killed, and start it on the same data."""
        process = self._own_process()
        if process.running:
            process.stop()
        process.start()

    def kill(self) -> None:
        """End the server as a power cut would. The next ``restart``, or whoever next asks for a database, starts it."""
        self._own_process().kill()

    # What fresh databases need

    def create(self, name: str) -> None:
        """Make an empty database."""
        raise NotImplementedError

    def drop(self, name: str) -> None:
        """Drop a database, if it is there, and end the connections to it."""
        raise NotImplementedError

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement as the server's administrator, outside of any test's database; the rows that it gives."""
        # Not by execute_sql, which has the driver look for parameters in a name such as "100%".
        with peewee.__exception_wrapper__, closing(self._administrator().connection().cursor()) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    # What each kind says

    def _make_process(self, cache: Callable[[str], Path] | None) -> ServerProcess:
        raise NotImplementedError

    def _private_url(self) -> str:
        raise NotImplementedError

    def _options(self) -> dict[str, str]:
        """What Peewee has to be told in the URL."""
        return {}

    # How it is done

    def _administrator(self) -> peewee.Database:
        """The connection that makes and drops databases: one for as long as the server runs, and the thread."""
        self._running()
        starts = 0 if self.process is None else self.process.starts
        if self._admin is None or self._admin_of != starts:
            self._admin = db_url.connect(self.url(self._home()), unquote_password=True)
            self._admin_of = starts
        self._admin.connect(reuse_if_open=True)
        return self._admin

    def _home(self) -> str:
        """A database that is there."""
        return urlsplit(self._given).path.lstrip("/")

    def _own_process(self) -> ServerProcess:
        if self.process is None:
            raise Missing(f"the server that {self.variable} names is not for a test to stop")
        return self.process

    def _running(self) -> None:
        if self.process is not None and not self.process.running:
            self.process.start()


class Postgres(Server):
    kind = "postgres"
    variable = "PWMIG_TEST_POSTGRES"

    @cached_property
    def version(self) -> tuple[int, ...]:
        number = int(self.execute("SHOW server_version_num")[0][0])
        return number // 10_000, number % 10_000

    def create(self, name: str) -> None:
        self.execute(f"CREATE DATABASE {double_quoted(name)}")

    def drop(self, name: str) -> None:
        # DROP DATABASE looks every 0.1 s whether the last connection is gone, and a closed one is gone in less.
        others = f"FROM pg_stat_activity WHERE datname = {quoted(name)}"
        self.execute(f"SELECT pg_terminate_backend(pid) {others}")
        until = time.monotonic() + 1
        while self.execute(f"SELECT 1 {others}") and time.monotonic() < until:
            time.sleep(0.001)
        self.execute(f"DROP DATABASE IF EXISTS {double_quoted(name)} WITH (FORCE)")

    def _make_process(self, cache: Callable[[str], Path] | None) -> ServerProcess:
        return PostgresProcess(cache)

    def _private_url(self) -> str:
        assert self.process is not None
        return f"postgresql://postgres@/postgres?host={self.process.folder}&port={PostgresProcess.PORT}"

    def _options(self) -> dict[str, str]:
        # Peewee takes psycopg2 where both drivers are there, unless it is told.
        return {} if os.environ.get("PWMIG_TEST_PSYCOPG") == "2" else {"prefer_psycopg3": "true"}


class MariaDB(Server):
    kind = "mariadb"
    variable = "PWMIG_TEST_MARIADB"

    @cached_property
    def version(self) -> tuple[int, ...]:
        words = str(self.execute("SELECT VERSION()")[0][0]).split("-")[0].split(".")
        return tuple(int(word) for word in words)

    def create(self, name: str) -> None:
        self.execute(f"CREATE DATABASE {back_quoted(name)}")

    def drop(self, name: str) -> None:
        # A connection that holds a lock on a table of it would have DROP DATABASE wait.
        others = f"SELECT id FROM information_schema.processlist WHERE db = {quoted(name)}"
        for (connection,) in self.execute(others):
            with suppress(peewee.PeeweeException):
                self.execute(f"KILL {connection}")
        self.execute(f"DROP DATABASE IF EXISTS {back_quoted(name)}")

    def _make_process(self, cache: Callable[[str], Path] | None) -> ServerProcess:
        return MariaDBProcess(cache)

    def _private_url(self) -> str:
        process = self.process
        assert isinstance(process, MariaDBProcess)
        # Without this, pymysql reads the machine's certificates for each connection, which takes longer than all else.
        return f"mysql://root@/mysql?unix_socket={process.socket}&ssl_disabled=true"


KINDS: dict[str, type[Server]] = {"postgres": Postgres, "mariadb": MariaDB}
_servers: dict[tuple[str, int], Server] = {}


def serve(kind: str, cache: Callable[[str], Path] | None = None) -> Server:
    """The server of a kind (``"postgres"``, ``"mariadb"``) of this process, started at the first call.

    ``cache(name)`` gives a folder in which data of a new server are kept from run to run. Raises Missing.
    """
    key = kind, os.getpid()
    if key not in _servers:
        _servers[key] = KINDS[kind](cache)
    return _servers[key]


def end_servers() -> None:
    """End every server that this process started."""
    for key in [key for key in _servers if key[1] == os.getpid()]:
        del _servers[key]
    WATCH.end()
