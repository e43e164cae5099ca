"""A page of a table's rows as a DataFrame to be looked at, and which rows of how many it is in words."""

from __future__ import annotations

from dataclasses import replace

from pwmig.frames import Styled, rows
from pwmig.frames.grid import Cell, Grid, GridRow, Heading
from pwmig.frames.pairs import sample_grid
from pwmig.schema import Page, Schema, Snapshot, View

__all__ = ["page_note", "styled_page", "view_grid"]


def styled_page(page: Page) -> Styled:
    """The rows of a page: ``frame`` holds them with the key as its index, the look says how they are sorted."""
    grid = sample_grid(page.rows)
    headings = tuple(_sorted(heading, page) for heading in grid.headings)
    empty = "No row meets the conditions." if page.query.where and page.rows.row_count else grid.empty
    shown = replace(grid, headings=headings, note=page_note(page), empty=empty)
    return Styled(rows(Snapshot(Schema(), (page.rows,)), page.rows.table), shown)


def _sorted(heading: Heading, page: Page) -> Heading:
    wanted = page.query.order_by
    if wanted is None or heading.name.lower() != wanted.lower():
        return heading
    return replace(heading, side="descending" if page.query.descending else "ascending")


def page_note(page: Page) -> str:
    """``rows 21-40 of 31,689``; what is an estimate, or was not counted to its end, is called that."""
    every = f"{'' if page.rows.count_exact else 'about '}{page.rows.row_count:,}"
    first = (page.query.page - 1) * page.query.size + 1
    last = first + len(page.rows.rows) - 1
    if not page.query.where:
        return f"rows {first:,}-{last:,} of {every}" if page.rows.rows else "no rows"
    matching = f"{'' if page.matching_exact else 'at least '}{page.matching:,} that match"
    whole = f"{every} in the table"
    return f"rows {first:,}-{last:,} of {matching}; {whole}" if page.rows.rows else f"0 that match; {whole}"


def view_grid(view: View) -> Grid:
    """A view as it is: its text, and its triggers."""
    facts = [("view", view.name, view.sql), *(("trigger", trigger.name, trigger.sql) for trigger in view.triggers)]
    lines = tuple(GridRow(tuple(Cell(text, prose=True) for text in fact)) for fact in facts)
    return Grid(f"{view.name}: schema", (Heading("what"), Heading("name"), Heading("definition", code=True)), lines)
