"""The sides of a comparison: what a person names, and what has to run to see it.

A side is ``live`` (the database), ``models`` (what they declare), ``history`` (what the applied migrations make of
nothing), ``zero`` (an empty database), a migration or a part of its name (what all up to it make of nothing), or the
URL of another database. Pure, as :mod:`pwmig.plan` is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from pwmig.errors import PlanError, redact
from pwmig.plan import Plan, find, forward_step
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.diff import Change, RenameCandidate
    from pwmig.files import MigrationFile
    from pwmig.schema import Schema
    from pwmig.states import Applied

__all__ = ["Difference", "Kind", "Side", "difference_title", "plan_files", "plan_side", "side_of", "without_tables"]


class Kind(str, Enum):
    """What kind of thing a side is."""

    LIVE = "live"
    MODELS = "models"
    HISTORY = "history"
    ZERO = "zero"
    MIGRATION = "migration"
    URL = "url"


_WORDS = {kind.value: kind for kind in (Kind.LIVE, Kind.MODELS, Kind.HISTORY, Kind.ZERO)}
_REPLAYED = frozenset({Kind.HISTORY, Kind.ZERO, Kind.MIGRATION})


@dataclass(frozen=True, slots=True)
class Side:
    """One side; ``text`` is the whole name of a migration, the URL of a database, else the word itself.

    Its string, and its representation, never hold a password.
    """

    kind: Kind
    text: str

    def __str__(self) -> str:
        return redact(self.text)

    def __repr__(self) -> str:
        return f"Side({self.kind.value}, {str(self)!r})"

    @property
    def replayed(self) -> bool:
        """Whether migrations have to run on an empty database to see it."""
        return self.kind in _REPLAYED


@dataclass(frozen=True, slots=True)
class Difference:
    """What would have to change in one side to make it the other.

    ``sides`` are the two as they were named, ``before`` and ``after`` their schemas as they were compared: without
    what is ignored, and beside models without what no model can say. ``renames`` are questions: a drop and an add
    among the changes that might be one rename, or an add and a table that no model names.
    ``notes`` say what was guessed of the models.
    """

    sides: tuple[Side, Side]
    before: Schema
    after: Schema
    changes: tuple[Change, ...] = ()
    renames: tuple[RenameCandidate, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)


def side_of(text: str, names: Sequence[str]) -> Side:
    """The side that a text means; ``names`` are those of the migrations. PlanError where it means none, or several."""
    if text in _WORDS:
        return Side(_WORDS[text], text)
    if "://" in text:
        return Side(Kind.URL, text)
    try:
        return Side(Kind.MIGRATION, find(text, names))
    except PlanError as error:
        raise PlanError(
            error.what,
            why=error.why,
            way_out=f"{error.way_out}; the other sides are {', '.join(_WORDS)}, and a database's URL",
        ) from None


def plan_side(side: Side, files: Sequence[MigrationFile], applied: Sequence[Applied]) -> Plan:
    """What has to run on an empty database to see a side that is ``replayed``.

    The history in the order in which it was applied, and what was faked too, since it says that its effect is
    there; a migration behind all files with an earlier name. Raises PlanError where a file is gone.
    """
    if side.kind is Kind.MIGRATION:
        return plan_files([file for file in files if file.name <= side.text])
    if side.kind is Kind.ZERO:
        return Plan(())
    by_name = {file.name: file for file in files}
    gone = [row.name for row in applied if row.name not in by_name]
    if gone:
        raise PlanError(
            f"the history can't be replayed: {gone[0]} is applied, but its file is gone",
            why="what it did can't be done again on an empty database",
            way_out="bring the file back (from version control); pwmig status lists what is missing",
        )
    return Plan(tuple(forward_step(by_name[row.name]) for row in applied))


def plan_files(files: Sequence[MigrationFile]) -> Plan:
    """All the files' migrations, in the order of their names."""
    return Plan(tuple(forward_step(file) for file in sorted(files, key=lambda file: file.name)))


def without_tables(schema: Schema, names: Collection[str], patterns: Collection[str] = ()) -> Schema:
    """The schema without the tables and views of these names, and those that fit a pattern: ``*`` is any letters."""
    import re

    keys = set(map(schema.key, names))
    parts = (map(re.escape, schema.key(pattern).split("*")) for pattern in patterns)
    left_out = re.compile("|".join(".*".join(words) for words in parts) or "(?!)", re.DOTALL)

    def stays(name: str) -> bool:
        key = schema.key(name)
        return key not in keys and left_out.fullmatch(key) is None

    return replace(
        schema,
        tables=tuple(table for table in schema.tables if stays(table.name)),
        views=tuple(view for view in schema.views if stays(view.name)),
    )


# -- words


def difference_title(difference: Difference, location: str) -> str:
    """One line for people about a difference; ``location`` is the live database in words."""
    before, after = difference.sides
    if before.kind is Kind.HISTORY and after.kind is Kind.LIVE:
        if not difference:
            return "no drift: the database is what its applied migrations make"
        return f"drift: from what the applied migrations make to what {location} holds:"
    if not difference:
        one, other = (after, before) if _is_sentence(before) and not _is_sentence(after) else (before, after)
        words = _told(one, "the database"), _told(other, "the database")
        return " is ".join(words) if _is_sentence(other) else " and ".join(words) + " are the same"
    if _is_sentence(after) and not _is_sentence(before):
        return f"to make {_told(before, location)} {_told(after, location)}:"
    return f"to come from {_told(before, location)} to {_told(after, location)}:"


def _is_sentence(side: Side) -> bool:
    return side.kind in (Kind.MODELS, Kind.HISTORY, Kind.MIGRATION)


def _told(side: Side, location: str) -> str:
    return {
        Kind.LIVE: location,
        Kind.MODELS: "what the models declare",
        Kind.HISTORY: "what the applied migrations make",
        Kind.ZERO: "an empty database",
        Kind.MIGRATION: f"what the migrations make up to {side}",
        Kind.URL: str(side),
    }[side.kind]
