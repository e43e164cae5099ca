"""Differences and checks as lines for a terminal; the words of one record each are :mod:`pwmig.text`'s."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pwmig.sides import difference_title
from pwmig.text import Ink, change_lines, printable

if TYPE_CHECKING:
    from pwmig.attic.entries import Entry
    from pwmig.checking import Check, CheckReport, Finding
    from pwmig.diff import RenameCandidate
    from pwmig.sides import Difference

__all__ = ["attic_lines", "check_lines", "difference_lines"]

_COLOURS = {"passed": "green", "failed": "red", "skipped": "dim", "error": "red", "warning": "yellow", "note": "blue"}
_MOST_CHANGES = 40
"""How many differences of one finding are shown; ``--json`` has them all."""


def difference_lines(difference: Difference, location: str, ink: Ink) -> Iterable[str]:
    """A title, a line a change, what might be a rename as a question, and what was guessed."""
    yield printable(difference_title(difference, location))
    yield from change_lines(difference.changes, ink)
    if difference.renames:
        yield ""
        yield ink("a rename?", "bold") + " Nothing is taken for one unless a migration says so:"
        yield from (f"{ink('?', 'blue')} {printable(_question(candidate))}" for candidate in difference.renames)
    if difference.notes:
        yield ""
        yield from (f"{ink('note', 'blue')}: {printable(note)}" for note in difference.notes)


def _question(candidate: RenameCandidate) -> str:
    place = f"{candidate.table}." if candidate.table is not None else "table "
    evidence = ", ".join(getattr(candidate, "evidence", ()))
    return (
        f"{place}{candidate.old_name} -> {candidate.new_name} ({candidate.score:.0%}{': ' * bool(evidence)}{evidence})"
    )


def check_lines(report: CheckReport, location: str, ink: Ink) -> Iterable[str]:
    """A line a check, under it what it found, each with why and the way out; a last line for the whole."""
    yield ink(printable(location), "bold")
    for check in report.checks:
        yield from _one_check(check, ink)
    yield _verdict(report)


def _one_check(check: Check, ink: Ink) -> Iterable[str]:
    outcome = check.outcome.value
    yield f"  {ink(outcome.ljust(7), _COLOURS[outcome])}  {check.name.ljust(10)}  {printable(check.summary)}"
    for finding in check.findings:
        yield from (f"    {line}" for line in _one_finding(finding, ink))


def _one_finding(finding: Finding, ink: Ink) -> Iterable[str]:
    severity = finding.severity.value
    yield from _lines(f"{ink(severity, _COLOURS[severity])}: ", finding.what)
    if finding.why:
        yield from _lines("  why: ", finding.why)
    if finding.way_out:
        yield from _lines("  way out: ", finding.way_out)
    yield from (f"  {line}" for line in change_lines(finding.changes[:_MOST_CHANGES], ink))
    if len(finding.changes) > _MOST_CHANGES:
        yield f"  ... and {len(finding.changes) - _MOST_CHANGES} more"
    yield from (f"  {ink('~', 'yellow')} {printable(str(rows))}" for rows in finding.rows)


def _lines(label: str, text: str) -> Iterable[str]:
    """A text of several lines in as many, those after the first set in."""
    first, *rest = text.split("\n")
    yield label + printable(first)
    yield from (f"    {printable(line)}" for line in rest)


def _verdict(report: CheckReport) -> str:
    failed = [check.name for check in report.checks if check.outcome.value == "failed"]
    counts = {name: sum(found.severity.value == name for found in report.findings) for name in ("warning", "note")}
    said = ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items() if count)
    return ("failed: " + ", ".join(failed) if failed else "all is well") + (f" ({said})" if said else "")


def attic_lines(entries: Sequence[Entry], location: str, ink: Ink) -> Iterable[str]:
    """A line a thing: its id, what it is, rows, bytes, age and migration."""
    from pwmig.attic.settings import size_text

    yield ink(printable(location), "bold")
    if not entries:
        yield "the attic is empty"
        return
    told = [
        (str(entry.id), entry.in_words, f"{entry.row_count:,} rows", size_text(entry.byte_count), _age(entry.kept_at))
        for entry in entries
    ]
    widths = [max(len(row[place]) for row in told) for place in range(5)]
    for entry, row in zip(entries, told, strict=True):
        cells = "  ".join(printable(cell.ljust(width)) for cell, width in zip(row, widths, strict=True))
        how = "" if entry.direction == "forward" else ", reverted"
        yield f"  {cells}  {printable(entry.migration)}{how}"
    yield "going the other way puts it back; pwmig attic restore|purge NAME or ID"


def _age(kept_at: str) -> str:
    """How long ago that was, in its largest unit."""
    import calendar
    import time

    try:
        passed = time.time() - calendar.timegm(time.strptime(kept_at, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return kept_at
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if (count := int(passed // length)) > 0:
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"
