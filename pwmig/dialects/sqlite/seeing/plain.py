"""Indexes that their text tells whole: names of columns between parentheses, and nothing else.

Most indexes are such, and to read their text costs a fraction of asking the pragmas for them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from pwmig.dialects.sqlite.texts.tokens import quote_if_needed
from pwmig.schema import Index, IndexPart

__all__ = ["index_part", "plain_index"]

_NAME = r'(?:"[^"]+"|[A-Za-z_]\w*)'
_PLAIN = re.compile(rf"CREATE (UNIQUE )?INDEX {_NAME} ON {_NAME} ?\(({_NAME}(?:, ?{_NAME})*)\)", re.ASCII)
_NAMES = re.compile(_NAME, re.ASCII)


def plain_index(name: str, sql: str, columns: Collection[str]) -> Index | None:
    """The index of a text in ``sqlite_master``, None where the text alone doesn't tell it.

    ``columns`` are those of the table: what is none of them to the letter may be the rowid, or an expression.
    """
    match = _PLAIN.fullmatch(sql)
    if match is None:
        return None
    found = []
    for word in _NAMES.findall(match[2]):
        part = _plain_part(word)
        if part is None or part.column not in columns:
            return None
        found.append(part)
    return Index(name, tuple(found), match[1] is not None)


@lru_cache(2000)
def _plain_part(word: str) -> IndexPart | None:
    """The part that is a column's name and nothing else; None where SQLite may read a bare word otherwise."""
    if word[0] == '"':
        return index_part(word[1:-1], 0, None)
    return index_part(word, 0, None) if quote_if_needed(word) == word else None


@lru_cache(2000)
def index_part(column: str | None, descending: int, collation: str | None) -> IndexPart:
    """A part of an index; those of a database have many alike, and a record never changes."""
    return IndexPart(column, descending=bool(descending), collation=collation)
