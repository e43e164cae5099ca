"""One migration for each change: the schemas that lie between two, at which nothing is half done.

The renames come first, all at once: the texts of checks and triggers that name what was renamed are told in the new
names from then on. From there the way is found backwards, by undoing change after change of the last schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pwmig import diff as d
from pwmig.schema import (
    Check,
    Event,
    Exclusion,
    Extension,
    ForeignKey,
    Index,
    Namespace,
    Policy,
    Routine,
    Rule,
    Schema,
    Table,
    Trigger,
    Type,
    Unique,
    View,
)
from pwmig.schema import Sequence as Counter

__all__ = ["stations"]

_PARTS: dict[type, str] = {
    Index: "indexes",
    Unique: "uniques",
    ForeignKey: "foreign_keys",
    Check: "checks",
    Trigger: "triggers",
    Exclusion: "exclusions",
    Rule: "rules",
    Policy: "policies",
}
"""The fields of a table, or of a view, that hold these."""

_BESIDE: dict[type, str] = {
    View: "views",
    Counter: "sequences",
    Type: "types",
    Routine: "routines",
    Event: "events",
    Extension: "extensions",
    Namespace: "namespaces",
}
"""The fields of a schema that hold these."""

_RENAMES = (d.RenameTable, d.RenameColumn)

Place = tuple[str, str]
"""A table and a column of it."""


def stations(live: Schema, told: Schema, declared: Schema, changes: Sequence[d.Change]) -> list[Schema]:
    """The schemas on the way from ``live`` to ``declared``, both among them, a change of ``changes`` between two.

    ``told`` is ``live`` in the new names. What can't stand by itself is one step: renames, a change together with what
    it needs to make sense, and what comes or goes with one column.
    """
    first, rest = _parted(changes)
    way, now = [declared], declared
    for group in reversed(_groups(rest, _ends(told, declared))):
        for change in reversed(group):
            now = _undone(now, change, told)
        if _is_sound(now):
            way.append(now)
    if first:
        way.append(live)
    else:
        way[-1] = live
    return list(reversed(way)) if len(way) > 1 else [live, declared]


def _parted(changes: Sequence[d.Change]) -> tuple[list[d.Change], list[d.Change]]:
    """The renames, with all that has to be gone before them, and the others."""
    last = max((place for place, change in enumerate(changes) if isinstance(change, _RENAMES)), default=-1)
    if any(isinstance(change, (d.DropTable, d.DropColumn)) for change in changes[:last]):
        return list(changes[: last + 1]), list(changes[last + 1 :])
    first: list[d.Change] = [change for change in changes if isinstance(change, _RENAMES)]
    return first, [change for change in changes if not isinstance(change, _RENAMES)]


# -- what belongs together


def _ends(*schemas: Schema) -> dict[Place, Place]:
    """Each column that a foreign key has at an end, and one column for all that such keys connect."""
    ends: dict[Place, Place] = {}

    def end(place: Place) -> Place:
        while ends.setdefault(place, place) != place:
            place = ends[place]
        return place

    for table in (table for schema in schemas for table in schema.tables):
        for key in table.foreign_keys:
            for column, target in zip(key.columns, key.ref_columns, strict=False):
                ends[end((table.name, column))] = end((key.ref_table, target))
    return {place: end(place) for place in list(ends)}


def _groups(changes: Sequence[d.Change], ends: Mapping[Place, Place]) -> list[list[d.Change]]:
    """The changes in their order, each with those that come or go along with it: where the first of them stands that
    comes, and where the last one stands that goes."""
    coming = {(change.table, change.column.name) for change in changes if isinstance(change, d.AddColumn)}
    going = {(change.table, change.column.name) for change in changes if isinstance(change, d.DropColumn)}
    keys = {change.table: _key_columns(change) for change in changes if isinstance(change, d.AlterPrimaryKey)}
    checked = {(change.table, name) for change in changes for name in _checked(change)}
    checked &= {(one.table, one.after.name) for one in changes if isinstance(one, d.AlterColumn) and _is_typed(one)}
    groups: dict[object, list[d.Change]] = {}
    for place, change in enumerate(changes):
        key = _belongs(change, coming, going, keys) or _typed(change, ends, checked) or place
        others = groups.pop(key, []) if change.sign == "-" else groups.get(key, [])
        groups[key] = [*others, change]
    return list(groups.values())


def _key_columns(change: d.AlterPrimaryKey) -> set[str]:
    return {*change.before, *change.after}


def _belongs(
    change: d.Change, coming: set[tuple[str, str]], going: set[tuple[str, str]], keys: dict[str, set[str]]
) -> object:
    """What a change comes or goes along with: a table's key, or a column; None for one by itself."""
    table, names = change.table, _columns(change)
    if isinstance(change, d.AlterPrimaryKey) or names & keys.get(table, set()):
        return "key", table
    if change.sign == "+" and len(names) == 1 and (table, *names) in coming:
        return "comes", table, *names
    gone = sorted(name for name in names if (table, name) in going)
    return ("goes", table, gone[0]) if change.sign == "-" and gone else None


def _typed(change: Any, ends: Mapping[Place, Place], checked: set[Place]) -> object:
    """What a column gets another type along with: those that it refers to, and that refer to it; and a check that
    stands in its definition, which may be a part of the type."""
    is_typed = _is_typed(change)
    places = [(change.table, name) for name in ({change.after.name} if is_typed else _checked(change))]
    held = (ends.get(place, place) for place in places if place in checked or (is_typed and place in ends))
    return next((("typed", end) for end in held), None)


def _is_typed(change: Any) -> bool:
    return isinstance(change, d.AlterColumn) and any(fact.name == "type" for fact in change.facts)


def _checked(change: Any) -> set[str]:
    """The column in whose definition a check stands that comes, goes or becomes another."""
    match change:
        case d.AddCheck(check=check) | d.DropCheck(check=check) | d.AlterCheck(before=check):
            return {check.column} if check.column else set()
    return set()


def _columns(change: Any) -> set[str]:
    """The columns that a change of a table is about."""
    match change:
        case d.AddColumn() | d.DropColumn():
            return {change.column.name}
        case d.AlterColumn():
            return {change.before.name, change.after.name}
        case d.AddIndex() | d.DropIndex():
            return {part.column for part in change.index.parts if part.column} | set(change.index.include)
        case d.AddForeignKey() | d.DropForeignKey():
            return set(change.foreign_key.columns)
        case d.AddUnique() | d.DropUnique():
            return set(change.unique.columns)
        case d.AddCheck() | d.DropCheck():
            return {change.check.column} if change.check.column else set()
    return set()


# -- undoing


def _undone(schema: Schema, change: Any, told: Schema) -> Schema:
    """The schema as it is before a change; what no change holds whole is as in ``told``."""
    if isinstance(change, (d.CreateTable, d.DropTable)):
        others = tuple(table for table in schema.tables if table.name != change.table)
        made = (change.definition,) if isinstance(change, d.DropTable) else ()
        return replace(schema, tables=tuple(sorted((*others, *made), key=lambda table: table.name)))
    if not change.of_table:
        return _beside_undone(schema, change)
    table = schema.table(change.table)
    if table is not None:
        return _with(schema, table, _table_undone(table, change, told))
    view = next((view for view in schema.views if view.name == change.table), None)
    made_view = _part_undone(view, change) if view is not None else None
    views = tuple(made_view if view is one and made_view is not None else one for one in schema.views)
    return replace(schema, views=views)


def _with(schema: Schema, old: Table, new: Table) -> Schema:
    return replace(schema, tables=tuple(new if table is old else table for table in schema.tables))


def _table_undone(table: Table, change: Any, told: Schema) -> Table:
    before = told.table(table.name) or table
    match change:
        case d.AddColumn():
            return replace(table, columns=tuple(one for one in table.columns if one.name != change.column.name))
        case d.DropColumn():
            return replace(table, columns=_in_order((*table.columns, change.column), before))
        case d.AlterColumn():
            columns = (change.before if one.name == change.after.name else one for one in table.columns)
            return replace(table, columns=tuple(columns))
        case d.AlterPrimaryKey():
            return replace(table, **{fact.name: fact.before for fact in change.facts})
        case d.AlterOptions():
            return replace(table, options=change.before)
        case d.AlterTable():
            return replace(table, **{fact.name: fact.before for fact in change.facts})
    made: Table = _part_undone(table, change)
    return made


def _in_order(columns: tuple[Any, ...], before: Table) -> tuple[Any, ...]:
    """The columns where they stood, those that came behind them."""
    places = {name: place for place, name in enumerate(before.column_names)}
    return tuple(sorted(columns, key=lambda column: places.get(column.name, len(places))))


def _part_undone(holder: Any, change: Any) -> Any:
    """A table or a view without the part that came, or with the one that went or was another."""
    old, new = _pair(change)
    field = _PARTS[type(old if new is None else new)]
    return replace(holder, **{field: _exchanged(getattr(holder, field), new, old)})


def _beside_undone(schema: Schema, change: Any) -> Schema:
    old, new = _pair(change)
    field = _BESIDE[type(old if new is None else new)]
    things: Any = _exchanged(getattr(schema, field), new, old)
    return replace(schema, **{field: things})


def _pair(change: Any) -> tuple[Any, Any]:
    """The thing before, and after: None where it is not there."""
    if isinstance(change, d.Altered):
        return change.before, change.after
    thing = getattr(change, list(change.__dataclass_fields__)[-1])
    return (None, thing) if change.sign == "+" else (thing, None)


def _exchanged(things: tuple[Any, ...], new: Any, old: Any) -> tuple[Any, ...]:
    """The things with ``old`` in place of ``new``, each None where there is none."""
    if new is None:
        return (*things, old)
    places = [place for place, thing in enumerate(things) if thing == new]
    place = places[0] if places else next(n for n, thing in enumerate(things) if thing.name == new.name)
    return (*things[:place], *(() if old is None else (old,)), *things[place + 1 :])


# -- what can stand


def _is_sound(schema: Schema) -> bool:
    """Whether nothing names what is not there, and no two things of a table have one name."""
    tables = {table.name: table for table in schema.tables}
    return all(_is_whole(table) and _refers(table, tables.get) for table in schema.tables)


def _is_whole(table: Table) -> bool:
    names = set(table.column_names)
    told = set(table.primary_key)
    for index in table.indexes:
        told |= {part.column for part in index.parts if part.column} | set(index.include)
    told.update(*(unique.columns for unique in table.uniques), *(key.columns for key in table.foreign_keys))
    told |= {check.column for check in table.checks if check.column}
    indexes = {index.name.lower() for index in table.indexes}
    return bool(names) and told <= names and len(indexes) == len(table.indexes)


def _refers(table: Table, find: Callable[[str], Table | None]) -> bool:
    for key in table.foreign_keys:
        target = find(key.ref_table)
        if target is None or not _is_unique(target, key.ref_columns):
            return False
    return True


def _is_unique(table: Table, columns: tuple[str, ...]) -> bool:
    wanted = set(columns)
    kinds = [table.primary_key, *(one.columns for one in table.uniques)]
    kinds += [tuple(part.column or "" for part in index.parts) for index in table.indexes if index.unique]
    return wanted <= set(table.column_names) and any(set(names) == wanted for names in kinds)
