"""What sample rows say of two columns or two tables: whether they hold the same values under the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pwmig.schema import Rows

__all__ = ["Samples", "values_evidence"]

_MANY = 8
"""So many rows side by side leave no doubt; fewer do, in proportion."""

_Pairs = list[tuple[Any, Any]]


class Samples:
    """Sample rows of tables before and after, by the names that the tables have there."""

    def __init__(self, before: Iterable[Rows], after: Iterable[Rows]) -> None:
        self._before = {rows.table: rows for rows in before}
        self._after = {rows.table: rows for rows in after}

    def columns(self, old_table: str, old: str, new_table: str, new: str) -> tuple[_Pairs, bool]:
        """The values of a column before and of one after, side by side; and whether they are paired by a key."""
        before, after = self._before.get(old_table), self._after.get(new_table)
        if before is None or after is None or old not in before.columns or new not in after.columns:
            return [], False
        was, now = before.columns.index(old), after.columns.index(new)
        key = _common_key(before, after, {old: new})
        if key:
            return [(one[was], other[now]) for one, other in _side_by_side(before, after, key)], True
        return list(_by_frequency(before, was, after, now)), False

    def tables(self, old: str, new: str) -> tuple[_Pairs, bool]:
        """The rows of two tables side by side, as far as they have columns of the same names."""
        before, after = self._before.get(old), self._after.get(new)
        if before is None or after is None:
            return [], False
        shared = [name for name in before.columns if name in after.columns and name not in before.key]
        key = _common_key(before, after, {})
        if not key or not shared:
            return [], False
        places = [(before.columns.index(name), after.columns.index(name)) for name in shared]
        return [
            (tuple(one[was] for was, _ in places), tuple(other[now] for _, now in places))
            for one, other in _side_by_side(before, after, key)
        ], True


def values_evidence(pairs: _Pairs, keyed: bool) -> tuple[float, float, str] | None:
    """The share of same values, from 0 to 1, how sure it is that this says something, and words; None for nothing.

    Rows in which both are empty say nothing.
    """
    telling = [(one, other) for one, other in pairs if not (_is_empty(one) and _is_empty(other))]
    if not telling:
        return None
    same = sum(_same(one, other) for one, other in telling)
    # A column of few values, all true or all 0, is easily the same by chance.
    kinds = len({repr(one) for one, _ in telling})
    sure = min(1.0, len(telling) / _MANY) * (1.0 if kinds > 2 else 0.6) * (1.0 if keyed else 0.6)
    what = "rows" if keyed else "values"
    return same / len(telling), sure, f"the same in {same:,} of {len(telling):,} {what} looked at"


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, tuple) and all(one is None for one in value))


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same, also where a type was changed with the name: 7 and '7'."""
    if isinstance(one, tuple):
        return all(map(_same, one, other))
    return bool(one == other or (one is not None and other is not None and str(one) == str(other)))


def _common_key(before: Rows, after: Rows, renamed: dict[str, str]) -> list[tuple[int, int]]:
    """The places of the key before and after, where both sides are keyed by the same columns."""
    if not before.key or len(before.key) != len(after.key):
        return []
    names = [renamed.get(name, name) for name in before.key]
    if list(after.key) not in (names, list(before.key)):
        return []
    return [(before.columns.index(was), after.columns.index(now)) for was, now in zip(before.key, after.key)]


def _side_by_side(before: Rows, after: Rows, key: Sequence[tuple[int, int]]) -> Iterator[tuple[Any, Any]]:
    """The rows that have the same key."""
    there = {tuple(row[place] for _, place in key): row for row in after.rows}
    for row in before.rows:
        other = there.get(tuple(row[place] for place, _ in key))
        if other is not None:
            yield row, other


def _by_frequency(before: Rows, was: int, after: Rows, now: int) -> Iterator[tuple[Any, Any]]:
    """Where rows can't be paired: each value before beside itself if it is there after, else beside nothing."""
    there = {repr(row[now]) for row in after.rows}
    for row in before.rows:
        value = row[was]
        if value is not None:
            yield value, value if repr(value) in there else None
