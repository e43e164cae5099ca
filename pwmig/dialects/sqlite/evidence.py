"""What the rows of a SQLite table say against another type of a column, or a constraint.

A value becomes another where it is stored (:mod:`pwmig.dialects.sqlite.operations.values`), so those that may are
stored in a temporary table, beside what they were. Nothing else is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pwmig.dialects.cells import example_text
from pwmig.dialects.evidence import (
    MOST_EXAMPLES,
    Evidence,
    Example,
    Misfits,
    no_expression,
    require_expression,
    said,
    shown,
)
from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry, ask, column_of, errors, refusal_of
from pwmig.dialects.sqlite.operations.values import PAIRS, changing, differing
from pwmig.dialects.sqlite.seeing.cells import escaped_cell, escaped_cell_sql
from pwmig.dialects.sqlite.seeing.keys import key_of, rowid_of
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.kinds import affinity, holds_numbers, same_kind, shown_key
from pwmig.dialects.sqlite.texts.tokens import quote, quote_string, significant
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

    from pwmig.schema import Column, IndexPart, Table

__all__ = ["SqliteEvidence"]

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")

_KIND = (
    "typeof(new) || CASE WHEN typeof(new) = 'real' AND abs(new) >= 9223372036854775808.0 THEN ' too large' ELSE '' END"
)
_KEPT = {
    "real": "it has a fraction, and would keep it",
    "real too large": "it is too large for a whole number, and would stay as it is",
}
"""Why a number is none of a column of whole ones: https://www.sqlite.org/datatype3.html#storage_classes_and_datatypes"""

_DAY = "[0-9][0-9][0-9][0-9]-*"
_MOMENTS = {"DATE": _DAY, "DATETIME": _DAY, "TIMESTAMP": _DAY, "TIME": "*[0-9]:[0-9]*"}
"""How a text begins that SQLite reads as a value of these types, which it has no kind of its own for:
https://www.sqlite.org/lang_datefunc.html#time_values"""

_FAILED = "temp.pwmig_failed"
"""The rows for which an expression fails, with SQLite's words."""


class SqliteEvidence(Evidence):
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
        if column.generated is not None:
            return Misfits()
        change = _change(database, table, column, wanted)
        if cast is None:
            return change.as_they_are(typed=typed)
        require_expression(table, column, cast, (one.text for one in significant(cast) if one.kind == "operator"))
        made = f"({cast})"
        refusal = refusal_of(database, f"SELECT 1 FROM {change.rows} WHERE {made} IS NULL")
        if refusal is not None:
            raise no_expression(table, column, cast, f"SQLite says: {refusal}")
        return change.made_by(made, not column.nullable if required is None else required, typed=typed)

    def _retyped(self, before: Column, after: Column) -> str | None:
        """A value that is stored under another affinity may be another one, which only storing it would tell."""
        is_same = (affinity(before.type), before.collation) == (affinity(after.type), after.collation)
        return quote(before.name) if is_same else None

    def _literal(self, database: peewee.Database, value: Any, column: Column) -> str | None:
        if isinstance(value, str) and affinity(column.type) not in ("TEXT", "BLOB"):
            return value if _NUMBER.fullmatch(value) else quote_string(value)
        if isinstance(value, bytes):
            return f"x'{value.hex()}'"
        if isinstance(value, bool):
            return str(int(value))
        return quote_string(value) if isinstance(value, str) else repr(value)

    def _part(self, part: IndexPart) -> str:
        made = super()._part(part)
        return made if part.collation is None else f"{made} COLLATE {part.collation}"

    def _shown(self, column: Column | None, sql: str) -> str:
        return escaped_cell_sql(sql[1:-1].replace('""', '"') if sql.startswith('"') else sql)

    def _in_words(self, database: peewee.Database, column: Column | None, cell: Any) -> str:
        made = escaped_cell(cell, str(ask(database, "PRAGMA main.encoding")[0][0]))
        return example_text(made)

    def _tried(self, database: peewee.Database, sql: str) -> list[tuple[Any, ...]]:
        try:
            return ask(database, sql)
        except errors(database):  # As for a function that only the application has.
            return []

    def _ask(self, database: peewee.Database, sql: str) -> list[tuple[Any, ...]]:
        return ask(database, sql)

    def _rows(self, table: Table) -> str:
        return f"main.{quote(table.name)}"

    def _quote(self, name: str) -> str:
        return quote(name)


@contextmanager
def _temporary(database: peewee.Database) -> Iterator[None]:
    """While entered, temporary tables may be made, on a connection for reading too; they are gone afterwards.

    ``query_only`` is against these as well. https://www.sqlite.org/pragma.html#pragma_query_only
    """
    only_reads = bool(ask(database, "PRAGMA query_only")[0][0])
    ask(database, "PRAGMA query_only = OFF")
    try:
        yield
    finally:
        try:
            for name in (PAIRS, _FAILED):
                ask(database, f"DROP TABLE IF EXISTS {name}")
        finally:
            if only_reads:
                ask(database, "PRAGMA query_only = ON")


def _change(database: peewee.Database, table: Table, column: Column, wanted: str) -> _Change:
    """The change as ``alter_column_type`` sees it: by the table's text as it is, and as it would be."""
    sql = "SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE"
    there = Catalog(tuple(Entry(*row) for row in ask(database, sql, (table.name,)))).table(table.name)
    before = column_of(there, column.name)
    new = parse_create_table(edit.type_replaced(there, before, wanted))
    after, strict = column_of(new, column.name), "STRICT" in new.options
    stored = None
    if shown_key(new) is after:
        stored = "integer"
    elif strict and affinity(wanted) != "NUMERIC":  # ANY takes everything, as it is.
        stored = affinity(wanted).lower()
    same = same_kind(before, after, strict) or (strict and stored is None)
    return _Change(database, table, column.name, wanted, stored, shown_key(new) is after, strict, same)


@dataclass(frozen=True, slots=True)
class _Change:
    """Another type for a column. ``stored`` is the only kind of value that it takes, None where it takes all.

    ``numbers``: the column is the rowid then, which makes a number of NULL. ``same``: values stay as they are stored.
    """

    database: peewee.Database
    table: Table
    name: str
    wanted: str
    stored: str | None
    numbers: bool
    strict: bool
    same: bool

    @property
    def rows(self) -> str:
        return f"main.{quote(self.table.name)}"

    @property
    def order(self) -> list[str]:
        """The columns by which rows are shown, as SQL."""
        return [quote(name) for name in key_of(self.table)]

    @property
    def others(self) -> str:
        """The kinds of value that a column of numbers keeps as they are, and that are none of its type, as SQL."""
        if not holds_numbers(self.wanted):
            return ""
        return "'text', 'blob', 'real'" if affinity(self.wanted) == "INTEGER" else "'text', 'blob'"

    @property
    def moment(self) -> str:
        """How a text begins that is a value of a type for moments, as GLOB has it; empty for any other type."""
        return _MOMENTS.get(self.wanted.partition("(")[0].strip().upper(), "")

    def strange(self, value: str) -> str:
        """The condition for a value that the column would keep, though it is none of its type; empty where none is."""
        if self.moment:
            read = f"typeof({value}) = 'text' AND {value} GLOB '{self.moment}' AND julianday({value}) IS NOT NULL"
            return f"{value} IS NOT NULL AND NOT ({read})"
        return f"typeof({value}) IN ({self.others})" if self.others else ""

    def as_they_are(self, *, typed: bool) -> Misfits:
        """Of the values that may become others, those that do, or that the column does not take.

        ``typed``: nor those that the column would keep, though they are none of its type: a text in one of numbers, or
        in one of dates.
        """
        name = quote(self.name)
        if self.numbers:
            looked_at = f"typeof({name}) <> 'integer'"
        elif self.same:
            return Misfits()
        elif self.strict:
            looked_at = f"typeof({name}) NOT IN ('{self.stored}', 'null')"
        else:
            looked_at = changing(self.wanted, name)
        is_strange = typed and self.stored is None and self.strange("new") != ""
        if is_strange:
            looked_at = f"({looked_at}) OR {self.strange(name)}"
        if looked_at == "FALSE":
            return Misfits()
        with _temporary(self.database):
            self.pair(name, where=looked_at)
            unfit = self.unfit("FALSE")
            if is_strange:
                unfit = f"({unfit} OR {self.strange('new')})"
            return self.told(f"{differing(self.wanted)} OR {unfit}", unfit)

    def made_by(self, cast: str, needed: bool, *, typed: bool) -> Misfits:
        """The values for which an expression fails, or makes what the column does not take.

        ``typed``: nor what a column of numbers would keep, though it is none, or none of its kind. How a text says a
        moment is up to who wrote the expression, and to the formats of the field.
        """
        unfit = self.unfit("old IS NOT NULL" if needed else "FALSE")
        if typed and self.stored is None and (others := self.others):
            unfit = f"({unfit} OR typeof(new) IN ({others}))"
        rows = f"SELECT {quote(self.name)} AS old, {cast} AS new FROM {self.rows}"
        try:
            found = ask(self.database, f"SELECT total(typeof(new) <> '' AND ({unfit})) FROM ({rows})")[0][0]
        except errors(self.database) as error:
            return self.made_by_failing(cast, unfit, said(error))
        if not found:
            return Misfits()
        with _temporary(self.database):
            self.pair(cast, kept=unfit)
            return self.told(unfit, unfit)

    def made_by_failing(self, cast: str, unfit: str, error: str) -> Misfits:
        """The same where the expression fails for some rows."""
        rowid = rowid_of(self.table)
        place = [rowid] if rowid is not None else [quote(name) for name in self.table.primary_key]
        if not place:
            return Misfits(impossible=error)  # There is no way to tell rows apart.
        with _temporary(self.database):
            why = self.failing(cast, place)
            unfit = f"why IS NOT NULL OR {unfit}"
            self.pair(f"CASE WHEN {why} IS NULL THEN {cast} END", why, kept=unfit)
            return self.told(unfit, unfit)

    def failing(self, cast: str, place: list[str]) -> str:
        """Note the rows for which an expression fails; the SQL that finds SQLite's words about a row, or NULL."""
        names = [f"p{number}" for number in range(len(place))]
        made = f"{', '.join(names)}, why, PRIMARY KEY ({', '.join(names)})"
        ask(self.database, f"DROP TABLE IF EXISTS {_FAILED}")
        ask(self.database, f"CREATE TEMP TABLE {_FAILED.removeprefix('temp.')} ({made})")
        marks = ", ".join("?" * len(place))
        for row, error in self.failures(cast, place):
            ask(self.database, f"INSERT INTO {_FAILED} VALUES ({marks}, ?)", (*row, error))
        # The sign takes the column's type away, by which the table's own index could not be used.
        found = " AND ".join(f"{name} = +{self.rows}.{sql}" for name, sql in zip(names, place))
        return f"(SELECT why FROM {_FAILED} WHERE {found})"

    def failures(self, cast: str, place: list[str]) -> Iterator[tuple[tuple[Any, ...], str]]:
        """The place of each row for which an expression fails; behind it, the next rows are asked for anew."""
        names, plain = ", ".join(place), ", ".join(f"+{name}" for name in place)
        every = f"FROM {self.rows} ORDER BY {names}"
        later = f"FROM {self.rows} WHERE ({names}) > ({', '.join('?' * len(place))}) ORDER BY {names}"
        last: tuple[Any, ...] = ()
        while True:
            try:
                rows = f"SELECT {plain}, typeof({cast}) {later if last else every}"
                for row in self.database.connection().execute(rows, last):
                    last = tuple(row[:-1])
                return
            except errors(self.database):
                # It failed for the next row or, since sqlite3 reads a row ahead, for the one behind that.
                behind = f"{later if last else every} LIMIT 1"
                error = self.failure(f"SELECT typeof({cast}) {behind}", last)
                last = ask(self.database, f"SELECT {plain} {behind}", last)[0]
                if error is not None:
                    yield last, error

    def failure(self, sql: str, values: tuple[Any, ...]) -> str | None:
        """What SQLite says against a question, None where it answers it."""
        try:
            ask(self.database, sql, values)
        except errors(self.database) as error:
            return said(error)
        return None

    def unfit(self, null: str) -> str:
        """The condition for a value that the column does not take; ``null`` that for one which became NULL."""
        wrong = "FALSE" if self.stored is None else f"typeof(new) <> '{self.stored}'"
        return f"CASE typeof(new) WHEN 'null' THEN {'TRUE' if self.numbers else null} ELSE {wrong} END"

    def pair(self, new: str, why: str = "NULL", *, where: str = "TRUE", kept: str = "TRUE") -> None:
        """Store the values of some rows before and after, beside the rows' keys and why they have no other one.

        Of the rows ``where`` a condition on the table holds those that a condition on the pair lets stay.
        """
        keys = [f"k{place}" for place in range(len(self.order))]
        names = [*keys, "old", "new", "why"]
        made = ", ".join([*keys, "old", f"new {self.wanted}", "why"])
        read = zip([*self.order, quote(self.name), new, why], names)
        rows = f"SELECT {', '.join(f'{sql} AS {name}' for sql, name in read)} FROM {self.rows} WHERE {where}"
        ask(self.database, f"DROP TABLE IF EXISTS {PAIRS}")
        ask(self.database, f"CREATE TEMP TABLE {PAIRS.removeprefix('temp.')} ({made})")
        ask(self.database, f"INSERT INTO {PAIRS} ({', '.join(names)}) SELECT * FROM ({rows}) WHERE {kept}")

    def told(self, condition: str, unfit: str) -> Misfits:
        """The pairs for which a condition holds; for some of them, the column does not take the value at all."""
        count = ask(self.database, f"SELECT count(*) FROM {PAIRS} WHERE {condition}")[0][0]
        if not count:
            return Misfits()
        keys = [f"k{place}" for place in range(len(self.order))]
        read = ", ".join(map(escaped_cell_sql, [*keys, "old", "new"]))
        rows = ask(
            self.database,
            f"SELECT {read}, {unfit}, {_KIND}, why FROM {PAIRS} WHERE {condition} "
            f"ORDER BY {', '.join([*keys, 'old'])} LIMIT {MOST_EXAMPLES}",
        )
        encoding = str(ask(self.database, "PRAGMA main.encoding")[0][0])
        found = []
        for row in rows:
            *cells, before, after = (escaped_cell(value, encoding) for value in row[:-3])
            is_unfit, kind, why = row[-3:]
            key = tuple(cells) if self.table.primary_key else ()
            reason = why or self.reason(kind) if is_unfit else ""
            found.append(Example(key, shown(before), None if is_unfit else shown(after), reason))
        return Misfits(count, tuple(found))

    def reason(self, kind: str) -> str:
        """What SQLite says where the column does not take a kind of value, or does of NULL without a word."""
        if kind == "null":
            return "NULL would become a number" if self.numbers else "NOT NULL constraint failed"
        if self.numbers:
            return "datatype mismatch"
        if self.moment:
            return f"it is a {kind.partition(' ')[0]} that reads as none, and would stay one"
        if not self.strict:
            return _KEPT.get(kind, f"it is a {kind}, and would stay one")
        return f"cannot store {kind.partition(' ')[0].upper()} value in {self.wanted.upper()} column"
