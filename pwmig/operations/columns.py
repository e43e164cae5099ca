"""Operations on the columns of a table."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pwmig.columns import ColumnSpec, Expression, plain_value, require_name
from pwmig.errors import OperationRefused
from pwmig.operations.calls import Called
from pwmig.operations.root import ColumnOperation, Operation, asked, kept, registered, unasked, unkept
from pwmig.records import dataclass

__all__ = [
    "AddColumn",
    "AddColumnDefault",
    "AddNotNull",
    "AlterColumnType",
    "DropColumn",
    "DropColumnDefault",
    "DropNotNull",
    "RenameColumn",
]


@registered
@dataclass(frozen=True, slots=True, repr=False)
class AddColumn(Operation):
    title: ClassVar[str] = "Add a column"
    method: ClassVar[str] = "add_column"

    table: str = asked("Table", "table")
    column: ColumnSpec = asked("Column", "spec", "also for the rows there are")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        if self.column.is_key:
            raise OperationRefused(
                f"column {self.column.name!r} can't be added as a primary key",
                why="the rows there are have none to give it",
                way_out="create a new table with it",
                table=self.table,
                column=self.column.name,
            )

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column.name, self.column), {}

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        table, name, field = args
        return cls(table, _called(field).spec(name), **kwargs)


def _called(value: Any) -> Called:
    if not isinstance(value, Called):
        raise TypeError(f"{value!r} is no call of a field or a piece of SQL")
    return value


@registered
@dataclass(frozen=True, slots=True, repr=False)
class DropColumn(ColumnOperation):
    title: ClassVar[str] = "Drop a column"
    method: ClassVar[str] = "drop_column"

    column: str = asked("Column", "column", "Its values go with it")
    attic: bool = kept()

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column), unkept(self)


@registered
@dataclass(frozen=True, slots=True, repr=False)
class RenameColumn(Operation):
    title: ClassVar[str] = "Rename a column"
    method: ClassVar[str] = "rename_column"

    table: str = asked("Table", "table")
    old_name: str = asked("Column", "column")
    new_name: str = asked("New name", "name")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.old_name, "column")
        require_name(self.new_name, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.old_name, self.new_name), {}


@registered
@dataclass(frozen=True, slots=True, repr=False)
class AlterColumnType(Operation):
    title: ClassVar[str] = "Change a column's kind"
    method: ClassVar[str] = "alter_column_type"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")
    type: str = asked("New kind", "type")
    max_length: int | None = asked("Length", "length", "Letters at most", default=None)
    cast: str | None = asked("New value", "text", "SQL that makes it of the old one; else it must stay", default=None)
    storage: str | None = unasked(None)
    options: tuple[tuple[str, Any], ...] = unasked(())
    attic: bool = kept()

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")
        object.__setattr__(self, "cast", self.cast or None)
        if self.type == "AutoField":
            raise OperationRefused(
                f"column {self.column!r} can't become a counted primary key",
                why="the rows are told apart by what they have now",
                way_out="create a new table with it",
                table=self.table,
                column=self.column,
            )
        self._field()

    def _field(self) -> ColumnSpec:
        facts = {"max_length": self.max_length, "storage": self.storage, "options": self.options}
        return ColumnSpec(self.column, self.type, **facts)  # type: ignore[arg-type]

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column, self._field()), ({"cast": self.cast} if self.cast else {}) | unkept(self)

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        table, column, field = args
        spec = _called(field).spec(column)
        return cls(table, column, spec.type, spec.max_length, **kwargs)


@registered
@dataclass(frozen=True, slots=True, repr=False)
class AddNotNull(ColumnOperation):
    title: ClassVar[str] = "Make a column required"
    method: ClassVar[str] = "add_not_null"

    column: str = asked("Column", "column", "No row may hold NULL in it")
    attic: bool = kept()

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column), unkept(self)


@registered
@dataclass(frozen=True, slots=True, repr=False)
class DropNotNull(ColumnOperation):
    title: ClassVar[str] = "Let a column be NULL"
    method: ClassVar[str] = "drop_not_null"


@registered
@dataclass(frozen=True, slots=True, repr=False)
class AddColumnDefault(Operation):
    title: ClassVar[str] = "Give a column a default"
    method: ClassVar[str] = "add_column_default"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")
    default: Any = asked("Default", "value", "The database's own; rows there are stay")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")
        if not isinstance(self.default, Expression):
            object.__setattr__(self, "default", plain_value(self.default, self.column))
        if self.default is None:
            raise OperationRefused(
                f"column {self.column!r} needs a default",
                why="none was given, and NULL is what a column without one holds",
                way_out="write a value",
                table=self.table,
                column=self.column,
            )

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column, self.default), {}

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        table, column, default = args
        return cls(table, column, default.expression() if isinstance(default, Called) else default, **kwargs)


@registered
@dataclass(frozen=True, slots=True, repr=False)
class DropColumnDefault(ColumnOperation):
    title: ClassVar[str] = "Take a column's default away"
    method: ClassVar[str] = "drop_column_default"

    column: str = asked("Column", "column", "Rows there are keep what they have")
