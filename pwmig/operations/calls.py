"""Calls in words: of the migrator's methods, and of the fields and pieces of SQL that stand in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pwmig.columns import ColumnSpec, Expression, Standard
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

__all__ = ["Called", "call_text", "value_text"]


@dataclass(frozen=True, slots=True)
class Called:
    """A call as it was read from code, such as ``IntegerField(default=1)`` or ``SQL("now")``; nothing was run."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def spec(self, column: str) -> ColumnSpec:
        """The column of that name that the field makes; raises OperationRefused or TypeError where it is none."""
        return ColumnSpec(column, self.name, *self.args, **self.kwargs)

    def expression(self) -> Expression:
        """The piece of SQL; raises ValueError where it is none."""
        if self.kwargs or len(self.args) != 1:
            raise ValueError(f"{self.name} has other arguments than a text")
        return Expression(self.args[0], self.name)


def call_text(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """A call on one line; fields as the code that makes them."""
    shown = [value_text(value) for value in args]
    shown += [f"{key}={value_text(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(shown)})"


def value_text(value: Any, shown: Callable[[Any], str] = repr) -> str:
    """A value as code: a literal, or the call that makes a field or a piece of SQL."""
    if isinstance(value, ColumnSpec):
        kind, options = value.arguments()
        said = [*map(shown, value.positional), *(f"{key}={value_text(one, shown)}" for key, one in options.items())]
        return f"{kind}({', '.join(said)})"
    if isinstance(value, Standard):
        return value.name
    if isinstance(value, Expression):
        return f"{value.kind}({shown(value.sql)})"
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{_key_text(key, shown)}: {value_text(inner, shown)}" for key, inner in value.items())
            + "}"
        )
    if isinstance(value, (list, tuple)):
        inner = ", ".join(value_text(item, shown) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, type):
        return value.__name__
    if hasattr(type(value), "__sql__"):  # The class is asked: some of Peewee's objects answer to every name.
        return _node_text(value)
    if callable(value):
        return _name_of(value)
    return shown(value)


def _key_text(key: Any, shown: Callable[[Any], str]) -> str:
    """The key of a mapping; a field is its column."""
    column = getattr(key, "column_name", key)
    return shown(column if isinstance(column, str) else key)


def _name_of(function: Any) -> str:
    """What a function is called, the functions around it left out; that of a partial is its function's."""
    inner = getattr(function, "func", function)
    name = getattr(inner, "__qualname__", None) or type(inner).__name__
    return str(name).rpartition("<locals>.")[2]


_FIELD_FACTS: tuple[tuple[str, Any], ...] = (
    ("max_length", 255), ("max_digits", 10), ("decimal_places", 5), ("null", False), ("default", None),
    ("unique", False), ("index", False), ("primary_key", False), ("collation", None), ("on_delete", None),
    ("on_update", None),
)  # fmt: skip


def _node_text(node: Any) -> str:
    """A field or another piece of SQL of Peewee's."""
    import peewee

    if isinstance(node, peewee.Field) and not isinstance(node, peewee.FieldAlias):
        return _field_text(node)
    if isinstance(node, peewee.SQL):
        return f"SQL({node.sql!r})"
    if isinstance(node, peewee.Function) and node.name:
        return call_text(f"fn.{node.name}", tuple(node.arguments or ()), {})
    return f"<{type(node).__name__}>"


def _field_text(value: peewee.Field) -> str:
    """A field as a person would write it; what it says by itself is left out.

    Its own facts alone: a foreign key answers to the names of the fields that its model has.
    """
    kind, facts = type(value).__name__, vars(value)
    parts = []
    if "rel_model" in facts:
        model = facts["rel_model"]
        parts.append(getattr(model, "__name__", None) or repr(model))
    for name, usual in _FIELD_FACTS:
        fact = facts.get(name, usual)
        implied = (name == "index" and "rel_model" in facts) or (name == "primary_key" and kind.endswith("AutoField"))
        if not _is(fact, usual) and not (implied and fact):
            parts.append(f"{name}={value_text(fact)}")
    if value.constraints:
        parts.append(f"constraints={value_text(list(value.constraints))}")
    return f"{kind}({', '.join(parts)})"


def _is(fact: Any, usual: Any) -> bool:
    """Whether a fact is the usual one. Of a piece of SQL, ``==`` would make another one."""
    return fact is usual or (not hasattr(type(fact), "__sql__") and bool(fact == usual))
