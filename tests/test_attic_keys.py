"""Rows find their values by what their key tells apart on SQLite, NULL in it included."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import sql_migration
from test_attic import migration, project_of, restored, run_on

from pwmig.plan import Restored

DROP = migration(
    "migrate(migrator.drop_column('player', 'v'))",
    "migrate(migrator.add_column('player', 'v', TextField(null=True)))",
)
FILL = migration(
    "migrate(migrator.backfill('player', {'v': SQL(\"'filled'\")}, where='v IS NOT NULL'))",
    "pass",
    "from peewee import SQL",
)
BATCHES = FILL.replace("where='v IS NOT NULL'", "where=\"v <> 'filled'\", commit=True, batch_size=2")
NARROW = migration(
    "migrate(migrator.alter_column_type('player', 'v', CharField(9), cast=\"substr(v, 1, 1) || 'x'\"))",
    "migrate(migrator.alter_column_type('player', 'v', TextField()))",
)
WAYS = {"drop": DROP, "fill": FILL, "batches": BATCHES, "narrow": NARROW}
KEYS = {
    "key of another collation": (
        "(code TEXT COLLATE NOCASE, v TEXT, note TEXT, PRIMARY KEY (code COLLATE BINARY))",
        "('a', 'low', 'x'), ('A', 'up', 'x')",
    ),
    "key of a looser collation": (
        "(code TEXT, v TEXT, note TEXT, PRIMARY KEY (code COLLATE NOCASE))",
        "('a', 'low', 'x'), ('B', 'up', 'x')",
    ),
    "without rowid": (
        "(code TEXT COLLATE NOCASE, n INT, v TEXT, PRIMARY KEY (code COLLATE BINARY, n)) WITHOUT ROWID",
        "('a', 1, 'low'), ('A', 1, 'up')",
    ),
    "null": (
        "(code TEXT PRIMARY KEY, v TEXT, note TEXT)",
        "(NULL, 'one', 'x'), ('gap', 'x', NULL), (NULL, 'two', 'y'), ('c', 'three', 'z'), (NULL, 'four', NULL)",
    ),
    "null in two columns": (
        "(a INT, b TEXT COLLATE NOCASE, v TEXT, rowid TEXT, PRIMARY KEY (a, b))",
        "('gap', 1, 'x', 'r'), (1, NULL, 'one', 'r'), (NULL, 'q', 'two', 'r'), (NULL, 'Q', 'three', 'r'), "
        "(NULL, NULL, 'four', 'r'), (1, NULL, 'five', 's'), (1, 'a', 'six', 'r')",
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(("table", "rows"), KEYS.values(), ids=KEYS)
def test_rows_are_told_apart_as_their_key_does(tmp_path: Path, table: str, rows: str, way: str) -> None:
    project = project_of(tmp_path, way, sql_migration(f"CREATE TABLE player {table}", "DROP TABLE player"), [])
    first = table[1:].split()[0]
    run_on(tmp_path, f"INSERT INTO player VALUES {rows}", f"DELETE FROM player WHERE {first} = 'gap'")
    columns = ", ".join(name for (name,) in run_on(tmp_path, "SELECT name FROM pragma_table_info('player')"))
    order = f"SELECT {columns} FROM player ORDER BY v"
    before = run_on(tmp_path, order)
    project.apply()
    assert ("v" not in dict(run_on(tmp_path, "SELECT name, 1 FROM pragma_table_info('player')"))) == (way is DROP)
    assert way is DROP or run_on(tmp_path, order) != before
    assert [(done.restored, done.unmatched) for done in restored(project)] == [(len(before), 0)]
    assert run_on(tmp_path, order) == before


def test_rows_with_null_in_their_key_are_found_though_their_rowids_have_changed(tmp_path: Path) -> None:
    create = sql_migration("CREATE TABLE player (code TEXT PRIMARY KEY, v TEXT, note TEXT)", "DROP TABLE player")
    rows = [("gap", "-", "-"), (None, "one", "x"), (None, "two", "y"), (None, "three", "y"), (None, "four", "z")]
    project = project_of(tmp_path, DROP, create, rows)
    project.apply()
    run_on(tmp_path, "DELETE FROM player WHERE code = 'gap'", "DELETE FROM player WHERE note = 'z'")
    run_on(tmp_path, "VACUUM")
    run_on(tmp_path, "INSERT INTO player (note) VALUES ('newer')")
    assert restored(project) == [Restored("player", "v", 3, gone=2, lacking=1)]
    found = [("one", "x"), ("two", "y"), ("three", "y"), (None, "newer")]
    assert run_on(tmp_path, "SELECT v, note FROM player ORDER BY rowid") == found


def test_a_dropped_table_whose_key_is_of_another_collation_comes_back_beside_rows_that_are_there(
    tmp_path: Path,
) -> None:
    table = "CREATE TABLE player (code TEXT COLLATE NOCASE, v TEXT, PRIMARY KEY (code COLLATE BINARY))"
    back = f"database.execute_sql('{table}')\ndatabase.execute_sql(\"INSERT INTO player VALUES ('A', 'new')\")"
    source = migration("migrate(migrator.drop_table('player'))", back)
    project = project_of(tmp_path, source, sql_migration(table, "DROP TABLE player"), [("a", "low"), ("A", "up")])
    project.apply()
    assert restored(project) == [Restored("player", None, 1, newer=1)]
    assert run_on(tmp_path, "SELECT * FROM player ORDER BY v") == [("a", "low"), ("A", "new")]


WIDE = "(id INTEGER PRIMARY KEY, status TEXT, kind TEXT, active INT, lang TEXT, note TEXT, n REAL, name TEXT, v TEXT)"


@pytest.mark.parametrize("way", [DROP, FILL, NARROW], ids=["drop", "fill", "narrow"])
def test_another_row_with_the_number_of_one_that_is_gone_gets_nothing_of_it(tmp_path: Path, way: str) -> None:
    """Also where only the last of many cells tells the two apart."""
    project = project_of(tmp_path, way, sql_migration(f"CREATE TABLE player {WIDE}", "DROP TABLE player"), [])
    same = "'ok', 'user', 1, 'en', NULL, 1.5"
    run_on(tmp_path, f"INSERT INTO player VALUES (1, {same}, 'Ann', 'ann@x'), (2, {same}, 'Bob', 'bob@x')")
    project.apply()
    new = f"INSERT INTO player (id, status, kind, active, lang, note, n, name) VALUES (2, {same}, 'Zoe')"
    run_on(tmp_path, "DELETE FROM player WHERE id = 2", new)
    (told,) = restored(project)
    assert run_on(tmp_path, "SELECT name, v FROM player ORDER BY id") == [("Ann", "ann@x"), ("Zoe", None)]
    assert (told.restored, told.changed) == (1, 0)


def test_a_table_whose_check_calls_a_column_by_the_tables_name_comes_back(tmp_path: Path) -> None:
    made = 'CREATE TABLE player (id INTEGER PRIMARY KEY, v TEXT, CHECK (player.v <> \'none\' AND "player"."id" > 0))'
    way = migration("migrate(migrator.drop_table('player'))", f"migrate(migrator.sql({made!r}))")
    project = project_of(tmp_path, way, sql_migration(made, "DROP TABLE player"), [])
    run_on(tmp_path, "INSERT INTO player VALUES (1, 'one'), (2, NULL)")
    project.apply()
    assert restored(project) == [Restored("player", None, 2)]
    assert run_on(tmp_path, "SELECT * FROM player") == [(1, "one"), (2, None)]
    assert run_on(tmp_path, "SELECT sql FROM sqlite_master WHERE name = 'player'") == [(made,)]
