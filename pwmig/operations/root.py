"""What every operation is: a frozen dataclass that knows its call, and the registry of them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar, Self, TypeVar

from pwmig.columns import ColumnSpec, Expression, require_name, short_repr
from pwmig.operations.calls import call_text
from pwmig.records import dataclass

__all__ = ["KINDS", "OPERATIONS", "ColumnOperation", "Operation", "asked", "kept", "registered", "unasked", "unkept"]

KINDS = (
    *("table", "column", "part", "columns", "index", "constraint", "name", "spec", "specs", "type", "value", "length"),
    *("indexes", "bool", "nullable", "count", "text", "action"),
)
"""What a field of an operation holds: ``table``, ``column``, ``columns``, ``index`` and ``constraint`` are names of
what is there (``columns``: several, in an order; ``part``: a column, or nothing for the table itself); ``name`` is a
new name; ``spec`` and ``specs`` are ColumnSpecs; ``type`` is a key of COLUMN_TYPES and ``length`` its letters;
``nullable`` is a truth, or None where nothing is said; ``count`` is a number of rows; ``value`` is a value of Python or
an Expression; ``indexes`` are (columns, unique) of a new table; ``action`` is one of a foreign key's; ``text`` is
longer."""

_Class = TypeVar("_Class", bound=type)

OPERATIONS: dict[str, type[Operation]] = {}
"""Every operation by the name of its class, in the order in which a form offers them."""


def registered(operation: _Class) -> _Class:
    """Add an operation to the registry; a name can be taken once."""
    if operation.__name__ in OPERATIONS:
        raise TypeError(f"there are two operations called {operation.__name__}")
    OPERATIONS[operation.__name__] = operation
    return operation


def asked(label: str, kind: str, help: str = "", *, of: str = "", **more: Any) -> Any:
    """A field of an operation, with what a form has to know of it.

    ``of`` names the field with the table whose columns are meant, where that is not the first one.
    """
    return field(metadata={"label": label, "kind": kind, "help": help, "of": of}, **more)


def unasked(default: Any) -> Any:
    """A field of an operation that no form asks for: only written migrations say it."""
    return field(default=default)


def kept() -> Any:
    """The field of an operation that takes something away: whether the attic keeps that."""
    return asked("Keep in the attic", "bool", "What it takes away, so that going back gives it back", default=True)


def unkept(operation: Any) -> dict[str, Any]:
    """The argument of an operation that nothing is kept of, where it says so."""
    return {} if operation.attic else {"attic": False}


@dataclass(frozen=True, slots=True, repr=False)
class Operation:
    """The root of all operations: ``title`` for people, ``method`` of the migrator.

    ``repr`` gives code that makes it again, with the names of :mod:`pwmig.operations`.
    """

    title: ClassVar[str] = ""
    method: ClassVar[str] = ""

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The method's arguments: (by position, by name); a column is a ColumnSpec."""
        raise NotImplementedError

    @classmethod
    def of_call(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Self:
        """The operation whose call has these arguments, where a field or a piece of SQL is a Called.

        Raises OperationRefused, TypeError or ValueError for arguments that :meth:`call` doesn't give.
        """
        return cls(*args, **kwargs)

    @property
    def is_asked(self) -> bool:
        """Whether a form can ask for all that it says."""
        specs: list[ColumnSpec] = []
        for made in dataclasses.fields(self):
            value = getattr(self, made.name)
            if not made.metadata and value != made.default:
                return False
            specs += [one for one in (value if isinstance(value, tuple) else [value]) if isinstance(one, ColumnSpec)]
        return all(spec.is_asked for spec in specs)

    def describe(self) -> str:
        """The call on one line, as ``add_column('player', 'level', IntegerField(default=1))``."""
        args, kwargs = self.call()
        return call_text(self.method, args, kwargs)

    def on(self, migrator: Any) -> Any:
        """The migrator's own operation, not yet run."""
        args, kwargs = self.call()
        values = {name: _value(value) for name, value in kwargs.items()}
        return getattr(migrator, self.method)(*map(_value, args), **values)

    def __repr__(self) -> str:
        required = [made.name for made in dataclasses.fields(self) if made.default is dataclasses.MISSING]
        return short_repr(self, required)


def _value(value: Any) -> Any:
    if isinstance(value, ColumnSpec):
        return value.field()
    if isinstance(value, Expression):
        return value.node()
    if isinstance(value, Mapping):
        return {name: _value(inner) for name, inner in value.items()}
    return list(map(_value, value)) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True, repr=False)
class ColumnOperation(Operation):
    """An operation that names one column of one table, and nothing else."""

    table: str = asked("Table", "table")
    column: str = asked("Column", "column")

    def __post_init__(self) -> None:
        require_name(self.table, "table")
        require_name(self.column, "column")

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.table, self.column), {}
