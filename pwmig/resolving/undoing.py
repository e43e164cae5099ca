"""The way from what a half-applied migration has left back to what it began with, written as operations.

What it began with is made again in a scratch database and looked at as the live one is; the difference is said by the
operations that :mod:`pwmig.authoring` writes, and what they bring back gets its values from the attic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.authoring import Answers, Authored, author
from pwmig.diff import AddTrigger, AlterTrigger, Change, DropTrigger, diff
from pwmig.errors import PlanError
from pwmig.operations import RunSQL
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.noted import Journal
    from pwmig.dialects.started import Start
    from pwmig.dialects.units import Progress
    from pwmig.project import Project
    from pwmig.schema import Schema
    from pwmig.states import Half

__all__ = ["Undo", "can_undo", "lacking", "opened", "progress_of", "undo_of"]


@dataclass(frozen=True, slots=True)
class Undo:
    """``made`` is what has to be done, ``changes`` that in words; ``tables`` are those that were compared, and ``live``
    is how they were then."""

    half: Half
    start: Start
    made: Authored
    changes: tuple[str, ...]
    tables: tuple[str, ...]
    live: Schema
    config: str

    def source(self, forward: bool) -> str:
        """A migration's text whose way against ``forward`` is this one."""
        made = self.made
        turned = Authored(made.backward, made.forward) if forward else made
        return turned.source(self.config)

    def require_same(self, project: Project) -> None:
        """Refuse where somebody has changed a table since it was looked at."""
        if project.dialect.introspect(project.database, self.tables).only(self.tables) != self.live:
            raise PlanError(
                f"{self.half.name} was not resolved: its tables were changed meanwhile",
                why="another program changes the schema of this database",
                way_out="run this again when it has ended; nothing was done",
            )


def progress_of(project: Project, half: Half) -> Progress | None:
    """How far a migration came that can't be taken back as a whole; None for one that can.

    Raises PlanError where what it did can't be told apart from what is left to be done.
    """
    with opened(project) as database:
        journal = _journal(project, database)
        _require_no_strays(half, journal.strays(half.name, lambda: project.dialect.scratch(database)))
        if not journal.start(half.name).lost:
            return None
        found = journal.progress(half.name)
    if found.unknown:
        raise _by_hand(
            half,
            "can't be gone on with by itself",
            f"it wrote rows by a way on which statements can't be told apart, and they were committed: {found.unknown}",
        )
    return found


def undo_of(project: Project, half: Half, *, compare_only: bool = False, unit: int | None = None) -> Undo:
    """What takes a half-applied migration back, or one part of it; PlanError where that can't be, unless it is only to
    be compared."""
    dialect = project.dialect
    with opened(project) as database:
        journal = _journal(project, database)
        start = journal.start(half.name, unit) if compare_only else _tidied(project, journal, half, unit)
        tables = tuple(sorted(start.names))
        live = dialect.introspect(database, tables).only(tables)
        with dialect.scratch(database) as scratch:
            journal.rebuild(scratch, start)
            wanted = dialect.introspect(scratch, tuple(start.definitions)).only(start.definitions)
    answers = _renames(start)
    changes = diff(live, wanted, renamed_tables=answers.tables, renamed_columns=answers.columns)
    words = tuple(f"{change.sign} {change.describe()}" for change in changes)
    gone, coming = _views(project.database, start)
    words += tuple(f"~ {one.statement}" for one in (*gone, *coming))
    made = Authored((), ())
    if words and not compare_only:
        made = author(live, wanted, dialect.migration_terms, answers)
        unset, set_ = _triggers(database, changes)
        made = replace(made, forward=(*gone, *unset, *made.forward, *set_, *coming))
    return Undo(half, start, made, words, tables, live, project.config.config)


def can_undo(project: Project, half: Half) -> bool:
    """Whether nothing of it is lost, and nobody has changed anything by hand."""
    if not half.undoable:
        return False
    with opened(project) as database:
        return not _journal(project, database).strays(half.name, lambda: project.dialect.scratch(database))


def lacking(project: Project, name: str, direction: str) -> Mapping[str, str]:
    """The tables of which a run that stopped has changed nothing yet, or nobody has done by hand what it would have
    done; each with the statement that is not done."""
    dialect = project.dialect
    if not dialect.exists(project.database):
        return {}
    with opened(project) as database:
        journal = dialect.journal(database, project.config.history_table)
        return journal.lacking(name, direction, lambda: dialect.scratch(database)) if journal is not None else {}


def _tidied(project: Project, journal: Journal, half: Half, unit: int | None) -> Start:
    """What it began with, once what the run was doing to its tables when it was killed is ended, in its turn."""
    from pwmig.attic.became import note_stopped
    from pwmig.attic.entries import Attic

    dialect, database = project.dialect, journal.database
    with dialect.session(database, project.waits) as session, session.turn() as turn:
        _require_no_strays(half, journal.strays(half.name, lambda: dialect.scratch(database)))
        start = journal.start(half.name, unit)
        _require_possible(half, start, unit)
        note_stopped(Attic(dialect, database), half.name, half.direction)
        journal.tidy(start)
        turn.finish()
    return start


def _triggers(database: peewee.Database, changes: Sequence[Change]) -> tuple[list[RunSQL], list[RunSQL]]:
    """Those of tables that stay: no operation makes one."""
    gone = [change.trigger for change in changes if isinstance(change, DropTrigger)]
    coming = [change.trigger for change in changes if isinstance(change, AddTrigger)]
    for change in changes:
        if isinstance(change, AlterTrigger):
            gone.append(change.before)
            coming.append(change.after)
    dropped = [RunSQL(f"DROP TRIGGER {_quoted(database, one.name)}") for one in gone]
    return dropped, [RunSQL(one.sql) for one in coming]


def _quoted(database: peewee.Database, name: str) -> str:
    left, right = database.quote
    return f"{left}{name.replace(right, right * 2)}{right}"


def _views(database: peewee.Database, start: Start) -> tuple[list[RunSQL], list[RunSQL]]:
    """Views go before what they show, and come behind it."""
    changed = [name for name, text in start.views_now.items() if text != start.views.get(name)]
    gone = [name for name in changed if start.views_now[name] is not None]
    return (
        [RunSQL(f"DROP VIEW {_quoted(database, name)}") for name in gone],
        [RunSQL(start.views[name]) for name in changed if name in start.views],
    )


@contextmanager
def opened(project: Project) -> Iterator[peewee.Database]:
    """The project's database, connected, and closed again if it was."""
    database = project.database
    was_closed = database.is_closed()
    if was_closed:
        database.connect()
    try:
        yield database
    finally:
        if was_closed and not database.is_closed():
            database.close()


def _journal(project: Project, database: peewee.Database) -> Journal:
    journal = project.dialect.journal(database, project.config.history_table)
    assert journal is not None
    return journal


def _renames(start: Start) -> Answers:
    """From the names of now to those of the start."""
    tables = {now: was for was, now in start.tables.items()}
    columns = {(start.tables.get(table, table), now): was for (table, was), now in start.columns.items()}
    return Answers(tables, columns)


def _require_no_strays(half: Half, strays: tuple[str, ...]) -> None:
    if strays:
        raise PlanError(
            f"{half.name} was not resolved: {', '.join(strays)} is neither as it was before the migration stopped nor "
            "as the migration would have it",
            why="somebody has changed that since by hand",
            way_out=f"bring it by hand to where the migration leads, and record that: pwmig resolve {half.name} "
            "--applied; or to what it was before, and --reverted",
        )


def _require_possible(half: Half, start: Start, unit: int | None) -> None:
    if start.lost:
        first = " ".join(start.lost[0].split())[:200]
        count = f"{len(start.lost)} statement" + ("" if len(start.lost) == 1 else "s")
        why = f"{count} wrote or took away rows that nothing keeps, and were committed: {first}"
        if unit is not None:
            raise _by_hand(half, "can't be gone on with by itself", f"in the part that it stopped in, {why}")
        raise PlanError(
            f"{half.name} can't be taken back by itself",
            why=why,
            way_out=f"{half.way_out} finishes it; or bring the database by hand to what it was before, and record "
            "that: --reverted",
        )


def _by_hand(half: Half, what: str, why: str) -> PlanError:
    return PlanError(
        f"{half.name} {what}",
        why=why,
        way_out="bring the database by hand to where the migration leads, and record that: pwmig resolve "
        f"{half.name} --applied; or to what it was before, and --reverted",
    )
