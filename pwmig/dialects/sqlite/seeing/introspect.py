"""What a SQLite database holds, read in a handful of catalog queries.

Three or four queries, however many tables there are (five where a virtual table is among them): the
texts of ``sqlite_master``, and the columns and foreign keys of all tables at once, by the pragmas as
table-valued functions (https://www.sqlite.org/pragma.html#pragfunc); and the indexes of those tables
that have one which is more than columns in a row (:mod:`pwmig.dialects.sqlite.seeing.plain`). What the pragmas
don't say (checks, collations, names and conflict clauses of constraints, deferrability, generated
expressions, AUTOINCREMENT, an index's expressions and predicate) is read from the texts, of those
tables only whose text has such a word.

Made canonical, so that equality means sameness: a column of a primary key that can't hold NULL is
not nullable, written or not; inline and table-level constraints are the same; a foreign key
without columns names the primary key it points at; any deferrability but ``DEFERRABLE INITIALLY
DEFERRED`` is none (https://www.sqlite.org/foreignkeys.html#fk_deferred); a collation is kept where
it is not the one that would hold anyway. MATCH is left out: SQLite ignores it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pwmig.dialects.sqlite.seeing.catalog import (
    VIRTUAL,
    Execute,
    Raw,
    read_columns,
    read_foreign_keys,
    read_indexes,
    read_master,
    sorted_by_name,
    without_shadows,
)
from pwmig.dialects.sqlite.seeing.tables import table_of
from pwmig.schema import Schema, Table

__all__ = ["Execute", "introspect"]


def introspect(
    execute: Execute, tables: Collection[str] | None = None, known: dict[Any, Table] | None = None
) -> Schema:
    """The schema of the main database; with ``tables`` only the tables and views of these names.

    Leaves out SQLite's own tables, pwmig's (``pwmig_*``) and, unless named, the shadow tables of virtual ones.
    Reads only. A virtual table whose module is not there has no columns. ``known`` is a memory for several looks: a
    table that it holds by the same texts is taken from there, others are added, and those gone are forgotten.
    """
    raws, views = read_master(execute, tables)
    if any(VIRTUAL.match(raw.sql) for raw in raws.values()) and tables is None:
        raws = without_shadows(execute, raws)
    if known is None:
        return Schema(sorted_by_name(_read(execute, raws, tables)), views)
    words = {key: raw.words for key, raw in raws.items()}
    old = {key: table for key, text in words.items() if (table := known.get(text)) is not None}
    fresh = {key: raw for key, raw in raws.items() if key not in old}
    read = _read(execute, fresh, tables if not old else [raw.name for raw in fresh.values()])
    telling = {words[key]: table for (key, raw), table in zip(fresh.items(), read) if raw.speaks_for_itself}
    known.update(telling)
    if tables is None:
        for gone in set(known) - {*telling, *(words[key] for key in old)}:
            known.pop(gone, None)
    return Schema(sorted_by_name([*old.values(), *read]), views)


def _read(execute: Execute, raws: dict[str, Raw], tables: Collection[str] | None) -> list[Table]:
    if not raws:
        return []
    read_columns(execute, raws, tables)
    read_indexes(execute, raws, tables)
    read_foreign_keys(execute, raws, tables)
    return [table_of(raw) for raw in raws.values()]
