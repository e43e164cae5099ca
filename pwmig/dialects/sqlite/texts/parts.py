"""The parts of CREATE TABLE and CREATE INDEX texts, as :mod:`pwmig.dialects.sqlite.texts.ddl` reads them.

Spans are ``(start, end)`` in letters of the text that was read, so that an edit can change one part
and leave every other letter as it is.
"""

from __future__ import annotations

from pwmig.dialects.sqlite.texts.tokens import fold
from pwmig.records import dataclass

__all__ = ["ColumnDef", "ConstraintDef", "IndexDef", "PartDef", "Span", "TableDef"]

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PartDef:
    """One part of an index or a key: ``text`` without its order, ``name`` None for an expression.

    ``collation`` is None where the text names none (the column's own holds then).
    """

    text: str
    span: Span
    name: str | None
    collation: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ConstraintDef:
    """One constraint, of a column or a table.

    ``kind`` is ``primary key``, ``not null``, ``null``, ``unique``, ``check``, ``default``, ``collate``,
    ``references``, ``generated``, ``foreign key``, or ``deferrable`` (such a clause standing apart from
    its REFERENCES, which carries it too). ``expression`` is the text inside the parentheses of a
    check or a generated column, the text of a default (its parentheses included), or a collation's
    name. ``span`` begins at CONSTRAINT where the constraint has a name.
    """

    kind: str
    span: Span
    name: str | None = None
    expression: str | None = None
    expression_span: Span | None = None
    columns: tuple[str, ...] = ()
    parts: tuple[PartDef, ...] = ()
    ref_table: str | None = None
    ref_table_span: Span | None = None
    ref_columns: tuple[str, ...] = ()
    on_delete: str | None = None
    on_update: str | None = None
    on_conflict: str | None = None
    deferrable: str | None = None
    autoincrement: bool = False
    descending: bool = False
    stored: bool = False


@dataclass(frozen=True, slots=True)
class ColumnDef:
    """One column; ``type`` is the text as written, empty where there is none."""

    name: str
    name_span: Span
    type: str
    type_span: Span
    constraints: tuple[ConstraintDef, ...]
    span: Span

    def all(self, *kinds: str) -> tuple[ConstraintDef, ...]:
        """The column's constraints of these kinds."""
        return tuple(constraint for constraint in self.constraints if constraint.kind in kinds)


@dataclass(frozen=True, slots=True)
class TableDef:
    """One table; ``body_span`` is what stands between the outer parentheses, ``options`` in upper case."""

    sql: str
    name: str
    name_span: Span
    columns: tuple[ColumnDef, ...]
    constraints: tuple[ConstraintDef, ...]
    options: tuple[str, ...]
    body_span: Span

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ColumnDef | None:
        """The column of that name (letter case does not count), or None."""
        return next((column for column in self.columns if fold(column.name) == fold(name)), None)

    def all(self, *kinds: str) -> tuple[ConstraintDef, ...]:
        """The constraints of these kinds, of the columns first, then of the table."""
        every = [constraint for column in self.columns for constraint in column.constraints]
        return tuple(constraint for constraint in (*every, *self.constraints) if constraint.kind in kinds)


@dataclass(frozen=True, slots=True)
class IndexDef:
    """One index made by CREATE INDEX; ``predicate`` is the text behind WHERE, None where there is none."""

    name: str
    name_span: Span
    table: str
    table_span: Span
    unique: bool
    parts: tuple[PartDef, ...]
    predicate: str | None
