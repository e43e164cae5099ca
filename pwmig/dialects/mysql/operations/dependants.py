"""What needs a column or a table: known by facts, or found by name in the texts of views and triggers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.server import Need, Place, Server
from pwmig.dialects.server.operations.waiting import mentions
from pwmig.dialects.server.operations.work import own_index_names

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column, ForeignKey, Index, Table

__all__ = [
    "index_of_key",
    "names_in",
    "needs_of_column",
    "needs_of_index",
    "needs_of_table",
    "own_keys",
    "readers_of_column",
    "readers_of_table",
]

_TOKENS = re.compile(
    r"[bBnNxX]?'(?:[^'\\]|\\.|'')*'|/\*.*?\*/|--[ \t][^\n]*|#[^\n]*"
    r"|`((?:[^`]|``)*)`|\"((?:[^\"\\]|\\.|\"\")*)\"|([\w$]+)",
    re.DOTALL,
)


def names_in(sql: str) -> frozenset[str]:
    """All that may be a name in a text, in lower case: words, and what stands in backticks or double quotes."""
    found = set()
    for ticked, quoted, word in _TOKENS.findall(sql):
        found.add((ticked.replace("``", "`") or quoted.replace('""', '"') or word).lower())
    return frozenset(found)


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
    if len(table.columns) == 1:
        found.append(("it is the only column", f"migrator.drop_table({work.name!r})"))
    if name in table.primary_key:
        found.append(("it is the primary key", "create a table without it and copy the rows"))
    for index in table.indexes:
        if not _is_own_index(work, index, name) and _in_index(index, name):
            found.append((f"index {index.name}", f"migrator.drop_index({work.name!r}, {index.name!r})"))
    found += _constraints(work, name) + _other_columns(work, name)
    return found + _children(work.server, work.place, name) + readers_of_column(work, name)


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
            found.append((f"the foreign key {key.name}", f"migrator.drop_constraint({work.name!r}, {key.name!r})"))
    for check in table.checks:
        if (check.column or "").lower() != wanted and wanted in names_in(check.expression):
            found.append((f"the check {check.name}", f"migrator.drop_constraint({work.name!r}, {check.name!r})"))
    return found


def _other_columns(work: Work, name: str) -> list[Need]:
    found = []
    for column in work.table.columns:
        if column.name == name:
            continue
        if column.generated is not None and name.lower() in names_in(column.generated):
            found.append((f"column {column.name}", f"migrator.drop_column({work.name!r}, {column.name!r})"))
        elif column.default is not None and name.lower() in names_in(column.default):
            hint = f"migrator.drop_column_default({work.name!r}, {column.name!r})"
            found.append((f"the default of column {column.name}", hint))
    return found


def _children(server: Server, place: Place, column: str | None = None) -> list[Need]:
    """Foreign keys that refer to the table or one of its columns; of its own only those of a column."""
    named = f" AND referenced_column_name = {MARK}" if column is not None else ""
    rows = server.ask(
        "SELECT table_schema AS s, table_name AS t, constraint_name AS k, column_name AS c "
        f"FROM information_schema.key_column_usage WHERE table_schema = {MARK} "
        f"AND referenced_table_schema = {MARK} AND referenced_table_name = {MARK}{named} "
        "ORDER BY t, k, ordinal_position",
        [place.schema, place.schema, place.plain, *([column] if column is not None else [])],
    )
    found = []
    for schema, plain, key, own in rows:
        if plain != place.plain or (column is not None and own.lower() != column.lower()):
            table = server.called(schema, plain)
            found.append((f"the foreign key {key} of {table}", f"migrator.drop_constraint({table!r}, {key!r})"))
    return list(dict.fromkeys(found))


def index_of_key(work: Work, name: str) -> Index | None:
    """The index that a foreign key brought along: of its name and columns, and needed by no other key."""
    table = work.table
    key = next(key for key in table.foreign_keys if (key.name or "").lower() == name.lower())
    columns = [column.lower() for column in key.columns]
    for index in table.indexes:
        same = [(part.column or "").lower() for part in index.parts] == columns
        if same and index.name.lower() == name.lower() and not index.unique:
            others = [
                other for other in table.foreign_keys if other is not key and other.columns[0].lower() == columns[0]
            ]
            return None if others or _children(work.server, work.place, key.columns[0]) else index
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


def _index_columns(work: Work, wanted: Callable[[Index], bool]) -> list[list[str]]:
    return [_lower(part.column or "" for part in index.parts) for index in work.table.indexes if wanted(index)]


def _lower(names: Iterable[str]) -> list[str]:
    return [name.lower() for name in names]


def _begins(index: list[str], columns: list[str]) -> bool:
    return bool(columns) and index[: len(columns)] == columns


def _own_keys(work: Work) -> list[tuple[list[str], Need]]:
    return [
        (_lower(key.columns), (f"the foreign key {key.name}", f"migrator.drop_constraint({work.name!r}, {key.name!r})"))
        for key in work.table.foreign_keys
    ]


def _keys_to(work: Work) -> list[tuple[list[str], Need]]:
    rows = work.server.ask(
        "SELECT table_schema AS s, table_name AS t, constraint_name AS k, referenced_column_name AS c "
        f"FROM information_schema.key_column_usage WHERE table_schema = {MARK} "
        f"AND referenced_table_schema = {MARK} AND referenced_table_name = {MARK} ORDER BY s, t, k, ordinal_position",
        [work.place.schema, work.place.schema, work.place.plain],
    )
    found: dict[Need, list[str]] = {}
    for schema, plain, key, column in rows:
        table = work.server.called(schema, plain)
        need = (f"the foreign key {key} of {table}", f"migrator.drop_constraint({table!r}, {key!r})")
        found.setdefault(need, []).append(column.lower())
    return [(columns, need) for need, columns in found.items()]


# -- texts


def readers_of_column(work: Work, name: str) -> list[Need]:
    """Views and triggers that name the column and the table, or hang on the table and name the column."""
    return _readers(work.server, work.place, (name,), own=True)


def readers_of_table(server: Server, place: Place, *, own: bool) -> list[Need]:
    """Views and triggers that name the table; ``own``: its own triggers too, where their text names it."""
    return _readers(server, place, (), own=own)


def _readers(server: Server, place: Place, names: tuple[str, ...], *, own: bool) -> list[Need]:
    wanted = {name.lower() for name in names}
    table = place.plain.lower()
    found = []
    for schema, view, text in server.ask(
        "SELECT table_schema AS s, table_name AS n, view_definition AS d FROM information_schema.views "
        f"WHERE table_schema = {MARK} ORDER BY n",
        [place.schema],
    ):
        if {table, *wanted} <= names_in(text or ""):
            statement = f"DROP VIEW {server.qualified(Place(schema, view, view))}"
            found.append((f"view {view}", f"migrator.sql({statement!r})"))
    for schema, trigger, of, text in server.ask(
        "SELECT trigger_schema AS s, trigger_name AS n, event_object_table AS t, action_statement AS d "
        f"FROM information_schema.triggers WHERE trigger_schema = {MARK} ORDER BY n",
        [place.schema],
    ):
        hangs_on_it = of == place.plain
        told = names_in(text) | ({table} if hangs_on_it and wanted else set())
        if {table, *wanted} <= told and (own or not hangs_on_it):
            statement = f"DROP TRIGGER {server.qualified(Place(schema, trigger, trigger))}"
            found.append((f"trigger {trigger}", f"migrator.sql({statement!r})"))
    return found


# -- a table


def needs_of_table(server: Server, place: Place) -> list[Need]:
    """Foreign keys of other tables, views, and triggers of other tables that name the table."""
    return _children(server, place) + readers_of_table(server, place, own=False)
