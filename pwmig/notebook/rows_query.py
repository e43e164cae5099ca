"""The fields that ask for a page of rows: a condition, an order, and the page before or after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets as w

from pwmig.notebook.panels import button
from pwmig.schema import OPERATORS, Condition, Page, Query

__all__ = ["RowsQuery", "on_enter"]

NOTHING = ()
"""The value of a list in which no column is chosen; None would show an empty box."""

_WITHOUT_VALUE = tuple(operator for operator in OPERATORS if operator.startswith("is"))


def on_enter(field: w.Text, do: Callable[[], object]) -> None:
    """Call ``do`` when a person presses Enter in a field."""

    def heard(_: w.Widget, content: Any, __: object) -> None:
        if isinstance(content, dict) and content.get("event") == "submit":
            do()

    field.on_msg(heard)


class RowsQuery:
    """What a person asks of the rows of one table; ``asked`` gets each query that a click means."""

    def __init__(self, asked: Callable[[Query], None]) -> None:
        self._asked = asked
        self._query = Query()
        self.column = w.Dropdown(description="Filter", tooltip="The column of the condition", options=())
        self.operator = w.Dropdown(description="Condition", options=OPERATORS)
        self.value = w.Text(description="Value", placeholder="what the column is compared with")
        self.order_by = w.Dropdown(description="Sort by", options=())
        self.descending = w.Checkbox(description="Descending", indent=False)
        self.show = button("Show rows", "Ask the database for the rows that meet the condition", self.ask)
        self.previous = button("Previous page", "The rows before these", lambda: self._turn(-1))
        self.next = button("Next page", "The rows behind these", lambda: self._turn(1))
        fields = (self.column, self.operator, self.value, self.order_by, self.descending, self.show)
        self.fields = w.HBox([*fields, self.previous, self.next])
        self.fields.add_class("pwmig-query")
        self.column.observe(self._enable, names="value")
        self.operator.observe(self._enable, names="value")
        on_enter(self.value, self.ask)
        self.offer((), Query())
        self.turned(None)

    def ask(self) -> None:
        """Ask for the first page of what the fields say."""
        self._asked(self.query())

    def query(self) -> Query:
        """What the fields say, from the first page on; several conditions, given in code, stay until one is chosen."""
        where = self._query.where if len(self._query.where) > 1 else ()
        column = _chosen(self.column)
        if column is not None:
            value = "" if self.operator.value in _WITHOUT_VALUE else self.value.value
            where = (Condition(column, self.operator.value, value),)
        order_by = _chosen(self.order_by)
        return replace(self._query, where=where, order_by=order_by, descending=bool(self.descending.value), page=1)

    def offer(self, columns: Sequence[str], query: Query) -> None:
        """Offer a table's columns, and let the fields say what was asked."""
        self._query = query
        named = {name.lower(): name for name in columns}
        one = query.where[0] if len(query.where) == 1 else None
        several = f"({len(query.where)} conditions)" if len(query.where) > 1 else "(no filter)"
        _choose(self.column, several, columns, named.get(one.column.lower()) if one else None)
        _choose(self.order_by, "(the key)", columns, named.get(query.order_by.lower()) if query.order_by else None)
        self.descending.value = query.descending
        if one is not None:
            self.operator.value, self.value.value = one.operator, one.value
        elif not query.where:
            self.operator.value, self.value.value = OPERATORS[0], ""

    def turned(self, page: Page | None) -> None:
        """Which pages there are besides the one shown; None: nothing is shown."""
        self.previous.disabled = page is None or page.query.page == 1
        self.next.disabled = page is None or not page.more
        self.show.disabled = page is None
        self._enable()

    def _turn(self, by: int) -> None:
        self._asked(replace(self._query, page=self._query.page + by))

    def _enable(self, _: object = None) -> None:
        self.operator.disabled = _chosen(self.column) is None
        self.value.disabled = _chosen(self.column) is None or self.operator.value in _WITHOUT_VALUE


def _chosen(field: w.Dropdown) -> str | None:
    return None if field.value == NOTHING else field.value


def _choose(field: w.Dropdown, none: str, names: Sequence[str], chosen: str | None) -> None:
    """Offer names and a word for none of them, with one of them chosen."""
    options = ((none, NOTHING), *((name, name) for name in names))
    if field.options != options:
        field.options = options
    field.value = NOTHING if chosen is None else chosen
