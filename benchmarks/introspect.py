"""What it costs to see a database of many tables: beside Peewee's way, beside the bare questions, and as it grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import peewee

from benchmarks.databases import KINDS, filled
from benchmarks.measure import Figure, timed
from pwmig.dialects import dialect_of

__all__ = ["HEADS", "figures"]

HEADS = ("pwmig", "other")

_TABLES = "FROM sqlite_master m JOIN {} WHERE m.type = 'table'"
PRAGMAS = (
    "SELECT * FROM sqlite_master",
    "SELECT m.name, c.* " + _TABLES.format("pragma_table_xinfo(m.name) c"),
    "SELECT m.name, i.*, c.* " + _TABLES.format("pragma_index_list(m.name) i JOIN pragma_index_xinfo(i.name) c"),
    "SELECT m.name, f.* " + _TABLES.format("pragma_foreign_key_list(m.name) f"),
)
"""All that SQLite says of its tables; pwmig asks for less, and reads the rest from their texts."""

PEEWEE_FLOORS = {"sqlite": 0.2, "postgres": 0.05, "mariadb": 0.05}
"""The most that seeing may take, in times of Peewee's way, table by table."""

BARE_FLOORS = {"sqlite": 2.5, "postgres": 1.5, "mariadb": 1.5}
"""The most that it may take in times of the catalog queries alone, whose answers nobody looks at."""

GROWTH_FLOOR = 2.0
"""The most that a table may take among thirty times as many, in times of what it takes among few.

Where the whole took the square of their number, that would be 30; but a server does not keep all definitions in memory,
MariaDB 400 of them (https://mariadb.com/kb/en/server-system-variables/#table_definition_cache).
"""

SAMPLE = 10
"""Peewee is asked about one table of so many, and its time taken so many times: it takes minutes for all."""


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """Seeing ``count`` tables of each kind of database, and three times as many beside a tenth."""
    root.mkdir()
    for kind, title in KINDS.items():
        with filled(kind, root, count) as database:
            yield from _beside_others(kind, title, database, pairs, count)
        small, large = max(1, count // 10), 3 * count
        with filled(kind, root, large) as much, filled(kind, root, small) as little:
            pair = timed(_seeing(much), _seeing(little), pairs=pairs, clock=_clock(kind))
        ours, peer, ratio = pair.ours_s * 1000 / large, pair.peer_s * 1000 / small, pair.ratio * small / large
        yield Figure(f"{title}: a table of {large:,}, of {small:,}", ours, peer, ratio, GROWTH_FLOOR)


def _beside_others(kind: str, title: str, database: peewee.Database, pairs: int, count: int) -> Iterable[Figure]:
    peer = timed(_seeing(database), _peewee(database), pairs=pairs, clock=_clock(kind))
    name = f"{title}: {count:,} tables, Peewee's way"
    yield Figure(name, peer.ours_s * 1000, peer.peer_s * SAMPLE * 1000, peer.ratio / SAMPLE, PEEWEE_FLOORS[kind])
    bare = timed(_seeing(database), _bare(database, kind), pairs=pairs, clock=_clock(kind))
    yield Figure("  the bare queries", bare.ours_s * 1000, bare.peer_s * 1000, bare.ratio, BARE_FLOORS[kind])


def _clock(kind: str) -> Callable[[], float]:
    """The CPU's where all is done in this process; where a server works meanwhile, the wall's."""
    return time.process_time if kind == "sqlite" else time.perf_counter


def _seeing(database: peewee.Database) -> Callable[[], object]:
    dialect = dialect_of(database)
    return lambda: dialect.introspect(database)


def _peewee(database: peewee.Database) -> Callable[[], object]:
    """Peewee's own introspection of a part of the tables."""

    def ask() -> None:
        for table in database.get_tables()[::SAMPLE]:
            database.get_columns(table)
            database.get_indexes(table)
            database.get_primary_keys(table)
            database.get_foreign_keys(table)

    return ask


def _bare(database: peewee.Database, kind: str) -> Callable[[], object]:
    """The catalog's own answers, asked by the driver alone: with pwmig's questions, or SQLite's pragmas."""
    connection = database.connection()

    def execute(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = connection.cursor()
        cursor.execute(sql, *([tuple(params)] if params else []))
        return list(cursor.fetchall()) if cursor.description else []

    asked: list[tuple[Any, ...]] = [(sql,) for sql in PRAGMAS]
    if kind != "sqlite":
        asked = []

        def recorded(*question: Any) -> list[tuple[Any, ...]]:
            asked.append(question)
            return execute(*question)

        room = type(dialect_of(database)).__module__.rpartition(".")[0]
        import_module(f"{room}.seeing.introspect").introspect(recorded)
    return lambda: [execute(*question) for question in asked]
