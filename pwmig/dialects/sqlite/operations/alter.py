"""How each operation on columns that are there is done: natively where SQLite is safe, else in the table's draft."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.asked import bound, fill_first, verb
from pwmig.dialects.sqlite.operations.broken import named_if_broken
from pwmig.dialects.sqlite.operations.catalog import ask, example, read_catalog
from pwmig.dialects.sqlite.operations.dependants import dependants_of, only, require_droppable
from pwmig.dialects.sqlite.operations.draft import Fill
from pwmig.dialects.sqlite.operations.filling import asks_tables, filling
from pwmig.dialects.sqlite.operations.readers import dropped_first
from pwmig.dialects.sqlite.operations.renaming import is_stored, rename_statement, renamed
from pwmig.dialects.sqlite.operations.schema_text import keep_letters
from pwmig.dialects.sqlite.operations.strict import require_number, require_strict_type, type_of
from pwmig.dialects.sqlite.operations.values import require_same_values
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.literals import default_text, is_sql
from pwmig.dialects.sqlite.texts.tokens import quote
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = [
    "add_column_default",
    "add_not_null",
    "alter_column_type",
    "drop_column",
    "drop_column_default",
    "drop_not_null",
    "rename_column",
]


# -- dropping


def drop_column(migrator: SqliteMigrator, table: str, name: str) -> None:
    """Takes the column, its own constraints and its own index; refused while anything else names it."""
    work = Work(migrator, table)
    column = work.column(name)
    require_droppable(work, column)
    own_keys = [
        key
        for key in work.table.constraints
        if key.kind in ("foreign key", "unique") and only(key.columns, column.name)
    ]
    own_indexes, dependants = dependants_of(work, column, own_keys)
    if dependants:
        raise _named_by(work, column.name, dependants)
    for index in own_indexes:
        work.drop_index(index.name)
    new_sql = edit.parts_removed(work.table, [column.span, *(key.span for key in own_keys)])
    work.change(new_sql)


def _named_by(work: Work, name: str, dependants: list[tuple[str, str]]) -> OperationRefused:
    return OperationRefused(
        f"column {name!r} of {work.table.name!r} can't be dropped while other things need it",
        why="; ".join(what for what, _ in dependants),
        way_out=dropped_first(hint for _, hint in dependants),
        table=work.table.name,
        column=name,
        object=dependants[0][0],
    )


# -- renaming


def rename_column(migrator: SqliteMigrator, table: str, old: str, new: str) -> None:
    """SQLite's own RENAME COLUMN, which changes the name in every index, trigger, view and foreign key too.

    The new name stands in the quotes of the old one, or without, so that renaming back gives the letters that were
    there; but for a bare name in another letter case, or one whose new name needs quotes.
    """
    work = Work(migrator, table)
    column = work.column(old)
    taken = work.table.column(new)
    if column.name == new:
        return
    if taken is not None and taken is not column:
        raise OperationRefused(
            f"table {work.table.name!r} has a column {new!r} already",
            way_out="choose another name, or rename or drop that column first",
            table=table,
            column=old,
        )
    draft = work.draft
    if draft is None or is_stored(draft, column.name):
        sql = rename_statement(work.table.name, column.name, new)
        what = f"column {column.name!r} of {work.table.name!r} can't be renamed"
        before = read_catalog(work.database)
        named_if_broken(work.database, work.catalog, what, work.table.name, lambda execute: execute(sql))
        keep_letters(work.database, before, new)
        work.guard.expect_rename(column.name, new)
    if draft is not None:
        made = renamed(draft, column.name, new)
        assert made is not None  # Otherwise the table was settled ahead of the operation.
        work.drafts.put(replace(made, table=parse_create_table(work.text())))


# -- NOT NULL, default, type


def add_not_null(migrator: SqliteMigrator, table: str, name: str) -> None:
    work = Work(migrator, table)
    column = work.column(name)
    if column.all("not null"):
        return
    if not work.is_stored(column):
        work.change(edit.not_null_added(work.table, column))  # The rows are tried as they are filled.
        return
    condition = f"{quote(column.name)} IS NULL"
    if ask(work.database, f"SELECT 1 FROM {quote(work.table.name)} WHERE {condition} LIMIT 1"):
        rows = work.count(condition)
        raise OperationRefused(
            f"column {column.name!r} of {work.table.name!r} can't become NOT NULL",
            why=f"{rows} {verb(rows, 'holds', 'hold')} NULL in it{example(work.database, work.table, condition)}",
            way_out=fill_first(work.table.name, column.name),
            table=table,
            column=name,
        )
    work.change(edit.not_null_added(work.table, column), held=(("not null", column.name),))


def drop_not_null(migrator: SqliteMigrator, table: str, name: str) -> None:
    work = Work(migrator, table)
    column = work.column(name)
    if column.all("not null"):
        work.change(edit.not_null_removed(work.table, column))


def _default_work(migrator: SqliteMigrator, table: str, name: str) -> Work:
    """Work on a column whose default no row waits for."""
    draft = migrator.drafts.get(table)
    return Work(migrator, table, (name,) if draft is not None and draft.gets_default(name) else ())


def add_column_default(migrator: SqliteMigrator, table: str, name: str, default: Any) -> None:
    work = _default_work(migrator, table, name)
    column = work.column(name)
    if not is_sql(default):
        require_number(work.table.name, column.name, column.type, default)
    text = default_text(default, lambda node: _literal(migrator, node))
    work.change(edit.default_set(work.table, column, text))


def _literal(migrator: SqliteMigrator, node: peewee.Node) -> tuple[str, Any]:
    """An expression as SQL, its texts and numbers written out; where it has other values, these beside it."""
    sql, params = migrator.make_context().sql(node).query()
    if all(isinstance(value, (str, int, float)) for value in params):
        context = migrator.make_context()
        with context(value_literals=True):
            sql, params = context.sql(node).query()
    return str(sql), params


def drop_column_default(migrator: SqliteMigrator, table: str, name: str) -> None:
    work = _default_work(migrator, table, name)
    column = work.column(name)
    if column.all("default"):
        work.change(edit.default_removed(work.table, column))


def alter_column_type(migrator: SqliteMigrator, table: str, name: str, field: peewee.Field, cast: Any) -> None:
    """Only the type changes; refused where a value would not come out as it was, unless ``cast`` says how."""
    fill = None
    if cast is not None:
        node = cast if isinstance(cast, peewee.Node) else peewee.SQL(cast)
        sql, params = migrator.make_context().sql(node).query()
        fill = Fill(sql, tuple(params))
    work = filling(migrator, table, fill, name) if fill else Work(migrator, table, (name,))
    column = work.column(name)
    field = bound(work.database, work.table.name, column.name, field)
    if "STRICT" in work.table.options:
        require_strict_type(migrator, work.table.name, field)
    type_ = type_of(migrator, field)
    new_sql = edit.type_replaced(work.table, column, type_)
    if fill is None:
        require_same_values(work, column, type_, parse_create_table(new_sql))
    work.change(new_sql, {column.name: fill} if fill else None)
    if fill is not None and asks_tables(fill):
        work.drafts.settle()
