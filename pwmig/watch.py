"""Before and after, taken only when somebody will look, and of the tables that the steps touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pwmig.diff import diff
from pwmig.schema import Rows, Schema, Snapshot

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Dialect, Turn
    from pwmig.diff import Change

__all__ = ["Renames", "Watcher"]

SAMPLE_LIMIT = 20
"""Rows of a table that a snapshot holds."""


@dataclass(slots=True)
class Renames:
    """Which names of the start have become which by now, learned from the operations that ran."""

    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)

    def table(self, old: str, new: str) -> None:
        self.tables[self._origin(old)] = new

    def column(self, table: str, old: str, new: str) -> None:
        table = self._origin(table)
        for (place, first), last in self.columns.items():
            if place == table and last.lower() == old.lower():
                self.columns[place, first] = new
                return
        self.columns[table, old] = new

    def _origin(self, name: str) -> str:
        return next((first for first, last in self.tables.items() if last.lower() == name.lower()), name)

    def now(self, name: str) -> str:
        return next((last for first, last in self.tables.items() if first.lower() == name.lower()), name)


@dataclass(slots=True)
class _Seen:
    """What was there of a table before anything touched it."""

    rows: dict[tuple[Any, ...], tuple[Any, ...]]
    sample: Rows | None
    touched: list[tuple[Any, ...]]
    mark: Any


class Watcher:
    """Looks at a database before a run and after it; in between it is told each statement ahead."""

    def __init__(self, database: peewee.Database, dialect: Dialect) -> None:
        self.database = database
        self.dialect = dialect
        self.renames = Renames()
        self.before: Schema = dialect.introspect(database)
        self._seen: dict[str, _Seen] = {}
        self._known: dict[str, frozenset[str]] = {}

    def ahead(self, turn: Turn, sql: str, params: Sequence[Any]) -> None:
        """Before a statement: keep the rows of the tables that it will touch, the rows it hits first."""
        if sql not in self._known:
            self._known[sql] = self.dialect.foresee(self.database, turn, sql, params)
        for name in sorted(self._known[sql]):
            seen = self._seen.get(name.lower())
            if seen is None:
                seen = self._seen[name.lower()] = self._first_look(name)
            if len(seen.touched) < SAMPLE_LIMIT:
                self._look_at_hits(name, seen, sql, params)

    def _first_look(self, name: str) -> _Seen:
        table = self._table_now(name)
        if table is None:
            return _Seen({}, None, [], None)
        sample = self.dialect.sample(self.database, table, limit=SAMPLE_LIMIT)
        return _Seen(dict(zip(sample.row_keys(), sample.rows)), sample, [], self.dialect.mark(self.database, table))

    def _look_at_hits(self, name: str, seen: _Seen, sql: str, params: Sequence[Any]) -> None:
        if seen.sample is None or not seen.sample.key:
            return
        table = self._table_now(name)
        if table is None:
            return
        keys = self.dialect.touched_keys(self.database, table, sql, params, SAMPLE_LIMIT)
        fresh = [key for key in keys if key not in seen.touched][: SAMPLE_LIMIT - len(seen.touched)]
        seen.touched.extend(fresh)
        unseen = [key for key in fresh if key not in seen.rows]
        if unseen and table.column_names == tuple(c for c in seen.sample.columns if table.column(c)):
            found = self.dialect.sample(self.database, table, limit=len(unseen), keys=unseen)
            seen.rows.update(zip(found.row_keys(), found.rows))

    def _table_now(self, name: str) -> Any:
        return self.dialect.introspect(self.database, [name]).table(name)

    def finish(self) -> tuple[Snapshot, Snapshot, tuple[Change, ...]]:
        """The snapshots of before and after, and how the two schemas differ."""
        after = self.dialect.introspect(self.database)
        before_rows, after_rows = [], []
        for name, seen in sorted(self._seen.items()):
            table = after.table(self.renames.now(name))
            fresh = [] if table is None else self._new_keys(table, seen)
            order = _ordered(seen, fresh)
            if seen.sample is not None:
                before_rows.append(_before(seen, order))
            if table is not None:
                sample = self.dialect.sample(self.database, table, limit=SAMPLE_LIMIT, keys=order)
                after_rows.append(_after(seen, order, sample))
        changes = diff(self.before, after, renamed_tables=self.renames.tables, renamed_columns=self.renames.columns)
        return Snapshot(self.before, tuple(before_rows)), Snapshot(after, tuple(after_rows)), changes

    def _new_keys(self, table: Any, seen: _Seen) -> list[tuple[Any, ...]]:
        if seen.sample is None:
            return []
        return list(self.dialect.newest_keys(self.database, table, seen.mark, SAMPLE_LIMIT // 2))


def _ordered(seen: _Seen, fresh: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Touched rows first, then new ones, then the first rows of the table; each once."""
    wanted = [*seen.touched, *fresh, *seen.rows]
    return list(dict.fromkeys(wanted))[:SAMPLE_LIMIT]


def _before(seen: _Seen, order: list[tuple[Any, ...]]) -> Rows:
    assert seen.sample is not None
    sample = seen.sample
    if not sample.key:
        return sample
    rows = tuple(seen.rows[key] for key in order if key in seen.rows)
    return Rows(sample.table, sample.columns, sample.key, rows, sample.row_count, sample.count_exact)


def _after(seen: _Seen, order: list[tuple[Any, ...]], rows: Rows) -> Rows:
    """Without rows that stand in only for those that are gone: they were not looked at before, but they are not new."""
    if seen.sample is None or not rows.key or len(seen.sample.rows) >= seen.sample.row_count:
        return rows
    wanted = set(order)
    return replace(rows, rows=tuple(row for key, row in zip(rows.row_keys(), rows.rows) if key in wanted))
