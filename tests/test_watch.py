"""Before and after: which rows are shown, and how they stay paired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import HEAD, open_project, sql_migration

from pwmig.plan import Run

PLAYERS = (
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, rating INTEGER)",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
    "INSERT INTO player SELECT i, 'player ' || i, 2000 + i FROM n",
)


def rehearsed(root: Path, forward: str, *, tables: tuple[str, ...] = PLAYERS) -> Run:
    """A rehearsal of one migration on a database of 500 players."""
    first = "\n".join(f"    database.execute_sql({sql!r})" for sql in tables)
    project = open_project(
        root,
        {"start": HEAD + f"def migrate_forward():\n{first}\n", "next": HEAD + f"def migrate_forward():\n{forward}\n"},
    )
    project.apply(to="start")
    return project.rehearse()


def keys(run: Run, table: str) -> tuple[list[Any], list[Any]]:
    before, after = run.samples(table)
    return [key[0] for key in before.row_keys()], [key[0] for key in after.row_keys()]


def test_the_rows_that_the_migration_touches_come_first(tmp_path: Path) -> None:
    run = rehearsed(tmp_path, "    database.execute_sql('UPDATE player SET rating = 0 WHERE id IN (77, 401)')")
    before, after = keys(run, "player")
    assert before == after == [77, 401, *range(1, 19)]
    assert {row[2] for row in run.samples("player")[1].rows[:2]} == {0}
    assert {row[2] for row in run.samples("player")[0].rows[:2]} == {2077, 2401}


def test_deleted_rows_are_there_before_and_gone_after(tmp_path: Path) -> None:
    run = rehearsed(tmp_path, "    database.execute_sql('DELETE FROM player WHERE id = ?', (300,))")
    before, after = keys(run, "player")
    assert before[0] == 300 and 300 not in after
    assert [rows.row_count for rows in run.samples("player")] == [500, 499]


def test_new_rows_are_shown_after(tmp_path: Path) -> None:
    run = rehearsed(tmp_path, "    database.execute_sql(\"INSERT INTO player (id, name) VALUES (900, 'new')\")")
    before, after = keys(run, "player")
    assert after[0] == 900 and 900 not in before


def test_a_renamed_table_and_column_keep_their_rows_paired(tmp_path: Path) -> None:
    run = rehearsed(
        tmp_path,
        "    migrate(migrator.rename_column('player', 'rating', 'elo'), migrator.rename_table('player', 'master'))\n"
        "    database.execute_sql('UPDATE master SET elo = 1 WHERE id = 9')",
    )
    assert sorted(change.kind for change in run.changes) == ["RenameColumn", "RenameTable"]
    assert run.after.table_rows("master").columns == ("id", "name", "elo")
    before = [key[0] for key in run.before.table_rows("player").row_keys()]
    after = [key[0] for key in run.after.table_rows("master").row_keys()]
    assert set(after) == set(before) and 9 in after


def test_a_drop_and_a_rename_to_its_name_count_the_rows_of_the_right_table(tmp_path: Path) -> None:
    tables = (*PLAYERS, "CREATE TABLE spare (id INTEGER NOT NULL PRIMARY KEY)", "INSERT INTO spare VALUES (1), (2)")
    forward = "    migrate(migrator.drop_table('player'), migrator.rename_table('spare', 'player'))"
    run = rehearsed(tmp_path, forward, tables=tables)
    assert [str(loss) for loss in run.losses] == ["500 rows of player"]


@pytest.mark.parametrize(
    ("definition", "columns"),
    [
        ("CREATE TABLE player (name TEXT, rating INTEGER)", ("rowid", "name", "rating")),
        ("CREATE TABLE player (name TEXT PRIMARY KEY, rating INTEGER) WITHOUT ROWID", ("name", "rating")),
        ("CREATE TABLE player (name TEXT, rating INTEGER, PRIMARY KEY (rating, name))", ("name", "rating")),
    ],
    ids=["no key", "without rowid", "composite key"],
)
def test_tables_of_every_kind_of_key_are_paired(tmp_path: Path, definition: str, columns: tuple[str, ...]) -> None:
    tables = (definition, "INSERT INTO player (name, rating) VALUES ('Tal', 1), ('Hou', 2)")
    run = rehearsed(
        tmp_path, "    database.execute_sql(\"UPDATE player SET rating = 9 WHERE name = 'Hou'\")", tables=tables
    )
    before, after = run.samples("player")
    assert before.columns == after.columns == columns
    assert before.row_count == after.row_count == 2
    assert sorted(map(str, {row[columns.index("rating")] for row in after.rows})) == ["1", "9"]


def test_only_the_tables_touched_are_sampled(tmp_path: Path) -> None:
    tables = (*PLAYERS, "CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY)")
    run = rehearsed(tmp_path, "    database.execute_sql('UPDATE player SET rating = 1')", tables=tables)
    assert [rows.table for rows in run.before.rows] == ["player"]


def test_nobody_watches_an_ordinary_apply(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"start": sql_migration(PLAYERS[0])})
    run = project.apply()
    assert run.before is None and run.after is None and run.changes == ()
