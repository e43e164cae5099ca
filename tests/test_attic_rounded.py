"""What comes back to a column of another type, which makes another value of it, stays in the attic too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import run_cli
from test_attic import migration
from test_attic_newer import project_on, restored, rows

from pwmig.plan import Restored

KEYS = {"key": "id INTEGER NOT NULL PRIMARY KEY, ", "no key": "id INTEGER, "}
NARROWER = {
    "numbers": ("DECIMAL(12,6)", ["1.234567", "1.500000", "NULL"], "DecimalField(10, 2, null=True)"),
    "times": (
        "TIMESTAMP(6) NULL",
        ["'2020-01-01 10:11:12.654321'", "'2020-01-01 10:11:12'", "NULL"],
        "DateTimeField(null=True)",
    ),
    "texts": ("VARCHAR(20)", ["'007'", "'7'", "NULL"], "IntegerField(null=True)"),
    "wider": ("INTEGER", ["NULL", "7", "9"], "DecimalField(10, 2, null=True)"),
}
APPLIES = [("numbers", "mariadb"), ("numbers", "postgres"), ("times", "mariadb"), ("texts", "mariadb")]
APPLIES += [("texts", "sqlite"), ("wider", "mariadb"), ("wider", "postgres"), ("wider", "sqlite")]


@pytest.fixture(params=APPLIES, ids="-".join)
def narrower(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A database, a type of a column and some values, and a field that has not room for the first of them."""
    what, kind = request.param
    if kind != "sqlite":
        yield request.getfixturevalue(kind), what
        return
    database = peewee.SqliteDatabase(tmp_path / "any.sqlite")
    with database.connection_context():
        yield database, what


def setup(key: str, type_: str, values: list[str]) -> list[str]:
    rows = ", ".join(f"({n}, {value}, 'row {n}')" for n, value in enumerate(values, 1))
    return [f"CREATE TABLE t ({KEYS[key]}p {type_}, o VARCHAR(20))", f"INSERT INTO t (id, p, o) VALUES {rows}"]


@pytest.mark.parametrize("key", KEYS)
def test_a_column_that_is_narrower(tmp_path: Path, narrower: Any, key: str) -> None:
    database, what = narrower
    type_, values, field = NARROWER[what]
    lost = int(what != "wider")
    source = migration("migrate(migrator.drop_column('t', 'p'))", f"migrate(migrator.add_column('t', 'p', {field}))")
    project = project_on(database, tmp_path, source, *setup(key, type_, values))
    project.apply()
    assert restored(project) == [Restored("t", "p", 3, rounded=lost)]
    assert [str(left) for left in project.attic()] == ["t.p, 1 row"] * lost
    if lost:  # By hand, once there is room for it.
        assert rows(database, "SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]
        database.execute_sql("ALTER TABLE t DROP COLUMN p")
        database.execute_sql(f"ALTER TABLE t ADD p {type_}")
        assert project.restore("change") == (Restored("t", "p", 1),)
        value = "TRIM(CAST(p AS CHAR(26)))"
        assert rows(database, f"SELECT {value} FROM t WHERE id = 1") == [(values[0].strip("'"),)]


@pytest.mark.parametrize("key", KEYS)
def test_a_table_with_a_narrower_column(tmp_path: Path, narrower: Any, key: str) -> None:
    database, what = narrower
    type_, values, field = NARROWER[what]
    lost = int(what != "wider")
    if key == "key":
        columns = f"{{'id': IntegerField(primary_key=True), 'p': {field}, 'o': CharField(20, null=True)}}"
        backward = f"migrate(migrator.create_table('t', {columns}))"
    else:
        now = {"numbers": "DECIMAL(10,2)", "times": "DATETIME", "texts": "INTEGER", "wider": "DECIMAL(10,2)"}[what]
        backward = f'database.execute_sql("CREATE TABLE t (id INTEGER, p {now} NULL, o VARCHAR(20))")'
    source = migration("migrate(migrator.drop_table('t'))", backward)
    project = project_on(database, tmp_path, source, *setup(key, type_, values))
    project.apply()
    assert restored(project) == [Restored("t", None, 3, rounded=lost)]
    assert rows(database, "SELECT id, o FROM t ORDER BY id") == [(n, f"row {n}") for n in (1, 2, 3)]
    assert [str(left) for left in project.attic()] == ["table t, 1 row"] * lost


def test_rows_that_came_meanwhile_are_told_apart(tmp_path: Path, narrower: Any) -> None:
    database, what = narrower
    type_, values, _ = NARROWER[what]
    now = {"numbers": "DECIMAL(10,2)", "times": "DATETIME", "texts": "INTEGER", "wider": "DECIMAL(10,2)"}[what]
    backward = f"""
database.execute_sql("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, p {now} NULL, o VARCHAR(20))")
database.execute_sql("INSERT INTO t (id, o) VALUES (3, 'new')")
"""
    source = migration("migrate(migrator.drop_table('t'))", backward)
    project = project_on(database, tmp_path, source, *setup("key", type_, values))
    lost = int(what != "wider")
    project.apply()
    assert restored(project) == [Restored("t", None, 2, newer=1, rounded=lost)]
    assert [str(left) for left in project.attic()] == [f"table t, {1 + lost} row" + "s" * lost]


def test_what_was_filled_is_compared_too(tmp_path: Path, mariadb: peewee.Database) -> None:
    forward = "migrate(migrator.backfill('t', {'p': 0}, True))"
    backward = "database.execute_sql('ALTER TABLE t MODIFY p DECIMAL(10,2)')"
    made = setup("key", "DECIMAL(12,6)", ["1.234567", "1.5", "0"])
    project = project_on(mariadb, tmp_path, migration(forward, backward), *made)
    project.apply()
    assert restored(project) == [Restored("t", "p", 2, rounded=1)]
    assert [str(left) for left in project.attic()] == ["what t.p was, 1 row"]


def test_the_command_line_says_so(tmp_path: Path) -> None:
    database = peewee.SqliteDatabase(tmp_path / "any.sqlite")
    with database.connection_context():
        source = migration(
            "migrate(migrator.drop_column('t', 'p'))",
            "migrate(migrator.add_column('t', 'p', IntegerField(null=True)))",
        )
        project = project_on(database, tmp_path, source, *setup("key", "TEXT", ["'007'", "'7'"]))
        project.apply()
    done = run_cli(tmp_path / "p", "migrate", "--backward")
    said = "1 of them as another value, since the type is another one: left in the attic too"
    assert said in " ".join(done.stdout.split())
    with database.connection_context():
        database.execute_sql("UPDATE t SET p = NULL")
    done = run_cli(tmp_path / "p", "attic", "restore", "change", "--json")
    assert json.loads(done.stdout)["restored"][0]["rounded"] == 1 and done.returncode == 1
