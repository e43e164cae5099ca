"""A database that pwmig recognises and does not work on yet: every question is refused in words."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NoReturn

from pwmig.dialects.base import Copy, Dialect, Foreseen, Session, Turn
from pwmig.errors import DatabaseUnsupported

if TYPE_CHECKING:
    from pathlib import Path

    import peewee

    from pwmig.dialects.base import Kept, Listener
    from pwmig.dialects.migrator import Migrator
    from pwmig.schema import Page, Query, Rows, Schema, Table

__all__ = ["UnfurnishedDialect"]


class UnfurnishedDialect(Dialect):
    """Says which database it is, and refuses the rest."""

    def _refuse(self) -> NoReturn:
        raise DatabaseUnsupported(
            f"this version of pwmig does not run migrations on {self.title}",
            why=f"{self.title} is recognised, but its introspection, copies and locks are not written yet",
            way_out="use an SQLite database for now: unset DATABASE_URL, or point it at sqlite:///FILE",
        )

    def describe(self, database: peewee.Database) -> str:
        host = database.connect_params.get("host", "localhost")
        return f"{self.title} {host}/{database.database}"

    def anchor(self, database: peewee.Database, root: Path) -> None:
        """A server has no relative name."""

    def exists(self, database: peewee.Database) -> bool:
        self._refuse()

    def size(self, database: peewee.Database) -> int:
        self._refuse()

    def table_exists(self, database: peewee.Database, table: str, schema: str | None = None) -> bool:
        self._refuse()

    def reading(self, database: peewee.Database) -> AbstractContextManager[peewee.Database]:
        self._refuse()

    def migrator(self, database: peewee.Database, schema: str | None = None) -> Migrator:
        self._refuse()

    def session(
        self, database: peewee.Database, *, wait_s: float, listener: Listener | None = None
    ) -> AbstractContextManager[Session]:
        self._refuse()

    def copy(self, database: peewee.Database, listener: Listener | None = None) -> AbstractContextManager[Copy]:
        self._refuse()

    def standing_in(self, database: peewee.Database, path: str | os.PathLike[str]) -> AbstractContextManager[None]:
        self._refuse()

    def blank(self, database: peewee.Database) -> AbstractContextManager[None]:
        self._refuse()

    def scratch(self, like: peewee.Database) -> AbstractContextManager[peewee.Database]:
        self._refuse()

    def write(self, schema: Schema) -> tuple[str, ...]:
        self._refuse()

    @property
    def unseen(self) -> Mapping[str, str]:
        self._refuse()

    def introspect(
        self,
        database: peewee.Database,
        tables: Collection[str] | None = None,
        known: dict[Any, Table] | None = None,
    ) -> Schema:
        self._refuse()

    def sample(
        self, database: peewee.Database, table: Table, *, limit: int, keys: Sequence[tuple[Any, ...]] = ()
    ) -> Rows:
        self._refuse()

    def page(self, database: peewee.Database, table: Table, query: Query, *, deadline_s: float) -> Page:
        self._refuse()

    def view(self, database: peewee.Database, name: str) -> Table | None:
        self._refuse()

    def foresee(self, database: peewee.Database, turn: Turn, sql: str, params: Sequence[Any]) -> Foreseen:
        self._refuse()

    def touched_keys(
        self, database: peewee.Database, table: Table, sql: str, params: Sequence[Any], limit: int
    ) -> tuple[tuple[Any, ...], ...]:
        self._refuse()

    def newest_keys(
        self, database: peewee.Database, table: Table, after: Any, limit: int
    ) -> tuple[tuple[Any, ...], ...]:
        self._refuse()

    def mark(self, database: peewee.Database, table: Table) -> Any:
        self._refuse()

    def keep_rows(
        self, database: peewee.Database, table: Table, columns: Sequence[str], most_rows: int, most_bytes: int
    ) -> Kept | None:
        self._refuse()

    def count_changes(
        self, database: peewee.Database, kept: Any, table: Table | None, names: Mapping[str, str], most_rows: int
    ) -> tuple[int, int, int] | None:
        self._refuse()

    def as_kept(
        self,
        database: peewee.Database,
        kept: Any,
        table: Table,
        names: Mapping[str, str],
        keys: Sequence[tuple[Any, ...]],
    ) -> dict[tuple[Any, ...], bool]:
        self._refuse()
