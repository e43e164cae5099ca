"""A project: one folder with a database, models and migrations, and the verbs on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pwmig.config import Config, read_config
from pwmig.errors import DatabaseUnsupported, PlanError, ProjectError, redact
from pwmig.files import create, find_files, template
from pwmig.history import DEFAULT_TABLE, History
from pwmig.states import status_of

if TYPE_CHECKING:
    import peewee

    from pwmig.baseline import Baseline
    from pwmig.checking import CheckReport
    from pwmig.dialects.base import Dialect, Listener, Readings
    from pwmig.diff import Change
    from pwmig.files import Known, MigrationFile
    from pwmig.modules import ProjectModules
    from pwmig.plan import Plan, Run
    from pwmig.schema import Page, Query, Schema, Snapshot, Table
    from pwmig.sides import Difference
    from pwmig.states import Applied, MigrationStatus

__all__ = ["PAGE_DEADLINE_S", "Config", "Project"]

PAGE_DEADLINE_S = 10.0
"""A page of rows that takes longer is given up."""


class Project:
    """The verbs on one project. Reading ones write nothing, not even a history table or a file.

    ``Project.open(path)`` reads the folder's config; ``Project(database=..., migrations=..., models=...)``
    takes the parts as they are: a Peewee database, a folder of migrations, and a models module or a
    sequence of model classes (None: no models to compare with).
    """

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
    def open(cls, path: str | os.PathLike[str] = ".") -> Project:
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

    def status(self) -> tuple[MigrationStatus, ...]:
        """Each migration and its state, in the order of their names."""
        return status_of(self.files(), self.applied())

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
        many at most. Raises PlanError.
        """
        from pwmig.plan import plan_backward, plan_forward

        make = plan_backward if backward else plan_forward
        return make(self.files(), self.applied(), to=to, steps=steps, fake=fake, allow=allow)

    def schema(self, tables: Collection[str] | None = None) -> Schema:
        """What the database holds now, or of it only the tables and views named; empty where there is none yet."""
        from pwmig.schema import Schema

        if not self.dialect.exists(self.database):
            return Schema()
        with self._reading() as reader:
            return self.dialect.introspect(reader, tables, self._known_tables)

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

    def declared(self) -> Schema:
        """The schema that the models declare, seen by creating their tables in a scratch database."""
        from pwmig.declared import find_models, models_schema

        models = self._given_models
        if self._modules is not None:
            with self._modules.fresh(self.config.models) as module:
                return models_schema(find_models(module), self.dialect, self.database)
        if models is None:
            raise ProjectError(
                "this project names no models",
                why="Project(...) was made without models=",
                way_out="give it a models module or a sequence of model classes",
            )
        found = find_models(models) if isinstance(models, ModuleType) else tuple(models)
        return models_schema(found, self.dialect, self.database)

    @property
    def models_module(self) -> str | None:
        """The name of the models' module, None where the project was made of its parts."""
        return self.config.models if self._modules is not None else None

    @property
    def has_models(self) -> bool:
        """Whether the project names models, wherever they are."""
        return self._modules is not None or self._given_models is not None

    def diff(
        self, before: str = "live", after: str = "models", *, listener: Listener | None = None
    ) -> tuple[Change, ...]:
        """What would have to change in the live database to make it what the models declare, or one side the other.

        A side is ``live``, ``models``, ``history`` (the applied migrations replayed on an empty database), ``zero``
        (an empty one), a migration's name or a part of it (all up to it replayed), or the URL of another database of
        the same kind. Beside models, tables without a model are left alone, unless the config's ``unmodelled`` says
        ``report``. Raises PlanError for a side that is none.
        """
        return self.difference(before, after, listener=listener).changes

    def difference(
        self, before: str = "live", after: str = "models", *, listener: Listener | None = None
    ) -> Difference:
        """What :meth:`diff` gives, with both schemas, and the drops and adds that might be renames."""
        from pwmig.comparing import difference

        return difference(self, before, after, listener)

    def schema_of(self, side: str = "live", *, listener: Listener | None = None) -> Schema:
        """The schema of one side, named as for :meth:`diff`, without what the config's ``ignore`` leaves out."""
        from pwmig.comparing import schema_of
        from pwmig.sides import side_of

        return schema_of(self, side_of(side, [file.name for file in self.files()]), listener)

    def check(self, *, strict: bool = False, listener: Listener | None = None) -> CheckReport:
        """What CI asks: files, history, models against the migrations, each migration's way back, drift.

        Migrations run on empty databases; the live one is only read. With ``strict``, warnings fail a check too.
        """
        from pwmig.checking import check

        return check(self, strict=strict, listener=listener)

    @contextmanager
    def handed_over(self) -> Iterator[str]:
        """While entered, what a worker has to be given as ``memory`` to see this project's database.

        The name of a file where the database is in this process's memory, else an empty text. To be entered on the
        thread that has the database open; what is done in it afterwards, the worker doesn't see.
        """
        with self.dialect.handed_over(self.database) as path:
            yield path

    # Running

    def rehearse(
        self,
        plan: Plan | None = None,
        *,
        first: Plan | None = None,
        to: str | None = None,
        steps: int | None = None,
        backward: bool = False,
        allow: Collection[str] = (),
        listener: Listener | None = None,
    ) -> Run:
        """Run a plan on a copy of the database, watched; the real one is not touched.

        ``first`` is a plan that runs ahead of it on the same copy, unwatched: the run begins where it has led to.
        It runs in this process: until it returns, the project's Peewee objects here point at the
        copy. Raises what :meth:`apply` raises, and RehearsalRefused.
        """
        chosen = plan if plan is not None else self.plan(to=to, steps=steps, backward=backward, allow=allow)
        return self._rehearse(chosen, first, listener)

    def compare(self, start: str, end: str, *, allow: Collection[str] = (), listener: Listener | None = None) -> Run:
        """What lies between two points of the history, seen on a copy: the run that leads from one to the other.

        A point is ``zero``, ``now`` (what is applied now) or a migration's name, or a part of it: the moment just
        after it. Between a point and itself nothing is run, and before is after. Raises what :meth:`rehearse` raises.
        """
        from pwmig.plan import Run
        from pwmig.points import plan_between
        from pwmig.schema import Snapshot

        first, plan = plan_between(self.files(), self.applied(), start, end, allow=allow)
        if not first and not plan:
            now = Snapshot(self.schema())
            return Run(plan, "copy", before=now, after=now)
        return self._rehearse(plan, first, listener)

    def preview(
        self, source: str, *, name: str = "draft", replaces: str | None = None, listener: Listener | None = None
    ) -> Run:
        """Rehearse the code of a migration that is not saved, after all that is pending.

        Where it ``replaces`` a pending migration (by its name, or a part of it), it runs in that one's place, after
        those before it. What would stop a real run (a changed file, say) does not stop a look. Raises
        MigrationFileError for code that Python can't read, MigrationFailed where it stops, each with its ``line``.
        """
        from pwmig.points import plan_draft

        files, applied, folder = self.files(), self.applied(), self.migrations_folder
        first, plan, text = plan_draft(files, applied, source, name=name, replaces=replaces, folder=folder)
        return self._rehearse(plan, first, listener, {step.path: text for step in plan.steps})

    @contextmanager
    def blank(self, listener: Listener | None = None) -> Iterator[Callable[..., Run]]:
        """While entered, the project's Peewee objects in this process point at an empty database of the same kind.

        What is given runs a plan on it, by the engine, as apply does on the real one, which is not touched: ``run(plan,
        drafts={path: text})``. Raises what :meth:`rehearse` raises.
        """

        def run(plan: Plan, drafts: Mapping[str, bytes] | None = None) -> Run:
            return self._run(plan, target="copy", watch=False, listener=listener, drafts=drafts)

        with self.modules_installed(), self.dialect.blank(self.database):
            yield run

    def _rehearse(
        self, plan: Plan, first: Plan | None, listener: Listener | None, drafts: Mapping[str, bytes] | None = None
    ) -> Run:
        from pwmig.rehearsal import rehearse

        def run(plan: Plan, watch: bool) -> Run:
            return self._run(plan, target="copy", watch=watch, listener=listener, drafts=drafts)

        with self.modules_installed():
            return rehearse(plan, run, self.database, self.dialect, first=first, listener=listener)

    def apply(
        self,
        plan: Plan | None = None,
        *,
        to: str | None = None,
        steps: int | None = None,
        fake: bool = False,
        allow: Collection[str] = (),
        watch: bool = False,
        listener: Listener | None = None,
        wait_s: float = 60.0,
    ) -> Run:
        """Run what is pending on the real database, each migration exactly once.

        An application may call this when it starts: it waits at most ``wait_s`` seconds for its turn.
        Raises PlanError, MigrationFileError (nothing ran), DatabaseUnavailable, MigrationFailed,
        Cancelled.
        """
        chosen = plan if plan is not None else self.plan(to=to, steps=steps, fake=fake, allow=allow)
        return self._run_live(chosen, watch, listener, wait_s)

    def revert(
        self,
        plan: Plan | None = None,
        *,
        to: str | None = None,
        steps: int | None = None,
        fake: bool = False,
        allow: Collection[str] = (),
        watch: bool = False,
        listener: Listener | None = None,
        wait_s: float = 60.0,
    ) -> Run:
        """Take back the last applied migration, or all down to the one named, on the real database."""
        chosen = plan if plan is not None else self.plan(to=to, steps=steps, backward=True, fake=fake, allow=allow)
        return self._run_live(chosen, watch, listener, wait_s)

    def _run_live(self, plan: Plan, watch: bool, listener: Listener | None, wait_s: float) -> Run:
        with self.modules_installed():
            return self._run(plan, target="live", watch=watch, listener=listener, wait_s=wait_s)

    def _run(
        self,
        plan: Plan,
        *,
        target: str,
        watch: bool,
        listener: Listener | None,
        wait_s: float = 60.0,
        drafts: Mapping[str, bytes] | None = None,
    ) -> Run:
        from pwmig.engine import run
        from pwmig.plan import Run

        if not plan:
            return Run(plan, target)
        history = History(self.dialect, self.database, self.config.history_table)
        return run(
            plan,
            self.database,
            self.dialect,
            history,
            package=self.migrations_package,
            drafts=drafts,
            target=target,
            watch=watch,
            listener=listener,
            wait_s=wait_s,
        )

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

    # Writing files

    def baseline(
        self, name: str, *, models: bool = False, listener: Listener | None = None, wait_s: float = 60.0
    ) -> Baseline:
        """Write the first migration from what the database holds, and record it as applied: both, or neither.

        Run on an empty database it makes an equal schema: that is tried before anything is written. With ``models``,
        the models' module is written too. Raises PlanError where there is a migration or a history already.
        """
        from pwmig.baseline import make_baseline

        return make_baseline(self, name, models=models, listener=listener, wait_s=wait_s)

    def create(self, name: str, source: str | None = None) -> Path:
        """Write a new migration file, ``source`` or the template, and return its path."""
        return create(self.migrations_folder, name, source if source is not None else template(self.config.config))

    def rewrite(self, name: str, source: str, *, was: str | None = None) -> Path:
        """Replace the text of a pending migration's file, at once or not at all, and return its path.

        ``name`` may be a part of its name; ``was`` is the checksum of the text that was read before.
        Raises PlanError for an applied migration, MigrationFileError where the file has changed meanwhile.
        """
        from pwmig.files import rewrite
        from pwmig.plan import find

        files = {file.name: file for file in self.files()}
        file = files[find(name, list(files))]
        if any(row.name == file.name for row in self.applied()):
            raise PlanError(
                f"{file.name} was not saved: it is applied",
                why="its file tells what the database holds, and another text would tell something else",
                way_out="revert it before, or write a new migration for the change",
            )
        return rewrite(file.path, source, was=was)


def _no_table(table: str, known: Sequence[str]) -> ProjectError:
    listed = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    return ProjectError(
        f"there is no table or view {table!r} in this database",
        why=f"it has the tables {listed}" if known else "it holds no table yet",
        way_out="name one of these" if known else "apply a migration that makes one",
    )
