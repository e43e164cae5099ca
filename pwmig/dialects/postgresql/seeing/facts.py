"""The catalog's answers, by the relation they are about, as they came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import field
from operator import itemgetter
from typing import Any, NamedTuple

from pwmig.records import dataclass
from pwmig.schema import Sequence

__all__ = ["Facts", "Relation"]

Row = tuple[Any, ...]


class Relation(NamedTuple):
    """One row of the first answer: a table, a view, or the row type of a composite type."""

    oid: int
    kind: str
    schema: str | None
    plain_name: str
    text: str | None
    parents: list[str] | None
    bound: str | None
    words: list[str] | None

    @property
    def name(self) -> str:
        return self.plain_name if self.schema is None else f"{self.schema}.{self.plain_name}"


@dataclass(slots=True)
class Facts:
    """All answers. What is rare stands in dictionaries by (relation, column number)."""

    relations: dict[int, Relation]
    columns: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    indexes: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    parts: dict[int, dict[int, list[Any]]] = field(default_factory=lambda: defaultdict(dict))
    """Of the indexes' parts that have something of their own: the expression, and what else is told of it."""
    constraints: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    indexes_by_oid: dict[int, Row] = field(default_factory=dict)
    constraint_oids: list[int] = field(default_factory=list)
    comments: dict[tuple[int, int], str] = field(default_factory=dict)
    constraint_comments: dict[int, str] = field(default_factory=dict)
    grants: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    sequences: dict[tuple[int, int], list[tuple[str, Sequence]]] = field(default_factory=lambda: defaultdict(list))
    """The sequences of a column, or of none: with the name that a default calls each by."""
    others: dict[str, dict[int, list[list[Any]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    not_nulls: dict[tuple[int, int], list[Row]] = field(default_factory=lambda: defaultdict(list))
    rare: set[tuple[int, int]] = field(default_factory=set)
    """The columns that have a comment, a grant, a sequence, or a NOT NULL of which more is told."""
    plain: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    """Columns and parts of indexes made so far: most databases have the same ones again and again."""

    @property
    def index_oids(self) -> Iterable[int]:
        return self.indexes_by_oid

    def take_columns(self, rows: Iterable[Row]) -> None:
        for row in sorted(rows, key=itemgetter(0, 2)):
            self.columns[row[0]].append(row)

    def take_indexes(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row[1] is None:
                self.parts[row[2]][row[4]] = [row[8], *row[9]]
            else:
                self.indexes[row[0]].append(row)
                self.indexes_by_oid[row[2]] = row

    def take_constraints(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row[2] == "n":
                self.not_nulls[row[0], row[5][0]].append(row)
            else:
                self.constraints[row[0]].append(row)
            self.constraint_oids.append(row[3])

    def take_rest(self, rows: Iterable[Row]) -> None:
        sequences: list[Row] = []
        for row in rows:
            key, kind, number, facts = row
            if kind == "comment":
                self.comments[key, number] = facts[0]
            elif kind == "constraint comment":
                self.constraint_comments[key] = facts[0]
            elif kind == "grants":
                self.grants[key, number] = tuple(facts)
            elif kind == "sequence":
                sequences.append(row)
            else:
                self.others[kind][key].append(facts)
        for key, _, number, facts in sequences:
            if not key or key in self.relations:
                self.sequences[key, number].append(self._sequence(facts))
        self.rare = {*self.comments, *self.grants, *self.sequences, *self.not_nulls}

    def _sequence(self, facts: list[Any]) -> tuple[str, Sequence]:
        schema, name, kind, start, step, least, most, cache, cycle, unlogged, oid, called, *grants = facts
        return called, Sequence(
            name,
            kind,
            int(start),
            int(step),
            int(least),
            int(most),
            int(cache),
            cycle == "true",
            ("UNLOGGED",) if unlogged else (),
            self.comments.get((int(oid), 0)),
            tuple(grants),
            schema,
        )

    def names(self, relation: int) -> dict[int, str]:
        """The names of a relation's columns by their numbers."""
        return {row[2]: row[1] for row in self.columns[relation]}

    def of(self, kind: str, key: int) -> Iterable[list[Any]]:
        """The facts of a kind that belong to a thing."""
        found = self.others.get(kind)
        return found.get(key, ()) if found is not None else ()
