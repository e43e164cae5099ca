"""Rows of a table without key get back what is kept of them: MariaDB and MySQL have nothing to call such a row by.

A row is found by its other cells (and by what the cell became, of one that was changed), each row once. Where all that
are alike in these had the same value, they get it in one statement; the others are done value by value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.migrator import speaking
from pwmig.dialects.server.operations.texts import doubled
from pwmig.dialects.shelved import LOST, ROUNDED, SAME, Counts

if TYPE_CHECKING:
    from pwmig.dialects.mysql.attic import MySQLShelf
    from pwmig.dialects.shelved import Place

__all__ = ["Keyless"]

_NULL = "-"
"""What stands for NULL where all other cells are hexadecimal digits."""


class Keyless:
    """One column of one table, and what is kept of it."""

    def __init__(self, shelf: MySQLShelf, number: int, place: Place, column: str, others: tuple[str, ...]) -> None:
        self.shelf, self.number, self.place, self.column = shelf, number, place, column
        self.own = shelf.own(number)
        self.kept, self.there = self.cells = ("p0", shelf.prints(place, others, "t")[0])
        self.cell = shelf.as_text(f"t.{shelf.quote(column)}")

    def put_where(self, empty: bytes | None) -> Counts:
        """Into rows that hold nothing yet, which is ``empty``; others are left."""
        text = _NULL if empty is None else empty.hex().upper()
        return self._put(f"{self.cell} = '{text}'")

    def put_changes(self) -> Counts:
        """Into rows that hold what the cell became."""
        became, was = (
            self._texts(*self.shelf.became(self.number, self.place, self.column, one)) for one in ("n0", "v0")
        )
        if self.shelf.computed and self._alike(*was) > self._alike(*became):
            return self._held(*was)
        self.kept, self.there = became
        return self._put("1 = 1")

    def _texts(self, kept: str, there: str) -> tuple[str, str]:
        return f"CONCAT({self.kept}, ' ', {kept})", f"CONCAT({self.there}, ' ', {there})"

    def _alike(self, kept: str, there: str) -> int:
        """How many rows that are kept find one of the same text."""
        return int(self.shelf.ask(f"SELECT COALESCE(SUM(n), 0) AS n FROM {self._pairs(kept, there)} AS p")[0][0])

    def _pairs(self, kept: str, there: str) -> str:
        """Texts of which no more rows are kept than there are, and how many."""
        wanted = f"SELECT MD5({kept}) AS h, COUNT(*) AS n FROM {self.own} WHERE s IS NULL GROUP BY 1"
        found = f"SELECT MD5({there}) AS h, COUNT(*) AS n FROM {self.place.sql} AS t GROUP BY 1"
        return f"(SELECT w.h, w.n FROM ({wanted}) AS w JOIN ({found}) AS f ON f.h = w.h AND f.n >= w.n)"

    def _held(self, kept: str, there: str) -> Counts:
        """Rows that hold again what they held: there is nothing to write."""
        shelf = self.shelf
        shelf.ask(
            f"UPDATE {self.own} AS x JOIN {self._pairs(kept, there)} AS p ON p.h = MD5({kept}) SET x.s = {SAME} "
            "WHERE x.s IS NULL"
        )
        gone, lost = (shelf.count(self.number, one) for one in ("s IS NULL", f"s = {LOST}"))
        return Counts(restored=shelf.count(self.number, f"s = {SAME}"), gone=gone, lost=lost)

    def _put(self, fresh: str) -> Counts:
        shelf, own = self.shelf, self.own
        hashed, kept, there = f"UNHEX(MD5({self.there}))", f"{shelf.batch}_kept", f"{shelf.batch}_there"
        if not shelf.has_column(self.number, "h"):
            shelf.ask(f"ALTER TABLE {own} ADD COLUMN h BINARY(16), ADD KEY (h)")
        shelf.ask(f"UPDATE {own} SET h = CASE WHEN s IS NULL THEN UNHEX(MD5({self.kept})) END")
        alike = f"COUNT(*) AS n, COUNT(DISTINCT {shelf.as_text('v0')}) AS d FROM {own}"
        shelf.ask(f"CREATE TEMPORARY TABLE {kept} (KEY (h)) AS SELECT h, {alike} GROUP BY h")
        counted = f"SELECT {hashed} AS h, COUNT(*) AS n, MAX({self.cell}) AS c FROM {self.place.sql} AS t"
        shelf.ask(f"CREATE TEMPORARY TABLE {there} (KEY (h)) AS {counted} WHERE {fresh} GROUP BY 1")
        restored = self._put_sure(kept, there, fresh, hashed)
        restored += self._put_others(there, fresh, hashed)
        rounded = self._mark_rounded()
        shelf.ask(f"DROP TEMPORARY TABLE {kept}, {there}")
        lost = shelf.count(self.number, f"s = {LOST}")
        shelf.ask(f"ALTER TABLE {own} DROP COLUMN h")
        return Counts(restored=restored, gone=shelf.count(self.number, "s IS NULL"), lost=lost, rounded=rounded)

    def _mark_rounded(self) -> int:
        """Rows that got another value than was kept, since the type is another one."""
        shelf = self.shelf
        types = shelf.retyped(self.number, self.place, {self.column: "v0"}).get(self.column)
        if types is None:
            return 0
        value, cell = shelf.alike("v0", f"t.{shelf.quote(self.column)}", types)
        kept, there = f"CONCAT({self.cells[0]}, ' ', {value})", f"CONCAT({self.cells[1]}, ' ', {cell})"
        shelf.ask(
            f"UPDATE {self.own} SET s = {ROUNDED} WHERE s = {SAME} AND MD5({kept}) NOT IN "
            f"(SELECT MD5({there}) FROM {self.place.sql} AS t)"
        )
        return shelf.count(self.number, f"s = {ROUNDED}")

    def _put_sure(self, kept: str, there: str, fresh: str, hashed: str) -> int:
        """Where as many rows are there as had one and the same value."""
        shelf, own = self.shelf, self.own
        unsure = "k.d <> 1 OR w.n IS NULL OR w.n <> k.n"
        shelf.ask(f"DELETE k FROM {kept} AS k LEFT JOIN {there} AS w ON w.h = k.h WHERE {unsure}")
        count = int(shelf.ask(f"SELECT COALESCE(SUM(n), 0) AS n FROM {kept}")[0][0])
        if count:
            value = f"(SELECT v0 FROM {own} WHERE h = {hashed} LIMIT 1)"
            shelf.send(f"{self._update(value)} WHERE {fresh} AND {hashed} IN (SELECT h FROM {kept})")
            shelf.ask(f"UPDATE {own} AS x JOIN {kept} AS k ON k.h = x.h SET x.s = {SAME}")
        return count

    def _put_others(self, there: str, fresh: str, hashed: str) -> int:
        """Rows that can't be told apart, and had several values: each gets one of them, last the one that they hold,
        which needs no writing."""
        shelf, own, value, restored = self.shelf, self.own, self.shelf.as_text("v0"), 0
        left = shelf.ask(
            f"SELECT HEX(x.h) AS h, {value} AS v, {value} = w.c AS w, COUNT(*) AS n, MAX(w.n) AS m FROM {own} AS x "
            f"JOIN {there} AS w ON w.h = x.h WHERE x.s IS NULL GROUP BY x.h, 2, 3 ORDER BY 3"
        )
        free = {told: int(most) for told, *_, most in left}
        for told, text, is_held, count, _ in left:
            which = f"h = X'{told}' AND {value} = '{text}'"
            found = min(int(count), free[told])
            if not is_held:
                sql = self._update(f"(SELECT v0 FROM {own} WHERE {which} LIMIT 1)")
                with speaking("attic"):
                    cursor = shelf.database.execute_sql(
                        doubled(f"{sql} WHERE {fresh} AND {hashed} = X'{told}' LIMIT {found}")
                    )
                found = int(cursor.rowcount)
            shelf.ask(f"UPDATE {own} SET s = {SAME} WHERE {which} AND s IS NULL LIMIT {found}")
            free[told] -= found
            restored += found
        return restored

    def _update(self, value: str) -> str:
        """Time-stamps that the server would move keep their values."""
        quote = self.shelf.quote
        stamps = "".join(f", {quote(name)} = {quote(name)}" for name in self.place.stamps if name != self.column)
        return f"UPDATE {self.place.sql} AS t SET {quote(self.column)} = {value}{stamps}"
