"""The way back: the operations that undo others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.codegen.kinds import SQLITE, Kinds
from pwmig.codegen.known import after
from pwmig.columns import ColumnSpec, Expression
from pwmig.errors import OperationRefused
from pwmig.operations import (
    AddCheck,
    AddColumn,
    AddColumnDefault,
    AddForeignKey,
    AddIndex,
    AddNotNull,
    AddUnique,
    AlterColumnType,
    Backfill,
    ChangeColumn,
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
    SetComment,
)
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Table, Unique

if TYPE_CHECKING:
    from pwmig.schema import Schema

__all__ = ["inverse", "inverses"]


def inverses(
    operations: Sequence[Operation],
    schema: Schema | None = None,
    known: Sequence[tuple[Operation, Operation]] = (),
    kinds: Kinds = SQLITE,
) -> tuple[Operation, ...] | None:
    """What undoes all of the operations, the last one first; None where one has no inverse.

    ``schema`` is the live one before the first; each is looked up in what the ones before it leave.
    ``known`` are pairs of an operation and what undoes it, as a person wanted it. ``kinds`` are the database's.
    """
    back: list[Operation] = []
    for place, operation in enumerate(operations):
        if isinstance(operation, Backfill) and any(_brings(made, operation) for made in operations[:place]):
            continue  # Its values go with the column.
        undone = next((undo for done, undo in known if done == operation), None) or inverse(operation, schema, kinds)
        if undone is None:
            return None
        back.insert(0, undone)
        schema = after(schema, operation) if schema else None
    return tuple(back)


def inverse(operation: Operation, schema: Schema | None = None, kinds: Kinds = SQLITE) -> Operation | None:
    """The operation that undoes another, None where it can't be known.

    What a drop takes away has to be looked up: ``schema`` is the live one, before the operation. A
    required column comes back with its kind's neutral value in the rows for which the attic has none.
    """
    match operation:
        case AddColumn(table, spec):
            return DropColumn(table, spec.name)
        case RenameColumn(table, old, new):
            return RenameColumn(table, new, old)
        case RenameTable(old, new):
            return _table_named_back(schema, old, new)
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
    try:
        return _looked_up(operation, schema, kinds)
    except OperationRefused:
        return None  # There is something that no form asks for, as a name that is a blank.


def _brings(made: Operation, fill: Backfill) -> bool:
    """Whether an operation makes the column that is filled."""
    match made:
        case AddColumn(table, spec):
            return (table, spec.name) == (fill.table, fill.column)
        case CreateTable(name):
            return name == fill.table
    return False


def _table_named_back(schema: Schema | None, old: str, new: str) -> Operation:
    """A table stays in its schema: what it is called afterwards begins with that, whether or not ``new`` does."""
    there = schema.table(old) if schema else None
    if there is None or there.schema is None:
        return RenameTable(new, old)
    prefix = f"{there.schema}."
    return RenameTable(new if new.startswith(prefix) else prefix + new, there.plain_name)


def _nullable(schema: Schema | None, table: str, column: str) -> bool | None:
    """Whether the column may be NULL already, None where it isn't known; then nothing is to be undone."""
    there = schema.table(table) if schema else None
    found = there.column(column) if there else None
    return found.nullable if found else None


def _looked_up(operation: Operation, schema: Schema | None, kinds: Kinds) -> Operation | None:
    table = schema.table(str(getattr(operation, "table", ""))) if schema else None
    if table is None:
        return None
    match operation:
        case DropColumn(name, column_name):
            column = table.column(column_name)
            spec = _spec(table, column, kinds) if column and not _is_bound(table, column) else None
            return AddColumn(name, spec.filled()) if spec else None
        case AlterColumnType(name, column_name, kind, cast=None):
            return _former_type(table, table.column(column_name), kind, kinds)
        case AddColumnDefault(name, column_name) | DropColumnDefault(name, column_name):
            return _former_default(name, table.column(column_name), kinds)
        case ChangeColumn(cast=None):
            return _former_facts(table, operation, kinds)
        case SetComment(name, column_name):
            of = table if column_name is None else table.column(column_name)
            return SetComment(name, column_name, of.comment) if of else None
        case DropIndex(name, index_name):
            index = _named(table.indexes, index_name)
            return _add_index(table, index) if index else None
        case DropForeignKey(name, column_name):
            return _add_foreign_key(table, column_name)
        case DropConstraint(name, constraint_name):
            return _add_constraint(table, constraint_name, kinds)
        case DropTable(name):
            return _create_table(table, kinds)
    return None


def _named(things: Iterable[Any], name: str) -> Any:
    """The thing of that name, else the first that differs in letter case only, or None."""
    alike = [thing for thing in things if thing.name and thing.name.lower() == name.lower()]
    return next((thing for thing in alike if thing.name == name), alike[0] if alike else None)


def _former_type(table: Table, column: Column | None, new_kind: str, kinds: Kinds) -> Operation | None:
    kind = kinds.field(column.type) if column else None
    if column is None or kind is None:
        return None
    has_own = column.collation is not None and column.collation != kinds.collation(table)
    if has_own and not kinds.keeps_collation and new_kind not in ("CharField", "TextField"):
        return None  # The collation goes with the letters.
    return AlterColumnType(table.name, column.name, *kind)


def _former_default(table: str, column: Column | None, kinds: Kinds) -> Operation | None:
    if column is None or column.sequence is not None or column.default == "":
        return None
    if column.default is None:
        return DropColumnDefault(table, column.name)
    return AddColumnDefault(table, column.name, Expression(kinds.written(column.default)))


def _former_facts(table: Table, change: ChangeColumn, kinds: Kinds) -> Operation | None:
    """The same facts as the column has them now; None where one of them can't be asked for."""
    column = table.column(change.column)
    if column is None:
        return None
    facts: dict[str, Any] = {"null": None if change.null is None else column.nullable}
    if change.type is not None:
        kind = _former_type(table, column, change.type, kinds)
        if not isinstance(kind, AlterColumnType):
            return None
        facts |= {"type": kind.type, "max_length": kind.max_length}
    if change.default is not None or change.drop_default:
        default = _former_default(change.table, column, kinds)
        if default is None:
            return None
        facts |= {"default": default.default} if isinstance(default, AddColumnDefault) else {"drop_default": True}
    if change.name is not None:
        facts["name"] = column.name
    return ChangeColumn(change.table, change.name or change.column, **facts)


def _spec(table: Table, column: Column, kinds: Kinds, *, key: bool = False) -> ColumnSpec | None:
    """The column as a person would ask for it; None where that would not give the same column."""
    collation = column.collation if column.collation in (None, kinds.collation(table)) else None
    plain = Column(column.name, column.type, column.nullable, collation=collation)
    counted = key and kinds.is_counted(table, column)
    if counted:
        plain = replace(
            plain,
            default=column.default,
            sequence=column.sequence,
            autoincrement=kinds is not SQLITE and column.autoincrement,
        )
    if column != plain or any(column.name in unique.columns for unique in table.uniques):
        return None
    found = ("AutoField", None) if counted else kinds.field(column.type)
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


def _is_bound(table: Table, column: Column) -> bool:
    """Whether a key, an index or a check of the table might hold on to the column, or would not come back with it."""
    held = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    held |= {name for index in table.indexes if not _is_own(table, column, index) for name in index.columns}
    return column.name in held or any(column.name.lower() in check.expression.lower() for check in table.checks)


def _usual_name(table: Table, columns: Sequence[str], name: str) -> bool:
    """Whether an index has the name that it gets where none is given, which PostgreSQL cuts to 63 bytes."""
    from playhouse.migrate import make_index_name

    usual = str(make_index_name(table.plain_name, columns))
    return name in (usual, usual.encode()[:63].decode(errors="ignore"))


def _is_own(table: Table, column: Column, index: Index) -> bool:
    """Whether it is the index that the field brings along by index=True or unique=True."""
    plain = Index(index.name, (IndexPart(column.name),), index.unique)
    return index == plain and _usual_name(table, (column.name,), index.name)


def _add_index(table: Table, index: Index) -> Operation | None:
    columns = tuple(part.column or "" for part in index.parts)
    if index != Index(index.name, tuple(map(IndexPart, columns)), index.unique):
        return None
    usual = _usual_name(table, columns, index.name)
    return AddIndex(table.name, columns, unique=index.unique, name=None if usual else index.name)


def _add_foreign_key(table: Table, column: str) -> Operation | None:
    found = [key for key in table.foreign_keys if [name.lower() for name in key.columns] == [column.lower()]]
    return _again(table, found[0]) if len(found) == 1 else None


def _again(table: Table, key: ForeignKey) -> Operation | None:
    plain = ForeignKey(
        key.columns,
        key.ref_table,
        key.ref_columns,
        key.on_delete,
        key.on_update,
        name=key.name,
        ref_schema=key.ref_schema,
    )
    if key != plain or len(key.columns) != 1:
        return None
    actions = {"on_delete": key.on_delete, "on_update": key.on_update}
    told = {name: action for name, action in actions.items() if action != "NO ACTION"}
    made = AddForeignKey(table.name, key.columns[0], key.ref_table, key.ref_columns[0], **told)
    return made if key.name in (None, made.usual_name) else replace(made, constraint_name=key.name)


def _add_constraint(table: Table, name: str, kinds: Kinds) -> Operation | None:
    check, unique, key = (_named(things, name) for things in (table.checks, table.uniques, table.foreign_keys))
    index = next((index for index in table.indexes if index.unique and index.name.lower() == name.lower()), None)
    if [check, unique, key].count(None) < 2:
        return None
    if check is not None:
        plain = Check(check.expression, check.name)
        return AddCheck(table.name, check.name, kinds.written(check.expression)) if check == plain else None
    if key is not None:
        return _again(table, key)
    if unique is None:
        return _add_index(table, index) if index is not None else None
    made = AddUnique(table.name, unique.columns)
    return made if unique == Unique(unique.columns, made.constraint_name) else None


def _create_table(table: Table, kinds: Kinds) -> Operation | None:
    plain = Table(table.name, table.columns, table.primary_key, table.indexes, schema=table.schema)
    if table.primary_key_name == f"{table.plain_name}_pkey":  # So PostgreSQL calls it.
        plain = replace(plain, primary_key_name=table.primary_key_name)
    if table != plain:
        return None
    single = table.primary_key[0] if len(table.primary_key) == 1 else None
    specs = [_spec(table, column, kinds, key=column.name == single) for column in table.columns]
    if any(spec is None for spec in specs):
        return None
    own = {index.name for column in table.columns for index in table.indexes if _is_own(table, column, index)}
    others = [_add_index(table, index) for index in table.indexes if index.name not in own]
    if not all(isinstance(index, AddIndex) and index.name is None for index in others):
        return None
    indexes = tuple((index.columns, index.unique) for index in others if isinstance(index, AddIndex))
    composite = table.primary_key if len(table.primary_key) > 1 else ()
    return CreateTable(table.name, tuple(spec for spec in specs if spec), indexes, composite)
