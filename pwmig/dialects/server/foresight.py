"""Which tables a statement will touch, and whose rows it may write, told from its words without running it.

Each word that names a table or a view counts, with what that leads to: the tables behind a view, what a trigger or a
routine names, and the tables whose rows go along with those of another by ON DELETE or ON UPDATE. More tables may be
told than a statement touches, not fewer, but for a routine that puts SQL together while it runs: then all are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field

from pwmig.dialects.base import Foreseen
from pwmig.dialects.server.tokens import Lexer, Token
from pwmig.records import dataclass

__all__ = ["Foresight", "Known", "words_of"]

_CHANGES_NAMES = frozenset(("CREATE", "ALTER", "DROP", "RENAME", "DO", "CALL", "EXECUTE", "IMPORT"))
_WRITES_TARGET = frozenset(("INSERT", "REPLACE", "UPDATE", "DELETE", "TRUNCATE", "LOAD"))
_WRITES_NOTHING = frozenset(
    (
        *("COMMENT", "GRANT", "REVOKE", "ANALYZE", "ANALYSE", "SET", "RESET", "LOCK", "VACUUM", "REINDEX"),
        *("CLUSTER", "FLUSH", "USE"),
    )
)
_ONLY_LOOKS = frozenset(
    ("SELECT", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "SAVEPOINT", "RELEASE", "ROLLBACK", "VALUES", "TABLE", "FETCH")
)
_ALTERS_ROWS = (
    *("TYPE", "ALTER", "MODIFY", "CHANGE", "DROP", "SET", "CONVERT", "EXCHANGE", "TRUNCATE", "ENGINE", "ORDER"),
)
_DYNAMIC = ("EXECUTE", "PREPARE")


@dataclass(frozen=True, slots=True)
class Known:
    """What a database holds, as far as statements lead from one thing to another.

    ``tables`` are full names by plain ones; ``views`` the tables behind a view, ``cascades`` the tables that follow a
    table, by full names; ``triggers`` the plain names that a table's triggers mention, ``routines`` those that a
    routine's body does (None: it may name any).
    """

    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    views: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cascades: Mapping[str, frozenset[str]] = field(default_factory=dict)
    triggers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    routines: Mapping[str, frozenset[str] | None] = field(default_factory=dict)


def words_of(lexer: Lexer, body: str) -> frozenset[str] | None:
    """The names that the text of a routine may mean; None where it puts SQL together by itself."""
    tokens = lexer.tokens(body)
    if any(token.is_word(*_DYNAMIC) for token in tokens):
        return None
    return frozenset(token.name for token in tokens if token.is_name)


class Foresight:
    """Answers for the statements of one migration; ``look`` reads what the database holds by now."""

    def __init__(self, lexer: Lexer, look: Callable[[], Known]) -> None:
        self._lexer, self._look = lexer, look
        self._known: Known | None = None

    def of(self, sql: str) -> Foreseen:
        known = self._known = self._known or self._look()
        tokens = self._with_bodies(self._lexer.tokens(sql))
        verb = next((token.text.upper() for token in tokens if token.kind == "word"), "")
        touched = _closure(known, _names(tokens)) | _made(tokens)
        written = self._written(known, verb, tokens, touched)
        if verb in _CHANGES_NAMES:
            self._known = None
        return Foreseen(frozenset(touched), frozenset(written))

    def _with_bodies(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens, and those of the code between dollars."""
        found = list(tokens)
        for token in tokens:
            if token.kind == "body":
                found += self._lexer.tokens(token.text.strip("$").partition("$")[2] or token.text[2:-2])
        return found

    def _written(self, known: Known, verb: str, tokens: Sequence[Token], touched: set[str]) -> set[str]:
        if verb in _WRITES_NOTHING:
            return set()
        if verb in _ONLY_LOOKS:
            return _closure(known, {name for name in _names(tokens) if name in known.routines})
        if verb in ("CREATE", "ALTER", "DROP", "RENAME"):
            return _altered(known, verb, tokens, touched)
        if verb in _WRITES_TARGET and not _several(verb, tokens):
            routines = {name for name in _names(tokens) if name in known.routines}
            return _closure(known, routines | _target(tokens))
        if verb == "DO" and any(token.is_word(*_DYNAMIC) for token in tokens):
            return {name for names in known.tables.values() for name in names}
        return touched


def _names(tokens: Iterable[Token]) -> set[str]:
    """The names in a statement: a percent sign stands doubled in what Peewee gives to its driver."""
    names = {token.name for token in tokens if token.is_name}
    return names | {name.replace("%%", "%") for name in names if "%%" in name}


def _closure(known: Known, names: Iterable[str]) -> set[str]:
    """The tables that these plain names mean or lead to."""
    found: set[str] = set()
    waiting, seen = list(names), set(names)
    while waiting:
        name = waiting.pop()
        more: set[str] = set()
        if name in known.routines:
            body = known.routines[name]
            if body is None:
                return {table for tables in known.tables.values() for table in tables}
            more |= body
        for table in _following(known, known.tables.get(name, ())):
            found.add(table)
            more |= known.triggers.get(table, frozenset())
        waiting += more - seen
        seen |= more
    return found


def _following(known: Known, tables: Iterable[str]) -> set[str]:
    """Tables, those behind the views among them, and those whose rows go along."""
    found, waiting = set(tables), list(tables)
    while waiting:
        table = waiting.pop()
        more = known.views.get(table, frozenset()) | known.cascades.get(table, frozenset())
        waiting += more - found
        found |= more
    return found


def _target(tokens: Sequence[Token]) -> set[str]:
    """The names that may be the table which an INSERT, UPDATE, DELETE or TRUNCATE is about."""
    names: set[str] = set()
    for token in tokens[1:]:
        if token.is_word("VALUES", "SELECT", "SET", "WHERE", "DEFAULT", "WITH") or token.text == "(":
            if token.text != "(" or names:
                break
        elif token.is_name:
            names |= _names([token])
    return names


def _several(verb: str, tokens: Sequence[Token]) -> bool:
    """Whether an UPDATE or DELETE may write more than one table (MariaDB)."""
    if verb == "UPDATE":
        ahead = tokens[: next((place for place, token in enumerate(tokens) if token.is_word("SET")), 0)]
        return any(token.text == "," or token.is_word("JOIN") for token in ahead)
    return verb == "DELETE" and len(tokens) > 1 and not tokens[1].is_word("FROM", "LOW_PRIORITY", "QUICK", "IGNORE")


def _altered(known: Known, verb: str, tokens: Sequence[Token], touched: set[str]) -> set[str]:
    kinds = [token for token in tokens[1:4] if token.is_word("TABLE", "VIEW")]
    if not kinds or not kinds[0].is_word("TABLE"):
        return set()
    if verb == "DROP":
        return touched
    if verb == "CREATE":
        return _made(tokens) if any(token.is_word("SELECT", "EXECUTE") for token in tokens) else set()
    altering = verb == "ALTER" and any(token.is_word(*_ALTERS_ROWS) for token in tokens[2:])
    return _closure(known, _names(tokens[2:6])) if altering else set()


def _made(tokens: Sequence[Token]) -> set[str]:
    """The table that a CREATE TABLE makes, unless it is a temporary one."""
    if not tokens or not tokens[0].is_word("CREATE"):
        return set()
    place = next((n for n, token in enumerate(tokens[:4]) if token.is_word("TABLE")), None)
    if place is None or any(token.is_word("TEMP", "TEMPORARY") for token in tokens[:place]):
        return set()
    place += 1
    while place < len(tokens) and tokens[place].is_word("IF", "NOT", "EXISTS"):
        place += 1
    if place >= len(tokens) or not tokens[place].is_name:
        return set()
    if place + 2 < len(tokens) and tokens[place + 1].text == ".":
        return {f"{tokens[place].name}.{tokens[place + 2].name}"}
    return {tokens[place].name}
