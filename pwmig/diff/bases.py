"""What every difference between two schemas is, and the kinds that have no class of their own."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from pwmig.diff.words import literal, shown_beside, thing_text
from pwmig.records import dataclass
from pwmig.schema import Exclusion, Policy, Rule

__all__ = ["Added", "Altered", "Change", "Dropped", "Fact"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that differs: a field's name, and its value before and after."""

    name: str
    before: Any
    after: Any

    def __str__(self) -> str:
        before, after = self._shown(self.before, self.after), self._shown(self.after, self.before)
        return f"{self.name.replace('_', ' ')} {before} -> {after}"

    def _shown(self, value: Any, other: Any) -> str:
        """The value beside the other one; free texts in quotes, since nothing else tells where they end."""
        if self.name == "comment" and value is not None:
            return literal(value)
        if self.name == "values" and value:
            return "(" + ", ".join(map(literal, value)) + ")"
        return shown_beside(value, other)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two schemas."""

    sign: ClassVar[str] = "~"

    table: str

    @property
    def kind(self) -> str:
        return type(self).__name__

    @property
    def of_table(self) -> bool:
        """Whether ``table`` names a table, and not something that stands beside tables."""
        return True

    def describe(self) -> str:
        """The change on one line, without its sign."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """The change as JSON can hold it."""
        fields = {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"kind": self.kind, "sign": self.sign, "description": self.describe(), **fields}


_PARTS = (Exclusion, Policy, Rule)
"""What is a part of a table, among the records that have no changes of their own."""


@dataclass(frozen=True, slots=True)
class Added(Change):
    """Something new: a ``thing`` of a table, or one that stands beside tables."""

    sign: ClassVar[str] = "+"

    thing: Any

    @property
    def kind(self) -> str:
        return f"{'Add' if self.of_table else 'Create'}{type(self.thing).__name__}"

    @property
    def of_table(self) -> bool:
        return isinstance(self.thing, _PARTS)

    def describe(self) -> str:
        return thing_text(self.thing, self.table, whole=True)


@dataclass(frozen=True, slots=True)
class Dropped(Change):
    sign: ClassVar[str] = "-"

    thing: Any

    @property
    def kind(self) -> str:
        return f"Drop{type(self.thing).__name__}"

    @property
    def of_table(self) -> bool:
        return isinstance(self.thing, _PARTS)

    def describe(self) -> str:
        return thing_text(self.thing, self.table, whole=True)


@dataclass(frozen=True, slots=True)
class Altered(Change):
    """A change that leaves the thing itself: ``differing`` names the fields that are not the same.

    Without it, those are all fields with unequal values; :func:`pwmig.diff.diff` gives it, since
    it knows which texts and names mean the same.
    """

    before: Any
    after: Any
    differing: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return type(self).__name__ if type(self) is not Altered else f"Alter{type(self.after).__name__}"

    @property
    def of_table(self) -> bool:
        return type(self) is not Altered or isinstance(self.after, _PARTS)

    def describe(self) -> str:
        return f"{thing_text(self.before, self.table, whole=False)}: {self._facts_text()}"

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What differs, in the order of the record's fields."""
        pairs = ((field.name, getattr(self.before, field.name), getattr(self.after, field.name))
                 for field in dataclasses.fields(self.after))  # fmt: skip
        return tuple(
            Fact(name, before, after)
            for name, before, after in pairs
            if (name in self.differing if self.differing else before != after)
        )

    def as_dict(self) -> dict[str, Any]:
        # super() does not work in a class that slots=True has made anew.
        made = Change.as_dict(self)
        made["facts"] = [_plain(fact) for fact in self.facts]
        del made["differing"]
        return made

    def _facts_text(self) -> str:
        return ", ".join(str(fact) for fact in self.facts)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value
