"""The operation that changes rows: it fills a column."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pwmig.columns import Expression, plain_value, require_name
from pwmig.errors import OperationRefused
from pwmig.operations.calls import Called
from pwmig.operations.root import Operation, asked, kept, registered, unkept
from pwmig.records import dataclass

__all__ = ["Backfill"]


@registered
@dataclass(frozen=True, slots=True, repr=False)
class Backfill(Operation):
    title: ClassVar[str] = "Fill a column"
    method: ClassVar[str] = "backfill"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")
    value: Any = asked("Value", "value", "Or SQL, as level + 1")
    where: str | None = asked("Where", "text", "SQL. Left empty: the rows that hold NULL", default=None)
    batch_size: int | None = asked("Rows at a time", "count", "Left empty: 1000", default=None)
    triggers: bool = asked("Let triggers fire", "bool", "And timestamps move", default=False)
    commit: bool = asked("Commit each batch", "bool", "It comes first, with a Where", default=False)
    attic: bool = kept()

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")
        object.__setattr__(self, "where", self.where or None)
        for fact in ("triggers", "commit"):
            object.__setattr__(self, fact, bool(getattr(self, fact)))
        if not isinstance(self.value, Expression):
            object.__setattr__(self, "value", plain_value(self.value, self.column))
        problem = "needs a value" if self.value is None else ""
        if self.batch_size is not None and self.batch_size < 1:
            problem = f"can't be filled {self.batch_size} rows at a time"
        if problem:
            raise OperationRefused(
                f"column {self.column!r} {problem}",
                way_out="write a value, and 1 or more rows",
                table=self.table,
                column=self.column,
            )

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        said = ("where", "batch_size", "triggers", "commit")
        named = {fact: getattr(self, fact) for fact in said if getattr(self, fact)}
        return (self.table, {self.column: self.value}), named | unkept(self)

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        table, values = args
        ((column, value),) = values.items()
        if not isinstance(kwargs.get("where", ""), str):
            raise TypeError("the condition is no text")
        return cls(table, column, value.expression() if isinstance(value, Called) else value, **kwargs)
