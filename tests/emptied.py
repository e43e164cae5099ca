"""An empty database for each example of a property."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee
import pytest

__all__ = ["emptied"]


@contextmanager
def emptied(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[peewee.Database]:
    """A database of the kind, empty and connected; on PostgreSQL, where a new one takes a second, the test's own."""
    if kind == "sqlite":
        database = peewee.SqliteDatabase(folder / "app.sqlite")
        with database.connection_context():
            yield database
    elif kind == "mariadb":
        with request.getfixturevalue("mariadb_server").fresh() as database:
            yield database
    else:
        database = request.getfixturevalue("postgres")
        kept = database.execute_sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pwmig_attic%%'").fetchall()
        for name in ["public", *(row[0] for row in kept)]:
            database.execute_sql(f'DROP SCHEMA "{name}" CASCADE')
        database.execute_sql("CREATE SCHEMA public")
        database.commit()
        yield database
