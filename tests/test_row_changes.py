"""Rows that a watched run added, removed and altered, counted by key over the whole table."""

from __future__ import annotations

from pathlib import Path

import peewee
import pytest
from example_project import copy_example
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import HEAD, open_project

from pwmig import watch
from pwmig.dialects import dialect_of
from pwmig.dialects.sqlite.seeing import counting
from pwmig.plan import RowChanges, Run
from pwmig.project import Project
from pwmig.schema import Table

PLAYERS = (
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name TEXT, rating INTEGER)",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
    "INSERT INTO player SELECT i, 'player ' || i, 2000 + i FROM n",
)


def send(*statements: str) -> str:
    return "".join(f"    database.execute_sql({sql!r})\n" for sql in statements)


def watched(root: Path, forward: str, tables: tuple[str, ...] = PLAYERS, *, live: bool = False) -> Run:
    """A watched run of one migration, on a copy or live."""
    sources = {"start": "def migrate_forward():\n" + send(*tables), "next": "def migrate_forward():\n" + forward}
    project = open_project(root, {name: HEAD + source for name, source in sources.items()})
    project.apply(to="start")
    return project.apply(watch=True) if live else project.rehearse()


def counts(run: Run) -> dict[str, tuple[int, int, int]]:
    return {found.table: (found.added, found.removed, found.altered) for found in run.row_changes}


RAW = "    database.connection().execute('UPDATE player SET rating = 1 WHERE id = 3')\n"
REMOVE = "DELETE FROM player WHERE id <= 10"
LOWER = "UPDATE player SET rating = 0 WHERE id IN (11, 12)"
ADD_ERA = "    migrate(migrator.add_column('player', 'era', CharField(null=True)))\n"
INSERT = "INSERT INTO player (id, name) VALUES (900, 'new'), (901, 'newer')"


@pytest.mark.parametrize("live", [False, True], ids=["copy", "live"])
@pytest.mark.parametrize(
    ("forward", "expected", "why"),
    [
        (send(LOWER), {"player": (0, 0, 2)}, "altered"),
        (send(INSERT), {"player": (2, 0, 0)}, "added"),
        (send(REMOVE), {"player": (0, 10, 0)}, "removed"),
        (send(REMOVE, LOWER, INSERT), {"player": (2, 10, 2)}, "all three, by several statements"),
        (send("UPDATE player SET rating = rating"), {"player": (0, 0, 0)}, "written as it was"),
        (send(REMOVE.replace("10", "500"), INSERT), {"player": (2, 500, 0)}, "all rows replaced"),
        (
            send("UPDATE player SET rating = CAST(rating AS TEXT) || 'x' WHERE id = 1"),
            {"player": (0, 0, 1)},
            "a number that becomes a text",
        ),
        (send("UPDATE player SET name = NULL WHERE id = 1"), {"player": (0, 0, 1)}, "NULL is a value of its own"),
        (
            send("INSERT OR REPLACE INTO player VALUES (5, 'player 5', 2005), (6, 'x', 2)"),
            {"player": (0, 0, 1)},
            "replaced by the same row, and by another one",
        ),
        (
            "    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n",
            {"player": (0, 0, 0)},
            "new",
        ),
        (
            "    migrate(migrator.add_column('player', 'level', IntegerField(null=True)))\n",
            {"player": (0, 0, 0)},
            "DDL",
        ),
        ("    migrate(migrator.drop_column('player', 'name'))\n", {"player": (0, 0, 0)}, "a column on one side only"),
        (
            "    migrate(migrator.rename_column('player', 'rating', 'elo'))\n"
            "    migrate(migrator.rename_table('player', 'master'))\n" + send("UPDATE master SET elo = 1 WHERE id = 9"),
            {"master": (0, 0, 1)},
            "renamed before it was written",
        ),
        (
            send(LOWER)
            + "    migrate(migrator.rename_column('player', 'rating', 'elo'), "
            + "migrator.rename_table('player', 'master'), migrator.rename_column('master', 'id', 'number'))\n",
            {"master": (0, 0, 2)},
            "renamed after it was written, its key too",
        ),
        (
            "    migrate(migrator.rename_column('player', 'rating', 'elo'))\n"
            + send("UPDATE player SET elo = 5 WHERE id = 1")
            + "    migrate(migrator.rename_column('player', 'elo', 'strength'))\n",
            {"player": (0, 0, 1)},
            "renamed before and after",
        ),
        (
            ADD_ERA + send("UPDATE player SET era = 'old' WHERE id < 100", "UPDATE player SET era = 'new'"),
            {"player": (0, 0, 0)},
            "a column that was not there at the start, filled",
        ),
        (
            ADD_ERA + send("UPDATE player SET era = 'old', rating = 1 WHERE id IN (7, 8)", INSERT),
            {"player": (2, 0, 2)},
            "beside it, cells of a column that was",
        ),
        (
            send(LOWER) + ADD_ERA + send("UPDATE player SET era = rating"),
            {"player": (0, 0, 2)},
            "filled after others were written",
        ),
        (
            "    migrate(migrator.rename_column('player', 'rating', 'elo'))\n"
            "    migrate(migrator.add_column('player', 'rating', IntegerField(null=True)))\n"
            + send("UPDATE player SET rating = id, elo = elo + (id = 1)"),
            {"player": (0, 0, 1)},
            "a new column that has the name of another one",
        ),
        (
            ADD_ERA
            + "    migrate(migrator.drop_column('player', 'rating'))\n"
            + "    migrate(migrator.rename_column('player', 'name', 'called'))\n"
            + send("UPDATE player SET era = called, called = called || 'x' WHERE id = 4"),
            {"player": (0, 0, 1)},
            "added, dropped and renamed, and then written",
        ),
        ("    migrate(migrator.drop_table('player'))\n", {"player": (0, 500, 0)}, "dropped"),
        (send("DROP TABLE player", *PLAYERS), {"player": (0, 0, 0)}, "dropped, and made anew as it was"),
        (
            send("CREATE TABLE club (id INTEGER PRIMARY KEY)", "INSERT INTO club VALUES (1), (2)"),
            {"club": (2, 0, 0)},
            "a new table, filled",
        ),
        (send("CREATE TABLE best AS SELECT * FROM player WHERE id < 4"), {"best": (3, 0, 0)}, "made of a query"),
        (send("CREATE TABLE club (id INTEGER PRIMARY KEY)"), {"club": (0, 0, 0)}, "a new table, empty"),
        (send("CREATE INDEX by_name ON player (name)"), {"player": (0, 0, 0)}, "an index"),
        (
            send(
                "CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT)",
                "CREATE TRIGGER t AFTER UPDATE ON player BEGIN INSERT INTO log (what) VALUES (new.name); END",
                LOWER,
            ),
            {"player": (0, 0, 2), "log": (2, 0, 0)},
            "rows that a trigger writes",
        ),
        (RAW, {}, "past the ORM: what was there before is not known"),
        (RAW + send(LOWER), {}, "past the ORM, and then through it"),
        (send(LOWER) + RAW, {"player": (0, 0, 3)}, "through the ORM, and then past it"),
    ],
)
def test_rows_are_counted_by_key(
    tmp_path: Path, forward: str, expected: dict[str, tuple[int, int, int]], why: str, live: bool
) -> None:
    assert counts(watched(tmp_path, forward, live=live)) == expected, why


def test_a_table_that_was_dropped_is_not_the_one_that_came_to_its_name(tmp_path: Path) -> None:
    tables = (*PLAYERS, "CREATE TABLE spare (id INTEGER PRIMARY KEY)", "INSERT INTO spare VALUES (1), (2)")
    forward = "    migrate(migrator.drop_table('player'), migrator.rename_table('spare', 'player'))\n"
    run = watched(tmp_path, forward + send("INSERT INTO player VALUES (3)"), tables)
    assert run.row_changes == (RowChanges("player", 0, 500, 0),)


@pytest.mark.parametrize(
    ("tables", "change", "expected", "why"),
    [
        (
            ("CREATE TABLE t (a, b)", "INSERT INTO t VALUES (1, 2), (1, 2), (3, 4)"),
            "UPDATE t SET b = 9 WHERE a = 1",
            {"t": (0, 0, 2)},
            "by the rowid",
        ),
        (
            ("CREATE TABLE t (a TEXT, b, c, PRIMARY KEY (a, b)) WITHOUT ROWID", "INSERT INTO t VALUES ('x', 1, 1)"),
            "INSERT OR REPLACE INTO t VALUES ('x', 1, 2), ('x', 2, 2)",
            {"t": (1, 0, 1)},
            "by a key of two columns",
        ),
        (
            ("CREATE TABLE t (a TEXT PRIMARY KEY, b)", "INSERT INTO t VALUES (NULL, 1), (NULL, 2)"),
            "UPDATE t SET b = 3",
            {},
            "NULL twice in a key: it tells no rows apart",
        ),
        (
            ("CREATE TABLE t (a PRIMARY KEY, b)", "INSERT INTO t VALUES (x'00ff', CAST(x'ff41' AS TEXT))"),
            "UPDATE t SET b = CAST(x'fe41' AS TEXT)",
            {"t": (0, 0, 1)},
            "texts that are none",
        ),
        (
            (
                "CREATE TABLE t (id INTEGER PRIMARY KEY, b)",
                "INSERT INTO t VALUES (1, 'a'), (2, CAST(x'ff' AS TEXT)), (3, 'c'), (4, CAST(x'fe' AS TEXT)), (5, 'e')",
            ),
            "UPDATE t SET b = b || 'x' WHERE id > 2",
            {"t": (0, 0, 3)},
            "texts that are none between others",
        ),
        (
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES (1, -1), (2, 0), (3, ''), (4, 1)"),
            "UPDATE t SET b = CASE id WHEN 1 THEN -2 WHEN 2 THEN NULL WHEN 3 THEN x'' ELSE 1.0 END",
            {"t": (0, 0, 4)},
            "values that Python takes for the same",
        ),
        (
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES (1, hex(zeroblob(500000)))"),
            "UPDATE t SET b = b || 'x'",
            {"t": (0, 0, 1)},
            "the end of a megabyte",
        ),
        (
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES (1, hex(zeroblob(5000)))"),
            "UPDATE t SET b = CAST(b AS BLOB)",
            {"t": (0, 0, 1)},
            "a long text that becomes the same bytes",
        ),
        (
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES (1, zeroblob(11000000))"),
            "UPDATE t SET b = 1",
            {},
            "a cell too long to be kept",
        ),
        (
            ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE VIEW v AS SELECT * FROM t"),
            "CREATE TRIGGER i INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.id); END; ",
            {},
            "a view has no rows of its own",
        ),
    ],
)
def test_whatever_tells_the_rows_apart(
    tmp_path: Path, tables: tuple[str, ...], change: str, expected: dict[str, tuple[int, int, int]], why: str
) -> None:
    assert counts(watched(tmp_path, send(change), tables)) == expected, why


def test_a_long_row_that_becomes_short_is_compared_cell_by_cell(tmp_path: Path) -> None:
    tables = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
        "INSERT INTO t VALUES (1, hex(zeroblob(50)), hex(zeroblob(500))), (2, hex(zeroblob(50)), hex(zeroblob(500)))",
    )
    run = watched(
        tmp_path, "    migrate(migrator.drop_column('t', 'b'))\n" + send("UPDATE t SET a = 1 WHERE id = 2"), tables
    )
    assert counts(run) == {"t": (0, 0, 1)}


def test_a_key_that_gets_another_type_still_names_its_row(tmp_path: Path) -> None:
    tables = ("CREATE TABLE t (id INT PRIMARY KEY, a)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    forward = "    migrate(migrator.alter_column_type('t', 'id', CharField()))\n"
    assert counts(watched(tmp_path, forward, tables)) == {"t": (0, 0, 2)}


def test_tables_with_too_many_rows_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "COUNT_LIMIT", 499)
    run = watched(tmp_path, send(LOWER, "CREATE TABLE club (id INTEGER PRIMARY KEY)"))
    assert counts(run) == {"club": (0, 0, 0)}


def test_what_comes_to_have_too_many_rows_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "COUNT_LIMIT", 501)
    assert counts(watched(tmp_path, send(INSERT))) == {}


def test_tables_with_too_many_cells_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_CELL_LIMIT", 3 * 500 - 1)
    assert counts(watched(tmp_path / "three", send(LOWER))) == {}
    drop = "    migrate(migrator.drop_column('player', 'name'))\n"
    assert counts(watched(tmp_path / "two", drop + send(LOWER))) == {"player": (0, 0, 2)}


def test_tables_with_too_much_to_read_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_MOST_READ", 100_000)
    tables = ("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "INSERT INTO t VALUES (1, zeroblob(99000)), (2, 1)")
    assert counts(watched(tmp_path / "less", send("UPDATE t SET a = 3 WHERE id = 2"), tables)) == {"t": (0, 0, 1)}
    more = (*tables, "INSERT INTO t VALUES (3, zeroblob(2000))")
    assert counts(watched(tmp_path / "more", send("UPDATE t SET a = 3 WHERE id = 2"), more)) == {}


def test_what_takes_too_much_memory_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_MEMORY_LIMIT", 200_000)
    second = tuple(sql.replace("player", "master") for sql in PLAYERS)
    run = watched(tmp_path, send(LOWER, LOWER.replace("player", "master")), (*PLAYERS, *second))
    assert counts(run) == {"player": (0, 0, 2)}


def test_filling_a_new_column_of_the_example_alters_no_row(tmp_path: Path) -> None:
    project = Project.open(copy_example(tmp_path))
    project.apply(to="load_olympiads")
    old, new = (
        "UPDATE player SET era = 'old' WHERE birth_year < 1950",
        "UPDATE player SET era = 'new' WHERE era IS NULL",
    )
    run = project.preview(HEAD + "def migrate_forward():\n" + ADD_ERA + send(old, new))
    (found,) = run.row_changes
    assert (found.table, found.added, found.removed, found.altered) == ("player", 0, 0, 0)
    before, after = run.samples("player")
    assert before.rows and before.row_keys() == after.row_keys()
    project.database.close()


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=100),
    st.binary(max_size=100),
)
TABLES = st.dictionaries(st.integers(0, 20), st.tuples(CELLS, CELLS), max_size=12)


@settings(max_examples=60, deadline=None)
@given(before=TABLES, after=TABLES)
def test_the_counts_are_those_of_two_dictionaries(
    before: dict[int, tuple[object, object]], after: dict[int, tuple[object, object]]
) -> None:
    database = peewee.SqliteDatabase(":memory:")
    database.execute_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b BLOB)")
    dialect = dialect_of(database)

    def fill(rows: dict[int, tuple[object, object]]) -> Table:
        database.execute_sql("DELETE FROM t")
        for key, cells in rows.items():
            database.execute_sql("INSERT INTO t VALUES (?, ?, ?)", (key, *cells))
        found = dialect.introspect(database).table("t")
        assert found is not None
        return found

    def seen(rows: dict[int, tuple[object, object]]) -> dict[int, tuple[tuple[type, object], ...]]:
        stored = database.execute_sql("SELECT * FROM t").fetchall()
        return {key: tuple((type(cell), cell) for cell in cells) for key, *cells in stored}

    start = fill(before)
    kept = dialect.keep_rows(database, start, start.column_names, 100, 1_000_000)
    old = seen(before)
    table = fill(after)
    new = seen(after)
    altered = sum(old[key] != new[key] for key in old.keys() & new.keys())
    expected = len(new.keys() - old.keys()), len(old.keys() - new.keys()), altered
    assert dialect.count_changes(database, kept, table, {}, 100) == expected
    database.close()
