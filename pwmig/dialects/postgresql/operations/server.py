"""A PostgreSQL database as operations work on it (https://www.postgresql.org/docs/current/sql-altertable.html)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

import peewee
from peewee import Value

from pwmig.dialects.postgresql.operations.naming import PostgresqlNames
from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.needs import Need
from pwmig.dialects.server.operations.server import Place
from pwmig.dialects.server.operations.waiting import DEFAULT, NO_DEFAULT, OPTIONAL, REQUIRED

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.server.operations.waiting import Explain, WaitingTable
    from pwmig.dialects.server.operations.work import NewColumn, Work
    from pwmig.schema import Column, Index

__all__ = ["PostgresqlServer"]

_IS_VALID = f"""
SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = {MARK} AND c.relname = {MARK}"""

_INDEXES = """
SELECT CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || t.relname, c.relname
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"""

_IS_PARTITIONED = f"SELECT 1 FROM pg_class WHERE relkind = 'p' AND oid = {MARK}"


class PostgresqlServer(PostgresqlNames):
    """Native statements, in the transaction that the migration has."""

    title = "PostgreSQL"
    has_cascade = True
    drops_keys = True
    has_lists = True
    marks_unchecked = True

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
        if column.name in work.table.primary_key:
            work.require_droppable(column, needs)  # A table without columns is one there.
        what = f"column {column.name!r} of {work.name!r} can't be dropped"
        work.require_no_needs(what, needs, column.name, self.says_of_cascade(cascade))
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
        self._require_whole(work)
        with self._outside(self._address(work, index.name), self._place()):
            self.send(_concurrently(statement))

    def dropped_before(self, work: Work, name: str) -> bool:
        apart = self.migrator.apart
        asides = apart.asides if apart is not None else None
        if asides is None or not asides.took(self._address(work, self.clipped(name))):
            return False
        with self.migrator.outside():
            pass  # As behind a drop: what comes then stands in a transaction that knows of no more.
        return True

    def _place(self, behind: int = 0) -> tuple[int, int | None]:
        """The place in the step of what is about to be sent, behind which so many statements will follow for it."""
        apart = self.migrator.apart
        sent, left = apart.place if apart is not None else (0, None)
        return sent, None if left is None else left + behind

    @contextmanager
    def _outside(self, index: str, place: tuple[int, int | None], statement: str = "") -> Iterator[None]:
        """While entered, there is no transaction, and an index may be dropped, or made by a statement: in a run that is
        noted. ``place`` is as that of a step."""
        apart = self.migrator.apart
        asides = apart.asides if apart is not None else None
        if apart is None or asides is None:
            with self.migrator.outside():
                yield
            return
        asides.find_home()
        with self.migrator.outside():
            asides.note(index, place, statement)
            try:
                yield
            except BaseException:
                with suppress(Exception):  # Where the connection is gone, the note stays.
                    asides.settle(index)
                raise

    def is_about_lock(self, error: Exception) -> bool:
        from pwmig.dialects.postgresql.operations.locks import is_about_lock

        return is_about_lock(error)

    def waiting_for(self, seconds: float) -> AbstractContextManager[None]:
        from pwmig.dialects.postgresql.operations.locks import waiting_for

        return waiting_for(self, seconds)

    def holders(self, tables: Sequence[str], operations: Sequence[Operation] = ()) -> list[str]:
        from pwmig.dialects.postgresql.operations.locks import holders
        from pwmig.dialects.postgresql.operations.migrator import is_concurrent

        waits = any(wanted.name == "add_index" and is_concurrent(wanted) for wanted in operations)
        return holders(self, tables, also_old=waits)

    def holders_for(self, sql: str) -> list[str]:
        """The same, of all that a statement names, be it a table or an index of one."""
        from pwmig.dialects.postgresql.operations.locks import holders
        from pwmig.dialects.server.operations.waiting import mentions

        sql = sql.replace("%%", "%")  # As Peewee sends a percent sign.
        tables = [name for name in self.all_names() if mentions(sql, name)]
        tables += [table for table, index in self.ask(_INDEXES) if mentions(sql, index)]
        return holders(self, dict.fromkeys(tables), also_old="CREATE" in sql and "INDEX CONCURRENTLY" in sql)

    def add_index_concurrently(self, work: Work, name: str, text: Callable[[str], str], explain: Explain) -> None:
        """Under a name made of its text, and renamed behind that: in a run in the step's last transaction, so that it
        is there if and only if the step took effect. Whoever was stopped finds what they made when they try again.

        What failed leaves an index that is not valid:
        https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
        """
        self._require_whole(work)
        apart, working = self.migrator.apart, _working_name(text(name))
        undo = f"DROP INDEX CONCURRENTLY IF EXISTS {self._beside(work, working)}"
        made = self.ask(_IS_VALID, [work.place.oid, working])
        address, statement = self._address(work, working), _concurrently(text(working))
        if made and made[0][0]:
            if apart is not None and apart.asides is not None:
                apart.asides.uses(address)
            with self.migrator.outside():
                pass  # As behind one that was made.
        else:
            with self._outside(address, self._place(behind=1), statement):
                if made:
                    self.send(undo)
                try:
                    self.send(statement)
                except peewee.DatabaseError as error:
                    with suppress(Exception):  # Held up by the same, it stays, and the next run drops it.
                        self.ask(undo)
                    if refusal := explain(error, True):
                        raise refusal from error
                    raise
        rename = f"ALTER INDEX {self._beside(work, working)} RENAME TO {self.quote(name)}"
        if apart is None:
            self.send(rename)
        else:
            apart.later(lambda: self.send(rename))

    def _require_whole(self, work: Work) -> None:
        """https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE"""
        if self.ask(_IS_PARTITIONED, [work.place.oid]):
            raise work.refused(
                f"an index of {work.name!r} can't be made or dropped concurrently",
                "PostgreSQL does that on no partitioned table",
                "make it concurrently on each partition, then here without concurrently=True, which takes those; or "
                "leave that out",
            )

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

    def _address(self, work: Work, name: str) -> str:
        """The same, wherever the search path leads."""
        return f"{self.quote(work.place.schema)}.{self.quote(name)}"

    def _beside(self, work: Work, name: str) -> str:
        """The name of an index, which is in its table's schema, as SQL."""
        return self.qualified(Place(work.place.schema, name, name))

    def drop_constraint(self, work: Work, kind: str, name: str) -> None:
        from pwmig.dialects.postgresql.operations.dependants import needs_of_constraint

        if kind in ("UNIQUE", "primary key"):
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
