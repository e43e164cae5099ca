"""A project: one folder with a database, models and migrations, and the verbs on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pwmig.config import Config
from pwmig.errors import PlanError
from pwmig.files import create, template
from pwmig.history import History
from pwmig.reading import PAGE_DEADLINE_S, ReadingProject
from pwmig.waits import USUAL_WAITS, Waits, reads_wait

if TYPE_CHECKING:
    import peewee

    from pwmig.attic.entries import Entry
    from pwmig.attic.settings import AtticSettings
    from pwmig.baseline import Baseline
    from pwmig.checking import CheckReport
    from pwmig.dialects.base import Listener
    from pwmig.diff import Change
    from pwmig.drafting import Draft, Wishes
    from pwmig.journaling import Resolving
    from pwmig.plan import Plan, Restored, Run
    from pwmig.schema import Schema
    from pwmig.sides import Difference

__all__ = ["PAGE_DEADLINE_S", "Config", "Project"]


class Project(ReadingProject):
    """The verbs on one project. Reading ones write nothing, not even a history table or a file.

    ``Project.open(path)`` reads the folder's config; ``Project(database=..., migrations=..., models=...)``
    takes the parts as they are: a Peewee database, a folder of migrations, and a models module or a
    sequence of model classes (None: no models to compare with).
    """

    # Comparing

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
        """What :meth:`diff` gives, with both schemas, and what might be renames."""
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

        allowed = (*allow, *self.config.allow)
        first, plan = plan_between(self.files(), self.applied(), start, end, allow=allowed)
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
    def ahead(self, plan: Plan, listener: Listener | None = None) -> Iterator[peewee.Database]:
        """While entered, the project's Peewee objects point at a copy of the database on which a plan has run.

        The real one is not touched. Raises what :meth:`rehearse` raises.
        """
        from pwmig.rehearsal import ahead

        def run(plan: Plan, watch: bool) -> Run:
            return self._run(plan, target="copy", watch=watch, listener=listener)

        with self.modules_installed(), ahead(plan, run, self.database, self.dialect, listener=listener):
            yield self.database

    @contextmanager
    def blank(self, listener: Listener | None = None) -> Iterator[Callable[..., Run]]:
        """While entered, the project's Peewee objects in this process point at an empty database of the same kind.

        What is given runs a plan on it, by the engine, as apply does on the real one, which is not touched: ``run(plan,
        drafts={path: text})``. Raises what :meth:`rehearse` raises.
        """

        def run(plan: Plan, drafts: Mapping[str, bytes] | None = None) -> Run:
            return self._run(plan, target="blank", watch=False, listener=listener, drafts=drafts)

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
        waits: Waits | None = None,
    ) -> Run:
        """Run what is pending on the real database, each migration exactly once.

        An application may call this when it starts: it waits at most ``wait_s`` seconds for its turn. ``waits`` says
        that, and how long it waits for locks and statements, in place of the config. Meanwhile no thread that begins
        gets a connection of the project's database: it might be a migration's, and would commit by itself.
        Raises PlanError, MigrationFileError (nothing ran), DatabaseUnavailable, MigrationFailed,
        Cancelled.
        """
        waits = waits or replace(self.waits, turn_s=wait_s)
        if plan is None:
            with reads_wait(waits.turn_s, listener):
                plan = self.plan(to=to, steps=steps, fake=fake, allow=allow)
        return self._run_live(plan, watch, listener, waits)

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
        waits: Waits | None = None,
    ) -> Run:
        """Take back the last applied migration, or all down to the one named, on the real database."""
        waits = waits or replace(self.waits, turn_s=wait_s)
        if plan is None:
            with reads_wait(waits.turn_s, listener):
                plan = self.plan(to=to, steps=steps, backward=True, fake=fake, allow=allow)
        return self._run_live(plan, watch, listener, waits)

    @property
    def waits(self) -> Waits:
        """How long a run on the real database waits, as the config says."""
        config = self.config
        return Waits(
            lock_s=config.lock_timeout or None,
            lock_retries=config.lock_retries,
            statement_s=config.statement_timeout or None,
        )

    def _run_live(self, plan: Plan, watch: bool, listener: Listener | None, waits: Waits) -> Run:
        with self.modules_installed():
            return self._run(plan, target="live", watch=watch, listener=listener, waits=waits)

    def resolve(
        self,
        name: str,
        *,
        how: str = "resume",
        listener: Listener | None = None,
        wait_s: float = 60.0,
        waits: Waits | None = None,
    ) -> Run:
        """End a migration that stopped half-way, where each change of the schema commits.

        ``how``: ``resume`` finishes it, ``undo`` takes back what took effect, ``applied`` and ``reverted`` record what
        was done by hand. ``name`` may be a part of its name. Raises PlanError where that can't be, and what
        :meth:`apply` raises.
        """
        from pwmig.resolving import resolve

        waits = waits or replace(self.waits, turn_s=wait_s)
        with self.modules_installed():
            return resolve(self, name, how, listener=listener, waits=waits)

    def run_resolving(
        self,
        plan: Plan,
        resolving: Resolving | None,
        drafts: Mapping[str, bytes] | None,
        listener: Listener | None,
        waits: Waits,
    ) -> Run:
        """Run a plan on the real database as a part of :meth:`resolve`."""
        return self._run(
            plan, target="live", watch=False, listener=listener, waits=waits, drafts=drafts, resolving=resolving
        )

    def _run(
        self,
        plan: Plan,
        *,
        target: str,
        watch: bool,
        listener: Listener | None,
        waits: Waits = USUAL_WAITS,
        drafts: Mapping[str, bytes] | None = None,
        resolving: Resolving | None = None,
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
            waits=waits,
            attic=self.attic_settings,
            resolving=resolving,
        )

    # The attic

    @property
    def attic_settings(self) -> AtticSettings:
        """What the config says of the attic."""
        from pwmig.attic.settings import AtticSettings

        return AtticSettings(self.config.attic, self.config.attic_limit)

    def attic(self, wanted: str | None = None) -> tuple[Entry, ...]:
        """What migrations took away and the attic keeps, the latest first; ``wanted`` is an id, or a migration's name.

        Raises PlanError where there is nothing of that name.
        """
        from pwmig.attic.entries import Attic

        if not self.dialect.exists(self.database):
            return ()
        with self._reading() as reader:
            attic = Attic(self.dialect, reader)
            return attic.find(wanted) if wanted is not None else attic.entries()

    def restore(self, wanted: str, *, doubtful: bool = False, wait_s: float = 60.0) -> tuple[Restored, ...]:
        """Put back what is in the attic of this id or migration, where nothing newer stands; the rest stays in it.

        ``doubtful``: also into rows that have changed and may be other rows with the same key. Raises PlanError where
        there is nothing of that name, OperationRefused where what it was taken from is not there.
        """
        from pwmig.attic.verbs import restore

        return restore(self, wanted, doubtful=doubtful, wait_s=wait_s)

    def purge(self, wanted: str | None = None, *, wait_s: float = 60.0) -> tuple[Entry, ...]:
        """Let go for good of what is in the attic: of this id or migration, or of all of it. Gives what went."""
        from pwmig.attic.verbs import purge

        return purge(self, wanted, wait_s=wait_s)

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

    def draft(
        self, name: str | None = None, wishes: Wishes | None = None, *, listener: Listener | None = None
    ) -> Draft:
        """The migration that makes the database, as it is behind all that is pending, what the models declare.

        ``wishes`` are what a person said ahead: renames, values, conversions. Nothing is written: a :class:`Draft` has
        the files that would be, none where nothing differs, and none where questions are open. Raises PlanError for a
        wish that means nothing or can't be, and what reading the models and rehearsing what is pending raise.
        """
        from pwmig.drafting import Wishes, draft

        return draft(self, name, wishes or Wishes(), listener=listener)

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
