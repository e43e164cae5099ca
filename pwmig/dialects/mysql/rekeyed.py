"""A column of the key gets back what it held before it was cast: MariaDB and MySQL call a row by the key of now.

What is kept finds its row by all cells, as without a key, each row once since the key tells them apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pwmig.dialects.mysql.keyless import Keyless
from pwmig.dialects.shelved import LOST, NEWER, SAME, Counts

if TYPE_CHECKING:
    from pwmig.dialects.mysql.attic import MySQLShelf
    from pwmig.dialects.shelved import Place

__all__ = ["Rekeyed"]

_MOST = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
"""Bits of a whole number (https://mariadb.com/kb/en/numeric-data-type-overview/)."""


class Rekeyed(Keyless):
    """One column of the key of one table, and what is kept of it."""

    def __init__(self, shelf: MySQLShelf, number: int, place: Place, column: str, others: tuple[str, ...]) -> None:
        super().__init__(shelf, number, place, column, others)
        self.found, self.name = f"{shelf.batch}_there", shelf.quote(column)
        self.rest = [name for name in place.unique if name != column]
        self.told = f"u{place.unique.index(column)}"
        """What the column holds, where rows that were found are written down by their keys."""

    def put(self) -> Counts:
        shelf, own = self.shelf, self.own
        if not shelf.has_column(self.number, "h"):
            shelf.ask(f"ALTER TABLE {own} ADD COLUMN h BINARY(16), ADD KEY (h)")
        self._find()
        left_out = self._leave_newer()
        restored = shelf.count(self.number, f"s = {SAME}")
        if restored:
            self._write()
        rounded = self._mark_rounded()
        shelf.ask(f"DROP TEMPORARY TABLE {self.found}")
        lost = shelf.count(self.number, f"s = {LOST}")
        shelf.ask(f"ALTER TABLE {own} DROP COLUMN h")
        gone = shelf.count(self.number, "s IS NULL")
        return Counts(restored=restored, gone=gone, newer=left_out, lost=lost, rounded=rounded)

    def _find(self) -> None:
        """Rows that hold what the cell became; and those that hold what it was, since the way back has cast it."""
        shelf, own = self.shelf, self.own
        keys = ", ".join(f"t.{shelf.quote(name)} AS u{n}" for n, name in enumerate(self.place.unique))
        every, rows = f"{shelf.batch}_kept", f"SELECT {{}} AS h, {keys} FROM {self.place.sql} AS t"
        made = f"CREATE TEMPORARY TABLE {{}} (KEY (h), KEY ({self.told})) AS {{}}"
        shelf.ask(made.format(self.found, rows.format("UNHEX(MD5(''))") + " WHERE 1 = 0"))
        both = " AND ".join(f"w.u{n} = f.u{n}" for n in range(len(self.place.unique)))
        for held in ("n0", "v0"):
            kept, there = self._texts(*shelf.became(self.number, self.place, self.column, held))
            shelf.ask(made.format(every, rows.format(f"UNHEX(MD5({there}))")))
            shelf.ask(f"DELETE w FROM {every} AS w JOIN {self.found} AS f ON {both}")
            shelf.ask(f"UPDATE {own} SET h = UNHEX(MD5({kept})) WHERE s IS NULL")
            shelf.ask(f"UPDATE {own} AS x JOIN {every} AS w ON w.h = x.h SET x.s = {SAME} WHERE x.s IS NULL")
            shelf.ask(f"INSERT INTO {self.found} SELECT w.* FROM {every} AS w JOIN {own} AS x ON x.h = w.h")
            shelf.ask(f"DROP TEMPORARY TABLE {every}")
        shelf.ask(f"UPDATE {own} SET h = NULL WHERE s IS NULL OR s <> {SAME}")

    def _leave_newer(self) -> int:
        """Keys that rows have by now which keep theirs."""
        shelf, own, found = self.shelf, self.own, 0
        rest = "".join(f" AND t.{shelf.quote(name)} = w.u{self.place.unique.index(name)}" for name in self.rest)
        alike = " AND ".join(f"t.{shelf.quote(name)} = k.u{n}" for n, name in enumerate(self.place.unique))
        # A temporary table can't be read twice by one statement: the keys of those that are written stand in another.
        written = f"{shelf.batch}_kept"
        while True:
            shelf.ask(f"CREATE TEMPORARY TABLE {written} (KEY (u0)) AS SELECT * FROM {self.found}")
            shelf.ask(
                f"UPDATE {own} AS x JOIN {self.found} AS w ON w.h = x.h JOIN {self.place.sql} AS t "
                f"ON t.{self.name} = x.v0{rest} LEFT JOIN {written} AS k ON {alike} "
                f"SET x.s = {NEWER}, x.h = NULL WHERE k.u0 IS NULL"
            )
            count = int(shelf.ask("SELECT ROW_COUNT()")[0][0])
            shelf.ask(f"DROP TEMPORARY TABLE {written}")
            if not count:
                return shelf.count(self.number, f"s = {NEWER}") if found else 0
            found += count
            shelf.ask(f"DELETE w FROM {self.found} AS w LEFT JOIN {own} AS x ON x.h = w.h WHERE x.h IS NULL")

    def _write(self) -> None:
        """A key is checked row by row: numbers are first moved to where none is."""
        shelf, by = self.shelf, self._way()
        if by:
            shelf.send(self._update(f"t.{self.name} + {by}"))
            shelf.ask(f"UPDATE {self.found} SET {self.told} = {self.told} + {by}")
        shelf.send(self._update("x.v0"))

    def _update(self, value: str) -> str:
        """Time-stamps that the server would move keep their values."""
        others = (self.shelf.quote(name) for name in self.place.stamps if name != self.column)
        stamps = "".join(f", t.{name} = t.{name}" for name in others)
        alike = " AND ".join(f"t.{self.shelf.quote(name)} = w.u{n}" for n, name in enumerate(self.place.unique))
        found = f"JOIN {self.found} AS w ON {alike} JOIN {self.own} AS x ON x.h = w.h"
        return f"UPDATE {self.place.sql} AS t {found} SET t.{self.name} = {value}{stamps}"

    def _way(self) -> int:
        """How far keys that get other numbers are moved, 0 where they need not be, or can't."""
        shelf, cell = self.shelf, f"t.{self.name}"
        taken = f"SELECT 1 FROM {self.own} AS x JOIN {self.place.sql} AS t ON {cell} = x.v0 WHERE x.s = {SAME} LIMIT 1"
        types = shelf.kept_place(self.number).types["v0"], self.place.types[self.column]
        kinds = [found[0] if (found := re.match(r"[a-z]+", type_.lower())) else "" for type_ in types]
        bits = _MOST.get(kinds[1], 0)
        if not bits or kinds[0] not in _MOST or not shelf.ask(taken):
            return 0
        both = f"SELECT {cell} AS n FROM {self.place.sql} AS t UNION ALL SELECT v0 FROM {self.own}"
        low, high = map(int, shelf.ask(f"SELECT MIN(n) AS a, MAX(n) AS b FROM ({both}) AS b")[0])
        by, unsigned = high - low + 1, "unsigned" in types[1].lower()
        least, most = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if low - by >= least:
            return -by
        return by if high + by <= most else 0
