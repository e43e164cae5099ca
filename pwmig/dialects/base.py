"""The questions that the engine asks a database, answered by one room a database.

Shared code never compares a dialect's name: it asks a question here. A new database is one
subclass of :class:`Dialect` and one line in the registry of :mod:`pwmig.dialects`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from pwmig.errors import DatabaseUnsupported
from pwmig.records import dataclass
from pwmig.waits import USUAL_WAITS, Waits

if TYPE_CHECKING:
    from pathlib import Path

    import peewee

    from pwmig.codegen.kinds import Kinds
    from pwmig.dialects.evidence import Evidence
    from pwmig.dialects.migrated import MigrationTerms
    from pwmig.dialects.migrator import Migrator
    from pwmig.dialects.modelled import ModelTerms
    from pwmig.dialects.noted import Asides, Journal, JournalWriter
    from pwmig.dialects.shelf import Shelf
    from pwmig.errors import DatabaseUnavailable, PwmigError
    from pwmig.plan import Event
    from pwmig.schema import Page, Query, Rows, Schema, Table

    Listener = Callable[[Event], None]
    """Called with each event of progress."""

__all__ = [
    "Copy",
    "Dialect",
    "Foreseen",
    "Kept",
    "Readings",
    "Session",
    "Template",
    "Turn",
    "apart",
]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The tables that a statement will touch, and those of them whose rows it may write."""

    touched: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()


@dataclass(slots=True)
class Turn:
    """What the database says of the migration whose turn it is.

    ``touched`` are the tables whose rows or definition its statements name, ``written`` those of them whose
    rows they may insert, update or delete, ``unsettled`` those where rows may now refer to rows that are
    not there, ``refused`` the error for what it tried
    that a migration must not (to commit by itself, ...). ``require_open()`` raises OperationRefused
    where the migration's transaction is no longer the one that was begun for it. ``finish()``, once the migration
    has returned, gives the connection the settings back that it had, and adds to ``touched`` and ``written`` what only
    the database itself can tell, where the migration is ``watched``. ``announced``: the statement that
    comes next was foreseen. ``journal`` hears of each statement, where one may commit. While ``outside()`` is entered
    there is no transaction: what was done until then has committed, and a new one is begun behind it, when it is this
    runner's turn; ``apart`` says so. ``has_asides``: something may be noted in :class:`Asides`. ``tries``: how often
    the statement was sent that failed last, where what got no lock is sent again by itself. ``notes`` say what of its
    bad manners was mended, ``committed_by`` is the statement by which it committed against all rules, ``changed_by``
    the last one that committed by its nature, in whichever way it was sent. ``ended``: something that was not heard may
    have ended its transaction.
    """

    touched: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    refused: PwmigError | None = None
    require_open: Callable[[], None] = lambda: None
    finish: Callable[[], None] = lambda: None
    outside: Callable[[], AbstractContextManager[None]] = nullcontext
    watched: bool = False
    announced: bool = False
    apart: bool = False
    tries: int = 1
    notes: list[str] = field(default_factory=list)
    committed_by: str = ""
    changed_by: str = ""
    ended: bool = False
    has_asides: bool = False
    journal: JournalWriter | None = None

    def begins(self) -> None:
        """A statement of the migration is about to be sent, one that only looks too."""


@contextmanager
def apart(turn: Turn, begin: Callable[[], Any]) -> Iterator[None]:
    """Begin a transaction behind what stands outside of it, also where that fails: whoever catches it goes on in one.

    An interrupt ends the step, and nothing is begun for it.
    """
    turn.apart = True
    try:
        yield
    except Exception:
        begin()
        turn.apart = False
        raise
    begin()
    turn.apart = False


class Kept(Protocol):
    """The rows of a table at one moment; ``size`` is about how many bytes they take."""

    @property
    def size(self) -> int: ...


class Session(ABC):
    """A connection that is ready for the migrations of one run, one after the other."""

    @abstractmethod
    def turn(self) -> AbstractContextManager[Turn]:
        """One migration's transaction, begun when it is this runner's turn; any exception rolls it back.

        Raises DatabaseUnavailable where the database can't be written, or others write for too long.
        """


class Copy(ABC):
    """What can be asked of a rehearsal's copy, beside the original, while it is there.

    ``sampled`` names the tables of which it does not hold all rows; once it has settled, as they are called then.
    """

    sampled: tuple[str, ...] = ()

    @abstractmethod
    def rows_lost(self, before: Table, after: Table | None) -> int:
        """How many rows of the original's table have no row with their key in the copy's; all, where that is None."""

    @abstractmethod
    def values_lost(self, table: str, column: str) -> int:
        """How many rows of the original's table hold a value in a column."""

    @abstractmethod
    def settle(self) -> None:
        """From now on, losses are counted against what the copy holds at this moment, not against the original."""

    @abstractmethod
    def original_changed(self) -> bool:
        """Whether the original is another one than when the copy was made."""


class Template(ABC):
    """A database that is filled once and stands in for another one, as often as wanted, as it was filled."""

    @abstractmethod
    def filling(self) -> AbstractContextManager[None]:
        """While entered, every Peewee object of this process that points at the original points at it."""

    @abstractmethod
    def copied(self) -> AbstractContextManager[None]:
        """While entered, they point at a fresh copy of it, that is gone afterwards."""


class Readings:
    """Readings of a database, one after the other, that may share a connection."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def reading(self, database: peewee.Database) -> AbstractContextManager[peewee.Database]:
        """As :meth:`Dialect.reading`."""
        return self._dialect.reading(database)

    def close(self) -> None:
        """Let go of what is kept, if no other thread is using it; a reading afterwards begins anew."""


class Dialect(ABC):
    """What pwmig has to know of one kind of database. Instances hold no state."""

    name: str
    title: str
    transactional_ddl: bool
    counted: str
    """The type and constraints of a primary key that counts by itself, and never takes a number twice."""
    table_options: str = ""
    """What stands behind the parentheses of pwmig's own tables."""
    longest_name: str = ""
    """How much of a name the database keeps, in words; empty where it keeps all of it."""
    scratch_tables: int | None = None
    """How many tables to make in one :meth:`scratch` database, where each takes the longer the more there are, and a
    table is what its own text says whatever stands beside it; None where all belong together."""

    @abstractmethod
    def describe(self, database: peewee.Database) -> str:
        """The database as a person knows it: a file or ``host/name``, never a password."""

    @abstractmethod
    def anchor(self, database: peewee.Database, root: Path) -> None:
        """Let a relative file name in the project's config mean a file below the project's root."""

    @abstractmethod
    def exists(self, database: peewee.Database) -> bool:
        """Whether there is a database to read; never creates one."""

    @abstractmethod
    def size(self, database: peewee.Database) -> int:
        """How many bytes a copy of the database will hold; the database is there."""

    @abstractmethod
    def table_exists(self, database: peewee.Database, table: str, schema: str | None = None) -> bool:
        """Whether there is such a table, at a cost that does not grow with the number of tables."""

    @abstractmethod
    def reading(self, database: peewee.Database) -> AbstractContextManager[peewee.Database]:
        """A connection that can only read, to the same data; creates nothing.

        Raises DatabaseUnavailable where there is no database or it can't be read.
        """

    def readings(self) -> Readings:
        """Readings for whoever reads often, that may keep a connection from one to the next until they are closed.

        What is kept holds no lock, is in nobody's way and leaves no trace; each reading sees what is there by then.
        """
        return Readings(self)

    @abstractmethod
    def migrator(self, database: peewee.Database, schema: str | None = None) -> Migrator:
        """pwmig's migrator for the database."""

    @abstractmethod
    def shelf(self, database: peewee.Database) -> Shelf:
        """Where the attic keeps in this database what migrations take away."""

    @abstractmethod
    def session(
        self, database: peewee.Database, waits: Waits = USUAL_WAITS, listener: Listener | None = None
    ) -> AbstractContextManager[Session]:
        """The database's connection made ready for migrations, and given back as it was.

        Its turns wait no longer than that, and tell the listener where they do. Raises
        DatabaseUnavailable where the database can't be opened, OperationRefused inside an open transaction.
        """

    @abstractmethod
    def copy(self, database: peewee.Database, listener: Listener | None = None) -> AbstractContextManager[Copy]:
        """While entered, every Peewee object of this process that points at this database points at a copy."""

    @abstractmethod
    def template(self, database: peewee.Database) -> AbstractContextManager[Template]:
        """An empty database of the same kind, to be filled once and copied often: what a test suite works on."""

    @abstractmethod
    def blank(self, database: peewee.Database) -> AbstractContextManager[None]:
        """While entered, every Peewee object of this process that points at this database points at an empty one.

        It is of the same kind, and gone afterwards. Raises RehearsalRefused where another database stands in
        already, DatabaseUnavailable where none may be created.
        """

    @abstractmethod
    def scratch(self, like: peewee.Database) -> AbstractContextManager[peewee.Database]:
        """An empty database, connected, of the kind of ``like`` and on the same server, that leaves no trace.

        On a server it has the original's encoding, collation and extensions, and what a killed run has left is
        removed with it. Raises DatabaseUnavailable, with the right that is missing, where none may be created.
        """

    def scratch_schemas(
        self, scratch: peewee.Database, like: peewee.Database, names: Sequence[str]
    ) -> AbstractContextManager[Mapping[str, str | None]]:
        """While entered, tables can be made in these schemas of a :meth:`scratch` database, called as it gives.

        None for what is the default schema of ``like``; a schema that is not in it can't be there. Raises what
        :meth:`scratch` raises.
        """
        return nullcontext({})

    def scratch_lacks(self, scratch: peewee.Database) -> str:
        """What a :meth:`scratch` database does not have, as a right of the account lacks, with the statement that gives
        the right; empty where it has all."""
        return ""

    def repeat_checks(self, scratch: peewee.Database, address: Sequence[str], text: str) -> Mapping[str, str]:
        """Make each check of a table in a :meth:`scratch` database once more, under a name by which it is found.

        ``address`` is the table's name, behind that of its schema if it has one, and ``text`` the statement that made
        it. Gives the conditions as they stand in that, by the names. Nothing is made where the database keeps these
        words anyway, and where it takes them no second time.
        """
        return {}

    @abstractmethod
    def write(self, schema: Schema) -> tuple[str, ...]:
        """The statements that make a schema in an empty database, in an order that can be executed."""

    @property
    @abstractmethod
    def model_terms(self) -> ModelTerms:
        """How Peewee's models say what a database of this kind holds."""

    @property
    @abstractmethod
    def migration_terms(self) -> MigrationTerms:
        """How a migration says what a database of this kind holds."""

    @property
    @abstractmethod
    def evidence(self) -> Evidence:
        """What the rows of a table say against a change of one of its columns."""

    def texts(self, database: peewee.Database) -> Mapping[str, str]:
        """The texts of tables and indexes by their names, where the database keeps the letters that made them."""
        return {}

    @property
    @abstractmethod
    def unseen(self) -> Mapping[str, str]:
        """What of a database :meth:`introspect` does not look at, each with the reason."""

    @property
    def kinds(self) -> Kinds:
        """How the form's kinds of column stand in a database of this kind."""
        from pwmig.codegen.kinds import SQLITE

        return SQLITE

    def commits(self, sql: str) -> bool:
        """Whether a statement commits what came before it, so that no rollback takes it back."""
        return False

    def journal(self, database: peewee.Database, history: str) -> Journal | None:
        """What is known of half-applied migrations, by the name of the history's table; None where a change of the
        schema can be taken back, and there are none."""
        return None

    def asides(self, database: peewee.Database, history: str) -> Asides | None:
        """What migrations do outside of their transactions, by the name of the history's table; None where nothing can
        be done so."""
        return None

    def running(self, database: peewee.Database) -> DatabaseUnavailable | None:
        """What to tell who asks for something that can't be told while another program runs migrations; None where none
        does at this moment. Waits for nobody."""
        return None

    def as_original(self, text: str) -> str:
        """A text about a database that stands in for another one at the moment, as if it were about that one."""
        return text

    def lock_lost(self, error: BaseException) -> bool:
        """Whether a statement failed since others had a lock and held it for too long."""
        return False

    def overran(self, error: BaseException) -> bool:
        """Whether a statement was given up since it took longer than it may."""
        return False

    def mishap(self, database: peewee.Database, error: BaseException) -> DatabaseUnavailable | None:
        """What a migration's error says of the database as a whole (its disk is full, its connection lost, ...).

        None where it speaks of the statement, and where it was told as this already.
        """
        return None

    def begins_anew(self, error: BaseException) -> bool:
        """Whether a step of which nothing stays may get its locks when it is begun anew."""
        return False

    def holders(self, database: peewee.Database, sql: str) -> list[str]:
        """Who may have a lock that a statement needs, in words, without what they run: it may hold values."""
        return []

    def commits_failing(self, error: BaseException) -> bool | None:
        """The same of such a statement that failed; None where even whether it failed can't be told."""
        return None

    def shared(self, database: peewee.Database) -> bool:
        """Whether another process that connects in the same way sees the same data."""
        return True

    def handed_over(self, database: peewee.Database) -> AbstractContextManager[str]:
        """While entered, a file with what no other process can see; its name is empty where all is :meth:`shared`.

        To be entered on a thread that has the database open. Raises DatabaseUnavailable on another one.
        """
        return nullcontext("")

    def take_over(self, database: peewee.Database, path: str) -> None:
        """Fill a database that is not :meth:`shared` with what :meth:`handed_over` wrote in another process."""
        raise DatabaseUnsupported(
            f"{self.describe(database)} can't be filled from {path}",
            why="a process that connects to it sees what is in it",
            way_out="connect to it",
        )

    @abstractmethod
    def introspect(
        self,
        database: peewee.Database,
        tables: Collection[str] | None = None,
        known: dict[Any, Table] | None = None,
    ) -> Schema:
        """What the database holds, without pwmig's own tables; only the tables and views named, if given.

        ``known`` is a memory for several looks, empty at first: a table in it that is still defined in the same
        words is not read again.
        """

    def require_seen(self, database: peewee.Database, schema: Schema, *, modelled: bool = False) -> Schema:
        """The schema, just seen by this account, if it may see all there is; ``modelled``: all that a model can say.

        Asked before a schema is held beside another one. Raises FactsHidden with the right that lacks.
        """
        return schema

    @abstractmethod
    def sample(
        self, database: peewee.Database, table: Table, *, limit: int, keys: Sequence[tuple[Any, ...]] = ()
    ) -> Rows:
        """At most ``limit`` rows of a table by key: those with ``keys`` first, then from the start."""

    @abstractmethod
    def page(self, database: peewee.Database, table: Table, query: Query, *, deadline_s: float) -> Page:
        """A page of a table's rows, sorted, filtered and cut by the database.

        Raises PwmigError for what can't be asked, and after ``deadline_s`` seconds.
        """

    @abstractmethod
    def view(self, database: peewee.Database, name: str) -> Table | None:
        """A view as a table without key, for :meth:`page`; None where there is no view of that name."""

    @abstractmethod
    def foresee(self, database: peewee.Database, turn: Turn, sql: str, params: Sequence[Any]) -> Foreseen:
        """The tables that a statement will touch, without running it."""

    @abstractmethod
    def touched_keys(
        self, database: peewee.Database, table: Table, sql: str, params: Sequence[Any], limit: int
    ) -> tuple[tuple[Any, ...], ...]:
        """The keys of at most ``limit`` rows that an UPDATE or DELETE will hit; () where it can't be told."""

    @abstractmethod
    def newest_keys(
        self, database: peewee.Database, table: Table, after: Any, limit: int
    ) -> tuple[tuple[Any, ...], ...]:
        """The keys of at most ``limit`` rows that came after the mark ``after`` (see :meth:`mark`)."""

    @abstractmethod
    def mark(self, database: peewee.Database, table: Table) -> Any:
        """A mark that tells rows inserted later from those there now, or None."""

    @abstractmethod
    def keep_rows(
        self, database: peewee.Database, table: Table, columns: Sequence[str], most_rows: int, most_bytes: int
    ) -> Kept | None:
        """All rows of a table, of them the columns named, packed, for :meth:`count_changes` and :meth:`as_kept`.

        None where they are too many or have no key.
        """

    @abstractmethod
    def count_changes(
        self, database: peewee.Database, kept: Any, table: Table | None, names: Mapping[str, str], most_rows: int
    ) -> tuple[int, int, int] | None:
        """How many rows were added, removed and altered since :meth:`keep_rows`, paired by their key.

        ``table`` is the table now, None where it is gone; ``names`` are the columns' names now by those they had
        then, in lower case, where they were renamed. None where it can't be told.
        """

    @abstractmethod
    def as_kept(
        self,
        database: peewee.Database,
        kept: Any,
        table: Table,
        names: Mapping[str, str],
        keys: Sequence[tuple[Any, ...]],
    ) -> dict[tuple[Any, ...], bool]:
        """Of the rows with ``keys`` those that were there at :meth:`keep_rows`: whether they are still as they were.

        ``table`` and ``names`` are those of :meth:`count_changes`.
        """
