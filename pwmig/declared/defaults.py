"""What models give in Python where nothing is given: no database knows of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import uuid1, uuid4

import peewee

from pwmig.schema import Schema, Table

__all__ = ["python_defaults"]


def python_defaults(models: Iterable[type[peewee.Model]], declared: Schema) -> dict[tuple[str, str], Any]:
    """(table, column) -> the default of its field: as the database gets it, or the function that is called for it.

    ``declared`` is the models' schema, whose names are used.
    """
    found: dict[tuple[str, str], Any] = {}
    for model in models:
        table = _table(model, declared)
        for field in model._meta.sorted_fields if table is not None else ():
            column = table.column(field.column_name) if table is not None else None
            if field.default is not None and table is not None and column is not None:
                found[table.name, column.name] = _stored(field)
    return found


def _table(model: type[peewee.Model], declared: Schema) -> Table | None:
    schema, name = model._meta.schema, model._meta.table_name
    return (declared.table(f"{schema}.{name}") if schema else None) or declared.table(name)


def _stored(field: peewee.Field) -> Any:
    """The value as the field hands it to the database; one that it can't convert as it is.

    A function stays one, where the field of a migration makes the same of what it gives; else one that nobody knows.
    """
    if callable(field.default):
        return field.default if _is_plain(field) else _Converted(field.default)
    if isinstance(field, peewee.BlobField) and isinstance(field.default, (bytes, bytearray, memoryview)):
        return bytes(field.default)
    with suppress(Exception):  # Whatever a field of the application's may raise.
        return field.db_value(field.default)
    return field.default


class _Converted:
    """A function whose results a field of the model's makes something else of."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self) -> Any:
        return self.function()


_TIMES = (datetime.now, datetime.utcnow, date.today)
_OF_TIME = (peewee.DateTimeField, peewee.DateField, peewee.TimeField, peewee.CharField, peewee.TextField)


def _is_plain(field: peewee.Field) -> bool:
    """Whether what the field's function gives is stored as any field of the same type would store it."""
    if not type(field).db_value.__module__.startswith(("peewee", "playhouse")):
        return False
    if field.default in _TIMES:
        return isinstance(field, _OF_TIME)
    if field.default in (uuid1, uuid4):
        return isinstance(field, peewee.UUIDField)
    return not isinstance(field, (peewee.TimestampField, peewee.BinaryUUIDField))
