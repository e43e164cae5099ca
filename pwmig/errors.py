"""What can go wrong, as a tree.

::

    PwmigError
    ├── ProjectError            no project here, its config or its models can't be read
    ├── DatabaseUnavailable     the database can't be reached, read or written
    ├── DatabaseUnsupported     a kind of database that pwmig can't work on
    ├── MigrationFileError      a file that is no valid migration; carries path and line
    ├── PlanError               a wish that can't be planned: unknown name, no way back, ...
    │   └── HalfApplied         a part of a migration took effect, and has to be ended or taken back first
    ├── HistoryError            the history table can't be trusted or understood
    ├── OperationRefused        doing this would lose something; carries table, column, object
    ├── RehearsalRefused        a migration reached past the copy that it runs on
    ├── MigrationFailed         a migration stopped; carries its name, line, statement and the run
    └── Cancelled               a person stopped the run

Every error says what happened, why, and the way out, in that order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pwmig.plan import Run
    from pwmig.states import Half

__all__ = [
    "BeyondDatabase",
    "Cancelled",
    "DatabaseUnavailable",
    "DatabaseUnsupported",
    "FactsHidden",
    "HalfApplied",
    "HistoryError",
    "MigrationFailed",
    "MigrationFileError",
    "NoScratch",
    "OperationRefused",
    "PlanError",
    "ProjectError",
    "PwmigError",
    "RehearsalRefused",
    "TableUnreadable",
    "ThreadRefused",
    "redact",
]

EARLIER = " in a migration before this one"
"""Where rows are to be mended that stop a migration, of which nothing has taken effect then."""

# Each part has a bound or a border, so that a megabyte of letters is read once, not from each letter on.
_URL_PASSWORD = r"(?P<head>(?<![a-z0-9+.\-])[a-z0-9+.\-]*://[^\s:/@]*):(?P<password>\S{0,400})@"
_NAMED_PASSWORD = (  # The quotes may stand in a string of code themselves, behind backslashes.
    r"(?P<head>\b\w*(?:password|passwd|pwd)\b\\*['\"]?\s*[=:]\s*)"
    r"(?P<value>\\*'[^']*'|\\*\"[^\"]*\"|[^\s,;)}]+)"
)


def redact(text: str) -> str:
    """The text with every password of a URL or a ``password=...`` replaced by ``***``."""
    text = re.sub(_URL_PASSWORD, r"\g<head>:***@", text, flags=re.IGNORECASE)
    return re.sub(_NAMED_PASSWORD, r"\g<head>***", text, flags=re.IGNORECASE)


class PwmigError(Exception):
    """The root of all errors of pwmig.

    ``what`` happened, ``why``, and ``way_out`` (what the reader can do) are kept apart, so that
    each face can set them as it likes; ``str(error)`` puts them on a line each.
    """

    def __init__(self, what: str, *, why: str = "", way_out: str = "") -> None:
        self.what = redact(what)
        self.why = redact(why)
        self.way_out = redact(way_out)
        super().__init__(self.what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"why: {self.why}")
        if self.way_out:
            lines.append(f"way out: {self.way_out}")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """How IPython shows it: by its own words. The words of a cause, and the lines of code on the way, may hold
        passwords, and a notebook keeps what it shows; ``error.__cause__`` has them."""
        return [f"{type(self).__name__}: {self}"]


class ProjectError(PwmigError):
    """There is no project here, or its config or models can't be read."""


class DatabaseUnavailable(PwmigError):
    """The database can't be reached, read or written."""


class TableUnreadable(DatabaseUnavailable):
    """A table that can't be read, though the database can: what defines it is not there, or somebody alters it."""


class FactsHidden(DatabaseUnavailable):
    """The account may not see what a comparison or a copy needs to know; the way out names the right."""


class NoScratch(DatabaseUnavailable):
    """No database may be made for a while on the project's server; the way out is the right for it."""


class DatabaseUnsupported(PwmigError):
    """A kind of database, or a use of it, that pwmig does not work on."""


class MigrationFileError(PwmigError):
    """A file that is no valid migration: ``path``, and ``line`` (from 1) where it is known."""

    def __init__(
        self, what: str, *, why: str = "", way_out: str = "", path: Path | str | None = None, line: int | None = None
    ) -> None:
        super().__init__(what, why=why, way_out=way_out)
        self.path = path
        self.line = line


class PlanError(PwmigError):
    """A wish that can't be planned."""


class HalfApplied(PlanError):
    """A part of a migration took effect and stays, and the history does not know of it; ``half`` says which."""

    def __init__(self, half: Half) -> None:
        gone = "applied" if half.direction == "forward" else "taken back"
        what = f"{half.name} is half {gone}: it {half.words}"
        self.half = half
        if half.command:
            super().__init__(
                what,
                why="what is done outside of a transaction stays, and the history does not know of it",
                way_out=f"{half.way_out} ends it; or take back by hand what stays, and record that: {half.giving_up}",
            )
            return
        back = "--undo in its place takes back what took effect; " if half.undo else ""
        super().__init__(
            what,
            why="what came before that is in the database, where each change of the schema commits; another run would "
            "find neither what it begins with nor what it leads to",
            way_out=f"{half.way_out} ends it; {back}--applied or --reverted record what was done by hand",
        )


class HistoryError(PwmigError):
    """The history table can't be trusted or understood."""


class OperationRefused(PwmigError):
    """An operation that would lose something was stopped before it did.

    ``table``, ``column`` and ``object`` (the dependant: an index, a trigger, a view, ...) name
    the place, each None where it does not apply.
    """

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        way_out: str = "",
        table: str | None = None,
        column: str | None = None,
        object: str | None = None,
    ) -> None:
        super().__init__(what, why=why, way_out=way_out)
        self.table = table
        self.column = column
        self.object = object


class BeyondDatabase(OperationRefused):
    """A migration would reach past its database while a stand-in is there for that alone."""


class ThreadRefused(OperationRefused):
    """A migration used the database from another thread than the one that runs it."""


class RehearsalRefused(PwmigError):
    """A migration reached past the copy that its rehearsal runs on."""


class MigrationFailed(PwmigError):
    """A migration stopped half-way; what it did was rolled back where the database can.

    ``migration`` is its name, ``statement`` the SQL that failed (None where no statement did),
    ``run`` what had happened until then, and ``line`` (from 1) where in its file it stopped, or None.
    """

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        way_out: str = "",
        migration: str = "",
        statement: str | None = None,
        run: Run | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(what, why=why, way_out=way_out)
        self.migration = migration
        self.statement = redact(statement) if statement is not None else None
        self.run = run
        self.line = line


class Cancelled(PwmigError):
    """A person stopped the run before its end."""
