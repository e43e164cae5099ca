"""Indexes that a run makes or drops concurrently: noted ahead of that, so that whoever comes behind a kill knows of it.

What is dropped so is gone before the transaction with the history's row has come to its end (CONCURRENTLY stands in no
transaction: https://www.postgresql.org/docs/current/sql-dropindex.html), and nothing tells of it any more; what is made
so stays, valid or not, whatever becomes of the migration. So a row is committed ahead of it, and deleted in the
transaction of the history's row. No table is made before there is one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.noted import Aside
from pwmig.dialects.postgresql.operations.locks import sqlstate
from pwmig.dialects.postgresql.quoting import quote
from pwmig.dialects.server.asking import MARK, Execute, ask, marks, on
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.plan import Step

__all__ = ["TABLE", "PostgresqlAsides", "copy_notes", "usable"]

TABLE = "pwmig_journal"
_FORMAT = 1
_MAY_NOT = "42501"
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_HOME = (
    f"coalesce(nullif(pg_catalog.current_setting('pwmig.home', true), ''), nullif({MARK}, ''), "
    "pg_catalog.current_schema())"
)
"""The schema of the history, wherever a migration has let the search path lead: as the turn's transaction says, or as
it was learned before."""

_COLUMNS = (
    *("history", "migration", "direction", "checksum", "kind"),
    *("object", "statement", "position", "total", "noted_at", "noted_by", "format"),
)
"""As far as they are the same, those of MariaDB's journal."""
_MAKES, _DROPS = "made index", "index"
_TOLD = f"""migration, direction, kind = '{_MAKES}', object, statement, position, total, noted_at, noted_by,
  (SELECT i.indisvalid FROM pg_catalog.pg_index AS i WHERE i.indexrelid = pg_catalog.to_regclass(object))"""
_SHAPE = (
    "(id BIGINT NOT NULL PRIMARY KEY, history VARCHAR(255) NOT NULL, "
    "migration VARCHAR(255) NOT NULL, direction VARCHAR(16) NOT NULL, checksum VARCHAR(64) NOT NULL, "
    "kind VARCHAR(16) NOT NULL, object TEXT NOT NULL, statement TEXT NOT NULL, position INTEGER NOT NULL, "
    "total INTEGER NULL, noted_at VARCHAR(32) NOT NULL, noted_by VARCHAR(255) NOT NULL, format INTEGER NOT NULL)"
)


def usable(home: str, *rights: str) -> str:
    """SQL: whether the table is there, in a schema whose name an expression gives, and this account may use it."""
    table = f"pg_catalog.to_regclass(pg_catalog.quote_ident({home}) || '.{TABLE}')::oid"
    may = " AND ".join(f"pg_catalog.has_table_privilege({table}, '{one}')" for one in rights or ("SELECT", "DELETE"))
    return f"coalesce({may}, false)"


@dataclass(slots=True)
class PostgresqlAsides:
    """The notes of one database for one history table.

    ``step`` is the one that runs, ``by`` who runs it; ``taken`` are the indexes that it has made or dropped until now,
    or taken as that, ``skipped`` how many of them without a statement, ``begun`` what it was about to do. ``home`` is
    the schema of the table.
    """

    database: peewee.Database
    history: str
    home: str = ""
    step: Step | None = None
    by: str = ""
    taken: set[str] = field(default_factory=set)
    skipped: int = 0
    begun: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def begin(self, step: Step, by: str) -> None:
        if self.step != step:
            self.begun = {}
        self.step, self.by, self.taken, self.skipped = step, by, set(), 0

    @property
    def execute(self) -> Execute:
        return on(self.database)

    @property
    def table(self) -> str:
        return f"{quote(self.home)}.{TABLE}"

    def find_home(self) -> None:
        """Learn where the history is: behind the end of a turn's transaction nobody tells any more."""
        self.home = ask(self.execute, f"SELECT {_HOME}", (self.home,))[0][0] or "public"

    def exists(self) -> bool:
        return bool(ask(self.execute, f"SELECT {usable(MARK)}", (self.home, self.home))[0][0])

    def _may_look(self) -> bool:
        """Learn where the history is, and whether its notes are there and may be read."""
        asked = f"SELECT {_HOME}, {usable(_HOME, 'SELECT')}"
        home, there = ask(self.execute, asked, (self.home, self.home))[0]
        self.home = home or "public"
        return bool(there)

    def note(self, index: str, place: tuple[int, int | None], statement: str = "") -> None:
        """Outside of a transaction: commit that an index, as SQL has it, is about to be dropped; or to be made, by a
        statement.

        ``place``: how many statements the step has sent, and how many come behind this one, where that is known. An
        account that may make no table, or may not write this one, goes on without.
        """
        assert self.step is not None
        self.taken.add(index)
        step, now = self.step, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        kind = _MAKES if statement else _DROPS
        if not statement:
            asked = f"SELECT pg_catalog.pg_get_indexdef(pg_catalog.to_regclass({MARK}))"
            statement = ask(self.execute, asked, (index,))[0][0]
        position = place[0] + self.skipped + 1
        total = None if place[1] is None else position + place[1]
        self.begun[index] = (kind == _MAKES, index, statement, position, total, now, self.by)
        facts = (self.history, step.name, step.direction.value, step.checksum, kind, index, statement, position, total)
        values = (*facts, now, self.by, _FORMAT)
        try:
            self._create()
            self._forget(index)
            ask(self.execute, self._inserting(len(values)), values)
        except Exception as error:
            if sqlstate(error) != _MAY_NOT:
                raise

    def _inserting(self, count: int) -> str:
        """Numbered by itself: it is one runner's turn, and a sequence of a copied database may go back in a crash."""
        number = f"(SELECT coalesce(max(id), 0) + 1 FROM {self.table})"
        return f"INSERT INTO {self.table} (id, {', '.join(_COLUMNS)}) VALUES ({number}, {marks(count)})"

    def _create(self) -> None:
        """Where it is there, nothing is tried: IF NOT EXISTS asks for the right to make one all the same."""
        if not self.exists():
            self.execute(f"CREATE TABLE IF NOT EXISTS {self.table} {_SHAPE}")

    def settle(self, index: str) -> None:
        """Let go of what is noted of an index of which nothing stays."""
        if any(one.name == index and not one.stays for one in self._mine()):
            self._forget(index)

    def _forget(self, index: str) -> None:
        assert self.step is not None
        where = f"history = {MARK} AND migration = {MARK} AND direction = {MARK} AND object = {MARK}"
        values = (self.history, self.step.name, self.step.direction.value, index)
        ask(self.execute, f"DELETE FROM {self.table} WHERE {where}", values)

    def took(self, index: str) -> bool:
        """Whether a run of the step that was stopped has dropped an index; from now on it counts as dropped.

        Its file may have been mended since: what it asks for decides, and that is the same drop. Asked for once more,
        there is no such index.
        """
        if index in self.taken or not any(one.name == index and one.is_gone for one in self._mine()):
            return False
        self.uses(index)
        return True

    def uses(self, index: str) -> None:
        """The step takes what a run of it that was stopped has done."""
        self.taken.add(index)
        self.skipped += 1

    def noted(self) -> tuple[Aside, ...]:
        """What is noted of all migrations, in both directions."""
        if not self._may_look():
            return ()
        sql = f"SELECT {_TOLD} FROM {self.table} WHERE history = {MARK} ORDER BY id"
        return tuple(_aside(row) for row in ask(self.execute, sql, (self.history,)))

    def _mine(self) -> list[Aside]:
        """What is noted of the step."""
        assert self.step is not None
        this = (self.step.name, self.step.direction.value)
        return [one for one in self.noted() if (one.migration, one.direction) == this]

    def standing(self) -> tuple[Aside, ...]:
        """Of each migration and direction the last thing that stays; what is under way is none."""
        from pwmig.dialects.postgresql.session import holder

        if not self.noted() or holder(self.execute):
            return ()
        # Asked for again, it is without what has ended meanwhile.
        return tuple({(one.migration, one.direction): one for one in self.noted() if one.stays}.values())

    def left(self, step: Step) -> tuple[Aside, ...]:
        """What stays of a step that has failed, done by this run or by one before."""
        if self.step != step:
            self.begin(step, "")
        noted = self._mine()
        names = {one.name for one in noted}
        valid = f"SELECT i.indisvalid FROM pg_catalog.pg_index AS i WHERE i.indexrelid = pg_catalog.to_regclass({MARK})"
        for name, facts in self.begun.items():
            if name not in names:  # This account may write no notes.
                found = ask(self.execute, valid, (name,))
                noted.append(_aside((step.name, step.direction.value, *facts, found[0][0] if found else None)))
        return tuple(one for one in noted if one.stays)

    def clear(self, migration: str) -> tuple[Aside, ...]:
        """Let go of what is noted of a migration, in the transaction of its history row.

        Gives what stays though the step has run and has not done it, nor taken it as done; of one that has not run,
        what pwmig has made for itself.
        """
        self.find_home()
        where = f"history = {MARK} AND migration = {MARK}"
        sql = f"DELETE FROM {self.table} WHERE {where} RETURNING {_TOLD}"
        found = [_aside(row) for row in ask(self.execute, sql, (self.history, migration))]
        has_run = self.step is not None and self.step.name == migration
        return tuple(
            one
            for one in found
            if one.stays and one.name not in self.taken and (one.makes or (has_run and one.is_gone))
        )


def _aside(row: Sequence[Any]) -> Aside:
    return Aside(*row)


def copy_notes(source: Execute, target: Execute) -> None:
    """Copy the notes into another database, whose default schema is that of the history's copy."""
    if not source(f"SELECT {usable('current_schema()', 'SELECT')}")[0][0]:
        return
    names = ", ".join(("id", *_COLUMNS))
    rows = source(f"SELECT {names} FROM {TABLE} ORDER BY id")
    if rows:
        target(f"CREATE TABLE {TABLE} {_SHAPE}")
    for row in rows:
        ask(target, f"INSERT INTO {TABLE} ({names}) VALUES ({marks(len(row))})", row)
