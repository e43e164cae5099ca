"""What a shelf of the attic goes by: how a table stands, how its rows were found again, what its tables are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ATTIC", "CHANGED", "DOUBTFUL", "MOST_CELLS", "NEWER", "SAME", "Counts", "Place", "Quiet", "data_table"]

ATTIC = "pwmig_attic"
"""The table of all that is kept; the names of the others begin like it."""

SAME, CHANGED, DOUBTFUL, NEWER = 1, 2, 3, 4
"""States of a row that is kept, beside none (its row is gone): its row is there as it was; there, with other cells;
with other cells, and maybe another row that was given the same key; there, with a value that was written since."""


def data_table(number: int) -> str:
    """The name of the table with the data of the thing that has this number."""
    return f"{ATTIC}_{number}"


MOST_CELLS = 4
"""So many of a row's other cells are in its print, the first ones: with all of them it would cost more to recognise a
row than to keep its value."""


@dataclass(frozen=True, slots=True)
class Place:
    """A table as it is now: ``columns`` are those that hold values of their own, ``key`` is what tells rows apart.

    ``counts``: a key that was given once is not given by the database to another row. ``defaults`` are the columns'
    defaults as SQL. ``sql`` is the table as a statement names it. ``collations`` are those by which the key tells rows
    apart, where they may be others than the columns' own; ``null_key`` is what tells a row apart whose key holds NULL.
    """

    name: str
    sql: str
    columns: tuple[str, ...]
    generated: frozenset[str]
    key: tuple[str, ...]
    counts: bool
    defaults: Mapping[str, str]
    oid: int = 0
    types: Mapping[str, str] = field(default_factory=dict)
    stamps: tuple[str, ...] = ()
    collations: Mapping[str, str] = field(default_factory=dict)
    null_key: str | None = None

    def column(self, name: str) -> str | None:
        """The column as the table spells it, generated or not, or None."""
        every = (*self.columns, *self.generated)
        return next((c for c in every if c == name), next((c for c in every if c.lower() == name.lower()), None))


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows that were kept: put back (``changed`` of them into rows with other cells by now), and
    left: their rows are gone, doubtful, or hold a newer value."""

    restored: int = 0
    changed: int = 0
    gone: int = 0
    doubtful: int = 0
    newer: int = 0


class Quiet:
    """Nothing to silence."""

    def begin(self) -> None:
        return

    def end(self) -> None:
        return
