"""What the rows of a PostgreSQL table say against another type of a column, or a constraint.

The whole table is asked first. Only where that fails for a row, each row is asked by itself, in a DO block that
catches what the server says: it writes nothing, so that it runs in a transaction that only reads, and its answer comes
back by a setting that lasts as long as that. https://www.postgresql.org/docs/current/plpgsql-control-structures.html
"""

from __future__ import annotations

import json
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
from pwmig.dialects.postgresql.operations.types import assignable, differing, is_wider
from pwmig.dialects.postgresql.quoting import literal, qualified, quote
from pwmig.dialects.postgresql.speech import SPEECH
from pwmig.dialects.server.asking import on
from pwmig.dialects.server.errors import driver_error, lost
from pwmig.dialects.server.operations.texts import literal as server_literal
from pwmig.dialects.server.tokens import POSTGRESQL
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

    from pwmig.schema import Column, IndexPart, Table

__all__ = ["PostgresqlEvidence"]

_ANSWER = "pwmig.evidence"
"""A setting of the transaction, by which a DO block answers."""

_WORDS = 300

_EACH = """
#variable_conflict use_column
DECLARE
  pwmig_row record;
  pwmig_value {type};
  pwmig_after text;
  pwmig_is boolean;
  pwmig_why text;
  pwmig_count bigint := 0;
  pwmig_found jsonb := '[]';
BEGIN
  FOR pwmig_row IN SELECT {alias}.tableoid AS pwmig_of, {alias}.ctid AS pwmig_at FROM {rows} ORDER BY {order} LOOP
    pwmig_after := NULL; pwmig_why := '';
    BEGIN
      {steps}
    EXCEPTION WHEN OTHERS THEN
      pwmig_is := true;
      pwmig_why := CASE WHEN pwmig_after IS NULL THEN left(SQLERRM, {words}) ELSE '' END;
    END;
    IF pwmig_is THEN
      pwmig_count := pwmig_count + 1;
      IF pwmig_count <= {most} THEN
        pwmig_found := pwmig_found || jsonb_build_array(jsonb_build_array(
          pwmig_row.pwmig_of::bigint, pwmig_row.pwmig_at::text, pwmig_after, pwmig_why));
      END IF;
    END IF;
  END LOOP;
  PERFORM set_config({answer}, jsonb_build_array(pwmig_count, pwmig_found)::text, true);
END"""
"""``steps`` say of one row whether it ``is`` a misfit, and what its value is ``after``."""

_AS_IT_IS = """
      SELECT left(({there})::text, {cut}) INTO pwmig_after FROM {rows} WHERE {this};
      SELECT {condition} INTO pwmig_is FROM {rows} WHERE {this};"""

_MADE = """
      SELECT {there}, {name} IS NOT NULL INTO pwmig_value, pwmig_is FROM {rows} WHERE {this};
      pwmig_is := pwmig_is AND pwmig_value IS NULL AND {needed};
      IF pwmig_is THEN pwmig_why := 'it would be NULL, and the column is NOT NULL'; END IF;"""


_READERS = """
SELECT DISTINCT v.oid::regclass::text
FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = {table}::regclass AND a.attname = {column} ORDER BY 1
"""
"""https://www.postgresql.org/docs/current/catalog-pg-depend.html"""


class PostgresqlEvidence(Evidence):
    def readers(self, database: peewee.Database, table: Table, column: str) -> tuple[str, ...]:
        sql = _READERS.format(table=literal(qualified(table)), column=literal(column))
        return tuple(name for (name,) in self._ask(database, sql))

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
        change = _Change(database, table, column, wanted)
        if cast is None:
            return Misfits() if is_wider(column.type, wanted) else change.as_they_are()
        tokens = POSTGRESQL.tokens(cast)
        require_expression(table, column, cast, (one.text for one in tokens if one.kind == "operator"))
        if any(one.is_word("SELECT", "TABLE", "VALUES") for one in tokens):
            raise no_expression(table, column, cast, "PostgreSQL takes no query in USING")
        made = f"({cast})"
        bare = [one for one in tokens if one.text not in ("(", ")")]
        is_untyped = len(bare) == 1 and (bare[0].kind == "string" or bare[0].is_word("NULL"))
        change.require_expression(cast, made, is_untyped=is_untyped)
        return change.made_by(made, not column.nullable if required is None else required)

    def _retyped(self, before: Column, after: Column) -> str | None:
        made = quote(before.name)
        return made if before.type == after.type else f"{made}::{after.type}"

    def _literal(self, database: peewee.Database, value: Any, column: Column) -> str | None:
        return f"{server_literal(database, value)}::{column.type}"

    def _null(self, column: Column) -> str:
        return f"NULL::{column.type}"

    def _part(self, part: IndexPart) -> str:
        made = super()._part(part)
        return made if part.collation is None else f"{made} COLLATE {part.collation}"

    def _shown(self, column: Column | None, sql: str) -> str:
        return f"left(({sql})::text, {MOST_LETTERS + 1})"

    def _in_words(self, database: peewee.Database, column: Column | None, cell: Any) -> str:
        return in_words(column, cell)

    def _tried(self, database: peewee.Database, sql: str) -> list[tuple[Any, ...]]:
        try:
            with database.atomic():
                return on(database)(sql)
        except Exception as error:  # An error of whichever driver is in use, as for types that are not comparable.
            if lost(driver_error(error)):
                raise
            return []

    def _ask(self, database: peewee.Database, sql: str) -> list[tuple[Any, ...]]:
        return on(database)(sql)

    def _rows(self, table: Table) -> str:
        return qualified(table)

    def _quote(self, name: str) -> str:
        return quote(name)


@dataclass(frozen=True, slots=True)
class _Change:
    """Another type for a column. An expression may name the table, so its rows have its name in every question."""

    database: peewee.Database
    table: Table
    column: Column
    wanted: str

    @property
    def alias(self) -> str:
        return quote(self.table.plain_name)

    @property
    def rows(self) -> str:
        return f"{qualified(self.table)} AS {self.alias}"

    @property
    def name(self) -> str:
        return f"{self.alias}.{quote(self.column.name)}"

    @property
    def there(self) -> str:
        return f"{self.name}::{self.wanted}"

    @property
    def order(self) -> str:
        """By the key; where there is none, by the beginning of the value, then by the place."""
        keys = [f"{self.alias}.{quote(name)}" for name in self.table.primary_key]
        return ", ".join(keys or [f'{self.before} COLLATE "C"', f"{self.alias}.tableoid", f"{self.alias}.ctid"])

    @property
    def before(self) -> str:
        return f"left({self.name}::text, {MOST_LETTERS + 1})"

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return on(self.database)(sql)

    def failure(self, sql: str) -> str | None:
        """What the server says against a question, None where it answers it. It takes back nothing else."""
        try:
            with self.database.atomic():
                self.ask(sql)
        except Exception as error:  # An error of whichever driver is in use.
            if lost(driver_error(error)):
                raise
            return _said(error)
        return None

    # -- as values are

    def as_they_are(self) -> Misfits:
        """The values that are others in the new type, or have no place in it."""
        condition = differing(self.database, self.rows, self.name, self.column.type, self.wanted)
        if condition is None:
            return self.impossible()
        if self.is_cut() and "char" in self.wanted.lower():
            condition = f"({condition} OR {self.cut(self.name)})"
        try:
            with self.database.atomic():
                return self.changed(condition)
        except Exception as error:  # A value that the type does not take; or that this would be lost, as is said again.
            if lost(driver_error(error)):
                raise
        fill = {"there": self.there, "condition": condition, "cut": MOST_LETTERS + 1}
        return self.each(_AS_IT_IS, fill, "text")

    def changed(self, condition: str) -> Misfits:
        count = self.ask(f"SELECT count(*) FROM {self.rows} WHERE {condition}")[0][0]
        if not count:
            return Misfits()
        after = f"left(({self.there})::text, {MOST_LETTERS + 1})"
        rows = self.examples(condition, after)
        return Misfits(count, tuple(Example(key, shown(old), shown(new)) for key, old, new in rows))

    def impossible(self) -> Misfits:
        """The server has no way from the one type to the other: all values are against it."""
        why = self.failure(f"SELECT 1 FROM {self.rows} WHERE false AND {self.there} IS NULL") or ""
        condition = f"{self.name} IS NOT NULL"
        count = self.ask(f"SELECT count(*) FROM {self.rows} WHERE {condition}")[0][0]
        rows = self.examples(condition, "NULL") if count else []
        return Misfits(count, tuple(Example(key, shown(old), None, why) for key, old, _ in rows), why)

    # -- as an expression makes them

    def require_expression(self, cast: str, made: str, *, is_untyped: bool) -> None:
        """Refuse what USING would not take of any row. What stands in WHERE is no aggregate and gives no set.

        A literal without a type is read as one of the type that is wanted.
        https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-CONSTANTS
        """
        why = self.failure(f"SELECT 1 FROM {self.rows} WHERE false AND {made} IS NULL")
        why = why or self.failure(f"SELECT 1 FROM {self.rows} WHERE false AND {made}::{self.wanted} IS NULL")
        if why:
            raise no_expression(self.table, self.column, cast, f"PostgreSQL says: {why}")
        if not is_untyped and not assignable(self.database, made, self.wanted, self.rows):
            kind = self.ask(f"SELECT pg_typeof({made}) FROM {self.rows} LIMIT 1")
            said_kind = f"{kind[0][0]} " if kind else ""
            raise no_expression(
                self.table, self.column, cast, f"PostgreSQL makes no {self.wanted} of its {said_kind}by itself"
            )

    def made_by(self, made: str, needed: bool) -> Misfits:
        """The rows for which the expression fails, or makes what the column does not take."""
        there = f"{made}::{self.wanted}"
        cut = self.cut(made) if self.is_cut() else "false"
        null = f"{there} IS NULL AND {self.name} IS NOT NULL" if needed else f"{there} IS NULL AND false"
        test = f"SELECT count({there}), count(*) FILTER (WHERE {cut} OR ({null})) FROM {self.rows}"
        try:
            with self.database.atomic():
                if not self.ask(test)[0][1]:
                    return Misfits()
        except Exception as error:
            if lost(driver_error(error)):
                raise
        fill = {"there": made, "name": self.name, "needed": "true" if needed else "false"}
        return self.each(_MADE, fill, self.wanted)

    def is_cut(self) -> bool:
        """Whether the type has a length of letters or bits."""
        word = self.wanted.lower()
        return "(" in word and word.startswith(("character", "varchar", "char", "bit", "varbit", "bpchar", '"'))

    def cut(self, value: str) -> str:
        """The condition for a value that an explicit cast cuts: assigned, as it is then, it is an error."""
        return f"rtrim({value}::text) IS DISTINCT FROM rtrim({value}::{self.wanted}::text)"

    # -- rows

    def examples(self, condition: str, after: str) -> list[tuple[tuple[Any, ...], Any, Any]]:
        """Key, value before and value after of the first rows for which a condition holds."""
        keys = [column for column in map(self.table.column, self.table.primary_key) if column is not None]
        cells = [SPEECH.cell(column) for column in keys]
        read = ", ".join([*(cell for cell, _ in cells), self.before, after])
        sql = f"SELECT {read} FROM {self.rows} WHERE {condition} ORDER BY {self.order} LIMIT {MOST_EXAMPLES}"
        found = []
        for *values, old, new in self.ask(sql):
            key = tuple(make(value) if make else value for value, (_, make) in zip(values, cells))
            found.append((key, old, new))
        return found

    def each(self, steps: str, fill: dict[str, Any], kind: str) -> Misfits:
        """Ask row by row."""
        this = f"{self.alias}.ctid = pwmig_row.pwmig_at AND {self.alias}.tableoid = pwmig_row.pwmig_of"
        done = steps.format(rows=self.rows, this=this, **fill)
        body = _EACH.format(
            type=kind,
            alias=self.alias,
            rows=self.rows,
            order=self.order,
            steps=done,
            words=_WORDS,
            most=MOST_EXAMPLES,
            answer=literal(_ANSWER),
        )
        with self.database.atomic():
            self.ask(f"DO {literal(body)}")
            count, found = json.loads(self.ask(f"SELECT current_setting({literal(_ANSWER)})")[0][0])
            examples = [self.example(*one) for one in found]
        return Misfits(count, tuple(examples))

    def example(self, of: int, at: str, after: str | None, why: str) -> Example:
        condition = f"{self.alias}.tableoid = {of} AND {self.alias}.ctid = {literal(at)}"
        key, before, _ = self.examples(condition, "NULL")[0]
        return Example(key, shown(before), None if after is None else shown(after), said(why))


def _said(error: BaseException) -> str:
    """The server's sentence, without the place in a question that nobody has seen."""
    return said(str(driver_error(error)).split("\nLINE ")[0].split("\nHINT:")[0])
