"""The source of a baseline: each statement as one literal. Pure: statements in, text out."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["baseline_source", "literal"]

_INDENT = "    "


def baseline_source(config_module: str, title: str, forward: Sequence[str], backward: Sequence[str]) -> str:
    """The source of a migration that sends these statements; ``title`` is its docstring's first line."""
    return "\n".join(
        [
            *_docstring(title),
            "",
            f"from {config_module} import database",
            "",
            "",
            *_function("migrate_forward", forward),
            "",
            "",
            *_function("migrate_backward", backward),
            "",
        ]
    )


def _docstring(title: str) -> list[str]:
    safe = "".join(char if char.isprintable() and char not in '\\"' else "?" for char in title)
    return [
        f'"""{safe}',
        "",
        "Written by pwmig baseline. The database that it was made from held all this before; others get it by this.",
        '"""',
    ]


def _function(name: str, statements: Sequence[str]) -> list[str]:
    calls = [f"{_INDENT}database.execute_sql({literal(statement)})" for statement in statements]
    return [f"def {name}():", *(calls or [f"{_INDENT}pass"])]


def literal(text: str) -> str:
    """A text as Python writes it: on several lines where it has several and nothing in it has to be escaped."""
    if not all(char.isprintable() or char == "\n" for char in text) or "\\" in text:
        return ascii(text)
    if "\n" not in text and not ('"' in text and "'" in text):
        return repr(text) if '"' in text else f'"{text}"'
    for quotes in ('"""', "'''"):
        if quotes not in text and not text.endswith(quotes[0]):
            return quotes + text + quotes
    return ascii(text)
