"""Before and after, taken only when somebody will look, and of the tables that the steps touch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from pwmig.diff import diff
from pwmig.plan import RowChanges
from pwmig.records import dataclass
from pwmig.schema import Rows, Schema, Snapshot, Table

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Dialect, Foreseen, Turn
    from pwmig.diff import Change

__all__ = ["COUNT_LIMIT", "Renames", "Seen", "Watcher"]

SAMPLE_LIMIT = 20
"""Rows of a table that a snapshot holds."""

COUNT_LIMIT = 100_000
"""Rows that a table holds at most for its rows to be remembered, so that what a run does to them can be counted."""

_CELL_LIMIT = 2_000_000
"""Cells of these rows at most: to remember and to compare as many takes about a second and a half."""

_MEMORY_LIMIT = 256_000_000
"""About how many bytes the rows remembered in a run take at most."""

_KEY = tuple[Any, ...]


@dataclass(slots=True)
class Renames:
    """Which names of the start have become which by now, learned from the operations that ran.

    ``key`` tells a table's name from others (:meth:`pwmig.schema.Schema.key`).
    """

    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    key: Callable[[str], str] = str.lower

    def table(self, old: str, new: str) -> None:
        self.tables[self.origin(old)] = new

    def column(self, table: str, old: str, new: str) -> None:
        table = self.origin(table)
        for (place, first), last in self.columns.items():
            if place == table and last.lower() == old.lower():
                self.columns[place, first] = new
                return
        self.columns[table, old] = new

    def origin(self, name: str) -> str:
        """What a table was called at the start that has this name by now."""
        return next((first for first, last in self.tables.items() if self.key(last) == self.key(name)), name)

    def now(self, name: str) -> str | None:
        """What a table of the start is called now; None where another one has come to its name."""
        found = next((last for first, last in self.tables.items() if self.key(first) == self.key(name)), None)
        if found is not None:
            return found
        return name if self.key(self.origin(name)) == self.key(name) else None

    def columns_of(self, table: str) -> dict[str, str]:
        """What the columns of a table of the start, in lower case, are called now, where they were renamed."""
        key = self.key(table)
        return {first.lower(): last for (place, first), last in self.columns.items() if self.key(place) == key}


@dataclass(slots=True)
class _Table:
    """What was there of a table before anything touched it.

    ``hits`` are the first keys that statements hit, ``touched`` those of them that can be shown. ``told``: each row
    that was written until now is known.
    """

    name: str
    rows: dict[_KEY, tuple[Any, ...]] = field(default_factory=dict)
    sample: Rows | None = None
    hits: list[_KEY] = field(default_factory=list)
    touched: list[_KEY] = field(default_factory=list)
    mark: Any = None
    written: bool = False
    told: bool = True
    kept: Any = None
    renamed_before: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a watcher saw: the snapshots of before and after, how they differ, and the rows counted."""

    before: Snapshot
    after: Snapshot
    changes: tuple[Change, ...]
    row_changes: tuple[RowChanges, ...]


class Watcher:
    """Looks at a database before a run and after it; in between it is told each statement ahead.

    ``written`` are the tables whose rows earlier migrations of the run wrote, told or not.
    """

    def __init__(self, database: peewee.Database, dialect: Dialect) -> None:
        self.database = database
        self.dialect = dialect
        self.written: set[str] = set()
        self._unchanged: dict[Any, Table] = {}
        self.before: Schema = dialect.introspect(database, known=self._unchanged)
        self.renames = Renames(key=self.before.key)
        self._seen: dict[str, _Table] = {}
        self._foreseen: dict[str, Foreseen] = {}
        self._memory_left = _MEMORY_LIMIT

    def ahead(self, turn: Turn, sql: str, params: Sequence[Any]) -> None:
        """Before a statement: keep the rows of the tables that it will touch, the rows it hits first."""
        key = self.before.key
        written = {key(name) for name in (*self.written, *turn.written)}
        if sql not in self._foreseen:
            self._foreseen[sql] = self.dialect.foresee(self.database, turn, sql, params)
        foreseen = self._foreseen[sql]
        turn.announced = True
        for name in sorted(foreseen.touched):
            seen = self._seen_of(name)
            if name not in foreseen.written:
                continue
            if not seen.written:
                self._remember(name, seen, blindly=key(name) in written)
            if len(seen.hits) < SAMPLE_LIMIT:
                self._look_at_hits(name, seen, sql, params)

    def _seen_of(self, name: str) -> _Table:
        origin = self.renames.origin(name)
        key = self.before.key(origin)
        if key not in self._seen:
            self._seen[key] = self._first_look(name, origin)
        return self._seen[key]

    def _first_look(self, name: str, origin: str) -> _Table:
        table = self._table_now(name)
        if table is None or self.before.table(origin) is None:
            return _Table(origin)
        sample = self.dialect.sample(self.database, table, limit=SAMPLE_LIMIT)
        rows = dict(zip(sample.row_keys(), sample.rows))
        return _Table(origin, rows, sample, mark=self.dialect.mark(self.database, table))

    def _remember(self, name: str, seen: _Table, *, blindly: bool) -> None:
        """Keep all rows of a table for the count, if they are few and are as they were at the start."""
        seen.written, seen.told = True, not blindly
        if blindly or seen.sample is None or not seen.sample.count_exact or seen.sample.row_count > COUNT_LIMIT:
            return
        table = self._table_now(name)
        columns = tuple(self._columns_now(seen, table).values()) if table is not None else ()
        if table is not None and seen.sample.row_count * len(columns) <= _CELL_LIMIT:
            seen.kept = self.dialect.keep_rows(self.database, table, columns, COUNT_LIMIT, self._memory_left)
            renamed = self.renames.columns_of(seen.name)
            seen.renamed_before = {first: last for first, last in renamed.items() if last in columns}
            self._memory_left -= seen.kept.size if seen.kept else 0

    def _columns_now(self, seen: _Table, table: Table) -> dict[str, str]:
        """What the columns that a table had at the start are called in it now; without those that are gone.

        One whose new name is not there is about to be renamed: an operation may wait for the statement of its batch.
        """
        start = self.before.table(seen.name)
        names = self.renames.columns_of(seen.name)
        taken = set(names.values())
        names = {
            first: last if first in taken or table.column(last) is not None else first for first, last in names.items()
        }
        found = {name: table.column(names.get(name.lower(), name)) for name in (start.column_names if start else ())}
        return {name: column.name for name, column in found.items() if column is not None}

    def _look_at_hits(self, name: str, seen: _Table, sql: str, params: Sequence[Any]) -> None:
        """Before a statement that writes a table: take the rows that it will hit, if they are as they were."""
        if seen.sample is None or not seen.sample.key:
            return
        table = self._table_now(name)
        if table is None:
            return
        keys = self.dialect.touched_keys(self.database, table, sql, params, SAMPLE_LIMIT)
        fresh = [key for key in keys if key not in seen.hits][: SAMPLE_LIMIT - len(seen.hits)]
        seen.hits.extend(fresh)
        new = self._take(seen, table, [key for key in fresh if key not in seen.rows])
        seen.touched.extend(key for key in fresh if key in seen.rows or key in new)
        seen.told = seen.told and 0 < len(keys) < SAMPLE_LIMIT

    def _take(self, seen: _Table, table: Table, keys: Sequence[_KEY]) -> set[_KEY]:
        """Take rows under the columns of the start, if they are as they were; the keys of those that are new."""
        new: set[_KEY] = set()
        if seen.kept is not None:
            names = _names_since(seen.renamed_before, self.renames.columns_of(seen.name))
            same = self.dialect.as_kept(self.database, seen.kept, table, names, keys)
            new = set(keys) - same.keys()
            keys = [key for key in keys if same.get(key)]
        elif not seen.told:
            return new
        if keys:
            found = self.dialect.sample(self.database, table, limit=len(keys), keys=keys)
            taken = _under(seen.sample, found, self._columns_now(seen, table))
            seen.rows.update(zip(taken.row_keys(), taken.rows))
        return new

    def _table_now(self, name: str) -> Table | None:
        return self.dialect.introspect(self.database, [name]).table(name)

    def finish(self) -> Seen:
        """The snapshots of before and after, how the two schemas differ, and how many rows do."""
        after = self.dialect.introspect(self.database, known=self._unchanged)
        before_rows, after_rows = [], []
        counts: list[RowChanges] = []
        blind = {self.before.key(self.renames.origin(name)) for name in self.written}
        for key, seen in sorted(self._seen.items()):
            name = self.renames.now(seen.name)
            table = after.table(name) if name is not None else None
            order = _ordered(seen, self._new_keys(table, seen))
            if seen.sample is not None:
                before_rows.append(_before(seen, order))
            sample = None
            if table is not None:
                sample = self.dialect.sample(self.database, table, limit=SAMPLE_LIMIT, keys=order)
                after_rows.append(_after(seen, order, sample))
            if seen.written or key not in blind:
                counts.extend(self._counted(seen, table, sample))
        changes = diff(self.before, after, renamed_tables=self.renames.tables, renamed_columns=self.renames.columns)
        snapshots = Snapshot(self.before, tuple(before_rows)), Snapshot(after, tuple(after_rows))
        return Seen(*snapshots, changes, tuple(sorted(counts, key=lambda count: count.table)))

    def _new_keys(self, table: Table | None, seen: _Table) -> list[_KEY]:
        if seen.sample is None or table is None:
            return []
        return list(self.dialect.newest_keys(self.database, table, seen.mark, SAMPLE_LIMIT // 2))

    def _counted(self, seen: _Table, table: Table | None, sample: Rows | None) -> Iterator[RowChanges]:
        """The table's rows counted, where that can be done."""
        if self.before.table(seen.name) is None:
            if table is not None and sample is not None and sample.count_exact:
                yield RowChanges(table.name, sample.row_count, 0, 0)
        elif not seen.written:
            if table is not None:
                yield RowChanges(table.name, 0, 0, 0)
        elif seen.kept is not None:
            names = _names_since(seen.renamed_before, self.renames.columns_of(seen.name))
            counts = self.dialect.count_changes(self.database, seen.kept, table, names, COUNT_LIMIT)
            if counts is not None:
                yield RowChanges(table.name if table else seen.name, *counts)


def _names_since(then: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """The columns' names now by those they had then; both are given by those of the start, in lower case."""
    return {then.get(first, first).lower(): last for first, last in now.items()}


def _under(sample: Rows | None, found: Rows, names: Mapping[str, str]) -> Rows:
    """Rows that were found later under the columns of the sample; none where one of these columns is gone."""
    assert sample is not None
    now = [names.get(name, name) for name in sample.columns]
    places = [found.columns.index(name) for name in now if name in found.columns]
    same_key = tuple(names.get(name, name) for name in sample.key) == found.key
    rows = [tuple(row[at] for at in places) for row in found.rows] if same_key and len(places) == len(now) else ()
    return replace(sample, rows=tuple(rows))


def _ordered(seen: _Table, fresh: list[_KEY]) -> list[_KEY]:
    """Touched rows first, then new ones, then the first rows of the table; each once."""
    wanted = [*seen.touched, *fresh, *seen.rows]
    return list(dict.fromkeys(wanted))[:SAMPLE_LIMIT]


def _before(seen: _Table, order: list[_KEY]) -> Rows:
    assert seen.sample is not None
    sample = seen.sample
    if not sample.key:
        return sample
    rows = tuple(seen.rows[key] for key in order if key in seen.rows)
    return Rows(sample.table, sample.columns, sample.key, rows, sample.row_count, sample.count_exact)


def _after(seen: _Table, order: list[_KEY], rows: Rows) -> Rows:
    """Without rows that stand in only for those that are gone: they were not looked at before, but they are not new."""
    if seen.sample is None or not rows.key or len(seen.sample.rows) >= seen.sample.row_count:
        return rows
    wanted = set(order)
    return replace(rows, rows=tuple(row for key, row in zip(rows.row_keys(), rows.rows) if key in wanted))
