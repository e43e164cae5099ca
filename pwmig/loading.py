"""A migration file as a module that runs: loaded afresh, checked, its ``migrate`` and ``migrator`` pwmig's own."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from pwmig.errors import MigrationFileError, PlanError, PwmigError
from pwmig.files import compiled
from pwmig.plan import Direction, Step
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects import Migrator

__all__ = ["Loaded", "line_in", "loaded"]

_PACKAGE = "pwmig_migrations"
_NO_DRAFTS: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A step and the function of its migration to call; ``migrators`` are those it holds.

    ``attic``: whether what it takes away is kept; its module may say ``attic = False``.
    """

    step: Step
    function: Callable[[], Any]
    migrators: tuple[Migrator, ...]
    attic: bool = True


@contextmanager
def loaded(
    steps: Sequence[Step], package: str | None = None, drafts: Mapping[str, bytes] = _NO_DRAFTS
) -> Iterator[tuple[Loaded, ...]]:
    """Load and check the whole plan, before its first statement runs.

    ``package`` is the folder as a package, so that a migration can import what lies beside it; ``drafts``
    are texts by path that are not saved yet, and stand for those of the files. Raises MigrationFileError
    (with the line) for a file that can't be read, that changed since it was planned, or that has no
    ``migrate_forward``; PlanError for one without a way back.
    """
    modules: list[ModuleType] = []
    try:
        yield tuple(_load(step, package or _PACKAGE, modules, drafts.get(step.path)) for step in steps)
    finally:
        for module in modules:
            sys.modules.pop(module.__name__, None)


def _load(step: Step, package: str, modules: list[ModuleType], draft: bytes | None) -> Loaded:
    code, checksum = compiled(step.path, draft)
    if checksum != step.checksum:
        raise MigrationFileError(
            f"{step.name} changed while the run was being prepared",
            why="its file is not the one that the plan was made from",
            way_out="run the command again; nothing was run",
            path=step.path,
        )
    module = ModuleType(f"{package}.{step.name}")
    module.__file__ = step.path
    module.__package__ = package
    sys.modules[module.__name__] = module
    modules.append(module)
    _execute(step, code, module)
    migrators = _adopt(module)
    return Loaded(step, _function(step, module), migrators, module.__dict__.get("attic") is not False)


def _execute(step: Step, code: Any, module: ModuleType) -> None:
    try:
        exec(code, module.__dict__)
    except PwmigError as error:
        raise MigrationFileError(
            f"{step.name} can't be loaded: {error.what}",
            why=error.why,
            way_out=error.way_out,
            path=step.path,
            line=line_in(step.path, error),
        ) from error
    except (Exception, SystemExit) as error:
        line = line_in(step.path, error)
        raise MigrationFileError(
            f"{step.name} can't be loaded",
            why=f"{type(error).__name__}: {error}" + (f" (line {line})" if line else ""),
            way_out="mend the file; nothing was run",
            path=step.path,
            line=line,
        ) from error


def _function(step: Step, module: ModuleType) -> Callable[[], Any]:
    name = f"migrate_{step.direction.value}"
    function = getattr(module, name, None)
    if callable(function):
        found: Callable[[], Any] = function
        return found
    if step.direction is Direction.FORWARD:
        raise MigrationFileError(
            f"{step.name} has no migrate_forward()",
            why="that function is what a migration is",
            way_out="define migrate_forward() in the file; nothing was run",
            path=step.path,
        )
    raise PlanError(
        f"{step.name} can't be taken back",
        why="it has no migrate_backward()",
        way_out="define migrate_backward() in the file; nothing was run",
    )


def _adopt(module: ModuleType) -> tuple[Migrator, ...]:
    """Put pwmig's batch in place of Peewee's ``migrate``, and pwmig's migrators in place of Peewee's."""
    from playhouse import migrate as playhouse

    from pwmig.dialects import Migrator, migrate

    migrators = []
    names = module.__dict__
    theirs, kind = playhouse.migrate, playhouse.SchemaMigrator
    for name, value in list(names.items()):
        if value is theirs:
            names[name] = migrate
        elif isinstance(value, kind):
            if not isinstance(value, Migrator):
                value = names[name] = Migrator.from_database(value.database, schema=value.schema)
            migrators.append(value)
    return tuple(migrators)


def line_in(path: str, error: BaseException) -> int | None:
    """The last line of the migration's file that led to an error, or None."""
    wanted = os.path.abspath(path)
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if os.path.abspath(frame.filename) == wanted
    ]
    return lines[-1] if lines else getattr(error, "lineno", None)
