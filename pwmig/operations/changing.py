"""Several facts of a column at once, and what is said of a table or a column."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pwmig.columns import ColumnSpec, Expression, plain_value, require_name
from pwmig.errors import OperationRefused
from pwmig.operations.calls import Called
from pwmig.operations.root import Operation, asked, kept, registered, unasked, unkept
from pwmig.records import dataclass

__all__ = ["ChangeColumn", "SetComment"]


@registered
@dataclass(frozen=True, slots=True, repr=False)
class ChangeColumn(Operation):
    title: ClassVar[str] = "Change a column in several ways"
    method: ClassVar[str] = "change_column"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")
    type: str | None = asked("New kind", "type", default=None)
    max_length: int | None = asked("Length", "length", "Letters at most, of a new kind", default=None)
    cast: str | None = asked("New value", "text", "SQL that makes it of the old one; else it must stay", default=None)
    null: bool | None = asked("NULL", "nullable", default=None)
    default: Any = asked("Default", "value", "The database's own; left empty: it stays", default=None)
    drop_default: bool = asked("No default any more", "bool", default=False)
    name: str | None = asked("New name", "name", "Left empty: it stays", default=None)
    storage: str | None = unasked(None)
    options: tuple[tuple[str, Any], ...] = unasked(())
    attic: bool = kept()

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")
        for fact in ("type", "cast", "name"):
            object.__setattr__(self, fact, getattr(self, fact) or None)
        if self.name is not None:
            require_name(self.name, "column")
        if not isinstance(self.default, Expression):
            object.__setattr__(self, "default", plain_value(self.default, self.column))
        object.__setattr__(self, "drop_default", bool(self.drop_default))
        if self.type is not None:
            self._field()
        problem = self._problem()
        if problem is not None:
            what, way_out = problem
            raise OperationRefused(what, way_out=way_out, table=self.table, column=self.column)

    def _problem(self) -> tuple[str, str] | None:
        """What can't be meant, and the way out."""
        if self.type is None and (self.cast or self.max_length is not None):
            return f"column {self.column!r} has no new kind", "choose one, or leave its length and new value out"
        if self.type == "AutoField":
            return f"column {self.column!r} can't become a counted primary key", "create a new table with it"
        if self.default is not None and self.drop_default:
            return f"column {self.column!r} can't get a default and have none", "leave one of the two out"
        facts = (self.type, self.null, self.default, self.name)
        if all(fact is None for fact in facts) and not self.drop_default:
            return f"nothing of column {self.column!r} changes", "say what is to be another"
        return None

    def _field(self) -> ColumnSpec:
        facts = {"max_length": self.max_length, "storage": self.storage, "options": self.options}
        return ColumnSpec(self.column, self.type or "", **facts)  # type: ignore[arg-type]

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        named: dict[str, Any] = {} if self.null is None else {"null": self.null}
        if self.default is not None or self.drop_default:
            named["default"] = self.default
        named |= {fact: getattr(self, fact) for fact in ("cast", "name") if getattr(self, fact)}
        named |= unkept(self)
        return (self.table, self.column, *([self._field()] if self.type else [])), named

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        table, column, *fields = args
        named = dict(kwargs)
        for field in fields:
            if not isinstance(field, Called) or len(fields) > 1:
                raise TypeError(f"{field!r} is no call of a field")
            spec = field.spec(column)
            named |= {"type": spec.type, "max_length": spec.max_length}
        if "default" in named:
            default = named["default"]
            named["default"] = default.expression() if isinstance(default, Called) else default
            named["drop_default"] = default is None
        return cls(table, column, **named)


@registered
@dataclass(frozen=True, slots=True, repr=False)
class SetComment(Operation):
    title: ClassVar[str] = "Comment on a table or a column"
    method: ClassVar[str] = "set_comment"

    table: str = asked("Table", "table")
    column: str | None = asked("Column", "part", "Or the table itself", default=None)
    comment: str | None = asked("Comment", "text", "Left empty: it is taken away", default=None)

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        for fact in ("column", "comment"):
            object.__setattr__(self, fact, getattr(self, fact) or None)
        if self.column is not None:
            require_name(self.column, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.comment), {"column": self.column} if self.column else {}

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        table, comment = args
        return cls(table, comment=comment, **kwargs)
