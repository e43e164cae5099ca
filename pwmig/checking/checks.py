"""The checks, one after the other: what one finds out, the next ones use."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pwmig.checking.records import Check, CheckReport, Finding, Outcome, Severity, finding_of
from pwmig.comparing import beside_models, kept, replay, replayed
from pwmig.errors import (
    BeyondDatabase,
    Cancelled,
    DatabaseUnavailable,
    FactsHidden,
    MigrationFailed,
    NoScratch,
    PwmigError,
    TableUnreadable,
)
from pwmig.plan import Plan, Run
from pwmig.sides import Kind, Side, plan_files, plan_side

if TYPE_CHECKING:
    from pwmig.checking.round_trip import RoundTrip
    from pwmig.dialects.base import Listener
    from pwmig.diff import Change
    from pwmig.files import MigrationFile
    from pwmig.project import Project
    from pwmig.schema import Schema
    from pwmig.states import Applied

__all__ = ["Checks"]

_ENDS = (DatabaseUnavailable, Cancelled)
"""What is no finding, but the end of all checks."""

_GUESSED = "others inherit from it, and neither its Meta, a foreign key, the database nor a migration tells"

_Made = tuple[str, Sequence[Finding]]
"""What a check looked at, in words, and what it found."""


class _Skipped(Exception):
    """A check can't be made, or has nothing to look at; the message says why."""


class Checks:
    """The checks of one project."""

    def __init__(self, project: Project, strict: bool, listener: Listener | None) -> None:
        self.project = project
        self.failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        self.listener = listener
        self.files: tuple[MigrationFile, ...] = ()
        self.runnable: tuple[MigrationFile, ...] = ()
        self.whole: Schema | None = None
        self.ran = Run(Plan(()), "copy")
        self.unreadable = ""
        self.no_scratch = False

    def report(self) -> CheckReport:
        return CheckReport(
            (
                self._made("files", self._check_files),
                self._made("history", self._check_history),
                self._made("models", self._check_models),
                self._made("round trip", self._check_round_trip),
                self._made("drift", self._check_drift),
            )
        )

    def _made(self, name: str, make: Callable[[], _Made]) -> Check:
        started = time.perf_counter()
        try:
            summary, findings = make()
        except _Skipped as reason:
            return Check(name, Outcome.SKIPPED, str(reason), elapsed_s=time.perf_counter() - started)
        except NoScratch as error:
            elapsed_s, told_before = time.perf_counter() - started, self.no_scratch
            self.no_scratch = True
            if told_before:
                return Check(name, Outcome.SKIPPED, error.what, elapsed_s=elapsed_s)
            summary = "the migrations run from nothing, and models are made, in a scratch database"
            return Check(name, Outcome.FAILED, summary, (finding_of(error),), elapsed_s)
        except TableUnreadable as error:
            elapsed_s = time.perf_counter() - started
            return Check(name, Outcome.FAILED, "a table can't be read", (finding_of(error),), elapsed_s)
        failed = any(finding.severity in self.failing for finding in findings)
        outcome = Outcome.FAILED if failed else Outcome.PASSED
        return Check(name, outcome, summary, tuple(findings), time.perf_counter() - started)

    def _check_files(self) -> _Made:
        from pwmig.checking.valid import loading_findings

        try:
            self.files = self.project.files()
        except PwmigError as error:
            self.unreadable = "the migrations' files can't be read"
            return "the folder of the migrations", [finding_of(error)]
        try:
            with self.project.blank(self.listener):
                findings = loading_findings(self.project, self.files)
        except NoScratch as error:  # The check that runs them says so, as a failure.
            self.runnable = self.files
            raise _Skipped(f"{_migrations(len(self.files))}, not loaded: {error.what}") from error
        self._stop_before({finding.migration for finding in findings if finding.severity is Severity.ERROR})
        return f"{_migrations(len(self.files))}, loaded", findings

    def _stop_before(self, unfit: set[str]) -> None:
        """What stands before the first migration that can't run can be tried nevertheless."""
        first = min(unfit, default=None)
        self.runnable = tuple(file for file in self.files if first is None or file.name < first)

    def _check_history(self) -> _Made:
        from pwmig.checking.valid import history_findings

        applied = self._applied()
        done = {row.name for row in applied}
        pending = sum(file.name not in done for file in self.files)
        return f"{len(applied)} applied, {pending} pending", history_findings(
            self.files, applied, self.project.config.allow, self.project.halves()
        )

    def _check_models(self) -> _Made:
        from pwmig.diff import diff

        self._require_files()
        try:
            made, self.ran = replay(self.project, plan_files(self.runnable), self.listener)
        except _ENDS:
            raise
        except PwmigError as error:
            if isinstance(error, MigrationFailed) and error.run is not None:
                self.ran = error.run
            self._stop_before({error.migration} if isinstance(error, MigrationFailed) else {""})
            if isinstance(error, MigrationFailed) and isinstance(error.__cause__, BeyondDatabase):
                return "the migrations run from nothing", [_beyond(error.migration, error.__cause__)]
            return "the migrations run from nothing", [finding_of(error)]
        if len(self.runnable) < len(self.files):
            raise _Skipped(f"{self.files[len(self.runnable)].name} can't be loaded")
        self.whole = made
        if not self.project.has_models:
            raise _Skipped("the project names no models; the migrations run from nothing")
        try:
            seen, guesses = self.project.declared_and_guesses(lambda: made)
            declared = kept(self.project, seen)
        except _ENDS:
            raise
        except PwmigError as error:
            return "the models", [finding_of(error)]
        changes = diff(*beside_models(self.project, made, declared))
        notes = [Finding(Severity.NOTE, guess.what, _GUESSED, guess.way_out) for guess in guesses]
        if not changes:
            return "run from nothing, the migrations make what the models declare", notes
        return "the migrations run from nothing", [_unlike_models(changes), *notes]

    def _check_round_trip(self) -> _Made:
        from pwmig.checking.round_trip import round_trip

        self._require_files()
        if self.files and not self.runnable:
            raise _Skipped("no migration could be tried")
        found = round_trip(self.project, self.runnable, self.ran, self.listener)
        return _round_trip_summary(found), found.findings

    def _check_drift(self) -> _Made:
        from pwmig.diff import diff

        applied = self._applied()
        made = self._made_by(applied)
        try:
            live = kept(self.project, self.project.comparable_schema())
        except FactsHidden as error:
            return "the database, as far as the account may see it", [finding_of(error, severity=Severity.WARNING)]
        changes = diff(made, live)
        if not changes:
            return "the database is what its applied migrations make", []
        return "the database and its applied migrations", [_drift(changes, bool(applied))]

    def _made_by(self, applied: Sequence[Applied]) -> Schema:
        if self.whole is not None and [row.name for row in applied] == [file.name for file in self.files]:
            return self.whole
        try:
            plan = plan_side(Side(Kind.HISTORY, Kind.HISTORY.value), self.files, applied)
            return replayed(self.project, plan, self.listener)
        except _ENDS:
            raise
        except PwmigError as error:
            raise _Skipped(f"the applied migrations can't be run from nothing: {error.what}") from error

    # What they share

    def _require_files(self) -> None:
        if self.unreadable:
            raise _Skipped(self.unreadable)

    def _applied(self) -> tuple[Applied, ...]:
        """What is applied in the live database; the check is skipped where there is none."""
        self._require_files()
        project = self.project
        try:
            there = project.dialect.exists(project.database)
        except DatabaseUnavailable as error:
            raise _Skipped(error.what) from error
        if not there:
            raise _Skipped(f"there is no database yet at {project.location}")
        return project.applied()


def _migrations(count: int) -> str:
    return f"{count} migration" + ("" if count == 1 else "s")


def _unlike_models(changes: tuple[Change, ...]) -> Finding:
    return Finding(
        Severity.ERROR,
        "the migrations do not make what the models declare",
        "a database made by the migrations alone is not the one that the models expect; to be changed in it is",
        "write a migration for what is listed (pwmig create NAME), or mend the models",
        changes=changes,
    )


def _beyond(migration: str, error: BeyondDatabase) -> Finding:
    return Finding(
        Severity.WARNING,
        f"{migration} can't be tried: it reaches past the project's database",
        f"{error.what}; nothing stands in for that in a check, so it and the migrations behind it are not tried",
        "it can be applied, and not rehearsed: try it on a server that is there for trying",
        migration,
    )


def _drift(changes: tuple[Change, ...], has_history: bool) -> Finding:
    if not has_history:
        return Finding(
            Severity.ERROR,
            "the database holds a schema, but no migration is applied",
            "nothing says how it came about, so it can't be made again elsewhere",
            "pwmig baseline NAME writes the first migration from it; or apply the migrations to an empty database",
            changes=changes,
        )
    return Finding(
        Severity.ERROR,
        "the database is not what its applied migrations make",
        "somebody changed it by another way, or a migration that is applied; to come from the migrations to it",
        "write a migration for what was changed, or take the change back; [tool.pwmig] ignore leaves tables out",
        changes=changes,
    )


def _round_trip_summary(found: RoundTrip) -> str:
    said = f"{_migrations(found.tried)} forward, backward and forward again"
    if found.sampled:
        said += f", with sample rows in {_tables(len(found.sampled))}"
    refused = {table: why for table, why in sorted(found.refused.items()) if table not in found.sampled}
    if refused:
        said += "; no sample rows could be made for " + ", ".join(f"{table} ({why})" for table, why in refused.items())
    return said


def _tables(count: int) -> str:
    return f"{count} table" + ("" if count == 1 else "s")
