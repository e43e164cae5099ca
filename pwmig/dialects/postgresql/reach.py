"""How a PostgreSQL database is reached, made and dropped."""

from __future__ import annotations

import re
from typing import Any

import peewee

from pwmig.dialects.server.asking import MARK, Execute, ask
from pwmig.dialects.server.errors import meaning_of
from pwmig.dialects.server.reach import Reach
from pwmig.errors import DatabaseUnavailable, NoScratch

__all__ = ["REACH", "address", "code_of", "quoted"]

_LOCKS = 0x70776D67
"""The first half of the keys of pwmig's advisory locks; the second one is a scratch database's number."""

_WHO = """
SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
  extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text, oid::text, datname
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"""

# A time-out that the server or the account sets would end the connection, and with it the lock of a scratch database.
_UNHURRIED = """
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout',
  'transaction_timeout')"""

_READING = """
SELECT pg_catalog.set_config('default_transaction_read_only', 'on', false),
  pg_catalog.set_config('DateStyle', 'ISO, YMD', false), pg_catalog.set_config('IntervalStyle', 'postgres', false)"""

# The settings of the database itself, and those of this account in it.
_SETTINGS = """
SELECT setrole <> 0, unnest(setconfig) FROM pg_catalog.pg_db_role_setting
WHERE setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND (setrole = 0 OR setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))
ORDER BY setrole"""

_EXTENSIONS = """
SELECT e.extname, n.nspname FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace ORDER BY e.oid"""

_MEANINGS = (
    ("3d000", "does not exist", "make it with CREATE DATABASE or createdb, or look at DATABASE_URL"),
    ("28p01", "can't be entered", "look at the user and the password in DATABASE_URL"),
    ("norole", "can't be entered", "look at the user in DATABASE_URL; CREATE ROLE ... LOGIN or createuser makes one"),
    ("28000", "can't be entered", "look at the user in DATABASE_URL, and at the server's pg_hba.conf"),
    ("no password supplied", "can't be entered", "give a password in DATABASE_URL, PGPASSWORD or ~/.pgpass"),
    ("password authentication failed", "can't be entered", "look at the user and the password in DATABASE_URL"),
    ("permission denied for database", "can't be entered", "GRANT CONNECT ON DATABASE to the user in DATABASE_URL"),
    ("no pg_hba.conf entry", "can't be entered", "look at the server's pg_hba.conf"),
    ("too many", "has no connection left", "close some, or wait for them; nothing was changed"),
    ("starting up", "is starting", "wait a moment and run this again"),
    ("shutting down", "is shutting down", "wait until the server is back, and look what pwmig status says"),
    ("connection refused", "can't be reached", "look whether the server runs, and at host and port in DATABASE_URL"),
    ("could not translate host", "can't be reached", "look at the host in DATABASE_URL"),
    ("failed to resolve host", "can't be reached", "look at the host in DATABASE_URL"),
    ("connection failed", "can't be reached", "look whether the server runs, and at host and port in DATABASE_URL"),
    ("connection to server", "can't be reached", "look whether the server runs, and at DATABASE_URL"),
    ("connection timeout", "can't be reached", "look whether the server runs, and at host and port in DATABASE_URL"),
)

_MISHAPS = (
    ("53100", "has no room left on its disk", "make room on the server, then run this again"),
    ("25006", "only lets itself be read", "look at default_transaction_read_only, and whether the server is a standby"),
    ("57p01", "ended this connection", "look whether the server runs, then what pwmig status says"),
    ("57p02", "ended all connections", "wait until the server is back, then look what pwmig status says"),
)
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_AT_THE_DOOR = (
    (re.compile(r'role ".*" does not exist', re.DOTALL), "norole"),
    (re.compile(r'database ".*" does not exist', re.DOTALL), "3d000"),
)
"""What the server says before there is a session: the drivers give no code of it."""


class _PostgresqlReach(Reach):
    base = peewee.PostgresqlDatabase
    doors = (("psycopg", "connect"), ("psycopg:Connection", "connect"), ("psycopg2", "_connect"))

    def named(self, database: Any, name: str) -> tuple[Any, dict[str, Any]]:
        # A URL keeps host and user; the name beside it wins over the one in it.
        return database.database if "://" in str(database.database) else name, {"dbname": name}

    def who(self, execute: Execute) -> tuple[Any, ...]:
        return execute(_WHO)[0]

    def only_reading(self, execute: Execute) -> None:
        execute(_READING)

    def unhurried(self, execute: Execute) -> None:
        execute(_UNHURRIED)

    def brief(self, execute: Execute, seconds: int) -> bool:
        sql = f"SELECT pg_catalog.set_config(name, {MARK}, false) FROM pg_catalog.pg_settings WHERE name = {MARK}"
        return bool(ask(execute, sql, (f"{seconds}s", "idle_session_timeout")))

    def unavailable(self, place: str, error: BaseException) -> DatabaseUnavailable | None:
        said = next((code for words, code in _AT_THE_DOOR if words.search(str(error))), "")
        return meaning_of("PostgreSQL", place, error, code_of(error) or said, _MEANINGS)

    def mishap(self, place: str, error: BaseException) -> DatabaseUnavailable | None:
        return meaning_of("PostgreSQL", place, error, code_of(error), _MISHAPS)

    def claim(self, execute: Execute, name: str) -> bool:
        # Advisory locks belong to a database; pg_locks shows those of all.
        held = f"locktype = 'advisory' AND classid = {_LOCKS} AND objid = {MARK} AND objsubid = 2 AND granted"
        if ask(
            execute, f"SELECT 1 FROM pg_catalog.pg_locks WHERE {held} AND pid <> pg_backend_pid()", (_number(name),)
        ):
            return False
        sql = f"SELECT pg_catalog.pg_try_advisory_lock({_LOCKS}, {MARK}::bigint::bit(32)::int)"
        return bool(ask(execute, sql, (_number(name),))[0][0])

    def release(self, execute: Execute, name: str) -> None:
        ask(execute, f"SELECT pg_catalog.pg_advisory_unlock({_LOCKS}, {MARK}::bigint::bit(32)::int)", (_number(name),))

    def scratches(self, execute: Execute, prefix: str) -> list[str]:
        sql = f"SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, {MARK})"
        return [row[0] for row in ask(execute, sql, (prefix,))]

    def create(self, execute: Execute, name: str, template: str | None) -> None:
        try:
            source = quoted(template) if template is not None else f"template0 {_locale(execute)}"
            execute(f"CREATE DATABASE {quoted(name)} TEMPLATE {source}")
        except Exception as error:
            if code_of(error) not in ("42501", "25006"):
                raise
            user = execute("SELECT current_user")[0][0]
            raise NoScratch(
                "no scratch database may be created on this server",
                why=f"PostgreSQL says: {str(error).strip()}",
                way_out=f"a superuser allows it with: ALTER ROLE {quoted(user)} CREATEDB"
                if code_of(error) == "42501"
                else "use an account whose default_transaction_read_only is off, and a server that is no standby",
            ) from error
        for of_role, setting in execute(_SETTINGS):
            key, _, value = setting.partition("=")
            who = f"ROLE CURRENT_USER IN DATABASE {quoted(name)}" if of_role else f"DATABASE {quoted(name)}"
            _tried(execute, f"ALTER {who} SET {quoted(key)} TO {_setting(execute, key, value)}")

    def settle(self, execute: Execute, like: Execute, extensions: bool) -> None:
        for name, schema in like(_EXTENSIONS) if extensions else ():
            if not execute(f"SELECT 1 FROM pg_catalog.pg_extension WHERE extname = {_text(name)}"):
                _tried(execute, f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
                _tried(execute, f"CREATE EXTENSION {quoted(name)} SCHEMA {quoted(schema)}")
        schema = like("SELECT current_schema()")[0][0]
        if schema is None or execute("SELECT current_schema()")[0][0] == schema:
            return
        execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        if execute("SELECT current_schema()")[0][0] != schema:
            name = execute("SELECT current_database()")[0][0]
            execute(f"ALTER DATABASE {quoted(name)} SET search_path TO {quoted(schema)}")

    def drop(self, execute: Execute, name: str) -> None:
        ask(
            execute,
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
            f"WHERE datname = {MARK} AND pid <> pg_catalog.pg_backend_pid() AND usename = current_user",
            (name,),
        )
        execute(f"DROP DATABASE IF EXISTS {quoted(name)}")


def code_of(error: BaseException) -> str:
    """The SQLSTATE of an error of psycopg 3 or 2; empty where it has none."""
    return str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _number(name: str) -> int:
    return int(name.rpartition("_")[2], 16)


def _tried(execute: Execute, sql: str) -> None:
    """A statement that a scratch database can do without: where it fails, whoever needs it will say so."""
    try:
        execute(sql)
    except Exception:
        return


def _setting(execute: Execute, key: str, value: str) -> str:
    """A setting's value as SET takes it: one that is a list is kept as one, each name in its quotes already."""
    lists = ("search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries")
    return value if key.lower() in lists else _text(value)


def _locale(execute: Execute) -> str:
    """The encoding and the locale of the database connected to, as CREATE DATABASE takes them.

    By https://www.postgresql.org/docs/current/sql-createdatabase.html; what a version does not know is not asked for.
    """
    row = execute(
        "SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, to_jsonb(d) FROM pg_catalog.pg_database"
        " AS d WHERE datname = pg_catalog.current_database()"
    )[0]
    encoding, collate, ctype, more = row
    text = f"ENCODING {_text(encoding)} LC_COLLATE {_text(collate)} LC_CTYPE {_text(ctype)}"
    locale = more.get("datlocale") or more.get("daticulocale")
    if more.get("datlocprovider") == "i":
        rules = f" ICU_RULES {_text(more['daticurules'])}" if more.get("daticurules") else ""
        return f"{text} LOCALE_PROVIDER icu ICU_LOCALE {_text(locale)}{rules}"
    if more.get("datlocprovider") == "b":
        return f"{text} LOCALE_PROVIDER builtin BUILTIN_LOCALE {_text(locale)}"
    return text


REACH = _PostgresqlReach()


def address(database: Any) -> str:
    """Host, port and name of a database as a person knows it; never a user's password."""
    params = dict(database.connect_params)
    name = str(database.database)
    if "://" in name or "=" in name:
        params = {**_parts(name), **params}
        name = str(params.get("dbname") or "")
    host = str(params.get("host") or "localhost")
    if host.startswith(("/", "@")):
        return f"{name} (socket {host})"
    port = f":{params['port']}" if params.get("port") else ""
    return f"{host}{port}/{name}"


def _parts(url: str) -> dict[str, Any]:
    """What a URL says of where a database is."""
    from urllib.parse import parse_qsl, unquote, urlsplit

    split = urlsplit(url)
    found: dict[str, Any] = dict(parse_qsl(split.query))
    place = split.netloc.rpartition("@")[2]
    host, _, port = place.rpartition(":") if place.rpartition(":")[2].isdigit() else (place, "", "")
    wanted = {"host": unquote(host), "port": port, "dbname": unquote(split.path.lstrip("/"))}
    return found | {key: value for key, value in wanted.items() if value}
