"""Names that differ in their letters' case alone are two on PostgreSQL, and on MariaDB those of tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peewee
import pytest
from test_attic import migration
from test_attic_newer import project_on, rows

TWO = ("item", "Item")


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def named(database: Any, name: str) -> str:
    mark = database.quote[0]
    return f"{mark}{name}{mark}"


def two_tables(database: Any) -> list[str]:
    return [
        sql
        for name in TWO
        for sql in (
            f"CREATE TABLE {named(database, name)} (id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(50))",
            f"INSERT INTO {named(database, name)} VALUES (1, '{name} 1'), (2, '{name} 2')",
        )
    ]


def of_two(database: Any) -> list[list[Any]]:
    return [rows(database, f"SELECT id, note FROM {named(database, name)} ORDER BY id") for name in TWO]


def in_one(steps: str) -> str:
    """Several calls of ``migrate(...)`` as one."""
    return steps.replace("))\nmigrate(", "), ")


def drop(table: str, column: str = "note") -> str:
    return f"migrate(migrator.drop_column('{table}', '{column}'))\n"


def add(table: str, column: str = "note") -> str:
    return f"migrate(migrator.add_column('{table}', '{column}', CharField(50, null=True)))\n"


def make(table: str) -> str:
    columns = "{'id': IntegerField(primary_key=True), 'note': CharField(50, null=True)}"
    return f"migrate(migrator.create_table('{table}', {columns}))\n"


@pytest.mark.parametrize("batch", [True, False], ids=["one batch", "batches"])
@pytest.mark.parametrize("first, second", [TWO, TWO[::-1]])
def test_columns_of_two_tables(tmp_path: Path, server: Any, first: str, second: str, batch: bool) -> None:
    back = add(TWO[0]) + add(TWO[1])
    source = migration(drop(first) + drop(second), in_one(back) if batch else back)
    project = project_on(server, tmp_path, source, *two_tables(server))
    before = of_two(server)
    project.apply()
    project.revert()
    assert of_two(server) == before and project.attic() == ()


@pytest.mark.parametrize("name, other", [TWO, TWO[::-1]])
def test_a_column_of_one_of_them_is_not_the_others(tmp_path: Path, server: Any, name: str, other: str) -> None:
    source = migration(drop(name) + drop(other).replace(")", ", attic=False)", 1), add(other) + add(name))
    project = project_on(server, tmp_path, source, *two_tables(server))
    before = of_two(server)
    project.apply()
    project.revert()
    found = dict(zip(TWO, of_two(server)))
    assert found[name] == dict(zip(TWO, before))[name]
    assert found[other] == [(1, None), (2, None)] and project.attic() == ()


@pytest.mark.parametrize("first, second", [TWO, TWO[::-1]])
def test_two_tables(tmp_path: Path, server: Any, first: str, second: str) -> None:
    forward = f"migrate(migrator.drop_table('{first}'))\nmigrate(migrator.drop_table('{second}'))"
    project = project_on(server, tmp_path, migration(forward, make(TWO[0]) + make(TWO[1])), *two_tables(server))
    before = of_two(server)
    project.apply()
    project.revert()
    assert of_two(server) == before and project.attic() == ()


@pytest.mark.parametrize("name, other", [TWO, TWO[::-1]])
def test_a_table_that_is_gone_is_not_the_other_that_is_made(tmp_path: Path, server: Any, name: str, other: str) -> None:
    forward = f"migrate(migrator.drop_table('{name}'))\nmigrate(migrator.drop_table('{other}', attic=False))"
    project = project_on(server, tmp_path, migration(forward, make(other) + make(name)), *two_tables(server))
    before = dict(zip(TWO, of_two(server)))
    project.apply()
    project.revert()
    found = dict(zip(TWO, of_two(server)))
    assert found == {name: before[name], other: []} and project.attic() == ()


@pytest.mark.parametrize("first, second", [TWO, TWO[::-1]])
def test_a_fill_of_both(tmp_path: Path, server: Any, first: str, second: str) -> None:
    forward = "".join(f"migrate(migrator.backfill('{name}', {{'note': 'filled'}}, True))\n" for name in (first, second))
    project = project_on(server, tmp_path, migration(forward, "pass"), *two_tables(server))
    before = of_two(server)
    project.apply()
    project.revert()
    assert of_two(server) == before and project.attic() == ()


def test_one_that_is_renamed_is_not_the_other(tmp_path: Path, server: Any) -> None:
    forward = drop("item") + "migrate(migrator.rename_table('Item', 'thing'))"
    backward = "migrate(migrator.rename_table('thing', 'Item'))\n" + add("item")
    project = project_on(server, tmp_path, migration(forward, backward), *two_tables(server))
    before = of_two(server)
    project.apply()
    project.revert()
    assert of_two(server) == before and project.attic() == ()


def test_a_new_column_of_one_hides_no_fill_of_the_other(tmp_path: Path, server: Any) -> None:
    setup = two_tables(server)
    setup.append(f"ALTER TABLE {named(server, 'item')} ADD x VARCHAR(50)")
    forward = add("Item", "x") + "migrate(migrator.backfill('item', {'x': 'filled'}))"
    project = project_on(server, tmp_path, migration(forward, drop("Item", "x")), *setup)
    project.apply()
    project.revert()
    assert rows(server, "SELECT x FROM item") == [(None,), (None,)]


@pytest.mark.parametrize("batch", [True, False], ids=["one batch", "batches"])
@pytest.mark.parametrize("back", ["aA", "Aa"])
@pytest.mark.parametrize("there", ["aA", "Aa"])
def test_columns_of_postgresql(tmp_path: Path, postgres: peewee.Database, there: str, back: str, batch: bool) -> None:
    steps = ["".join(drop("t", name) for name in there), "".join(add("t", name) for name in back)]
    source = migration(*(map(in_one, steps) if batch else steps))
    setup = (
        'CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(50), "A" VARCHAR(50))',
        "INSERT INTO t VALUES (1, 'small', 'BIG')",
    )
    project = project_on(postgres, tmp_path, source, *setup)
    project.apply()
    project.revert()
    assert rows(postgres, 'SELECT id, a, "A" FROM t') == [(1, "small", "BIG")] and project.attic() == ()


def test_a_column_of_postgresql_that_is_not_the_other(tmp_path: Path, postgres: peewee.Database) -> None:
    setup = (
        'CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(50), "A" VARCHAR(50))',
        "INSERT INTO t VALUES (1, 'small', NULL)",
    )
    source = migration(drop("t", "a"), add("t", "a").replace("'a'", "'b'"))
    project = project_on(postgres, tmp_path, source, *setup)
    project.apply()
    project.revert()
    assert rows(postgres, 'SELECT "A", b FROM t') == [(None, None)]
    assert [str(left) for left in project.attic()] == ["t.a, 1 row"]


def test_what_comes_back_in_other_letters_is_another_table_where_the_database_says_so(
    tmp_path: Path, any_database: Any
) -> None:
    """Then nobody knows that it is the same one: its rows stay in the attic."""
    setup = (
        "CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(50))",
        "INSERT INTO item VALUES (1, 'x')",
    )
    source = migration("migrate(migrator.drop_table('item'))", make("Item"))
    project = project_on(any_database, tmp_path, source, *setup)
    project.apply()
    project.revert()
    there = rows(any_database, f"SELECT id, note FROM {named(any_database, 'Item')}")
    if isinstance(any_database, peewee.SqliteDatabase):
        assert there == [(1, "x")] and project.attic() == ()
    else:
        assert there == [] and [str(left) for left in project.attic()] == ["table item, 1 row"]
