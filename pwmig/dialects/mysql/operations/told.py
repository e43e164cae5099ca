"""What the texts of views and triggers mean by a column's name, as far as a text tells it.

The server writes a view's text anew and qualifies each column that it finds, by its table or by that one's alias
(https://mariadb.com/kb/en/information-schema-views-table/); a trigger's text stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pwmig.records import dataclass

__all__ = ["names_in", "pairs_in", "trigger_reads", "view_reads"]

_TOKENS = re.compile(
    r"[bBnNxX]?'(?:[^'\\]|\\.|'')*'|/\*.*?\*/|--[ \t][^\n]*|#[^\n]*"
    r"|`((?:[^`]|``)*)`|\"((?:[^\"\\]|\\.|\"\")*)\"|([\w$]+)",
    re.DOTALL,
)

_RUN = re.compile(r"/\*M?!")
"""A comment that the server runs."""

_ANY_ALIAS = frozenset({"partition", "system_time"})
"""Words that may stand between a table and its alias."""


@dataclass(frozen=True, slots=True)
class _Name:
    """What may be a name, in lower case, where it stands, and the quote around it, if any."""

    text: str
    begin: int
    end: int
    quote: str


def _named(sql: str) -> Iterator[_Name]:
    """What may be a name in a text; of a literal or a comment, nothing."""
    for found in _TOKENS.finditer(sql):
        ticked, quoted, word = (text or "" for text in found.groups())
        text = (ticked.replace("``", "`") or quoted.replace('""', '"') or word).lower()
        if text:
            yield _Name(text, *found.span(), "" if word else found[0][0])


def names_in(sql: str) -> frozenset[str]:
    """All that may be a name in a text, in lower case: words, and what stands in backticks or double quotes."""
    return frozenset(name.text for name in _named(sql))


def pairs_in(sql: str) -> frozenset[tuple[str, str]]:
    """Names of a text with a dot between them, in lower case."""
    names = list(_named(sql))
    return frozenset((one.text, two.text) for one, two in pairwise(names) if _between(sql, one, two) == ".")


def _between(sql: str, one: _Name, two: _Name) -> str:
    return sql[one.end : two.begin].strip()


def _without_comments(sql: str) -> str:
    """The text with blanks for its comments, everything in its place."""
    return _TOKENS.sub(lambda found: " " * len(found[0]) if found[0][:1] in ("/", "-", "#") else found[0], sql)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text, its names, and the table in question: its database and its name there, in lower case."""

    sql: str
    names: Sequence[_Name]
    schema: str
    table: str

    def next(self, place: int, mark: str) -> str | None:
        """The name behind another one, where just that stands between them."""
        if not 0 <= place < len(self.names) - 1:
            return None
        one, two = self.names[place], self.names[place + 1]
        return two.text if _between(self.sql, one, two) == mark else None

    def owner(self, place: int) -> tuple[str, ...]:
        """What qualifies the name, the outermost first."""
        found: list[str] = []
        while place > 0 and self.next(place - 1, ".") is not None:
            place -= 1
            found.insert(0, self.names[place].text)
        return tuple(found)

    def is_before(self, place: int, mark: str) -> bool:
        """Whether the next letter behind a name is this one."""
        return self.sql[self.names[place].end :].lstrip().startswith(mark)


def view_reads(sql: str, schema: str, table: str, column: str) -> bool:
    """Whether a view reads a column of the table itself, by the text that the server gives of it."""
    text = _Text(sql, tuple(_named(sql)), schema.lower(), table.lower())
    own, others = _aliases(text)
    databases = {text.schema} | {text.owner(at)[0] for at in range(len(text.names)) if len(text.owner(at)) > 1}
    for at, name in enumerate(text.names):
        owner = text.owner(at)
        if name.text != column.lower() or not owner or text.next(at, ".") is not None:
            continue
        if len(owner) > 1:
            if owner == (text.schema, text.table):
                return True
        elif owner[0] in own or owner[0] not in others | databases:
            return True
    return False


def _aliases(text: _Text) -> tuple[set[str], set[str]]:
    """What the view calls the table, and what it calls other tables and queries."""
    own, others = set[str](), set[str]()
    for at, name in enumerate(text.names):
        owner = text.owner(at)
        alias = text.names[at + 1] if at + 1 < len(text.names) and text.next(at, "") is not None else None
        if len(owner) == 1 and alias is not None and alias.quote:
            (own if (owner[0], name.text) == (text.schema, text.table) else others).add(alias.text)
        if name.quote and text.sql[: name.begin].rstrip().endswith(")") and not text.is_before(at, "."):
            others.add(name.text)  # A query's, or that of a function that gives rows.
        if alias is not None and alias.text == "as" and not alias.quote and text.is_before(at + 1, "(") and not owner:
            others.add(name.text)  # WITH name AS (...)
    return own, others


def trigger_reads(
    sql: str, schema: str, table: str, column: str, *, is_own: bool, ansi: bool, others: frozenset[str]
) -> bool:
    """Whether a trigger may read or write a column of the table: it does, unless its text tells that it does not.

    ``is_own``: it hangs on the table. ``ansi``: double quotes stand around names. ``others`` are the tables and views
    that the text may mean beside the table.
    """
    if _RUN.search(sql):
        return True
    sql = _without_comments(sql)
    names = [name for name in _named(sql) if ansi or name.quote != '"']
    text = _Text(sql, tuple(names), schema.lower(), table.lower())
    words = {name.text for name in names}
    known = frozenset[str]() if words & _ANY_ALIAS else others - _called(text)
    for at, name in enumerate(text.names):
        if name.text != column.lower() or text.next(at, ".") is not None:
            continue
        owner = text.owner(at)
        if owner and owner[-1] in ("new", "old"):
            if is_own:
                return True
        elif owner:
            if owner[-1] == text.table or owner[-1] not in known:
                return True
        elif text.table in words and not _is_listed(text, at) and not _is_alias(text, at):
            return True
    return False


def _called(text: _Text) -> frozenset[str]:
    """What may be an alias of the table or of a query: the word behind it."""
    found = set[str]()
    for at, name in enumerate(text.names):
        begins = at + 1 if name.text == text.table else at if text.sql[: name.begin].rstrip().endswith(")") else None
        if begins is None or (begins > at and text.next(at, "") is None):
            continue
        found.add(text.names[begins].text)
        if text.names[begins].text == "as" and (alias := text.next(begins, "")) is not None:
            found.add(alias)
    return frozenset(found)


def _is_alias(text: _Text, at: int) -> bool:
    """Whether the name is one that is given there: behind AS."""
    return text.next(at - 1, "") is not None and text.names[at - 1].text == "as" and not text.names[at - 1].quote


_CALLED = r"(?:`(?:[^`]|``)*`|[\w$]+)"
_INTO = re.compile(
    r"(?<![\w$.])(?:insert|replace)\s+(?:(?:low_priority|delayed|high_priority|ignore|into)\s+)*"
    rf"(?:{_CALLED}\s*\.\s*)?({_CALLED})\s*\($",
    re.IGNORECASE,
)
"""How the columns of an INSERT begin, and the name of its table."""


def _is_listed(text: _Text, at: int) -> bool:
    """Whether it stands among the columns of an INSERT into another table."""
    begin = text.sql.rfind("(", 0, text.names[at].begin)
    head = _INTO.search(text.sql[: begin + 1])
    if begin < 0 or head is None or ")" in text.sql[begin : text.names[at].begin]:
        return False
    return names_in(head[1]).isdisjoint({text.table, "select", "value", "values"})
