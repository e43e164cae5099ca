"""What every input of a form is, and those that a person types into or ticks; see ``fields``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets as w

from pwmig.errors import OperationRefused
from pwmig.schema import Schema, Table

__all__ = ["AreaField", "Asked", "BoolField", "Changed", "CountField", "Field", "LengthField", "TextField"]

Changed = Callable[[], None]


class Asked:
    """What a field says of itself: its label, a hint, whether an operation can't do without it, and whether a truth is
    the usual one."""

    def __init__(self, label: str, help: str = "", *, required: bool = True, usual: bool = False) -> None:
        self.label, self.help, self.required, self.usual = label, help, required, usual


class Field:
    """The root of all inputs."""

    def __init__(self, asked: Asked, changed: Changed) -> None:
        self.asked = asked
        self._changed = changed
        self._quiet = False
        self.box: Any = w.Box()

    @property
    def nothing_to_choose(self) -> bool:
        """Whether it offers things that are there, and there are none."""
        return False

    def read(self) -> Any:
        """The value, None for nothing; raises OperationRefused where that can't be."""
        raise NotImplementedError

    def write(self, value: Any) -> None:
        """Show a value; None is nothing."""
        with self._quietly():
            self._show(value)

    def clear(self) -> None:
        """Forget what was chosen and typed."""
        self.write(None)

    def offer(self, schema: Schema, table: Table | None) -> None:
        """Renew the choices: the tables of the schema, the columns of the table that is meant."""

    def text_of(self, value: Any) -> str:
        """A value on one line, for a list."""
        return str(value)

    def _show(self, value: Any) -> None:
        raise NotImplementedError

    def _watch(self, *widgets: Any) -> None:
        for widget in widgets:
            widget.observe(self._heard, names="value")

    def _heard(self, _: object) -> None:
        if not self._quiet:
            self._changed()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Set values without telling anybody: no person changed them."""
        was, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = was


class TextField(Field):
    """A new name, or nothing."""

    def __init__(self, asked: Asked, changed: Changed) -> None:
        super().__init__(asked, changed)
        self.box = self._made()
        self._written = ""
        self._watch(self.box)

    def _made(self) -> Any:
        return w.Text(description=self.asked.label, placeholder=self.asked.help, tooltip=self.asked.help)

    def read(self) -> Any:
        """Without the spaces around it that a person typed; what was written stays as it was."""
        text = self.box.value
        return (text if text == self._written else text.strip()) or None

    def _show(self, value: Any) -> None:
        self.box.value = self._written = "" if value is None else str(value)


class AreaField(TextField):
    """A longer text, such as a statement."""

    def _made(self) -> Any:
        label, help = self.asked.label, self.asked.help
        return w.Textarea(description=label, placeholder=help, tooltip=help, rows=4)

    def read(self) -> Any:
        return self.box.value if self.box.value.strip() else None


class LengthField(TextField):
    """A number, or nothing; ``what`` it is, and what it ``counts``."""

    what, counts = "length", "letters"

    def read(self) -> Any:
        text = self.box.value.strip()
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise OperationRefused(
                f"{text[:40]!r} is no {self.what}",
                why=f"a {self.what} counts {self.counts}",
                way_out="write a whole number, or nothing",
            ) from None


class CountField(LengthField):
    what, counts = "number", "rows"


class BoolField(Field):
    def __init__(self, asked: Asked, changed: Changed) -> None:
        super().__init__(asked, changed)
        self.box = w.Checkbox(asked.usual, description=asked.label, tooltip=asked.help, indent=True)
        self._watch(self.box)

    def read(self) -> bool:
        return bool(self.box.value)

    def _show(self, value: Any) -> None:
        self.box.value = self.asked.usual if value is None else bool(value)
