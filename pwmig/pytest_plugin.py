"""A migrated database for a test suite.

Put ``pytest_plugins = ["pwmig.pytest_plugin"]`` into ``conftest.py``; then a test that asks for
``migrated_database`` gets the project's database, migrated from nothing, in a file of its own::

    def test_champions(migrated_database):
        from db.models import Player
        assert Player.select().count() > 0

The project is the one in pytest's root folder; override the fixture ``pwmig_root`` for another.
SQLite only: the project's Peewee objects point at a copy while a test runs, so the real database is
neither read nor written. The migrations run once a session; each test gets a fresh copy.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import peewee

    from pwmig.project import Project

__all__ = ["migrated_database", "pwmig_project", "pwmig_root"]


@pytest.fixture(scope="session")
def pwmig_root(pytestconfig: pytest.Config) -> Path:
    """The folder of the project under test."""
    return pytestconfig.rootpath


@pytest.fixture(scope="session")
def pwmig_project(pwmig_root: Path) -> Project:
    """The project under test."""
    from pwmig.project import Project

    return Project.open(pwmig_root)


@pytest.fixture(scope="session")
def _pwmig_migrated_file(pwmig_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pwmig") / "migrated.sqlite"
    with pwmig_project.dialect.standing_in(pwmig_project.database, path):
        pwmig_project.apply()
    return path


@pytest.fixture
def migrated_database(pwmig_project: Project, _pwmig_migrated_file: Path, tmp_path: Path) -> Iterator[peewee.Database]:
    """The project's database, holding what its migrations make; open, and gone after the test."""
    copy = tmp_path / "pwmig-migrated.sqlite"
    shutil.copyfile(_pwmig_migrated_file, copy)
    database = pwmig_project.database
    with pwmig_project.modules_installed(), pwmig_project.dialect.standing_in(database, copy):
        database.connect(reuse_if_open=True)
        yield database
