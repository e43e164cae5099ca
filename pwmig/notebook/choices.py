"""Inputs that offer what there is to choose from: names of what is there, and a few words; see ``fields``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as w

from pwmig.columns import COLUMN_TYPES
from pwmig.notebook.inputs import Asked, Changed, Field
from pwmig.schema import Schema, Table

__all__ = [
    "ActionField",
    "ChoiceField",
    "ColumnField",
    "ConstraintField",
    "IndexField",
    "NullableField",
    "PartField",
    "TableField",
    "TypeField",
]

_NONE = ""
"""What stands for nothing chosen."""

_STAYS = "(it stays)"
"""What is shown of that where something is to be changed."""

ACTIONS = ("CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT", "NO ACTION")


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
