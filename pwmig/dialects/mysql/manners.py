"""What a migration may leave behind on its connection to MariaDB or MySQL: heard when it does, and set right."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pwmig.dialects.mysql.quoting import literal
from pwmig.dialects.server.asking import MARK, Execute, ask
from pwmig.dialects.server.tokens import MYSQL
from pwmig.dialects.server.turn import ServerTurn, bad_manners

__all__ = ["Manners"]

_RELEASES = re.compile(r"release_(?:all_locks|lock)\b", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_MOVING = frozenset(
    (
        *("timestamp", "insert_id", "last_insert_id", "identity", "rand_seed1", "rand_seed2", "pseudo_thread_id"),
        *("warning_count", "error_count", "in_transaction", "autocommit", "last_gtid", "gtid_seq_no", "server_time"),
    )
)
"""Variables that change by themselves, or that are the turn's own."""
_RIGHTFUL = frozenset(
    (
        *("foreign_key_checks", "unique_checks", "lock_wait_timeout", "innodb_lock_wait_timeout"),
        *("max_statement_time", "max_execution_time"),
    )
)
"""What a migration sets for itself, and is right to."""
_IN_TRANSACTION = 1
"""Of the status that comes with each answer: https://mariadb.com/kb/en/ok_packet/"""


class Manners:
    """Hears the statements of one turn, whose lock of the run is ``lock``; what they leave is set right at its end."""

    def __init__(self, connection: Any, turn: ServerTurn, execute: Execute, lock: str) -> None:
        self.connection, self.turn, self.execute, self.lock = connection, turn, execute, lock
        self._variables: dict[str, str] | None = None
        self._locks_tables = self._releases = False

    def send(self, sql: str, send: Callable[[], Any]) -> Any:
        """Send a statement of the migration's own, and hear what it is about to do."""
        verb = MYSQL.verb(sql)
        if verb == "SET" and self._variables is None:
            self._variables = self._seen()
        if verb in ("LOCK", "FLUSH", "UNLOCK"):
            self._locks_tables = verb != "UNLOCK" and (verb == "LOCK" or " lock" in sql.lower())
        self._releases = self._releases or _RELEASES.search(sql) is not None
        was_in_transaction = self.connection.server_status & _IN_TRANSACTION
        result = send()
        if verb in ("CALL", "EXECUTE") and was_in_transaction > self.connection.server_status & _IN_TRANSACTION:
            # A routine, or a text that was prepared, holds a COMMIT or a change of the schema.
            self.turn.committed_by = sql
            self.turn.refused = bad_manners(f"COMMIT by itself, in {verb}")
            raise self.turn.refused
        return result

    def set_right(self) -> None:
        """Ahead of the history's row, and again where the migration stopped."""
        if self._locks_tables:
            self._locks_tables = False
            self.execute("UNLOCK TABLES")
            self.turn.notes.append("it left tables locked, which are unlocked again")
        if self._variables is not None and (names := self._set_back(self._variables)):
            self.turn.notes.append(f"it changed {', '.join(names)} of its connection, as before again")

    def require_lock(self) -> None:
        """Two runs would go on at once where one lets go of the lock by which they take turns."""
        if not self._releases:
            return
        taken = f"SELECT IS_USED_LOCK({MARK}) = CONNECTION_ID() OR GET_LOCK({MARK}, 0)"
        if not ask(self.execute, taken, (self.lock, self.lock))[0][0]:
            raise bad_manners("let go of the lock by which runs take turns, and another one has it now")

    def _seen(self) -> dict[str, str]:
        return {name: value for name, value in self.execute("SHOW SESSION VARIABLES") if name not in _MOVING}

    def _set_back(self, before: dict[str, str]) -> list[str]:
        with suppress(Exception):  # It goes by the clock again where it was stopped.
            self.execute("SET SESSION timestamp = DEFAULT")
        (limit,) = self.execute("SELECT @@SESSION.sql_select_limit")[0]
        self.execute("SET SESSION sql_select_limit = DEFAULT")  # It would hide the others.
        done = []
        for name, value in (self._seen() | {"sql_select_limit": str(limit)}).items():
            if value == before.get(name, value):
                continue
            with suppress(Exception):  # It is one of the whole server.
                said = before[name] if _NUMBER.fullmatch(before[name]) else literal(before[name], backslashes=False)
                self.execute(f"SET SESSION {name} = {said}")
                done.append(name)
        return [name for name in done if name not in _RIGHTFUL]
