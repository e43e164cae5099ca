"""What a preview knows, as escaped HTML: the state in a line, what it does, and a problem at its line."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from pwmig import frames
from pwmig.errors import MigrationFileError, PwmigError, redact
from pwmig.frames.wording import plural
from pwmig.notebook.preview import Outlook, Stage
from pwmig.notebook.views import changes_html, code_html, error_html, sampled_html, table_html
from pwmig.plan import Run

__all__ = ["excerpt_html", "rows_html", "schema_html", "sql_html", "stage_html", "state_text"]

AROUND = 2
"""So many lines are shown before and after the one that is marked."""

LONGEST = 200
"""So many letters of a problem stand in the line of the state; the whole stands below."""

SQL_STATEMENTS = 100
"""The most statements that are shown: the first ones."""

_NOTHING_YET = '<p class="pwmig-quiet">{}</p>'


def state_text(outlook: Outlook) -> str:
    """How far the preview is, in a line: ``up to date``, ``line 7: invalid syntax``."""
    match outlook.stage:
        case Stage.IDLE:
            return "not rehearsed"
        case Stage.WAITING:
            return "changed; a rehearsal begins in a moment ..."
        case Stage.RUNNING:
            return "rehearsing on a copy ..."
        case Stage.TOO_LARGE:
            return f"not rehearsed: the database has {outlook.size / 1e6:,.0f} MB to copy; click Preview to do it"
        case Stage.DONE:
            return "up to date: rehearsed on a copy"
    return _failure(outlook)


def _failure(outlook: Outlook) -> str:
    error, line, request = outlook.error, outlook.line, outlook.request
    assert error is not None and request is not None
    said = error.what
    if line:
        said = said.removeprefix(f"{request.name} failed at line {line}").removeprefix(": ")
        if not said or isinstance(error, MigrationFileError):
            said = error.why.removeprefix(f"line {line}: ").partition("\n")[0] or error.what
    said = said if len(said) <= LONGEST else said[:LONGEST] + "..."
    return f"line {line}: {said}" if line else said


def stage_html(outlook: Outlook) -> str:
    """What the rehearsal did, or why it could not, at the line of the code that it is about."""
    if outlook.stage is Stage.FAILED and outlook.error is not None:
        return _problem_html(outlook, outlook.error)
    if outlook.run is None or outlook.stage is not Stage.DONE:
        return ""
    lost = "".join(f"<li>- {escape(loss.words)}</li>" for loss in outlook.run.losses)
    losses = f'<p class="pwmig-lost">It takes away:</p><ul class="pwmig-lost">{lost}</ul>' if lost else ""
    return losses + changes_html(outlook.run.changes) + sampled_html(outlook.run)


def _problem_html(outlook: Outlook, error: PwmigError) -> str:
    source = outlook.request.source if outlook.request else ""
    shown = excerpt_html(source, outlook.line) if outlook.line else ""
    return f'<div role="alert">{shown}{error_html(error)}</div>'


def excerpt_html(source: str, line: int) -> str:
    """Some lines of the code with their numbers, and the one (from 1) marked by a sign and words."""
    lines = source.split("\n")
    first, last = max(line - AROUND, 1), min(line + AROUND, len(lines))
    shown = []
    for number in range(first, last + 1):
        text = f"{'>' if number == line else ' '} {number:>4}  {redact(lines[number - 1])[:400]}"
        shown.append(f'<mark class="pwmig-marked">{escape(text)}</mark>' if number == line else escape(text))
    label = f"Code around line {line}"
    body = "\n".join(shown)
    return f'<pre class="pwmig-code pwmig-excerpt" tabindex="0" role="region" aria-label="{label}">{body}</pre>'


def sql_html(run: Run | None) -> str:
    """The statements of the draft as the rehearsal sent them."""
    statements = run.statements if run else ()
    if not statements:
        said = "It sends no statement." if run else "The statements are shown once it was rehearsed."
        return _NOTHING_YET.format(said)
    shown = [statement.sql.strip().rstrip(";") + ";" for statement in statements[:SQL_STATEMENTS]]
    more = len(statements) - len(shown)
    if more > 0:
        shown.append(f"-- and {plural(more, 'statement')} more")
    return code_html("\n".join(shown), "sql")


def schema_html(run: Run | None, table: str | None) -> str:
    """A table's schema before and after the draft."""
    if run is None or table is None:
        return _nothing(run)
    return _of_table(lambda: frames.styled_schema(run, table))


def rows_html(run: Run | None, table: str | None, *, changed_only: bool = False) -> str:
    """A table's rows before and after the draft."""
    if run is None or table is None:
        return _nothing(run)
    return _of_table(lambda: frames.styled_rows(run, table, changed_only=changed_only))


def _of_table(style: Callable[[], frames.Styled]) -> str:
    try:
        return table_html("On a copy, before and after", style())
    except PwmigError as error:
        return error_html(error)


def _nothing(run: Run | None) -> str:
    return _NOTHING_YET.format("It touches no table." if run else "The tables are shown once it was rehearsed.")
