"""Constraints as they stand in CREATE TABLE, and behind ALTER TABLE ... ADD.

See https://www.postgresql.org/docs/current/sql-createtable.html.
"""

from __future__ import annotations

from pwmig.dialects.postgresql.quoting import quote
from pwmig.dialects.postgresql.writing.words import names, settings
from pwmig.schema import Check, Exclusion, ForeignKey, Table, Unique

__all__ = ["check_clause", "exclusion_clause", "foreign_key_clause", "primary_key_clause", "unique_clause"]


def primary_key_clause(table: Table) -> str:
    """The primary key of a table that has one."""
    words = table.primary_key_options
    include = [word for word in words if word.startswith("INCLUDE ")]
    return (
        f"{_named(table.primary_key_name)}PRIMARY KEY ({names(table.primary_key)}{_overlaps(words)})"
        + "".join(f" {word}" for word in include)
        + _storage(words)
        + _behind(table.primary_key_deferrable)
    )


def unique_clause(unique: Unique) -> str:
    alike = "" if unique.nulls_distinct else " NULLS NOT DISTINCT"
    include = f" INCLUDE ({names(unique.include)})" if unique.include else ""
    return (
        f"{_named(unique.name)}UNIQUE{alike} ({names(unique.columns)}{_overlaps(unique.options)}){include}"
        + _storage(unique.options)
        + _behind(unique.deferrable)
    )


def foreign_key_clause(key: ForeignKey, *, validated: bool | None = None) -> str:
    """A foreign key; ``validated=False`` adds NOT VALID, so that the rows there are need not be read."""
    period = key.match == "PERIOD"
    words = [
        f"{_named(key.name)}FOREIGN KEY ({_columns(key.columns, period)})",
        f"REFERENCES {_target(key)} ({_columns(key.ref_columns, period)})",
    ]
    if key.match == "FULL":
        words.append("MATCH FULL")
    words += [
        f"ON {event} {action}"
        for event, action in (("UPDATE", key.on_update), ("DELETE", key.on_delete))
        if action != "NO ACTION"
    ]
    kept = key.validated if validated is None else validated
    return " ".join(words) + _behind(key.deferrable, enforced=key.enforced, validated=kept)


def check_clause(check: Check, *, validated: bool | None = None) -> str:
    """A check; ``validated=False`` adds NOT VALID, so that the rows there are need not be read."""
    own = "" if check.inherited else " NO INHERIT"
    kept = check.validated if validated is None else validated
    return f"{_named(check.name)}CHECK ({check.expression}){own}" + _behind(
        None, enforced=check.enforced, validated=kept
    )


def exclusion_clause(exclusion: Exclusion) -> str:
    return _named(exclusion.name) + exclusion.definition


def _target(key: ForeignKey) -> str:
    if key.ref_schema is None:
        return quote(key.ref_table)
    return f"{quote(key.ref_schema)}.{quote(key.ref_table[len(key.ref_schema) + 1 :])}"


def _columns(columns: tuple[str, ...], period: bool) -> str:
    return f"{names(columns[:-1])}, PERIOD {quote(columns[-1])}" if period else names(columns)


def _overlaps(words: tuple[str, ...]) -> str:
    return " WITHOUT OVERLAPS" if "WITHOUT OVERLAPS" in words else ""


def _storage(words: tuple[str, ...]) -> str:
    """How the index behind a constraint is stored."""
    with_ = f" WITH ({text})" if (text := settings(words)) else ""
    return with_ + "".join(f" USING INDEX {word}" for word in words if word.startswith("TABLESPACE "))


def _behind(deferrable: str | None, *, enforced: bool = True, validated: bool = True) -> str:
    words = [deferrable or "", "" if enforced else "NOT ENFORCED", "" if validated else "NOT VALID"]
    return "".join(f" {word}" for word in words if word)


def _named(name: str | None) -> str:
    return f"CONSTRAINT {quote(name)} " if name is not None else ""
