"""Tables: what CREATE TABLE says of them, and what is said afterwards.

See https://www.postgresql.org/docs/current/sql-createtable.html and sql-altertable.html there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from pwmig.dialects.postgresql.quoting import qualified, quote
from pwmig.dialects.postgresql.writing.columns import column_definition
from pwmig.dialects.postgresql.writing.constraints import (
    check_clause,
    exclusion_clause,
    primary_key_clause,
    unique_clause,
)
from pwmig.dialects.postgresql.writing.words import settings
from pwmig.schema import Column, Table

__all__ = ["Shape", "settled", "shape", "table_settings", "table_statement"]


class Shape:
    """How a table is made: which columns it declares, what it is made a child of at once, and what is left for later.

    ``later`` are the columns whose default calls a routine, which may need the table itself.
    """

    def __init__(self, table: Table, parents: Iterable[Table | None], later: Collection[str], alone: bool) -> None:
        self.table = table
        self.parents = tuple(parents)
        self.later = frozenset(later)
        self.inherited = _merged(self.parents)
        known = all(parent is not None for parent in self.parents)
        self.as_child = bool(table.inherits) and known and self._fits()
        self.with_checks = alone

    def _fits(self) -> bool:
        """Whether INHERITS puts the columns where they are: those of the parents in front, in their order."""
        names = self.table.column_names
        local = all("LOCAL" in column.options for column in self.table.columns if column.name in self.inherited)
        return not local and names[: len(self.inherited)] == tuple(self.inherited)

    def declared(self) -> Iterator[Column]:
        for column in self.table.columns:
            if not self.as_child or column.name not in self.inherited or "LOCAL" in column.options:
                yield self._declared(column)

    def _declared(self, column: Column) -> Column:
        # Since PostgreSQL 17, a partition counts by the sequence of the table that it is a part of.
        if self.table.partition_of is not None and column.sequence is None:
            return replace(column, identity=None)
        return column


def _merged(parents: Iterable[Table | None]) -> dict[str, Column]:
    """The columns that a child gets, in their order."""
    found: dict[str, Column] = {}
    for parent in parents:
        for column in parent.columns if parent is not None else ():
            found.setdefault(column.name, column)
    return found


def shape(table: Table, find: Callable[[str], Table | None], later: Collection[str] = (), alone: bool = True) -> Shape:
    """``find`` gives a table by its name; ``alone``: it has no parents and no children, so that its checks are its."""
    return Shape(table, map(find, table.inherits), later, alone)


def table_statement(made: Shape | Table) -> str:
    """The table with its columns, primary key, unique and exclusion constraints and checks, one a line.

    A :class:`Shape` leaves out what has to come later.
    """
    made = made if isinstance(made, Shape) else shape(made, lambda name: None)
    table = made.table
    lines = ",\n    ".join(_lines(made))
    unlogged = "UNLOGGED " if "UNLOGGED" in table.options else ""
    body = f"(\n    {lines}\n)" if lines else "()"
    return f"CREATE {unlogged}TABLE {qualified(table)} {body}" + "".join(f" {word}" for word in _behind(made))


def _lines(made: Shape) -> Iterator[str]:
    table = made.table
    for column in made.declared():
        yield column_definition(column, default=column.name not in made.later)
    if table.primary_key:
        yield primary_key_clause(table)
    yield from map(unique_clause, table.uniques)
    yield from map(exclusion_clause, table.exclusions)
    if made.with_checks:
        yield from (check_clause(check) for check in table.checks if check.validated)


def _behind(made: Shape) -> Iterator[str]:
    table = made.table
    if made.as_child:
        yield f"INHERITS ({', '.join(qualified(parent) for parent in made.parents if parent is not None)})"
    if table.partitioning is not None:
        yield f"PARTITION BY {table.partitioning}"
    yield from (word for word in table.options if word.startswith("USING "))
    if text := settings(table.options):
        yield f"WITH ({text})"
    yield from (word for word in table.options if word.startswith("TABLESPACE "))


def table_settings(table: Table) -> Iterator[str]:
    """The statements for the words that CREATE TABLE can't say."""
    alter = f"ALTER TABLE ONLY {qualified(table)}"
    for word in table.options:
        if word.startswith(("OF ", "REPLICA IDENTITY ", "CLUSTER ON ")):
            yield f"{alter} {word}"
        elif word in ("ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"):
            yield f"{alter} {'FORCE' if word.startswith('FORCE') else 'ENABLE'} ROW LEVEL SECURITY"
        elif word.startswith("CREATE STATISTICS "):
            yield word


def settled(made: Shape) -> Iterator[str]:
    """The statements that make inherited columns as this table has them."""
    if not made.as_child:
        return
    alter = f"ALTER TABLE ONLY {qualified(made.table)} ALTER COLUMN"
    for column in made.table.columns:
        above = made.inherited.get(column.name)
        if above is None or "LOCAL" in column.options:
            continue
        if column.default != above.default and column.default is not None and column.name not in made.later:
            yield f"{alter} {quote(column.name)} SET DEFAULT {column.default}"
        if column.default is None and above.default is not None:
            yield f"{alter} {quote(column.name)} DROP DEFAULT"
        if not column.nullable and above.nullable:
            yield f"{alter} {quote(column.name)} SET NOT NULL"
