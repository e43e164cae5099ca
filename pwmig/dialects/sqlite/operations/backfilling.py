"""Rows of SQLite filled in batches: by their rowid, hidden or not, or by the key of a table without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import peewee

from pwmig.dialects.backfilling import Filler, Key, Piece, Wish
from pwmig.dialects.correlated import RowAliases
from pwmig.dialects.sqlite.operations.catalog import ask, column_of, read_catalog
from pwmig.dialects.sqlite.texts.kinds import shown_key
from pwmig.dialects.sqlite.texts.parts import TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote, significant
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["SqliteFiller"]

_ROWIDS = ("rowid", "_rowid_", "oid")
"""https://www.sqlite.org/lang_createtable.html#rowid"""


class SqliteFiller(Filler):
    """OR ABORT overrides an ON CONFLICT of the table, which may delete rows (https://www.sqlite.org/lang_update.html)."""

    update_words = "UPDATE OR ABORT"

    def __init__(self, migrator: SqliteMigrator, wish: Wish) -> None:
        self.migrator = migrator
        self.catalog = read_catalog(migrator.database)
        self.table = self.catalog.table(wish.table)
        super().__init__(migrator.database, self.table.name, quote(self.table.name), wish)

    @cached_property
    def key(self) -> tuple[str, ...]:
        if "WITHOUT ROWID" in self.table.options:
            return tuple(map(quote, _primary_key(self.table)))
        shown, taken = shown_key(self.table), set(map(fold, self.table.column_names))
        hidden = next((name for name in _ROWIDS if name not in taken), None)
        return (quote(shown.name),) if shown else (hidden,) if hidden else ()

    def column(self, name: str) -> str:
        column = column_of(self.table, name)
        what = "generated" if column.all("generated") else ""
        if fold(column.name) in map(fold, _primary_key(self.table)):
            what = "of the primary key"
        if what:
            raise OperationRefused(
                f"column {column.name!r} of {self.name!r} can't be filled",
                why=f"it is {what}",
                way_out="fill another column",
                table=self.name,
                column=column.name,
            )
        return column.name

    def is_nullable(self, name: str) -> bool:
        return not column_of(self.table, name).all("not null")

    def piece(self, value: Any) -> Piece:
        if not isinstance(value, peewee.Node):
            return "?", (value.hex if isinstance(value, UUID) else value,)  # As Peewee's field keeps it.
        context = self.database.get_sql_context(scope=peewee.SCOPE_VALUES, subquery=True)
        context.alias_manager = RowAliases(self.name, self._means)
        sql, params = context.sql(value).query()
        return str(sql), tuple(params)

    def _means(self, path: tuple[str, ...]) -> bool:
        """Whether a table of Peewee's is the one that is filled."""
        *schema, name = map(fold, path)
        return name == fold(self.name) and schema in ([], ["main"])

    def condition(self, where: Any) -> Piece:
        return (where, ()) if isinstance(where, str) else self.piece(where)

    def quote(self, name: str) -> str:
        return quote(name)

    def ask(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return ask(self.database, sql, params)

    def run(self, sql: str, params: Sequence[Any]) -> None:
        self.database.execute_sql(sql, tuple(params))

    def compared(self, operator: str, key: Key) -> Piece:
        if len(key) == 1:
            return f"{self.key[0]} {operator} ?", key
        return f"({', '.join(self.key)}) {operator} ({', '.join('?' * len(key))})", key

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Without the triggers that an UPDATE would fire; they are made again from their texts, in their order."""
        if self.wish.triggers:
            yield
            return
        lasting = [entry for entry in self.catalog.of_table(self.name, "trigger") if _hears_update(entry.sql or "")]
        passing = ask(
            self.database,
            "SELECT name, sql FROM sqlite_temp_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)",
            [self.name],
        )
        found = [(f"temp.{quote(name)}", "CREATE TEMP" + sql.removeprefix("CREATE")) for name, sql in passing]
        found = [(f"main.{quote(entry.name)}", entry.sql or "") for entry in lasting] + [
            (name, sql) for name, sql in found if _hears_update(sql)
        ]
        for name, _ in found:
            self.database.execute_sql(f"DROP TRIGGER {name}")
        yield
        for _, sql in found:
            self.database.execute_sql(sql)


def _primary_key(table: TableDef) -> tuple[str, ...]:
    own = tuple(column.name for column in table.columns if column.all("primary key"))
    return own or next((made.columns for made in table.constraints if made.kind == "primary key"), ())


def _hears_update(sql: str) -> bool:
    """Whether a trigger is one of UPDATE: the first of the three words behind its name says so."""
    words = (token.text.upper() for token in significant(sql) if token.kind == "word")
    return next((word for word in words if word in ("DELETE", "INSERT", "UPDATE")), "") == "UPDATE"
