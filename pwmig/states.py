"""Each migration's state, as files and history together say.

A reading command needs no more than this, and it is asked often: so it stands apart from what a run needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pwmig.files import MigrationFile

__all__ = ["Applied", "MigrationStatus", "State", "status_of"]


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
class MigrationStatus:
    """One line of ``status``; ``reversible`` is False where the file has no way back."""

    name: str
    state: State
    path: str | None = None
    applied_at: str | None = None
    applied_by: str = ""
    elapsed_s: float = 0.0
    how: str = ""
    reversible: bool = True


def status_of(files: Sequence[MigrationFile], applied: Sequence[Applied]) -> tuple[MigrationStatus, ...]:
    """Each migration with its state, in the order of their names; files and applied rows in any order."""
    rows = {row.name: row for row in applied}
    found = [_file_status(file, rows.get(file.name)) for file in files]
    names = {file.name for file in files}
    gone = [_row_status(row, State.MISSING, None) for row in applied if row.name not in names]
    return tuple(sorted(found + gone, key=lambda status: status.name))


def _file_status(file: MigrationFile, row: Applied | None) -> MigrationStatus:
    if row is None:
        return MigrationStatus(file.name, State.PENDING, file.path, reversible=file.reversible)
    same = not row.checksum or row.checksum == file.checksum
    return _row_status(row, State.APPLIED if same else State.CHANGED, file.path, file.reversible)


def _row_status(row: Applied, state: State, path: str | None, reversible: bool = False) -> MigrationStatus:
    return MigrationStatus(row.name, state, path, row.applied_at, row.applied_by, row.elapsed_s, row.how, reversible)
