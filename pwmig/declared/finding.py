"""The models of a module, or of a package and all modules below it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import peewee

from pwmig.errors import ProjectError, PwmigError

__all__ = ["find_models"]

_Model = type[peewee.Model]
_LIBRARIES = ("peewee", "playhouse")


def find_models(module: ModuleType) -> tuple[_Model, ...]:
    """The models with a table in a module, or in a package and all modules below it, in creation order.

    Models imported into it count, and the through models of many-to-many fields. Left out are
    Peewee's own classes, and bases: a class that other models found inherit from, which adds no
    column but the automatic ``id``, names no table, and is referenced by no foreign key; or any
    such class, with columns, whose name begins with Base or ends with Base, Mixin or Model.

    Raises ProjectError where a module of the package can't be imported.
    """
    found: dict[_Model, None] = {}
    for one in _modules(module):
        for value in vars(one).values():
            if _is_model(value):
                found[value] = None
    for model in tuple(found):
        found.update(dict.fromkeys(_through_models(model)))
    bases = {base for model in found for base in model.__mro__[1:] if base in found}
    referenced = {target for model in found for target in model._meta.refs.values()}
    concrete = [model for model in found if model not in bases or not _is_base(model, referenced)]
    return tuple(peewee.sort_models(concrete))


def _modules(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    path = getattr(module, "__path__", None)
    if path is None:
        return
    for info in walk_packages(path, module.__name__ + ".", onerror=_not_importable):
        if info.name.rpartition(".")[2] != "__main__":
            yield _imported(info.name)


def _imported(name: str) -> ModuleType:
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded
    try:
        return import_module(name)
    except PwmigError:
        raise
    except Exception as error:
        raise _import_error(name, error) from error


def _not_importable(name: str) -> None:
    error = sys.exc_info()[1]
    raise _import_error(name, error) from error


def _import_error(name: str, error: BaseException | None) -> ProjectError:
    return ProjectError(
        f"the models in {name} can't be read",
        why=f"importing it raised {type(error).__name__}: {error}",
        way_out=f"mend {name}; python -c 'import {name}' shows the place",
    )


def _is_model(value: Any) -> bool:
    return bool(
        peewee.is_model(value)
        and value.__module__.partition(".")[0] not in _LIBRARIES
        and not getattr(value._meta, "temporary", False)
    )


def _through_models(model: _Model) -> Iterable[_Model]:
    for field in model._meta.manytomany.values():
        through = field.get_through_model() if hasattr(field, "get_through_model") else field.through_model
        if isinstance(through, type) and issubclass(through, peewee.Model):
            yield through


def _is_base(model: _Model, referenced: Iterable[Any]) -> bool:
    """Whether a model that others inherit from is there for that only."""
    meta = model._meta
    if model in referenced or meta.table_name != meta.make_table_name():
        return False
    own = [field for field in meta.sorted_fields if not getattr(field, "auto_increment", False)]
    name = model.__name__
    return not own or name.startswith("Base") or name.endswith(("Base", "Mixin", "Model"))
