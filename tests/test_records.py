"""A record's dataclass is the standard library's, made in another way."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from pwmig.plan import Plan, Run, Step
from pwmig.records import Record, dataclass
from pwmig.schema import Column, ForeignKey, Index, IndexPart, Table
from pwmig.waits import Waits

KINDS = (Column, ForeignKey, Index, IndexPart, Table, Plan, Run, Step, Waits)

LIBRARY: Callable[..., Any] = dataclasses.dataclass
OURS: Callable[..., Any] = dataclass


def bodies() -> list[type]:
    class Nothing:
        pass

    class Pair:
        left: int
        right: int = 2

    class Made:
        name: str
        found: list[str] = field(default_factory=list)
        seen: int = field(default=0, compare=False)
        hidden: str = field(default="h", repr=False)
        later: int = field(default=7, init=False)

    class Later:
        name: str
        length: int = field(init=False, repr=False, compare=False)

    class Checked:
        """It has a docstring."""

        size: int

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError(self.size)

    class OfItsOwn:
        name: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self)) and self.name.lower() == other.name.lower()

        def __repr__(self) -> str:
            return f"<{self.name}>"

    class Hashed(OfItsOwn):
        size: int = 0

        def __eq__(self, other: object) -> bool:
            return self is other

        def __hash__(self) -> int:
            return 5

    return [Nothing, Pair, Made, Checked, OfItsOwn, Hashed, Later]


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("index", range(7), ids=[body.__name__ for body in bodies()])
def test_it_is_what_the_library_would_have_made(index: int, frozen: bool) -> None:
    ours, theirs = (make(frozen=frozen, slots=True)(bodies()[index]) for make in (OURS, LIBRARY))
    assert signature(ours) == signature(theirs)
    assert ours.__slots__ == theirs.__slots__ and ours.__match_args__ == theirs.__match_args__
    assert (ours.__hash__ is None) == (theirs.__hash__ is None)
    names = [one.name for one in dataclasses.fields(theirs) if one.init]
    assert [one.name for one in dataclasses.fields(ours)] == [one.name for one in dataclasses.fields(theirs)]
    for values in (dict.fromkeys(names, 3), dict.fromkeys(names, 4)):
        if ours.__name__ in ("OfItsOwn", "Hashed"):
            values = {name: str(value) for name, value in values.items()}
        mine, other = ours(**values), theirs(**values)
        assert repr(mine) == repr(other)
        assert state(mine) == state(other)
        if "not there" not in state(mine).values():
            assert state(mine) == state(copy.copy(mine)) == state(copy.deepcopy(mine))
        assert (mine == ours(**values)) == (other == theirs(**values))
        assert mine != other and mine != values
        assert state(dataclasses.replace(mine)) == state(mine)
        if frozen:
            assert hash(mine) == hash(mine)


def signature(kind: type) -> list[tuple[str, str, Any]]:
    return [
        (one.name, str(one.default) if one.default is not one.empty else "", one.kind)
        for one in inspect.signature(kind).parameters.values()
    ]


def state(record: Any) -> dict[str, Any]:
    return {one.name: getattr(record, one.name, "not there") for one in dataclasses.fields(record)}


@pytest.mark.parametrize("kind", KINDS)
def test_each_value_comes_into_its_own_slot(kind: type[Any]) -> None:
    names = [one.name for one in dataclasses.fields(kind)]
    made = kind(**{name: f"value of {name}" for name in names})
    assert {name: getattr(made, name) for name in names} == {name: f"value of {name}" for name in names}
    assert made == kind(*(f"value of {name}" for name in names))
    assert pickle.loads(pickle.dumps(made)) == made and hash(made) == hash(dataclasses.replace(made))


def test_it_stays_frozen_and_asks_for_what_it_needs() -> None:
    column = Column("id", "INTEGER")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        column.name = "other"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del column.name
    with pytest.raises(TypeError, match=r"Column\.__init__\(\) missing 1 required positional argument: 'type'"):
        Column("id")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        Column("id", "INTEGER", colour="red")  # type: ignore[call-arg]


def test_each_record_gets_a_list_of_its_own() -> None:
    @dataclass(slots=True)
    class Found:
        names: list[str] = field(default_factory=list)

    one, other = Found(), Found()
    one.names.append("a")
    assert (one.names, other.names) == (["a"], [])


def test_a_record_below_another_has_the_fields_of_both() -> None:
    @dataclass(frozen=True, slots=True)
    class Pair(Record):
        left: int
        right: int = 2

    @dataclass(frozen=True, slots=True)
    class Triple(Pair):
        third: int = 3

    assert Pair(1) == Pair(1, 2) == Pair(right=2, left=1) != Pair(2)
    assert repr(Triple(1)).endswith("Triple(left=1, right=2, third=3)")
    assert Triple(1) != Pair(1) and Triple(1) == Triple(1, 2, 3)


def test_a_record_in_itself_can_be_shown() -> None:
    @dataclass(slots=True)
    class Node:
        next: Any = None

    node = Node()
    node.next = node
    assert repr(node).endswith("Node(next=...)")


@pytest.mark.parametrize(
    ("options", "body"),
    [({"slots": False}, {}), ({}, {"name": field(kw_only=True), "__annotations__": {"name": "str"}})],
)
def test_what_no_record_is(options: dict[str, Any], body: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        OURS(**options)(type("Wrong", (), body))
