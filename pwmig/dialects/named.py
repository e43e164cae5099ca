"""The names that an operation is given: a model stands for its table, a field for its column, all else is a text."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import BoundArguments
from typing import Any

import peewee

from pwmig.errors import OperationRefused

__all__ = ["by_name", "require_name"]

_TABLES = ("table", "rel")
_COLUMNS = ("column", "column_name", "column_names", "columns", "primary_key", "rel_column")
_LISTS = ("column_names", "columns", "primary_key")
_NEW = {
    "add_column": ("column_name",),
    "rename_column": ("new_name",),
    "rename_table": ("new_name",),
    "rename_index": ("new_name",),
    "add_index": ("name",),
    "add_constraint": ("name",),
    "add_foreign_key_constraint": ("constraint_name",),
    "change_column": ("name",),
    "create_table": ("name",),
}
"""The names that an operation gives to something."""
_OTHERS = ("constraint_name", "index_name", "name", "new_name", "old_name", "rel_schema", "schema")


def by_name(bound: BoundArguments, operation: str) -> None:
    """Put names in the place of models and fields among an operation's arguments.

    Raises OperationRefused for what can be no name: a piece of SQL, say, would be equal to any name that it is
    compared with; and a text that no database takes for one.
    """
    for name, given in bound.arguments.items():
        if name not in _TABLES and name not in _COLUMNS and name not in _OTHERS:
            continue
        parameter = bound.signature.parameters[name]
        if name == "columns" and operation == "create_table":
            bound.arguments[name] = _new_columns(bound.arguments["name"], given)
            continue
        if given is None and (parameter.default is None or str(parameter.annotation).endswith("| None")):
            continue
        if isinstance(given, (list, tuple)) and name in _LISTS:
            found = [_name(name, one) for one in given]
            bound.arguments[name] = found if isinstance(given, list) else tuple(found)
        else:
            bound.arguments[name] = _name(name, given)
    where = {"create_table": "name", "rename_table": "old_name"}.get(operation, "table")
    table = text if isinstance(text := bound.arguments.get(where), str) else None
    for name in (*_TABLES, *_COLUMNS, *_OTHERS):
        for text in _texts(bound.arguments.get(name)):
            require_name(text, name, table, is_new=name in _NEW.get(operation, ()))


def _new_columns(table: Any, given: Any) -> Any:
    """The columns of a new table, by their names."""
    if isinstance(given, Mapping):
        columns = {_name("column", column): field for column, field in given.items()}
        for column in columns:
            require_name(column, "column", table if isinstance(table, str) else None, is_new=True)
        return columns
    from pwmig.operations import value_text

    raise OperationRefused(
        f"the columns of a new table are given as {value_text(given):.60}",
        why="they are a mapping of each column's name to its field",
        way_out="write them as in {'id': AutoField(), 'name': CharField()}",
        table=table if isinstance(table, str) else None,
    )


def _texts(given: Any) -> list[str]:
    return [one for one in (given if isinstance(given, (list, tuple)) else (given,)) if isinstance(one, str)]


def require_name(name: str, parameter: str, table: str | None, *, is_new: bool) -> None:
    """Refuse what no database takes for a name; one that is given to something must not be empty either."""
    why = ""
    if "\0" in name:
        why = "a name can't hold the letter NUL"
    elif any("\ud800" <= letter <= "\udfff" for letter in name):
        why = "half of a letter (a surrogate) stands in it, which no text in UTF-8 holds"
    elif is_new and not name:
        why = "it is empty"
    if not why:
        return
    is_column = parameter in _COLUMNS
    raise OperationRefused(
        f"{name.encode('unicode_escape').decode()!r:.60} can't be a name".replace("\\\\", "\\"),
        why=f"{why}; it is given as {parameter}",
        way_out="give a name of letters, digits and underscores",
        table=table,
        column=name if is_column else None,
        object=None if is_column or parameter in _TABLES else name,
    )


def _name(parameter: str, given: Any) -> str:
    if isinstance(given, str):
        return given
    if peewee.is_model(given) and parameter not in _COLUMNS:
        meta = given._meta
        return f"{meta.schema}.{meta.table_name}" if meta.schema else str(meta.table_name)
    column = given.column_name if isinstance(given, peewee.Field) else None
    if isinstance(column, str) and parameter not in _TABLES:
        return column
    raise _refused(parameter, given)


def _refused(parameter: str, given: Any) -> OperationRefused:
    from pwmig.operations import value_text

    what = "a table" if parameter in _TABLES else "a column" if parameter in _COLUMNS else "anything"
    more = ", or the model" if parameter in _TABLES else ", or the model's field" if parameter in _COLUMNS else ""
    return OperationRefused(
        f"{value_text(given):.60} can't name {what}",
        why=f"it is given as {parameter}",
        way_out=f"give the name as a text{more}",
    )
