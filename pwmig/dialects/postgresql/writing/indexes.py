"""Indexes as CREATE INDEX makes them (https://www.postgresql.org/docs/current/sql-createindex.html)."""

from __future__ import annotations

from collections.abc import Iterator

from pwmig.dialects.postgresql.quoting import Placed, literal, qualified, quote
from pwmig.dialects.postgresql.writing.words import names, settings
from pwmig.schema import Index, IndexPart

__all__ = ["attach_statement", "index_name", "index_part", "index_settings", "index_statement"]


def index_statement(on: Placed, index: Index, *, only: bool = False, concurrently: bool = False) -> str:
    """The index of a table or materialised view.

    ``only`` leaves the partitions without it (ON ONLY), ``concurrently`` lets others write meanwhile. Statistics,
    the comment and its place below another index are left to :func:`index_settings` and :func:`attach_statement`.
    """
    unique = "UNIQUE " if index.unique else ""
    slowly = "CONCURRENTLY " if concurrently else ""
    place = f"ONLY {qualified(on)}" if only else qualified(on)
    method = f" USING {index.method}" if index.method else ""
    parts = ", ".join(map(index_part, index.parts))
    return f"CREATE {unique}INDEX {slowly}{quote(index.name)} ON {place}{method} ({parts})" + "".join(
        f" {word}" for word in _behind(index)
    )


def _behind(index: Index) -> Iterator[str]:
    if index.include:
        yield f"INCLUDE ({names(index.include)})"
    if not index.nulls_distinct:
        yield "NULLS NOT DISTINCT"
    if text := settings(index.options):
        yield f"WITH ({text})"
    yield from (word for word in index.options if word.startswith("TABLESPACE "))
    if index.predicate is not None:
        yield f"WHERE ({index.predicate})"


def index_part(part: IndexPart) -> str:
    words = [quote(part.column) if part.column is not None else f"({part.expression})"]
    if part.collation is not None:
        words.append(f"COLLATE {part.collation}")
    if part.operator_class is not None:
        words.append(part.operator_class)
    if part.descending:
        words.append("DESC")
    if part.nulls_first is not None:
        words.append("NULLS FIRST" if part.nulls_first else "NULLS LAST")
    return " ".join(words)


def index_name(on: Placed, name: str) -> str:
    """An index's name as SQL finds it: an index stands in the schema of its table."""
    return quote(name) if on.schema is None else f"{quote(on.schema)}.{quote(name)}"


def index_settings(on: Placed, index: Index) -> Iterator[str]:
    """The statements for what CREATE INDEX can't say, the comment left out.

    That an index is not valid can be written by a superuser only; for others it is valid.
    """
    name = index_name(on, index.name)
    yield from (f"ALTER INDEX {name} {word}" for word in index.options if word.startswith("ALTER COLUMN "))
    if not index.valid:
        update = f"UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = {literal(name)}::regclass;"
        quietly = f"BEGIN {update} EXCEPTION WHEN insufficient_privilege THEN NULL; END"
        yield f"DO {literal(quietly)}"


def attach_statement(on: Placed, index: Index) -> str | None:
    """The statement that makes a partition's index a part of the partitioned table's; None where it is none."""
    above = next((word for word in index.options if word.startswith("ATTACHED TO ")), None)
    if above is None:
        return None
    return f"ALTER INDEX {above.removeprefix('ATTACHED TO ')} ATTACH PARTITION {index_name(on, index.name)}"
