"""What of a table a model says, and what the database made up for it: names of constraints, options, collations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import peewee

from pwmig.declared.places import Places, as_sent, own_name
from pwmig.schema import Check, Column, ForeignKey, Index, Schema, Table, Unique

__all__ = ["LONGEST", "Brought", "Late", "Usual", "is_brought", "only_said", "with_late_keys"]

_Named = TypeVar("_Named", ForeignKey, Check, Unique)

_CONSTRAINT = re.compile(r'\bCONSTRAINT\s+(?:"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|([^\W0-9][\w$]*))', re.IGNORECASE)
LONGEST = 63
"""Letters of a name that every database keeps; what a model says may be longer."""


class Late(str):
    """The name of a foreign key that Peewee leaves to its user to create; the database may or may not have it."""

    __slots__ = ()


class Brought(str):
    """The name of an index that the database made by itself for a foreign key, which no model says."""

    __slots__ = ()


class Usual(str):
    """The collation that a column has since nothing else was said."""

    __slots__ = ()


def only_said(schema: Schema, texts: Mapping[str, str]) -> Schema:
    """The tables of the models alone, with what the models say; ``texts`` are the statements that made them."""
    found = ((table, texts.get(schema.key(table.name))) for table in schema.tables)
    return replace(schema, tables=tuple(_said(table, text) for table, text in found if text is not None), views=())


def _said(table: Table, text: str) -> Table:
    names = {
        (one or two or three).replace('""', '"').replace("``", "`") for one, two, three in _CONSTRAINT.findall(text)
    }
    usual = _collation(table.options)
    return replace(
        table,
        columns=tuple(_plain(column, usual) for column in table.columns),
        indexes=tuple(
            replace(index, name=Brought(index.name)) if is_brought(table, index) else index for index in table.indexes
        ),
        foreign_keys=_named(table.foreign_keys, names),
        checks=_named(table.checks, names),
        uniques=_named(table.uniques, names),
        primary_key_name=table.primary_key_name if _is_said(table.primary_key_name, names) else None,
        options=tuple(option for option in table.options if _is_written(option, text)),
    )


def _named(things: tuple[_Named, ...], names: Iterable[str]) -> tuple[_Named, ...]:
    return tuple(thing if _is_said(thing.name, names) else replace(thing, name=None) for thing in things)


def is_brought(table: Table, index: Index) -> bool:
    """Whether an index is called as MariaDB calls one that it makes for a foreign key: as the key, or its first column
    (https://mariadb.com/kb/en/foreign-keys/)."""
    keys = (key for key in table.foreign_keys if key.columns == index.columns)
    return not index.unique and any(index.name in (key.name, key.columns[0]) for key in keys)


def _is_said(name: str | None, names: Iterable[str]) -> bool:
    """Whether a model gives the name, as the database keeps it: folded where it stood bare, cut where it was long."""
    if name is None:
        return False
    mine = name.lower()
    return any(said.lower() == mine or (len(mine) >= LONGEST and said.lower().startswith(mine)) for said in names)


def _is_written(option: str, text: str) -> bool:
    """Whether an option of a table stands in the statement: ``ENGINE=Aria``, ``WITHOUT ROWID``."""
    if text.upper().startswith("CREATE VIRTUAL"):
        return True
    word = option.partition("=")[0].strip("`(").split(" ")[0]
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _collation(options: Iterable[str]) -> str | None:
    """The collation that a table gives its columns, where the database has one for each table."""
    return next((option.partition("=")[2] for option in options if option.upper().startswith("COLLATE=")), None)


def _plain(column: Column, usual: str | None) -> Column:
    return replace(column, collation=Usual(usual)) if usual is not None and column.collation == usual else column


# -- keys that come late


def with_late_keys(
    schema: Schema, models: Iterable[type[peewee.Model]], places: Places, database: peewee.Database
) -> Schema:
    """The schema with the foreign keys that ``create_tables`` leaves out (:class:`peewee.DeferredForeignKey`)."""
    late: dict[str, list[ForeignKey]] = {}
    for model in models:
        keys = [_late_key(field, places, database) for field in model._meta.refs if field.deferred]
        if keys:
            late[schema.key(own_name(model, places, database)[0])] = keys
    if not late:
        return schema
    return replace(
        schema, tables=tuple(_with_keys(table, late.get(schema.key(table.name), [])) for table in schema.tables)
    )


def _late_key(field: peewee.ForeignKeyField, places: Places, database: peewee.Database) -> ForeignKey:
    target, schema = own_name(field.rel_model, places, database)
    return ForeignKey(
        (as_sent(field.column_name, database),),
        target,
        (as_sent(field.rel_field.column_name, database),),
        (field.on_delete or "NO ACTION").upper(),
        (field.on_update or "NO ACTION").upper(),
        f"DEFERRABLE {field.deferrable}".upper() if field.deferrable else None,
        Late(as_sent(field.get_constraint_name(), database)),
        ref_schema=schema,
    )


def _with_keys(table: Table, keys: list[ForeignKey]) -> Table:
    made = {key.columns for key in table.foreign_keys}
    added = [key for key in keys if key.columns not in made]
    return replace(table, foreign_keys=(*table.foreign_keys, *added)) if added else table
