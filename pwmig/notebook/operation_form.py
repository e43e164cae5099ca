"""The form of one operation, made from the operation's own fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import ipywidgets as w

from pwmig.errors import OperationRefused
from pwmig.notebook.choices import TableField
from pwmig.notebook.inputs import Field
from pwmig.notebook.lists import SpecsField, field_of
from pwmig.operations import OPERATIONS, Operation
from pwmig.schema import Column, Schema, Table

__all__ = ["OperationForm"]


class OperationForm:
    """Asks for one operation; ``changed`` is called whenever a person chose or typed something.

    ``showing`` is held while its lists get other choices: what there is may be told on another thread.
    """

    def __init__(self, changed: Callable[[], None], showing: AbstractContextManager[Any] | None = None) -> None:
        self._changed = changed
        self._showing = showing or nullcontext()
        self._schema = Schema()
        self._made: dict[str, dict[str, Field]] = {}
        self.kind = w.Dropdown(
            description="Operation", options=[(kind.title, name) for name, kind in OPERATIONS.items()]
        )
        self._fields = w.VBox()
        self._fields.add_class("pwmig-operation-fields")
        self.box = w.VBox([self.kind, self._fields])
        self._ask()
        self.kind.observe(self._picked, names="value")

    def field(self, name: str) -> Field:
        """The input of a field of the chosen operation, by the field's name."""
        return self._inputs[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the chosen operation's fields."""
        return tuple(self._inputs)

    def offer(self, schema: Schema) -> None:
        """Offer what the database will hold by then; what was chosen stays where it can."""
        with self._showing:
            self._schema = schema
            self._offer()

    def wanted(self) -> Operation:
        """The operation as it is filled in; raises OperationRefused where something is missing."""
        kind = OPERATIONS[self.kind.value]
        values = {}
        for field in (made for made in dataclasses.fields(kind) if made.metadata):
            value = self._inputs[field.name].read()
            required = field.default is dataclasses.MISSING
            if value is None and required and self._inputs[field.name].nothing_to_choose:
                raise _nothing_to_choose(field.metadata["label"])
            if value is None and required and field.metadata["kind"] != "value":
                value = ""  # The operation says what it misses, in its own words.
            if value is not None or required:
                values[field.name] = value
        return kind(**values)

    def load(self, operation: Operation) -> None:
        """Show an operation, to be changed."""
        with self._showing:
            self.kind.value = type(operation).__name__
            for name, asked in self._inputs.items():
                asked.write(getattr(operation, name))
                self._offer()
            self._changed()

    def clear(self) -> None:
        """Forget what was filled in; the operation and its tables stay chosen."""
        with self._showing:
            for asked in self._inputs.values():
                if not isinstance(asked, TableField):
                    asked.clear()
            self._heard()

    @property
    def _inputs(self) -> dict[str, Field]:
        """The inputs of the chosen operation; they are made once, and keep what they hold.

        A rehearsal's thread may ask for them as soon as another operation is chosen, before they are shown.
        """
        with self._showing:
            name = self.kind.value
            if name not in self._made:
                fields = dataclasses.fields(OPERATIONS[name])
                self._made[name] = {field.name: field_of(field, self._heard) for field in fields if field.metadata}
            return self._made[name]

    def _ask(self) -> None:
        """Show the inputs of the chosen operation."""
        self._fields.children = [asked.box for asked in self._inputs.values()]
        self._offer()

    def _picked(self, _: object) -> None:
        with self._showing:
            self._ask()
            self._changed()

    def _heard(self) -> None:
        with self._showing:
            self._offer()
            self._changed()

    def _offer(self) -> None:
        fields = {field.name: field for field in dataclasses.fields(OPERATIONS[self.kind.value])}
        tables: dict[str, Table | None] = {}
        for name, asked in self._inputs.items():
            if isinstance(asked, TableField):
                asked.offer(self._schema, None)
                tables[name] = self._schema.table(asked.read() or "")
        first = next(iter(tables.values()), self._new_table())
        for name, asked in self._inputs.items():
            if name not in tables:
                asked.offer(self._schema, tables.get(fields[name].metadata.get("of", ""), first))

    def _new_table(self) -> Table | None:
        """The table that the form is about to create, for what else is asked of it."""
        specs = [asked for asked in self._inputs.values() if isinstance(asked, SpecsField)]
        return Table("", tuple(Column(name, "") for name in specs[0].names)) if specs else None


def _nothing_to_choose(label: str) -> OperationRefused:
    return OperationRefused(
        f"there is no {label.lower()} to choose",
        why="the database holds no table yet" if label == "Table" else "what is chosen above has none",
        way_out="choose something else above, or another operation",
    )
