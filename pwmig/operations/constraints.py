"""Operations on foreign keys, checks and UNIQUE constraints."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pwmig.columns import Expression, constraint_name, plain_name, require_name
from pwmig.errors import OperationRefused
from pwmig.operations.calls import Called
from pwmig.operations.root import ColumnOperation, Operation, asked, registered, unasked
from pwmig.records import dataclass

__all__ = [
    "AddCheck",
    "AddConstraint",
    "AddForeignKey",
    "AddUnique",
    "DropConstraint",
    "DropForeignKey",
]


@registered
@dataclass(frozen=True, slots=True, repr=False)
class AddForeignKey(Operation):
    title: ClassVar[str] = "Let a column refer to a table"
    method: ClassVar[str] = "add_foreign_key_constraint"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")
    rel: str = asked("Refers to table", "table")
    rel_column: str = asked("Refers to column", "column", of="rel", default="id")
    on_delete: str | None = asked("When that row is deleted", "action", default=None)
    on_update: str | None = asked("When that key changes", "action", default=None)
    constraint_name: str | None = asked(
        "Name of the key", "name", "Left empty: fk_table_column_refs_table", default=None
    )

    def __post_init__(self) -> None:
        for name, what in ((self.table, "table"), (self.column, "column"), (self.rel, "table")):
            require_name(name, what)
        require_name(self.rel_column, "column")
        for fact in ("on_delete", "on_update", "constraint_name"):
            object.__setattr__(self, fact, getattr(self, fact) or None)
        if self.constraint_name is not None:
            require_name(self.constraint_name, "constraint")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        facts = {name: getattr(self, name) for name in ("on_delete", "on_update", "constraint_name")}
        return (self.table, self.column, self.rel, self.rel_column), {
            name: fact for name, fact in facts.items() if fact
        }

    @property
    def usual_name(self) -> str:
        """The name that the key gets where none is given."""
        return constraint_name(f"fk_{plain_name(self.table)}_{self.column}_refs_{plain_name(self.rel)}")


@registered
@dataclass(frozen=True, slots=True, repr=False)
class DropForeignKey(ColumnOperation):
    title: ClassVar[str] = "Let a column refer to nothing"
    method: ClassVar[str] = "drop_foreign_key_constraint"


@registered
@dataclass(frozen=True, slots=True, repr=False)
class AddCheck(Operation):
    title: ClassVar[str] = "Add a check"
    method: ClassVar[str] = "add_constraint"

    table: str = asked("Table", "table")
    name: str = asked("Name of the check", "name", "By which it can be dropped")
    expression: str = asked("Condition", "text", "What holds for each row, as: level > 0")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.name, "constraint")
        if not self.expression.strip():
            raise OperationRefused("a check needs a condition", way_out="write one, as: level > 0", table=self.table)

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.name, Expression(self.expression, kind="Check")), {}

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        table, name, check = args
        if not isinstance(check, Called) or check.expression().kind != "Check":
            raise TypeError(f"{check!r} is no check")
        return cls(table, name, check.expression().sql, **kwargs)


@registered
@dataclass(frozen=True, slots=True, repr=False)
class AddUnique(Operation):
    title: ClassVar[str] = "Let columns be unique together"
    method: ClassVar[str] = "add_unique"

    table: str = asked("Table", "table")
    columns: tuple[str, ...] = asked("Columns", "columns", "No two rows may hold the same in all of them")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        object.__setattr__(self, "columns", tuple(self.columns))
        if not self.columns:
            raise OperationRefused("UNIQUE needs a column", way_out="name one or more", table=self.table)
        for column in self.columns:
            require_name(column, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, *self.columns), {}

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        return cls(args[0], args[1:], **kwargs)

    @property
    def constraint_name(self) -> str:
        """The name that the constraint will have."""
        return constraint_name("uniq_" + "_".join(self.columns))


@registered
@dataclass(frozen=True, slots=True, repr=False)
class DropConstraint(Operation):
    title: ClassVar[str] = "Drop a constraint"
    method: ClassVar[str] = "drop_constraint"

    table: str = asked("Table", "table")
    name: str = asked("Constraint", "constraint", "A check, UNIQUE or foreign key that has a name")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.name, "constraint")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.name), {}


@dataclass(frozen=True, slots=True, repr=False)
class AddConstraint(Operation):
    """A constraint in the words of SQL, with a name or (SQLite) without; no form offers it."""

    method: ClassVar[str] = "add_constraint"

    table: str = unasked("")
    name: str | None = unasked(None)
    sql: Expression = unasked(Expression(""))

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.name, self.sql), {}
