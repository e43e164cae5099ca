"""Names, values and definitions as people read them, on one line each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from pwmig.diff.parting import parted
from pwmig.schema import (
    Check,
    Column,
    Exclusion,
    Extension,
    ForeignKey,
    Index,
    IndexPart,
    Namespace,
    Policy,
    Routine,
    Rule,
    Type,
    Unique,
)

__all__ = [
    "check_text",
    "column_text",
    "foreign_key_text",
    "index_text",
    "literal",
    "names_text",
    "part_text",
    "shown",
    "shown_beside",
    "shown_name",
    "thing_text",
    "unique_text",
]


def shown_name(name: str) -> str:
    """A name as it reads best: quoted only where it is more than letters, digits, underscores and inner dots."""
    plain = all(part.isidentifier() for part in name.split("."))
    return name if plain else '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in quotes, so that its ends are seen."""
    return "'" + text.replace("'", "''") + "'"


_WIDEST = 100


def shown(value: Any) -> str:
    """A fact's value on one line."""
    if value is None or value == "" or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(one) for one in value) + ")"
    if isinstance(value, IndexPart):
        return part_text(value)
    if dataclasses.is_dataclass(value):
        return _record_text(value)
    text = " ".join(str(value).split())
    return parted(text, text, _WIDEST)


def shown_beside(value: Any, other: Any) -> str:
    """A fact's value on one line, beside one that differs: so much of it that the difference is seen."""
    if shown(value) != shown(other):
        return shown(value)
    one, two = _leaves(value, other)
    if not isinstance(one, str) or not isinstance(two, str):
        return shown(value)
    folded = " ".join(one.split()), " ".join(two.split())
    return parted(*(folded if folded[0] != folded[1] else (one, two)), _WIDEST)


def _leaves(value: Any, other: Any) -> tuple[Any, Any]:
    """The first two values that differ inside of two that differ."""
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, tuple) and isinstance(other, tuple):
        inner = zip(value, other)
    elif dataclasses.is_dataclass(value) and type(value) is type(other):
        names = (field.name for field in dataclasses.fields(value))
        inner = ((getattr(value, name), getattr(other, name)) for name in names)
    differing = next((pair for pair in inner if pair[0] != pair[1]), None)
    return (value, other) if differing is None else _leaves(*differing)


def _record_text(record: Any) -> str:
    """A record inside another one: its name, and what of it is not as usual."""
    if isinstance(record, Check):
        return check_text(record)
    said = ("name", "type", "nullable") if isinstance(record, Column) else ("name",)
    head = f"{shown_name(record.name)} {record.type}" if isinstance(record, Column) else shown_name(record.name)
    others = _others(record, (*said, "schema", "sql"))
    return head + (f" ({', '.join(others)})" if others else "")


def _others(record: Any, said: Iterable[str]) -> list[str]:
    """The facts of a record that are neither said already nor as usual."""
    return [
        f"{field.name.replace('_', ' ')} {shown(getattr(record, field.name))}"
        for field in dataclasses.fields(record)
        if field.name not in said and getattr(record, field.name) != field.default
    ]


def _with_others(text: str, record: Any, said: Iterable[str]) -> str:
    return ", ".join([text, *_others(record, said)])


def column_text(column: Column) -> str:
    """A column's name and facts, much as CREATE TABLE has them."""
    words = [shown_name(column.name), column.type]
    words.append("" if column.nullable else "not null")
    words.append(f"default {shown(column.default)}" if column.default is not None else "")
    words.append(f"collate {column.collation}" if column.collation else "")
    words.append(f"as ({shown(column.generated)}) {column.generated_kind or ''}" if column.generated else "")
    words.append(f"generated {column.identity.lower()} as identity" if column.identity else "")
    words.append("autoincrement" if column.autoincrement else "")
    words.append(f"on update {shown(column.on_update)}" if column.on_update else "")
    words.append("invisible" if column.invisible else "")
    words.append(f"comment {literal(column.comment)}" if column.comment else "")
    return " ".join(word.strip() for word in words if word)


def part_text(part: IndexPart) -> str:
    text = shown_name(part.column) if part.column is not None else shown(part.expression)
    words = [text + (f"({part.length})" if part.length is not None else "")]
    words += [f"collate {part.collation}"] if part.collation else []
    words += [part.operator_class] if part.operator_class else []
    words += ["desc"] if part.descending else []
    words += [] if part.nulls_first is None else ["nulls first" if part.nulls_first else "nulls last"]
    return " ".join(words)


def index_text(table: str, index: Index) -> str:
    unique = "unique index" if index.unique else "index"
    method = f" using {index.method}" if index.method else ""
    include = f" include {names_text(index.include)}" if index.include else ""
    where = f" where {shown(index.predicate)}" if index.predicate else ""
    text = f"{unique} {shown_name(index.name)} on {shown_name(table)}{method} {shown(index.parts)}{include}{where}"
    return _with_others(text, index, ("name", "parts", "unique", "predicate", "method", "include"))


def unique_text(unique: Unique) -> str:
    columns = shown(unique.parts) if unique.parts else names_text(unique.columns)
    include = f" include {names_text(unique.include)}" if unique.include else ""
    late = f" {unique.deferrable.lower()}" if unique.deferrable else ""
    text = _named("unique", unique.name) + f" {columns}{include}{late}"
    return _with_others(text, unique, ("columns", "name", "parts", "include", "deferrable"))


def check_text(check: Check) -> str:
    text = _named("check", check.name) + f" ({shown(check.expression)})"
    return _with_others(text, check, ("expression", "name", "column"))


def foreign_key_text(key: ForeignKey) -> str:
    actions = [("on delete", key.on_delete), ("on update", key.on_update)]
    words = [f"match {key.match.lower()}"] if key.match else []
    words += [f"{when} {action.lower()}" for when, action in actions if action != "NO ACTION"]
    words += [key.deferrable.lower()] if key.deferrable else []
    target = f"{shown_name(key.ref_table)} {names_text(key.ref_columns)}"
    text = " ".join([_named("foreign key", key.name), names_text(key.columns), "->", target, *words])
    said = ("columns", "ref_table", "ref_columns", "ref_schema", "on_delete", "on_update", "deferrable", "name")
    return _with_others(text, key, (*said, "match"))


def thing_text(thing: Any, table: str, *, whole: bool) -> str:
    """What a thing of a schema or of a table is called, by its kind and name; ``whole``: and what it is."""
    if isinstance(thing, (Exclusion, Policy, Rule)):
        text = f"{type(thing).__name__.lower()} {shown_name(thing.name)} on {shown_name(table)}"
        return f"{text} {shown(thing.definition)}" if whole and isinstance(thing, Exclusion) else text
    if isinstance(thing, Routine):
        return f"{thing.kind.lower()} {shown_name(thing.name)}({' '.join(thing.arguments.split())})"
    if isinstance(thing, Namespace):
        return f"schema {shown_name(thing.name)}"
    text = f"{type(thing).__name__.lower()} {shown_name(thing.name)}"
    if not whole:
        return text
    if isinstance(thing, Type):
        return f"{text} {_type_text(thing)}".rstrip()
    return f"{text} {thing.version}".rstrip() if isinstance(thing, Extension) else text


def _type_text(thing: Type) -> str:
    what = {
        "enum": "(" + ", ".join(map(literal, thing.values)) + ")",
        "domain": thing.base or "",
        "composite": "(" + ", ".join(column_text(one) for one in thing.attributes) + ")",
    }
    return f"as {thing.kind} {what.get(thing.kind, shown(thing.definition))}"


def _named(kind: str, name: str | None) -> str:
    return f"{kind} {shown_name(name)}" if name else kind


def names_text(names: Iterable[str]) -> str:
    return "(" + ", ".join(shown_name(name) for name in names) + ")"
