"""What needs a column: found by name in the texts of the catalog, each with the way to be rid of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from playhouse.migrate import make_index_name

from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry
from pwmig.dialects.sqlite.operations.readers import (
    dropped_first,
    reaching,
    with_what_needs_them,
    without_column,
)
from pwmig.dialects.sqlite.operations.told import told
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.claims import key_columns
from pwmig.dialects.sqlite.texts.ddl import parse_create_index, parse_create_table
from pwmig.dialects.sqlite.texts.parts import ColumnDef, ConstraintDef, IndexDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, names_in
from pwmig.dialects.sqlite.texts.unnamed import said
from pwmig.errors import OperationRefused

__all__ = ["Need", "children_of", "dependants_of", "only", "require_droppable", "require_key", "require_no_referrers"]

Need = tuple[str, str]
"""What needs the column, in words, and the operation that does away with it."""


def only(columns: Sequence[str], name: str) -> bool:
    """Whether these columns are just the one."""
    return len(columns) == 1 and fold(columns[0]) == fold(name)


def dependants_of(work: Work, column: ColumnDef, own_keys: Sequence[Any]) -> tuple[list[IndexDef], list[Need]]:
    """The index that is the column's own, and (what it is, the way out) of all else that needs the column."""
    table, name = work.table.name, column.name
    own: list[IndexDef] = []
    found = _constraints(work, column, own_keys)
    for entry in work.catalog.of_table(table, "index"):
        index = parse_create_index(entry.sql or "")
        if fold(name) in names_in((entry.sql or "")[index.table_span[1] :]):
            if _is_own(table, index, name):
                own.append(index)
            else:
                found.append((f"index {index.name}", f"migrator.drop_index({table!r}, {index.name!r})"))
    found += _children(work, name)
    readers = _readers(work, column)
    if found or readers:
        readers = with_what_needs_them(
            work.database, work.catalog, [*readers, *without_column(work.database, work.catalog, work.table, column)]
        )
    return own, found + [(f"{entry.kind} {entry.name}", entry.drop_hint) for entry in readers]


def _constraints(work: Work, column: ColumnDef, own_keys: Sequence[Any]) -> list[Need]:
    """The constraints of the table and of other columns that name the column."""
    table, name = work.table.name, column.name
    drops = {made.span: f"migrator.drop_constraint({table!r}, {text!r})" for made, text in said(work.table)}
    found = []
    for key in work.table.constraints:
        named = edit.names_column(key.columns, name) or (key.expression and fold(name) in names_in(key.expression))
        if named and key.kind != "primary key" and key not in own_keys:
            found.append((f"the {key.kind} {work.table.sql[slice(*key.span)]}", drops[key.span]))
    for other in work.table.columns:
        for made in other.all("check", "generated"):
            if other is not column and fold(name) in names_in(made.expression or ""):
                hint = drops.get(made.span, f"migrator.drop_column({table!r}, {other.name!r})")
                found.append((f"the {made.kind} of column {other.name}", hint))
    return found


def require_droppable(work: Work, column: ColumnDef) -> None:
    """Refuse what no operation before it makes possible: to drop the only column, or one of the primary key."""
    name, table = column.name, work.table.name
    why, way_out = "", ""
    if fold(name) in key_columns(work.table):
        why, way_out = (
            "it is of the primary key",
            "create a table without it, copy the rows with sql(...), and drop this",
        )
    elif len(work.table.columns) == 1:
        why, way_out = "it is the only column", f"drop the table: migrator.drop_table({table!r})"
    if why:
        raise OperationRefused(
            f"column {name!r} of {table!r} can't be dropped", why=why, way_out=way_out, table=table, column=name
        )


def _is_own(table: str, index: IndexDef, name: str) -> bool:
    """Whether it is the index that a field with index=True or unique=True brings along, by Peewee's name for it."""
    alone = len(index.parts) == 1 and index.parts[0].name is not None and index.predicate is None
    return alone and fold(index.name) == fold(make_index_name(table, (name,)))


def _readers(work: Work, column: ColumnDef) -> list[Entry]:
    """Views and triggers of the table that name the column, but for those whose names all mean other things.

    And what would mean something else without it, without a word from SQLite.
    """
    table, name = work.table.name, column.name
    leading = [one for one in reaching(work.catalog, [table]) if one.names(name) or one.names("natural")]
    found = told(work.catalog, work.table, column, leading)
    named = [one for one in leading if one.names(name) and (one.names(table) or fold(one.table) == fold(table))]
    return [one for one in leading if one in found.other or (one in named and one not in found.same)]


def _children(work: Work, name: str) -> list[Need]:
    """Foreign keys of other tables that refer to the column by name."""
    found = []
    for child, key, columns in _referring(work.catalog, work.table.name):
        own = fold(child.name) == fold(work.table.name) and only(columns, name)
        if not own and edit.names_column(key.ref_columns, name):
            found.append(_need(child, key, columns))
    return found


def children_of(catalog: Catalog, table: str) -> list[Need]:
    """The foreign keys of other tables that refer to the table."""
    return [_need(*one) for one in _referring(catalog, table) if fold(one[0].name) != fold(table)]


def _referring(catalog: Catalog, table: str) -> Iterator[tuple[TableDef, ConstraintDef, tuple[str, ...]]]:
    """(table, foreign key, its columns) of all that refer to the table, itself included."""
    for entry in catalog.referring(table):
        child = parse_create_table(entry.sql or "")
        keys: list[tuple[ConstraintDef, tuple[str, ...]]] = [
            (key, (column.name,)) for column in child.columns for key in column.all("references")
        ]
        keys += [(key, key.columns) for key in child.constraints if key.kind == "foreign key"]
        for key, columns in keys:
            if fold(key.ref_table or "") == fold(table):
                yield child, key, columns


def _need(child: TableDef, key: ConstraintDef, columns: Sequence[str]) -> Need:
    hint = f"migrator.drop_foreign_key_constraint({child.name!r}, {columns[0]!r})"
    if len(columns) > 1:
        text = next(text for made, text in said(child) if made is key)
        hint = f"migrator.drop_constraint({child.name!r}, {text!r})"
    return f"the foreign key of {child.name}.{', '.join(columns)}", hint


# -- what a foreign key refers to


def require_no_referrers(work: Work, what: str, name: str, gone: Sequence[ConstraintDef | str]) -> None:
    """Refuse to take constraints or an index away that make a key of columns which a foreign key refers to.

    SQLite would say nothing, and "foreign key mismatch" at each later write
    (https://www.sqlite.org/foreignkeys.html#fk_indexes).
    """
    keys = list(_keys(work.catalog, work.table))
    left = {columns for own, columns in keys if own not in gone}
    lost = {columns for own, columns in keys if own in gone} - left
    needs = [
        _need(child, key, columns)
        for child, key, columns in _referring(work.catalog, work.table.name)
        if frozenset(map(fold, key.ref_columns)) in lost
    ]
    if needs:
        raise OperationRefused(
            f"{what} of {work.table.name!r} can't be dropped while other things need it",
            why="; ".join(thing for thing, _ in needs),
            way_out=dropped_first(hint for _, hint in needs),
            table=work.table.name,
            object=name,
        )


def require_key(catalog: Catalog, target: TableDef, column: str, table: str, own: str) -> None:
    """Refuse a foreign key to what is no key: SQLite takes it, and no write of the two tables from then on."""
    if any(columns == {fold(column)} for _, columns in _keys(catalog, target)):
        return
    raise OperationRefused(
        f"{table}.{own} can't refer to {target.name}.{column}",
        why="that is no key: no primary key and no UNIQUE is of that column alone, and SQLite would refuse each write",
        way_out=dropped_first([f"migrator.add_unique({target.name!r}, {column!r})"]),
        table=table,
        column=own,
    )


def _keys(catalog: Catalog, table: TableDef) -> Iterator[tuple[ConstraintDef | str, frozenset[str]]]:
    """(the constraint, or the index's name; the columns) of what makes a key of columns."""
    for column in table.columns:
        for made in column.all("primary key", "unique"):
            yield made, frozenset((fold(column.name),))
    for made in table.constraints:
        if made.kind in ("primary key", "unique"):
            yield made, frozenset(map(fold, made.columns))
    for entry in catalog.of_table(table.name, "index"):
        index = parse_create_index(entry.sql or "")
        if index.unique and index.predicate is None:
            yield index.name, frozenset(fold(part.name or "") for part in index.parts)
