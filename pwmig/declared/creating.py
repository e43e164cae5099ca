"""The tables of models, made in a scratch database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.declared.places import Places, as_sent, named, placed_back
from pwmig.declared.said import LONGEST, only_said, with_late_keys
from pwmig.declared.worded import repeated, with_words
from pwmig.errors import ProjectError, PwmigError, redact
from pwmig.schema import Schema

if TYPE_CHECKING:
    from pwmig.dialects.base import Dialect

__all__ = ["models_schema"]

_Model = type[peewee.Model]

_OWN = "pwmig_"
"""How the names of tables begin that are never looked at."""


def models_schema(
    models: Sequence[_Model], dialect: Dialect, like: peewee.Database, around: Callable[[], Schema] | None = None
) -> Schema:
    """What ``create_tables(models)`` would make in an empty database of the same kind as ``like``.

    Only what the models say: a constraint has a name, and a table an option, where a model gives it one. A
    ``DeferredForeignKey`` is there too, as a key that the database may or may not have: Peewee leaves it to its
    user to create it. What models need beside tables (types, sequences, routines, extensions) is there as in the
    live database, or else as in the schema that ``around`` gives, which is asked where that does not do. Raises
    ProjectError, with the model's name, where two models have one table, or a model's table can't be created; what
    :meth:`Dialect.scratch` raises where there can be no scratch database.
    """
    chosen = list(dict.fromkeys(models))
    _refuse_shared_tables(chosen, exact=True)
    for model in chosen:
        _refuse_unresolved(model)
    try:
        return _seen(chosen, dialect, like, None)
    except ProjectError:
        if around is None:
            raise
    return _seen(chosen, dialect, like, around())


def _seen(chosen: Sequence[_Model], dialect: Dialect, like: peewee.Database, around: Schema | None) -> Schema:
    everybody = _with_targets(chosen)
    if dialect.scratch_tables is not None and len(everybody) > dialect.scratch_tables:
        with suppress(ProjectError):  # Which says more where all are together.
            apart = _seen_apart(chosen, dialect, like, around, dialect.scratch_tables)
            if apart is not None:
                return apart
    return _seen_together(chosen, everybody, dialect, like, around)


def _seen_apart(
    chosen: Sequence[_Model], dialect: Dialect, like: peewee.Database, around: Schema | None, most: int
) -> Schema | None:
    """The tables made some here, some there; None where two have or bring the same name, which can't be told so."""
    sets = list(peewee.chunked(peewee.sort_models(_with_targets(chosen)), most))
    wanted = set(chosen)
    parts = [
        _seen_together([model for model in models if model in wanted], models, dialect, like, around) for models in sets
    ]
    tables = [table for part in parts for table in part.tables]
    names = [name.lower() for table in tables for name in (table.name, *(index.name for index in table.indexes))]
    if len(set(names)) < len(names):
        return None
    return replace(parts[0], tables=tuple(sorted(tables, key=lambda table: (table.name.lower(), table.name))))


def _seen_together(
    chosen: Sequence[_Model],
    everybody: Sequence[_Model],
    dialect: Dialect,
    like: peewee.Database,
    around: Schema | None,
) -> Schema:
    with dialect.scratch(like) as database, _placed(dialect, database, like, everybody) as places:
        if any(_shared_tables(chosen, exact=False)):  # Of which only the database knows whether they are one.
            _refuse_shared_tables(chosen, exact=dialect.introspect(database, ["none"]).exact_tables)
        making = _Making(dialect, database, like, around)
        making.create(peewee.sort_models(everybody))
        return _observed(dialect, database, chosen, making.texts, places)


@contextmanager
def _placed(
    dialect: Dialect, database: peewee.Database, like: peewee.Database, models: Iterable[_Model]
) -> Iterator[Places]:
    """While entered, each schema that a model names has a place to create its tables in; their names there."""
    named = {model._meta.schema for model in models if model._meta.schema}
    if not named:
        yield {}
        return
    with dialect.scratch_schemas(database, like, sorted(named)) as places:
        moved = {name: place for name, place in places.items() if name != place}
        if moved:
            database.context_class = _context(moved)
        yield places


def _context(places: Places) -> type[peewee.Context]:
    """A context that writes the name of a schema as it is called in the scratch database."""

    class Placed(peewee.Context):
        __slots__ = ()

        def sql(self, obj: Any) -> Any:
            if isinstance(obj, peewee.Entity) and len(obj._path) == 2 and obj._path[0] in places:
                obj = peewee.Entity(places[obj._path[0]], obj._path[1])  # of which a None is left out
            return super().sql(obj)

    return Placed


def _with_targets(models: Sequence[_Model]) -> list[_Model]:
    """The models, and those that foreign keys refer to: their tables have to be there."""
    found = dict.fromkeys(models)
    waiting = list(models)
    while waiting:
        for field, target in waiting.pop()._meta.refs.items():
            if not field.deferred and target not in found:
                found[target] = None
                waiting.append(target)
    return list(found)


class _Making:
    """Creates tables, one model after the other; ``texts`` are their statements.

    ``around`` is what may stand beside them, None for what the live database has.
    """

    def __init__(
        self, dialect: Dialect, database: peewee.Database, like: peewee.Database, around: Schema | None
    ) -> None:
        self.dialect = dialect
        self.database = database
        self.like = like
        self.around = around
        self.texts: dict[_Model, str] = {}
        self._made: set[_Model] = set()
        self._postponed: list[peewee.ForeignKeyField] = []
        self._unmade: list[str] | None = None

    def create(self, models: Iterable[_Model]) -> None:
        """Create the tables; those that need what another one makes possible, when that is there."""
        waiting = list(models)
        while waiting:
            failed = [(model, error) for model in waiting if (error := self._created(model)) is not None]
            if len(failed) == len(waiting):
                raise self._cannot_create(*failed[0]) from failed[0][1]
            waiting = [model for model, _ in failed]
        self._close_circles()

    def _created(self, model: _Model) -> Exception | None:
        """Create a model's table; once more with what can stand beside tables, where that is what it lacks."""
        error = self._tried(model)
        if error is not None and self._surround():
            error = self._tried(model)
        if error is not None and (keys := self._ahead(model)):
            error = self._tried(model, keys)
            self._postponed += keys if error is None else ()
        if error is None:
            self._made.add(model)
        return error

    def _tried(self, model: _Model, late: Sequence[peewee.ForeignKeyField] = ()) -> Exception | None:
        # A manager of its own, so that the model stays bound to the user's database.
        manager = self._manager(model)
        try:
            for field in late:
                field.deferred = True
            with _heard(self.database) as statements:
                manager.create_sequences()
                manager.create_table(safe=False)
                manager.create_indexes()  # As create_tables() does: one that is told twice is made once.
            text = next(text for text in statements if _MAKES_TABLE.match(text))
            self.texts[model] = as_sent(text, self.database)
        except PwmigError:
            raise
        except Exception as error:
            self._undo(manager)
            return error
        finally:
            for field in late:
                field.deferred = False
        return None

    def _undo(self, manager: Any) -> None:
        """Leave nothing of what could not be made whole."""
        with suppress(Exception):
            self.database.rollback()
        with suppress(Exception):
            manager.drop_table(safe=True)

    def _manager(self, model: _Model) -> Any:
        return type(model._schema)(model, database=self.database, **model._schema.context_options)

    def _ahead(self, model: _Model) -> list[peewee.ForeignKeyField]:
        """The foreign keys of a model to tables that come after it, since models refer to each other in a circle."""
        refs = model._meta.refs.items()
        return [
            field for field, target in refs if not field.deferred and target is not model and target not in self._made
        ]

    def _close_circles(self) -> None:
        for field in self._postponed:
            try:
                self._manager(field.model).create_foreign_key(field)
            except Exception as error:
                raise self._cannot_create(field.model, error) from error

    def _cannot_create(self, model: _Model, error: Exception) -> ProjectError:
        return _cannot_create(model, error, self.dialect.longest_name, self.dialect.scratch_lacks(self.database))

    def _surround(self) -> bool:
        """Make what stands beside tables: types, sequences, routines, extensions. Whether more of it is there now.

        What needs a table that is not here yet can't be made, nor what is there already: it is tried again later.
        """
        if self._unmade is None:
            self._unmade = list(self.dialect.write(_beside_tables(self.around or self._live())))
        waiting, self._unmade = self._unmade, []
        for statement in waiting:
            try:
                _run(self.database, statement)
            except Exception:
                self._unmade.append(statement)
        return len(self._unmade) < len(waiting)

    def _live(self) -> Schema:
        if not self.dialect.exists(self.like):
            return Schema()
        with self.dialect.reading(self.like) as reader:
            return self.dialect.introspect(reader)


def _beside_tables(schema: Schema) -> Schema:
    return Schema(
        sequences=schema.sequences,
        types=schema.types,
        routines=schema.routines,
        extensions=schema.extensions,
        namespaces=schema.namespaces,
        exact_tables=schema.exact_tables,
        exact_columns=schema.exact_columns,
    )


def _run(database: peewee.Database, statement: str) -> None:
    """Run a statement past the driver's placeholders: a name may hold a percent sign."""
    cursor = database.connection().cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()


_MAKES_TABLE = re.compile(r"\s*CREATE\s+(VIRTUAL\s+)?TABLE\b", re.IGNORECASE)
"""The statement that makes a table, and with it the names and options that the model gives."""


@contextmanager
def _heard(database: Any) -> Iterator[list[str]]:
    """While entered, the statements that run on a scratch database."""
    found: list[str] = []
    execute = database.execute_sql

    def hear(sql: str, *args: Any, **options: Any) -> Any:
        found.append(sql)
        return execute(sql, *args, **options)

    database.execute_sql = hear
    try:
        yield found
    finally:
        del database.execute_sql


def _observed(
    dialect: Dialect,
    database: peewee.Database,
    models: Sequence[_Model],
    texts: Mapping[_Model, str],
    places: Places,
) -> Schema:
    """The tables of the models, as they are in the scratch database, with the names that they would have."""
    wanted = {named(model, places, database): model for model in models}
    moved = {place: name for name, place in places.items() if place not in (None, name)}
    own = repeated(dialect, database, {_address(model, places, database): texts[model] for model in models})
    seen = with_words(dialect.introspect(database, list(wanted) if moved else None), own)
    for name, model in wanted.items():
        _refuse_unseen(dialect, seen, name, model)
    said = {seen.key(name): texts[model] for name, model in wanted.items()}
    seen = only_said(seen, said)
    return with_late_keys(placed_back(seen, moved), models, places, database)


def _address(model: _Model, places: Places, database: peewee.Database) -> tuple[str, ...]:
    """The schema of a model's table in the scratch database, if it has one, and its name."""
    place, table = places.get(model._meta.schema or ""), as_sent(model._meta.table_name, database)
    return (table,) if place is None else (place, table)


# -- refusals


def _shared_tables(models: Iterable[_Model], *, exact: bool) -> Iterator[tuple[_Model, _Model]]:
    """Models of one table, two by two; unless it is ``exact``, letter case does not count."""
    by_table: dict[tuple[str, str], _Model] = {}
    for model in models:
        table = model._meta.table_name
        other = by_table.setdefault((model._meta.schema or "", table if exact else table.lower()), model)
        if other is not model:
            yield other, model


def _refuse_shared_tables(models: Iterable[_Model], *, exact: bool) -> None:
    for other, model in _shared_tables(models, exact=exact):
        raise ProjectError(
            f"{_name(other)} and {_name(model)} both have the table {model._meta.table_name!r}",
            why="a table has one definition, and which of the two it is can't be told",
            way_out="give one of them another Meta.table_name, or keep it out of the models module",
        )


def _refuse_unseen(dialect: Dialect, seen: Schema, name: str, model: _Model) -> None:
    """Refuse a model whose table the database calls otherwise: what it says would be compared with nothing."""
    meta = model._meta
    if seen.table(name) is not None or meta.table_name.lower().startswith(_OWN):
        return
    limit = f", as {dialect.title} keeps {dialect.longest_name} of a name" if dialect.longest_name else ""
    raise ProjectError(
        f"the database does not keep the name of {_name(model)}'s table, " + ".".join(_said_names(model)),
        why=f"once created, no table is called that{limit}",
        way_out=f"give it a shorter Meta.table_name{' and Meta.schema' if meta.schema else ''}",
    )


def _said_names(model: _Model) -> list[str]:
    return [repr(name) for name in (model._meta.schema, model._meta.table_name) if name]


def _cannot_create(model: _Model, error: Exception, longest_name: str, lacking: str) -> ProjectError:
    meta = model._meta
    way_out = "look at its fields, indexes, constraints and options; Model.create_table() shows the statement"
    if meta.schema:
        way_out = f"look whether there can be a schema={meta.schema!r}, or take it out of its Meta; {way_out}"
    if longest_name and len(meta.table_name) > LONGEST:
        way_out = f"give it a name of at most {longest_name}; {way_out}"
    if isinstance(error, (IndexError, TypeError)) or "format" in str(error):
        # What stands behind a % was taken for a place of a value.
        way_out = f"write each % of a Check or SQL in it as %%, as this driver wants it; {way_out}"
    if lacking:
        way_out = f"{way_out}; the place where it was tried lacks {lacking}"
    return ProjectError(
        f"the table {meta.table_name!r} of {_name(model)} can't be created in an empty database",
        why=redact(f"{type(error).__name__}: {error}".strip()),
        way_out=way_out,
    )


def _refuse_unresolved(model: _Model) -> None:
    for field in peewee.DeferredForeignKey._unresolved:
        if getattr(field, "model", None) is model:
            raise ProjectError(
                f"{_name(model)}.{field.name} points at a model {field.rel_model_name!r} that there is not",
                why="a DeferredForeignKey waits for a model of that name, and none was imported",
                way_out="import that model in the models module, or mend the name",
            )


def _name(model: _Model) -> str:
    return f"{model.__module__}.{model.__name__}"
