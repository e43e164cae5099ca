"""What a migration asks for, looked at before anything is done: fields, new tables, names that are not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid1, uuid4

import peewee

from pwmig.dialects.cells import example_text
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator

__all__ = [
    *(
        "ACTIONS",
        "action",
        "as_that_with",
        "bound",
        "close_matches",
        "constraint_of",
        "fill_first",
        "lent_model",
        "let_go",
    ),
    *("python_default", "require_field", "require_value", "several", "verb", "written_out"),
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


def verb(rows: str, one: str, several: str) -> str:
    """The verb behind a number of rows."""
    return one if rows == "1 row" else several


def as_that_with(key: Sequence[str], row: Sequence[Any] | None) -> str:
    """Which row is meant, by its key, behind how many there are; nothing where there is no key."""
    if not key or row is None:
        return ""
    cells = [f"{name} = {example_text(value)}" for name, value in zip(key, row)]
    return f", as that with {' and '.join(cells)}"


def several(count: int, example: Sequence[Any]) -> str:
    """How many values are in several rows; ``example`` is one, column by column, and in how many rows it is."""
    words = f"{count:,} value{'s are' if count != 1 else ' is'} there more than once"
    if not example:
        return words
    *cells, rows = example
    return f"{words}, as {', '.join(map(example_text, cells))} in {rows:,} rows"


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
    field.constraints = written_out(table, field.constraints, column)
    field.name = field.column_name = column
    if isinstance(field, peewee.FieldDatabaseHook):
        field._db_hook(database)  # What a model does when it is bound; BlobField and JSONField need it.
    if isinstance(field, peewee.ForeignKeyField):
        if isinstance(field.rel_field, str):
            field.rel_field = _referred(table, column, field)
        _require_model(table, column, field)
        field.rel_field = field.rel_field or field.rel_model._meta.primary_key
    return field


def require_value(default: Any, *, lists: bool = False) -> None:
    """Refuse as a default what is no value of a column; ``lists``: a column may hold several."""
    is_list = isinstance(default, (list, tuple)) and not lists
    is_plain = str(default) == object.__repr__(default)
    if is_list or isinstance(default, (dict, set, frozenset)) or is_plain:
        shown = f"an object of {type(default).__name__}" if is_plain else f"{default!r:.60}"
        raise OperationRefused(
            f"{shown} can't be a default of the database",
            why="it is no value that a column holds",
            way_out="give a text, a number, a date or SQL('...')",
        )


def _referred(table: str, column: str, field: Any) -> peewee.Field:
    """The field that a foreign key names of the model that it refers to."""
    fields = getattr(getattr(field.rel_model, "_meta", None), "fields", {})
    if fields and field.rel_field not in fields:
        raise OperationRefused(
            f"the foreign key {column!r} refers to no field of {field.rel_model.__name__}",
            why=close_matches(field.rel_field, fields, "fields"),
            way_out="write the field's name as the model has it",
            table=table,
            column=column,
        )
    return fields.get(field.rel_field)


def _require_model(table: str, column: str, field: Any) -> None:
    is_model = peewee.is_model(field.rel_model)
    if not is_model or field.rel_model is peewee.Model:
        raise OperationRefused(
            f"the foreign key {column!r} does not say which table it refers to",
            why="Peewee's own Model has no table"
            if is_model
            else "its model is given as text, and an operation knows no models by name",
            way_out="give a model class, or add an IntegerField and then add_foreign_key_constraint(...)",
            table=table,
            column=column,
        )


def written_out(table: str, given: Any, column: str | None = None) -> list[Any] | None:
    """Constraints as pieces of SQL, whether they are such or texts; one alone may stand without a list."""
    if given is None:
        return None
    found = [given] if isinstance(given, (str, peewee.Node)) else list(given)
    for one in found:
        if not isinstance(one, (str, peewee.Node)):
            raise OperationRefused(
                f"{one!r:.60} is no constraint of {table!r}",
                why="a constraint is SQL, as a text or a piece of Peewee's",
                way_out="write it as in Check('price >= 0')",
                table=table,
                column=column,
            )
    return [peewee.SQL(one) if isinstance(one, str) else one for one in found]


_BEGINNINGS = ("CHECK", "UNIQUE", "FOREIGN", "EXCLUDE", "PRIMARY")


def constraint_of(table: str, name: str | None, given: Any) -> peewee.Node:
    """A constraint of a table: a piece of SQL, or a text that begins as one does."""
    (found,) = written_out(table, [given]) or (None,)
    words = given.split("(")[0].split() if isinstance(given, str) else []
    if isinstance(given, str) and (not words or words[0].upper() not in _BEGINNINGS):
        raise OperationRefused(
            f"{given!r:.60} is no constraint of {table!r}",
            why="a constraint begins with what it is: " + ", ".join(_BEGINNINGS[:-1]),
            way_out=f"write Check({given!r}), if it is a condition for each row",
            table=table,
            object=name,
        )
    assert found is not None
    return found


def python_default(field: peewee.Field, migrator: Migrator) -> peewee.Node | None:
    """What the rows there are get by the field's default; a callable is called once, as Peewee does.

    But of a UUID each row gets one of its own, since that is what it is for.
    """
    default = field.default
    if default is None:
        return None
    if default in (uuid1, uuid4) and isinstance(field, (peewee.UUIDField, peewee.BinaryUUIDField)):
        return peewee.SQL(migrator.new_uuid(binary=isinstance(field, peewee.BinaryUUIDField)))
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
    key_columns, wanted = _key_of(name, columns, primary_key), [_index_of(name, one) for one in _listed(name, indexes)]
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
        "constraints": written_out(name, constraints) or [],
        "indexes": tuple((tuple(map(attribute, parts)), unique) for parts, unique in wanted),
    }
    if key_columns:
        meta["primary_key"] = peewee.CompositeKey(*map(attribute, key_columns))
    elif not has_key:
        meta["primary_key"] = False
    body["Meta"] = type("Meta", (), meta)
    return type("Table", (peewee.Model,), body)


def _key_of(table: str, columns: Mapping[str, peewee.Field], given: Sequence[str]) -> tuple[str, ...]:
    """The columns of a composite key; a column's name alone is that one."""
    found = (given,) if isinstance(given, str) else tuple(given)
    fields = [column for column, field in columns.items() if getattr(field, "primary_key", False)]
    twice = next((column for column in found if found.count(column) > 1), None)
    if twice is None and len(fields) + bool(found) < 2:
        return found
    both = f"both primary_key= and {fields[0]!r}" if found and fields else " and ".join(map(repr, fields))
    raise OperationRefused(
        f"table {table!r} can have one primary key",
        why=f"{twice!r} is named twice in it" if twice is not None else f"{both} would be it",
        way_out="name the columns of a key of several in primary_key=[...], each once, or one field primary_key=True",
        table=table,
        column=twice or (fields[-1] if fields else None),
    )


def _listed(table: str, indexes: Any) -> list[Any]:
    if isinstance(indexes, str) or not isinstance(indexes, Iterable):
        raise _no_index(table, indexes)
    found = list(indexes)
    if len(found) == 2 and isinstance(found[1], bool):
        raise _no_index(table, tuple(found))  # One alone.
    return found


def _index_of(table: str, given: Any) -> tuple[tuple[str, ...], bool]:
    """The columns of an index, and whether it is unique; a column's name alone is that one."""
    if not isinstance(given, (tuple, list)) or len(given) != 2 or not isinstance(given[1], (bool, int)):
        raise _no_index(table, given)
    parts = (given[0],) if isinstance(given[0], str) else given[0]
    if not isinstance(parts, (tuple, list)) or not parts or not all(isinstance(part, str) for part in parts):
        raise _no_index(table, given)
    return tuple(parts), bool(given[1])


def _no_index(table: str, given: Any) -> OperationRefused:
    return OperationRefused(
        f"{given!r:.60} is no index of the new table {table!r}",
        why="each is a pair: the names of its columns, and whether it is unique",
        way_out="write indexes=[(('first', 'second'), False)]",
        table=table,
    )


def let_go(model: Any) -> None:
    """Leave the models that a lent one refers to as they were."""
    for key in list(model._meta.refs):
        model._meta.remove_ref(key)


def _field(table: str, column: str, field: peewee.Field) -> peewee.Field:
    require_field(table, column, field)
    field = field.clone()
    field.constraints = written_out(table, field.constraints, column)
    field.column_name = column
    if isinstance(field, peewee.ForeignKeyField):
        if field.rel_model != "self":
            _require_model(table, column, field)
        for event, wanted in (("ON DELETE", field.on_delete), ("ON UPDATE", field.on_update)):
            action(event, wanted)
        field.declared_backref = "+"  # No attribute on the user's model.
        field.object_id_name = None
    return field
