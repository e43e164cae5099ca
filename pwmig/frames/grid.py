"""A table to be shown, as frozen data, and the one function that turns it into HTML.

The HTML is the same for the same data, byte for byte, and every text in it is escaped. Colours
come by classes from ``style.css``; a sign and a word always say what a colour says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from pwmig.frames.cells import cell_html, cell_text, is_number

__all__ = ["Cell", "Grid", "GridRow", "Heading", "grid_html", "style_tag", "words"]

_CLASS = {"+": "pwmig-added", "-": "pwmig-dropped", "~": "pwmig-changed"}


def words(sign: str, word: str) -> str:
    """A sign and what it says, as ``+ added``; nothing for no sign."""
    return f"{sign} {word}" if sign else ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: its name, the side (``before``, ``after`` or nothing) and its sign.

    ``code``: the texts below it are code.
    """

    name: str
    side: str = ""
    sign: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and its sign: ``-`` what it was, ``+`` what it became, nothing where it stayed.

    ``absent``: there is no such cell (an added row has no before). ``prose``: a text of pwmig's own
    or of the schema, shown as it is, where a value is shown so that NULL and text can't be mixed up.
    """

    value: Any = None
    sign: str = ""
    absent: bool = False
    prose: bool = False


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of cells, in the order of the grid's headings."""

    cells: tuple[Cell, ...]
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A whole table: what it is called, its heads, its rows, and a note beside its name."""

    title: str
    headings: tuple[Heading, ...]
    rows: tuple[GridRow, ...]
    note: str = ""

    def text(self) -> str:
        """The table as plain text, columns aligned by spaces."""
        heads = [_head_text(heading) for heading in self.headings]
        lines = [heads] + [[_cell_plain(cell) for cell in row.cells] for row in self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
        shown = ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines]
        title = f"{self.title} ({self.note})" if self.note else self.title
        return "\n".join([title, *shown])


def _head_text(heading: Heading) -> str:
    return " ".join(part for part in (heading.sign, heading.name, heading.side) if part)


def _cell_plain(cell: Cell) -> str:
    if cell.absent:
        return ""
    return str(cell.value) if cell.prose else cell_text(cell.value)


@cache
def style_tag() -> str:
    """The style sheet that the tables need, as one HTML element."""
    sheet = files("pwmig.frames").joinpath("style.css").read_text("utf-8")
    return f"<style>\n{sheet}</style>"


def grid_html(grid: Grid) -> str:
    """The grid as an HTML table with a caption, in a box that scrolls sideways."""
    head = "".join(_head(heading) for heading in grid.headings)
    body = "\n".join(_row(grid.headings, row) for row in grid.rows)
    note = f' <span class="pwmig-note">{escape(grid.note)}</span>' if grid.note else ""
    return (
        f'<div class="pwmig-scroll" tabindex="0" role="region" aria-label="{escape(grid.title)}">'
        f'<table class="pwmig-table">\n<caption>{escape(grid.title)}{note}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _head(heading: Heading) -> str:
    side = f' <span class="pwmig-side">{escape(heading.side)}</span>' if heading.side else ""
    sign = f'<span class="pwmig-sign">{escape(heading.sign)}</span> ' if heading.sign else ""
    return f'<th scope="col"{_class(_CLASS.get(heading.sign))}>{sign}{escape(heading.name)}{side}</th>'


def _row(headings: tuple[Heading, ...], row: GridRow) -> str:
    cells = "".join(_cell(heading, cell) for heading, cell in zip(headings, row.cells))
    return f"<tr{_class(_CLASS.get(row.sign))}>{cells}</tr>"


def _cell(heading: Heading, cell: Cell) -> str:
    if cell.absent:
        return '<td class="pwmig-absent"></td>'
    number = not cell.prose and is_number(cell.value)
    return f"<td{_class('pwmig-number' if number else None)}>{_marked(_shown(heading, cell), cell.sign)}</td>"


def _shown(heading: Heading, cell: Cell) -> str:
    if not cell.prose:
        return cell_html(cell.value)
    text = escape(str(cell.value))
    return f"<code>{text}</code>" if heading.code and text else text


def _marked(shown: str, sign: str) -> str:
    """Struck out or underlined by the elements made for it, so that it also reads without colours."""
    element = {"-": "del", "+": "ins"}.get(sign)
    return f"<{element}>{shown}</{element}>" if element else shown


def _class(name: str | None) -> str:
    return f' class="{name}"' if name else ""
