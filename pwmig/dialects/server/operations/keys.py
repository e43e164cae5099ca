"""What a foreign key may refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.server.operations.work import Work
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Place, Server

__all__ = ["require_key", "require_keys_of"]


def require_key(target: Work, column: str, table: str, own: str) -> None:
    """Refuse a foreign key to a column by which the server could not find a row."""
    server, found = target.server, target.get_column(column)
    if found is None or server.may_be_referred(target.table, found.name):
        return  # A column that is not there, the server names.
    if target.place.key in server.waiting.tables:
        target.settle(target.place.key)  # What makes it one may wait still.
        if server.may_be_referred(target.table, found.name):
            return
    raise OperationRefused(
        f"{table}.{own} can't refer to {target.name}.{found.name}",
        why=f"that is no key: {server.key_words} of that column alone",
        way_out=f"before it, in the same migration: migrator.add_unique({target.name!r}, {found.name!r})",
        table=table,
        column=own,
    )


def require_keys_of(server: Server, place: Place, model: Any) -> None:
    """Refuse a new table with a foreign key that refers to no table, or to no key of one."""
    for field in model._meta.sorted_fields:
        if not isinstance(field, peewee.ForeignKeyField) or field.rel_model is model:
            continue
        meta = field.rel_model._meta
        schema = meta.schema or server.migrator.schema
        address = f"{schema}.{meta.table_name}" if schema else str(meta.table_name)
        found = server.get(address)
        if found is not None and found.key == place.key:
            continue
        require_key(Work(server, address), field.rel_field.column_name, place.name, field.column_name)
