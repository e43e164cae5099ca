"""Work whose rows are filled by an expression of the migration's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.sqlite.operations.draft import Fill
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts.tokens import names_in

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["asks_tables", "filling"]


def filling(migrator: SqliteMigrator, table: str, fill: Fill, *reads: str) -> Work:
    """Work whose rows are asked for what the fill names; one with a query of its own finds all tables settled."""
    if asks_tables(fill):
        migrator.drafts.settle()
    return Work(migrator, table, {*reads, *names_in(fill.sql)})


def asks_tables(fill: Fill) -> bool:
    """Whether the expression has a query in it: then nothing may come in between it and what it reads."""
    return "select" in names_in(fill.sql)
