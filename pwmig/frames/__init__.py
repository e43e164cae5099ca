"""Records of pwmig as pandas DataFrames, plain ones and ones made to be looked at.

::

    status(project)          one line a migration
    changes(run)             one line a change of the schema
    schema(run, "player")    what the table is made of, before and after side by side
    rows(run, "player")      its sample rows, paired by primary key, before and after side by side

``styled_schema`` and ``styled_rows`` give the same, marked for the eye. Signs say what changed:
``+`` is new, ``-`` is gone, ``~`` is another. A plain frame holds the values as they are in the
database, in columns of dtype ``object``, so that NULL stays None and a whole number stays one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from pwmig.diff import Change, RenameTable
from pwmig.errors import PwmigError
from pwmig.frames.facts import fact_pairs, facts, facts_grid, schema_grid
from pwmig.frames.grid import Grid, grid_html, style_tag
from pwmig.frames.pairs import Comparison, compare, rows_grid, sample_grid
from pwmig.frames.renames import renames_of
from pwmig.plan import MigrationStatus, Run
from pwmig.schema import Rows, Schema, Snapshot, Table

__all__ = ["Styled", "changes", "rows", "schema", "status", "styled_rows", "styled_schema", "touched_tables"]


class _HasStatus(Protocol):
    def status(self) -> tuple[MigrationStatus, ...]: ...


@dataclass(frozen=True, eq=False)
class Styled:
    """A DataFrame with a look: ``frame`` holds the data, a notebook shows ``html``."""

    frame: pd.DataFrame
    grid: Grid

    @property
    def html(self) -> str:
        """The table as escaped HTML, the same for the same data, without its style sheet."""
        return grid_html(self.grid)

    def _repr_html_(self) -> str:
        return style_tag() + self.html

    def __repr__(self) -> str:
        return self.grid.text()


def status(source: _HasStatus | Iterable[MigrationStatus]) -> pd.DataFrame:
    """One line a migration: name, state, when it was applied (UTC), by whom, in how many seconds."""
    statuses = source if isinstance(source, Iterable) else source.status()
    lines = [(s.name, s.state.value, s.applied_at, s.applied_by, s.elapsed_s, s.how) for s in statuses]
    return _frame(lines, ["migration", "state", "applied_at", "applied_by", "elapsed_s", "how"])


def changes(source: Run | Iterable[Change]) -> pd.DataFrame:
    """One line a change of the schema: sign, kind, table, and what it is in words."""
    found = source.changes if isinstance(source, Run) else source
    return _frame([(c.sign, c.kind, c.table, c.describe()) for c in found], ["sign", "kind", "table", "change"])


def touched_tables(run: Run) -> tuple[str, ...]:
    """The tables that a run changed, as they are called after (dropped ones: as they were), in its order."""
    wanted = [change.table for change in run.changes]
    sampled = [rows.table for snapshot in (run.after, run.before) if snapshot for rows in snapshot.rows]
    known = {
        name.lower(): name for snapshot in (run.before, run.after) if snapshot for name in snapshot.schema.table_names
    }
    gone = {change.old_name.lower() for change in run.changes if isinstance(change, RenameTable)}
    names = dict.fromkeys(name.lower() for name in (*wanted, *sampled))
    return tuple(known[name] for name in names if name in known and name not in gone)


def schema(source: Run | Schema | Snapshot, table: str) -> pd.DataFrame:
    """What a table is made of: one line a column, index, constraint, trigger or option.

    Of a run the columns ``change``, ``what``, ``name``, ``before``, ``after`` (None where there is
    no such thing); of a schema or a snapshot ``what``, ``name``, ``definition``. Raises PwmigError
    where there is no such table.
    """
    if isinstance(source, Run):
        before, after = _tables(source, table)
        pairs = fact_pairs(before, after, renames_of(source))
        lines = [
            (p.change, p.fact.what, p.fact.name, p.before and p.before.text, p.after and p.after.text) for p in pairs
        ]
        return _frame(lines, ["change", "what", "name", "before", "after"])
    found = _table(source, table)
    return _frame([(fact.what, fact.name, fact.text) for fact in facts(found)], ["what", "name", "definition"])


def styled_schema(source: Run | Schema | Snapshot, table: str) -> Styled:
    """The same as :func:`schema`, made to be looked at."""
    frame = schema(source, table)
    if isinstance(source, Run):
        before, after = _tables(source, table)
        pairs = fact_pairs(before, after, renames_of(source))
        return Styled(frame, schema_grid(f"{_title(before, after)}: schema before and after", pairs))
    found = _table(source, table)
    return Styled(frame, facts_grid(f"{found.name}: schema", found))


def rows(source: Run | Snapshot, table: str) -> pd.DataFrame:
    """Sample rows of a table, with the primary key as the index; those that changed come first.

    Of a run the columns are pairs as ``DataFrame.compare`` gives them: ``(name, "before")`` and
    ``(name, "after")`` where a cell changed or the column is on one side only, ``(name, "")``
    where both sides are the same, and ``("", "change")`` with sign and word. Raises PwmigError
    where no rows of such a table were taken.
    """
    if isinstance(source, Run):
        return _comparison_frame(_comparison(source, table))
    sample = _sample(source, table)
    return _indexed(list(sample.rows), list(sample.columns), list(sample.key))


def styled_rows(source: Run | Snapshot, table: str) -> Styled:
    """The same as :func:`rows`, made to be looked at."""
    if isinstance(source, Run):
        comparison = _comparison(source, table)
        return Styled(_comparison_frame(comparison), rows_grid(comparison))
    return Styled(rows(source, table), sample_grid(_sample(source, table)))


def _frame(lines: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame([list(line) for line in lines], columns=pd.Index(columns, dtype=object), dtype=object)


def _indexed(lines: list[tuple[Any, ...]], columns: list[str], key: list[str]) -> pd.DataFrame:
    frame = _frame(lines, columns)
    if not key:
        return frame
    frame.index = _index(key, [tuple(line[columns.index(name)] for name in key) for line in lines])
    return frame.drop(columns=key)


def _index(names: Sequence[str], keys: Sequence[tuple[Any, ...]]) -> pd.Index:
    if len(names) == 1:
        return pd.Index([key[0] for key in keys], name=names[0], dtype=object)
    columns = [pd.Series([key[place] for key in keys], dtype=object) for place in range(len(names))]
    return pd.MultiIndex.from_arrays(columns, names=list(names))


def _comparison_frame(comparison: Comparison) -> pd.DataFrame:
    shown = [(column, side) for column in comparison.shown for side in column.sides]
    lines = [[pair.change, *(pair.value(column, side) for column, side in shown)] for pair in comparison.rows]
    frame = pd.DataFrame(lines, columns=range(len(shown) + 1), dtype=object)
    frame.columns = pd.MultiIndex.from_tuples([("", "change"), *((column.name, side) for column, side in shown)])
    if comparison.key:
        frame.index = _index([column.name for column in comparison.key], [pair.key for pair in comparison.rows])
    return frame


def _comparison(run: Run, table: str) -> Comparison:
    renames = renames_of(run)
    before, after = run.rows(renames.old_table(table))[0], run.rows(renames.table(table))[1]
    if before is None and after is None:
        raise _no_table(table, "rows of", list(touched_tables(run)))
    named = after or before
    assert named is not None
    return compare(before, after, renames, table=named.table)


def _sample(snapshot: Snapshot, table: str) -> Rows:
    found = snapshot.table_rows(table)
    if found is None:
        raise _no_table(table, "rows of", [rows.table for rows in snapshot.rows])
    return found


def _tables(run: Run, table: str) -> tuple[Table | None, Table | None]:
    renames = renames_of(run)
    before = run.before.schema.table(renames.old_table(table)) if run.before else None
    after = run.after.schema.table(renames.table(table)) if run.after else None
    if before is None and after is None:
        raise _no_table(table, "a table", list(touched_tables(run)))
    return before, after


def _table(source: Schema | Snapshot, table: str) -> Table:
    known = source.schema if isinstance(source, Snapshot) else source
    found = known.table(table)
    if found is None:
        raise _no_table(table, "a table", list(known.table_names))
    return found


def _title(before: Table | None, after: Table | None) -> str:
    named = after or before
    assert named is not None
    return named.name


def _no_table(table: str, what: str, known: Sequence[str]) -> PwmigError:
    listed = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    why = f"it knows {listed}" if known else "it was not watched, or touched no table"
    return PwmigError(f"this holds no {what.removeprefix('a ')} {table!r}", why=why, way_out="name one of these")
