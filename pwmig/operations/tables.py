"""Operations on whole tables and on indexes."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pwmig.columns import ColumnSpec, Expression, plain_name, require_name
from pwmig.errors import OperationRefused
from pwmig.operations.calls import Called
from pwmig.operations.root import Operation, asked, kept, registered, unasked, unkept
from pwmig.records import dataclass

__all__ = ["AddIndex", "CreateTable", "DropIndex", "DropTable", "RedefineTable", "RenameIndex", "RenameTable"]


@registered
@dataclass(frozen=True, slots=True, repr=False)
class CreateTable(Operation):
    title: ClassVar[str] = "Create a table"
    method: ClassVar[str] = "create_table"

    name: str = asked("Table", "name")
    columns: tuple[ColumnSpec, ...] = asked("Columns", "specs", "Exactly these: no id is added")
    indexes: tuple[tuple[tuple[str, ...], bool], ...] = asked(
        "Indexes", "indexes", "Of several columns; one of a single column is ticked there", default=()
    )
    primary_key: tuple[str, ...] = asked(
        "Primary key", "columns", "Where several columns make it; a single one is ticked there", default=()
    )
    constraints: tuple[Expression, ...] = unasked(())
    strict_tables: bool = unasked(False)
    without_rowid: bool = unasked(False)

    def __post_init__(self) -> None:
        require_name(self.name, "table")
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "indexes", tuple((tuple(parts), bool(unique)) for parts, unique in self.indexes))
        object.__setattr__(self, "primary_key", tuple(self.primary_key))
        names = [column.name.lower() for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if not names or twice:
            raise OperationRefused(
                f"table {self.name!r} can't be created",
                why=f"it has two columns called {twice[0]}" if twice else "it has no column",
                way_out="give each column a name of its own" if twice else "add a column",
                table=self.name,
            )
        if sum(column.is_key for column in self.columns) + bool(self.primary_key) > 1:
            raise OperationRefused(
                f"table {self.name!r} has two primary keys",
                way_out="keep one, or name both in primary_key=(...)",
                table=self.name,
            )
        self._require_own(self.primary_key, "primary key")
        for parts, _ in self.indexes:
            self._require_own(parts, "index")
            if not parts:
                raise OperationRefused(
                    f"an index of {self.name!r} needs a column", way_out="name one or more", table=self.name
                )

    def _require_own(self, names: tuple[str, ...], what: str) -> None:
        own = {column.name.lower() for column in self.columns}
        for name in names:
            if str(name).lower() not in own:
                raise OperationRefused(
                    f"table {self.name!r} has no column {name!r} for its {what}",
                    way_out="name columns that it has",
                    table=self.name,
                    column=name,
                )

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        named: dict[str, Any] = {}
        if self.indexes:
            named["indexes"] = self.indexes
        if self.primary_key:
            named["primary_key"] = self.primary_key
        if self.constraints:
            named["constraints"] = list(self.constraints)
        named |= {option: True for option in ("strict_tables", "without_rowid") if getattr(self, option)}
        return (self.name, {column.name: column for column in self.columns}), named

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        name, fields = args
        if not isinstance(fields, dict) or not all(isinstance(field, Called) for field in fields.values()):
            raise TypeError("the columns are no mapping of names to fields")
        return cls(name, tuple(field.spec(column) for column, field in fields.items()), **kwargs)


@dataclass(frozen=True, slots=True, repr=False)
class RedefineTable(Operation):
    """A table of SQLite's gets another text, with the columns that it has; no form offers it."""

    method: ClassVar[str] = "redefine_table"

    table: str = unasked("")
    sql: str = unasked("")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.sql), {}


@registered
@dataclass(frozen=True, slots=True, repr=False)
class DropTable(Operation):
    title: ClassVar[str] = "Drop a table"
    method: ClassVar[str] = "drop_table"

    table: str = asked("Table", "table", "Its rows go with it")
    attic: bool = kept()

    def __post_init__(self) -> None:
        require_name(self.table, "table")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table,), unkept(self)


@registered
@dataclass(frozen=True, slots=True, repr=False)
class RenameTable(Operation):
    title: ClassVar[str] = "Rename a table"
    method: ClassVar[str] = "rename_table"

    old_name: str = asked("Table", "table")
    new_name: str = asked("New name", "name")

    def __post_init__(self) -> None:
        require_name(self.old_name, "table")
        require_name(self.new_name, "table")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.old_name, self.new_name), {}


@registered
@dataclass(frozen=True, slots=True, repr=False)
class AddIndex(Operation):
    title: ClassVar[str] = "Add an index"
    method: ClassVar[str] = "add_index"

    table: str = asked("Table", "table")
    columns: tuple[str, ...] = asked("Columns", "columns", "In the order in which they are searched")
    unique: bool = asked("Unique", "bool", "No two rows may hold the same", default=False)
    name: str | None = asked("Name of the index", "name", "Left empty: table_column_column", default=None)
    where: Expression | None = unasked(None)
    using: str | None = unasked(None)

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "unique", bool(self.unique))
        object.__setattr__(self, "name", self.name or None)
        if not self.columns:
            raise OperationRefused("an index needs a column", way_out="name one or more", table=self.table)
        for column in self.columns:
            require_name(column, "column")
        if self.name is not None:
            require_name(self.name, "index")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        named: dict[str, Any] = {"unique": True} if self.unique else {}
        named |= {fact: getattr(self, fact) for fact in ("using", "where", "name") if getattr(self, fact)}
        return (self.table, self.columns), named

    @property
    def index_name(self) -> str:
        """The name that the index will have."""
        from playhouse.migrate import make_index_name

        return self.name or str(make_index_name(plain_name(self.table), self.columns))


@registered
@dataclass(frozen=True, slots=True, repr=False)
class DropIndex(Operation):
    title: ClassVar[str] = "Drop an index"
    method: ClassVar[str] = "drop_index"

    table: str = asked("Table", "table")
    name: str = asked("Index", "index")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.name, "index")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.name), {}


@registered
@dataclass(frozen=True, slots=True, repr=False)
class RenameIndex(Operation):
    title: ClassVar[str] = "Rename an index"
    method: ClassVar[str] = "rename_index"

    table: str = asked("Table", "table")
    old_name: str = asked("Index", "index")
    new_name: str = asked("New name", "name")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.old_name, "index")
        require_name(self.new_name, "index")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.old_name, self.new_name), {}
