"""PostgreSQL's migrator: Peewee's methods, carried out so that nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import peewee
from playhouse import migrate as playhouse

from pwmig.dialects.migrator import Operation, operation
from pwmig.dialects.server.operations.migrator import ServerMigrator
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.backfilling import Filler, Wish
    from pwmig.dialects.server.operations.patience import Patience
    from pwmig.dialects.server.operations.server import Server

__all__ = ["PostgresqlMigrator"]


class PostgresqlMigrator(ServerMigrator, playhouse.PostgresqlMigrator):
    """Operations on one PostgreSQL database. A batch is a savepoint: all of it takes effect, or none."""

    _concurrent: Operation | None = None
    """The batch's operation that PostgreSQL takes outside of a transaction only."""

    def _server(self) -> Server:
        from pwmig.dialects.postgresql.operations.server import PostgresqlServer

        return PostgresqlServer(self)

    def _filler(self, wish: Wish) -> Filler:
        from pwmig.dialects.postgresql.operations.backfilling import PostgresqlFiller

        return PostgresqlFiller(self._server(), wish)

    def migrate(self, *operations: Any) -> None:
        """Run a batch: all of it takes effect, or none. What is done ``concurrently`` is a batch by itself."""
        if not self._in_batch:
            self._concurrent = next(filter(_is_concurrent, operations), None)
        super().migrate(*operations)

    def _run(self, operations: list[Operation]) -> None:
        concurrent = next(filter(_is_concurrent, operations), None)
        if concurrent is not None and self.database.in_transaction() and self.apart is None:
            raise _in_transaction(concurrent)
        if concurrent is not None and len(operations) > 1:
            raise _not_alone(concurrent)
        super()._run(operations)

    @contextmanager
    def _around(self) -> Iterator[None]:
        if self._concurrent is None and self.apart is not None:
            self.apart.finish()
        with self.database.atomic() if self._concurrent is None else self._alone(self._concurrent):
            yield

    def _run_patiently(self, patience: Patience, operations: list[Operation]) -> None:
        """In a savepoint, which gives back the locks of what came behind ``lock_timeout`` before each pause."""
        from pwmig.dialects.postgresql.operations.locks import holders, is_about_lock
        from pwmig.dialects.server.operations.patience import refusal
        from pwmig.dialects.server.operations.waiting import Waiting

        server, listener = self._server(), self.on_operation
        before, keeper = server.ask("SELECT current_setting('lock_timeout')")[0][0], self.kept_by
        forget = keeper.mark(self) if keeper is not None else None

        def attempt() -> None:
            self.waiting = Waiting()
            if forget is not None:
                forget()
            with self.database.atomic():
                server.ask(f"SET LOCAL lock_timeout = {max(1, round(patience.seconds * 1000))}")
                try:
                    self._run(operations)
                    self._server().settle()
                finally:
                    self.on_operation = _unheard  # Who listens hears of an operation once.
                server.ask(f"SET LOCAL lock_timeout = '{before}'")

        try:
            error = patience.tried(attempt, is_about_lock)
        finally:
            self.on_operation = listener
        if error is not None:
            tables = dict.fromkeys(wanted.table for wanted in operations if wanted.table)
            raise refusal(patience, operations, "PostgreSQL", holders(server, tables)) from error

    @operation
    def set_search_path(self, schema_name: str) -> None:
        """Let names without a schema mean those of this one, until the connection ends or sets another."""
        self.database.execute(peewee.NodeList([peewee.SQL("SET search_path TO"), peewee.Entity(schema_name)]))


def _unheard(wanted: Operation) -> None:
    return


def _is_concurrent(wanted: Any) -> bool:
    place = {"add_index": 7, "drop_index": 2}.get(wanted.name) if isinstance(wanted, Operation) else None
    if place is None:
        return False
    return bool(wanted.args[place] if len(wanted.args) > place else wanted.kwargs.get("concurrently"))


def _in_transaction(wanted: Operation) -> OperationRefused:
    return OperationRefused(
        "an index can't be made or dropped concurrently in a transaction",
        why="PostgreSQL does it in several transactions of its own, and takes it in no other one",
        way_out="leave `with database.atomic():` out around it, or concurrently=True",
        table=wanted.table,
    )


def _not_alone(wanted: Operation) -> OperationRefused:
    return OperationRefused(
        "what is done concurrently can't be done together with something else",
        why="a batch takes effect whole or not at all, and PostgreSQL does this outside of a transaction",
        way_out="give it a migrate(...) of its own",
        table=wanted.table,
    )
