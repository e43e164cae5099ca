"""What a step took away and the attic kept, and what a step got back from it: records of a run, in words too."""

from __future__ import annotations

from pwmig.records import dataclass

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
    another row), ``newer`` (something was written there since; or, ``taken`` of them, the value has to be unique, and
    is another row's by now), ``lost`` (what it refers to is gone), and of what was put back ``rounded``: the column
    holds another value, being of another type than before. Of the ``unsure`` nothing tells whether what is called so
    is what they were of. ``lacking`` are rows for which the attic held nothing.
    ``retyped`` names columns that are of another type by now, where they tell the rows apart and some of them were not
    found.
    """

    table: str
    column: str | None
    restored: int
    changed: int = 0
    gone: int = 0
    doubtful: int = 0
    newer: int = 0
    lacking: int = 0
    lost: int = 0
    rounded: int = 0
    retyped: str = ""
    taken: int = 0
    unsure: int = 0

    @property
    def unmatched(self) -> int:
        """How much is left in the attic."""
        return self.gone + self.doubtful + self.newer + self.lost + self.rounded + self.unsure

    def __str__(self) -> str:
        what = f"{rows_text(self.restored)} of {self.table}"
        if self.column is not None:
            what = f"the values of {self.table}.{self.column} in {rows_text(self.restored)}"
        parts = [f"{what} put back"]
        parts += [f"{self.changed:,} of them in rows that have changed since"] if self.changed else []
        if self.rounded:
            parts += [
                f"{self.rounded:,} of them as another value, since the type is another one: left in the attic too"
            ]
        left = (
            (self.gone, "row is gone", "rows are gone"),
            (
                self.doubtful,
                "row has changed, or may be another one by now",
                "rows have changed, or may be others by now",
            ),
            (self.newer - self.taken, "row holds something newer", "rows hold something newer")
            if self.column is not None
            else (self.newer, "key is there already", "keys are there already"),
            (self.taken, "value is another row's by now", "values are other rows' by now"),
        )
        for count, one, many in left:
            why = f"its {one}" if count == 1 else f"their {many}"
            if self.retyped and "gone" in why:
                why += (
                    f", or can't be told, since {self.retyped} is of another type by now: make it as it was, "
                    "then pwmig attic restore"
                )
            parts += [f"{count:,} left in the attic: {why}"] if count else []
        refer = "it refers to" if self.lost == 1 else "they refer to"
        parts += [f"{self.lost:,} left in the attic: what {refer} is gone"] if self.lost else []
        if self.unsure:
            kind = "table" if self.column is None else "column"
            parts += [
                f"{self.unsure:,} left in the attic: another {kind} may have the name by now, as more than one had it: "
                "give it to the right one, then pwmig attic restore NAME --changed"
            ]
        are = "is" if self.lacking == 1 else "are"
        parts += [f"{rows_text(self.lacking)} {are} newer and had none"] if self.lacking else []
        return "; ".join(parts)


def rows_text(count: int) -> str:
    """So many rows, in words."""
    return f"{count:,} row" + ("" if count == 1 else "s")
