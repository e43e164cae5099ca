"""The questions that the engine asks a database, answered by one room a database.

Shared code never compares a dialect's name: it asks a question here. A new database is one
subclass of :class:`Dialect` and one line in the registry of :mod:`pwmig.dialects`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from pwmig.plan import Event
from pwmig.schema import Rows, Schema, Table

if TYPE_CHECKING:
    import peewee
    from playhouse.migrate import SchemaMigrator

__all__ = ["Dialect", "Listener"]

Listener = Callable[[Event], None]
"""Called with each event of progress."""


class Dialect(ABC):
    """What pwmig has to know of one kind of database. Instances hold no state."""

    name: str
    title: str
    transactional_ddl: bool

    @abstractmethod
    def describe(self, database: peewee.Database) -> str:
        """The database as a person knows it: a file or ``host/name``, never a password."""

    @abstractmethod
    def require(self, database: peewee.Database, *, write: bool) -> None:
        """Raise DatabaseUnavailable unless the database can be read (and written)."""

    @abstractmethod
    def exists(self, database: peewee.Database) -> bool:
        """Whether there is a database to read; never creates one."""

    @abstractmethod
    def introspect(self, database: peewee.Database, tables: Collection[str] | None = None) -> Schema:
        """What the database holds, without pwmig's own tables; only the tables named, if given."""

    @abstractmethod
    def sample(
        self, database: peewee.Database, table: Table, *, limit: int, keys: Sequence[tuple[Any, ...]] = ()
    ) -> Rows:
        """At most ``limit`` rows of a table by key: those with ``keys`` first, then from the start."""

    @abstractmethod
    def migrator(self, database: peewee.Database, schema: str | None = None) -> SchemaMigrator:
        """pwmig's migrator for the database."""

    @abstractmethod
    def transaction(
        self, database: peewee.Database, *, wait_s: float, listener: Listener | None = None
    ) -> AbstractContextManager[None]:
        """One migration's transaction, begun when it is this runner's turn; rolls back on any exception."""

    @abstractmethod
    def reading(self, database: peewee.Database) -> AbstractContextManager[peewee.Database]:
        """A connection that can only read, to the same data; creates no file."""

    @abstractmethod
    def copy(self, database: peewee.Database, listener: Listener | None = None) -> AbstractContextManager[None]:
        """While it is entered, every Peewee object that points at this database points at a copy."""

    @abstractmethod
    def scratch(self) -> AbstractContextManager[peewee.Database]:
        """An empty database of the same kind that leaves no trace."""
