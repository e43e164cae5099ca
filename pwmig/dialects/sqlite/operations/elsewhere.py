"""What only servers have, refused with what does the same on SQLite."""

from __future__ import annotations

from typing import NoReturn

from pwmig.dialects.migrator import Migrator, operation
from pwmig.errors import OperationRefused

__all__ = ["Elsewhere", "refuse", "refuse_options"]


def refuse(what: str, why: str, way_out: str, table: str | None = None) -> NoReturn:
    raise OperationRefused(f"SQLite has no {what}", why=why, way_out=way_out, table=table)


def refuse_options(table: str, *, concurrently: bool = False, not_valid: bool = False) -> None:
    """Refuse what SQLite can't do beside what it can."""
    if concurrently:
        refuse(
            "index that is made or dropped concurrently",
            "one connection writes the database at a time",
            "leave concurrently=True out",
            table,
        )
    if not_valid:
        why = "all rows hold to a constraint once it is added"
        refuse("constraint that is not valid", why, "leave not_valid=True out, and mend the rows before", table)


class Elsewhere(Migrator):
    """The methods of other databases' migrators that SQLite has no use for."""

    @operation
    def validate_constraint(self, table: str, name: str) -> None:
        """Refused: no constraint is without validation here."""
        refuse("constraint that waits to be validated", "each was checked when it was added", "leave this out", table)

    @operation
    def add_enum_value(
        self, table: str, column: str, value: str, before: str | None = None, after: str | None = None
    ) -> None:
        """Refused: there are no enums; a check does the same."""
        refuse(
            "enums",
            "a column's values are told by a check",
            f"migrator.drop_constraint({table!r}, ...) and migrator.add_constraint({table!r}, ..., Check(...)) with "
            "the value in it",
            table,
        )

    @operation
    def lock_timeout(self, seconds: float, retries: int = 0, pause: float = 1) -> None:
        """Refused: one lock is on the whole database, and the database's own time-out is about it."""
        refuse(
            "locks of single tables",
            "a migration has the whole database for itself, and waits for that before it begins",
            "leave this out; SqliteDatabase(..., timeout=seconds) says how long other statements wait",
        )
