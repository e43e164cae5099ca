"""What a draft is made from: the database as it will be behind all that is pending, and what the models declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pwmig.comparing import kept, replayed, with_named
from pwmig.declared import is_named_in
from pwmig.errors import MigrationFailed, MigrationFileError, OperationRefused, PlanError
from pwmig.plan import ALLOWANCES, Plan, plan_forward
from pwmig.records import dataclass
from pwmig.schema import Schema, Table
from pwmig.sides import plan_files

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Listener
    from pwmig.project import Project

__all__ = ["Sight", "look", "reached"]


@dataclass(frozen=True, slots=True)
class Sight:
    """``live`` is all that the database holds, ``declared`` what the models do, ``defaults`` what their fields give in
    Python, ``texts`` the letters of live tables and indexes where the database keeps them.

    ``gone`` are the live tables that go, since no model names them any more; ``guesses`` say what was guessed.
    """

    live: Schema
    declared: Schema
    texts: Mapping[str, str]
    defaults: Mapping[tuple[str, str], Any]
    gone: tuple[Table, ...] = ()
    guesses: tuple[str, ...] = ()

    @property
    def unmodelled(self) -> tuple[Table, ...]:
        """The live tables that no model names."""
        named = {self.live.key(table.name) for table in self.declared.tables}
        return tuple(table for table in self.live.tables if self.live.key(table.name) not in named)


def look(project: Project, listener: Listener | None = None) -> Sight:
    """See both sides. Raises what reading the models, the database and a rehearsal of what is pending raise."""
    seen, guesses, defaults = project.declared_with_defaults(lambda: _around(project, listener))
    declared = kept(project, seen)
    with reached(project, listener) as database:
        if database is None:
            live, texts = Schema(), {}
        else:
            found = project.dialect.introspect(database)
            found = with_named(project, found, declared, lambda names: project.dialect.introspect(database, names))
            live = kept(project, project.dialect.require_seen(database, found, modelled=True))
            texts = dict(project.dialect.texts(database))
    sight = Sight(live, declared, texts, defaults, guesses=tuple(map(str, guesses)))
    gone, doubts = _gone(project, sight, listener)
    return replace(sight, gone=gone, guesses=(*sight.guesses, *doubts))


@contextmanager
def reached(project: Project, listener: Listener | None = None) -> Iterator[peewee.Database | None]:
    """While entered, the database as it is when all that is pending has run; None where there is none yet.

    That is a reading of the live one, where nothing is pending, and else a copy on which that has run.
    """
    pending = plan_forward(project.files(), project.applied(), allow=ALLOWANCES)
    if not pending and not project.dialect.exists(project.database):
        yield None
    elif not pending:
        with project.dialect.reading(project.database) as reader:
            yield reader
    else:
        with project.ahead(pending, listener) as copy:
            yield copy


def _around(project: Project, listener: Listener | None) -> Schema:
    """What may stand beside the models' tables: all that the migrations make."""
    return _replayed(project, listener) or Schema()


def _replayed(project: Project, listener: Listener | None) -> Schema | None:
    """What the migrations make of nothing; None where they don't run there."""
    try:
        plan: Plan = plan_files(project.files())
        return replayed(project, plan, listener)
    except (MigrationFailed, MigrationFileError, PlanError, OperationRefused):
        return None


def _gone(project: Project, sight: Sight, listener: Listener | None) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """The tables that go, and what can't be told of that.

    One that no model names may be somebody else's. One that the project's own migrations make had a model once.
    """
    if project.config.unmodelled == "report":
        return sight.unmodelled, ()
    sources = [Path(file.path).read_text(errors="replace") for file in project.files()]
    named = [table for table in sight.unmodelled if is_named_in(table.name, sources)]
    if not named:
        return (), ()
    made = _replayed(project, listener)
    if made is None:
        names = ", ".join(table.name for table in named)
        return (), (f"whether {names} had a model once can't be told: the migrations don't run on an empty database",)
    return tuple(table for table in named if made.table(table.name) is not None), ()
