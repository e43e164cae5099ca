"""What was written since a migration is newer than what the attic holds, and stays: also where it differs little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.plan import Restored
from pwmig.project import Project

TEXT = "VARCHAR(20)"


def text_of(database: Any) -> str:
    """A type of texts in which letters of either case are the same, where the database has one by itself."""
    return f"{TEXT} COLLATE NOCASE" if isinstance(database, peewee.SqliteDatabase) else TEXT


def project_on(database: Any, root: Path, source: str, *setup: str) -> Project:
    for sql in setup:
        database.execute_sql(sql)
    return open_project(root / "p", {"change": source}, config=config_of(database))


def restored(project: Project) -> list[Restored]:
    return [done for step in project.revert().steps for done in step.restored]


def rows(database: Any, sql: str = "SELECT id, a FROM t ORDER BY id") -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql(sql).fetchall()))


def made(database: Any) -> list[str]:
    return [
        f"CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a {text_of(database)}, o INTEGER)",
        "INSERT INTO t VALUES (1, NULL, 1), (2, 'x', 2), (3, NULL, 3), (4, NULL, 4)",
    ]


def test_what_differs_from_the_fill_in_letters_or_spaces_stays(tmp_path: Path, any_database: Any) -> None:
    source = migration("migrate(migrator.backfill('t', {'a': 'unknown'}, \"a IS NULL\"))", "pass")
    project = project_on(any_database, tmp_path, source, *made(any_database))
    project.apply()
    any_database.execute_sql("UPDATE t SET a = 'Unknown' WHERE id = 1")
    any_database.execute_sql("UPDATE t SET a = 'unknown ' WHERE id = 3")
    assert restored(project) == [Restored("t", "a", 1, newer=2)]
    assert rows(any_database) == [(1, "Unknown"), (2, "x"), (3, "unknown "), (4, None)]
    assert project.restore("change") == (Restored("t", "a", 0, newer=2),)
    assert rows(any_database)[0] == (1, "Unknown")


def test_nor_is_it_taken_for_what_a_later_fill_found(tmp_path: Path, any_database: Any) -> None:
    forward = """
migrate(migrator.backfill('t', {'a': 'unknown'}, "a IS NULL"))
database.execute_sql("UPDATE t SET a = 'Unknown' WHERE id = 1")
migrate(migrator.backfill('t', {'a': 'none'}, "o < 3"))
"""
    project = project_on(any_database, tmp_path, migration(forward, "pass"), *made(any_database))
    project.apply()
    restored(project)
    assert rows(any_database) == [(1, "Unknown"), (2, "x"), (3, None), (4, None)]


def test_a_default_is_none_but_in_its_letters(tmp_path: Path, any_database: Any) -> None:
    add = f"ALTER TABLE t ADD a {text_of(any_database)} DEFAULT 'n/a'"
    backward = f"""
database.execute_sql("{add}")
database.execute_sql("UPDATE t SET a = 'N/A' WHERE id = 2")
"""
    source = migration("migrate(migrator.drop_column('t', 'a'))", backward)
    project = project_on(any_database, tmp_path, source, *made(any_database))
    project.apply()
    assert restored(project) == [Restored("t", "a", 3, newer=1)]
    assert rows(any_database) == [(1, None), (2, "N/A"), (3, None), (4, None)]


@pytest.mark.parametrize(
    "type_, default, value",
    [
        ("DECIMAL(10,2)", "0", "7.25"),
        ("DECIMAL(10,2)", "1.5", "7.25"),
        ("DOUBLE PRECISION", "0", "7.5"),
        ("DOUBLE PRECISION", "0.1", "7.5"),
        ("INTEGER", "-1", "7"),
        ("CHAR(5)", "'ab'", "'cd'"),
        (TEXT, "'\u00e9'", "'cd'"),
        ("DATE", "'2020-01-02'", "'2021-01-02'"),
        ("TIMESTAMP", "'2020-01-02 03:04:05'", "'2021-01-02 03:04:05'"),
    ],
)
def test_a_default_of_any_kind_is_the_same_as_itself(
    tmp_path: Path, any_database: Any, type_: str, default: str, value: str
) -> None:
    database = any_database
    setup = (f"CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a {type_})", f"INSERT INTO t VALUES (1, {value})")
    raw = f"""database.execute_sql("ALTER TABLE t ADD a {type_} DEFAULT {default}")"""
    source = migration("migrate(migrator.drop_column('t', 'a'))", raw)
    project = project_on(database, tmp_path, source, *setup)
    before = rows(database)
    project.apply()
    assert restored(project) == [Restored("t", "a", 1)]
    assert rows(database) == before


@pytest.mark.parametrize("type_, value", [("DECIMAL(10,2)", "7.25"), ("DOUBLE PRECISION", "0.1"), ("INTEGER", "7")])
def test_a_number_is_the_same_as_itself(tmp_path: Path, any_database: Any, type_: str, value: str) -> None:
    setup = (f"CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a {type_})", "INSERT INTO t VALUES (1, NULL)")
    source = migration(f"migrate(migrator.backfill('t', {{'a': SQL('{value}')}}, 'a IS NULL'))", "pass")
    project = project_on(any_database, tmp_path, source, *setup)
    project.apply()
    assert restored(project) == [Restored("t", "a", 1)]
    assert rows(any_database) == [(1, None)]


NUMBERED = {
    "serial": "SERIAL",
    "identity": "INTEGER GENERATED BY DEFAULT AS IDENTITY",
    "from ten": "INTEGER GENERATED BY DEFAULT AS IDENTITY (START 10 INCREMENT 5)",
}


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["key", "no key"])
@pytest.mark.parametrize("what", NUMBERED)
def test_what_a_sequence_gives_to_all_rows_is_a_default(
    tmp_path: Path, postgres: peewee.Database, what: str, key: str
) -> None:
    """Rows that come later get numbers behind those that are back."""
    source = migration(
        "migrate(migrator.drop_column('t', 'n'))", f"migrate(migrator.sql('ALTER TABLE t ADD n {NUMBERED[what]}'))"
    )
    setup = (
        f"CREATE TABLE t (id INTEGER {key}, n {NUMBERED[what]})",
        "INSERT INTO t (id) SELECT g FROM generate_series(1, 1000) AS g",
        "DELETE FROM t WHERE id < 400 AND id <> 7",
        "INSERT INTO t VALUES (0, 7000)",
    )
    project = project_on(postgres, tmp_path, source, *setup)
    before = rows(postgres, "SELECT id, n FROM t ORDER BY id")
    project.apply()
    assert restored(project) == [Restored("t", "n", 603)]
    assert rows(postgres, "SELECT id, n FROM t ORDER BY id") == before
    postgres.execute_sql("INSERT INTO t (id) VALUES (5000)")
    assert rows(postgres, "SELECT n > 7000 FROM t WHERE id = 5000") == [(True,)]


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["key", "no key"])
@pytest.mark.parametrize(
    "write",
    [
        "UPDATE t SET n = n",
        "UPDATE t SET n = s.n FROM (SELECT id AS i, row_number() OVER (ORDER BY id DESC) AS n FROM t) AS s "
        "WHERE s.i = id",
        "CREATE TABLE u (id INTEGER, n SERIAL); INSERT INTO u SELECT id, id * 10 FROM t; DROP TABLE t; "
        "ALTER TABLE u RENAME TO t; ALTER TABLE t ADD PRIMARY KEY (id); SELECT setval('u_n_seq', 1000)",
    ],
    ids=["the same", "a rank", "another table"],
)
def test_what_was_written_since_is_none(tmp_path: Path, postgres: peewee.Database, write: str, key: str) -> None:
    if "CREATE TABLE" in write and not key:
        write = write.replace("ALTER TABLE t ADD PRIMARY KEY (id); ", "")
    backward = f"""
migrate(migrator.sql('ALTER TABLE t ADD n SERIAL'))
database.execute_sql("{write}")
"""
    source = migration("migrate(migrator.drop_column('t', 'n'))", backward)
    setup = (f"CREATE TABLE t (id INTEGER {key}, n INTEGER)", "INSERT INTO t VALUES (1, 71), (2, 72), (3, 73)")
    project = project_on(postgres, tmp_path, source, *setup)
    project.apply()
    (done,) = restored(project)
    assert done.restored == 0
    assert not {71, 72, 73} & {n for (n,) in rows(postgres, "SELECT n FROM t")}


RETYPED = {
    "a decimal": ("DecimalField(8, 2, null=True)", "alter_column_type"),
    "a greater number": ("BigIntegerField(null=True)", "alter_column_type"),
    "a number with a point": ("DoubleField(null=True)", "alter_column_type"),
    "all at once": ("DecimalField(8, 2), null=False", "change_column"),
}


@pytest.mark.parametrize("case", RETYPED)
def test_a_fill_is_the_same_in_the_type_that_its_column_got_after_it(
    tmp_path: Path, any_database: Any, case: str
) -> None:
    field, how = RETYPED[case]
    source = migration(
        f"migrate(migrator.backfill('t', {{'n': 0}}, 'n IS NULL'), migrator.{how}('t', 'n', {field}))",
        f"migrate(migrator.{how}('t', 'n', IntegerField(null=True){', null=True' if how == 'change_column' else ''}))",
    )
    table = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n INTEGER)"
    project = project_on(any_database, tmp_path, source, table, "INSERT INTO t VALUES (1, NULL), (2, 3), (3, NULL)")
    project.apply()
    any_database.execute_sql("UPDATE t SET n = 7 WHERE id = 3")
    (told,) = restored(project)
    assert rows(any_database, "SELECT id, n FROM t ORDER BY id") == [(1, None), (2, 3), (3, 7)]
    assert (told.restored, told.newer) == (1, 1)
