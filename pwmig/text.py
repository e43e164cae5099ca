"""Records as plain text for a terminal; coloured where the terminal can show it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from pwmig.taken import rows_text

if TYPE_CHECKING:
    from pwmig.diff import Change
    from pwmig.plan import MigrationStatus, Plan, Run, Statement
    from pwmig.schema import Rows

__all__ = ["Ink", "change_lines", "grid", "plan_lines", "restored_lines", "run_lines", "sql_lines", "status_lines"]

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "bold": "1", "dim": "2"}
_STATE_COLOURS = {"applied": "green", "pending": "yellow", "failed": "red", "changed": "red", "missing": "red"}
_SIGN_COLOURS = {"+": "green", "-": "red", "~": "yellow"}
_NOT_RUN = {
    "fake": "  (recorded, not run)",
    "resolved": "  (recorded as done by hand)",
    "baseline": "  (baseline: recorded, not run)",
}
_WIDEST_CELL = 32


class Ink:
    """Colours a word, or leaves it as it is: in a pipe, with NO_COLOR set, on a dumb terminal."""

    def __init__(self, stream: Any = None) -> None:
        stream = stream or sys.stdout
        terminal = hasattr(stream, "isatty") and stream.isatty()
        self.on = terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.on else text


def _to_the_second(moment: str) -> str:
    whole, _, rest = moment.rpartition(".")
    return f"{whole}Z" if whole and rest.endswith("Z") and rest[:-1].isdigit() else moment


def status_lines(migrations: Sequence[MigrationStatus], location: str, ink: Ink) -> Iterable[str]:
    """A line a migration: state, name, when and by whom; then what there is to do."""
    yield ink(printable(location), "bold")
    width = max((len(status.name) for status in migrations), default=0)
    for status in migrations:
        state = status.state.value
        when = f"  {_to_the_second(status.applied_at)}  {status.applied_by}" if status.applied_at else ""
        how = _NOT_RUN.get(status.how, "")
        how += "" if status.reversible or state == "missing" else "  (no migrate_backward)"
        line = printable(status.name.ljust(width) + when) + how
        yield f"  {ink(state.ljust(7), _STATE_COLOURS[state])}  {line}".rstrip()
        if status.stopped:
            yield f"           {printable(status.stopped)}"
    counts = {state: sum(status.state.value == state for status in migrations) for state in _STATE_COLOURS}
    if not migrations:
        yield "no migrations yet: pwmig create NAME makes the first"
    elif counts["failed"]:
        yield from (
            f"{printable(status.name)} is half-applied: {status.way_out} ends it"
            + (", --undo takes it back" if status.undo else "")
            for status in migrations
            if status.way_out
        )
    elif counts["pending"]:
        yield f"{counts['pending']} pending: pwmig migrate applies them"
    else:
        yield "nothing is pending"
    if counts["changed"]:
        yield f"{counts['changed']} changed after being applied: bring the file back, write a new one for the change"
    if counts["missing"]:
        yield f"{counts['missing']} applied, but the file is gone: bring it back from version control"


def plan_lines(plan: Plan, ink: Ink) -> Iterable[str]:
    """What a run would do, a line a step."""
    if not plan:
        yield "nothing to do"
        return
    verb = "apply" if plan.direction.value == "forward" else "revert"
    how = ", without running it" if plan.fake else ""
    for step in plan.steps:
        yield f"would {verb} {ink(printable(step.name), 'bold')}{how}"


def change_lines(changes: Sequence[Change], ink: Ink) -> Iterable[str]:
    """A line a change of the schema, led by its sign."""
    for change in changes:
        yield f"{ink(change.sign, _SIGN_COLOURS[change.sign])} {printable(change.describe())}"


def sql_lines(run: Run, ink: Ink) -> Iterable[str]:
    """The statements of a run as a script, each migration under its name."""
    for step in run.steps:
        yield ink(f"-- {printable(step.step.name)}, {step.step.direction.value}", "dim")
        for statement in step.statements:
            yield harmless(statement.sql.rstrip().rstrip(";")) + ";"
            if statement.params:
                yield ink(f"-- with {_values(statement)}", "dim")


def run_lines(run: Run, ink: Ink) -> Iterable[str]:
    """A rehearsal, whole: steps with timings, changes of the schema, rows before and after, losses."""
    for step in run.steps:
        count = len(step.statements)
        yield (
            f"{ink(printable(step.step.name), 'bold')}: {step.outcome} on a copy in {seconds(step.elapsed_s)}, "
            f"{count} statement" + ("" if count == 1 else "s")
        )
        yield from (f"    {printable(operation)}" for operation in step.operations)
    if run.changes:
        yield ""
        yield ink("schema", "bold")
        yield from (f"  {line}" for line in change_lines(run.changes, ink))
    yield from _rows_lines(run, ink)
    lost, kept = ([loss for loss in run.losses if loss.kept is kept] for kept in (False, True))
    for title, colour, losses in (("what would be lost", "red", lost), ("what the attic would keep", "yellow", kept)):
        if losses:
            yield ""
            yield ink(title, "bold")
            yield from (f"  {ink('-', colour)} {printable(str(loss))}" for loss in losses)
    yield from restored_lines(run, ink)
    yield ""
    if run.sampled:
        yield f"the copy held a sample of the rows of {printable(', '.join(run.sampled))}: counts are of the sample"
    if run.original_changed:
        yield ink("the database itself changed meanwhile", "red") + ": by the migration, which reached past the copy,"
        yield "or by another program"
    else:
        yield "the database itself was not touched"


def restored_lines(run: Run, ink: Ink) -> Iterable[str]:
    """What the steps got back from the attic."""
    restored = [done for step in run.steps for done in step.restored]
    if restored:
        yield ""
        yield ink("from the attic", "bold")
        yield from (f"  {ink('+', 'green')} {printable(str(done))}" for done in restored)


def _rows_lines(run: Run, ink: Ink) -> Iterable[str]:
    names = {rows.table: None for snapshot in (run.before, run.after) if snapshot for rows in snapshot.rows}
    for name in names:
        before, after = run.samples(name)
        for title, rows, other in (("before", before, after), ("after", after, before)):
            if rows is not None:
                about = "" if rows.count_exact else "about "
                of = " of a sample" if name in run.sampled else ""
                yield ""
                yield f"{ink(printable(name), 'bold')} {title}: {about}{rows_text(rows.row_count)}{of}"
                yield from (f"  {line}" for line in grid(rows, 5, beside=other))


def grid(rows: Rows, limit: int, *, beside: Rows | None = None) -> Iterable[str]:
    """The first rows of a sample as aligned columns; NULL is an empty-set sign of its own: ``NULL``.

    Of a long cell, the part is shown in which it differs from the one of the same key ``beside``.
    """
    shown = rows.rows[:limit]
    table = [tuple(map(_folded, map(printable, rows.columns)))]
    for row, others in zip(shown, _counterparts(rows, beside)):
        table.append(tuple(_folded(printable(_cell(value)), other) for value, other in zip(row, others)))
    widths = [max(len(row[place]) for row in table) for place in range(len(rows.columns))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    hidden = rows.row_count - len(shown)
    if hidden > 0:
        yield f"... and {hidden:,} more"


def _counterparts(rows: Rows, beside: Rows | None) -> Iterable[tuple[str | None, ...]]:
    """For each row the texts that its cells have in the other rows, None where there is no such cell."""
    none = (None,) * len(rows.columns)
    if beside is None or not rows.key or rows.key != beside.key:
        return repeat(none, len(rows.rows))
    places = [beside.columns.index(name) if name in beside.columns else None for name in rows.columns]
    there = dict(zip(beside.row_keys(), beside.rows))
    found = map(there.get, rows.row_keys())
    return (none if row is None else _texts_at(row, places) for row in found)


def _texts_at(row: Sequence[Any], places: Iterable[int | None]) -> tuple[str | None, ...]:
    return tuple(None if place is None else printable(_cell(row[place])) for place in places)


def seconds(elapsed_s: float) -> str:
    return f"{elapsed_s:.3f} s" if elapsed_s < 10 else f"{elapsed_s:.1f} s"


def printable(text: str) -> str:
    """The text without anything that would move a terminal's cursor or change its colours."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def harmless(sql: str) -> str:
    """A statement in its own lines and letters, without control characters that a terminal would obey."""
    return "".join(repr(char)[1:-1] if _controls(char) else char for char in sql)


def _controls(char: str) -> bool:
    return (ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, (bytes, memoryview)):
        return f"<{len(value)} bytes>"
    return str(value)


def _folded(text: str, other: str | None = None) -> str:
    """The text where it is short enough, else its beginning, or where it parts from another one."""
    from pwmig.diff.parting import parted

    return parted(text, text if other is None else other, _WIDEST_CELL)


def _values(statement: Statement) -> str:
    shown = ", ".join(_folded(printable(repr(value))) for value in statement.params[:20])
    more = len(statement.params) - 20
    return shown + (f", ... ({more} more)" if more > 0 else "")
