"""The definitions of a table's parts in SQL's order of words, for people: names are not quoted.

A fact that has no place of its own is said by its name and value, so that a new one is seen as soon as it is
observed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import Any

from pwmig.diff.words import literal
from pwmig.schema import (
    Check,
    Column,
    Exclusion,
    ForeignKey,
    Index,
    IndexPart,
    Policy,
    Rule,
    Sequence,
    Table,
    Trigger,
    Unique,
)

__all__ = [
    "check_text",
    "column_text",
    "exclusion_text",
    "foreign_key_text",
    "index_text",
    "made_text",
    "policy_text",
    "primary_key_text",
    "unique_text",
]


_USUAL_MAXIMUM = {"smallint": 2**15 - 1, "integer": 2**31 - 1}
"""Where a sequence of a type ends that is told no other end; bigint's is that of the record."""


def column_text(column: Column) -> str:
    """A column's definition: ``INTEGER NOT NULL DEFAULT 1``."""
    parts = [column.type or "(no type)"]
    if column.charset:
        parts.append(f"CHARACTER SET {column.charset}")
    if not column.nullable:
        parts.append("NOT NULL")
    if column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    if column.generated is not None:
        parts.append(f"GENERATED ALWAYS AS ({column.generated}) {(column.generated_kind or '').upper()}".rstrip())
    if column.identity:
        parts.append(f"GENERATED {column.identity} AS IDENTITY")
    if column.autoincrement:
        parts.append("AUTOINCREMENT")
    if column.on_update is not None:
        parts.append(f"ON UPDATE {column.on_update}")
    if column.invisible:
        parts.append("INVISIBLE")
    said = {"name", "type", "nullable", "default", "collation", "generated", "generated_kind", "autoincrement"}
    return " ".join([*parts, *_others(column, said | {"charset", "identity", "on_update", "invisible"})])


def index_text(index: Index) -> str:
    """``UNIQUE USING gist (name, born DESC) INCLUDE (team) WHERE born > 1900``."""
    words = ["UNIQUE"] if index.unique else []
    words += [f"USING {index.method}"] if index.method else []
    words.append(_parts_text(index.parts))
    words += [f"INCLUDE {_listed(index.include)}"] if index.include else []
    words += [] if index.nulls_distinct else ["NULLS NOT DISTINCT"]
    words += [f"WHERE {index.predicate}"] if index.predicate else []
    words += [word for word, holds in (("INVISIBLE", index.invisible), ("NOT VALID", not index.valid)) if holds]
    said = ("name", "parts", "unique", "method", "include", "nulls_distinct", "predicate", "invisible", "valid")
    return " ".join([*words, *_others(index, said)])


def unique_text(unique: Unique) -> str:
    words = [] if unique.nulls_distinct else ["NULLS NOT DISTINCT"]
    words.append(_parts_text(unique.parts) if unique.parts else _listed(unique.columns))
    words += [f"INCLUDE {_listed(unique.include)}"] if unique.include else []
    words += [unique.deferrable] if unique.deferrable else []
    return " ".join([*words, *_others(unique, ("name", "columns", "parts", "nulls_distinct", "include", "deferrable"))])


def primary_key_text(table: Table) -> str:
    parts = table.primary_key_parts
    words = [_parts_text(parts) if parts else _listed(table.primary_key)]
    words += [f"ON CONFLICT {table.primary_key_conflict}"] if table.primary_key_conflict else []
    words += [table.primary_key_deferrable] if table.primary_key_deferrable else []
    words += table.primary_key_options
    words += [f"COMMENT {literal(table.primary_key_comment)}"] if table.primary_key_comment else []
    return " ".join(words)


def foreign_key_text(key: ForeignKey) -> str:
    """``(country) REFERENCES country (id) ON DELETE CASCADE``."""
    words = [f"{_listed(key.columns)} REFERENCES {key.ref_table} {_listed(key.ref_columns)}"]
    words += [f"MATCH {key.match}"] if key.match else []
    words += [
        f"ON {event} {action}"
        for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        if action != "NO ACTION"
    ]
    words += [key.deferrable] if key.deferrable else []
    words += _unsure(key)
    said = ("name", "columns", "ref_table", "ref_columns", "ref_schema", "match", "on_delete", "on_update")
    return " ".join([*words, *_others(key, (*said, "deferrable", "validated", "enforced"))])


def check_text(check: Check) -> str:
    words = [check.expression, *([] if check.inherited else ["NO INHERIT"]), *_unsure(check)]
    said = ("name", "expression", "column", "inherited", "validated", "enforced")
    return " ".join([*words, *_others(check, said)])


def exclusion_text(exclusion: Exclusion) -> str:
    return " ".join([exclusion.definition, *_others(exclusion, ("name", "definition"))])


def made_text(thing: Trigger | Rule) -> str:
    """A trigger or a rule: the text that made it, and whether it fires."""
    return " ".join(
        [thing.sql, *([f"({thing.enabled})"] if thing.enabled else []), *_others(thing, ("name", "sql", "enabled"))]
    )


def policy_text(policy: Policy) -> str:
    """``FOR SELECT TO reader USING (owner = CURRENT_USER)``."""
    words = [] if policy.permissive else ["AS RESTRICTIVE"]
    words += [f"FOR {policy.command}"]
    words += [f"TO {', '.join(policy.roles)}"] if policy.roles else []
    words += [f"USING ({policy.using})"] if policy.using is not None else []
    words += [f"WITH CHECK ({policy.check})"] if policy.check is not None else []
    said = ("name", "permissive", "command", "roles", "using", "check")
    return " ".join([*words, *_others(policy, said)])


def _unsure(constraint: ForeignKey | Check) -> list[str]:
    """What of a constraint does not hold for all rows."""
    held = (("NOT VALID", constraint.validated), ("NOT ENFORCED", constraint.enforced))
    return [words for words, holds in held if not holds]


def _parts_text(parts: Iterable[IndexPart]) -> str:
    return _listed(_part_text(part) for part in parts)


def _part_text(part: IndexPart) -> str:
    text = part.column if part.column is not None else part.expression or ""
    words = [text + (f"({part.length})" if part.length is not None else "")]
    words += [f"COLLATE {part.collation}"] if part.collation else []
    words += [part.operator_class] if part.operator_class else []
    words += ["DESC"] if part.descending else []
    words += [] if part.nulls_first is None else ["NULLS FIRST" if part.nulls_first else "NULLS LAST"]
    return " ".join(words)


def _others(record: Any, said: Collection[str]) -> list[str]:
    """Facts that are said by their names: comments, options, grants, the sequence, and what is new."""
    return [
        _fact_text(field.name, value)
        for field in fields(record)
        if field.name not in said and (value := getattr(record, field.name)) != field.default
    ]


def _fact_text(name: str, value: Any) -> str:
    if name == "options":
        return " ".join(value)
    return f"{name.replace('_', ' ').upper()} {_value_text(name, value)}".rstrip()


def _value_text(name: str, value: Any) -> str:
    if name == "comment":
        return literal(value)
    if isinstance(value, Sequence):
        usual = ("maximum",) if value.maximum == _USUAL_MAXIMUM.get(value.type) else ()
        others = _others(value, ("name", "schema", "grants", *usual))
        return value.name + (f" ({', '.join(others)})" if others else "")
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _listed(names: Iterable[str]) -> str:
    return "(" + ", ".join(names) + ")"
