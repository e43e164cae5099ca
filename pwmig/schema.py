"""What a database holds, as frozen values.

A :class:`Schema` is observed by a dialect's introspection and never built by hand outside tests.
Collections are tuples, sorted by name (columns stay in the order of the table), so that equality
is the test of sameness. SQL texts (defaults, expressions, predicates) are kept as the database
gives them, without outer white space.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "OPERATORS",
    "Check",
    "Column",
    "Condition",
    "ForeignKey",
    "Index",
    "IndexPart",
    "Page",
    "Query",
    "Rows",
    "Schema",
    "Snapshot",
    "Table",
    "Trigger",
    "Unique",
    "View",
]


class _Record:
    """A record that is pickled by its fields in their order: a run brings thousands of them from a worker."""

    __slots__: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), tuple([getattr(self, name) for name in self.__slots__])


@dataclass(frozen=True, slots=True)
class Column(_Record):
    """One column. ``default``, ``generated`` are SQL texts; ``generated_kind`` is virtual or stored.

    A column of a primary key that can't hold NULL is not ``nullable``, whether or not NOT NULL was
    written. ``on_conflict`` is the conflict clause of NOT NULL (SQLite), None for ABORT.
    """

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    collation: str | None = None
    generated: str | None = None
    generated_kind: str | None = None
    autoincrement: bool = False
    on_conflict: str | None = None


@dataclass(frozen=True, slots=True)
class IndexPart(_Record):
    """One part of an index: a column's name, or an expression (``column`` is None then)."""

    column: str | None
    expression: str | None = None
    descending: bool = False
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class Index(_Record):
    """One index made by CREATE INDEX; ``predicate`` is the SQL text behind its WHERE."""

    name: str
    parts: tuple[IndexPart, ...]
    unique: bool = False
    predicate: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(part.column or part.expression or "" for part in self.parts)


@dataclass(frozen=True, slots=True)
class Unique(_Record):
    """One UNIQUE constraint of a table; ``name`` is None where the database keeps none.

    ``parts`` is empty unless a column has an order or a collation of its own in the constraint.
    """

    columns: tuple[str, ...]
    name: str | None = None
    on_conflict: str | None = None
    parts: tuple[IndexPart, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey(_Record):
    """One foreign key; ``ref_columns`` is never empty: an implicit reference names the primary key."""

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Check(_Record):
    """One CHECK constraint, of a column or a table; ``expression`` without its parentheses."""

    expression: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Trigger(_Record):
    """One trigger, with the whole text that made it."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class View(_Record):
    """One view, with the whole text that made it, and its INSTEAD OF triggers."""

    name: str
    sql: str
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True, slots=True)
class Table(_Record):
    """One table. ``primary_key`` holds column names in key order; ``options`` words as STRICT.

    ``primary_key_parts`` is empty unless a key column has an order or a collation of its own. A
    virtual table has the options ``VIRTUAL`` and the text behind USING.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    uniques: tuple[Unique, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    options: tuple[str, ...] = ()
    primary_key_name: str | None = None
    primary_key_conflict: str | None = None
    primary_key_parts: tuple[IndexPart, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name (letter case does not count), or None."""
        wanted = name.lower()
        return next((column for column in self.columns if column.name.lower() == wanted), None)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Schema(_Record):
    """All tables and views of a database, each sorted by name."""

    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()

    def table(self, name: str) -> Table | None:
        """The table of that name (letter case does not count), or None."""
        wanted = name.lower()
        return next((table for table in self.tables if table.name.lower() == wanted), None)

    @property
    def table_names(self) -> tuple[str, ...]:
        return tuple(table.name for table in self.tables)

    def only(self, names: Iterable[str]) -> Schema:
        """The schema reduced to the tables named, without views."""
        wanted = {name.lower() for name in names}
        return Schema(tables=tuple(table for table in self.tables if table.name.lower() in wanted))


@dataclass(frozen=True, slots=True)
class Rows(_Record):
    """Sample rows of one table, by key, and how many rows it holds.

    ``rows`` are tuples in the order of ``columns``; ``key`` names the columns that identify a row
    (``("rowid",)``-like hidden keys are put first among ``columns``; empty: rows can't be paired).
    ``count_exact`` is False where ``row_count`` is an estimate of a large table.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    row_count: int
    count_exact: bool = True

    def row_keys(self) -> tuple[tuple[Any, ...], ...]:
        """The key of each row, in order; empty tuples where the table has none."""
        places = [self.columns.index(name) for name in self.key]
        return tuple(tuple(row[place] for place in places) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Snapshot(_Record):
    """A schema and sample rows of some of its tables, taken at one moment."""

    schema: Schema
    rows: tuple[Rows, ...] = ()

    def table_rows(self, name: str) -> Rows | None:
        wanted = name.lower()
        return next((rows for rows in self.rows if rows.table.lower() == wanted), None)


OPERATORS = ("=", "<>", "<", "<=", ">", ">=", "contains", "begins with", "is NULL", "is not NULL")
"""What a condition can ask of a column; the last two take no value."""


@dataclass(frozen=True, slots=True)
class Condition(_Record):
    """One test of a column: ``operator`` is one of OPERATORS, ``value`` what a person wrote."""

    column: str
    operator: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Query(_Record):
    """A page of a table, as a person asks for it: all conditions hold; pages count from 1.

    Without ``order_by`` rows come in the order of their key.
    """

    where: tuple[Condition, ...] = ()
    order_by: str | None = None
    descending: bool = False
    page: int = 1
    size: int = 20


@dataclass(frozen=True, slots=True)
class Page(_Record):
    """A page of rows as the database filtered and sorted them.

    ``rows.row_count`` counts the whole table, ``matching`` the rows that meet the conditions (no
    less than that, where ``matching_exact`` is False); ``more`` says that a next page has rows.
    """

    query: Query
    rows: Rows
    matching: int
    matching_exact: bool = True
    more: bool = False
