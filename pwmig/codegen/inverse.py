"""The way back: the operations that undo others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pwmig.codegen.known import after
from pwmig.columns import ColumnSpec, Expression
from pwmig.operations import (
    AddCheck,
    AddColumn,
    AddColumnDefault,
    AddForeignKey,
    AddIndex,
    AddNotNull,
    AddUnique,
    AlterColumnType,
    CreateTable,
    DropColumn,
    DropColumnDefault,
    DropConstraint,
    DropForeignKey,
    DropIndex,
    DropNotNull,
    DropTable,
    Operation,
    RenameColumn,
    RenameIndex,
    RenameTable,
)

if TYPE_CHECKING:
    from pwmig.schema import Column, Index, Schema, Table

__all__ = ["inverse", "inverses"]


def inverses(
    operations: Sequence[Operation],
    schema: Schema | None = None,
    known: Sequence[tuple[Operation, Operation]] = (),
) -> tuple[Operation, ...] | None:
    """What undoes all of the operations, the last one first; None where one has no inverse.

    ``schema`` is the live one before the first; each is looked up in what the ones before it leave.
    ``known`` are pairs of an operation and what undoes it, as a person wanted it.
    """
    back: list[Operation] = []
    for operation in operations:
        undone = next((undo for done, undo in known if done == operation), None) or inverse(operation, schema)
        if undone is None:
            return None
        back.insert(0, undone)
        schema = after(schema, operation) if schema else None
    return tuple(back)


def inverse(operation: Operation, schema: Schema | None = None) -> Operation | None:
    """The operation that undoes another, None where it can't be known.

    What a drop takes away has to be looked up: ``schema`` is the live one, before the operation. A
    required column comes back with its kind's neutral value in the rows, since the old ones are gone.
    """
    match operation:
        case AddColumn(table, spec):
            return DropColumn(table, spec.name)
        case RenameColumn(table, old, new):
            return RenameColumn(table, new, old)
        case RenameTable(old, new):
            return RenameTable(new, old)
        case RenameIndex(table, old, new):
            return RenameIndex(table, new, old)
        case AddIndex(table):
            return DropIndex(table, operation.index_name)
        case CreateTable(name):
            return DropTable(name)
        case AddNotNull(table, column_name):
            return operation if _nullable(schema, table, column_name) is False else DropNotNull(table, column_name)
        case DropNotNull(table, column_name):
            return operation if _nullable(schema, table, column_name) is True else AddNotNull(table, column_name)
        case AddForeignKey(table, column_name):
            return DropForeignKey(table, column_name)
        case AddCheck(table, name):
            return DropConstraint(table, name)
        case AddUnique(table):
            return DropConstraint(table, operation.constraint_name)
    return _looked_up(operation, schema)


def _nullable(schema: Schema | None, table: str, column: str) -> bool | None:
    """Whether the column may be NULL already, None where it isn't known; then nothing is to be undone."""
    there = schema.table(table) if schema else None
    found = there.column(column) if there else None
    return found.nullable if found else None


def _looked_up(operation: Operation, schema: Schema | None) -> Operation | None:
    table = schema.table(str(getattr(operation, "table", ""))) if schema else None
    if table is None:
        return None
    match operation:
        case DropColumn(name, column_name):
            column = table.column(column_name)
            spec = _spec(table, column) if column and not _is_bound(table, column) else None
            return AddColumn(name, spec.filled()) if spec else None
        case AlterColumnType(name, column_name, cast=None):
            return _former_type(name, table.column(column_name))
        case AddColumnDefault(name, column_name) | DropColumnDefault(name, column_name):
            return _former_default(name, table.column(column_name))
        case DropIndex(name, index_name):
            index = next((index for index in table.indexes if index.name.lower() == index_name.lower()), None)
            return _add_index(name, index) if index else None
        case DropForeignKey(name, column_name):
            return _add_foreign_key(table, column_name)
        case DropConstraint(name, constraint_name):
            return _add_constraint(table, constraint_name)
        case DropTable(name):
            return _create_table(table)
    return None


def _former_type(table: str, column: Column | None) -> Operation | None:
    kind = _kind(column.type) if column else None
    return AlterColumnType(table, column.name, *kind) if column and kind else None


def _former_default(table: str, column: Column | None) -> Operation | None:
    if column is None:
        return None
    if column.default is None:
        return DropColumnDefault(table, column.name)
    return AddColumnDefault(table, column.name, Expression(column.default))


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
    found = ("AutoField", None) if key and column.type.upper() == "INTEGER" else _kind(column.type)
    if found is None:
        return None
    name, length = found
    own = next((index for index in table.indexes if _is_own(table, column, index)), None)
    unique = own is not None and own.unique
    return ColumnSpec(
        column.name,
        name,
        null=column.nullable and not key,
        max_length=length,
        unique=unique,
        index=own is not None and not unique,
        primary_key=key and name != "AutoField",
    )


def _kind(type_: str) -> tuple[str, int | None] | None:
    """The field that writes a type letter for letter, and its length; None where none does."""
    text = type_.upper()
    if text.startswith("VARCHAR(") and text[8:-1].strip().isdigit():
        length = int(text[8:-1])
        return "CharField", length if length != 255 else None
    return (_KINDS[text], None) if text in _KINDS else None


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


def _add_constraint(table: Table, name: str) -> Operation | None:
    wanted = name.lower()
    checks = [check for check in table.checks if check.name and check.name.lower() == wanted]
    uniques = [unique for unique in table.uniques if unique.name and unique.name.lower() == wanted]
    if len(checks) == 1 and not uniques:
        return AddCheck(table.name, checks[0].name or name, checks[0].expression)
    if len(uniques) == 1 and not checks and not uniques[0].parts and not uniques[0].on_conflict:
        made = AddUnique(table.name, uniques[0].columns)
        return made if made.constraint_name == uniques[0].name else None
    return None


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
