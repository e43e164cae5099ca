"""A batch that drops columns writes its tables once, also where what goes is kept; and each value comes back."""

from __future__ import annotations

from typing import Any

import pytest
from projects import HEAD, config_of, open_project

from pwmig.dialects import dialect_of

TABLE = "CREATE TABLE player (id INTEGER PRIMARY KEY, a VARCHAR(20), b INTEGER, c INTEGER, d VARCHAR(20), e INTEGER)"
ROWS = [(n, f"a{n}", n * 10, n * 100, f"d{n}", n * 1000) for n in range(1, 6)]

# What is asked for, and the way back, of which each value has to come again.
BATCHES = {
    "among others": (
        """migrator.alter_column_type("player", "b", BigIntegerField(null=True)),
        migrator.drop_column("player", "a"),
        migrator.alter_column_type("player", "c", BigIntegerField(null=True)),
        migrator.drop_column("player", "d"),
        migrator.add_not_null("player", "e"),""",
        """migrator.drop_not_null("player", "e"),
        migrator.add_column("player", "d", CharField(20, null=True)),
        migrator.alter_column_type("player", "c", IntegerField(null=True)),
        migrator.add_column("player", "a", CharField(20, null=True)),
        migrator.alter_column_type("player", "b", IntegerField(null=True)),""",
    ),
    "behind a rename": (
        """migrator.rename_column("player", "b", "bonus"),
        migrator.add_column("player", "f", IntegerField(null=True)),
        migrator.drop_column("player", "a"),
        migrator.drop_column("player", "c"),
        migrator.alter_column_type("player", "e", BigIntegerField(null=True)),""",
        """migrator.alter_column_type("player", "e", IntegerField(null=True)),
        migrator.add_column("player", "c", IntegerField(null=True)),
        migrator.add_column("player", "a", CharField(20, null=True)),
        migrator.drop_column("player", "f"),
        migrator.rename_column("player", "bonus", "b"),""",
    ),
    "behind one that is renamed first": (
        """migrator.rename_column("player", "a", "alias"),
        migrator.drop_column("player", "alias"),
        migrator.drop_column("player", "c"),
        migrator.alter_column_type("player", "e", BigIntegerField(null=True)),""",
        """migrator.alter_column_type("player", "e", IntegerField(null=True)),
        migrator.add_column("player", "c", IntegerField(null=True)),
        migrator.add_column("player", "alias", CharField(20, null=True)),
        migrator.rename_column("player", "alias", "a"),""",
    ),
}
MIGRATION = HEAD + (
    "def migrate_forward():\n    migrate(\n        {}\n    )\n\n\n"
    "def migrate_backward():\n    migrate(\n        {}\n    )\n"
)


def _project(tmp_path: Any, database: Any, forward: str, backward: str) -> Any:
    database.execute_sql(TABLE)
    database.execute_sql("INSERT INTO player VALUES " + ", ".join(map(str, ROWS)))
    texts = {"batch": MIGRATION.format(forward, backward)}
    return open_project(tmp_path / "project", texts, config=config_of(database))


def _rows(database: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in database.execute_sql("SELECT id, a, b, c, d, e FROM player ORDER BY id").fetchall()]


def _writings(run: Any) -> int:
    """How often a run wrote the table anew, or altered it."""
    sent = [statement.sql.replace("`", '"') for statement in run.steps[0].statements]
    return sum(sql.startswith(('CREATE TABLE "pwmig_new', 'ALTER TABLE "player"')) for sql in sent)


@pytest.mark.parametrize(("forward", "backward"), BATCHES.values(), ids=BATCHES)
def test_each_value_comes_back_to_a_row_that_is_the_same(
    tmp_path: Any, any_database: Any, forward: str, backward: str
) -> None:
    project = _project(tmp_path, any_database, forward, backward)
    project.apply()
    run = project.revert()
    assert _rows(any_database) == ROWS
    restored = [(one.column, one.restored, one.changed) for one in run.steps[0].restored]
    assert sorted(restored)[:2] == sorted((column, 5, 0) for column, *_ in restored)[:2]
    assert len(restored) == 2


@pytest.mark.parametrize(("forward", "backward"), BATCHES.values(), ids=BATCHES)
def test_the_table_is_written_as_often_as_without_the_attic(
    tmp_path: Any, any_database: Any, forward: str, backward: str
) -> None:
    """On MariaDB, where each statement is for good, what goes is kept just before it goes."""
    project = _project(tmp_path, any_database, forward, backward)
    kept = _writings(project.rehearse())
    path = next((tmp_path / "project" / "db" / "migrations").glob("*_batch.py"))
    path.write_text("attic = False\n" + path.read_text())
    alone = _writings(project.rehearse())
    assert alone > 0
    assert kept == alone if dialect_of(any_database).name != "mysql" else kept > alone


@pytest.mark.parametrize("before", [
    'migrator.backfill("player", {"a": "filled"}, True)',
    'migrator.run_python(work)',
    'migrator.sql("UPDATE player SET a = \'filled\'")',
    'migrator.rename_table("player", "other"), migrator.rename_table("other", "player")',
])  # fmt: skip
def test_what_the_batch_itself_changes_first_is_kept_as_it_is_then(
    tmp_path: Any, any_database: Any, before: str
) -> None:
    work = "def work(database):\n    database.execute_sql(\"UPDATE player SET a = 'filled'\")\n\n\n"
    back = 'migrator.add_column("player", "a", CharField(20, null=True))'
    project = _project(tmp_path, any_database, f'{before}, migrator.drop_column("player", "a")', back)
    path = next((tmp_path / "project" / "db" / "migrations").glob("*_batch.py"))
    path.write_text(path.read_text().replace("def migrate_forward", work + "def migrate_forward"))
    filled = [a if "rename" in before else "filled" for _, a, *_ in ROWS]
    project.apply()
    project.revert()
    assert [a for _, a, *_ in _rows(any_database)] == ([a for _, a, *_ in ROWS] if "backfill" in before else filled)


ALL_THAT_TELLS = {
    "a rename": (
        'migrator.rename_column("pair", "x", "y"), migrator.drop_column("pair", "a")',
        'migrator.add_column("pair", "a", IntegerField(null=True)), migrator.rename_column("pair", "y", "x")',
    ),
    "a type": (
        'migrator.alter_column_type("pair", "x", BigIntegerField(null=True)), migrator.drop_column("pair", "a")',
        'migrator.add_column("pair", "a", IntegerField(null=True)), '
        'migrator.alter_column_type("pair", "x", IntegerField(null=True))',
    ),
}


@pytest.mark.parametrize(("forward", "backward"), ALL_THAT_TELLS.values(), ids=ALL_THAT_TELLS)
def test_without_a_key_what_the_batch_changes_may_be_all_that_tells_its_rows(
    tmp_path: Any, any_database: Any, forward: str, backward: str
) -> None:
    any_database.execute_sql("CREATE TABLE pair (x INTEGER, a INTEGER)")
    any_database.execute_sql("INSERT INTO pair VALUES (1, 10), (2, 20), (3, 30)")
    texts = {"batch": MIGRATION.format(forward, backward)}
    project = open_project(tmp_path / "project", texts, config=config_of(any_database))
    project.apply()
    (column,) = (column.name for column in any_database.get_columns("pair"))
    any_database.execute_sql("DELETE FROM pair")
    any_database.execute_sql(f"INSERT INTO pair ({column}) VALUES (3), (1), (2)")
    project.revert()
    found = any_database.execute_sql("SELECT x, a FROM pair ORDER BY x").fetchall()
    assert list(map(tuple, found)) == [(1, 10), (2, 20), (3, 30)]


REQUIRED = (
    "CREATE TABLE required (id INTEGER PRIMARY KEY, a VARCHAR(20) NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL, "
    "d INTEGER, e INTEGER, f VARCHAR(9))"
)
BACK = {name: f"""migrator.add_column("required", "{name}", IntegerField())""" for name in "bc"}
BACK["a"] = """migrator.add_column("required", "a", CharField(20))"""
DROP = """migrator.drop_column("required", "x")"""

# The way back, and how often it writes the table: SQLite's rebuilds, and ALTER TABLE on PostgreSQL and on MariaDB,
# where a drop has its own, which takes along what waits before it.
WAYS_BACK = {
    "a drop first": ([DROP, BACK["c"], BACK["b"], BACK["a"]], (1, 2, 3)),
    "a drop last": ([BACK["c"], BACK["b"], BACK["a"], DROP], (1, 2, 2)),
    "a drop between": ([BACK["c"], DROP, BACK["b"], BACK["a"]], (1, 2, 4)),
    "the first one first": ([DROP, BACK["a"], BACK["b"], BACK["c"]], (1, 2, 3)),
    "behind another change": (
        ["""migrator.alter_column_type("required", "f", CharField(9, null=True))""", *BACK.values(), DROP],
        (1, 2, 2),
    ),
    "behind what is kept at its turn": (
        ["""migrator.backfill("required", {"e": 7}, "id = 1")""", *BACK.values(), DROP], (2, 3, 2)
    ),
    "behind a rename": (
        ["""migrator.rename_column("required", "d", "dd"), migrator.rename_column("required", "dd", "d")""",
         BACK["c"], BACK["b"], BACK["a"], DROP],
        (1, None, None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS_BACK)
def test_columns_that_come_back_in_one_batch_are_one_statement(tmp_path: Any, any_database: Any, way: str) -> None:
    back, counts = WAYS_BACK[way]
    any_database.execute_sql(REQUIRED)
    rows = [(n, f"a{n}", n * 10, n * 100, n, n) for n in range(1, 6)]
    forward = """migrator.add_column("required", "x", IntegerField(default=1)), """
    forward += ", ".join(f"""migrator.drop_column("required", "{name}")""" for name in "abc") + ","
    if way == "behind another change":
        forward += """migrator.alter_column_type("required", "f", CharField(40, null=True)),"""
    any_database.execute_sql("INSERT INTO required (id, a, b, c, d, e) VALUES " + ", ".join(map(str, rows)))
    texts = {"batch": MIGRATION.format(forward, ", ".join(back))}
    project = open_project(tmp_path / "project", texts, config=config_of(any_database))
    before = project.schema().table("required")
    project.apply()
    any_database.execute_sql("UPDATE required SET x = id")
    run = project.revert()
    kind = dialect_of(any_database).name
    names = "id, a, b, c, d, e"
    found = any_database.execute_sql(f"SELECT {names} FROM required ORDER BY id").fetchall()
    filled = [(*rows[0][:5], 7), *rows[1:]] if "backfill" in back[0] else rows
    assert list(map(tuple, found)) == filled
    assert [(one.restored, one.unmatched) for one in run.steps[0].restored] == [(5, 0)] * 3
    after = project.schema().table("required")
    if kind == "postgresql":  # It can't place a column.
        assert sorted(after.columns, key=lambda one: one.name) == sorted(before.columns, key=lambda one: one.name)
    else:
        assert after == before
    sent = [statement.sql.replace("`", '"') for statement in run.steps[0].statements]
    writings = [sql for sql in sent if sql.startswith(('CREATE TABLE "pwmig_new', 'ALTER TABLE "required"'))]
    writings = [sql for sql in writings if "RENAME" not in sql]
    wanted = counts[["sqlite", "postgresql", "mysql"].index(kind)]
    assert wanted is None or len(writings) == wanted, writings
    project.apply()
    assert sorted(n for (n,) in any_database.execute_sql("SELECT x FROM required").fetchall()) == [1, 2, 3, 4, 5]


def test_a_batch_that_fails_at_its_end_and_is_caught_has_given_nothing_back(tmp_path: Any, any_database: Any) -> None:
    """What it was to add comes by another batch, or not at all."""
    back = ", ".join(f"""migrator.add_column("player", "{name}", IntegerField(null=True))""" for name in "cb")
    source = HEAD + (
        "def migrate_forward():\n"
        "    migrate(migrator.drop_column('player', 'b'), migrator.drop_column('player', 'c'))\n\n\n"
        "def migrate_backward():\n    try:\n"
        f"        migrate(migrator.add_constraint('player', 'low', Check('e < 2000')), {back})\n"
        "    except Exception:\n        pass\n"
        "    else:\n        raise AssertionError\n"
        "    migrate(migrator.add_column('player', 'b', IntegerField(null=True)))\n"
    )
    any_database.execute_sql(TABLE)
    any_database.execute_sql("INSERT INTO player VALUES " + ", ".join(map(str, ROWS)))
    project = open_project(tmp_path / "project", {"batch": source}, config=config_of(any_database))
    project.apply()
    run = project.revert()
    found = any_database.execute_sql("SELECT id, a, b, d, e FROM player ORDER BY id").fetchall()
    assert list(map(tuple, found)) == [(number, a, b, d, e) for number, a, b, _, d, e in ROWS]
    assert [(one.column, one.restored) for one in run.steps[0].restored] == [("b", 5)]
    assert [str(entry) for entry in project.attic()] == ["player.c, 5 rows"]
