"""What operations on a table of many rows cost, in time and disk: beside playhouse.migrate, and beside SQL by hand."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peewee
from peewee import SQL, BigIntegerField, CharField, Check, FloatField, IntegerField, SqliteDatabase
from playhouse import migrate as playhouse

from benchmarks.databases import KINDS
from benchmarks.measure import FLOOR_PAIRS, Figure
from benchmarks.players import COLUMNS, Players, hand_rebuild, players
from pwmig.dialects import dialect_of
from pwmig.dialects.migrator import migrate

__all__ = ["COUNT", "HEADS", "OPERATIONS", "Case", "Measured", "cases", "figures", "note", "ours"]

HEADS = ("pwmig", "other")

COUNT = 1_000_000
"""Rows, where nothing else is said."""

HUNDREDTH = 0.01
HAND_FLOOR = 1.2
TWENTIETH = 0.05
SLOWER_FLOOR = 1.1
"""The most that any operation may take, in times of playhouse's: 1, and room for noise."""

UNNOTICED_S = 0.05
"""What takes less counts as this much where nothing is to be slower: nobody waits for it."""

LONG = 100_000
"""Rows from which on a run takes seconds."""

FEW_PAIRS = 3
PART = 10
"""All operations are run over one row in so many."""

Asked = Callable[[Any], Sequence[Any]]
Side = Callable[[Players], None]


def note(pairs: int, count: int) -> str:
    """What the table rests on, in words."""
    few = _pairs(pairs, count)
    why = " (few, since a run takes seconds)" if few < FLOOR_PAIRS else ""
    return (
        f"operations on {count:,} rows, time by the clock, medians of {few} interleaved pairs{why}; disk: how\n"
        "much more than before it was in use at most, in a run of its own. All operations, the second half: on "
        f"{count // PART:,} rows, playhouse's\nin a transaction; what takes less than {UNNOTICED_S * 1000:.0f} ms "
        "counts as that in the ratio; a dash is what playhouse can't do. Where\nit is slower there, it is measured "
        "again on all rows."
    )


def figures(root: Path, *, pairs: int, count: int) -> Iterable[Figure]:
    """The named floors over ``count`` rows, then every operation, over a tenth where that says enough."""
    root.mkdir()
    for kind, title in KINDS.items():
        with players(kind, root, count) as table:
            yield from _floors(table, title, _pairs(pairs, count))
    for kind, title in KINDS.items():
        yield from _every(kind, title, root, pairs, count)


def _every(kind: str, title: str, root: Path, pairs: int, count: int) -> Iterable[Figure]:
    """Every operation over a tenth of the rows; where that is slower than playhouse, again over all of them."""
    slower = []
    with players(kind, root, max(1, count // PART)) as table:
        for name, asked in OPERATIONS.items():
            measured = _measured(ours(asked), _theirs(asked), table, _pairs(pairs, count // PART), UNNOTICED_S)
            is_slower = measured.ratio > SLOWER_FLOOR
            slower += [name] if is_slower else []
            yield from measured.figures(f"{title}: {name}", None if is_slower else SLOWER_FLOOR, disk=False)
    if not slower:
        return
    again = root / f"again_{kind}"
    again.mkdir()
    with players(kind, again, count) as table:
        for name in slower:
            asked = OPERATIONS[name]
            measured = _measured(ours(asked), _theirs(asked), table, _pairs(pairs, count), UNNOTICED_S)
            yield from measured.figures(f"{title}: {name}, all rows", SLOWER_FLOOR, disk=False)


def _pairs(pairs: int, count: int) -> int:
    return min(pairs, FEW_PAIRS) if count >= LONG else pairs


# -- what is measured


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians in seconds and of the neighbours' ratios, and bytes; the other side's are NaN where it can't do it."""

    ours_s: float
    other_s: float
    ratio: float
    disk: float
    other_disk: float

    def figures(self, name: str, floor: float | None, *, disk: bool = True) -> Iterable[Figure]:
        if math.isnan(self.other_s):
            floor = None
        yield Figure(name, self.ours_s * 1000, self.other_s * 1000, self.ratio, floor)
        if disk:
            megabytes = self.disk / 1e6, self.other_disk / 1e6
            ratio = megabytes[0] / megabytes[1] if megabytes[1] else math.nan
            yield Figure("  disk at most", *megabytes, ratio, None, "MB")


def _measured(ours: Side, other: Side, table: Players, pairs: int, least_s: float = 0.0) -> Measured:
    """Both in turns, after a first run of each that is not timed: in that, the disk is looked at."""
    disk = _disk(ours, table)
    try:
        other_disk: float = _disk(other, table)
    except Exception:  # Whatever it stumbles over: it can't do it here.
        times = [_seconds(ours, table) for _ in range(pairs)]
        return Measured(statistics.median(times), math.nan, math.nan, disk, math.nan)
    runs = [(_seconds(ours, table), _seconds(other, table)) for _ in range(pairs)]
    return Measured(
        statistics.median(our for our, _ in runs),
        statistics.median(their for _, their in runs),
        statistics.median(max(our, least_s) / max(their, least_s) for our, their in runs),
        disk,
        other_disk,
    )


def _disk(side: Side, table: Players) -> float:
    table.fresh()
    with table.watched() as found:
        side(table)
    return found[0]


def _seconds(side: Side, table: Players) -> float:
    table.fresh()
    gc.collect()
    start = time.perf_counter()
    side(table)
    return time.perf_counter() - start


def ours(asked: Asked) -> Side:
    def run(table: Players) -> None:
        migrate(*asked(dialect_of(table.database).migrator(table.database)))

    return run


def _theirs(asked: Asked) -> Side:
    """As Peewee's manual has it: https://docs.peewee-orm.com/en/latest/peewee/playhouse.html#schema-migrations."""

    def run(table: Players) -> None:
        migrator = playhouse.SchemaMigrator.from_database(table.database)
        with table.database.atomic():
            playhouse.migrate(*asked(migrator))

    return run


def _by_hand(*statements: str) -> Side:
    def run(table: Players) -> None:
        with table.database.atomic():
            table.run(*statements)

    return run


# -- the named floors


def _python_default(migrator: Any) -> Sequence[Any]:
    return [migrator.add_column("player", "x", IntegerField(default=1))]


def _database_default(migrator: Any) -> Sequence[Any]:
    return [migrator.add_column("player", "x", IntegerField(constraints=[SQL("DEFAULT 1")]))]


def _both_defaults(migrator: Any) -> Sequence[Any]:
    """As playhouse wants it: without the default of Python it refuses a column that is not null."""
    return [migrator.add_column("player", "x", IntegerField(default=1, constraints=[SQL("DEFAULT 1")]))]


def _other_type(migrator: Any) -> Any:
    """A type of which each database writes the rows anew; to SQLite a BIGINT is an INTEGER."""
    other = FloatField() if isinstance(migrator.database, SqliteDatabase) else BigIntegerField()
    return migrator.alter_column_type("player", "level", other)


def _five_changes(migrator: Any) -> Sequence[Any]:
    return [
        migrator.add_column("player", "x", IntegerField(null=True)),
        migrator.drop_column("player", "note"),
        migrator.drop_not_null("player", "name"),
        _other_type(migrator),
        migrator.add_not_null("player", "born"),
    ]


_REST = (
    ", CONSTRAINT level_counts CHECK (level >= 0), "
    "CONSTRAINT plays_for FOREIGN KEY (club_id) REFERENCES club (id), CONSTRAINT by_code UNIQUE (code)"
)
_CHANGED = {"name": "VARCHAR(20)", "level": "REAL NOT NULL", "born": "DATE NOT NULL"}
_ALTERED = {
    "postgres": (
        "ALTER TABLE player ADD COLUMN x INTEGER, DROP COLUMN note, ALTER COLUMN name DROP NOT NULL, "
        "ALTER COLUMN level TYPE BIGINT, ALTER COLUMN born SET NOT NULL"
    ),
    "mariadb": (
        "ALTER TABLE player ADD COLUMN x INTEGER, DROP COLUMN note, MODIFY name VARCHAR(20), "
        "MODIFY level BIGINT NOT NULL, MODIFY born DATE NOT NULL"
    ),
}


def _rebuilt(changed: dict[str, str], new: str | None, value: str, without: str = "") -> Side:
    """A rebuild by hand, with other definitions, one more column, and one less."""
    kept = [name for name in COLUMNS if name != without]
    columns = [f"{name} {changed.get(name, COLUMNS[name])}" for name in kept]
    return _by_hand(*hand_rebuild([*columns, *([new] if new else [])], [*kept, *([value] if new else [])], _REST))


@dataclass(frozen=True, slots=True)
class Case:
    """Two sides that make the same of the table, and the most that the first may take in times of the other's."""

    name: str
    ours: Side
    other: Side
    floor: float | None
    disk: bool = True


def cases(kind: str) -> Iterable[Case]:
    """What has a floor of its own on a kind of database."""
    if kind == "sqlite":
        hand = _rebuilt({}, "x INTEGER NOT NULL", "1")
        yield Case("NOT NULL, a default of Python; a rebuild by hand", ours(_python_default), hand, HAND_FLOOR)
    else:
        playhouses = _theirs(_python_default)
        yield Case("NOT NULL, a default of Python; playhouse", ours(_python_default), playhouses, HUNDREDTH)
    yield Case(
        "NOT NULL, a default of the database; playhouse", ours(_database_default), _theirs(_both_defaults), HUNDREDTH
    )
    if kind == "sqlite":
        by_hand, way = _rebuilt(_CHANGED, "x INTEGER", "NULL", "note"), "a rebuild"
    else:
        by_hand, way = _by_hand(_ALTERED[kind]), "an ALTER"
    yield Case(f"five changes; {way} by hand", ours(_five_changes), by_hand, HAND_FLOOR)
    yield Case("five changes; playhouse", ours(_five_changes), _theirs(_five_changes), None, disk=False)
    if kind == "sqlite":
        for name, what in (("drop_not_null", "drop NOT NULL"), ("alter_column_type", "a wider VARCHAR")):
            yield Case(f"{what}; playhouse", ours(OPERATIONS[name]), _theirs(OPERATIONS[name]), TWENTIETH)


def _floors(table: Players, title: str, pairs: int) -> Iterable[Figure]:
    for case in cases(table.kind):
        measured = _measured(case.ours, case.other, table, pairs)
        yield from measured.figures(f"{title}: {case.name}", case.floor, disk=case.disk)
    if table.kind == "sqlite":  # Playhouse drops no check here: a rebuild of its own stands for that.
        measured = _measured(ours(OPERATIONS["drop_constraint"]), _theirs(OPERATIONS["drop_not_null"]), table, pairs)
        yield from measured.figures(f"{title}: drop a check; a rebuild of playhouse's", TWENTIETH)


# -- every operation

Club = type("Club", (peewee.Model,), {"Meta": type("Meta", (), {"table_name": "club"})})

OPERATIONS: dict[str, Asked] = {
    "add_column": lambda m: [m.add_column("player", "x", IntegerField(null=True))],
    "add_column, a default": lambda m: [m.add_column("player", "x", IntegerField(default=1))],
    "add_column, an index": lambda m: [m.add_column("player", "x", IntegerField(null=True, index=True))],
    "drop_column": lambda m: [m.drop_column("player", "note")],
    "rename_column": lambda m: [m.rename_column("player", "level", "rank_of")],
    "add_not_null": lambda m: [m.add_not_null("player", "born")],
    "drop_not_null": lambda m: [m.drop_not_null("player", "name")],
    "add_column_default": lambda m: [m.add_column_default("player", "level", 7)],
    "drop_column_default": lambda m: [m.drop_column_default("player", "worth")],
    "alter_column_type": lambda m: [m.alter_column_type("player", "name", CharField(max_length=40))],
    "alter_column_type, a rewrite": lambda m: [_other_type(m)],
    "rename_table": lambda m: [m.rename_table("player", "person")],
    "drop_table": lambda m: [m.drop_table("player")],
    "add_index": lambda m: [m.add_index("player", ("level", "born"))],
    "drop_index": lambda m: [m.drop_index("player", "player_name")],
    "add_constraint": lambda m: [m.add_constraint("player", "worth_counts", Check("worth >= 0"))],
    "drop_constraint": lambda m: [m.drop_constraint("player", "level_counts")],
    "add_unique": lambda m: [m.add_unique("player", "name", "born")],
    "add_foreign_key_constraint": lambda m: [m.add_foreign_key_constraint("player", "other_id", "club", "id")],
    "drop_foreign_key_constraint": lambda m: [m.drop_foreign_key_constraint("player", "club_id")],
    "sql": lambda m: [m.sql("UPDATE player SET level = level + 1 WHERE id < 1000")],
    "five changes": _five_changes,
}
"""What is asked for, of whichever migrator."""
