"""The operation that is a statement as a person wrote it."""

from __future__ import annotations

from typing import Any, ClassVar

from pwmig.errors import OperationRefused
from pwmig.operations.root import Operation, asked, registered
from pwmig.records import dataclass

__all__ = ["RunSQL"]


@registered
@dataclass(frozen=True, slots=True, repr=False)
class RunSQL(Operation):
    title: ClassVar[str] = "Run a statement"
    method: ClassVar[str] = "sql"

    statement: str = asked("SQL", "text", "Run as it is")

    def __post_init__(self) -> None:
        if not self.statement.strip():
            raise OperationRefused("there is no statement to run", way_out="write one")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.statement,), {}
