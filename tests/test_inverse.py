"""A batch of operations and what the form writes to take it back: schema and rows are as they were, drops included,
and what happened to the rows in between is there too.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import inverse_strategies
import peewee
import pytest
from emptied import emptied
from hypothesis import event, given, settings
from inverse_strategies import KEYS, KINDS, Case, cases, long_value, value
from projects import config_of, write_project
from server_projects import SERVERS

from pwmig import Migrator
from pwmig.codegen import inverse, text_of
from pwmig.codegen.known import after
from pwmig.columns import COLUMN_TYPES
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import Change, diff
from pwmig.operations import (
    OPERATIONS,
    AddColumn,
    AlterColumnType,
    ChangeColumn,
    DropColumn,
    DropConstraint,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
)
from pwmig.plan import Kept, Restored
from pwmig.project import Project
from pwmig.schema import Schema

EXAMPLES = int(os.environ.get("PWMIG_EXAMPLES", "100"))

Key = tuple[Any, ...]
Rows = dict[Key, dict[str, Any]]
"""The rows of a table by their keys; of one without key by their places."""

_numbers = itertools.count()


class Database:
    """A database of the test's own connection, with the tables of a case and a project on it."""

    def __init__(self, database: peewee.Database, root: Path, case: Case) -> None:
        self.database, self.root, self.case = database, root, case
        self.dialect = dialect_of(database)
        if hasattr(database.connection(), "prepare_threshold"):
            database.connection().prepare_threshold = None  # A plan that psycopg keeps is one for the columns of then.
        migrator = Migrator.from_database(database)
        migrate(*(operation.on(migrator) for operation in case.setup()))
        for number in (1, 2, 3):
            self.insert("club", {"name": f"club {number}"})
            self.insert("plain", {"x": None if number == 2 else number})
        for number in range(case.row_count):
            self.insert("player", {**self.key(number), **self._cells(number)})

    @property
    def is_sqlite(self) -> bool:
        return isinstance(self.database, peewee.SqliteDatabase)

    def key(self, number: int) -> dict[str, Any]:
        return {
            "counted": {},
            "text": {"id": f"key {number:03}"},
            "pair": {"k": number % 2, "id": f"key{number:03}"},
            "none": {},
        }[self.case.key]

    def _cells(self, number: int) -> dict[str, Any]:
        cells = {name: long_value(name, number) for name in self.case.columns}
        for place, name in enumerate(self.case.columns):
            if name in self.case.nullable and (number + place) % 3 == 0:
                cells[name] = None
        return cells

    def schema(self) -> Schema:
        found = self.dialect.introspect(self.database)
        self._rest()
        return found

    def texts(self) -> list[Any]:
        """What SQLite's catalog holds, letter for letter."""
        sql = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2"
        rows = self.run(sql) if self.is_sqlite else []
        return [row for row in rows if not row[2].startswith(("pwmig_", "sqlite_"))]

    def rows(self, schema: Schema) -> dict[str, Rows]:
        found: dict[str, Rows] = {}
        for table in schema.tables:
            names = [column.name for column in table.columns]
            listed = self.run(f"SELECT {', '.join(map(self._quoted, names))} FROM {self._quoted(table.name)}")
            keyed = [dict(zip(names, map(_plain, row), strict=True)) for row in listed]
            if table.primary_key:
                found[table.name] = {tuple(row[name] for name in table.primary_key): row for row in keyed}
            else:
                found[table.name] = {(n,): row for n, row in enumerate(sorted(keyed, key=repr))}
        return found

    def insert(self, table: str, cells: Mapping[str, Any]) -> None:
        names = ", ".join(map(self._quoted, cells))
        marks = ", ".join([self.database.param] * len(cells))
        self.run(f"INSERT INTO {self._quoted(table)} ({names}) VALUES ({marks})", *cells.values())

    def at(self, key: Mapping[str, Any]) -> tuple[str, list[Any]]:
        return " AND ".join(f"{self._quoted(name)} = {self.database.param}" for name in key), list(key.values())

    def run(self, sql: str, *values: Any) -> list[Any]:
        cursor = self.database.execute_sql(sql, values or None)
        rows = list(cursor.fetchall()) if cursor.description else []
        self._rest()
        return rows

    def _rest(self) -> None:
        """Give back the locks of reading."""
        if not self.is_sqlite:
            self.database.commit()

    def _quoted(self, name: str) -> str:
        left, right = self.database.quote
        return left + name.replace(right, right * 2).replace("%", "%" if self.is_sqlite else "%%") + right


def _plain(cell: Any) -> Any:
    """A cell that says the same in another type is the same: a day is its midnight."""
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)
    return bytes(cell) if isinstance(cell, memoryview | bytearray) else cell


# -- the way there and back, as the form writes it


def way(case: Case, schema: Schema, kinds: Any) -> tuple[list[Operation], list[Operation]]:
    """The operations whose way back is known, and that way; the others are left out."""
    forward: list[Operation] = []
    backward: list[Operation] = []
    for steps in case.steps:
        then, undone = schema, []
        for step in steps:
            back = (inverse(step.operation, then, kinds),) if step.back is None else step.back
            undone[:0] = back
            then = after(then, step.operation)
        if None in undone:
            event(f"no way back for {type(steps[0].operation).__name__}")
            continue
        schema = then
        forward += [step.operation for step in steps]
        backward[:0] = [operation for operation in undone if operation is not None]
    return forward, backward


@dataclass(frozen=True)
class Names:
    """What a table and its columns are called once the batch has run, None for what is gone; and the columns' kinds."""

    table: str | None
    columns: Mapping[str, str | None]
    kinds: Mapping[str, str]

    @classmethod
    def after(cls, table: str, columns: list[str], forward: list[Operation]) -> Names:
        called: str | None = table
        names: dict[str, str | None] = {name: name for name in columns}
        kinds = {name: KINDS[name] for name in columns if name in KINDS}
        for operation in forward:
            match operation:
                case DropTable(name) if name == called:
                    called = None
                case RenameTable(old, new) if old == called:
                    called = new
                case DropColumn(name, column) if name == called:
                    names = {first: None if last == column else last for first, last in names.items()}
                case RenameColumn(name, old, new) if name == called:
                    names = {first: new if last == old else last for first, last in names.items()}
                case AlterColumnType(name, column, kind) if name == called:
                    kinds |= {first: kind for first, last in names.items() if last == column}
                case ChangeColumn(name, column) if name == called and operation.name:
                    names = {first: operation.name if last == column else last for first, last in names.items()}
        return cls(called, names, kinds)


# -- what happens in between


@dataclass
class Between:
    """What was done to the players: keys that are gone, that are new, and the cells that were written."""

    deleted: set[Key]
    inserted: set[Key]
    written: set[tuple[Key, str]]


def change_rows(place: Database, names: Names, schema: Schema, forward: list[Operation]) -> Between:
    """Do what the case says to the rows of the players, in the table as it is by now."""
    done = Between(set(), set(), set())
    assert names.table is not None
    table = schema.table(names.table)
    assert table is not None
    first = {last: name for name, last in names.columns.items() if last is not None}
    added = {made.column.name: made.column.type for made in forward if isinstance(made, AddColumn)}
    kinds = {last: names.kinds[name] for last, name in first.items() if name in names.kinds} | added
    for what, which, column, number in place.case.changes:
        there = place.rows(schema)[table.name]
        keys = sorted(there)
        if what in ("delete", "replace") and keys and table.primary_key:
            key = keys[-1] if what == "replace" else keys[which % len(keys)]
            condition, given = place.at(dict(zip(table.primary_key, key, strict=True)))
            place.run(f"DELETE FROM {place._quoted(table.name)} WHERE {condition}", *given)
            done.deleted.add(key)
            there.pop(key)
        if what in ("insert", "replace"):
            own = place.key(number + 100)
            cells = {name: _fitting(first.get(name, name), kind, number) for name, kind in kinds.items()}
            place.insert(table.name, {**own, **cells})
            now = place.rows(schema)[table.name]
            done.inserted |= {key for key in now if key not in there} if table.primary_key else set()
            continue
        if what == "update" and keys and table.primary_key and (last := names.columns.get(column)) is not None:
            key = keys[which % len(keys)]
            condition, given = place.at(dict(zip(table.primary_key, key, strict=True)))
            sql = f"UPDATE {place._quoted(table.name)} SET {place._quoted(last)} = {place.database.param}"
            place.run(f"{sql} WHERE {condition}", _fitting(column, names.kinds[column], number), *given)
            done.written.add((key, column))
    return done


def _fitting(name: str, kind: str, number: int) -> Any:
    """A value that is none of those before, and that every constraint lets in."""
    return 3 if name == "club_id" else value(kind, number + 20)


# -- what must be there again


@dataclass(frozen=True)
class Stations:
    """The rows of the players before, after the batch, after what happened then, and at the end; what was said."""

    before: Rows
    there: Rows
    between: Rows
    back: Rows
    kept: Sequence[Kept]
    restored: Sequence[Restored]


def check_rows(place: Database, names: Names, done: Between, seen: Stations) -> None:
    """Each cell of each player against what it was, what was written since, and what the run said of it."""
    assert seen.back.keys() == seen.between.keys()
    doubted: dict[str, int] = dict.fromkeys(names.columns, 0)
    for key, row in seen.back.items():
        for name, cell in row.items():
            last = names.columns[name]
            if key in done.inserted and last is not None:
                assert cell == seen.between[key][last], "a row that came keeps what it holds"
            elif key in done.inserted:
                assert _is_empty(name, cell), "and has no value of another row, whose key it may have"
            elif last is not None and seen.between[key][last] != seen.there[key][last]:
                assert cell == seen.between[key][last], "what was written since is never overwritten"
            elif cell != seen.before[key][name]:
                # Only where the key may have been given again: then it is left in the attic, and said.
                assert _is_empty(name, cell) if last is None else cell == seen.between[key][last]
                doubted[name] += 1
    for name in names.columns:
        kept_of, back_of = (
            [one for one in found if cell_of(one, names) == name] for found in (seen.kept, seen.restored)
        )
        assert sum(back.restored + back.unmatched for back in back_of) == sum(one.row_count for one in kept_of)
        if len(kept_of) != 1:
            continue  # What was filled and dropped comes back in two steps.
        (kept,), (back,) = kept_of, back_of
        assert back.changed <= len({key for key, _ in done.written} | done.inserted)
        untouched = not done.written and not done.inserted
        assert doubted[name] <= back.doubtful and (not back.doubtful or not untouched)
        assert not back.doubtful or (place.is_sqlite and place.case.key == "counted")
        last = names.columns[name]
        if last is None:
            assert kept.row_count == len(seen.before)
            assert back.newer == 0
            assert back.gone == len(done.deleted & seen.before.keys() - seen.back.keys())
            continue
        filled = {key for key, row in seen.before.items() if row[name] != seen.there[key][last]}
        assert kept.row_count == len(filled)
        assert back.gone == len(filled - seen.back.keys())
        newer = {key for key in filled & seen.back.keys() if seen.there[key][last] != seen.between[key][last]}
        assert back.newer <= len(newer) <= back.newer + back.doubtful


def cell_of(record: Any, names: Names) -> str | None:
    """The column of the players that a record of the attic is about, as it was called before."""
    if record.column is None or record.table not in ("player", names.table):
        return None
    return next((name for name, last in names.columns.items() if record.column in (name, last)), None)


# -- the property


def go_there_and_back(place: Database) -> None:
    schema, texts = place.schema(), place.texts()
    before = place.rows(schema)
    forward, backward = way(place.case, schema, place.dialect.kinds)
    source = text_of(forward, backward, "db.migrations_config")
    write_project(place.root, {"batch": source}, config=config_of(place.database))
    project = Project.open(place.root)
    columns = [column.name for column in schema.table("player").columns]
    names = Names.after("player", columns, forward)
    kept = project.apply().steps[0].kept
    changed = place.schema()
    there = place.rows(changed)[names.table]
    done = change_rows(place, names, changed, forward)
    between = place.rows(changed)[names.table]
    restored = project.revert().steps[0].restored
    again = place.schema()
    left = diff(schema, again)
    assert left == () or _only_names_of_keys(place, left)
    back = place.rows(again)
    assert {name: rows for name, rows in back.items() if name != "player"} == {
        name: rows for name, rows in before.items() if name != "player"
    }
    if place.case.row_count and not left and not any(isinstance(made, DropConstraint) for made in forward):
        assert place.texts() == texts  # A constraint that comes back stands behind the others.
    if not place.case.changes:
        event("nothing in between")
        assert back == before
        _same_places(place, schema, again)
    if KEYS[place.case.key]:
        seen = Stations(before["player"], there, between, back["player"], kept, restored)
        check_rows(place, names, done, seen)


def _same_places(place: Database, before: Schema, now: Schema) -> None:
    """Where the database can place a column, each stands where it stood; of a table without rows nothing is kept."""
    if place.case.row_count and not isinstance(place.database, peewee.PostgresqlDatabase):
        assert [column.name for column in now.table("player").columns] == [
            column.name for column in before.table("player").columns
        ]


def _only_names_of_keys(place: Database, left: Sequence[Change]) -> bool:
    """SQLite's own tables hold keys without a name, and one that is added has one."""
    return place.is_sqlite and all(type(change).__name__.endswith("ForeignKey") for change in left)


def _is_empty(name: str, cell: Any) -> bool:
    """Whether the cell holds what a row gets for which nothing is known: NULL, or what its kind has for nothing."""
    if cell is None or name not in KINDS:
        return cell is None
    neutral = COLUMN_TYPES[KINDS[name]].neutral
    return float(cell) == 0 if KINDS[name] == "DecimalField" else _said(cell) == _said(neutral) or cell == neutral


def _said(cell: Any) -> str:
    return str(cell).removesuffix(" 00:00:00")


def test_every_operation_of_the_form_that_has_an_inverse_is_on_the_menu() -> None:
    assert set(OPERATIONS) - vars(inverse_strategies).keys() == {"RunSQL"}


@pytest.mark.parametrize("several", [False, True], ids=["any", "several"])
@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
def test_there_and_back_is_as_if_nothing_had_been(
    kind: str, several: bool, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    without = frozenset({"comment", "comment on the table"}) if kind == "sqlite" else frozenset()
    folder = tmp_path_factory.mktemp("inverse")

    @settings(max_examples=EXAMPLES if kind == "sqlite" else max(1, EXAMPLES * 3 // 5))
    @given(cases(without, several))
    def property_(case: Case) -> None:
        root = folder / f"p{next(_numbers)}"
        root.mkdir()
        try:
            with emptied(kind, request, root) as database:
                go_there_and_back(Database(database, root, case))
        finally:
            shutil.rmtree(root, ignore_errors=True)

    property_()
