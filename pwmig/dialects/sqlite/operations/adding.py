"""How a column is added: natively where the rows then read what they shall, else with the table's rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.asked import action, bound, python_default
from pwmig.dialects.sqlite.operations.dependants import require_key
from pwmig.dialects.sqlite.operations.draft import Fill
from pwmig.dialects.sqlite.operations.filling import asks_tables, filling
from pwmig.dialects.sqlite.operations.objects import add_index
from pwmig.dialects.sqlite.operations.strict import require_number, require_strict_type, type_of
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.literals import default_text
from pwmig.dialects.sqlite.texts.parts import ColumnDef, ConstraintDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote, quote_string
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["add_column"]


def add_column(migrator: SqliteMigrator, table: str, name: str, field: peewee.Field, allow_not_null: bool) -> None:
    """Natively where the column may be NULL or has a default of the database; else one rebuild.

    A default of Python fills the rows there are and leaves no default in the database, as
    ``create_tables`` leaves none.
    """
    work = Work(migrator, table)
    if work.table.column(name) is not None:
        raise OperationRefused(
            f"table {work.table.name!r} has a column {name!r} already",
            way_out="choose another name, or rename or drop that column first",
            table=table,
            column=name,
        )
    field = bound(work.database, work.table.name, name, field)
    _require_actions(field)
    if isinstance(field, peewee.ForeignKeyField):
        _require_key(work, field)
    if "STRICT" in work.table.options:
        require_strict_type(migrator, work.table.name, field)
    fill = None if field.null else _fill(migrator, field)
    if fill is not None:
        require_number(work.table.name, name, type_of(migrator, field), fill.params[0] if fill.sql == "?" else None)
        work = filling(migrator, table, fill)
    definition = _definition(migrator, work, field)
    place = _place(migrator, work)
    new_sql = edit.column_added(work.table, definition, place)
    new = parse_create_table(new_sql).columns[len(work.table.columns) if place is None else place]
    defaults = new.all("default")
    if fill is None and new.all("not null") and not defaults and not work.is_empty():
        raise _no_value(work, name)
    if place is None and _addable(new) and work.keeps_values and (fill is None or _is_said(fill, defaults)):
        _add_natively(work, definition)
    else:
        work.change(new_sql, {name: fill})
    if fill is not None and asks_tables(fill):
        work.drafts.settle()
    if field.index or field.unique:
        add_index(migrator, table, (name,), field.unique, None, None, None)


def _require_key(work: Work, field: peewee.ForeignKeyField) -> None:
    """A table that is not there yet may come later, as SQLite has it."""
    entry = work.catalog.get(field.rel_model._meta.table_name)
    if entry is not None and entry.kind == "table" and not entry.is_virtual:
        target = work.catalog.table(entry.name)
        require_key(work.catalog, target, field.rel_field.column_name, work.table.name, field.column_name)


def _place(migrator: SqliteMigrator, work: Work) -> int | None:
    """Behind how many columns one that comes back stood, None where that is behind all."""
    if migrator.behind is None or not work.can_rebuild:
        return None
    names = [fold(name) for name in work.table.column_names]
    place = next((names.index(fold(name)) + 1 for name in migrator.behind if fold(name) in names), 0)
    return None if place == len(names) else place


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


def _require_actions(field: peewee.Field) -> None:
    if isinstance(field, peewee.ForeignKeyField):
        action("ON DELETE", field.on_delete)
        action("ON UPDATE", field.on_update)


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
    default = python_default(field, migrator)
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
    rows = work.count("1")
    return OperationRefused(
        f"column {name!r} can't be added to {work.table.name!r}: it is not null but has no default",
        why=f"the table has {rows}, and they need a value",
        way_out="give the field a default, or null=True",
        table=work.table.name,
        column=name,
    )
