"""Names for what the models give none: a constraint that is added to a table can be dropped by its name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from pwmig.columns import constraint_name
from pwmig.diff import AddCheck, AddForeignKey, AddUnique, AlterCheck, AlterForeignKey, AlterUnique, Change, CreateTable
from pwmig.diff.texts import words_of
from pwmig.schema import Check, ForeignKey, Schema, Table, Unique

__all__ = ["invented", "with_names"]

_LONGEST = 63


_ADDED = (AddForeignKey, AddUnique, AddCheck)
_ALTERED = (AlterForeignKey, AlterUnique, AlterCheck)


def with_names(declared: Schema, live: Schema, changes: Sequence[Change]) -> Schema:
    """The models' schema with names for constraints of tables that are there, where the models give none.

    One that comes gets a name, one that is there already keeps the name that it has.
    """
    coming: dict[str, list[Any]] = {}
    known: dict[str, list[tuple[Any, str | None]]] = {}
    new = {change.table for change in changes if isinstance(change, CreateTable)}
    for change in changes:
        if isinstance(change, _ADDED) and change.table not in new:
            coming.setdefault(change.table, []).append(_constraint(change))
        elif isinstance(change, _ALTERED):
            known.setdefault(change.table, []).append((change.after, _kept_name(change.before, change.after)))
    if not coming and not known:
        return declared
    taken = {name.lower() for table in live.tables for name in _names(table)}
    tables = (_named(table, coming.get(table.name, []), known.get(table.name, []), taken) for table in declared.tables)
    return replace(declared, tables=tuple(tables))


def _constraint(change: Any) -> Any:
    """The constraint that comes is the last field."""
    return getattr(change, list(change.__dataclass_fields__)[-1])


def _kept_name(before: Any, after: Any) -> str | None:
    """A check in the definition of a column is called as that is (MariaDB)."""
    column: str | None = getattr(after, "column", None)
    name: str | None = before.name
    return name if column is None else column


def _named(table: Table, coming: list[Any], known: list[tuple[Any, str | None]], taken: set[str]) -> Table:
    def named(one: Any) -> Any:
        if one.name is not None:
            return one
        if one in coming:
            return replace(one, name=_free(table, one, taken))
        kept = next((name for there, name in known if there == one), None)
        return one if kept is None else replace(one, name=kept)

    if not coming and not known:
        return table
    return replace(
        table,
        uniques=tuple(map(named, table.uniques)),
        checks=tuple(map(named, table.checks)),
        foreign_keys=tuple(map(named, table.foreign_keys)),
    )


def _names(table: Table) -> Iterator[str]:
    things: Iterable[Any] = (*table.uniques, *table.checks, *table.foreign_keys, *table.indexes)
    yield from (thing.name for thing in things if thing.name is not None)


def _free(table: Table, thing: Any, taken: set[str]) -> str:
    name = invented(table, thing, taken)
    taken.add(name.lower())
    return name


def invented(table: Table, thing: ForeignKey | Check | Unique, taken: Collection[str] = ()) -> str:
    """The name of a constraint, as operations give it: by its columns, with a number where that is taken."""
    base = _base(table, thing)
    names = (base if not number else f"{base[: _LONGEST - 4]}_{number}" for number in count())
    return next(name for name in names if name.lower() not in taken)


def _base(table: Table, thing: ForeignKey | Check | Unique) -> str:
    if isinstance(thing, ForeignKey):
        target = thing.ref_table.rpartition(".")[2] or thing.ref_table
        return constraint_name(f"fk_{table.plain_name}_{'_'.join(thing.columns)}_refs_{target}")
    if isinstance(thing, Unique):
        return constraint_name("uniq_" + "_".join(thing.columns))
    words = words_of(thing.expression)
    about = [name for name in table.column_names if name.lower() in words]
    parts = [table.plain_name, *(about if len(about) == 1 else ()), "check"]
    return "_".join(parts).encode()[:_LONGEST].decode(errors="ignore")
