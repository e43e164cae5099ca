"""Which tables a migration may have to do with. Pure: its texts and a schema in, names out.

The rows of the others are left alone by a check, so that its cost grows with what migrations do, and not with the
number of tables times that of migrations. In doubt a table is one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pwmig.schema import Schema, Table

__all__ = ["relevant_tables", "with_parents"]

_QUIET = frozenset({"NO ACTION", "RESTRICT"})


def relevant_tables(schema: Schema, texts: Iterable[str]) -> set[str]:
    """The tables that the texts name, and those that triggers and foreign keys of these may write to."""
    if schema.routines:
        return set(schema.table_names)  # What a routine does, its caller does not say.
    text = "\n".join(texts).lower()
    found: set[str] = set()
    fresh = {table.name for table in schema.tables if _named_in(text, table)}
    while fresh:
        found |= fresh
        fresh = {
            name for table in schema.tables if table.name in fresh for name in _written_with(schema, table)
        } - found
    return found


def _named_in(text: str, table: Table) -> bool:
    name = table.plain_name.lower()
    if not re.fullmatch(r"\w+", name):
        return True  # Who knows how it is written there.
    return name in text and re.search(rf"(?<!\w){name}(?!\w)", text) is not None


def _written_with(schema: Schema, table: Table) -> Iterator[str]:
    """What may be written to where rows of a table are: by its triggers and rules, by actions of foreign keys to it."""
    texts = [trigger.sql for trigger in table.triggers] + [rule.sql for rule in table.rules]
    text = "\n".join(texts).lower()
    for other in schema.tables:
        if (text and _named_in(text, other)) or any(
            schema.key(key.ref_table) == schema.key(table.name) and not {key.on_delete, key.on_update} <= _QUIET
            for key in other.foreign_keys
        ):
            yield other.name


def with_parents(schema: Schema, names: Iterable[str]) -> set[str]:
    """The tables named, and all that rows of them refer to, directly or not."""
    found: set[str] = set()
    fresh = set(names)
    while fresh:
        found |= fresh
        tables = [table for name in fresh if (table := schema.table(name))]
        targets = [schema.table(key.ref_table) for table in tables for key in table.foreign_keys]
        fresh = {target.name for target in targets if target is not None} - found
    return found
