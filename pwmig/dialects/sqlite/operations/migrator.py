"""SQLite's migrator: Peewee's methods, carried out so that nothing else changes.

Each method only hands on; what does the work is imported when an operation runs, so that a
project's config can make a migrator at little cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import peewee
from playhouse import migrate as playhouse

from pwmig.dialects.migrator import Operation, operation
from pwmig.dialects.sqlite.operations.elsewhere import Elsewhere, refuse_options
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.backfilling import Filler, Wish
    from pwmig.dialects.sqlite.operations.catalog import Catalog
    from pwmig.dialects.sqlite.operations.drafts import Drafts
    from pwmig.dialects.sqlite.operations.guard import Guard
    from pwmig.dialects.sqlite.operations.readers import Readers

__all__ = ["SqliteMigrator"]

_UNSAID = frozenset({"sql", "alter_add_column", "apply_default", "_update_column", "run_python", "backfill"})
"""Operations that change what their text says, which no guard can foretell."""

_TO_ROWS = frozenset({"sql", "apply_default", "_update_column", "run_python", "backfill", "create_table", "add_index"})
"""Operations that leave what there is of tables as it is, or say nothing of it: no view and no trigger is for them."""

_WRITES = frozenset({"sql", "apply_default", "run_python", "backfill"})
"""Operations that write values of rows; others do where they are told to."""


def _writes(wanted: Operation) -> bool:
    if wanted.name == "alter_column_type":
        return wanted.args[3:4] not in ((), (None,))  # A cast.
    if wanted.name == "add_column":
        return isinstance(wanted.args[2], peewee.ForeignKeyField) and wanted.args[2].default is not None
    return wanted.name in _WRITES


class SqliteMigrator(Elsewhere, playhouse.SqliteMigrator):
    """Operations on one SQLite database; see :class:`pwmig.dialects.migrator.Migrator`."""

    _guard: Guard | None = None
    _drafts: Drafts | None = None
    _readers: Readers | None = None
    _asked: tuple[Operation, ...] = ()
    """The operations of the batch that have run, in their order."""
    _changing: tuple[str, ...] = ()
    """The tables that the batch's operations change."""
    _written: tuple[str | None, ...] = ()
    """The tables whose rows the batch has written values of, None for any."""

    # -- columns

    def new_uuid(self, *, binary: bool) -> str:
        if binary:
            return "randomblob(16)"
        # Of version 4, by https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4
        digits = "substr(hex(randomblob(2)), 2)"
        variant = "substr('89AB', 1 + (random() & 3), 1)"
        return f"lower(hex(randomblob(6)) || '4' || {digits} || {variant} || {digits} || hex(randomblob(6)))"

    @operation
    def add_column(self, table: str, column_name: str, field: peewee.Field, allow_not_null: bool = False) -> None:
        """Add a column. Rows there are get the field's Python default; the database keeps none."""
        from pwmig.dialects.sqlite.operations import adding

        adding.add_column(self, table, column_name, field, allow_not_null)

    @operation
    def drop_column(self, table: str, column_name: str, cascade: bool = True, legacy: bool = False) -> None:
        """Drop a column, its own constraints and the index of its own name; refused while anything else names it."""
        from pwmig.dialects.sqlite.operations import alter

        alter.drop_column(self, table, column_name)

    @operation
    def rename_column(self, table: str, old_name: str, new_name: str, legacy: bool = False) -> None:
        """Rename a column wherever it is named."""
        from pwmig.dialects.sqlite.operations import alter

        alter.rename_column(self, table, old_name, new_name)

    @operation
    def add_not_null(self, table: str, column: str, legacy: bool = False) -> None:
        """Let the column hold no NULL; refused, with their number, where rows hold one."""
        from pwmig.dialects.sqlite.operations import alter

        alter.add_not_null(self, table, column)

    @operation
    def drop_not_null(self, table: str, column: str, legacy: bool = False) -> None:
        """Let the column hold NULL."""
        from pwmig.dialects.sqlite.operations import alter

        alter.drop_not_null(self, table, column)

    @operation
    def add_column_default(self, table: str, column: str, default: Any) -> None:
        """Give the column a default of the database; rows there are keep their values."""
        from pwmig.dialects.sqlite.operations import alter

        alter.add_column_default(self, table, column, default)

    @operation
    def drop_column_default(self, table: str, column: str) -> None:
        """Take the default of the database away; rows there are keep their values."""
        from pwmig.dialects.sqlite.operations import alter

        alter.drop_column_default(self, table, column)

    @operation
    def alter_column_type(self, table: str, column: str, field: peewee.Field, cast: Any = None) -> None:
        """Change the type and nothing else of the column; ``cast`` is SQL that makes the new value of the old."""
        from pwmig.dialects.sqlite.operations import alter

        alter.alter_column_type(self, table, column, field, cast)

    @operation
    def set_comment(self, table: str, comment: str | None, column: str | None = None) -> None:
        """Refused: SQLite keeps no comment of a table or a column."""
        from pwmig.dialects.sqlite.operations import changing

        changing.set_comment(self, table, column)

    # -- tables and indexes

    @operation
    def redefine_table(self, table: str, sql: str) -> None:
        """Have a table come out with this text, a whole CREATE TABLE of its name with the columns that it has.

        For what no other operation says: its rows, indexes and triggers stay.
        """
        from pwmig.dialects.sqlite.operations import defining

        defining.redefine_table(self, table, sql)

    @operation
    def create_table(
        self,
        name: str,
        columns: Mapping[str, peewee.Field],
        constraints: Sequence[Any] = (),
        indexes: Iterable[tuple[Sequence[str], bool]] = (),
        *,
        primary_key: Sequence[str] = (),
        strict_tables: bool = False,
        without_rowid: bool = False,
    ) -> None:
        """Create a table with exactly these columns (no ``id`` is added) and no model class.

        ``columns`` maps a column's name to its field. ``indexes`` are (columns, unique), as in
        ``Meta.indexes``. ``primary_key`` names the columns of a composite key.
        """
        from pwmig.dialects.sqlite.operations import objects

        options = {"strict_tables": strict_tables, "without_rowid": without_rowid}
        objects.create_table(self, name, columns, constraints, indexes, primary_key, options)

    @operation
    def drop_table(self, table: str, safe: bool = False, cascade: bool = False, schema: str | None = None) -> None:
        """Drop a table; refused while a foreign key, a view or a trigger of another object names it."""
        from pwmig.dialects.sqlite.operations import objects

        objects.drop_table(self, table, safe, cascade)

    @operation
    def rename_table(self, old_name: str, new_name: str) -> None:
        """Rename a table wherever it is named."""
        from pwmig.dialects.sqlite.operations import objects

        objects.rename_table(self, old_name, new_name)

    @operation
    def add_index(
        self,
        table: str,
        columns: Sequence[str],
        unique: bool = False,
        using: str | None = None,
        where: Any = None,
        nulls_distinct: bool | None = None,
        name: str | None = None,
        concurrently: bool = False,
    ) -> None:
        """Create an index, called ``table_column_column`` unless a name is given."""
        from pwmig.dialects.sqlite.operations import objects

        refuse_options(table, concurrently=concurrently)
        objects.add_index(self, table, columns, unique, where, nulls_distinct, name)

    @operation
    def drop_index(self, table: str, index_name: str, concurrently: bool = False) -> None:
        """Drop an index of the table."""
        from pwmig.dialects.sqlite.operations import objects

        refuse_options(table, concurrently=concurrently)
        objects.drop_index(self, table, index_name)

    @operation
    def rename_index(self, table: str, old_name: str, new_name: str) -> None:
        """Rename an index of the table."""
        from pwmig.dialects.sqlite.operations import objects

        objects.rename_index(self, table, old_name, new_name)

    # -- constraints

    @operation
    def add_constraint(self, table: str, name: str | None, constraint: Any, not_valid: bool = False) -> None:
        """Add a constraint, as ``Check('price >= 0')``; refused where a row does not hold to it.

        Its name may be None: then it has none.
        """
        from pwmig.dialects.sqlite.operations import constrain

        refuse_options(table, not_valid=not_valid)
        constrain.add_constraint(self, table, name, constraint)

    @operation
    def drop_constraint(self, table: str, name: str) -> None:
        """Drop a constraint by its name; one that has none by what it says, as ``'CHECK (price >= 0)'``."""
        from pwmig.dialects.sqlite.operations import constrain

        constrain.drop_constraint(self, table, name)

    @operation
    def add_unique(self, table: str, *column_names: str) -> None:
        """Add a UNIQUE constraint called ``uniq_column_column``."""
        from pwmig.dialects.sqlite.operations import constrain

        constrain.add_unique(self, table, column_names)

    @operation
    def add_foreign_key_constraint(
        self,
        table: str,
        column_name: str,
        rel: str,
        rel_column: str,
        on_delete: str | None = None,
        on_update: str | None = None,
        constraint_name: str | None = None,
        rel_schema: str | None = None,
        not_valid: bool = False,
    ) -> None:
        """Let a column refer to another table; refused where a row refers to what is not there."""
        from pwmig.dialects.sqlite.operations import constrain

        refuse_options(table, not_valid=not_valid)
        constrain.add_foreign_key_constraint(
            self, table, column_name, rel, rel_column, on_delete, on_update, constraint_name
        )

    @operation
    def drop_foreign_key_constraint(self, table: str, column_name: str) -> None:
        """Drop the foreign key of a column; the column stays."""
        from pwmig.dialects.sqlite.operations import constrain

        constrain.drop_foreign_key_constraint(self, table, column_name)

    @operation
    def sql(self, sql: str, params: Sequence[Any] | None = None) -> Any:
        """Run a statement as it is."""
        return peewee.SQL(sql, params)

    # -- the batch

    def _filler(self, wish: Wish) -> Filler:
        from pwmig.dialects.sqlite.operations.backfilling import SqliteFiller

        return SqliteFiller(self, wish)

    def guard(self, catalog: Catalog) -> Guard:
        """The batch's guard, begun with the first operation that needs one."""
        if self._guard is None:
            from pwmig.dialects.sqlite.operations.guard import Guard

            self._guard = Guard(catalog)
        if self._readers is None and self._changing:
            from pwmig.dialects.sqlite.operations.readers import Readers

            self._readers = Readers(self.database, catalog, self._changing)
        return self._guard

    @property
    def drafts(self) -> Drafts:
        """What the batch has asked of tables and not yet done."""
        if self._drafts is None:
            from pwmig.dialects.sqlite.operations.drafts import Drafts

            self._drafts = Drafts(self)
        return self._drafts

    def settle(self) -> None:
        """Have the database hold what the batch's operations have asked for until now."""
        if self._drafts is not None:
            self._drafts.settle()

    @property
    def unsettled(self) -> Sequence[Operation]:
        return self._asked if self._drafts else ()

    def asked_of(self, table: str) -> list[Operation]:
        """What the batch has asked of a table until now."""
        return [wanted for wanted in self._asked if (wanted.table or "").lower() == table.lower()]

    def _title(self) -> str:
        return "SQLite"

    def expect_new(self, name: str, table: str | None = None) -> None:
        """Tell the guard, if one is on watch, of an object that was created as asked."""
        if self._guard is not None:
            self._guard.expect(name, None, table)

    def _run(self, operations: Iterable[Operation]) -> None:
        operations = list(operations)
        changes = [place for place, wanted in enumerate(operations) if wanted.table and wanted.name not in _TO_ROWS]
        named = [str(operations[place].table) for place in changes]
        self._changing = tuple(dict.fromkeys((*self._changing, *named)))
        if changes and any(wanted.name in _UNSAID for wanted in operations[: changes[0]]):
            # What a batch's own SQL does to them counts too.
            from pwmig.dialects.sqlite.operations.catalog import read_catalog

            self.guard(read_catalog(self.database))
        super()._run(self._settling(operations))  # type: ignore[arg-type]

    def _settling(self, operations: Iterable[Operation]) -> Iterator[Operation]:
        """Settle ahead of each operation, before anybody hears of it, what it has to find settled."""
        for wanted in operations:
            if self._drafts is not None:
                self._drafts.make_way(wanted.name, wanted.args)
            if wanted.table:
                from pwmig.dialects.sqlite.operations.catalog import require_not_hidden

                require_not_hidden(self.database, wanted.table)
            yield wanted

    def _perform(self, wanted: Operation) -> None:
        if wanted.name in _UNSAID and self._guard is not None:
            # What comes is not foretold: what was until now is checked, and a new watch begins when needed.
            self._guard.check(self.database)
            self._guard = None
        if wanted.name not in _UNSAID:
            self._asked = (*self._asked, wanted)
        wanted.run_alone()
        if _writes(wanted) or (wanted.name == "rename_table" and self._written):
            self._written = (*self._written, None if wanted.name == "rename_table" else wanted.table)

    @contextmanager
    def _batch(self) -> Iterator[None]:
        alone = not self.database.in_transaction()
        before = self._guard, self._drafts, self._written, self._readers, self._changing, self._asked
        self._guard = self._drafts = self._readers = None
        self._written = self._changing = self._asked = ()
        keyed = alone and bool(self.database.connection().execute("PRAGMA foreign_keys").fetchone()[0])
        try:
            with self.migration_context() if alone else self.database.atomic():
                with self._showing_what_is_broken():
                    yield
                    self.settle()
                if self._guard is not None:
                    self._guard.check(self.database)
                if self._readers is not None:
                    self._readers.check(self.database)
                if keyed and self._written:
                    self._refuse_orphans()
        except BaseException:
            self._look_anew()
            raise
        finally:
            self._guard, self._drafts, self._written, self._readers, self._changing, self._asked = before

    def _look_anew(self) -> None:
        """Have the connection see the schema as it is after a rollback.

        Of a text that was written SQLite goes on to believe that it holds, until it runs a statement and finds the
        schema's number changed; ALTER TABLE is refused before that.
        """
        if self.database.is_closed():
            return
        connection = self.database.connection()
        with suppress(Exception):  # What stopped the batch is the error to tell.
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()

    @contextmanager
    def _showing_what_is_broken(self) -> Iterator[None]:
        """A statement of the batch may stop at what the batch itself has broken: then that is what is told."""
        try:
            yield
        except (peewee.OperationalError, OperationRefused) as error:
            if isinstance(error, OperationRefused) and not isinstance(error.__cause__, peewee.OperationalError):
                raise
            if self._readers is not None:
                try:
                    self._readers.check(self.database)
                except OperationRefused as refused:
                    raise refused from error
            raise

    def _refuse_orphans(self) -> None:
        """Foreign keys are off in a batch, so that a table can be rebuilt: what they would have said is said here."""
        from pwmig.dialects.sqlite.orphans import referring, refuse_orphans

        names = None if None in self._written else [name for name in self._written if name is not None]
        connection = self.database.connection()
        refuse_orphans(self.database, connection, referring(connection, names), "the batch")
