"""How operations ask a server and change it: at once, or by what waits for the ALTER TABLE of its batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from peewee import DatabaseError

from pwmig.dialects.server.asking import ask, on
from pwmig.dialects.server.operations.texts import LiteralContext, doubled, text_of
from pwmig.dialects.server.operations.waiting import Waiting
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.server.asking import Execute
    from pwmig.dialects.server.operations.migrator import ServerMigrator
    from pwmig.dialects.server.operations.waiting import Clause, Key, WaitingTable
    from pwmig.dialects.server.operations.work import Work

__all__ = ["Place", "Statements"]


@dataclass(frozen=True, slots=True)
class Place:
    """A table, found: the schema that it is in, its name there, and the ``name`` that says both (see pwmig.schema)."""

    schema: str
    plain: str
    name: str
    is_view: bool = False
    oid: int = 0

    @property
    def key(self) -> Key:
        return self.schema, self.plain


class Statements(ABC):
    """One database, asked and changed by one migrator."""

    title: str

    def __init__(self, migrator: ServerMigrator) -> None:
        self.migrator = migrator
        self.database: peewee.Database = migrator.database
        self.execute: Execute = on(self.database)
        self.waiting: Waiting = Waiting() if migrator.waiting is None else migrator.waiting

    # -- statements

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query; it is no part of a migration's record. Values stand at MARKs."""
        return ask(self.execute, sql, values)

    def run(self, sql: str) -> None:
        """Run one statement, which holds its values, as the migration's, and what waits before it."""
        self.settle()
        self.send(sql)
        if self.waiting.expected:
            self.waiting.expected -= 1

    def run_unique(self, sql: str) -> None:
        """Run a statement that the rows may be against, so that questions can be asked after its error."""
        self.run(sql)

    def expect(self, count: int | None) -> None:
        """The operation that is run sends so many statements more by :meth:`run`, and no other; None: nobody knows."""
        self.waiting.expected = count

    def send(self, sql: str) -> None:
        """Run one statement before all that waits, which it does not meet."""
        self.database.execute_sql(doubled(sql))

    # -- what waits

    def wait(self, work: Work, clause: Clause) -> None:
        """Let a clause wait for the ALTER TABLE of its table, behind those that it does not meet."""
        key = work.place.key
        if self.waiting.meets(key, clause):
            self.settle(key)
        self.waiting.add(key, work.sql, clause)
        if not self.waiting.patient or self.migrator.waiting is not self.waiting or self.has_kin(work.place):
            self.settle()

    def settle(self, *keys: Key) -> None:
        """Run what waits for some tables, or for all.

        Raises:
            OperationRefused: where a clause knows what an error of the database means for it.
        """
        for key in keys or tuple(self.waiting.tables):
            table = self.waiting.tables.pop(key, None)
            if table is not None:
                try:
                    self.alter(table)
                except DatabaseError as error:
                    self.waiting.failed = True
                    refusal = None
                    if not self.is_about_lock(error):
                        refusal = table.explained(error) or self.migrator.refusal_of(error, table.wanted)
                    if refusal is None:
                        raise
                    raise refusal from error
                except BaseException:
                    self.waiting.failed = True
                    raise

    def alter(self, table: WaitingTable) -> None:
        """Run the clauses of a table: one ALTER TABLE, a second one for what follows, and the statements behind."""
        statements = _statements(table)
        try:
            for place, statement in enumerate(statements):
                self.waiting.altering = len(statements) - place
                self.send(statement)
        finally:
            self.waiting.altering = 0

    def count(self, table: WaitingTable) -> int | None:
        """How many statements the clauses of a table will be; None where that is seen as they are run."""
        return len(_statements(table))

    def has_kin(self, place: Place) -> bool:
        """Whether what is done to the table is done to others too, or the other way round."""
        return False

    def text(self, node: Any, **settings: Any) -> str:
        """The SQL of a node of Peewee's, with all its values in it."""
        return text_of(self.database, node, **settings)

    def context(self) -> LiteralContext:
        """A compiler of Peewee's for this kind of server, as a field asks for the names of its types."""
        return LiteralContext(self.database)

    def quote(self, name: str) -> str:
        mark = self.database.quote[0]
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"

    def names(self, columns: Sequence[str]) -> str:
        """Columns between parentheses."""
        return f"({', '.join(map(self.quote, columns))})"

    @abstractmethod
    def is_about_lock(self, error: Exception) -> bool:
        """Whether a statement failed since it did not get a lock in time."""

    @abstractmethod
    def waiting_for(self, seconds: float) -> AbstractContextManager[None]:
        """While entered, statements of the connection wait so long for a lock."""

    @abstractmethod
    def holders(self, tables: Sequence[str], operations: Sequence[Operation] = ()) -> list[str]:
        """Who may have a lock on one of these tables, in words, without what they run: it may hold values. And whoever
        else some of these operations wait for."""


def _statements(table: WaitingTable) -> list[str]:
    first = [text for clause in table.clauses for text in (*clause.changes, *clause.beside)]
    then = [change for clause in table.clauses for change in clause.then]
    altering = [f"ALTER TABLE {table.sql} {', '.join(changes)}" for changes in (first, then) if changes]
    return [*altering, *(statement for clause in table.clauses for statement in clause.after)]
