"""The schemas that models name, and where their tables stand in a scratch database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import peewee

from pwmig.schema import Schema

__all__ = ["Places", "as_sent", "named", "own_name", "placed_back"]

Places = Mapping[str, str | None]
"""What the schemas that models name are called in the scratch database, None for the default one."""


def as_sent(text: str, database: peewee.Database) -> str:
    """A name or a statement of a model's as the database gets it: there are drivers that read %% as one sign."""
    return text.replace("%%", "%") if database.param == "%s" else text


def own_name(model: type[peewee.Model], places: Places, database: peewee.Database) -> tuple[str, str | None]:
    """The name of a model's table, and its schema, as the models' schema has them; ``database`` is the scratch one."""
    schema, table = model._meta.schema, as_sent(model._meta.table_name, database)
    if not schema or places.get(schema) is None:
        return table, None
    return f"{schema}.{table}", schema


def named(model: type[peewee.Model], places: Places, database: peewee.Database) -> str:
    """The name of a model's table as it is found in the scratch database."""
    schema, table = model._meta.schema, as_sent(model._meta.table_name, database)
    place = places.get(schema) if schema else None
    return table if place is None else f"{place}.{table}"


def placed_back(schema: Schema, moved: Mapping[str, str]) -> Schema:
    """A schema in the names that the models use; ``moved`` has them by the names of the scratch database."""
    if not moved:
        return schema

    tables = [_renamed(table, moved) for table in schema.tables]
    return replace(schema, tables=tuple(sorted(tables, key=lambda table: table.name)))


def _renamed(thing: Any, moved: Mapping[str, str]) -> Any:
    """A record, or what stands in one, with the names that the models use: a place's name means nothing else."""
    if isinstance(thing, str):
        return _said(thing, moved)
    if isinstance(thing, tuple):
        return tuple(_renamed(one, moved) for one in thing)
    if not is_dataclass(thing) or isinstance(thing, type):
        return thing
    changed = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        now = _renamed(value, moved) if field.name not in _NAMES else _plainly(value, moved)
        if now != value:
            changed[field.name] = now
    return replace(thing, **changed) if changed else thing


_NAMES = ("name", "schema", "ref_table", "ref_schema", "partition_of")
"""Fields that hold a name as it is, and no SQL."""


def _plainly(value: Any, moved: Mapping[str, str]) -> Any:
    for place, name in moved.items() if isinstance(value, str) else ():
        if value == place or value.startswith(place + "."):
            return name + value[len(place) :]
    return value


def _said(text: str, moved: Mapping[str, str]) -> str:
    """A text of SQL: where the place stands bare, its name gets the quotes that it may need."""
    for place, name in moved.items():
        if place in text:
            bare = re.compile(rf'(?<![`"]){place}(?![`"])')
            text = bare.sub(_quoted(name).replace("\\", "\\\\"), text)
            text = text.replace(place, name)
    return text


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
