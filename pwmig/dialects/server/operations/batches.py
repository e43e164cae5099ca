"""A batch of operations on a server: what waits in it, when that is run, and how long it waits for locks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pwmig.dialects.migrator import Migrator, Operation
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.patience import Patience
    from pwmig.dialects.server.operations.server import Server
    from pwmig.dialects.server.operations.waiting import Waiting

__all__ = ["BatchMigrator"]

_PATIENT = frozenset(
    (
        *("add_column", "drop_column", "rename_column", "add_not_null", "drop_not_null", "add_column_default"),
        *("drop_column_default", "alter_column_type", "add_index", "drop_index", "rename_index", "add_constraint"),
        *("drop_constraint", "add_unique", "add_foreign_key_constraint", "drop_foreign_key_constraint"),
    )
)
"""The operations that may leave clauses to the ALTER TABLE of the batch; all others find the database as it will be."""
_ONE_STATEMENT = frozenset({"sql"})
"""The operations that are one statement, whatever there is."""


class BatchMigrator(Migrator):
    """How a migrator runs a batch.

    What the batch asks of a table is one ALTER TABLE, run when the batch ends or when something needs its effect. So
    an operation that is refused finds nothing of that done: on MariaDB and MySQL too, where a statement is for good.
    """

    waiting: Waiting | None = None
    """What the batch that is being run has asked for and not run yet."""

    @abstractmethod
    def _server(self) -> Server:
        """The database as operations work on it."""

    @contextmanager
    def _batch(self) -> Iterator[None]:
        from pwmig.dialects.server.operations.waiting import Waiting

        with self._around():
            counted, self.waiting = self.waiting is None, Waiting()
            self.waiting.counted = counted
            try:
                yield
                self._server().settle()
            finally:
                self.waiting = None

    def left(self) -> int | None:
        """How many statements the batch sends yet, the one that is under way among them; None where that is not known.

        What an operation will ask for is seen when it is run: so nothing is known before the last one has begun, but
        for those that are one statement.
        """
        waiting = self.waiting
        coming = waiting.coming if waiting is not None else None
        if waiting is None or coming is None or not waiting.counted:
            return None
        if not all(one.name in _ONE_STATEMENT for one in coming):
            return None
        server = self._server()
        counts = [waiting.altering, waiting.expected, *map(server.count, waiting.tables.values())]
        known = [count for count in counts if count is not None]
        return sum(known) + len(coming) if len(known) == len(counts) else None

    def holders(self, is_meant: Callable[[str], bool]) -> list[str]:
        """Who may have a lock on one of the tables that are meant, in words."""
        server = self._server()
        return server.holders([name for name in server.all_names() if is_meant(name)])

    def settle(self) -> None:
        """Run what the batch's operations have left waiting until now."""
        if self.waiting:
            self._server().settle()

    @property
    def unsettled(self) -> Sequence[Operation]:
        return [wanted for table in self.waiting.tables.values() for wanted in table.wanted] if self.waiting else ()

    def settle_others(self, table: str) -> Sequence[Operation]:
        """What waits for the table is run too where it may fail behind a drop that it stood before, or leads to another
        table, or another's leads to it."""
        if not self.waiting:
            return ()
        server, tables = self._server(), self.waiting.tables
        place = server.get(table)
        found = tables.get(place.key) if place is not None else None
        if place is None or found is None or self.waiting.leading_to(place.key) or not found.goes_with_drops:
            server.settle()
            return ()
        if others := [key for key in tables if key != place.key]:
            server.settle(*others)
        return tuple(found.wanted)

    @contextmanager
    def _around(self) -> Iterator[None]:
        """What a batch stands in."""
        with self.database.atomic():
            yield

    def _run(self, operations: list[Operation]) -> None:
        if self.waiting is not None and self.waiting.coming is None:
            self.waiting.coming = list(operations)
        at = next((at for at, wanted in enumerate(operations) if wanted.name == "lock_timeout"), None)
        if at is None or at == len(operations) - 1:
            super()._run(operations)
            return
        from pwmig.dialects.server.operations.patience import Patience

        super()._run(operations[:at])
        patience, rest = Patience(*operations[at].args, **operations[at].kwargs), operations[at + 1 :]
        self._server().settle()
        if self._committing(rest) is None:
            self._run_patiently(patience, rest)
        else:
            self._run_again(patience, rest)

    def _run_again(self, patience: Patience, operations: list[Operation]) -> None:
        """What commits by itself is tried again as it is: it finds what it has done, and goes on from there."""
        from pwmig.dialects.server.operations.patience import refusal

        server = self._server()
        with server.waiting_for(patience.seconds), self.heard_once() as attempt:
            error = patience.tried(lambda: attempt(operations), server.is_about_lock)
        if error is not None:
            raise refusal(patience, operations, server) from error

    @contextmanager
    def heard_once(self) -> Iterator[Callable[[list[Operation]], None]]:
        """Runs operations, as often as they are given; who listens hears of each once."""
        listener = self.on_operation

        def run(operations: list[Operation]) -> None:
            try:
                self._run(operations)
            finally:
                self.on_operation = _unheard

        try:
            yield run
        finally:
            self.on_operation = listener

    @abstractmethod
    def _run_patiently(self, patience: Patience, operations: list[Operation]) -> None:
        """Run operations that wait for a lock no longer than so, each time that they are tried."""

    def _run_one(self, wanted: Operation) -> None:
        """Nothing is known of what an operation sends until it says so, or has run; one within it is a part."""
        waiting = self.waiting
        coming = waiting.coming if waiting is not None else None
        if waiting is None or coming is None or wanted not in coming:
            super()._run_one(wanted)
            return
        del coming[: coming.index(wanted) + 1]
        waiting.expected = 1 if wanted.name in _ONE_STATEMENT else None
        super()._run_one(wanted)

    def _perform(self, wanted: Operation) -> None:
        waiting = self.waiting
        if waiting is None:
            wanted.run_alone()
            return
        before, waiting.patient = waiting.patient, wanted.name in _PATIENT
        asked, waiting.wanted = waiting.wanted, wanted
        waiting.depth += 1
        try:
            if not waiting.patient:
                self._server().settle()
            try:
                wanted.run_alone()
            except OperationRefused as refusal:
                if waiting.failed or not waiting.may_undo(refusal):
                    raise
                self._server().settle()
                wanted.run_alone()
        finally:
            waiting.patient, waiting.wanted = before, asked
            waiting.depth -= 1
        if not waiting.depth:
            waiting.expected = 0

    def _title(self) -> str:
        return self._server().title


def _unheard(wanted: Operation) -> None:
    return
