"""The workbench as it stands in a notebook's file: for viewers without widgets, and for comparing.

The same state of the project gives the same text: no times, no addresses, no random names. Where a viewer takes
the style away, plain tables and their words say the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from pwmig.errors import MigrationFailed
from pwmig.frames.blocks import Block, Listing, Sentence, Title, blocks_html
from pwmig.frames.display import run_blocks, sql_blocks, status_grid
from pwmig.frames.grid import style_tag
from pwmig.frames.wording import plural, run_title
from pwmig.notebook.bench import Bench

__all__ = ["html"]

TABLES = 10
"""The most tables of the last run that are shown; the others are named."""

STATEMENTS = 100
"""The most statements of a step that are shown: the first ones."""

DIFFERENCES = 20
"""The most differences between models and database that are shown."""


def html(bench: Bench) -> str:
    """Project, timeline, failures and, after a run, what it did to the schema and the rows, and its SQL."""
    return f'<div class="pwmig-static">\n{style_tag()}\n{blocks_html(list(_blocks(bench)), plain=True)}\n</div>'


def _blocks(bench: Bench) -> Iterator[Block]:
    yield Title(f"{bench.project.name}: {bench.location}")
    pending = len(bench.pending)
    yield Sentence(f"{plural(pending, 'migration')} pending." if pending else "Nothing is pending.")
    yield from _drift_blocks(bench)
    yield status_grid(bench.statuses, bench.failures)
    for name, error in sorted(bench.failures.items()):
        yield _failure_block(bench, name, error)
    run = bench.last_run
    if run is not None:
        yield from run_blocks(run, title=run_title(run, bench.compared), most_tables=TABLES)
        yield from sql_blocks(run, STATEMENTS)


def _drift_blocks(bench: Bench) -> Iterator[Block]:
    if bench.drift_error is not None:
        yield Sentence(f"The models were not compared with the database: {_inside(bench, bench.drift_error.what)}.")
    elif bench.drift:
        lines = [f"{change.sign} {change.describe()}" for change in bench.drift[:DIFFERENCES]]
        more = len(bench.drift) - DIFFERENCES
        head = f"The models differ from the database in {plural(len(bench.drift), 'place')}:"
        yield Listing(head, (*lines, *([f"and {more:,} more"] if more > 0 else [])))
    elif bench.drift is not None:
        yield Sentence("The models agree with the database.")


def _failure_block(bench: Bench, name: str, error: MigrationFailed) -> Block:
    said = ((error.what, ""), (error.why, "why: "), (error.way_out, "way out: "))
    lines = tuple(_inside(bench, label + text) for text, label in said if text)
    return Listing(f"✗ {name} stopped when it was last tried:", lines)


def _inside(bench: Bench, text: str) -> str:
    """A text in which files of the project are named by their place in it."""
    return text.replace(str(bench.project.root) + os.sep, "")
