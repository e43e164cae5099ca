"""Records as a notebook shows them when one is the last line of a cell: whole, with style, as HTML and as text.

The same record gives the same bytes: no times, no addresses, no paths of the machine. Nothing here needs pandas.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pwmig.diff import Change, RenameCandidate
from pwmig.errors import PwmigError
from pwmig.frames.blocks import Block, Code, Listing, Sentence, Title, blocks_html, blocks_text
from pwmig.frames.grid import Cell, Grid, GridRow, Heading, style_tag, words
from pwmig.frames.looking import has_rows, rows_shown, schema_pairs, schema_shown, touched_tables
from pwmig.frames.wording import SIGNS, listed, location_text, plural, run_title, sampled_text
from pwmig.plan import Direction, MigrationStatus, Plan, Run, State, StepRun
from pwmig.sides import Difference, difference_title

if TYPE_CHECKING:
    from pwmig.checking.records import Check, CheckReport
    from pwmig.project import Project

__all__ = ["changes_grid", "difference_blocks", "html", "run_blocks", "sql_blocks", "status_grid", "text"]

TABLES = 3
"""The most tables of a run that are shown; the others are named."""

NAMES = 20
"""The most names of a list that are said."""

LINES = 200
"""The most lines of a table of changes, steps or migrations that are shown."""

_OUTCOMES = {"applied": "✓", "reverted": "✓", "faked": "✓", "passed": "✓", "failed": "✗", "skipped": "○"}
_SIGN_WORDS = {"+": "added", "-": "dropped", "~": "changed"}


def html(record: object) -> str:
    """A record, or a tuple of changes or of statuses, as escaped HTML with its style sheet.

    Raises TypeError for anything else.
    """
    return f"{style_tag()}\n{blocks_html(_blocks(record))}"


def text(record: object) -> str:
    """A record as plain text: one line for a change or a status, more for the others."""
    if isinstance(record, Change):
        return f"{record.sign} {record.describe()}"
    if isinstance(record, MigrationStatus):
        return f"{SIGNS[record.state]} {record.state.value:7}  {record.name}"
    return blocks_text(_blocks(record))


def _blocks(record: object) -> list[Block]:
    from pwmig.checking.records import CheckReport
    from pwmig.project import Project

    match record:
        case CheckReport():
            return list(_report_blocks(record))
        case Run():
            return list(run_blocks(record))
        case Plan():
            return [_plan_block(record)]
        case Change():
            return [changes_grid([record])]
        case Difference():
            return list(difference_blocks(record, "the database"))
        case MigrationStatus():
            return [status_grid([record])]
        case Project():
            return list(_project_blocks(record))
    if isinstance(record, (tuple, list)) and all(isinstance(one, Change) for one in record):
        return [changes_grid(record)]
    if isinstance(record, (tuple, list)) and all(isinstance(one, MigrationStatus) for one in record):
        return [status_grid(record)]
    raise TypeError(
        f"pwmig shows Project, Plan, Run, Difference, CheckReport, Change and MigrationStatus, "
        f"not {type(record).__name__}"
    )


# A project and its plan


def _project_blocks(project: Project) -> Iterator[Block]:
    yield Title(f"{project.name}: {location_text(project)}")
    try:
        statuses = project.status()
    except PwmigError as error:
        yield Listing(error.what, tuple(f"{label}: {said}" for label, said in _said(error) if said))
        return
    yield status_grid(statuses)


def _said(error: PwmigError) -> tuple[tuple[str, str], ...]:
    return ("why", error.why), ("way out", error.way_out)


def status_grid(statuses: Sequence[MigrationStatus], failed: Collection[str] = ()) -> Grid:
    """Migrations and their states, by sign and word; pending ones that are named in ``failed`` have stopped."""
    states = [State.FAILED if s.state is State.PENDING and s.name in failed else s.state for s in statuses]
    note = ", ".join(f"{states.count(state):,} {state.value}" for state in SIGNS if state in states)
    rows = [_prose(f"{SIGNS[state]} {state.value}", status.name) for state, status in zip(states, statuses)]
    return _bounded("Migrations", ("state", "migration"), rows, note, "There is no migration yet.")


def _plan_block(plan: Plan) -> Block:
    if not plan:
        return Sentence("Nothing to do.")
    verb = "apply" if plan.direction is Direction.FORWARD else "revert"
    does = f"record as {plan.direction.participle}" if plan.fake else verb
    rows = [_prose(does, step.name, "" if step.reversible else "no migrate_backward()") for step in plan.steps]
    return _bounded(f"Plan: {verb} {plural(len(plan), 'migration')}", ("step", "migration", "note"), rows)


# A run


def run_blocks(run: Run, *, title: str = "", most_tables: int = TABLES) -> Iterator[Block]:
    """What a run did: steps, changes, losses, and the tables that it touched, before and after."""
    yield Title(title or run_title(run))
    if run.steps:
        yield _bounded("Steps", ("outcome", "migration", "statements"), [_step_row(step) for step in run.steps])
    restored = [f"+ {done}" for step in run.steps for done in step.restored]
    if restored:
        yield Listing("From the attic:", tuple(restored))
    if run.before is None or run.after is None:
        if run.steps and run.ok:
            yield Sentence("Nobody watched it: give watch=True to see before and after.")
        return
    yield changes_grid(run.changes)
    if run.sampled:
        yield Sentence(sampled_text(run))
    if run.losses:
        verb = "takes away" if run.target == "copy" else "took away"
        yield Listing(f"It {verb}:", tuple(f"- {loss.words}" for loss in run.losses))
    if run.original_changed:
        yield Sentence("The database itself changed meanwhile: by the migration, past the copy, or by another program.")
    touched = touched_tables(run)
    for table in touched[:most_tables]:
        yield _schema_block(run, table)
        if has_rows(run, table):
            yield rows_shown(run, table)
    if touched[most_tables:]:
        yield Sentence(f"It touched as well: {listed(touched[most_tables:], NAMES)}.")


def _step_row(step: StepRun) -> GridRow:
    outcome = f"{_OUTCOMES.get(step.outcome, '')} {step.outcome}".strip()
    return GridRow((Cell(outcome, prose=True), Cell(step.step.name, prose=True), Cell(len(step.statements))))


def _schema_block(run: Run, table: str) -> Block:
    name, pairs = schema_pairs(run, table)
    if any(pair.sign for pair in pairs):
        return schema_shown(run, table)
    return Sentence(f"{name}: its schema stays as it is.")


def changes_grid(changes: Sequence[Change], title: str = "Changes of the schema") -> Grid:
    """The changes of a schema, one a row, by sign and word."""
    rows = [
        GridRow(
            (
                Cell(words(change.sign, _SIGN_WORDS[change.sign]), prose=True),
                Cell(change.table, prose=True),
                Cell(change.describe(), prose=True),
            ),
            change.sign,
        )
        for change in changes
    ]
    headings = ("change", "table", "what")
    return _bounded(title, headings, rows, empty="The schema stays as it is.")


def difference_blocks(difference: Difference, location: str) -> Iterator[Block]:
    """What two sides differ in, and what might be renames; ``location`` is the live database."""
    said = difference_title(difference, location)
    yield Title(said[:1].upper() + said[1:])
    if difference.changes:
        yield changes_grid(difference.changes, "Differences")
    if difference.renames:
        yield _renames_grid(difference.renames)
    yield from (Sentence(f"{note}.") for note in difference.notes)


def _renames_grid(renames: Sequence[RenameCandidate]) -> Grid:
    """What might be one rename each, with what speaks for it."""
    rows = [_prose("table" if one.table is None else one.table, *_candidate_texts(one)) for one in renames]
    return _bounded("Perhaps renamed: only you know", ("in", "from", "to", "likely", "evidence"), rows)


def _candidate_texts(one: RenameCandidate) -> tuple[str, ...]:
    return one.old_name, one.new_name, f"{one.score:.0%}", "; ".join(one.evidence)


def _report_blocks(report: CheckReport) -> Iterator[Block]:
    """The checks of a project, then each of their findings with its way out."""
    failed = sum(check.outcome.value == "failed" for check in report.checks)
    title = f"{plural(failed, 'check')} failed" if failed else "All is well"
    yield _bounded(title, ("outcome", "check", "summary"), [_check_row(check) for check in report.checks])
    for finding in report.findings[:LINES]:
        changes = (f"{change.sign} {change.describe()}" for change in finding.changes[:NAMES])
        more = [f"and {len(finding.changes) - NAMES:,} more"] if len(finding.changes) > NAMES else []
        said = ((finding.why, "why: "), (finding.way_out, "way out: "))
        lines = (*changes, *more, *map(str, finding.rows), *(label + text for text, label in said if text))
        about = f" ({finding.migration})" if finding.migration else ""
        yield Listing(f"{finding.severity.value.capitalize()}: {finding.what}{about}", tuple(lines))


def _check_row(check: Check) -> GridRow:
    return _prose(f"{_OUTCOMES.get(check.outcome.value, '')} {check.outcome.value}".strip(), check.name, check.summary)


def sql_blocks(run: Run, limit: int) -> Iterator[Block]:
    """The statements of each step as a script, at most ``limit`` of a step."""
    for step in run.steps:
        shown = [statement.sql.strip().rstrip(";") + ";" for statement in step.statements[:limit]]
        if len(step.statements) > limit:
            shown.append(f"-- and {len(step.statements) - limit:,} more")
        if shown:
            yield Code(f"SQL of {step.step.name}", "\n".join(shown))


def _bounded(title: str, heads: Iterable[str], rows: Sequence[GridRow], note: str = "", empty: str = "") -> Grid:
    """A table of at most LINES rows, the last column in sentences; its note says how many rows are left out."""
    heads = tuple(heads)
    more = [f"the first {LINES:,} of {len(rows):,}"] if len(rows) > LINES else []
    headings = tuple(Heading(head, said=head == heads[-1]) for head in heads)
    return Grid(title, headings, tuple(rows[:LINES]), "; ".join(filter(None, [note, *more])), empty)


def _prose(*texts: str) -> GridRow:
    return GridRow(tuple(Cell(one, prose=True) for one in texts))
