"""How each operation on columns is done: natively where SQLite is safe, else by a rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.asked import bound, python_default
from pwmig.dialects.sqlite.operations.broken import broken_named
from pwmig.dialects.sqlite.operations.catalog import ask
from pwmig.dialects.sqlite.operations.dependants import dependants_of, only
from pwmig.dialects.sqlite.operations.draft import Fill
from pwmig.dialects.sqlite.operations.renaming import is_stored, rename_statement, renamed
from pwmig.dialects.sqlite.operations.values import require_same_values
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.literals import default_text
from pwmig.dialects.sqlite.texts.parts import ColumnDef, ConstraintDef
from pwmig.dialects.sqlite.texts.tokens import names_in, quote, quote_string
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = [
    "add_column",
    "add_column_default",
    "add_not_null",
    "alter_column_type",
    "drop_column",
    "drop_column_default",
    "drop_not_null",
    "rename_column",
]


# -- adding


def add_column(migrator: SqliteMigrator, table: str, name: str, field: peewee.Field, allow_not_null: bool) -> None:
    """Natively where the column may be NULL or has a default of the database; else one rebuild.

    A default of Python fills the rows there are and leaves no default in the database, as
    ``create_tables`` leaves none.
    """
    work = Work(migrator, table)
    if work.table.column(name) is not None:
        raise OperationRefused(
            f"table {work.table.name!r} has a column {name!r} already", way_out="choose another name", table=table
        )
    field = bound(work.database, work.table.name, name, field)
    fill = None if field.null else _fill(migrator, field)
    if fill is not None:
        work = _filling(migrator, table, fill)
    definition = _definition(migrator, work, field)
    new_sql = edit.column_added(work.table, definition)
    new = parse_create_table(new_sql).columns[len(work.table.columns)]
    defaults = new.all("default")
    if fill is None and new.all("not null") and not defaults and not work.is_empty():
        raise _no_value(work, name)
    if _addable(new) and work.keeps_values and (fill is None or _is_said(fill, defaults)):
        _add_natively(work, definition)
    else:
        work.change(new_sql, {name: fill})
    if fill is not None and _asks_tables(fill):
        work.drafts.settle()
    if field.index or field.unique:
        add_index(migrator, table, (name,), field.unique)


def _filling(migrator: SqliteMigrator, table: str, fill: Fill, *reads: str) -> Work:
    """Work whose rows are asked for what the fill names; one with a query of its own finds all tables settled."""
    if _asks_tables(fill):
        migrator.drafts.settle()
    return Work(migrator, table, {*reads, *names_in(fill.sql)})


def _asks_tables(fill: Fill) -> bool:
    return "select" in names_in(fill.sql)


def _is_said(fill: Fill, defaults: Sequence[ConstraintDef]) -> bool:
    """Whether the database's default is the value to fill in: then the rows there are read it with no write."""
    if not defaults or fill.sql != "?" or any(value is None for value in fill.params):
        return False
    return default_text(peewee.SQL(defaults[-1].expression or ""), lambda node: (node.sql, ())) == _literal(
        *fill.params
    )


def _literal(value: Any) -> str:
    return quote_string(value) if isinstance(value, str) else default_text(value, lambda node: (str(node), ()))


def _add_natively(work: Work, definition: str) -> None:
    """ADD COLUMN, which touches no row; what else the batch has asked of the table goes on with the column in it."""
    statement = f"ALTER TABLE {quote(work.table.name)} ADD COLUMN {definition}"
    draft = work.draft
    if draft is None:
        work.native(statement, edit.column_added(work.table, definition))
        return
    work.native(statement, edit.column_added(draft.table, definition))
    work.drafts.put(draft.grown(work.text(), edit.column_added(draft.new, definition)))


def _definition(migrator: SqliteMigrator, work: Work, field: peewee.Field) -> str:
    """The column as CREATE TABLE would write it, REFERENCES included; values as literals."""
    context = migrator.make_context()
    with context(value_literals=True):
        context.sql(field.ddl(context))
        if isinstance(field, peewee.ForeignKeyField):
            migrator.add_inline_fk_sql(context, field)
            if field.deferrable is not None:
                context.literal(f" DEFERRABLE {field.deferrable}")
    sql, _ = context.query()
    return str(sql)


def _fill(migrator: SqliteMigrator, field: peewee.Field) -> Fill | None:
    """What the rows there are get."""
    default = python_default(field)
    if default is None:
        return None
    sql, params = migrator.make_context().sql(default).query()
    return Fill(sql, tuple(params))


def _addable(column: ColumnDef) -> bool:
    """Whether ADD COLUMN takes it (https://www.sqlite.org/lang_altertable.html#altertabaddcol)."""
    if column.all("primary key", "unique") or any(made.stored for made in column.all("generated")):
        return False
    defaults = column.all("default")
    if not defaults:
        return not column.all("not null") and not column.all("check")
    text = (defaults[-1].expression or "").upper()
    if text == "NULL" or text.startswith(("(", "CURRENT_")):
        return False
    return not column.all("references", "check")


def _no_value(work: Work, name: str) -> OperationRefused:
    rows = _count(work, "1")
    return OperationRefused(
        f"column {name!r} can't be added to {work.table.name!r}: it is not null but has no default",
        why=f"the table has {rows}, and they need a value",
        way_out="give the field a default, or null=True",
        table=work.table.name,
        column=name,
    )


def _count(work: Work, condition: str) -> str:
    count = ask(work.database, f"SELECT count(*) FROM {quote(work.table.name)} WHERE {condition}")[0][0]
    return f"{count:,} row" + ("" if count == 1 else "s")


def add_index(migrator: SqliteMigrator, table: str, columns: Sequence[str], unique: bool) -> None:
    from pwmig.dialects.sqlite.operations.objects import add_index as add

    add(migrator, table, tuple(columns), unique, None, None, None)


# -- dropping


def drop_column(migrator: SqliteMigrator, table: str, name: str) -> None:
    """Takes the column, its own constraints and its own index; refused while anything else names it."""
    work = Work(migrator, table)
    column = work.column(name)
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
        way_out="before it, in the same migration: " + ", ".join(dict.fromkeys(hint for _, hint in dependants)),
        table=work.table.name,
        column=name,
        object=dependants[0][0],
    )


# -- renaming


def rename_column(migrator: SqliteMigrator, table: str, old: str, new: str) -> None:
    """SQLite's own RENAME COLUMN, which changes the name in every index, trigger, view and foreign key too.

    A new name without quotes stands without them wherever the old one did, so that renaming back
    gives the letters that were there.
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
        with broken_named(work.catalog, what, work.table.name):
            work.database.execute_sql(sql)
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
        update = f"UPDATE {quote(work.table.name)} SET {quote(column.name)} = ... WHERE {condition}"
        raise OperationRefused(
            f"column {column.name!r} of {work.table.name!r} can't become NOT NULL",
            why=f"{_count(work, condition)} hold NULL in it",
            way_out=f"fill them first: {update}",
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
    text = default_text(default, lambda node: migrator.make_context().sql(node).query())
    work.change(edit.default_set(work.table, column, text))


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
    work = _filling(migrator, table, fill, name) if fill else Work(migrator, table, (name,))
    column = work.column(name)
    field = bound(work.database, work.table.name, column.name, field)
    context = migrator.make_context()
    type_, _ = context.sql(field.ddl_datatype(context)).query()
    new_sql = edit.type_replaced(work.table, column, type_)
    if fill is None:
        require_same_values(work, column, type_, parse_create_table(new_sql))
    work.change(new_sql, {column.name: fill} if fill else None)
    if fill is not None and _asks_tables(fill):
        work.drafts.settle()
