"""What a database holds, as frozen values.

A :class:`Schema` is observed by a dialect's introspection and never built by hand outside tests.
Collections are tuples, sorted by name (columns stay in the order of the table), so that equality
is the test of sameness. SQL texts (defaults, expressions, predicates) are kept as the database
gives them, without outer white space. A fact that a database doesn't know keeps its default.

A thing outside the default schema (PostgreSQL: the first of the search path; MariaDB: the database
connected to) has ``schema``, and its ``name`` begins with it: ``audit.log``. So ``name`` alone says
everywhere which thing is meant, also in ``ForeignKey.ref_table`` and ``Table.partition_of``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from pwmig.records import Record, dataclass

__all__ = [
    "OPERATORS",
    "Check",
    "Column",
    "Condition",
    "Event",
    "Exclusion",
    "Extension",
    "ForeignKey",
    "Index",
    "IndexPart",
    "Namespace",
    "Page",
    "Policy",
    "Query",
    "Routine",
    "Rows",
    "Rule",
    "Schema",
    "Sequence",
    "Snapshot",
    "Table",
    "Trigger",
    "Type",
    "Unique",
    "View",
]


class _Placed(Record):
    """A record of a thing that stands in a schema."""

    __slots__ = ()

    name: str
    schema: str | None

    @property
    def plain_name(self) -> str:
        """The name within its schema, as SQL has it behind the dot."""
        return self.name if self.schema is None else self.name[len(self.schema) + 1 :]


@dataclass(frozen=True, slots=True)
class Sequence(_Placed):
    """A sequence: of a column (``Column.sequence``), or on its own. What it has counted to is data, and not here."""

    name: str
    type: str = "bigint"
    start: int = 1
    increment: int = 1
    minimum: int = 1
    maximum: int = 9223372036854775807
    cache: int = 1
    cycle: bool = False
    options: tuple[str, ...] = ()
    comment: str | None = None
    grants: tuple[str, ...] = ()
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Column(Record):
    """One column. ``default``, ``generated`` are SQL texts; ``generated_kind`` is virtual or stored.

    A column of a primary key that can't hold NULL is not ``nullable``, whether or not NOT NULL was
    written. ``type`` is the whole type as the database writes it: ``numeric(10,2)``, ``int(10) unsigned``,
    ``enum('a','b')``. ``on_conflict`` is the conflict clause of NOT NULL (SQLite), None for ABORT.
    ``identity`` is ALWAYS or BY DEFAULT, ``sequence`` what an identity or serial column counts by (PostgreSQL).
    ``on_update`` is the SQL text behind ON UPDATE (MariaDB). ``options`` are words as ``STORAGE EXTERNAL``,
    ``grants`` one a role, as ``SELECT TO reader``.
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
    charset: str | None = None
    on_update: str | None = None
    invisible: bool = False
    identity: str | None = None
    sequence: Sequence | None = None
    options: tuple[str, ...] = ()
    comment: str | None = None
    grants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexPart(Record):
    """One part of an index: a column's name, or an expression (``column`` is None then).

    ``length`` is that of a prefix, in letters or bytes (MariaDB). ``nulls_first`` is None where NULLs come where
    the order has them anyway.
    """

    column: str | None
    expression: str | None = None
    descending: bool = False
    collation: str | None = None
    operator_class: str | None = None
    length: int | None = None
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Index(Record):
    """One index made by CREATE INDEX; ``predicate`` is the SQL text behind its WHERE.

    ``method`` is None for the usual one (B-tree), else as ``gin`` or ``FULLTEXT``. ``invisible``: kept up, but not
    used (MariaDB: IGNORED). Not ``valid``: left by a CREATE INDEX CONCURRENTLY that failed.
    """

    name: str
    parts: tuple[IndexPart, ...]
    unique: bool = False
    predicate: str | None = None
    method: str | None = None
    include: tuple[str, ...] = ()
    nulls_distinct: bool = True
    invisible: bool = False
    valid: bool = True
    options: tuple[str, ...] = ()
    comment: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(part.column or part.expression or "" for part in self.parts)


@dataclass(frozen=True, slots=True)
class Unique(Record):
    """One UNIQUE constraint of a table; ``name`` is None where the database keeps none.

    ``parts`` is empty unless a column has an order or a collation of its own in the constraint.
    """

    columns: tuple[str, ...]
    name: str | None = None
    on_conflict: str | None = None
    parts: tuple[IndexPart, ...] = ()
    include: tuple[str, ...] = ()
    nulls_distinct: bool = True
    deferrable: str | None = None
    options: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey(Record):
    """One foreign key; ``ref_columns`` is never empty: an implicit reference names the primary key.

    ``ref_schema`` is the schema of the table referred to, None for the default one. Not ``validated``: NOT VALID.
    ``match`` is FULL, or None. An action is ``?`` where the account may not see it (MariaDB).
    """

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: str | None = None
    name: str | None = None
    match: str | None = None
    validated: bool = True
    enforced: bool = True
    ref_schema: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Check(Record):
    """One CHECK constraint, of a column or a table; ``expression`` without its parentheses.

    ``column`` is the column that it is a part of, where the database keeps it there (MariaDB).
    """

    expression: str
    name: str | None = None
    column: str | None = None
    validated: bool = True
    enforced: bool = True
    inherited: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Exclusion(Record):
    """One exclusion constraint (PostgreSQL); ``definition`` is the text behind its name."""

    name: str
    definition: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Trigger(Record):
    """One trigger, with the whole text that made it; ``enabled`` is empty, or DISABLED, REPLICA or ALWAYS."""

    name: str
    sql: str
    enabled: str = ""
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Rule(Record):
    """One rewrite rule of a table (PostgreSQL), with the whole text that made it; ``enabled`` as a trigger's."""

    name: str
    sql: str
    enabled: str = ""
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Policy(Record):
    """One policy of row security (PostgreSQL); ``using`` and ``check`` are SQL texts without their parentheses."""

    name: str
    command: str = "ALL"
    permissive: bool = True
    roles: tuple[str, ...] = ()
    using: str | None = None
    check: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class View(_Placed):
    """One view, with the whole text that made it, and its INSTEAD OF triggers."""

    name: str
    sql: str
    triggers: tuple[Trigger, ...] = ()
    materialized: bool = False
    indexes: tuple[Index, ...] = ()
    options: tuple[str, ...] = ()
    comment: str | None = None
    grants: tuple[str, ...] = ()
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Table(_Placed):
    """One table. ``primary_key`` holds column names in key order; ``options`` words as STRICT.

    ``primary_key_parts`` is empty unless a key column has an order or a collation of its own. A
    virtual table has the options ``VIRTUAL`` and the text behind USING. ``partitioning`` is the text behind
    PARTITION BY, ``partition_of`` the table that this one is a part of, ``partition_bound`` for which values.
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
    primary_key_deferrable: str | None = None
    primary_key_options: tuple[str, ...] = ()
    primary_key_comment: str | None = None
    exclusions: tuple[Exclusion, ...] = ()
    rules: tuple[Rule, ...] = ()
    policies: tuple[Policy, ...] = ()
    partitioning: str | None = None
    partition_of: str | None = None
    partition_bound: str | None = None
    inherits: tuple[str, ...] = ()
    comment: str | None = None
    grants: tuple[str, ...] = ()
    schema: str | None = None

    def column(self, name: str) -> Column | None:
        """The column of that name, or else the one that differs in letter case only, or None."""
        found: Column | None = _named(self.columns, name)
        return found

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Type(_Placed):
    """A type that the database was taught (PostgreSQL). ``kind`` is enum, domain, composite or range.

    An enum has ``values`` in their order; a domain ``base``, ``nullable``, ``default``, ``collation`` and ``checks``;
    a composite ``attributes``; a range ``definition``, the text behind AS RANGE.
    """

    name: str
    kind: str
    values: tuple[str, ...] = ()
    base: str | None = None
    nullable: bool = True
    default: str | None = None
    collation: str | None = None
    checks: tuple[Check, ...] = ()
    attributes: tuple[Column, ...] = ()
    definition: str | None = None
    comment: str | None = None
    grants: tuple[str, ...] = ()
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Routine(_Placed):
    """A function or procedure, with the whole text that made it; ``arguments`` tell those of one name apart."""

    name: str
    kind: str
    sql: str
    arguments: str = ""
    comment: str | None = None
    grants: tuple[str, ...] = ()
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Event(Record):
    """A scheduled event (MariaDB, MySQL), with the whole text that made it."""

    name: str
    sql: str
    enabled: str = ""
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Extension(Record):
    """An extension that is installed (PostgreSQL), the version of it, and the schema that holds it."""

    name: str
    version: str = ""
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Namespace(Record):
    """A schema besides the default one, as CREATE SCHEMA makes it."""

    name: str
    comment: str | None = None
    grants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema(Record):
    """All that a database holds, each kind sorted by name.

    ``exact_tables``, ``exact_columns``: whether two names that differ in letter case only are two names, for tables
    (and all else but columns) and for columns.
    """

    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    types: tuple[Type, ...] = ()
    routines: tuple[Routine, ...] = ()
    events: tuple[Event, ...] = ()
    extensions: tuple[Extension, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    exact_tables: bool = False
    exact_columns: bool = False

    def table(self, name: str) -> Table | None:
        """The table of that name, or None; where letter case doesn't count, the one that differs in it only, too."""
        place = bisect_left(self.tables, (name.lower(), name), key=_in_order)
        if place < len(self.tables) and self.tables[place].name == name:
            return self.tables[place]  # Of thousands; a table that was renamed in place may stand elsewhere.
        found: Table | None = _named(self.tables, name, exact=self.exact_tables)
        return found

    def key(self, name: str) -> str:
        """A table's name as what tells it from the others: in lower case where letter case does not count."""
        return name if self.exact_tables else name.lower()

    @property
    def table_names(self) -> tuple[str, ...]:
        return tuple(table.name for table in self.tables)

    def only(self, names: Iterable[str]) -> Schema:
        """The schema reduced to the tables named, without anything else."""
        wanted = {self.key(name) for name in names}
        found = tuple(table for table in self.tables if self.key(table.name) in wanted)
        return Schema(found, exact_tables=self.exact_tables, exact_columns=self.exact_columns)


def _in_order(table: Table) -> tuple[str, str]:
    return table.name.lower(), table.name


def _named(things: Iterable[Any], name: str, *, exact: bool = False) -> Any:
    """The thing of that name, else the first that differs in letter case only, unless it has to be ``exact``."""
    alike, lower = None, name.lower()
    for thing in things:
        if thing.name == name:
            return thing
        if alike is None and not exact and thing.name.lower() == lower:
            alike = thing
    return alike


@dataclass(frozen=True, slots=True)
class Rows(Record):
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
class Snapshot(Record):
    """A schema and sample rows of some of its tables, taken at one moment."""

    schema: Schema
    rows: tuple[Rows, ...] = ()

    def table_rows(self, name: str) -> Rows | None:
        key = self.schema.key
        return next((rows for rows in self.rows if key(rows.table) == key(name)), None)


OPERATORS = ("=", "<>", "<", "<=", ">", ">=", "contains", "begins with", "is NULL", "is not NULL")
"""What a condition can ask of a column; the last two take no value."""


@dataclass(frozen=True, slots=True)
class Condition(Record):
    """One test of a column: ``operator`` is one of OPERATORS, ``value`` what a person wrote."""

    column: str
    operator: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Query(Record):
    """A page of a table, as a person asks for it: all conditions hold; pages count from 1.

    Without ``order_by`` rows come in the order of their key.
    """

    where: tuple[Condition, ...] = ()
    order_by: str | None = None
    descending: bool = False
    page: int = 1
    size: int = 20


@dataclass(frozen=True, slots=True)
class Page(Record):
    """A page of rows as the database filtered and sorted them.

    ``rows.row_count`` counts the whole table, ``matching`` the rows that meet the conditions (no
    less than that, where ``matching_exact`` is False); ``more`` says that a next page has rows.
    """

    query: Query
    rows: Rows
    matching: int
    matching_exact: bool = True
    more: bool = False
