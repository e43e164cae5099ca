"""A rehearsal: a plan runs on a copy of the database, watched, and what it takes away is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.errors import MigrationFailed, MigrationFileError, PlanError
from pwmig.plan import Loss, Plan, Run

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Copy, Dialect, Listener

__all__ = ["ahead", "rehearse"]


def rehearse(
    plan: Plan,
    run: Callable[[Plan, bool], Run],
    database: peewee.Database,
    dialect: Dialect,
    *,
    first: Plan | None = None,
    listener: Listener | None = None,
) -> Run:
    """Run ``first`` and then ``plan`` on a copy; only ``plan`` is watched and reported.

    ``run(plan, watch)`` runs a plan on ``database``, which leads to the copy meanwhile. Where ``first`` is given, the
    run has a before and after even if ``plan`` is empty, and losses are counted against the state after ``first``.
    """
    with dialect.copy(database, listener) as copy:
        if first:
            _go_ahead(first, run)
            copy.settle()
        try:
            done = run(plan, True)
        except MigrationFailed as error:
            error.run = error.run and replace(error.run, sampled=copy.sampled)
            raise
        if first is not None and not plan:
            done = _standing_still(done, database, dialect)
        losses = _kept_marked(done, tuple(_losses(done, copy, settled=bool(first))))
        return replace(done, losses=losses, original_changed=copy.original_changed(), sampled=copy.sampled)


@contextmanager
def ahead(
    plan: Plan,
    run: Callable[[Plan, bool], Run],
    database: peewee.Database,
    dialect: Dialect,
    *,
    listener: Listener | None = None,
) -> Iterator[None]:
    """While entered, ``database`` leads to a copy on which a plan has run, unwatched."""
    with dialect.copy(database, listener):
        _go_ahead(plan, run)
        yield


def _go_ahead(first: Plan, run: Callable[[Plan, bool], Run]) -> None:
    """Run what comes before; its errors have no ``line``, since they are not of the file that is looked at."""
    try:
        run(first, False)
    except (MigrationFailed, MigrationFileError, PlanError) as error:
        told = type(error)(f"what has to run first did not: {error.what}", why=error.why, way_out=error.way_out)
        if isinstance(told, MigrationFailed) and isinstance(error, MigrationFailed):
            told.migration, told.statement, told.run = error.migration, error.statement, error.run
        elif isinstance(told, MigrationFileError) and isinstance(error, MigrationFileError):
            told.path = error.path
        raise told from error


def _standing_still(run: Run, database: peewee.Database, dialect: Dialect) -> Run:
    from pwmig.schema import Snapshot

    now = Snapshot(dialect.introspect(database))
    return replace(run, before=now, after=now)


def _kept_marked(run: Run, losses: tuple[Loss, ...]) -> tuple[Loss, ...]:
    """Say of each loss whether the attic would keep it: going back the other way puts that back."""
    from pwmig.diff import RenameTable

    names = {change.table: change.old_name for change in run.changes if isinstance(change, RenameTable)}
    kept = {
        (name.lower(), thing.column.lower() if thing.column else None)
        for step in run.steps
        for thing in step.kept
        for name in (thing.table, names.get(thing.table, thing.table))
    }
    return tuple(
        replace(loss, kept=(loss.table.lower(), loss.column.lower() if loss.column else None) in kept)
        for loss in losses
    )


def _losses(run: Run, copy: Copy, *, settled: bool) -> Iterator[Loss]:
    """What a rehearsal took away: rows of the tables it wrote to, and the values of columns that went.

    What a copy has ``settled`` at is counted in it, and so is what goes from a table that stays.
    """
    from pwmig.diff import DropColumn, DropTable, RenameTable

    if run.before is None or run.after is None:
        return
    new_names = {change.old_name: change.table for change in run.changes if isinstance(change, RenameTable)}
    old_names = {new: old for old, new in new_names.items()}
    dropped = {change.table for change in run.changes if isinstance(change, DropTable)}
    key = run.before.schema.key
    written = {key(name) for name in run.written}
    sampled = {key(name) for name in copy.sampled}
    for table in run.before.schema.tables:
        name = new_names.get(table.name, table.name)
        if written.isdisjoint((key(table.name), key(name))):
            continue
        after = None if table.name in dropped else run.after.schema.table(name)
        if count := copy.rows_lost(table, after):
            counted_here = settled or after is not None
            yield Loss(table.name, None, count, counted_here and key(table.name) in sampled)
    for change in run.changes:
        if isinstance(change, DropColumn):
            name = old_names.get(change.table, change.table)
            if count := copy.values_lost(name, change.column.name):
                yield Loss(name, change.column.name, count, settled and key(name) in sampled)
