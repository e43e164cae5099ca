"""What is shown of a record, as a sequence of blocks, and its two faces: escaped HTML and plain text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pwmig.errors import redact
from pwmig.frames.grid import Grid, grid_html
from pwmig.records import dataclass

__all__ = ["Block", "Code", "Listing", "Sentence", "Title", "blocks_html", "blocks_text"]


@dataclass(frozen=True, slots=True)
class Title:
    """A heading of one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines below a sentence, each led by its sign."""

    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Source or SQL under its name; passwords are taken out."""

    name: str
    text: str


Block = Title | Sentence | Listing | Code | Grid


def blocks_html(blocks: Sequence[Block], *, plain: bool = False) -> str:
    """The blocks as escaped HTML; ``plain`` as in :func:`pwmig.frames.grid.grid_html`."""
    shown = "\n".join(_html(block, plain) for block in blocks)
    return f'<div class="pwmig-record">\n{shown}\n</div>'


def _html(block: Block, plain: bool) -> str:
    match block:
        case Title(text):
            return f'<p class="pwmig-title"><b>{escape(text)}</b></p>'
        case Sentence(text):
            return f"<p>{escape(text)}</p>"
        case Listing(text, lines):
            return f"<p>{escape(text)}</p>\n<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
        case Code(name, text):
            return f'<p>{escape(name)}</p>\n<pre class="pwmig-source" tabindex="0">{escape(redact(text))}</pre>'
        case Grid():
            return grid_html(block, plain=plain)


def blocks_text(blocks: Sequence[Block]) -> str:
    """The blocks as plain text, an empty line between two."""
    return "\n\n".join(_text(block) for block in blocks)


def _text(block: Block) -> str:
    match block:
        case Title(text) | Sentence(text):
            return text
        case Listing(text, lines):
            return "\n".join([text, *(f"  {line}" for line in lines)])
        case Code(name, text):
            return f"{name}\n{redact(text)}"
        case Grid():
            return block.text()
