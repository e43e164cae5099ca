"""What a batch leaves of the catalog is compared with what its operations said they would leave.

Each operation that SQLite or pwmig carries out by rewriting texts says beforehand which texts there
will be. Everything else must be there afterwards as it was: an object that went, came or changed
without having been named stops the batch, and its savepoint is rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry, read_catalog
from pwmig.dialects.sqlite.texts.tokens import Token, fold, significant, unquote
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    import peewee

__all__ = ["Guard", "same_text"]

_INTERNAL = ("sqlite_", "pwmig_attic")


class Guard:
    """The texts that the catalog should hold: as they were, and as the operations said since then."""

    def __init__(self, catalog: Catalog) -> None:
        self.expected: dict[str, str | None] = {
            fold(entry.name): entry.sql for entry in catalog.entries if not _internal(entry)
        }
        self.tables = {fold(entry.name): fold(entry.table) for entry in catalog.entries}
        self.renamed: list[tuple[str, str]] = []

    def expect(self, name: str, sql: str | None, table: str | None = None) -> None:
        """The object has this text from now on; None where it is SQLite that words it."""
        self.expected[fold(name)] = sql
        self.tables[fold(name)] = fold(table or name)

    def expect_gone(self, name: str) -> None:
        """The object goes, and of a table its indexes and triggers."""
        for hanging in [key for key, table in self.tables.items() if table == fold(name)]:
            self.expected.pop(hanging, None)
        self.expected.pop(fold(name), None)

    def expect_rename(self, old: str, new: str, *, table: bool = False) -> None:
        """The name stands for another from now on, in whichever texts it is."""
        self.renamed.append((fold(old), fold(new)))
        if table:
            self.expected[fold(new)] = self.expected.pop(fold(old))
            for key in [key for key, owner in self.tables.items() if owner == fold(old)]:
                self.tables[key] = fold(new)

    def check(self, database: peewee.Database) -> None:
        """Compare with the catalog as it is; raises OperationRefused naming what differs."""
        there = {fold(entry.name): entry for entry in read_catalog(database).entries if not _internal(entry)}
        for key in self.expected.keys() - there.keys():
            raise _unasked(key, "it would be gone")
        for key, entry in there.items():
            if key not in self.expected:
                raise _unasked(entry.name, "it would be new")
            wanted = self.expected[key]
            if wanted is not None and not same_text(wanted, entry.sql or "", self._later_names()):
                raise _unasked(entry.name, f"its text would become: {entry.sql}")

    def _later_names(self) -> Mapping[str, set[str]]:
        """Each old name and what it came to be over all renames of the batch: in one table this, in another that."""
        later: dict[str, set[str]] = {}
        for old, new in self.renamed:
            for names in later.values():
                if old in names:
                    names.add(new)
            later.setdefault(old, set()).add(new)
        return later


def _internal(entry: Entry) -> bool:
    return entry.name.lower().startswith(_INTERNAL) or entry.table.lower().startswith(_INTERNAL)


def _unasked(name: str, what: str) -> OperationRefused:
    return OperationRefused(
        f"the batch would change {name!r}, which none of its operations names",
        why=what,
        way_out="nothing was changed; write this step as SQL of its own, and please report it",
        object=name,
    )


def same_text(before: str, after: str, renamed: Mapping[str, set[str]] | None = None) -> bool:
    """Whether two texts are the same, but for blanks, comments, kinds of quotes and renamed names."""
    if before == after:
        return True
    first, second = significant(before), significant(after)
    if len(first) != len(second):
        return False
    return all(_same(one, other, renamed or {}) for one, other in zip(first, second))


def _same(one: Token, other: Token, renamed: Mapping[str, set[str]]) -> bool:
    if one.kind == other.kind and one.text == other.text:
        return True
    name, other_name = fold(unquote(one.text)), fold(unquote(other.text))
    return name == other_name or other_name in renamed.get(name, ())
