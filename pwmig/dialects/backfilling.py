"""Rows filled in batches, in the order of their keys: what the databases have in common.

Each row is looked at once: a batch ends at the key of its last row, and the next begins behind it. So a batch costs
what its rows cost, however many came before. ``where`` and the values are read batch by batch: a query in them on the
table itself sees what earlier batches made of it.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.errors import OperationRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Keeper, Migrator, Operation

__all__ = [
    *("Committed", "Filler", "InTurn", "Key", "Parts", "Piece", "Progress", "Together", "Wish"),
    *("committing", "fill", "wish"),
]

Key = tuple[Any, ...]
"""The values of a row's key."""

Piece = tuple[str, tuple[Any, ...]]
"""SQL, and the values that it takes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows of a table are filled, of how many there were to fill at the start."""

    table: str
    done: int
    total: int

    def __str__(self) -> str:
        return f"filling {self.table}: {self.done:,} of {self.total:,} rows"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: values by column, a condition (None: what holds NULL), whether triggers fire."""

    table: str
    values: Mapping[str, Any]
    where: Any
    triggers: bool


def wish(table: str, values: Any, where: Any, triggers: bool) -> Wish:
    """What is asked for, looked at before the database is; OperationRefused for what can't be meant."""
    if not isinstance(values, Mapping) or not values:
        raise OperationRefused(
            f"a back-fill of {table!r} needs columns and values",
            way_out="write them as in backfill('player', {'level': 1})",
            table=table,
        )
    found: dict[str, Any] = {}
    for column, value in values.items():
        if callable(value) and not isinstance(value, peewee.Node):
            raise OperationRefused(
                f"{column!r} of {table!r} can't be filled with a function of Python",
                why="the database fills many rows in one statement, and calls none",
                way_out="give a value or SQL(...); or write a loop of your own: migrator.run_python(...)",
                table=table,
                column=str(column),
            )
        if isinstance(column, peewee.Field):
            value = value if isinstance(value, peewee.Node) else column.db_value(value)
            column = column.column_name
        found[str(column)] = value
    is_condition = where.strip() if isinstance(where, str) else isinstance(where, peewee.Node)
    if not (where is None or where is True or is_condition):
        raise OperationRefused(
            f"{where!r:.60} is no condition for rows of {table!r}",
            way_out="give SQL, as 'level < 0', a Peewee expression, or True for every row",
            table=table,
        )
    return Wish(table, found, where, triggers)


class Filler(ABC):
    """The rows of one table that are to be filled, on one kind of database."""

    update_words = "UPDATE"
    lock_words = ""
    """What stands behind a query whose rows nobody else is to change until the transaction ends."""
    only = ""
    """The condition for the rows of which is kept what they hold, where others may come that are meant too."""

    def __init__(self, database: Any, name: str, source: str, wish: Wish) -> None:
        """``name`` is the table's, ``source`` the same as SQL."""
        self.database = database
        self.name, self.source, self.wish = name, source, wish

    def prepare(self) -> None:
        """Find the columns, and write what does not change from batch to batch."""
        values = {self.column(name): value for name, value in self.wish.values.items()}
        if self.wish.where is None:
            self._require_null(list(values))
        empty = " OR ".join(f"{self.quote(name)} IS NULL" for name in values)
        self.where: Piece = (empty, ()) if self.wish.where is None else self._condition(self.wish.where)
        self.assignments = [(name, self._value(name, value, len(values))) for name, value in values.items()]
        self.assignments += [(name, (self.quote(name), ())) for name in self.kept_as_they_are(set(values))]

    def _value(self, name: str, value: Any, count: int) -> Piece:
        """Where several columns are filled without a condition, a cell that holds something keeps it."""
        sql, params = self.piece(value)
        if count > 1 and self.wish.where is None:
            sql = f"COALESCE({self.quote(name)}, {sql})"
        return sql, params

    def _condition(self, where: Any) -> Piece:
        if where is True:
            return "1 = 1", ()
        return self.condition(where)

    def _require_null(self, names: Sequence[str]) -> None:
        if not any(map(self.is_nullable, names)):
            raise OperationRefused(
                f"no row of {self.name!r} holds NULL in {', '.join(names)}: there is nothing to fill",
                why="that can't be NULL, and without where= a back-fill fills what is",
                way_out="say which rows are meant, as where='level = 0', or where=True for all",
                table=self.name,
                column=names[0],
            )

    # -- what each database says

    @property
    @abstractmethod
    def key(self) -> tuple[str, ...]:
        """What rows are told apart and put in order by, as SQL; empty where all have to be filled at once."""

    @abstractmethod
    def column(self, name: str) -> str:
        """A column that may be filled, as the database calls it; OperationRefused for any other."""

    @abstractmethod
    def is_nullable(self, name: str) -> bool:
        """Whether a column may hold NULL."""

    @abstractmethod
    def piece(self, value: Any) -> Piece:
        """A value or a node of Peewee's as SQL; columns by their bare names."""

    @abstractmethod
    def condition(self, where: Any) -> Piece:
        """The same of a condition, where a text is SQL."""

    @abstractmethod
    def quote(self, name: str) -> str: ...

    @abstractmethod
    def ask(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query, which is no part of a migration's record."""

    @abstractmethod
    def run(self, sql: str, params: Sequence[Any]) -> None:
        """Run a statement as the migration's."""

    @abstractmethod
    def compared(self, operator: str, key: Key) -> Piece:
        """The condition for the rows behind (``>``) a key, or up to and with it (``<=``)."""

    def shown_key(self) -> str:
        """The key as a query gives it for :meth:`compared`."""
        return ", ".join(self.key)

    def kept_as_they_are(self, filled: set[str]) -> list[str]:
        """Columns that an UPDATE would move by itself: they are given the value that they have."""
        return []

    @abstractmethod
    def quiet(self) -> AbstractContextManager[None]:
        """While entered, nothing but the rows' cells is changed by an UPDATE; OperationRefused where that can't be."""

    # -- a batch

    def count(self) -> int:
        sql, params = self.rows()
        return int(self.ask(f"SELECT count(*) FROM {self.source} WHERE {sql}", params)[0][0])

    def last_of(self, after: Key | None, size: int) -> Key | None:
        """The key of the last row of a batch behind a key; None where all that are left are no more than one batch."""
        if not self.key:
            return None
        sql, params = self.rows(after)
        order = f"ORDER BY {', '.join(self.key)} LIMIT 1 OFFSET {size - 1}"
        found = self.ask(f"SELECT {self.shown_key()} FROM {self.source} WHERE {sql} {order}", params)
        return tuple(found[0]) if found else None

    def update(self, after: Key | None, upto: Key | None) -> None:
        sql, params = self.rows(after, upto)
        given = [param for _, (_, params) in self.assignments for param in params]
        words = ", ".join(f"{self.quote(name)} = {value}" for name, (value, _) in self.assignments)
        only = f" AND {self.only}" if self.only else ""
        self.run(f"{self.update_words} {self.source} SET {words} WHERE {sql}{only}", (*given, *params))

    def hold(self, after: Key | None, upto: Key | None) -> set[Key]:
        """The keys of a batch's rows, which nobody else changes from now on; of a table without one, nothing."""
        if not self.key:
            return set()
        sql, params = self.rows(after, upto)
        return set(self.ask(f"SELECT {self.shown_key()} FROM {self.source} WHERE {sql}{self.lock_words}", params))

    def is_left(self, held: set[Key], after: Key | None, upto: Key | None) -> bool:
        """Whether a row that a batch held would be filled again; others may have come meanwhile."""
        if self.key:
            return not held.isdisjoint(self.hold(after, upto))
        sql, params = self.rows(after, upto)
        return bool(self.ask(f"SELECT 1 FROM {self.source} WHERE {sql} LIMIT 1", params))

    def rows(self, after: Key | None = None, upto: Key | None = None) -> Piece:
        """The condition for the rows that are meant behind a key, up to and with another."""
        sql, params = self.where
        found = [(f"({sql}\n)" if "--" in sql or "#" in sql else f"({sql})", params)]  # A comment ends with its line.
        found += [self.compared(">", after)] if after is not None else []
        found += [self.compared("<=", upto)] if upto is not None else []
        return " AND ".join(sql for sql, _ in found), tuple(param for _, params in found for param in params)


class Parts(ABC):
    """How the batches of a back-fill stand in transactions; ``commits``: whether each is for good."""

    commits = True

    def whole(self, filler: Filler) -> AbstractContextManager[None]:
        return nullcontext()

    @abstractmethod
    def part(self, filler: Filler, after: Key | None, upto: Key | None) -> AbstractContextManager[set[Key]]:
        """A batch; the keys of the rows that it holds are given, where each is for good."""

    def between(self, pause: float) -> None:
        """Behind a batch that is not the last one; a pause is in seconds."""
        if pause:
            time.sleep(pause)


class Together(Parts):
    """All in one transaction. A ``keeper`` hears of each batch."""

    commits = False

    def __init__(self, keeper: Keeper | None = None) -> None:
        self.keeper = keeper

    def whole(self, filler: Filler) -> AbstractContextManager[None]:
        return _apart(filler)

    @contextmanager
    def part(self, filler: Filler, after: Key | None, upto: Key | None) -> Iterator[set[Key]]:
        if self.keeper is not None and self.keeper.keeps_batches:
            filler.hold(after, upto)
        with _kept(self.keeper, filler, after, upto):
            yield set()


class Committed(Parts):
    """Each in a transaction of its own."""

    @contextmanager
    def part(self, filler: Filler, after: Key | None, upto: Key | None) -> Iterator[set[Key]]:
        with _apart(filler):
            yield filler.hold(after, upto)


class InTurn(Parts):
    """In the transaction of a step, which is ended behind each batch but the last, and begun again.

    A ``keeper`` hears of each batch, so that what it keeps is committed with it.
    """

    def __init__(self, outside: Callable[[], AbstractContextManager[None]], keeper: Keeper | None) -> None:
        self.outside, self.keeper = outside, keeper

    @contextmanager
    def part(self, filler: Filler, after: Key | None, upto: Key | None) -> Iterator[set[Key]]:
        with _apart(filler):
            held = filler.hold(after, upto)
            with _kept(self.keeper, filler, after, upto):
                yield held

    def between(self, pause: float) -> None:
        with self.outside():
            super().between(pause)


def fill(
    filler: Filler, size: int, pause: float, parts: Parts, on_progress: Callable[[Progress], None] | None = None
) -> None:
    """Fill all rows, so many in a statement, with a pause in seconds between two.

    Where ``parts`` commits each, what is filled stays whatever stops it, and the same call goes on where it stopped,
    since it is refused unless filled rows are no longer meant.
    """
    if size < 1 or pause < 0:
        raise OperationRefused(
            f"{filler.name!r} can't be filled by {size} rows with pauses of {pause:g} s",
            way_out="give a batch_size of 1 or more, and a pause of 0 s or more",
            table=filler.name,
        )
    filler.prepare()
    with parts.whole(filler):
        total = filler.count() if on_progress else 0
        done, after = 0, None
        while True:
            upto = filler.last_of(after, size)
            with parts.part(filler, after, upto) as held:
                filler.update(after, upto)
                if parts.commits and filler.is_left(held, after, upto):
                    raise _endless(filler)
            done = min(done + size, total) if upto is not None else total
            if on_progress:
                on_progress(Progress(filler.name, done, total))
            if upto is None:
                return
            after = upto
            parts.between(pause)


@contextmanager
def _kept(keeper: Keeper | None, filler: Filler, after: Key | None, upto: Key | None) -> Iterator[None]:
    """What the rows hold is kept; they are held, so that nobody else changes it between that and the filling."""
    if keeper is None or not keeper.keeps_batches:
        yield
        return
    with keeper.batch(filler, filler.rows(after, upto)):
        yield


@contextmanager
def _apart(filler: Filler) -> Iterator[None]:
    with filler.database.atomic(), filler.quiet():
        yield


def _endless(filler: Filler) -> OperationRefused:
    return OperationRefused(
        f"rows of {filler.name!r} would be filled again",
        why="where= still means them once they are filled, so that after a stop nobody could tell where to go on",
        way_out="let where= mean the rows that are not filled yet, or leave out commit=True",
        table=filler.name,
    )


def committing(operations: Sequence[Operation], migrator: Migrator) -> Operation | None:
    """The back-fill that commits by itself, if there is one; OperationRefused where something stands around it."""
    found = [made for made in operations if made.name == "backfill" and made.kwargs.get("commit")]
    if not found:
        return None
    beside = any(made is not found[0] and made.name != "lock_timeout" for made in operations)
    if beside or (migrator.database.in_transaction() and migrator.apart is None):
        raise OperationRefused(
            f"{found[0].table!r} can't be filled with commit=True here",
            why="other operations are in its batch, and a batch takes effect as a whole"
            if beside
            else "there is a transaction around it, and that commits as a whole",
            way_out="give it a migrate(...) of its own, outside of `with database.atomic():`, before all else in its "
            "migration; or leave out commit=True: then it is filled in batches all the same, in one transaction",
            table=found[0].table,
        )
    return found[0]
