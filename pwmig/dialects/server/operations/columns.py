"""How each operation on columns is done, as far as servers share it: what is refused, and what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.asked import action, bound, fill_first, python_default, require_value, verb
from pwmig.dialects.cells import shown
from pwmig.dialects.server.operations.keys import require_key
from pwmig.dialects.server.operations.texts import Written, default_text, is_whole, plain
from pwmig.dialects.server.operations.waiting import DEFAULT, NO_DEFAULT, OPTIONAL, REQUIRED
from pwmig.dialects.server.operations.work import NewColumn, NewIndex, NewKey, Work
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Server

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


def add_column(server: Server, table: str, name: str, field: peewee.Field) -> None:
    """Natively and at once: a default of Python is the column's while it is added, and taken away again."""
    work = Work(server, table)
    work.require_new_column(name)
    column = _new(work, name, bound(server.database, work.name, name, field))
    if not column.nullable and column.fill is None and column.default is None and not work.is_empty():
        raise work.refused(
            f"column {name!r} can't be added to {work.name!r}: it is not null but has no default",
            f"the table has {work.count()}, and they need a value",
            "give the field a default, or null=True",
            name,
        )
    if column.index is not None:
        _require_apart(work, column, field)
        work.names(column.index.name)
        server.require_free_index(work, column.index.name)
    server.add_column(work, column)


def _new(work: Work, name: str, field: peewee.Field) -> NewColumn:
    server = work.server
    default, rest = _parted(server, field)
    places = [made for made in rest if server.is_place(server.text(made))]
    rest = [made for made in rest if not server.is_place(server.text(made))]  # To Peewee == is SQL, and so is in.
    type_ = _type(server, field)
    fill = None if field.null or field.primary_key else python_default(field, server.migrator)
    counts = field.auto_increment or field.sequence or "GENERATED" in type_.upper()
    if default is None and (counts or any(_gives_value(server.text(made)) for made in rest)):
        default = ""  # By other words than DEFAULT.

    def definition(with_default: str | None) -> str:
        made = [] if with_default is None else [Written(f"DEFAULT {with_default}")]
        field.constraints = [*made, *rest]
        return server.text(field.ddl(server.context()))

    return NewColumn(
        name,
        definition,
        type_,
        field.null,
        default,
        _fill_text(server, fill) if fill is not None and default != "" else None,
        _key(work, field) if isinstance(field, peewee.ForeignKeyField) else None,
        _index(work, field) if field.index or field.unique else None,
        server.text(places[-1]) if places else "",
    )


def _require_apart(work: Work, column: NewColumn, field: peewee.Field) -> None:
    """Refuse a unique column whose default would be in several rows."""
    if column.index is None or not column.index.unique or column.fill is None:
        return
    if (
        isinstance(python_default(field, work.server.migrator), peewee.Value)
        and len(work.server.ask(f"SELECT 1 FROM {work.sql} LIMIT 2")) > 1
    ):
        raise work.refused(
            f"column {column.name!r} can't be added to {work.name!r}: it is unique, and all rows get its default",
            f"the table has {work.count()}, each of which would hold {shown(column.fill)}",
            "give null=True and no default, fill it, and add_index(..., unique=True) behind that",
            column.name,
        )


def _fill_text(server: Server, fill: peewee.Node) -> str:
    """What the rows there are get, as it may stand behind DEFAULT: an expression in parentheses."""
    text = server.text(fill)
    return text if isinstance(fill, peewee.Value) else f"({text})"


def _parted(server: Server, field: peewee.Field) -> tuple[str | None, list[Any]]:
    """The default of the database that a field's constraints name, and the other constraints."""
    default, rest = None, []
    for made in field.constraints or ():
        words = server.text(made).split(None, 1)
        if len(words) == 2 and words[0].upper() == "DEFAULT" and is_whole(words[1].strip()) and default is None:
            default = words[1].strip()
        else:
            rest.append(made)
    return default, rest


def _gives_value(text: str) -> bool:
    return text.split(None, 1)[0].upper() in ("DEFAULT", "GENERATED", "AS", "AUTO_INCREMENT", "AUTOINCREMENT")


def _type(server: Server, field: peewee.Field) -> str:
    return server.text(field.ddl_datatype(server.context()))


def _key(work: Work, field: Any) -> NewKey:
    """The key that the field's REFERENCES would make."""
    server, meta = work.server, field.rel_model._meta
    own_schema = meta.schema or server.migrator.schema
    rel = server.find(f"{own_schema}.{meta.table_name}" if own_schema else meta.table_name)
    if rel.key != work.place.key:
        work.settle(*({rel.key} & server.waiting.tables.keys()))
    require_key(Work(server, rel.name), field.rel_field.column_name, work.name, field.column_name)
    text = f"{server.qualified(rel)} {server.names([field.rel_field.column_name])}"
    text += action("ON DELETE", field.on_delete) + action("ON UPDATE", field.on_update)
    if field.deferrable:
        text += f" DEFERRABLE {field.deferrable}"
    usual = f"fk_{work.place.plain}_{field.column_name}_refs_{rel.plain}"
    name = server.clipped(peewee._truncate_constraint_name(field.constraint_name or usual))
    return NewKey(text, name, bool(field.constraint_name), rel.key)


def _index(work: Work, field: peewee.Field) -> NewIndex:
    from playhouse.migrate import make_index_name

    name = work.server.clipped(make_index_name(work.place.plain, (field.column_name,)))
    return NewIndex(name, bool(field.unique), getattr(field, "index_type", None))


# -- dropping, renaming


def drop_column(server: Server, table: str, name: str, cascade: bool) -> None:
    """Takes the column, its own constraints and its own index; refused while anything else names it."""
    work = Work(server, table)
    server.drop_column(work, work.column(name), cascade)


def rename_column(server: Server, table: str, old: str, new: str) -> None:
    work = Work(server, table)
    column = work.column(old)
    if column.name == new:
        return
    if work.get_column(new) is not column:
        work.require_new_column(new)
    server.rename_column(work, column, new)


# -- NOT NULL, default, type


def add_not_null(server: Server, table: str, name: str) -> None:
    work = Work(server, table)
    column = work.column(name, fact=REQUIRED)
    if not column.nullable:
        return
    if not server.says_nulls(work) and (refusal := _holds_null(work, column.name)):
        raise refusal
    server.set_null(work, column, False, lambda error, alone: _holds_null(work, column.name))


def _holds_null(work: Work, column: str) -> OperationRefused | None:
    quoted = work.server.quote(column)
    if not work.any(f"{quoted} IS NULL"):
        return None
    rows = work.count(f"{quoted} IS NULL")
    return work.refused(
        f"column {column!r} of {work.name!r} can't become NOT NULL",
        f"{rows} {verb(rows, 'holds', 'hold')} NULL in it{work.example(f'{quoted} IS NULL')}",
        fill_first(work.name, column),
        column,
    )


def drop_not_null(server: Server, table: str, name: str) -> None:
    work = Work(server, table)
    column = work.column(name, fact=OPTIONAL)
    if column.nullable:
        return
    if column.name in work.table.primary_key:
        raise work.refused(
            f"column {column.name!r} of {work.name!r} can't hold NULL",
            "it is of the primary key",
            "create a table with another key and copy the rows",
            column.name,
        )
    server.set_null(work, column, True)


def add_column_default(server: Server, table: str, name: str, default: Any) -> None:
    work = Work(server, table)
    column = work.column(name, fact=DEFAULT)
    if default is None:
        raise OperationRefused("a default of None says nothing", way_out="use drop_column_default(...)")
    if not isinstance(default, peewee.Node) and not callable(default):
        require_value(default, lists=server.has_lists)
    server.set_default(work, column, default_text(server.database, default))


def drop_column_default(server: Server, table: str, name: str) -> None:
    work = Work(server, table)
    column = work.column(name, fact=NO_DEFAULT)
    if column.default is not None:
        server.set_default(work, column, None)


def alter_column_type(server: Server, table: str, name: str, field: peewee.Field, cast: Any) -> None:
    """Only the type changes; refused where a value would not come out as it was, unless ``cast`` says how."""
    work = Work(server, table)
    column = work.column(name)
    field = bound(server.database, work.name, column.name, field)
    type_ = _type(server, field)
    if field.auto_increment or "GENERATED" in type_.upper():
        raise work.refused(
            f"column {column.name!r} of {work.name!r} can't become one that counts by itself",
            f"{type_} is a type and more, and an operation changes the type alone",
            "give the field of the plain type, as IntegerField()",
            column.name,
        )
    new_value = None
    if cast is not None:
        new_value = server.text(cast) if isinstance(cast, peewee.Node) else plain(str(cast))
    server.set_type(work, column, type_, field.collation, new_value)
