"""Changes carried out on MariaDB, each by the statement that it means: none waits for a later one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pwmig import diff as d
from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.mysql.writing import (
    check_clause,
    column_definition,
    foreign_key_clause,
    index_clause,
    sequence_statement,
    write,
)
from pwmig.schema import Schema, Sequence

__all__ = ["statements"]

_TWO: dict[type[d.Change], tuple[Any, Any]] = {
    d.AlterForeignKey: (d.DropForeignKey, d.AddForeignKey),
    d.AlterCheck: (d.DropCheck, d.AddCheck),
    d.AlterTrigger: (d.DropTrigger, d.AddTrigger),
    d.AlterView: (d.DropView, d.CreateView),
}


def statements(change: d.Change) -> list[str]:
    """The statements of one change."""
    return list(_statements(change))


def _statements(change: Any) -> Iterator[str]:
    place = f"ALTER TABLE {quote(change.table)}"
    match change:
        case d.CreateTable(definition=table):
            yield from write(Schema((table,)))
        case d.DropTable():
            yield f"DROP TABLE {quote(change.table)}"
        case d.CreateView(view=view):
            yield view.sql
        case d.DropView():
            yield f"DROP VIEW {quote(change.table)}"
        case d.AddColumn(column=column):
            yield f"{place} ADD COLUMN {column_definition(column)}"
        case d.DropColumn(column=column):
            yield f"{place} DROP COLUMN {quote(column.name)}"
        case d.AlterColumn(after=column):
            yield f"{place} MODIFY COLUMN {column_definition(column)}"
        case d.AddIndex(index=index):
            yield f"{place} ADD {index_clause(index)}"
        case d.DropIndex(index=index):
            yield f"{place} DROP KEY {quote(index.name)}"
        case d.AddForeignKey(foreign_key=key):
            yield f"{place} ADD {foreign_key_clause(key)}"
        case d.DropForeignKey(foreign_key=key):
            yield f"{place} DROP FOREIGN KEY {quote(key.name or '')}"
        case d.AddCheck(check=check):
            yield f"{place} ADD {check_clause(check)}"
        case d.DropCheck(check=check):
            yield f"{place} DROP CONSTRAINT {quote(check.name or '')}"
        case d.AddTrigger(trigger=trigger):
            yield trigger.sql
        case d.DropTrigger(trigger=trigger):
            yield f"DROP TRIGGER {quote(trigger.name)}"
        case d.Added(thing=Sequence() as sequence):
            yield sequence_statement(sequence)
        case d.Dropped(thing=Sequence() as sequence):
            yield f"DROP SEQUENCE {quote(sequence.name)}"
        case d.AlterIndex(before=before, after=after):
            # At once, since a foreign key may lean on it.
            yield f"{place} DROP KEY {quote(before.name)}, ADD {index_clause(after)}"
        case d.Altered() if type(change) in _TWO:
            for kind, thing in zip(_TWO[type(change)], (change.before, change.after)):
                yield from _statements(kind(change.table, thing))
        case _:
            raise AssertionError(change)
