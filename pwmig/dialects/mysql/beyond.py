"""Which statements of MariaDB and MySQL reach past the database that they run in.

Their words are read before they run, with those of the triggers and routines that they lead to. A text that is put
together while it runs can't be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pwmig.dialects.server.asking import Execute
from pwmig.dialects.server.beyond import Leading, statements
from pwmig.dialects.server.tokens import MYSQL, Token

__all__ = ["Beyond"]

_KINDS = frozenset(("USER", "ROLE", "DATABASE", "SCHEMA", "SERVER", "TABLESPACE"))
_REPLICATION = frozenset(("ALL", "BINARY", "GROUP_REPLICATION", "MASTER", "QUERY", "REPLICA", "REPLICAS", "SLAVE"))
_LEADING = Leading(
    {
        "CREATE": _KINDS,
        "ALTER": _KINDS,
        "DROP": _KINDS,
        "RENAME": frozenset(("USER",)),
        **dict.fromkeys(("START", "STOP", "RESET"), _REPLICATION),
        "CHANGE": frozenset(("MASTER", "REPLICATION")),
        **dict.fromkeys(("GRANT", "REVOKE", "FLUSH", "INSTALL", "UNINSTALL", "SHUTDOWN", "RESTART"), frozenset()),
        **dict.fromkeys(("KILL", "PURGE", "BINLOG", "CLONE"), frozenset()),
    }
)
_DEFINED = ("PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE")
_DEFINES = ("CREATE", "ALTER", "DROP", "RENAME")
_FIRES = ("INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD")

_ROUTINES = "SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()"
_TRIGGERS = (
    "SELECT EVENT_OBJECT_TABLE, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"
)
_VIEWS = "SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"

_Bodies = Mapping[str, Sequence[Sequence[Token]]]


class Beyond:
    """Answers for the statements of one migration that runs where ``execute`` asks.

    ``server``: what reaches the whole server counts too, not only another database that is named.
    """

    def __init__(self, execute: Execute, *, server: bool) -> None:
        here, self._folds = execute("SELECT DATABASE(), @@lower_case_table_names <> 0")[0]
        self._execute, self._server = execute, server
        names = {row[0] for row in execute("SHOW DATABASES")} - {here, "information_schema"}
        self._others = frozenset(name.lower() if self._folds else name for name in names)
        self._known: tuple[_Bodies, _Bodies, _Bodies] | None = None

    def reached(self, sql: str) -> str:
        """What a statement would reach beyond its database, in words; empty where it would not."""
        tokens = MYSQL.tokens(sql)
        defines = bool(tokens) and tokens[0].is_word(*_DEFINES)
        if defines and any(token.is_word(*_DEFINED) for token in tokens[:12]):
            # What it says runs later, if at all; but a function of the server's own is one of all databases.
            said = self._other(tokens) or (_of_files(tokens) if self._server else "")
        else:
            said = self._directly(tokens)
            if not said and (not defines or any(token.is_word("SELECT") for token in tokens)):
                said = self._indirectly(tokens, fires=not defines)
        if defines and any(token.is_word(*_DEFINED, "VIEW", "RENAME") for token in tokens):
            self._known = None
        return said

    def _directly(self, tokens: Sequence[Token], *, compound: bool = False) -> str:
        said = self._other(tokens) or (_of_files(tokens) if self._server else "")
        for statement in statements(tokens, compound=compound):
            said = said or self._by_words(_plain(statement))
        return said

    def _other(self, tokens: Sequence[Token]) -> str:
        """The database of the server that is named."""
        for token, following in pairwise(tokens):
            other = token.name if following.text == "." and token.is_name else ""
            if token.is_word("USE", "DATABASE", "SCHEMA") and following.is_name:
                other = following.name
            if (other.lower() if self._folds else other) in self._others and not _is_alias(other, tokens):
                return f"the database {other}"
        return ""

    def _by_words(self, statement: Sequence[Token]) -> str:
        if not statement:
            return ""
        words = _setting(statement) if statement[0].is_word("SET") else _LEADING.of(statement)
        if words and self._server and not _of_default(statement):
            return f"the whole server by {words}"
        return self._dynamically(statement)

    def _dynamically(self, statement: Sequence[Token]) -> str:
        words = f"{statement[0].text.upper()} {statement[1].text.upper()}" if len(statement) > 1 else ""
        if words == "EXECUTE IMMEDIATE":
            text = statement[2:]
        elif words.startswith("PREPARE ") and len(statement) > 3:
            words, text = "PREPARE", statement[3:]
        else:
            return ""
        text = text[: next((place for place, token in enumerate(text) if token.is_word("USING")), len(text))]
        if len(text) != 1 or text[0].kind != "string" or "\\" in text[0].text:
            return f"what can't be foreseen by the text that {words} puts together"
        quote = text[0].text[-1]
        return self.reached(text[0].text.partition(quote)[2][:-1].replace(quote * 2, quote))

    def _indirectly(self, tokens: Sequence[Token], *, fires: bool) -> str:
        """What the triggers and routines reach that a statement leads to."""
        routines, triggers, views = self._known = self._known or self._look()
        fires = fires and any(token.is_word(*_FIRES) for token in tokens)
        waiting = [token.name.lower() for token in tokens if token.is_name]
        seen = set(waiting)
        while waiting:
            name = waiting.pop()
            run = (*routines.get(name, ()), *(triggers.get(name, ()) if fires else ()))
            for body in run:
                fires = fires or any(token.is_word(*_FIRES) for token in body)
                if said := self._directly(body, compound=True):
                    return f"{said}, in a trigger or routine of {name}"
            more = {token.name.lower() for body in (*run, *views.get(name, ())) for token in body if token.is_name}
            waiting += more - seen
            seen |= more
        return ""

    def _look(self) -> tuple[_Bodies, _Bodies, _Bodies]:
        found: list[_Bodies] = []
        for question in (_ROUTINES, _TRIGGERS, _VIEWS):
            bodies: dict[str, list[Sequence[Token]]] = defaultdict(list)
            for name, text in self._execute(question):
                bodies[name.lower()].append(MYSQL.tokens(text or ""))
            found.append(bodies)
        return found[0], found[1], found[2]


def _plain(statement: Sequence[Token]) -> Sequence[Token]:
    """A statement without the settings that are made for it alone."""
    if len(statement) > 1 and statement[0].is_word("SET") and statement[1].is_word("STATEMENT"):
        place = next((place for place, token in enumerate(statement) if token.is_word("FOR")), len(statement))
        return statement[place + 1 :]
    return statement


def _setting(statement: Sequence[Token]) -> str:
    for before, token in pairwise(statement):
        if before.is_word("SET") or before.text == ",":
            if token.is_word("GLOBAL", "PASSWORD", "PERSIST", "PERSIST_ONLY", "DEFAULT"):
                return f"SET {token.text.upper()}"
            if token.text.lower().startswith(("@@global.", "@@persist")):
                return f"SET {token.text}"
    return ""


def _of_default(statement: Sequence[Token]) -> bool:
    """Whether an ALTER DATABASE names none, and so means the one that it runs in."""
    return (
        len(statement) > 2
        and statement[0].is_word("ALTER")
        and statement[1].is_word("DATABASE", "SCHEMA")
        and statement[2].is_word("CHARACTER", "COLLATE", "DEFAULT")
    )


def _of_files(tokens: Sequence[Token]) -> str:
    word = next((token for token in tokens if token.is_word("OUTFILE", "DUMPFILE", "SONAME")), None)
    return f"the server's files by {word.text.upper()}" if word is not None else ""


def _is_alias(name: str, tokens: Sequence[Token]) -> bool:
    """Whether a name that a database has too is given to a table in the statement: ``FROM player AS test``."""
    return any(one.is_word("AS") and other.is_name and other.name == name for one, other in pairwise(tokens))
