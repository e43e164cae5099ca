"""What the shelves of servers have in common: how they ask, and how they find a table."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pwmig.dialects.migrator import speaking
from pwmig.dialects.server.asking import MARK, ask, on
from pwmig.dialects.server.operations.texts import doubled
from pwmig.dialects.shelf import Shelf
from pwmig.dialects.shelved import Place

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.dialects.server.operations.server import Server
    from pwmig.schema import Table

__all__ = ["ServerShelf"]

_QUOTED = re.compile(r"""\"(?:[^"]|"")*"|`(?:[^`]|``)*`|'(?:[^']|'')*'|\?""")
"""A name or a text in quotes, or where a value stands."""


class ServerShelf(Shelf):
    """Statements straight on the connection; those on the project's tables as the migration's."""

    lock_words = " FOR UPDATE"

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return ask(on(self.database), _marked(sql) if values else sql, values)

    def send(self, sql: str) -> None:
        with speaking("attic"):
            self.database.execute_sql(doubled(sql))

    def quote(self, name: str) -> str:
        mark = self.database.quote[0]
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"

    @abstractmethod
    def migrator(self) -> Migrator:
        """A migrator of this database, where no operation brings its own."""

    @abstractmethod
    def place_of(self, server: Server, found: Any) -> Place:
        """A table that was found, as the shelf needs to know it."""

    def look(self, name: str, migrator: Migrator | None = None) -> Place | None:
        server: Server = (migrator or self.migrator())._server()
        found = server.get(name)
        if found is None or found.is_view or found.plain.lower().startswith("pwmig_"):
            return None
        return self.place_of(server, found)

    def called(self, name: str, migrator: Migrator) -> str:
        found = migrator._server().get(name)
        return self.name_of(found) if found is not None else name

    def called_then(self, name: str, new: str, migrator: Migrator) -> str:
        """It stays in its schema."""
        found = migrator._server().get(name)
        return self.name_of(found).removesuffix(found.plain) + new if found is not None else new

    def name_of(self, found: Any) -> str:
        """What a table that was found is called, with its schema where that is not the attic's."""
        return str(found.name)

    @abstractmethod
    def kept_columns(self) -> list[tuple[Any, ...]]:
        """(schema or None, table, column, type) of each table of the attic, in their order."""

    def kept_tables(self) -> list[tuple[Table, str]]:
        """The tables of the attic and what makes them, for a copy."""
        from pwmig.schema import Column, Table

        found: dict[tuple[str | None, str], list[Column]] = {}
        for schema, table, column, type_ in ([_text(cell) for cell in row] for row in self.kept_columns()):
            found.setdefault((schema, str(table)), []).append(Column(str(column), str(type_)))
        made = []
        for (schema, name), columns in found.items():
            place = f"{self.quote(schema)}.{self.quote(name)}" if schema else self.quote(name)
            parts = ", ".join(f"{self.quote(column.name)} {column.type}" for column in columns)
            called = f"{schema}.{name}" if schema else name
            made.append((Table(called, tuple(columns), schema=schema), f"CREATE TABLE {place} ({parts})"))
        return made

    def droppable(self, wanted: Operation, place: Place) -> bool:
        """Others that need the table would follow where it is moved: the operation refuses, or takes them along."""
        server: Server = wanted.migrator._server()
        found = server.get(place.name)
        return found is not None and (
            not server.needs_of_table(found) or (self._cascades(wanted) and server.has_cascade)
        )

    def _cascades(self, wanted: Operation) -> bool:
        return bool(wanted.kwargs.get("cascade") or (len(wanted.args) > 2 and wanted.args[2]))


def _marked(sql: str) -> str:
    """With a mark for each ``?`` that is no letter of a name or a text."""
    return _QUOTED.sub(lambda found: MARK if found[0] == "?" else found[0], sql)


def _text(cell: Any) -> str | None:
    """A cell of the catalog, on a connection that may read all values as they are sent."""
    return cell.decode() if isinstance(cell, bytes) else cell
