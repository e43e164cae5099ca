"""A MariaDB or MySQL database as operations work on it (https://mariadb.com/kb/en/alter-table/)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

import peewee

from pwmig.dialects.mysql.modelled import json_check
from pwmig.dialects.mysql.operations.locks import holders, is_about_lock, is_timeout, waiting_for
from pwmig.dialects.mysql.operations.migrator import MySQLMigrator
from pwmig.dialects.mysql.operations.naming import MySQLNames
from pwmig.dialects.mysql.quoting import with_escapes, without_escapes
from pwmig.dialects.mysql.writing import column_check, column_definition
from pwmig.dialects.server.operations.needs import Need, needed
from pwmig.dialects.server.operations.server import Place
from pwmig.dialects.server.operations.waiting import mentions
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.server.operations.waiting import Explain, WaitingTable
    from pwmig.dialects.server.operations.work import NewColumn, Work
    from pwmig.schema import Check, Column, Index, Table

__all__ = ["MySQLServer"]

_NEEDS_PARENTHESES = ("text", "blob", "json", "geometry")
"""Types whose default has to be an expression on MySQL."""

_CHECK_FAILED = (3819, 4025)
"""A check that rows are against: MySQL's number of the error, and MariaDB's."""


_NOT_INSTANT = (1235, 1800, 1845, 1846)
"""The server can't make a change at once, or knows no word for that."""


_TICKED = re.compile(r"'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`")
"""A string or a name in a text that the server wrote."""

_PLACE = re.compile(r"FIRST|AFTER\s+(?:`(?:[^`]|``)+`|\w+)", re.IGNORECASE)
"""Where a column stands."""


class MySQLServer(MySQLNames):
    """Native statements, each of which commits."""

    def is_against_rows(self, error: Exception) -> bool:
        return isinstance(error, peewee.IntegrityError) or bool(error.args and error.args[0] in _CHECK_FAILED)

    def send(self, sql: str) -> None:
        patience = self.migrator.patience if isinstance(self.migrator, MySQLMigrator) else None
        if patience is None:
            super().send(sql)
            return
        from pwmig.dialects.mysql.session import commits

        may_try = is_about_lock if commits(sql) else is_timeout
        error = patience.tried(lambda: super(MySQLServer, self).send(sql), may_try)
        if error is not None:
            raise error

    def alter(self, table: WaitingTable) -> None:
        """All in one statement, but for indexes beside changes that cost nothing without them.

        A statement is as slow as its slowest part, and an instant change together with a new index copies the table
        (https://mariadb.com/kb/en/innodb-online-ddl-overview/): so what is instant goes first, if the server agrees.
        """
        apart = [clause for clause in table.clauses if clause.indexes]
        light = [clause for clause in table.clauses if not clause.indexes]
        if changes := _tried_at_once(table):
            self.waiting.altering = None
            if self._was_instant(table.sql, changes):
                light = [replace(clause, changes=()) for clause in light]
        super().alter(replace(table, clauses=[*light, *apart]))

    def count(self, table: WaitingTable) -> int | None:
        return super().count(table) if not _tried_at_once(table) else None

    def _was_instant(self, table: str, changes: Sequence[str]) -> bool:
        """Whether changes were made at once; what the server does not do so it refuses before it begins."""
        try:
            self.send(f"ALTER TABLE {table} {', '.join(changes)}, ALGORITHM=INSTANT")
        except peewee.DatabaseError as error:
            if error.args and error.args[0] in _NOT_INSTANT:
                return False
            raise
        return True

    def undo_create(self, place: Place) -> None:
        self.run(f"DROP TABLE {self.qualified(place)}")

    # -- columns

    def add_column(self, work: Work, column: NewColumn) -> None:
        """One ALTER TABLE, with the index and the key in it: what fails, fails as a whole. An index that no row can be
        against may come behind it.
        """
        name, default = self.quote(column.name), column.default or None
        filled = column.fill if column.fill is not None else default
        if column.fill is not None and any(word in column.type.lower() for word in _NEEDS_PARENTHESES):
            filled = f"({filled})"
        place = self._place(work, column.place)
        changes = [f"ADD COLUMN {column.definition(filled)}{place}"]
        beside: list[str] = []
        if column.index is not None:
            unique = "UNIQUE " if column.index.unique else ""
            using = f"USING {column.index.using} " if column.index.using else ""
            index = f"ADD {unique}INDEX {self.quote(column.index.name)} {using}({name})"
            (changes if unique or column.key is not None else beside).append(index)
        if column.key is not None:
            references = f"FOREIGN KEY ({name}) REFERENCES {column.key.references}"
            changes.append(f"ADD CONSTRAINT {self.quote(column.key.name)} {references}")
        then = f"ALTER COLUMN {name} " + (f"SET DEFAULT {default}" if default is not None else "DROP DEFAULT")
        names = [column.name]
        names += [made.name for made in (column.index, column.key) if made is not None]
        others = [column.key.table] if column.key is not None else []
        last = [] if filled == default else [then]
        work.wait(*changes, names=names, beside=beside, then=last, others=others, adds=column.name, place=place)

    def is_place(self, clause: str) -> bool:
        """https://mariadb.com/kb/en/alter-table/#add-column"""
        return _PLACE.fullmatch(clause) is not None

    def _place(self, work: Work, said: str) -> str:
        """The words for where a column that comes back stood, none where that is behind all; else those ``said``.

        The server takes what it adds one after the other: a place may be behind one that waits to be added.
        """
        behind = self.migrator.behind
        if behind is None:
            if said:
                work.settle(work.place.key)  # It may be behind a column that waits to be named so.
            return f" {said}" if said else ""
        added = self.waiting.added(work.place.key)
        if added is None:
            work.settle(work.place.key)
        there = {name.lower(): name for name in (*work.table.column_names, *(added or ()))}
        before = next((there[name.lower()] for name in behind if name.lower() in there), None)
        if before is None:
            return " FIRST"
        last = not added and before == work.table.columns[-1].name
        return "" if last else f" AFTER {self.quote(before)}"

    def drop_column(self, work: Work, column: Column, cascade: bool) -> None:
        """``cascade`` does not widen it: the server has no such clause.

        With any column MariaDB drops the checks that name none: they are made again in the same statement.
        """
        from pwmig.dialects.mysql.operations.dependants import needs_of_column, own_keys

        going = [text for text in self.waiting.texts(work.place.key) if text.startswith("DROP COLUMN")]
        if len(work.table.columns) <= 1 + len(going):
            work.settle(work.place.key)  # The last one can't go.
        needs = needs_of_column(work, column)
        work.require_droppable(column, needs)
        what = f"column {column.name!r} of {work.name!r} can't be dropped"
        work.require_no_needs(what, needs, column.name, self.says_of_cascade(cascade))
        keys = [f"DROP FOREIGN KEY {self.quote(key.name or '')}" for key in own_keys(work.table, column.name)]
        lost = [check for check in self._of_no_column(work) if check.name is not None]
        again = [f"DROP CONSTRAINT {self.quote(check.name or '')}" for check in lost]
        again += [f"ADD CONSTRAINT {self.quote(check.name or '')} CHECK ({check.expression})" for check in lost]
        work.wait(
            *keys,
            f"DROP COLUMN {self.quote(column.name)}",
            *again,
            names=(column.name, *work.things_of(column.name), *(check.name or "" for check in lost)),
            about=[column.generated or "", column.default or ""],
            others=work.referred(column.name),
        )

    def _of_no_column(self, work: Work) -> list[Check]:
        """The checks of a table that name no column of it, but for those that wait to be dropped or made anew."""
        told = self.waiting.texts(work.place.key)
        return [
            check
            for check in work.table.checks
            if check.column is None
            and not any(mentions(check.expression, column.name) for column in work.table.columns)
            and not any(text.startswith(f"DROP CONSTRAINT {self.quote(check.name or '')}") for text in told)
        ]

    def rename_column(self, work: Work, column: Column, new: str) -> None:
        """The server renames it in the table itself and in foreign keys; views and triggers are texts to it.

        A check in the column's definition would keep the old name, by which nobody finds the column: so it is written
        anew. A column of a foreign key is renamed in place, as nothing is that has the table copied.
        """
        from pwmig.dialects.mysql.operations.dependants import keys_of_column
        from pwmig.dialects.mysql.operations.readers import readers_of_column

        what = f"column {column.name!r} of {work.name!r} can't be renamed"
        work.require_no_needs(what, readers_of_column(work, column.name), column.name)
        if any(mentions(text, column.name) for text in _expressions(work.table)):
            work.settle(work.place.key)  # How expressions follow, the server says best when nothing else happens.
        if column.generated is not None:
            work.settle(work.place.key)  # It is written anew, and may read what waits for another name.
            column = work.column(column.name)
        change, names = self._rename(work, column, new), (column.name, new, *work.things_of(column.name))
        if keys_of_column(work, column.name):
            work.wait(then=[change], names=names)
        else:
            work.wait(change, names=names)

    def _rename(self, work: Work, column: Column, new: str) -> str:
        own = column_check(work.table, column.name)
        if own is None:
            return f"RENAME COLUMN {self.quote(column.name)} TO {self.quote(new)}"
        column = self._seen_now(work, column)
        own = column_check(work.table, column.name) or own
        text = _TICKED.sub(
            lambda found: self.quote(new) if found[0] == self.quote(column.name) else found[0], own.expression
        )
        definition = column_definition(replace(column, name=new), replace(own, expression=text))
        return f"CHANGE COLUMN {self.quote(column.name)} {definition}"

    def set_null(self, work: Work, column: Column, nullable: bool, explain: Explain | None = None) -> None:
        self.modify(work, replace(column, nullable=nullable), explain, light=True)

    def says_nulls(self, work: Work) -> bool:
        """In a strict mode it does; otherwise it would make a zero or an empty text of NULL.

        https://mariadb.com/kb/en/sql-mode/#strict-mode
        """
        modes = str(self.ask("SELECT @@sql_mode")[0][0]).upper().split(",")
        return "STRICT_ALL_TABLES" in modes or (
            "STRICT_TRANS_TABLES" in modes and "ENGINE=InnoDB" in work.table.options
        )

    def says_orphans(self) -> bool:
        return bool(int(self.ask("SELECT @@foreign_key_checks")[0][0]))

    def set_default(self, work: Work, column: Column, default: str | None) -> None:
        """By its whole definition where it has ON UPDATE, which ALTER COLUMN would take away."""
        if default is not None and getattr(default, "is_expression", False):
            default = default if _is_now(default) else f"({default})"
        elif default is not None and any(word in column.type.lower() for word in _NEEDS_PARENTHESES):
            default = f"({default})"
        if column.on_update is not None or self.waiting.planned(work.place.key, column.name):
            if default is not None and "\\" in default and not self.escapes:
                default = with_escapes(default)
            self.modify(work, replace(column, default=default), light=True)
            return
        if default is None and column.nullable:
            default = "NULL"  # Without, a column that may be NULL would have to be given.
        change = "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"
        work.wait(f"ALTER COLUMN {self.quote(column.name)} {change}", names=(column.name,), light=True)

    def set_type(self, work: Work, column: Column, type_: str, collation: str | None, cast: str | None) -> None:
        from pwmig.dialects.mysql.operations.types import set_type

        set_type(self, work, column, type_, collation, cast)

    def definition(self, work: Work, column: Column) -> str:
        """The whole definition of a column that is there, its own check included.

        Its texts are those of the catalog, where a backslash escapes: where it does not, they are written so.
        A letter beyond U+FFFF in a plain default, a comment or a value of an enum is a question mark in it: the server
        tells no other, so it can't be told from one. What need not write it, a new name or default, does not.
        """
        check, now = column_check(work.table, column.name), work.table.column(column.name)
        if now is not None and now.type != column.type and json_check(work.table, now) is not None:
            check = None  # It was that of the type.
        text = column_definition(column, check)
        return text if "\\" not in text or self.escapes else without_escapes(text)

    @property
    def escapes(self) -> bool:
        """Whether a backslash escapes what follows it in a text, as the connection reads SQL."""
        return "NO_BACKSLASH_ESCAPES" not in str(self.ask("SELECT @@sql_mode")[0][0]).upper()

    def modify(self, work: Work, column: Column, explain: Explain | None = None, *, light: bool = False) -> None:
        """By its whole definition, which takes the place of one that waits for the same column."""
        key, before = work.place.key, self.waiting.planned(work.place.key, column.name)
        explains = [one for one in (before.explain if before else None, explain) if one is not None]
        if before is not None:
            self.waiting.take(key, before)
            light = light and before.light

        def explained(error: Exception, alone: bool) -> OperationRefused | None:
            return next((refusal for one in explains if (refusal := one(error, alone))), None)

        change = f"MODIFY COLUMN {self.definition(work, column)}"
        work.wait(change, names=(column.name,), explain=explained, light=light, column=column)

    def set_comment(self, work: Work, column: Column | None, comment: str | None) -> None:
        """Of a column by its whole definition: the server takes none alone."""
        from pwmig.dialects.mysql.operations.changing import require_comment

        require_comment(work, column, comment)
        if column is not None:
            self.modify(work, replace(column, comment=comment))
        else:
            work.alter(f"COMMENT = {self.text(peewee.Value(comment or ''))}")

    # -- tables, indexes, constraints

    def needs_of_table(self, place: Place) -> list[Need]:
        from pwmig.dialects.mysql.operations.dependants import needs_of_table

        return needs_of_table(self, place)

    def rename_table(self, place: Place, new: str) -> None:
        """Foreign keys follow; views and triggers are texts to the server."""
        from pwmig.dialects.mysql.operations.readers import readers_of_table

        needs = readers_of_table(self, place, own=True)
        if needs:
            raise needed(f"table {place.name!r} can't be renamed", needs, place.name)
        made = Place(place.schema, new, new)
        self.expect(1)
        self.run(f"RENAME TABLE {self.qualified(place)} TO {self.qualified(made)}")

    def add_index(
        self, work: Work, name: str, sql: str, plain: tuple[Sequence[str], bool] | None, explain: Explain
    ) -> None:
        """One among other changes; with more words than columns, by its own statement."""
        if plain is None:
            try:
                self.run(sql)
            except peewee.DatabaseError as error:
                if refusal := explain(error, True):
                    raise refusal from error
                raise
            return
        columns, unique = plain
        change = f"ADD {'UNIQUE ' if unique else ''}INDEX {self.quote(name)} {self.names(columns)}"
        work.wait(change, names=(name,), explain=explain, indexes=True)

    def drop_index(self, work: Work, index: Index, concurrently: bool = False) -> None:
        if concurrently:
            work.alter(f"DROP INDEX {self.quote(index.name)}", "LOCK=NONE")
            return
        self._require_no_key(work, f"index {index.name!r}", index.name)
        work.names_of(index)
        columns = [part.column for part in index.parts if part.column]
        work.wait(f"DROP INDEX {self.quote(index.name)}", names=(index.name,), about=columns, indexes=True)

    def is_about_lock(self, error: Exception) -> bool:
        return is_about_lock(error)

    def waiting_for(self, seconds: float) -> AbstractContextManager[None]:
        return waiting_for(self, seconds)

    def holders(self, tables: Sequence[str], operations: Sequence[Operation] = ()) -> list[str]:
        return holders(self)

    def add_index_concurrently(self, work: Work, name: str, text: Callable[[str], str], explain: Explain) -> None:
        """Where the server can't do it while others write, it refuses."""
        try:
            self.send(f"{text(name)} LOCK=NONE")
        except peewee.DatabaseError as error:
            if refusal := explain(error, True):
                raise refusal from error
            raise

    def add_enum_value(self, work: Work, column: Column, value: str, before: str | None, after: str | None) -> None:
        from pwmig.dialects.mysql.operations.enums import add_enum_value

        add_enum_value(self, work, column, value, before, after)

    def rename_index(self, work: Work, old: str, new: str) -> None:
        work.wait(f"RENAME INDEX {self.quote(old)} TO {self.quote(new)}", names=(old, new), indexes=True)

    def drop_constraint(self, work: Work, kind: str, name: str) -> None:
        if kind == "foreign key":
            self._drop_key(work, name)
        elif kind == "UNIQUE":
            self._require_no_key(work, f"constraint {name!r}", name)
            columns = work.columns_of(name)
            work.wait(f"DROP INDEX {self.quote(name)}", names=(name,), about=columns, indexes=True)
        else:
            self._drop_check(work, name)

    def _require_no_key(self, work: Work, what: str, name: str) -> None:
        """What the server would refuse too, but with the statements of the batch before it done."""
        from pwmig.dialects.mysql.operations.dependants import needs_of_index

        work.require_no_needs(f"{what} of {work.name!r} can't be dropped", needs_of_index(work, name))

    def _drop_key(self, work: Work, name: str) -> None:
        """With the index of the same name and columns, which the server makes for a key that has none."""
        from pwmig.dialects.mysql.operations.dependants import index_of_key

        changes, names = [f"DROP FOREIGN KEY {self.quote(name)}"], [name, *work.columns_of(name)]
        index = index_of_key(work, name)
        if index is not None:
            changes.append(f"DROP INDEX {self.quote(index.name)}")
            names.append(index.name)
        work.wait(*changes, names=names, others=work.referred(name))

    def _seen_now(self, work: Work, column: Column) -> Column:
        """A column whose definition is about to be said: what its texts name of others is called as it will be."""
        if work.place.key not in self.waiting.tables:
            return column
        work.settle(work.place.key)
        return work.table.column(column.name) or column

    def _drop_check(self, work: Work, name: str) -> None:
        found = [check for check in work.table.checks if (check.name or "").lower() == name.lower()]
        check: Check = next((check for check in found if check.name == name), found[0])
        column = work.get_column(check.column) if check.column is not None else None
        if column is None:
            work.wait(f"DROP CONSTRAINT {self.quote(name)}", names=(name,), about=work.columns_of(name))
            return
        column = self._seen_now(work, column)
        change = f"MODIFY COLUMN {column_definition(column)}"  # It is a part of the column.
        work.wait(change, names=(name, column.name), about=[check.expression])


def _expressions(table: Table) -> list[str]:
    """The texts of a table that name its columns."""
    found = [check.expression for check in table.checks]
    found += [text for column in table.columns for text in (column.generated, column.default) if text]
    return found + [part.expression for index in table.indexes for part in index.parts if part.expression]


def _is_now(default: str) -> bool:
    return default.upper().removesuffix("()") in ("CURRENT_TIMESTAMP", "NOW", "LOCALTIMESTAMP", "LOCALTIME")


def _tried_at_once(table: WaitingTable) -> list[str]:
    """The changes that may be instant where new indexes do not hold them up."""
    light = [clause for clause in table.clauses if not clause.indexes]
    has_indexes = len(light) < len(table.clauses) or any(clause.beside for clause in light)
    return [change for clause in light for change in clause.changes] if has_indexes else []
