"""The panel for a new migration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w

from pwmig.notebook.bench import Bench
from pwmig.notebook.panels import show


class Form:
    def __init__(self, bench: Bench, on_create: Callable[[str, str], None]) -> None:
        self.box = w.VBox([])
        self.box.add_class("pwmig-form")
        show(self.box, False)

    def toggle(self) -> None:
        show(self.box, self.box.layout.display == "none")

    def hide(self) -> None:
        show(self.box, False)

    def source_of(self, operations: Sequence[Any]) -> str:
        return ""
