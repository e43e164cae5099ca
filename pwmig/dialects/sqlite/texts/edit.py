"""Edits of CREATE TABLE texts: one part changes, every other letter stays.

All functions are pure: a :class:`TableDef` in, the new text out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from pwmig.dialects.sqlite.texts.parts import ColumnDef, ConstraintDef, Span, TableDef
from pwmig.dialects.sqlite.texts.tokens import Token, fold, names_in, quote, significant, tokenize

__all__ = [
    "column_added",
    "column_cut_out",
    "default_removed",
    "default_set",
    "inner_constraints_removed",
    "item_added",
    "name_replaced",
    "not_null_added",
    "not_null_removed",
    "parts_removed",
    "spliced",
    "type_replaced",
    "unqualified",
]

_COMMA = re.compile(r"\s*,\s*")


def spliced(sql: str, edits: Iterable[tuple[Span, str]]) -> str:
    """The text with each span replaced; spans must not overlap."""
    for (start, end), text in sorted(edits, reverse=True):
        sql = sql[:start] + text + sql[end:]
    return sql


def name_replaced(table: TableDef, name: str) -> str:
    """The text for a table of another name; columns are called by their own names alone in it."""
    return spliced(table.sql, [(table.name_span, quote(name)), *((span, "") for span in _qualifiers(table))])


def unqualified(table: TableDef) -> str:
    """The text with columns called by their own names alone: ``a`` for ``t.a`` and ``main.t.a``.

    It means the same, and under another name of the table too: RENAME in the legacy mode leaves such names as they are.
    """
    return spliced(table.sql, [(span, "") for span in _qualifiers(table)])


def _qualifiers(table: TableDef) -> list[Span]:
    """Where the table's name stands ahead of a column's, its schema's name and the dots included."""
    tokens = [token for token in significant(table.sql) if token.start >= table.body_span[0]]
    dots = [place for place, token in enumerate(tokens) if token.text == "." and token.kind == "operator"]
    return [(tokens[dot - 1].start, tokens[dot + 1].start) for dot in dots]


def column_added(table: TableDef, definition: str, place: int | None = None) -> str:
    """A column behind the last column, or behind so many of them, set off as the last one is."""
    if place == 0:
        start = table.columns[0].span[0]
        return spliced(table.sql, [((start, start), definition + _gap(table))])
    end = table.columns[-1 if place is None else place - 1].span[1]
    return spliced(table.sql, [((end, end), _gap(table) + definition)])


def item_added(table: TableDef, definition: str) -> str:
    """A constraint of the table behind everything else."""
    end = _last(table).end
    return spliced(table.sql, [((end, end), _gap(table) + definition)])


def _gap(table: TableDef) -> str:
    """What stands between the last two columns, where that is a comma and white space only."""
    if len(table.columns) > 1:
        between = table.sql[table.columns[-2].span[1] : table.columns[-1].span[0]]
        if _COMMA.fullmatch(between):
            return between
    return ", "


def _last(table: TableDef) -> Token:
    return [token for token in significant(table.sql) if token.end <= table.body_span[1]][-1]


def parts_removed(table: TableDef, spans: Sequence[Span]) -> str:
    """Several columns or constraints of the table taken out, from the last to the first."""
    sql = table.sql
    for span in sorted(spans, reverse=True):
        sql = _removed(sql, span)
    return sql


def _removed(sql: str, span: Span) -> str:
    """The text without one of the items in parentheses, and without what set it off from the one before it."""
    tokens = significant(sql)
    before = [token for token in tokens if token.end <= span[0]][-1]
    after = next(token for token in tokens if token.start >= span[1])
    if before.text == "," and after.text in (",", ")"):
        if sql[before.end : span[0]].strip():  # A comment, which stays.
            return _cut(_cut(sql, span), (before.start, before.end))
        start = before.start
        blanks = next((token for token in tokenize(sql) if token.end == start and token.kind == "space"), None)
        line = next((token for token in tokenize(sql) if blanks and token.end == blanks.start), None)
        if blanks is not None and line is not None and not line.text.startswith("--"):
            start = blanks.start
        return _cut(sql, (start, span[1]))
    if before.text == "(" and after.text == ",":
        follows = next(token for token in tokens if token.start >= after.end)
        around = (sql[before.end : span[0]], sql[span[1] : after.start], sql[after.end : follows.start])
        if not "".join(around).strip():
            return sql[: span[0]] + sql[follows.start :]  # What set it off from the next one goes along.
        sql = _cut(sql, (after.start, after.end))
    return _cut(sql, span)


def _cut(sql: str, span: Span) -> str:
    """The text without the span, and without the blanks in front of it (a comment's line end stays)."""
    start = span[0]
    while start and sql[start - 1] in " \t":
        start -= 1
    follows_word = start and (sql[start - 1].isalnum() or sql[start - 1] == "_")
    glue = " " if start < span[0] and follows_word and sql[span[1] : span[1] + 1].isalnum() else ""
    return sql[:start] + glue + sql[span[1] :]


def column_cut_out(table: TableDef, column: ColumnDef) -> str:
    """The text without a column and all that names it: checks, constraints of the table, generated columns."""
    name = fold(column.name)

    def needs(made: ConstraintDef) -> bool:
        return names_column(made.columns, name) or name in names_in(made.expression or "")

    others = [other for other in table.columns if other is not column]
    going = [other for other in others if any(map(needs, other.all("generated")))]
    inner = [made for other in others if other not in going for made in other.all("check") if needs(made)]
    spans = [column.span, *(other.span for other in going), *(made.span for made in filter(needs, table.constraints))]
    cuts = [(span, _removed) for span in spans]
    sql = table.sql
    for span, cut in sorted([*cuts, *((made.span, _cut) for made in inner)], key=lambda pair: pair[0], reverse=True):
        sql = cut(sql, span)
    return sql


def inner_constraints_removed(table: TableDef, constraints: Sequence[ConstraintDef]) -> str:
    """Constraints of columns taken out; they are set off by white space, not by commas."""
    sql = table.sql
    for constraint in sorted(constraints, key=lambda constraint: constraint.span, reverse=True):
        sql = _cut(sql, constraint.span)
    return sql


def not_null_added(table: TableDef, column: ColumnDef) -> str:
    """NOT NULL behind the type, where Peewee writes it; an explicit NULL makes way for it."""
    nulls = column.all("null")
    if nulls:
        return spliced(table.sql, [(nulls[0].span, "NOT NULL")] + [(extra.span, "") for extra in nulls[1:]])
    return _inserted(table.sql, column.type_span[1], f"{_blanks(table)}NOT NULL")


def _blanks(table: TableDef) -> str:
    """The blanks that stand between a type and NOT NULL most often in the table, else one."""
    found: Counter[str] = Counter()
    for column in table.columns:
        for made in column.all("not null"):
            between = table.sql[column.type_span[1] : made.span[0]]
            if between and not between.strip(" \t"):
                found[between] += 1
    return found.most_common(1)[0][0] if found else " "


def not_null_removed(table: TableDef, column: ColumnDef) -> str:
    return inner_constraints_removed(table, column.all("not null"))


def default_set(table: TableDef, column: ColumnDef, default: str) -> str:
    """The column with this default (an SQL text that can stand behind DEFAULT), in place of the old one."""
    old = column.all("default")
    if old and old[-1].expression_span:
        return spliced(table.sql, [(old[-1].expression_span, default)])
    inner = [constraint.span[1] for constraint in column.all("not null", "null")]
    return _inserted(table.sql, max([column.type_span[1], *inner]), f" DEFAULT {default}")


def default_removed(table: TableDef, column: ColumnDef) -> str:
    return inner_constraints_removed(table, column.all("default"))


def type_replaced(table: TableDef, column: ColumnDef, type_: str) -> str:
    """The column with another type; everything behind the type stays."""
    start, end = column.type_span
    if end > start:
        return _inserted(table.sql[:start] + table.sql[end:], start, type_)
    return _inserted(table.sql, start, f" {type_}" if type_ else "")


def _inserted(sql: str, place: int, text: str) -> str:
    """The text put in, and kept apart from a word that follows at once."""
    follows = sql[place : place + 1]
    return sql[:place] + text + (" " if text and (follows.isalnum() or follows == "_") else "") + sql[place:]


def names_column(columns: Iterable[str], name: str) -> bool:
    """Whether a column is among these, as SQLite compares names."""
    return fold(name) in {fold(column) for column in columns}
