"""MariaDB's and MySQL's migrator: Peewee's methods, carried out so that nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playhouse import migrate as playhouse

from pwmig.dialects.migrator import Migrator, operation
from pwmig.dialects.server.operations.migrator import ServerMigrator

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.backfilling import Filler, Wish
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.mysql.operations.server import MySQLServer
    from pwmig.dialects.server.operations.patience import Patience

__all__ = ["MySQLMigrator"]


class MySQLMigrator(ServerMigrator, playhouse.MySQLMigrator):
    """Operations on one MariaDB or MySQL database, each done for good when its statement is.

    DDL commits (https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/), so what an operation can
    refuse it refuses before its first statement, and a savepoint around a batch would be gone when it ends. What waits
    for the ALTER TABLE of the batch is not done yet, so a refusal of a later operation finds it undone.
    """

    def new_uuid(self, *, binary: bool) -> str:
        """Of version 4, by https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4

        https://mariadb.com/kb/en/random_bytes/ (MariaDB 10.10, MySQL 5.6); before that of a random number's hash.
        """
        version = self.database.server_version
        recent = version >= (10, 10) or version < (10,)  # MySQL's are below.
        made = "hex(random_bytes(16))" if recent else "md5(concat(uuid(), rand()))"
        variant = "substr('89ab', 1 + floor(rand() * 4), 1)"
        digits = f"insert(insert(lower({made}), 13, 1, '4'), 17, 1, {variant})"
        return f"unhex({digits})" if binary else digits

    def _server(self) -> MySQLServer:
        from pwmig.dialects.mysql.operations.server import MySQLServer

        return MySQLServer(self)

    @operation
    def apply_default(self, table: str, column_name: str, field: peewee.Field) -> None:
        """Give every row the field's default. Where a trigger would hear of an UPDATE, it is done without one."""
        from pwmig.dialects.mysql.operations.backfilling import default_renewed

        if not default_renewed(self._server(), table, column_name, field):
            Migrator.apply_default.__wrapped__(self, table, column_name, field)  # type: ignore[attr-defined]

    def _filler(self, wish: Wish) -> Filler:
        from pwmig.dialects.mysql.operations.backfilling import MySQLFiller

        return MySQLFiller(self._server(), wish)

    @contextmanager
    def _around(self) -> Iterator[None]:
        yield

    patience: Patience | None = None
    """How long a statement waits for its lock, where ``lock_timeout`` was asked for."""

    def _run_patiently(self, patience: Patience, operations: list[Operation]) -> None:
        """Each statement is tried again by itself: what came before it is done for good."""
        from pwmig.dialects.server.operations.patience import refusal

        before, self.patience = self.patience, patience
        server = self._server()
        try:
            with server.waiting_for(patience.seconds):
                self._run(operations)
                self._server().settle()
        except Exception as error:  # Of Peewee's or of the driver's.
            if not server.is_about_lock(error):
                raise
            raise refusal(patience, operations, server) from error
        finally:
            self.patience = before

    def _perform(self, wanted: Operation) -> None:
        """What is SQL already is tried again as a whole, as other statements are where they are sent."""
        patience = self.patience if wanted.name == "sql" else None
        if patience is None:
            super()._perform(wanted)
            return
        server = self._server()
        server.settle()
        error = patience.tried(lambda: super(MySQLMigrator, self)._perform(wanted), server.is_about_lock)
        if error is not None:
            raise error
