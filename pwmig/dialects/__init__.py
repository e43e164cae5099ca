"""One room a database, and the registry that finds the room.

``dialect_of(database)`` answers which; a new database is one line in ``_REGISTRY``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.errors import DatabaseUnsupported

if TYPE_CHECKING:
    from pwmig.dialects.base import Dialect
    from pwmig.dialects.migrator import Migrator as Migrator
    from pwmig.dialects.migrator import migrate as migrate

__all__ = ["Migrator", "dialect_of", "migrate", "unwrapped"]

_REGISTRY = (
    (peewee.SqliteDatabase, "pwmig.dialects.sqlite.dialect", "SqliteDialect"),
    (peewee.PostgresqlDatabase, "pwmig.dialects.postgresql.dialect", "PostgresqlDialect"),
    (peewee.MySQLDatabase, "pwmig.dialects.mysql.dialect", "MySQLDialect"),
)
_STRANGERS = frozenset(
    {"APSWDatabase", "CySqliteDatabase", "SqlCipherDatabase", "SqliteQueueDatabase", "AsyncSqliteDatabase"}
    | {"AsyncPostgresqlDatabase", "CockroachDatabase"}
    | {"AsyncMySQLDatabase", "MariaDBConnectorDatabase", "MySQLConnectorDatabase"}
)
"""Peewee classes that derive from a supported one, but whose connections behave otherwise."""


def unwrapped(database: Any) -> peewee.Database:
    """The database behind a DatabaseProxy, or the database itself."""
    while isinstance(database, peewee.Proxy):
        if database.obj is None:
            raise DatabaseUnsupported(
                "the project's database is a DatabaseProxy that points nowhere yet",
                why="its initialize() was not called when the config was imported",
                way_out="call database.initialize(...) in the config module",
            )
        database = database.obj
    if not isinstance(database, peewee.Database):
        raise DatabaseUnsupported(
            f"the project's database is no Peewee database, but a {type(database).__name__}",
            why="pwmig works on peewee.Database objects",
            way_out="let the config's `database` be a SqliteDatabase, PostgresqlDatabase or MySQLDatabase",
        )
    return database


def dialect_of(database: Any) -> Dialect:
    """The dialect of a Peewee database; DatabaseUnsupported says which kinds there are."""
    real = unwrapped(database)
    if not any(kind.__name__ in _STRANGERS for kind in type(real).__mro__):
        for kind, module, name in _REGISTRY:
            if isinstance(real, kind):
                return _room(module, name)
    raise DatabaseUnsupported(
        f"pwmig does not work on {type(real).__name__}",
        why="its connections behave otherwise than those pwmig was made for",
        way_out="use SqliteDatabase, PostgresqlDatabase or MySQLDatabase, their pooled or their playhouse forms",
    )


@cache
def _room(module: str, name: str) -> Dialect:
    found: Dialect = getattr(import_module(module), name)()
    return found


def __getattr__(name: str) -> Any:
    if name in ("Migrator", "migrate"):
        found = globals()[name] = getattr(import_module("pwmig.dialects.migrator"), name)
        return found
    raise AttributeError(f"module 'pwmig.dialects' has no attribute {name!r}")
