"""One migration's turn on a server: the words about bad manners, and the waiting for it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.base import Foreseen, Turn
from pwmig.dialects.server.tokens import Lexer
from pwmig.errors import DatabaseUnavailable, OperationRefused
from pwmig.plan import Event
from pwmig.records import dataclass
from pwmig.threads import thread_refused

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.dialects.server.foresight import Foresight

__all__ = [
    *("ServerTurn", "bad_manners", "ends_transaction", "require_connection", "require_no_transaction"),
    *("under_way", "wait_for"),
]

_POLL_S = 0.05
_SUSPECT = re.compile(r"begin|start|commit|end|rollback|abort|prepare|autocommit", re.IGNORECASE)


@dataclass(slots=True)
class ServerTurn(Turn):
    """``unannounced`` are statements that were not foreseen: they only look, or were sent by another way.

    ``committed``: a statement has committed what came before it.
    """

    foresight: Foresight | None = None
    unannounced: dict[str, None] = field(default_factory=dict)
    committed: bool = False

    def hears(self, sql: str) -> None:
        """A statement is about to be sent, in whichever way."""
        if self.watched and not self.announced:
            self.unannounced[sql] = None
        self.announced = False

    def catch_up(self) -> None:
        """Add what the statements that were not foreseen may have touched and written."""
        for sql in self.unannounced:
            found = self.foresight.of(sql) if self.foresight else Foreseen()
            self.touched |= found.written
            self.written |= found.written
        self.unannounced.clear()


def bad_manners(tried: str) -> OperationRefused:
    return OperationRefused(
        f"the migration tried to {tried}",
        why="a migration and its history row stand in one transaction, which pwmig begins and ends",
        way_out="leave that statement out; `with database.atomic():` makes a savepoint inside the migration",
    )


def ends_transaction(lexer: Lexer, sql: str, *, several: bool) -> str | None:
    """What a text would do to the transaction, in the words of SQL; ``several``: it may hold several statements."""
    if not _SUSPECT.search(sql):
        return None
    start = True
    tokens = lexer.tokens(sql)
    for place, token in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        if start and token.is_word("CREATE"):
            return None  # What follows may be the body of a routine.
        if start and token.is_word("BEGIN", "COMMIT", "END", "ABORT"):
            return token.text.upper()
        if start and token.is_word("START", "PREPARE") and following is not None and following.is_word("TRANSACTION"):
            return f"{token.text.upper()} TRANSACTION"
        if start and token.is_word("ROLLBACK") and not _to_savepoint(tokens[place + 1 : place + 3]):
            return "ROLLBACK"
        if start and token.is_word("SET") and any(one.text.lower().endswith("autocommit") for one in tokens):
            return "SET autocommit"
        start = several and token.text == ";"
    return None


def _to_savepoint(tokens: list[Any]) -> bool:
    return any(token.is_word("TO") for token in tokens)


def require_no_transaction(database: peewee.Database, open_already: bool) -> None:
    if database.in_transaction() or open_already:
        raise OperationRefused(
            "migrations can't run inside a transaction that is already open",
            why="each migration has a transaction of its own",
            way_out="call it outside database.atomic() and outside `with database:`",
        )


def require_connection(
    database: peewee.Database, connection: Any, turn: Turn, thread: int, usable: Callable[[Any], bool]
) -> None:
    """The connection must be the one that the transaction was begun on, and this thread the one that began it."""
    if threading.get_ident() != thread:
        # The error is raised in that thread, where nobody may hear it; the turn keeps it for the migration's end.
        turn.refused = thread_refused()
        raise turn.refused
    if turn.refused is not None:
        raise turn.refused
    if database.is_closed() or database.connection() is not connection or not usable(connection):
        raise OperationRefused(
            "the migration closed its database connection",
            why="with the connection went its transaction",
            way_out="remove close() from the migration: pwmig opens and closes the connection",
        )


def wait_for(
    attempt: Callable[[], bool],
    holder: Callable[[], str],
    place: str,
    wait_s: float,
    listener: Listener | None,
) -> None:
    """Try until it is this runner's turn: each attempt for itself, so that waiting holds nothing and can be stopped.

    ``holder`` says whose turn it is, in words; nothing where the server does not tell, or where it has just ended.
    """
    started = time.monotonic()
    told = False
    while not attempt():
        waited = time.monotonic() - started
        if waited >= wait_s:
            raise DatabaseUnavailable(
                f"another program runs migrations on {place}",
                why=f"waited {waited:.1f} s for its lock{_held_by(holder)}",
                way_out="wait for that program or end it, then run this again; nothing was changed",
            )
        if listener and not told:
            text = f"another program runs migrations on {place}{_held_by(holder)}; waiting for at most {wait_s:g} s"
            listener(Event("wait", text=text))
            told = True
        time.sleep(_POLL_S)


def under_way(holder: str, place: str) -> DatabaseUnavailable | None:
    """What to say of a run that is under way, whose turn ``holder`` has in words; None where nobody has it."""
    if not holder:
        return None
    return DatabaseUnavailable(
        f"another program runs migrations on {place} at this moment",
        why=f"what it does is not half-applied, and where it leads is known when it ends: {holder}",
        way_out="wait for that program or end it, then look at pwmig status; nothing was changed",
    )


def _held_by(holder: Callable[[], str]) -> str:
    words = holder()
    return f": {words}" if words else ""


def checker(
    database: peewee.Database, connection: Any, turn: Turn, usable: Callable[[Any], bool], more: Callable[[], None]
) -> Callable[[], None]:
    """What ``Turn.require_open`` is to be, made on the thread of the migration."""
    check = partial(require_connection, database, connection, turn, threading.get_ident(), usable)

    def require_open() -> None:
        check()
        more()

    return require_open
