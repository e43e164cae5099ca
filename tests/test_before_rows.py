"""What a run shows of rows before it: as they were at the start, under the columns of the start, come what may."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import HEAD, open_project

from pwmig import watch
from pwmig.plan import Run
from pwmig.project import Project

COUNT = 60
TABLE = "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name TEXT, rating INTEGER)"
FILL = (
    f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {COUNT}) "
    "INSERT INTO player SELECT i, 'player ' || i, 2000 + i FROM n"
)
NO_ROWID = TABLE + " WITHOUT ROWID"
Rows = dict[int, tuple[Any, ...]]


def send(sql: str) -> str:
    return f"    database.execute_sql({sql!r})\n"


def ask(call: str) -> str:
    return f"    migrate(migrator.{call})\n"


def run_of(root: Path, body: str, table: str = TABLE) -> tuple[Project, Run]:
    """A watched run of one migration with this body on a table of 60 players."""
    start = "def migrate_forward():\n" + send(table) + send(FILL)
    project = open_project(root, {"start": HEAD + start, "next": HEAD + "def migrate_forward():\n    pass\n" + body})
    project.apply(to="start")
    return project, project.apply(watch=True)


def rows_by_id(run: Run) -> tuple[Rows, Rows]:
    before, after = run.samples("player")
    assert before.columns == ("id", "name", "rating")
    return ({row[0]: row for row in before.rows}, {row[0]: row for row in after.rows})


def as_at_the_start(number: int) -> tuple[Any, ...]:
    return number, f"player {number}", 2000 + number


ADD = ask("add_column('player', 'era', CharField(null=True))")
RENAME = ask("rename_column('player', 'rating', 'elo')")
DROP = ask("drop_column('player', 'name')")
HIT = send("UPDATE player SET id = id WHERE id IN (41, 57)")


LATE = [
    (HIT, [41, 57], "hit at once"),
    (ADD + HIT, [41, 57], "after a column was added"),
    (ADD + send("UPDATE player SET era = 'x' WHERE id = 33") + HIT, [33, 41, 57], "and filled"),
    (RENAME + send("UPDATE player SET elo = 1 WHERE id = 57"), [57], "after a column was renamed"),
    (RENAME + ADD + HIT + ask("drop_column('player', 'elo')"), [41, 57], "before a column was dropped"),
    (ask("rename_table('player', 'person')") + HIT.replace("player", "person"), [41, 57], "in a table renamed"),
    (DROP + HIT, [], "a value that was dropped before is not known any more"),
    (send("UPDATE player SET name = 'x' WHERE id = 57") * 2, [57], "hit twice: as before the first"),
]


@pytest.mark.parametrize("table", [TABLE, NO_ROWID], ids=["rowid", "without rowid"])
@pytest.mark.parametrize("few", [True, False], ids=["all rows kept", "too many rows to keep"])
@pytest.mark.parametrize(("body", "first", "why"), LATE, ids=[why for *_, why in LATE])
def test_rows_hit_late_are_shown_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, few: bool, body: str, first: list[int], why: str
) -> None:
    monkeypatch.setattr(watch, "COUNT_LIMIT", COUNT if few else COUNT - 1)
    _, run = run_of(tmp_path, body, table)
    name = "person" if "person" in body else "player"
    before, after = run.before.table_rows("player"), run.after.table_rows(name)
    assert [row[0] for row in before.rows][: len(first)] == first, why
    assert all(row == as_at_the_start(row[0]) for row in before.rows)
    assert before.row_keys() == after.row_keys(), "no row looks as if it were new, or gone"


UNTOLD = send("WITH x AS (SELECT 1) UPDATE player SET name = 'y' WHERE id IN (41, 57)")


@pytest.mark.parametrize("few", [True, False], ids=["all rows kept", "too many rows to keep"])
@pytest.mark.parametrize(
    ("body", "shown", "why"),
    [
        (UNTOLD + HIT, {41: False, 57: False}, "changed by a statement that does not tell which rows it hits"),
        (UNTOLD.replace("41", "31") + HIT, {41: None, 57: False}, "one of them"),
        (UNTOLD.replace("'y'", "name") + HIT, {41: None, 57: None}, "written as they were: known where all are kept"),
        (
            "    database.connection().execute(\"UPDATE player SET name = 'raw' WHERE id = 41\")\n" + HIT,
            {41: False, 57: False},
            "changed past the ORM before anybody looked",
        ),
    ],
    ids=["changed", "one changed", "the same", "raw"],
)
def test_what_is_not_known_of_before_is_not_shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    few: bool,
    body: str,
    shown: dict[int, bool | None],
    why: str,
) -> None:
    """None: where all rows are kept."""
    monkeypatch.setattr(watch, "COUNT_LIMIT", COUNT if few else COUNT - 1)
    before, after = rows_by_id(run_of(tmp_path, body)[1])
    for number, expected in shown.items():
        there = few if expected is None else expected
        assert (number in before, number in after) == (there, there), why
    assert all(row == as_at_the_start(number) for number, row in before.items())


@pytest.mark.parametrize("table", [TABLE, NO_ROWID], ids=["rowid", "without rowid"])
def test_a_row_that_is_new_and_hit_again_was_not_there_before(tmp_path: Path, table: str) -> None:
    insert = send("INSERT INTO player VALUES (900, 'new', 1)")
    body = insert + send("UPDATE player SET rating = 2 WHERE id IN (900, 41)")
    before, after = rows_by_id(run_of(tmp_path, body, table)[1])
    assert 900 not in before and after[900] == (900, "new", 2)
    assert before[41] == as_at_the_start(41) and after[41] == (41, "player 41", 2)


IDS = st.lists(st.integers(1, COUNT + 5), min_size=1, max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("add"), st.booleans()),
    st.tuples(st.just("rename"), st.integers(0, 9)),
    st.tuples(st.just("drop"), st.integers(0, 9)),
    st.tuples(st.just("update"), IDS, st.integers(0, 9)),
    st.tuples(st.just("untold"), IDS, st.integers(0, 9)),
    st.tuples(st.just("replace"), st.integers(COUNT - 2, COUNT + 5)),
    st.tuples(st.just("delete"), IDS),
)


@dataclass
class Migration:
    """The body of a migration, written step by step; ``columns`` beside the key: name now, name at the start."""

    body: str = ""
    columns: list[tuple[str, str | None]] = field(default_factory=lambda: [("name", "name"), ("rating", "rating")])
    made: int = 0

    def take(self, step: tuple[Any, ...]) -> None:
        verb, *details = step
        doing: Callable[..., None] = getattr(self, verb)
        doing(*details)

    def new_name(self) -> str:
        self.made += 1
        return f"c{self.made}"

    def add(self, filled: bool) -> None:
        name = self.new_name()
        kind = "IntegerField(default=7, null=True)" if filled else "IntegerField(null=True)"
        self.body += ask(f"add_column('player', {name!r}, {kind})")
        self.columns.append((name, None))

    def rename(self, place: int) -> None:
        if self.columns:
            place, name = place % len(self.columns), self.new_name()
            was, origin = self.columns[place]
            self.body += ask(f"rename_column('player', {was!r}, {name!r})")
            self.columns[place] = (name, origin)

    def drop(self, place: int) -> None:
        if self.columns:
            name, _ = self.columns.pop(place % len(self.columns))
            self.body += ask(f"drop_column('player', {name!r})")

    def update(self, ids: list[int], place: int, verb: str = "UPDATE") -> None:
        if self.columns:
            name, _ = self.columns[place % len(self.columns)]
            self.body += send(f"{verb} player SET {name} = {name} || 'z' WHERE id IN ({', '.join(map(str, ids))})")

    def untold(self, ids: list[int], place: int) -> None:
        self.update(ids, place, "WITH x AS (SELECT 1) UPDATE")

    def replace(self, number: int) -> None:
        self.body += send(f"INSERT OR REPLACE INTO player (id) VALUES ({number})")

    def delete(self, ids: list[int]) -> None:
        self.body += send(f"DELETE FROM player WHERE id IN ({', '.join(map(str, ids))})")


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=8), few=st.booleans(), table=st.sampled_from([TABLE, NO_ROWID]))
def test_whatever_a_migration_does_before_is_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]], few: bool, table: str
) -> None:
    migration = Migration()
    for step in steps:
        migration.take(step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "COUNT_LIMIT", COUNT + 5 if few else COUNT - 1)
        project, run = run_of(tmp_path_factory.mktemp("before"), migration.body, table)
    with sqlite3.connect(project.root / "db/app.sqlite") as connection:
        stays = [(now, first) for now, first in migration.columns if first]
        wanted = ", ".join(["id", *(now for now, _ in stays)])
        end = {row[0]: row[1:] for row in connection.execute(f"SELECT {wanted} FROM player")}
    connection.close()
    project.database.close()
    start = {number: as_at_the_start(number) for number in range(1, COUNT + 1)}
    if few and run.row_changes:
        (found,) = run.row_changes
        places = [("id", "name", "rating").index(first) for _, first in stays]
        altered = sum(tuple(start[key][at] for at in places) != end[key] for key in start.keys() & end.keys())
        assert found.altered == altered
        assert (found.added, found.removed) == (len(end.keys() - start.keys()), len(start.keys() - end.keys()))
    if run.before is not None and any(rows.table == "player" for rows in run.before.rows):
        before, after = rows_by_id(run)
        assert all(row == start[number] for number, row in before.items())
        assert not (after.keys() - before.keys()) & start.keys(), "a row that was there looks new"
        assert not (before.keys() - after.keys()) & end.keys(), "a row that is there looks gone"
