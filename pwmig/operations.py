"""What a migration can ask for, as data: forms are made from it, and code.

Each operation is a frozen dataclass whose fields say, in their metadata, how a form shows them
(``label``, ``help``) and what they hold (``kind``, see :data:`KINDS`). An operation checks itself
when it is made (OperationRefused), knows its call (:meth:`Operation.call`) and can be done
(:meth:`Operation.on`). A new operation is one class with ``@registered``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pwmig.columns import COLUMN_TYPES, ColumnSpec, require_name
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    import peewee

__all__ = [
    "COLUMN_TYPES",
    "KINDS",
    "OPERATIONS",
    "AddColumn",
    "AddForeignKey",
    "AddIndex",
    "AddNotNull",
    "ColumnSpec",
    "CreateTable",
    "DropColumn",
    "DropForeignKey",
    "DropIndex",
    "DropNotNull",
    "DropTable",
    "Operation",
    "RenameColumn",
    "RenameTable",
    "RunSQL",
    "call_text",
]

KINDS = ("table", "column", "columns", "index", "name", "spec", "specs", "bool", "text", "action")
"""What a field of an operation holds: ``table``, ``column``, ``columns`` and ``index`` are names of what is
there; ``name`` is a new name; ``spec`` and ``specs`` are ColumnSpecs; ``action`` is one of a foreign key's."""

_Class = TypeVar("_Class", bound=type)

OPERATIONS: dict[str, type[Operation]] = {}
"""Every operation by the name of its class, in the order in which a form offers them."""


def registered(operation: _Class) -> _Class:
    """Add an operation to the registry; a name can be taken once."""
    if operation.__name__ in OPERATIONS:
        raise TypeError(f"there are two operations called {operation.__name__}")
    OPERATIONS[operation.__name__] = operation
    return operation


def asked(label: str, kind: str, help: str = "", **more: Any) -> Any:
    """A field of an operation, with what a form has to know of it."""
    return field(metadata={"label": label, "kind": kind, "help": help}, **more)


@dataclass(frozen=True, slots=True)
class Operation:
    """The root of all operations: ``title`` for people, ``method`` of the migrator."""

    title: ClassVar[str] = ""
    method: ClassVar[str] = ""

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The method's arguments: (by position, by name); a column is a ColumnSpec."""
        raise NotImplementedError

    def describe(self) -> str:
        """The call on one line, as ``add_column('player', 'level', IntegerField(default=1))``."""
        args, kwargs = self.call()
        return call_text(self.method, args, kwargs)

    def on(self, migrator: Any) -> Any:
        """The migrator's own operation, not yet run."""
        args, kwargs = self.call()
        values = {name: _value(value) for name, value in kwargs.items()}
        return getattr(migrator, self.method)(*map(_value, args), **values)


def _value(value: Any) -> Any:
    if isinstance(value, ColumnSpec):
        return value.field()
    if isinstance(value, Mapping):
        return {name: _value(inner) for name, inner in value.items()}
    return value


@registered
@dataclass(frozen=True, slots=True)
class AddColumn(Operation):
    title: ClassVar[str] = "Add a column"
    method: ClassVar[str] = "add_column"

    table: str = asked("Table", "table")
    column: ColumnSpec = asked("Column", "spec", "Rows there are get the default")  # noqa: RUF009

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        if self.column.primary_key:
            raise OperationRefused(
                f"column {self.column.name!r} can't be added as a primary key",
                why="the rows there are have none to give it",
                way_out="create a new table with it",
                table=self.table,
                column=self.column.name,
            )

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column.name, self.column), {}


@registered
@dataclass(frozen=True, slots=True)
class DropColumn(Operation):
    title: ClassVar[str] = "Drop a column"
    method: ClassVar[str] = "drop_column"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column", "Its values go with it")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column), {}


@registered
@dataclass(frozen=True, slots=True)
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
@dataclass(frozen=True, slots=True)
class AddIndex(Operation):
    title: ClassVar[str] = "Add an index"
    method: ClassVar[str] = "add_index"

    table: str = asked("Table", "table")
    columns: tuple[str, ...] = asked("Columns", "columns", "In the order in which they are searched")
    unique: bool = asked("Unique", "bool", "No two rows may hold the same", default=False)
    name: str | None = asked("Name", "name", "Left empty: table_column_column", default=None)

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        object.__setattr__(self, "columns", tuple(self.columns))
        if not self.columns:
            raise OperationRefused("an index needs a column", way_out="name one or more", table=self.table)
        for column in self.columns:
            require_name(column, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        named: dict[str, Any] = {"unique": True} if self.unique else {}
        if self.name:
            named["name"] = self.name
        return (self.table, self.columns), named

    @property
    def index_name(self) -> str:
        """The name that the index will have."""
        from playhouse.migrate import make_index_name

        return self.name or str(make_index_name(self.table, self.columns))


@registered
@dataclass(frozen=True, slots=True)
class CreateTable(Operation):
    title: ClassVar[str] = "Create a table"
    method: ClassVar[str] = "create_table"

    name: str = asked("Table", "name")
    columns: tuple[ColumnSpec, ...] = asked("Columns", "specs", "Exactly these: no id is added")
    indexes: tuple[tuple[tuple[str, ...], bool], ...] = ()
    primary_key: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_name(self.name, "table")
        object.__setattr__(self, "columns", tuple(self.columns))
        names = [column.name.lower() for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if not names or twice:
            raise OperationRefused(
                f"table {self.name!r} can't be created",
                why=f"it has two columns called {twice[0]}" if twice else "it has no column",
                way_out="give each column a name of its own" if twice else "add a column",
                table=self.name,
            )
        if sum(column.primary_key for column in self.columns) > 1:
            raise OperationRefused(
                f"table {self.name!r} has two primary keys",
                way_out="keep one, or name both in primary_key=(...)",
                table=self.name,
            )

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        named: dict[str, Any] = {}
        if self.indexes:
            named["indexes"] = self.indexes
        if self.primary_key:
            named["primary_key"] = self.primary_key
        return (self.name, {column.name: column for column in self.columns}), named


@registered
@dataclass(frozen=True, slots=True)
class DropTable(Operation):
    title: ClassVar[str] = "Drop a table"
    method: ClassVar[str] = "drop_table"

    table: str = asked("Table", "table", "Its rows go with it")

    def __post_init__(self) -> None:
        require_name(self.table, "table")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table,), {}


@registered
@dataclass(frozen=True, slots=True)
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
@dataclass(frozen=True, slots=True)
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
@dataclass(frozen=True, slots=True)
class AddNotNull(Operation):
    title: ClassVar[str] = "Make a column required"
    method: ClassVar[str] = "add_not_null"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column", "No row may hold NULL in it")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column), {}


@registered
@dataclass(frozen=True, slots=True)
class DropNotNull(Operation):
    title: ClassVar[str] = "Let a column be NULL"
    method: ClassVar[str] = "drop_not_null"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column), {}


@registered
@dataclass(frozen=True, slots=True)
class AddForeignKey(Operation):
    title: ClassVar[str] = "Let a column refer to a table"
    method: ClassVar[str] = "add_foreign_key_constraint"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")
    rel: str = asked("Refers to table", "table")
    rel_column: str = asked("Refers to column", "name", default="id")
    on_delete: str | None = asked("When that row is deleted", "action", default=None)
    on_update: str | None = asked("When that key changes", "action", default=None)

    def __post_init__(self) -> None:
        for name, what in ((self.table, "table"), (self.column, "column"), (self.rel, "table")):
            require_name(name, what)

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        actions = {"on_delete": self.on_delete, "on_update": self.on_update}
        named = {name: action for name, action in actions.items() if action}
        return (self.table, self.column, self.rel, self.rel_column), named


@registered
@dataclass(frozen=True, slots=True)
class DropForeignKey(Operation):
    title: ClassVar[str] = "Let a column refer to nothing"
    method: ClassVar[str] = "drop_foreign_key_constraint"

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column), {}


@registered
@dataclass(frozen=True, slots=True)
class RunSQL(Operation):
    title: ClassVar[str] = "Run a statement"
    method: ClassVar[str] = "sql"

    statement: str = asked("SQL", "text", "Run as it is")

    def __post_init__(self) -> None:
        if not self.statement.strip():
            raise OperationRefused("there is no statement to run", way_out="write one")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.statement,), {}


# -- calls in words


def call_text(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """A call on one line; fields as the code that makes them."""
    shown = [value_text(value) for value in args]
    shown += [f"{key}={value_text(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(shown)})"


def value_text(value: Any, shown: Callable[[Any], str] = repr) -> str:
    """A value as code: a literal, or the call that makes a field or a piece of SQL."""
    if isinstance(value, ColumnSpec):
        kind, options = value.arguments()
        return f"{kind}({', '.join(f'{key}={shown(option)}' for key, option in options.items())})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{shown(key)}: {value_text(inner, shown)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(value_text(item, shown) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, type):
        return value.__name__
    if hasattr(value, "ddl_datatype"):
        return _field_text(value)
    if hasattr(value, "__sql__"):
        return _sql_text(value)
    if callable(value):
        return str(getattr(value, "__qualname__", repr(value)))
    return shown(value)


_FIELD_FACTS: tuple[tuple[str, Any], ...] = (
    ("max_length", 255), ("max_digits", 10), ("decimal_places", 5), ("null", False), ("default", None),
    ("unique", False), ("index", False), ("primary_key", False), ("collation", None), ("on_delete", None),
    ("on_update", None),
)  # fmt: skip


def _field_text(value: peewee.Field) -> str:
    """A field as a person would write it; what it says by itself is left out."""
    kind = type(value).__name__
    parts = []
    if hasattr(value, "rel_model"):
        model = value.rel_model
        parts.append(getattr(model, "__name__", None) or repr(model))
    for name, usual in _FIELD_FACTS:
        fact = getattr(value, name, usual)
        implied = (name == "index" and hasattr(value, "rel_model")) or (
            name == "primary_key" and kind.endswith("AutoField")
        )
        if fact != usual and not (implied and fact):
            parts.append(f"{name}={value_text(fact)}")
    if getattr(value, "constraints", None):
        parts.append(f"constraints={value_text(list(value.constraints))}")
    return f"{kind}({', '.join(parts)})"


def _sql_text(node: Any) -> str:
    sql = getattr(node, "sql", None)
    return f"SQL({sql!r})" if isinstance(sql, str) else f"<{type(node).__name__}>"
