"""The answers that PostgreSQL and MariaDB give in the same way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from pwmig.dialects.base import Copy, Dialect, Foreseen, Template, Turn
from pwmig.dialects.server.errors import driver_error

if TYPE_CHECKING:
    from pathlib import Path

    import peewee

    from pwmig.dialects.base import Kept, Listener, Readings
    from pwmig.dialects.server.asking import Execute
    from pwmig.dialects.server.moving import Moving
    from pwmig.dialects.server.reach import Reach
    from pwmig.dialects.server.speech import Speech
    from pwmig.dialects.server.tokens import Lexer
    from pwmig.errors import DatabaseUnavailable
    from pwmig.schema import Page, Query, Rows, Table

__all__ = ["ServerDialect"]


class ServerDialect(Dialect):
    """A database behind a server; what differs is in its :class:`Reach`, its :class:`Speech` and its lexer."""

    @property
    @abstractmethod
    def reach(self) -> Reach: ...

    @property
    @abstractmethod
    def speech(self) -> Speech: ...

    @property
    @abstractmethod
    def lexer(self) -> Lexer: ...

    @property
    @abstractmethod
    def moving(self) -> Moving: ...

    @abstractmethod
    def harmless(self, database: peewee.Database) -> AbstractContextManager[Any]:
        """While entered, a statement that fails takes back nothing but what was done in here."""

    @abstractmethod
    def streaming(
        self, database: peewee.Database, *, inside: bool = False
    ) -> AbstractContextManager[Callable[[str], Iterable[Any]]]:
        """What gives the rows of a query a few at a time; ``inside``: in a transaction that Peewee does not know of."""

    def filled_from(self, database: peewee.Database, template: str) -> None:
        """Fill the empty database that ``database`` is connected to from the one named, where it is not made of it."""

    def anchor(self, database: peewee.Database, root: Path) -> None:
        """A server has no relative name."""

    def exists(self, database: peewee.Database) -> bool:
        """A server makes no database by itself: where there is none, each reading says so, and what to do."""
        return True

    def reading(self, database: peewee.Database) -> AbstractContextManager[peewee.Database]:
        from pwmig.dialects.server.reading import reading

        return reading(database, self.reach, self.describe(database), self.title)

    def readings(self) -> Readings:
        from pwmig.dialects.server.reading import KeptReadings

        return KeptReadings(self, self.reach)

    def mishap(self, database: peewee.Database, error: BaseException) -> DatabaseUnavailable | None:
        return self.reach.mishap(self.describe(database), driver_error(error))

    def as_original(self, text: str) -> str:
        from pwmig.dialects.server.redirect import as_original

        return as_original(text)

    def running(self, database: peewee.Database) -> DatabaseUnavailable | None:
        from pwmig.dialects.server.turn import under_way

        with self.reading(database) as reader:
            return under_way(self.turn_holder(reader), self.describe(database))

    @abstractmethod
    def turn_holder(self, database: peewee.Database) -> str:
        """Whose turn it is to migrate the database, in words; empty where it is nobody's."""

    def holders(self, database: peewee.Database, sql: str) -> list[str]:
        from pwmig.dialects.server.operations.migrator import ServerMigrator
        from pwmig.dialects.server.operations.waiting import mentions

        migrator = self.migrator(database)
        assert isinstance(migrator, ServerMigrator)
        return migrator.holders(lambda table: mentions(sql, table))

    def copy(self, database: peewee.Database, listener: Listener | None = None) -> AbstractContextManager[Copy]:
        from pwmig.dialects.server.copy import copied

        return copied(database, self, listener)

    @contextmanager
    def scratch(self, like: peewee.Database) -> Iterator[peewee.Database]:
        from pwmig.dialects.server.errors import translated
        from pwmig.dialects.server.scratch import scratch

        with translated(self.describe(like), self.reach.unavailable), scratch(like, self.reach) as database:
            yield database

    @contextmanager
    def blank(self, database: peewee.Database) -> Iterator[None]:
        from pwmig.dialects.server.errors import translated
        from pwmig.dialects.server.redirect import pointed_at
        from pwmig.dialects.server.scratch import made

        with (
            translated(self.describe(database), self.reach.unavailable),
            made(database, self.reach, extensions=False) as name,
            pointed_at(database, name, self.reach),
        ):
            yield

    def template(self, database: peewee.Database) -> AbstractContextManager[Template]:
        from pwmig.dialects.server.template import template

        return template(database, self)

    def sample(
        self, database: peewee.Database, table: Table, *, limit: int, keys: Sequence[tuple[Any, ...]] = ()
    ) -> Rows:
        from pwmig.dialects.server.rows import sample

        return sample(self._on(database), self.speech, table, limit=limit, keys=keys)

    def page(self, database: peewee.Database, table: Table, query: Query, *, deadline_s: float) -> Page:
        from pwmig.dialects.server.pages import page

        return page(self._on(database), self.speech, table, query, deadline_s=deadline_s, title=self.title)

    def view(self, database: peewee.Database, name: str) -> Table | None:
        from pwmig.dialects.server.pages import view

        return view(self._on(database), self.speech, name)

    def foresee(self, database: peewee.Database, turn: Turn, sql: str, params: Sequence[Any]) -> Foreseen:
        from pwmig.dialects.server.turn import ServerTurn

        if not isinstance(turn, ServerTurn) or turn.foresight is None:
            return Foreseen()
        with self.harmless(database):
            found = turn.foresight.of(sql)
        turn.touched |= found.touched
        turn.written |= found.written
        return found

    def touched_keys(
        self, database: peewee.Database, table: Table, sql: str, params: Sequence[Any], limit: int
    ) -> tuple[tuple[Any, ...], ...]:
        from pwmig.dialects.server.hits import touched_keys

        try:
            with self.harmless(database):
                return touched_keys(self._on(database), self.speech, self.lexer, table, sql, params, limit)
        except Exception:  # The statement itself will tell the user what is wrong with it.
            return ()

    def mark(self, database: peewee.Database, table: Table) -> Any:
        from pwmig.dialects.server.rows import last_key

        return last_key(self._on(database), self.speech, table)

    def newest_keys(
        self, database: peewee.Database, table: Table, after: Any, limit: int
    ) -> tuple[tuple[Any, ...], ...]:
        from pwmig.dialects.server.rows import keys_after

        return keys_after(self._on(database), self.speech, table, after, limit)

    def keep_rows(
        self, database: peewee.Database, table: Table, columns: Sequence[str], most_rows: int, most_bytes: int
    ) -> Kept | None:
        from pwmig.dialects.server.counting import keep

        with self.streaming(database) as stream:
            return keep(stream, self.speech, table, columns, most_rows=most_rows, most_bytes=most_bytes)

    def count_changes(
        self, database: peewee.Database, kept: Any, table: Table | None, names: Mapping[str, str], most_rows: int
    ) -> tuple[int, int, int] | None:
        from pwmig.dialects.server.counting import changes_since

        with self.streaming(database) as stream:
            return changes_since(stream, self.speech, kept, table, names, most_rows=most_rows)

    def as_kept(
        self,
        database: peewee.Database,
        kept: Any,
        table: Table,
        names: Mapping[str, str],
        keys: Sequence[tuple[Any, ...]],
    ) -> dict[tuple[Any, ...], bool]:
        from pwmig.dialects.server.counting import as_kept

        return as_kept(self._on(database), self.speech, kept, table, names, keys)

    def _on(self, database: peewee.Database) -> Execute:
        from pwmig.dialects.server.asking import on

        return on(database)
