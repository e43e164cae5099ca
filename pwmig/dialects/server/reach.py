"""What PostgreSQL and MariaDB do differently when a database is reached, made and dropped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwmig.dialects.server.asking import Execute
    from pwmig.errors import DatabaseUnavailable

__all__ = ["Reach"]


class Reach(ABC):
    """One kind of server. Instances hold no state; ``execute`` runs a statement on a connection to it."""

    base: type[Any]
    """Peewee's class for it, by whose ``_connect`` every database of this kind is opened."""

    doors: tuple[tuple[str, str], ...]
    """Where the drivers open connections, each as a module (or a class in one) and an attribute of it."""

    # Connections

    @abstractmethod
    def named(self, database: Any, name: str) -> tuple[Any, dict[str, Any]]:
        """What ``database.database`` and more of its connect_params have to be to reach the database ``name``."""

    @abstractmethod
    def who(self, execute: Execute) -> tuple[Any, ...]:
        """The server and the database that a connection leads to, however they are spelled; the name comes last."""

    @abstractmethod
    def only_reading(self, execute: Execute) -> None:
        """From now on nothing can be written on this connection, and what it reads is written as ISO has it."""

    @abstractmethod
    def unhurried(self, execute: Execute) -> None:
        """Let no time-out end this connection or its statements: it holds what tells that its owner is alive."""

    @abstractmethod
    def brief(self, execute: Execute, seconds: int) -> bool:
        """Let the server close this connection once it has been idle for so long; False where it can't."""

    @abstractmethod
    def mishap(self, place: str, error: BaseException) -> DatabaseUnavailable | None:
        """What an error in the middle of a migration says of the server; None where it speaks of the statement."""

    @abstractmethod
    def unavailable(self, place: str, error: BaseException) -> DatabaseUnavailable | None:
        """What an error says of the database as a whole; None where it speaks of a statement."""

    # Scratch databases

    @abstractmethod
    def claim(self, execute: Execute, name: str) -> bool:
        """Take the lock that tells of a scratch database's owner; it goes with the connection."""

    @abstractmethod
    def release(self, execute: Execute, name: str) -> None:
        """Give that lock back."""

    @abstractmethod
    def scratches(self, execute: Execute, prefix: str) -> list[str]:
        """The server's databases whose names begin so."""

    @abstractmethod
    def create(self, execute: Execute, name: str, template: str | None) -> None:
        """Make an empty database as the one connected to: encoding, collation, settings; or a copy of a template.

        Raises DatabaseUnavailable where the right for it is missing.
        """

    @abstractmethod
    def settle(self, execute: Execute, like: Execute, extensions: bool) -> None:
        """On a connection to a new database: give it the default schema of ``like``, where wanted its extensions."""

    @abstractmethod
    def drop(self, execute: Execute, name: str) -> None:
        """Drop a database and end the connections to it; nothing where it is gone already."""
