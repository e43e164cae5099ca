"""A batch of operations on a server: what waits in it, when that is run, and how long it waits for locks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
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
            self.waiting = Waiting()
            try:
                yield
                self._server().settle()
            finally:
                self.waiting = None

    def settle(self) -> None:
        """Run what the batch's operations have left waiting until now."""
        if self.waiting:
            self._server().settle()

    @contextmanager
    def _around(self) -> Iterator[None]:
        """What a batch stands in."""
        with self.database.atomic():
            yield

    def _run(self, operations: list[Operation]) -> None:
        at = next((at for at, wanted in enumerate(operations) if wanted.name == "lock_timeout"), None)
        if at is None or at == len(operations) - 1:
            super()._run(operations)
            return
        from pwmig.dialects.server.operations.patience import Patience

        super()._run(operations[:at])
        patience = Patience(*operations[at].args, **operations[at].kwargs)
        self._server().settle()
        self._run_patiently(patience, operations[at + 1 :])

    @abstractmethod
    def _run_patiently(self, patience: Patience, operations: list[Operation]) -> None:
        """Run operations that wait for a lock no longer than so, each time that they are tried."""

    def _perform(self, wanted: Operation) -> None:
        waiting = self.waiting
        if waiting is None:
            wanted.run_alone()
            return
        before, waiting.patient = waiting.patient, wanted.name in _PATIENT
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
            waiting.patient = before
