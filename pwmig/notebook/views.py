"""Pieces of the workbench as escaped HTML, from records; the same records give the same text.

``timings=False`` leaves out what differs from run to run, for the static form that is kept in a
notebook's file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from importlib.resources import files

from pwmig import frames
from pwmig.diff import Change
from pwmig.errors import PwmigError, redact
from pwmig.frames.grid import Cell, Grid, GridRow, Heading, grid_html, style_tag
from pwmig.notebook.bench import Bench, ConfirmationNeeded
from pwmig.plan import Direction, Event, MigrationStatus, Plan, Run, State, StepRun
from pwmig.schema import Schema

__all__ = [
    "SIGNS",
    "changes_html",
    "code_html",
    "error_html",
    "header_html",
    "log_html",
    "plan_html",
    "progress_html",
    "run_title",
    "style_html",
    "timeline_grid",
]

SIGNS = {
    State.APPLIED: "✓",
    State.PENDING: "○",
    State.FAILED: "✗",
    State.CHANGED: "≠",
    State.MISSING: "?",
}
"""The sign of each state in the timeline; the word stands beside it."""

LOG_LINES = 200
"""The most lines of the log that are shown: the last ones."""

SQL_STATEMENTS = 100
"""The most statements of a step that are shown: the first ones."""


@cache
def style_html() -> str:
    """The style sheet of the workbench, its tables included."""
    sheet = files("pwmig.notebook").joinpath("style.css").read_text("utf-8")
    return style_tag() + f"<style>\n{sheet}</style>"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def header_html(bench: Bench) -> str:
    """Project, database, what is pending, and whether the models agree with the database."""
    project = bench.project
    pending = len(bench.pending)
    said = plural(pending, "migration") + " pending" if pending else "nothing pending"
    kind = "pending" if pending else "applied"
    return (
        '<div class="pwmig-header">'
        f'<span class="pwmig-project">{escape(project.name)}</span>'
        f'<span class="pwmig-location">{escape(bench.location)}</span>'
        f'<span class="pwmig-badge pwmig-{kind}">{said}</span>{_drift_html(bench)}</div>'
    )


def _drift_html(bench: Bench) -> str:
    if bench.drift_error is not None:
        return f'<span class="pwmig-badge pwmig-bad">models not compared: {escape(bench.drift_error.what)}</span>'
    if bench.drift is None:
        return ""
    if not bench.drift:
        return '<span class="pwmig-badge pwmig-applied">models agree with the database</span>'
    lines = "".join(f"<li>{_change(change)}</li>" for change in bench.drift[:20])
    more = len(bench.drift) - 20
    rest = f"<li>and {more} more</li>" if more > 0 else ""
    return (
        f'<details class="pwmig-drift"><summary>models differ from the database in {plural(len(bench.drift), "place")}'
        f"</summary><ul>{lines}{rest}</ul></details>"
    )


def _change(change: Change) -> str:
    return f'<span class="pwmig-sign">{escape(change.sign)}</span> {escape(change.describe())}'


def changes_html(changes: Sequence[Change]) -> str:
    """The changes of the schema, one a line, led by their signs."""
    if not changes:
        return '<p class="pwmig-quiet">The schema stays as it is.</p>'
    names = {"+": "added", "-": "dropped", "~": "changed"}
    lines = "".join(f'<li class="pwmig-{names[change.sign]}">{_change(change)}</li>' for change in changes)
    return f'<ul class="pwmig-changes">{lines}</ul>'


def error_html(error: BaseException) -> str:
    """What happened, why, and the way out."""
    if not isinstance(error, PwmigError):
        return f'<p class="pwmig-what">{escape(type(error).__name__)}: {escape(redact(str(error)))}</p>'
    parts = [f'<p class="pwmig-what">{escape(error.what)}</p>']
    for label, text in (("Why", error.why), ("Way out", error.way_out)):
        if text:
            parts.append(f"<p><b>{label}:</b> {escape(text)}</p>")
    statement = getattr(error, "statement", None)
    if statement:
        parts.append(code_html(statement, "sql"))
    return "".join(parts)


def question_html(needed: ConfirmationNeeded) -> str:
    """What would be lost, counted, before the second click."""
    lines = "".join(f"<li>- {escape(str(loss))}</li>" for loss in needed.losses)
    verb = "Applying" if needed.plan.direction is Direction.FORWARD else "Reverting"
    names = ", ".join(step.name for step in needed.plan.steps)
    head = f'<p class="pwmig-what">{verb} {escape(names)} takes away:</p>'
    return f"{head}<ul>{lines}</ul><p>{escape(needed.why.capitalize())}.</p>"


def timeline_options(statuses: Iterable[MigrationStatus], start: str) -> tuple[tuple[str, str], ...]:
    """The timeline as (label, name) pairs, from the moment before the first migration on."""
    shown = tuple((f"{SIGNS[s.state]} {s.state.value:7} {short_name(s.name)}", s.name) for s in statuses)
    return (("  (no migration)", start), *shown)


def short_name(name: str) -> str:
    """A migration's name without the time in front of it."""
    return name.split("_", 2)[-1]


def table_options(schema: Schema, run: Run | None) -> tuple[tuple[str, str], ...]:
    """The tables to choose from as (label, name) pairs: those that the run touched first, marked."""
    touched = frames.touched_tables(run) if run else ()
    seen = {name.lower() for name in touched}
    others = tuple((f"  {name}", name) for name in schema.table_names if name.lower() not in seen)
    return (*((f"~ {name}", name) for name in touched), *others)


def timeline_grid(statuses: Iterable[MigrationStatus]) -> Grid:
    """The timeline as a table: state by sign and word, and the migration's name."""
    rows = tuple(
        GridRow((Cell(f"{SIGNS[s.state]} {s.state.value}", prose=True), Cell(s.name, prose=True))) for s in statuses
    )
    return Grid("Migrations", (Heading("state"), Heading("migration")), rows, "" if rows else "no migrations yet")


def code_html(text: str, language: str) -> str:
    """Source as coloured HTML without passwords; plain and escaped where Pygments is not installed."""
    text = redact(text)
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import get_lexer_by_name
    except ImportError:
        coloured = escape(text)
    else:
        formatter = HtmlFormatter(nowrap=True, classprefix="pwmig-hl-")
        coloured = highlight(text, get_lexer_by_name(language), formatter).rstrip("\n")
    return f'<pre class="pwmig-code" tabindex="0">{coloured}</pre>'


def run_title(run: Run) -> str:
    """A run in one line: ``Rehearsed on a copy: add_player_level``."""
    names = [step.step.name for step in run.steps] or [step.name for step in run.plan.steps]
    what = names[0] if len(names) == 1 else plural(len(names), "migration")
    verb = "applied" if run.plan.direction is Direction.FORWARD else "reverted"
    if not run.ok:
        return f"Stopped, {'on a copy' if run.target == 'copy' else 'rolled back'}: {what}"
    if not names:
        return "Nothing to do"
    if run.target == "copy":
        return f"Rehearsed on a copy, {verb}: {what}"
    return f"{verb.capitalize()}: {what}"


def plan_html(
    name: str | None, forward: Plan | PwmigError, backward: Plan | PwmigError, run: Run | None, source: str | None
) -> str:
    """The Plan tab for one migration: what the buttons would do, what a run of it did, its code."""
    parts = [f"<h3>{escape(name)}</h3>" if name else "<h3>Before the first migration</h3>"]
    parts.append(f'<ul class="pwmig-does">{_does("Apply to here", forward)}{_does("Revert to here", backward)}</ul>')
    if run is not None:
        parts += _run_parts(name, run)
    if source is not None:
        parts.append(f"<h4>Code</h4>{code_html(source, 'python')}")
    return "".join(parts)


def _does(button: str, plan: Plan | PwmigError) -> str:
    if isinstance(plan, PwmigError):
        return f"<li><b>{button}</b>: can't, {escape(plan.what)}</li>"
    if not plan:
        return f"<li><b>{button}</b>: nothing to do</li>"
    verb = "applies" if plan.direction is Direction.FORWARD else "takes back"
    names = [step.name for step in plan.steps]
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"<li><b>{button}</b>: {verb} {escape(listed)}</li>"


def _run_parts(name: str | None, run: Run) -> list[str]:
    """What the run did in this migration, or in all of its steps where this is none of them."""
    steps = [step for step in run.steps if step.step.name == name] or list(run.steps)
    parts = [f"<h4>{escape(run_title(run))}</h4>", changes_html(run.changes)]
    if run.losses:
        lost = "".join(f"<li>- {escape(str(loss))}</li>" for loss in run.losses)
        word = "takes away" if run.target == "copy" else "took away"
        parts.append(f'<p class="pwmig-lost">It {word}:</p><ul class="pwmig-lost">{lost}</ul>')
    for step in steps:
        parts.append(_step_html(step, named=len(steps) > 1))
    return parts


def _step_html(step: StepRun, *, named: bool) -> str:
    head = f"<h5>{escape(step.step.name)}</h5>" if named else ""
    operations = "".join(f"<li><code>{escape(redact(operation))}</code></li>" for operation in step.operations)
    listed = f'<h4>Operations</h4><ul class="pwmig-operations">{operations}</ul>' if operations else ""
    shown = [statement.sql.strip().rstrip(";") + ";" for statement in step.statements[:SQL_STATEMENTS]]
    more = len(step.statements) - len(shown)
    if more > 0:
        shown.append(f"-- and {more} more")
    sql = "<h4>SQL</h4>" + code_html("\n".join(shown), "sql") if shown else ""
    return f"{head}{listed}{sql}"


def progress_html(busy: str, event: Event | None) -> str:
    """A bar and a line: what the run is at. Nothing where none is under way."""
    if not busy:
        return ""
    amount = f' max="{event.total}" value="{event.done}"' if event and event.total and event.kind != "copy-done" else ""
    at = f"{event.migration} {_one_line(redact(event.text))}".strip() if event else "starting"
    return (
        f'<div class="pwmig-progress"><progress{amount} aria-label="progress"></progress>'
        f"<span>{escape(busy.capitalize())} under way: {escape(at)}</span></div>"
    )


def _one_line(text: str, limit: int = 100) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit] + "..."


def log_html(events: Sequence[Event], run: Run | None) -> str:
    """The events of the last run as lines, the last ones; the steps' timings and output at the end."""
    lines = [_log_line(event) for event in events[-LOG_LINES:]]
    if len(events) > LOG_LINES:
        lines.insert(0, f"(the first {len(events) - LOG_LINES:,} lines are left out)")
    if run is not None:
        lines += [f"{step.step.name}: {step.outcome}, {step.elapsed_s:.3f} s" for step in run.steps]
        lines.append(f"{run_title(run)} ({run.elapsed_s:.3f} s)")
    if not lines:
        return '<p class="pwmig-quiet">Nothing has run yet.</p>'
    return f'<pre class="pwmig-code pwmig-log" tabindex="0">{escape(redact(chr(10).join(lines)))}</pre>'


def _log_line(event: Event) -> str:
    elapsed = f"{event.elapsed_s:8.3f} s  " if event.elapsed_s else " " * 12
    said = [] if event.kind == "statement" else [event.migration] if event.migration else []
    return " ".join([f"{elapsed}{event.kind:10}", *said, _one_line(event.text, 300)]).rstrip()


def table_html(title: str, styled: frames.Styled) -> str:
    """A table under the name of the moment it shows."""
    return f'<p class="pwmig-moment">{escape(title)}</p>{styled.html}'


def timeline_html(statuses: Iterable[MigrationStatus]) -> str:
    return grid_html(timeline_grid(statuses))
