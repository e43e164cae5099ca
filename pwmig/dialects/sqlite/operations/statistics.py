"""What ANALYZE found out, kept over a DROP that would take it away (https://www.sqlite.org/fileformat2.html#stat1tab)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pwmig.dialects.sqlite.operations.catalog import Catalog, ask

if TYPE_CHECKING:
    import peewee

__all__ = ["statistics_kept"]

_TABLES = ("sqlite_stat1", "sqlite_stat4")
_NOTHING: Mapping[str, str] = {}


@contextmanager
def statistics_kept(
    database: peewee.Database, catalog: Catalog, table: str, renamed: Mapping[str, str] = _NOTHING
) -> Iterator[None]:
    """Put a table's statistics back as they were; ``renamed`` maps old names of indexes to new ones."""
    there = [name for name in _TABLES if catalog.get(name) is not None]
    kept = {name: ask(database, f"SELECT rowid, * FROM {name} WHERE tbl = ?", [table]) for name in there}
    yield
    connection = database.connection()
    for name, rows in kept.items():
        left = {row[0] for row in ask(database, f"SELECT rowid FROM {name} WHERE tbl = ?", [table])}
        for rowid, tbl, index, *rest in rows:
            if rowid not in left:
                values = (rowid, tbl, renamed.get(index, index), *rest)
                columns = ", ".join(["rowid", *_columns(database, name)])
                connection.execute(f"INSERT INTO {name} ({columns}) VALUES ({', '.join('?' * len(values))})", values)


def _columns(database: peewee.Database, table: str) -> list[str]:
    return [row[0] for row in ask(database, "SELECT name FROM pragma_table_info(?)", [table])]
