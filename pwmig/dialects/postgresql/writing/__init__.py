"""The statements that make a schema, as PostgreSQL takes them.

Law: run in an empty database and seen again, they give an equal :class:`~pwmig.schema.Schema`. So what begins alike
must end alike: the same default schema, and a server that has the roles, tablespaces and extensions that are named.
"""

from __future__ import annotations

from pwmig.dialects.postgresql.writing.columns import (
    column_definition,
    column_settings,
    sequence_options,
    sequence_statement,
)
from pwmig.dialects.postgresql.writing.constraints import (
    check_clause,
    exclusion_clause,
    foreign_key_clause,
    primary_key_clause,
    unique_clause,
)
from pwmig.dialects.postgresql.writing.indexes import index_part, index_settings, index_statement
from pwmig.dialects.postgresql.writing.objects import (
    comment_statement,
    grant_statements,
    policy_statement,
    rule_statements,
    trigger_statements,
)
from pwmig.dialects.postgresql.writing.tables import table_settings, table_statement
from pwmig.dialects.postgresql.writing.types import type_settings, type_statement
from pwmig.dialects.postgresql.writing.views import view_settings, view_statement
from pwmig.dialects.postgresql.writing.whole import write

__all__ = [
    "check_clause",
    "column_definition",
    "column_settings",
    "comment_statement",
    "exclusion_clause",
    "foreign_key_clause",
    "grant_statements",
    "index_part",
    "index_settings",
    "index_statement",
    "policy_statement",
    "primary_key_clause",
    "rule_statements",
    "sequence_options",
    "sequence_statement",
    "table_settings",
    "table_statement",
    "trigger_statements",
    "type_settings",
    "type_statement",
    "unique_clause",
    "view_settings",
    "view_statement",
    "write",
]
