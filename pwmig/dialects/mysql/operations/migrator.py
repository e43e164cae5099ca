"""MariaDB's and MySQL's migrator: Peewee's methods, carried out so that nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playhouse import migrate as playhouse

from pwmig.dialects.server.operations.migrator import ServerMigrator

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Server

__all__ = ["MySQLMigrator"]


class MySQLMigrator(ServerMigrator, playhouse.MySQLMigrator):
    """Operations on one MariaDB or MySQL database, each done for good when its statement is.

    DDL commits (https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/), so what an operation can
    refuse it refuses before its first statement, and a savepoint around a batch would be gone when it ends. What waits
    for the ALTER TABLE of the batch is not done yet, so a refusal of a later operation finds it undone.
    """

    def _server(self) -> Server:
        from pwmig.dialects.mysql.operations.server import MySQLServer

        return MySQLServer(self)

    @contextmanager
    def _around(self) -> Iterator[None]:
        yield
