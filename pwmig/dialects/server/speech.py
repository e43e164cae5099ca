"""What PostgreSQL and MariaDB write differently when rows are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwmig.dialects.server.asking import Execute
    from pwmig.schema import Column, Table

__all__ = ["Speech"]

Reader = Callable[[Any], Any]
"""Makes a cell as it is shown of what the driver gave."""


class Speech(ABC):
    """One kind of SQL. Instances hold no state."""

    exact_names: bool
    """Whether two columns may differ in letter case only."""

    same: str
    """The operator between two values that are the same, NULL and NULL too."""

    @abstractmethod
    def quote(self, name: str) -> str: ...

    @abstractmethod
    def source(self, table: Table) -> str:
        """What stands behind FROM for the rows of one table, without those of tables that inherit from it."""

    @abstractmethod
    def cell(self, column: Column) -> tuple[str, Reader | None]:
        """The expression that reads a column, cut where it is long, and what makes a cell of its values."""

    @abstractmethod
    def exact(self, column: Column) -> str:
        """The expression of a column's exact value as a text, hashed where it is long."""

    @abstractmethod
    def kind(self, column: Column) -> str:
        """What a column holds: numbers, texts, bytes, or its own type."""

    @abstractmethod
    def sortable(self, column: Column) -> str:
        """The expression by which a column is sorted and compared."""

    @abstractmethod
    def found_in(self, column: Column, *, at_start: bool) -> str:
        """The test whether a column holds the text of a mark, whatever its letter case; nothing where it holds none."""

    @abstractmethod
    def estimate(self, execute: Execute, table: Table) -> int:
        """About how many rows a table holds, as the server keeps it in its catalog; 0 where it does not know."""

    @abstractmethod
    def limit_time(self, execute: Execute, seconds: float) -> None:
        """Let each statement from now on end after so many seconds; 0: none."""

    @abstractmethod
    def timed_out(self, error: BaseException) -> bool:
        """Whether a statement was ended for its time."""

    @abstractmethod
    def columns_of_view(self, execute: Execute, name: str) -> tuple[str, str | None, list[tuple[str, str]]] | None:
        """A view's name, the schema it is in if that is not the default one, and its columns with their types."""
