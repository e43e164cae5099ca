"""A table's text changed with no row copied, where the rows are stored the same under the new one.

Whether they are is told by :mod:`pwmig.dialects.sqlite.texts.claims`; what the new text claims of the rows is looked
up before it is written. A table made by the new text in passing shows that SQLite takes it, and what it makes of it;
it also counts the schema on, by which other connections hear of the change.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import peewee

from pwmig.dialects.sqlite.operations.catalog import Catalog, ask, errors, example, refusal_of
from pwmig.dialects.sqlite.operations.draft import Draft
from pwmig.dialects.sqlite.operations.schema_text import (
    free_name,
    refuses,
    text_of,
    writable,
    write_statement,
    write_text,
)
from pwmig.dialects.sqlite.texts.claims import Claims, ForeignKey, claims
from pwmig.dialects.sqlite.texts.ddl import parse_create_index, parse_create_table
from pwmig.dialects.sqlite.texts.edit import default_set, name_replaced
from pwmig.dialects.sqlite.texts.parts import ConstraintDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import quote
from pwmig.errors import OperationRefused

__all__ = ["retell"]

_Columns = list[tuple[Any, ...]]


def retell(database: peewee.Database, catalog: Catalog, draft: Draft) -> bool:
    """Write the draft's text, if that is all there is to do; else, or where the build won't have it, change nothing.

    Raises OperationRefused where a row does not hold to a check that is new.
    """
    old, new = draft.table, draft.new
    claimed = claims(old, new) if draft.keeps_values else None
    if claimed is None:
        return False
    columns = _tried(database, catalog, new, claimed)
    if columns is None or not _hold(database, draft, claimed):
        return False
    if claimed.defaults and _has_short_records(database, old, new, claimed.defaults):
        return False
    return _written(database, catalog, old, new, columns)


def _tried(database: peewee.Database, catalog: Catalog, new: TableDef, claimed: Claims) -> _Columns | None:
    """What SQLite makes of the columns of a table with this text; None where it does not take it.

    The rebuild that follows then stops at the same, and says so.
    """
    passing = free_name(catalog)
    try:
        ask(database, name_replaced(new, passing))
    except errors(database):
        return None
    try:
        if claimed.foreign_keys:
            ask(database, f"PRAGMA foreign_key_check({quote(passing)})")
        return _columns(database, passing)
    except errors(database):
        return None  # A foreign key to what is no key.
    finally:
        ask(database, f"DROP TABLE {quote(passing)}")


def _columns(database: peewee.Database, table: str) -> _Columns:
    return ask(database, "SELECT * FROM pragma_table_xinfo(?)", [table])


# -- what is claimed of the rows


def _hold(database: peewee.Database, draft: Draft, claimed: Claims) -> bool:
    """Whether all rows hold to what the new text says; a check that some don't hold to is refused at once."""
    table = draft.table.name
    nulls = [f"{quote(name)} IS NULL" for name in claimed.not_null if ("not null", name) not in draft.held]
    keys = [_orphaned(table, key) for key in claimed.foreign_keys if ("foreign key", key.text) not in draft.held]
    if any(_some(database, table, condition) for condition in (*nulls, *keys)):
        return False
    for check in claimed.checks:
        if _some(database, table, _failing(check)):
            raise _does_not_fit(database, draft.table, check)
    return True


def _some(database: peewee.Database, table: str, condition: str) -> bool:
    """Whether a row meets the condition; taken to be so where it can't be asked."""
    try:
        return bool(ask(database, f"SELECT 1 FROM {quote(table)} WHERE {condition} LIMIT 1"))
    except errors(database):
        return True


def _failing(check: ConstraintDef) -> str:
    return f"NOT (\n{check.expression}\n)"


def _orphaned(table: str, key: ForeignKey) -> str:
    """The condition for a row that refers to nothing; a key whose target's columns are not named is never looked up."""
    if not key.target_columns:
        return "TRUE"
    own = [f"{quote(table)}.{quote(name)}" for name in key.columns]
    pairs = " AND ".join(f"pwmig_p.{quote(there)} = {name}" for there, name in zip(key.target_columns, own))
    known = " AND ".join(f"{name} IS NOT NULL" for name in own)
    return f"{known} AND NOT EXISTS (SELECT 1 FROM {quote(key.target)} AS pwmig_p WHERE {pairs})"


def _does_not_fit(database: peewee.Database, table: TableDef, check: ConstraintDef) -> OperationRefused:
    count = ask(database, f"SELECT count(*) FROM {quote(table.name)} WHERE {_failing(check)}")[0][0]
    name = f" {check.name}" if check.name else ""
    return OperationRefused(
        f"a row of {table.name!r} does not fit the table as it would be",
        why=f"{count:,} row{'s do' if count != 1 else ' does'} not hold to CHECK{name} ({check.expression})"
        + example(database, table, _failing(check)),
        way_out="mend the rows in a migration before this one; nothing was changed",
        table=table.name,
        object=check.name,
    )


def _has_short_records(database: peewee.Database, old: TableDef, new: TableDef, names: tuple[str, ...]) -> bool:
    """Whether a row reads one of these columns from the text: it is older than the column.

    https://www.sqlite.org/lang_altertable.html#altertabaddcol: ADD COLUMN writes no row. With a default that nobody
    has in the text for a moment, such rows show themselves. An index would not show them, and a table WITHOUT ROWID is
    read by one whatever the query says: of such a table it is not known.
    """
    if "WITHOUT ROWID" in old.options:
        return True
    mark = f"x'{secrets.token_hex(16)}'"
    marked = new
    for name in names:
        column = marked.column(name)
        assert column is not None
        marked = parse_create_table(default_set(marked, column, mark))
    write_text(database, old.name, marked.sql)
    try:
        if text_of(database, old.name) != marked.sql:
            return True
        short = " OR ".join(f"+{quote(name)} IS {mark}" for name in names)
        return bool(ask(database, f"SELECT 1 FROM {quote(old.name)} NOT INDEXED WHERE {short} LIMIT 1"))
    finally:
        write_text(database, old.name, old.sql)


# -- the text


def _written(database: peewee.Database, catalog: Catalog, old: TableDef, new: TableDef, columns: _Columns) -> bool:
    """Write the text and read it back; the old one again where anything could be read before and can't now."""
    readable = [query for query in _queries(catalog, old.name) if refusal_of(database, query) is None]
    with writable(database):
        try:
            database.execute_sql(write_statement(new.name, new.sql))
        except peewee.DatabaseError as error:
            if refuses(error):
                return False
            raise
    taken = text_of(database, new.name) == new.sql and _columns(database, new.name) == columns
    if taken and all(refusal_of(database, query) is None for query in readable):
        return True
    write_text(database, old.name, old.sql)
    return False


def _queries(catalog: Catalog, table: str) -> Iterator[str]:
    """A query of the table, of each of its indexes, and of each view that names it."""
    yield f"SELECT * FROM {quote(table)}"
    for entry in catalog.of_table(table, "index"):
        if parse_create_index(entry.sql or "").predicate is None:
            yield f"SELECT 1 FROM {quote(table)} INDEXED BY {quote(entry.name)}"
    for entry in catalog.mentioning(table):
        if entry.kind == "view":
            yield f"SELECT * FROM {quote(entry.name)}"
