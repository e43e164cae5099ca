"""The picture of tables and references: drawn by JupyterLab itself, told in words below it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets as w

from pwmig.diff import Change
from pwmig.frames.diagram import MOST_TABLES, Diagram, draw
from pwmig.notebook.panels import html
from pwmig.schema import Schema

__all__ = ["DiagramView"]

MIME = "text/vnd.mermaid"
"""JupyterLab draws this, without any other program or the net."""


class DiagramView:
    """A picture of a schema with its changes marked, of the whole or of a table's neighbours.

    ``diagram`` is what is shown; ``around`` holds the table a person chose, empty for the whole schema.
    """

    def __init__(self) -> None:
        self.diagram: Diagram | None = None
        self.around = w.Combobox(
            description="Around",
            placeholder="(the whole schema)",
            tooltip="A table, to be shown with those that it refers to and that refer to it; empty for all",
            continuous_update=False,
        )
        self.note = html("pwmig-diagram-note")
        self.picture = w.Output()
        self.words = html("pwmig-diagram-words")
        self.box = w.VBox([w.HBox([self.around, self.note]), self.picture, self.words])
        self.box.add_class("pwmig-diagram")
        self.box.children[0].add_class("pwmig-pickers")
        self._schema, self._changes, self._focus = Schema(), tuple[Change, ...](), ""
        self._showing = threading.RLock()
        self.around.observe(self._chosen, names="value")

    def show(self, schema: Schema, changes: Sequence[Change] = (), focus: str | None = None) -> None:
        """Show a schema as it is after ``changes``; of one that is too large, what is near the table ``focus``."""
        with self._showing:
            self._schema, self._changes, self._focus = schema, tuple(changes), focus or ""
            if self.around.options != schema.table_names:
                self.around.options = schema.table_names
            self._draw()

    def _chosen(self, _: dict[str, Any]) -> None:
        with self._showing:
            self._draw()

    def _draw(self) -> None:
        wanted = self.around.value.strip()
        table = self._schema.table(wanted)
        if table is not None:
            self._put(draw(self._schema, self._changes, table.name, distance=1), "")
        else:
            focus = self._schema.table(self._focus)
            whole = draw(self._schema, self._changes, focus.name if focus else None, MOST_TABLES)
            self._put(whole, f"There is no table {wanted}. " if wanted else "")

    def _put(self, diagram: Diagram, said: str) -> None:
        note = said + (f"{diagram.note}." if diagram.note else "")
        self.note.value = f'<p class="pwmig-quiet" role="status">{escape(note)}</p>' if note else ""
        if diagram == self.diagram:
            return
        self.diagram = diagram
        self.words.value = _words_html(diagram.sentences)
        # Set at once and as a whole: `with output:` would catch what other threads print meanwhile.
        self.picture.outputs = (_display(diagram),)


def _display(diagram: Diagram) -> dict[str, Any]:
    words = "\n".join(diagram.sentences) or "no references"
    return {"output_type": "display_data", "data": {MIME: diagram.text, "text/plain": words}, "metadata": {}}


def _words_html(sentences: Sequence[str]) -> str:
    if not sentences:
        return '<p class="pwmig-quiet">No table refers to another.</p>'
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<details><summary>The same in words</summary><ul>{lines}</ul></details>"
