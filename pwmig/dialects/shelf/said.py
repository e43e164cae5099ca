"""What a database says to the attic, and the texts of statements that keeping and giving back have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.dialects.shelved import MOST_CELLS, Place, Quiet, Reference, data_table

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.migrator import Migrator, Operation

__all__ = ["Said"]


class Said(ABC):
    """One connection of one database."""

    row_id = ""
    """What tells the rows of the attic's own tables apart while they are put back."""
    long_text = "TEXT"
    """The type of a text of any length."""
    state_type = "SMALLINT"
    most_cells = MOST_CELLS
    """So many of a row's other cells are in its print."""

    def __init__(self, database: peewee.Database) -> None:
        self.database = database

    # -- the database

    @abstractmethod
    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement of pwmig's own, which is no part of a migration's record; values stand at ``?``."""

    @abstractmethod
    def send(self, sql: str) -> None:
        """A statement on a table of the project's, as the migration's."""

    @abstractmethod
    def quote(self, name: str) -> str: ...

    @abstractmethod
    def same(self, one: str, other: str) -> str:
        """The condition that two cells are the same, NULL included: texts letter by letter, whatever their collation
        takes for equal; numbers by what they count."""

    @abstractmethod
    def retyped(self, number: int, place: Place, columns: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Of columns of a table, each with its name in what is kept, those that were of another type: that, and their
        type now."""

    def says(self, now: str, kept: str, types: tuple[str, str]) -> str:
        """The condition that a cell of another type says no less than what was kept of it."""
        return self.same(now, kept)

    def alike(self, one: str, other: str, types: tuple[str, str]) -> tuple[str, str]:
        """Two cells, which are of these types, as texts that are the same where both say the same."""
        return self.as_text(one), self.as_text(other)

    def as_precise(self, one: str, other: str, types: tuple[str, str]) -> tuple[str, str]:
        """Two cells, which are of these types, with all that either type tells of a number."""
        return one, other

    def is_default(self, place: Place, column: str) -> str:
        """The condition that a cell (of ``t``) holds nothing but what its column gives to a new row."""
        cell = f"t.{self.quote(column)}"
        if column not in place.defaults:
            return f"{cell} IS NULL"
        return f"({cell} IS NULL OR {self.same(cell, self._default(place, column))})"

    def _default(self, place: Place, column: str) -> str:
        """A column's default, as the column would hold it."""
        return f"({place.defaults[column]})"

    def unchanged(self, one: str, other: str) -> str:
        return self.same(one, other)

    def or_back(self, condition: str, column: str) -> str:
        """A condition, or that a cell (``t``) holds what was kept of it (``x``) already."""
        return f"({condition} OR {self.unchanged(f't.{self.quote(column)}', 'x.v0')})"

    @abstractmethod
    def as_text(self, cell: str) -> str:
        """A text that is never NULL, the same for values that are the same, and another for others."""

    @abstractmethod
    def has(self, table: str) -> bool:
        """Whether pwmig's own table is there."""

    @abstractmethod
    def look(self, name: str, migrator: Migrator | None = None) -> Place | None:
        """A table of the project's as it is now, None where there is none of that name."""

    def same_table(self, one: str, other: str) -> bool:
        """Whether two names mean one table."""
        return one.lower() == other.lower()

    def same_column(self, one: str, other: str) -> bool:
        """Whether two names mean one column of a table."""
        return one.lower() == other.lower()

    @abstractmethod
    def kept_place(self, number: int) -> Place:
        """The table of the attic with the rows of a dropped one."""

    def called(self, name: str, migrator: Migrator) -> str:
        """What :meth:`look` calls the table that an operation names, there or not."""
        return name

    def called_then(self, name: str, new: str, migrator: Migrator) -> str:
        """What it calls the table once an operation has renamed it."""
        return new

    def hold(self, name: str, wanted: Operation) -> Place | None:
        """A table as :meth:`look` has it, of which an operation is about to take something: where the database can
        do that, nobody else writes it any more."""
        return self.look(name, wanted.migrator)

    def hold_again(self, number: int, place: Place) -> None:
        """The same where what is about to go is kept already, as a thing with this number."""
        return

    def has_rows(self, place: Place, wanted: Operation) -> bool:
        """Whether an operation may find a row in a table that is held: one that is there, or that others bring yet."""
        return self.is_filled(place)

    def is_filled(self, place: Place) -> bool:
        """Whether a table has a row as it is read now."""
        return bool(self.ask(f"SELECT 1 FROM {place.sql} LIMIT 1"))

    @abstractmethod
    def prints(self, place: Place, columns: Sequence[str], alias: str) -> list[str]:
        """Expressions over a row's other cells by which it is recognised; short where it has a key."""

    def told_cell(self, place: Place, column: str, alias: str) -> str:
        """A cell as the print of a row without key has it."""
        cell, then = f"{alias}.{self.quote(column)}", place.then.get(column)
        return cell if then is None else self.as_then(cell, place.types[column], then)

    def as_then(self, cell: str, now: str, then: str) -> str:
        """A cell as it would stand in a column of the type ``then``, where that holds the same; else as it is."""
        return cell

    @abstractmethod
    def weigh(self, place: Place) -> int:
        """How many bytes a table takes at most, at no cost that grows with it."""

    @abstractmethod
    def measure(self, place: Place, columns: Sequence[str]) -> int:
        """About how many bytes the key and these columns of a table take."""

    @abstractmethod
    def bytes_of(self, number: int, rows: int) -> int:
        """About how many bytes a thing with so many rows takes."""

    def references(self, place: Place) -> list[Reference]:
        """The foreign keys of a table, as far as the database holds rows to them."""
        return []

    @abstractmethod
    def is_there_already(self, error: BaseException) -> bool:
        """Whether a statement failed since a key, or what has to be unique, is there already."""

    def is_databases(self, error: BaseException) -> bool:
        """Whether an error is the driver's or Peewee's (https://peps.python.org/pep-0249/#exceptions)."""
        return bool({"DatabaseError", "InterfaceError"} & _kinds(error))

    def is_against(self, error: BaseException) -> bool:
        """Whether a statement failed because of the values that it writes."""
        return bool({"DataError", "IntegrityError"} & _kinds(error))

    def words_of(self, error: BaseException) -> str:
        """What the database says, in a line."""
        cause = error.__cause__ or error.__context__ or error
        told = cause.args[1] if len(cause.args) == 2 and isinstance(cause.args[0], int) else cause
        return " ".join(str(told).split())

    promised: dict[str, list[Reference]] = {}
    """Foreign keys that tables get as soon as what is theirs is back, by :attr:`Place.sql`."""

    def keys_of(self, place: Place) -> list[Reference]:
        """The foreign keys of a table, and those that it gets."""
        return list(dict.fromkeys([*self.references(place), *self.promised.get(place.sql, ())]))

    def is_table(self, sql: str) -> bool:
        """Whether there is a table that :attr:`Place.sql` is so."""
        return True

    def type_of(self, place: Place, column: str) -> str:
        """The type of a column, for one that has to hold the same."""
        return ""

    def tells_rows(self, place: Place) -> bool:
        """Whether a row is known by the same after it was written: by its key."""
        return bool(place.key)

    def moves_at_once(self, place: Place) -> bool:
        """Whether a whole table is kept without a copy of its rows."""
        return True

    def droppable(self, wanted: Operation, place: Place) -> bool:
        """Whether the operation would drop the table, and not refuse to."""
        return True

    # -- locks and transactions

    is_strict = True
    """Whether a column holds nothing but values of its type."""
    transactional = True
    """Whether what is kept goes with the migration's transaction, where that is rolled back."""
    holds_locks = False

    def release(self) -> None:
        """What was kept is gone from where it was: locks may go."""
        return

    def steady(self) -> None:
        """From now on each transaction fills the rows that it has kept, and none that others bring meanwhile, until
        :meth:`release`."""
        return

    def quiet(self, place: Place) -> Quiet:
        """What keeps the project's own triggers from being fired by what is put back."""
        return Quiet()

    # -- pwmig's own tables

    def own(self, number: int) -> str:
        return self.own_name(data_table(number))

    def own_name(self, table: str) -> str:
        """One of pwmig's own tables in a statement."""
        return self.quote(table)

    def protect(self, table: str) -> None:
        """Let nobody read one of pwmig's own tables by a right that a new table gets."""
        return

    def protect_data(self, number: int) -> None:
        """Let whoever could read what is kept read it, or fewer."""
        self.protect(data_table(number))

    def is_free(self, number: int) -> bool:
        """Whether no table has the name of the one for the thing with this number; where one has, it is no thing's."""
        return not self.has(data_table(number))

    def value(self, place: Place, column: str) -> str:
        """A cell (of ``t``) as it is kept, in the type that :meth:`type_of` says."""
        return f"t.{self.quote(column)}"

    @abstractmethod
    def has_state(self, number: int) -> bool:
        """Whether the rows of a thing have states: while it is put back, or where that was left half-way."""

    def count(self, number: int, where: str = "") -> int:
        condition = f" WHERE {where}" if where else ""
        return int(self.ask(f"SELECT count(*) FROM {self.own(number)}{condition}")[0][0])

    def discard(self, number: int) -> None:
        """Let go of a thing."""
        self.ask(f"DROP TABLE IF EXISTS {self.own(number)}")

    # -- texts

    def update(self, own: str, sets: Mapping[str, str], source: str, condition: str) -> None:
        """Write into a table of the attic (``x``) what stands in a table of the project's (``t``)."""
        written = ", ".join(f"{name} = {text}" for name, text in sets.items())
        self.ask(f"UPDATE {own} AS x SET {written} FROM {source} AS t WHERE {condition}")

    def update_text(self, place: Place, columns: Sequence[str], own: str, condition: str) -> str:
        """The UPDATE of a table of the project's (``t``) by what is kept (``x``)."""
        values = [self.value_of(own, n, place, name) for n, name in enumerate(columns)]
        sets = ", ".join(f"{self.quote(name)} = {value}" for name, value in zip(columns, values))
        return f"UPDATE {place.sql} AS t SET {sets} FROM {own} AS x WHERE {condition}"

    def value_of(self, own: str, number: int, place: Place, column: str) -> str:
        """What is kept of a column (``x``), as it is written into the table."""
        return f"x.v{number}"

    def _keys(self, own: str, other: str, place: Place) -> str:
        if not place.key:
            return f"{other}.{place.row_id} = {own}.k0"
        return " AND ".join(f"{self._key(name, other, place)} = {own}.k{n}" for n, name in enumerate(place.key))

    def _key(self, name: str, alias: str, place: Place) -> str:
        """A column of the key, to be compared as the key compares it."""
        return f"{alias}.{self.quote(name)}"


def _kinds(error: BaseException) -> set[str]:
    """The names of the kinds that an error is of, or the one that it was made of."""
    errors = [one for one in (error, error.__cause__, error.__context__) if one is not None]
    return {kind.__name__ for one in errors for kind in type(one).__mro__}
