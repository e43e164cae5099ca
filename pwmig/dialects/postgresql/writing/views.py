"""Views and materialised views (https://www.postgresql.org/docs/current/sql-createview.html)."""

from __future__ import annotations

from collections.abc import Iterator

from pwmig.dialects.postgresql.quoting import qualified
from pwmig.dialects.postgresql.writing.indexes import index_name, index_settings, index_statement
from pwmig.dialects.postgresql.writing.objects import comment_statement, grant_statements, trigger_statements
from pwmig.dialects.postgresql.writing.words import settings
from pwmig.schema import View

__all__ = ["refresh_statement", "view_indexes", "view_settings", "view_statement"]

_ENABLING = {"DISABLED": "DISABLE", "REPLICA": "ENABLE REPLICA", "ALWAYS": "ENABLE ALWAYS"}


def view_statement(view: View) -> str:
    """The view; a materialised one without rows, which :func:`refresh_statement` brings."""
    return f"{view.sql}\nWITH NO DATA" if view.materialized else view.sql


def refresh_statement(view: View) -> str | None:
    """What fills a materialised view that is to be filled; None for any other."""
    filled = view.materialized and "WITH NO DATA" not in view.options
    return f"REFRESH MATERIALIZED VIEW {qualified(view)}" if filled else None


def view_indexes(view: View) -> Iterator[str]:
    for index in view.indexes:
        yield index_statement(view, index)
        yield from index_settings(view, index)


def view_settings(view: View) -> Iterator[str]:
    """Its options, triggers, rules, comments and grants; everything that it is made of is there."""
    name = qualified(view)
    kind = "MATERIALIZED VIEW" if view.materialized else "VIEW"
    if text := settings(view.options):
        yield f"ALTER {kind} {name} SET ({text})"
    for word in sorted(view.options, key=lambda word: not word.startswith("CREATE RULE ")):
        yield from _word(kind, name, word)
    for trigger in view.triggers:
        yield from trigger_statements(name, trigger)
    for index in view.indexes:
        yield from comment_statement(f"INDEX {index_name(view, index.name)}", index.comment)
    yield from comment_statement(f"{kind} {name}", view.comment)
    yield from grant_statements(f"TABLE {name}", view.grants)


def _word(kind: str, name: str, word: str) -> Iterator[str]:
    if word.startswith(("ALTER COLUMN ", "CLUSTER ON ")):
        yield f"ALTER {kind} {name} {word}"
    elif word.startswith("TABLESPACE "):
        yield f"ALTER {kind} {name} SET {word}"
    elif word.startswith("USING "):
        yield f"ALTER {kind} {name} SET ACCESS METHOD {word.removeprefix('USING ')}"
    elif word.startswith("CREATE RULE "):
        yield word
    elif word.startswith("COLUMN "):
        yield from _column_grant(name, word.removeprefix("COLUMN "))
    elif word.startswith("COMMENT ON COLUMN "):
        yield f"COMMENT ON COLUMN {name}.{word.removeprefix('COMMENT ON COLUMN ')}"
    elif word.startswith(("COMMENT ON RULE ", "RULE ")):
        yield _rule_word(name, word)


def _column_grant(name: str, word: str) -> Iterator[str]:
    column, text = _behind_name(word)
    yield from grant_statements(f"TABLE {name}", [text.removeprefix(": ")], column)


def _rule_word(name: str, word: str) -> str:
    if word.startswith("RULE "):
        rule, text = _behind_name(word.removeprefix("RULE "))
        return f"ALTER TABLE {name} {_ENABLING[text.strip()]} RULE {rule}"
    rule, text = _behind_name(word.removeprefix("COMMENT ON RULE "))
    return f"COMMENT ON RULE {rule} ON {name}{text}"


def _behind_name(text: str) -> tuple[str, str]:
    """A quoted name that stands in front, and what is behind it."""
    at = 1
    while text[at] != '"' or text[at : at + 2] == '""':
        at += 2 if text[at] == '"' else 1
    return text[: at + 1], text[at + 1 :]
