"""The panel for a new migration: a form made from an operation's fields, and the code it will write."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w

from pwmig.codegen import source
from pwmig.errors import PwmigError
from pwmig.files import slug
from pwmig.notebook.bench import Bench
from pwmig.notebook.inputs import Input, TableInput, input_of
from pwmig.notebook.panels import button, show
from pwmig.notebook.views import code_html, error_html
from pwmig.operations import OPERATIONS, Operation

__all__ = ["Form", "suggested_name"]


def suggested_name(operation: Operation) -> str:
    """A name for a migration of this operation: ``add_player_level``."""
    args, _ = operation.call()
    words = [operation.method.removesuffix("_column").removesuffix("_constraint")]
    for value in args:
        words += [value] if isinstance(value, str) else list(value) if isinstance(value, tuple) else []
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower()).strip("_")
    return name[:60].strip("_")


class Form:
    """Ask for one operation, show the migration that would be written, and hand it to ``on_create``."""

    def __init__(self, bench: Bench, on_create: Callable[[str, str], object]) -> None:
        self._bench = bench
        self._on_create = on_create
        self._inputs: dict[str, Input] = {}
        self._suggestion = ""
        self.operation = w.Dropdown(
            description="Operation", options=[(kind.title, name) for name, kind in OPERATIONS.items()]
        )
        self.name = w.Text(description="Name", placeholder="add_player_level")
        self.fields = w.VBox()
        self.code = w.HTML()
        self.create_button = button("Create", "Write the migration's file", self._create, "primary")
        close = button("Close", "Close the form; nothing is written", self.hide)
        left = w.VBox([self.operation, self.fields, self.name, w.HBox([self.create_button, close])])
        columns = w.HBox([left, w.VBox([self.code])])
        columns.add_class("pwmig-fields")
        self.box = w.VBox([w.HTML("<h4>New migration</h4>"), columns])
        self.box.add_class("pwmig-form")
        self.operation.observe(lambda _: self._ask(), names="value")
        show(self.box, False)
        self._ask()

    @property
    def visible(self) -> bool:
        return bool(self.box.layout.display != "none")

    def toggle(self) -> None:
        if self.visible:
            self.hide()
        else:
            self.renew()
            show(self.box, True)

    def hide(self) -> None:
        show(self.box, False)

    def input(self, field: str) -> Input:
        """The input of a field of the chosen operation, by the field's name."""
        return self._inputs[field]

    def renew(self) -> None:
        """Offer what the database holds now, and begin anew."""
        for asked in self._inputs.values():
            asked.clear()
        self.name.value = self._suggestion = ""
        self._changed()

    def wanted(self) -> Operation:
        """The operation as it is filled in; raises OperationRefused where something is missing."""
        kind = OPERATIONS[self.operation.value]
        defaults = {field.name: field.default for field in dataclasses.fields(kind)}
        values = {name: asked.read() for name, asked in self._inputs.items()}
        missing = {name: "" for name, value in values.items() if value is None and not _has(defaults[name])}
        given = {name: value for name, value in values.items() if value is not None}
        return kind(**{**given, **missing})

    def source_of(self, operations: Sequence[Operation]) -> str:
        """The migration's source, with its way back where that can be known."""
        return source(operations, config_module=self._bench.project.config.config, schema=self._bench.schema)

    def _ask(self) -> None:
        """Show the inputs of the chosen operation."""
        kind = OPERATIONS[self.operation.value]
        made = {field.name: input_of(field, self._changed) for field in dataclasses.fields(kind)}
        self._inputs = {name: asked for name, asked in made.items() if asked is not None}
        self.fields.children = [asked.box for asked in self._inputs.values()]
        self._changed()

    def _changed(self) -> None:
        """Show the code for what is filled in by now, or what is missing."""
        self._offer()
        try:
            operation = self.wanted()
            code = self.source_of([operation])
        except PwmigError as error:
            self.code.value = f'<div role="status" class="pwmig-missing">{error_html(error)}</div>'
            self.create_button.disabled = True
            return
        self._suggest(suggested_name(operation))
        self.code.value = code_html(code, "python")
        self.create_button.disabled = False

    def _offer(self) -> None:
        schema = self._bench.schema
        tables = [asked for asked in self._inputs.values() if isinstance(asked, TableInput)]
        for choice in tables:
            choice.offer(schema, None)
        chosen = tables[0].read() if tables else None
        table = schema.table(chosen) if chosen else None
        for asked in self._inputs.values():
            if asked not in tables:
                asked.offer(schema, table)

    def _suggest(self, name: str) -> None:
        """A name as long as the person has not written one."""
        if self.name.value in ("", self._suggestion):
            self.name.value = self._suggestion = name

    def _create(self) -> None:
        try:
            name = slug(self.name.value)
            self._on_create(name, self.source_of([self.wanted()]))
        except PwmigError as error:
            self.code.value = f'<div role="alert" class="pwmig-missing">{error_html(error)}</div>'


def _has(default: Any) -> bool:
    return default is not dataclasses.MISSING
