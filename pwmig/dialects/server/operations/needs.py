"""What else needs a thing that is to go, or to become another one: named in a refusal, with the way to do it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pwmig.errors import OperationRefused
from pwmig.records import dataclass

__all__ = ["Need", "needed", "once"]


@dataclass(frozen=True, slots=True)
class Need:
    """What needs a thing, in words, and what does away with it, as code.

    ``depth`` is how many others lie between them, as a view between a table and a view over it: what is deepest has to
    go first.
    """

    what: str
    hint: str
    depth: int = 0


def once(needs: Iterable[Need]) -> list[Need]:
    """Each need once, with its greatest depth."""
    depths: dict[tuple[str, str], int] = {}
    for need in needs:
        key = need.what, need.hint
        depths[key] = max(need.depth, depths.get(key, 0))
    return [Need(what, hint, depth) for (what, hint), depth in depths.items()]


def needed(
    what: str, needs: Sequence[Need], table: str, column: str | None = None, cascade: str = ""
) -> OperationRefused:
    """The refusal of what would break something; it is told with the nearest first, and gone in an order that works.

    ``cascade`` is what is to be said of ``cascade=True`` before the other way out, in words.
    """
    nearest = sorted(once(needs), key=lambda need: need.depth)
    farthest = sorted(nearest, key=lambda need: -need.depth)
    return OperationRefused(
        f"{what} while other things need it",
        why="; ".join(dict.fromkeys(need.what for need in nearest)),
        way_out=f"{cascade}before it, in the same migration: "
        + ", ".join(dict.fromkeys(need.hint for need in farthest)),
        table=table,
        column=column,
        object=nearest[0].what,
    )
