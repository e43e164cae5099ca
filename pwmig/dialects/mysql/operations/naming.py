"""Tables, columns and indexes of MariaDB and MySQL by their names, and which names are free."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.server import Place, Server
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Schema, Table

__all__ = ["MySQLNames"]

_LONGEST = 64
"""Letters of a name (https://mariadb.com/kb/en/identifier-names/)."""


class MySQLNames(Server):
    """What names mean."""

    schema_word = "database"

    @cached_property
    def title(self) -> str:  # type: ignore[override]
        return "MariaDB" if "mariadb" in str(self.ask("SELECT VERSION()")[0][0]).lower() else "MySQL"

    def default_schema(self) -> str:
        if self._default is None:
            found, fold = self.ask("SELECT DATABASE(), @@lower_case_table_names")[0]
            self._default, self._fold = str(found or self.database.database), bool(int(fold))
        return self._default

    _default: str | None = None
    _fold = False

    def same_table(self, name: str, other: str) -> bool:
        self.default_schema()
        return name == other or (self._fold and name.lower() == other.lower())

    def same_index(self, name: str, other: str) -> bool:
        return name.lower() == other.lower()

    def schemas(self) -> list[str]:
        return [name for (name,) in self.ask("SELECT schema_name AS n FROM information_schema.schemata ORDER BY n")]

    def places(self, name: str, splits: Sequence[tuple[str, str]]) -> list[Place]:
        wanted = [(self.migrator.schema or self.default_schema(), name), *splits]
        condition = " OR ".join([f"(table_schema = {MARK} AND table_name = {MARK})"] * len(wanted))
        rows = self.ask(
            "SELECT table_schema AS s, table_name AS n, table_type AS k FROM information_schema.tables "
            f"WHERE {condition}",
            [part for pair in wanted for part in pair],
        )
        found = []
        for schema, plain in wanted:  # The catalog may compare in another way than the server finds tables.
            for there, called, kind in rows:
                if self.same_table(there, schema) and self.same_table(called, plain):
                    found.append(Place(there, called, self.called(there, called), "VIEW" in kind))
        return found

    def all_names(self) -> list[str]:
        rows = self.ask(
            "SELECT table_name AS n FROM information_schema.tables "
            f"WHERE table_schema = {MARK} AND table_type LIKE 'BASE%' ORDER BY n",
            [self.migrator.schema or self.default_schema()],
        )
        return [name for (name,) in rows if not name.startswith("pwmig_")]

    def look(self, place: Place) -> Schema:
        from pwmig.dialects.mysql.seeing.introspect import introspect

        return introspect(self.execute, tables=[place.name])

    def clipped(self, name: str) -> str:
        return name

    def require_length(self, name: str, what: str) -> None:
        if len(name) > _LONGEST or name.endswith(" "):
            shown = name if len(name) <= 40 else name[:37] + "..."
            raise OperationRefused(
                f"{shown!r} can't name {'an' if what == 'index' else 'a'} {what}",
                why=f"{self.title} takes names of at most {_LONGEST} letters that do not end in a blank",
                way_out="choose another name",
            )

    def require_free(self, schema: str, plain: str) -> None:
        rows = self.ask(
            "SELECT table_type AS k, table_name AS n FROM information_schema.tables "
            f"WHERE table_schema = {MARK} AND table_name = {MARK}",
            [schema, plain],
        )
        for kind, name in rows:
            if self.same_table(name, plain):
                raise OperationRefused(
                    f"the name {plain!r} is taken",
                    why=f"the database {schema!r} has a {'view' if 'VIEW' in kind else 'table'} of that name",
                    way_out="choose another name, or drop or rename that one first",
                    table=plain,
                )

    def require_free_index(self, work: Work, name: str) -> None:
        work.names(name)
        if any(self.same_index(index.name, name) for index in work.table.indexes):
            raise OperationRefused(
                f"the name {name!r} is taken",
                why=f"table {work.name!r} has an index of that name",
                way_out="choose another name, or drop or rename that one first",
                table=work.name,
                object=name,
            )

    def require_index_words(self, work: Work, where: Any, nulls_distinct: bool | None) -> None:
        """https://mariadb.com/kb/en/create-index/"""
        if where is not None:
            raise work.refused(
                f"an index of {work.name!r} can't be of some rows only",
                f"{self.title} has no index with a condition",
                "leave where= out; or, to keep those rows alone unique, add a generated column that is NULL in all "
                "others, and index it",
            )
        if nulls_distinct is not None:
            raise work.refused(
                f"an index of {work.name!r} can't say whether NULLs are distinct",
                f"to {self.title} they always are",
                "leave nulls_distinct= out",
            )

    key_words = "no index begins with it, not even one"

    def may_be_referred(self, table: Table, column: str) -> bool:
        """Any index does that begins with it (https://mariadb.com/kb/en/foreign-keys/)."""
        begins = [index.parts[0].column for index in table.indexes if index.parts] + list(table.primary_key[:1])
        return column.lower() in [(name or "").lower() for name in begins]

    def more_constraints(self, table: Table) -> Sequence[tuple[str, str]]:
        """What UNIQUE makes here is an index."""
        return [(index.name, "UNIQUE") for index in table.indexes if index.unique]
