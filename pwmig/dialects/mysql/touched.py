"""What a statement that changes the schema is about, and how that is defined: what a journal compares.

A change of the schema is atomic on InnoDB (https://mariadb.com/kb/en/atomic-ddl/): after a crash a table is defined as
before the statement, or as behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.server.asking import MARK, Execute, ask
from pwmig.dialects.server.errors import driver_error
from pwmig.dialects.server.tokens import MYSQL, Token
from pwmig.records import dataclass

__all__ = ["Definition", "Moves", "definitions", "is_view", "moves", "names_in", "shown", "tokens_of", "unlike"]

Definition = str | None
"""How a table or view is made, with its triggers; None where there is none of that name."""

_BEFORE_NAMES = ("TABLE", "TABLES", "VIEW", "ON", "TO", "TRUNCATE", "RENAME", "SEQUENCE")
_BETWEEN = ("IF", "NOT", "EXISTS", "ONLINE", "IGNORE", "TO", "AS", "TABLE")
_NO_NAMES = (
    *("DELETE", "UPDATE", "COLUMN", "INDEX", "KEY", "SELECT", "SET", "RESTRICT", "CASCADE", "NO", "DEFAULT", "WAIT"),
    *("NOWAIT", "IDENTIFIED", "DUPLICATE", "COMPLETION", "SCHEDULE"),
)
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+(?=[^`']*$)", re.MULTILINE)
_NOT_READ = ((1064,), (1193,))
"""A text that is no SQL, or that sets what is no variable, to the server."""
_NO_TABLE = (1146, 1049, 1347)
"""There is no such table, or no such database, or it is no table of the kind."""


def tokens_of(sql: str) -> list[Token]:
    """The tokens of a statement that changes the schema.

    What stands between double quotes counts as a name, as it is one under ANSI_QUOTES
    (https://mariadb.com/kb/en/sql-mode/): where a name has to be, it is never a text. Where a text has no end if a
    backslash escapes, it is a letter, as under NO_BACKSLASH_ESCAPES.
    """
    tokens = MYSQL.tokens(sql)
    if "\\" in sql and any(map(_is_misread, tokens)):
        tokens = MYSQL.tokens(sql.replace("\\", "_"))
    return [_named(token) if token.kind == "string" and token.text[0] == '"' else token for token in tokens]


_WHOLE = re.compile(r"""[^'"]*(?:'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*")""", re.DOTALL)


def _is_misread(token: Token) -> bool:
    """Whether a token is a text without an end, or a backslash beside all texts, which no SQL has."""
    return token.text == "\\" or (token.kind == "string" and _WHOLE.fullmatch(token.text) is None)


def _named(token: Token) -> Token:
    return Token("identifier", token.text, token.start, token.end, token.text[1:-1].replace('""', '"'))


def names_in(sql: str) -> list[str]:
    """The names in a statement that may be those of tables or views that it makes, changes, renames or drops."""
    tokens, found = tokens_of(sql), dict[str, None]()
    place = 0
    while place < len(tokens):
        if tokens[place].is_word(*_BEFORE_NAMES):
            place = _listed(tokens, place + 1, found)
        else:
            place += 1
    return list(found)


def _listed(tokens: Sequence[Token], place: int, found: dict[str, None]) -> int:
    """Add the names of a list that begins at a place; give the place behind it."""
    while place < len(tokens):
        while place < len(tokens) and tokens[place].is_word(*_BETWEEN):
            place += 1
        if place >= len(tokens) or not tokens[place].is_name or tokens[place].is_word(*_NO_NAMES):
            return place
        name, place = _name_at(tokens, place)
        if not name.lower().startswith("pwmig_"):
            found[name] = None
        if place < len(tokens) and (tokens[place].text == "," or tokens[place].is_word("TO")):
            place += 1
            continue
        return place
    return place


def _name_at(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    """A name, of another database behind that one's, and the place behind it."""
    if place + 2 < len(tokens) and tokens[place + 1].text == "." and tokens[place + 2].is_name:
        return tokens[place + 2].name.replace("%%", "%"), place + 3
    return tokens[place].name.replace("%%", "%"), place + 1


def definitions(execute: Execute, names: Iterable[str]) -> dict[str, Definition]:
    """How each is defined now; a name that can't be asked for, as under LOCK TABLES, is left out."""
    found: dict[str, Definition] = {}
    for name in names:
        try:
            made = shown(execute, f"TABLE {quote(name)}")
        except Exception as error:
            if driver_error(error).args[:1] and driver_error(error).args[0] in _NO_TABLE:
                found[name] = None
            continue
        found[name] = "\n;\n".join([_COUNTER.sub("", str(made[1])), *_triggers(execute, name)])
    return found


def shown(execute: Execute, thing: str) -> tuple[Any, ...]:
    """What SHOW CREATE says of a thing, whatever the connection's sql_mode is: names between backticks, texts with
    backslashes that escape (https://mariadb.com/kb/en/set-statement/; MySQL has no SET STATEMENT)."""
    try:
        return execute(f"SET STATEMENT sql_mode = '' FOR SHOW CREATE {thing}")[0]
    except Exception as error:
        if driver_error(error).args[:1] not in _NOT_READ:
            raise
        return execute(f"SHOW CREATE {thing}")[0]


def _triggers(execute: Execute, table: str) -> Iterator[str]:
    rows = ask(
        execute,
        "SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT FROM information_schema.TRIGGERS "
        f"WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = {MARK} "
        "ORDER BY ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER",
        (table,),
    )
    for name, timing, event, body in rows:
        yield f"CREATE TRIGGER {quote(name)} {timing} {event} ON {quote(table)} FOR EACH ROW {body}"


@dataclass(frozen=True, slots=True)
class Moves:
    """What a statement calls otherwise: tables, and columns of a table (by the name that this has before it)."""

    tables: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str, str], ...] = ()


def moves(sql: str) -> Moves:
    tokens = tokens_of(sql)
    verb = tokens[0].text.upper() if tokens else ""
    if verb == "RENAME":
        names = list(_every_name(sql))
        return Moves(tuple(zip(names[::2], names[1::2])))
    if verb != "ALTER":
        return Moves()
    at = next((place for place, token in enumerate(tokens[:5]) if token.is_word("TABLE")), None)
    if at is None:
        return Moves()
    at += 1
    while at < len(tokens) and tokens[at].is_word(*_BETWEEN):
        at += 1
    if at >= len(tokens) or not tokens[at].is_name:
        return Moves()
    table, at = _name_at(tokens, at)
    return _altered(tokens, at, table)


def _altered(tokens: Sequence[Token], at: int, table: str) -> Moves:
    tables: list[tuple[str, str]] = []
    columns: list[tuple[str, str, str]] = []
    depth, start = 0, True
    for place in range(at, len(tokens)):
        token = tokens[place]
        depth += (token.text == "(") - (token.text == ")")
        if start and not depth and token.is_word("RENAME", "CHANGE"):
            rest = list(tokens[place + 1 : place + 8])
            if token.is_word("RENAME") and rest and rest[0].is_word("COLUMN"):
                names = [one.name for one in rest[1:4] if one.is_name and not one.is_word("TO")]
                columns.append((table, names[0], names[1]))
            elif token.is_word("RENAME") and rest and not rest[0].is_word("INDEX", "KEY"):
                first = 1 if rest[0].is_word("TO", "AS") else 0
                tables.append((table, _name_at(tokens, place + 1 + first)[0]))
            elif token.is_word("CHANGE"):
                names = [one.name for one in rest if one.is_name and not one.is_word("COLUMN", "IF", "EXISTS")]
                if names[0] != names[1]:
                    columns.append((table, names[0], names[1]))
        start = token.text == "," and not depth
    return Moves(tuple(tables), tuple(columns))


def _every_name(sql: str) -> Iterator[str]:
    """The names of a RENAME TABLE, pwmig's own too, in their order."""
    tokens = tokens_of(sql)
    place = next((at for at, token in enumerate(tokens) if token.is_word("TABLE", "TABLES")), len(tokens)) + 1
    while place < len(tokens):
        if tokens[place].is_word("TO", "IF", "EXISTS") or not tokens[place].is_name:
            place += 1
            continue
        name, place = _name_at(tokens, place)
        yield name


def is_view(text: str) -> bool:
    """Whether a definition is a view's."""
    words = [token.text.upper() for token in tokens_of(text[:400])[:14]]
    return "VIEW" in words and "TABLE" not in words[: words.index("VIEW")]


def unlike(before: Mapping[str, Definition], now: Mapping[str, Definition]) -> list[str]:
    """The names of what is defined otherwise now, of those known on both sides."""
    return [name for name, text in before.items() if name in now and now[name] != text]
