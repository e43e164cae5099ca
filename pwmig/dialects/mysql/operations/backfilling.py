"""Rows of MariaDB and MySQL filled in batches, with no trigger taking part and no timestamp moving by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pwmig.dialects.backfilling import Key, Piece
from pwmig.dialects.mysql.operations.locks import is_timeout
from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.backfilling import ServerFiller
from pwmig.dialects.server.operations.work import Work

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.mysql.operations.server import MySQLServer
    from pwmig.dialects.server.operations.patience import Patience

__all__ = ["MySQLFiller", "default_renewed"]

_COARSE = ("float", "enum", "set", "timestamp", "bit")
"""Types of which a value that was read may not compare as the one that is there: rounded, by its text instead of its
number, or in an hour that the clock goes through twice."""

_TOGETHER = ",SIMULTANEOUS_ASSIGNMENT"
"""https://mariadb.com/kb/en/sql-mode/#simultaneous_assignment"""


class MySQLFiller(ServerFiller):
    """A table whose key has a type that does not compare exactly is filled in one statement."""

    @cached_property
    def key(self) -> tuple[str, ...]:
        columns = [self.work.column(name) for name in self.work.table.primary_key]
        if any(column.type.lower().startswith(_COARSE) for column in columns):
            return ()
        return tuple(self.quote(column.name) for column in columns)

    def piece(self, value: Any) -> Piece:
        return super().piece(value.hex if isinstance(value, UUID) else value)  # As Peewee's field keeps it.

    def kept_as_they_are(self, filled: set[str]) -> list[str]:
        """https://mariadb.com/kb/en/timestamp/: a column that is given a value is not given another one."""
        if self.wish.triggers:
            return []
        columns = self.work.table.columns
        return [column.name for column in columns if column.on_update is not None and column.name not in filled]

    def compared(self, operator: str, key: Key) -> Piece:
        """Written out: of rows of values, the server does not search an index for a range."""
        strict = operator[0]
        *before, last = zip(self.key, self.literals(key), strict=True)
        sql = f"{last[0]} {operator} {last[1]}"
        for name, value in reversed(before):
            sql = f"{name} {strict}= {value} AND ({name} {strict} {value} OR {sql})"
        return sql, ()

    def hold(self, after: Key | None, upto: Key | None) -> set[Key]:
        patience: Patience | None = getattr(self.server.migrator, "patience", None)
        if patience is None:
            return super().hold(after, upto)
        held: list[set[Key]] = []
        error = patience.tried(lambda: held.append(super(MySQLFiller, self).hold(after, upto)), is_timeout)
        if error is not None:
            raise error
        return held[-1]

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Refused where an UPDATE fires a trigger, since none can be disabled.

        MariaDB reads all cells of a row before it writes one, as other databases do; MySQL writes from left to right.
        """
        if not self.wish.triggers:
            self._require_no_trigger()
        if len(self.wish.values) == 1 or self.server.title != "MariaDB":
            yield
            return
        (mode,) = self.server.ask("SELECT @@sql_mode")[0]
        self.server.ask(f"SET SESSION sql_mode = {MARK}", [mode + _TOGETHER])
        try:
            yield
        finally:
            self.server.ask(f"SET SESSION sql_mode = {MARK}", [mode])

    def _require_no_trigger(self) -> None:
        place = self.work.place
        rows = self.server.ask(
            "SELECT trigger_name AS n, event_object_table AS t FROM information_schema.triggers "
            f"WHERE event_object_schema = {MARK} AND event_object_table = {MARK} AND event_manipulation = 'UPDATE' "
            "ORDER BY n",
            [place.schema, place.plain],
        )
        names = [name for name, table in rows if self.server.same_table(table, place.plain)]
        if names:
            what = f"trigger{'s' if len(names) > 1 else ''} {', '.join(names)}"
            raise self.work.refused(
                f"rows of {self.name!r} can't be filled without firing the {what}",
                f"{self.server.title} can't disable a trigger",
                "say that it may fire: backfill(..., triggers=True); or drop it before, and create it again after it, "
                f"in the same migration: migrator.sql({f'DROP TRIGGER {self.quote(names[0])}'!r})",
            )


def default_renewed(server: MySQLServer, table: str, name: str, field: peewee.Field) -> bool:
    """Give every row the field's default by ALTER TABLE, if an UPDATE would fire a trigger; whether that was so."""
    from pwmig.dialects.asked import bound, python_default
    from pwmig.dialects.mysql.operations.casting import renew

    work = Work(server, table)
    heard = server.ask(
        "SELECT 1 FROM information_schema.triggers WHERE event_manipulation = 'UPDATE' "
        f"AND event_object_schema = {MARK} AND event_object_table = {MARK} LIMIT 1",
        [work.place.schema, work.place.plain],
    )
    if not heard:
        return False
    column = work.column(name)
    value = python_default(bound(server.database, work.name, column.name, field), server.migrator)
    renew(server, work, column, "NULL" if value is None else server.text(value))
    return True
