"""Sample rows before and after, paired by primary key, and what changed in them.

A row is changed when a cell of a column that both sides have is another value; a column that was
added or dropped does not by itself change a row. Rows that changed come first, then the others,
each in the order of the samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pwmig.frames.cells import cell_text, first_difference, same_value
from pwmig.frames.grid import Cell, Grid, GridRow, Heading, words
from pwmig.frames.renames import RunRenames
from pwmig.frames.tally import Tally, count_text
from pwmig.plan import RowChanges
from pwmig.records import dataclass
from pwmig.schema import Rows

__all__ = ["ColumnPair", "Comparison", "RowPair", "compare", "rows_grid", "sample_grid"]


@dataclass(frozen=True, slots=True)
class ColumnPair:
    """One column on both sides: its place among the values of a row, None where there is no such column."""

    name: str
    before: int | None
    after: int | None
    old_name: str = ""
    changed: bool = False

    @property
    def sign(self) -> str:
        if self.before is None:
            return "+"
        if self.after is None:
            return "-"
        return "~" if self.changed or self.old_name else ""

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides to show: one where both would say the same."""
        if self.before is None:
            return ("after",)
        if self.after is None:
            return ("before",)
        return ("before", "after") if self.changed else ("",)


@dataclass(frozen=True, slots=True)
class RowPair:
    """One row on both sides, None where it is not; ``changed`` holds the places of changed columns.

    ``stays``: the row is known to be on both sides, though one of them was not looked at.
    """

    key: tuple[Any, ...]
    before: tuple[Any, ...] | None
    after: tuple[Any, ...] | None
    changed: frozenset[int] = frozenset()
    stays: bool = False

    @property
    def sign(self) -> str:
        if self.stays:
            return ""
        if self.before is None:
            return "+"
        if self.after is None:
            return "-"
        return "~" if self.changed else ""

    @property
    def change(self) -> str:
        return words(self.sign, {"+": "added", "-": "removed", "~": "changed"}.get(self.sign, ""))

    def value(self, column: ColumnPair, side: str) -> Any:
        """The cell's value; of a row that is on one side only, that side's for an unnamed side."""
        row, place = (self.before, column.before) if side == "before" else (self.after, column.after)
        if side == "" and row is None:
            row, place = self.before, column.before
        return None if row is None or place is None else row[place]

    def absent(self, side: str) -> bool:
        """Whether the row has no such side."""
        return (side == "before" and self.before is None) or (side == "after" and self.after is None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The sample rows of one table before and after: ``key`` names the columns that paired them.

    ``note`` counts in words; ``empty`` is a sentence for the place of the rows where there are none.
    """

    table: str
    key: tuple[ColumnPair, ...]
    columns: tuple[ColumnPair, ...]
    rows: tuple[RowPair, ...]
    note: str = ""
    empty: str = ""

    @property
    def shown(self) -> tuple[ColumnPair, ...]:
        """The columns beside the key: added ones, dropped and changed ones, then those that stay."""
        keys = {column.name for column in self.key}
        rest = [column for column in self.columns if column.name not in keys or column.changed]
        return tuple(sorted(rest, key=lambda column: "+-~".find(column.sign) if column.sign else 3))


def compare(
    before: Rows | None,
    after: Rows | None,
    renames: RunRenames,
    *,
    table: str,
    counted: RowChanges | None = None,
    changed_only: bool = False,
    sampled: bool = False,
) -> Comparison:
    """Pair two samples of a table by key; None for a side where there was no such table.

    ``counted`` is what changed in the whole table, where that was counted, or in the part of it that a copy held
    (``sampled``). ``changed_only`` leaves out the rows that stay as they are.
    """
    columns = _column_pairs(before, after, renames)
    key = _key(before, after, columns)
    pairs = _row_pairs(before, after, key, columns)
    if counted is not None:
        pairs = [_as_counted(pair, counted) for pair in pairs]
    marked = _marked(columns, pairs)
    names = {column.name for column in key}
    ordered = tuple(sorted(pairs, key=lambda pair: not pair.sign))
    shown = tuple(pair for pair in ordered if pair.sign) if changed_only else ordered
    tally = Tally(before, after, bool(key), tuple(pair.sign for pair in ordered), counted, sampled)
    empty = "" if shown else tally.empty(changed_only, [f"{c.sign} {c.name}" for c in marked if c.sign])
    return Comparison(table, tuple(c for c in marked if c.name in names), marked, shown, tally.note(), empty)


def _column_pairs(before: Rows | None, after: Rows | None, renames: RunRenames) -> tuple[ColumnPair, ...]:
    fold = renames.case.column
    old = {} if before is None else {renames.column(before.table, name): name for name in before.columns}
    places = {fold(name): place for place, name in enumerate(old)}
    names = {fold(now): was for now, was in old.items()}
    pairs = []
    for place, name in enumerate(after.columns if after else ()):
        was = names.get(fold(name), name)
        pairs.append(ColumnPair(name, places.get(fold(name)), place, "" if fold(was) == fold(name) else was))
    here = {fold(pair.name) for pair in pairs}
    gone = [ColumnPair(was, places[fold(name)], None) for name, was in old.items() if fold(name) not in here]
    return tuple(pairs + gone)


def _key(before: Rows | None, after: Rows | None, columns: Sequence[ColumnPair]) -> tuple[ColumnPair, ...]:
    """The columns to pair by: the key of one side, if the other has these columns too."""
    for rows, side in ((after, "after"), (before, "before")):
        if rows is None or not rows.key:
            continue
        places = [rows.columns.index(name) for name in rows.key]
        found = tuple(pair for place in places for pair in columns if getattr(pair, side) == place)
        both = before is None or after is None or all(c.before is not None and c.after is not None for c in found)
        if both:
            return found
    return ()


def _row_pairs(
    before: Rows | None, after: Rows | None, key: Sequence[ColumnPair], columns: Sequence[ColumnPair]
) -> list[RowPair]:
    if not key and before is not None and after is not None:
        return [RowPair((), row, None) for row in before.rows] + [RowPair((), None, row) for row in after.rows]
    old, new = _by_key(before, key, "before"), _by_key(after, key, "after")
    pairs = []
    for place in [*old, *(place for place in new if place not in old)]:
        was, now = old.get(place), new.get(place)
        pairs.append(RowPair(place[0], was, now, _changed(was, now, columns)))
    return pairs


def _as_counted(pair: RowPair, counted: RowChanges) -> RowPair:
    """A row on one side only is no added or removed one where the count of the whole table knows of none."""
    added, removed = pair.before is None and not counted.added, pair.after is None and not counted.removed
    return replace(pair, stays=True) if added or removed else pair


def _by_key(
    rows: Rows | None, key: Sequence[ColumnPair], side: str
) -> dict[tuple[tuple[Any, ...], int], tuple[Any, ...]]:
    """The rows by key and a number, since SQLite lets several rows have NULL in their key."""
    if rows is None:
        return {}
    places = [getattr(column, side) for column in key]
    seen: Counter[tuple[Any, ...]] = Counter()
    found = {}
    for row in rows.rows:
        values = tuple(row[place] for place in places)
        found[(values, seen[values])] = row
        seen[values] += 1
    return found


def _changed(was: tuple[Any, ...] | None, now: tuple[Any, ...] | None, columns: Sequence[ColumnPair]) -> frozenset[int]:
    if was is None or now is None:
        return frozenset()
    return frozenset(
        column.after
        for column in columns
        if column.before is not None and column.after is not None
        if not same_value(was[column.before], now[column.after])
    )


def _marked(columns: Sequence[ColumnPair], pairs: Sequence[RowPair]) -> tuple[ColumnPair, ...]:
    """The columns, each saying whether a cell of it changed in these rows."""
    changed = {place for pair in pairs for place in pair.changed}
    return tuple(
        ColumnPair(c.name, c.before, c.after, c.old_name, c.after is not None and c.after in changed) for c in columns
    )


def rows_grid(comparison: Comparison) -> Grid:
    """The comparison as a table to be shown: change, key, changed columns in pairs, the others once.

    The first ones, up to the last column that changed, are pinned; without the latter where all changed.
    """
    keys = [(column, side) for column in comparison.key for side in column.sides if not column.changed]
    rest = [(column, side) for column in comparison.shown for side in column.sides]
    heads = [Heading("change", pinned=True)]
    heads += [_heading(column, side, pinned=True) for column, side in keys]
    some = any(not column.sign for column, _ in rest)
    heads += [_heading(column, side, pinned=some and bool(column.sign)) for column, side in rest]
    rows = tuple(_row(pair, keys + rest) for pair in comparison.rows)
    return Grid(f"{comparison.table}: rows before and after", tuple(heads), rows, comparison.note, comparison.empty)


def _heading(column: ColumnPair, side: str, *, pinned: bool) -> Heading:
    if column.old_name:
        side = f"{side} (was {column.old_name})".strip() if side != "before" else f"before ({column.old_name})"
    return Heading(column.name, side, column.sign, pinned=pinned)


def _row(pair: RowPair, shown: Sequence[tuple[ColumnPair, str]]) -> GridRow:
    return GridRow((Cell(pair.change, prose=True), *(_cell(pair, column, side) for column, side in shown)), pair.sign)


def _cell(pair: RowPair, column: ColumnPair, side: str) -> Cell:
    if pair.absent(side):
        return Cell(absent=True)
    value = pair.value(column, side)
    if side == "" or column.after is None or column.after not in pair.changed:
        return Cell(value, brief=bool(column.sign))
    was, now = pair.value(column, "before"), pair.value(column, "after")
    start = first_difference(was, now)
    alike = cell_text(was, start) == cell_text(now, start)
    return Cell(value, {"before": "-", "after": "+"}[side], start=start, typed=alike and type(was) is not type(now))


def sample_grid(rows: Rows) -> Grid:
    """Sample rows as they are, key first and pinned."""
    places = _key_first(rows)
    headings = tuple(Heading(rows.columns[place], pinned=rows.columns[place] in rows.key) for place in places)
    body = tuple(GridRow(tuple(Cell(row[place]) for place in places)) for row in rows.rows)
    empty = "The table holds no rows." if rows.row_count == 0 else "No row is shown."
    return Grid(f"{rows.table}: rows", headings, body, count_text(rows), empty)


def _key_first(rows: Rows) -> list[int]:
    return sorted(range(len(rows.columns)), key=lambda place: rows.columns[place] not in rows.key)
