"""What PostgreSQL and MariaDB do differently when rows are taken from one database into another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwmig.dialects.server.asking import Execute
    from pwmig.schema import Column, ForeignKey, Schema, Table

__all__ = ["Moving"]


class Moving(ABC):
    """One kind of database. Instances hold no state."""

    keys_inline: bool
    """Whether foreign keys are a part of CREATE TABLE, and not statements of their own."""

    reader_options: dict[str, Any]
    """More parameters for a connection that reads values as the texts that the server sends."""

    @abstractmethod
    def begin_reading(self, execute: Execute) -> None:
        """One state of the whole database from now on, that nothing is written in."""

    @abstractmethod
    def begin_filling(self, execute: Execute) -> None:
        """Let values be taken as they were read, quickly, and no foreign key be looked at."""

    @abstractmethod
    def end_filling(self, execute: Execute) -> None: ...

    @abstractmethod
    def exactly(self, column: Column) -> str:
        """The expression whose value, inserted elsewhere, is the same value."""

    @abstractmethod
    def insert(self, table: Table, columns: Sequence[str]) -> str:
        """An INSERT up to its VALUES."""

    @abstractmethod
    def end_orphans(
        self, execute: Execute, table: Table, parent: Table, key: ForeignKey, emptied: Sequence[str]
    ) -> int:
        """Let no row of ``table`` refer by a key to a row that is not there; how many rows did.

        The columns ``emptied`` of such a row become NULL; where there are none, it is deleted.
        """

    @abstractmethod
    def set_counters(self, source: Execute, target: Execute, schema: Schema) -> None:
        """Let what counts by itself go on as it would in the source."""

    @abstractmethod
    def count_on(self, execute: Execute, table: Table, column: str) -> None:
        """Let a column that counts by itself go on behind the largest number that is in it."""

    @abstractmethod
    def own_tables(self, execute: Execute) -> list[str]:
        """pwmig's own tables in the default schema."""

    def copy_notes(self, source: Execute, target: Execute) -> None:
        """Copy what is known of runs that were stopped, where a run in the copy is to go on from there."""
        return

    @abstractmethod
    def hidden(self, execute: Execute) -> list[str]:
        """The tables some of whose rows this account may not see."""

    @abstractmethod
    def fingerprint(self, execute: Execute) -> tuple[Any, ...]:
        """What tells a database from itself at another time, without reading its rows."""

    def changed(self, execute: Execute, before: tuple[Any, ...]) -> bool:
        """Whether a database is another one than when its fingerprint was taken."""
        return self.fingerprint(execute) != before

    @abstractmethod
    def written_to_be_filled(self, schema: Schema) -> tuple[str, ...]:
        """The statements that make a schema in a copy: without what would reach out of it."""
