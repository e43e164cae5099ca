"""Tables that come to stand in another schema: that is the last thing on the way there, and the first on the way back.

A move is a statement of its own, which the attic does not follow: what goes is kept, and is put back, by the name that
its table has before it moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.authoring.answers import Answers, Authored
from pwmig.operations import Operation, RunSQL
from pwmig.records import dataclass
from pwmig.schema import ForeignKey, Schema, Table

if TYPE_CHECKING:
    from pwmig.dialects.migrated import MigrationTerms

__all__ = ["Moves", "moves_of"]


@dataclass(frozen=True, slots=True)
class Moves:
    """``tables`` are those that move, by their names behind that, as they are ahead of it: with all that is new."""

    tables: Mapping[str, Table]

    def __bool__(self) -> bool:
        return bool(self.tables)

    def staying(self, declared: Schema) -> Schema:
        """What is declared, but for the moves."""
        found = (self._staying(table) for table in declared.tables)
        return replace(declared, tables=tuple(sorted(found, key=lambda table: table.name)))

    def _staying(self, table: Table) -> Table:
        there = self.tables.get(table.name, table)
        return replace(there, foreign_keys=tuple(map(self._leading, table.foreign_keys)))

    def _leading(self, key: ForeignKey) -> ForeignKey:
        target = self.tables.get(key.ref_table)
        return key if target is None else replace(key, ref_table=target.name, ref_schema=target.schema)

    def answers(self, told: Answers) -> Answers:
        """The answers by the names that hold ahead of the moves."""
        tables = {old: self._name(new) for old, new in told.tables.items()}
        return Answers(
            {old: new for old, new in tables.items() if old != new},
            told.columns,
            {(self._name(table), column): fill for (table, column), fill in told.fills.items()},
            {(self._name(table), column): cast for (table, column), cast in told.casts.items()},
            {(self._name(table), column): default for (table, column), default in told.defaults.items()},
        )

    def _name(self, table: str) -> str:
        there = self.tables.get(table)
        return table if there is None else there.name

    def around(self, made: Authored, declared: Schema, terms: MigrationTerms) -> Authored:
        """The migration with the moves: what it asks and says is of the names that hold behind them."""
        then = {there.name: name for name, there in self.tables.items()}
        there = self._moved(declared, terms, back=False)
        back = self._moved(declared, terms, back=True)
        return Authored(
            (*made.forward, *there),
            (*back, *made.backward),
            tuple(replace(one, table=then.get(one.table, one.table)) for one in made.questions),
            tuple(replace(one, table=then.get(one.table, one.table)) for one in made.notes),
        )

    def _moved(self, declared: Schema, terms: MigrationTerms, *, back: bool) -> Iterator[Operation]:
        for name, there in self.tables.items():
            behind = declared.table(name)
            assert behind is not None, name
            yield from map(RunSQL, terms.move(behind, there) if back else terms.move(there, behind))


def moves_of(live: Schema, declared: Schema, answers: Answers) -> Moves:
    """The tables that can do all else before they move.

    None where a text may name them, which is not told anew here, or where a name is another's in their first schema.
    """
    found: dict[str, Table] = {}
    for old, new in answers.tables.items():
        before, after = live.table(old), declared.table(new)
        if before is not None and after is not None and before.schema != after.schema:
            start = before.name[: len(before.name) - len(before.plain_name)]
            found[after.name] = replace(after, name=start + after.plain_name, schema=before.schema)
    if not found or live.views or declared.views or any(map(_is_told, (*live.tables, *declared.tables))):
        return Moves({})
    gone = {one.name for one in live.namespaces} - {one.name for one in declared.namespaces}
    others = [table for table in declared.tables if table.name not in found]
    others += [table for table in live.tables if table.name not in answers.tables]
    taken = {(table.schema, name.lower()) for table in others for name in _names(table)}
    taken |= {
        (table.schema, name.lower()) for table in declared.tables if table.name in found for name in _names(table)
    }
    wanted = [(table.schema, name.lower()) for table in found.values() for name in _names(table)]
    free = len(set(wanted)) == len(wanted) and taken.isdisjoint(wanted)
    return Moves(found if free and gone.isdisjoint({table.schema for table in found.values()}) else {})


def _is_told(table: Table) -> bool:
    return bool(table.triggers or table.rules or table.policies or table.partition_of or table.inherits)


def _names(table: Table) -> Iterator[str]:
    """The names that nothing else of its schema may have."""
    yield table.plain_name
    yield from (index.name for index in table.indexes)
    yield from (unique.name for unique in table.uniques if unique.name)
    if table.primary_key_name:
        yield table.primary_key_name
