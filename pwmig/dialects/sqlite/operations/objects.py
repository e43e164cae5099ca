"""How each operation on whole tables and indexes is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import peewee
from playhouse.migrate import make_index_name

from pwmig.dialects.asked import bound, close_matches, lent_model, let_go
from pwmig.dialects.sqlite.operations.broken import Execute, named_if_broken
from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry, ask, column_of, read_catalog
from pwmig.dialects.sqlite.operations.dependants import children_of, require_key, require_no_referrers
from pwmig.dialects.sqlite.operations.draft import NewIndex
from pwmig.dialects.sqlite.operations.elsewhere import refuse
from pwmig.dialects.sqlite.operations.readers import dropped_first, with_what_needs_them
from pwmig.dialects.sqlite.operations.schema_text import free_name, keep_letters
from pwmig.dialects.sqlite.operations.statistics import statistics_kept
from pwmig.dialects.sqlite.operations.strict import require_strict_type
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.ddl import parse_create_index
from pwmig.dialects.sqlite.texts.letters import quoted_like
from pwmig.dialects.sqlite.texts.tokens import fold, quote
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["add_index", "create_table", "drop_index", "drop_table", "rename_index", "rename_table"]

_OURS = "pwmig_"


def create_table(
    migrator: SqliteMigrator,
    name: str,
    columns: Mapping[str, peewee.Field],
    constraints: Sequence[Any],
    indexes: Iterable[tuple[Sequence[str], bool]],
    primary_key: Sequence[str],
    options: Mapping[str, bool],
) -> None:
    """What Peewee's ``create_tables`` would write for a model with just these fields."""
    _require_free(migrator.drafts.overlaid(read_catalog(migrator.database)), name)
    if options.get("strict_tables"):
        for column, field in columns.items():
            require_strict_type(migrator, name, bound(migrator.database, name, column, field))
    model = lent_model(migrator.database, name, columns, constraints, indexes, primary_key, **options)
    try:
        _require_keys(migrator, name, model)
        migrator.database.execute(model._schema._create_table(safe=False))
        migrator.expect_new(name)
        for made, index in zip(model._meta.fields_to_index(), model._schema._create_indexes(safe=False)):
            migrator.database.execute(index)
            migrator.expect_new(made._name, name)
    finally:
        let_go(model)


def _require_keys(migrator: SqliteMigrator, name: str, model: Any) -> None:
    """A table that is not there yet may come later, as SQLite has it."""
    catalog = migrator.drafts.overlaid(read_catalog(migrator.database))
    for field in model._meta.sorted_fields:
        if not isinstance(field, peewee.ForeignKeyField) or field.rel_model is model:
            continue
        entry = catalog.get(field.rel_model._meta.table_name)
        if entry is not None and entry.kind == "table" and not entry.is_virtual:
            require_key(catalog, catalog.table(entry.name), field.rel_field.column_name, name, field.column_name)


def _require_free(catalog: Catalog, name: str) -> None:
    taken = catalog.get(name)
    if taken is not None:
        raise OperationRefused(
            f"the name {name!r} is taken",
            why=f"the database has a{'n' if taken.kind == 'index' else ''} {taken.kind} of that name",
            way_out="choose another name, or drop or rename that one first",
            table=name,
        )
    if not name or name.lower().startswith((_OURS, "sqlite_")):
        raise OperationRefused(
            f"a table can't be called {name!r}",
            why="names that begin with pwmig_ are pwmig's own, those with sqlite_ SQLite's" if name else "",
            way_out="choose another name",
            table=name,
        )


def drop_table(migrator: SqliteMigrator, table: str, safe: bool, cascade: bool) -> None:
    """Refused while a view, a trigger or a foreign key of another table names the table.

    ``cascade`` does not widen it: SQLite has no such clause, and what would go is not named.
    """
    catalog = read_catalog(migrator.database)
    if safe and catalog.get(table) is None:
        return
    entry = catalog.entry(table)
    found = children_of(catalog, entry.name)
    readers = [
        other
        for other in catalog.mentioning(entry.name)
        if not (other.kind == "trigger" and fold(other.table) == fold(entry.name))
    ]
    for other in with_what_needs_them(migrator.database, catalog, readers):
        found.append((f"{other.kind} {other.name}", other.drop_hint))
    if found:
        raise OperationRefused(
            f"table {entry.name!r} can't be dropped while other things need it",
            why="; ".join(what for what, _ in found),
            way_out=("SQLite has no CASCADE; " if cascade else "") + dropped_first(hint for _, hint in found),
            table=entry.name,
            object=found[0][0],
        )
    guard = migrator.guard(catalog)
    migrator.database.execute_sql(f"DROP TABLE {quote(entry.name)}")
    guard.expect_gone(entry.name)
    for part in _parts_gone(migrator, catalog, entry):
        guard.expect_gone(part)


def _parts_gone(migrator: SqliteMigrator, catalog: Catalog, entry: Entry) -> list[str]:
    """The shadow tables of a virtual table that its module took away or renamed with it.

    https://www.sqlite.org/vtab.html#the_xshadowname_method: their names begin with the table's and an underscore.
    """
    if not entry.is_virtual:
        return []
    left = {other.name for other in read_catalog(migrator.database).entries}
    begin = fold(entry.name) + "_"
    return [
        other.name
        for other in catalog.entries
        if other.kind == "table" and other.name not in left and fold(other.name).startswith(begin)
    ]


def rename_table(migrator: SqliteMigrator, old: str, new: str) -> None:
    """SQLite's own RENAME TO, which changes the name in every index, trigger, view and foreign key too.

    It stands in the quotes of the old name, or without.
    """
    catalog = read_catalog(migrator.database)
    entry = catalog.entry(old)
    if entry.name == new:
        return
    names = [new]
    if fold(entry.name) == fold(new):
        names = [free_name(catalog), new]  # To SQLite the name is taken, by the table itself.
    else:
        _require_free(catalog, new)
    guard = migrator.guard(catalog)
    what, rename = f"table {entry.name!r} can't be renamed", partial(_rename, migrator.database, entry.name, names)
    named_if_broken(migrator.database, catalog, what, entry.name, rename)
    keep_letters(migrator.database, catalog, new)
    guard.expect_rename(entry.name, new, table=True)
    for part in _parts_gone(migrator, catalog, entry):
        guard.expect_rename(part, new + part[len(entry.name) :], table=True)


def _rename(database: peewee.Database, old: str, names: Sequence[str], execute: Execute) -> None:
    """Rename a table by way of these names; not in the legacy mode, which leaves views and triggers alone."""
    legacy = ask(database, "PRAGMA legacy_alter_table")[0][0]
    execute("PRAGMA legacy_alter_table = OFF")
    try:
        for name in names:
            execute(f"ALTER TABLE {quote(old)} RENAME TO {quote(name)}")
            old = name
    finally:
        execute(f"PRAGMA legacy_alter_table = {'ON' if legacy else 'OFF'}")


def add_index(
    migrator: SqliteMigrator,
    table: str,
    columns: Sequence[str],
    unique: bool,
    where: Any,
    nulls_distinct: bool | None,
    name: str | None,
) -> None:
    work = Work(migrator, table)
    catalog, definition = work.catalog, work.table
    if isinstance(columns, str) or not columns:
        raise OperationRefused(
            f"an index of {table!r} needs its columns",
            why=f"{columns!r} is no list of names",
            way_out=f"migrator.add_index({table!r}, ('first', 'second'))",
            table=table,
        )
    if nulls_distinct is False:
        # True is what SQLite does anyway: https://www.sqlite.org/lang_createindex.html#unique_indexes
        refuse(
            "unique index in which two NULLs are the same",
            "all NULLs are distinct there",
            "leave nulls_distinct=False out, and keep NULL away with add_not_null(...)",
            table,
        )
    names = tuple(column_of(definition, column).name for column in columns)
    name = name or make_index_name(definition.name, names)
    _require_free(catalog, name)
    target = peewee.Table(definition.name)
    parts = [target.c[column] for column in names]  # As attributes, some names mean another thing.
    made = peewee.Index(name, target, parts, unique=unique, where=where)
    sql, params = migrator.make_context().sql(peewee.ValueLiterals(made)).query()
    work.drafts.add_index(definition, NewIndex(name, sql, names, tuple(params)))


def _index(catalog: Catalog, table: str, name: str) -> Any:
    entry = catalog.get(name)
    there = [found.name for found in catalog.of_table(catalog.entry(table).name, "index")]
    if entry is None or entry.kind != "index" or fold(entry.table) != fold(table):
        raise OperationRefused(
            f"table {table!r} has no index {name!r}",
            why=close_matches(name, there, "indexes"),
            way_out="write the index's name as it is in the database",
            table=table,
            object=name,
        )
    if entry.sql is None:
        raise OperationRefused(
            f"index {name!r} belongs to a constraint of {table!r}",
            why="SQLite made it for a PRIMARY KEY or UNIQUE of the table",
            way_out="drop the constraint: migrator.drop_constraint(...)",
            table=table,
            object=name,
        )
    return entry


def drop_index(migrator: SqliteMigrator, table: str, name: str) -> None:
    work = Work(migrator, table)
    index = _index(work.catalog, table, name)
    require_no_referrers(work, f"index {index.name!r}", index.name, [index.name])
    work.drop_index(index.name)


def rename_index(migrator: SqliteMigrator, table: str, old: str, new: str) -> None:
    """Dropped and made again under the new name: SQLite has no RENAME for it."""
    catalog = read_catalog(migrator.database)
    entry = _index(catalog, table, old)
    if fold(entry.name) != fold(new):
        _require_free(catalog, new)
    guard = migrator.guard(catalog)
    start, end = parse_create_index(entry.sql).name_span
    sql = edit.spliced(entry.sql, [((start, end), quoted_like(entry.sql[start:end], new))])
    with statistics_kept(migrator.database, catalog, entry.table, {entry.name: new}):
        migrator.database.execute_sql(f"DROP INDEX {quote(entry.name)}")
        migrator.database.execute_sql(sql)
    guard.expect_gone(entry.name)
    guard.expect(new, sql, entry.table)
