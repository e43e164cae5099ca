"""What ``pwmig create --from-models`` costs: beside the peer's ``generate``, which compares names, and by models."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.diff import modelled_project
from benchmarks.measure import Command, Figure, measured, script

__all__ = ["figures"]

FLOOR = 2.0
"""The most CPU that a migration may take to be written, in times of the peer's."""

GROWTH_FLOOR = 5.0
"""The most that four times as many models may take, in times of what few take."""


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """Writing the migration of half of ``count`` models whose database lacks a column, and of four times as many."""
    small, large = count // 2, count * 2
    few, many = (_sides(root / str(models), models) for models in (small, large))
    for (ours, peer), models in ((few, small), (many, large)):
        pair = measured(ours, peer, pairs=pairs)
        floor = FLOOR if models == small else None
        yield Figure(f"create, {models:,} models", pair.ours_s * 1000, pair.peer_s * 1000, pair.ratio, floor)
    pair = measured(many[0], few[0], pairs=pairs)
    yield Figure(f"  {large:,} models, {small:,}", pair.ours_s * 1000, pair.peer_s * 1000, pair.ratio, GROWTH_FLOOR)


def _sides(root: Path, models: int) -> tuple[Command, Command]:
    """``pwmig create --from-models`` and the peer's ``generate`` in projects of the same models and tables."""
    ours = modelled_project(root / "ours", "migrations_config", models)
    peer = modelled_project(root / "peer", "settings", models)
    for folder in (ours, peer):
        _lose_column(folder / "db" / "players.sqlite", f"model{models // 2:04}")
    (peer / ".pwmigrate").write_text("database=db.settings.database\ndirectory=db/migrations\nmodels=db.models\n")
    return (
        Command((script("pwmig"), "create", "bring_worth", "--from-models"), ours, fresh=_without_migrations(ours)),
        Command((script("pwmigrate"), "generate", "bring_worth"), peer, fresh=_without_migrations(peer)),
    )


def _lose_column(file: Path, table: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(f"ALTER TABLE {table} DROP COLUMN worth")
    connection.close()


def _without_migrations(folder: Path) -> Callable[[], None]:
    def remove() -> None:
        for file in (folder / "db" / "migrations").glob("*.py"):
            file.unlink()

    return remove
