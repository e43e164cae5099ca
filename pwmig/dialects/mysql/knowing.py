"""From the rows of a journal to how its tables have to be defined by now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from pwmig.dialects.mysql.noting import ROWS
from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.mysql.touched import Definition, Moves, moves, names_in, unlike
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.mysql.noting import Noted

__all__ = ["Known", "known_of", "lacking"]


_NOTHING_HERE = (*ROWS, "away", "failed")
"""The kinds of statements that change no table of the project's database."""


@dataclass(frozen=True, slots=True)
class Known:
    """``told`` is how the tables were defined when they were last looked at, of those that nothing has changed since.

    ``unseen`` are the others, each with the statement that took effect behind that, and how it was defined ahead of it.
    """

    told: Mapping[str, Definition] = field(default_factory=dict)
    unseen: Mapping[str, tuple[Noted, Definition]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.told, *self.unseen)

    def strange(self, now: Mapping[str, Definition], replay: Replay) -> tuple[str, ...]:
        """The tables that are neither as they were told to be, nor as a statement that nobody has seen the effect of
        would have them; ``replay`` gives how its tables may be defined behind that, and nothing where it can't tell."""
        found = unlike(self.told, now)
        rows = {row.id: row for row, _ in self.unseen.values()}
        for number, row in rows.items():
            before = {name: was for name, (of, was) in self.unseen.items() if of.id == number}
            if unlike(before, now):
                found += _strange_behind(row, before, now, replay)
        return tuple(found)


Replay = Callable[["Noted"], Iterable[Mapping[str, Definition]]]


def _strange_behind(
    row: Noted, before: Mapping[str, Definition], now: Mapping[str, Definition], replay: Replay
) -> list[str]:
    first: list[str] = []
    for made in replay(row):
        found = [name for name in unlike(before, now) if now[name] != made.get(name, before[name])]
        if not found:
            return []
        first = first or found
    return first


def lacking(
    rows: Sequence[Noted], look: Callable[[Iterable[str]], Mapping[str, Definition]], replay: Replay
) -> dict[str, str]:
    """The tables that are as they were before a statement of a run, once all that it has told of took effect; each with
    that statement. ``look`` gives how tables are defined now. Of what a replay can't tell, nothing is known."""
    last = next((row for row in reversed(rows) if row.kind not in _NOTHING_HERE), None)
    known = known_of(rows, [row is last or row.state != "failed" for row in rows])
    now = look(known.names)
    found = unlike(known.told, now)
    for name, (row, _) in known.unseen.items():
        ways = [made[name] for made in replay(row) if name in made]
        found += [name] if ways and now.get(name) not in ways else []
    ahead = {name: _ahead_of(rows, name, now[name]) for name in found if name in now}
    return {name: row.statement for name, row in ahead.items() if row is not None}


def _ahead_of(rows: Sequence[Noted], name: str, text: Definition) -> Noted | None:
    """The last statement ahead of which a table was defined so, if there is one."""
    fitting = [row for row in rows if name in row.tables and row.tables[name] == text and row.kind != "failed"]
    own = [row for row in fitting if name in names_in(row.statement)]
    return next(reversed(own or fitting), None)


def known_of(rows: Sequence[Noted], effects: Sequence[bool]) -> Known:
    """``effects`` says of each row whether it took effect."""
    told: dict[str, Definition] = {}
    unseen: dict[str, tuple[Noted, Definition]] = {}
    for row, took_effect in zip(rows, effects, strict=True):
        changes = took_effect and row.kind not in _NOTHING_HERE
        meant = (names_in(row.statement) or row.tables) if changes else ()
        for name, text in row.tables.items():
            told.pop(name, None)
            unseen.pop(name, None)
            if name in meant:
                unseen[name] = row, text
            else:
                told[name] = text
        if changes and (moved := moves(row.statement)) != Moves():
            told = {name: _led(text, moved) for name, text in told.items()}
            unseen = {name: one for name, one in unseen.items() if one[0] is row or _led(one[1], moved) == one[1]}
    return Known(told, unseen)


def _led(text: Definition, moved: Moves) -> Definition:
    """A definition whose foreign keys lead to what is called otherwise: the server writes them anew."""
    if text is None:
        return None
    for table, old, new in moved.columns:
        keys = re.compile(rf"(?<= REFERENCES {re.escape(quote(table))} )\((?:`(?:[^`]|``)*`(?:, )?)+\)")
        for found in reversed(list(keys.finditer(text))):
            text = text[: found.start()] + found[0].replace(quote(old), quote(new)) + text[found.end() :]
    for old, new in moved.tables:
        text = text.replace(f" REFERENCES {quote(old)} ", f" REFERENCES {quote(new)} ")
    return text
