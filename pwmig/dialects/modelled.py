"""How Peewee's models say what a database of one kind holds: the questions that writing models asks a dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.schema import Column, ForeignKey, Index, IndexPart, Schema, Table

__all__ = ["FieldTerm", "ModelTerms"]


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """The field of a column's type: the class ``kind`` of ``module``, with ``arguments`` in their order.

    ``storage`` is the text of a type that no class of Peewee's makes there: ``kind`` is then the class that is nearest
    to it, and a class of the models' own says the text. ``sized`` tells that the arguments follow it in parentheses.
    """

    kind: str
    arguments: tuple[tuple[str, Any], ...] = ()
    module: str = "peewee"
    storage: str | None = None
    sized: bool = False


class ModelTerms(ABC):
    """What of a schema a model says, and in which words.

    Texts of SQL and names come back as Peewee has to be given them (see :meth:`sql`), expressions in parentheses
    as they may stand in them.
    """

    usual_action = "NO ACTION"
    """What a foreign key does where nothing is said."""

    keys_need_targets = True
    """Whether a foreign key can be made only when the table that it refers to is there."""

    def sql(self, text: str) -> str:
        """A text of SQL as Peewee has to be given it for the database to get it as it is."""
        return text

    def name(self, name: str) -> str:
        """A name as Peewee has to be given it, which puts the quotes around it."""
        return self.sql(name)

    @abstractmethod
    def field(self, table: Table, column: Column) -> FieldTerm:
        """The field of a column; of the kinds that count by themselves (AutoField, ...) where it does."""

    @abstractmethod
    def type_text(self, column: Column) -> str:
        """The words of a column's type."""

    @abstractmethod
    def implied_reference(self, target: FieldTerm) -> FieldTerm:
        """The field that a ForeignKeyField to a field stores its values as."""

    @abstractmethod
    def column_clauses(self, table: Table, column: Column, term: FieldTerm) -> tuple[str, ...]:
        """What stands behind a column's type, NOT NULL and PRIMARY KEY: Field.constraints."""

    @abstractmethod
    def null(self, table: Table, column: Column) -> bool:
        """Whether the field says ``null=True``; :meth:`column_clauses` says what else there is to it."""

    @abstractmethod
    def key_fits(self, table: Table) -> bool:
        """Whether Peewee's primary key is the table's; else :meth:`constraints` says it."""

    @abstractmethod
    def constraints(self, table: Table) -> tuple[str, ...]:
        """The table's own constraints but for checks and foreign keys."""

    @abstractmethod
    def foreign_key(self, table: Table, key: ForeignKey) -> str:
        """A foreign key as a constraint of the table."""

    @abstractmethod
    def foreign_key_fits(self, key: ForeignKey) -> bool:
        """Whether a ForeignKeyField says all that there is to a foreign key of one column."""

    @abstractmethod
    def foreign_key_name(self, table: Table, key: ForeignKey) -> str | None:
        """The name that a foreign key has to be given, None where it has none or the database gives it by itself."""

    @abstractmethod
    def check_name(self, table: Table, name: str | None) -> str | None:
        """As :meth:`foreign_key_name`, of a check."""

    @abstractmethod
    def checks(self, table: Table) -> tuple[tuple[str, str | None], ...]:
        """(expression, name) of the checks that no field brings along."""

    @abstractmethod
    def index_part(self, part: IndexPart) -> str | None:
        """A part of an index as SQL, None where the column alone says it, but for its order."""

    def index_using(self, index: Index) -> str | None:
        """The method of an index, as Peewee is told it."""
        return index.method

    @abstractmethod
    def index_statement(self, table: Table, index: Index) -> str | None:
        """The statement of an index that Peewee's Index can't say; None where it can."""

    def indexes(self, table: Table) -> tuple[Index, ...]:
        """The indexes to be declared: without those that the database makes by itself."""
        return table.indexes

    @abstractmethod
    def options(self, table: Table, schema: Schema) -> dict[str, Any]:
        """What Meta says of the table: ``strict_tables``, ``table_settings``, ..."""

    @abstractmethod
    def is_sayable(self, table: Table) -> bool:
        """Whether a model can declare the table at all."""

    @abstractmethod
    def unsaid(self, table: Table) -> tuple[str, ...]:
        """What no model can say of a table, each in some words."""

    @abstractmethod
    def unsaid_things(self, schema: Schema) -> tuple[str, ...]:
        """What stands in a schema beside tables, each in some words."""
