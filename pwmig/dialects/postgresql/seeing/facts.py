"""The catalog's answers, by the relation they are about, as they came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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
    parts: dict[tuple[int, int], Row] = field(default_factory=dict)
    constraints: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    indexes_by_oid: dict[int, Row] = field(default_factory=dict)
    constraint_oids: list[int] = field(default_factory=list)
    comments: dict[tuple[int, int], str] = field(default_factory=dict)
    constraint_comments: dict[int, str] = field(default_factory=dict)
    grants: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    sequences: dict[tuple[int, int], list[Sequence]] = field(default_factory=lambda: defaultdict(list))
    others: dict[str, dict[int, list[list[Any]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    described: set[int] = field(default_factory=set)
    """The relations that have a comment or a grant on one of their columns, or a sequence."""

    @property
    def index_oids(self) -> Iterable[int]:
        return self.indexes_by_oid

    def take_columns(self, rows: Iterable[Row]) -> None:
        for row in sorted(rows, key=lambda row: int(row[2])):
            self.columns[row[0]].append(row)

    def take_indexes(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row[1] is None:
                self.parts[row[2], row[4]] = row
            else:
                self.indexes[row[0]].append(row)
                self.indexes_by_oid[row[2]] = row

    def take_constraints(self, rows: Iterable[Row]) -> None:
        for row in rows:
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
        self.described = {key for of in (self.comments, self.grants, self.sequences) for key, number in of if number}

    def _sequence(self, facts: list[Any]) -> Sequence:
        schema, name, kind, start, step, least, most, cache, cycle, unlogged, oid, *grants = facts
        return Sequence(
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

    def of(self, kind: str, key: int) -> Iterator[list[Any]]:
        """The facts of a kind that belong to a thing."""
        return iter(self.others[kind][key]) if kind in self.others and key in self.others[kind] else iter(())
