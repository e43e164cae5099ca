"""The migrator of a database behind a server: Peewee's methods, carried out so that nothing else changes.

Each method only hands on; what does the work is imported when an operation runs, so that a
project's config can make a migrator at little cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import peewee

from pwmig.dialects.migrator import operation
from pwmig.dialects.server.operations.batches import BatchMigrator

__all__ = ["ServerMigrator"]


class ServerMigrator(BatchMigrator):
    """Operations on one database of a server; see :class:`pwmig.dialects.migrator.Migrator`.

    A table may be an address, ``schema.table``; ``schema=`` of the migrator is where a name without one is.

    What a batch asks of a table is one ALTER TABLE, run when the batch ends or when something needs its effect.
    """

    # -- columns

    @operation
    def add_column(self, table: str, column_name: str, field: peewee.Field, allow_not_null: bool = False) -> None:
        """Add a column. Rows there are get the field's Python default; the database keeps none."""
        from pwmig.dialects.server.operations import columns

        columns.add_column(self._server(), table, column_name, field)

    @operation
    def drop_column(self, table: str, column_name: str, cascade: bool | None = None) -> None:
        """Drop a column, its own constraints and the index of its own name; refused while anything else names it.

        Only where ``cascade=True`` is written, PostgreSQL takes along what needs the column.
        """
        from pwmig.dialects.server.operations import columns

        columns.drop_column(self._server(), table, column_name, bool(cascade))

    @operation
    def rename_column(self, table: str, old_name: str, new_name: str) -> None:
        """Rename a column wherever it is named."""
        from pwmig.dialects.server.operations import columns

        columns.rename_column(self._server(), table, old_name, new_name)

    @operation
    def add_not_null(self, table: str, column: str) -> None:
        """Let the column hold no NULL; refused, with their number, where rows hold one."""
        from pwmig.dialects.server.operations import columns

        columns.add_not_null(self._server(), table, column)

    @operation
    def drop_not_null(self, table: str, column: str) -> None:
        """Let the column hold NULL."""
        from pwmig.dialects.server.operations import columns

        columns.drop_not_null(self._server(), table, column)

    @operation
    def add_column_default(self, table: str, column: str, default: Any) -> None:
        """Give the column a default of the database; rows there are keep their values."""
        from pwmig.dialects.server.operations import columns

        columns.add_column_default(self._server(), table, column, default)

    @operation
    def drop_column_default(self, table: str, column: str) -> None:
        """Take the default of the database away; rows there are keep their values."""
        from pwmig.dialects.server.operations import columns

        columns.drop_column_default(self._server(), table, column)

    @operation
    def alter_column_type(self, table: str, column: str, field: peewee.Field, cast: Any = None) -> None:
        """Change the type and nothing else of the column; ``cast`` is SQL that makes the new value of the old."""
        from pwmig.dialects.server.operations import columns

        columns.alter_column_type(self._server(), table, column, field, cast)

    @operation
    def set_comment(self, table: str, comment: str | None, column: str | None = None) -> None:
        """Say what a table is for, or a column of it; None takes the comment away."""
        from pwmig.dialects.server.operations import changing

        changing.set_comment(self._server(), table, comment, column)

    # -- tables and indexes

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
        from pwmig.dialects.server.operations import objects

        options = {"strict_tables": strict_tables, "without_rowid": without_rowid}
        objects.create_table(self._server(), name, columns, constraints, indexes, primary_key, options)

    @operation
    def drop_table(self, table: str, safe: bool = False, cascade: bool = False, schema: str | None = None) -> None:
        """Drop a table; refused while a foreign key or a view needs it, unless PostgreSQL is told to ``cascade``."""
        from pwmig.dialects.server.operations import objects

        objects.drop_table(self._server(), table, safe, cascade, schema)

    @operation
    def rename_table(self, old_name: str, new_name: str) -> None:
        """Rename a table wherever it is named; it stays in its schema."""
        from pwmig.dialects.server.operations import objects

        objects.rename_table(self._server(), old_name, new_name)

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
        """Create an index, called ``table_column_column`` unless a name is given.

        ``concurrently``: others may write the table meanwhile, or it is refused. PostgreSQL does that outside of a
        transaction only: so it is a batch by itself, and comes before all else in its migration.
        """
        from pwmig.dialects.server.operations import objects

        objects.add_index(self._server(), table, columns, unique, using, where, nulls_distinct, name, concurrently)

    @operation
    def drop_index(self, table: str, index_name: str, concurrently: bool = False) -> None:
        """Drop an index of the table; ``concurrently`` as for :meth:`add_index`."""
        from pwmig.dialects.server.operations import objects

        objects.drop_index(self._server(), table, index_name, concurrently)

    @operation
    def rename_index(self, table: str, old_name: str, new_name: str) -> None:
        """Rename an index of the table."""
        from pwmig.dialects.server.operations import objects

        objects.rename_index(self._server(), table, old_name, new_name)

    # -- constraints

    @operation
    def add_constraint(self, table: str, name: str, constraint: Any, not_valid: bool = False) -> None:
        """Add a named constraint, as ``Check('price >= 0')``; refused where a row does not hold to it.

        ``not_valid`` (PostgreSQL): rows there are may stay as they are, until :meth:`validate_constraint`.
        """
        from pwmig.dialects.server.operations import constraints

        constraints.add_constraint(self._server(), table, name, constraint, not_valid)

    @operation
    def validate_constraint(self, table: str, name: str) -> None:
        """Check the rows of a constraint that was added ``not_valid``, while others write (PostgreSQL)."""
        from pwmig.dialects.server.operations import constraints

        constraints.validate_constraint(self._server(), table, name)

    @operation
    def drop_constraint(self, table: str, name: str) -> None:
        """Drop a constraint by its name."""
        from pwmig.dialects.server.operations import constraints

        constraints.drop_constraint(self._server(), table, name)

    @operation
    def add_unique(self, table: str, *column_names: str) -> None:
        """Add a UNIQUE constraint called ``uniq_column_column``."""
        from pwmig.dialects.server.operations import constraints

        constraints.add_unique(self._server(), table, column_names)

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
        """Let a column refer to another table; refused where a row refers to what is not there.

        ``not_valid`` (PostgreSQL): rows there are may stay as they are, until :meth:`validate_constraint`.
        """
        from pwmig.dialects.server.operations import constraints

        names = column_name, rel, rel_column, on_delete, on_update, constraint_name, rel_schema
        constraints.add_foreign_key_constraint(self._server(), table, *names, not_valid=not_valid)

    @operation
    def drop_foreign_key_constraint(self, table: str, column_name: str) -> None:
        """Drop the foreign key of a column; the column stays."""
        from pwmig.dialects.server.operations import constraints

        constraints.drop_foreign_key_constraint(self._server(), table, column_name)

    # -- values and locks

    @operation
    def add_enum_value(
        self, table: str, column: str, value: str, before: str | None = None, after: str | None = None
    ) -> None:
        """Give the enum of a column one more value: behind the others, or beside one of them.

        On PostgreSQL the enum is a type, which other columns may have too; and the value can't be used before the
        migration has ended (https://www.postgresql.org/docs/current/sql-altertype.html#SQL-ALTERTYPE-NOTES).
        """
        from pwmig.dialects.server.operations import enums

        enums.add_enum_value(self._server(), table, column, value, before, after)

    @operation
    def lock_timeout(self, seconds: float, retries: int = 0, pause: float = 1) -> None:
        """Let what stands behind this in the same ``migrate(...)`` wait for a lock no longer than so.

        While a statement waits for its lock on a table, everybody who comes later to that table waits behind it. So
        wait shortly, and try again after a ``pause`` in seconds, so often. PostgreSQL takes back what came behind
        ``lock_timeout(...)`` before each pause, its locks too; on MariaDB and MySQL the statement alone is tried
        again, and seconds are whole ones. Refused, saying who holds the lock, where it was not got at last.
        """
        from pwmig.dialects.server.operations.patience import Patience, require_followers

        Patience(seconds, retries, pause)
        require_followers(())

    @operation
    def sql(self, sql: str, params: Sequence[Any] | None = None) -> Any:
        """Run a statement as it is. A percent sign needs no second one where there are no ``params``."""
        if params:
            return peewee.SQL(sql, params)
        from pwmig.dialects.server.operations.texts import doubled, plain

        return peewee.SQL(doubled(plain(sql)))

    # -- what Peewee's own parts ask

    def _table(self, table: str, schema: str | None = None) -> peewee.Entity:
        if schema is None and "." in table:
            place = self._server().find(table)
            return peewee.Entity(place.schema, place.plain)
        return peewee.Entity(schema or self.schema, table)
