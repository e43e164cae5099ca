"""A project as it is found: one folder with a database, models and migrations; what they hold, read without a trace."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pwmig.config import Config, read_config
from pwmig.errors import DatabaseUnsupported, ProjectError, PwmigError, redact
from pwmig.files import find_files
from pwmig.history import DEFAULT_TABLE, History
from pwmig.states import status_of

if TYPE_CHECKING:
    from typing import Self

    import peewee

    from pwmig.declared import Guess
    from pwmig.dialects.base import Dialect, Readings
    from pwmig.dialects.noted import Asides
    from pwmig.files import Known, MigrationFile
    from pwmig.modules import ProjectModules
    from pwmig.plan import Plan
    from pwmig.schema import Page, Query, Schema, Snapshot, Table
    from pwmig.states import Applied, Half, MigrationStatus

__all__ = ["PAGE_DEADLINE_S", "ReadingProject"]

PAGE_DEADLINE_S = 10.0
"""A page of rows that takes longer is given up."""


class ReadingProject:
    """A project as it is found: its parts, and the verbs that look at them and at the database; they write nothing."""

    def __init__(
        self,
        *,
        database: peewee.Database,
        migrations: str | os.PathLike[str],
        models: ModuleType | Sequence[type[peewee.Model]] | None = None,
        history_table: str = DEFAULT_TABLE,
        unmodelled: str = "ignore",
        ignore: Sequence[str] = (),
        root: str | os.PathLike[str] = ".",
    ) -> None:
        self.root = Path(root).resolve()
        self.config = Config(history_table=history_table, unmodelled=unmodelled, ignore=tuple(ignore))
        self.migrations_folder = Path(migrations)
        self._given_database: Any = database
        self._given_models = models
        self._modules: ProjectModules | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str] = ".") -> Self:
        """The project in a folder.

        Raises ProjectError where there is none, or where its config can't be imported.
        """
        from pwmig.modules import ProjectModules

        root = Path(path).resolve()
        config = read_config(root)
        place = root.joinpath(*config.config.split("."))
        if not place.with_suffix(".py").is_file() and not place.is_dir():
            raise ProjectError(
                f"there is no pwmig project at {root}",
                why=f"it has no {os.path.relpath(place, root)}.py",
                way_out="go to the project's folder, give it with --project, or make one with pwmig init",
            )
        project = cls.__new__(cls)
        project.root, project.config = root, config
        project.migrations_folder = root / config.migrations
        project._given_models = None
        project._modules = ProjectModules(root)
        module = project._modules.load(config.config)
        project._given_database = getattr(module, "database", None)
        if project._given_database is None:
            raise ProjectError(
                f"{config.config} has no `database`",
                why="pwmig and the migrations take the project's database from there",
                way_out="let it define `database`, and `migrator = pwmig.Migrator.from_database(database)`",
            )
        project.dialect.anchor(project.database, root)
        return project

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def database(self) -> peewee.Database:
        """The project's Peewee database, out of its proxy; DatabaseUnsupported where it is none, or names none yet."""
        from pwmig.dialects import unwrapped

        database = unwrapped(self._given_database)
        if database.deferred:
            raise DatabaseUnsupported(
                "the project's database names no file or server yet",
                why="it was made with None, and its init() was not called when the config was imported",
                way_out="call database.init(...) in the config module",
            )
        return database

    @cached_property
    def dialect(self) -> Dialect:
        from pwmig.dialects import dialect_of

        return dialect_of(self._given_database)

    _asked_for_files = False
    _readings: Readings | None = None

    @cached_property
    def _known_files(self) -> Known:
        return {}

    @cached_property
    def _known_tables(self) -> dict[Any, Table]:
        """What was read of tables before, by the texts that define them."""
        return {}

    @property
    def location(self) -> str:
        """The database for people: never a password."""
        return redact(self.dialect.describe(self.database))

    # Reading

    def keep_reading(self) -> None:
        """From now on let readings share a connection, until this project is gone: for whoever reads again and again.

        It holds no lock between them, and each sees what others have written. Without this, each opens its own.
        """
        from weakref import finalize

        if self._readings is None:
            self._readings = self.dialect.readings()
            finalize(self, self._readings.close)

    def _reading(self) -> AbstractContextManager[peewee.Database]:
        return (self._readings or self.dialect).reading(self.database)

    def files(self) -> tuple[MigrationFile, ...]:
        """The project's migration files, in the order of their names."""
        # Whoever asks once, as a command does, needs no memory of it.
        first, self._asked_for_files = not self._asked_for_files, True
        return find_files(self.migrations_folder, None if first else self._known_files)

    def source(self, name: str) -> str:
        """The text of a migration's file; ``name`` may be a part of its name."""
        import tokenize

        from pwmig.plan import find

        files = {file.name: file for file in self.files()}
        with tokenize.open(files[find(name, list(files))].path) as stream:
            return stream.read()

    def applied(self) -> tuple[Applied, ...]:
        """The history's applied migrations, the first applied first; () where there is no database yet."""
        if not self.dialect.exists(self.database):
            return ()
        with self._reading() as reader:
            return History(self.dialect, reader, self.config.history_table).applied()

    def _standing(self) -> tuple[tuple[Applied, ...], tuple[Half, ...]]:
        """What is applied, and what is half-applied."""
        if not self.dialect.exists(self.database):
            return (), ()
        with self._reading() as reader:
            applied = History(self.dialect, reader, self.config.history_table).applied()
            journal = self.dialect.journal(reader, self.config.history_table)
            asides = self.dialect.asides(reader, self.config.history_table)
            halves = journal.halves() if journal is not None else ()
            return applied, (*halves, *(self._halves_of(asides, applied) if asides is not None else ()))

    def _halves_of(self, asides: Asides, applied: tuple[Applied, ...]) -> Iterator[Half]:
        """The migrations of which something stays that they did outside of their transactions."""
        standing = asides.standing()
        rows = {row.name for row in applied} if standing else set()
        files = {file.name for file in self.files()} if standing else set()
        for one in standing:
            if (one.migration in rows) is not (one.direction == "forward"):  # Else the history knows better.
                half = one.half
                yield half if half.name in files else replace(half, command=half.giving_up)

    def halves(self) -> tuple[Half, ...]:
        """The migrations of which a part took effect and stays: where each change of the schema commits, or by an index
        that is made or dropped concurrently."""
        return self._standing()[1]

    def status(self) -> tuple[MigrationStatus, ...]:
        """Each migration and its state, in the order of their names."""
        return status_of(self.files(), *self._standing())

    def plan(
        self,
        *,
        to: str | None = None,
        steps: int | None = None,
        backward: bool = False,
        fake: bool = False,
        allow: Collection[str] = (),
    ) -> Plan:
        """What a run would do: forward all that is pending, backward the last applied one.

        ``to`` names where to stop (backward: the one that stays; ``zero`` for none), ``steps`` how
        many at most; ``allow`` over what it goes on, beside what the config allows. Raises PlanError, and HalfApplied
        where a migration has to be resolved first.
        """
        from pwmig.journaling import require_whole
        from pwmig.plan import plan_backward, plan_forward

        applied, halves = self._standing()
        direction = "backward" if backward else "forward"
        require_whole(tuple(half for half in halves if half.stops(direction)))
        make = plan_backward if backward else plan_forward
        allowed = (*allow, *self.config.allow)
        return make(self.files(), applied, to=to, steps=steps, fake=fake, allow=allowed)

    def schema(self, tables: Collection[str] | None = None) -> Schema:
        """What the database holds now, or of it only the tables and views named; empty where there is none yet."""
        from pwmig.schema import Schema

        if not self.dialect.exists(self.database):
            return Schema()
        with self._reading() as reader:
            return self.dialect.introspect(reader, tables, self._known_tables)

    def comparable_schema(self, tables: Collection[str] | None = None, *, modelled: bool = False) -> Schema:
        """As :meth:`schema`, to be held beside another one; ``modelled``: beside one that models can say.

        Raises FactsHidden where the account may not see all that counts, with the right that it lacks.
        """
        from pwmig.schema import Schema

        if not self.dialect.exists(self.database):
            return Schema()
        with self._reading() as reader:
            schema = self.dialect.introspect(reader, tables, self._known_tables)
            return self.dialect.require_seen(reader, schema, modelled=modelled)

    def snapshot(self, tables: Sequence[str] | None = None, limit: int = 20) -> Snapshot:
        """At most ``limit`` sample rows of the tables named, and their schema; of all tables, where none is named."""
        from pwmig.schema import Schema, Snapshot

        if not self.dialect.exists(self.database):
            return Snapshot(Schema())
        with self._reading() as reader:
            schema = self.dialect.introspect(reader, tables)
            wanted = schema.tables if tables is None else [t for name in tables if (t := schema.table(name))]
            return Snapshot(schema, tuple(self.dialect.sample(reader, table, limit=limit) for table in wanted))

    def size(self) -> int:
        """How many bytes of the database a copy of it holds; 0 where there is none yet."""
        return self.dialect.size(self.database) if self.dialect.exists(self.database) else 0

    def page(self, table: str, query: Query | None = None, *, deadline_s: float = PAGE_DEADLINE_S) -> Page:
        """A page of a table or a view, as the query sorts, filters and cuts it; the database does that work.

        Raises PwmigError where there is no such table, for a column or an operator that is none, for a page
        that has no rows, and where the database takes more than ``deadline_s`` seconds.
        """
        return self.look(table, query, deadline_s=deadline_s)[1]

    def look(
        self, table: str, query: Query | None = None, *, deadline_s: float = PAGE_DEADLINE_S
    ) -> tuple[Table, Page]:
        """What a table or a view is made of, and a page of its rows, both read at once; else as :meth:`page`."""
        from pwmig.schema import Query

        if not self.dialect.exists(self.database):
            raise _no_table(table, ())
        with self._reading() as reader:
            found = self.dialect.introspect(reader, [table]).table(table) or self.dialect.view(reader, table)
            if found is None:
                raise _no_table(table, self.dialect.introspect(reader).table_names)
            return found, self.dialect.page(reader, found, query or Query(), deadline_s=deadline_s)

    def declared(self, around: Callable[[], Schema] | None = None) -> Schema:
        """The schema that the models declare, seen by creating their tables in a scratch database.

        ``around`` gives a schema whose types, sequences, routines and extensions stand in for the live database's,
        where these are not all that the models need.
        """
        return self.declared_and_guesses(around)[0]

    def declared_and_guesses(self, around: Callable[[], Schema] | None = None) -> tuple[Schema, tuple[Guess, ...]]:
        """What :meth:`declared` gives, and which models were taken for tables or for base classes by a guess."""
        from pwmig.declared import models_schema

        with self._models() as (found, guesses):
            return models_schema(found, self.dialect, self.database, around), guesses

    def declared_with_defaults(
        self, around: Callable[[], Schema] | None = None
    ) -> tuple[Schema, tuple[Guess, ...], Mapping[tuple[str, str], Any]]:
        """What :meth:`declared_and_guesses` gives, and what the models' fields give in Python where nothing is given.

        The latter by table and column: a value, or the function that is called for it.
        """
        from pwmig.declared import models_schema, python_defaults

        with self._models() as (found, guesses):
            schema = models_schema(found, self.dialect, self.database, around)
            return schema, guesses, python_defaults(found, schema)

    @contextmanager
    def _models(self) -> Iterator[tuple[tuple[type[peewee.Model], ...], tuple[Guess, ...]]]:
        """While entered, the models' classes as their file has them now, and what of them was guessed."""
        from pwmig.declared import find_models_and_guesses

        if self._modules is not None:
            with self._modules.fresh(self.config.models) as module:
                yield find_models_and_guesses(module, self._has_table)
            return
        models = self._given_models
        if models is None:
            raise ProjectError(
                "this project names no models",
                why="Project(...) was made without models=",
                way_out="give it a models module or a sequence of model classes",
            )
        yield (
            find_models_and_guesses(models, self._has_table) if isinstance(models, ModuleType) else (tuple(models), ())
        )

    def _has_table(self, name: str) -> bool:
        """Whether the database has a table of that name, or a migration speaks of one."""
        from pwmig.declared import is_named_in

        with suppress(PwmigError):  # What can't be read tells nothing, and whoever needs it says so.
            if self.dialect.exists(self.database):
                with self._reading() as reader:
                    if self.dialect.introspect(reader, [name]).table(name) is not None:
                        return True
            return is_named_in(name, (Path(file.path).read_text(errors="replace") for file in self.files()))
        return False

    @property
    def models_module(self) -> str | None:
        """The name of the models' module, None where the project was made of its parts."""
        return self.config.models if self._modules is not None else None

    @property
    def has_models(self) -> bool:
        """Whether the project names models, wherever they are."""
        return self._modules is not None or self._given_models is not None

    # What others need to work on it

    @contextmanager
    def handed_over(self) -> Iterator[str]:
        """While entered, what a worker has to be given as ``memory`` to see this project's database.

        The name of a file where the database is in this process's memory, else an empty text. To be entered on the
        thread that has the database open; what is done in it afterwards, the worker doesn't see.
        """
        with self.dialect.handed_over(self.database) as path:
            yield path

    @property
    def migrations_package(self) -> str | None:
        """The package that the migrations folder is, for `from .helpers import ...` in a migration."""
        parts = Path(self.config.migrations).parts
        return ".".join(parts) if self._modules and all(part.isidentifier() for part in parts) else None

    @contextmanager
    def modules_installed(self) -> Iterator[None]:
        """While entered, importing the project's modules gives this project's, not another's."""
        if self._modules is None:
            yield
            return
        with self._modules.installed():
            yield


def _no_table(table: str, known: Sequence[str]) -> ProjectError:
    listed = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    return ProjectError(
        f"there is no table or view {table!r} in this database",
        why=f"it has the tables {listed}" if known else "it holds no table yet",
        way_out="name one of these" if known else "apply a migration that makes one",
    )
