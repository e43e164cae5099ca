"""What the rows of a table of MariaDB or MySQL say against another type of a column, or a constraint.

The server says of a value what a type makes of it where it is stored, so values are stored in temporary tables; they
are made in the moment in which the connection may write, which one for reading may not otherwise.
https://mariadb.com/kb/en/set-transaction/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.dialects.evidence import (
    MOST_EXAMPLES,
    MOST_LETTERS,
    Evidence,
    Example,
    Misfits,
    in_words,
    no_expression,
    require_expression,
    said,
    shown,
)
from pwmig.dialects.mysql.operations.casting import twin
from pwmig.dialects.mysql.operations.trying import PAIRS, bare, having
from pwmig.dialects.mysql.operations.types import differ, is_wider, retyped
from pwmig.dialects.mysql.quoting import qualified, quote
from pwmig.dialects.mysql.speech import SPEECH
from pwmig.dialects.server.asking import on
from pwmig.dialects.server.errors import driver_error, lost
from pwmig.dialects.server.operations.texts import literal
from pwmig.dialects.server.tokens import MYSQL
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.server.asking import Execute
    from pwmig.schema import Column, IndexPart, Table

__all__ = ["MySQLEvidence"]

_PROBE = "pwmig_value"
"""A temporary table for one value."""

_ROWS = "pwmig_rows"
"""A temporary table: all rows, with numbers in the order of their key."""


_CONSTRAINT = re.compile(r" `pwmig_[^`]*` failed for .*", re.DOTALL)
"""What is said of the check that a type brings along, as that of JSON."""


class MySQLEvidence(Evidence):
    checks_new_columns = False

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
        made = retyped(column, wanted)
        if column.generated is not None or (cast is None and is_wider(column, made)):
            return Misfits()
        change = _Change(on(database), table, column, made)
        why = change.unknown()
        if why is not None:
            return change.all_of_them(why)
        if cast is None:
            return change.as_they_are()
        operators = (one.text for one in MYSQL.tokens(cast) if one.kind == "operator")
        require_expression(table, column, cast, operators)
        value = f"({cast})"
        change.require_expression(cast, value)
        return change.made_by(value, not column.nullable if required is None else required)

    def _retyped(self, before: Column, after: Column) -> str | None:
        return quote(before.name) if before.collation == after.collation else None

    def _literal(self, database: peewee.Database, value: Any, column: Column) -> str | None:
        return literal(database, value)

    def _part(self, part: IndexPart) -> str:
        made = super()._part(part)
        return made if part.length is None else f"LEFT({made}, {part.length})"

    def _shown(self, column: Column | None, sql: str) -> str:
        return f"LEFT(CAST({sql} AS CHAR), {MOST_LETTERS + 1})" if column is None else _shown(column, sql)

    def _in_words(self, database: peewee.Database, column: Column | None, cell: Any) -> str:
        return in_words(column, shown(cell) if isinstance(cell, bytes) else cell)

    def _tried(self, database: peewee.Database, sql: str) -> list[tuple[Any, ...]]:
        try:
            return on(database)(sql)
        except Exception as error:  # An error of whichever driver is in use, as for collations that do not go together.
            if lost(driver_error(error)):
                raise
            return []

    def _ask(self, database: peewee.Database, sql: str) -> list[tuple[Any, ...]]:
        return on(database)(sql)

    def _rows(self, table: Table) -> str:
        return qualified(table)

    def _quote(self, name: str) -> str:
        return quote(name)


@contextmanager
def _writing(execute: Execute) -> Iterator[None]:
    """While entered, a connection for reading may make and drop temporary tables; to fill them it always may."""
    sql = "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_read_only', 'transaction_read_only')"
    only_reads = any(value == "ON" for _, value in execute(sql))
    if only_reads:
        execute("SET SESSION TRANSACTION READ WRITE")
    try:
        yield
    finally:
        if only_reads:
            execute("SET SESSION TRANSACTION READ ONLY")


@dataclass(frozen=True, slots=True)
class _Change:
    """Another type for a column, which is ``made`` then."""

    execute: Execute
    table: Table
    column: Column
    made: Column

    @property
    def name(self) -> str:
        return quote(self.column.name)

    @property
    def new(self) -> str:
        return bare(self.made)

    @property
    def keys(self) -> list[Column]:
        return [column for column in map(self.table.column, self.table.primary_key) if column is not None]

    @property
    def order(self) -> str:
        return ", ".join(quote(column.name) for column in self.keys) or f"BINARY {self.name}"

    @contextmanager
    def having(self, name: str, definition: str) -> Iterator[None]:
        """While entered, there is a temporary table."""
        table = having(self.execute, name, definition)
        with _writing(self.execute):
            table.__enter__()
        try:
            yield
        finally:
            with _writing(self.execute):
                table.__exit__(None, None, None)

    def failure(self, sql: str) -> str | None:
        """What the server says against a statement, None where it runs."""
        try:
            self.execute(sql)
        except Exception as error:  # An error of whichever driver is in use.
            cause = driver_error(error)
            if lost(cause):
                raise
            return _said(cause)
        return None

    def unknown(self) -> str | None:
        """What the server says against the type itself, None where it knows it."""
        with _writing(self.execute):
            return self.failure(f"CREATE OR REPLACE TEMPORARY TABLE {_PROBE} (b {self.new})")

    # -- as values are

    def as_they_are(self) -> Misfits:
        """The values that are others in the new type, or have no place in it."""
        keys = [f"k{place}" for place in range(len(self.keys))]
        made = [f"{name} {bare(column)}" for name, column in zip(keys, self.keys)]
        definition = f"({', '.join([*made, f'a {bare(self.column)}', f'b {self.new}'])})"
        read = ", ".join([*(quote(column.name) for column in self.keys), self.name, self.name])
        rows = f"INTO {PAIRS} SELECT {read} FROM {qualified(self.table)}"
        with self.having(PAIRS, definition):
            failed = self.failure(f"INSERT {rows}")
            if failed is not None:
                # Without an error, a value that has no place becomes another one; so that is found as such.
                self.execute(f"DELETE FROM {PAIRS}")
                never = self.failure(f"INSERT {rows} LIMIT 0")
                if never is not None or self.failure(f"INSERT IGNORE {rows}") is not None:
                    return self.all_of_them(never or failed)
            condition = differ(self.column.type, self.made.type)
            count = self.execute(f"SELECT count(*) FROM {PAIRS} WHERE {condition}")[0][0]
            if failed is None or (count and not self.lacks_rows()):
                return Misfits(count, tuple(self.pairs(condition, keys, failed is not None)) if count else ())
        return self.made_by(self.name, needed=False)  # What fails leaves no pair, as what is no JSON.

    def lacks_rows(self) -> bool:
        sql = f"SELECT (SELECT count(*) FROM {PAIRS}) < (SELECT count(*) FROM {qualified(self.table)})"
        return bool(self.execute(sql)[0][0])

    def pairs(self, condition: str, keys: list[str], failed: bool) -> Iterator[Example]:
        """The first pairs for which a condition holds; what the server says of each, where it says something."""
        cells = [SPEECH.cell(replace(column, name=name)) for name, column in zip(keys, self.keys)]
        values = [_shown(self.column, "a"), _shown(self.made, "b")]
        order = ", ".join(keys) or "BINARY a"
        where = f"FROM {PAIRS} WHERE {condition} ORDER BY {order} LIMIT"
        with self.having(_PROBE, f"(b {self.new})"):
            rows = self.execute(f"SELECT {', '.join([*(cell for cell, _ in cells), *values])} {where} {MOST_EXAMPLES}")
            for place, (*key, before, after) in enumerate(rows):
                why = self.failure(f"INSERT INTO {_PROBE} SELECT a {where} {place}, 1") if failed else None
                cut = None if why is not None else shown(after)
                yield Example(_read(cells, key), shown(before), cut, why or "")

    def all_of_them(self, why: str) -> Misfits:
        """The server has no way from the one type to the other, or says nothing of single values."""
        cells = [SPEECH.cell(column) for column in self.keys]
        condition = f"FROM {qualified(self.table)} WHERE {self.name} IS NOT NULL"
        count = self.execute(f"SELECT count(*) {condition}")[0][0]
        read = ", ".join([*(cell for cell, _ in cells), _shown(self.column, self.name)])
        rows = self.execute(f"SELECT {read} {condition} ORDER BY {self.order} LIMIT {MOST_EXAMPLES}")
        examples = (Example(_read(cells, key), shown(before), None, why) for *key, before in rows)
        return Misfits(count, tuple(examples), why)

    # -- as an expression makes them

    def require_expression(self, cast: str, value: str) -> None:
        """Refuse what no generated column can have, as the operation makes one of it."""
        with self.having(PAIRS, twin(self.table)):
            new = self.new.removesuffix(" NULL")
            sql = f"ALTER TABLE {PAIRS} ADD COLUMN pwmig_new {new} GENERATED ALWAYS AS ({value}) STORED"
            with _writing(self.execute):
                why = self.failure(sql)
        if why is not None:
            raise no_expression(self.table, self.column, cast, f"the server says: {why}")

    def made_by(self, value: str, needed: bool) -> Misfits:
        """The rows for which the expression fails, or makes what the column does not take."""
        null = "b IS NULL AND is_there" if needed else "FALSE"
        with self.having(PAIRS, f"(n BIGINT, b {self.new}, is_there BOOLEAN)"):
            rows = f"SELECT 0, {value}, {self.name} IS NOT NULL FROM {qualified(self.table)}"
            fails = self.failure(f"INSERT INTO {PAIRS} {rows}") is not None
            if not fails and not self.execute(f"SELECT count(*) FROM {PAIRS} WHERE {null}")[0][0]:
                return Misfits()
            self.execute(f"DELETE FROM {PAIRS}")
            names = ", ".join(quote(column.name) for column in self.table.columns)
            numbered = f"SELECT {names} FROM {qualified(self.table)} ORDER BY {self.order}"
            with self.having(_ROWS, f"(pwmig_n BIGINT AUTO_INCREMENT PRIMARY KEY) IGNORE {numbered}"):
                failing = dict(self.failing(value))
                empty = self.execute(f"SELECT n FROM {PAIRS} WHERE {null}")
                failing.update((number, f"Column '{self.column.name}' cannot be null") for (number,) in empty)
                first = sorted(failing)[:MOST_EXAMPLES]
                return Misfits(len(failing), tuple(self.numbered(number, failing[number]) for number in first))

    def failing(self, value: str) -> Iterable[tuple[int, str]]:
        """The numbers of the rows for which the expression fails: by halves, as long as a half of them has one."""
        alias = quote(self.table.plain_name)
        sql = f"INSERT INTO {PAIRS} SELECT pwmig_n, {value}, {self.name} IS NOT NULL FROM {_ROWS} AS {alias}"
        parts = [self.execute(f"SELECT coalesce(min(pwmig_n), 1), coalesce(max(pwmig_n), 0) FROM {_ROWS}")[0]]
        while parts:
            low, high = parts.pop()
            why = self.failure(f"{sql} WHERE pwmig_n BETWEEN {low} AND {high}") if low <= high else None
            if why is not None and low == high:
                yield low, why
            elif why is not None:
                middle = (low + high) // 2
                parts += [(middle + 1, high), (low, middle)]

    def numbered(self, number: int, why: str) -> Example:
        cells = [SPEECH.cell(column) for column in self.keys]
        read = ", ".join([*(cell for cell, _ in cells), _shown(self.column, self.name)])
        *key, before = self.execute(f"SELECT {read} FROM {_ROWS} WHERE pwmig_n = {number}")[0]
        return Example(_read(cells, key), shown(before), None, why)


def _shown(column: Column, name: str) -> str:
    """The beginning of a value as a text, or as bytes."""
    kind = SPEECH.kind(column)
    if kind == "bytes":
        return f"LEFT({name}, {MOST_LETTERS})"
    return f"LEFT(CAST({name}{' + 0' if column.type.lower().startswith('bit') else ''} AS CHAR), {MOST_LETTERS + 1})"


def _read(cells: list[tuple[str, Any]], values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(make(value) if make else value for value, (_, make) in zip(values, cells))


def _said(error: BaseException) -> str:
    """The server's sentence, without the names of what it was tried on."""
    text = str(error.args[-1] if error.args else error)
    for words in (" in assignment of `", " for column `", " for column '", " at row "):
        text = text.rpartition(words)[0] or text
    return said(_CONSTRAINT.sub(" failed", text))
