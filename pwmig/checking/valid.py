"""What can be said of migrations without running them: is each file valid, is the history in order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from pwmig.checking.records import Finding, Severity, finding_of
from pwmig.errors import MigrationFileError, PlanError
from pwmig.loading import loaded
from pwmig.plan import Direction, Step, check_order, forward_step
from pwmig.recording import Recorder
from pwmig.states import State, status_of

if TYPE_CHECKING:
    from pwmig.files import MigrationFile
    from pwmig.project import Project
    from pwmig.states import Applied, Half

__all__ = ["history_findings", "loading_findings"]


def loading_findings(project: Project, files: Sequence[MigrationFile]) -> list[Finding]:
    """What is wrong with files as modules. To be called where the project's database is an empty one: loading a file
    runs what stands outside of its functions."""
    with Recorder(project.database, "", None, check=_refuse_sql).listening():
        return [finding for file in files for finding in _file_findings(file, project.migrations_package)]


def _refuse_sql() -> None:
    raise RuntimeError("SQL outside of migrate_forward() and migrate_backward() would run in no transaction")


def _file_findings(file: MigrationFile, package: str | None) -> Iterator[Finding]:
    try:
        with loaded((forward_step(file),), package):
            pass
        if file.reversible:
            with loaded((Step(file.name, Direction.BACKWARD, file.path, file.checksum),), package):
                return
    except MigrationFileError as error:
        yield finding_of(error, migration=file.name)
        return
    except PlanError:
        pass  # It speaks of migrate_backward, but has no such function.
    yield Finding(
        Severity.WARNING,
        f"{file.name} has no migrate_backward()",
        "once it is applied, neither it nor any migration before it can be taken back",
        "define migrate_backward() in the file, with a docstring alone where there is nothing to undo",
        file.name,
    )


def history_findings(
    files: Sequence[MigrationFile],
    applied: Sequence[Applied],
    allowed: Collection[str] = (),
    halves: Sequence[Half] = (),
) -> list[Finding]:
    """What is wrong with the history of a database, beside the files; what is ``allowed`` fails no check."""

    def severity(kind: str) -> Severity:
        return Severity.WARNING if kind in allowed else Severity.ERROR

    found = []
    for status in status_of(files, applied, halves):
        if status.state is State.FAILED:
            what = f"{status.name} {status.stopped}"
            why = "the database holds a part of it, and the history does not know of that"
            found.append(Finding(Severity.ERROR, what, why, f"{status.way_out} ends it", status.name))
        elif status.state in _STATES:
            what, why, way_out = _STATES[status.state]
            found.append(Finding(severity(status.state.value), f"{status.name} {what}", why, way_out, status.name))
    done = {row.name for row in applied}
    for file in files:
        if file.name not in done:
            try:
                check_order([file], done, ())
            except PlanError as error:
                what = error.what.removeprefix("nothing was run: ")
                way_out = "give the file a later time in its name, or apply it with --allow out-of-order"
                found.append(Finding(severity("out-of-order"), what, error.why, way_out, file.name))
    return found


_STATES = {
    State.CHANGED: (
        "changed after being applied",
        "the database holds what the file said then, not what it says now",
        "bring the file back (from version control), and write a new migration for the change",
    ),
    State.MISSING: (
        "is applied, but its file is gone",
        "the files no longer tell how this database came about",
        "bring the file back (from version control)",
    ),
}
