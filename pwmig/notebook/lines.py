"""What was clicked, as code: the call that does the same, to be kept as a cell and run again."""

from __future__ import annotations

import sys

__all__ = ["Lines", "call"]

MOST = 200
"""So many lines are kept: the last ones."""


def call(method: str, *args: object, **named: object) -> str:
    """The call of a method as code, its values as literals."""
    values = [repr(value) for value in args] + [f"{name}={value!r}" for name, value in named.items()]
    return f"{method}({', '.join(values)})"


class Lines:
    """The calls of one workbench, oldest first, under the name that it has in the notebook."""

    def __init__(self, workbench: object) -> None:
        self._workbench = workbench
        self._lines: list[str] = []

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(self._lines)

    @property
    def last(self) -> str:
        return self._lines[-1] if self._lines else ""

    def add(self, text: str) -> None:
        """Keep a call; the same one twice in a row is kept once."""
        line = f"{self._name()}.{text}"
        if line != self.last:
            self._lines = [*self._lines, line][-MOST:]

    def _name(self) -> str:
        """The variable of the notebook that holds the workbench, or what it is usually called."""
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        names = dict(shell.user_ns) if shell is not None else {}
        found = (name for name, value in names.items() if value is self._workbench and not name.startswith("_"))
        return next(found, "workbench")
