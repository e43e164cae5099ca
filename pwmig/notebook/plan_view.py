"""The Plan tab: one migration, what the buttons would do with it, what the last run did, and its code."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pwmig.errors import MigrationFailed, PwmigError, redact
from pwmig.notebook.views import changes_html, code_html, error_html, sampled_html
from pwmig.plan import Direction, Kept, Loss, Plan, Restored, Run, StepRun
from pwmig.records import dataclass

__all__ = ["Shown", "plan_html"]

SQL_STATEMENTS = 100
"""The most statements of a step that are shown: the first ones."""

_Intent = Plan | PwmigError


@dataclass(frozen=True, slots=True)
class Shown:
    """What the Plan tab shows: a migration (None: the moment before the first) and all that is known of it.

    ``forward`` and ``backward`` are what the buttons would do here, or why they can't; ``run`` is the last
    run, under its ``title``, where it has to do with the migration.
    """

    name: str | None
    state: str
    forward: _Intent
    backward: _Intent
    source: str | None = None
    failure: MigrationFailed | None = None
    run: Run | None = None
    title: str = ""


def plan_html(shown: Shown) -> str:
    """The tab's content, most urgent first."""
    parts = [f"<h3>{escape(shown.name)}</h3>" if shown.name else "<h3>Before the first migration</h3>"]
    if shown.state:
        parts.append(f'<p class="pwmig-moment">{escape(shown.state)}</p>')
    intents = _does("Apply to here", shown.forward) + _does("Revert to here", shown.backward)
    parts.append(f'<ul class="pwmig-does">{intents}</ul>')
    if shown.failure is not None:
        parts.append(_failure_html(shown.failure))
    if shown.run is not None:
        parts += _run_parts(shown.name, shown.run, shown.title)
    if shown.source is not None:
        marked = shown.failure.line if shown.failure is not None else None
        parts.append(f"<h4>Code</h4>{code_html(shown.source, 'python', marked)}")
    return "".join(parts)


def _does(button: str, intent: _Intent) -> str:
    return f"<li><b>{button}</b>: {escape(_intent_text(intent))}</li>"


def _intent_text(intent: _Intent) -> str:
    if isinstance(intent, PwmigError):
        return f"can't, {intent.what}"
    if not intent:
        return "nothing to do"
    verb = "applies" if intent.direction is Direction.FORWARD else "takes back"
    names = [step.name for step in intent.steps]
    return f"{verb} {', '.join(names[:4])}" + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _failure_html(failure: MigrationFailed) -> str:
    place = f", at line {failure.line}" if failure.line else ""
    said = f"<p>✗ It stopped when it was last tried{place}.</p>"
    return f'<div class="pwmig-panel pwmig-error">{said}{error_html(failure)}</div>'


def _run_parts(name: str | None, run: Run, title: str) -> list[str]:
    """What the run did in this migration, or in all of its steps where this is none of them."""
    steps = [step for step in run.steps if step.step.name == name] or list(run.steps)
    parts = [f"<h4>{escape(title)}</h4>"]
    if run.after is not None:
        parts.append(changes_html(run.changes))
    parts.append(sampled_html(run))
    parts.append(_losses_html(run.losses, "takes away" if run.target == "copy" else "took away"))
    parts += [_step_html(step, named=len(steps) > 1) for step in steps]
    return parts


def _losses_html(losses: Sequence[Loss], verb: str) -> str:
    if not losses:
        return ""
    lost = "".join(f"<li>- {escape(loss.words)}</li>" for loss in losses)
    return f'<p class="pwmig-lost">It {verb}:</p><ul class="pwmig-lost">{lost}</ul>'


def _attic_html(title: str, sign: str, records: Sequence[Kept | Restored]) -> str:
    """What the step has put into the attic, or got back from it."""
    said = "".join(f"<li>{sign} {escape(str(one))}</li>" for one in records)
    return f'<p>{title}</p><ul class="pwmig-operations">{said}</ul>' if said else ""


def _step_html(step: StepRun, *, named: bool) -> str:
    head = f"<h5>{escape(step.step.name)}</h5>" if named else ""
    operations = "".join(f"<li><code>{escape(redact(operation))}</code></li>" for operation in step.operations)
    listed = f'<h4>Operations</h4><ul class="pwmig-operations">{operations}</ul>' if operations else ""
    listed += _attic_html("From the attic:", "+", step.restored) + _attic_html("The attic keeps:", "-", step.kept)
    shown = [statement.sql.strip().rstrip(";") + ";" for statement in step.statements[:SQL_STATEMENTS]]
    more = len(step.statements) - len(shown)
    if more > 0:
        shown.append(f"-- and {more} more")
    sql = "<h4>SQL</h4>" + code_html("\n".join(shown), "sql") if shown else ""
    return f"{head}{listed}{sql}"
