"""A schema as the statements that make it, and the clauses that they are made of.

:func:`write` gives all statements; :func:`column_definition`, :func:`index_clause`, :func:`foreign_key_clause`,
:func:`check_clause` and :func:`primary_key_clause` are what ALTER TABLE takes behind ADD and MODIFY. Law: written into
an empty database of any name and seen again, a schema is equal.

Texts are written as they are read where a backslash escapes: without NO_BACKSLASH_ESCAPES in the sql_mode.
"""

from __future__ import annotations

from pwmig.dialects.mysql.writing.clauses import (
    check_clause,
    column_check,
    column_definition,
    foreign_key_clause,
    index_clause,
    primary_key_clause,
)
from pwmig.dialects.mysql.writing.objects import (
    event_statement,
    grant_statements,
    routine_statements,
    sequence_statement,
    triggers_in_order,
)
from pwmig.dialects.mysql.writing.schema import write
from pwmig.dialects.mysql.writing.tables import create_table, table_options

__all__ = [
    "check_clause",
    "column_check",
    "column_definition",
    "create_table",
    "event_statement",
    "foreign_key_clause",
    "grant_statements",
    "index_clause",
    "primary_key_clause",
    "routine_statements",
    "sequence_statement",
    "table_options",
    "triggers_in_order",
    "write",
]
