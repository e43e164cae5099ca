"""Rows of a server's table filled in batches, by its primary key; a table without one is filled in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.backfilling import Filler, Key, Piece, Wish
from pwmig.dialects.correlated import RowAliases
from pwmig.dialects.server.operations.texts import literal, plain, text_of
from pwmig.dialects.server.operations.work import Work

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Server

__all__ = ["ServerFiller"]


class ServerFiller(Filler):
    """Statements hold their values, as those of all operations on a server."""

    lock_words = " FOR UPDATE"

    def __init__(self, server: Server, wish: Wish) -> None:
        self.server = server
        self.work = Work(server, wish.table)
        super().__init__(server.database, self.work.name, self.work.sql, wish)

    @cached_property
    def key(self) -> tuple[str, ...]:
        return tuple(map(self.quote, self.work.table.primary_key))

    def column(self, name: str) -> str:
        column = self.work.column(name)
        what = "generated" if column.generated is not None else ""
        what = "of the primary key" if column.name in self.work.table.primary_key else what
        if what:
            raise self.work.refused(
                f"column {column.name!r} of {self.name!r} can't be filled",
                f"it is {what}",
                "fill another column",
                column.name,
            )
        return column.name

    def is_nullable(self, name: str) -> bool:
        return self.work.column(name).nullable

    def piece(self, value: Any) -> Piece:
        if not isinstance(value, peewee.Node):
            return literal(self.database, value), ()
        aliases = RowAliases(self.work.place.plain, self._means)
        return text_of(self.database, value, aliases, scope=peewee.SCOPE_VALUES, subquery=True), ()

    def _means(self, path: tuple[str, ...]) -> bool:
        """Whether a table of Peewee's is the one that is filled."""
        place, server = self.work.place, self.server
        *schema, name = path
        return server.same_table(server.clipped(name), place.plain) and schema in ([], [place.schema])

    def condition(self, where: Any) -> Piece:
        return (plain(where), ()) if isinstance(where, str) else self.piece(where)

    def quote(self, name: str) -> str:
        return self.server.quote(name)

    def ask(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.server.ask(sql)

    def run(self, sql: str, params: Sequence[Any]) -> None:
        self.server.run(sql)

    def literals(self, key: Key) -> list[str]:
        """The values of a key as SQL."""
        return [literal(self.database, value) for value in key]

    def compared(self, operator: str, key: Key) -> Piece:
        values = self.literals(key)
        if len(key) == 1:
            return f"{self.key[0]} {operator} {values[0]}", ()
        return f"({', '.join(self.key)}) {operator} ({', '.join(values)})", ()
