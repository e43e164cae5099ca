"""What a migration that stopped half-way began with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from pwmig.records import dataclass

__all__ = ["Start"]


@dataclass(frozen=True, slots=True)
class Start:
    """The tables that a half-applied migration has touched, as they were before it.

    ``definitions`` are those of what was there, by the names of then. ``tables`` are the names of now by those of then,
    where a table is called otherwise, ``columns`` those of its columns, by table (of then) and name. ``made`` are the
    tables that came with the migration, by the names of now, ``anew`` those of them that are called as one that went.
    ``views`` are the texts of the views among them, ``views_now`` those of now, None where there is none.
    ``lost`` are the statements that nothing takes back, and ``rows`` those of them that wrote rows.
    """

    definitions: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)
    made: frozenset[str] = frozenset()
    anew: frozenset[str] = frozenset()
    views: Mapping[str, str] = field(default_factory=dict)
    views_now: Mapping[str, str | None] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """What its tables are called now, those that came with the migration too."""
        return frozenset(self.tables.get(name, name) for name in self.definitions) | self.made
