"""What is kept is given back: each value to the row that it is of, where that is there and has none that is newer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.dialects.shelf.against import Against
from pwmig.dialects.shelved import CHANGED, DOUBTFUL, LOST, NEWER, ROUNDED, SAME, TAKEN, Counts, Reference, told_apart

if TYPE_CHECKING:
    from pwmig.dialects.shelved import Place

__all__ = ["Giving"]

_SEEN_TO = 16
"""Added to the state of a row that another thing decides on: one that was kept of the same column before or after."""


class Giving(Against):
    """The statements that give back."""

    def sort(self, number: int, place: Place, others: Sequence[str | None], filled: str | None = None) -> None:
        """Say of each row that is kept whether its row is there; ``others``: the columns of its print that are left.

        Without a key it is there where ``filled``, the column that was changed, holds what it became.
        """
        own = self.own(number)
        self._add_state(number)
        if not place.key:
            if all(others):
                names = [name for name in others if name]
                self._pair(number, place, names, filled)
                if filled in place.unique:
                    self._pair_cast_back(number, place, names, str(filled))
            return
        prints = self._prints_now(place, others)
        alike = " AND ".join(self.same(text, f"x.p{n}") for n, text in prints) or "1 = 1"
        state = f"CASE WHEN {alike} THEN {SAME} ELSE {CHANGED} END"
        self.update(own, {"s": state}, place.sql, self._keys("x", "t", place))
        if place.loose:
            self.update(own, {"s": str(DOUBTFUL)}, self._twins(place), self._keys("x", "t", place))
        if not place.counts and len(place.key) == 1:
            # A key can only have been given again where no row above it has been there all the time.
            self.ask(
                f"UPDATE {own} SET s = {DOUBTFUL} WHERE s = {CHANGED} AND NOT EXISTS "
                f"(SELECT 1 FROM (SELECT max(k0) AS k FROM {own} WHERE s = {SAME}) AS m WHERE m.k > {own}.k0)"
            )

    def _twins(self, place: Place) -> str:
        """The keys that several rows have."""
        names = ", ".join(map(self.quote, place.key))
        return f"(SELECT {names} FROM {place.sql} GROUP BY {names} HAVING count(*) > 1)"

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

    def leave_newer(self, number: int, place: Place, column: str, fresh: str, later: Sequence[int] = ()) -> None:
        """Leave out the rows that hold something by now; ``fresh`` is the condition for what is nothing.

        Where a row's cell was changed once more, and kept by one of the things ``later`` (the nearest first), it will
        hold what it held before that, unless that is left out itself.
        """
        for other in later:
            alike = f"t.s IN ({SAME}, {CHANGED}) AND {self.same('t.v0', 'x.n0')}"
            state = f"CASE WHEN {alike} THEN x.s + {_SEEN_TO} WHEN t.s = {DOUBTFUL} THEN {DOUBTFUL} ELSE {NEWER} END"
            condition = f"{self._both(place)} AND x.s IN ({SAME}, {CHANGED})"
            self.update(self.own(number), {"s": state}, self.kept_rows(other), condition)
        self.update(
            self.own(number),
            {"s": str(NEWER)},
            place.sql,
            f"{self._keys('x', 't', place)} AND x.s IN ({SAME}, {CHANGED}) AND NOT ({fresh})",
        )
        if later:
            self.ask(f"UPDATE {self.own(number)} SET s = s - {_SEEN_TO} WHERE s > {_SEEN_TO}")

    def doubt(self, number: int) -> None:
        """Nobody knows what became of the rows that are there."""
        self.ask(f"UPDATE {self.own(number)} SET s = {DOUBTFUL} WHERE s IN ({SAME}, {CHANGED})")

    def put(
        self, number: int, place: Place, columns: Sequence[str], *, doubtful: bool = False, older: Sequence[int] = ()
    ) -> Counts:
        """Write what is kept into the rows that are there, but for what one of the things ``older`` will write anyway;
        :meth:`let_go` lets go of it."""
        own, states, rounded = self.own(number), _states(doubtful), 0
        uniques = self.uniques_of(place, columns[0])
        is_now = any(columns[0] in one.columns for one in self.uniques(place)) and number not in self.given
        if older and is_now and not self.retyped(number, place, {columns[0]: "v0"}):
            older = ()  # Another row may have what it held in between: step by step, as it went.
        for other in older:
            written = f"x.s IN ({SAME}, {CHANGED}) AND t.s IN ({SAME}, {CHANGED})"
            condition = f"{self._both(place)} AND {written}"
            self.update(own, {"s": f"x.s + {_SEEN_TO}"}, self.kept_rows(other), condition)
        self.leave_lost(number, place, columns[0], states)
        if not place.key and columns[0] in place.unique:
            self._make_way(number, place, columns[0], states)
        self.leave_taken(number, place, columns[0], states, uniques)
        seen = f"CASE WHEN s > {_SEEN_TO} THEN s - {_SEEN_TO} ELSE coalesce(s, 0) END"
        counts = dict(self.ask(f"SELECT {seen} AS s, count(*) AS n FROM {own} GROUP BY {seen}"))
        if any(counts.get(state) for state in (SAME, CHANGED, *([DOUBTFUL] if doubtful else []))):
            quiet = self.quiet(place)
            quiet.begin()
            written = f"{self._keys('x', 't', place)} AND x.s IN {states}"
            if number in self.given:
                written += f" AND NOT ({self.unchanged(f't.{self.quote(columns[0])}', 'x.v0')})"
            self.send(self.update_text(place, columns, own, written))
            quiet.end()
            rounded = self.mark_rounded(number, place, columns[0], states)
        changed = counts.get(CHANGED, 0) + (counts.get(DOUBTFUL, 0) if doubtful else 0)
        left = 0 if doubtful else counts.get(DOUBTFUL, 0)
        taken, lost = counts.get(TAKEN, 0), counts.get(LOST, 0)
        newer = counts.get(NEWER, 0) + taken
        return Counts(counts.get(SAME, 0) + changed, changed, counts.get(0, 0), left, newer, lost, rounded, taken)

    given: Collection[int] = frozenset()
    """Things that were given ahead of the end, and are once more where they were written since."""

    def _make_way(self, number: int, place: Place, column: str, states: str) -> None:
        """A key is put back whose values other rows may have: a row that stays as it is keeps its own, and the others
        get numbers that none has, since a key is checked row by row."""
        own, cell, value = self.own(number), self.quote(column), self.value_of(self.own(number), 0, place, column)
        written = self.is_written(own, place, states)
        rest = [self.quote(name) for name in place.unique if name != column]
        there = f"{place.sql} AS t" + (f", {place.sql} AS r" if rest else "")
        alike = f"{self._keys('x', 'r', place)} AND " if rest else ""
        alike += "".join(f"t.{name} = r.{name} AND " for name in rest)
        taken = f"x.s IN {states} AND EXISTS (SELECT 1 FROM {there} WHERE {alike}t.{cell} = {value} AND NOT {written})"
        while self.ask(f"SELECT 1 FROM {own} AS x WHERE {taken} LIMIT 1"):
            self.ask(f"UPDATE {own} AS x SET s = {NEWER} WHERE {taken}")
        both = f"SELECT t.{cell} AS n FROM {place.sql} AS t UNION ALL SELECT {value} FROM {own} AS x"
        if (
            self.are_numbers(number, place, column)
            and (found := self.ask(f"SELECT min(n), max(n) FROM ({both}) AS b"))[0][1]
        ):
            quiet = self.quiet(place)
            quiet.begin()
            self.move_down(number, place, column, int(found[0][1]) - int(found[0][0]) + 1, states)
            quiet.end()

    def are_numbers(self, number: int, place: Place, column: str) -> bool:
        """Whether a column, and what is kept of it, holds whole numbers."""
        return False

    def move_down(self, number: int, place: Place, column: str, by: int, states: str) -> None:
        """Let the key of the rows that get another one be less, and find them again by what tells them apart."""
        return

    def renumber(self, number: int, place: Place, column: str) -> None:
        """A column of numbers that is the key came back, with numbers of the database's: let them be beyond those that
        are kept, so that rows which get none back have numbers of their own."""
        return

    def after_values(self, place: Place, column: str) -> None:
        """Let what counts a column go on behind the values that it got back."""
        return

    def mark_rounded(self, number: int, place: Place, column: str, states: str) -> int:
        """Mark the rows with one of these states whose column holds another value than was put back; how many."""
        types = self.retyped(number, place, {column: "v0"}).get(column)
        if types is None:
            return 0
        other = f"NOT ({self.says(f't.{self.quote(column)}', 'x.v0', types)})"
        condition = f"{self._keys('x', 't', place)} AND x.s IN {states} AND {other}"
        self.update(self.own(number), {"s": str(ROUNDED)}, place.sql, condition)
        return self.count(number, f"s = {ROUNDED}")

    def let_go(self, number: int, *, doubtful: bool = False) -> None:
        """Let go of the values that were put back."""
        self.ask(f"DELETE FROM {self.own(number)} WHERE s IN {_states(doubtful)} OR s > {_SEEN_TO}")

    def drop_state(self, number: int) -> None:
        """Of what is left no row has a state any more."""
        self.ask(f"ALTER TABLE {self.own(number)} DROP COLUMN s")

    def lacking(self, number: int, place: Place, keys: Sequence[Reference] = ()) -> int:
        """How many rows of a table will have no value once those that are kept are back; without key, at least.

        ``keys`` are the foreign keys that the column will have.
        """
        rows = int(self.ask(f"SELECT count(*) FROM {place.sql}")[0][0])
        given = "x.v0 IS NOT NULL" + "".join(f" AND NOT ({self._is_lost(['x.v0'], key)})" for key in keys)
        matched = f"{self.own(number)} AS x"
        if place.key:
            matched += f" JOIN {place.sql} AS t ON {self._keys('x', 't', place)}"
        return max(0, rows - int(self.ask(f"SELECT count(*) FROM {matched} WHERE {given}")[0][0]))

    # -- a whole table

    def put_rows(
        self, number: int, place: Place, columns: Mapping[str, str], references: Sequence[Reference] = ()
    ) -> Counts:
        """Put the rows of a table back of which none with the same key is there; see :meth:`let_go_rows`.

        ``columns`` are those of the table, each with its name in what is kept; ``references`` are foreign keys that
        it will have, beside those that it has.
        """
        own, names = self.own(number), ", ".join(map(self.quote, columns))
        kept, missing = self.count(number), self._missing(number, place, columns, "x")
        if missing is None:
            return Counts(newer=kept)
        free = int(self.ask(f"SELECT count(*) FROM {own} AS x{missing}")[0][0]) if missing else kept
        comes = str(self._missing(number, place, columns, "p"))
        unlost = self._unlost(number, place, columns, references, comes)
        if unlost:
            missing += f" {'AND' if missing else 'WHERE'} {unlost}"
        restored = int(self.ask(f"SELECT count(*) FROM {own} AS x{missing}")[0][0]) if unlost else free
        types, newer, lost = self.retyped(number, place, columns), 0, free - restored
        if types and free < kept:
            newer = self.count(number, f"NOT {self._is_there(number, place, columns)}") - free
        quiet = self.quiet(place)
        quiet.begin()
        self.insert(place, self.insert_text(place, names, own, missing, columns))
        quiet.end()
        if restored == kept and not types:
            return Counts(restored=restored)
        left = self.count(number, f"NOT {self._is_there(number, place, columns)}")
        newer = newer if types else left - lost
        return Counts(restored=restored, newer=newer, lost=lost, rounded=left - newer - lost)

    def _missing(self, number: int, place: Place, columns: Mapping[str, str], alias: str) -> str | None:
        """The condition for the rows that go back to a table, of which there is none where all do; None: no row does,
        since those that are there can't be told from them."""
        if not self.is_filled(place):
            return ""
        if not place.key or not all(name in columns for name in place.key):
            return None
        pairs = ((self._key(name, "o", place), f"{alias}.{self.quote(columns[name])}") for name in place.key)
        alike = " AND ".join(f"{there} = {kept}" for there, kept in pairs)
        untaken = self._untaken(number, place, columns, alias)
        return f" WHERE NOT EXISTS (SELECT 1 FROM {place.sql} AS o WHERE {alike}){untaken}"

    def take_apart(self, number: int, new: int, place: Place, columns: Mapping[str, str], column: str) -> int:
        """Of a table that is about to be put back, keep under the number ``new`` what one ``column`` of it holds, for
        which the table has no place, as :meth:`~pwmig.dialects.shelf.keeping.Keeping.keep` does; of how many rows.

        ``columns`` are those that have one, as :meth:`put_rows` is given them.
        """
        missing, kept = self._missing(number, place, columns, "t"), self.kept_place(number)
        if missing is None:
            return 0
        key, others = told_apart(place, list(columns))
        rows = replace(
            kept,
            key=tuple(columns[name] for name in key),
            counts=place.counts,
            null_key=(kept.row_id or None) if place.null_key else None,
        )
        parts = self._told(self._kept_parts(rows, [column], [columns[name] for name in others]))
        self.ask(f"CREATE TABLE {self.own(new)} AS SELECT {parts} FROM {rows.sql} AS t{missing}")
        return self.count(new)

    def doubled(self, number: int, place: Place, columns: Mapping[str, str]) -> int:
        """How many rows of a table without key are there more often than they were kept; ``columns`` as
        :meth:`put_rows` is given them."""
        kept = self.prints(self.kept_place(number).told_by(()), list(columns.values()), "x")[0]
        there = self.prints(place, list(columns), "t")[0]
        both = f"SELECT {kept} AS p, 1 AS a, 0 AS b FROM {self.own(number)} AS x UNION ALL "
        both += f"SELECT {there}, 0, 1 FROM {place.sql} AS t"
        more = f"SELECT sum(b) - sum(a) AS n FROM ({both}) AS u GROUP BY p HAVING sum(a) > 0 AND sum(b) > sum(a)"
        return int(self.ask(f"SELECT coalesce(sum(n), 0) FROM ({more}) AS m")[0][0])

    def let_go_rows(self, number: int, place: Place, columns: Mapping[str, str]) -> None:
        """Let go of the rows that are in the table as they were."""
        self.ask(f"DELETE FROM {self.own(number)} WHERE {self._is_there(number, place, columns)}")

    def _is_there(self, number: int, place: Place, columns: Mapping[str, str]) -> str:
        own, types = self.own(number), self.retyped(number, place, columns)
        alike = self._called(place, columns, own)
        for name, kept in columns.items():
            there, cell = f"t.{self.quote(name)}", f"{own}.{self.quote(kept)}"
            alike.append(self.says(there, cell, types[name]) if name in types else self.unchanged(there, cell))
        return f"EXISTS (SELECT 1 FROM {place.sql} AS t WHERE {' AND '.join(alike)})"

    def _called(self, place: Place, columns: Mapping[str, str], own: str) -> list[str]:
        """The conditions by which a row of a table that was one of what is kept is found at once; none where nothing
        calls it."""
        if not place.key or not all(name in columns for name in place.key):
            return []
        return [f"{self._key(name, 't', place)} = {own}.{self.quote(columns[name])}" for name in place.key]

    def insert_text(self, place: Place, names: str, own: str, missing: str, columns: Mapping[str, str]) -> str:
        chosen = ", ".join(f"x.{self.quote(kept)}" for kept in columns.values())
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

    # -- what was changed more than once

    def _both(self, place: Place) -> str:
        """The condition that two rows that are kept, ``x`` and ``t``, are of one row."""
        return " AND ".join(f"x.k{n} = t.k{n}" for n in range(len(place.key)))

    # -- rows without key

    def _alike(self, number: int, place: Place, others: Sequence[str], filled: str | None) -> tuple[str, str]:
        """Two texts that are the same: of a row that is kept, and of a row without key that may be it."""
        kept, there = "p0", self.prints(place, others, "t")[0]
        if filled is None:
            return kept, there
        became, now = self.became(number, place, filled)
        return f"{kept} || ' ' || {became}", f"{there} || ' ' || {now}"

    def became(self, number: int, place: Place, column: str, kept: str = "n0") -> tuple[str, str]:
        """Two texts that are the same: of what a cell became (or was: ``v0``), and of one that holds that, whatever its
        type is now."""
        cell, types = f"t.{self.quote(column)}", self.retyped(number, place, {column: kept}).get(column)
        return (self.as_text(kept), self.as_text(cell)) if types is None else self.alike(kept, cell, types)

    def is_still(self, number: int, place: Place, column: str) -> str:
        """The condition that a cell (``t``) is what it became (``x``), as its column holds that by now."""
        return self.same(f"t.{self.quote(column)}", "x.n0")

    def _pair(self, number: int, place: Place, others: Sequence[str], filled: str | None) -> None:
        """Of a table without key: each row that is kept finds one with the same cells, each of them once."""
        became = self._alike(number, place, others, filled)
        self._pair_by(number, place, became)
        paired = self.count(number, f"s = {SAME}")
        if filled is None or not self.computed or paired == self.count(number):
            return
        kept, there = self._alike(number, place, others, None)
        was, now = self.became(number, place, filled, "v0")
        self._pair_by(number, place, (f"{kept} || ' ' || {was}", f"{there} || ' ' || {now}"))
        if self.count(number, f"s = {SAME}") <= paired:
            self._pair_by(number, place, became)

    computed = False
    """Whether the way back has written a column that was changed: then its cells hold what they were, or what they
    became, whichever more of them do."""

    def _pair_by(self, number: int, place: Place, texts: tuple[str, str]) -> None:
        """Each row that is kept finds one of the same text."""
        own, rid, (kept, there) = self.own(number), self.row_id, texts
        self.ask(f"UPDATE {own} SET s = NULL WHERE s IS NOT NULL")
        nth = "row_number() OVER (PARTITION BY {} ORDER BY {}) AS n"
        was_there = f"SELECT {rid} AS r, {kept} AS p, {nth.format(kept, 'k0')} FROM {own}"
        now_there = f"SELECT t.{place.row_id} AS r, {there} AS p FROM {place.sql} AS t"
        pairs = (
            f"(SELECT a.r AS a, b.r AS b FROM ({was_there}) AS a JOIN (SELECT r, p, {nth.format('p', 'r')} "
            f"FROM ({now_there}) AS c) AS b ON a.p = b.p AND a.n = b.n)"
        )
        self.update(own, {"k0": "t.b", "s": str(SAME)}, pairs, f"x.{rid} = t.a")

    def _pair_cast_back(self, number: int, place: Place, others: Sequence[str], column: str) -> None:
        """Rows whose column of the key holds what it was, since the way back has cast it."""
        own, there = self.own(number), self.prints(place, others, "t")[0]
        cell = self.as_text(f"t.{self.quote(column)}")
        alike = f"x.p0 = {there} AND {self.as_text(self.value_of(own, 0, place, column))} = {cell}"
        free = f"NOT EXISTS (SELECT 1 FROM {own} AS y WHERE y.s = {SAME} AND {self._keys('y', 't', place)})"
        self.update(own, {"k0": f"t.{place.row_id}", "s": str(SAME)}, place.sql, f"x.s IS NULL AND {alike} AND {free}")


def _states(doubtful: bool) -> str:
    """The states of the rows that get their values back, as a list in SQL."""
    return f"({SAME}, {CHANGED}{f', {DOUBTFUL}' if doubtful else ''})"
