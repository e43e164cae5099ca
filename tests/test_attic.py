"""What a migration takes away is kept, and going the other way puts it back, as a second connection sees it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import HEAD, open_project, run_cli, sql_migration, state, write_project

from pwmig.errors import MigrationFailed, PlanError
from pwmig.plan import Restored
from pwmig.project import Project

CREATE = sql_migration(
    'CREATE TABLE "player" (id INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(80) NOT NULL, note TEXT, born INT)',
    "DROP TABLE player",
)


def migration(forward: str, backward: str, above: str = "") -> str:
    """A migration of operations, a line each."""

    def body(lines: str) -> str:
        return "".join(f"    {line}\n" for line in lines.strip().splitlines())

    return f"{HEAD}{above}\ndef migrate_forward():\n{body(forward)}\ndef migrate_backward():\n{body(backward)}"


DROP_NAME = migration(
    "migrate(migrator.drop_column('player', 'name'))",
    "migrate(migrator.add_column('player', 'name', TextField(null=True)))",
)
DROP_REQUIRED = migration(
    "migrate(migrator.drop_column('player', 'name'))",
    "migrate(migrator.add_column('player', 'name', CharField(80)))",
)
PLAYERS = [(1, "one", "a", 1990), (2, "two", None, None), (3, "", "c", 1992)]


def run_on(root: Path, *statements: str, rows: Sequence[Sequence[Any]] = ()) -> list[tuple[Any, ...]]:
    """Statements by another connection; the rows of the last one."""
    with sqlite3.connect(root / "db" / "app.sqlite") as connection:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO player VALUES ({marks})", rows)
        found: list[tuple[Any, ...]] = []
        for sql in statements:
            found = connection.execute(sql).fetchall()
    connection.close()
    return found


def project_of(root: Path, source: str, create: str = CREATE, rows: Sequence[Sequence[Any]] = PLAYERS) -> Project:
    """A project with a table of players in it, and a migration that is pending."""
    project = open_project(root, {"create": create, "change": source})
    project.apply(steps=1)
    run_on(root, rows=rows)
    return project


def own_tables(root: Path) -> list[str]:
    names = run_on(root, "SELECT name FROM sqlite_master WHERE name LIKE 'pwmig_attic%' ORDER BY 1")
    return [name for (name,) in names]


def restored(project: Project) -> list[Restored]:
    return [done for step in project.revert().steps for done in step.restored]


def as_sets(rows: list[tuple[Any, ...]]) -> list[Any]:
    return sorted(rows, key=repr)


# -- columns


@pytest.mark.parametrize("source", [DROP_NAME, DROP_REQUIRED], ids=["may be null", "required"])
def test_a_dropped_column_comes_back_with_its_values(tmp_path: Path, source: str) -> None:
    project = project_of(tmp_path, source)
    before = run_on(tmp_path, "SELECT id, name, typeof(name), note, born FROM player")
    project.apply()
    assert own_tables(tmp_path) == ["pwmig_attic", "pwmig_attic_1"]
    assert restored(project) == [Restored("player", "name", 3)]
    assert run_on(tmp_path, "SELECT id, name, typeof(name), note, born FROM player") == before
    assert own_tables(tmp_path) == []
    not_null = run_on(tmp_path, "SELECT \"notnull\" FROM pragma_table_info('player') WHERE name = 'name'")
    assert not_null == [(int(source is DROP_REQUIRED),)]


def test_forward_and_backward_ten_times_gives_the_same_rows_and_leaves_nothing(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_NAME)
    for _ in range(10):
        project.apply()
        project.revert()
    assert as_sets(run_on(tmp_path, "SELECT id, name, note, born FROM player")) == as_sets(PLAYERS)
    assert own_tables(tmp_path) == []


@pytest.mark.parametrize(
    ("type_", "values"),
    {
        "integer": ("INT", [0, -(2**63), 2**63 - 1, None]),
        "real": ("REAL", [0.1, 1e300, float("inf"), None]),
        "text": ("TEXT", ["", "it's", "NULL", "\x00a", "é\n%s"]),
        "blob": ("BLOB", [b"", b"\x00\xff", "text", 1, 1.5, None]),
        "no type": ("", [b"1", "1", 1, 1.0, None]),
        "decimal": ("DECIMAL(10, 2)", ["1.50", 1.5, "abc", 10**15]),
        "bool": ("BOOL", [True, False, None]),
    }.values(),
)
def test_values_of_every_kind_come_back_as_they_were(tmp_path: Path, type_: str, values: list[Any]) -> None:
    create = sql_migration(f"CREATE TABLE player (id INTEGER PRIMARY KEY, x {type_})", "DROP TABLE player")
    add = sql_migration("SELECT 1", f"ALTER TABLE player ADD COLUMN x {type_}")
    back = add.partition("def migrate_backward")[2]
    source = migration("migrate(migrator.drop_column('player', 'x'))", "pass").partition("def migrate_backward")[0]
    project = project_of(tmp_path, f"{source}def migrate_backward{back}", create, list(enumerate(values)))
    before = run_on(tmp_path, "SELECT id, x, typeof(x) FROM player")
    project.apply()
    project.revert()
    assert run_on(tmp_path, "SELECT id, x, typeof(x) FROM player") == before


KEYS = {
    "composite": "(a INT, b TEXT, name TEXT, note TEXT, PRIMARY KEY (b, a))",
    "text key": "(a INT, b TEXT PRIMARY KEY, name TEXT, note TEXT)",
    "without rowid": "(a INT, b TEXT PRIMARY KEY, name TEXT, note TEXT) WITHOUT ROWID",
    "no key": "(a INT, b TEXT, name TEXT, note TEXT)",
    "autoincrement": "(a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT, name TEXT, note TEXT)",
    "strict": "(a INTEGER PRIMARY KEY, b TEXT, name TEXT, note TEXT) STRICT",
    "collated key": "(a INT, b TEXT COLLATE NOCASE PRIMARY KEY, name TEXT, note TEXT)",
    "column called rowid": "(rowid TEXT, b TEXT PRIMARY KEY, name TEXT, note TEXT)",
    "many columns": "(a INTEGER PRIMARY KEY, b TEXT, name TEXT, note TEXT, "
    + ", ".join(f"c{n} INT" for n in range(30))
    + ")",
    "generated": "(a INTEGER PRIMARY KEY, b TEXT, name TEXT, note TEXT, g TEXT AS (b || '!') STORED, h AS (a + 1))",
}


@pytest.mark.parametrize("table", KEYS.values(), ids=KEYS)
def test_rows_are_found_again_by_every_kind_of_key(tmp_path: Path, table: str) -> None:
    project = project_of(tmp_path, DROP_NAME, sql_migration(f"CREATE TABLE player {table}", "DROP TABLE player"), [])
    first = table[1:].split()[0]
    for number in range(4):
        run_on(
            tmp_path, f"INSERT INTO player ({first}, b, name, note) VALUES ({number}, 'k{number}', 'n{number}', NULL)"
        )
    columns = f"{first}, b, name, note"
    before = run_on(tmp_path, f"SELECT {columns} FROM player ORDER BY b")
    project.apply()
    assert [done.restored for done in restored(project)] == [4]
    assert run_on(tmp_path, f"SELECT {columns} FROM player ORDER BY b") == before


def test_rows_that_are_alike_but_for_the_dropped_cell_each_get_one_of_the_values(tmp_path: Path) -> None:
    create = sql_migration("CREATE TABLE player (name TEXT, note TEXT)", "DROP TABLE player")
    project = project_of(tmp_path, DROP_NAME, create, [("one", "x"), ("two", "x"), ("three", "x"), (None, "y")])
    project.apply()
    project.revert()
    assert run_on(tmp_path, "SELECT name, note FROM player ORDER BY rowid") == [
        *(("one", "x"), ("two", "x"), ("three", "x"), (None, "y"))
    ]


def test_user_triggers_do_not_fire_and_stay_as_they_were(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_NAME)
    run_on(
        tmp_path,
        "CREATE TABLE audit (what TEXT)",
        "CREATE TRIGGER noted AFTER UPDATE ON player BEGIN INSERT INTO audit VALUES ('updated'); END",
    )
    triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    before = run_on(tmp_path, triggers)
    project.apply()
    project.revert()
    assert run_on(tmp_path, "SELECT * FROM audit") == [] and run_on(tmp_path, triggers) == before


# -- rows that have changed, gone or appeared since


def test_what_happened_to_the_rows_since_is_told(tmp_path: Path) -> None:
    rows = [(number, f"n{number}", "x", 1990) for number in range(1, 7)]
    project = project_of(tmp_path, DROP_NAME, rows=rows)
    project.apply()
    run_on(
        tmp_path,
        "UPDATE player SET note = 'other' WHERE id = 2",
        "DELETE FROM player WHERE id IN (3, 6)",
        "INSERT INTO player (note, born) VALUES ('another row', 1)",  # SQLite gives the key 6 again.
        "INSERT INTO player (note, born) VALUES ('newer', 2)",
    )
    assert restored(project) == [Restored("player", "name", 4, changed=1, gone=1, doubtful=1, lacking=1)]
    names = run_on(tmp_path, "SELECT id, name FROM player ORDER BY id")
    assert names == [(1, "n1"), (2, "n2"), (4, "n4"), (5, "n5"), (6, None), (7, None)]
    assert [(entry.row_count, entry.in_words) for entry in project.attic()] == [(2, "player.name")]
    assert [done.restored for done in project.restore("change", doubtful=True)] == [1]
    assert run_on(tmp_path, "SELECT name FROM player WHERE id = 6") == [("n6",)]


def test_a_required_column_that_newer_rows_lack_asks_for_a_fill(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_REQUIRED)
    project.apply()
    run_on(tmp_path, "INSERT INTO player (id, note) VALUES (9, 'newer')")
    after = state(tmp_path / "db" / "app.sqlite")
    with pytest.raises(MigrationFailed, match="1 row has no value") as caught:
        project.revert()
    assert "default in the field" in caught.value.way_out
    assert state(tmp_path / "db" / "app.sqlite") == after and len(own_tables(tmp_path)) == 2


def test_a_default_fills_newer_rows_and_no_others(tmp_path: Path) -> None:
    source = DROP_REQUIRED.replace("CharField(80)", "CharField(80, default='?')")
    project = project_of(tmp_path, source)
    project.apply()
    run_on(tmp_path, "INSERT INTO player (id, note) VALUES (9, 'newer')")
    assert restored(project) == [Restored("player", "name", 3, lacking=1)]
    assert run_on(tmp_path, "SELECT id, name FROM player") == [(1, "one"), (2, "two"), (3, ""), (9, "?")]


def test_a_default_of_a_kind_that_needs_the_database_fills_newer_rows_too(tmp_path: Path) -> None:
    create = sql_migration("CREATE TABLE player (id INTEGER PRIMARY KEY, x BLOB NOT NULL)", "DROP TABLE player")
    source = migration(
        "migrate(migrator.drop_column('player', 'x'))",
        "migrate(migrator.add_column('player', 'x', BlobField(default=lambda: b'new')))",
    )
    project = project_of(tmp_path, source, create, [(1, b"one")])
    project.apply()
    run_on(tmp_path, "INSERT INTO player (id) VALUES (2)")
    assert restored(project) == [Restored("player", "x", 1, lacking=1)]
    assert run_on(tmp_path, "SELECT id, x FROM player") == [(1, b"one"), (2, b"new")]


def test_a_value_that_was_written_since_stays(tmp_path: Path) -> None:
    back = "database.execute_sql('ALTER TABLE player ADD COLUMN name TEXT')\n" + (
        "database.execute_sql(\"UPDATE player SET name = 'by hand' WHERE id = 1\")"
    )
    project = project_of(tmp_path, migration("migrate(migrator.drop_column('player', 'name'))", back))
    project.apply()
    assert restored(project) == [Restored("player", "name", 2, newer=1)]
    assert run_on(tmp_path, "SELECT id, name FROM player") == [(1, "by hand"), (2, "two"), (3, "")]


def test_a_data_step_that_follows_reads_the_values_that_are_back(tmp_path: Path) -> None:
    back = (
        "migrate(migrator.add_column('player', 'name', CharField(80, null=True)))\n"
        "database.execute_sql(\"UPDATE player SET note = name || '!'\")"
    )
    project = project_of(tmp_path, migration("migrate(migrator.drop_column('player', 'name'))", back))
    project.apply()
    project.revert()
    assert run_on(tmp_path, "SELECT note FROM player ORDER BY id") == [("one!",), ("two!",), ("!",)]


CHANGES = st.lists(
    st.tuples(st.sampled_from(("insert", "update", "delete")), st.integers(1, 8), st.text("ab", max_size=2)), max_size=8
)


@settings(deadline=None)
@given(
    rows=st.dictionaries(
        st.integers(1, 8), st.tuples(st.text("xy", max_size=3), st.text("ab", max_size=2)), min_size=1
    ),
    changes=CHANGES,
    key=st.sampled_from(("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER PRIMARY KEY", "VARCHAR(9) PRIMARY KEY")),
)
def test_each_value_is_back_in_its_row_or_still_in_the_attic(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[int, Any], changes: list[Any], key: str
) -> None:
    """Whatever happens in between: a row that was never deleted has its value, and none has another row's."""
    root = tmp_path_factory.mktemp("between")
    create = sql_migration(f"CREATE TABLE player (id {key}, name TEXT, note TEXT)", "DROP TABLE player")
    project = project_of(root, DROP_NAME, create, [(number, *row) for number, row in rows.items()])
    project.apply()
    alive = {str(number) for number in rows}
    for what, number, text in changes:
        if what == "insert":
            run_on(
                root,
                f"INSERT OR IGNORE INTO player (note{'' if 'INT' in key else ', id'}) VALUES ('{text}'"
                + ("" if "INT" in key else f", 'new{number}'")
                + ")",
            )
        elif what == "update":
            run_on(root, f"UPDATE player SET note = '{text}' WHERE id = {number}")
        else:
            run_on(root, f"DELETE FROM player WHERE id = {number}")
            alive.discard(str(number))
    (done,) = restored(project)
    names = {str(number): name for number, name in run_on(root, "SELECT id, name FROM player")}
    left = {
        str(number): name
        for number, name in (run_on(root, "SELECT k0, v0 FROM pwmig_attic_1") if done.unmatched else [])
    }
    assert done.restored + done.unmatched == len(rows) and len(left) == done.unmatched
    for number, (name, _) in rows.items():
        back = str(number)
        if back in left:
            assert left[back] == name
            assert back not in alive or (done.doubtful and "AUTO" not in key and "INTEGER" in key)
        else:
            assert names[back] == name
            # A row that took a key again could only be taken for the old one where it has the same cells.
            assert back in alive or "AUTO" not in key
    assert all(name is None for number, name in names.items() if number not in {str(n) for n in rows})


SPLIT = migration(
    """migrate(migrator.create_table("country", {"id": AutoField(), "title": CharField(80)}))
database.execute_sql("INSERT INTO country (title) SELECT DISTINCT note FROM player WHERE note IS NOT NULL ORDER BY 1")
migrate(migrator.add_column("player", "country_id", IntegerField(null=True)))
database.execute_sql("UPDATE player SET country_id = (SELECT id FROM country WHERE title = note)")
migrate(migrator.drop_column("player", "note"), migrator.drop_column("player", "born"))
migrate(migrator.rename_table("player", "master"))""",
    """migrate(migrator.rename_table("master", "player"))
migrate(migrator.add_column("player", "note", TextField(null=True)))
migrate(migrator.add_column("player", "born", IntegerField(null=True)))
migrate(migrator.drop_column("player", "country_id"))
migrate(migrator.drop_table("country"))""",
)


def test_a_column_that_was_split_off_comes_back_and_goes_again(tmp_path: Path) -> None:
    project = project_of(tmp_path, SPLIT)
    for _ in range(3):
        project.apply()
        assert run_on(tmp_path, "SELECT id, country_id FROM master ORDER BY id") == [(1, 1), (2, None), (3, 2)]
        assert run_on(tmp_path, "SELECT title FROM country ORDER BY id") == [("a",), ("c",)]
        project.revert()
        assert run_on(tmp_path, "SELECT id, name, note, born FROM player ORDER BY id") == PLAYERS


@pytest.mark.parametrize("key", ["INTEGER NOT NULL PRIMARY KEY", "INT"], ids=["key", "no key"])
@pytest.mark.parametrize("order", [1, -1])
def test_columns_that_go_together_come_back_in_any_order(tmp_path: Path, key: str, order: int) -> None:
    create = sql_migration(f"CREATE TABLE player (id {key}, name TEXT, note TEXT, born INT)", "DROP TABLE player")
    drops = ", ".join(f"migrator.drop_column('player', {name!r})" for name in ("name", "note", "born"))
    adds = ", ".join(
        f"migrator.add_column('player', {name!r}, {'Integer' if name == 'born' else 'Text'}Field(null=True))"
        for name in ("name", "note", "born")[::order]
    )
    project = project_of(tmp_path, migration(f"migrate({drops})", f"migrate({adds})"), create)
    project.apply()
    assert [(done.restored, done.changed) for done in restored(project)] == [(3, 0)] * 3
    assert run_on(tmp_path, "SELECT id, name, note, born FROM player ORDER BY id") == PLAYERS


def test_a_row_is_recognised_though_the_migration_has_changed_its_cells(tmp_path: Path) -> None:
    """What is changed after the drop is not put back before what was dropped."""
    source = migration(
        "migrate(migrator.drop_column('player', 'name'))\n"
        "migrate(migrator.alter_column_type('player', 'note', CharField(1), cast='substr(note, 1, 1)'), "
        "migrator.backfill('player', {'born': 2000}, where=True))",
        "migrate(migrator.alter_column_type('player', 'note', TextField()))\n"
        "migrate(migrator.add_column('player', 'name', CharField(80)))",
    )
    rows = [(1, "one", "long", 1990), (2, "two", "longer", None), (3, "", "longest", 1992)]
    project = project_of(tmp_path, source, rows=rows)
    project.apply()
    assert [(done.column, done.restored, done.changed) for done in restored(project)] == [
        ("name", 3, 0),
        ("born", 3, 0),
        ("note", 3, 0),
    ]
    assert run_on(tmp_path, "SELECT id, name, note, born FROM player") == rows


NEW = {
    "a column": (
        "migrator.add_column('player', 'level', IntegerField(null=True)), migrator.backfill('player', {'level': 1})",
        [],
    ),
    "of a default": ("migrator.add_column('player', 'level', IntegerField(default=1))", []),
    "a table": (
        "migrator.create_table('made', {'id': AutoField(), 'level': IntegerField(null=True)}), "
        "migrator.sql('INSERT INTO made (id) VALUES (1)'), migrator.backfill('made', {'level': 1})",
        ["made.level"],
    ),
    "another's name": (
        "migrator.add_column('player', 'x', IntegerField(null=True)), migrator.drop_column('player', 'x'), "
        "migrator.rename_column('player', 'note', 'x'), migrator.backfill('player', {'x': 1}, where=True)",
        ["player.x", "player.x"],
    ),
    "one that was there": ("migrator.backfill('player', {'note': 'n'})", ["player.note"]),
}


@pytest.mark.parametrize("case", NEW)
def test_what_fills_a_column_that_came_with_the_migration_takes_nothing_away(tmp_path: Path, case: str) -> None:
    operations, kept = NEW[case]
    project = project_of(tmp_path, migration(f"migrate({operations})", "pass"))
    steps = project.apply().steps
    assert [f"{one.table}.{one.column}" for step in steps for one in step.kept] == kept


# -- add_column, reverted


ADD_LEVEL = migration(
    "migrate(migrator.add_column('player', 'level', IntegerField(default=1)))",
    "migrate(migrator.drop_column('player', 'level'))",
)


def test_reverting_an_add_column_keeps_its_values_for_the_next_forward(tmp_path: Path) -> None:
    project = project_of(tmp_path, ADD_LEVEL)
    project.apply()
    run_on(tmp_path, "UPDATE player SET level = 7 WHERE id = 2")
    project.revert()
    assert [(entry.direction, entry.in_words) for entry in project.attic()] == [("backward", "player.level")]
    run_on(tmp_path, "INSERT INTO player (id, name) VALUES (9, 'newer')")
    run = project.apply()
    assert run.steps[0].restored == (Restored("player", "level", 3, lacking=1),)
    assert run_on(tmp_path, "SELECT id, level FROM player") == [(1, 1), (2, 7), (3, 1), (9, 1)]
    assert own_tables(tmp_path) == []


# -- what an operation changes


def change(forward: str, backward: str = "pass") -> str:
    return migration(forward, backward)


NARROWED = change(
    "migrate(migrator.alter_column_type('player', 'x', IntegerField(null=True), cast='CAST(round(x) AS INTEGER)'))",
    "migrate(migrator.alter_column_type('player', 'x', FloatField(null=True)))",
)
FILLED = change(
    "migrate(migrator.apply_default('player', 'x', FloatField(default=7.5)))",
    "migrate(migrator.drop_not_null('player', 'x'))",
)
CREATE_X = sql_migration("CREATE TABLE player (id INTEGER PRIMARY KEY, x REAL)", "DROP TABLE player")


def test_what_a_narrowing_takes_comes_back(tmp_path: Path) -> None:
    rows = [(1, 1.25), (2, 2.0), (3, None), (4, 4.75)]
    project = project_of(tmp_path, NARROWED, CREATE_X, rows)
    run = project.apply()
    assert [str(kept) for kept in run.steps[0].kept] == ["what player.x held before, in 3 rows"]
    assert run_on(tmp_path, "SELECT x FROM player") == [(1,), (2,), (None,), (5,)]
    (done,) = restored(project)
    assert (done.restored, done.newer) == (3, 0)
    assert run_on(tmp_path, "SELECT id, x FROM player") == rows
    assert [entry.direction for entry in project.attic()] == []


def test_what_was_written_after_a_narrowing_stays(tmp_path: Path) -> None:
    project = project_of(tmp_path, NARROWED, CREATE_X, [(1, 1.25), (2, 2.5), (3, 3.5)])
    project.apply()
    run_on(tmp_path, "UPDATE player SET x = 100 WHERE id = 2")
    (done,) = restored(project)
    assert (done.restored, done.newer) == (2, 1)
    assert run_on(tmp_path, "SELECT id, x FROM player") == [(1, 1.25), (2, 100.0), (3, 3.5)]


def test_which_rows_were_null_before_a_fill_is_known(tmp_path: Path) -> None:
    rows = [(1, 1.25), (2, None), (3, None)]
    project = project_of(tmp_path, FILLED, CREATE_X, rows)
    project.apply()
    filled = run_on(tmp_path, "SELECT id, x FROM player")
    assert filled[1:] == [(2, 7.5), (3, 7.5)]
    run_on(tmp_path, "UPDATE player SET x = 3 WHERE id = 3")
    project.revert()
    assert run_on(tmp_path, "SELECT id, x FROM player") == [(1, 1.25), (2, None), (3, 3.0)]


def test_a_change_of_type_that_changes_no_value_keeps_nothing(tmp_path: Path) -> None:
    source = change("migrate(migrator.alter_column_type('player', 'x', DoubleField(null=True)))")
    project = project_of(tmp_path, source, CREATE_X, [(1, 1.25)])
    assert project.apply().steps[0].kept == () and own_tables(tmp_path) == []


# -- tables

DROP_TABLE = migration(
    "migrate(migrator.drop_table('player'))",
    "migrate(migrator.create_table('player', {'id': AutoField(), 'name': CharField(80), 'note': TextField(null=True), "
    "'born': IntegerField(null=True)}))",
)


def test_a_dropped_table_comes_back_with_rows_indexes_and_triggers(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_TABLE)
    run_on(
        tmp_path,
        "CREATE INDEX by_born ON player (born DESC) WHERE born > 0",
        "CREATE TABLE audit (what TEXT)",
        "CREATE TRIGGER came AFTER INSERT ON player BEGIN INSERT INTO audit VALUES ('came'); END",
    )
    before = state(tmp_path / "db" / "app.sqlite")
    project.apply()
    assert "player" not in {row[1] for row in state(tmp_path / "db" / "app.sqlite")}
    assert restored(project) == [Restored("player", None, 3)]
    after = state(tmp_path / "db" / "app.sqlite")
    assert [row for row in after if row[1] != "player"] == [row for row in before if row[1] != "player"]
    assert own_tables(tmp_path) == []


def test_the_mark_of_autoincrement_goes_on_where_it_stood(tmp_path: Path) -> None:
    create = sql_migration("CREATE TABLE player (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)", "DROP TABLE player")
    back = sql_migration("x", "CREATE TABLE player (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)")
    source = (
        DROP_TABLE.partition("def migrate_backward")[0]
        + "def migrate_backward"
        + back.partition("def migrate_backward")[2]
    )
    project = project_of(tmp_path, source, create, [(1, "a"), (90, "b")])
    run_on(tmp_path, "DELETE FROM player WHERE id = 90")
    project.apply()
    project.revert()
    run_on(tmp_path, "INSERT INTO player (name) VALUES ('next')")
    assert run_on(tmp_path, "SELECT id FROM player") == [(1,), (91,)]


def test_rows_of_a_table_without_key_keep_their_rowids(tmp_path: Path) -> None:
    create = sql_migration("CREATE TABLE player (name TEXT)", "DROP TABLE player")
    source = migration(
        "migrate(migrator.drop_table('player'))",
        "migrate(migrator.create_table('player', {'name': TextField(null=True)}))",
    )
    project = project_of(tmp_path, source, create, [("a",), ("b",), ("c",)])
    run_on(tmp_path, "DELETE FROM player WHERE name = 'b'")
    project.apply()
    project.revert()
    assert run_on(tmp_path, "SELECT rowid, name FROM player") == [(1, "a"), (3, "c")]


def test_rows_that_the_way_back_loads_itself_are_not_overwritten(tmp_path: Path) -> None:
    back = (
        "database.execute_sql('CREATE TABLE player (id INTEGER PRIMARY KEY, name TEXT, note TEXT, born INT)')\n"
        "database.execute_sql(\"INSERT INTO player (id, name) VALUES (2, 'by hand')\")"
    )
    project = project_of(tmp_path, migration("migrate(migrator.drop_table('player'))", back))
    project.apply()
    assert restored(project) == [Restored("player", None, 2, newer=1)]
    assert run_on(tmp_path, "SELECT id, name FROM player") == [(1, "one"), (2, "by hand"), (3, "")]
    assert [entry.row_count for entry in project.attic()] == [1]


def test_tables_that_refer_to_each_other_come_back(tmp_path: Path) -> None:
    source = migration(
        "migrate(migrator.drop_table('goal'), migrator.drop_table('player'))",
        "database.execute_sql('CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, "
        "note TEXT, born INT)')\ndatabase.execute_sql('CREATE TABLE goal (id INTEGER PRIMARY KEY, player_id INT "
        "NOT NULL REFERENCES player (id) ON DELETE CASCADE)')",
    )
    project = project_of(tmp_path, source)
    run_on(
        tmp_path,
        "CREATE TABLE goal (id INTEGER PRIMARY KEY, player_id INT NOT NULL REFERENCES player (id) ON DELETE CASCADE)",
        "INSERT INTO goal VALUES (1, 2), (2, 2)",
    )
    project.apply()
    assert {(done.table, done.restored) for done in restored(project)} == {("player", 3), ("goal", 2)}
    assert run_on(tmp_path, "PRAGMA foreign_key_check") == []


# -- nothing to pay for whoever drops nothing


def test_a_migration_that_drops_nothing_makes_nothing(tmp_path: Path) -> None:
    project = project_of(tmp_path, ADD_LEVEL)
    project.apply()
    assert own_tables(tmp_path) == [] and project.attic() == ()


def test_the_migrator_used_alone_keeps_nothing(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_NAME)
    from pwmig import Migrator

    migrator = Migrator.from_database(project.database)
    migrator.migrate(migrator.drop_column("player", "name"))
    project.database.close()
    assert own_tables(tmp_path) == []


def test_a_failing_migration_leaves_no_attic(tmp_path: Path) -> None:
    source = DROP_NAME.replace("'player', 'name'))\n", "'player', 'name'))\n    raise ValueError('no')\n", 1)
    project = project_of(tmp_path, source)
    before = state(tmp_path / "db" / "app.sqlite")
    with pytest.raises(MigrationFailed):
        project.apply()
    assert state(tmp_path / "db" / "app.sqlite") == before and own_tables(tmp_path) == []


# -- erasure, and the limit


@pytest.mark.parametrize(
    "source",
    [
        DROP_NAME.replace("drop_column('player', 'name')", "drop_column('player', 'name', attic=False)"),
        DROP_NAME.replace("\ndef migrate_forward", "\nattic = False\n\ndef migrate_forward"),
        DROP_TABLE.replace("drop_table('player')", "drop_table('player', attic=False)"),
    ],
    ids=["operation", "migration", "table"],
)
def test_what_is_to_be_erased_is_not_kept(tmp_path: Path, source: str) -> None:
    project = project_of(tmp_path, source)
    run = project.apply()
    assert own_tables(tmp_path) == [] and run.steps[0].kept == ()
    if "attic=False" in source:
        assert "attic=False" in run.steps[0].operations[0]
    project.revert()


def test_a_project_can_have_no_attic(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pwmig]\nattic = false\n")
    project = project_of(tmp_path, DROP_NAME)
    project.apply()
    assert own_tables(tmp_path) == []


@pytest.mark.parametrize("limit", ["2 rows", "10 b"])
def test_more_than_the_limit_is_refused_before_anything_is_done(tmp_path: Path, limit: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.pwmig]\nattic_limit = "{limit}"\n')
    project = project_of(tmp_path, DROP_NAME)
    before = state(tmp_path / "db" / "app.sqlite")
    with pytest.raises(MigrationFailed, match="the attic would have to keep") as caught:
        project.apply()
    assert limit in str(caught.value) and "attic=False" in caught.value.way_out
    assert state(tmp_path / "db" / "app.sqlite") == before


# -- nobody sees it


def test_snapshots_diffs_and_check_do_not_see_it(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_NAME)
    project.apply()
    assert own_tables(tmp_path) == ["pwmig_attic", "pwmig_attic_1"]
    assert project.schema().table_names == ("player",) and project.diff("history", "live") == ()
    assert [rows.table for rows in project.snapshot().rows] == ["player"]


def test_a_rehearsal_works_on_the_copy_and_says_what_is_kept(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_NAME)
    forward = project.rehearse()
    assert [(str(loss), loss.kept) for loss in forward.losses] == [("the values of player.name in 3 rows", True)]
    assert own_tables(tmp_path) == []
    project.apply()
    backward = project.rehearse(backward=True)
    assert backward.losses == () and backward.steps[0].restored == (Restored("player", "name", 3),)
    assert own_tables(tmp_path) == ["pwmig_attic", "pwmig_attic_1"]


def test_a_watched_run_counts_the_rows_of_a_table_that_is_kept(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_TABLE)
    run = project.apply(watch=True)
    assert [(change.table, change.removed) for change in run.row_changes] == [("player", 3)]
    assert run.before is not None
    rows = run.before.table_rows("player")
    assert rows is not None and rows.row_count == 3


# -- the command


def cli_project(root: Path) -> Path:
    write_project(root, {"create": CREATE, "change": DROP_NAME})
    run_cli(root, "migrate", "--steps", "1")
    run_on(root, rows=PLAYERS)
    assert "the attic keeps the values of player.name in 3 rows" in run_cli(root, "migrate").stdout
    return root


def test_attic_lists_what_it_keeps(tmp_path: Path) -> None:
    cli_project(tmp_path)
    done = run_cli(tmp_path, "attic")
    assert done.returncode == 0 and "player.name  3 rows" in done.stdout and "20250101_000001_change" in done.stdout
    (told,) = json.loads(run_cli(tmp_path, "attic", "list", "--json").stdout)["attic"]
    assert (told["migration"], told["table"], told["columns"], told["row_count"]) == (
        *("20250101_000001_change", "player", ["name"]),
        3,
    )
    back = run_cli(tmp_path, "migrate", "--backward")
    assert "from the attic: the values of player.name in 3 rows put back" in back.stdout
    assert "the attic is empty" in run_cli(tmp_path, "attic").stdout


def test_attic_list_writes_nothing(tmp_path: Path) -> None:
    write_project(tmp_path, {"create": CREATE})
    assert run_cli(tmp_path, "attic").returncode == 0 and not (tmp_path / "db" / "app.sqlite").exists()


def test_attic_purge_lets_go_of_it(tmp_path: Path) -> None:
    cli_project(tmp_path)
    asked = run_cli(tmp_path, "attic", "purge", "change")
    assert asked.returncode == 2 and "--yes" in asked.stderr and len(own_tables(tmp_path)) == 2
    assert run_cli(tmp_path, "attic", "purge").returncode == 2
    done = run_cli(tmp_path, "attic", "purge", "change", "--yes")
    assert done.returncode == 0 and "purged 1: player.name" in done.stdout and own_tables(tmp_path) == []
    assert run_cli(tmp_path, "attic", "purge", "--all", "--yes").returncode == 0


def test_attic_purge_tells_of_places_that_it_lets_go_of(tmp_path: Path) -> None:
    """A column of a table without rows leaves nothing but where it stood, which is no loss to be asked about."""
    dropped = migration("migrate(migrator.drop_column('player', 'name'))", "pass")
    open_project(tmp_path, {"create": CREATE, "change": dropped}).apply()
    done = run_cli(tmp_path, "attic", "purge", "--all")
    assert done.returncode == 0 and done.stdout == "purged 1: player.name, of which only its place was kept\n"
    assert own_tables(tmp_path) == [] and run_cli(tmp_path, "attic", "purge", "--all").stdout == "the attic is empty\n"


def test_attic_purge_by_id_needs_no_question(tmp_path: Path) -> None:
    cli_project(tmp_path)
    assert run_cli(tmp_path, "attic", "purge", "1").returncode == 0 and own_tables(tmp_path) == []


def test_attic_restore_puts_back_where_nothing_stands(tmp_path: Path) -> None:
    cli_project(tmp_path)
    refused = run_cli(tmp_path, "attic", "restore", "change")
    assert refused.returncode == 2 and "no such column now" in refused.stderr
    run_on(tmp_path, "ALTER TABLE player ADD COLUMN name TEXT", "UPDATE player SET name = 'newer' WHERE id = 1")
    done = run_cli(tmp_path, "attic", "restore", "change")
    assert done.returncode == 1 and "2 rows put back" in done.stdout and "newer" in done.stdout
    assert run_on(tmp_path, "SELECT name FROM player ORDER BY id") == [("newer",), ("two",), ("",)]


def test_what_is_not_there_can_not_be_asked_for(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_NAME)
    with pytest.raises(PlanError, match="holds nothing"):
        project.attic("nothing")


def test_what_is_kept_refers_to_nothing(tmp_path: Path) -> None:
    """Else rows that a dropped table referred to could never go."""
    source = migration("migrate(migrator.drop_table('goal'))", "pass")
    project = project_of(tmp_path, source)
    run_on(
        tmp_path,
        "CREATE TABLE goal (id INTEGER PRIMARY KEY, player_id INT REFERENCES player (id) ON DELETE CASCADE)",
        "INSERT INTO goal VALUES (1, 2)",
    )
    project.apply()
    run_on(tmp_path, "PRAGMA foreign_keys = ON", "DELETE FROM player")
    assert [entry.row_count for entry in project.attic()] == [1]
    assert run_on(tmp_path, "SELECT * FROM pwmig_attic_1") == [(1, 2)]


def test_hostile_names(tmp_path: Path) -> None:
    source = migration(
        "migrate(migrator.drop_column('we\"ir`d ?%s', 'va\\'l\"u`e ?%s'))",
        "migrate(migrator.add_column('we\"ir`d ?%s', 'va\\'l\"u`e ?%s', TextField(null=True)))",
    )
    table, column = '"we""ir`d ?%s"', '"va\'l""u`e ?%s"'
    project = project_of(tmp_path, source, rows=[])
    run_on(
        tmp_path,
        f'CREATE TABLE {table} (id INTEGER PRIMARY KEY, {column} TEXT, "o%th?er" TEXT)',
        f"INSERT INTO {table} VALUES (1, 'it''s', 'x'), (2, NULL, NULL)",
    )
    project.apply()
    assert [done.restored for done in restored(project)] == [2]
    assert run_on(tmp_path, f"SELECT id, {column} FROM {table}") == [(1, "it's"), (2, None)]


def test_a_table_comes_back_under_a_name_that_another_one_had_meanwhile(tmp_path: Path) -> None:
    taken_over = migration(
        "migrate(migrator.drop_table('player'), migrator.rename_table('club', 'player'))",
        "migrate(migrator.rename_table('player', 'club'), migrator.create_table('player', {'id': AutoField(), "
        "'name': CharField(80), 'note': TextField(null=True), 'born': IntegerField(null=True)}))",
    )
    create = sql_migration("CREATE TABLE club (id INTEGER PRIMARY KEY, title TEXT)", "DROP TABLE club")
    player = CREATE.replace("(id", '("id"').replace(" note", ' "note"').replace("born INT)", '"born" INTEGER)')
    project = open_project(tmp_path, {"create": player, "club": create, "change": taken_over})
    project.apply(steps=2)
    run_on(tmp_path, rows=PLAYERS)
    run_on(tmp_path, "INSERT INTO club (title) VALUES ('Ajax')")
    before = state(tmp_path / "db" / "app.sqlite")
    project.apply()
    assert [(done.table, done.restored) for done in project.revert().steps[0].restored] == [("player", 3)]
    assert state(tmp_path / "db" / "app.sqlite") == before
