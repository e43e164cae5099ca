"""Columns and sequences as CREATE and ALTER write them.

See https://www.postgresql.org/docs/current/sql-createtable.html and sql-createsequence.html there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pwmig.dialects.postgresql.quoting import qualified, quote
from pwmig.dialects.postgresql.writing.words import is_setting, settings
from pwmig.schema import Column, Sequence

__all__ = ["column_definition", "column_settings", "sequence_options", "sequence_statement"]

_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def column_definition(column: Column, *, default: bool = True) -> str:
    """The column as CREATE TABLE and ADD COLUMN take it; ``default=False`` leaves a DEFAULT out.

    What no definition can say (storage, statistics, ...) is left to :func:`column_settings`.
    """
    if not default:
        column = replace(column, default=None)
    return " ".join(_words(column))


def _words(column: Column) -> Iterator[str]:
    yield f"{quote(column.name)} {column.type}"
    if column.collation is not None:
        yield f"COLLATE {column.collation}"
    if column.generated is not None:
        yield f"GENERATED ALWAYS AS ({column.generated}) {(column.generated_kind or 'stored').upper()}"
    elif column.identity is not None:
        options = _identity_options(column.sequence) if column.sequence is not None else ""
        yield f"GENERATED {column.identity} AS IDENTITY{options}"
    elif column.default is not None:
        yield f"DEFAULT {column.default}"
    if not column.nullable and "NOT NULL NOT VALID" not in column.options:
        yield _not_null(column)


def _not_null(column: Column) -> str:
    """NOT NULL, with its name where a person chose it (PostgreSQL 18)."""
    named = [word for word in column.options if word.startswith("CONSTRAINT ")]
    own = " NO INHERIT" if "NOT NULL NO INHERIT" in column.options else ""
    return (named[0] if named else "NOT NULL") + own


def column_settings(table: str, column: Column) -> Iterator[str]:
    """The statements for what a definition can't say; ``table`` is quoted."""
    alter = f"ALTER TABLE ONLY {table} ALTER COLUMN {quote(column.name)} SET"
    for word in column.options:
        if word.startswith(("STORAGE ", "COMPRESSION ", "STATISTICS ")):
            yield f"{alter} {word}"
        elif is_setting(word):
            yield f"{alter} ({settings([word])})"
    if "NOT NULL NOT VALID" in column.options:
        named = next((word for word in column.options if word.startswith("CONSTRAINT ")), "NOT NULL")
        own = " NO INHERIT" if "NOT NULL NO INHERIT" in column.options else ""
        yield f"ALTER TABLE {table} ADD {named} {quote(column.name)}{own} NOT VALID"


def _identity_options(sequence: Sequence) -> str:
    """The options of an identity column: its type is the column's, and whether it is logged the table's."""
    return " (" + " ".join([f"SEQUENCE NAME {qualified(sequence)}", *_options(sequence)]) + ")"


def sequence_statement(sequence: Sequence) -> str:
    """A sequence on its own, as a serial column has one too; OWNED BY is left to another statement."""
    unlogged = "UNLOGGED " if "UNLOGGED" in sequence.options else ""
    return f"CREATE {unlogged}SEQUENCE {qualified(sequence)}" + sequence_options(sequence)


def sequence_options(sequence: Sequence) -> str:
    """What differs from a sequence of type bigint that nobody said anything of; with a space in front, or empty."""
    kind = [] if sequence.type == "bigint" else [f"AS {sequence.type}"]
    return "".join(f" {word}" for word in (*kind, *_options(sequence)))


def _options(sequence: Sequence) -> Iterator[str]:
    rising = sequence.increment > 0
    limit = _RANGES.get(sequence.type, 2**63)
    lowest, highest = (1, limit - 1) if rising else (-limit, -1)
    if sequence.increment != 1:
        yield f"INCREMENT BY {sequence.increment}"
    if sequence.minimum != lowest:
        yield f"MINVALUE {sequence.minimum}"
    if sequence.maximum != highest:
        yield f"MAXVALUE {sequence.maximum}"
    if sequence.start != (sequence.minimum if rising else sequence.maximum):
        yield f"START WITH {sequence.start}"
    if sequence.cache != 1:
        yield f"CACHE {sequence.cache}"
    if sequence.cycle:
        yield "CYCLE"
