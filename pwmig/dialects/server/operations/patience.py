"""How long operations wait for a lock, and how often they try again: ``migrator.lock_timeout(seconds, ...)``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pwmig.errors import OperationRefused
from pwmig.records import dataclass
from pwmig.waits import MOST_RETRIES, MOST_S

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.server.operations.server import Server

__all__ = ["Patience", "refusal", "require_followers"]


@dataclass(frozen=True, slots=True)
class Patience:
    """Wait so many seconds for a lock; where it isn't there, pause, and try again so often."""

    seconds: float
    retries: int = 0
    pause: float = 1

    def __post_init__(self) -> None:
        if not (0 < self.seconds <= MOST_S and 0 <= self.retries <= MOST_RETRIES and 0 <= self.pause <= MOST_S):
            raise OperationRefused(
                f"lock_timeout({self.seconds!r}, retries={self.retries!r}, pause={self.pause!r}) can't be kept to",
                why=f"it takes more than no seconds, and retries and a pause that are not negative; {MOST_S} seconds "
                f"and {MOST_RETRIES} retries at most",
                way_out="write it as lock_timeout(2, retries=5, pause=1)",
            )

    def tried(self, attempt: Callable[[], None], is_about_lock: Callable[[Exception], bool]) -> Exception | None:
        """Attempt until it is done, or until no retry is left: then the error about the lock."""
        for left in range(self.retries, -1, -1):
            try:
                attempt()
                return None
            except Exception as error:  # Of Peewee's or of the driver's.
                if not is_about_lock(error):
                    raise
                if not left:
                    return error
            time.sleep(self.pause)
        return None


def require_followers(operations: Sequence[Operation]) -> None:
    if not operations:
        raise OperationRefused(
            "lock_timeout(...) says nothing by itself",
            why="it is about the operations behind it in the same migrate(...)",
            way_out="write migrate(migrator.lock_timeout(2), migrator.add_column(...))",
        )


def refusal(patience: Patience, operations: Sequence[Operation], server: Server) -> OperationRefused:
    """What was not got, who has it, and what to do."""
    tables = list(dict.fromkeys(operation.table for operation in operations if operation.table))
    holders = server.holders(tables, operations)
    named = ", ".join(map(repr, tables)) or "what the statements name"
    tries = f"{patience.retries + 1} tries" if patience.retries else "1 try"
    held = "held by " + "; ".join(holders) if holders else "whoever held it has let go by now, or can't be seen"
    return OperationRefused(
        f"the lock on {named} was not got within {patience.seconds:g} s, in {tries}",
        why=f"{server.title} gives it to one at a time; {held}",
        way_out="wait until these are done or end them, or give lock_timeout more seconds or retries",
        table=tables[0] if tables else None,
    )
