"""What is still known of a schema once an operation has run, as far as the way back asks for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from pwmig.operations import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AddNotNull,
    AddUnique,
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
    RunSQL,
    SetComment,
)
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Schema, Table, Unique

__all__ = ["after"]

Same = Callable[[str | None, str], bool]

_UNKNOWN = ""
"""The type of a column that no introspection has seen, and its default: nothing is read from them."""


def after(schema: Schema, operation: Operation) -> Schema:
    """The schema without what the operation takes away or leaves untold, and with what it adds.

    It is no forecast: of a table that is renamed, or altered in a way that isn't followed, only the columns are left,
    and whether they may be NULL.
    """
    match operation:
        case RunSQL():
            return Schema()
        case CreateTable():
            return schema
        case DropTable(name):
            return _without(schema, [name])
    same = _exactly if schema.exact_columns else _alike
    name = str(operation.old_name if isinstance(operation, RenameTable) else getattr(operation, "table", ""))
    table = schema.table(name)
    if table is None:
        return schema
    left = _altered(table, operation, same)
    if left is not None:
        return _with(schema, left)
    for other in _referring(schema, name):
        schema = _with(schema, _bare(schema.table(other) or table))
    left = _bare(schema.table(name) or table)
    match operation:
        case RenameTable(old, new):
            prefix = "" if left.schema is None or new.startswith(f"{left.schema}.") else f"{left.schema}."
            return _with(_without(schema, [prefix + new]), replace(left, name=prefix + new), table.name)
        case RenameColumn(_, old, new):
            left = _column_set(left, old, same, lambda column: replace(column, name=new))
        case ChangeColumn(_, old):
            left = _column_set(left, old, same, lambda column: _changed(column, operation))
    return _with(schema, left)


def _changed(column: Column, change: ChangeColumn) -> Column:
    nullable = column.nullable if change.null is None else change.null
    return replace(column, name=change.name or column.name, nullable=nullable)


def _bare(table: Table) -> Table:
    """What is known of a table of which little is: which columns it has, which may be NULL, and what is said of it."""
    columns = tuple(
        Column(column.name, _UNKNOWN, nullable=column.nullable, default=_UNKNOWN, comment=column.comment)
        for column in table.columns
    )
    return Table(table.name, columns, schema=table.schema, comment=table.comment)


def _altered(table: Table, operation: Operation, same: Same) -> Table | None:
    """The table after an operation on it, None where that isn't followed; ``same`` compares names within it."""
    match operation:
        case AddColumn(_, spec):
            made = Column(spec.name, _UNKNOWN, nullable=spec.null)
            with_it = replace(table, columns=(*table.columns, made))
            own = AddIndex(table.name, (spec.name,), spec.unique)
            return _altered(with_it, own, same) if spec.index or spec.unique else with_it
        case DropColumn(_, name):
            return _without_column(table, name, same)
        case AddNotNull(_, name):
            return _column_set(table, name, same, lambda column: replace(column, nullable=False))
        case DropNotNull(_, name):
            return _column_set(table, name, same, lambda column: replace(column, nullable=True))
        case DropColumnDefault(_, name):
            return _column_set(table, name, same, lambda column: replace(column, default=None))
        case AddIndex(_, columns, unique):
            index = Index(operation.index_name, tuple(map(IndexPart, columns)), unique)
            return replace(table, indexes=(*table.indexes, index))
        case DropIndex(_, name):
            return replace(table, indexes=tuple(index for index in table.indexes if not same(index.name, name)))
        case RenameIndex(_, old, new):
            renamed = (replace(index, name=new) if same(index.name, old) else index for index in table.indexes)
            return replace(table, indexes=tuple(renamed))
        case AddForeignKey(_, column, rel, rel_column, on_delete, on_update):
            on_delete, on_update = ((action or "NO ACTION").upper() for action in (on_delete, on_update))
            named = operation.constraint_name or operation.usual_name
            key = ForeignKey((column,), rel, (rel_column,), on_delete, on_update, name=named)
            return replace(table, foreign_keys=(*table.foreign_keys, key))
        case DropForeignKey(_, column):
            kept = (key for key in table.foreign_keys if not (len(key.columns) == 1 and same(key.columns[0], column)))
            return replace(table, foreign_keys=tuple(kept))
        case AddCheck(_, name, expression):
            if "%%" in expression:
                return table  # How that is read depends on the database's driver.
            return replace(table, checks=(*table.checks, Check(expression, name)))
        case AddUnique(_, columns):
            return replace(table, uniques=(*table.uniques, Unique(columns, operation.constraint_name)))
        case DropConstraint(_, name):
            return _without_constraint(table, name, same)
        case Backfill():
            return table
        case SetComment(_, None, comment):
            return replace(table, comment=comment)
        case SetComment(_, str(name), comment):
            return _column_set(table, name, same, lambda column: replace(column, comment=comment))
    return None


def _without_column(table: Table, name: str, same: Same) -> Table:
    def free(names: Collection[str]) -> bool:
        return not any(same(other, name) for other in names)

    return replace(
        table,
        columns=tuple(column for column in table.columns if not same(column.name, name)),
        indexes=tuple(index for index in table.indexes if free(index.columns)),
        uniques=tuple(unique for unique in table.uniques if free(unique.columns)),
        foreign_keys=tuple(key for key in table.foreign_keys if free(key.columns)),
    )


def _without_constraint(table: Table, name: str, same: Same) -> Table:
    return replace(
        table,
        # Where UNIQUE makes an index, it is dropped as a constraint too.
        indexes=tuple(index for index in table.indexes if not (index.unique and same(index.name, name))),
        checks=tuple(check for check in table.checks if not same(check.name, name)),
        uniques=tuple(unique for unique in table.uniques if not same(unique.name, name)),
        foreign_keys=tuple(key for key in table.foreign_keys if not same(key.name, name)),
    )


def _column_set(table: Table, name: str, same: Same, change: Callable[[Column], Column]) -> Table:
    return replace(
        table, columns=tuple(change(column) if same(column.name, name) else column for column in table.columns)
    )


def _alike(name: str | None, other: str) -> bool:
    return name is not None and name.lower() == other.lower()


def _exactly(name: str | None, other: str) -> bool:
    return name == other


def _referring(schema: Schema, name: str) -> list[str]:
    return [table.name for table in schema.tables if any(_alike(key.ref_table, name) for key in table.foreign_keys)]


def _without(schema: Schema, names: Collection[str]) -> Schema:
    gone = {name.lower() for name in names}
    return replace(schema, tables=tuple(table for table in schema.tables if table.name.lower() not in gone))


def _with(schema: Schema, table: Table, called: str | None = None) -> Schema:
    """The schema with the table as it is now; ``called`` so before."""
    name = called or table.name
    return replace(schema, tables=tuple(table if _alike(old.name, name) else old for old in schema.tables))
