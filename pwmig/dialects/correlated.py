"""Queries within a back-fill: the row that is filled goes by its table's name there, as in Peewee's own UPDATE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee

__all__ = ["RowAliases"]


class RowAliases(peewee.AliasManager):
    """The names of tables within a query, where ``table`` is the one whose rows are filled.

    ``means`` says whether a path, as (schema, name) or (name,), leads to that table. A query that reads the table
    itself means its own row by that name; for the row outside, it reads an alias of the model.
    """

    __slots__ = ("means", "table")

    def __init__(self, table: str, means: Callable[[tuple[str, ...]], bool]) -> None:
        super().__init__()
        self.table, self.means = table, means

    def add(self, source: Any) -> str:
        if source not in self.mapping:
            self[source] = self._name(source)
        return str(self.mapping[source])

    def _name(self, source: Any) -> str:
        if isinstance(source, peewee.Table) and source._alias is None and self.means(source._path):
            return self.table
        while (name := self._next()).lower() == self.table.lower():
            pass
        return name

    def _next(self) -> str:
        self._counter += 1
        return f"t{self._counter}"
