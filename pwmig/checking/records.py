"""What a check says: one record a check, one a finding in it. Frozen and picklable; text and JSON are made of them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from pwmig.errors import PwmigError, redact
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.diff import Change

__all__ = ["Check", "CheckReport", "Finding", "Outcome", "RowDifference", "Severity", "finding_of"]


class Severity(str, Enum):
    """How much a finding weighs: an error fails the check, a warning only where that is asked for, a note never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Outcome(str, Enum):
    """How a check went; skipped says that it could not be made, or had nothing to look at."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class RowDifference:
    """How the rows of a table differ: so many ``added``, ``removed``, ``altered``, these in the ``columns`` named."""

    table: str
    added: int = 0
    removed: int = 0
    altered: int = 0
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = [
            f"{count:,} {word}"
            for count, word in ((self.removed, "gone"), (self.added, "that were not there"), (self.altered, "altered"))
            if count
        ]
        where = f" in {', '.join(self.columns)}" if self.altered and self.columns else ""
        return f"rows of {self.table}: {', '.join(said)}{where}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found: ``what``, ``why`` it matters, the ``way_out``.

    ``migration`` is the one that it is about, empty for none; ``changes`` and ``rows`` are what differs.
    """

    severity: Severity
    what: str
    why: str = ""
    way_out: str = ""
    migration: str = ""
    changes: tuple[Change, ...] = ()
    rows: tuple[RowDifference, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON can hold it."""
        return {
            "severity": self.severity.value,
            "migration": self.migration,
            "what": self.what,
            "why": self.why,
            "way_out": self.way_out,
            "changes": [change.as_dict() for change in self.changes],
            "rows": [{name: getattr(rows, name) for name in RowDifference.__slots__} for rows in self.rows],
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its ``name``, how it went, one line of what it looked at or why it was skipped, and its findings."""

    name: str
    outcome: Outcome
    summary: str
    findings: tuple[Finding, ...] = ()
    elapsed_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "outcome": self.outcome.value,
            "summary": self.summary,
            "elapsed_s": self.elapsed_s,
            "findings": [finding.as_dict() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All checks of a project, in the order in which they were made."""

    checks: tuple[Check, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for check in self.checks for finding in check.findings)

    @property
    def ok(self) -> bool:
        """Whether no check has failed."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self.findings)

    def check(self, name: str) -> Check:
        """The check of that name; KeyError where there is none."""
        return {check.name: check for check in self.checks}[name]

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "checks": [check.as_dict() for check in self.checks]}


def finding_of(error: PwmigError, *, severity: Severity = Severity.ERROR, migration: str = "") -> Finding:
    """An error as a finding."""
    named = migration or getattr(error, "migration", "")
    return Finding(severity, redact(error.what), redact(error.why), redact(error.way_out), named)
