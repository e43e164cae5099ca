"""The models' schema beside the live one: what the models leave unsaid is as it is in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pwmig.declared.said import Brought, Late, Usual, is_brought
from pwmig.diff.case import Case
from pwmig.diff.changes import DropColumn, DropTable
from pwmig.diff.compare import without_columns
from pwmig.diff.renames import Renames
from pwmig.schema import Check, Column, ForeignKey, Index, Namespace, Schema, Sequence, Table, Unique

__all__ = ["compare", "is_of_tables_alone"]

_Thing = TypeVar("_Thing", ForeignKey, Check, Unique)
_Beside = TypeVar("_Beside", Sequence, Namespace)
_Key = Callable[[Any], Any]

_BY_META = ("STRICT", "WITHOUT ROWID", "VIRTUAL")
"""Options of a table that a model's Meta has a word of its own for, so that it says too that they are not."""


def is_of_tables_alone(declared: Schema) -> bool:
    """Whether the tables of the live database are all that is needed to compare it with the models."""
    return not declared.sequences and not declared.namespaces


_NO_TABLES: Mapping[str, str] = {}
_NO_COLUMNS: Mapping[tuple[str, str], str] = {}


def compare(
    live: Schema,
    declared: Schema,
    *,
    renamed_tables: Mapping[str, str] = _NO_TABLES,
    renamed_columns: Mapping[tuple[str, str], str] = _NO_COLUMNS,
) -> tuple[Schema, Schema]:
    """(before, after) of what the models have to say about the live schema.

    ``after`` is the live schema as the models want it: what no model can say (comments, grants, policies, storage,
    triggers) or what these do not (the name of a constraint, an option of a table) is there as it is in ``before``.
    Live tables without a model are left alone, and so is what stands beside tables, except for the schemas and
    sequences that the models need. A model that reads a live view is no table to create. What is told to be a rename,
    as :func:`pwmig.diff.diff` takes it, is the same thing under its new name.
    """
    views = {live.key(view.name) for view in live.views}
    models = tuple(table for table in declared.tables if live.key(table.name) not in views)
    case = Case.of(live, declared)
    renames = Renames(live, declared, renamed_tables, renamed_columns)
    seen = renames.translated(_left(live, renames))
    tables = {live.key(table.name): table for table in seen.tables}
    wanted = []
    for table in models:
        old = tables.get(live.key(table.name))
        wanted.append(table if old is None else _wanted(old, table, case))
    names = {live.key(table.name) for table in models}
    before = replace(
        live.only(
            table.name for table in live.tables if {live.key(table.name), live.key(renames.table(table.name))} & names
        ),
        sequences=_both(live, live.sequences, declared.sequences),
        namespaces=_both(live, live.namespaces, declared.namespaces),
        exact_tables=case.exact_tables,
        exact_columns=case.exact_columns,
    )
    after = Schema(
        tuple(wanted),
        sequences=_known(before.sequences, declared.sequences),
        namespaces=_known(before.namespaces, declared.namespaces),
        exact_tables=case.exact_tables,
        exact_columns=case.exact_columns,
    )
    return before, after


def _left(live: Schema, renames: Renames) -> Schema:
    """What of the live schema is still there where others have its names."""
    gone = renames.reclaimed(live)
    if not gone:
        return live
    tables = {change.table for change in gone if isinstance(change, DropTable)}
    columns = {(change.table, change.column.name) for change in gone if isinstance(change, DropColumn)}
    left = (table for table in live.tables if table.name not in tables)
    return replace(
        live,
        tables=tuple(without_columns(table, {name for of, name in columns if of == table.name}) for table in left),
    )


def _both(live: Schema, here: tuple[_Beside, ...], needed: tuple[_Beside, ...]) -> tuple[_Beside, ...]:
    """What is there of what the models need."""
    names = {live.key(thing.name) for thing in needed}
    return tuple(thing for thing in here if live.key(thing.name) in names)


def _known(here: tuple[_Beside, ...], needed: tuple[_Beside, ...]) -> tuple[_Beside, ...]:
    """What the models need, as it is there, if it is."""
    known = {thing.name: thing for thing in here}
    return tuple(known.get(thing.name, thing) for thing in needed)


def _wanted(live: Table, declared: Table, case: Case) -> Table:
    """A live table as the model wants it."""
    if live == declared:
        return live
    columns = {case.column(column.name): column for column in live.columns}
    usual = _usual(live)
    return replace(
        live,
        name=declared.name,
        columns=tuple(_column(columns.get(case.column(column.name)), column, usual) for column in declared.columns),
        primary_key=declared.primary_key,
        primary_key_name=declared.primary_key_name or live.primary_key_name,
        primary_key_conflict=declared.primary_key_conflict,
        primary_key_parts=declared.primary_key_parts,
        primary_key_deferrable=declared.primary_key_deferrable or live.primary_key_deferrable,
        indexes=_indexes(live, declared),
        uniques=_constraints(live.uniques, declared.uniques, lambda one: (one.columns, one.nulls_distinct)),
        foreign_keys=_foreign_keys(live, declared, case),
        checks=_constraints(live.checks, declared.checks, lambda one: one.expression, _of_one_column),
        options=_options(live, declared),
        comment=declared.comment or live.comment,
        partitioning=declared.partitioning or live.partitioning,
        inherits=declared.inherits or live.inherits,
    )


def _usual(table: Table) -> str | None:
    return next((option.partition("=")[2] for option in table.options if option.upper().startswith("COLLATE=")), None)


def _options(live: Table, declared: Table) -> tuple[str, ...]:
    """The options that the model gives, and those of the live table that it says nothing about."""
    said = {_word(option) for option in declared.options}
    virtual = "VIRTUAL" in live.options or "VIRTUAL" in declared.options
    kept = (option for option in live.options if _word(option) not in said and option not in _BY_META and not virtual)
    return tuple(sorted({*declared.options, *kept}, key=(*live.options, *declared.options).index))


def _word(option: str) -> str:
    return option.partition("=")[0].upper()


# -- columns


def _column(live: Column | None, declared: Column, usual: str | None) -> Column:
    if live is None:
        return declared
    if live == declared:
        return live
    column = replace(
        declared,
        collation=live.collation if _is_usual_collation(live, declared, usual) else declared.collation,
        charset=declared.charset or live.charset,
        invisible=declared.invisible or live.invisible,
        options=declared.options or live.options,
        comment=declared.comment or live.comment,
        grants=live.grants,
    )
    if live.sequence is not None and declared.sequence is not None and live.identity == declared.identity:
        # A sequence has the name that its table had once, and counts as somebody told it. SERIAL says NOT NULL too,
        # which may have been dropped since.
        nullable = column.nullable or (live.nullable and live.identity is None)
        return replace(column, sequence=live.sequence, default=live.default, nullable=nullable)
    if declared.sequence is None and (live.default, live.identity) == (declared.default, declared.identity):
        return replace(column, sequence=live.sequence)  # One that the column owns, and does not count by.
    return column


def _is_usual_collation(live: Column, declared: Column, usual: str | None) -> bool:
    """Whether the model says nothing, and the column has what its table or its database has anyway."""
    return isinstance(declared.collation, Usual) and live.collation in (usual, declared.collation)


# -- indexes and constraints


def _indexes(live: Table, declared: Table) -> tuple[Index, ...]:
    """The model's indexes, with what only the database knows of them.

    An index that MariaDB makes for a foreign key is called as the key is, so it has any name: what a model says is not
    missed beside such a one, nor does such a one come beside what is there.
    """
    here = {index.name: index for index in live.indexes}
    said = {index.name for index in declared.indexes if not isinstance(index.name, Brought)}
    implied = {key.columns for key in live.foreign_keys} & {key.columns for key in declared.foreign_keys}
    found = []
    for index in declared.indexes:
        old = here.get(index.name)
        brought = isinstance(index.name, Brought)
        other = old is None or (brought and old.columns != index.columns)  # One that was called so by another column.
        if other and index.columns in implied and not index.unique:
            free = (one for one in live.indexes if not (brought and one.name in said))
            same = (one for one in free if replace(one, name=index.name) == index)
            old = next((one for one in same if brought or is_brought(live, one)), None)
        found.append(index if old is None else _index(old, index))
    return tuple(found)


def _index(live: Index, declared: Index) -> Index:
    if live == declared:
        return live
    return replace(
        declared,
        name=live.name if live.columns == declared.columns else declared.name,
        invisible=declared.invisible or live.invisible,
        valid=live.valid,
        options=declared.options or live.options,
        comment=declared.comment or live.comment,
    )


def _of_one_column(live: Check, declared: Check) -> bool:
    """Whether two checks may be one: those in the definitions of two columns (MariaDB) are two, whatever they say."""
    return None in (live.column, declared.column) or live.column == declared.column


def _constraints(
    live: tuple[_Thing, ...],
    declared: tuple[_Thing, ...],
    key: _Key,
    may_be: Callable[[Any, Any], bool] = lambda one, other: True,
) -> tuple[_Thing, ...]:
    """The model's constraints; one that it gives no name has the name of the live one that is the same."""
    left = list(live)
    found = []
    for thing in declared:
        alike = next(
            (one for one in left if key(one) == key(thing) and thing.name in (None, one.name) and may_be(one, thing)),
            None,
        )
        if alike is not None:
            left.remove(alike)
        found.append(thing if alike is None else _filled(alike, thing))
    return tuple(found)


def _filled(live: _Thing, declared: _Thing) -> _Thing:
    """A constraint with what no model says of it: whether it was validated, its comment, and its name."""
    if live == declared:
        return live
    unsaid: dict[str, Any] = {"name": declared.name or live.name, "comment": live.comment}
    if isinstance(live, (ForeignKey, Check)):
        unsaid |= {"validated": live.validated, "enforced": live.enforced}
    if isinstance(live, Check):
        unsaid |= {"column": live.column, "inherited": live.inherited}
    if isinstance(live, ForeignKey):
        unsaid |= {"match": live.match}
    if isinstance(live, Unique):
        unsaid |= {"options": live.options, "include": live.include}
    return replace(declared, **unsaid)


def _foreign_keys(live: Table, declared: Table, case: Case) -> tuple[ForeignKey, ...]:
    here = {tuple(map(str.lower, key.columns)): key for key in live.foreign_keys}
    columns = {case.column(column.name) for column in live.columns}
    keys = [_sure(key, here, is_new=case.column(key.columns[0]) not in columns) for key in declared.foreign_keys]
    found = tuple(key for key in keys if key is not None)
    return _constraints(live.foreign_keys, found, _pointed)


def _pointed(key: ForeignKey) -> tuple[tuple[str, ...], ...]:
    """What a key ties together, in whatever letter case somebody wrote it."""
    return tuple(tuple(map(str.lower, names)) for names in (key.columns, (key.ref_table,), key.ref_columns))


def _sure(key: ForeignKey, here: Mapping[tuple[str, ...], ForeignKey], *, is_new: bool) -> ForeignKey | None:
    """The key as it has to be; one that comes late is there if it is, and nobody misses it, but with a new column."""
    if is_new or not isinstance(key.name, Late):
        return key
    live = here.get(tuple(map(str.lower, key.columns)))
    if live is None:
        return None
    # MariaDB calls RESTRICT what is not said, which is NO ACTION elsewhere.
    usual = {action: getattr(live, action) for action in ("on_delete", "on_update") if _is_usual(key, live, action)}
    return replace(key, name=None, **usual)


def _is_usual(key: ForeignKey, live: ForeignKey, action: str) -> bool:
    return (getattr(key, action), getattr(live, action)) == ("NO ACTION", "RESTRICT")
