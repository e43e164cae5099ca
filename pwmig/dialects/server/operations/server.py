"""A database behind a server as operations work on it: its tables by name, and its ways of doing things."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from peewee import IntegrityError

from pwmig.dialects.asked import close_matches
from pwmig.dialects.server.operations.statements import Place, Statements
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.needs import Need
    from pwmig.dialects.server.operations.waiting import Explain
    from pwmig.dialects.server.operations.work import NewColumn, Work
    from pwmig.schema import Column, Index, Schema, Table

__all__ = ["Place", "Server"]

_OURS = "pwmig_"


class Server(Statements):
    """One database, asked and changed by one migrator."""

    schema_word = "schema"
    has_cascade = False
    """Whether DROP ... CASCADE takes away what needs a thing."""
    drops_keys = False
    """Whether a primary key can go as a constraint does, its columns left as they are."""
    has_lists = False
    """Whether a column can hold a list of values."""
    marks_unchecked = False
    """Whether it is kept of a constraint that no row was held to it when it came."""

    def says_of_cascade(self, asked: bool) -> str:
        """What a way out has to say first of ``cascade=True``, whether that was asked for or not; in words."""
        if self.has_cascade:
            return "cascade=True, which takes them along; or "
        return f"{self.title} has no CASCADE; " if asked else ""

    def is_place(self, clause: str) -> bool:
        """Whether the clause of a column that is added says where it comes to stand."""
        return False

    # -- names

    @abstractmethod
    def default_schema(self) -> str:
        """The schema that a name without one means."""

    @abstractmethod
    def schemas(self) -> list[str]:
        """All schemas that a table may be in."""

    @abstractmethod
    def places(self, name: str, splits: Sequence[tuple[str, str]]) -> list[Place]:
        """The tables and views that a name may mean, the likeliest first; ``splits`` are (schema, plain name)."""

    @abstractmethod
    def all_names(self) -> list[str]:
        """The names of all tables, for a message."""

    @abstractmethod
    def look(self, place: Place) -> Schema:
        """What there is to see of one table: a schema with it alone."""

    @abstractmethod
    def clipped(self, name: str) -> str:
        """A name as the server keeps it."""

    @abstractmethod
    def require_length(self, name: str, what: str) -> None:
        """OperationRefused for a name that the server would not keep as it is."""

    def called(self, schema: str, plain: str) -> str:
        return plain if schema == self.default_schema() else f"{schema}.{plain}"

    def qualified(self, place: Place) -> str:
        """A table as SQL has it; its schema only where a bare name would mean another."""
        if place.schema == self.default_schema() and not self.migrator.schema:
            return self.quote(place.plain)
        return f"{self.quote(place.schema)}.{self.quote(place.plain)}"

    def get(self, name: str) -> Place | None:
        """The table or view of that name or address, or None."""
        found = self.places(name, _splits(name))
        return found[0] if found else None

    def find(self, name: str) -> Place:
        """The table of that name or address; OperationRefused where there is none."""
        found = self.get(name)
        if found is None:
            raise OperationRefused(
                f"there is no table {name!r}",
                why=close_matches(name, self.all_names(), "tables"),
                way_out="write the name as it is in the database, or create the table in an earlier migration",
                table=name,
            )
        if found.is_view:
            raise OperationRefused(
                f"{name!r} is a view, not a table",
                why="only tables can be changed",
                way_out="drop the view, and create it as it is to be: migrator.sql('DROP VIEW ...')",
                table=name,
            )
        return found

    def new(self, name: str, schema: str | None = None) -> Place:
        """Where a new table of that name or address will be; OperationRefused where it can't."""
        known = self.schemas()
        split = next((pair for pair in _splits(name) if pair[0] in known), None)
        where, plain = split if split and not schema else (schema or self.migrator.schema or "", name)
        where = where or self.default_schema()
        if not plain or plain.lower().startswith(_OURS):
            raise OperationRefused(
                f"a table can't be called {name!r}",
                why="names that begin with pwmig_ are pwmig's own" if plain else "",
                way_out="choose another name",
                table=name,
            )
        if "." in plain:
            raise OperationRefused(
                f"there is no {self.schema_word} for a table called {name!r}",
                why=close_matches(plain.partition(".")[0], known, f"{self.schema_word}s"),
                way_out=f"create the {self.schema_word} first, or choose a name without a dot",
                table=name,
            )
        self.require_length(plain, "table")
        self.require_free(where, plain)
        return Place(where, plain, self.called(where, plain))

    @abstractmethod
    def require_free(self, schema: str, plain: str) -> None:
        """OperationRefused where something in the schema has the name that a table or an index would get."""

    @abstractmethod
    def require_free_index(self, work: Work, name: str) -> None:
        """OperationRefused where a new index of the table can't have the name."""

    def same_table(self, name: str, other: str) -> bool:
        """Whether two names mean the same table of a schema."""
        return name == other

    def same_index(self, name: str, other: str) -> bool:
        """Whether two names mean the same index or constraint of a table."""
        return name == other

    key_words = "no primary key and no UNIQUE is"

    def may_be_referred(self, table: Table, column: str) -> bool:
        """Whether a foreign key may refer to a column: where just that one is a key of the table."""
        if tuple(table.primary_key) == (column,) or any(made.columns == (column,) for made in table.uniques):
            return True
        return any(
            index.unique and index.predicate is None and [part.column for part in index.parts] == [column]
            for index in table.indexes
        )

    def more_constraints(self, table: Table) -> Sequence[tuple[str, str]]:
        """(name, what it is) of what this server calls a constraint, beside the table's own facts."""
        return ()

    def is_against_rows(self, error: Exception) -> bool:
        """Whether a statement failed since rows are against it."""
        return isinstance(error, IntegrityError)

    def comparable(self, work: Work, column: str, target: Place, key: str) -> bool:
        """Whether values of two columns can be compared."""
        return True

    def undo_create(self, place: Place) -> None:
        """Take away a table that was just created, where no transaction does."""
        return

    # -- how this kind of server does it

    def says_nulls(self, work: Work) -> bool:
        """Whether the statement that takes NULL from a column fails where a row holds one."""
        return True

    def says_orphans(self) -> bool:
        """Whether the statement that adds a foreign key fails where a row refers to nothing."""
        return True

    @abstractmethod
    def add_column(self, work: Work, column: NewColumn) -> None:
        """Add a column with its foreign key and its index; rows there are get ``fill``, or else the default."""

    @abstractmethod
    def drop_column(self, work: Work, column: Column, cascade: bool) -> None:
        """Drop a column and what is its own; refused where anything else needs it, unless by ``cascade``."""

    @abstractmethod
    def rename_column(self, work: Work, column: Column, new: str) -> None:
        """Rename a column wherever it is named."""

    @abstractmethod
    def set_null(self, work: Work, column: Column, nullable: bool, explain: Explain | None = None) -> None:
        """Let a column hold NULL or not."""

    @abstractmethod
    def set_default(self, work: Work, column: Column, default: str | None) -> None:
        """Give a column another default, as SQL, or none."""

    @abstractmethod
    def set_type(self, work: Work, column: Column, type_: str, collation: str | None, cast: str | None) -> None:
        """Give a column another type; refused where values would become others without ``cast``."""

    @abstractmethod
    def set_comment(self, work: Work, column: Column | None, comment: str | None) -> None:
        """Give a column, or the table where it is None, another comment, or none."""

    @abstractmethod
    def needs_of_table(self, place: Place) -> list[Need]:
        """What else needs a table."""

    @abstractmethod
    def rename_table(self, place: Place, new: str) -> None:
        """Rename a table within its schema."""

    @abstractmethod
    def add_index(
        self, work: Work, name: str, sql: str, plain: tuple[Sequence[str], bool] | None, explain: Explain
    ) -> None:
        """Make an index by a statement; ``plain``, where it is nothing else: its columns, and whether it is unique."""

    def require_index_words(self, work: Work, where: Any, nulls_distinct: bool | None) -> None:
        """OperationRefused for what an index can't be here."""
        return

    @abstractmethod
    def drop_index(self, work: Work, index: Index, concurrently: bool = False) -> None: ...

    def dropped_before(self, work: Work, name: str) -> bool:
        """Whether a run of the same migration that was stopped has dropped an index concurrently, which is gone."""
        return False

    @abstractmethod
    def add_index_concurrently(self, work: Work, name: str, text: Callable[[str], str], explain: Explain) -> None:
        """Make an index, by a statement that ``text`` gives for its name, while others may write the table."""

    @abstractmethod
    def rename_index(self, work: Work, old: str, new: str) -> None: ...

    def not_valid(self, sql: str) -> str:
        """A constraint that rows there are need not hold to, until it is validated; OperationRefused where none is."""
        raise OperationRefused(
            f"{self.title} has no constraint that is not valid",
            why="it checks the rows when a constraint is added",
            way_out="leave not_valid=True out, and mend the rows before",
        )

    def validate(self, work: Work, name: str, explain: Explain) -> None:
        """Check the rows of a constraint that is not valid yet."""
        raise OperationRefused(
            f"{self.title} has no constraint that waits to be validated",
            why="each was checked when it was added",
            way_out="leave this out",
            table=work.name,
            object=name,
        )

    @abstractmethod
    def add_enum_value(self, work: Work, column: Column, value: str, before: str | None, after: str | None) -> None:
        """Give the enum of a column one more value."""

    @abstractmethod
    def drop_constraint(self, work: Work, kind: str, name: str) -> None:
        """Drop a constraint of the table that is there: a check, UNIQUE, a foreign key or an exclusion."""


def _splits(name: str) -> list[tuple[str, str]]:
    """(schema, plain name) at each dot that has something on both sides."""
    return [(name[:place], name[place + 1 :]) for place, letter in enumerate(name) if letter == "." and place > 0]
