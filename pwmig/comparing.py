"""Any two sides of a project seen and compared: the database, the models, the migrations replayed, another database."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pwmig.errors import (
    DatabaseUnavailable,
    DatabaseUnsupported,
    MigrationFailed,
    MigrationFileError,
    OperationRefused,
    PlanError,
    PwmigError,
    redact,
)
from pwmig.schema import Schema
from pwmig.sides import Difference, Kind, Side, plan_files, plan_side, side_of, without_tables

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Listener
    from pwmig.plan import Plan, Run
    from pwmig.project import Project
    from pwmig.schema import Rows, Table

__all__ = ["beside_models", "difference", "kept", "replay", "replayed", "schema_of", "with_named"]

_ADDRESS = re.compile(r"""["']([^"'\s.]+\.[^"'\s.]+)["']""")
"""A text in a migration's source that may name a table and its schema."""

_SAMPLED = 20
"""So many tables are looked into at most for what may have been renamed."""

_ROWS = 20
"""So many rows of each of them."""


def difference(project: Project, before: str, after: str, listener: Listener | None = None) -> Difference:
    """What would have to change in ``before`` to make it ``after``; see :meth:`pwmig.Project.diff`."""
    from pwmig.diff import diff, rename_candidates

    names = [file.name for file in project.files()]
    sides = side_of(before, names), side_of(after, names)
    notes: list[str] = []
    old, new, unmodelled = _schemas(project, *sides, listener, notes)
    changes = diff(old, new)
    found = Difference(sides, old, new, changes, notes=tuple(notes))
    if not changes:
        return found
    rows = _samples(project, sides, old, new)
    return replace(found, renames=rename_candidates(old, new, rows, unmodelled))


def _samples(
    project: Project, sides: tuple[Side, Side], old: Schema, new: Schema
) -> tuple[tuple[Rows, ...], tuple[Rows, ...]]:
    """Rows of tables in which something may have been renamed, the same ones of both sides, where both have rows."""
    here, there = _with_own(old, new), _with_own(new, old)
    if not here or not there or not all(side.kind in (Kind.LIVE, Kind.URL) for side in sides):
        return (), ()
    try:
        before = _rows_of(project, sides[0], here, {})
        return before, _rows_of(project, sides[1], there, {rows.table: rows.row_keys() for rows in before})
    except PwmigError:  # Rows that can't be read are no evidence, and no reason to say nothing of the schemas.
        return (), ()


def _with_own(one: Schema, other: Schema) -> tuple[Table, ...]:
    """The first tables that the other schema has not, or has not all columns of."""
    pairs = ((table, other.table(table.name)) for table in one.tables)
    own = (table for table, match in pairs if match is None or any(map(_lacks(match), table.column_names)))
    return tuple(islice(own, _SAMPLED))


def _lacks(table: Table) -> Callable[[str], bool]:
    return lambda column: table.column(column) is None


def _rows_of(project: Project, side: Side, tables: Sequence[Table], keys: Mapping[str, Any]) -> tuple[Rows, ...]:
    with _reader(project, side) as reader:
        sample = project.dialect.sample
        return tuple(sample(reader, table, limit=_ROWS, keys=keys.get(table.name, ())) for table in tables)


_Tables = tuple["Table", ...]


def _schemas(
    project: Project, before: Side, after: Side, listener: Listener | None, notes: list[str]
) -> tuple[Schema, Schema, tuple[_Tables, _Tables]]:
    """Both sides, and the tables of each that are not compared, but may be an old name of one that is.

    What a person has to know of how they were seen is added to the ``notes``.
    """
    if before == after:
        same = schema_of(project, before, listener)
        return same, same, ((), ())
    if after.kind is Kind.MODELS:
        other, declared, unmodelled = _models_beside(project, before, listener, notes)
        return other, declared, (unmodelled, ())
    if before.kind is Kind.MODELS:
        other, declared, unmodelled = _models_beside(project, after, listener, notes)
        return declared, other, ((), unmodelled)
    return (
        schema_of(project, before, listener, beside=after.kind),
        schema_of(project, after, listener, beside=before.kind),
        ((), ()),
    )


def _models_beside(
    project: Project, side: Side, listener: Listener | None, notes: list[str]
) -> tuple[Schema, Schema, _Tables]:
    from pwmig.declared import is_of_tables_alone

    seen, guesses = project.declared_and_guesses(lambda: _around(project, side, listener))
    notes.extend(map(str, guesses))
    declared = kept(project, seen)
    # What no model speaks of need not be read.
    alone = project.config.unmodelled == "ignore" and is_of_tables_alone(declared)
    wanted = declared.table_names if alone else None
    schema = schema_of(project, side, listener, wanted, beside=Kind.MODELS)
    if wanted is None and not side.replayed:
        named = lambda names: schema_of(project, side, None, names, beside=Kind.MODELS)  # noqa: E731
        schema = with_named(project, schema, declared, named)
    old, new = beside_models(project, schema, declared)
    if all(old.table(table.name) is not None for table in new.tables):
        return old, new, ()
    whole = schema if wanted is None or side.replayed else _whole(project, side) or schema
    others = (table for table in whole.tables if declared.table(table.name) is None)
    return old, new, tuple(table for table in others if old.table(table.name) is None)


def with_named(project: Project, schema: Schema, declared: Schema, look: Callable[[Collection[str]], Schema]) -> Schema:
    """What a database holds, with the tables in others of its server that the models or the migrations name.

    A schema that a model names is another database on MariaDB and MySQL, where a look at all of one shows no other.
    """
    named = {table.name for table in declared.tables if table.schema is not None}
    for file in project.files():
        named.update(_ADDRESS.findall(Path(file.path).read_text(errors="replace")))
    names = sorted(name for name in named if schema.table(name) is None)
    found = look(names).tables if names else ()
    tables = (*schema.tables, *(one for one in found if one.schema is not None and schema.table(one.name) is None))
    return replace(schema, tables=tuple(sorted(tables, key=lambda table: (table.name.lower(), table.name))))


def _whole(project: Project, side: Side) -> Schema | None:
    """A database with the tables that no model names, None where they can't be read: nobody asked for them."""
    try:
        return schema_of(project, side)
    except PwmigError:
        return None


def _around(project: Project, side: Side, listener: Listener | None) -> Schema:
    """What may stand beside the models' tables: what another database has, or else all that the migrations make."""
    if side.kind is Kind.URL:
        return schema_of(project, side, listener)
    try:
        return replayed(project, plan_files(project.files()), listener)
    except (MigrationFailed, MigrationFileError, PlanError, OperationRefused):
        return Schema()  # The models' own error is the one to tell.


def beside_models(project: Project, schema: Schema, declared: Schema) -> tuple[Schema, Schema]:
    """A schema and that of the models, as far as the two can be compared, and as the config wants them to be."""
    from pwmig.declared import compare

    old, new = compare(schema, declared)
    if project.config.unmodelled == "report":
        unmodelled = tuple(table for table in schema.tables if declared.table(table.name) is None)
        old = replace(old, tables=tuple(sorted(old.tables + unmodelled, key=lambda table: table.name)))
    return old, new


def schema_of(
    project: Project,
    side: Side,
    listener: Listener | None = None,
    tables: Collection[str] | None = None,
    *,
    beside: Kind | None = None,
) -> Schema:
    """The schema of one side, of it only the ``tables`` named, if given; without what the config leaves out.

    ``beside`` is the kind of side that it will be held against: raises FactsHidden where the account may not see what
    counts then.
    """
    modelled = beside is Kind.MODELS
    if side.kind is Kind.MODELS:
        return kept(project, project.declared())
    if side.kind is Kind.LIVE:
        live = project.schema(tables) if beside is None else project.comparable_schema(tables, modelled=modelled)
        return kept(project, live)
    if side.kind is Kind.URL:
        with _reader(project, side) as reader:
            schema = project.dialect.introspect(reader, tables)
            if beside is not None:
                project.dialect.require_seen(reader, schema, modelled=modelled)
            return kept(project, schema)
    return replayed(project, plan_side(side, project.files(), project.applied()), listener)


def replayed(project: Project, plan: Plan, listener: Listener | None = None) -> Schema:
    """What a plan makes of an empty database of the project's kind; raises what a rehearsal raises."""
    return replay(project, plan, listener)[0]


def replay(project: Project, plan: Plan, listener: Listener | None = None) -> tuple[Schema, Run]:
    """What a plan makes of an empty database of the project's kind, and the run that made it."""
    with project.blank(listener) as run:
        done = run(plan)
        return kept(project, project.dialect.introspect(project.database)), done


def kept(project: Project, schema: Schema) -> Schema:
    """The schema without pwmig's history, whatever its name, and without what the config's ``ignore`` names."""
    return without_tables(schema, (project.config.history_table,), project.config.ignore)


@contextmanager
def _reader(project: Project, side: Side) -> Iterator[peewee.Database]:
    """A connection that can only read, to the live database or to the one of a URL."""
    dialect = project.dialect
    if side.kind is Kind.LIVE:
        with dialect.reading(project.database) as reader:
            yield reader
        return
    database = _connected_to(project, side)
    try:
        if not dialect.exists(database):
            raise DatabaseUnavailable(
                f"there is no database at {side}", why="nothing was found there", way_out="look at the URL"
            )
        with dialect.reading(database) as reader:
            yield reader
    except DatabaseUnavailable as error:
        # What names DATABASE_URL means the project's own; this one was given beside it.
        way_out = error.way_out.replace("DATABASE_URL", f"the URL {side}")
        raise type(error)(error.what, why=error.why, way_out=way_out) from error
    finally:
        if not database.is_closed():
            database.close()


def _connected_to(project: Project, side: Side) -> peewee.Database:
    """The Peewee database that a URL names, not connected; an error where it is of another kind."""
    from playhouse import db_url

    from pwmig.dialects import dialect_of

    try:
        database: peewee.Database = db_url.connect(side.text, unquote_user=True, unquote_password=True)
        other = dialect_of(database)
    except PwmigError:
        raise
    except Exception as error:
        raise DatabaseUnsupported(
            f"{side} names no database",
            why=redact(f"{type(error).__name__}: {error}"),
            way_out="give a URL as playhouse.db_url takes it, such as sqlite:///other.db",
        ) from error
    if other is not project.dialect:
        raise DatabaseUnsupported(
            f"{side} can't be compared: it is {other.title}, and the project's database is {project.dialect.title}",
            why="types and definitions of two kinds of databases can't be held side by side",
            way_out=f"give the URL of a {project.dialect.title} database",
        )
    return database
