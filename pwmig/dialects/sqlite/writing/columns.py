"""A column as CREATE TABLE defines it (https://www.sqlite.org/syntax/column-def.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pwmig.dialects.sqlite.texts.tokens import quote, quote_if_needed, significant, tokenize
from pwmig.schema import Column

__all__ = [
    "collation_clause",
    "column_definition",
    "conflict_clause",
    "default_clause",
    "enclosed",
    "generated_clause",
    "type_text",
]

_NUMBER = r"\s*[+-]?[0-9]+(?:\.[0-9]*)?\s*"
_BARE_TYPE = re.compile(rf"[A-Za-z_]\w*(?: [A-Za-z_]\w*)*(?: ?\({_NUMBER}(?:,{_NUMBER})?\))?", re.ASCII)


def column_definition(column: Column, key: str = "") -> str:
    """The column with its name, quoted; ``key`` is the text of a primary key that stands with its column."""
    return " ".join(_words(column, key))


def _words(column: Column, key: str) -> Iterator[str]:
    yield quote(column.name)
    if column.type:
        yield type_text(column.type)
    if not column.nullable:
        yield "NOT NULL" + conflict_clause(column.on_conflict)
    if key:
        yield key
    if column.default is not None:
        yield default_clause(column.default)
    if column.collation is not None:
        yield collation_clause(column.collation)
    if column.generated is not None:
        yield generated_clause(column)


def type_text(text: str) -> str:
    """A declared type bare where SQLite reads it so, else in quotes: it gives back what is in them, whatever it is."""
    bare = _BARE_TYPE.fullmatch(text) and all(
        quote_if_needed(word) == word for word in re.findall(r"[A-Za-z_]\w*", text)
    )
    return text if bare else quote(text)


def default_clause(text: str) -> str:
    """A default; more than a literal and its sign stands in parentheses, which SQLite doesn't give back."""
    tokens = significant(text)
    literal = tokens[1:] if len(tokens) == 2 and tokens[0].text in ("+", "-") else tokens
    alone = len(literal) == 1 and literal[0].kind != "operator" and len(tokenize(text)) == len(tokens)
    return "DEFAULT " + (text if alone else enclosed(text))


def collation_clause(collation: str) -> str:
    return "COLLATE " + quote_if_needed(collation)


def generated_clause(column: Column) -> str:
    return f"GENERATED ALWAYS AS {enclosed(column.generated or '')} {(column.generated_kind or 'virtual').upper()}"


def enclosed(text: str) -> str:
    """An expression in parentheses, on a line of its own where a comment would take the closing one along."""
    last = tokenize(text)[-1:]
    return f"({text}\n)" if last and last[0].text.startswith("--") else f"({text})"


def conflict_clause(clause: str | None) -> str:
    """``ON CONFLICT ...`` with a space in front, or nothing (https://www.sqlite.org/lang_conflict.html)."""
    return f" ON CONFLICT {clause}" if clause else ""
