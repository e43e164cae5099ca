"""Operations -> the source of a migration, as ``ruff format`` would set it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pwmig.codegen.inverse import inverses
from pwmig.codegen.kinds import SQLITE, Kinds
from pwmig.columns import ColumnSpec, Expression
from pwmig.operations import Operation

if TYPE_CHECKING:
    from pwmig.schema import Schema

__all__ = ["literal", "source", "text_of"]

WIDTH = 88
"""Letters in a line, as ruff has it where a project says nothing."""

_STEP = 4


def source(
    forward: Sequence[Operation],
    backward: Sequence[Operation] | None = None,
    config_module: str = "db.migrations_config",
    schema: Schema | None = None,
    kinds: Kinds = SQLITE,
) -> str:
    """The source of a migration, in the shape of the seed's example.

    Without ``backward`` the way back is made of the inverses, in reverse order; where one has no
    inverse (see :func:`~pwmig.codegen.inverse.inverses`), the migration has no ``migrate_backward``.
    """
    return text_of(forward, inverses(forward, schema, kinds=kinds) if backward is None else backward, config_module)


def text_of(forward: Sequence[Operation], backward: Sequence[Operation] | None, config_module: str) -> str:
    """The source of just these operations; None has no ``migrate_backward``."""
    names = sorted({name for operation in (*forward, *(backward or ())) for name in _imports(operation)})
    lines = ["from playhouse.migrate import *", f"from {config_module} import migrator"]
    if names:
        lines.append(_import_line(names))
    text = "\n".join(lines) + "\n" + _function("migrate_forward", forward)
    return text if backward is None else text + _function("migrate_backward", backward)


def _imports(operation: Operation) -> set[str]:
    """What an operation's call names of Peewee: fields, and ``SQL`` or ``Check``."""
    args, kwargs = operation.call()
    found: set[str] = set()
    for value in (*args, *kwargs.values()):
        for inner in value.values() if isinstance(value, Mapping) else [value]:
            if isinstance(inner, ColumnSpec):
                found.add(inner.type)
            elif isinstance(inner, Expression):
                found.add(inner.kind)
    return found


def _import_line(names: Sequence[str]) -> str:
    flat = f"from peewee import {', '.join(names)}"
    if len(flat) <= WIDTH:
        return flat
    return "from peewee import (\n" + "".join(f"{' ' * _STEP}{name},\n" for name in names) + ")"


def _function(name: str, operations: Sequence[Operation]) -> str:
    if not operations:
        return f"\n\ndef {name}():\n    pass\n"
    calls = "".join(f"{' ' * 2 * _STEP}{_set(_call(step), 2 * _STEP, 1)},\n" for step in operations)
    return f"\n\ndef {name}():\n    migrate(\n{calls}    )\n"


# -- setting code


@dataclass(frozen=True, slots=True)
class _Node:
    """Something in brackets: ``head`` is all up to and with the opening one, ``items`` stand between commas.

    ``prefix`` of an item is its key (``unique=``, ``"name": ``). ``tall`` puts each item on a line of its own.
    """

    head: str
    items: tuple[tuple[str, str | _Node], ...]
    tail: str
    tall: bool = False
    single_comma: bool = False


def _call(operation: Operation) -> _Node:
    args, kwargs = operation.call()
    items = [("", _node(value)) for value in args]
    items += [(f"{name}=", _node(value)) for name, value in kwargs.items()]
    return _Node(f"migrator.{operation.method}(", tuple(items), ")")


def _node(value: Any) -> str | _Node:
    if isinstance(value, ColumnSpec):
        kind, options = value.arguments()
        return _Node(f"{kind}(", tuple((f"{name}=", literal(option)) for name, option in options.items()), ")")
    if isinstance(value, Expression):
        return _Node(f"{value.kind}(", (("", literal(value.sql)),), ")")
    if isinstance(value, Mapping):
        items = tuple((f"{literal(key)}: ", _node(inner)) for key, inner in value.items())
        return _Node("{", items, "}", tall=any(isinstance(inner, ColumnSpec) for inner in value.values()))
    if isinstance(value, tuple):
        return _Node("(", tuple(("", _node(item)) for item in value), ")", single_comma=len(value) == 1)
    return literal(value)


def _flat(node: str | _Node) -> str | None:
    """The node on one line, None where something in it is to stand on lines of its own."""
    if isinstance(node, str):
        return node
    if node.tall and node.items:
        return None
    parts = []
    for prefix, item in node.items:
        flat = _flat(item)
        if flat is None:
            return None
        parts.append(prefix + flat)
    return node.head + ", ".join(parts) + ("," if node.single_comma else "") + node.tail


def _set(node: str | _Node, used: int, after: int) -> str:
    """The node as text; ``used`` letters stand before it on its line (its indentation and key), ``after`` behind it."""
    return _wrapped(node, used, used, after)


def _wrapped(node: str | _Node, indent: int, used: int, after: int) -> str:
    flat = _flat(node)
    if isinstance(node, str) or (flat is not None and used + len(flat) + after <= WIDTH):
        return flat or ""
    if not node.items:
        return node.head + node.tail
    inner = indent + _STEP
    flats = [(prefix, _flat(item)) for prefix, item in node.items]
    if not node.tall and not node.single_comma and all(item is not None for _, item in flats):
        line = ", ".join(f"{prefix}{item}" for prefix, item in flats)
        if inner + len(line) <= WIDTH:
            return f"{node.head}\n{' ' * inner}{line}\n{' ' * indent}{node.tail}"
    lines = [f"{' ' * inner}{prefix}{_wrapped(item, inner, inner + len(prefix), 1)},\n" for prefix, item in node.items]
    return f"{node.head}\n{''.join(lines)}{' ' * indent}{node.tail}"


def literal(value: Any) -> str:
    """A value as a Python literal, texts in double quotes unless that takes more escapes."""
    text = repr(value)
    if not isinstance(value, str) or text[0] == '"':
        return text
    body = text[1:-1]
    if value.count('"') > value.count("'"):
        return text
    return '"' + body.replace("\\'", "'").replace('"', '\\"') + '"'
