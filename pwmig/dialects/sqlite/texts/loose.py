"""Names in double quotes, which SQLite takes for texts where no column is called so.

https://www.sqlite.org/quirks.html#double_quoted_string_literals_are_accepted: so a view goes on without a word when
such a column goes, and gives its name in place of its values. In backticks a name is never a text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pwmig.dialects.sqlite.texts.edit import spliced
from pwmig.dialects.sqlite.texts.letters import quoted_like
from pwmig.dialects.sqlite.texts.tokens import Token, fold, significant

__all__ = ["strict_statements"]


def strict_statements(sql: str, columns: Collection[str]) -> tuple[str, ...]:
    """The statements of a view or a trigger that have one of the columns (folded) in double quotes, there in backticks.

    What a trigger knows as NEW and OLD is NULL in them.
    """
    tokens = significant(sql)
    if not columns or not any(_is_loose(tokens, place, columns) for place in range(len(tokens))):
        return ()
    return tuple(_strict(sql, part, columns) for part in _parts(tokens) if part)


def _parts(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """The tokens of each statement: behind a view's AS, or between a trigger's BEGIN and END."""
    begin = next(place for place, token in enumerate(tokens) if token.is_word("BEGIN", "AS"))
    if not tokens[1].is_word("TRIGGER"):
        return [tokens[begin + 1 :]]
    found, start = [], begin + 1
    for place in range(start, len(tokens)):
        if tokens[place].text == ";":
            found.append(tokens[start:place])
            start = place + 1
    return found


def _is_loose(tokens: Sequence[Token], place: int, columns: Collection[str]) -> bool:
    token = tokens[place]
    qualified = place > 0 and tokens[place - 1].text == "."
    return token.text[:1] == '"' and fold(token.name) in columns and not qualified


def _strict(sql: str, part: Sequence[Token], columns: Collection[str]) -> str:
    edits = []
    for place, token in enumerate(part):
        if _is_loose(part, place, columns):
            edits.append(((token.start, token.end), quoted_like("`", token.name)))
        elif token.is_word("NEW", "OLD") and [one.text for one in part[place + 1 : place + 2]] == ["."]:
            edits.append(((token.start, part[place + 2].end), "NULL"))
    shift = part[0].start
    moved = [((start - shift, end - shift), text) for (start, end), text in edits]
    return spliced(sql[shift : part[-1].end], moved)
