"""What records are made of: dataclasses with slots, of which a command makes some thirty kinds as it starts, and a look
at a database some ten thousand.

``dataclass`` is that of the standard library, as far as a record needs it, in a quarter of the time: that one compiles
up to six functions for each class, this one only ``__init__``. An ``__init__`` of a frozen class puts each value
straight into its slot, where the library's looks for the slot by its name each time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["Record", "dataclass"]


class Record:
    """A record that is pickled by its fields in their order: a run brings thousands of them from a worker."""

    __slots__: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), tuple([getattr(self, name) for name in self.__slots__])


if TYPE_CHECKING:
    from dataclasses import dataclass  # A type checker knows it by its name.
else:

    def dataclass(*, frozen: bool = False, slots: bool = True, repr: bool = True) -> Callable[[type], type]:
        """As :func:`dataclasses.dataclass` with ``slots=True``, and no class with keyword-only fields."""
        if not slots:
            raise TypeError("a record has slots")
        return lambda cls: _made(cls, frozen=frozen, shown=repr)


def _made(plain: type, *, frozen: bool, shown: bool) -> type:
    own = vars(plain)
    if plain.__doc__ is None:  # Else the library writes one, which takes as long as all the rest.
        plain.__doc__ = f"{plain.__name__}({', '.join(own.get('__annotations__', ()))})"
    made: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(plain)
    fields = dataclasses.fields(made)
    given: dict[str, Any] = {"__init__": _initializer(made, fields)}
    if shown:
        given["__repr__"] = _representation([field.name for field in fields if field.repr])
    given |= _comparison([field.name for field in fields if field.compare], frozen=frozen)
    if frozen:
        given |= {"__setattr__": _refuse_assignment, "__delattr__": _refuse_deletion}
        given |= {"__getstate__": _state, "__setstate__": _put_state}
    for name, value in given.items():
        # Python itself puts None for the hash of a class with an __eq__ of its own.
        if name not in own or (name == "__hash__" and own[name] is None):
            setattr(made, name, value)
    return made


def _initializer(made: type, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    known: dict[str, Any] = {"_missing": _MISSING}
    taken, body = ["self"], []
    for field in fields:
        if field.kw_only:
            raise TypeError(f"{made.__qualname__}.{field.name} is keyword-only: no record's field is")
        value = name = field.name
        known[f"_put_{name}"] = getattr(made, name).__set__
        if field.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = field.default
            value = f"_default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = field.default_factory
            value = f"_make_{name}()"
        if not field.init:
            if value != name:  # Else whoever has it sets it later.
                body.append(f"_put_{name}(self, {value})")
            continue
        made_anew = value.endswith("()")
        taken.append(name if value == name else f"{name}=_missing" if made_anew else f"{name}={value}")
        body.append(f"_put_{name}(self, {value} if {name} is _missing else {name})" if made_anew else _put(name))
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    # As the library makes its own: of the names of fields alone.
    exec(f"def __init__({', '.join(taken)}):\n " + "\n ".join(body or ["pass"]), known)
    init = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {field.name: field.type for field in fields if field.init} | {"return": None}
    return init


def _put(name: str) -> str:
    return f"_put_{name}(self, {name})"


class _Missing:
    def __repr__(self) -> str:
        return "<factory>"


_MISSING = _Missing()


def _representation(names: list[str]) -> Any:
    def __repr__(self: Any) -> str:
        values = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{self.__class__.__qualname__}({values})"

    return recursive_repr()(__repr__)


def _comparison(names: list[str], *, frozen: bool) -> dict[str, Any]:
    values: Any = attrgetter(*names) if names else lambda record: ()

    def __eq__(self: Any, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(values(self) == values(other))

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _refuse_assignment(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _put_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
