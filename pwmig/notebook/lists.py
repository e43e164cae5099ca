"""Inputs that are lists of others: columns in an order, the columns and the indexes of a new table.

Above the list stand its buttons, below it the input of the one item that is chosen; what is typed
there is that item at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w

from pwmig.columns import ColumnSpec
from pwmig.errors import OperationRefused
from pwmig.notebook.choices import ColumnField
from pwmig.notebook.fields import FIELDS, SpecField
from pwmig.notebook.inputs import Asked, BoolField, Changed, Field
from pwmig.notebook.panels import button
from pwmig.schema import Schema, Table

__all__ = ["LISTS", "ListField", "field_of"]

_UNFINISHED = "(not finished)"


class ListField(Field):
    """Any number of items, each asked for by ``item``; they are reordered and removed by buttons."""

    noun = "item"
    rows = 3

    def __init__(self, asked: Asked, changed: Changed) -> None:
        super().__init__(asked, changed)
        self._items: list[Any] = []
        self._problems: dict[int, OperationRefused] = {}
        self.item = self._made_item()
        self.list = w.Select(description=asked.label, tooltip=asked.help, options=(), rows=self.rows)
        self.list.observe(self._picked, names="index")
        self.more = button(f"Add {self.noun}", f"Add one {self.noun} more at the end", self.add)
        self.less = button("Remove", f"Remove the chosen {self.noun}", self.remove)
        self.up = button("Up", f"Move the chosen {self.noun} up", lambda: self.move(-1))
        self.down = button("Down", f"Move the chosen {self.noun} down", lambda: self.move(1))
        tools = w.HBox([self.more, self.less, self.up, self.down])
        tools.add_class("pwmig-list-tools")
        self.box = w.VBox([self.list, tools, self.item.box])
        self.box.add_class("pwmig-list")
        self.clear()

    def _made_item(self) -> Field:
        raise NotImplementedError

    def first_items(self) -> Sequence[Any]:
        """What the list begins with; None is an item that has yet to be filled in."""
        return ()

    def new_item(self) -> Any:
        """What the next item begins with."""
        return None

    # What a person does with the list

    @property
    def place(self) -> int | None:
        """The place of the chosen item, None where there is none."""
        chosen: int | None = self.list.index
        return chosen

    def choose(self, place: int) -> None:
        self.list.index = place

    def add(self) -> None:
        """One item more, at the end, and chosen."""
        self._items.append(self.new_item())
        self._renew(len(self._items) - 1)
        self._read_item()
        self._changed()

    def remove(self) -> None:
        """Without the chosen item."""
        if self.place is not None:
            place = self.place
            del self._items[place]
            self._problems.clear()
            self._renew(min(place, len(self._items) - 1))
            self._changed()

    def move(self, by: int) -> None:
        """The chosen item some places further down, or up."""
        if self.place is not None and 0 <= self.place + by < len(self._items):
            place = self.place
            self._items.insert(place + by, self._items.pop(place))
            self._problems.clear()
            self._renew(place + by)
            self._changed()

    # As an input

    def read(self) -> tuple[Any, ...]:
        for problem in self._problems.values():
            raise problem
        if None in self._items:
            place = self._items.index(None) + 1
            raise OperationRefused(f"{self.noun} {place} is not finished", way_out="choose it and fill it in")
        return tuple(self._items)

    def _show(self, value: Sequence[Any] | None) -> None:
        self._items = list(self.first_items() if value is None else value)
        self._problems.clear()
        self._renew(0)

    def offer(self, schema: Schema, table: Table | None) -> None:
        self.item.offer(schema, table)

    # The chosen item

    def _renew(self, place: int) -> None:
        """Show the items, and the one of that place as chosen."""
        options = [(f"{number}  {self._text(item)}", number - 1) for number, item in enumerate(self._items, start=1)]
        with self._quietly():
            if self.list.options != tuple(options):
                self.list.options = tuple(options)
            self.list.index = place if 0 <= place < len(options) else None
        self._show_item()

    def _text(self, item: Any) -> str:
        return _UNFINISHED if item is None else self.item.text_of(item)

    def _show_item(self) -> None:
        place = self.place
        self.item.write(None if place is None else self._items[place])
        shown = place is not None
        self.item.box.layout.display = None if shown else "none"
        for tool in (self.less, self.up, self.down):
            tool.disabled = not shown

    def _picked(self, _: object) -> None:
        if not self._quiet:
            self._show_item()

    def _item_changed(self) -> None:
        self._read_item()
        self._changed()

    def _read_item(self) -> None:
        """Take what the item's input holds; what can't be is told by :meth:`read`."""
        place = self.place
        if place is None:
            return
        self._problems.pop(place, None)
        try:
            self._items[place] = self.item.read()
        except OperationRefused as problem:
            self._problems[place] = problem
            return
        with self._quietly():
            options = list(self.list.options)
            options[place] = (f"{place + 1}  {self._text(self._items[place])}", place)
            if tuple(options) != self.list.options:
                self.list.options = tuple(options)
                self.list.index = place


class ColumnsField(ListField):
    """Columns of a table in an order; one at least, where the operation can't do without."""

    noun = "column"

    def _made_item(self) -> Field:
        self._names: tuple[str, ...] = ()
        return ColumnField(Asked("Column"), self._item_changed)

    def new_item(self) -> Any:
        free = [name for name in self._names if name not in self._items]
        return next(iter(free), next(iter(self._names), None))

    def first_items(self) -> Sequence[Any]:
        return self._names[:1] if self.asked.required else ()

    def offer(self, schema: Schema, table: Table | None) -> None:
        """Another table's columns take the place of those chosen; of the same table these stay."""
        names = table.column_names if table else ()
        if names != self._names:
            self._names = names
            kept = [name for name in self._items if name in names] if names else self._items
            with self._quietly():
                self.item.offer(schema, table)
                self._items = kept or list(self.first_items())
                self._renew(0)

    def read(self) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(super().read()))


class IndexItem(Field):
    """One index of a new table: its columns, and whether it is unique."""

    def __init__(self, asked: Asked, changed: Changed) -> None:
        super().__init__(asked, changed)
        self.columns = ColumnsField(Asked("Its columns"), changed)
        self.unique = BoolField(Asked("Unique"), changed)
        self.box = w.VBox([self.columns.box, self.unique.box])

    def read(self) -> Any:
        columns = self.columns.read()
        if not columns:
            raise OperationRefused("an index needs a column", way_out="add one to it, or remove the index")
        return columns, self.unique.read()

    def _show(self, value: Any) -> None:
        self.columns.write(value[0] if value else None)
        self.unique.write(value[1] if value else False)

    def offer(self, schema: Schema, table: Table | None) -> None:
        self.columns.offer(schema, table)

    def text_of(self, value: Any) -> str:
        columns, unique = value
        return ", ".join(columns) + (" (unique)" if unique else "")


class IndexesField(ListField):
    noun = "index"

    def _made_item(self) -> Field:
        return IndexItem(Asked("Index"), self._item_changed)


class SpecsField(ListField):
    """The columns of a new table, beginning with a counted ``id``."""

    noun = "column"
    rows = 4

    def _made_item(self) -> Field:
        return SpecField(Asked("Column"), self._item_changed, in_table=True)

    def first_items(self) -> Sequence[Any]:
        return (ColumnSpec("id", "AutoField"),)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are finished."""
        return tuple(item.name for item in self._items if item is not None)


LISTS: dict[str, Callable[[Asked, Changed], Field]] = {
    "columns": ColumnsField,
    "specs": SpecsField,
    "indexes": IndexesField,
}
"""The input of each kind of field that is a list."""


def field_of(field: dataclasses.Field[Any], changed: Changed) -> Field:
    """The input for a field of an operation."""
    told = field.metadata
    asked = Asked(
        told["label"], told.get("help", ""), required=field.default is dataclasses.MISSING, usual=field.default is True
    )
    kind: Callable[[Asked, Changed], Field] = LISTS.get(told["kind"]) or FIELDS[told["kind"]]
    return kind(asked, changed)
