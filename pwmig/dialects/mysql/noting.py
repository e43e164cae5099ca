"""What a running migration tells the journal, statement by statement, and how a row of it is made."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.mysql.touched import Definition, definitions, names_in, tokens_of
from pwmig.dialects.server.asking import MARK, ask
from pwmig.dialects.server.errors import driver_error
from pwmig.dialects.server.tokens import MYSQL
from pwmig.records import dataclass
from pwmig.states import place_in_words

if TYPE_CHECKING:
    from pwmig.dialects.mysql.journal import MySQLJournal
    from pwmig.dialects.units import Units

__all__ = ["COLUMNS", "ROWS", "Noted", "Writer"]

_FORMAT = 1
COLUMNS = (
    *("history", "migration", "direction", "way", "position", "kind", "statement", "tables", "state", "row_count"),
    *("noted_at", "noted_by", "unit", "call_text", "results", "attic", "format", "total"),
)
_RESULTS, _UNIT = COLUMNS.index("results"), COLUMNS.index("unit")
_MOST_ROWS = 200
"""So many texts of statements that write rows are told between two that commit; of more, their number."""
_SILENT = frozenset(
    ("SELECT", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "SET", "SAVEPOINT", "RELEASE", "ROLLBACK", "DO", "USE", "VALUES")
)
_LOCKED = ((1100,), (1099,), (1223,))
"""A table can't be written since others are locked (https://mariadb.com/kb/en/lock-tables/)."""
ROWS = ("rows", "own", "given", "more")
"""The kinds of statements that write rows."""
_NOT_KEPT = frozenset(("LOCK", "UNLOCK", "FLUSH", "ANALYZE"))
"""Statements that commit and change nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A row of the journal. ``way`` is ``run``, or ``undo`` of a statement that takes a half-applied migration back.

    ``kind``: of a statement that commits ``raw`` where the migration itself sent it, ``schema`` where an operation did,
    ``forgets`` where that may take values which nothing keeps, ``attic`` where the attic did; of one that writes rows
    ``rows``, ``own``, ``given`` likewise, ``more`` of many that are told as one; ``beyond`` of one that was sent past
    Peewee, ``away`` of one that was sent in another database, and ``failed`` of the one at which the migration failed.
    ``tables`` is how the tables that the statement before it and this one are about were defined. ``state``: ``begun``,
    ``done``, ``failed``. ``unit`` is the part of the step, with its ``call``; of statements alike that follow each
    other the first one's, and each one's ``results``. ``attic`` is the number of the last thing there before it.
    ``total`` is how many statements the step sends in all, None where that was not known.
    """

    id: int
    migration: str
    direction: str
    way: str
    position: int
    kind: str
    statement: str
    tables: Mapping[str, Definition]
    state: str
    row_count: int
    at: str
    by: str
    unit: int
    call: str
    results: Sequence[Sequence[int]]
    attic: int
    total: int | None


@dataclass(slots=True)
class Writer:
    """Hears of the statements of one step ahead of each, and writes of them what has to be known after a crash.

    ``text`` gives the text of the statement under way as the migration wrote it, without the values; ``speaker``
    says who sends it.
    """

    journal: MySQLJournal
    migration: str
    direction: str
    by: str
    text: Callable[[], str | None]
    speaker: Callable[[], str]
    units: Units
    way: str = "run"
    unit: int | None = None
    goes_on: bool = False
    position: int = 0
    listening: bool = True
    _rows: list[list[Any]] = field(default_factory=list)
    _last: list[str] = field(default_factory=list)
    _failed: list[int] = field(default_factory=list)
    _failing: tuple[int, str] | None = None
    _total: int | None = None
    _forgets: bool = False
    _home: str = ""
    """The database that the journal is in, known once the migration goes to another one."""
    _is_away: bool = False
    wrote: bool = False
    """Whether a row stands in the table, or may."""

    def ahead(self, sql: str, *, commits: bool, own: bool) -> None:
        """A statement is about to be sent."""
        if not self.listening or (own and not commits):
            return
        verb = MYSQL.verb(sql)
        if verb == "USE" and not self._home:
            self._home = str(self.journal.execute("SELECT DATABASE()")[0][0])
        if not commits and verb in _SILENT:
            return
        with self._at_home():
            if own:  # Behind a statement that failed it may be the attic that tidies up.
                total, self._total = self._total, None
                self._ahead_of_own(sql, verb)
                self._total = total
            else:
                self._ahead_of_others(sql, commits)

    @contextmanager
    def _at_home(self) -> Iterator[None]:
        """The database connected to is the journal's; the migration may have gone to another one by USE."""
        execute = self.journal.execute
        there = execute("SELECT DATABASE()")[0][0] if self._home else self._home
        if there == self._home:
            yield
            return
        execute(f"USE {quote(self._home)}")
        self._is_away = True
        try:
            yield
        finally:
            self._is_away = False
            if there is not None:
                execute(f"USE {quote(str(there))}")

    def _ahead_of_others(self, sql: str, commits: bool) -> None:
        self._failing = None
        left = self.units.left() if self.way == "run" and not self.goes_on else None
        self._total = None if left is None else self.position + left
        self.position += 1
        text = self.text() or sql
        self._failing = (self.position, text)
        if commits:
            kind = "raw" if not self.speaker() else "forgets" if self._forgets else "schema"
            if not (self.units.is_own or self.units.is_batch or self.speaker()):
                kind = "beyond"
            names = self._about(sql)
            if self._is_away:  # What it names is not what has that name here.
                kind, names = "away", []
            self._tell(self._row(kind, text, self._look(names), "begun"), names)
        else:
            self._note(text)

    def _ahead_of_own(self, sql: str, verb: str) -> None:
        """The attic's: what moves a table of the project's away is a change of it; all of them commit."""
        names = names_in(sql) if verb not in _NOT_KEPT else []
        if names:
            self.position += 1
            self._tell(self._row("attic", sql, self._look(names), "begun"), names)
        elif self._rows:
            self._tell(None, self._last)

    def _note(self, text: str) -> None:
        kind = {"": "rows", "operation": "own"}.get(self.speaker(), "given")
        if kind == "rows" and not (self.units.is_own or self.units.is_batch):
            kind = "beyond"
        last = self._rows[-1] if self._rows else None
        if last is not None and (last[5], last[6]) == (kind, text) and not self.units.is_batch:
            last[9] += 1
        elif len(self._rows) < _MOST_ROWS:
            self._rows.append(self._row(kind, text, {}, "done"))
        elif last is not None:
            last[5], last[9] = "more", last[9] + 1

    def _row(self, kind: str, text: str, tables: Mapping[str, Definition], state: str) -> list[Any]:
        text = text.replace("%%", "%")
        facts = (self.journal.history, self.migration, self.direction, self.way, self.position, kind, text)
        units = self.units
        unit = units.number if self.unit is None else self.unit
        told: tuple[Any, ...] = (unit, units.call, [], units.since, _FORMAT, self._total)
        return [*facts, json.dumps(tables), state, 1, _now(), self.by, *told]

    def _look(self, names: Sequence[str]) -> dict[str, Definition]:
        """How what a statement and the one before it are about is defined now."""
        return definitions(self.journal.execute, dict.fromkeys((*self._last, *names)))

    def _about(self, sql: str) -> list[str]:
        return [*names_in(sql), *self._of_trigger(sql)]

    def _of_trigger(self, sql: str) -> list[str]:
        tokens = tokens_of(sql) if MYSQL.verb(sql) == "DROP" else []
        if not any(token.is_word("TRIGGER") for token in tokens[1:2]):
            return []
        text = "SELECT EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() "
        return [
            str(row[0]) for row in ask(self.journal.execute, f"{text}AND TRIGGER_NAME = {MARK}", (tokens[-1].name,))
        ]

    def _tell(self, row: list[Any] | None, names: list[str]) -> None:
        every = [*self._rows, *([row] if row is not None else [])]
        self._last = names
        try:
            self.journal.add([[json.dumps(one) if isinstance(one, list) else one for one in told] for told in every])
        except Exception as error:
            if driver_error(error).args[:1] not in _LOCKED:
                raise
            self._rows = every  # The migration has locked tables itself: it is told with what comes behind that.
            return
        self.wrote, self._rows = True, []

    def forgo(self) -> None:
        self._rows = []

    def result(self, cursor: Any) -> None:
        if self._rows and self._rows[-1][5] == "rows":
            told = getattr(cursor, "rowcount", -1), getattr(cursor, "lastrowid", 0)
            self._rows[-1][_RESULTS].append([int(one or 0) for one in told])

    @property
    def where(self) -> str:
        """At which statement the step has stopped, in words; empty where that is none."""
        return place_in_words(self._failing[0], self._total) if self._failing is not None else ""

    def forgets(self) -> None:
        """From now on operations may take values that nothing keeps."""
        self._forgets = True

    def done(self) -> None:
        """The statement came to its end; what it only looks for, or rolls back, says nothing of one that failed."""
        if self._failing is not None and self._failing[0] not in self._failed:
            self._failing = None

    def failed(self) -> None:
        """The statement failed: the server says that it has done nothing."""
        if self._failing is not None:
            self._failed.append(self._failing[0])

    def stopped(self) -> None:
        """The step has failed and is rolled back: what it left is told as it is, or nothing where it left nothing."""
        self.listening = False
        if self.wrote:
            with self._at_home():
                self._tell_left()

    def _tell_left(self) -> None:
        journal = self.journal
        rows = journal.noted(self.migration)
        mine = [row for row in rows if row.state == "begun" or row.kind in ROWS]
        stays = [row for row in mine if row.position not in self._failed]
        if not stays and len(mine) == len(rows) and not self.goes_on:
            journal.clear(self.migration)
            return
        told = {row.position for row in rows if row.way == self.way}
        journal.settle(self.migration, self._failed)
        if self._failing is not None and self._failing[0] not in told:
            position, text = self._failing
            now = definitions(journal.execute, self._last)
            self._add_failed(position, text, now)
        elif self._failing is None:
            self.position, self._total = self.position + 1, None
            now = definitions(journal.execute, self._last)
            self._add_failed(self.position, "(the code behind it)", now)

    def _add_failed(self, position: int, text: str, tables: Mapping[str, Definition]) -> None:
        row = self._row("failed", text, tables, "failed")
        row[4], row[_RESULTS] = position, "[]"
        if self.unit is None:  # Rows that were written since the last change of the schema are rolled back.
            row[_UNIT] = self._rows[0][_UNIT] if self._rows else self.units.completed + 1
        self.journal.add([row])

    def close(self) -> None:
        """The history is about to have the step."""
        self.listening = False
        if self.wrote:
            self.journal.clear(self.migration)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
