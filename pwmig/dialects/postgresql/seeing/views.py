"""Views and materialised views from the catalog's rows."""

from __future__ import annotations

from collections.abc import Iterator

from pwmig.dialects.postgresql.quoting import literal, quote
from pwmig.dialects.postgresql.seeing.columns import columns_of
from pwmig.dialects.postgresql.seeing.facts import Facts, Relation
from pwmig.dialects.postgresql.seeing.indexes import index, table_words
from pwmig.dialects.postgresql.seeing.objects import rule, trigger
from pwmig.dialects.postgresql.seeing.texts import statement
from pwmig.schema import Column, View

__all__ = ["view"]


def view(facts: Facts, relation: Relation) -> View:
    """``options`` are storage options, and words for the rest.

    These begin with ALTER COLUMN, COLUMN (a grant), COMMENT ON, CREATE RULE or RULE.
    """
    oid = relation.oid
    names = facts.names(oid)
    indexes = sorted(facts.indexes.get(oid, ()), key=lambda row: str(row[1]))
    words = [*(relation.words or ()), *_column_words(facts, relation), *_rules(facts, oid)]
    for row in indexes:
        words += table_words(row)
    return View(
        name=relation.name,
        sql=_sql(relation),
        triggers=tuple(sorted(map(trigger, facts.of("trigger", oid)), key=lambda one: one.name)),
        materialized=relation.kind == "m",
        indexes=tuple(index(facts, row, names) for row in indexes),
        options=tuple(sorted(words)),
        comment=facts.comments.get((oid, 0)),
        grants=facts.grants.get((oid, 0), ()),
        schema=relation.schema,
    )


def _sql(relation: Relation) -> str:
    kind = "MATERIALIZED VIEW" if relation.kind == "m" else "VIEW"
    place = "" if relation.schema is None else quote(relation.schema) + "."
    return f"CREATE {kind} {place}{quote(relation.plain_name)} AS\n{statement(relation.text or '')}"


def _column_words(facts: Facts, relation: Relation) -> Iterator[str]:
    for column in columns_of(facts, relation):
        yield from _words_of(column)


def _words_of(column: Column) -> Iterator[str]:
    name = quote(column.name)
    if column.default is not None:
        yield f"ALTER COLUMN {name} SET DEFAULT {column.default}"
    for word in column.options:
        kind, _, value = word.partition(" ")
        yield f"ALTER COLUMN {name} SET " + (word if value and kind.isupper() else f"({word})")
    if column.comment is not None:
        yield f"COMMENT ON COLUMN {name} IS {literal(column.comment)}"
    for grant in column.grants:
        yield f"COLUMN {name}: {grant}"


def _rules(facts: Facts, oid: int) -> Iterator[str]:
    for one in map(rule, facts.of("rule", oid)):
        yield one.sql
        if one.enabled:
            yield f"RULE {quote(one.name)} {one.enabled}"
        if one.comment is not None:
            yield f"COMMENT ON RULE {quote(one.name)} IS {literal(one.comment)}"
