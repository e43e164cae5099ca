"""A newer SQLite than the standard library's, for tests: Peewee's SqliteDatabase on a connection of apsw's."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

__all__ = ["NewerSqlite", "apsw"]

apsw = pytest.importorskip("apsw", reason="there is no apsw for this Python")


class _Cursor(apsw.Cursor):
    @property
    def rowcount(self) -> int:
        return int(self.connection.changes())

    @property
    def lastrowid(self) -> int:
        return int(self.connection.last_insert_rowid())


class _Connection(apsw.Connection):
    """As much of the standard library's connection as Peewee and the migrator use."""

    Error = apsw.Error

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.cursor_factory = _Cursor


class NewerSqlite(peewee.SqliteDatabase):
    def _connect(self) -> Any:
        connection = _Connection(str(self.database))
        self._set_pragmas(connection)
        return connection

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        try:
            return super().execute_sql(sql, params)
        except apsw.ConstraintError as error:
            raise peewee.IntegrityError(str(error)) from error
        except apsw.Error as error:
            raise peewee.OperationalError(str(error)) from error
