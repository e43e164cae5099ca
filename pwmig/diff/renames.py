"""Renames: telling a schema in its new names.

Nothing is ever assumed to be a rename by :func:`pwmig.diff.diff`: it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from pwmig.diff.case import Case
from pwmig.diff.changes import Change, DropColumn, DropTable, RenameColumn, RenameTable
from pwmig.schema import Check, ForeignKey, Index, IndexPart, Schema, Table, Unique

__all__ = ["Renames"]

_Name = Callable[[str], str]


class Renames:
    """What was renamed, found with regard to letter case only where the databases have any.

    Made of what people say (``tables``: old name to new; ``columns``: (old table, old column) to new
    column), as far as it fits: ``before`` has the old thing and ``after`` the new one.
    """

    def __init__(
        self, before: Schema, after: Schema, tables: Mapping[str, str], columns: Mapping[tuple[str, str], str]
    ) -> None:
        self.case = Case.of(before, after)
        self._tables: dict[str, str] = {}
        self._schemas: dict[str, str | None] = {}
        self._columns: dict[tuple[str, str], str] = {}
        self._changes: list[Change] = []
        for old, new in tables.items():
            old_table, new_table = before.table(old), after.table(new)
            if old_table and new_table and old_table.name != new_table.name:
                self._tables[self.case.table(old)] = new_table.name
                self._schemas[new_table.name] = new_table.schema
                self._changes.append(RenameTable(new_table.name, old_table.name))
        for (table, old), new in columns.items():
            old_table, new_table = before.table(table), after.table(self.table(table))
            old_column = old_table.column(old) if old_table else None
            new_column = new_table.column(new) if new_table else None
            if new_table and old_column and new_column and old_column.name != new_column.name:
                self._columns[self._place(table, old)] = new_column.name
                self._changes.append(RenameColumn(new_table.name, old_column.name, new_column.name))

    def _place(self, table: str, column: str) -> tuple[str, str]:
        return self.case.table(table), self.case.column(column)

    def __bool__(self) -> bool:
        return bool(self._tables or self._columns)

    def changes(self) -> tuple[Change, ...]:
        """The renames themselves."""
        return tuple(self._changes)

    def reclaimed(self, before: Schema) -> tuple[DropTable | DropColumn, ...]:
        """What must have been dropped, since a rename took its name; tables by their old names."""
        new_tables = {self.case.table(new) for new in self._tables.values()}
        new_columns = {(table, self.case.column(new)) for (table, _), new in self._columns.items()}
        found: list[DropTable | DropColumn] = []
        for table in before.tables if self else ():
            key = self.case.table(table.name)
            if key in new_tables and key not in self._tables:
                found.append(DropTable(table.name, table))
                continue
            for column in table.columns:
                place = self._place(table.name, column.name)
                if place in new_columns and place not in self._columns:
                    found.append(DropColumn(table.name, column))
        return tuple(found)

    def table(self, old: str) -> str:
        """The table's new name."""
        return self._tables.get(self.case.table(old), old)

    def column(self, old_table: str, old: str) -> str:
        """The column's new name, given its table's old one."""
        return self._columns.get(self._place(old_table, old), old)

    def words(self, old_table: str | None = None) -> dict[str, str]:
        """Old names, folded, and the new ones: of all tables, and of one table's columns (or all).

        A table of another schema also by its name there, as the database writes it behind a dot.
        """
        if not self:
            return {}
        wanted = None if old_table is None else self.case.table(old_table)
        columns = {old: new for (table, old), new in self._columns.items() if wanted is None or table == wanted}
        return {**columns, **dict(self._table_words())}

    def again(self, old_table: str, after: Table) -> frozenset[str]:
        """The old names of a table's columns, folded, that other columns have by now."""
        fold, wanted = self.case.column, self.case.table(old_table)
        old = {old for (table, old), new in self._columns.items() if table == wanted and fold(new) != old}
        return frozenset(old & {fold(column.name) for column in after.columns})

    def _table_words(self) -> Iterator[tuple[str, str]]:
        for old, new in self._tables.items():
            schema = self._schemas.get(new)
            if schema is not None:
                yield old.rpartition(".")[2], new[len(schema) + 1 :]
            yield old, new

    def translated(self, schema: Schema) -> Schema:
        """The schema in its new names; SQL texts are left as they are."""
        if not self:
            return schema
        return replace(schema, tables=tuple(self._translated_table(table) for table in schema.tables))

    def _translated_table(self, table: Table) -> Table:
        def name(column: str) -> str:
            return self.column(table.name, column)

        new = self.table(table.name)
        return replace(
            table,
            name=new,
            schema=self._schemas.get(new, table.schema),
            columns=tuple(replace(column, name=name(column.name)) for column in table.columns),
            primary_key=tuple(map(name, table.primary_key)),
            indexes=tuple(_renamed_index(index, name) for index in table.indexes),
            uniques=tuple(_renamed_unique(unique, name) for unique in table.uniques),
            foreign_keys=tuple(self._renamed_key(key, name) for key in table.foreign_keys),
            checks=tuple(_renamed_check(check, name) for check in table.checks),
            primary_key_parts=_renamed_parts(table.primary_key_parts, name),
            partition_of=None if table.partition_of is None else self.table(table.partition_of),
            inherits=tuple(map(self.table, table.inherits)),
        )

    def _renamed_key(self, key: ForeignKey, name: _Name) -> ForeignKey:
        target = self.table(key.ref_table)
        return replace(
            key,
            columns=tuple(map(name, key.columns)),
            ref_table=target,
            ref_columns=tuple(self.column(key.ref_table, column) for column in key.ref_columns),
            ref_schema=self._schemas.get(target, key.ref_schema),
        )


def _renamed_index(index: Index, name: _Name) -> Index:
    return replace(index, parts=_renamed_parts(index.parts, name), include=tuple(map(name, index.include)))


def _renamed_unique(unique: Unique, name: _Name) -> Unique:
    return replace(
        unique,
        columns=tuple(map(name, unique.columns)),
        parts=_renamed_parts(unique.parts, name),
        include=tuple(map(name, unique.include)),
    )


def _renamed_check(check: Check, name: _Name) -> Check:
    """A check in the definition of a column is called as that is (MariaDB)."""
    if check.column is None:
        return check
    column = name(check.column)
    return replace(check, column=column, name=column if check.name == check.column else check.name)


def _renamed_parts(parts: tuple[IndexPart, ...], name: _Name) -> tuple[IndexPart, ...]:
    return tuple(replace(part, column=name(part.column)) if part.column is not None else part for part in parts)
