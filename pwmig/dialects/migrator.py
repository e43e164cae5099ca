"""The migrator that migrations talk to, and the batch.

:class:`Migrator` keeps the names and signatures of Peewee's ``SchemaMigrator``
(https://docs.peewee-orm.com/en/latest/peewee/playhouse.html#schema-migrations), so that every Peewee
migration works; how an operation is done is each database's own matter.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from playhouse import migrate as playhouse

from pwmig.errors import OperationRefused, PwmigError

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.backfilling import Filler, Parts, Piece, Progress, Wish
    from pwmig.dialects.noted import Asides
    from pwmig.dialects.units import Units

__all__ = [
    *("UNSAID", "Apart", "Keeper", "Migrator", "Operation", "migrate", "operation", "speaker"),
    *("speaking", "standing_in", "units", "within"),
]

Function = TypeVar("Function", bound=Callable[..., Any])


class _Unsaid(Enum):
    UNSAID = "unsaid"

    def __repr__(self) -> str:
        return "UNSAID"


UNSAID: Any = _Unsaid.UNSAID
"""What an argument is that was not given, where None says something."""

_MADE_OF_OTHERS = frozenset({"change_column"})
"""Operations that stand for several others: a batch runs those in their place."""

_KEEPABLE = frozenset(
    (
        *("drop_column", "drop_table", "alter_column_type", "change_column"),
        *("add_not_null", "apply_default", "backfill"),
    )
)
"""Operations that take something away, which the attic keeps; each takes ``attic=False``."""


class Keeper(Protocol):
    """Who keeps what operations take away, and puts it back."""

    def gather(self, operations: Sequence[Operation]) -> None:
        """A batch is about to run: these, in their order."""

    def before(self, wanted: Operation) -> Operation:
        """An operation is about to run; the one to run in its place is given back."""

    def after(self, migrator: Migrator) -> None:
        """A batch has ended well."""

    def left(self, migrator: Migrator, error: BaseException, *, undone: bool) -> None:
        """A batch has ended badly, maybe between two operations; ``undone``: all of it, where the database can."""

    def mark(self, migrator: Migrator) -> Callable[[], None]:
        """What follows may be rolled back and tried again: what is given back forgets it."""

    def became(self) -> None:
        """What the operation changes has its new values, and nobody else can write them yet."""

    def done(self, wanted: Operation, error: BaseException | None = None) -> None:
        """The operation has run, or has failed."""

    @property
    def keeps_batches(self) -> bool:
        """Whether the back-fill that is run has anything kept."""

    def batch(self, filler: Filler, rows: Piece) -> AbstractContextManager[None]:
        """While entered, the rows that a condition means are filled, and may be committed behind it."""


class Apart(Protocol):
    """The one transaction of a step, on ``database``, which some operations may end and begin again.

    ``is_free``: no savepoint is open in it. ``asides`` tell of what was done while there was none.
    """

    database: peewee.Database
    asides: Asides | None

    @property
    def is_free(self) -> bool: ...

    @property
    def place(self) -> tuple[int, int | None]:
        """How many statements the step has sent, and how many come behind the one that is about to be sent, where
        that is known."""

    def later(self, work: Callable[[], None]) -> None:
        """Do this in the transaction that says that the step took effect."""

    def finish(self) -> None:
        """Do what was to be done later."""

    def alone(self, wanted: Operation) -> AbstractContextManager[Callable[[], AbstractContextManager[None]]]:
        """While entered, what is given back ends the transaction while *it* is entered; OperationRefused where it
        must not."""


class Operation(playhouse.Operation):
    """One thing that a migration asks for; nothing happens until it is run.

    ``name`` is the migrator's method, ``args`` and ``kwargs`` what it was given (by position as far
    as the signature allows), ``table`` the table that it is about, or None. ``whole`` is the operation that this one
    is a part of, None where a migration asked for it itself. ``attic``: whether what it takes away is kept, None where
    it says nothing.
    """

    whole: Operation | None = None
    attic: bool | None = None

    def __init__(self, migrator: Migrator, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        from inspect import signature  # Costly, and a config only makes the migrator.

        from pwmig.dialects.named import by_name

        if "attic" in kwargs and fn.__name__ in _KEEPABLE:
            self.attic = kwargs.pop("attic")
        try:
            bound = signature(fn).bind(migrator, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{fn.__name__}() got other arguments than it takes: {error}") from None
        by_name(bound, fn.__name__)
        super().__init__(migrator, fn, *bound.args[1:], **bound.kwargs)

    @property
    def name(self) -> str:
        return str(self.fn.__name__)

    @property
    def table(self) -> str | None:
        if self.name == "sql" or not self.args or not isinstance(self.args[0], str):
            return None
        return str(self.args[0])

    def describe(self) -> str:
        """The call as a person would write it, on one line."""
        from pwmig.operations import call_text

        told = {} if self.attic is None else {"attic": self.attic}
        return call_text(self.name, self.args, {**self.kwargs, **told})

    def __repr__(self) -> str:
        return f"<{self.describe()}>"

    def run(self) -> None:
        """Run as a batch of one, or as part of the batch that is being run."""
        self.migrator.migrate(self)

    def run_alone(self) -> None:
        """Run what the operation stands for, with no batch around it."""
        super().run()


def operation(function: Function) -> Function:
    """Make a migrator's method one that returns an :class:`Operation`."""

    @functools.wraps(function)
    def inner(self: Migrator, *args: Any, **kwargs: Any) -> Operation:
        made = Operation(self, function, *args, **kwargs)
        self._await(made)
        return made

    return inner  # type: ignore[return-value]


class Migrator(playhouse.SchemaMigrator):
    """Peewee's migrator with pwmig's care.

    ``on_operation``, where set, hears of each operation before it runs, ``on_progress`` of what a long one has done.
    ``keeper``, where set, keeps what operations take away; within a run it is the engine's. While ``outside()`` is
    entered, an operation that runs alone is in no transaction.
    """

    on_operation: Callable[[Operation], None] | None = None
    on_progress: Callable[[Progress], None] | None = None
    keeper: Keeper | None = None
    outside: Callable[[], AbstractContextManager[None]] = nullcontext
    behind: Sequence[str] | None = None
    """Of a column that comes back, the columns that it stood behind, the nearest first; None for one that is new. Where
    the database can't place a column, nobody looks at it."""
    _in_batch = False
    _pending: dict[int, Operation] | None = None

    @classmethod
    def from_database(cls, database: Any, schema: str | None = None) -> Migrator:
        """The migrator for a database, of whichever kind; a DatabaseProxy is looked through."""
        from pwmig.dialects import dialect_of, unwrapped

        return dialect_of(database).migrator(unwrapped(database), schema)

    def pending_operations(self) -> tuple[Operation, ...]:
        """What was asked for and not handed to a batch since then, in its order.

        Operations that others are made of, and those made while a batch runs, do not count.
        """
        return tuple((self._pending or {}).values())

    def forget_operations(self) -> None:
        """Call nothing pending that was asked for until now."""
        self._pending = None

    def _await(self, made: Operation) -> None:
        if not self._in_batch:
            # The operation is held: one that nobody else holds is just the one that was forgotten.
            self._pending = self._pending or {}
            self._pending[id(made)] = made

    @operation
    def set_search_path(self, schema_name: str) -> None:
        """Refused where there is no search path; PostgreSQL has one."""
        raise OperationRefused(
            "this database has no search path",
            why="only PostgreSQL looks for a table in one schema after the other",
            way_out="write the schema with the table's name, or give the migrator one: schema=...",
            object=schema_name,
        )

    # -- operations that every database has, whatever they do there

    @operation
    def change_column(
        self,
        table: str,
        column: str,
        field: peewee.Field | None = None,
        *,
        null: bool | None = None,
        default: Any = UNSAID,
        cast: Any = None,
        comment: Any = UNSAID,
        name: str | None = None,
    ) -> list[Operation]:
        """Change several facts of a column at once, those that are given; all others stay.

        ``field`` says the type, and lets the column hold NULL where it has ``null=True``; ``cast`` is as in
        :meth:`alter_column_type`. ``default`` is the database's own, None takes it away, as None takes a ``comment``
        away. A new ``name`` comes last. It is run as the operations that it stands for.
        """
        from pwmig.dialects.changing import parts

        return parts(self, table, column, field, null, default, cast, comment, name)

    @operation
    def backfill(
        self,
        table: str,
        set: Mapping[str, Any],
        where: Any = None,
        batch_size: int = 1000,
        pause: float = 0,
        *,
        triggers: bool = False,
        commit: bool = False,
    ) -> None:
        """Fill columns of the rows that are there, in batches by the primary key, and nothing else.

        ``set`` maps columns to values, Peewee expressions or ``SQL(...)``. ``where`` says which rows are meant: SQL as
        a text, an expression, or True for all; without it what is NULL is filled, cell by cell, and nothing else. A
        table without a primary key is filled in one statement (on SQLite its rowid does). A ``pause`` is in seconds.

        No trigger fires and no ON UPDATE timestamp moves, unless ``triggers=True``. All batches stand in one
        transaction; with ``commit=True`` each has its own, so that locks are short, and after a stop the same call
        goes on where it stopped: only where ``where`` means the rows that are not filled yet, and where nothing stands
        before it, in its batch or in its migration.
        """
        from pwmig.dialects.backfilling import fill, wish

        filler = self._filler(wish(table, set, where, triggers))
        fill(filler, batch_size, pause, self._parts(commit), self.on_progress or _progress.get())

    @property
    def kept_by(self) -> Keeper | None:
        return self.keeper or _keeper.get()

    def _parts(self, commit: bool) -> Parts:
        """How the batches of a back-fill stand in transactions."""
        from pwmig.dialects.backfilling import Committed, InTurn, Together

        keeper = self.kept_by
        if not commit:
            return Together(keeper)
        return Committed() if self.apart is None else InTurn(self.outside, keeper)

    @operation
    def apply_default(self, table: str, column_name: str, field: peewee.Field) -> None:
        """Give every row the field's default, as a back-fill does: no trigger fires, no timestamp moves."""
        from pwmig.dialects.asked import bound, python_default
        from pwmig.dialects.backfilling import fill, wish

        value = python_default(bound(self.database, table, column_name, field), self)
        filler = self._filler(wish(table, {column_name: value}, True, False))
        fill(filler, 1000, 0, self._parts(False), self.on_progress or _progress.get())

    def new_uuid(self, *, binary: bool) -> str:
        """The SQL that makes a UUID, another one for each row, as Peewee keeps it: a text, or ``binary``."""
        raise NotImplementedError

    def _filler(self, wish: Wish) -> Filler:
        """What fills rows on this database."""
        raise NotImplementedError

    @operation
    def run_python(self, function: Callable[[peewee.Database], Any]) -> None:
        """Call a function with the database, in its place of the batch; on a rehearsal that is the copy.

        What it gives to ``migrate()`` is run within this batch. Refused where it returns an operation, a generator or
        a coroutine, which nobody would run, or leaves an operation of this migrator undone.
        """
        from pwmig.dialects.calling import call

        call(self, function)

    def migrate(self, *operations: Any) -> None:
        """Run a batch: where the database can take DDL back, all of it takes effect, or none."""
        adopted = [self._adopted(wanted) for wanted in operations]
        for wanted in (*operations, *adopted):
            (getattr(wanted.migrator, "_pending", None) or {}).pop(id(wanted), None)
        if self._in_batch:
            self._run(self._parted(adopted))
            return
        self._in_batch = True
        keeper, alone, units = self.kept_by, None, _units.get()
        said, counting = _speaking.set("operation"), _units.set(None)
        try:
            parted = self._parted(adopted)
            if units is not None and parted and units.batch(parted, self.left, migrate.__code__):
                return
            alone = self._committing(parted)
            with self._batch() if alone is None else self._alone(alone):
                if keeper is not None and len(parted) > 1:
                    keeper.gather(parted)
                self._run(parted)
        except BaseException as error:
            if keeper is not None:
                keeper.left(self, error, undone=alone is None)
            if units is not None:
                units.failed()
            raise
        else:
            self._in_batch = False
            if keeper is not None:
                keeper.after(self)
            if units is not None:
                units.ended()
        finally:
            self._in_batch = False
            _units.reset(counting)
            _speaking.reset(said)

    def left(self) -> int | None:
        """How many statements the batch that is run sends yet, the one under way among them; None where nobody
        knows."""
        return None

    def settle(self) -> None:
        """Do what operations of the batch that ran until now have left to be done, so that the tables are theirs."""

    @property
    def unsettled(self) -> Sequence[Operation]:
        """Operations of the batch that may have left something to be done, in the order of each table."""
        return ()

    def settle_others(self, table: str) -> Sequence[Operation]:
        """The same, but for what waits for the statement of one table: the operations that have left it there."""
        self.settle()
        return ()

    def _parted(self, operations: list[Operation]) -> list[Operation]:
        """The operations with their parts in place of those that are made of others."""
        found: list[Operation] = []
        for wanted in operations:
            if wanted.name not in _MADE_OF_OTHERS:
                found.append(wanted)
                continue
            for part in wanted.fn(self, *wanted.args, **wanted.kwargs):
                part.whole, part.attic = wanted, wanted.attic
                found.append(part)
        return found

    def _committing(self, operations: list[Operation]) -> Operation | None:
        """The one of the batch that commits by itself, if it has one; OperationRefused where that can't stand there."""
        if not any(wanted.name == "backfill" for wanted in operations):
            return None
        from pwmig.dialects.backfilling import committing

        return committing(operations, self)

    @property
    def apart(self) -> Apart | None:
        """The transaction of the step that is run, where no other one is open."""
        apart = _apart.get()
        return apart if apart is not None and apart.database is self.database and apart.is_free else None

    @contextmanager
    def _alone(self, wanted: Operation) -> Iterator[None]:
        """While entered, an operation that commits by itself may do so: in a run, where it comes first."""
        apart = self.apart
        if apart is None:
            yield
            return
        with apart.alone(wanted) as outside:
            self.outside = outside
            try:
                yield
            finally:
                del self.outside

    def _run(self, operations: list[Operation]) -> None:
        whole: Operation | None = None
        for wanted in operations:
            listener = self.on_operation or _listener.get()
            if listener is not None and (wanted.whole is None or wanted.whole is not whole):
                listener(wanted.whole or wanted)
            whole = wanted.whole
            try:
                self._run_one(wanted)
            except OperationRefused as refused:
                self._place(refused, wanted)
                raise
            except Exception as error:
                if (refusal := self.refusal_of(error, [wanted])) is not None:
                    raise refusal from error
                raise

    def _run_one(self, wanted: Operation) -> None:
        keeper = self.kept_by
        if keeper is None:
            self._perform_as(wanted)
            return
        try:
            self._perform_as(keeper.before(wanted))
        except BaseException as error:
            keeper.done(wanted, error)
            raise
        keeper.done(wanted)

    def _perform_as(self, wanted: Operation) -> None:
        """Perform it; what it is given as SQL is the migration's own."""
        if wanted.name != "sql":
            self._perform(wanted)
            return
        token = _speaking.set("")
        try:
            self._perform(wanted)
        finally:
            _speaking.reset(token)

    def refusal_of(self, error: Exception, operations: Sequence[Operation]) -> OperationRefused | None:
        """What an error of the database says of operations of the batch; None where it is about something else."""
        from pwmig.dialects.blamed import blamed

        return blamed(self._title(), error, operations)

    def _place(self, refused: OperationRefused, wanted: Operation) -> None:
        """Say of which table and column an operation was refused, where what refused it knew of none."""
        if refused.table is None and wanted.table is not None:
            from pwmig.dialects.blamed import things_of

            refused.table = wanted.table
            if refused.column is None:
                refused.column = things_of(wanted)[0]

    def _title(self) -> str:
        """What the database is called."""
        return "the database"

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While entered, what is asked for and what is migrated is as outside of a batch: a function of the user's.

        It is within one all the same, so that nothing commits by itself there.
        """
        pending, self._pending = self._pending, None
        before, self._in_batch = self._in_batch, False
        token, said = _apart.set(None), _speaking.set("")
        try:
            yield
        finally:
            _speaking.reset(said)
            _apart.reset(token)
            self._in_batch, self._pending = before, pending

    def _perform(self, wanted: Operation) -> None:
        wanted.run_alone()

    @contextmanager
    def _batch(self) -> Iterator[None]:
        with self.database.atomic():
            yield

    def _adopted(self, wanted: Any) -> Operation:
        """The operation as pwmig's own: those of Peewee's migrators are asked for anew."""
        if not isinstance(wanted, playhouse.Operation):
            raise PwmigError(
                f"migrate() was given {type(wanted).__name__} {wanted!r:.60}, which is no operation",
                why="it runs what the migrator's methods return",
                way_out="write migrate(migrator.add_column(...), ...)",
            )
        if isinstance(wanted, Operation) and wanted.migrator is self:
            return wanted
        told = {} if getattr(wanted, "attic", None) is None else {"attic": wanted.attic}
        made = getattr(self, wanted.fn.__name__)(*wanted.args, **wanted.kwargs, **told)
        return made if isinstance(made, Operation) else Operation(self, wanted.fn, *wanted.args, **wanted.kwargs)


def migrate(*operations: Any, **_: Any) -> None:
    """Run operations as one batch a migrator: where the database can take DDL back, all of it takes effect, or none.

    Stands in place of ``playhouse.migrate.migrate`` in a migration. Operations of several
    migrators run in their order, each migrator's neighbours together.
    """
    batch: list[Any] = []
    for wanted in operations:
        if batch and _owner(batch[0]) is not _owner(wanted):
            _ours(batch[0]).migrate(*batch)
            batch = []
        batch.append(wanted)
    if batch:
        _ours(batch[0]).migrate(*batch)


def _owner(wanted: Any) -> Any:
    return wanted.migrator if isinstance(wanted, playhouse.Operation) else None


def _ours(wanted: Any) -> Migrator:
    """pwmig's migrator for an operation, also where Peewee's own made it."""
    owner = _owner(wanted)
    if isinstance(owner, Migrator):
        return owner
    if owner is None:
        raise PwmigError(
            f"migrate() was given {type(wanted).__name__} {wanted!r:.60}, which is no operation",
            why="it runs what the migrator's methods return",
            way_out="write migrate(migrator.add_column(...), ...)",
        )
    return Migrator.from_database(owner.database, owner.schema)


_listener: ContextVar[Callable[[Operation], None] | None] = ContextVar("pwmig_listener", default=None)
_progress: ContextVar[Callable[[Progress], None] | None] = ContextVar("pwmig_progress", default=None)
_keeper: ContextVar[Keeper | None] = ContextVar("pwmig_keeper", default=None)
_apart: ContextVar[Apart | None] = ContextVar("pwmig_apart", default=None)
_units: ContextVar[Units | None] = ContextVar("pwmig_units", default=None)
_speaking: ContextVar[str] = ContextVar("pwmig_speaking", default="")
_patching = threading.Lock()
_patched = 0
_run_theirs = playhouse.Operation.run
_migrate_theirs = (playhouse.migrate, playhouse.SchemaMigrator.migrate)


@contextmanager
def standing_in(
    on_operation: Callable[[Operation], None] | None = None, on_progress: Callable[[Progress], None] | None = None
) -> Iterator[None]:
    """Carry out by pwmig whatever is run of Peewee's own migrators meanwhile, in whichever way they are reached.

    ``on_operation`` hears of the operations that are run on this thread, of each migrator that has no
    listener of its own, and so does ``on_progress`` of what they have done. What stands in holds for the whole
    process, until the last thread has left.
    """
    token, progress = _listener.set(on_operation), _progress.set(on_progress)
    _count(+1)
    try:
        yield
    finally:
        _count(-1)
        _listener.reset(token)
        _progress.reset(progress)


@contextmanager
def within(keeper: Keeper | None, apart: Apart | None, units: Units | None = None) -> Iterator[None]:
    """While entered, a step runs on this thread: of the operations of all migrators the keeper hears, and ``apart``
    lets some commit by themselves. ``units`` counts its parts."""
    kept, one, counting = _keeper.set(keeper), _apart.set(apart), _units.set(units)
    try:
        yield
    finally:
        _units.reset(counting)
        _keeper.reset(kept)
        _apart.reset(one)


def speaker() -> str:
    """Who sends what this thread sends: an ``operation``, the ``attic``, or nobody but the migration itself."""
    return _speaking.get()


@contextmanager
def speaking(who: str) -> Iterator[None]:
    """While entered, somebody else than the migration itself sends what this thread sends."""
    token, counting = _speaking.set(who), _units.set(None)
    try:
        yield
    finally:
        _units.reset(counting)
        _speaking.reset(token)


def units() -> Units | None:
    """What counts the parts of the step that this thread runs; None within one of them."""
    return _units.get()


def _count(step: int) -> None:
    global _patched
    with _patching:
        _patched += step
        ours = _patched > 0
        playhouse.Operation.run = _run_by_pwmig if ours else _run_theirs
        playhouse.migrate = migrate if ours else _migrate_theirs[0]
        playhouse.SchemaMigrator.migrate = _migrate_by_pwmig if ours else _migrate_theirs[1]


def _run_by_pwmig(wanted: playhouse.Operation) -> None:
    if isinstance(wanted.migrator, Migrator):
        _run_theirs(wanted)  # A part of one of pwmig's operations.
    else:
        migrate(wanted)


def _migrate_by_pwmig(_: playhouse.SchemaMigrator, *operations: Any) -> None:
    migrate(*operations)
