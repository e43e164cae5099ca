"""What a batch asked of its tables and has not run yet: one ALTER TABLE a table takes it all.

A clause may wait for as long as nobody could tell: what is asked next is planned against the database as it is, so it
has to be about other columns, constraints and indexes than those that wait. Where it is not, what waits is run first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import field
from typing import TYPE_CHECKING

from pwmig.errors import OperationRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Operation
    from pwmig.schema import Column

__all__ = ["DEFAULT", "NO_DEFAULT", "OPTIONAL", "REQUIRED", "Clause", "Key", "Waiting", "WaitingTable", "mentions"]

REQUIRED, OPTIONAL, DEFAULT, NO_DEFAULT = "NOT NULL", "NULL", "DEFAULT", "no DEFAULT"
"""Facts of a column that a clause may set, and nothing else of it."""

Key = tuple[str, str]
"""A table: its schema, and its name there."""

Explain = Callable[[Exception, bool], OperationRefused | None]
"""What an error says of a clause: a refusal, or None where it is about something else; True: it was alone."""


def mentions(text: str, name: str) -> bool:
    """Whether a name may stand in a text, of SQL or of words: rather once too often than once too seldom."""
    text, name = text.lower(), name.lower()
    spelled = {name, name.replace('"', '""'), name.replace("`", "``")}
    return any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text) is not None for one in spelled)


@dataclass(frozen=True, slots=True)
class Clause:
    """What one operation adds to the ALTER TABLE of its table.

    ``names`` are the columns, constraints and indexes that it changes, makes or takes away; what it only reads stands
    in its texts, or ``about`` it. ``beside`` are indexes of what it makes, in the same ALTER TABLE or in one of their
    own; ``then`` goes into a second ALTER TABLE, ``after`` are statements behind that.
    ``fact`` is what it changes of a column, ``lets`` the facts that may be changed behind it in the same statement, and
    ``column`` the whole that it makes of one, where it says all of it.
    ``adds`` is a column that it makes, and does nothing else but for what is that column's own; ``place``, the end of
    its text, says behind which other one, if it says so.
    ``others`` are tables that it leads to. ``light``: it changes only whether a column may be NULL, or its default.
    ``indexes``: it makes or drops an index and does nothing else.
    """

    changes: tuple[str, ...]
    names: frozenset[str]
    beside: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    others: frozenset[Key] = frozenset()
    explain: Explain | None = None
    light: bool = False
    indexes: bool = False
    fact: str = ""
    lets: frozenset[str] = frozenset()
    column: Column | None = None
    adds: str = ""
    place: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        return (*self.changes, *self.beside, *self.then, *self.after, *self.about)

    def has(self, name: str) -> bool:
        """Whether it changes a thing of that name."""
        return name.lower() in {own.lower() for own in self.names}

    def stops(self, name: str, *, reads: bool = False, light: bool = False, fact: str = "") -> bool:
        """Whether it has to be run before something else changes a thing of that name.

        ``reads``: before something reads of a column its name and type; ``light``, ``fact``: or changes nothing else.
        """
        if self.has(name):
            return not (reads and self.light) and fact not in self.lets
        return not reads and not light and any(mentions(text, name) for text in self.texts)

    def meets(self, later: Clause) -> bool:
        """Whether a later one changes what this one changes or reads, or reads what this one changes.

        Columns are added one after the other, so one may have its place behind another one.
        """
        if any(self.stops(name, light=later.light, fact=later.fact) for name in later.names):
            return True
        read = [name for name in self.names if not self.light and not later.has(name)]
        place = later.place if self.adds else ""
        return any(mentions(text.removesuffix(place), name) for text in later.texts for name in read)

    @property
    def is_unclear(self) -> bool:
        """Whether a name in it may be spelled so that it is not found: ``U&"..."``."""
        return any('u&"' in text.lower() for text in self.texts)


@dataclass(slots=True)
class WaitingTable:
    """The clauses that wait for one table, in their order; ``sql`` is its name in a statement, ``wanted`` are the
    operations that have left them there."""

    sql: str
    clauses: list[Clause] = field(default_factory=list)
    wanted: list[Operation] = field(default_factory=list)

    @property
    def goes_with_drops(self) -> bool:
        """Whether nothing in it leads to another table, or is an index, for which instant drops would not wait."""
        return not any(clause.others or clause.indexes or clause.beside for clause in self.clauses)

    def explained(self, error: Exception) -> OperationRefused | None:
        """The refusal that an error of the statement means, if a clause knows."""
        alone = len(self.clauses) == 1
        found = (clause.explain(error, alone) for clause in self.clauses if clause.explain is not None)
        return next((refusal for refusal in found if refusal is not None), None)


class Waiting:
    """What waits in one batch, by table.

    ``patient``: operations may leave clauses here; ``failed``: some were run and the database refused them. ``wanted``
    is the operation that is run.

    How many statements the batch sends yet: ``coming`` are the operations that are not begun, ``altering`` counts what
    is left of a table whose clauses are run, ``expected`` what the operation that is run sends by itself; None where
    that is not known. ``counted`` is False of a batch within another, behind which that one goes on; ``depth`` says how
    many operations are run, one within the other.
    """

    wanted: Operation | None = None
    counted = True
    depth = 0
    coming: list[Operation] | None = None
    altering: int | None = 0
    expected: int | None = 0

    def __init__(self) -> None:
        self.tables: dict[Key, WaitingTable] = {}
        self.patient = True
        self.failed = False

    def __bool__(self) -> bool:
        return bool(self.tables)

    def add(self, key: Key, sql: str, clause: Clause) -> None:
        table = self.tables.setdefault(key, WaitingTable(sql))
        table.clauses.append(clause)
        if self.wanted is not None:
            table.wanted.append(self.wanted)

    def stops(self, key: Key, name: str, *, reads: bool = False, light: bool = False, fact: str = "") -> bool:
        """Whether a clause for the table has to be run first; see :meth:`Clause.stops`."""
        return any(clause.stops(name, reads=reads, light=light, fact=fact) for clause in self._of(key))

    def planned(self, key: Key, name: str) -> Clause | None:
        """The only clause that changes a column, where it says all of it: another may take its place."""
        found = [clause for clause in self._of(key) if clause.has(name)]
        return found[0] if len(found) == 1 and found[0].column is not None else None

    def take(self, key: Key, clause: Clause) -> None:
        """Let a clause wait no more: another takes its place."""
        self.tables[key].clauses.remove(clause)

    def meets(self, key: Key, clause: Clause) -> bool:
        return any(waiting.meets(clause) or waiting.is_unclear for waiting in self._of(key)) or clause.is_unclear

    def added(self, key: Key) -> list[str] | None:
        """The columns that clauses for the table make; None where others may take names away, or change them."""
        clauses = list(self._of(key))
        if not all(clause.adds or clause.light or clause.column is not None for clause in clauses):
            return None
        return [clause.adds for clause in clauses if clause.adds]

    def naming(self, name: str) -> list[Key]:
        """The tables for which a clause waits that changes a thing of that name."""
        return [key for key in self.tables if self.stops(key, name, light=True)]

    def leading_to(self, key: Key) -> list[Key]:
        """The tables for which a clause waits that leads to that table."""
        return [own for own in self.tables if any(key in clause.others for clause in self._of(own))]

    def may_undo(self, refusal: OperationRefused) -> bool:
        """Whether a refusal may be over when what waits has run: what stands in the way is something it changes."""
        names = {name for table in self.tables.values() for clause in table.clauses for name in clause.names}
        told = f"{refusal.what} {refusal.way_out}"
        return any(mentions(told, name) or mentions(told, repr(name)[1:-1]) for name in names)

    def texts(self, key: Key) -> list[str]:
        """What waits for a table, change by change."""
        return [change for clause in self._of(key) for change in clause.changes]

    def _of(self, key: Key) -> Iterable[Clause]:
        table = self.tables.get(key)
        return table.clauses if table else ()
