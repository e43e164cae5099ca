"""Records made by hand: a table ``player``, sample rows of it, and a run that led from one to the other."""

from __future__ import annotations

from typing import Any

from pwmig.diff import Change
from pwmig.plan import Plan, RowChanges, Run
from pwmig.schema import Column, Rows, Schema, Snapshot, Table

ID = Column("id", "INTEGER", nullable=False)
NAME = Column("name", "TEXT")
LEVEL = Column("level", "INTEGER", nullable=False)


def table(*columns: Column, name: str = "player", **facts_: Any) -> Table:
    return Table(name, (ID, *columns), ("id",), **facts_)


def rows(*values: tuple[Any, ...], columns: tuple[str, ...], name: str = "player", count: int | None = None) -> Rows:
    return Rows(name, columns, ("id",), values, len(values) if count is None else count)


def run_of(
    before: Table | None,
    after: Table | None,
    before_rows: Rows | None = None,
    after_rows: Rows | None = None,
    changes: tuple[Change, ...] = (),
    row_changes: tuple[RowChanges, ...] = (),
) -> Run:
    sides = [
        Snapshot(Schema((side,) if side else ()), (sample,) if sample else ())
        for side, sample in ((before, before_rows), (after, after_rows))
    ]
    return Run(Plan(()), "copy", (), sides[0], sides[1], changes, row_changes=row_changes)
