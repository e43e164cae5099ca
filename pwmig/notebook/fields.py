"""One input for each kind of thing that an operation asks for (see ``pwmig.operations.KINDS``).

An input has a ``box`` to show, ``read()`` that gives the value or raises OperationRefused, ``write()``
that shows a value, and ``offer(schema, table)`` that renews what there is to choose from. It calls
``changed`` whenever a person changed it. Kinds that are lists of others stand in ``lists``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as w

from pwmig.columns import COLUMN_TYPES, ColumnSpec, Expression, parse_default
from pwmig.errors import OperationRefused
from pwmig.notebook.panels import show
from pwmig.operations import value_text
from pwmig.schema import Schema, Table

__all__ = ["FIELDS", "Asked", "Changed", "ChoiceField", "Field", "SpecField"]

Changed = Callable[[], None]

_NONE = ""
"""What stands for nothing chosen."""

_STAYS = "(it stays)"
"""What is shown of that where something is to be changed."""

ACTIONS = ("CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT", "NO ACTION")

_SQL = "SQL"


class Asked:
    """What a field says of itself: its label, a hint, and whether an operation can't do without it."""

    def __init__(self, label: str, help: str = "", *, required: bool = True) -> None:
        self.label, self.help, self.required = label, help, required


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
        self.box = w.Checkbox(description=asked.label, tooltip=asked.help, indent=True)
        self._watch(self.box)

    def read(self) -> bool:
        return bool(self.box.value)

    def _show(self, value: Any) -> None:
        self.box.value = bool(value)


class ChoiceField(Field):
    """One name of what is there; ``choices`` finds the names, the first of which is the first choice."""

    def __init__(self, asked: Asked, changed: Changed) -> None:
        super().__init__(asked, changed)
        self.box = w.Dropdown(description=asked.label, tooltip=asked.help, options=())
        self._watch(self.box)
        self._written: str | None = None
        self.offer(Schema(), None)

    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        raise NotImplementedError

    def options(self, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """The names with what is shown of them."""
        return tuple((name, name) for name in names)

    def offer(self, schema: Schema, table: Table | None) -> None:
        """What was chosen stays, where it is still there; what was written stays in any case."""
        names = list(self.choices(schema, table))
        kept = self.box.value
        if self._written is not None and self._written not in names:
            names.append(self._written)
        options = self.options(names)
        with self._quietly():
            if self.box.options != options:
                self.box.options = options
            self.box.value = kept if kept in names else next(iter(names), None)

    @property
    def nothing_to_choose(self) -> bool:
        return not self.box.options

    def read(self) -> Any:
        return self.box.value or None

    def write(self, value: Any) -> None:
        self._written = value
        super().write(value)

    def _show(self, value: Any) -> None:
        values = [option for _, option in self.box.options]
        if value is not None and value not in values:
            self.box.options = (*self.box.options, *self.options([value]))
        self.box.value = value if value is not None else next(iter(values), None)

    def _heard(self, _: object) -> None:
        if not self._quiet:
            self._written = None
        super()._heard(_)


class TableField(ChoiceField):
    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return schema.table_names


class ColumnField(ChoiceField):
    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return table.column_names if table else ()


class PartField(ColumnField):
    """A column, or nothing for the table itself."""

    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return (_NONE, *super().choices(schema, table))

    def options(self, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple((name or "(the table itself)", name) for name in names)


class IndexField(ChoiceField):
    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return [index.name for index in table.indexes] if table else ()


class ConstraintField(ChoiceField):
    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        if table is None:
            return ()
        names = (*(check.name for check in table.checks), *(unique.name for unique in table.uniques))
        return [name for name in (*names, *(key.name for key in table.foreign_keys)) if name]


class ActionField(ChoiceField):
    """What a foreign key does; nothing is the database's own habit."""

    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return (_NONE, *ACTIONS)

    def options(self, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple((name or "(nothing said)", name) for name in names)


class NullableField(ChoiceField):
    """Whether a column may be NULL, or nothing said of it."""

    _MEANT = (("", None), ("may be NULL", True), ("is required", False))

    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        return [word for word, _ in self._MEANT]

    def options(self, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple((name or _STAYS, name) for name in names)

    def read(self) -> bool | None:
        return dict(self._MEANT)[self.box.value]

    def write(self, value: Any) -> None:
        super().write(next(word for word, meant in self._MEANT if meant is value))


class TypeField(ChoiceField):
    """A kind of column that a column can become; where it may be left out, the one that it has."""

    def choices(self, schema: Schema, table: Table | None) -> Sequence[str]:
        kinds = [field for field in COLUMN_TYPES if field != "AutoField"]
        return kinds if self.asked.required else [_NONE, *kinds]

    def options(self, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple((COLUMN_TYPES[name].label if name else _STAYS, name) for name in names)


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
