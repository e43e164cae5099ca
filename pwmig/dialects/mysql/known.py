"""What leads from one thing of a MariaDB or MySQL database to another: for foreseeing what a statement touches."""

from __future__ import annotations

from collections import defaultdict

from pwmig.dialects.server.asking import Execute
from pwmig.dialects.server.foresight import Known, words_of
from pwmig.dialects.server.tokens import MYSQL

__all__ = ["known"]

_TABLES = (
    "SELECT TABLE_NAME FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE <> 'SEQUENCE' AND LEFT(TABLE_NAME, 6) <> 'pwmig_'"
)
_VIEWS = "SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"
_CASCADES = (
    "SELECT REFERENCED_TABLE_NAME, TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS "
    "WHERE CONSTRAINT_SCHEMA = DATABASE() AND (DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') "
    "OR UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT'))"
)
_TRIGGERS = (
    "SELECT EVENT_OBJECT_TABLE, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"
)
_ROUTINES = "SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()"


def known(execute: Execute) -> Known:
    """The tables, views, triggers, routines and foreign keys of the database connected to.

    A routine whose text this account may not see may name any table.
    """
    tables = {row[0]: (row[0],) for row in execute(_TABLES)}
    views = {name: frozenset(tables) & (words_of(MYSQL, text or "") or frozenset()) for name, text in execute(_VIEWS)}
    cascades: dict[str, set[str]] = defaultdict(set)
    for parent, child in execute(_CASCADES):
        cascades[parent].add(child)
    triggers: dict[str, set[str]] = defaultdict(set)
    for table, text in execute(_TRIGGERS):
        triggers[table] |= words_of(MYSQL, text) or frozenset()
    routines = {name: words_of(MYSQL, text) if text is not None else None for name, text in execute(_ROUTINES)}
    return Known(
        tables,
        views,
        {name: frozenset(some) for name, some in cascades.items()},
        {name: frozenset(some) for name, some in triggers.items()},
        routines,
    )
