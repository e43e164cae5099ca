"""PostgreSQL's migrator: Peewee's methods, carried out so that nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import peewee
from playhouse import migrate as playhouse

from pwmig.dialects.migrator import Operation, operation
from pwmig.dialects.server.operations.migrator import ServerMigrator
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.backfilling import Filler, Wish
    from pwmig.dialects.server.operations.patience import Patience
    from pwmig.dialects.server.operations.server import Server

__all__ = ["PostgresqlMigrator", "is_concurrent"]


class PostgresqlMigrator(ServerMigrator, playhouse.PostgresqlMigrator):
    """Operations on one PostgreSQL database. A batch is a savepoint: all of it takes effect, or none."""

    def new_uuid(self, *, binary: bool) -> str:
        """https://www.postgresql.org/docs/current/functions-uuid.html, before version 13 a random number's hash."""
        recent = self.database.server_version >= 130000
        made = "gen_random_uuid()" if recent else "md5(random()::text || clock_timestamp()::text)::uuid"
        return f"decode(replace(({made})::text, '-', ''), 'hex')" if binary else made

    def _server(self) -> Server:
        from pwmig.dialects.postgresql.operations.server import PostgresqlServer

        return PostgresqlServer(self)

    def _filler(self, wish: Wish) -> Filler:
        from pwmig.dialects.postgresql.operations.backfilling import PostgresqlFiller

        return PostgresqlFiller(self._server(), wish)

    def _committing(self, operations: list[Operation]) -> Operation | None:
        """What is done ``concurrently`` commits by itself too: PostgreSQL takes it outside of a transaction only."""
        concurrent = next(filter(is_concurrent, operations), None)
        if concurrent is None:
            return super()._committing(operations)
        if self.database.in_transaction() and self.apart is None:
            raise _in_transaction(concurrent)
        if any(wanted is not concurrent and wanted.name != "lock_timeout" for wanted in operations):
            raise _not_alone(concurrent)
        return concurrent

    @contextmanager
    def _around(self) -> Iterator[None]:
        if self.apart is not None:
            self.apart.finish()
        with self.database.atomic():
            yield

    def _run_patiently(self, patience: Patience, operations: list[Operation]) -> None:
        """In a savepoint, which gives back the locks of what came behind ``lock_timeout`` before each pause."""
        from pwmig.dialects.server.operations.patience import refusal
        from pwmig.dialects.server.operations.waiting import Waiting

        server = self._server()
        before, keeper = server.ask("SELECT current_setting('lock_timeout')")[0][0], self.kept_by
        forget = keeper.mark(self) if keeper is not None else None

        def attempt() -> None:
            self.waiting = Waiting()
            if forget is not None:
                forget()
            with self.database.atomic():
                server.ask(f"SET LOCAL lock_timeout = {max(1, round(patience.seconds * 1000))}")
                run(operations)
                self._server().settle()
                server.ask(f"SET LOCAL lock_timeout = '{before}'")

        with self.heard_once() as run:
            error = patience.tried(attempt, server.is_about_lock)
        if error is not None:
            raise refusal(patience, operations, server) from error

    @operation
    def set_search_path(self, schema_name: str) -> None:
        """Let names without a schema mean those of this one, until the connection ends or sets another."""
        self.database.execute(peewee.NodeList([peewee.SQL("SET search_path TO"), peewee.Entity(schema_name)]))


def is_concurrent(wanted: Operation) -> bool:
    """Whether an operation makes or drops an index while others write."""
    place = {"add_index": 7, "drop_index": 2}.get(wanted.name)
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
