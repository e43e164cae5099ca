"""What a migration gives as a field, looked at before it is used."""

from __future__ import annotations

from typing import Any

import peewee

from pwmig.errors import OperationRefused

__all__ = ["require_field"]


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
