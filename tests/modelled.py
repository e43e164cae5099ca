"""Models written from a database, run, and held against it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import peewee
from ruff import find_ruff_bin  # type: ignore[import-untyped]

from pwmig.declared import compare, find_models, models_schema
from pwmig.dialects import dialect_of
from pwmig.diff import diff
from pwmig.modelling import write_models

CONFIG = "config_of_written_models"


@contextmanager
def loaded(source: str, database: peewee.Database) -> Iterator[ModuleType]:
    """The module that a source makes, while its config is there."""
    config, module = ModuleType(CONFIG), ModuleType("written_models")
    vars(config)["database"] = database
    sys.modules[CONFIG] = config
    unresolved = set(peewee.DeferredForeignKey._unresolved)
    try:
        exec(compile(source, "models.py", "exec"), vars(module))
        yield module
    finally:
        del sys.modules[CONFIG]
        peewee.DeferredForeignKey._unresolved.clear()
        peewee.DeferredForeignKey._unresolved.update(unresolved)


def ruff(source: str, *words: str) -> str:
    """What ruff says of a source, or makes of it, without the settings of this project."""
    command = [find_ruff_bin(), *words, "--isolated", "--quiet", "-"]
    return subprocess.run(command, input=source.encode(), capture_output=True).stdout.decode()


def assert_models_say(database: peewee.Database) -> str:
    """The source of models for a database, which declare what is in it and are set as ruff sets them."""
    dialect = dialect_of(database)
    live = dialect.introspect(database)
    source = write_models(live, dialect, config=CONFIG)
    assert source == write_models(live, dialect, config=CONFIG)
    with loaded(source, database) as module:
        models = find_models(module)
        sayable = [table for table in live.tables if dialect.model_terms.is_sayable(table)]
        assert len(models) == len(sayable)
        before, after = compare(live, models_schema(models, dialect, database))
    said = [f"{change.sign} {change.describe()}" for change in diff(before, after)]
    assert said == [], "\n".join((*said, source))
    assert ruff(source, "format") == source, source
    assert ruff(source, "check", "--select=F") == "", source  # nothing imported that is not used
    return source
