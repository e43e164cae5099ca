"""How many rows a table has and how many of them changed, in words."""

from __future__ import annotations

from collections.abc import Sequence

from pwmig.plan import RowChanges
from pwmig.records import dataclass
from pwmig.schema import Rows

__all__ = ["Tally", "count_text"]


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of one table before and after: of the rows at hand by their ``signs``, and ``counted`` of all.

    ``sampled``: all of them are those of a sample of the table.
    """

    before: Rows | None
    after: Rows | None
    paired: bool
    signs: tuple[str, ...]
    counted: RowChanges | None = None
    sampled: bool = False

    def note(self) -> str:
        """``2 added, 0 removed, 31,689 altered of 31,691 rows; 20 shown``, as far as that is known."""
        return f"In a sample of the rows: {self._counts()}" if self.sampled else self._counts()

    def _counts(self) -> str:
        if self.before is None or self.after is None:
            side = self.after or self.before
            there = [count_text(side)] if side is not None else []
            absent = "there was no such table before" if self.before is None else "there is no such table after"
            return "; ".join([absent, *there])
        if not self.paired:
            return f"{self._sizes()}; no common key: rows can't be paired, so each stands for itself"
        if self.counted is None:
            return f"{self._sizes()}; of the {_rows(len(self.signs))} looked at: {self._seen()}"
        found = f"{self.counted.added:,} added, {self.counted.removed:,} removed, {self.counted.altered:,} altered"
        total = max(self.before.row_count, self.after.row_count)
        shown = "" if len(self.signs) >= total else f"; {len(self.signs):,} shown"
        return f"{found} of {_rows(total)}{shown}"

    def _seen(self) -> str:
        names = {"+": "added", "-": "removed", "~": "altered"}
        return ", ".join(f"{self.signs.count(sign):,} {name}" for sign, name in names.items())

    def _sizes(self) -> str:
        assert self.before is not None and self.after is not None
        before, after = _size(self.before), _size(self.after)
        return after if before == after else f"{before} before, {after} after"

    def empty(self, changed_only: bool, columns: Sequence[str]) -> str:
        """What to say where there is no row to show; ``columns`` are those that changed, with their signs."""
        of_columns = f" Of its columns changed: {', '.join(columns)}." if columns else ""
        if not self.signs:
            return "The table holds no rows." + of_columns
        if not changed_only:
            return ""
        if self.counted is not None and not (self.counted.added or self.counted.removed or self.counted.altered):
            return "No row was added, removed or altered." + of_columns
        return f"None of the {_rows(len(self.signs))} looked at was added, removed or altered." + of_columns


def _rows(count: int) -> str:
    return f"{count:,} row" + ("" if count == 1 else "s")


def _size(rows: Rows) -> str:
    return ("" if rows.count_exact else "about ") + _rows(rows.row_count)


def count_text(rows: Rows) -> str:
    """How many rows the table has, and how many of them are shown."""
    shown = "" if len(rows.rows) >= rows.row_count else f", {len(rows.rows)} shown"
    return _size(rows) + shown
