"""A migrated database for a test suite.

Put ``pytest_plugins = ["pwmig.pytest_plugin"]`` into ``conftest.py``; then a test that asks for
``migrated_database`` gets the project's database, migrated from nothing, in one of its own::

    def test_champions(migrated_database):
        from db.models import Player
        assert Player.select().count() > 0

The project is the one in pytest's root folder; override the fixture ``pwmig_root`` for another.
The project's Peewee objects point at a copy while a test runs, so the real database is neither read nor
written. The migrations run once a session; each test gets a fresh copy: of a file (SQLite), by CREATE DATABASE ...
TEMPLATE (PostgreSQL), or table by table (MariaDB). On a server the databases are its own, scratch ones, which this
account has to have the right to create; they are gone after the tests, also where these were killed and run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Template
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
def _pwmig_migrated(pwmig_project: Project) -> Iterator[Template]:
    with pwmig_project.dialect.template(pwmig_project.database) as template:
        with template.filling():
            pwmig_project.apply()
        yield template


@pytest.fixture
def migrated_database(pwmig_project: Project, _pwmig_migrated: Template) -> Iterator[peewee.Database]:
    """The project's database, holding what its migrations make; open, and gone after the test."""
    database = pwmig_project.database
    with pwmig_project.modules_installed(), _pwmig_migrated.copied():
        database.connect(reuse_if_open=True)
        yield database
