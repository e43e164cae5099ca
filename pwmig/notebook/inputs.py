"""One input for each kind of thing that an operation asks for (see ``pwmig.operations.KINDS``).

An input has a ``box`` to show, ``read()`` that gives the value or raises OperationRefused, and
``offer(schema, table)`` that renews what there is to choose from. It calls ``changed`` whenever a
person changed it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w

from pwmig.columns import COLUMN_TYPES, ColumnSpec, parse_default
from pwmig.errors import OperationRefused
from pwmig.notebook.panels import button, show
from pwmig.schema import Schema, Table

__all__ = ["INPUTS", "Input", "input_of"]

Changed = Callable[[], None]
NONE = ""
"""What stands for nothing chosen."""

MOST_COLUMNS = 4
"""So many columns can be chosen for an index in the form; more are written in the file."""


class Input:
    """The root of all inputs."""

    def __init__(self, label: str, help: str, changed: Changed) -> None:
        self.label, self.help = label, help
        self._changed = changed
        self._quiet = False
        self.box: w.Widget = w.Box()

    def read(self) -> Any:
        raise NotImplementedError

    def offer(self, schema: Schema, table: Table | None) -> None:
        """Renew the choices: the tables of the schema, the columns of the table chosen."""

    def clear(self) -> None:
        """Forget what was typed."""

    def _watch(self, *widgets: w.Widget) -> None:
        for widget in widgets:
            widget.observe(self._heard, names="value")

    def _heard(self, _: object) -> None:
        if not self._quiet:
            self._changed()

    def _choose(self, dropdown: w.Dropdown, options: Sequence[tuple[str, str]]) -> None:
        """Give a list other options; what was chosen stays, where it still is among them."""
        was = dropdown.value
        self._quiet = True
        try:
            dropdown.options = tuple(options)
            values = [value for _, value in options]
            dropdown.value = was if was in values else (values[0] if values else None)
        finally:
            self._quiet = False


class TextInput(Input):
    """A new name, or nothing (None) where the field has a default."""

    def __init__(self, label: str, help: str, changed: Changed) -> None:
        super().__init__(label, help, changed)
        self.box = w.Text(description=label, placeholder=help, tooltip=help)
        self._watch(self.box)

    def read(self) -> str | None:
        return self.box.value.strip() or None

    def clear(self) -> None:
        self.box.value = ""


class AreaInput(TextInput):
    """A longer text, such as a statement."""

    def __init__(self, label: str, help: str, changed: Changed) -> None:
        super().__init__(label, help, changed)
        self.box = w.Textarea(description=label, placeholder=help, rows=4)
        self._watch(self.box)


class BoolInput(Input):
    def __init__(self, label: str, help: str, changed: Changed) -> None:
        super().__init__(label, help, changed)
        self.box = w.Checkbox(description=label, tooltip=help, indent=True)
        self._watch(self.box)

    def read(self) -> bool:
        return bool(self.box.value)

    def clear(self) -> None:
        self.box.value = False


class ChoiceInput(Input):
    """One name of what is there; ``choices`` finds the names."""

    def __init__(self, label: str, help: str, changed: Changed) -> None:
        super().__init__(label, help, changed)
        self.box = w.Dropdown(description=label, tooltip=help, options=())
        self._watch(self.box)

    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        raise NotImplementedError

    def offer(self, schema: Schema, table: Table | None) -> None:
        self._choose(self.box, [(name, name) for name in self.choices(schema, table)])

    def read(self) -> str | None:
        return self.box.value or None


class TableInput(ChoiceInput):
    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return schema.table_names


class ColumnInput(ChoiceInput):
    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return table.column_names if table else ()


class IndexInput(ChoiceInput):
    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return [index.name for index in table.indexes] if table else ()


class ActionInput(ChoiceInput):
    """What a foreign key does; nothing is the database's own habit."""

    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return (NONE, "CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT", "NO ACTION")


class ColumnsInput(Input):
    """Some columns in an order: a list for each place."""

    def __init__(self, label: str, help: str, changed: Changed) -> None:
        super().__init__(label, help, changed)
        labels = [label, *(f"then ({place})" for place in range(2, MOST_COLUMNS + 1))]
        self._lists = [w.Dropdown(description=text, tooltip=help, options=()) for text in labels]
        self.box = w.VBox(self._lists)
        self._watch(*self._lists)

    def _heard(self, _: object) -> None:
        self._show_needed()
        super()._heard(_)

    def _show_needed(self) -> None:
        chosen = [bool(choice.value) for choice in self._lists]
        for place, choice in enumerate(self._lists):
            show(choice, place == 0 or chosen[place - 1])

    def offer(self, schema: Schema, table: Table | None) -> None:
        names = [(name, name) for name in (table.column_names if table else ())]
        for place, choice in enumerate(self._lists):
            self._choose(choice, [("(none)", NONE), *names] if place else names)
        self._show_needed()

    def read(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(choice.value for choice in self._lists if choice.value))


class SpecInput(Input):
    """One new column: its name, its kind, and what else there is to say."""

    def __init__(self, label: str, help: str, changed: Changed, *, in_table: bool = False) -> None:
        super().__init__(label, help, changed)
        self.name = w.Text(description=label, placeholder="its name")
        kinds = [(kind.label, field) for field, kind in COLUMN_TYPES.items() if in_table or field != "AutoField"]
        self.type = w.Dropdown(description="Kind", options=kinds)
        self.default = w.Text(description="Default", placeholder=help if not in_table else "")
        self.length = w.Text(description="Length", placeholder="letters at most")
        self.null = w.Checkbox(description="May be NULL", indent=True)
        self.unique = w.Checkbox(description="Unique", indent=True)
        self.index = w.Checkbox(description="With an index", indent=True)
        parts = [self.name, self.type, self.default, self.length, self.null, self.unique, self.index]
        self.box = w.VBox(parts)
        self._watch(*parts)
        self._fit()

    def _heard(self, _: object) -> None:
        self._fit()
        super()._heard(_)

    def _fit(self) -> None:
        """Only what the kind of column can have."""
        kind = COLUMN_TYPES[self.type.value]
        show(self.length, kind.sized)
        for part in (self.default, self.null, self.unique, self.index):
            show(part, kind.field != "AutoField")

    def read(self) -> ColumnSpec:
        kind = COLUMN_TYPES[self.type.value]
        if kind.field == "AutoField":
            return ColumnSpec(self.name.value.strip(), kind.field)
        return ColumnSpec(
            self.name.value.strip(),
            kind.field,
            null=self.null.value,
            default=parse_default(kind.field, self.default.value),
            max_length=_length(self.name.value, self.length.value) if kind.sized else None,
            unique=self.unique.value,
            index=self.index.value,
        )

    def clear(self) -> None:
        for text in (self.name, self.default, self.length):
            text.value = ""
        for tick in (self.null, self.unique, self.index):
            tick.value = False
        self.type.value = next(value for _, value in self.type.options)


def _length(column: str, text: str) -> int | None:
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError:
        raise OperationRefused(
            f"{text!r} is no length for column {column!r}",
            why="a length counts letters",
            way_out="write a whole number, or leave it empty",
            column=column,
        ) from None


class SpecsInput(Input):
    """The columns of a new table, beginning with a counted ``id``; one more by a click."""

    def __init__(self, label: str, help: str, changed: Changed) -> None:
        super().__init__(label, help, changed)
        self._columns: list[SpecInput] = []
        self._rows = w.HBox()
        self._rows.add_class("pwmig-specs")
        note = w.HTML(f'<span class="pwmig-help">{help}</span>')
        self._more = button("Add a column to the table", "One more column", self._one_more)
        self._less = button("Remove the last column", "One column less", self._one_less)
        self.box = w.VBox([note, self._rows, w.HBox([self._more, self._less])])
        self.clear()

    def clear(self) -> None:
        self._columns = []
        self._grow()
        self._grow()
        key = self._columns[0]
        key._quiet = True
        key.name.value, key.type.value = "id", "AutoField"
        key._quiet = False

    def _grow(self) -> None:
        label = f"Column {len(self._columns) + 1}"
        self._columns.append(SpecInput(label, "", self._changed, in_table=True))
        self._rows.children = [column.box for column in self._columns]

    def _one_more(self) -> None:
        self._grow()
        self._changed()

    def _one_less(self) -> None:
        if len(self._columns) > 1:
            self._columns.pop()
            self._rows.children = [column.box for column in self._columns]
            self._changed()

    def read(self) -> tuple[ColumnSpec, ...]:
        return tuple(column.read() for column in self._columns)


INPUTS: dict[str, type[Input]] = {
    "table": TableInput,
    "column": ColumnInput,
    "columns": ColumnsInput,
    "index": IndexInput,
    "name": TextInput,
    "spec": SpecInput,
    "specs": SpecsInput,
    "bool": BoolInput,
    "text": AreaInput,
    "action": ActionInput,
}
"""The input of each kind of field."""


def input_of(field: dataclasses.Field[Any], changed: Changed) -> Input | None:
    """The input for a field of an operation; None for one that a form does not ask."""
    if "kind" not in field.metadata:
        return None
    kind = INPUTS.get(field.metadata["kind"], TextInput)
    return kind(field.metadata["label"], field.metadata.get("help", ""), changed)
