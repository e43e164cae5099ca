"""What every operation on a table begins with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pwmig.dialects.asked import as_that_with, close_matches, several
from pwmig.dialects.server.operations.needs import needed
from pwmig.dialects.server.operations.waiting import OPTIONAL, Clause, mentions
from pwmig.errors import OperationRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.needs import Need
    from pwmig.dialects.server.operations.server import Place, Server
    from pwmig.dialects.server.operations.waiting import Explain, Key
    from pwmig.schema import Column, Index, IndexPart, Table

__all__ = ["NewColumn", "NewIndex", "NewKey", "Work", "duplicated", "own_index_names"]


@dataclass(frozen=True, slots=True)
class NewKey:
    """The foreign key of a new column: where it leads, as SQL behind REFERENCES, and its name."""

    references: str
    name: str
    is_named: bool
    table: Key


@dataclass(frozen=True, slots=True)
class NewIndex:
    """The index of a new column."""

    name: str
    unique: bool
    using: str | None


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column to be added. ``definition`` gives its SQL, name included, with a default or with none.

    ``default`` is the database's own, as SQL; ``fill`` what the rows there are get, None for the default; ``place``
    are the words for where it comes to stand.
    """

    name: str
    definition: Callable[[str | None], str]
    type: str
    nullable: bool
    default: str | None = None
    fill: str | None = None
    key: NewKey | None = None
    index: NewIndex | None = None
    place: str = ""


class Work:
    """One operation's view: the table named, and what there is to see of it before.

    Whatever it names of the table is as it will be: where a clause that waits changes it, that is run first.
    """

    def __init__(self, server: Server, table: str) -> None:
        self.server = server
        self.asked = table
        self.place: Place = server.find(table)
        self.sql: str = server.qualified(self.place)
        if server.waiting:
            self.settle(*server.waiting.leading_to(self.place.key))
            if server.has_kin(self.place):
                self.settle(*server.waiting.tables)

    def settle(self, *keys: Key) -> None:
        """Run what waits for some tables, if there are any, and look at this one anew."""
        if keys:
            self.server.settle(*keys)
            vars(self).pop("table", None)

    def names(self, name: str, *, reads: bool = False, light: bool = False, fact: str = "") -> None:
        """Say that the operation is about to change a thing of the table, or only (see Clause.stops) to read it."""
        key = self.place.key
        if self.server.waiting.stops(key, self.server.clipped(name), reads=reads, light=light, fact=fact):
            self.settle(key)

    @property
    def name(self) -> str:
        return self.place.name

    @cached_property
    def table(self) -> Table:
        seen = self.server.look(self.place)
        found = next((table for table in seen.tables if table.name == self.place.name), None)
        if found is None:
            raise OperationRefused(
                f"table {self.name!r} can't be changed by an operation",
                why="pwmig does not look at tables of its own, nor at those that belong to an extension",
                way_out="change it by SQL: migrator.sql(...)",
                table=self.name,
            )
        self._exact = seen.exact_columns
        return found

    def get_column(self, name: str, *, reads: bool = False, fact: str = "") -> Column | None:
        """The column of that name; where letter case does not count, the one that differs in it only, too."""
        # What lets NULL in again may follow what rows with NULL are against: that is to be said first.
        planned = self.server.waiting.planned(self.place.key, name) if fact not in ("", OPTIONAL) else None
        if planned is not None:
            return planned.column
        self.names(name, reads=reads, light=bool(fact), fact=fact)
        table = self.table
        if self._exact:
            name = self.server.clipped(name)
            return next((column for column in table.columns if column.name == name), None)
        return table.column(name)

    def column(self, name: str, *, reads: bool = False, fact: str = "") -> Column:
        """The column of that name; it is only read, or only that fact of it changed, where these say so."""
        found = self.get_column(name, reads=reads, fact=fact)
        if found is None:
            raise OperationRefused(
                f"table {self.name!r} has no column {name!r}",
                why=close_matches(name, self.table.column_names, "columns"),
                way_out="write the name as it is in the database",
                table=self.name,
                column=name,
            )
        return found

    def require_new_column(self, name: str) -> None:
        self.server.require_length(name, "column")
        if self.get_column(name) is not None:
            raise OperationRefused(
                f"table {self.name!r} has a column {name!r} already",
                way_out="choose another name, or rename or drop that column first",
                table=self.name,
                column=name,
            )

    def require_droppable(self, column: Column, needs: Sequence[Need]) -> None:
        """Refuse what no operation before it makes possible: to drop the only column, or one of the primary key.

        What else ``needs`` the column is named behind that.
        """
        why, way_out = "", ""
        if column.name in self.table.primary_key:
            why, way_out = "it is of the primary key", "create a table without it and copy the rows"
        elif len(self.table.columns) == 1:
            why, way_out = "it is the only column", f"drop the table: migrator.drop_table({self.name!r})"
        if why:
            others = [need.what for need in needs if need.what != "it is the primary key"]
            why = "; ".join(dict.fromkeys((why, *others)))
            raise self.refused(f"column {column.name!r} of {self.name!r} can't be dropped", why, way_out, column.name)

    def is_empty(self) -> bool:
        return not self.server.ask(f"SELECT 1 FROM {self.sql} LIMIT 1")

    def any(self, condition: str) -> bool:
        """Whether a condition holds for a row."""
        return bool(self.server.ask(f"SELECT 1 FROM {self.sql} AS t WHERE {condition} LIMIT 1"))

    def count(self, condition: str = "1 = 1") -> str:
        """How many rows a condition holds for, in words."""
        count = self.server.ask(f"SELECT count(*) FROM {self.sql} AS t WHERE {condition}")[0][0]
        return f"{count:,} row" + ("" if count == 1 else "s")

    def example(self, condition: str) -> str:
        """Which row a condition holds for, the first by the key; nothing where no key tells rows apart."""
        key = self.table.primary_key
        if not key:
            return ""
        names = ", ".join(f"t.{self.server.quote(name)}" for name in key)
        rows = self.server.ask(f"SELECT {names} FROM {self.sql} AS t WHERE {condition} ORDER BY {names} LIMIT 1")
        return as_that_with(key, rows[0] if rows else None)

    def alter(self, *changes: str) -> None:
        """Run one ALTER TABLE at once."""
        self.server.run(f"ALTER TABLE {self.sql} {', '.join(changes)}")

    def wait(
        self,
        *changes: str,
        names: Iterable[str],
        beside: Iterable[str] = (),
        then: Iterable[str] = (),
        after: Iterable[str] = (),
        about: Iterable[str] = (),
        others: Iterable[Key] = (),
        explain: Explain | None = None,
        light: bool = False,
        indexes: bool = False,
        fact: str = "",
        lets: Iterable[str] = (),
        column: Column | None = None,
        adds: str = "",
        place: str = "",
    ) -> None:
        """Leave changes to the ALTER TABLE that the batch makes of all it asks of the table; see Clause."""
        clause = Clause(
            changes,
            frozenset(names),
            tuple(beside),
            tuple(then),
            tuple(after),
            tuple(about),
            frozenset(others),
            explain,
            light=light,
            indexes=indexes,
            fact=fact,
            lets=frozenset(lets),
            column=column,
            adds=adds,
            place=place,
        )
        self.server.wait(self, clause)

    def names_of(self, index: Index) -> None:
        """Say that the operation is about to change an index: its columns are named along, and all by an expression."""
        if index.predicate is not None or any(part.column is None for part in index.parts):
            self.settle(*self.server.waiting.tables)
        for part in index.parts:
            self.names(part.column or "")

    def columns_of(self, constraint: str) -> list[str]:
        """The columns that a constraint of the table may be about."""
        table, same = self.table, self.server.same_index
        found = [name for unique in table.uniques if same(unique.name or "", constraint) for name in unique.columns]
        found += [name for key in table.foreign_keys if same(key.name or "", constraint) for name in key.columns]
        texts = [check.expression for check in table.checks if same(check.name or "", constraint)]
        texts += [str(made) for made in table.exclusions if same(made.name or "", constraint)]
        texts += [str(index.parts) for index in table.indexes if same(index.name, constraint)]
        return found + [name for name in table.column_names if any(mentions(text, name) for text in texts)]

    def referred(self, name: str) -> list[Key]:
        """The tables to which the foreign keys lead that have this name, or this column."""
        keys = [key for key in self.table.foreign_keys if key.name == name or name in key.columns]
        found = [self.server.get(key.ref_table) for key in keys]
        return [place.key for place in found if place is not None]

    def things_of(self, column: str) -> frozenset[str]:
        """The names of the table's constraints and indexes that a column is in."""
        table = self.table
        found = [check.name for check in table.checks if mentions(check.expression, column) or check.column == column]
        found += [unique.name for unique in table.uniques if column in unique.columns]
        found += [key.name for key in table.foreign_keys if column in key.columns]
        found += [index.name for index in table.indexes if any(_is_in(part, column) for part in index.parts)]
        return frozenset(name for name in found if name)

    # -- constraints

    def constraints(self) -> list[tuple[str, str]]:
        """(name, what it is) of each constraint that has a name."""
        table = self.table
        found = [(check.name, "check") for check in table.checks]
        found += [(unique.name, "UNIQUE") for unique in table.uniques]
        found += [(key.name, "foreign key") for key in table.foreign_keys]
        found += [(made.name, "exclusion") for made in table.exclusions]
        found += [(table.primary_key_name, "primary key")]
        return [(name, kind) for name, kind in (*found, *self.server.more_constraints(table)) if name]

    def _constraint(self, name: str) -> tuple[str, str] | None:
        self.names(name)
        clipped = self.server.clipped(name)
        return next((found for found in self.constraints() if self.server.same_index(found[0], clipped)), None)

    def constraint_kind(self, name: str) -> str | None:
        found = self._constraint(name)
        return found[1] if found else None

    def constraint_name(self, name: str) -> str:
        found = self._constraint(name)
        return found[0] if found else name

    # -- refusals

    def require_no_needs(self, what: str, needs: Sequence[Need], column: str | None = None, cascade: str = "") -> None:
        """Refuse with all that needs the thing, and what does away with each."""
        if needs:
            raise needed(what, needs, self.name, column, cascade)

    def refused(self, what: str, why: str, way_out: str, column: str | None = None) -> OperationRefused:
        return OperationRefused(what, why=why, way_out=way_out, table=self.name, column=column)


def _is_in(part: IndexPart, column: str) -> bool:
    return part.column == column or mentions(part.expression or "", column)


def duplicated(work: Work, columns: Sequence[str]) -> str:
    """How many values are in several rows, and which; NULL is none. In words."""
    names = [work.server.quote(column) for column in columns]
    known = " AND ".join(f"{name} IS NOT NULL" for name in names)
    twice = f"SELECT {', '.join(names)}, count(*) AS n FROM {work.sql} WHERE {known} GROUP BY {', '.join(names)}"
    count = work.server.ask(f"SELECT count(*) FROM ({twice} HAVING count(*) > 1) AS twice")[0][0]
    rows = work.server.ask(f"{twice} HAVING count(*) > 1 ORDER BY {', '.join(names)} LIMIT 1")
    return several(count, rows[0] if rows else ())


def own_index_names(table: Table, column: str, clipped: Callable[[str], str]) -> frozenset[str]:
    """The names that the index of a field with ``index=True`` or ``unique=True`` may have: Peewee's names for it.

    ``add_column`` names it by the column, ``create_tables`` and ``create_table`` by the letters and digits of that.
    """
    from playhouse.migrate import make_index_name

    plain = re.sub(r"[^\w]+", "", column)
    return frozenset(clipped(make_index_name(table.plain_name, (name,))) for name in (column, plain))


def own_indexes(table: Table, column: str, names: Iterable[str]) -> tuple[Index, ...]:
    """The plain indexes of just this column that have one of the names."""
    known = set(names)
    return tuple(
        index
        for index in table.indexes
        if index.name in known and index.predicate is None and [part.column for part in index.parts] == [column]
    )
