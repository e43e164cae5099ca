"""How a migration says what a MariaDB or MySQL database holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pwmig.codegen.kinds import MYSQL
from pwmig.dialects.migrated import MigrationTerms
from pwmig.dialects.mysql.modelled import MySQLTerms, json_check
from pwmig.dialects.mysql.quoting import qualified, quote
from pwmig.dialects.mysql.writing import (
    check_clause,
    column_check,
    column_definition,
    foreign_key_clause,
    index_clause,
    primary_key_clause,
    sequence_statement,
    write,
)
from pwmig.dialects.mysql.writing.tables import engine_of
from pwmig.diff.texts import renamed_text
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Namespace, Schema, Table, Unique
from pwmig.schema import Sequence as Counter

__all__ = ["MySQLMigrationTerms"]


class MySQLMigrationTerms(MigrationTerms):
    alters_generated = True
    keys_hold_types = True
    numbers_later = True

    def __init__(self) -> None:
        super().__init__(MySQLTerms(MYSQL.written), MYSQL)

    def renamed(self, sql: str, names: Mapping[str, str]) -> str:
        return renamed_text(sql, names, quote)

    def place(self, behind: str) -> str:
        """https://mariadb.com/kb/en/alter-table/#add-column"""
        return f"AFTER {quote(behind)}" if behind else "FIRST"

    def is_of_type(self, table: Table, column: Column, check: Check | None = None) -> bool:
        """JSON is a longtext with a collation and a check (https://mariadb.com/kb/en/json-data-type/)."""
        own = json_check(table, column)
        return own is not None and check in (None, own)

    def told_type(self, table: Table, column: Column) -> str:
        return "json" if self.is_of_type(table, column) else column.type

    def brings(self, key: ForeignKey, index: Index) -> bool:
        """It has the key's name, or that of its first column (https://mariadb.com/kb/en/foreign-keys/)."""
        plain = Index(index.name, tuple(map(IndexPart, key.columns)))
        return index == plain and index.name in (key.name, key.columns[0])

    def drop_made_index(self, table: Table, index: Index) -> str | None:
        """One that the server made for a key goes as soon as another one does for it, also once the key is gone; none
        tells which that are."""
        columns = index.columns
        is_replaced = any(one.columns[: len(columns)] == columns for one in table.indexes if one.name != index.name)
        is_of_key = any(key.columns == columns for key in table.foreign_keys)
        if not (is_replaced or is_of_key) or not _may_be_brought(table, index):
            return None
        return f"DROP INDEX /*M! IF EXISTS */ {quote(index.name)} ON {qualified(table)}"

    def index_for(self, table: Table, key: ForeignKey) -> str | None:
        """A key that is told its name gives it to the index that it brings, also in place of one that another key has
        brought and left: of that, one is made that stays."""
        made = (one for one in table.indexes if one.columns == key.columns)
        index = next((one for one in made if _may_be_brought(table, one)), None)
        if index is None or index.name == key.name:
            return None
        drop = f"DROP KEY /*M! IF EXISTS */ {quote(index.name)}"
        return f"ALTER TABLE {qualified(table)} {drop}, ADD {index_clause(index, engine_of(table))}"

    def alter_index(self, table: Table, before: Index, after: Index) -> str | None:
        """A foreign key leans on an index at every moment."""
        if not any(key.columns[0] == before.columns[0] for key in table.foreign_keys):
            return None
        add = index_clause(after, engine_of(table))
        return f"ALTER TABLE {qualified(table)} DROP KEY {quote(before.name)}, ADD {add}"

    def constraint(self, table: Table, thing: ForeignKey | Unique | Check) -> str:
        if isinstance(thing, ForeignKey):
            return foreign_key_clause(replace(thing, name=None))
        if isinstance(thing, Check):
            return check_clause(replace(thing, name=None, column=None))
        return f"UNIQUE ({', '.join(map(quote, thing.columns))})"

    def plain_options(self, table: Table, schema: Schema) -> dict[str, bool] | None:
        return None if self.model.options(table, schema) or self.model.unsaid(table) else {}

    def create(self, schema: Schema) -> tuple[str, ...]:
        return write(schema)

    def beside(self, table: Table) -> tuple[str, ...]:
        return ()

    def create_index(self, table: Table, index: Index) -> str:
        return f"ALTER TABLE {qualified(table)} ADD {index_clause(index, engine_of(table))}"

    # -- what no operation says

    def alter_column(self, table: Table, before: Column, after: Column) -> tuple[str, ...]:
        definition = column_definition(after, column_check(table, after.name))
        return (f"ALTER TABLE {qualified(table)} MODIFY COLUMN {definition}",)

    def key_name(self, name: str | None, old: str, new: str) -> str | None:
        """One that the server has named is named anew along with its table.

        https://dev.mysql.com/doc/refman/8.4/en/rename-table.html
        """
        made = f"{old}_ibfk_"
        return f"{new}_ibfk_{name[len(made) :]}" if name is not None and name.startswith(made) else name

    def number(self, table: Table, column: Column) -> tuple[str, ...]:
        """An ALTER TABLE would number them as it meets them, and with numbers that rows behind them have."""
        place, name = qualified(table), quote(column.name)
        last = f"(SELECT @last := MAX({name}) FROM {place}) AS l"
        return (f"UPDATE {place} JOIN {last} SET {name} = (@last := @last + 1) WHERE {name} = 0",)

    def alter_key(self, before: Table, after: Table, coming: Mapping[Column, str]) -> tuple[str, ...]:
        """One statement: a column that counts needs its key at every moment."""
        parts = [f"ADD COLUMN {column_definition(column)} {place}".rstrip() for column, place in coming.items()]
        for name in dict.fromkeys((*before.primary_key, *after.primary_key)):
            old, new = before.column(name), after.column(name)
            if old is not None and (new or old) != old:
                parts.append(f"MODIFY COLUMN {column_definition(new or old)}")
            elif old is not None and old.autoincrement and name not in after.primary_key:
                parts.append(f"MODIFY COLUMN {column_definition(replace(old, autoincrement=False))}")
        if before.primary_key:
            parts.append("DROP PRIMARY KEY")
        if after.primary_key:
            parts.append(f"ADD {primary_key_clause(after, engine_of(after))}")
        return (f"ALTER TABLE {qualified(after)} {', '.join(parts)}",)

    def alter_table(self, before: Table, after: Table) -> tuple[str, ...]:
        place = f"ALTER TABLE {qualified(after)}"
        said = {word.partition("=")[0] for word in after.options}
        new = [word for word in after.options if word not in before.options]
        gone = [name for word in before.options if (name := word.partition("=")[0]) not in said]
        words = [*new, *(f"{name}=DEFAULT" for name in gone)]
        return (f"{place} {' '.join(words)}",) if words else ()

    def alter(self, before: Any, after: Any) -> tuple[str, ...]:
        match before, after:
            case None, Counter():
                return (sequence_statement(after),)
            case Counter(), None:
                return (f"DROP SEQUENCE {qualified(before)}",)
            case None, Namespace():
                return (f"CREATE DATABASE {quote(after.name)}",)
            case Namespace(), None:
                return (f"DROP DATABASE {quote(before.name)}",)
        return ()


def _may_be_brought(table: Table, index: Index) -> bool:
    """Whether the server may have made an index for a key on its columns: it has the name that the first one had at
    that time."""
    from playhouse.migrate import make_index_name

    plain = Index(index.name, tuple(IndexPart(part.column) for part in index.parts))
    return index == plain and index.name != make_index_name(table.plain_name, index.columns)
