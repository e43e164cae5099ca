"""What is kept may be against what stands there by now: it refers to what is gone, or is another row's where no two may
have the same. That is left in the attic."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from pwmig.dialects.shelf.keeping import Keeping
from pwmig.dialects.shelved import LOST, TAKEN, Reference, Unique

if TYPE_CHECKING:
    from pwmig.dialects.shelved import Place

__all__ = ["Against"]


class Against(Keeping):
    """The statements that tell what can't go back."""

    # -- what refers to what is gone

    awaited: Collection[str] = ()
    """Tables, as SQL, whose rows are put back later: who refers to them is not lost."""

    def leave_lost(self, number: int, place: Place, column: str, states: str) -> None:
        """Leave out the values that refer to what is not there."""
        own, cells = self.own(number), {name: f"t.{self.quote(name)}" for name in place.columns}
        for key in self.keys_of(place):
            if column in key.columns and key.table not in self.awaited:
                cells[column] = self.value_of(own, 0, place, column)
                lost = self._is_lost([cells[name] for name in key.columns], key)
                self.update(
                    own, {"s": str(LOST)}, place.sql, f"{self._keys('x', 't', place)} AND x.s IN {states} AND {lost}"
                )

    def count_lost(self, place: Place, key: Reference) -> int:
        """How many rows of a table refer by a key to what is not there."""
        lost = self._is_lost([f"t.{self.quote(name)}" for name in key.columns], key)
        return int(self.ask(f"SELECT count(*) FROM {place.sql} AS t WHERE {lost}")[0][0])

    def _is_lost(self, cells: Sequence[str], key: Reference) -> str:
        there = " AND ".join(f"p.{self.quote(name)} = {cell}" for name, cell in zip(key.to, cells))
        refers = " AND ".join(f"{cell} IS NOT NULL" for cell in cells)
        return f"{refers} AND NOT EXISTS (SELECT 1 FROM {key.table} AS p WHERE {there})"

    def is_written(self, own: str, place: Place, states: str, alias: str = "t") -> str:
        """The condition for rows of a table which get something back."""
        return f"EXISTS (SELECT 1 FROM {own} AS y WHERE y.s IN {states} AND {self._keys('y', alias, place)})"

    # -- what only one row may have

    def uniques(self, place: Place) -> list[Unique]:
        """What no two rows of a table may have the same, its key beside; without what is computed, or holds for some
        rows alone."""
        return []

    def checks(self, place: Place) -> list[str]:
        """The conditions that a table has for its rows, where the database does not say which row is against one."""
        return []

    def joined(self, number: int, place: Place) -> str:
        """The rows of a table (``t``), each with what is kept of it (``x``)."""
        return f"{place.sql} AS t JOIN {self.own(number)} AS x ON {self._keys('x', 't', place)}"

    uniques_to_be: Mapping[str, Sequence[Unique]] = {}
    """What no two rows of a table may have the same as soon as what is theirs is back, by :attr:`Place.sql`."""

    def compared(self, place: Place, column: str, cell: str, collation: str | None = None) -> str:
        """A cell as it is compared where it has to be unique."""
        return cell

    def uniques_of(self, place: Place, column: str) -> list[Unique]:
        """What has to be unique of a column, by itself or with others, or will have to be."""
        found = [*self.uniques(place), *self.uniques_to_be.get(place.sql, ())]
        return [one for one in dict.fromkeys(found) if column in one.columns]

    def leave_taken(self, number: int, place: Place, column: str, states: str, uniques: Sequence[Unique]) -> None:
        """Leave out the values that other rows have by now, which keep theirs; then what these rows hold is not free
        either."""
        left = -1 if uniques else 0
        while left != (left := self.count(number, f"s = {TAKEN}") if uniques else 0):
            for one in uniques:
                self._leave_taken(number, place, column, states, one)

    def _leave_taken(self, number: int, place: Place, column: str, states: str, one: Unique) -> None:
        own, kept, there = self.own(number), [], []
        for name, collation in zip(one.columns, one.collations or [None] * len(one.columns)):
            cell = self.value_of(own, 0, place, column) if name == column else f"t.{self.quote(name)}"
            kept.append(self.compared(place, name, cell, collation))
            there.append(self.compared(place, name, f"o.{self.quote(name)}"))
        # As a list, of which each database makes an index: what is yet to be unique has none.
        stays = f"NOT {self.is_written(self.kept_rows(number), place, states, 'o')}"
        held = f"SELECT {', '.join(there)} FROM {place.sql} AS o WHERE {stays}"
        condition = f"{self._keys('x', 't', place)} AND x.s IN {states} AND ({', '.join(kept)}) IN ({held})"
        self.update(own, {"s": str(TAKEN)}, place.sql, condition)

    def _untaken(self, number: int, place: Place, columns: Mapping[str, str], alias: str) -> str:
        """The condition for rows of a table that was dropped whose cells, where they have to be unique, are no other
        row's."""
        types, conditions = self.retyped(number, place, columns), []
        for one in self.uniques(place):
            if all(name in columns and name not in types for name in one.columns):
                pairs = []
                for name, collation in zip(one.columns, one.collations or [None] * len(one.columns)):
                    cells = f"o.{self.quote(name)}", f"{alias}.{self.quote(columns[name])}"
                    there, kept = (self.compared(place, name, cell, collation) for cell in cells)
                    pairs.append(f"{there} = {kept}")
                conditions.append(f" AND NOT EXISTS (SELECT 1 FROM {place.sql} AS o WHERE {' AND '.join(pairs)})")
        return "".join(conditions)

    def kept_rows(self, number: int) -> str:
        """The rows of a thing, to be joined with others by their keys."""
        return self.own(number)

    # -- rows of one table that refer to each other

    def _unlost(
        self, number: int, place: Place, columns: Mapping[str, str], references: Sequence[Reference], missing: str
    ) -> str:
        """The condition for rows (``x``) which refer to what is there, or comes back with them; ``missing`` is the one
        for those that do (of ``p``), as :meth:`_missing` says it."""
        own = self.own(number)
        keys = [
            key
            for key in dict.fromkeys([*self.keys_of(place), *references])
            if key.table not in self.awaited and all(name in columns for name in key.columns)
        ]
        within = [key for key in keys if key.table == place.sql and all(name in columns for name in key.to)]

        there = f"{missing} AND " if missing else " WHERE "

        def refers(alias: str) -> str:
            conditions = []
            for key in keys:
                cells = [f"{alias}.{self.quote(columns[name])}" for name in key.columns]
                lost = self._is_lost(cells, key)
                if key in within:
                    to = [f"p.{self.quote(columns[name])}" for name in key.to]
                    known = " AND ".join(f"{name} IS NOT NULL" for name in to)
                    # As a list, of which each database makes an index: a copy of a table has none.
                    lost += f" AND ({', '.join(cells)}) NOT IN (SELECT {', '.join(to)} FROM {own} AS p{there}{known})"
                conditions.append(f"NOT ({lost})")
            return " AND ".join(conditions)

        condition = refers("x")
        if within and self.ask(f"SELECT 1 FROM {own} AS x WHERE NOT ({condition}) LIMIT 1"):
            condition += "".join(
                f" AND {self._is_above(own, place, key, columns, refers('z'))}" for key in within if len(key.to) == 1
            )
        return condition

    def _is_above(self, own: str, place: Place, key: Reference, columns: Mapping[str, str], refers: str) -> str:
        """The condition for rows (``x``) that refer to none of the same table which stays out, nor by way of others."""
        to, cell = self.quote(columns[key.to[0]]), self.quote(columns[key.columns[0]])
        there = f"EXISTS (SELECT 1 FROM {place.sql} AS p WHERE p.{self.quote(key.to[0])} = z.{to})"
        first = f"SELECT z.{to} FROM {own} AS z WHERE NOT ({refers}) AND NOT {there}"
        more = f"SELECT z.{to} FROM {own} AS z JOIN lost AS l ON z.{cell} = l.k WHERE NOT {there}"
        lost = f"WITH RECURSIVE lost (k) AS ({first} UNION {more}) SELECT k FROM lost"
        return f"(x.{cell} IS NULL OR x.{cell} NOT IN ({lost}))"

    def insert(self, place: Place, sql: str) -> None:
        """Put rows into a table, of which some may refer to each other."""
        self.send(sql)
