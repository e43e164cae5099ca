"""Names, values and definitions as people read them, on one line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Trigger, Unique

__all__ = [
    "check_text",
    "column_text",
    "foreign_key_text",
    "index_text",
    "names_text",
    "part_text",
    "shown",
    "shown_name",
    "unique_text",
]


def shown_name(name: str) -> str:
    """A name as it reads best: quoted only where it is more than letters, digits and underscores."""
    return name if name.isidentifier() else '"' + name.replace('"', '""') + '"'


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
    if isinstance(value, Trigger):
        return shown_name(value.name)
    text = " ".join(str(value).split())
    return text if len(text) <= 100 else text[:97] + "..."


def column_text(column: Column) -> str:
    """A column's name and facts, much as CREATE TABLE has them."""
    words = [shown_name(column.name), column.type]
    words.append("" if column.nullable else "not null")
    words.append(f"default {shown(column.default)}" if column.default is not None else "")
    words.append(f"collate {column.collation}" if column.collation else "")
    words.append(f"as ({shown(column.generated)}) {column.generated_kind or ''}" if column.generated else "")
    words.append("autoincrement" if column.autoincrement else "")
    return " ".join(word.strip() for word in words if word)


def part_text(part: IndexPart) -> str:
    text = shown_name(part.column) if part.column is not None else shown(part.expression)
    collation = f" collate {part.collation}" if part.collation else ""
    return text + collation + (" desc" if part.descending else "")


def index_text(table: str, index: Index) -> str:
    unique = "unique index" if index.unique else "index"
    where = f" where {shown(index.predicate)}" if index.predicate else ""
    return f"{unique} {shown_name(index.name)} on {shown_name(table)} {shown(index.parts)}{where}"


def unique_text(unique: Unique) -> str:
    return _named("unique", unique.name) + " " + (shown(unique.parts) if unique.parts else names_text(unique.columns))


def check_text(check: Check) -> str:
    return _named("check", check.name) + f" ({shown(check.expression)})"


def foreign_key_text(key: ForeignKey) -> str:
    actions = [("on delete", key.on_delete), ("on update", key.on_update)]
    words = [f"{when} {action.lower()}" for when, action in actions if action != "NO ACTION"]
    words += [key.deferrable.lower()] if key.deferrable else []
    target = f"{shown_name(key.ref_table)} {names_text(key.ref_columns)}"
    return " ".join([_named("foreign key", key.name), names_text(key.columns), "->", target, *words])


def _named(kind: str, name: str | None) -> str:
    return f"{kind} {shown_name(name)}" if name else kind


def names_text(names: Iterable[str]) -> str:
    return "(" + ", ".join(shown_name(name) for name in names) + ")"
