"""Tables from the catalog's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter, itemgetter
from typing import Any

from pwmig.dialects.postgresql.quoting import quote
from pwmig.dialects.postgresql.seeing.columns import came_late, columns_of
from pwmig.dialects.postgresql.seeing.facts import Facts, Relation
from pwmig.dialects.postgresql.seeing.indexes import include, index, storage, table_words
from pwmig.dialects.postgresql.seeing.objects import policy, rule, trigger
from pwmig.dialects.postgresql.seeing.texts import bare
from pwmig.schema import Check, Exclusion, ForeignKey, Table, Unique

__all__ = ["table"]

_NAME = itemgetter(1)
_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def table(facts: Facts, relation: Relation) -> Table:
    oid = relation.oid
    names = facts.names(oid)
    of: dict[str, list[Any]] = {"p": [], "u": [], "x": [], "c": [], "f": []}
    for row in sorted(facts.constraints.get(oid, ()), key=_NAME):
        of[row[2]].append(row)
    backing = {row[4] for kind in "pux" for row in of[kind]}
    indexes = sorted(facts.indexes.get(oid, ()), key=_NAME)
    partition = relation.bound is not None
    return Table(
        name=relation.name,
        columns=columns_of(facts, relation),
        indexes=tuple([index(facts, row, names) for row in indexes if row[2] not in backing]),
        uniques=tuple([_unique(facts, row, names) for row in of["u"]]),
        foreign_keys=tuple([_foreign_key(facts, row, names) for row in of["f"]]),
        checks=tuple([_check(facts, row) for row in _own_checks(facts, oid, of["c"])]),
        triggers=_sorted(trigger, facts.of("trigger", oid)),
        options=_options(facts, relation, indexes),
        exclusions=tuple([Exclusion(row[1], row[6], facts.constraint_comments.get(row[3])) for row in of["x"]]),
        rules=_sorted(rule, facts.of("rule", oid)),
        policies=_sorted(policy, facts.of("policy", oid)),
        partitioning=relation.text,
        partition_of=relation.parents[0] if partition and relation.parents else None,
        partition_bound=relation.bound,
        inherits=tuple(relation.parents or ()) if not partition else (),
        comment=facts.comments.get((oid, 0)),
        grants=facts.grants.get((oid, 0), ()),
        schema=relation.schema,
        **(_primary_key(facts, of["p"][0], names) if of["p"] else {}),
    )


def _sorted(make: Callable[[list[Any]], Any], found: Iterable[list[Any]]) -> tuple[Any, ...]:
    return tuple(sorted(map(make, found), key=attrgetter("name"))) if found else ()


def _options(facts: Facts, relation: Relation, indexes: list[tuple[Any, ...]]) -> tuple[str, ...]:
    words = list(relation.words or ())
    for row in indexes:
        if row[9]:
            words += table_words(row)
    words += [text for (text,) in facts.of("statistics", relation.oid)]
    return tuple(sorted(words)) if words else ()


def _primary_key(facts: Facts, row: tuple[Any, ...], names: dict[int, str]) -> dict[str, Any]:
    key = facts.indexes_by_oid[row[4]]
    carried = ", ".join(map(quote, include(key, names)))
    return {
        "primary_key": tuple(names[number] for number in row[5]),
        "primary_key_name": row[1],
        "primary_key_deferrable": row[8],
        "primary_key_options": (*([f"INCLUDE ({carried})"] if carried else []), *_overlaps(row), *storage(key)),
        "primary_key_comment": facts.constraint_comments.get(row[3]),
    }


def _set_columns(names: Iterable[str]) -> str:
    """The columns that ON DELETE SET sets, where it is not all of them."""
    return f" ({', '.join(map(quote, names))})"


def _overlaps(row: tuple[Any, ...]) -> tuple[str, ...]:
    return ("WITHOUT OVERLAPS",) if row[7] and "PERIOD" in row[7] else ()


def _unique(facts: Facts, row: tuple[Any, ...], names: dict[int, str]) -> Unique:
    key = facts.indexes_by_oid[row[4]]
    return Unique(
        columns=tuple(names[number] for number in row[5]),
        name=row[1],
        include=include(key, names),
        nulls_distinct=not (key[9] and key[9][1]),
        deferrable=row[8],
        options=(*_overlaps(row), *storage(key)),
        comment=facts.constraint_comments.get(row[3]),
    )


def _foreign_key(facts: Facts, row: tuple[Any, ...], names: dict[int, str]) -> ForeignKey:
    _, name, _, oid, _, numbers, _, words, deferrable, valid, _, foreign = row
    schema, target, match, on_delete, on_update, *rest = foreign
    width = len(numbers)
    enforced = words is None or "NOT ENFORCED" not in words
    return ForeignKey(
        tuple([names[number] for number in numbers]),
        target,
        tuple(rest[:width]),
        _ACTIONS[on_delete] + (_set_columns(names[int(one)] for one in rest[width:]) if len(rest) > width else ""),
        _ACTIONS[on_update],
        deferrable,
        name,
        "PERIOD" if words and "PERIOD" in words else "FULL" if match == "f" else None,
        validated=valid or not enforced,
        enforced=enforced,
        ref_schema=schema,
        comment=facts.constraint_comments.get(oid),
    )


def _own_checks(facts: Facts, oid: int, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Without those that are inherited too, where a table can't be made as a child (see :func:`came_late`)."""
    merged = any("INHERITED" in (row[7] or ()) for row in rows) and came_late(facts.columns[oid])
    return [row for row in rows if not (merged and "INHERITED" in (row[7] or ()))]


def _check(facts: Facts, row: tuple[Any, ...]) -> Check:
    _, name, _, oid, _, _, text, words, _, valid, inherited, _ = row
    enforced = "NOT ENFORCED" not in (words or ())
    return Check(
        bare(text) or "",
        name,
        validated=valid or not enforced,
        enforced=enforced,
        inherited=inherited,
        comment=facts.constraint_comments.get(oid),
    )
