"""Which models are tables, and which are there to be inherited from only."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import peewee

from pwmig.records import dataclass

__all__ = ["Guess", "HasTable", "is_named_in", "without_bases"]

_Model = type[peewee.Model]
HasTable = Callable[[str], bool]
"""Whether there is a table of that name, or a migration speaks of one."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A model with fields of its own that others inherit from, of which nothing tells whether it has a table.

    ``is_table`` is what it was taken for.
    """

    model: str
    table: str
    heirs: tuple[str, ...]
    is_table: bool

    @property
    def what(self) -> str:
        heirs = ", ".join(self.heirs[:3]) + (f" and {len(self.heirs) - 3} more" if len(self.heirs) > 3 else "")
        if self.is_table:
            return f"{self.model} is taken for a table, {self.table}, though {heirs} inherit from it"
        return f"{self.model} is taken for a base class of {heirs}: a table {self.table} is not looked for"

    @property
    def way_out(self) -> str:
        return "abstract = True in its Meta says that it has no table, abstract = False that it has one"

    def __str__(self) -> str:
        return f"{self.what}; {self.way_out}"


def without_bases(models: Collection[_Model], has_table: HasTable) -> tuple[list[_Model], tuple[Guess, ...]]:
    """The models that have a table, and what was guessed of those that others inherit from.

    One that a foreign key references, or whose Meta names its table, has one; else ``Meta.abstract`` decides. Where
    that says nothing, a model that no other inherits from has one, unless it adds no column but the automatic ``id``,
    is called as a base is, and has no table that ``has_table`` knows. Of the others, one that adds no column has none.
    One with columns of its own has a table where ``has_table`` knows it; where nothing tells, it is taken for a base if
    its name begins with Base or Abstract, or ends with Base, Mixin or Model.
    """
    heirs: dict[_Model, list[str]] = {}
    for model in models:
        for base in model.__mro__[1:]:
            if base in models:
                heirs.setdefault(base, []).append(model.__name__)
    referenced = {target for model in models for target in model._meta.refs.values()}
    tables, guesses = [], []
    for model in models:
        told = (_told if model in heirs else _told_alone)(model, referenced, has_table)
        if told is None:
            told = not _is_called_a_base(model)
            guesses.append(Guess(model.__name__, _table(model), tuple(sorted(heirs[model])), told))
        if told:
            tables.append(model)
    return tables, tuple(guesses)


def _told(model: _Model, referenced: Collection[Any], has_table: HasTable) -> bool | None:
    """Whether a model that others inherit from has a table; None where nothing tells."""
    meta = model._meta
    if model in referenced or meta.table_name != meta.make_table_name():
        return True
    if (said := _said(model)) is not None:
        return not said
    if not _own_fields(model):
        return False
    return True if has_table(_table(model)) else None


def _told_alone(model: _Model, referenced: Collection[Any], has_table: HasTable) -> bool:
    """The same of a model that no other inherits from: a base whose heirs are gone, or are still to come, has none."""
    meta = model._meta
    if model in referenced or meta.table_name != meta.make_table_name():
        return True
    if (said := _said(model)) is not None:
        return not said
    return bool(_own_fields(model)) or not _has_name_of_base(model) or has_table(_table(model))


def _said(model: _Model) -> bool | None:
    """Meta.abstract, where the model says it: Peewee gives the options of a Meta to those that inherit from it too."""
    said = getattr(model._meta, "abstract", None)
    above: Iterable[Any] = (getattr(base, "_meta", None) for base in model.__mro__[1:])
    inherited = next((meta.abstract for meta in above if hasattr(meta, "abstract")), None)
    return None if said is None or said == inherited else bool(said)


def _own_fields(model: _Model) -> Sequence[Any]:
    return [field for field in model._meta.sorted_fields if not getattr(field, "auto_increment", False)]


def _table(model: _Model) -> str:
    schema, name = model._meta.schema, str(model._meta.table_name)
    return f"{schema}.{name}" if schema else name


def _is_called_a_base(model: _Model) -> bool:
    return bool(getattr(model._meta, "abstract", False)) or _has_name_of_base(model)


def _has_name_of_base(model: _Model) -> bool:
    name = model.__name__
    return name.startswith(("Base", "Abstract")) or name.endswith(("Base", "Mixin", "Model"))


def is_named_in(table: str, sources: Iterable[str]) -> bool:
    """Whether one of the texts of migrations speaks of a table: in quotes, or as that of a statement."""
    name = re.escape(table.rpartition(".")[2])
    named = re.compile(
        rf"""(['"`\[])(?:[^'"`\s.]+\.)?{name}['"`\]]|(?i:\btable\s+(?:if\s+not\s+exists\s+)?(?:\w+\.)?){name}\b"""
    )
    return any(named.search(source) for source in sources)
