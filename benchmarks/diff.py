"""What ``pwmig diff`` costs: beside the peer's, which compares names and no more than these, and as models grow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.measure import Command, Figure, environment, measured, script
from benchmarks.projects import DATABASE, MIGRATOR

__all__ = ["figures", "modelled_project"]

FLOOR = 2.0
"""The most CPU that a diff may take, in times of the peer's."""

GROWTH_FLOOR = 1.5
"""The most that a model may take among four times as many, in times of what it takes among few."""

_HEAD = """from peewee import *
from db.{config} import database


class Base(Model):
    class Meta:
        database = database

"""
_MODEL = """
class Model{number:04}(Base):
    name = CharField(max_length=80, unique=True)
    born = DateField(null=True)
    worth = DecimalField(max_digits=12, decimal_places=2, default=0)
    note = TextField(index=True)
    parent = ForeignKeyField({parent}, null=True)

"""
_CREATE = "import db.models as m; m.database.create_tables(m.Base.__subclasses__())"


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """Comparing half of ``count`` models with a database that has all they declare, and four times as many."""
    small, large = count // 2, count * 2
    few, many = (_projects(root / str(models), models) for models in (small, large))
    for (ours, peer), models in ((few, small), (many, large)):
        pair = measured(ours, peer, pairs=pairs)
        floor = FLOOR if models == small else None
        yield Figure(f"diff, {models:,} models", pair.ours_s * 1000, pair.peer_s * 1000, pair.ratio, floor)
    pair = measured(many[0], few[0], pairs=pairs)
    per_model = pair.ours_s * 1000 / large, pair.peer_s * 1000 / small, pair.ratio * small / large
    yield Figure(f"  a model of {large:,}, of {small:,}", *per_model, GROWTH_FLOOR)


def _projects(root: Path, models: int) -> tuple[Command, Command]:
    """``pwmig diff`` and the peer's in projects of the same models."""
    ours = modelled_project(root / "ours", "migrations_config", models)
    peer = modelled_project(root / "peer", "settings", models)
    (peer / ".pwmigrate").write_text("database=db.settings.database\ndirectory=db/migrations\nmodels=db.models\n")
    return Command((script("pwmig"), "diff"), ours), Command((script("pwmigrate"), "diff"), peer)


def modelled_project(folder: Path, config: str, models: int) -> Path:
    """Write that many models below ``folder``, where the database is in db/``config``, and make their tables."""
    (folder / "db" / "migrations").mkdir(parents=True)
    (folder / "db" / "__init__.py").touch()
    migrator = MIGRATOR if config == "migrations_config" else ""
    (folder / "db" / f"{config}.py").write_text(DATABASE + migrator)
    sources = (
        _MODEL.format(number=number, parent=f"Model{number - 1:04}" if number else "'self'") for number in range(models)
    )
    (folder / "db" / "models.py").write_text(_HEAD.format(config=config) + "".join(sources))
    subprocess.run((sys.executable, "-c", _CREATE), cwd=folder, env=environment(), check=True, capture_output=True)
    return folder
