"""What of a record is to be shown, as tables of text: which tables a run touched, and one of them before and after.

Nothing here needs pandas.
"""

from __future__ import annotations

from collections.abc import Sequence

from pwmig.diff import RenameTable
from pwmig.diff.case import Case
from pwmig.errors import PwmigError
from pwmig.frames.facts import FactPair, fact_pairs, facts_grid, schema_grid
from pwmig.frames.grid import Grid
from pwmig.frames.pairs import Comparison, compare, rows_grid, sample_grid
from pwmig.frames.renames import renames_of
from pwmig.plan import Run
from pwmig.schema import Rows, Schema, Snapshot, Table, View

__all__ = [
    "comparison",
    "has_rows",
    "made_of",
    "rows_shown",
    "sample",
    "schema_pairs",
    "schema_shown",
    "touched_tables",
]


def touched_tables(run: Run) -> tuple[str, ...]:
    """The tables that a run changed, as they are called after (dropped ones: as they were), in its order."""
    snapshots = [snapshot for snapshot in (run.after, run.before) if snapshot]
    case = Case.of(*(snapshot.schema for snapshot in snapshots))
    wanted = [change.table for change in run.changes if change.of_table]
    sampled = [rows.table for snapshot in snapshots for rows in snapshot.rows]
    known = {case.table(name): name for snapshot in reversed(snapshots) for name in snapshot.schema.table_names}
    gone = {case.table(change.old_name) for change in run.changes if isinstance(change, RenameTable)}
    names = dict.fromkeys(map(case.table, (*wanted, *sampled)))
    return tuple(known[name] for name in names if name in known and name not in gone)


def schema_shown(source: Run | Schema | Snapshot, table: str) -> Grid:
    """A table's schema: of a run before and after side by side. Raises PwmigError where there is no such table."""
    if isinstance(source, Run):
        name, pairs = schema_pairs(source, table)
        return schema_grid(f"{name}: schema before and after", pairs)
    found = made_of(source, table)
    return facts_grid(f"{found.name}: schema", found)


def schema_pairs(run: Run, table: str) -> tuple[str, tuple[FactPair, ...]]:
    """A table's name after a run, and its facts in pairs."""
    renames = renames_of(run)
    before = run.before.schema.table(renames.old_table(table)) if run.before else None
    after = run.after.schema.table(renames.table(table)) if run.after else None
    named = after or before
    if named is None:
        raise _no_table(table, "table", touched_tables(run))
    return named.name, fact_pairs(before, after, renames)


def rows_shown(source: Run | Snapshot, table: str, *, changed_only: bool = False) -> Grid:
    """A table's sample rows: of a run before and after, paired. Raises PwmigError where none were taken."""
    if isinstance(source, Run):
        return rows_grid(comparison(source, table, changed_only=changed_only))
    return sample_grid(sample(source, table))


def comparison(run: Run, table: str, *, changed_only: bool = False) -> Comparison:
    """The sample rows of a table before and after a run, in pairs."""
    renames = renames_of(run)
    before, after = run.samples(renames.old_table(table))[0], run.samples(renames.table(table))[1]
    named = after or before
    if named is None:
        raise _no_table(table, "rows of", touched_tables(run))
    key = renames.case.table
    counted = next((count for count in run.row_changes if key(count.table) == key(named.table)), None)
    sampled = key(renames.old_table(table)) in set(map(key, run.sampled))
    return compare(
        before, after, renames, table=named.table, counted=counted, changed_only=changed_only, sampled=sampled
    )


def has_rows(run: Run, table: str) -> bool:
    """Whether rows of a table were taken before or after a run."""
    renames = renames_of(run)
    return run.samples(renames.old_table(table))[0] is not None or run.samples(renames.table(table))[1] is not None


def sample(snapshot: Snapshot, table: str) -> Rows:
    found = snapshot.table_rows(table)
    if found is None:
        raise _no_table(table, "rows of", [rows.table for rows in snapshot.rows])
    return found


def made_of(source: Schema | Snapshot, name: str) -> Table | View:
    """The table or the view of that name; PwmigError where there is none."""
    known = source.schema if isinstance(source, Snapshot) else source
    views = (view for view in known.views if known.key(view.name) == known.key(name))
    found = known.table(name) or next(views, None)
    if found is None:
        raise _no_table(name, "table", known.table_names)
    return found


def _no_table(table: str, what: str, known: Sequence[str]) -> PwmigError:
    listed = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    why = f"it knows {listed}" if known else "it was not watched, or touched no table"
    return PwmigError(
        f"this holds no {what} {table!r}", why=why, way_out="name one of these" if known else "look at it as it is now"
    )
