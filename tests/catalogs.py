"""What a database holds, as a connection of the test's own reads it: nothing here knows of pwmig.

Facts are a flat mapping: ``("column", "player", "level", "default"): "7"``. So what differs between two looks is a set
of keys, and what an operation may change is a set of patterns for keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["NEW", "Case", "Facts", "Place", "assert_only", "case", "renamed"]

Facts = dict[tuple[str, ...], Any]
ABSENT = "(absent)"

NEW = object()
"""In a pattern, the name of something that was not there before; one thing only."""

NAMED = frozenset({"column", "constraint", "index", "line"})
"""Kinds of things that have a line of their own in MariaDB's SHOW CREATE TABLE."""

CHOSEN = frozenset({"constraint", "index", "trigger", "line"})
"""Kinds of things whose name is the server's own choice on a partition or an heir."""


@dataclass(frozen=True)
class Place:
    """One schema of the corpus.

    ``names`` gives the name of each role (``t`` is the table; ``x`` nothing depends on; ``a`` much may), ``script``
    makes it all, ``family`` are the tables that get what ``t`` gets, ``lacks`` the roles that it has not.
    """

    names: Mapping[str, str]
    script: str
    family: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()

    def __getattr__(self, role: str) -> str:
        try:
            return self.__dict__["names"][role]
        except KeyError:
            raise AttributeError(role) from None


@dataclass(frozen=True)
class Case:
    """One operation: what must differ afterwards, what may, and which new name stands for which role's.

    Patterns are tuples, of which a word ``@x`` is the name of a role and ``...`` is anything; what follows a pattern's
    end is anything too.
    """

    ask: Any
    must: tuple[tuple[Any, ...], ...]
    may: tuple[tuple[Any, ...], ...] = ()
    needs: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)


def case(
    ask: Any, *must: tuple[Any, ...], may: Iterable[tuple[Any, ...]] = (), needs: str = "", **renames: str
) -> Case:
    """A case as one line: ``needs`` are roles, ``renames`` is new name by role."""
    return Case(ask, must, tuple(may), frozenset(needs.split()), {new: role for role, new in renames.items()})


def renamed(facts: Facts, new: str, old: str, quoted_new: str, quoted_old: str) -> Facts:
    """The facts with a new name told as the old one, in keys and in texts."""

    def told(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(quoted_new, quoted_old)
        if isinstance(value, (list, tuple)):
            return type(value)(old if part == new else told(part) for part in value)
        return value

    return {
        tuple(old if part == new else told(part) for part in key): old if value == new else told(value)
        for key, value in facts.items()
    }


def differing(before: Facts, after: Facts) -> dict[tuple[str, ...], tuple[Any, Any]]:
    """{what is not as before: (what it was, what it is)}; of an order, what both have."""
    found = {}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, ABSENT), after.get(key, ABSENT)
        if key[0] == "order":
            old, new = [one for one in old if one in new], [one for one in new if one in old]
        if old != new:
            found[key] = old, new
    return found


def matches(pattern: tuple[Any, ...], key: tuple[str, ...], place: Place, old: Collection[tuple[str, ...]]) -> bool:
    """Whether a pattern means a key; ``old`` are the beginnings of the keys that were there before."""
    kinds = (pattern[0], "line") if pattern[0] in NAMED else pattern[:1]
    if key[0] not in kinds or (key[0] == pattern[0] and len(pattern) > len(key)):
        return False
    of_family = len(key) > 1 and key[1] in place.family
    for position, (wanted, found) in enumerate(zip(pattern[1:], key[1:]), 1):
        role = wanted[1:] if isinstance(wanted, str) and wanted.startswith("@") else None
        if wanted is ... or wanted == found or place.names.get(role) == found:
            continue
        if wanted is NEW and key[: position + 1] not in old:
            continue
        if not (of_family and (wanted == "@t" or (position == 2 and key[0] in CHOSEN))):
            return False
    return True


def assert_only(before: Facts, after: Facts, place: Place, made: Case) -> None:
    """What was asked for is there, and nothing else differs."""
    found = differing(before, after)
    old = {key[:length] for key in before for length in range(1, len(key))}
    hits = {one: [key for key in found if matches(one, key, place, old)] for one in (*made.must, *made.may)}
    asked = {key for keys in hits.values() for key in keys}
    unasked = {key: both for key, both in found.items() if key not in asked}
    assert not unasked, f"nobody asked for: {unasked}"
    missing = [one for one in made.must if not hits[one]]
    assert not missing, f"nothing was done of: {missing}"
    for one, keys in hits.items():
        if NEW in one:
            own = {key[:3] for key in keys if key[0] == one[0] and key[1] not in place.family}
            assert len(own) <= 1, f"one {one[0]} was asked for, and there are {own}"
