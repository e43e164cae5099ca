"""What needs a column, an index or a table of MariaDB and MySQL, in whichever database."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.dialects.mysql.operations.readers import readers_of_column, readers_of_table
from pwmig.dialects.mysql.operations.told import names_in
from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.needs import Need, once
from pwmig.dialects.server.operations.server import Place, Server
from pwmig.dialects.server.operations.waiting import mentions
from pwmig.dialects.server.operations.work import own_index_names

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column, ForeignKey, Index, Table

__all__ = ["index_of_key", "keys_of_column", "needs_of_column", "needs_of_index", "needs_of_table", "own_keys"]

_ACROSS = (
    "SELECT 1 FROM information_schema.innodb_sys_foreign "
    "WHERE substring_index(for_name, '/', 1) <> substring_index(ref_name, '/', 1) LIMIT 1"
)
"""https://mariadb.com/kb/en/information-schema-innodb_sys_foreign-table/: database and table, as their files' names."""


# -- a column


def own_keys(table: Table, column: str) -> list[ForeignKey]:
    """The foreign keys of just this column."""
    return [key for key in table.foreign_keys if [name.lower() for name in key.columns] == [column.lower()]]


def needs_of_column(work: Work, column: Column) -> list[Need]:
    """All that would go with the column, lose it or stop its drop, but for what is its own.

    Its own are a foreign key of this column alone with its index, the check in its definition, what UNIQUE in its
    definition made, and the index of a field with ``index=True`` or ``unique=True``.
    """
    table, name = work.table, column.name
    found: list[Need] = []
    brought = _brought_indexes(work, name)
    for index in table.indexes:
        if index.name not in brought and not _is_own_index(work, index, name) and _in_index(index, name):
            found.append(Need(f"index {index.name}", f"migrator.drop_index({work.name!r}, {index.name!r})"))
    found += _constraints(work, name) + _other_columns(work, name)
    return once(found + _children(work.server, work.place, name) + readers_of_column(work, name))


def _brought_indexes(work: Work, name: str) -> set[str]:
    """The indexes that go with the foreign keys of several columns that name the column, one key after the other."""
    found: set[str] = set()
    gone: set[str] = set()
    for key in work.table.foreign_keys:
        if key.name and len(key.columns) > 1 and name.lower() in _lower(key.columns):
            index = index_of_key(work, key.name, gone, name)
            found |= {index.name} if index is not None else set()
            gone.add(key.name)
    return found


def _in_index(index: Index, name: str) -> bool:
    return any(
        (part.column or "").lower() == name.lower() or name.lower() in names_in(part.expression or "")
        for part in index.parts
    )


def _is_own_index(work: Work, index: Index, name: str) -> bool:
    if [(part.column or "").lower() for part in index.parts] != [name.lower()]:
        return False
    own = {name_.lower() for name_ in own_index_names(work.table, name, work.server.clipped)}
    keys = own_keys(work.table, name)
    own |= {(key.name or "").lower() for key in keys}
    called_so = re.fullmatch(re.escape(name) + r"(_\d+)?", index.name, re.IGNORECASE)
    # So the server calls what UNIQUE in a definition makes, and what it makes for a key without a name.
    return index.name.lower() in own or bool(called_so and (index.unique or keys))


def _constraints(work: Work, name: str) -> list[Need]:
    table, wanted = work.table, name.lower()
    found = []
    for key in table.foreign_keys:
        columns = [column.lower() for column in key.columns]
        if wanted in columns and len(columns) > 1:
            hint = f"migrator.drop_constraint({work.name!r}, {key.name!r})"
            found.append(Need(f"the foreign key {key.name}", hint, 1))  # It needs an index.
    for check in table.checks:
        if (check.column or "").lower() != wanted and wanted in names_in(check.expression):
            found.append(Need(f"the check {check.name}", f"migrator.drop_constraint({work.name!r}, {check.name!r})"))
    return found


def _other_columns(work: Work, name: str) -> list[Need]:
    found = []
    for column in work.table.columns:
        if column.name == name:
            continue
        if column.generated is not None and name.lower() in names_in(column.generated):
            found.append(Need(f"column {column.name}", f"migrator.drop_column({work.name!r}, {column.name!r})"))
            found += [replace(need, depth=need.depth + 1) for need in needs_of_column(work, column)]
        elif column.default is not None and name.lower() in names_in(column.default):
            hint = f"migrator.drop_column_default({work.name!r}, {column.name!r})"
            found.append(Need(f"the default of column {column.name}", hint))
    return found


def _children(server: Server, place: Place, column: str | None = None) -> list[Need]:
    """Foreign keys that refer to the table or one of its columns; of its own only those of a column."""
    found = []
    for schema, plain, key, own, there in _keys_from(server, place):
        if column is None:
            meant = (schema, plain) != place.key
        else:
            is_own = (schema, plain) == place.key and own.lower() == column.lower()
            meant = there.lower() == column.lower() and not is_own
        if meant:
            table = server.called(schema, plain)
            hint = f"migrator.drop_constraint({table!r}, {key!r})"
            found.append(
                Need(f"the foreign key {key} of {table}", hint, 2)
            )  # It needs an index, which a key may bring.
    return list(dict.fromkeys(found))


def _keys_from(server: Server, place: Place) -> list[tuple[str, str, str, str, str]]:
    """(database, table, key, column, column of this table) of the foreign keys that refer to the table."""
    schemas = "" if _has_keys_across(server) else f"table_schema = {MARK} AND "
    rows = server.ask(
        "SELECT table_schema AS s, table_name AS t, constraint_name AS k, column_name AS c, "
        f"referenced_column_name AS r FROM information_schema.key_column_usage WHERE {schemas}"
        f"referenced_table_schema = {MARK} AND referenced_table_name = {MARK} ORDER BY s, t, k, ordinal_position",
        [*([place.schema] if schemas else []), *place.key],
    )
    return [(schema, plain, key, own, there) for schema, plain, key, own, there in rows]


def _has_keys_across(server: Server) -> bool:
    """Whether a foreign key may lead from one database to another: to find those, the server opens every table."""
    try:
        return bool(server.ask(_ACROSS))
    except Exception:  # MySQL has no such table, and on MariaDB an account needs PROCESS for it.
        return True


def index_of_key(work: Work, name: str, gone: Collection[str] = (), free: str = "") -> Index | None:
    """The index that a foreign key brought along: of its name and columns, and needed by no other key.

    ``gone`` are keys of the table that need nothing any more, and no key of others needs the column ``free``.
    """
    table = work.table
    key = next(key for key in table.foreign_keys if (key.name or "").lower() == name.lower())
    columns = _lower(key.columns)
    for index in table.indexes:
        same = [(part.column or "").lower() for part in index.parts] == columns
        if same and index.name.lower() == name.lower() and not index.unique:
            left = [other for other in table.foreign_keys if other is not key and other.name not in gone]
            if any(other.columns[0].lower() == columns[0] for other in left):
                return None
            is_free = columns[0] == free.lower()
            return None if not is_free and _children(work.server, work.place, key.columns[0]) else index
    return None


def needs_of_index(work: Work, name: str) -> list[Need]:
    """Foreign keys of the table, and to it, whose columns no other index begins with.

    https://mariadb.com/kb/en/foreign-keys/; an index that waits to be added may be theirs, if it names their columns.
    """
    own = _index_columns(work, lambda index: index.name.lower() == name.lower())
    left = [*_index_columns(work, lambda index: index.name.lower() != name.lower()), _lower(work.table.primary_key)]
    coming = [text for text in work.server.waiting.texts(work.place.key) if text.startswith("ADD ")]
    found = []
    for columns, need in [*_own_keys(work), *_keys_to(work)]:
        served = any(_begins(index, columns) for index in left)
        comes = any(all(mentions(text, column) for column in columns) for text in coming)
        if any(_begins(index, columns) for index in own) and not served and not comes:
            found.append(need)
    return found


def keys_of_column(work: Work, column: str) -> list[Need]:
    """The foreign keys that a column is in, and those to it."""
    return [need for names, need in [*_own_keys(work), *_keys_to(work)] if column.lower() in names]


def _index_columns(work: Work, wanted: Callable[[Index], bool]) -> list[list[str]]:
    return [_lower(part.column or "" for part in index.parts) for index in work.table.indexes if wanted(index)]


def _lower(names: Iterable[str]) -> list[str]:
    return [name.lower() for name in names]


def _begins(index: list[str], columns: list[str]) -> bool:
    return bool(columns) and index[: len(columns)] == columns


def _own_keys(work: Work) -> list[tuple[list[str], Need]]:
    return [
        (
            _lower(key.columns),
            Need(f"the foreign key {key.name}", f"migrator.drop_constraint({work.name!r}, {key.name!r})"),
        )
        for key in work.table.foreign_keys
    ]


def _keys_to(work: Work) -> list[tuple[list[str], Need]]:
    found: dict[Need, list[str]] = {}
    for schema, plain, key, _, column in _keys_from(work.server, work.place):
        table = work.server.called(schema, plain)
        need = Need(f"the foreign key {key} of {table}", f"migrator.drop_constraint({table!r}, {key!r})")
        found.setdefault(need, []).append(column.lower())
    return [(columns, need) for need, columns in found.items()]


# -- a table


def needs_of_table(server: Server, place: Place) -> list[Need]:
    """Foreign keys of other tables, views, and triggers of other tables that name the table."""
    return _children(server, place) + readers_of_table(server, place, own=False)
