"""A rehearsal's copy on a server: a scratch database made from the live schema, with a sample of its rows.

It is made by the statements that a baseline would hold, and filled with rows whose foreign keys hold
(:mod:`pwmig.dialects.server.filling`). While the rehearsal lasts, every Peewee object of this process that points at
the original points at it.

Known limits, which a person has to know of: rows that a statement deletes are counted among those of the sample; the
values of a dropped column and the rows of a dropped table on the original, within some seconds, else as the server
estimates them. What a migration does to a table that was not taken whole, it does to the sample alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pwmig.dialects.base import Copy
from pwmig.dialects.server.asking import Execute, on
from pwmig.dialects.server.connecting import opened, twin
from pwmig.dialects.server.counting import keys_as_compared
from pwmig.dialects.server.errors import answered, lost, translated
from pwmig.dialects.server.filling import Filling, copy_whole, fill
from pwmig.dialects.server.parts import parts
from pwmig.dialects.server.redirect import direct, pointed_at
from pwmig.dialects.server.rows import key_of, row_count
from pwmig.dialects.server.scratch import made
from pwmig.dialects.shelved import ATTIC
from pwmig.errors import RehearsalRefused
from pwmig.plan import Event
from pwmig.schema import Column, Schema, Table

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.dialects.server.dialect import ServerDialect

__all__ = ["ServerCopy", "copied"]

_MOST_KEPT = 100_000
"""Rows of one thing in the attic that a copy holds at most."""

_COUNT_S = 10.0
"""So long the rows or values that a rehearsal takes away are counted on the original; then they are estimated."""


@contextmanager
def copied(database: Any, dialect: ServerDialect, listener: Listener | None = None) -> Iterator[ServerCopy]:
    """While entered, this process's Peewee databases that point at ``database`` point at a copy."""
    place = dialect.describe(database)
    with translated(place, dialect.reach.unavailable):
        scratch = made(database, dialect.reach, extensions=False)
        with scratch as name:
            with direct(), answered(place, dialect.title):
                schema, sampled = _make(database, dialect, name, listener)
                copy = ServerCopy(database, dialect, name, schema, sampled)
            with pointed_at(database, name, dialect.reach):
                yield copy


def _make(
    database: Any, dialect: ServerDialect, name: str, listener: Listener | None
) -> tuple[Schema, tuple[str, ...]]:
    """Make the schema of the original in the database ``name``, with a sample of its rows; and of which tables."""
    reach, moving = dialect.reach, dialect.moving
    reader = twin(database, reach, **moving.reader_options)
    with opened(reader), opened(twin(database, reach, name)) as copy:
        source, target = on(reader), on(copy)
        moving.begin_reading(source)
        schema = _seen(database, dialect, reader)
        first, then = parts(schema, moving.written_to_be_filled, keys_inline=moving.keys_inline)
        _run(target, first, dialect)
        moving.begin_filling(target)
        with dialect.streaming(reader, inside=True) as stream:
            filling = fill(source, stream, target, dialect.speech, moving, schema, _teller(listener))
            _copy_history(stream, source, target, reader, copy, dialect)
            moving.copy_notes(source, target)
            _copy_attic(stream, target, reader, dialect)
        moving.set_counters(source, target, schema)
        moving.end_filling(target)
        _run(target, then, dialect)
        _tell_end(listener, filling, moving.hidden(source))
    parts_too = (table.name for table in schema.tables if table.partition_of in filling.partly)
    return schema, (*filling.partly, *parts_too)


def _seen(database: Any, dialect: ServerDialect, reader: Any) -> Schema:
    """The schema of the original: by the reader, unless that reads all values as texts."""
    if not dialect.moving.reader_options:
        return dialect.introspect(reader)
    with opened(twin(database, dialect.reach)) as other:
        return dialect.introspect(other)


def _run(target: Execute, statements: tuple[str, ...], dialect: ServerDialect) -> None:
    for sql in statements:
        try:
            target(sql)
        except Exception as error:
            if lost(error) or _gives_rights(sql):
                if lost(error):
                    raise
                continue
            raise RehearsalRefused(
                "a copy of this database can't be made here",
                why=f"{dialect.title} says: {' '.join(str(error).split())}; the statement was: {sql[:300]}",
                way_out="give this account the right for it, or rehearse with one that has it; nothing was changed",
            ) from error


def _gives_rights(sql: str) -> bool:
    """Who may read a copy that is gone soon does not matter, and this account may have no right to say."""
    return sql.startswith(("GRANT ", "REVOKE ", "ALTER DEFAULT PRIVILEGES "))


def _copy_history(
    stream: Callable[[str], Any], source: Execute, target: Execute, reader: Any, copy: Any, dialect: ServerDialect
) -> None:
    """The history, which is no part of the schema."""
    from pwmig.history import History

    for name in dialect.moving.own_tables(source):
        if name.startswith(ATTIC):
            continue
        History(dialect, copy, name).create()
        table = Table(
            name,
            tuple(Column(column, "text") for column in History(dialect, reader, name).columns()),
            primary_key=("id",),
        )
        copy_whole(stream, target, dialect.speech, dialect.moving, table)
        dialect.moving.count_on(target, table, "id")


def _copy_attic(stream: Callable[[str], Any], target: Execute, reader: Any, dialect: ServerDialect) -> None:
    """What is kept of what migrations took away, as going backward puts it back; of much, the first of it."""
    from pwmig.dialects.server.attic import ServerShelf

    shelf = dialect.shelf(reader)
    for table, definition in shelf.kept_tables() if isinstance(shelf, ServerShelf) else ():
        if table.schema is not None:
            target(f"CREATE SCHEMA {shelf.quote(table.schema)}")
        target(definition)
        copy_whole(stream, target, dialect.speech, dialect.moving, table, most=_MOST_KEPT)


def _teller(listener: Listener | None) -> Callable[[int, int], None]:
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if listener and (done == 0 or time.monotonic() - last > 0.1):
            last = time.monotonic()
            listener(Event("copy", text="copying a sample of the database", done=done, total=total))

    return tell


def _tell_end(listener: Listener | None, filling: Filling, hidden: list[str]) -> None:
    if listener is None:
        return
    notes = []
    if filling.partly:
        notes.append(f"a sample of {', '.join(filling.partly[:5])}{' and others' if len(filling.partly) > 5 else ''}")
    if filling.refused:
        notes.append(f"{filling.refused} row(s) that the copy does not take left out")
    if filling.ended:
        notes.append(f"{filling.ended} reference(s) to rows that were not copied ended")
    if hidden:
        notes.append(f"row security hides rows of {', '.join(hidden[:5])} from this account")
    text = "copied the database" + (": " + "; ".join(notes) if notes else "")
    listener(Event("copy", text=text, done=1, total=1))


class ServerCopy(Copy):
    """The scratch database ``name`` beside the original that it was made of.

    The keys of all its rows are remembered as they are at the start, or when it settles: a row that is lost has none
    of the keys of then. So rows are counted within the sample, exactly where a table was taken whole.
    """

    def __init__(
        self, original: Any, dialect: ServerDialect, name: str, schema: Schema, sampled: tuple[str, ...] = ()
    ) -> None:
        self._original, self._dialect, self._name = original, dialect, name
        self.sampled = sampled
        self._settled = False
        self._keys: dict[str, set[Any]] = {}
        self._counts: dict[str, int] = {}
        self._values: dict[tuple[str, str], int] = {}
        self._schema = schema
        self._remember(schema)
        self._print = self._fingerprint()

    def settle(self) -> None:
        self._settled = True
        with self._on_copy() as copy:
            schema = self._dialect.introspect(copy)
        self._follow_names(schema)
        self._remember(schema)

    def rows_lost(self, before: Table, after: Table | None) -> int:
        key = key_of(before)
        if after is None:
            return self._counts.get(before.name, 0) if self._settled else self._counted_on_original(before, "*")
        if not key or not all(after.column(name) for name in key):
            with self._on_copy() as copy:
                left = row_count(on(copy), self._dialect.speech, after)[0]
            return max(0, self._counts.get(before.name, 0) - left)
        with self._on_copy() as copy:
            now = keys_as_compared(on(copy), self._dialect.speech, after, key)
        return len(self._keys.get(before.name, set()) - now)

    def values_lost(self, table: str, column: str) -> int:
        found = self._schema.table(table)
        if self._settled or found is None:
            return self._values.get((table, column), 0)
        return self._counted_on_original(found, self._dialect.speech.quote(column))

    def original_changed(self) -> bool:
        """As far as the server tells without reading all rows.

        PostgreSQL counts what is written to each table, a moment late; MariaDB keeps the second of the last write.
        """
        with direct(), self._dialect.reading(self._original) as reader:
            return self._dialect.moving.changed(on(reader), self._print)

    def _follow_names(self, schema: Schema) -> None:
        """Where a table of the sample has another name now, or none, each new one may hold rows of it."""
        if any(schema.table(name) is None for name in self.sampled):
            new = (table.name for table in schema.tables if self._schema.table(table.name) is None)
            self.sampled = (*(name for name in self.sampled if schema.table(name) is not None), *new)

    def _remember(self, schema: Schema) -> None:
        self._schema = schema
        self._keys, self._counts, self._values = {}, {}, {}
        with self._on_copy() as copy:
            for table in schema.tables:
                self._remember_table(on(copy), table)

    def _remember_table(self, execute: Execute, table: Table) -> None:
        speech, key = self._dialect.speech, key_of(table)
        if key:
            self._keys[table.name] = keys_as_compared(execute, speech, table, key)
            self._counts[table.name] = len(self._keys[table.name])
        if key and not self._settled:
            return  # The values of a column that goes are counted on the original.
        names = table.column_names
        counted = ", ".join(["count(*)", *(f"count({speech.quote(name)})" for name in names)])
        row = execute(f"SELECT {counted} FROM {speech.source(table)}")[0]
        self._counts[table.name] = int(row[0])
        self._values.update({(table.name, name): int(count) for name, count in zip(names, row[1:])})

    def _counted_on_original(self, table: Table, what: str) -> int:
        speech = self._dialect.speech
        with direct(), self._dialect.reading(self._original) as reader:
            execute = on(reader)
            try:
                speech.limit_time(execute, _COUNT_S)
                return int(execute(f"SELECT count({what}) FROM {speech.source(table)}")[0][0])
            except Exception as error:
                if not speech.timed_out(error):
                    raise
                speech.limit_time(execute, 0)
                return speech.estimate(execute, table)

    @contextmanager
    def _on_copy(self) -> Iterator[Any]:
        with direct(), opened(twin(self._original, self._dialect.reach, self._name)) as copy:
            yield copy

    def _fingerprint(self) -> tuple[Any, ...]:
        with direct(), self._dialect.reading(self._original) as reader:
            return self._dialect.moving.fingerprint(on(reader))
