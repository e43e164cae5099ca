"""The workbench as it stands in a notebook's file: for viewers without widgets, and for comparing.

The same state of the project gives the same text: no times, no addresses, no random names.
"""

from __future__ import annotations

from html import escape

from pwmig import frames
from pwmig.notebook import views
from pwmig.notebook.bench import Bench
from pwmig.plan import Run

__all__ = ["html"]


def html(bench: Bench) -> str:
    """Header, timeline and, after a run, what it did to the schema and the rows."""
    parts = [views.style_html(), '<div class="pwmig-bench pwmig-static">', views.header_html(bench)]
    parts.append(views.timeline_html(bench.statuses))
    if bench.last_run is not None:
        parts += _run_parts(bench.last_run)
    return "\n".join([*parts, "</div>"])


def _run_parts(run: Run) -> list[str]:
    parts = [f"<h4>{escape(views.run_title(run))}</h4>", views.changes_html(run.changes)]
    for table in frames.touched_tables(run)[:1]:
        parts.append(frames.styled_schema(run, table).html)
        if any(run.rows(table)):
            parts.append(frames.styled_rows(run, table).html)
    return parts
