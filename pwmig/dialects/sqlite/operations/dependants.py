"""What needs a column: found by name in the texts of the catalog, each with the way to be rid of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from playhouse.migrate import make_index_name

from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.ddl import parse_create_index, parse_create_table
from pwmig.dialects.sqlite.texts.parts import ColumnDef, ConstraintDef, IndexDef
from pwmig.dialects.sqlite.texts.tokens import fold, names_in
from pwmig.errors import OperationRefused

__all__ = ["Need", "dependants_of", "only", "require_no_referrers"]

Need = tuple[str, str]
"""What needs the column, in words, and the operation that does away with it."""


def only(columns: Sequence[str], name: str) -> bool:
    """Whether these columns are just the one."""
    return len(columns) == 1 and fold(columns[0]) == fold(name)


def dependants_of(work: Work, column: ColumnDef, own_keys: Sequence[Any]) -> tuple[list[IndexDef], list[Need]]:
    """The index that is the column's own, and (what it is, the way out) of all else that names the column."""
    table, name = work.table.name, column.name
    own: list[IndexDef] = []
    found: list[Need] = []
    if len(work.table.columns) == 1:
        found.append(("it is the only column", f"migrator.drop_table({table!r})"))
    if column.all("primary key"):
        found.append(("it is the primary key", "create a table without it and copy the rows"))
    for key in work.table.constraints:
        if key not in own_keys and (
            edit.names_column(key.columns, name) or (key.expression and fold(name) in names_in(key.expression))
        ):
            drop = f"migrator.drop_constraint({table!r}, {key.name!r})" if key.name else "a new table without it"
            found.append((f"the {key.kind} {work.table.sql[slice(*key.span)]}", drop))
    for other in work.table.columns:
        for made in other.all("check", "generated"):
            if other is not column and fold(name) in names_in(made.expression or ""):
                hint = f"migrator.drop_column({table!r}, {other.name!r})"
                found.append((f"the {made.kind} of column {other.name}", hint))
    for entry in work.catalog.of_table(table, "index"):
        index = parse_create_index(entry.sql or "")
        if fold(name) in names_in((entry.sql or "")[index.table_span[1] :]):
            if _is_own(table, index, name):
                own.append(index)
            else:
                found.append((f"index {index.name}", f"migrator.drop_index({table!r}, {index.name!r})"))
    found += _readers(work, name) + _children(work, name)
    return own, found


def _is_own(table: str, index: IndexDef, name: str) -> bool:
    """Whether it is the index that a field with index=True or unique=True brings along, by Peewee's name for it."""
    alone = len(index.parts) == 1 and index.parts[0].name is not None and index.predicate is None
    return alone and fold(index.name) == fold(make_index_name(table, (name,)))


def _readers(work: Work, name: str) -> list[Need]:
    """Views and triggers that name the column and the table, or hang on the table."""
    found = []
    for entry in work.catalog.mentioning(name):
        if entry.names(work.table.name) or fold(entry.table) == fold(work.table.name):
            found.append((f"{entry.kind} {entry.name}", entry.drop_hint))
    return found


def _children(work: Work, name: str) -> list[Need]:
    """Foreign keys of other tables that refer to the column by name."""
    found = []
    for child, key, columns in _referring(work):
        own = fold(child) == fold(work.table.name) and only(columns, name)
        if not own and edit.names_column(key.ref_columns, name):
            found.append(_need(child, key, columns))
    return found


def _referring(work: Work) -> Iterator[tuple[str, ConstraintDef, tuple[str, ...]]]:
    """(table, foreign key, its columns) of all that refer to the table, itself included."""
    for entry in work.catalog.referring(work.table.name):
        child = parse_create_table(entry.sql or "")
        keys: list[tuple[ConstraintDef, tuple[str, ...]]] = [
            (key, (column.name,)) for column in child.columns for key in column.all("references")
        ]
        keys += [(key, key.columns) for key in child.constraints if key.kind == "foreign key"]
        for key, columns in keys:
            if fold(key.ref_table or "") == fold(work.table.name):
                yield child.name, key, columns


def _need(child: str, key: ConstraintDef, columns: Sequence[str]) -> Need:
    hint = f"migrator.drop_foreign_key_constraint({child!r}, {columns[0]!r})"
    if len(columns) > 1:
        hint = f"migrator.drop_constraint({child!r}, {key.name!r})" if key.name else f"a new table {child!r} without it"
    return f"the foreign key of {child}.{columns[0]}", hint


# -- what a foreign key refers to


def require_no_referrers(work: Work, what: str, name: str) -> None:
    """Refuse to take a constraint or an index away that makes a key of columns which a foreign key refers to.

    SQLite would say nothing, and "foreign key mismatch" at each later write
    (https://www.sqlite.org/foreignkeys.html#fk_indexes).
    """
    keys = list(_keys(work))
    left = {columns for own, columns in keys if own != fold(name)}
    lost = {columns for own, columns in keys if own == fold(name)} - left
    needs = [
        _need(child, key, columns)
        for child, key, columns in _referring(work)
        if frozenset(map(fold, key.ref_columns)) in lost
    ]
    if needs:
        raise OperationRefused(
            f"{what} of {work.table.name!r} can't be dropped while other things need it",
            why="; ".join(thing for thing, _ in needs),
            way_out="before it, in the same migration: " + ", ".join(dict.fromkeys(hint for _, hint in needs)),
            table=work.table.name,
            object=name,
        )


def _keys(work: Work) -> Iterator[tuple[str, frozenset[str]]]:
    """(its name, or nothing; the columns) of what makes a key of columns."""
    for column in work.table.columns:
        for made in column.all("primary key", "unique"):
            yield fold(made.name or ""), frozenset((fold(column.name),))
    for made in work.table.constraints:
        if made.kind in ("primary key", "unique"):
            yield fold(made.name or ""), frozenset(map(fold, made.columns))
    for entry in work.catalog.of_table(work.table.name, "index"):
        index = parse_create_index(entry.sql or "")
        if index.unique and index.predicate is None:
            yield fold(index.name), frozenset(fold(part.name or "") for part in index.parts)
