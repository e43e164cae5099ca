"""The models of a module, or of a package and all modules below it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import peewee

from pwmig.declared.bases import Guess, HasTable, without_bases
from pwmig.errors import ProjectError, PwmigError

__all__ = ["find_models", "find_models_and_guesses"]

_Model = type[peewee.Model]
_LIBRARIES = ("peewee", "playhouse")


def find_models(module: ModuleType, has_table: HasTable = lambda name: False) -> tuple[_Model, ...]:
    """The models with a table in a module, or in a package and all modules below it, in creation order.

    Models imported into it count, and the through models of many-to-many fields. Left out are Peewee's own
    classes, and bases, as :func:`without_bases` tells them.

    Raises ProjectError where a module of the package can't be imported.
    """
    return find_models_and_guesses(module, has_table)[0]


def find_models_and_guesses(
    module: ModuleType, has_table: HasTable = lambda name: False
) -> tuple[tuple[_Model, ...], tuple[Guess, ...]]:
    """As :func:`find_models`, and what of the models was guessed."""
    found: dict[_Model, None] = {}
    for one in _modules(module):
        for value in vars(one).values():
            if _is_model(value):
                found[value] = None
    for model in tuple(found):
        found.update(dict.fromkeys(_through_models(model)))
    tables, guesses = without_bases(found, has_table)
    return tuple(peewee.sort_models(tables)), guesses


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
