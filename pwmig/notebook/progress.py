"""What is under way, and what happened: the status line and the log, as escaped HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pwmig.errors import redact
from pwmig.plan import Event, Run

__all__ = ["idle_html", "log_html", "progress_html"]

LOG_LINES = 200
"""The most lines of the log that are shown: the last ones."""


def progress_html(busy: str, elapsed_s: float, events: Sequence[Event]) -> str:
    """A bar and a line: what is under way, since when, and the statement it is at."""
    event = events[-1] if events else None
    amount = f' max="{event.total}" value="{event.done}"' if event and event.total and event.kind != "copy-done" else ""
    at = _at(event) if event else "starting"
    return (
        f'<div class="pwmig-progress"><progress{amount} aria-label="{escape(busy)}"></progress>'
        f'<span class="pwmig-elapsed">{elapsed_s:.1f} s</span>'
        f"<span>{escape(busy.capitalize())} under way: {escape(at)}</span></div>"
    )


def _at(event: Event) -> str:
    text = _one_line(redact(event.text))
    if event.kind == "statement":
        return f"{event.migration}, statement {event.done + 1}: {text}"
    return f"{event.migration} {text}".strip()


def idle_html(said: str, line: str) -> str:
    """What happened last, and the call that does in a cell what was clicked."""
    parts = [f'<span role="status">{escape(said)}</span>'] if said else []
    if line:
        parts.append(
            f'<span class="pwmig-incode">In code: <code class="pwmig-line">{escape(redact(line))}</code></span>'
        )
    return f'<div class="pwmig-idle">{"".join(parts)}</div>'


def log_html(events: Sequence[Event], run: Run | None, title: str, lines: Sequence[str]) -> str:
    """The events of the last run, its steps' timings, and what was clicked so far as code."""
    return _events_html(events, run, title) + _lines_html(lines)


def _events_html(events: Sequence[Event], run: Run | None, title: str) -> str:
    lines = [_log_line(event) for event in events[-LOG_LINES:]]
    if len(events) > LOG_LINES:
        lines.insert(0, f"(the first {len(events) - LOG_LINES:,} lines are left out)")
    if run is not None:
        lines += [f"{step.step.name}: {step.outcome}, {step.elapsed_s:.3f} s" for step in run.steps]
        lines.append(f"{title} ({run.elapsed_s:.3f} s)")
    if not lines:
        return '<p class="pwmig-quiet">Nothing has run yet.</p>'
    return _pre("pwmig-log", "Log of the last run", lines)


def _lines_html(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return "<h4>In code: what was clicked, to keep as a cell</h4>" + _pre("", "What was clicked, as code", lines)


def _pre(name: str, label: str, lines: Sequence[str]) -> str:
    text = escape(redact("\n".join(lines)))
    return f'<pre class="pwmig-code {name}" tabindex="0" role="region" aria-label="{label}">{text}</pre>'


def _log_line(event: Event) -> str:
    elapsed = f"{event.elapsed_s:8.3f} s  " if event.elapsed_s else " " * 12
    said = [event.migration] if event.migration and event.kind != "statement" else []
    return " ".join([f"{elapsed}{event.kind:10}", *said, _one_line(event.text, 300)]).rstrip()


def _one_line(text: str, limit: int = 100) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit] + "..."
