"""Changes carried out on PostgreSQL, each by the statement that it means: none waits for a later one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pwmig import diff as d
from pwmig.dialects.postgresql.quoting import literal, qualified, quote
from pwmig.dialects.postgresql.writing import (
    check_clause,
    column_definition,
    column_settings,
    exclusion_clause,
    foreign_key_clause,
    index_statement,
    policy_statement,
    primary_key_clause,
    trigger_statements,
    unique_clause,
    write,
)
from pwmig.schema import Column, Exclusion, Extension, Namespace, Policy, Routine, Schema, Sequence, Type, View

__all__ = ["statements"]

_BESIDE = {Sequence: "sequences", Type: "types", Routine: "routines", Extension: "extensions", Namespace: "namespaces"}
_WORDS = {Sequence: "SEQUENCE", Extension: "EXTENSION", Namespace: "SCHEMA"}


def statements(change: d.Change, schemas: tuple[Schema, Schema]) -> list[str]:
    """The statements of one change; ``schemas`` are the whole ones before and after."""
    return list(_statements(change, Names(*schemas)))


class Names:
    """Tables and views of two schemas by their names, quoted."""

    def __init__(self, before: Schema, after: Schema) -> None:
        self.things: dict[str, Any] = {}
        for schema in (before, after):
            self.things |= {thing.name: thing for thing in (*schema.tables, *schema.views)}

    def __call__(self, name: str) -> str:
        return qualified(self.things[name])


def _statements(change: d.Change, names: Names) -> Iterator[str]:
    match change:
        case d.CreateTable(definition=table):
            yield from write(Schema((table,), exact_tables=True, exact_columns=True))
        case d.DropTable(definition=table):
            yield f"DROP TABLE {qualified(table)}"
        case d.CreateView(view=view):
            yield from write(Schema(views=(view,), exact_tables=True, exact_columns=True))
        case d.DropView(view=view):
            yield f"DROP {_kind(view)} {qualified(view)}"
        case d.AlterView(before=before, after=after):
            yield f"DROP {_kind(before)} {qualified(before)} CASCADE"
            kept = replace(after, triggers=before.triggers, indexes=before.indexes)
            yield from write(Schema(views=(kept,), exact_tables=True, exact_columns=True))
        case d.RenameTable(table=new, old_name=old):
            yield f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}"
        case d.RenameColumn():
            yield f"ALTER TABLE {names(change.table)} RENAME COLUMN {quote(change.old_name)} TO {quote(change.name)}"
        case d.Added() | d.Dropped():
            yield from _beside(change, names)
        case d.AlterTable():
            comment = change.after.comment
            yield f"COMMENT ON TABLE {names(change.table)} IS {'NULL' if comment is None else literal(comment)}"
        case d.AlterPrimaryKey(before=was, after=now):
            place = f"ALTER TABLE {names(change.table)}"
            if was:
                yield f"{place} DROP CONSTRAINT {quote(names.things[change.table].primary_key_name or '')}"
            if now:
                yield f"{place} ADD {primary_key_clause(names.things[change.table])}"
        case d.Altered():
            yield from _altered(change, names)
        case _:
            yield from _part(change, names)


def _kind(view: View) -> str:
    return "MATERIALIZED VIEW" if view.materialized else "VIEW"


def _beside(change: d.Added | d.Dropped, names: Names) -> Iterator[str]:
    thing = change.thing
    if isinstance(change, d.Added):
        if isinstance(thing, Policy):
            yield policy_statement(names(change.table), thing)
        elif isinstance(thing, Exclusion):
            yield f"ALTER TABLE {names(change.table)} ADD {exclusion_clause(thing)}"
        else:
            rest: dict[str, Any] = {_BESIDE[type(thing)]: (thing,)}
            yield from write(Schema(exact_tables=True, exact_columns=True, **rest))
    elif isinstance(thing, Policy):
        yield f"DROP POLICY {quote(thing.name)} ON {names(change.table)}"
    elif isinstance(thing, Exclusion):
        yield f"ALTER TABLE {names(change.table)} DROP CONSTRAINT {quote(thing.name)}"
    elif isinstance(thing, Routine):
        yield f"DROP {thing.kind.upper()} {qualified(thing)}({thing.arguments})"
    elif isinstance(thing, Type):
        yield f"DROP {'DOMAIN' if thing.kind == 'domain' else 'TYPE'} {qualified(thing)}"
    else:
        name = qualified(thing) if isinstance(thing, Sequence) else quote(thing.name)
        yield f"DROP {_WORDS[type(thing)]} {name}"


def _part(change: Any, names: Names) -> Iterator[str]:
    place = f"ALTER TABLE {names(change.table)}"
    match change:
        case d.AddColumn(column=column):
            yield f"{place} ADD COLUMN {column_definition(column)}"
            yield from column_settings(names(change.table), column)
        case d.DropColumn(column=column):
            yield f"{place} DROP COLUMN {quote(column.name)}"
        case d.AddIndex(index=index):
            yield index_statement(names.things[change.table], index)
        case d.DropIndex(index=index):
            yield f"DROP INDEX {quote(index.name)}"
        case d.AddUnique(unique=unique):
            yield f"{place} ADD {unique_clause(unique)}"
        case d.AddForeignKey(foreign_key=key):
            yield f"{place} ADD {foreign_key_clause(key)}"
        case d.AddCheck(check=check):
            yield f"{place} ADD {check_clause(check)}"
        case d.DropUnique(unique=one) | d.DropForeignKey(foreign_key=one) | d.DropCheck(check=one):
            yield f"{place} DROP CONSTRAINT {quote(one.name or '')}"
        case d.AddTrigger(trigger=trigger):
            yield from trigger_statements(names(change.table), trigger)
        case d.DropTrigger(trigger=trigger):
            yield f"DROP TRIGGER {quote(trigger.name)} ON {names(change.table)}"
        case _:
            raise AssertionError(change)


_TWO: dict[type[d.Change], tuple[Any, Any]] = {
    d.AlterIndex: (d.DropIndex, d.AddIndex),
    d.AlterUnique: (d.DropUnique, d.AddUnique),
    d.AlterForeignKey: (d.DropForeignKey, d.AddForeignKey),
    d.AlterCheck: (d.DropCheck, d.AddCheck),
    d.AlterTrigger: (d.DropTrigger, d.AddTrigger),
}


def _altered(change: d.Altered, names: Names) -> Iterator[str]:
    before, after = change.before, change.after
    if type(change) in _TWO:
        drop, add = _TWO[type(change)]
        yield from _part(drop(change.table, before), names)
        yield from _part(add(change.table, after), names)
    elif isinstance(after, Column):
        yield from _column(names(change.table), change)
    elif isinstance(after, (Policy, Exclusion)):
        yield from _beside(d.Dropped(change.table, before), names)
        yield from _beside(d.Added(change.table, after), names)
    elif isinstance(after, Sequence):
        yield f"ALTER SEQUENCE {qualified(after)} INCREMENT {after.increment}"
    elif isinstance(after, Routine):
        yield after.sql.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    elif isinstance(after, Type) and set(before.values) < set(after.values):
        for value in after.values:
            if value not in before.values:
                yield f"ALTER TYPE {qualified(after)} ADD VALUE {literal(value)}"
    else:
        raise AssertionError(change)


def _column(table: str, change: d.Altered) -> Iterator[str]:
    name, after = quote(change.after.name), change.after
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    for fact in change.facts:
        if fact.name == "type":
            yield f"{alter} DROP DEFAULT"
            yield f"{alter} TYPE {after.type} USING {name}::{after.type}"
            yield f"{alter} SET DEFAULT {after.default}" if after.default is not None else f"{alter} DROP DEFAULT"
        elif fact.name == "nullable":
            yield f"{alter} {'DROP' if after.nullable else 'SET'} NOT NULL"
        elif fact.name == "default":
            yield f"{alter} SET DEFAULT {after.default}" if after.default is not None else f"{alter} DROP DEFAULT"
        elif fact.name == "comment":
            yield f"COMMENT ON COLUMN {table}.{name} IS {literal(after.comment) if after.comment else 'NULL'}"
        else:
            raise AssertionError(change)
