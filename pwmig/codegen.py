"""Operations -> the source of a migration, as ``ruff format`` would set it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pwmig.columns import ColumnSpec
from pwmig.operations import (
    AddColumn,
    AddForeignKey,
    AddIndex,
    AddNotNull,
    CreateTable,
    DropColumn,
    DropForeignKey,
    DropIndex,
    DropNotNull,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
)

if TYPE_CHECKING:
    from pwmig.schema import Column, Index, Schema, Table

__all__ = ["inverse", "literal", "source"]

WIDTH = 88
"""Letters in a line, as ruff has it where a project says nothing."""

_STEP = 4


def source(
    forward: Sequence[Operation],
    backward: Sequence[Operation] | None = None,
    config_module: str = "db.migrations_config",
    schema: Schema | None = None,
) -> str:
    """The source of a migration, in the shape of the seed's example.

    Without ``backward`` the way back is made of the inverses, in reverse order; where one has no
    inverse (see :func:`inverse`), the migration has no ``migrate_backward``.
    """
    if backward is None:
        inverses = [inverse(operation, schema) for operation in reversed(forward)]
        backward = None if any(step is None for step in inverses) else [step for step in inverses if step]
    fields = sorted({name for operation in (*forward, *(backward or ())) for name in _fields(operation)})
    lines = ["from playhouse.migrate import *", f"from {config_module} import migrator"]
    if fields:
        lines.append(_import_line(fields))
    text = "\n".join(lines) + "\n" + _function("migrate_forward", forward)
    return text if backward is None else text + _function("migrate_backward", backward)


def _fields(operation: Operation) -> set[str]:
    """The Peewee fields that an operation's call names."""
    args, kwargs = operation.call()
    found: set[str] = set()
    for value in (*args, *kwargs.values()):
        specs = value.values() if isinstance(value, Mapping) else [value]
        found.update(spec.type for spec in specs if isinstance(spec, ColumnSpec))
    return found


def _import_line(fields: Sequence[str]) -> str:
    flat = f"from peewee import {', '.join(fields)}"
    if len(flat) <= WIDTH:
        return flat
    inner = " " * _STEP + ", ".join(fields)
    if len(inner) <= WIDTH:
        return f"from peewee import (\n{inner},\n)".replace(", ", ",\n" + " " * _STEP)
    return "from peewee import (\n" + "".join(f"{' ' * _STEP}{name},\n" for name in fields) + ")"


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
    if isinstance(value, Mapping):
        items = tuple((f"{literal(key)}: ", _node(inner)) for key, inner in value.items())
        return _Node("{", items, "}", tall=True)
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


# -- the way back


def inverse(operation: Operation, schema: Schema | None = None) -> Operation | None:
    """The operation that undoes another, None where it can't be known.

    What a drop takes away has to be looked up: ``schema`` is the live one, before the operation. A
    required column comes back with its kind's neutral value in the rows, since the old ones are gone.
    """
    match operation:
        case AddColumn(table, column):
            return DropColumn(table, column.name)
        case RenameColumn(table, old, new):
            return RenameColumn(table, new, old)
        case RenameTable(old, new):
            return RenameTable(new, old)
        case AddIndex(table):
            return DropIndex(table, operation.index_name)
        case CreateTable(name):
            return DropTable(name)
        case AddNotNull(table, column_name):
            return DropNotNull(table, column_name)
        case DropNotNull(table, column_name):
            return AddNotNull(table, column_name)
        case AddForeignKey(table, column_name):
            return DropForeignKey(table, column_name)
    return _looked_up(operation, schema)


def _looked_up(operation: Operation, schema: Schema | None) -> Operation | None:
    table = schema.table(str(getattr(operation, "table", ""))) if schema else None
    if table is None:
        return None
    match operation:
        case DropColumn(name, column_name):
            column = table.column(column_name)
            spec = _spec(table, column) if column and not _is_bound(table, column) else None
            return AddColumn(name, spec.filled()) if spec else None
        case DropIndex(name, index_name):
            index = next((index for index in table.indexes if index.name.lower() == index_name.lower()), None)
            return _add_index(name, index) if index else None
        case DropForeignKey(name, column_name):
            return _add_foreign_key(table, column_name)
        case DropTable(name):
            return _create_table(table)
    return None


_KINDS = {
    "INTEGER": "IntegerField",
    "BIGINT": "BigIntegerField",
    "TEXT": "TextField",
    "REAL": "FloatField",
    "DATE": "DateField",
    "DATETIME": "DateTimeField",
    "TIME": "TimeField",
    "BLOB": "BlobField",
    "DECIMAL(10, 5)": "DecimalField",
}
"""Types of SQLite that a field of Peewee writes letter for letter."""


def _spec(table: Table, column: Column, *, key: bool = False) -> ColumnSpec | None:
    """The column as a person would ask for it; None where that would not give the same column."""
    if column.default is not None or column.collation or column.generated is not None or column.autoincrement:
        return None
    if any(column.name in unique.columns for unique in table.uniques):
        return None
    kind = column.type.upper()
    length = None
    if kind.startswith("VARCHAR(") and kind[8:-1].strip().isdigit():
        name, length = "CharField", int(kind[8:-1])
    elif kind == "INTEGER" and key:
        name = "AutoField"
    elif kind in _KINDS:
        name = _KINDS[kind]
    else:
        return None
    own = next((index for index in table.indexes if _is_own(table, column, index)), None)
    unique = own is not None and own.unique
    return ColumnSpec(
        column.name,
        name,
        null=column.nullable and not key,
        max_length=length if length != 255 else None,
        unique=unique,
        index=own is not None and not unique,
        primary_key=key and name != "AutoField",
    )


def _is_bound(table: Table, column: Column) -> bool:
    """Whether a key or a check of the table might hold on to the column."""
    held = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    return column.name in held or any(column.name.lower() in check.expression.lower() for check in table.checks)


def _is_own(table: Table, column: Column, index: Index) -> bool:
    """Whether it is the index that the field brings along by index=True or unique=True."""
    plain = index.predicate is None and [part.column for part in index.parts] == [column.name]
    if not plain or index.parts[0].descending or index.parts[0].collation:
        return False
    return index.name == AddIndex(table.name, (column.name,)).index_name


def _add_index(table: str, index: Index) -> Operation | None:
    columns = tuple(part.column for part in index.parts if part.column and not part.descending and not part.collation)
    if len(columns) != len(index.parts) or index.predicate is not None:
        return None
    usual = AddIndex(table, columns).index_name == index.name
    return AddIndex(table, columns, unique=index.unique, name=None if usual else index.name)


def _add_foreign_key(table: Table, column: str) -> Operation | None:
    found = [key for key in table.foreign_keys if [name.lower() for name in key.columns] == [column.lower()]]
    if len(found) != 1 or found[0].deferrable:
        return None
    key = found[0]
    actions = {"on_delete": key.on_delete, "on_update": key.on_update}
    told = {name: action for name, action in actions.items() if action != "NO ACTION"}
    return AddForeignKey(table.name, key.columns[0], key.ref_table, key.ref_columns[0], **told)


def _create_table(table: Table) -> Operation | None:
    if table.foreign_keys or table.checks or table.uniques or table.triggers or table.options:
        return None
    single = table.primary_key[0] if len(table.primary_key) == 1 else None
    specs = [_spec(table, column, key=column.name == single) for column in table.columns]
    if any(spec is None for spec in specs):
        return None
    own = {index.name for column in table.columns for index in table.indexes if _is_own(table, column, index)}
    others = [_add_index(table.name, index) for index in table.indexes if index.name not in own]
    if not all(isinstance(index, AddIndex) and index.name is None for index in others):
        return None
    indexes = tuple((index.columns, index.unique) for index in others if isinstance(index, AddIndex))
    composite = table.primary_key if len(table.primary_key) > 1 else ()
    return CreateTable(table.name, tuple(spec for spec in specs if spec), indexes, composite)
