"""One input for each kind of thing that an operation asks for (see ``pwmig.operations.KINDS``).

An input has a ``box`` to show, ``read()`` that gives the value or raises OperationRefused, ``write()``
that shows a value, and ``offer(schema, table)`` that renews what there is to choose from. It calls
``changed`` whenever a person changed it. Kinds that are lists of others stand in ``lists``.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from pwmig.columns import COLUMN_TYPES, ColumnSpec, Expression, parse_default
from pwmig.notebook.choices import (
    ActionField,
    ColumnField,
    ConstraintField,
    IndexField,
    NullableField,
    PartField,
    TableField,
    TypeField,
)
from pwmig.notebook.inputs import AreaField, Asked, BoolField, Changed, CountField, Field, LengthField, TextField
from pwmig.notebook.panels import show
from pwmig.operations import value_text

__all__ = ["FIELDS", "SpecField"]

_SQL = "SQL"


class TypedText:
    """The text of a default; the value that was written stays as long as nobody changed the text or the kind."""

    def __init__(self, widget: Any) -> None:
        self.widget = widget
        self._written: tuple[str, str, Any] = ("", "", None)

    def write(self, kind: str, value: Any) -> None:
        text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
        self.widget.value = "" if value is None else text or '""'
        self._written = (kind, self.widget.value, value)

    def read(self, kind: str) -> Any:
        was_kind, text, value = self._written
        if (kind, self.widget.value) == (was_kind, text):
            return value
        return parse_default(kind, self.widget.value)


class ValueField(Field):
    """A value of one of the kinds of column, or SQL."""

    def __init__(self, asked: Asked, changed: Changed) -> None:
        super().__init__(asked, changed)
        kinds = [(kind.label, field) for field, kind in COLUMN_TYPES.items() if field != "AutoField"]
        self.type = w.Dropdown(description="Kind", options=[*kinds, ("SQL, as CURRENT_TIMESTAMP", _SQL)])
        self.text = w.Text(description=asked.label, placeholder=asked.help, tooltip=asked.help)
        self._value = TypedText(self.text)
        self.box = w.VBox([self.type, self.text])
        self._watch(self.type, self.text)

    def read(self) -> Any:
        if self.type.value == _SQL:
            return Expression(self.text.value) if self.text.value.strip() else None
        return self._value.read(self.type.value)

    def _show(self, value: Any) -> None:
        kinds = {bool: "BooleanField", int: "IntegerField", float: "FloatField", bytes: "BlobField"}
        is_sql = isinstance(value, Expression)
        self.type.value = _SQL if is_sql else kinds.get(type(value), "IntegerField" if value is None else "TextField")
        self._value.write(self.type.value, value.sql if is_sql else value)


class SpecField(Field):
    """One new column: its name, its kind, and what else there is to say; ``in_table``: of a new table."""

    def __init__(self, asked: Asked, changed: Changed, *, in_table: bool = False) -> None:
        super().__init__(asked, changed)
        self._name = TextField(Asked("Column name" if in_table else asked.label, "its name"), self._tell)
        self.name = self._name.box
        kinds = [(kind.label, field) for field, kind in COLUMN_TYPES.items() if in_table or field != "AutoField"]
        self.type = w.Dropdown(description="Kind", options=kinds)
        self.default = w.Text(description="Default", placeholder="" if in_table else asked.help)
        self._length = LengthField(Asked("Length", "letters at most"), self._tell)
        self.length = self._length.box
        self.null = w.Checkbox(description="May be NULL", indent=True)
        self.unique = w.Checkbox(description="Unique", indent=True)
        self.index = w.Checkbox(description="With an index", indent=True)
        self.key = w.Checkbox(description="Primary key", indent=True)
        self._in_table = in_table
        self._default = TypedText(self.default)
        parts = [self.name, self.type, self.default, self.length, self.null, self.unique, self.index, self.key]
        self.box = w.VBox(parts)
        self._watch(*(part for part in parts if part not in (self.name, self.length)))
        self._fit()

    def _tell(self) -> None:
        if not self._quiet:
            self._changed()

    def _heard(self, _: object) -> None:
        self._fit()
        super()._heard(_)

    def _fit(self) -> None:
        """Only what the kind of column can have."""
        kind = COLUMN_TYPES[self.type.value]
        show(self.length, kind.sized)
        for part in (self.default, self.null, self.unique, self.index):
            show(part, kind.field != "AutoField")
        show(self.key, self._in_table and kind.field != "AutoField")
        texts = kind.neutral == ""
        self.default.tooltip = 'Two quotes are an empty text: ""' if texts else self.asked.help

    def read(self) -> ColumnSpec:
        kind = COLUMN_TYPES[self.type.value]
        if kind.field == "AutoField":
            return ColumnSpec(self._name.read() or "", kind.field)
        return ColumnSpec(
            self._name.read() or "",
            kind.field,
            null=self.null.value,
            default=self._default.read(kind.field),
            max_length=self._length.read() if kind.sized else None,
            unique=self.unique.value,
            index=self.index.value,
            primary_key=self._in_table and self.key.value,
        )

    def _show(self, value: ColumnSpec | None) -> None:
        first = next(field for _, field in self.type.options)
        self._name.write(value.name if value else None)
        self.type.value = value.type if value else first
        self._default.write(self.type.value, value.default if value else None)
        self._length.write(value.max_length if value else None)
        for tick, fact in ((self.null, "null"), (self.unique, "unique"), (self.index, "index")):
            tick.value = bool(value and getattr(value, fact))
        self.key.value = bool(value and value.primary_key)
        self._fit()

    def text_of(self, value: ColumnSpec) -> str:
        return f"{value.name} {value_text(value)}"


FIELDS: dict[str, type[Field]] = {
    "table": TableField,
    "column": ColumnField,
    "part": PartField,
    "index": IndexField,
    "constraint": ConstraintField,
    "name": TextField,
    "spec": SpecField,
    "type": TypeField,
    "value": ValueField,
    "length": LengthField,
    "count": CountField,
    "bool": BoolField,
    "nullable": NullableField,
    "text": AreaField,
    "action": ActionField,
}
"""The input of each kind of field that is no list."""
