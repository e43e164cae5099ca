"""Which statements reach past the database that they run in: a rehearsal has a copy of that alone.

Accounts, roles, other databases and the settings of a server are one for all its databases. What changes them is told
from a statement's words before it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pwmig.dialects.server.tokens import Token
from pwmig.errors import BeyondDatabase
from pwmig.records import dataclass

__all__ = ["Leading", "refusal", "statements"]

_COMPOUND = ("BEGIN", "CASE", "DECLARE", "DO", "FOR", "IF", "LOOP", "REPEAT", "WHILE")
_BEFORE_A_STATEMENT = ("BEGIN", "DO", "ELSE", "LOOP", "REPEAT", "THEN", "SQLEXCEPTION", "SQLWARNING", "FOUND", "ATOMIC")
_FILLING = ("OR", "REPLACE", "IF", "NOT", "EXISTS")


@dataclass(frozen=True, slots=True)
class Leading:
    """The words that begin such statements: the first, each with those that may follow it (none: whatever follows)."""

    words: Mapping[str, frozenset[str]]

    def of(self, statement: Sequence[Token]) -> str:
        """The words by which a statement reaches the whole server; empty where it does not."""
        if not statement or statement[0].kind != "word" or statement[0].text.upper() not in self.words:
            return ""
        first, wanted = statement[0].text.upper(), self.words[statement[0].text.upper()]
        if not wanted:
            return first
        following = next((token for token in statement[1:] if not token.is_word(*_FILLING)), None)
        return f"{first} {following.text.upper()}" if following is not None and following.is_word(*wanted) else ""


def statements(tokens: Sequence[Token], *, compound: bool = False) -> Iterator[Sequence[Token]]:
    """The statements in a text, each up to the next one; those inside a ``compound`` one, or the body of a routine,
    by themselves."""
    start = 0
    inside = compound or (bool(tokens) and tokens[0].is_word(*_COMPOUND))
    for place, token in enumerate(tokens):
        if token.text == ";" or (inside and token.is_word(*_BEFORE_A_STATEMENT)):
            yield tokens[start:place]
            start = place + 1
    yield tokens[start:]


def refusal(what: str) -> BeyondDatabase:
    """The refusal of what a rehearsal would have reached."""
    return BeyondDatabase(
        f"the rehearsal would have reached {what}",
        why="a rehearsal works on a copy of the project's database, and there is none of what is outside of it",
        way_out="take it out of the migration (of a name, the database's own), or apply without a rehearsal",
    )
