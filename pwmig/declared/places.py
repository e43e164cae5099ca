"""The schemas that models name, and where their tables stand in a scratch database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import peewee

from pwmig.schema import ForeignKey, Schema, Table

__all__ = ["Places", "named", "own_name", "placed_back"]

Places = Mapping[str, str | None]
"""What the schemas that models name are called in the scratch database, None for the default one."""


def own_name(model: type[peewee.Model], places: Places) -> tuple[str, str | None]:
    """The name of a model's table, and its schema, as the models' schema has them."""
    schema = model._meta.schema
    if not schema or places.get(schema) is None:
        return model._meta.table_name, None
    return f"{schema}.{model._meta.table_name}", schema


def named(model: type[peewee.Model], places: Places) -> str:
    """The name of a model's table as it is found in the scratch database."""
    schema = model._meta.schema
    place = places.get(schema) if schema else None
    return model._meta.table_name if place is None else f"{place}.{model._meta.table_name}"


def placed_back(schema: Schema, moved: Mapping[str, str]) -> Schema:
    """A schema in the names that the models use; ``moved`` has them by the names of the scratch database."""
    if not moved:
        return schema

    def name(full: str, place: str | None) -> str:
        return full if place is None or place not in moved else moved[place] + full[len(place) :]

    return replace(schema, tables=tuple(_table(table, moved, name) for table in schema.tables))


def _table(table: Table, moved: Mapping[str, str], name: Callable[[str, str | None], str]) -> Table:
    keys = tuple(_key(key, moved, name) for key in table.foreign_keys)
    place = moved.get(table.schema, table.schema) if table.schema else None
    return replace(table, name=name(table.name, table.schema), schema=place, foreign_keys=keys)


def _key(key: ForeignKey, moved: Mapping[str, str], name: Callable[[str, str | None], str]) -> ForeignKey:
    if key.ref_schema is None:
        return key
    return replace(
        key, ref_table=name(key.ref_table, key.ref_schema), ref_schema=moved.get(key.ref_schema, key.ref_schema)
    )
