"""A PostgreSQL database as operations work on it (https://www.postgresql.org/docs/current/sql-altertable.html)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import peewee
from peewee import Value

from pwmig.dialects.postgresql.operations.naming import PostgresqlNames
from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.server import Need, Place
from pwmig.dialects.server.operations.waiting import DEFAULT, NO_DEFAULT, OPTIONAL, REQUIRED

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.waiting import Explain, WaitingTable
    from pwmig.dialects.server.operations.work import NewColumn, Work
    from pwmig.schema import Column, Index

__all__ = ["PostgresqlServer"]

_IS_VALID = f"""
SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = {MARK} AND c.relname = {MARK}"""


class PostgresqlServer(PostgresqlNames):
    """Native statements, in the transaction that the migration has."""

    title = "PostgreSQL"
    has_cascade = True

    def run_unique(self, sql: str) -> None:
        self.settle()
        with self.database.atomic():  # So that questions can be asked after an error.
            self.send(sql)

    def alter(self, table: WaitingTable) -> None:
        with self.database.atomic():  # So that questions can be asked after an error.
            super().alter(table)

    def has_kin(self, place: Place) -> bool:
        """Partitions, and tables that inherit or are inherited from."""
        sql = f"SELECT 1 FROM pg_inherits WHERE {MARK} IN (inhrelid, inhparent) LIMIT 1"
        return bool(self.ask(sql, [place.oid]))

    # -- columns

    def add_column(self, work: Work, column: NewColumn) -> None:
        name, default = self.quote(column.name), column.default or None
        filled = column.fill if column.fill is not None else default
        sql = f"ADD COLUMN {column.definition(filled)}"
        if column.key is not None:
            named = f" CONSTRAINT {self.quote(column.key.name)}" if column.key.is_named else ""
            sql += f"{named} REFERENCES {column.key.references}"
        then = [] if filled == default else [_set_default(name, default)]
        names, after = [column.name], []
        if column.index is not None:
            unique = "UNIQUE " if column.index.unique else ""
            using = f"USING {column.index.using} " if column.index.using else ""
            after.append(f"CREATE {unique}INDEX {self.quote(column.index.name)} ON {work.sql} {using}({name})")
            names.append(column.index.name)
        others = [column.key.table] if column.key is not None else []
        work.wait(sql, names=names, then=then, after=after, others=others)

    def drop_column(self, work: Work, column: Column, cascade: bool) -> None:
        from pwmig.dialects.postgresql.operations.dependants import needs_of_column

        if cascade:
            work.alter(f"DROP COLUMN {self.quote(column.name)} CASCADE")
            return
        needs = needs_of_column(work, column.name)
        work.require_no_needs(f"column {column.name!r} of {work.name!r} can't be dropped", needs, column.name)
        work.wait(
            f"DROP COLUMN {self.quote(column.name)}",
            names=(column.name, *work.things_of(column.name)),
            about=[column.generated or ""],
            others=work.referred(column.name),
        )

    def rename_column(self, work: Work, column: Column, new: str) -> None:
        """PostgreSQL renames by a statement of its own; it meets nothing that waits."""
        self.send(f"ALTER TABLE {work.sql} RENAME COLUMN {self.quote(column.name)} TO {self.quote(new)}")

    def set_null(self, work: Work, column: Column, nullable: bool, explain: Explain | None = None) -> None:
        change = f"ALTER COLUMN {self.quote(column.name)} {'DROP' if nullable else 'SET'} NOT NULL"
        fact, lets = OPTIONAL if nullable else REQUIRED, (DEFAULT, NO_DEFAULT)
        work.wait(change, names=(column.name,), explain=explain, light=True, fact=fact, lets=lets)

    def set_default(self, work: Work, column: Column, default: str | None) -> None:
        change, fact = _set_default(self.quote(column.name), default), NO_DEFAULT if default is None else DEFAULT
        work.wait(change, names=(column.name,), light=True, fact=fact, lets=(REQUIRED, OPTIONAL))

    def set_type(self, work: Work, column: Column, type_: str, collation: str | None, cast: str | None) -> None:
        from pwmig.dialects.postgresql.operations.types import set_type

        set_type(self, work, column, type_, collation, cast)

    def set_comment(self, work: Work, column: Column | None, comment: str | None) -> None:
        """https://www.postgresql.org/docs/current/sql-comment.html"""
        thing = f"TABLE {work.sql}" if column is None else f"COLUMN {work.sql}.{self.quote(column.name)}"
        self.run(f"COMMENT ON {thing} IS {self.text(Value(comment))}")

    # -- tables, indexes, constraints

    def needs_of_table(self, place: Place) -> list[Need]:
        from pwmig.dialects.postgresql.operations.dependants import needs_of_table

        return needs_of_table(self, place)

    def rename_table(self, place: Place, new: str) -> None:
        """The sequence of a single key is renamed too, as Peewee does, where it has the name that PostgreSQL gave it.

        Where the new name is taken, the sequence keeps its own: the default knows it whatever it is called.
        """
        self.run(f"ALTER TABLE {self.qualified(place)} RENAME TO {self.quote(new)}")
        for schema, sequence, key in self._sequences(place):
            made = self.clipped(f"{new}_{key}_seq")
            if sequence == self.clipped(f"{place.plain}_{key}_seq") and self.is_free(schema, made):
                self.run(f"ALTER SEQUENCE {self.quote(schema)}.{self.quote(sequence)} RENAME TO {self.quote(made)}")

    def _sequences(self, place: Place) -> list[tuple[str, str, str]]:
        """(schema, sequence, column) of the sequence that belongs to the only column of the primary key."""
        rows = self.ask(
            "SELECT n.nspname, s.relname, a.attname FROM pg_depend d "
            "JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace "
            "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid "
            "JOIN pg_index i ON i.indrelid = d.refobjid AND i.indisprimary AND i.indkey::text = a.attnum::text "
            "WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass "
            f"AND d.deptype IN ('a', 'i') AND d.refobjid = {MARK}",
            [place.oid],
        )
        return [(schema, sequence, column) for schema, sequence, column in rows]

    def add_index(
        self, work: Work, name: str, sql: str, plain: tuple[Sequence[str], bool] | None, explain: Explain
    ) -> None:
        """Behind the ALTER TABLE: then the index is made once, of the rows as they will be."""
        if " WHERE " in sql.upper():
            work.settle(*self.waiting.tables)  # Its condition may mean anything.
        work.wait(names=(name,), after=(sql,), explain=explain)

    def drop_index(self, work: Work, index: Index, concurrently: bool = False) -> None:
        """Before the ALTER TABLE, which then need not make it anew."""
        work.names_of(index)
        statement = f"DROP INDEX {self._beside(work, index.name)}"
        if not concurrently:
            self.send(statement)
            return
        with self.migrator.outside():
            self.send(_concurrently(statement))

    def is_about_lock(self, error: Exception) -> bool:
        from pwmig.dialects.postgresql.operations.locks import is_about_lock

        return is_about_lock(error)

    def add_index_concurrently(self, work: Work, name: str, text: Callable[[str], str], explain: Explain) -> None:
        """In a run under a name made of its text, and renamed in the step's last transaction. So it is there if and
        only if the step took effect, and a step that was stopped finds what it made when it is run again.

        What failed leaves an index that is not valid:
        https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
        """
        apart = self.migrator.apart
        working = name if apart is None else _working_name(text(name))
        undo = f"DROP INDEX CONCURRENTLY IF EXISTS {self._beside(work, working)}"
        made = self.ask(_IS_VALID, [work.place.oid, working]) if working != name else []
        with self.migrator.outside():
            if made and not made[0][0]:
                self.send(undo)
            if not made or not made[0][0]:
                try:
                    self.send(_concurrently(text(working)))
                except peewee.DatabaseError as error:
                    self.send(undo)
                    if refusal := explain(error, True):
                        raise refusal from error
                    raise
        if apart is not None:
            rename = f"ALTER INDEX {self._beside(work, working)} RENAME TO {self.quote(name)}"
            apart.later(lambda: self.send(rename))

    def not_valid(self, sql: str) -> str:
        return f"{sql} NOT VALID"

    def validate(self, work: Work, name: str, explain: Explain) -> None:
        """By a statement of its own, which lets others write the table."""
        work.settle(*self.waiting.tables)
        work.wait(f"VALIDATE CONSTRAINT {self.quote(name)}", names=(name,), explain=explain)

    def add_enum_value(self, work: Work, column: Column, value: str, before: str | None, after: str | None) -> None:
        from pwmig.dialects.postgresql.operations.enums import add_enum_value

        add_enum_value(self, work, column, value, before, after)

    def rename_index(self, work: Work, old: str, new: str) -> None:
        self.send(f"ALTER INDEX {self._beside(work, old)} RENAME TO {self.quote(new)}")

    def _beside(self, work: Work, name: str) -> str:
        """The name of an index, which is in its table's schema, as SQL."""
        return self.qualified(Place(work.place.schema, name, name))

    def drop_constraint(self, work: Work, kind: str, name: str) -> None:
        from pwmig.dialects.postgresql.operations.dependants import needs_of_constraint

        if kind == "UNIQUE":
            what = f"constraint {name!r} of {work.name!r} can't be dropped"
            work.require_no_needs(what, needs_of_constraint(work, name))
        work.wait(
            f"DROP CONSTRAINT {self.quote(name)}",
            names=(name,),
            about=work.columns_of(name),
            others=work.referred(name),
        )


def _set_default(column: str, default: str | None) -> str:
    return f"ALTER COLUMN {column} " + ("DROP DEFAULT" if default is None else f"SET DEFAULT {default}")


def _concurrently(statement: str) -> str:
    words, _, rest = statement.partition("INDEX ")
    return f"{words}INDEX CONCURRENTLY {rest}"


def _working_name(statement: str) -> str:
    return f"pwmig_{hashlib.sha256(statement.encode()).hexdigest()[:16]}"
