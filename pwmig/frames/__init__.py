"""Records of pwmig as pandas DataFrames, plain ones and ones made to be looked at.

::

    status(project)          one line a migration
    changes(run)             one line a change of the schema; so of a difference, or any changes
    schema(run, "player")    what the table is made of, before and after side by side
    rows(run, "player")      its sample rows, paired by primary key, before and after side by side

``styled_schema`` and ``styled_rows`` give the same, marked for the eye. Signs say what changed:
``+`` is new, ``-`` is gone, ``~`` is another. A plain frame holds the values as they are in the
database, in columns of dtype ``object``, so that NULL stays None and a whole number stays one. pandas is
loaded when a frame is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pwmig.diff import Change
from pwmig.frames.facts import facts_of
from pwmig.frames.grid import Grid, grid_html, style_tag
from pwmig.frames.looking import comparison, made_of, rows_shown, sample, schema_pairs, schema_shown, touched_tables
from pwmig.frames.pairs import Comparison, rows_grid
from pwmig.plan import MigrationStatus, Run
from pwmig.schema import Schema, Snapshot
from pwmig.sides import Difference

if TYPE_CHECKING:
    import pandas as pd

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


def changes(source: Run | Difference | Iterable[Change]) -> pd.DataFrame:
    """One line a change of the schema, or a difference of two: sign, kind, table, and what it is in words."""
    found = source.changes if isinstance(source, (Run, Difference)) else source
    return _frame([(c.sign, c.kind, c.table, c.describe()) for c in found], ["sign", "kind", "table", "change"])


def schema(source: Run | Schema | Snapshot, table: str) -> pd.DataFrame:
    """What a table is made of: one line a column, index, constraint, trigger or option.

    Of a run the columns ``change``, ``what``, ``name``, ``before``, ``after`` (None where there is
    no such thing); of a schema or a snapshot ``what``, ``name``, ``definition``. Raises PwmigError
    where there is no such table.
    """
    if isinstance(source, Run):
        lines = [
            (p.change, p.fact.what, p.fact.name, p.before and p.before.text, p.after and p.after.text)
            for p in schema_pairs(source, table)[1]
        ]
        return _frame(lines, ["change", "what", "name", "before", "after"])
    found = facts_of(made_of(source, table))
    return _frame([(fact.what, fact.name, fact.text) for fact in found], ["what", "name", "definition"])


def styled_schema(source: Run | Schema | Snapshot, table: str) -> Styled:
    """The same as :func:`schema`, made to be looked at."""
    return Styled(schema(source, table), schema_shown(source, table))


def rows(source: Run | Snapshot, table: str) -> pd.DataFrame:
    """Sample rows of a table, with the primary key as the index; those that changed come first.

    Of a run the columns are pairs as ``DataFrame.compare`` gives them: ``(name, "before")`` and
    ``(name, "after")`` where a cell changed or the column is on one side only, ``(name, "")``
    where both sides are the same, and ``("", "change")`` with sign and word. Raises PwmigError
    where no rows of such a table were taken.
    """
    if isinstance(source, Run):
        return _comparison_frame(comparison(source, table))
    found = sample(source, table)
    return _indexed(list(found.rows), list(found.columns), list(found.key))


def styled_rows(source: Run | Snapshot, table: str, *, changed_only: bool = False) -> Styled:
    """The same as :func:`rows`, made to be looked at; ``changed_only``: of a run only rows that did not stay."""
    if isinstance(source, Run):
        found = comparison(source, table, changed_only=changed_only)
        return Styled(_comparison_frame(found), rows_grid(found))
    return Styled(rows(source, table), rows_shown(source, table))


def _frame(lines: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([list(line) for line in lines], columns=pd.Index(columns, dtype=object), dtype=object)


def _indexed(lines: list[tuple[Any, ...]], columns: list[str], key: list[str]) -> pd.DataFrame:
    frame = _frame(lines, columns)
    if not key:
        return frame
    frame.index = _index(key, [tuple(line[columns.index(name)] for name in key) for line in lines])
    return frame.drop(columns=key)


def _index(names: Sequence[str], keys: Sequence[tuple[Any, ...]]) -> pd.Index:
    import pandas as pd

    if len(names) == 1:
        return pd.Index([key[0] for key in keys], name=names[0], dtype=object)
    columns = [pd.Series([key[place] for key in keys], dtype=object) for place in range(len(names))]
    return pd.MultiIndex.from_arrays(columns, names=list(names))


def _comparison_frame(compared: Comparison) -> pd.DataFrame:
    import pandas as pd

    shown = [(column, side) for column in compared.shown for side in column.sides]
    lines = [[pair.change, *(pair.value(column, side) for column, side in shown)] for pair in compared.rows]
    frame = pd.DataFrame(lines, columns=range(len(shown) + 1), dtype=object)
    frame.columns = pd.MultiIndex.from_tuples([("", "change"), *((column.name, side) for column, side in shown)])
    if compared.key:
        frame.index = _index([column.name for column in compared.key], [pair.key for pair in compared.rows])
    return frame
