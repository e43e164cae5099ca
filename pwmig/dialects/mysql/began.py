"""From the rows of a journal to what a migration began with: each statement is followed, name by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from pwmig.dialects.mysql.touched import moves, names_in, tokens_of
from pwmig.dialects.server.tokens import MYSQL
from pwmig.dialects.started import Start
from pwmig.dialects.units import Progress
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.mysql.noting import Noted

__all__ = ["began"]

_KEEPS = ("INDEX", "KEY", "CONSTRAINT", "FOREIGN", "CHECK", "DEFAULT", "PRIMARY")
"""What may be dropped without a value going with it."""


def began(rows: Sequence[Noted], effects: Sequence[bool]) -> Start:
    """``effects`` says of each row whether it took effect."""
    made = _Following()
    for row, took_effect in zip(rows, effects, strict=True):
        made.see(row)
        if took_effect:
            made.follow(row)
    return made.start()


@dataclass(slots=True)
class _Following:
    now: dict[str, str | None] = field(default_factory=dict)
    """What each name of now was called at the start; None for what was not there."""
    definitions: dict[str, str] = field(default_factory=dict)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)

    def see(self, row: Noted) -> None:
        for name, text in row.tables.items():
            if name in self.now:
                continue
            self.now[name] = name if text is not None else None
            if text is not None:
                self.definitions[name] = text

    def follow(self, row: Noted) -> None:
        if row.kind in ("rows", "more") or (row.kind == "beyond" and not row.tables):
            if self._writes_of_before(row.statement):
                self.rows.append(row.statement)
                self.lost.append(row.statement)
            return
        if row.kind not in ("schema", "raw", "forgets", "attic", "beyond"):
            return
        verb = MYSQL.verb(row.statement)
        if row.kind in ("raw", "forgets", "beyond") and self._takes(verb, row.statement):
            self.lost.append(row.statement)
        moved = moves(row.statement)
        for old, new in moved.tables:
            self._rename(old, new)
        for table, old, new in moved.columns:
            self._rename_column(table, old, new)
        if verb == "DROP" and _is_about(row.statement, "TABLE", "VIEW"):
            for name in names_in(row.statement):
                self._drop(name)
        elif verb == "CREATE" and _is_about(row.statement, "TABLE", "VIEW"):
            for name in names_in(row.statement)[:1]:
                self.present.add(name)

    def _rename(self, old: str, new: str) -> None:
        was = self.now.get(old)
        self.now[old] = None
        if new.startswith("pwmig_"):
            if was is not None:
                self.gone.add(was)
            return
        self.now[new] = was
        if old in self.present:
            self.present.discard(old)
            self.present.add(new)

    def _rename_column(self, table: str, old: str, new: str) -> None:
        was = self.now.get(table)
        if was is None:
            return
        first = next((name for (of, name), now in self.columns.items() if of == was and now == old), old)
        self.columns[was, first] = new

    def _drop(self, name: str) -> None:
        was = self.now.get(name)
        self.now[name] = None
        self.present.discard(name)
        if was is not None:
            self.gone.add(was)

    def _is_of_before(self, name: str) -> bool:
        return name not in self.now or self.now[name] is not None

    def _writes_of_before(self, sql: str) -> bool:
        """Whether it may write rows of a table that was there at the start."""
        tokens = MYSQL.tokens(sql)
        verb = tokens[0].text.upper() if tokens else ""
        if verb in ("INSERT", "REPLACE"):
            name = next((one.name for one in tokens_of(sql)[1:6] if one.is_name and not one.is_word(*_WORDS)), "")
            return self._is_of_before(name)
        names = [one.name for one in tokens[1:] if one.is_name]
        named = [name for name in names if name in self.now]
        return not named or any(self._is_of_before(name) for name in named)

    def _takes(self, verb: str, sql: str) -> bool:
        """Whether values of before go with it, which nothing keeps."""
        names = names_in(sql)
        if names and not any(self._is_of_before(name) for name in names):
            return False
        if verb == "TRUNCATE" or (verb == "DROP" and _is_about(sql, "TABLE")):
            return True
        if verb != "ALTER":
            return False
        tokens = tokens_of(sql)
        for place, token in enumerate(tokens[:-1]):
            if token.is_word("MODIFY", "CHANGE", "CONVERT", "TRUNCATE", "EXCHANGE"):
                return True
            if token.is_word("DROP") and not tokens[place + 1].is_word(*_KEEPS):
                return True
        return False

    def start(self) -> Start:
        there = {was: name for name, was in self.now.items() if was is not None}
        made = frozenset(name for name in self.present if self.now.get(name) is None)
        return Start(
            self.definitions,
            {was: name for was, name in there.items() if was != name},
            {(was, first): now for (was, first), now in self.columns.items() if first != now and was in there},
            made,
            frozenset(name for name in made if name in self.definitions and name not in there),
            lost=tuple(self.lost),
            rows=tuple(self.rows),
        )


_WORDS = ("INTO", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE")


def _is_about(sql: str, *kinds: str) -> bool:
    return any(token.is_word(*kinds) for token in MYSQL.tokens(sql)[1:4])


def progress_of(rows: Sequence[Noted], effects: Sequence[bool]) -> Progress:
    """Which parts of a step took effect as a whole: all ahead of the last one that is told of."""
    calls: dict[int, str] = {}
    results: dict[int, tuple[int, int]] = {}
    unknown = ""
    for row in rows:
        if row.kind in ("more", "beyond"):
            unknown = row.statement
        if row.kind != "failed" and row.way == "run":
            for place in range(_span(row)):
                calls[row.unit + place] = row.call
                if place < len(row.results):
                    found = row.results[place]
                    results[row.unit + place] = (found[0], found[1])
    last = max(row.unit + _span(row) - 1 for row in rows)
    own = [(row, took_effect) for row, took_effect in zip(rows, effects, strict=True) if row.unit + _span(row) > last]
    committed = [row for row, took_effect in own if took_effect]
    whole = bool(committed) and all(
        row.kind in ("raw", "rows", "away") and row.call == row.statement for row in committed
    )
    since = own[0][0].attic
    return Progress(last if whole else last - 1, calls, results, bool(committed) and not whole, since, unknown)


def _span(row: Noted) -> int:
    """Of how many parts a row tells."""
    return row.row_count if row.kind == "rows" and row.call == row.statement else 1
