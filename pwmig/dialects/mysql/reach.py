"""How a MariaDB or MySQL database is reached, made and dropped."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import peewee

from pwmig.dialects.server.asking import MARK, Execute, ask
from pwmig.dialects.server.errors import meaning_of
from pwmig.dialects.server.reach import Reach
from pwmig.errors import DatabaseUnavailable, NoScratch

__all__ = ["REACH", "address", "quoted"]

_YEAR_S = 31_536_000
_SHORT_LOCK_S = 10

_WHO = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN "
    "('server_uid', 'server_uuid', 'hostname', 'port', 'socket', 'datadir', 'pid_file')"
)

_MEANINGS = (
    ("1049", "does not exist", "make it with CREATE DATABASE, or look at DATABASE_URL"),
    ("1045", "can't be entered", "look at the user and the password in DATABASE_URL"),
    ("1698", "can't be entered", "look at the user and the password in DATABASE_URL"),
    ("1044", "can't be entered", "GRANT the rights on the database to the user in DATABASE_URL"),
    ("1040", "has no connection left", "close some, or wait for them; nothing was changed"),
    ("1203", "has no connection left", "close some, or wait for them; nothing was changed"),
    ("1053", "is shutting down", "wait until the server is back, and look what pwmig status says"),
    ("2002", "can't be reached", "look whether the server runs, and at host, port or socket in DATABASE_URL"),
    ("2003", "can't be reached", "look whether the server runs, and at host and port in DATABASE_URL"),
    ("2005", "can't be reached", "look at the host in DATABASE_URL"),
)

_MISHAPS = (
    ("1021", "has no room left on its disk", "make room on the server, then run this again"),
    ("1114", "has no room left for a table", "make room on the server, then run this again"),
    ("no space left on device", "has no room left on its disk", "make room on the server, then run this again"),
    ("--read-only option", "only lets itself be read", "look at read_only, and whether the server is a replica"),
    ("1792", "only lets itself be read", "look at transaction_read_only of the account's connections"),
    ("1836", "only lets itself be read", "look at the server's settings: it is in read-only mode"),
    ("1053", "is shutting down", "wait until the server is back, and look what pwmig status says"),
)
"""https://mariadb.com/kb/en/mariadb-error-code-reference/"""


class _MySQLReach(Reach):
    base = peewee.MySQLDatabase
    doors = (("pymysql.connections:Connection", "connect"),)

    def named(self, database: Any, name: str) -> tuple[Any, dict[str, Any]]:
        return name, {}

    def who(self, execute: Execute) -> tuple[Any, ...]:
        server = tuple(sorted(tuple(row) for row in execute(_WHO)))
        return server, execute("SELECT DATABASE()")[0][0]

    def only_reading(self, execute: Execute) -> None:
        execute("SET SESSION TRANSACTION READ ONLY")

    def unhurried(self, execute: Execute) -> None:
        execute(f"SET SESSION wait_timeout = {_YEAR_S}")
        # Whoever still has a table of a scratch database open must not keep its end waiting for a day.
        execute(f"SET SESSION lock_wait_timeout = {_SHORT_LOCK_S}")

    def brief(self, execute: Execute, seconds: int) -> bool:
        execute(f"SET SESSION wait_timeout = {seconds}")
        return True

    def unavailable(self, place: str, error: BaseException) -> DatabaseUnavailable | None:
        code = str(error.args[0]) if error.args and isinstance(error.args[0], int) else ""
        return meaning_of("the server", place, error, code, _MEANINGS)

    def mishap(self, place: str, error: BaseException) -> DatabaseUnavailable | None:
        code = str(error.args[0]) if error.args and isinstance(error.args[0], int) else ""
        return meaning_of("the server", place, error, code, _MISHAPS)

    def claim(self, execute: Execute, name: str) -> bool:
        return bool(ask(execute, f"SELECT GET_LOCK({MARK}, 0)", (name,))[0][0])

    def release(self, execute: Execute, name: str) -> None:
        ask(execute, f"SELECT RELEASE_LOCK({MARK})", (name,))

    def scratches(self, execute: Execute, prefix: str) -> list[str]:
        sql = f"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, {MARK}) = {MARK}"
        return [row[0] for row in ask(execute, sql, (len(prefix), prefix))]

    def create(self, execute: Execute, name: str, template: str | None) -> None:
        charset, collation = execute("SELECT @@character_set_database, @@collation_database")[0]
        try:
            execute(f"CREATE DATABASE {quoted(name)} CHARACTER SET {quoted(charset)} COLLATE {quoted(collation)}")
        except Exception as error:
            if error.args and error.args[0] in (1290, 1792, 1836):
                raise NoScratch(
                    "no scratch database may be created on this server",
                    why=f"the server says: {error.args[-1]}",
                    way_out="look at read_only, and whether the server is a replica",
                ) from error
            if not error.args or error.args[0] not in (1044, 1045, 1227):
                raise
            user, _, host = execute("SELECT CURRENT_USER()")[0][0].rpartition("@")
            raise NoScratch(
                "no scratch database may be created on this server",
                why=f"the server says: {error.args[-1]}",
                way_out="an administrator allows it with: GRANT ALL PRIVILEGES ON `pwmig\\_scratch\\_%`.* "
                f"TO '{user}'@'{host}'",
            ) from error

    def settle(self, execute: Execute, like: Execute, extensions: bool) -> None:
        """The database connected to is the default one."""

    def drop(self, execute: Execute, name: str) -> None:
        sql = f"SELECT ID FROM information_schema.PROCESSLIST WHERE DB = {MARK} AND ID <> CONNECTION_ID()"
        for (number,) in ask(execute, sql, (name,)):
            with suppress(Exception):  # It has ended by itself.
                execute(f"KILL {int(number)}")
        execute("SET SESSION foreign_key_checks = 0")  # Tables of another scratch database may refer to it.
        execute(f"DROP DATABASE IF EXISTS {quoted(name)}")


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


REACH = _MySQLReach()


def address(database: Any) -> str:
    """Host, port and name of a database as a person knows it; never a user's password."""
    params = database.connect_params
    socket = params.get("unix_socket")
    if socket:
        return f"{database.database} (socket {socket})"
    port = f":{params['port']}" if params.get("port") else ""
    return f"{params.get('host') or 'localhost'}{port}/{database.database}"
