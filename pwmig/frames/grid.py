"""A table to be shown, as frozen data, and the one function that turns it into HTML.

The HTML is the same for the same data, byte for byte, and every text in it is escaped. Colours
come by classes from ``style.css``; a sign and a word always say what a colour says.

Headings that are ``pinned`` (the first ones) have columns of a known width, which stay in sight while the
others scroll sideways, as many of them as the table's width has room for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any
from unicodedata import east_asian_width

from pwmig.frames.cells import cell_html, cell_text, is_number, type_word
from pwmig.records import dataclass

__all__ = ["Cell", "Grid", "GridRow", "Heading", "grid_html", "style_tag", "words"]

_CLASS = {"+": "pwmig-added", "-": "pwmig-dropped", "~": "pwmig-changed"}

PINS = 12
"""The most columns that can be pinned: ``style.css`` has a class for each."""

PIN_STEPS = (320, 400, 480, 560, 640, 720, 800, 880, 960, 1040, 1120, 1200, 1280, 1440, 1600)
"""The widths of a table, in px, from which on some of its columns are pinned: ``style.css`` has a class for each."""

_PINNED_SHARE = 0.64
"""No more of a table's width is pinned, so that there is always room for what scrolls."""

_LETTER_PX, _PADDING_PX = 9, 18
_NARROWEST, _WIDEST = 5, 20
"""A pinned column's width, in letters."""


def words(sign: str, word: str) -> str:
    """A sign and what it says, as ``+ added``; nothing for no sign."""
    return f"{sign} {word}" if sign else ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: its name, the side (``before``, ``after`` or nothing) and its sign.

    ``code``: the texts below it are code. ``pinned``: it stays in sight, if all before it do. ``said``: the
    texts below it are sentences, which go on in a second line where one is too short.
    """

    name: str
    side: str = ""
    sign: str = ""
    code: bool = False
    pinned: bool = False
    said: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and its sign: ``-`` what it was, ``+`` what it became, nothing where it stayed.

    ``absent``: there is no such cell (an added row has no before). ``prose``: a text of pwmig's own
    or of the schema, shown as it is, where a value is shown so that NULL and text can't be mixed up.
    ``start``: where the line of a long text begins. ``brief``: it is cut sooner, where it stays as it is in a
    pinned column. ``typed``: the kind of value is named beside it.
    """

    value: Any = None
    sign: str = ""
    absent: bool = False
    prose: bool = False
    start: int = 0
    brief: bool = False
    typed: bool = False

    @property
    def text(self) -> str:
        """The cell on one line."""
        if self.absent:
            return ""
        if self.prose:
            return str(self.value)
        return cell_text(self.value, self.start, brief=self.brief) + (
            f" ({type_word(self.value)})" if self.typed else ""
        )


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of cells, in the order of the grid's headings."""

    cells: tuple[Cell, ...]
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A whole table: what it is called, its heads, its rows, and a note beside its name.

    ``empty`` is a sentence that stands in place of a table without rows.
    """

    title: str
    headings: tuple[Heading, ...]
    rows: tuple[GridRow, ...]
    note: str = ""
    empty: str = ""

    def text(self) -> str:
        """The table as plain text, columns aligned by spaces."""
        title = f"{self.title} ({self.note})" if self.note else self.title
        if not self.rows and self.empty:
            return f"{title}\n{self.empty}"
        lines = [[_head_text(heading) for heading in self.headings]]
        lines += [[cell.text for cell in row.cells] for row in self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.headings))]
        shown = ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines]
        return "\n".join([title, *shown])


def _head_text(heading: Heading) -> str:
    return " ".join(part for part in (heading.sign, heading.name, heading.side) if part)


@cache
def style_tag() -> str:
    """The style sheet that the tables need, as one HTML element."""
    sheet = files("pwmig.frames").joinpath("style.css").read_text("utf-8")
    return f"<style>\n{sheet}</style>"


def grid_html(grid: Grid, *, plain: bool = False) -> str:
    """The grid as an HTML table with a caption, in a box that scrolls sideways.

    ``plain``: for viewers that take away styles and what unfolds, so that texts alone say everything.
    """
    note = f' <span class="pwmig-note">({escape(grid.note)})</span>' if grid.note else ""
    if not grid.rows and grid.empty:
        return f'<div class="pwmig-empty"><p><b>{escape(grid.title)}</b>{note}</p><p>{escape(grid.empty)}</p></div>'
    pins = _pins(grid)
    marks = [pin.classes(place) for place, pin in enumerate(pins)] + [""] * (len(grid.headings) - len(pins))
    head = "".join(_head(heading, mark) for heading, mark in zip(grid.headings, marks))
    body = "\n".join(_row(grid.headings, row, marks, plain) for row in grid.rows)
    return (
        f'<div class="pwmig-scroll" tabindex="0" role="region" aria-label="{escape(grid.title)}">'
        f'<table class="pwmig-table"{_widths(pins)}>\n'
        f'<caption><span class="pwmig-caption">{escape(grid.title)}{note}</span></caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


@dataclass(frozen=True, slots=True)
class _Pin:
    """A pinned column: where it begins and how wide it is, in px; from which width of the table on it is pinned."""

    left: int
    width: int
    step: int | None

    def classes(self, place: int) -> str:
        at = f" pwmig-at-{self.step}" if self.step is not None else ""
        return f"pwmig-pin pwmig-p{place}{at}"


def _pins(grid: Grid) -> list[_Pin]:
    pins: list[_Pin] = []
    left = 0
    for place, heading in enumerate(grid.headings[:PINS]):
        if not heading.pinned:
            break
        head = [f"{heading.sign} {heading.name}".strip(), heading.side]
        width = _width([*head, *(row.cells[place].text for row in grid.rows)])
        wanted = (left + width) / _PINNED_SHARE
        pins.append(_Pin(left, width, next((step for step in PIN_STEPS if step >= wanted), None)))
        left += width
    return _side_by_side(pins, grid.headings)


def _side_by_side(pins: list[_Pin], headings: Sequence[Heading]) -> list[_Pin]:
    """Before and after of one column are pinned both or neither."""
    for place in range(len(pins)):
        if place + 1 < len(headings) and headings[place].name == headings[place + 1].name:
            step = pins[place + 1].step if place + 1 < len(pins) else None
            pins[place] = replace(pins[place], step=step)
    return pins


def _width(texts: Sequence[str]) -> int:
    """The width of a pinned column with these texts, in px; what is longer goes on in a second line."""
    letters = max(sum(2 if east_asian_width(char) in "WF" else 1 for char in text[:_WIDEST]) for text in texts)
    return round(min(max(letters, _NARROWEST), _WIDEST) * _LETTER_PX) + _PADDING_PX


def _widths(pins: Sequence[_Pin]) -> str:
    """What the classes of pinned cells take their places from."""
    places = (f"--pwmig-l{place}:{pin.left}px;--pwmig-w{place}:{pin.width}px" for place, pin in enumerate(pins))
    return f' style="{";".join(places)}"' if pins else ""


def _head(heading: Heading, mark: str) -> str:
    side = f' <span class="pwmig-side">{escape(heading.side)}</span>' if heading.side else ""
    sign = f'<span class="pwmig-sign">{escape(heading.sign)}</span> ' if heading.sign else ""
    return f'<th scope="col"{_class(_CLASS.get(heading.sign), mark)}>{sign}{escape(heading.name)}{side}</th>'


def _row(headings: Sequence[Heading], row: GridRow, marks: Sequence[str], plain: bool) -> str:
    cells = "".join(_cell(heading, cell, mark, plain) for heading, cell, mark in zip(headings, row.cells, marks))
    return f"<tr{_class(_CLASS.get(row.sign))}>{cells}</tr>"


def _cell(heading: Heading, cell: Cell, mark: str, plain: bool) -> str:
    if cell.absent:
        return f"<td{_class('pwmig-absent', mark)}></td>"
    number = not cell.prose and is_number(cell.value)
    shown = _marked(_shown(heading, cell, plain), cell.sign)
    if plain and cell.sign:
        shown = f"[{escape(cell.sign)}] {shown}"
    kind = "pwmig-number" if number else "pwmig-said" if heading.said else None
    return f"<td{_class(kind, mark)}>{shown}</td>"


def _shown(heading: Heading, cell: Cell, plain: bool) -> str:
    if cell.prose:
        text = escape(str(cell.value))
        return f"<code>{text}</code>" if heading.code and text else text
    kind = f' <span class="pwmig-kind">({escape(type_word(cell.value))})</span>' if cell.typed else ""
    return cell_html(cell.value, cell.start, brief=cell.brief, unfolds=not plain) + kind


def _marked(shown: str, sign: str) -> str:
    """Struck out or underlined by the elements made for it, so that it also reads without colours."""
    element = {"-": "del", "+": "ins"}.get(sign)
    return f"<{element}>{shown}</{element}>" if element else shown


def _class(*names: str | None) -> str:
    listed = " ".join(name for name in names if name)
    return f' class="{listed}"' if listed else ""
