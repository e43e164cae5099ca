"""A project's own Python modules: its config, its models, and what they import of the project.

Every project has a package called ``db``, so two projects in one process must not share what
``sys.modules`` holds under that name. :class:`ProjectModules` puts a project's modules in place
while they are needed and gives the place back to another project that had it before.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from pwmig.errors import ProjectError, PwmigError

__all__ = ["ProjectModules"]


class ProjectModules:
    """Imports from one project's root, apart from those of any other project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = os.path.join(os.path.realpath(root), "")
        self._kept: dict[str, ModuleType] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """While entered, the project's root is first on the path and its modules are those imported."""
        path = str(self.root)
        foreign = {name: module for name, module in self._siblings().items() if not self._owns(module)}
        for name in foreign:
            del sys.modules[name]
        for name, module in self._kept.items():
            sys.modules.setdefault(name, module)
        sys.path.insert(0, path)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(path)
            self._kept = {name: module for name, module in self._siblings().items() if self._owns(module)}
            if foreign:
                for name in self._kept:
                    del sys.modules[name]
                sys.modules.update(foreign)

    def _siblings(self) -> dict[str, ModuleType]:
        """The loaded modules whose top-level package is one that the project also has."""
        with os.scandir(self.root) as entries:
            there = {entry.name.removesuffix(".py") for entry in entries if _importable(entry)}
        # A package is loaded ahead of its modules, so where none of the project's is, theirs need not be looked for.
        tops = {name for name in there if name in sys.modules}
        if not tops:
            return {}
        below = tuple(f"{name}." for name in tops)
        # A process has thousands of modules, and each run looks twice.
        return {name: module for name, module in sys.modules.items() if name.startswith(below) or name in tops}

    def _owns(self, module: ModuleType) -> bool:
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        return any(place and os.path.realpath(place).startswith(self._prefix) for place in places)

    def load(self, name: str) -> ModuleType:
        """Import a module of the project; ProjectError says where it fails."""
        with self.installed():
            try:
                module = importlib.import_module(name)
            except PwmigError:
                raise
            except (Exception, SystemExit) as error:
                raise self._failed(name, error) from error
            self._require_own(name, module)
            return module

    def _require_own(self, name: str, module: ModuleType) -> None:
        """A folder without ``__init__.py`` yields to a package of that name anywhere on the path.

        So says https://docs.python.org/3/reference/import.html#namespace-packages, and it would be another project's
        database that migrations ran on.
        """
        package = name.partition(".")[0]
        if (self.root / package).is_dir() and not self._owns(module):
            raise ProjectError(
                f"{name} of another project would be taken for this one's",
                why=f"{package}/ of {self.root} holds no __init__.py, so Python takes {module.__file__} first",
                way_out=f"create an empty {package}/__init__.py",
            )

    @contextmanager
    def fresh(self, name: str) -> Iterator[ModuleType]:
        """While entered, a module and its submodules are as their files are now, whoever imports them.

        The modules that were loaded before are the ones that everybody else holds: they come back at the end.
        """
        with self.installed():
            old = _taken_out(name)
            for key in old:
                self._kept.pop(key, None)  # Otherwise load() would put it back.
            writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
            try:
                # Cached bytecode is told apart by second and size only: an edit may be quicker than that.
                yield self.load(name)
            finally:
                sys.dont_write_bytecode = writes
                if old:
                    _taken_out(name)
                    sys.modules.update(old)
                    _tie_to_package(name)

    def _failed(self, name: str, error: BaseException) -> ProjectError:
        file = self.root.joinpath(*name.split("."))
        shown = os.path.join(*name.split(".")) + (os.sep if file.is_dir() else ".py")
        if isinstance(error, ModuleNotFoundError) and error.name and (name + ".").startswith(error.name + "."):
            return ProjectError(
                f"{shown} is not there",
                why=f"the project at {self.root} has no module {name}",
                way_out="pwmig init makes a new project; [tool.pwmig] in pyproject.toml can name another module",
            )
        return ProjectError(
            f"{shown} can't be imported",
            why=f"{type(error).__name__}: {error}{self._line(error)}",
            way_out="mend the module; nothing was run",
        )

    def _line(self, error: BaseException) -> str:
        """Where in the project's own files the error came from, for people."""
        if isinstance(error, SyntaxError) and error.filename:
            return ""
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if self._is_inside(frame.filename)]
        if not frames:
            return ""
        place = os.path.relpath(os.path.realpath(frames[-1].filename), self._prefix)
        return f" ({place}, line {frames[-1].lineno})"

    def _is_inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._prefix)


def _taken_out(name: str) -> dict[str, ModuleType]:
    """The loaded module of that name and its submodules, no longer among the loaded ones."""
    keys = [key for key in sys.modules if key == name or key.startswith(name + ".")]
    return {key: sys.modules.pop(key) for key in keys}


def _tie_to_package(name: str) -> None:
    """Let the package's attribute be the loaded module again, for ``import package.module``."""
    package, _, last = name.rpartition(".")
    if package in sys.modules and name in sys.modules:
        setattr(sys.modules[package], last, sys.modules[name])


def _importable(entry: os.DirEntry[str]) -> bool:
    if entry.name.endswith(".py"):
        return True
    return entry.name.isidentifier() and entry.is_dir()
