"""The timeline of migrations: each with the sign and the word of its state, and its age."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from pwmig.frames.wording import SIGNS, short_name
from pwmig.plan import MigrationStatus, State

__all__ = ["age_text", "points", "state_of", "state_text", "timeline_options"]

_NONE = "(no migration)"
_UNITS = (("s", 60), ("min", 60), ("h", 24), ("d", 30), ("mo", 12))


def state_of(status: MigrationStatus, failed: Collection[str]) -> State:
    """The migration's state; a pending one that stopped when it was last tried here is failed."""
    return State.FAILED if status.name in failed and status.state is State.PENDING else status.state


def age_text(moment: datetime | None, now: datetime) -> str:
    """How long ago that was, in one unit: ``40 s``, ``3 min``, ``2 d``, ``7 mo``; nothing for a time to come."""
    if moment is None or moment > now:
        return ""
    amount = int((now - moment).total_seconds())
    for unit, many in _UNITS:
        if amount < many:
            return f"{amount} {unit}"
        amount //= many
    return f"{amount} y"


def moment_of(status: MigrationStatus) -> datetime | None:
    """When it was applied; of one that was not, when it was written, as its name says; None where that is no time."""
    try:
        if status.applied_at:
            found = datetime.fromisoformat(status.applied_at)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        return datetime.strptime(status.name[:15], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def state_text(status: MigrationStatus, failed: Collection[str], now: datetime) -> str:
    """The state in a sentence: ``✓ applied 3 min ago by ada@host, in 0.012 s``."""
    state = state_of(status, failed)
    age = age_text(moment_of(status), now)
    said = f"{SIGNS[state]} {state.value}"
    if status.applied_at is None:
        return said + (f", written {age} ago" if age else "")
    ago = f" {age} ago" if age else f" {status.applied_at}"
    who = f" by {status.applied_by}" if status.applied_by else ""
    how = ", recorded and not run" if status.how == "fake" else f", in {status.elapsed_s:.3f} s"
    return f"{said}{ago}{who}{how}"


def timeline_options(
    statuses: Iterable[MigrationStatus], start: str, failed: Collection[str], now: datetime
) -> tuple[tuple[str, str], ...]:
    """The timeline as (label, name) pairs, from the moment before the first migration on."""
    shown = []
    for status in statuses:
        state = state_of(status, failed)
        age = age_text(moment_of(status), now)
        shown.append((f"{SIGNS[state]} {state.value:7} {age:>6}  {short_name(status.name)}", status.name))
    return ((f"  {_NONE}", start), *shown)


def points(statuses: Iterable[MigrationStatus], start: str, now: str) -> tuple[tuple[str, str], ...]:
    """The points of the history that can be compared, as (label, name) pairs."""
    after = tuple((f"after {short_name(status.name)}", status.name) for status in statuses)
    return (("before the first", start), *after, ("now", now))
