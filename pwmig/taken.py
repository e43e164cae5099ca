"""What a step took away and the attic kept, and what a step got back from it: records of a run, in words too."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Kept", "Restored", "rows_text"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What the attic took of a step: values of a ``column``, or all rows of a ``table`` (then ``column`` is None).

    ``changed``: values that the column held before it was filled or changed.
    """

    table: str
    column: str | None
    row_count: int
    changed: bool = False

    def __str__(self) -> str:
        rows = rows_text(self.row_count)
        if self.column is None:
            return f"table {self.table} with {rows}"
        held = "what {0} held before, in" if self.changed else "the values of {0} in"
        return f"{held.format(f'{self.table}.{self.column}')} {rows}"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a step got back from the attic: values of a ``column``, or rows of a ``table`` (then ``column`` is None).

    ``restored`` were put back, ``changed`` of them into rows whose other cells have changed since. What is left in the
    attic: ``gone`` (no row has the key any more), ``doubtful`` (the row has changed, and the key may have been given to
    another row), ``newer`` (something was written there since). ``lacking`` are rows for which the attic held nothing.
    """

    table: str
    column: str | None
    restored: int
    changed: int = 0
    gone: int = 0
    doubtful: int = 0
    newer: int = 0
    lacking: int = 0

    @property
    def unmatched(self) -> int:
        """How much is left in the attic."""
        return self.gone + self.doubtful + self.newer

    def __str__(self) -> str:
        what = f"{rows_text(self.restored)} of {self.table}"
        if self.column is not None:
            what = f"the values of {self.table}.{self.column} in {rows_text(self.restored)}"
        parts = [f"{what} put back"]
        parts += [f"{self.changed:,} of them in rows that have changed since"] if self.changed else []
        left = {
            "rows are gone": self.gone,
            "rows have changed, and their key may be another row's by now": self.doubtful,
            "rows hold something newer" if self.column is not None else "keys are there already": self.newer,
        }
        parts += [f"{count:,} left in the attic: their {why}" for why, count in left.items() if count]
        parts += [f"{self.lacking:,} rows are newer and had none"] if self.lacking else []
        return "; ".join(parts)


def rows_text(count: int) -> str:
    """So many rows, in words."""
    return f"{count:,} row" + ("" if count == 1 else "s")
