"""What an operation takes is kept before it takes it: a column, a table, or what a fill changes, batch by batch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.dialects.shelf.said import Said

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.shelved import Place

__all__ = ["Keeping"]


class Keeping(Said):
    """The statements that keep."""

    keeps_places = False
    """Whether where a column stood is kept of a table without rows, too."""

    def former(self, place: Place, column: str) -> dict[str, Any]:
        """How a column stands in its table, for when it comes back: ``behind`` which columns, the nearest first, where
        the database can place one; ``sql``, the table's text, where it is one."""
        return {}

    def keep(self, number: int, place: Place, columns: Sequence[str], others: Sequence[str]) -> int:
        """Keep the values of some columns; of how many rows."""
        return self.make(number, place, self._kept_text(place, columns, others))

    def keep_all(self, things: Sequence[tuple[int, Place, str, Sequence[str]]]) -> list[int]:
        """Keep columns of one table that go together, each under its number with what tells its rows; of how many
        rows each."""
        return [self.keep(number, place, [column], others) for number, place, column, others in things]

    def keep_changes(
        self, things: Sequence[tuple[int, str]], place: Place, others: Sequence[str], wanted: Operation
    ) -> None:
        """Keep columns, each under its number, of which an operation is about to change what they hold."""
        for number, column in things:
            self.keep(number, place, [column], others)

    def _kept_text(self, place: Place, columns: Sequence[str], others: Sequence[str]) -> str:
        return f"SELECT {self._told(self._kept_parts(place, columns, others))} FROM {place.sql} AS t"

    def _told(self, parts: Sequence[tuple[str, str]]) -> str:
        return ", ".join(f"{text} AS {name}" for text, name in parts)

    def _kept_parts(self, place: Place, columns: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
        """What is kept of a row, and how it is called."""
        keys = [f"t.{self.quote(name)}" for name in place.key]
        keys = keys or [f"t.{place.row_id}" if place.row_id else "NULL"]
        values = [self.value(place, name) for name in columns]
        kinds = (("k", keys), ("v", values), ("p", self.prints(place, others, "t")))
        return [(text, f"{letter}{n}") for letter, texts in kinds for n, text in enumerate(texts)]

    def make(self, number: int, place: Place, select: str) -> int:
        """Make the table of what a SELECT gives; how many rows that are."""
        self.ask(f"CREATE TABLE {self.own(number)} AS {select}")
        return self.count(number)

    @abstractmethod
    def definitions(self, place: Place) -> dict[str, Any]:
        """What hangs on a table, in words of the database, and how far its counters are."""

    @abstractmethod
    def move(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        """Take all rows of a table away into the attic, and leave it empty; or copy them, where it can't move."""

    # -- what became of it

    def note_new(self, number: int, place: Place, column: str, others: Sequence[str]) -> int:
        """Add to what was kept of a column what it became, and let go of rows where that is the same; how many stay."""
        own = self.own(number)
        if not self.tells_rows(place):
            self.ask(f"CREATE TEMPORARY TABLE {self.batch}_0 AS {self._changes(number, place, column, others)}")
            self._add_new(number, place, column)
            self.ask(f"DELETE FROM {own}")
            self.ask(f"INSERT INTO {own} (p0, v0, n0) SELECT p0, v0, n0 FROM {self.batch}_0")
            self.drop_batch(0)
            return self.count(number)
        self._add_new(number, place, column)
        self.update(own, {"n0": f"t.{self.quote(column)}"}, place.sql, self._keys("x", "t", place))
        self.ask(f"DELETE FROM {own} WHERE {self.unchanged(*self._both_cells(number, place, column, 'n0'))}")
        return self.count(number)

    def _both_cells(self, number: int, place: Place, column: str, now: str) -> tuple[str, str]:
        """What was kept of a column, and a cell of its type now, to be compared with each other."""
        types = self.retyped(number, place, {column: "v0"}).get(column)
        return ("v0", now) if types is None else self.as_precise("v0", now, types)

    def _add_new(self, number: int, place: Place, column: str) -> None:
        """Make room for what a column became."""
        self.ask(f"ALTER TABLE {self.own(number)} ADD COLUMN n0 {self.type_of(place, column)}")

    def _changes(self, number: int, place: Place, column: str, others: Sequence[str]) -> str:
        """What became what, of rows that only all their other cells tell apart.

        Of those that are alike in them, the values that are there no more are put beside those that are new: whichever
        row had which, nobody could tell the table from what it was.
        """
        cell, told = f"t.{self.quote(column)}", self.prints(place, others, "t")[0]
        before, after = map(self.as_text, self._both_cells(number, place, column, cell))
        both = (
            f"SELECT p0 AS p, {before} AS v, v0 AS a, NULL AS b, 0 AS side FROM {self.own(number)} "
            f"UNION ALL SELECT {told}, {after}, NULL, {cell}, 1 FROM {place.sql} AS t"
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
        # No table is read twice: under LOCK TABLES MariaDB and MySQL would want a name for each time.
        paired = (
            "SELECT p, a, side, lead(b) OVER w AS became, lead(side) OVER w AS beside "
            f"FROM ({left}) AS l WINDOW w AS (PARTITION BY p, m ORDER BY side)"
        )
        return f"SELECT p AS p0, a AS v0, became AS n0 FROM ({paired}) AS d WHERE side = 0 AND beside = 1"

    # -- batch by batch

    batch = "pwmig_attic_batch"
    """A temporary table, of what a column held in the rows of a batch before they are filled; there may be several."""
    drop_temporary = "DROP TABLE"
    lock_words = ""
    """What stands behind a query whose rows nobody else is to change until the transaction ends."""

    def open(self, number: int, place: Place, column: str, others: Sequence[str]) -> None:
        """Make the table for what a column held, as :meth:`keep` and :meth:`note_new` leave it, without a row."""
        self.ask(f"CREATE TABLE {self.own(number)} AS {self._kept_text(place, [column], others)} LIMIT 0")
        self._add_new(number, place, column)

    def batch_text(self, batch: int, place: Place, column: str, others: Sequence[str], condition: str) -> str:
        """The statement that puts aside what the rows hold that a condition means."""
        names = ", ".join([*self._unlisted(place), *map(self.quote, (*place.key, column, *others))])
        parts = self._told(self._kept_parts(place, [column], others))
        # There the table goes by its own name.
        rows = f"(SELECT {names} FROM {place.sql} WHERE {condition}{self.lock_words})"
        return f"CREATE TEMPORARY TABLE {self.batch}_{batch} AS SELECT {parts} FROM {rows} AS t"

    def put_aside(self, batch: int, place: Place) -> str:
        """The condition for the rows of a batch that were put aside, where others may come that it means too."""
        return ""

    def _unlisted(self, place: Place) -> list[str]:
        """What is kept of a row beside its columns, by the names that it has in its table."""
        return [name for name in (place.null_key, None if place.key else place.row_id) if name]

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
