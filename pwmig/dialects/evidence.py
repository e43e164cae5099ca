"""What the rows of a table say against a change, asked before anything is written.

How many there are, how many hold NULL in a column, and which values do not come out of another type, or of a
conversion: the answers are those of ``alter_column_type`` of the same database. And which rows a constraint would
refuse, one question a constraint. Nothing that stays is written.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.dialects.cells import MOST_LETTERS, shown
from pwmig.dialects.clashes import Clash, Coming, is_constant
from pwmig.errors import OperationRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

    from pwmig.schema import Column, IndexPart, Table

__all__ = [
    "MOST_EXAMPLES",
    "MOST_LETTERS",
    "Evidence",
    "Example",
    "Misfits",
    "in_words",
    "no_expression",
    "require_expression",
    "said",
    "shown",
]

MOST_EXAMPLES = 3
_MOST_WORDS = 300
"""Letters of an error of the database: it may hold the value that it is about."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row: its primary key, its value ``before`` and ``after`` as texts, cut where they are long.

    ``after`` is None where the value can't be converted at all, and ``reason`` the database's words then. ``key`` is
    empty where the table has no primary key.
    """

    key: tuple[Any, ...]
    before: str
    after: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Misfits:
    """Rows whose value does not come out of a conversion as it was, or at all: how many, and the first few by key.

    ``impossible`` are the database's words where it has no way from the one type to the other, whatever the values:
    then a conversion is needed where no row is there, too.
    """

    count: int = 0
    examples: tuple[Example, ...] = ()
    impossible: str = ""

    def __bool__(self) -> bool:
        """Whether the change would be refused, or change a value."""
        return bool(self.count or self.impossible)


class Evidence(ABC):
    """Questions about rows; ``database`` is what :meth:`Dialect.reading` gives, or the connection to a copy.

    Tables and columns are the records of what is there now. Instances hold no state.
    """

    checks_new_columns = True
    """Whether rows are looked at for the check that a column brings along when it comes."""

    def row_count(self, database: peewee.Database, table: Table, most: int | None = None) -> int:
        """How many rows a table holds; no more than ``most`` are counted."""
        source = self._rows(table)
        if most is not None:
            source = f"(SELECT 1 FROM {source} LIMIT {int(most)}) AS counted"
        return int(self._ask(database, f"SELECT count(*) FROM {source}")[0][0])

    def null_count(self, database: peewee.Database, table: Table, column: str) -> int:
        """How many rows hold NULL in a column."""
        sql = f"SELECT count(*) FROM {self._rows(table)} WHERE {self._quote(column)} IS NULL"
        return int(self._ask(database, sql)[0][0])

    def readers(self, database: peewee.Database, table: Table, column: str) -> tuple[str, ...]:
        """The views, by their names as SQL, that keep a column from going and from getting another type."""
        return ()

    @abstractmethod
    def misfits(
        self,
        database: peewee.Database,
        table: Table,
        column: Column,
        wanted: str,
        cast: str | None = None,
        *,
        required: bool | None = None,
        typed: bool = False,
    ) -> Misfits:
        """The rows that are against another type for a column, ``wanted``, as SQL has it.

        Without ``cast``, those whose value would be another one. With it, those for which the expression fails or
        gives what the type does not take; and, where the column is ``required`` afterwards (None: where it is now),
        those for which it makes NULL of a value. No row is read where every value of the one type has its place in
        the other. ``typed``: a value that the database would keep, though it is none of the type (SQLite), is against
        it too. Raises OperationRefused for a ``cast`` that is no expression on the table's columns.
        """

    # -- what a constraint would refuse

    def duplicates(
        self,
        database: peewee.Database,
        coming: Coming,
        parts: Sequence[IndexPart],
        where: str | None = None,
        *,
        nulls_distinct: bool = True,
    ) -> Clash:
        """The values that are in several of the rows for which ``where`` holds. Nothing where that can't be told."""
        named = [name for part in parts for name in _columns_of(coming, part)]
        source = self._source(database, coming, [*named, *coming.named_in(where or "")])
        if source is None:
            return Clash()
        keys = [self._part(part) for part in parts]
        names = [f"pwmig_{place}" for place in range(len(parts))]
        conditions = [f"{key} IS NOT NULL" for key in keys if nulls_distinct] + ([f"({where})"] if where else [])
        twice = (
            f"SELECT {', '.join(f'{key} AS {name}' for key, name in zip(keys, names))}, count(*) AS n "
            f"FROM {source}{_where(conditions)} GROUP BY {', '.join(keys)} HAVING count(*) > 1"
        )
        columns = [coming.after.column(part.column) if part.column is not None else None for part in parts]
        read = ", ".join(map(self._shown, columns, names))
        sql = f"SELECT {read}, n, count(*) OVER () FROM ({twice}) AS twice ORDER BY {', '.join(names)} LIMIT 1"
        return self._clash(database, sql, [(part.column or part.expression or "") for part in parts], columns)

    def orphans(
        self,
        database: peewee.Database,
        coming: Coming,
        columns: Sequence[str],
        parent: Coming | None,
        ref_columns: Sequence[str],
    ) -> Clash:
        """The rows that refer to none of the ``parent``, which is None for a table that has no rows yet.

        Nothing where that can't be told.
        """
        source = self._source(database, coming, columns, "c")
        others = "" if parent is None else self._source(database, parent, ref_columns, "p")
        if source is None or others is None:
            return Clash()
        own = [f"c.{self._quote(name)}" for name in columns]
        conditions = [f"{key} IS NOT NULL" for key in own]
        if others:
            same = " AND ".join(f"p.{self._quote(name)} = {key}" for name, key in zip(ref_columns, own))
            conditions.append(f"NOT EXISTS (SELECT 1 FROM {others} WHERE {same})")
        names = [f"pwmig_{place}" for place in range(len(own))]
        lost = (
            f"SELECT {', '.join(f'{key} AS {name}' for key, name in zip(own, names))}, count(*) AS n "
            f"FROM {source}{_where(conditions)} GROUP BY {', '.join(own)}"
        )
        held = [coming.after.column(name) for name in columns]
        read = ", ".join(map(self._shown, held, names))
        sql = f"SELECT {read}, n, sum(n) OVER () FROM ({lost}) AS lost ORDER BY {', '.join(names)} LIMIT 1"
        return self._clash(database, sql, columns, held)

    def violations(self, database: peewee.Database, coming: Coming, condition: str) -> Clash:
        """The rows for which the condition of a check does not hold. Nothing where that can't be told."""
        named = coming.named_in(condition)
        keys = [name for name in coming.after.primary_key if self._is_known(database, coming, name)]
        shown_columns = list(dict.fromkeys([*keys, *named]))
        source = self._source(database, coming, shown_columns)
        if source is None:
            return Clash()
        held = [coming.after.column(name) for name in shown_columns]
        names = list(map(self._quote, shown_columns))
        read = "".join(f"{self._shown(column, name)}, " for column, name in zip(held, names))
        order = f" ORDER BY {', '.join(map(self._quote, keys))}" if keys else ""
        sql = f"SELECT {read}1, count(*) OVER () FROM {source} WHERE NOT ({condition}\n){order} LIMIT 1"
        return self._clash(database, sql, shown_columns, held)

    def _clash(
        self, database: peewee.Database, sql: str, names: Sequence[str], columns: Sequence[Column | None]
    ) -> Clash:
        """The answer: the cells of an example, in how many rows it is, and how many there are of its kind."""
        found = self._tried(database, sql)
        if not found:
            return Clash()
        *cells, rows, count = found[0]
        example = zip(names, (self._in_words(database, *one) for one in zip(columns, cells)))
        return Clash(int(count), tuple(example), int(rows))

    def _source(
        self, database: peewee.Database, coming: Coming, columns: Iterable[str], alias: str | None = None
    ) -> str | None:
        """What stands behind FROM for these columns of rows as they come to be, under the name that the table has then.

        None where what is in one of them can't be told.
        """
        cells = {name: self._known(database, coming, name) for name in columns}
        read = [f"{sql} AS {self._quote(name)}" for name, sql in cells.items() if sql is not None]
        if len(read) < len(cells):
            return None
        filled = coming.before(coming.filled) if coming.filled is not None else None
        where = "" if filled is None else f" WHERE {self._quote(filled.name)} IS NULL"
        called = alias or self._quote(coming.after.plain_name)
        return f"(SELECT {', '.join(read) or '1'} FROM {self._rows(coming.table)}{where}) AS {called}"

    def _is_known(self, database: peewee.Database, coming: Coming, name: str) -> bool:
        return self._known(database, coming, name) is not None

    def _known(self, database: peewee.Database, coming: Coming, name: str) -> str | None:
        """What the rows come to hold in a column, as SQL; None where that can't be told."""
        column = coming.after.column(name)
        if column is None or column.name in coming.unknown:
            return None
        before, value = coming.before(column.name), coming.values.get(column.name)
        if column.generated is not None:
            return self._quote(before.name) if before is not None and before.generated is not None else None
        made = None if value is None else self._literal(database, value, column)
        if before is not None:
            there = self._retyped(before, column)
            return there if there is None or made is None else f"coalesce({there}, {made})"
        if made is not None or column.default is None:
            return made or (self._null(column) if column.nullable else None)
        return column.default if is_constant(column.default) else None

    def _part(self, part: IndexPart) -> str:
        """A part of an index as rows are told apart by it."""
        return self._quote(part.column) if part.column is not None else f"({part.expression})"

    def _null(self, column: Column) -> str:
        return "NULL"

    @abstractmethod
    def _retyped(self, before: Column, after: Column) -> str | None:
        """The value that a column has now, as the other type has it; None where that can't be told."""

    @abstractmethod
    def _literal(self, database: peewee.Database, value: Any, column: Column) -> str | None:
        """A value as a column holds it, None where that can't be told."""

    @abstractmethod
    def _shown(self, column: Column | None, sql: str) -> str:
        """The expression that reads a cell for :meth:`_in_words`; ``column`` is None for what is none."""

    @abstractmethod
    def _in_words(self, database: peewee.Database, column: Column | None, cell: Any) -> str: ...

    @abstractmethod
    def _tried(self, database: peewee.Database, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a question; none where the database can't answer it."""

    # -- what the databases say differently

    @abstractmethod
    def _ask(self, database: peewee.Database, sql: str) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _rows(self, table: Table) -> str:
        """What stands behind FROM for all rows that a change of the table changes."""

    @abstractmethod
    def _quote(self, name: str) -> str: ...


def _columns_of(coming: Coming, part: IndexPart) -> tuple[str, ...]:
    return (part.column,) if part.column is not None else coming.named_in(part.expression or "")


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TEXTUAL = re.compile("char|text|clob|enum", re.IGNORECASE)


def in_words(column: Column | None, text: str | None) -> str:
    """A cell that the database gave as a text: in quotes, unless it is a number of a column that holds no texts."""
    if text is None:
        return "NULL"
    is_number = column is not None and not _TEXTUAL.search(column.type) and _NUMBER.fullmatch(text)
    return shown(text) if is_number else repr(shown(text))


def said(error: object) -> str:
    """What a database says, on one line and cut where it is long."""
    text = " ".join(str(error).split())
    return text if len(text) <= _MOST_WORDS else text[: _MOST_WORDS - 1] + "…"


def require_expression(table: Table, column: Column, cast: str, operators: Iterable[str]) -> None:
    """Refuse what is more than one expression; ``operators`` are those in it, in their order."""
    depth = 0
    for operator in operators:
        depth += {"(": 1, ")": -1}.get(operator, 0)
        if depth < 0 or operator == ";":
            raise no_expression(table, column, cast, f"there is a {operator!r} in it that belongs to no expression")
    if depth or not cast.strip():
        raise no_expression(table, column, cast, "a parenthesis is not closed" if depth else "it is empty")


def no_expression(table: Table, column: Column, cast: str, why: str) -> OperationRefused:
    """The error for a conversion that the database can't read."""
    return OperationRefused(
        f"{shown(cast)!r} is no conversion of {table.name}.{column.name}",
        why=why,
        way_out=f"give one SQL expression that makes the new value of the row's columns; the column is {column.name!r}",
        table=table.name,
        column=column.name,
    )
