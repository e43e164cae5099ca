"""The first migration of a database that was there before: written from what it holds, proved, marked as applied."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pwmig.baseline.dropping import drop_everything, sent
from pwmig.baseline.models import models_file, models_source, models_written
from pwmig.baseline.source import baseline_source
from pwmig.comparing import kept
from pwmig.errors import BeyondDatabase, MigrationFailed, PlanError, ProjectError, PwmigError
from pwmig.files import checksum, create, slug
from pwmig.plan import Direction, Plan, Step
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.diff import Change
    from pwmig.project import Project
    from pwmig.schema import Schema

__all__ = ["Baseline", "make_baseline"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline that was made: its name and file, the statements in it, the models' file where one was written.

    ``unsaid`` is how the models that were written differ from the database: what no model can say is none of it.
    """

    name: str
    path: Path
    statements: tuple[str, ...]
    models: Path | None = None
    unsaid: tuple[Change, ...] = ()


def make_baseline(project: Project, name: str, *, models: bool, listener: Listener | None, wait_s: float) -> Baseline:
    """Write, prove and record the baseline; see :meth:`pwmig.Project.baseline`."""
    wanted = slug(name)
    _refuse_what_is_there(project)
    schema = kept(project, project.comparable_schema())
    if not _holds_anything(schema):
        raise PlanError(
            f"{project.location} holds nothing that a baseline could begin with",
            why="it has no table, no view and nothing else",
            way_out="pwmig create NAME writes an empty first migration",
        )
    target = models_file(project) if models else None
    models_text = models_source(project, schema) if models else ""
    statements = project.dialect.write(schema)
    source = _proved(project, wanted, schema, statements, listener)
    if target is None:
        path = _recorded(project, wanted, source, wait_s)
        return Baseline(path.stem, path, statements)
    with models_written(target, models_text):
        unsaid = project.diff()
        path = _recorded(project, wanted, source, wait_s)
    return Baseline(path.stem, path, statements, target, unsaid)


# -- before anything is written


def _refuse_what_is_there(project: Project) -> None:
    files, applied = project.files(), project.applied()
    if files:
        raise PlanError(
            f"{files[0].name} is there already, and a baseline is the first migration",
            why="what the migrations make and what the database holds can't be told apart any more",
            way_out="pwmig diff history live says what they don't make: write a migration for it; or move files that "
            "this database knows nothing of out of the folder",
        )
    if applied:
        raise PlanError(
            f"{applied[0].name} is applied already, and a baseline is the first migration",
            why="the history of this database has begun, though the files of its migrations are gone",
            way_out="bring the files back (from version control)",
        )
    if not project.dialect.exists(project.database):
        raise PlanError(
            f"there is no database at {project.location}",
            why="a baseline is written from one that exists",
            way_out="look at DATABASE_URL; pwmig create NAME writes an empty first migration",
        )


def _holds_anything(schema: Schema) -> bool:
    kinds = (
        schema.tables,
        schema.views,
        schema.sequences,
        schema.types,
        schema.routines,
        schema.events,
        schema.extensions,
    )
    return any(kinds) or bool(schema.namespaces)


# -- the proof


def _proved(project: Project, name: str, schema: Schema, statements: tuple[str, ...], listener: Listener | None) -> str:
    """The source, once it has made an equal schema of an empty database, and an empty database of that again."""
    title = f"The schema that {_called(project)} held on {datetime.now(UTC):%Y-%m-%d}, before its first migration."
    config = project.config.config
    forward = [sent(project.database, sql) for sql in statements]
    with _run_draft(project, name, baseline_source(config, title, forward, ()), listener):
        made = _look(project)
        _require_equal(schema, made)
        backward = [sent(project.database, sql) for sql in drop_everything(project.database, made)]
    source = baseline_source(config, title, forward, backward)
    with _run_draft(project, name, source, listener, and_back=True):
        left = _look(project)
        if _holds_anything(left):
            raise ProjectError(
                "the baseline's migrate_backward() would leave something behind",
                why=", ".join(table.name for table in (*left.tables, *left.views)) or "things besides tables and views",
                way_out="nothing was written; please report this",
            )
    return source


def _called(project: Project) -> str:
    """The kind of the database and its name, without a folder, a host or a port: the file goes to other machines."""
    name = str(project.database.database).partition("?")[0]
    return f"the {project.dialect.title} database {os.path.basename(name)}"


@contextmanager
def _run_draft(
    project: Project, name: str, source: str, listener: Listener | None, *, and_back: bool = False
) -> Iterator[None]:
    """While entered, the project's database is an empty one on which a migration with this source has run."""
    path, text = os.path.join(project.migrations_folder, f"{name}.py"), source.encode()
    with project.blank(listener) as run:
        for direction in (Direction.FORWARD, Direction.BACKWARD)[: 1 + and_back]:
            try:
                run(Plan((Step(name, direction, path, checksum(text)),), direction), {path: text})
            except MigrationFailed as error:
                raise _not_made(project, error) from error.__cause__
        yield


def _not_made(project: Project, error: MigrationFailed) -> PwmigError:
    """What it means that an empty database does not take a statement: there is no file yet that could be mended."""
    if isinstance(error.__cause__, BeyondDatabase):
        return ProjectError(
            f"no baseline was written: a part of what {project.location} holds needs what is outside of it",
            why=f"a baseline is proved on an empty database, and {error.__cause__.what}"
            + (f"; the statement is: {error.statement[:300]}" if error.statement else ""),
            way_out="leave that table or view out by ignore = [...] in [tool.pwmig]; or write the first migration by "
            "hand (pwmig create NAME): it can be applied, and not rehearsed",
        )
    if isinstance(error.__cause__, PwmigError) or error.statement is None:
        return error
    return ProjectError(
        f"no baseline was written: a part of what {project.location} holds can't be made in an empty database",
        why="it needs something that pwmig does not look at, or that ignore leaves out; "
        f"the database says: {error.why}",
        way_out="drop it, if it may go, or leave it out by ignore = [...] in [tool.pwmig], if it is a table or a view; "
        "or write the first migration by hand: pwmig create NAME. What is not looked at, and why, says "
        "pwmig.dialects.dialect_of(database).unseen",
    )


def _look(project: Project) -> Schema:
    return kept(project, project.dialect.introspect(project.database))


def _require_equal(schema: Schema, made: Schema) -> None:
    from pwmig.diff import diff

    changes = diff(schema, made)
    if changes:
        shown = "; ".join(f"{change.sign} {change.describe()}" for change in changes[:5])
        more = f"; and {len(changes) - 5} more" if len(changes) > 5 else ""
        raise ProjectError(
            "no baseline was written: run on an empty database, it would make another schema",
            why=shown + more,
            way_out="leave the tables that it names out by ignore = [...] in [tool.pwmig], and write a migration for "
            "them by hand",
        )


# -- both or neither: the file, and the row that says it is applied


def _recorded(project: Project, name: str, source: str, wait_s: float) -> Path:
    path = create(project.migrations_folder, name, source)
    try:
        (file,) = (file for file in project.files() if file.name == path.stem)
        step = Step(file.name, Direction.FORWARD, file.path, file.checksum)
        project.apply(Plan((step,), fake=True, baseline=True), wait_s=wait_s)
    except BaseException:
        if not _is_applied(project, path.stem):
            path.unlink(missing_ok=True)
        raise
    return path


def _is_applied(project: Project, name: str) -> bool:
    try:
        return any(row.name == name for row in project.applied())
    except PwmigError:
        return False
