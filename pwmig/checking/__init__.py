"""What CI asks of a project: is each migration's file valid, is the history in order, do the migrations make what the
models declare, does each lead back, is the live database what its history says.

The live database is only read; what has to run, runs on empty databases of the same kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.checking.records import Check, CheckReport, Finding, Outcome, RowDifference, Severity

if TYPE_CHECKING:
    from pwmig.dialects.base import Listener
    from pwmig.project import Project

__all__ = ["Check", "CheckReport", "Finding", "Outcome", "RowDifference", "Severity", "check"]


def check(project: Project, *, strict: bool = False, listener: Listener | None = None) -> CheckReport:
    """Make all checks; with ``strict``, warnings fail one too. Raises DatabaseUnavailable and Cancelled."""
    from pwmig.checking.checks import Checks

    return Checks(project, strict, listener).report()
