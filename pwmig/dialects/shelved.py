"""What a shelf of the attic goes by: how a table stands, how its rows were found again, what its tables are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from pwmig.records import dataclass

__all__ = [
    *("ATTIC", "CHANGED", "DOUBTFUL", "FILLS", "LOST", "MOST_CELLS", "NEWER", "ROUNDED", "SAME", "TAKEN"),
    *("Counts", "Place", "Quiet", "Reference", "Unique", "data_table", "told_apart"),
]

ATTIC = "pwmig_attic"
"""The table of all that is kept; the names of the others begin like it."""

SAME, CHANGED, DOUBTFUL, NEWER, LOST, ROUNDED, TAKEN = 1, 2, 3, 4, 5, 6, 7
"""States of a row that is kept, beside none (its row is gone): its row is there as it was; there, with other cells;
with other cells, and maybe another row that was given the same key; there, with a value that was written since; there,
but not what the value refers to; there, with what its column makes of the value that was put back; there,
but the value is another row's by now, where it has to be unique."""

FILLS = frozenset({"apply_default", "backfill"})
"""Operations that write rows, and change no table."""


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
    apart, where they may be others than the columns' own; ``null_key`` is what tells a row apart whose key holds NULL,
    ``row_id`` what does for a while where there is no key, if anything does; ``loose``: the key was one before, and
    may not tell rows apart any more; then ``unique`` is the one that it has. ``exact``: names of columns in other
    letters are others. ``then`` are the types that columns had when something was kept, where they are others by now.
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
    row_id: str = ""
    loose: bool = False
    unique: tuple[str, ...] = ()
    exact: bool = False
    then: Mapping[str, str] = field(default_factory=dict)

    def told_by(self, key: tuple[str, ...]) -> Place:
        """The table, where these columns tell its rows apart, whatever its key is; all cells where it is none."""
        if key == self.key:
            return self
        return replace(self, key=key, collations={}, null_key=None, loose=bool(key), unique=self.key)

    def column(self, name: str) -> str | None:
        """The column as the table spells it, generated or not, or None."""
        every = (*self.columns, *self.generated)
        alike = () if self.exact else (c for c in every if c.lower() == name.lower())
        return next((c for c in every if c == name), next(iter(alike), None))


def told_apart(place: Place, columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """By which of some of its columns the rows of a table are known: its key, if that is among them, and others."""
    key = place.key if all(name in columns for name in place.key) else ()
    return key, tuple(name for name in columns if name not in key)


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: the columns, and what they refer to, ``table`` as SQL."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unique:
    """Columns of which no two rows may hold the same, as these ``collations`` take it, where they are given."""

    columns: tuple[str, ...]
    collations: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows that were kept: put back (``changed`` of them into rows with other cells by now), and
    left: their rows are gone, doubtful, or hold a newer value (of these ``taken``: their values have to be unique, and
    are other rows' by now); or what they refer to is gone (``lost``). Those that are ``rounded`` were put back as
    another value, and left."""

    restored: int = 0
    changed: int = 0
    gone: int = 0
    doubtful: int = 0
    newer: int = 0
    lost: int = 0
    rounded: int = 0
    taken: int = 0

    @property
    def left(self) -> int:
        return self.gone + self.doubtful + self.newer + self.lost + self.rounded


class Quiet:
    """Nothing to silence."""

    def begin(self) -> None:
        return

    def end(self) -> None:
        return
