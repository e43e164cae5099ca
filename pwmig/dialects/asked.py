"""What a migration asks for, looked at before anything is done: fields, new tables, names that are not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import peewee

from pwmig.errors import OperationRefused

__all__ = [
    *("ACTIONS", "action", "bound", "close_matches", "fill_first", "lent_model", "let_go", "python_default"),
    "require_field",
]

ACTIONS = ("CASCADE", "NO ACTION", "RESTRICT", "SET DEFAULT", "SET NULL")
"""What a foreign key may do where the row that it refers to goes."""


def close_matches(name: str, names: Iterable[str], what: str) -> str:
    """A few words on which names are there, those like the wanted one first."""
    known = list(names)
    by_fold = {known_name.lower(): known_name for known_name in known}
    close = [by_fold[match] for match in difflib.get_close_matches(name.lower(), by_fold, n=3, cutoff=0.5)]
    if close:
        return "names like it: " + ", ".join(close)
    if not known:
        return f"there are no {what}"
    more = ", ..." if len(known) > 8 else ""
    return f"the {what} are " + ", ".join(known[:8]) + more


def fill_first(table: str, column: str) -> str:
    """The way out where rows hold NULL that must not."""
    return f"fill them first, before this in the same migrate(...): migrator.backfill({table!r}, {{{column!r}: ...}})"


def action(event: str, wanted: str | None) -> str:
    """`` ON DELETE CASCADE`` and its kin, or an empty text; OperationRefused for what is no action."""
    if wanted is None:
        return ""
    words = " ".join(wanted.upper().split())
    if words not in ACTIONS:
        raise OperationRefused(f"{wanted!r} is no action of a foreign key", why="there are " + ", ".join(ACTIONS))
    return f" {event} {words}"


# -- fields


def require_field(table: str, column: str, field: Any) -> None:
    """Refuse what is no field: most often a field's class, its parentheses forgotten."""
    if isinstance(field, peewee.Field):
        return
    way_out = "give a Peewee field, as IntegerField(null=True)"
    shown = repr(field)
    if isinstance(field, type):
        shown = f"the class {field.__name__}"
        if issubclass(field, peewee.Field):
            inner = "..." if issubclass(field, peewee.ForeignKeyField) else ""
            way_out = f"write {field.__name__}({inner}), with parentheses"
    raise OperationRefused(
        f"what column {column!r} of {table!r} is given is no field, but {shown:.80}",
        way_out=way_out,
        table=table,
        column=column,
    )


def bound(database: peewee.Database, table: str, column: str, field: peewee.Field) -> peewee.Field:
    """A copy of the field under the column's name, a foreign key's target found."""
    require_field(table, column, field)
    field = field.clone()
    field.name = field.column_name = column
    if isinstance(field, peewee.FieldDatabaseHook):
        field._db_hook(database)  # What a model does when it is bound; BlobField and JSONField need it.
    if isinstance(field, peewee.ForeignKeyField):
        if isinstance(field.rel_field, str):
            field.rel_field = getattr(field.rel_model, field.rel_field, None)
        if not peewee.is_model(field.rel_model):
            raise OperationRefused(
                f"the foreign key {column!r} does not say which table it refers to",
                why="its model is given as text, and an operation knows no models by name",
                way_out="give a model class, or add an IntegerField and then add_foreign_key_constraint(...)",
                table=table,
                column=column,
            )
        field.rel_field = field.rel_field or field.rel_model._meta.primary_key
    return field


def python_default(field: peewee.Field) -> peewee.Node | None:
    """What the rows there are get by the field's default; a callable is called once, as Peewee does."""
    default = field.default
    if default is None:
        return None
    if callable(default):
        default = default()
    if isinstance(default, peewee.Node):
        return default
    return peewee.Value(field.db_value(default), converter=False, unpack=False)


# -- a new table


def lent_model(
    database: peewee.Database,
    name: str,
    columns: Mapping[str, peewee.Field],
    constraints: Sequence[Any],
    indexes: Iterable[tuple[Sequence[str], bool]],
    primary_key: Sequence[str],
    **meta: Any,
) -> Any:
    """A model that only lends its DDL. Its attributes are numbered, since a column's name may be any.

    To be given to :func:`let_go` afterwards. ``meta`` is more for the model's Meta.
    """
    if not columns:
        raise OperationRefused(
            f"table {name!r} can't be made without a column",
            way_out="give its columns, as in {'id': AutoField(), 'name': CharField()}",
            table=name,
        )
    attributes = {column: f"column_{number}" for number, column in enumerate(columns)}
    alike = {column.lower(): attribute for column, attribute in attributes.items()}

    def attribute(column: str) -> str:
        found = attributes.get(column) or alike.get(column.lower())
        if found is None:
            raise OperationRefused(
                f"table {name!r} has no column {column!r} to index",
                why=close_matches(column, columns, "columns"),
                way_out="name one of its columns",
                table=name,
                column=column,
            )
        return found

    body: dict[str, Any] = {attribute(column): _field(name, column, field) for column, field in columns.items()}
    has_key = any(field.primary_key for field in columns.values())
    meta |= {
        "database": database,
        "table_name": name,
        "legacy_table_names": False,  # Otherwise the indexes would be named after the class.
        "constraints": list(constraints),
        "indexes": tuple((tuple(map(attribute, parts)), unique) for parts, unique in indexes),
    }
    if primary_key:
        meta["primary_key"] = peewee.CompositeKey(*map(attribute, primary_key))
    elif not has_key:
        meta["primary_key"] = False
    body["Meta"] = type("Meta", (), meta)
    return type("Table", (peewee.Model,), body)


def let_go(model: Any) -> None:
    """Leave the models that a lent one refers to as they were."""
    for key in list(model._meta.refs):
        model._meta.remove_ref(key)


def _field(table: str, column: str, field: peewee.Field) -> peewee.Field:
    require_field(table, column, field)
    field = field.clone()
    field.column_name = column
    if isinstance(field, peewee.ForeignKeyField):
        field.declared_backref = "+"  # No attribute on the user's model.
        field.object_id_name = None
    return field
