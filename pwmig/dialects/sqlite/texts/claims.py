"""Whether one text of a table can take another's place with no row touched, and what the rows have to hold to then.

Pure: two :class:`TableDef` in. What differs beyond NOT NULL, defaults, checks, foreign keys and types of the same
affinity is kept in the rows or in an index, and needs the rows copied.
"""

from __future__ import annotations

from pwmig.dialects.sqlite.texts.kinds import is_generated, same_kind, shown_key
from pwmig.dialects.sqlite.texts.parts import ColumnDef, ConstraintDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold
from pwmig.records import dataclass

__all__ = ["Claims", "ForeignKey", "claims", "foreign_keys", "key_columns"]

_OF_TEXT = frozenset({"not null", "null", "default", "check", "references", "foreign key", "deferrable"})
"""Constraints that no row and no index is stored by."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key with its own columns, wherever it is written; ``text`` tells it from others."""

    text: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a new text says of rows that the old one did not: columns without NULL, checks, foreign keys.

    ``defaults`` are the columns whose default is another one: rows older than such a column read it from the text.
    """

    not_null: tuple[str, ...] = ()
    checks: tuple[ConstraintDef, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    defaults: tuple[str, ...] = ()


def claims(old: TableDef, new: TableDef) -> Claims | None:
    """What is claimed of the rows as they are stored; None where they have to be stored anew."""
    if not _stored_alike(old, new):
        return None
    pairs = list(zip(old.columns, new.columns))
    before = {(check.name, check.expression) for check in old.all("check")}
    there = {key.text for key in foreign_keys(old)}
    return Claims(
        tuple(made.name for was, made in pairs if made.all("not null") and not was.all("not null")),
        tuple(check for check in new.all("check") if (check.name, check.expression) not in before),
        tuple(key for key in foreign_keys(new) if key.text not in there),
        tuple(made.name for was, made in pairs if _default(was) != _default(made)),
    )


def _stored_alike(old: TableDef, new: TableDef) -> bool:
    if (old.name, old.options, old.column_names) != (new.name, new.options, new.column_names):
        return False
    key, new_key = shown_key(old), shown_key(new)
    if (key and key.name) != (new_key and new_key.name) or _lasting(old, old.constraints) != _lasting(
        new, new.constraints
    ):
        return False
    strict, keys = "STRICT" in old.options, key_columns(old)
    return all(
        _lasting(old, was.constraints) == _lasting(new, made.constraints)
        and same_kind(was, made, strict or is_generated(was))
        and not (fold(was.name) in keys and bool(was.all("not null")) != bool(made.all("not null")))
        for was, made in zip(old.columns, new.columns)
    )


def _lasting(table: TableDef, constraints: tuple[ConstraintDef, ...]) -> list[str]:
    return [table.sql[slice(*made.span)] for made in constraints if made.kind not in _OF_TEXT]


def key_columns(table: TableDef) -> frozenset[str]:
    """The columns of the primary key, folded."""
    inner = [column.name for column in table.columns if column.all("primary key")]
    outer = [name for made in table.constraints if made.kind == "primary key" for name in made.columns]
    return frozenset(map(fold, (*inner, *outer)))


def _default(column: ColumnDef) -> str | None:
    found = column.all("default")
    return found[-1].expression if found else None


def foreign_keys(table: TableDef) -> list[ForeignKey]:
    found = []
    for column in table.columns:
        for made in column.all("references"):
            found.append(_foreign_key(table, made, (column.name,), f"{column.name} "))
    for made in table.constraints:
        if made.kind == "foreign key":
            found.append(_foreign_key(table, made, made.columns, ""))
    return found


def _foreign_key(table: TableDef, made: ConstraintDef, columns: tuple[str, ...], head: str) -> ForeignKey:
    text = head + table.sql[slice(*made.span)]
    return ForeignKey(text, columns, made.ref_table or "", made.ref_columns)
