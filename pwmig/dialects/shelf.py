"""The shelf that a database gives to the attic: tables of pwmig's own, filled and emptied by the database itself.

A thing kept has a number, and its data stand in ``pwmig_attic_<number>``. Of a column these are the key of each row
(``k0``, ``k1``, ...), the values (``v0``) and what the row is recognised by (``p0``, ...: its print), and while
something is put back, a state ``s``. A table that was dropped is there as it was.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.dialects.shelved import CHANGED, DOUBTFUL, MOST_CELLS, NEWER, SAME, Counts, Place, Quiet, data_table

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.migrator import Migrator, Operation

__all__ = ["Shelf"]


class Shelf(ABC):
    """The statements that keep and put back, on one connection of one database."""

    row_id = ""
    """What tells the rows of a table without key apart while they are put back."""
    long_text = "TEXT"
    """The type of a text of any length."""

    def __init__(self, database: peewee.Database) -> None:
        self.database = database

    # -- the database

    @abstractmethod
    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement of pwmig's own, which is no part of a migration's record; values stand at ``?``."""

    @abstractmethod
    def send(self, sql: str) -> None:
        """A statement on a table of the project's, as the migration's."""

    @abstractmethod
    def quote(self, name: str) -> str: ...

    @abstractmethod
    def same(self, one: str, other: str) -> str:
        """The condition that two cells are the same, NULL included."""

    @abstractmethod
    def has(self, table: str) -> bool:
        """Whether pwmig's own table is there."""

    @abstractmethod
    def look(self, name: str, migrator: Migrator | None = None) -> Place | None:
        """A table of the project's as it is now, None where there is none of that name."""

    def hold(self, name: str, wanted: Operation) -> Place | None:
        """A table as :meth:`look` has it, of which an operation is about to take something: where the database can
        do that, nobody else writes it any more."""
        return self.look(name, wanted.migrator)

    @abstractmethod
    def prints(self, place: Place, columns: Sequence[str], alias: str) -> list[str]:
        """Expressions over a row's other cells by which it is recognised; short where it has a key."""

    @abstractmethod
    def weigh(self, place: Place) -> int:
        """How many bytes a table takes at most, at no cost that grows with it."""

    @abstractmethod
    def measure(self, place: Place, columns: Sequence[str]) -> int:
        """About how many bytes the key and these columns of a table take."""

    def moves_at_once(self, place: Place) -> bool:
        """Whether a whole table is kept without a copy of its rows."""
        return True

    def protect(self, table: str) -> None:
        """Let nobody read one of pwmig's own tables by a right that a new table gets."""
        return

    @abstractmethod
    def bytes_of(self, number: int, rows: int) -> int:
        """About how many bytes a thing with so many rows takes."""

    def protect_data(self, number: int) -> None:
        """Let whoever could read what is kept read it, or fewer."""
        self.protect(data_table(number))

    def droppable(self, wanted: Operation, place: Place) -> bool:
        """Whether the operation would drop the table, and not refuse to."""
        return True

    # -- keeping

    def former(self, place: Place, column: str) -> dict[str, Any]:
        """How a column stands in its table, for when it comes back: ``behind`` which columns, the nearest first, where
        the database can place one; ``sql``, the table's text, where it is one."""
        return {}

    def own(self, number: int) -> str:
        return self.own_name(data_table(number))

    def own_name(self, table: str) -> str:
        """One of pwmig's own tables in a statement."""
        return self.quote(table)

    def keep(self, number: int, place: Place, columns: Sequence[str], others: Sequence[str]) -> int:
        """Keep the values of some columns; of how many rows."""
        return self.make(number, place, self._kept_text(place, columns, others))

    def _kept_text(self, place: Place, columns: Sequence[str], others: Sequence[str]) -> str:
        return f"SELECT {self._told(self._kept_parts(place, columns, others))} FROM {place.sql} AS t"

    def _told(self, parts: Sequence[tuple[str, str]]) -> str:
        return ", ".join(f"{text} AS {name}" for text, name in parts)

    def _kept_parts(self, place: Place, columns: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
        """What is kept of a row, and how it is called."""
        keys = [f"t.{self.quote(name)}" for name in place.key]
        keys = keys or [f"t.{self.row_id}" if self.row_id else "NULL"]
        values = [f"t.{self.quote(name)}" for name in columns]
        kinds = (("k", keys), ("v", values), ("p", self.prints(place, others, "t")))
        return [(text, f"{letter}{n}") for letter, texts in kinds for n, text in enumerate(texts)]

    most_cells = MOST_CELLS
    """So many of a row's other cells are in its print."""

    state_type = "SMALLINT"

    def has_state(self, number: int) -> bool:
        """Whether what was begun with it once has been left half-way, which a transaction takes back."""
        return False

    def make(self, number: int, place: Place, select: str) -> int:
        """Make the table of what a SELECT gives; how many rows that are."""
        self.ask(f"CREATE TABLE {self.own(number)} AS {select}")
        return self.count(number)

    @abstractmethod
    def definitions(self, place: Place) -> dict[str, Any]:
        """What hangs on a table, in words of the database, and how far its counters are."""

    @abstractmethod
    def move(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        """Take all rows of a table away into the attic, and leave it empty."""

    def count(self, number: int, where: str = "") -> int:
        condition = f" WHERE {where}" if where else ""
        return int(self.ask(f"SELECT count(*) FROM {self.own(number)}{condition}")[0][0])

    def note_new(self, number: int, place: Place, column: str, others: Sequence[str]) -> int:
        """Add to what was kept of a column what it became, and let go of rows where that is the same; how many stay."""
        own, new = self.own(number), f"ALTER TABLE {self.own(number)} ADD COLUMN n0 {self.type_of(place, column)}"
        if not self.tells_rows(place):
            self.ask(f"CREATE TEMPORARY TABLE {self.batch}_0 AS {self._changes(number, place, column, others)}")
            self.ask(new)
            self.ask(f"DELETE FROM {own}")
            self.ask(f"INSERT INTO {own} (p0, v0, n0) SELECT p0, v0, n0 FROM {self.batch}_0")
            self.drop_batch(0)
            return self.count(number)
        self.ask(new)
        self.update(own, {"n0": f"t.{self.quote(column)}"}, place.sql, self._keys("x", "t", place))
        self.ask(f"DELETE FROM {own} WHERE {self.unchanged('v0', 'n0')}")
        return self.count(number)

    def tells_rows(self, place: Place) -> bool:
        """Whether a row is known by the same after it was written: by its key."""
        return bool(place.key)

    def _changes(self, number: int, place: Place, column: str, others: Sequence[str]) -> str:
        """What became what, of rows that only all their other cells tell apart.

        Of those that are alike in them, the values that are there no more are put beside those that are new: whichever
        row had which, nobody could tell the table from what it was.
        """
        cell, told = f"t.{self.quote(column)}", self.prints(place, others, "t")[0]
        both = (
            f"SELECT p0 AS p, {self.as_text('v0')} AS v, v0 AS a, NULL AS b, 0 AS side FROM {self.own(number)} "
            f"UNION ALL SELECT {told}, {self.as_text(cell)}, NULL, {cell}, 1 FROM {place.sql} AS t"
        )
        counted = (
            "SELECT p, v, a, b, side, row_number() OVER (PARTITION BY p, v, side ORDER BY v) AS n, "
            "sum(side) OVER (PARTITION BY p, v) AS news, sum(1 - side) OVER (PARTITION BY p, v) AS olds "
            f"FROM ({both}) AS u"
        )
        left = (
            "SELECT p, a, b, side, row_number() OVER (PARTITION BY p, side ORDER BY v, n) AS m "
            f"FROM ({counted}) AS c WHERE n > CASE side WHEN 0 THEN news ELSE olds END"
        )
        return (
            f"SELECT o.p AS p0, o.a AS v0, w.b AS n0 FROM ({left}) AS o JOIN ({left}) AS w "
            "ON o.p = w.p AND o.m = w.m AND o.side = 0 AND w.side = 1"
        )

    @abstractmethod
    def as_text(self, cell: str) -> str:
        """A text that is never NULL, the same for values that are the same, and another for others."""

    def unchanged(self, one: str, other: str) -> str:
        return self.same(one, other)

    # -- keeping, batch by batch

    batch = "pwmig_attic_batch"
    """A temporary table, of what a column held in the rows of a batch before they are filled; there may be several."""
    drop_temporary = "DROP TABLE"

    def open(self, number: int, place: Place, column: str, others: Sequence[str]) -> None:
        """Make the table for what a column held, as :meth:`keep` and :meth:`note_new` leave it, without a row."""
        self.ask(f"CREATE TABLE {self.own(number)} AS {self._kept_text(place, [column], others)} LIMIT 0")
        self.ask(f"ALTER TABLE {self.own(number)} ADD COLUMN n0 {self.type_of(place, column)}")

    def batch_text(self, batch: int, place: Place, column: str, others: Sequence[str], condition: str) -> str:
        """The statement that puts aside what the rows hold that a condition means."""
        names = ", ".join([*self._unlisted(place), *map(self.quote, (*place.key, column, *others))])
        parts = self._told(self._kept_parts(place, [column], others))
        rows = f"(SELECT {names} FROM {place.sql} WHERE {condition})"  # There the table goes by its own name.
        return f"CREATE TEMPORARY TABLE {self.batch}_{batch} AS SELECT {parts} FROM {rows} AS t"

    def _unlisted(self, place: Place) -> list[str]:
        """What is kept of a row beside its columns, by the names that it has in its table."""
        return [name for name in (place.null_key, None if place.key else self.row_id) if name]

    def add_batch(self, batch: int, number: int, place: Place, column: str, others: Sequence[str]) -> int:
        """Keep what was put aside where it is another value by now; of how many rows."""
        names = [name for _, name in self._kept_parts(place, [column], others)]
        cell = f"t.{self.quote(column)}"
        rows = (
            f"FROM {self.batch}_{batch} AS x JOIN {place.sql} AS t ON {self._keys('x', 't', place)} "
            f"WHERE NOT ({self.unchanged('x.v0', cell)})"
        )
        chosen = ", ".join(f"x.{name}" for name in names)
        self.ask(f"INSERT INTO {self.own(number)} ({', '.join(names)}, n0) SELECT {chosen}, {cell} {rows}")
        count = int(self.ask(f"SELECT count(*) {rows}")[0][0])
        self.drop_batch(batch)
        return count

    def drop_batch(self, batch: int) -> None:
        self.ask(f"{self.drop_temporary} IF EXISTS {self.batch}_{batch}")

    def type_of(self, place: Place, column: str) -> str:
        """The type of a column, for one that has to hold the same."""
        return ""

    # -- putting back

    def sort(self, number: int, place: Place, others: Sequence[str | None], filled: str | None = None) -> None:
        """Say of each row that is kept whether its row is there; ``others``: the columns of its print that are left.

        Without a key it is there where ``filled``, the column that was changed, holds what it became.
        """
        own = self.own(number)
        self._add_state(number)
        if not place.key:
            if all(others):
                self._pair(number, place, [name for name in others if name], filled)
            return
        prints = self._prints_now(place, others)
        alike = " AND ".join(self.same(text, f"x.p{n}") for n, text in prints) or "1 = 1"
        state = f"CASE WHEN {alike} THEN {SAME} ELSE {CHANGED} END"
        self.update(own, {"s": state}, place.sql, self._keys("x", "t", place))
        if not place.counts and len(place.key) == 1:
            # A key can only have been given again where no row above it has been there all the time.
            self.ask(
                f"UPDATE {own} SET s = {DOUBTFUL} WHERE s = {CHANGED} AND NOT EXISTS "
                f"(SELECT 1 FROM (SELECT max(k0) AS k FROM {own} WHERE s = {SAME}) AS m WHERE m.k > {own}.k0)"
            )

    def _add_state(self, number: int) -> None:
        """No row has a state; without the column keeping costs less, and to add it costs nothing."""
        if self.has_state(number):
            self.ask(f"UPDATE {self.own(number)} SET s = NULL")
        else:
            self.ask(f"ALTER TABLE {self.own(number)} ADD COLUMN s {self.state_type}")

    def _prints_now(self, place: Place, others: Sequence[str | None]) -> list[tuple[int, str]]:
        """The parts of the rows' prints that can be made of the columns that are there, each with its number."""
        wanted = enumerate(others[: self.most_cells])
        return [(n, self.prints(place, [name], "t")[0]) for n, name in wanted if name is not None]

    def leave_newer(self, number: int, place: Place, column: str, fresh: str) -> None:
        """Leave out the rows that hold something by now; ``fresh`` is the condition for what is nothing."""
        self.update(
            self.own(number),
            {"s": str(NEWER)},
            place.sql,
            f"{self._keys('x', 't', place)} AND x.s IN ({SAME}, {CHANGED}) AND NOT ({fresh})",
        )

    def put(self, number: int, place: Place, columns: Sequence[str], *, doubtful: bool = False) -> Counts:
        """Write what is kept into the rows that are there; :meth:`let_go` lets go of it."""
        own, states = self.own(number), _states(doubtful)
        counts = dict(self.ask(f"SELECT coalesce(s, 0), count(*) FROM {own} GROUP BY coalesce(s, 0)"))
        if any(counts.get(state) for state in (SAME, CHANGED, *([DOUBTFUL] if doubtful else []))):
            quiet = self.quiet(place)
            quiet.begin()
            self.send(self.update_text(place, columns, own, f"{self._keys('x', 't', place)} AND x.s IN {states}"))
            quiet.end()
        changed = counts.get(CHANGED, 0) + (counts.get(DOUBTFUL, 0) if doubtful else 0)
        left = 0 if doubtful else counts.get(DOUBTFUL, 0)
        return Counts(counts.get(SAME, 0) + changed, changed, counts.get(0, 0), left, counts.get(NEWER, 0))

    def let_go(self, number: int, *, doubtful: bool = False) -> None:
        """Let go of the values that were put back."""
        self.ask(f"DELETE FROM {self.own(number)} WHERE s IN {_states(doubtful)}")

    def drop_state(self, number: int) -> None:
        """Of what is left no row has a state any more."""
        self.ask(f"ALTER TABLE {self.own(number)} DROP COLUMN s")

    def lacking(self, number: int, place: Place) -> int:
        """How many rows of a table will have no value once those that are kept are back; without key, at least."""
        rows = int(self.ask(f"SELECT count(*) FROM {place.sql}")[0][0])
        if not place.key:
            return max(0, rows - self.count(number, "v0 IS NOT NULL"))
        matched = f"{self.own(number)} AS x JOIN {place.sql} AS t ON {self._keys('x', 't', place)}"
        return rows - int(self.ask(f"SELECT count(*) FROM {matched} WHERE x.v0 IS NOT NULL")[0][0])

    def put_rows(self, number: int, place: Place, columns: Sequence[str]) -> Counts:
        """Put the rows of a table back of which none with the same key is there; see :meth:`let_go_rows`."""
        own, names = self.own(number), ", ".join(map(self.quote, columns))
        kept = self.count(number)
        there = bool(self.ask(f"SELECT 1 FROM {place.sql} LIMIT 1"))
        known = {name.lower() for name in columns}
        if there and (not place.key or not all(name.lower() in known for name in place.key)):
            return Counts(newer=kept)
        missing = ""
        if there:
            alike = " AND ".join(f"{self._key(name, 't', place)} = x.{self.quote(name)}" for name in place.key)
            missing = f" WHERE NOT EXISTS (SELECT 1 FROM {place.sql} AS t WHERE {alike})"
        restored = int(self.ask(f"SELECT count(*) FROM {own} AS x{missing}")[0][0]) if there else kept
        quiet = self.quiet(place)
        quiet.begin()
        self.send(self.insert_text(place, names, own, missing, columns))
        quiet.end()
        if restored == kept:
            return Counts(restored=restored)
        return Counts(restored=restored, newer=self.count(number, f"NOT {self._is_there(number, place, columns)}"))

    def let_go_rows(self, number: int, place: Place, columns: Sequence[str]) -> None:
        """Let go of the rows that are in the table as they were."""
        self.ask(f"DELETE FROM {self.own(number)} WHERE {self._is_there(number, place, columns)}")

    def _is_there(self, number: int, place: Place, columns: Sequence[str]) -> str:
        own = self.own(number)
        cells = " AND ".join(self.unchanged(f"t.{self.quote(name)}", f"{own}.{self.quote(name)}") for name in columns)
        return f"EXISTS (SELECT 1 FROM {place.sql} AS t WHERE {cells})"

    def insert_text(self, place: Place, names: str, own: str, missing: str, columns: Sequence[str]) -> str:
        chosen = ", ".join(f"x.{self.quote(name)}" for name in columns)
        return f"INSERT INTO {place.sql} ({names}) SELECT {chosen} FROM {own} AS x{missing}"

    def after_rows(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        """Let counters go on where those of the table that was kept stood."""
        return

    def again(self, place: Place, definitions: Mapping[str, Any]) -> list[str]:
        """The statements that make what hung on a table and does not hang on it now."""
        return []

    def letters(self, place: Place, texts: Sequence[str]) -> None:
        """Write a table's text as it was before, where one of these says the same."""
        return

    def discard(self, number: int) -> None:
        """Let go of a thing."""
        self.ask(f"DROP TABLE IF EXISTS {self.own(number)}")

    def quiet(self, place: Place) -> Quiet:
        """What keeps the project's own triggers from being fired by what is put back."""
        return Quiet()

    transactional = True
    """Whether what is kept goes with the migration's transaction, where that is rolled back."""
    holds_locks = False

    def release(self) -> None:
        """What was kept is gone from where it was: locks may go."""
        return

    # -- the texts

    def update(self, own: str, sets: Mapping[str, str], source: str, condition: str) -> None:
        """Write into a table of the attic (``x``) what stands in a table of the project's (``t``)."""
        written = ", ".join(f"{name} = {text}" for name, text in sets.items())
        self.ask(f"UPDATE {own} AS x SET {written} FROM {source} AS t WHERE {condition}")

    def update_text(self, place: Place, columns: Sequence[str], own: str, condition: str) -> str:
        """The UPDATE of a table of the project's (``t``) by what is kept (``x``)."""
        sets = ", ".join(f"{self.quote(name)} = x.v{n}" for n, name in enumerate(columns))
        return f"UPDATE {place.sql} AS t SET {sets} FROM {own} AS x WHERE {condition}"

    def _keys(self, own: str, other: str, place: Place) -> str:
        if not place.key:
            return f"{other}.{self.row_id} = {own}.k0"
        return " AND ".join(f"{self._key(name, other, place)} = {own}.k{n}" for n, name in enumerate(place.key))

    def _key(self, name: str, alias: str, place: Place) -> str:
        """A column of the key, to be compared as the key compares it."""
        return f"{alias}.{self.quote(name)}"

    def _alike(self, place: Place, others: Sequence[str], filled: str | None) -> tuple[str, str]:
        """Two texts that are the same: of a row that is kept, and of a row without key that may be it."""
        kept, there = "p0", self.prints(place, others, "t")[0]
        if filled is None:
            return kept, there
        now = self.as_text(f"t.{self.quote(filled)}")
        return f"{kept} || ' ' || {self.as_text('n0')}", f"{there} || ' ' || {now}"

    def _pair(self, number: int, place: Place, others: Sequence[str], filled: str | None) -> None:
        """Of a table without key: each row that is kept finds one with the same cells, each of them once."""
        own, rid = self.own(number), self.row_id
        kept, there = self._alike(place, others, filled)
        pairs = (
            f"(SELECT a.r AS a, b.r AS b FROM (SELECT {rid} AS r, {kept} AS p, "
            f"row_number() OVER (PARTITION BY {kept} ORDER BY k0) AS n FROM {own}) AS a "
            f"JOIN (SELECT r, p, row_number() OVER (PARTITION BY p ORDER BY r) AS n FROM "
            f"(SELECT t.{rid} AS r, {there} AS p FROM {place.sql} AS t) AS c) AS b ON a.p = b.p AND a.n = b.n)"
        )
        self.update(own, {"k0": "t.b", "s": str(SAME)}, pairs, f"x.{rid} = t.a")


def _states(doubtful: bool) -> str:
    """The states of the rows that get their values back, as a list in SQL."""
    return f"({SAME}, {CHANGED}{f', {DOUBTFUL}' if doubtful else ''})"
