"""Operations -> the source of a migration, as ``ruff format`` would set it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.codegen.inverse import inverses
from pwmig.codegen.kinds import SQLITE, Kinds
from pwmig.columns import ColumnSpec, Expression, Standard
from pwmig.operations import Operation
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.schema import Schema

__all__ = ["literal", "source", "text_of"]

WIDTH = 88
"""Letters in a line, as ruff has it where a project says nothing."""

_STEP = 4

_FIRST = "from playhouse.migrate import *"


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
    own, others = _import_lines((*forward, *(backward or ())))
    lines = [*own, "", _FIRST] if own else [_FIRST]
    lines += [f"from {config_module} import migrator", *others]
    text = "\n".join(lines) + "\n" + _function("migrate_forward", forward)
    return text if backward is None else text + _function("migrate_backward", backward)


def _import_lines(operations: Iterable[Operation]) -> tuple[list[str], list[str]]:
    """What the calls name: what a default calls, of Python's own library, and the Peewee fields, ``SQL``, ``Check``."""
    found: dict[str, set[str]] = {}
    for operation in operations:
        args, kwargs = operation.call()
        for module, name in _named((args, kwargs)):
            found.setdefault(module, set()).add(name)
    found.pop("builtins", None)
    lines: tuple[list[str], list[str]] = [], []
    for module, names in sorted(found.items()):
        is_own = module.partition(".")[0] in sys.stdlib_module_names
        lines[not is_own].append(_import_line(module, sorted(names, key=_rank)))
    return lines


def _rank(name: str) -> tuple[bool, str]:
    """The order of imported names that tools keep: constants, as ``SQL`` looks like one, then classes."""
    return not name.isupper(), name.lower()


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """(module, name) of all that the code of a value needs to be imported."""
    match value:
        case ColumnSpec():
            yield value.module, value.type
            yield from _named(value.arguments()[1])
        case Expression():
            yield "peewee", value.kind
        case Standard():
            yield value.module, value.imported
        case Mapping():
            yield from _named(tuple(value.values()))
        case list() | tuple():
            for one in value:
                yield from _named(one)


def _import_line(module: str, names: Sequence[str]) -> str:
    flat = f"from {module} import {', '.join(names)}"
    if len(flat) <= WIDTH:
        return flat
    return f"from {module} import (\n" + "".join(f"{' ' * _STEP}{name},\n" for name in names) + ")"


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
        items: list[tuple[str, str | _Node]] = [("", literal(one)) for one in value.positional]
        items += [(f"{name}=", _node(option)) for name, option in options.items()]
        return _Node(f"{kind}(", tuple(items), ")")
    if isinstance(value, Standard):
        return value.name
    if isinstance(value, Expression):
        return _Node(f"{value.kind}(", (("", literal(value.sql)),), ")")
    if isinstance(value, Mapping):
        pairs = tuple((f"{literal(key)}: ", _node(inner)) for key, inner in value.items())
        return _Node("{", pairs, "}", tall=any(isinstance(inner, ColumnSpec) for inner in value.values()))
    if isinstance(value, list):
        return _Node("[", tuple(("", _node(item)) for item in value), "]")
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
    is_call = len(node.head) > 1  # The items of a call may stand together on a line of their own, no others.
    if is_call and all(item is not None for _, item in flats):
        line = ", ".join(f"{prefix}{item}" for prefix, item in flats)
        if inner + len(line) <= WIDTH:
            return f"{node.head}\n{' ' * inner}{line}\n{' ' * indent}{node.tail}"
    lines = [f"{' ' * inner}{prefix}{_wrapped(item, inner, inner + len(prefix), 1)},\n" for prefix, item in node.items]
    return f"{node.head}\n{''.join(lines)}{' ' * indent}{node.tail}"


def literal(value: Any) -> str:
    """A value as a Python literal, texts and bytes in double quotes unless that takes more escapes."""
    text = repr(value)
    if not isinstance(value, (str, bytes)):
        return text
    start = "b" if isinstance(value, bytes) else ""
    quotes = (
        [value.count(mark) for mark in ("'", '"')] if isinstance(value, str) else [value.count(b"'"), value.count(b'"')]
    )
    if text[len(start)] == '"' or quotes[1] > quotes[0]:
        return text
    body = text[len(start) + 1 : -1]
    return start + '"' + body.replace("\\'", "'").replace('"', '\\"') + '"'
