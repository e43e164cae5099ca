"""A column's new name in a draft: in the text by SQLite's own RENAME COLUMN, in a database in memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

from pwmig.dialects.sqlite.operations.draft import Draft, Fill
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.letters import lettered
from pwmig.dialects.sqlite.texts.tokens import fold, names_in, quote, quote_if_needed

__all__ = ["is_stored", "rename_statement", "renamed"]


def rename_statement(table: str, old: str, new: str) -> str:
    return f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(old)} TO {quote_if_needed(new)}"


def is_stored(draft: Draft, name: str) -> bool:
    """Whether the column of the draft is that of the table, so that the table's has to be renamed too."""
    source = draft.sources.get(fold(name))
    return source is not None and source.kept


def renamed(draft: Draft, old: str, new: str) -> Draft | None:
    """The draft with a column under another name, the table in it too where the column is stored there.

    None where it is not certain what would come out: then the draft is carried out first.
    """
    column = draft.new.column(old)
    if column is None or (draft.new.column(new) or column) is not column:
        return None  # The operation itself says what is wrong.
    old = column.name
    stored = is_stored(draft, old)
    if stored:
        taken = draft.table.column(new)
        fills = [fill for fill in draft.sources.values() if not fill.kept]
        if (taken is not None and fold(taken.name) != fold(old)) or any(
            {fold(old), fold(new)} & names_in(fill.sql) for fill in fills
        ):
            return None
    elif draft.table.column(old) is not None or draft.table.column(new) is not None:
        return None
    try:
        new_sql, *indexes = _renamed_texts(
            draft.new.name, [draft.new.sql, *(one.sql for one in draft.indexes)], old, new
        )
        table = draft.table
        if stored:
            table = parse_create_table(_renamed_texts(table.name, [table.sql], old, new)[0])
    except sqlite3.Error:
        return None  # Functions, collations or indexes that only the project's own connection knows.
    sources = {fold(new) if name == fold(old) else name: fill for name, fill in draft.sources.items()}
    if stored:
        sources[fold(new)] = Fill(quote(new), kept=True)
    made = [
        replace(one, sql=sql, columns=tuple(new if fold(name) == fold(old) else name for name in one.columns))
        for one, sql in zip(draft.indexes, indexes)
    ]
    held = frozenset((kind, text) for kind, text in draft.held if kind != "not null" or fold(text) != fold(old))
    return replace(draft, table=table, new=parse_create_table(new_sql), sources=sources, indexes=tuple(made), held=held)


def _renamed_texts(table: str, statements: list[str], old: str, new: str) -> list[str]:
    """The texts of a table and its indexes after the column was renamed, in their order."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute(rename_statement(table, old, new))
        texts = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name = ? COLLATE NOCASE ORDER BY rowid"
        rows = connection.execute(texts, [table])
        return [lettered(statement, row[0], new) for statement, row in zip(statements, rows)]
