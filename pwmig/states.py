"""Each migration's state, as files and history together say.

A reading command needs no more than this, and it is asked often: so it stands apart from what a run needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from pwmig.files import MigrationFile
from pwmig.records import dataclass

__all__ = ["Applied", "Half", "MigrationStatus", "State", "place_in_words", "status_of"]

_MOST_SHOWN = 200
"""So many letters of a statement stand in a line."""


class State(str, Enum):
    """A migration's state, as files and history together say."""

    PENDING = "pending"
    APPLIED = "applied"
    FAILED = "failed"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Applied:
    """A row of the history that says: this migration's effect is in the database.

    ``applied_at`` is ISO 8601 in UTC; ``how`` is ``run``, ``fake`` or ``baseline``; rows come oldest first.
    """

    name: str
    checksum: str
    applied_at: str
    applied_by: str = ""
    elapsed_s: float = 0.0
    how: str = "run"


@dataclass(frozen=True, slots=True)
class Half:
    """A migration of which a part took effect and stays, where the database commits each change of the schema.

    ``direction`` is the way that it was going (``forward`` or ``backward``), ``position`` the place of the
    ``statement`` at which it ended, counted from 1 among those that change something, ``total`` how many of those it
    would have sent, None where that is not known; ``at`` is ISO 8601 in UTC. ``took_effect``: that statement did, and
    nobody knows what came behind it. ``command`` goes on from there where a run in the same direction does; else that
    has to be resolved, and ``undoable`` is False where something was committed that nothing takes back.
    """

    name: str
    direction: str
    position: int
    statement: str
    at: str
    by: str
    total: int | None = None
    command: str = ""
    took_effect: bool = False
    undoable: bool = True

    @property
    def where(self) -> str:
        """Where it ended, without the statement."""
        place = place_in_words(self.position, self.total)
        return f"stopped behind {place}, which took effect" if self.took_effect else f"failed at {place}"

    @property
    def words(self) -> str:
        """Where it ended, for people."""
        statement = " ".join(self.statement.split())
        if len(statement) > _MOST_SHOWN:
            statement = statement[:_MOST_SHOWN] + "..."
        return f"{self.where}: {statement}"

    @property
    def giving_up(self) -> str:
        """The command that records that a person took back what took effect."""
        return f"pwmig resolve {self.name} " + ("--reverted" if self.direction == "forward" else "--applied")

    @property
    def way_out(self) -> str:
        """The command that ends it."""
        return self.command or f"pwmig resolve {self.name} --resume"

    def stops(self, direction: str) -> bool:
        """Whether a run in a direction may not begin over it."""
        goes_on = self.command.startswith("pwmig migrate")
        return direction != self.direction if goes_on else not self.command

    @property
    def undo(self) -> str:
        """The command that takes it back; empty where that is refused."""
        return f"pwmig resolve {self.name} --undo" if self.undoable and not self.command else ""


def place_in_words(position: int, total: int | None) -> str:
    """Which statement of how many, where that is known."""
    return f"statement {position}" if total is None else f"statement {position} of {total}"


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """One line of ``status``; ``reversible`` is False where the file has no way back.

    ``stopped`` says of a failed one at which statement that was, ``way_out`` is the command that ends it, and ``undo``
    the one that takes it back, empty where that can't be.
    """

    name: str
    state: State
    path: str | None = None
    applied_at: str | None = None
    applied_by: str = ""
    elapsed_s: float = 0.0
    how: str = ""
    reversible: bool = True
    stopped: str = ""
    way_out: str = ""
    undo: str = ""


def status_of(
    files: Sequence[MigrationFile], applied: Sequence[Applied], halves: Sequence[Half] = ()
) -> tuple[MigrationStatus, ...]:
    """Each migration with its state, in the order of their names; files, applied rows and halves in any order."""
    rows = {row.name: row for row in applied}
    found = [_file_status(file, rows.get(file.name)) for file in files]
    names = {file.name for file in files}
    gone = [_row_status(row, State.MISSING, None) for row in applied if row.name not in names]
    found = [_failed(status, halves) for status in found + gone]
    known = {status.name for status in found}
    found += [
        MigrationStatus(half.name, State.FAILED, reversible=False, **_told(half))
        for half in halves
        if half.name not in known
    ]
    return tuple(sorted(found, key=lambda status: status.name))


def _failed(status: MigrationStatus, halves: Sequence[Half]) -> MigrationStatus:
    half = next((half for half in halves if half.name == status.name), None)
    if half is None:
        return status
    return replace(status, state=State.FAILED, **_told(half))


def _told(half: Half) -> dict[str, Any]:
    return {"stopped": half.words, "way_out": half.way_out, "undo": half.undo}


def _file_status(file: MigrationFile, row: Applied | None) -> MigrationStatus:
    if row is None:
        return MigrationStatus(file.name, State.PENDING, file.path, reversible=file.reversible)
    same = not row.checksum or row.checksum == file.checksum
    return _row_status(row, State.APPLIED if same else State.CHANGED, file.path, file.reversible)


def _row_status(row: Applied, state: State, path: str | None, reversible: bool = False) -> MigrationStatus:
    return MigrationStatus(row.name, state, path, row.applied_at, row.applied_by, row.elapsed_s, row.how, reversible)
