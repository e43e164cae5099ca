"""The schema that Peewee models declare, observed rather than imagined.

The models' tables are created in a scratch database of the same kind, and looked at with the same
introspection as the live one; so types, defaults and names compare exactly. The models stay bound
to the user's own database throughout: only their ``CREATE`` statements are asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import peewee

from pwmig.errors import ProjectError, PwmigError
from pwmig.schema import Check, ForeignKey, Schema, Table

if TYPE_CHECKING:
    from pwmig.dialects.base import Dialect

__all__ = ["compare", "find_models", "models_schema"]

_Model = type[peewee.Model]
_Constraint = TypeVar("_Constraint", ForeignKey, Check)
_LIBRARIES = ("peewee", "playhouse")


def models_schema(models: Sequence[_Model], dialect: Dialect, database: peewee.Database) -> Schema:
    """What ``create_tables(models)`` would make in an empty database on the server of ``database``.

    Raises ProjectError, with the model's name, where two models have one table, or a model's
    table can't be created.
    """
    _refuse_shared_tables(models)
    with dialect.scratch(database) as scratch:
        for model in peewee.sort_models(models):
            _create(model, scratch)
        return dialect.introspect(scratch)


def compare(live: Schema, declared: Schema) -> tuple[Schema, Schema]:
    """(before, after) of what the models have to say about the live schema.

    Live tables without a model are left alone, and so are views and triggers: no model can declare
    one. A model that reads a live view is no table to create. A constraint that a model leaves
    without a name may have any name in the database.
    """
    views = {view.name.lower() for view in live.views}
    after = tuple(table for table in declared.tables if table.name.lower() not in views)
    before = live.only(table.name for table in after)
    wanted = Schema(after)
    return Schema(tuple(_sayable(table, wanted.table(table.name)) for table in before.tables)), wanted


def _sayable(live: Table, declared: Table | None) -> Table:
    """A live table without what no model can say, and without the names that this model does not."""
    assert declared is not None
    return replace(
        live,
        triggers=(),
        foreign_keys=_unnamed_alike(live.foreign_keys, declared.foreign_keys),
        checks=_unnamed_alike(live.checks, declared.checks),
        primary_key_name=declared.primary_key_name and live.primary_key_name,
    )


def _unnamed_alike(live: tuple[_Constraint, ...], declared: tuple[_Constraint, ...]) -> tuple[_Constraint, ...]:
    """The live constraints, without a name where the model has the same one without a name."""
    bare = [replace(constraint, name=None) for constraint in live]
    return tuple(alike if alike in declared else found for found, alike in zip(live, bare, strict=True))


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


# -- finding


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


# -- creating


def _refuse_shared_tables(models: Sequence[_Model]) -> None:
    by_table: dict[tuple[str, str], _Model] = {}
    for model in dict.fromkeys(models):
        place = (model._meta.schema or "", model._meta.table_name.lower())
        other = by_table.setdefault(place, model)
        if other is not model:
            raise ProjectError(
                f"{_name(other)} and {_name(model)} both have the table {model._meta.table_name!r}",
                why="a table has one definition, and which of the two it is can't be told",
                way_out="give one of them another Meta.table_name, or keep it out of the models module",
            )


def _create(model: _Model, database: peewee.Database) -> None:
    _refuse_unresolved(model)
    try:
        # A manager of its own, so that the model stays bound to the user's database.
        manager = type(model._schema)(model, database=database, **model._schema.context_options)
        manager.create_all(safe=False)
    except PwmigError:
        raise
    except Exception as error:
        raise _cannot_create(model, error) from error


def _cannot_create(model: _Model, error: Exception) -> ProjectError:
    meta = model._meta
    way_out = "look at its fields, indexes, constraints and options; Model.create_table() shows the statement"
    if meta.schema:
        way_out = f"take schema={meta.schema!r} out of its Meta, or keep it out of the models module"
    return ProjectError(
        f"the table {meta.table_name!r} of {_name(model)} can't be created in an empty database",
        why=f"{type(error).__name__}: {error}",
        way_out=way_out,
    )


def _refuse_unresolved(model: _Model) -> None:
    for field in peewee.DeferredForeignKey._unresolved:
        if getattr(field, "model", None) is model:
            raise ProjectError(
                f"{_name(model)}.{field.name} points at a model {field.rel_model_name!r} that there is not",
                why="a DeferredForeignKey waits for a model of that name, and none was imported",
                way_out="import that model in the models module, or mend the name",
            )


def _name(model: _Model) -> str:
    return f"{model.__module__}.{model.__name__}"
