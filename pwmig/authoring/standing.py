"""Where columns stand in their tables at each moment of a way, for a database that can place one that comes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from pwmig import operations as o
from pwmig.columns import plain_name
from pwmig.records import dataclass
from pwmig.schema import Schema

__all__ = ["Standing"]


@dataclass(slots=True)
class Standing:
    """The names of the ``columns`` that there are, by those of their tables, in their order; and which of them were
    ``renamed`` until now, each with its table."""

    columns: dict[str, list[str]]
    renamed: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, schema: Schema) -> Standing:
        return cls({table.name: list(table.column_names) for table in schema.tables})

    def follow(self, made: o.Operation) -> None:
        """See what an operation does to them; statements are seen by who writes them."""
        match made:
            case o.RenameTable(old_name=old, new_name=new) if old in self.columns:
                self.columns[old[: len(old) - len(plain_name(old))] + new] = self.columns.pop(old)
            case o.RenameColumn(table=table, old_name=old, new_name=new):
                self.renamed.add((table, new))
                if old in self.columns.get(table, ()):
                    self.columns[table][self.columns[table].index(old)] = new
            case o.DropColumn(table=table, column=column) if column in self.columns.get(table, ()):
                self.columns[table].remove(column)

    def put(self, table: str, column: str, wanted: Iterable[str]) -> str | None:
        """Let a column come to where it is ``wanted``, ahead of which other ones, the nearest first, stand there.

        Gives the one that it comes behind: "" where it comes first, None where it comes behind all.
        """
        there = self.columns.get(table)
        if there is None:
            return None
        before = next((name for name in wanted if name in there), "")
        place = there.index(before) + 1 if before else 0
        there.insert(place, column)
        return None if place == len(there) - 1 else before
