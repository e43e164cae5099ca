"""What PostgreSQL's attic takes for the same: a cell and what was kept of it, a number and what a sequence gave."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pwmig.dialects.server.attic import ServerShelf
from pwmig.dialects.shelved import ROUNDED, Counts, Place, Unique

__all__ = ["SEQUENCES", "Comparing", "converted", "is_text"]

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_TIMES = ("timestamp", "date")
_TEXTS = ("text", "character")
_FLOATS = {"real", "double precision"}

SEQUENCES = """
SELECT a.attname, s.oid::regclass::text FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = {oid}
AND d.deptype IN ('a', 'i')"""

_UNIQUES = """
SELECT (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(x.indkey[0:x.indnkeyatts - 1]::smallint[])
          WITH ORDINALITY AS k (num, n) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.num)
FROM pg_index x WHERE x.indrelid = {oid} AND x.indisunique AND NOT x.indisprimary AND x.indpred IS NULL
  AND x.indexprs IS NULL ORDER BY x.indexrelid"""


class Comparing(ServerShelf):
    """The conditions that compare. ``_made`` are columns of types that the database was given, ``_spread`` says of what
    kind a table is whose rows stand in others too; both by the tables' numbers."""

    def __init__(self, database: Any) -> None:
        super().__init__(database)
        self._spread: dict[int, str | None] = {}
        self._made: dict[int, frozenset[str]] = {}

    def same(self, one: str, other: str) -> str:
        return f'({one})::text COLLATE "C" IS NOT DISTINCT FROM ({other})::text COLLATE "C"'

    def retyped(self, number: int, place: Place, columns: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        sql = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = ?::regclass"
        kept, made = dict(self.ask(sql, [self.own(number)])), self._made.get(place.oid, ())
        types = {name: (kept[other], place.types[name]) for name, other in columns.items() if name not in made}
        return {name: pair for name, pair in types.items() if pair[0] != pair[1]}

    def says(self, now: str, kept: str, types: tuple[str, str]) -> str:
        """Numbers and times by what they are; what else there is by its text."""
        return f"({told(now, types[1], types[0])} IS NOT DISTINCT FROM {told(kept, *types)})"

    def alike(self, one: str, other: str, types: tuple[str, str]) -> tuple[str, str]:
        return self.as_text(told(one, *types)), self.as_text(told(other, types[1], types[0]))

    def as_then(self, cell: str, now: str, then: str) -> str:
        return as_then(cell, now, then)

    def as_precise(self, one: str, other: str, types: tuple[str, str]) -> tuple[str, str]:
        return (f"({one})::float8", f"({other})::float8") if set(types) == _FLOATS else (one, other)

    def is_still(self, number: int, place: Place, column: str) -> str:
        types = self.retyped(number, place, {column: "n0"}).get(column)
        if types is None:
            return super().is_still(number, place, column)
        return self.says(f"t.{self.quote(column)}", "x.n0", types)

    def uniques(self, place: Place) -> list[Unique]:
        found = [tuple(columns) for (columns,) in self.ask(_UNIQUES.format(oid=place.oid))]
        return [Unique(columns) for columns in found if set(place.columns).issuperset(columns)]

    def compared(self, place: Place, column: str, cell: str, collation: str | None = None) -> str:
        return f"{cell}::text" if column in self._made.get(place.oid, ()) else cell

    def mark_rounded(self, number: int, place: Place, column: str, states: str) -> int:
        """By what the type makes of the value: a row that was written is no more where it was."""
        types = self.retyped(number, place, {column: "v0"}).get(column)
        if types is None:
            return 0
        own = self.own(number)
        other = self.says(f"({self.value_of(own, 0, place, column)})::{types[1]}", "x.v0", types)
        self.ask(f"UPDATE {own} AS x SET s = {ROUNDED} WHERE x.s IN {states} AND NOT coalesce({other}, false)")
        return self.count(number, f"s = {ROUNDED}")

    def _called(self, place: Place, columns: Mapping[str, str], own: str) -> list[str]:
        """By the key as it was written, whatever its type was."""
        if not place.key or not all(name in columns for name in place.key):
            return []
        quoted = ((self.quote(name), self.quote(columns[name]), place.types[name]) for name in place.key)
        return [f"t.{name} = {own}.{kept}::{type_}" for name, kept, type_ in quoted]

    def _is_there(self, number: int, place: Place, columns: Mapping[str, str]) -> str:
        """Without a key all rows came back, and it is for the types to say what they made of them."""
        if place.key:
            return super()._is_there(number, place, columns)
        alike = ["true"]
        for name, types in self.retyped(number, place, columns).items():
            cell = f"{self.own(number)}.{self.quote(columns[name])}"
            alike.append(self.says(f"{cell}::{types[1]}", cell, types))
        return f"({' AND '.join(alike)})"

    def _default(self, place: Place, column: str) -> str:
        return f"({place.defaults[column]})::{place.types[column]}"

    def is_default(self, place: Place, column: str) -> str:
        """What a sequence gave when the column was added counts as its default: one command has written the table's
        rows anew, the first of which is still where it began, each with the next number."""
        nothing = super().is_default(place, column)
        sequence = self._sequence(place, column)
        if sequence is None or self._spread.get(place.oid):
            return nothing
        first = f"FROM {place.sql} WHERE ctid = '(0,1)'"
        name = sequence.replace("'", "''")
        given = (
            f"SELECT n.c FROM (SELECT ctid AS c, {self.quote(column)} AS v, row_number() OVER (ORDER BY ctid) AS n "
            f"FROM {place.sql} WHERE xmin = (SELECT xmin {first}) AND cmin = (SELECT cmin {first})) AS n, "
            f"{sequence} AS s, pg_sequence AS q WHERE q.seqrelid = '{name}'::regclass AND s.is_called "
            "AND n.v = q.seqstart + (n.n - 1) * q.seqincrement AND (s.last_value - n.v) * q.seqincrement >= 0"
        )
        return f"({nothing} OR t.ctid IN ({given}))"

    def _sequence(self, place: Place, column: str) -> str | None:
        """The sequence that gives the values of a column, as a statement names it."""
        found = dict(self.ask(SEQUENCES.format(oid=place.oid))).get(column)
        return None if found is None else str(found)

    def put(
        self, number: int, place: Place, columns: Sequence[str], *, doubtful: bool = False, older: Sequence[int] = ()
    ) -> Counts:
        """A sequence of the column goes on behind what was put back."""
        counts = super().put(number, place, columns, doubtful=doubtful, older=older)
        sequence = self._sequence(place, columns[0]) if counts.restored else None
        if sequence is not None:
            name = sequence.replace("'", "''")
            self.ask(
                f"SELECT setval('{name}', m.n) FROM (SELECT max({self.quote(columns[0])}) AS n FROM {place.sql}) AS m, "
                f"{sequence} AS s, pg_sequence AS q WHERE q.seqrelid = '{name}'::regclass AND q.seqincrement > 0 "
                "AND m.n BETWEEN s.last_value AND q.seqmax"
            )
        return counts


def told(cell: str, type_: str, other: str) -> str:
    """A cell of a type as a text, which is the same as that of a cell of the ``other`` type that says the same."""
    types = {type_, other}
    if _are(types, _NUMBERS):
        return digits(f"({cell})::float8" if types == _FLOATS else cell)
    if _are(types, (*_NUMBERS, "boolean")):
        return digits(f"({cell})::int" if type_ == "boolean" else cell)
    if _are(types, _TIMES):
        zone = any(one.endswith("with time zone") for one in types)
        return f'(({cell})::{"timestamptz" if zone else "timestamp"})::text COLLATE "C"'
    return f'({cell})::text COLLATE "C"'


def as_then(cell: str, now: str, then: str) -> str:
    """A cell as a text that a column of the type ``then`` would give of it, where that holds the same."""
    text, types = f"({cell})::text", {now, then}
    if _are(types, _NUMBERS):
        return _as_number(cell, text, now, then)
    if _are(types, _TIMES):
        zone, kind = ("tz" if then.endswith("with time zone") else ""), then.partition("(")[0].partition(" ")[0]
        cast = "date" if kind == "date" else f"timestamp{zone}"
        return f"CASE WHEN ({cell})::{cast} = {cell} THEN ({cell})::{cast}::text ELSE {text} END"
    if _are(types, _TEXTS) and (sized := re.fullmatch(r"character\((\d+)\)", then)):
        return f"CASE WHEN length({text}) <= {sized[1]} THEN rpad({text}, {sized[1]}) ELSE {text} END"
    return text if _are(types, _TEXTS) else cell


def _as_number(cell: str, text: str, now: str, then: str) -> str:
    sized, number = re.fullmatch(r"numeric\(\d+,(\d+)\)", then), f"{text}::numeric"
    if sized:
        rounded = f"round({number}, {sized[1]})"
        told = f"CASE WHEN {rounded} = {number} THEN {rounded}::text ELSE {text} END"
    elif then in _FLOATS:
        # Beyond that, a cast would be refused.
        least, most = ("1e-37", "3e38") if then == "real" else ("1e-300", "1e308")
        fits = f"{number} = 0 OR abs({number}) BETWEEN {least}::numeric AND {most}::numeric"
        same = f"({cell})::{then}::float8 = ({cell})::float8" if now in _FLOATS else f"({number})::{then} = {number}"
        told = f"CASE WHEN {fits} THEN CASE WHEN {same} THEN ({cell})::{then}::text ELSE {text} END ELSE {text} END"
    else:
        return digits(cell)
    return f"CASE WHEN {text} ~ '[0-9]' THEN {told} ELSE {text} END"


def converted(cell: str, kept: str, now: str) -> str:
    """A cell that was kept as a value of the type that its column has now: a number or a time by what it is, and what
    else there is by its text."""
    if any(_are((kept, now), words) for words in (_NUMBERS, _TIMES)):
        return f"{cell}::{now}"
    return f"{cell}::text::{now}"


def is_text(type_: str) -> bool:
    return type_.startswith(("text", "character", "bpchar")) and not type_.endswith("]")


def _are(types: Collection[str], words: tuple[str, ...]) -> bool:
    return all(type_.startswith(words) and not type_.endswith("]") for type_ in types)


def digits(cell: str) -> str:
    """A number without what stands for nothing; what is no number, as it is."""
    text = f"({cell})::text"
    plain = rf"regexp_replace({text}::numeric::text, '(\.[0-9]*[1-9])0+$|\.0+$', '\1')"
    return f"CASE WHEN {text} ~ '[0-9]' THEN {plain} ELSE {text} END COLLATE \"C\""
