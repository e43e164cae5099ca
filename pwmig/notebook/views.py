"""Pieces of the workbench as escaped HTML, from records; the same records give the same text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files

from pwmig import frames
from pwmig.diff import Change
from pwmig.errors import PwmigError, redact
from pwmig.frames.grid import style_tag
from pwmig.frames.wording import plural, sampled_text
from pwmig.notebook.bench import Bench, ConfirmationNeeded
from pwmig.plan import Direction, Run
from pwmig.schema import Schema

__all__ = [
    "changes_html",
    "code_html",
    "error_html",
    "header_html",
    "question_html",
    "sampled_html",
    "style_html",
    "table_html",
    "table_options",
]


@cache
def style_html() -> str:
    """The style sheets of the workbench and of its tables."""
    folder = files("pwmig.notebook")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".css"))
    sheets = "".join(folder.joinpath(name).read_text("utf-8") for name in names)
    return style_tag() + f"<style>\n{sheets}</style>"


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


def sampled_html(run: Run) -> str:
    """Of which tables a copy held a sample only; nothing where of none."""
    return f'<p class="pwmig-sampled">{escape(sampled_text(run))}</p>' if run.sampled else ""


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
    lines = "".join(f"<li>- {escape(loss.words)}</li>" for loss in needed.losses)
    verb = "Applying" if needed.plan.direction is Direction.FORWARD else "Reverting"
    names = ", ".join(step.name for step in needed.plan.steps)
    head = f'<p class="pwmig-what">{verb} {escape(names)} takes away:</p>'
    return f"{head}<ul>{lines}</ul><p>{escape(needed.why.capitalize())}.</p>"


def table_options(schema: Schema, run: Run | None) -> tuple[tuple[str, str], ...]:
    """The tables to choose from as (label, name) pairs: those that the run touched first, marked."""
    touched = frames.touched_tables(run) if run else ()
    seen = {schema.key(name) for name in touched}
    others = tuple((f"  {name}", name) for name in schema.table_names if schema.key(name) not in seen)
    return (*((f"~ {name}", name) for name in touched), *others)


def code_html(text: str, language: str, marked: int | None = None) -> str:
    """Source as coloured HTML without passwords; plain and escaped where Pygments is not installed.

    ``marked`` is a line (from 1) to point at: then the lines have their numbers.
    """
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
    if marked is not None:
        coloured = _numbered(coloured, marked)
    label = {"python": "Code", "sql": "SQL"}[language]
    return f'<pre class="pwmig-code" tabindex="0" role="region" aria-label="{label}">{coloured}</pre>'


def _numbered(coloured: str, marked: int) -> str:
    lines = []
    for number, line in enumerate(coloured.split("\n"), start=1):
        here = number == marked
        text = f"{'>' if here else ' '}{number:>4}  {line}"
        lines.append(f'<mark class="pwmig-marked">{text}</mark>' if here else text)
    return "\n".join(lines)


def table_html(title: str, styled: frames.Styled) -> str:
    """A table under the name of the moment it shows."""
    return f'<p class="pwmig-moment">{escape(title)}</p>{styled.html}'
