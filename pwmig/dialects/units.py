"""The parts of a step, in their order: a batch of operations, or one statement of the migration's own.

Where a step is gone on with, those that took effect are skipped, once they are seen to be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from pwmig.dialects.lasting import is_last_call
from pwmig.errors import OperationRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    from types import CodeType

    from pwmig.dialects.migrator import Operation

__all__ = ["Progress", "Result", "Units"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a half-applied migration has come: ``upto`` is the last part that took effect as a whole.

    ``calls`` are the parts in words, as far as they are known, ``results`` what statements of its own gave (rows, and
    the last number). ``partial`` says that the part behind took effect in part, ``since`` which things the attic held
    before it. ``unknown`` says what can't be skipped, in words.
    """

    upto: int
    calls: Mapping[int, str] = field(default_factory=dict)
    results: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    partial: bool = False
    since: int = 0
    unknown: str = ""


class Result:
    """What a statement that is skipped gave when it was sent, as a driver's cursor has it."""

    description = None

    def __init__(self, row_count: int, last_id: int) -> None:
        self.rowcount, self.lastrowid = row_count, last_id

    def fetchone(self) -> None:
        return None

    def fetchall(self) -> list[Any]:
        return []

    def close(self) -> None:
        return None


@dataclass(slots=True)
class Units:
    """Counts the parts of a step as they come. ``number`` is the part under way, ``completed`` the last one that ended.

    ``call`` is it in words, ``is_own`` whether it is a statement of the migration's own, that is heard of ahead of it.
    ``mark`` gives the number of the last thing in the attic; ``ends`` says whether nothing is sent when the migration
    has returned.
    """

    name: str
    progress: Progress | None = None
    mark: Callable[[], int] = lambda: 0
    skipped: Callable[[Sequence[Operation]], None] = lambda operations: None
    ends: Callable[[], bool] = lambda: False
    number: int = 0
    completed: int = 0
    call: str = ""
    is_own: bool = False
    is_batch: bool = False
    since: int = 0
    is_last: bool = False
    _left: Callable[[], int | None] = lambda: None

    def batch(self, operations: Sequence[Operation], left: Callable[[], int | None], of: CodeType) -> bool:
        """A batch begins; whether it took effect already, and is to be skipped.

        ``left`` says how many statements it sends yet, where it knows; ``of`` is the function that may run several.
        """
        self.is_last, self._left = is_last_call(of=of), left
        self._begin("; ".join(wanted.describe() for wanted in operations))
        if self._is_done():
            self.skipped(operations)
            self.completed = self.number
            return True
        self.is_batch, self.since = True, self.mark()
        return False

    def ended(self) -> None:
        """The part under way came to its end."""
        self.completed, self.is_batch, self.is_own = self.number, False, False

    def failed(self) -> None:
        self.is_batch = False

    def statement(self, sql: str) -> Result | None:
        """A statement of the migration's own is about to be sent; what it gave where it took effect already."""
        self.is_last = is_last_call()
        self._begin(sql.replace("%%", "%"))
        if not self._is_done():
            self.is_own = True
            return None
        self.completed = self.number
        assert self.progress is not None
        return Result(*self.progress.results.get(self.number, (-1, 0)))

    def left(self) -> int | None:
        """How many statements the migration sends yet, the one under way among them; None where nobody knows."""
        if not self.is_last or not (self.is_own or self.is_batch) or not self.ends():
            return None
        return 1 if self.is_own else self._left()

    def end(self) -> None:
        """The migration has returned: what follows is done for it."""
        self._begin("")

    def _begin(self, call: str) -> None:
        self.number += 1
        self.call, self.is_own = call, False

    def _is_done(self) -> bool:
        progress = self.progress
        if progress is None or self.number > progress.upto:
            return False
        was = progress.calls.get(self.number)
        if was is not None and was != self.call:
            raise OperationRefused(
                f"{self.name} does something else than before it stopped",
                why=f"its part {self.number} was: {was[:200]}, and is: {self.call[:200]}",
                way_out="give it back what came before the place where it stopped, which is done already, and change "
                "only what comes behind",
            )
        return True
