"""How a migration says what a database of one kind holds: the questions that writing migrations asks a dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.codegen.kinds import Kinds
    from pwmig.dialects.modelled import FieldTerm, ModelTerms
    from pwmig.operations import AddColumn, CreateTable
    from pwmig.schema import Check, Column, ForeignKey, Index, Schema, Table, Unique

__all__ = ["MigrationTerms", "OwnText"]


@dataclass(frozen=True, slots=True)
class OwnText:
    """A constraint as the text of its table has it: its name, None where it has none, and the SQL behind that.

    ``column`` is the column that it stands with, None where it stands by itself.
    """

    sql: str
    name: str | None = None
    column: str | None = None


class MigrationTerms(ABC):
    """What a migration says of a schema, and in which words.

    ``model`` says how Peewee's fields name the types, ``kinds`` how a text of SQL has to stand in a migration.
    A table's ``text`` is what its database keeps of it, where it keeps that (SQLite), else None.
    """

    redefines = False
    """Whether a table is given another text where no other operation says a change, in place of ALTER TABLE."""

    truths_are_numbers = False
    """Whether a BooleanField is stored as an IntegerField is."""

    keys_hold_types = False
    """Whether no column gets another type while a foreign key names it."""

    alters_generated = False
    """Whether a computed column may get another expression; else it is dropped and added."""

    generated_hold_types = False
    """Whether no column gets another type while a computed one reads it."""

    numbers_later = False
    """Whether a key that counts comes back as a plain column, which gets what it held before the rest is numbered."""

    def __init__(self, model: ModelTerms, kinds: Kinds) -> None:
        self.model = model
        self.kinds = kinds

    def key_holds(self, before: str, after: str) -> bool:
        """Whether a column does not get another type, from one to the other, while a foreign key names it."""
        return self.keys_hold_types

    def written(self, sql: str) -> str:
        """A text of SQL as a migration has to hold it."""
        return self.kinds.written(sql)

    def renamed(self, sql: str, names: Mapping[str, str]) -> str:
        """A text of a constraint by the time when columns have their new names, where it follows them by itself."""
        return sql

    # -- columns

    def term(self, table: Table, column: Column) -> FieldTerm:
        """The field of a column, or the type that a StoredField says."""
        return self.model.field(table, column)

    def clauses(self, table: Table, column: Column, term: FieldTerm, text: str | None) -> tuple[str, ...]:
        """What stands behind a column's type and NOT NULL."""
        return self.model.column_clauses(table, column, term)

    def place(self, behind: str) -> str:
        """The words by which a column that comes stands ``behind`` another one, or first where that is empty; none
        where the database can't place one."""
        return ""

    def says_rename(self, passing: str, name: str, text: str) -> bool:
        """Whether a column that was called ``passing`` has the letters of the ``text`` once it is renamed."""
        return True

    def says_facts(self, column: str, text: str) -> bool:
        """Whether NOT NULL and a default, taken away and given again, stand where they stand in the ``text``."""
        return True

    def takes_along(self, column: Column, thing: Any, text: str | None) -> bool:
        """Whether a constraint goes with its column, as a part of the column's definition."""
        return getattr(thing, "column", None) == column.name

    def is_of_type(self, table: Table, column: Column, check: Check | None = None) -> bool:
        """Whether the check of a column is a part of the type that its field has, and its collation with it; without
        a ``check``, whether the column is of such a type."""
        return False

    def told_type(self, table: Table, column: Column) -> str:
        """A column's type as whoever changes it says it."""
        return column.type

    def brings(self, key: ForeignKey, index: Index) -> bool:
        """Whether the database makes an index by itself for a foreign key."""
        return False

    def drop_made_index(self, table: Table, index: Index) -> str | None:
        """The statement that drops an index which may be gone by itself by then, None for any other."""
        return None

    def index_for(self, table: Table, key: ForeignKey) -> str | None:
        """The statement that makes the table's index for a key, where the database would make it under another name."""
        return None

    def alter_index(self, table: Table, before: Index, after: Index) -> str | None:
        """The statement that makes an index another one at once, where it can't go before the other has come; else
        None."""
        return None

    def comes_last(self, things: Sequence[Any], table: Table, text: str) -> tuple[OwnText, ...] | None:
        """Constraints as the ``text`` has them, if they stand behind all else, so that adding them one after the other
        gives the same letters; None where that is not so."""
        return None

    # -- tables

    @abstractmethod
    def constraint(self, table: Table, thing: ForeignKey | Unique | Check) -> str:
        """A constraint of a table without its name, as it stands behind ADD CONSTRAINT."""

    @abstractmethod
    def plain_options(self, table: Table, schema: Schema) -> dict[str, bool] | None:
        """What ``create_table`` says of the table's options; None where it can't say them all."""

    @abstractmethod
    def create(self, schema: Schema) -> tuple[str, ...]:
        """The statements that make what a schema holds."""

    @abstractmethod
    def beside(self, table: Table) -> tuple[str, ...]:
        """The statements for what no ``create_table`` says of a table that is otherwise plain: triggers, comments."""

    def key_name(self, name: str | None, old: str, new: str) -> str | None:
        """The name of a foreign key once its table is called ``new``; both are plain names."""
        return name

    def move(self, before: Table, after: Table) -> tuple[str, ...]:
        """The statements that bring a table into another schema, under the name that it has."""
        return ()

    @abstractmethod
    def create_index(self, table: Table, index: Index) -> str:
        """The statement that makes an index."""

    def says_table(self, wanted: CreateTable, text: str) -> bool:
        """Whether ``create_table`` gives the letters of the ``text``."""
        return True

    def says_column(self, wanted: AddColumn, text: str) -> bool:
        """Whether ``add_column`` gives the column the letters that it has in the ``text``."""
        return True

    def says_index(self, table: str, index: Index, text: str) -> bool:
        """Whether ``add_index`` gives the letters of the index's ``text``."""
        return True

    def table_text(self, table: Table, text: str | None, leaving: Iterable[Column]) -> str:
        """CREATE TABLE as ``redefine_table`` takes it: by the ``text`` where there is one, and with the columns that
        are ``leaving`` behind the others, which are dropped later."""
        raise NotImplementedError

    # -- what no operation says

    @abstractmethod
    def alter_column(self, table: Table, before: Column, after: Column) -> tuple[str, ...]:
        """The statements that make a column of a table what it is ``after``, whatever differs but its name."""

    def follow_type(self, table: Table, before: Column, after: Column) -> tuple[str, ...]:
        """The statements for what has to follow a column's other type."""
        return ()

    def number(self, table: Table, column: Column) -> tuple[str, ...]:
        """The statements that give rows whose column holds 0 numbers of their own, beyond the others'."""
        return ()

    @abstractmethod
    def alter_key(self, before: Table, after: Table, coming: Mapping[Column, str]) -> tuple[str, ...]:
        """The statements that give a table its other primary key, with the columns ``coming`` that count for it, each
        with the words of :meth:`place`."""

    @abstractmethod
    def alter_table(self, before: Table, after: Table) -> tuple[str, ...]:
        """The statements for other facts of a table itself: options, partitions."""

    @abstractmethod
    def alter(self, before: Any, after: Any) -> tuple[str, ...]:
        """The statements that make what stands beside tables, or a part of one, what it is ``after``; a thing that is
        None is not there. Nothing where that is not known."""
