"""The statements that make a schema, as SQLite takes them.

Law: run in an empty database and seen again, they give an equal :class:`~pwmig.schema.Schema`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pwmig.dialects.sqlite.writing.columns import column_definition
from pwmig.dialects.sqlite.writing.tables import index_statement, table_statement
from pwmig.schema import Schema

__all__ = ["column_definition", "index_statement", "table_statement", "write"]


def write(schema: Schema) -> tuple[str, ...]:
    """The statements that make ``schema`` in an empty database, each by itself, in an order that can be run.

    Virtual tables come behind the others, since a module may look at the table that it reads from; triggers come last,
    when all that they stand on is there. SQLite looks at no other name before it is used
    (https://www.sqlite.org/lang_createview.html), so foreign keys may point ahead, and go round in circles.
    """
    return tuple(_statements(schema))


def _statements(schema: Schema) -> Iterator[str]:
    for table in sorted(schema.tables, key=lambda table: table.options[:1] == ("VIRTUAL",)):
        yield table_statement(table)
        yield from (index_statement(table.name, index) for index in table.indexes)
    yield from (view.sql for view in schema.views)
    yield from (trigger.sql for table in schema.tables for trigger in table.triggers)
    yield from (trigger.sql for view in schema.views for trigger in view.triggers)
