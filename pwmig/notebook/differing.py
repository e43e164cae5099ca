"""The tab *Diff*: any two sides of the project held side by side, such as the database and the models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as w

from pwmig.frames.blocks import blocks_html
from pwmig.frames.display import difference_blocks
from pwmig.frames.wording import short_name
from pwmig.notebook.panels import button
from pwmig.sides import Difference

__all__ = ["Differing", "sides"]

_FIRST = ("live", "models")
"""What is compared before anybody asks for something else."""


def sides(migrations: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The sides to choose from, as (label, name) pairs."""
    usual = (("the database", "live"), ("the models", "models"), ("the applied migrations", "history"))
    return (*usual, ("an empty database", "zero"), *((f"up to {short_name(name)}", name) for name in migrations))


class Differing:
    """Two sides to choose, and what they differ in. ``ask`` begins a comparison and returns at once."""

    def __init__(self, ask: Callable[[str, str], None]) -> None:
        self.before = w.Dropdown(description="From", options=sides(()), value=_FIRST[0])
        self.after = w.Dropdown(description="To", options=sides(()), value=_FIRST[1])
        self.run = button(
            "Show differences", "Compare the two schemas", lambda: ask(self.before.value, self.after.value)
        )
        self.view = w.HTML()
        self.top = w.HBox([self.before, self.after, self.run])
        self.top.add_class("pwmig-pickers")
        self.top.add_class("pwmig-sides")
        self.box = w.VBox([self.top, self.view])

    def offer(self, migrations: Sequence[str]) -> None:
        """Offer the migrations that there are; what was chosen stays, if it is still there."""
        options = sides(migrations)
        names = [name for _, name in options]
        for choice, first in zip((self.before, self.after), _FIRST):
            if choice.options != options:
                chosen = choice.value if choice.value in names else first
                choice.options, choice.value = options, chosen

    def choose(self, before: str, after: str) -> None:
        """Show which two sides were compared, where they are on offer: a database's URL is not."""
        for choice, name in ((self.before, before), (self.after, after)):
            if name in [value for _, value in choice.options]:
                choice.value = name

    def show(self, difference: Difference | None, location: str, otherwise: str = "") -> None:
        """What two sides differ in; ``otherwise`` is said where nothing was compared."""
        self.view.value = (
            otherwise if difference is None else blocks_html(list(difference_blocks(difference, location)))
        )
