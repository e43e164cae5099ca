"""Records that are made quickly are the dataclasses that they would be otherwise."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from typing import Any

import pytest

from pwmig.records import Record, quickly_made
from pwmig.schema import Column, ForeignKey, Index, IndexPart, Table

QUICK = (Column, ForeignKey, Index, IndexPart, Table)


@pytest.mark.parametrize("kind", QUICK)
def test_it_takes_what_the_dataclass_would(kind: type[Any]) -> None:
    slow = dataclasses.make_dataclass(
        "Slow", [(one.name, Any, one) for one in map(copied, dataclasses.fields(kind))], frozen=True
    )
    taken, wanted = inspect.signature(kind).parameters, inspect.signature(slow).parameters
    assert [(one.name, one.default, one.kind) for one in taken.values()] == [
        (one.name, one.default, one.kind) for one in wanted.values()
    ]


def copied(field: dataclasses.Field[Any]) -> Any:
    one = dataclasses.field() if field.default is dataclasses.MISSING else dataclasses.field(default=field.default)
    one.name = field.name
    return one


@pytest.mark.parametrize("kind", QUICK)
def test_each_value_comes_into_its_own_slot(kind: type[Any]) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    made = kind(**{name: f"value of {name}" for name in names})
    assert {name: getattr(made, name) for name in names} == {name: f"value of {name}" for name in names}
    assert made == kind(*(f"value of {name}" for name in names))
    assert pickle.loads(pickle.dumps(made)) == made and hash(made) == hash(dataclasses.replace(made))


def test_it_stays_frozen_and_asks_for_what_it_needs() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Column("id", "INTEGER").name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError, match=r"Column\.__init__\(\) missing 1 required positional argument: 'type'"):
        Column("id")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        Column("id", "INTEGER", colour="red")  # type: ignore[call-arg]


def test_a_subclass_of_a_record_is_made_quickly_too() -> None:
    @quickly_made
    @dataclasses.dataclass(frozen=True, slots=True)
    class Pair(Record):
        left: int
        right: int = 2

    assert Pair(1) == Pair(1, 2) == Pair(right=2, left=1) != Pair(2)
